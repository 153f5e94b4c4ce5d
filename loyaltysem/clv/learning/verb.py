"""Learn value or churn from a log, and test it out of time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from loyaltysem.clv.learning.features import features, outcomes
from loyaltysem.clv.learning.learners import (
    BENCHMARK,
    LEARNERS,
    NAIVE,
    REFERENCES,
    Target,
    benchmark,
    learner,
    naive,
    predictions,
    require_sklearn,
)
from loyaltysem.clv.learning.scores import (
    amount_scores,
    paired_difference,
    probability_scores,
    tenths,
)
from loyaltysem.clv.log.transaction_log import TransactionLog
from loyaltysem.clv.printed import Printed
from loyaltysem.core.display import integer
from loyaltysem.core.errors import DataError, Finding, IncompatibleRequestError
from loyaltysem.core.progress import progress
from loyaltysem.core.text import Text
from loyaltysem.core.threads import no_threads
from loyaltysem.core.types import Array

FEWEST = 200
DRAWS = 500


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Learned(Printed):
    """Learned value or churn, tested on a later time than it was learned from.

    Attributes
    ----------
    frame : DataFrame
        One row a model, BG/NBD and the naive rule among them: ``model label_en label_zh`` and, of
        value, ``mae rmse bias spearman top_decile``; of churn, ``brier log_loss auc bias
        calibration_error``; then ``difference diff_lower diff_upper``, the mean absolute (squared)
        error less that of BG/NBD for the same customers.
    calibration : DataFrame
        ``model decile n predicted actual ci_lower ci_upper``, tenths by prediction.
    importance : DataFrame
        ``model feature importance sd``: by how much the error grows in the test time when a feature
        is shuffled.
    forecast : DataFrame
        ``customer`` and a column a model: predictions for the days after the log ends, learned from
        the latest days.
    target : str
        ``clv`` or ``churn``.
    days : int
        Length of the windows.
    train_cut, test_cut : date
        Features end here; what is predicted lies in the `days` after.
    n_train, n_test : int
        Customers.
    findings : tuple of Finding
    """

    frame: pd.DataFrame
    calibration: pd.DataFrame
    importance: pd.DataFrame
    forecast: pd.DataFrame
    target: str
    days: int
    train_cut: date
    test_cut: date
    n_train: int
    n_test: int
    findings: tuple[Finding, ...]

    @property
    def title(self) -> str:
        """What was learned when, and tested when."""
        what = "Spending" if self.target == "clv" else "Churn"
        return (
            f"{what} in {self.days} days: learned from {integer(self.n_train)} customers at"
            f" {self.train_cut}, tested on {integer(self.n_test)} at {self.test_cut}"
        )

    @property
    def printed(self) -> pd.DataFrame:
        """The scores without the second language."""
        return self.frame.drop(columns=["label_zh"])


def learn(
    log: TransactionLog,
    target: Target,
    *,
    days: int = 91,
    models: Sequence[str] = ("boosting", "forest", "tree"),
    seed: int = 1,
    end: date | None = None,
    repeats: int = 5,
    level: float = 0.95,
) -> Learned:
    """Learn spending or churn in the coming days from the log.

    Parameters
    ----------
    log : TransactionLog
    target : {"clv", "churn"}
        Amount spent in the window; or no purchase in it.
    days : int, default 91
        Length of the window.
    models : sequence of str
        Of ``boosting``, ``forest``, ``tree``.
    seed : int, default 1
    end : date, optional
        Last day used; the log's unless given.
    repeats : int, default 5
        Shuffles of each feature.
    level : float, default 0.95

    Returns
    -------
    Learned

    Raises
    ------
    MissingExtraError
        scikit-learn is not installed.
    IncompatibleRequestError
        Unknown models or target, or no days.
    DataError
        A log too short for two windows and a past, too few customers, or no variation.

    Notes
    -----
    Out of time: features up to ``end − 2·days`` with outcomes in the `days` after are learned from;
    features up to ``end − days`` with outcomes up to `end` test. No feature is made of a day after
    its cut, and no outcome that was learned from lies after the test's cut, so nothing leaks.
    BG/NBD (× Gamma-Gamma) is fitted to the histories at the test's cut. `forecast` learns again
    from the latest window; BG/NBD is fitted to all days.

    Examples
    --------
    >>> import loyaltysem as ls
    >>> rng = np.random.default_rng(1)
    >>> later = rng.poisson(rng.gamma(0.8, 1 / 20, 600) * (life := np.minimum(
    ...     rng.exponential(1.0, 600) / rng.gamma(0.7, 1 / 100, 600), 730)))
    >>> who = np.repeat(np.arange(600), later + 1)
    >>> days = pd.to_timedelta(rng.uniform(0, 1, len(who)) * life[who], unit="D")
    >>> orders = pd.DataFrame({"customer": who.astype(str), "amount": rng.gamma(5, 8, len(who)),
    ...                        "time": pd.Timestamp("2023-01-01") + days})
    >>> found = ls.transactions(orders).learn_clv(models=["tree"])
    >>> found.frame["model"].tolist()
    ['tree', 'bg_nbd', 'naive']
    """
    _check(target, days, models, repeats, level)
    require_sklearn()
    last = end or log.end
    test_cut, train_cut = last - timedelta(days=days), last - timedelta(days=2 * days)
    if train_cut <= log.start:
        raise DataError(
            f"The log runs from {log.start} to {last}: too short for two windows of {days} days"
            " and a past.",
            code="learn.too_short",
            hint="Take shorter windows (days=).",
        )
    past, then = _task(log, target, train_cut, days)
    x, y = _task(log, target, test_cut, days)
    with no_threads():
        found = {name: learner(name, target, len(past), seed).fit(past, then) for name in
                 progress(models, len(models), "learning")}  # fmt: skip
        window = str(min((30, 91, 182, 365), key=lambda w: abs(w - days)))
        guesses = {name: predictions(model, x, target) for name, model in found.items()}
        guesses[BENCHMARK] = benchmark(x, target, days)
        guesses[NAIVE] = naive(past, then.astype(float), x, target, window)
        actual = y.astype(np.float64)
        frame = _scored(guesses, actual, target, np.random.default_rng(seed), level)
        parts = [tenths(p, actual, level).assign(model=name) for name, p in guesses.items()]
        calibration = pd.concat(parts, ignore_index=True)
        return Learned(
            frame, calibration[["model", *parts[0].columns[:-1]]],
            _importance(found, x, y, target, repeats, seed),
            _forecast(log, target, x, y, last, days, models, seed),
            target, days, train_cut, test_cut, len(past), len(x),
            tuple(_findings(frame, target, actual)),
        )  # fmt: skip


def _check(target: str, days: int, models: Sequence[str], repeats: int, level: float) -> None:
    unknown = [m for m in models if m not in LEARNERS]
    problems = {
        f"there is no target {target!r}": target not in ("clv", "churn"),
        f"days={days!r} is no number of days": not (isinstance(days, int) and days > 0),
        f"there is no model {(unknown or [''])[0]!r}": bool(unknown),
        "one model is the fewest": not len(models),
        "repeats are 1 or more and level lies between 0 and 1": repeats < 1 or not 0 < level < 1,
    }
    found = [text for text, is_wrong in problems.items() if is_wrong]
    if found:
        raise IncompatibleRequestError(
            f"Nothing can be learned: {'; '.join(found)}.",
            code="learn.request",
            hint=f"Models are {', '.join(LEARNERS)}; windows some weeks to a year, such as 91.",
        )


def _task(log: TransactionLog, target: Target, cut: date, days: int) -> tuple[pd.DataFrame, Array]:
    """Return features at a cut and the outcome after it."""
    x = features(log, cut)
    after = outcomes(log, x.index, cut, days)
    y = after["spend"].to_numpy() if target == "clv" else ~after["bought"].to_numpy()
    if len(x) < FEWEST or np.ptp(y.astype(float)) == 0:
        raise DataError(
            f"At {cut} there are {len(x)} customers, and {int(after['bought'].sum())} of them buy"
            f" in the {days} days after.",
            code="learn.too_few",
            hint=f"{FEWEST} customers are the fewest, and some must buy again and some not.",
        )
    return x, y


def _scored(
    guesses: Mapping[str, Array],
    actual: Array,
    target: Target,
    rng: np.random.Generator,
    level: float,
) -> pd.DataFrame:
    score = amount_scores if target == "clv" else probability_scores
    names = LEARNERS | REFERENCES
    rows = []
    for name, predicted in guesses.items():
        gap = paired_difference(
            _losses(predicted, actual, target), _losses(guesses[BENCHMARK], actual, target),
            rng, DRAWS, level,
        )  # fmt: skip
        rows.append({
            "model": name, "label_en": names[name].en, "label_zh": names[name].zh,
            **score(predicted, actual),
            **dict(zip(("difference", "diff_lower", "diff_upper"), gap, strict=True)),
        })  # fmt: skip
    return pd.DataFrame(rows)


def _losses(predicted: Array, actual: Array, target: Target) -> Array:
    return np.abs(predicted - actual) if target == "clv" else (predicted - actual) ** 2


def _importance(
    found: Mapping[str, object], x: pd.DataFrame, y: Array, target: Target, repeats: int, seed: int
) -> pd.DataFrame:
    from sklearn.inspection import permutation_importance

    scoring = "neg_mean_absolute_error" if target == "clv" else "neg_brier_score"
    parts = []
    for name, model in found.items():
        result = permutation_importance(
            model, x, y, scoring=scoring, n_repeats=repeats, random_state=seed, n_jobs=1
        )
        part = pd.DataFrame({
            "model": name, "feature": x.columns, "importance": result.importances_mean,
            "sd": result.importances_std,
        })  # fmt: skip
        parts.append(part.sort_values("importance", ascending=False))
    return pd.concat(parts, ignore_index=True)


def _forecast(
    log: TransactionLog,
    target: Target,
    x: pd.DataFrame,
    y: Array,
    last: date,
    days: int,
    models: Sequence[str],
    seed: int,
) -> pd.DataFrame:
    """Return predictions for the days after the log, learned from the latest window."""
    now = features(log, last)
    columns = {name: predictions(learner(name, target, len(x), seed).fit(x, y), now, target)
               for name in models}  # fmt: skip
    columns[BENCHMARK] = benchmark(now, target, days)
    return pd.DataFrame(columns, index=now.index).reset_index(names="customer")


def _findings(frame: pd.DataFrame, target: Target, actual: Array) -> list[Finding]:
    own = frame[frame["model"].isin(LEARNERS)]
    loss = "mae" if target == "clv" else "brier"
    best = own.sort_values(loss).iloc[0]
    found = []
    if not best["diff_upper"] < 0:
        found.append(Finding(
            "learn.no_gain",
            Text(f"The best learner ({best['label_en']}) does not beat BG/NBD: the interval of the"
                 " difference reaches 0.",
                 f"最佳学习模型（{best['label_zh']}）并未优于 BG/NBD：误差之差的区间未低于 0。"),
            Text("Prefer the model of purchases: it has four parameters and says why.",
                 "建议采用购买模型：仅四个参数，且可解释。"),
            severity="note",
        ))  # fmt: skip
    level = float(actual.mean())
    if level and abs(float(best["bias"])) > 0.1 * level:
        found.append(Finding(
            "learn.drift",
            Text("The best learner is off by more than a tenth in the mean: times differ between"
                 " the window it learned from and the one that tests it.",
                 "最佳学习模型的均值偏差超过一成：训练期与检验期的水平不同。"),
            Text("Look for seasons and growth; compare windows of the same season.",
                 "请检查季节性与增长，并比较同季节的窗口。"),
        ))  # fmt: skip
    return found
