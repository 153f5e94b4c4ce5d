"""The same models by Markov chains: a door to pymc-marketing, which is optional and large."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from loyaltysem.clv.printed import Printed
from loyaltysem.clv.purchase.families import BG_NBD, GAMMA_GAMMA, PARETO_NBD
from loyaltysem.clv.purchase.reading import read_customers, vector
from loyaltysem.core.display import integer
from loyaltysem.core.errors import DataError, Finding, MissingExtraError
from loyaltysem.core.text import Text

#: Split R̂ above which chains have not mixed.
MIXED = 1.01


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Posterior(Printed):
    """What a Bayesian model says of its parameters.

    Attributes
    ----------
    frame : DataFrame
        ``parameter mean sd ci_lower ci_upper rhat``: a row each, 95 % equal-tailed interval.
    draws : DataFrame
        ``chain draw`` and a column a parameter.
    model : object
        The fitted model of pymc-marketing, for all it can do besides.
    name : str
    findings : tuple of Finding
    """

    frame: pd.DataFrame
    draws: pd.DataFrame
    model: Any
    name: str
    findings: tuple[Finding, ...]

    @property
    def title(self) -> str:
        """Model and draws."""
        return f"{self.name} model by Markov chains, {integer(len(self.draws))} draws"


def bg_nbd(
    frequency: ArrayLike,
    recency: ArrayLike,
    T: ArrayLike,
    *,
    priors: Mapping[str, Any] | None = None,
    seed: int,
    **sampling: Any,
) -> Posterior:
    """Sample the posterior of the BG/NBD model with pymc-marketing.

    Parameters
    ----------
    frequency, recency, T : array, shape (N,)
        As for `loyaltysem.clv.bg_nbd`.
    priors : mapping, optional
        pymc-marketing's ``model_config``. By default flat on positive numbers, which makes the mode
        of the posterior the maximum of the likelihood.
    seed : int
    **sampling
        Passed to the sampler, such as ``draws=2000, chains=4``.

    Returns
    -------
    Posterior

    Raises
    ------
    MissingExtraError
        pymc-marketing (extra ``bayes``) is not installed.
    DataError
        As for `loyaltysem.clv.bg_nbd`.
    """
    data = _histories(frequency, recency, T)
    return _sample("BetaGeoModel", BG_NBD.family, data, priors, seed, sampling)


def pareto_nbd(
    frequency: ArrayLike,
    recency: ArrayLike,
    T: ArrayLike,
    *,
    priors: Mapping[str, Any] | None = None,
    seed: int,
    **sampling: Any,
) -> Posterior:
    """Sample the posterior of the Pareto/NBD model with pymc-marketing.

    Parameters
    ----------
    frequency, recency, T : array, shape (N,)
    priors : mapping, optional
    seed : int
    **sampling
        All as for `bg_nbd` of this module.

    Returns
    -------
    Posterior

    Raises
    ------
    MissingExtraError, DataError
        As for `bg_nbd` of this module.
    """
    data = _histories(frequency, recency, T)
    return _sample("ParetoNBDModel", PARETO_NBD.family, data, priors, seed, sampling)


def gamma_gamma(
    frequency: ArrayLike,
    monetary: ArrayLike,
    *,
    priors: Mapping[str, Any] | None = None,
    seed: int,
    **sampling: Any,
) -> Posterior:
    """Sample the posterior of the gamma-gamma model with pymc-marketing.

    Parameters
    ----------
    frequency, monetary : array, shape (N,)
        As for `loyaltysem.clv.gamma_gamma`.
    priors : mapping, optional
    seed : int
    **sampling
        As for `bg_nbd` of this module.

    Returns
    -------
    Posterior

    Raises
    ------
    MissingExtraError
        pymc-marketing (extra ``bayes``) is not installed.
    DataError
        Amounts of repeat buyers that are not above 0.
    """
    x, z = vector(frequency, "frequency"), vector(monetary, "monetary")
    if x.shape != z.shape or (z[x > 0] <= 0).any():
        raise DataError(
            "frequency and monetary should have one value a customer, amounts of repeat buyers "
            "above 0.",
            code="purchase.amount",
            hint="Leave out free orders.",
        )
    data = pd.DataFrame({"frequency": x, "monetary_value": z})[x > 0]
    return _sample("GammaGammaModel", GAMMA_GAMMA, data, priors, seed, sampling)


def _histories(frequency: ArrayLike, recency: ArrayLike, T: ArrayLike) -> pd.DataFrame:
    who = read_customers(frequency, recency, T)
    seen = who.seen
    table = pd.DataFrame({"frequency": seen.frequency, "recency": seen.recency, "T": seen.length})
    return table.iloc[who.kind].reset_index(drop=True)


def _sample(
    kind: str,
    family: Any,
    data: pd.DataFrame,
    priors: Mapping[str, Any] | None,
    seed: int,
    sampling: Mapping[str, Any],
) -> Posterior:
    clv, prior = _pymc_marketing(family.name)
    flat = {name: prior("HalfFlat") for name in family.parameters}
    table = data.assign(customer_id=np.arange(len(data)))
    model = getattr(clv, kind)(data=table, model_config=dict(priors) if priors else flat)
    model.fit(random_seed=seed, **sampling)
    draws = (
        model.idata.posterior[list(family.parameters)].to_dataframe().reset_index()
    )  # fmt: skip
    frame = summary_of(draws, family.parameters)
    return Posterior(frame, draws, model, family.name, _unmixed(frame))


def _pymc_marketing(name: str) -> tuple[Any, Any]:
    try:
        clv = importlib.import_module("pymc_marketing.clv")
        try:
            home = importlib.import_module("pymc_extras.prior")
        except ImportError:  # until version 0.15
            home = importlib.import_module("pymc_marketing.prior")
    except ImportError:
        raise MissingExtraError(
            "pymc-marketing", "bayes", f"The {name} model by Markov chains"
        ) from None
    return clv, home.Prior


def summary_of(draws: pd.DataFrame, parameters: tuple[str, ...]) -> pd.DataFrame:
    """Return means, spreads, intervals and split R̂ of draws by chain.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> rows = pd.DataFrame({"chain": np.repeat([0, 1], 500), "r": rng.normal(2, 0.1, 1000)})
    >>> summary_of(rows, ("r",)).round(1).to_dict("records")
    [{'parameter': 'r', 'mean': 2.0, 'sd': 0.1, 'ci_lower': 1.8, 'ci_upper': 2.2, 'rhat': 1.0}]
    """
    rows = []
    for name in parameters:
        values = draws[name].to_numpy(np.float64)
        chains = [part.to_numpy(np.float64) for _, part in draws.groupby("chain")[name]]
        low, high = np.quantile(values, (0.025, 0.975))
        rows.append(
            {
                "parameter": name,
                "mean": float(values.mean()),
                "sd": float(values.std(ddof=1)),
                "ci_lower": float(low),
                "ci_upper": float(high),
                "rhat": split_rhat(chains),
            }
        )
    return pd.DataFrame(rows)


def split_rhat(chains: list[Any]) -> float:
    """Return the potential scale reduction of chains split in halves."""
    size = min(len(c) for c in chains) // 2
    halves = np.array([half for c in chains for half in (c[:size], c[size : 2 * size])])
    within = float(halves.var(axis=1, ddof=1).mean())
    between = float(halves.mean(axis=1).var(ddof=1))
    return float(np.sqrt((size - 1) / size + between / within)) if within > 0 else float("nan")


def _unmixed(frame: pd.DataFrame) -> tuple[Finding, ...]:
    bad = frame.loc[~(frame["rhat"] <= MIXED), "parameter"].tolist()
    if not bad:
        return ()
    text = Text(
        f"Chains of {', '.join(bad)} have not mixed (R̂ above {MIXED}).",
        f"{'、'.join(bad)} 的马尔可夫链尚未收敛（R̂ 大于 {MIXED}）。",
    )
    hint = Text("Take more draws.", "请增加抽样次数。")
    return (Finding("purchase.not_mixed", text, hint, "problem"),)
