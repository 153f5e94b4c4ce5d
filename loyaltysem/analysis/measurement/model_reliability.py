"""Reliability of scale scores under a fitted measurement model: ω in its forms, CR, AVE, H."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from loyaltysem.analysis.measurement.categories import category_covariances
from loyaltysem.analysis.measurement.convergence import (
    ave_of,
    composite_reliability_of,
    maximal_reliability_of,
    standardized_loadings,
    standardized_residuals,
)
from loyaltysem.analysis.measurement.internal_consistency import alpha_of
from loyaltysem.analysis.measurement.model_parts import MeasurementPart, measurement_parts
from loyaltysem.analysis.measurement.printed import Printed
from loyaltysem.core.errors import Finding, IncompatibleRequestError
from loyaltysem.core.text import Text
from loyaltysem.core.types import Array, Indices
from loyaltysem.estimation.result import SEMResult

NAN = float("nan")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ModelReliability(Printed):
    """Reliability and convergence of every latent variable of a model.

    Attributes
    ----------
    frame : DataFrame
        One row a latent variable (and group, then with a first column ``group``): ``construct
        n_items alpha omega omega_implied omega_observed omega_total composite_reliability
        maximal_reliability ave ave_unstandardized``. See `loyaltysem.reliability`.
    items : mapping of str to tuple of str
        The observed items each latent variable reaches.
    ordered : bool
        Whether ω is that of ordered answers.
    findings : tuple of Finding
    """

    frame: pd.DataFrame
    items: Mapping[str, tuple[str, ...]]
    ordered: bool
    findings: tuple[Finding, ...]

    @property
    def title(self) -> str:
        """What the table is."""
        return "Reliability of scale scores" + (" of ordered answers" if self.ordered else "")


def reliability(fit: SEMResult) -> ModelReliability:
    """Return the reliability of the sum of each latent variable's items under a fitted model.

    Parameters
    ----------
    fit : SEMResult
        With latent variables: congeneric, bifactor, second-order; one or several groups;
        continuous or ordered items.

    Returns
    -------
    ModelReliability

    Raises
    ------
    IncompatibleRequestError
        The model has no latent variables (code ``request.no_latent_variables``).

    Notes
    -----
    For a latent f with loadings λ (through its dimensions, where it is of second order) and
    variance φ, residual covariances Θ, implied and observed covariances Σ and S of its items:

    * `omega` = (1ᵀλ)²φ / ((1ᵀλ)²φ + 1ᵀΘ1), McDonald's ω of congeneric items with correlated errors
      (Raykov, 1997; Bollen, 1980): semTools' ``reliability()`` row ``omega``; for a second-order
      factor ``partialOmegaL1``.
    * `omega_implied` = (1ᵀλ)²φ / 1ᵀΣ1: ``omega2``, ``compRelSEM(obs.var = FALSE)``. For the general
      factor of a bifactor model and for a second-order factor this is ω hierarchical, for a group
      factor ω hierarchical of the subscale.
    * `omega_observed` = (1ᵀλ)²φ / 1ᵀS1 (McDonald, 1999): ``omega3``, default of ``compRelSEM``.
    * `omega_total` = 1ᵀ(Σ − Θ)1 / 1ᵀΣ1: all common variance, whatever factor it belongs to.
    * `alpha` from S, so that of the polychoric correlations where items are ordered (semTools
      ``alpha.ord``).
    * `composite_reliability`, `ave`: standardised, Fornell & Larcker (1981); see
      `loyaltysem.composite_reliability`. For a second-order factor they describe its dimensions.
    * `ave_unstandardized` = Σλ²φ / ΣΣᵢᵢ: semTools' ``AVE()``; items weigh by their variance.
    * `maximal_reliability` = H = 1/(1 + 1/Σ λ²/(1 − λ²)) of the best weighted sum (Hancock &
      Mueller, 2001).

    With ordered items the three ω and `omega_total` are those of the sum of category numbers (Green
    & Yang, 2009), as in semTools; `omega` has no such form where items load on several factors. A
    latent with one item has none; so has one with both ordered and
    numeric items.

    Examples
    --------
    >>> import loyaltysem as ls
    >>> cov = pd.DataFrame(0.5 * np.eye(3) + 0.5, index=list("abc"), columns=list("abc"))
    >>> fit = ls.cfa("f =~ a + b + c", sample_cov=cov, sample_nobs=200)
    >>> float(reliability(fit).frame["omega"].round(3).iloc[0])
    0.75
    """
    parts = measurement_parts(fit)
    if not parts[0].latents:
        raise IncompatibleRequestError(
            "The model has no latent variables, so there is no reliability to compute.",
            code="request.no_latent_variables",
            hint="Use cronbach_alpha or omega on the items.",
        )
    frames = [_table(part) for part in parts]
    if fit.groups:
        for frame, part in zip(frames, parts, strict=True):
            frame.insert(0, "group", part.label)
    first = parts[0]
    items = {f: tuple(first.items[i] for i in first.items_of(f)) for f in first.latents}
    return ModelReliability(
        pd.concat(frames, ignore_index=True), items, bool(first.thresholds),
        tuple(finding for part in parts for finding in _findings(part)),
    )  # fmt: skip


def _table(part: MeasurementPart) -> pd.DataFrame:
    return pd.DataFrame([_row(part, latent) for latent in part.latents])


def _row(part: MeasurementPart, latent: str) -> dict[str, object]:
    items = part.items_of(latent)
    rows = part.standardized
    direct = standardized_loadings(rows, latent)
    names = rows.loc[(rows["op"] == "=~") & (rows["lhs"] == latent), "rhs"].tolist()
    alpha = float(alpha_of(part.observed[np.ix_(items, items)])) if items.size > 1 else NAN
    return {
        "construct": latent,
        "n_items": int(items.size),
        "alpha": alpha,
        **_omegas(part, latent, items),
        "composite_reliability": composite_reliability_of(
            direct, standardized_residuals(rows, names)
        ),
        "maximal_reliability": maximal_reliability_of(direct),
        "ave": ave_of(direct),
        "ave_unstandardized": _unstandardized_ave(part, latent, items),
    }


def _omegas(part: MeasurementPart, latent: str, items: Indices) -> dict[str, float]:
    names = ("omega", "omega_implied", "omega_observed", "omega_total")
    ordered = [part.items[i] in part.thresholds for i in items]
    if items.size < 2 or (any(ordered) and not all(ordered)):
        return dict.fromkeys(names, NAN)
    place = np.ix_(items, items)
    f = part.latents.index(latent)
    loading = part.chained[items, f]
    true = np.outer(loading, loading) * part.latent_cov[f, f]
    implied, observed, residual = (
        m[place] for m in (part.implied, part.observed, part.residual_cov)
    )
    own, common = true + residual, implied - residual
    if all(ordered):
        alone = np.allclose(own, implied)
        cuts = [part.thresholds[part.items[i]] for i in items]
        true, common, implied, observed = (
            category_covariances(m / _scale(unit), cuts)
            for m, unit in ((true, implied), (common, implied), (implied,) * 2, (observed,) * 2)
        )
        own = implied if alone else np.full_like(implied, np.nan)
    total = float(implied.sum())
    values = [_share(float(true.sum()), float(m.sum())) for m in (own, implied, observed)]
    return dict(zip(names, [*values, _share(float(common.sum()), total)], strict=True))


def _scale(cov: Array) -> Array:
    sd = np.sqrt(np.diag(cov))
    return np.outer(sd, sd)


def _share(part: float, whole: float) -> float:
    return part / whole if whole > 0 else NAN


def _unstandardized_ave(part: MeasurementPart, latent: str, items: Indices) -> float:
    if items.size < 2:
        return NAN
    f = part.latents.index(latent)
    explained = part.chained[items, f] ** 2 * part.latent_cov[f, f]
    return float(explained.sum() / np.diag(part.implied)[items].sum())


def _findings(part: MeasurementPart) -> list[Finding]:
    findings = []
    for latent in part.latents:
        items = part.items_of(latent)
        loading = part.chained[items, part.latents.index(latent)]
        known = [part.items[i] in part.thresholds for i in items]
        if (loading > 0).any() and (loading < 0).any():
            findings.append(_cancelling(latent))
        if any(known) and not all(known):
            findings.append(_mixed(latent))
    return findings


def _cancelling(latent: str) -> Finding:
    return Finding(
        "reliability.opposite_loadings",
        Text(
            f"Items of {latent} load with opposite signs; in their sum they cancel.",
            f"{latent} 的题项载荷符号相反，求和时相互抵消。",
        ),
        Text("Turn the reversed items before fitting.", "请在拟合前先对反向题重新计分。"),
    )


def _mixed(latent: str) -> Finding:
    return Finding(
        "reliability.mixed_items",
        Text(
            f"{latent} has ordered and numeric items; ω of their sum is not computed.",
            f"{latent} 同时包含有序与连续题项，未计算其总分的 ω。",
        ),
        Text(
            "Treat all items of a scale alike: all ordered, or all numeric.",
            "同一量表的题项应统一处理：全部视为有序，或全部视为连续。",
        ),
    )
