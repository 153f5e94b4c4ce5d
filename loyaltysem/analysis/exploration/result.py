"""What an exploratory factor analysis found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from loyaltysem.analysis.exploration.factor_weights import (
    SCORE_METHODS,
    ScoreMethod,
    determinacy,
    score_weights,
)
from loyaltysem.analysis.exploration.items import ItemCorrelations
from loyaltysem.analysis.exploration.schmid_leiman import SchmidLeiman, schmid_leiman
from loyaltysem.analysis.exploration.standard_errors import RotatedErrors
from loyaltysem.analysis.item_frame import Items, item_frame
from loyaltysem.core.display import bounded, integer, interval, number, p_relation
from loyaltysem.core.errors import DataError, Finding, IncompatibleRequestError
from loyaltysem.core.memo import remembered
from loyaltysem.core.plain_table import html_paragraph, html_table, text_table
from loyaltysem.core.types import Array
from loyaltysem.inference.rotation import Rotation

#: Size from which a loading is salient.
SALIENT = 0.30
Cells: TypeAlias = tuple[tuple[str, ...], list[tuple[str, ...]]]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class EFAResult:
    """Loadings of items on factors, and how well they reproduce the correlations.

    Attributes
    ----------
    loadings : DataFrame, shape (p, k)
        Pattern matrix, items by factors.
    phi : DataFrame, shape (k, k)
        Correlations of the factors; the identity after an orthogonal rotation.
    uniqueness : Series
        ``1 −`` communality, by item.
    eigenvalues, reduced_eigenvalues : Array, shape (p,)
        Of R, and of R with communalities on its diagonal.
    fit : Series
        See `loyaltysem.analysis.exploration.fit_statistics.fit_of_factors`; empty for components.
    method, rotation : str
        How factors were extracted and rotated.
    errors : RotatedErrors or None
        Standard errors, for maximum likelihood with a rotation that has a criterion.
    solution : Rotation
        The transformation, and where each start of the search ended.
    source : ItemCorrelations
        What was analysed.
    findings : tuple of Finding
    """

    loadings: pd.DataFrame
    phi: pd.DataFrame
    uniqueness: pd.Series[float]
    eigenvalues: Array
    reduced_eigenvalues: Array
    fit: pd.Series[float]
    method: str
    rotation: str
    errors: RotatedErrors | None
    solution: Rotation
    source: ItemCorrelations
    findings: tuple[Finding, ...] = ()
    memo: dict[str, Any] = field(default_factory=dict, init=False)

    @property
    def n_factors(self) -> int:
        """Number of factors."""
        return self.loadings.shape[1]

    @property
    def n_obs(self) -> int:
        """Cases the correlations rest on."""
        return self.source.n_obs

    @property
    def communality(self) -> pd.Series[float]:
        """Variance of each item that the factors account for."""
        return (1.0 - self.uniqueness).rename("communality")

    @property
    def structure(self) -> pd.DataFrame:
        """Correlations of items with factors, ΛΦ."""
        structure: pd.DataFrame = self.loadings @ self.phi
        return structure

    @property
    def complexity(self) -> pd.Series[float]:
        """Hofmann's (1978) index ``(Σλ²)²/Σλ⁴``: how many factors an item takes."""
        squares = self.loadings**2
        index = squares.sum(axis=1) ** 2 / (squares**2).sum(axis=1)
        return index.rename("complexity")

    @property
    def variance(self) -> pd.DataFrame:
        """What each factor accounts for, as psych prints it.

        Rows ``ss_loadings proportion cumulative proportion_explained cumulative_explained``; with
        correlated factors the sum of squares is the diagonal of ΦΛᵀΛ.
        """
        pattern, phi = self.loadings.to_numpy(), self.phi.to_numpy()
        ss = np.diagonal(phi @ pattern.T @ pattern)
        share, part = ss / len(pattern), ss / ss.sum()
        rows = {
            "ss_loadings": ss,
            "proportion": share,
            "cumulative": share.cumsum(),
            "proportion_explained": part,
            "cumulative_explained": part.cumsum(),
        }
        return pd.DataFrame.from_dict(rows, orient="index", columns=list(self.loadings.columns))

    @property
    def residuals(self) -> pd.DataFrame:
        """Observed less reproduced correlations; uniquenesses on the diagonal."""
        common = self.structure.to_numpy() @ self.loadings.to_numpy().T
        left: pd.DataFrame = self.source.frame - common
        return left

    @property
    def determinacy(self) -> pd.Series[float]:
        """Squared multiple correlation of each factor with the items (psych's ``R2``)."""
        values = determinacy(self.source.r, self.loadings.to_numpy(), self.phi.to_numpy())
        return pd.Series(values, index=self.loadings.columns, name="determinacy")

    @remembered
    def tidy(self) -> pd.DataFrame:
        """One row a loading: ``item factor loading se structure salient``."""
        p, k = self.loadings.shape
        loading = self.loadings.to_numpy().ravel()
        return pd.DataFrame(
            {
                "item": np.repeat(self.loadings.index.to_numpy(), k),
                "factor": np.tile(self.loadings.columns.to_numpy(), p),
                "loading": loading,
                "se": self.errors.loadings.ravel() if self.errors else np.full(p * k, np.nan),
                "structure": self.structure.to_numpy().ravel(),
                "salient": np.abs(loading) >= SALIENT,
            }
        )

    def groups(self, cut: float = SALIENT) -> dict[str, tuple[str, ...]]:
        """Return the items of each factor: those whose largest loading is there, from `cut` on."""
        size = self.loadings.abs()
        home = size.idxmax(axis=1)
        strong = size.max(axis=1) >= cut
        return {
            str(f): tuple(map(str, home.index[(home == f) & strong])) for f in self.loadings.columns
        }

    def sorted_loadings(self) -> pd.DataFrame:
        """Return loadings with items ordered by their factor and the size of their loading."""
        size = self.loadings.abs().to_numpy()
        order = np.lexsort((-size.max(axis=1), size.argmax(axis=1)))
        return self.loadings.iloc[order]

    def weights(self, method: ScoreMethod = "regression") -> pd.DataFrame:
        """Return weights of standardised items; see `factor_weights.score_weights`.

        Raises
        ------
        IncompatibleRequestError
            An unknown method.
        """
        if method not in SCORE_METHODS:
            raise IncompatibleRequestError(
                f"Factor scores cannot be computed by '{method}'.",
                code="exploration.scores",
                hint=f"Use one of {', '.join(SCORE_METHODS)}.",
            )
        pattern, phi = self.loadings.to_numpy(), self.phi.to_numpy()
        values = score_weights(self.source.r, pattern, phi, method)
        return pd.DataFrame(values, index=self.loadings.index, columns=self.loadings.columns)

    def scores(
        self, items: Items | None = None, *, method: ScoreMethod = "regression"
    ) -> pd.DataFrame:
        """Return factor scores.

        Parameters
        ----------
        items : DataFrame, Responses or array, optional
            Answers to score, with the items as columns; those analysed unless given.
        method : {"regression", "bartlett", "tenberge"}

        Returns
        -------
        DataFrame, shape (N, k)
            NaN where an answer is missing.

        Raises
        ------
        DataError
            No answers are known, since a matrix was analysed, or items are missing.

        Notes
        -----
        Items are standardised by the means and standard deviations of the answers analysed. After
        polychoric correlations the weights meet answers, not the normal variables behind them.
        """
        if self.source.values is None:
            raise DataError(
                "A correlation matrix was analysed: items have no means to score answers by.",
                code="exploration.no_answers",
                hint="Analyse the answers, or apply .weights() to standardised items.",
            )
        fitted = self.source.values
        if items is None:
            values, rows = fitted, self.source.rows
        else:
            frame = item_frame(items, "exploration")
            values, rows = _chosen(frame, self.source.names), frame.index
        mean, sd = np.nanmean(fitted, axis=0), np.nanstd(fitted, axis=0, ddof=1)
        found = (values - mean) / sd @ self.weights(method).to_numpy()
        return pd.DataFrame(found, index=rows, columns=self.loadings.columns)

    def schmid_leiman(self) -> SchmidLeiman:
        """Return one general factor and group factors; see `schmid_leiman`."""
        return schmid_leiman(self.loadings, self.phi)

    def summary(self, cut: float = SALIENT, sort: bool = True) -> str:
        """Return the result as text, loadings below `cut` left blank."""
        lines = [*self._headline(), *text_table(*self._loading_cells(cut, sort)), ""]
        lines += [*text_table(*self._variance_cells())]
        if self._oblique():
            lines += ["", *text_table(*self._phi_cells())]
        if len(self.fit):
            lines += ["", *self._fit_lines()]
        return "\n".join([*lines, *(f"  {finding}" for finding in self.findings)])

    def __str__(self) -> str:
        return self.summary()

    def __repr__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        parts = [*map(html_paragraph, self._headline())]
        parts.append(html_table("Loadings", *self._loading_cells(SALIENT, sort=True)))
        parts.append(html_table("Variance", *self._variance_cells()))
        if self._oblique():
            parts.append(html_table("Correlations of factors", *self._phi_cells()))
        if len(self.fit):
            parts += map(html_paragraph, self._fit_lines())
        return "".join([*parts, *(html_paragraph(str(f)) for f in self.findings)])

    def _oblique(self) -> bool:
        return bool(np.abs(self.phi.to_numpy() - np.eye(self.n_factors)).max() > 1e-12)

    def _headline(self) -> Iterator[str]:
        what = "component" if self.method == "components" else "factor"
        plural = "s" if self.n_factors > 1 else ""
        yield f"Exploratory analysis: {self.n_factors} {what}{plural}, {len(self.loadings)} items"
        extracted = "" if self.method == "components" else f"{self.method}, "
        yield (
            f"{extracted}rotation {self.rotation}, {self.source.label} correlations, "
            f"N = {integer(self.n_obs)}"
        )

    def _loading_cells(self, cut: float, sort: bool) -> Cells:
        table = self.sorted_loadings() if sort else self.loadings
        h2, complexity = self.communality, self.complexity
        rows = [
            (
                str(item),
                *(bounded(v, 2) if abs(v) >= cut else "" for v in row),
                bounded(float(h2[item]), 2),
                number(float(complexity[item]), 1),
            )
            for item, row in zip(table.index, table.to_numpy(), strict=True)
        ]
        return ("item", *map(str, table.columns), "h²", "complexity"), rows

    def _variance_cells(self) -> Cells:
        names = ("SS loadings", "proportion", "cumulative")
        rows = [
            (name, *(number(v, 2) for v in row))
            for name, row in zip(names, self.variance.to_numpy(), strict=False)
        ]
        return ("", *map(str, self.loadings.columns)), rows

    def _phi_cells(self) -> Cells:
        names = [str(c) for c in self.phi.columns]
        rows = [
            (name, *(bounded(v, 2) for v in row[: i + 1]), *("",) * (len(names) - i - 1))
            for i, (name, row) in enumerate(zip(names, self.phi.to_numpy(), strict=True))
        ]
        return ("Φ", *names), rows

    def _fit_lines(self) -> Iterator[str]:
        fit = self.fit
        test = f"χ²({integer(fit['df'])}) = {number(fit['chisq'], 2)}"
        if fit["df"] > 0:
            test += f", {p_relation(fit['pvalue'])}"
        yield test
        if fit["df"] > 0:
            limits = interval(fit["rmsea_ci_lower"], fit["rmsea_ci_upper"], is_bounded=True)
            yield (
                f"RMSEA {bounded(fit['rmsea'])}, 90% CI {limits}, TLI {bounded(fit['tli'])}, "
                f"CFI {bounded(fit['cfi'])}, BIC {number(fit['bic'], 1)}"
            )
        yield f"RMSR {bounded(fit['rmsr'])}"


def _chosen(frame: pd.DataFrame, names: tuple[str, ...]) -> Array:
    known = {str(c): c for c in frame.columns}
    absent = [n for n in names if n not in known]
    if absent:
        raise DataError(
            f"The answers to score lack {', '.join(absent)}.",
            code="exploration.missing_item",
            hint="Expected the items that were analysed as columns.",
        )
    return frame[[known[n] for n in names]].to_numpy(np.float64)
