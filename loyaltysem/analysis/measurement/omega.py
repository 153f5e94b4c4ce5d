"""McDonald's ω total and hierarchical from a Schmid–Leiman solution, or from a fitted model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import overload

import numpy as np
import pandas as pd

from loyaltysem.analysis.exploration.efa import (
    Method,
    RotationName,
    RotationRequest,
    efa,
    refuse,
)
from loyaltysem.analysis.exploration.result import EFAResult
from loyaltysem.analysis.exploration.schmid_leiman import (
    SchmidLeiman,
    SecondOrder,
    schmid_leiman,
)
from loyaltysem.analysis.item_frame import Items
from loyaltysem.analysis.measurement.answers import Missing, usable
from loyaltysem.analysis.measurement.internal_consistency import alpha_of, guttman_lambda6
from loyaltysem.analysis.measurement.model_reliability import ModelReliability, reliability
from loyaltysem.analysis.measurement.printed import Printed
from loyaltysem.core.display import bounded
from loyaltysem.core.errors import DataError, Finding
from loyaltysem.core.text import Text
from loyaltysem.core.types import Array
from loyaltysem.estimation.result import SEMResult

#: Share of the common variance of the sum below which one total score says little.
WEAK_GENERAL = 0.5


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class OmegaResult(Printed):
    """ω of a scale with a general factor and group factors.

    Attributes
    ----------
    omega_total : float
        Share of the variance of the sum of standardised items that is common.
    omega_hierarchical : float
        Share that is due to the general factor.
    omega_limit : float
        Their ratio: ω hierarchical of an endless scale of such items.
    alpha, lambda6 : float
        α and Guttman's λ₆ of the same correlations.
    explained_common_variance : float
        Share of the common variance of the items that is due to the general factor (ECV).
    frame : DataFrame
        The Schmid–Leiman solution: ``item g F1* … Fk* h2 u2 p2``; without group factors
        ``item g h2 u2 p2``.
    groups : DataFrame
        One row a group factor, for the sum of the items that load most on it: ``factor items
        omega_total omega_general omega_group``.
    n_factors, n_items, n_obs, n_incomplete : int
    findings : tuple of Finding
    """

    omega_total: float
    omega_hierarchical: float
    omega_limit: float
    alpha: float
    lambda6: float
    explained_common_variance: float
    frame: pd.DataFrame
    groups: pd.DataFrame
    n_factors: int
    n_items: int
    n_obs: int
    n_incomplete: int
    findings: tuple[Finding, ...]

    @property
    def title(self) -> str:
        """The coefficients in a sentence."""
        parts = {
            "ω total": self.omega_total,
            "ω hierarchical": self.omega_hierarchical,
            "asymptotic": self.omega_limit,
            "α": self.alpha,
            "λ6": self.lambda6,
            "ECV": self.explained_common_variance,
        }
        values = ", ".join(f"{name} {bounded(value)}" for name, value in parts.items())
        return f"{values} ({self.n_items} items, {self.n_factors} factors, N = {self.n_obs})"


@overload
def omega(
    source: SEMResult,
    *,
    n_factors: int = ...,
    method: Method = ...,
    rotation: RotationName = ...,
    polychoric: bool = ...,
    missing: Missing = ...,
    flip: bool = ...,
) -> ModelReliability: ...


@overload
def omega(
    source: Items,
    *,
    n_factors: int = ...,
    method: Method = ...,
    rotation: RotationName = ...,
    polychoric: bool = ...,
    missing: Missing = ...,
    flip: bool = ...,
) -> OmegaResult: ...


def omega(
    source: SEMResult | Items,
    *,
    n_factors: int = 3,
    method: Method = "minres",
    rotation: RotationName = "oblimin",
    polychoric: bool = False,
    missing: Missing = "listwise",
    flip: bool = False,
) -> OmegaResult | ModelReliability:
    """Return McDonald's ω of a scale, or of every latent variable of a fitted model.

    Parameters
    ----------
    source : DataFrame, Responses, array or SEMResult
        Answers to the items of one scale, shape (N, k), reverse items turned. Or a fitted model:
        then `loyaltysem.reliability` answers, and the other arguments do nothing.
    n_factors : int, default 3
        Group factors. 1 asks for ω of a single factor, when total and hierarchical are the same.
    method : {"minres", "uls", "ml", "pa", "minres_psych", "ml_psych", "pa_psych"}
        Of extraction; see `loyaltysem.efa`.
    rotation : str, default "oblimin"
        An oblique one.
    polychoric : bool
        Start from polychoric correlations.
    missing : {"listwise", "pairwise"}
        Leave out respondents who skipped an item, or correlate all who answered both of a pair
        (psych's default).
    flip : bool
        Turn items that load negatively on the general factor, as psych does.

    Returns
    -------
    OmegaResult or ModelReliability

    Raises
    ------
    DataError
        Fewer than three items, fewer than three complete cases, an item that does not vary, or more
        factors than the items can bear.

    Notes
    -----
    An oblique solution of `n_factors` factors is turned into a general factor g and group factors
    (Schmid–Leiman); with R the correlations and u² the uniquenesses,
    ω_h = (Σg)²/1ᵀR1 and ω_t = 1 − Σu²/1ᵀR1 (Zinbarg, Revelle, Yovel & Li, 2005). All as
    ``psych::omega``, which works on standardised items; ω from a fitted model works on the items as
    they are. psych turns items that load negatively unless told ``flip=FALSE``; here they are named
    in a finding unless `flip` is set. With ``missing="pairwise"``, `flip` and a `method` such as
    ``"minres_psych"`` the digits are psych's: as there, the oblique solution starts from varimax,
    whose order and signs the group factors keep. With two factors the general factor is not
    identified; both get the same loading on it (psych's ``option="equal"``).

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> g, s = rng.normal(size=(500, 1)), np.repeat(rng.normal(size=(500, 3)), 3, axis=1)
    >>> found = omega(pd.DataFrame(g + 0.7 * s + 0.8 * rng.normal(size=(500, 9))))
    >>> bool(found.omega_hierarchical < found.alpha < found.omega_total)
    True
    """
    if isinstance(source, SEMResult):
        return reliability(source)
    frame, complete = usable(source, "Omega", min_items=3, missing=missing)
    request = RotationRequest(rotation, n_starts=0)
    refuse(request.problems())
    _check_factors(n_factors, frame.shape[1])
    found = efa(
        (complete if missing == "listwise" else frame).rename(columns=str), n_factors, method,
        "varimax_r" if n_factors > 1 else "none", polychoric=polychoric, missing=missing,
    )  # fmt: skip
    solution, notes = _hierarchy(found, "minres" if method == "uls" else method, request)
    r = found.source.r
    if flip:
        solution, r = _flipped(solution, r)
    total = float(r.sum())
    general = float(solution.general.sum()) ** 2 / total
    unique = 1 - solution.communality
    common = 1 - float(unique.sum()) / total
    ecv = float((solution.general**2).sum()) / float(solution.communality.sum())
    return OmegaResult(
        omega_total=common,
        omega_hierarchical=general,
        omega_limit=general / common if common > 0 else float("nan"),
        alpha=float(alpha_of(r)),
        lambda6=float(guttman_lambda6(r)),
        explained_common_variance=ecv,
        frame=solution.frame.rename_axis("item").reset_index(),
        groups=_groups(r, solution),
        n_factors=n_factors,
        n_items=frame.shape[1],
        n_obs=len(complete) if missing == "listwise" else len(frame),
        n_incomplete=len(frame) - len(complete),
        findings=(*notes, *solution.findings, *_findings(solution, general / common)),
    )


def _hierarchy(
    found: EFAResult, method: SecondOrder, request: RotationRequest
) -> tuple[SchmidLeiman, tuple[Finding, ...]]:
    """Turn varimax loadings oblique, in their order and signs, and split off a general factor."""
    if found.n_factors == 1:
        return _single(found), found.findings
    turned = request.rotated(found.loadings.to_numpy(dtype=np.float64))
    frame = pd.DataFrame(turned.loadings, found.loadings.index, found.loadings.columns)
    return schmid_leiman(frame, turned.phi, method=method), found.findings


def _flipped(solution: SchmidLeiman, r: Array) -> tuple[SchmidLeiman, Array]:
    """Turn the items whose loading on the general factor is negative."""
    sign = np.where(solution.general < 0, -1.0, 1.0)
    turned = replace(
        solution, general=solution.general * sign, group=solution.group * sign[:, None]
    )
    return turned, r * np.outer(sign, sign)


def _single(found: EFAResult) -> SchmidLeiman:
    """One factor is its own general factor."""
    loadings = found.loadings.to_numpy(dtype=float)[:, 0]
    names = tuple(str(n) for n in found.loadings.index)
    return SchmidLeiman(
        names, loadings, np.zeros((loadings.size, 0)), np.ones(0), np.asarray(loadings**2)
    )


def _check_factors(n_factors: int, n_items: int) -> None:
    if not 1 <= n_factors <= n_items // 2:
        raise DataError(
            f"{n_items} items cannot be described by {n_factors} group factors.",
            code="reliability.factors",
            hint=f"Ask for 1 to {n_items // 2} factors; n_factors=1 for a scale of one dimension.",
        )


def _groups(r: Array, solution: SchmidLeiman) -> pd.DataFrame:
    """Split the variance of each subscale's sum; items belong where they load most."""
    columns = ["factor", "items", "omega_total", "omega_general", "omega_group"]
    if not solution.group.shape[1]:
        return pd.DataFrame(columns=columns)
    home = np.abs(solution.group).argmax(axis=1)
    rows = []
    for a in range(solution.group.shape[1]):
        own = np.flatnonzero(home == a)
        total = float(r[np.ix_(own, own)].sum()) if own.size else float("nan")
        general = float(solution.general[own].sum()) ** 2 / total
        group = float(solution.group[own, a].sum()) ** 2 / total
        named = ", ".join(solution.names[i] for i in own)
        rows.append((f"F{a + 1}*", named, general + group, general, group))
    return pd.DataFrame(rows, columns=columns)


def _findings(solution: SchmidLeiman, share: float) -> tuple[Finding, ...]:
    findings = []
    sign = np.sign(solution.general.sum())
    turned = [n for n, g in zip(solution.names, solution.general, strict=True) if g * sign < 0]
    if turned:
        findings.append(
            Finding(
                "reliability.reverse_coded",
                Text(
                    f"Loading on the general factor with the other sign: {', '.join(turned)}.",
                    f"在一般因子上载荷符号相反的题项：{'、'.join(turned)}。",
                ),
                Text(
                    "If worded the other way, mark them 'reverse: true' in the questionnaire.",
                    "若为反向表述，请在问卷文件中标注 reverse: true。",
                ),
            )
        )
    if share < WEAK_GENERAL:
        findings.append(
            Finding(
                "reliability.weak_general_factor",
                Text(
                    f"The general factor makes up {bounded(share, 2)} of the reliable variance of"
                    " the sum: a total score mixes several things.",
                    f"一般因子仅占总分可靠方差的 {bounded(share, 2)}：总分混合了多个维度。",
                ),
                Text("Report subscale scores.", "建议报告分量表得分。"),
            )
        )
    return tuple(findings)
