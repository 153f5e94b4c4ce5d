"""Personas: groups of customers who behave alike, and whether there are any."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

import numpy as np
import pandas as pd

from loyaltysem.clv.log.transaction_log import TransactionLog
from loyaltysem.clv.printed import Printed
from loyaltysem.clv.segments.clustering import (
    bootstrap_ari,
    centres_of,
    nearest,
    silhouette,
    sklearn_cluster,
)
from loyaltysem.clv.segments.persona_features import (
    FEATURES,
    Scaled,
    customer_features,
    scaled,
)
from loyaltysem.core.display import bounded, integer
from loyaltysem.core.errors import Finding, IncompatibleRequestError
from loyaltysem.core.text import Text
from loyaltysem.core.threads import no_threads
from loyaltysem.core.types import Array, Indices

#: Customers that centres are fitted to, and that silhouettes and stability are taken of, at most.
MOST_FITTED, MOST_MEASURED = 20_000, 2_000
#: Silhouettes up to .25 are no structure, up to .50 a weak one (Kaufman & Rousseeuw, 1990).
NO_STRUCTURE, WEAK_STRUCTURE = 0.25, 0.50
#: Adjusted Rand indices below .65 are poor agreement (Steinley, 2004).
POOR_AGREEMENT = 0.65
#: Share of customers below which a persona is small; z values that are worth a word.
SMALL, NOTABLE = 0.02, 0.5
NO_TRANSFORMS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Personas(Printed):
    """Customers in groups of similar behaviour.

    Attributes
    ----------
    frame : DataFrame
        ``customer persona`` and the features; personas are numbered from 1, the highest mean in the
        first feature first.
    profile : DataFrame
        ``persona customers share description_en description_zh``, the median of every feature and
        its mean z value as ``z_<feature>``.
    choice : DataFrame
        One row a number of personas: ``k silhouette ari ari_lower ari_upper chosen``; mean and
        central 95 % of bootstrap agreements.
    steps : DataFrame
        How features were scaled: ``feature transform mean sd``.
    k, seed : int
    findings : tuple of Finding
    """

    frame: pd.DataFrame
    profile: pd.DataFrame
    choice: pd.DataFrame
    steps: pd.DataFrame
    k: int
    seed: int
    findings: tuple[Finding, ...]

    @property
    def title(self) -> str:
        """How many personas, how distinct and how stable."""
        row = self.choice[self.choice["chosen"]].iloc[0]
        return (
            f"{self.k} personas of {integer(len(self.frame))} customers: silhouette "
            f"{bounded(row['silhouette'])}, bootstrap ARI {bounded(row['ari'])}"
        )

    @property
    def printed(self) -> pd.DataFrame:
        """The profile without the Chinese and the z values."""
        hidden = [c for c in self.profile if str(c).startswith(("z_", "description_zh"))]
        return self.profile.drop(columns=hidden)


def personas(
    source: TransactionLog | pd.DataFrame,
    *,
    k: int | Sequence[int] = range(2, 9),
    transforms: Mapping[str, str] = NO_TRANSFORMS,
    labels: Mapping[str, Text] = FEATURES,
    at: date | None = None,
    draws: int = 50,
    seed: int = 1,
) -> Personas:
    """Group customers by k-means on scaled features.

    Parameters
    ----------
    source : TransactionLog or DataFrame
        A log gives `customer_features`: orders, amount per order, days since the last and since the
        first order. Or features of your own, one row a customer, numbers only.
    k : int or sequence of int
        Numbers of personas to try; the one of the highest silhouette is taken.
    transforms : mapping of str to {"log", "none"}
        Instead of the usual choice, see `scaled`.
    labels : mapping of str to Text
        Names of features, for descriptions.
    at : date, optional
        With a log, the day stood at.
    draws : int, default 50
        Bootstrap samples for stability.
    seed : int, default 1

    Returns
    -------
    Personas

    Raises
    ------
    MissingExtraError
        scikit-learn is not installed (extra ``ml``).
    DataError
        Features that cannot be used, see `scaled`.
    IncompatibleRequestError
        Numbers of personas below 2 or above half the customers, or no draws.

    Notes
    -----
    Features are taken as log(1 + x) where skewed, then standardised, so each counts alike. Above
    20,000 customers centres are fitted to a sample of so many and everybody goes to the nearest;
    silhouettes and stability are always those of at most 2,000 customers, drawn by the seed.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> often = pd.DataFrame({"orders": rng.normal(30, 2, 60), "amount": rng.normal(20, 2, 60)})
    >>> rarely = pd.DataFrame({"orders": rng.normal(3, 1, 60), "amount": rng.normal(90, 5, 60)})
    >>> found = personas(pd.concat([often, rarely], ignore_index=True), draws=10)
    >>> found.k, found.profile["customers"].tolist()
    (2, [60, 60])
    """
    sklearn_cluster()
    table = _table(source, at)
    tried = _numbers(k, len(table), draws)
    scale = scaled(table, transforms)
    rng = np.random.default_rng(seed)
    fitted = _sample(scale.values, MOST_FITTED, rng)
    measured = _sample(scale.values, MOST_MEASURED, rng)
    with no_threads():
        centres = {number: centres_of(fitted, number, seed) for number in tried}
        rows = [_row(measured, centres[number], number, draws, seed) for number in tried]
    choice = pd.DataFrame(rows)
    best = int(choice["k"].iloc[int(choice["silhouette"].fillna(-2).to_numpy().argmax())])
    choice["chosen"] = choice["k"] == best
    persona = nearest(scale.values, centres[best])
    profile = _profile(table, scale, persona, best, labels)
    frame = pd.DataFrame({"customer": table.index.to_numpy(), "persona": persona + 1})
    frame = pd.concat([frame, table.reset_index(drop=True)], axis=1)
    row = choice[choice["chosen"]].iloc[0]
    notes = _findings(row, profile, len(table))
    return Personas(frame, profile, choice, scale.steps, best, seed, tuple(notes))


def _table(source: TransactionLog | pd.DataFrame, at: date | None) -> pd.DataFrame:
    if isinstance(source, pd.DataFrame):
        return source
    frame = source.run(customer_features(source, end=at)).sort_values("customer")
    return frame.set_index("customer")


def _numbers(k: int | Sequence[int], customers: int, draws: int) -> list[int]:
    tried = sorted({int(k)} if isinstance(k, int | np.integer) else {int(each) for each in k})
    if not tried or tried[0] < 2 or tried[-1] > max(customers // 2, 2) or draws < 1:
        raise IncompatibleRequestError(
            f"k from 2 to half of the {customers} customers, and at least one draw, are needed; "
            f"found k={tried}, draws={draws}.",
            code="personas.request",
            hint="For example k=range(2, 9), draws=50.",
        )
    return tried


def _sample(x: Array, most: int, rng: np.random.Generator) -> Array:
    if len(x) <= most:
        return x
    return x[np.sort(rng.choice(len(x), most, replace=False))]


def _row(x: Array, centres: Array, k: int, draws: int, seed: int) -> dict[str, float]:
    labels = nearest(x, centres)
    agreement = bootstrap_ari(x, labels, k, draws=draws, seed=seed)
    low, high = np.quantile(agreement, (0.025, 0.975))
    return {
        "k": k,
        "silhouette": silhouette(x, labels),
        "ari": float(agreement.mean()),
        "ari_lower": float(low),
        "ari_upper": float(high),
    }


def _profile(
    table: pd.DataFrame, scale: Scaled, persona: Indices, k: int, labels: Mapping[str, Text]
) -> pd.DataFrame:
    names = [str(name) for name in table.columns]
    rows = []
    for number in range(k):
        inside = persona == number
        z = scale.values[inside].mean(axis=0)
        told = describe(dict(zip(names, z, strict=True)), labels)
        row: dict[str, object] = {
            "persona": number + 1,
            "customers": int(inside.sum()),
            "share": float(inside.mean()),
            "description_en": told.en,
            "description_zh": told.zh,
        }
        row |= {str(n): float(np.median(table[n][inside])) for n in table}
        row |= {f"z_{n}": float(value) for n, value in zip(names, z, strict=True)}
        rows.append(row)
    return pd.DataFrame(rows)


def describe(z: Mapping[str, float], labels: Mapping[str, Text]) -> Text:
    """Return in words what sets a persona apart: features half a deviation from the mean.

    Examples
    --------
    >>> print(describe({"orders": 1.2, "elapsed": -0.8, "tenure": 0.1}, FEATURES))
    high: orders; low: days since last order
    """
    english, chinese = [], []
    for word, zh, side in (("high", "偏高", 1), ("low", "偏低", -1)):
        named = [labels.get(n, Text(n, n)) for n, value in z.items() if side * value >= NOTABLE]
        if named:
            english.append(f"{word}: {', '.join(t.en for t in named)}")
            chinese.append(f"{'、'.join(t.in_('zh') for t in named)}{zh}")
    return Text("; ".join(english) or "average", "；".join(chinese) or "居中")


def _findings(row: pd.Series, profile: pd.DataFrame, customers: int) -> list[Finding]:
    findings = []
    width = float(row["silhouette"])
    if not width > WEAK_STRUCTURE:
        none = not width > NO_STRUCTURE
        text = Text(
            f"Silhouette {bounded(width)}: {'no' if none else 'a weak'} structure; customers "
            f"{'form a continuum rather than groups' if none else 'overlap between personas'}.",
            f"轮廓系数 {bounded(width)}："
            f"{'无明显聚类结构，客户更像连续分布' if none else '聚类结构较弱，画像之间有重叠'}。",
        )
        hint = Text(
            "Use personas as a description, not as kinds of people.",
            "画像仅宜作描述之用，勿视为客观存在的客户类型。",
        )
        told = Finding("personas.structure", text, hint, "warning" if none else "note")
        findings.append(told)
    if row["ari"] < POOR_AGREEMENT:
        text = Text(
            f"Personas change from sample to sample: bootstrap ARI {bounded(row['ari'])}.",
            f"画像在重抽样中不稳定：自助法 ARI 为 {bounded(row['ari'])}。",
        )
        hint = Text("Try fewer personas or fewer features.", "可减少画像数或特征数。")
        findings.append(Finding("personas.unstable", text, hint))
    small = profile[profile["share"] < SMALL]
    if len(small):
        listed = ", ".join(str(p) for p in small["persona"])
        text = Text(
            f"Less than {100 * SMALL:g}% of the customers are in persona {listed}.",
            f"画像 {listed} 的客户占比不足 {100 * SMALL:g}%。",
        )
        findings.append(Finding("personas.small", text, severity="note"))
    if customers > MOST_MEASURED:
        text = Text(
            f"Silhouette and stability are those of {integer(MOST_MEASURED)} customers drawn at "
            "random.",
            f"轮廓系数与稳定性基于随机抽取的 {integer(MOST_MEASURED)} 位客户。",
        )
        findings.append(Finding("personas.sampled", text, severity="note"))
    return findings
