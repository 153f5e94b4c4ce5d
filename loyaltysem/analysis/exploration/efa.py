"""Exploratory factor analysis and principal components: the fronts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd

from loyaltysem.analysis.exploration.as_in_psych import EXTRACTIONS_AS_IN_PSYCH
from loyaltysem.analysis.exploration.efa_findings import solution_findings, test_findings
from loyaltysem.analysis.exploration.eigen import eigenvalues, smoothed
from loyaltysem.analysis.exploration.extraction import (
    EXTRACTIONS,
    Extraction,
    principal_components,
    reduced_eigenvalues,
)
from loyaltysem.analysis.exploration.fit_statistics import Test, fit_of_factors, greatest_number
from loyaltysem.analysis.exploration.items import ItemCorrelations, Missing, item_correlations
from loyaltysem.analysis.exploration.result import SALIENT, EFAResult
from loyaltysem.analysis.exploration.standard_errors import (
    RotatedErrors,
    RotatedModel,
    rotated_errors,
)
from loyaltysem.analysis.item_frame import Items
from loyaltysem.core.errors import Finding, IncompatibleRequestError, did_you_mean
from loyaltysem.core.threads import one_thread
from loyaltysem.core.types import Array
from loyaltysem.inference.rotation import (
    Rotation,
    order_by_index,
    order_by_variance,
    promax,
    random_starts,
    rotate,
    rotation_methods,
    unrotated,
    varimax_as_in_r,
)

Method: TypeAlias = Literal["minres", "uls", "ml", "pa", "minres_psych", "ml_psych", "pa_psych"]
RotationName: TypeAlias = Literal[
    "none", "varimax", "varimax_r", "quartimax", "promax", "promax_r", "oblimin", "quartimin",
    "geomin",
]  # fmt: skip
Order: TypeAlias = Literal["variance", "index"]
METHODS = {**EXTRACTIONS, **EXTRACTIONS_AS_IN_PSYCH}
ROTATIONS: tuple[str, ...] = ("none", "varimax_r", "promax_r", *rotation_methods())


@dataclass(frozen=True, slots=True)
class RotationRequest:
    """How factors are rotated; the meaning of each field is that of `efa`'s argument."""

    name: str
    gamma: float = 0.0
    epsilon: float = 0.001
    power: float = 4.0
    kaiser: bool | None = None
    n_starts: int = 30
    seed: int = 1
    order: str = "variance"

    def problems(self) -> list[tuple[str, str]]:
        """Return (code, text) of everything that cannot be done."""
        found = []
        if self.name not in ROTATIONS:
            more = did_you_mean(self.name, ROTATIONS)
            text = f"rotation '{self.name}' is not one of {', '.join(ROTATIONS)}. {more}".strip()
            found.append(("exploration.rotation", text))
        if self.order not in ("variance", "index"):
            found.append(
                ("exploration.order", f"order is 'variance' or 'index', found '{self.order}'")
            )
        if self.epsilon <= 0 or self.power <= 1 or self.n_starts < 0:
            text = "epsilon > 0, power > 1 and n_starts ≥ 0 are expected"
            found.append(("exploration.rotation_argument", text))
        return found

    def apply(self, loadings: Array, spread: Array) -> Rotation:
        """Rotate loadings (p, k) of uncorrelated factors and arrange them.

        lavaan arranges the loadings of items in their own units, which `spread` (p,) restores.
        """
        found = self.rotated(loadings)
        return (
            order_by_variance(found) if self.order == "variance" else order_by_index(found, spread)
        )

    def rotated(self, loadings: Array) -> Rotation:
        """Rotate loadings (p, k) of uncorrelated factors, in the order and signs that result."""
        if loadings.shape[1] == 1 or self.name == "none":
            return unrotated(loadings)
        if self.name == "varimax_r":
            return varimax_as_in_r(loadings, kaiser=self.kaiser is not False)
        if self.name == "promax_r":
            return promax(loadings, self.power, self.kaiser is not False, varimax_as_in_r)
        method = rotation_methods(self.gamma, self.epsilon)[self.name]
        kaiser = method.kaiser if self.kaiser is None else self.kaiser
        if method.criterion is None:
            return promax(loadings, self.power, kaiser)
        starts = random_starts(loadings.shape[1], self.n_starts, self.seed)
        return rotate(loadings, method, starts, kaiser)

    def errors(self, found: Rotation, n_obs: int) -> RotatedErrors | None:
        """Return standard errors of a rotated maximum likelihood solution, where they are known."""
        methods = rotation_methods(self.gamma, self.epsilon)
        if self.name not in methods or found.loadings.shape[1] == 1:
            return None
        method = methods[self.name]
        if method.criterion is None:
            return None
        kaiser = method.kaiser if self.kaiser is None else self.kaiser
        return rotated_errors(RotatedModel(found.loadings, found.phi, method, kaiser), n_obs)


@one_thread()
def efa(
    items: Items,
    n_factors: int,
    method: Method = "minres",
    rotation: RotationName = "oblimin",
    *,
    polychoric: bool = False,
    missing: Missing = "listwise",
    n_obs: int | None = None,
    gamma: float = 0.0,
    epsilon: float = 0.001,
    power: float = 4.0,
    kaiser: bool | None = None,
    n_starts: int = 30,
    seed: int = 1,
    order: Order = "variance",
    test: Test = "bartlett",
) -> EFAResult:
    """Explore which items go together: k common factors, rotated to simple structure.

    Parameters
    ----------
    items : DataFrame, Responses or array
        Answers, shape (N, p); or with `n_obs` their correlation or covariance matrix.
    n_factors : int
        k; `parallel_analysis` and `map_test` help to choose.
    method : {"minres", "uls", "ml", "pa", "minres_psych", "ml_psych", "pa_psych"}
        Minimum residuals (the same as unweighted least squares), maximum likelihood, or iterated
        principal axes. With ``_psych`` each stops where psych stops: up to .0002 from the minimum,
        principal axes up to .01 from their end.
    rotation : str
        ``"oblimin"``, ``"quartimin"``, ``"geomin"``, ``"promax"`` leave factors correlated,
        ``"varimax"``, ``"quartimax"`` do not; ``"none"`` gives what was extracted. ``"varimax_r"``
        is varimax as R stops it, up to .001 from its maximum, ``"promax_r"`` is promax from there:
        what psych prints.
    polychoric : bool
        Analyse polychoric correlations, for items with few answers.
    missing : {"listwise", "pairwise", "em"}
        Leave out respondents who skipped an item; use for each pair all who answered both (psych's
        default); or the maximum likelihood matrix of incomplete normal data.
    n_obs : int, optional
        Cases behind a matrix.
    gamma : float
        Of oblimin: 0 is quartimin, less is less oblique; above 0 it can run away.
    epsilon : float
        Of geomin: .001 as lavaan; GPArotation has .01.
    power : float
        Of promax.
    kaiser : bool, optional
        Scale rows to length 1 while rotating. By default varimax and promax do, as psych, SPSS and
        lavaan, the others do not, as psych and lavaan; SPSS does for oblimin too.
    n_starts, seed : int
        Random starts of the rotation beside the unrotated solution; the simplest result is kept.
    order : {"variance", "index"}
        Factors by the variance they account for, as psych; or by the place of their items, as
        lavaan. Factors get the sign that makes their loadings sum to something positive.
    test : {"bartlett", "standard"}
        χ² with Bartlett's correction and indices as psych; or N times the discrepancy and indices
        as lavaan.

    Returns
    -------
    EFAResult

    Raises
    ------
    DataError
        The items cannot be correlated.
    IncompatibleRequestError
        More factors than the items can bear, or a request that names things that do not exist.

    Notes
    -----
    ``psych::fa`` and ``lavaan::efa`` (``method="ml", rotation="geomin", order="index",
    test="standard"``). psych names factors MR1, MR2 … by their place before they are ordered; here
    F1 is always the first. Extraction has several starts and keeps the lowest minimum; psych has
    one. psych and GPArotation start a rotation once; where it has several minima
    their result can be another, and a finding says that there are several. With 30 starts psych's
    ``n.rotations`` does the same. Promax follows psych's ``rotate="promax"``: rows are scaled for
    varimax and target alike. Standard errors come with ``method="ml"`` and are for normal data.

    Examples
    --------
    >>> loadings = np.kron(np.eye(2), [[0.8], [0.7], [0.6], [0.5]])
    >>> r = loadings @ np.array([[1.0, 0.3], [0.3, 1.0]]) @ loadings.T
    >>> np.fill_diagonal(r, 1.0)
    >>> found = efa(r, 2, n_obs=300)
    >>> found.loadings["F1"].round(2).tolist()
    [0.8, 0.7, 0.6, 0.5, 0.0, 0.0, 0.0, 0.0]
    >>> float(found.phi.loc["F1", "F2"].round(2))
    0.3
    """
    request = RotationRequest(rotation, gamma, epsilon, power, kaiser, n_starts, seed, order)
    problems = request.problems()
    if method not in METHODS:
        problems.append(
            ("exploration.method", f"method '{method}' is not one of {', '.join(METHODS)}")
        )
    if test not in ("bartlett", "standard"):
        problems.append(("exploration.test", f"test is 'bartlett' or 'standard', found '{test}'"))
    refuse(problems)
    source = item_correlations(items, polychoric=polychoric, missing=missing, n_obs=n_obs)
    refuse(_number_problems(n_factors, len(source.names)))
    r = smoothed(source.r) if method in ("ml", "ml_psych") else source.r
    extraction = METHODS[method](r, n_factors)
    found = request.apply(extraction.loadings, source.spread)
    measures = fit_of_factors(
        source.r, extraction.loadings @ extraction.loadings.T, n_factors, source.n_obs, test
    )
    factors = [f"F{a + 1}" for a in range(n_factors)]
    usable = method in ("ml", "ml_psych") and not extraction.heywood.any()
    findings = (
        *source.findings,
        *solution_findings(source.names, factors, extraction, found, SALIENT),
        *test_findings(source.kind, int(measures["df"])),
    )
    return _result(
        source,
        extraction,
        found,
        method=method,
        rotation=rotation,
        factors=factors,
        fit=pd.Series(measures, dtype=np.float64),
        errors=request.errors(found, source.n_obs) if usable else None,
        findings=findings,
    )


@one_thread()
def principal(
    items: Items,
    n_components: int,
    rotation: RotationName = "none",
    *,
    polychoric: bool = False,
    missing: Missing = "listwise",
    n_obs: int | None = None,
    gamma: float = 0.0,
    epsilon: float = 0.001,
    power: float = 4.0,
    kaiser: bool | None = None,
    n_starts: int = 30,
    seed: int = 1,
    order: Order = "variance",
) -> EFAResult:
    """Return principal components of items: what is common and what is not, together.

    Parameters
    ----------
    items : DataFrame, Responses or array
        Answers, shape (N, p); or with `n_obs` their correlation or covariance matrix.
    n_components : int
        From 1 to p.
    rotation : str
        As in `efa`.
    polychoric, missing, n_obs, gamma, epsilon, power, kaiser, n_starts, seed, order
        As in `efa`.

    Returns
    -------
    EFAResult
        Without measures of fit.

    Raises
    ------
    DataError
        The items cannot be correlated.
    IncompatibleRequestError
        A number of components that does not exist, or an unknown rotation.

    Notes
    -----
    ``psych::principal``, which rotates by varimax unless told otherwise; what SPSS calls factor
    analysis by default. Components are not factors: their loadings are larger, since the items' own
    variance is in them.

    Examples
    --------
    >>> r = np.full((4, 4), 0.5) + 0.5 * np.eye(4)
    >>> principal(r, 1, n_obs=100).loadings["C1"].round(3).tolist()
    [0.791, 0.791, 0.791, 0.791]
    """
    request = RotationRequest(rotation, gamma, epsilon, power, kaiser, n_starts, seed, order)
    refuse(request.problems())
    source = item_correlations(items, polychoric=polychoric, missing=missing, n_obs=n_obs)
    p = len(source.names)
    if not 1 <= n_components <= p:
        text = f"{p} items have 1 to {p} components, found {n_components}"
        refuse([("exploration.n_components", text)])
    extraction = principal_components(source.r, n_components)
    found = request.apply(extraction.loadings, source.spread)
    return _result(
        source,
        extraction,
        found,
        method="components",
        rotation=rotation,
        factors=[f"C{a + 1}" for a in range(n_components)],
        fit=pd.Series(dtype=np.float64),
        errors=None,
        findings=source.findings,
    )


def _number_problems(n_factors: int, p: int) -> list[tuple[str, str]]:
    most = greatest_number(p)
    if not isinstance(n_factors, int | np.integer):
        return [
            ("exploration.n_factors", f"a whole number of factors is expected, found {n_factors}")
        ]
    if 1 <= n_factors <= most:
        return []
    if n_factors < 1:
        return [("exploration.n_factors", f"1 factor or more is expected, found {n_factors}")]
    text = f"{p} items bear at most {most} common factor(s), found {n_factors}"
    return [("exploration.too_many_factors", text)]


def refuse(problems: list[tuple[str, str]]) -> None:
    """Raise one error that tells all problems, (code, text); nothing without any."""
    if problems:
        raise IncompatibleRequestError(
            f"The factors cannot be explored: {'; '.join(text for _, text in problems)}.",
            code=problems[0][0],
            hint="Change what is named; loyaltysem.parallel_analysis suggests a number of factors.",
        )


def _result(
    source: ItemCorrelations,
    extraction: Extraction,
    found: Rotation,
    *,
    factors: list[str],
    method: str,
    rotation: str,
    fit: pd.Series[float],
    errors: RotatedErrors | None,
    findings: tuple[Finding, ...],
) -> EFAResult:
    names = list(source.names)
    communality = (extraction.loadings**2).sum(axis=1)
    return EFAResult(
        loadings=pd.DataFrame(found.loadings, index=names, columns=factors),
        phi=pd.DataFrame(found.phi, index=factors, columns=factors),
        uniqueness=pd.Series(1.0 - communality, index=names, name="uniqueness"),
        eigenvalues=eigenvalues(source.r),
        reduced_eigenvalues=reduced_eigenvalues(source.r, extraction),
        method=method,
        rotation=rotation,
        solution=found,
        source=source,
        fit=fit,
        errors=errors,
        findings=findings,
    )
