"""What every exploration starts from: the correlations of a set of items."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd

from loyaltysem.analysis.exploration.eigen import is_positive_definite
from loyaltysem.analysis.item_frame import Items, item_frame
from loyaltysem.core.errors import DataError, Finding, IncompatibleRequestError
from loyaltysem.core.linalg import correlation
from loyaltysem.core.text import Text
from loyaltysem.core.types import Array, Indices
from loyaltysem.moments.categories import category_levels, code_categories
from loyaltysem.moments.ordered_correlations import EmptyCells, ordered_correlations
from loyaltysem.moments.patterns import find_patterns
from loyaltysem.moments.saturated import saturated_moments

Missing: TypeAlias = Literal["listwise", "pairwise", "em"]
Kind: TypeAlias = Literal["pearson", "polychoric", "given"]
MISSING: tuple[str, ...] = ("listwise", "pairwise", "em")
#: Answers beyond which an item is rather numeric than ordered.
MANY_CATEGORIES = 15
#: Cells of a table below which a share of empty ones is worth a word.
SHARE_EMPTY = 0.25


@dataclass(frozen=True, slots=True, eq=False)
class ItemCorrelations:
    """Correlations of items and where they come from.

    Attributes
    ----------
    names : tuple of str
    r : Array, shape (p, p)
    n_obs : int
        Cases the correlations rest on; the smallest number of any pair under ``"pairwise"``.
    n_incomplete : int
        Rows with a missing answer; left out under ``"listwise"``.
    kind : {"pearson", "polychoric", "given"}
    missing : {"listwise", "pairwise", "em"}
    values : Array or None, shape (N, p)
        The answers that were used, NaN where there is none; None where a matrix was given.
    rows : Index or None
        Labels of the rows of `values`.
    thresholds : tuple of Array
        By item, for polychoric correlations.
    findings : tuple of Finding
    """

    names: tuple[str, ...]
    r: Array
    n_obs: int
    n_incomplete: int
    kind: Kind
    missing: Missing
    values: Array | None
    rows: pd.Index | None
    thresholds: tuple[Array, ...]
    findings: tuple[Finding, ...]

    @property
    def label(self) -> str:
        """Which correlations these are, as one writes it."""
        return {"pearson": "Pearson", "polychoric": "polychoric", "given": "given"}[self.kind]

    @property
    def spread(self) -> Array:
        """Standard deviations (p,) of answers; ones where only correlations are known."""
        if self.values is None or self.kind != "pearson":
            return np.ones(len(self.names))
        return np.asarray(np.nanstd(self.values, axis=0))

    @property
    def frame(self) -> pd.DataFrame:
        """The matrix with its names."""
        return pd.DataFrame(self.r, index=list(self.names), columns=list(self.names))


def item_correlations(
    items: Items,
    *,
    polychoric: bool = False,
    missing: Missing = "listwise",
    n_obs: int | None = None,
    empty_cells: EmptyCells = "lavaan",
) -> ItemCorrelations:
    """Correlate items.

    Parameters
    ----------
    items : DataFrame, Responses or array
        Answers, shape (N, p); or with `n_obs` their correlation or covariance matrix, (p, p).
    polychoric : bool
        Correlate the normal variables behind ordered answers (Olsson 1979).
    missing : {"listwise", "pairwise", "em"}
        Leave out respondents who skipped an item; use for each pair all who answered both; or
        estimate the matrix by maximum likelihood for incomplete normal data.
    n_obs : int, optional
        Cases behind a matrix.
    empty_cells : {"lavaan", "psych", "none"}
        See `loyaltysem.polychoric`.

    Returns
    -------
    ItemCorrelations

    Raises
    ------
    DataError
        Fewer than two items or three usable cases, items that do not vary or are no numbers, or a
        matrix that is none.
    IncompatibleRequestError
        Polychoric correlations of a matrix, or by EM.
    """
    if missing not in MISSING:
        raise IncompatibleRequestError(
            f"Missing answers cannot be treated by '{missing}'.",
            code="exploration.missing",
            hint="Use 'listwise', 'pairwise' or 'em'.",
        )
    frame = item_frame(items, "exploration")
    if n_obs is not None:
        return _given(frame, n_obs, polychoric)
    _refuse_matrix(frame)
    complete = frame.dropna()
    used = complete if missing == "listwise" else frame.dropna(how="all")
    _refuse_unusable(frame, used)
    incomplete = len(frame) - len(complete)
    if polychoric:
        return _polychoric(used, incomplete, missing, empty_cells)
    names, values = _names(used), used.to_numpy(np.float64)
    r, n = _pearson(values, names, missing)
    notes = (*_pairwise_note(missing, incomplete), *_definite(r, "pearson"))
    return ItemCorrelations(
        names, r, n, incomplete, "pearson", missing, values, used.index, (), notes
    )


def _names(frame: pd.DataFrame) -> tuple[str, ...]:
    return tuple(str(name) for name in frame.columns)


def _refuse_matrix(frame: pd.DataFrame) -> None:
    """Refuse a correlation matrix passed as data: it would be correlated once more."""
    x = frame.to_numpy()
    if len(x) > 1 and x.shape[0] == x.shape[1] and np.allclose(x, x.T) and (np.diag(x) == 1).all():
        raise DataError(
            "The items look like a correlation matrix.",
            code="exploration.matrix",
            hint="Say how many cases it comes from: n_obs=…",
        )


def _refuse_unusable(frame: pd.DataFrame, used: pd.DataFrame) -> None:
    """Raise one error that names everything that keeps the items from being correlated."""
    problems: list[tuple[str, str]] = []
    if frame.shape[1] < 2:
        problems.append(("exploration.too_few_items", f"needs 2 items, found {frame.shape[1]}"))
    if len(used) < 3:
        text = f"needs 3 usable cases, found {len(used)} among {len(frame)} rows"
        problems.append(("exploration.too_few_cases", text))
    infinite = [str(c) for c in frame if np.isinf(frame[c].to_numpy()).any()]
    if infinite:
        problems.append(("exploration.infinite", f"infinite values in {', '.join(infinite)}"))
    constant = [str(c) for c in used if used[c].nunique() < 2]
    if constant and len(used) >= 3:
        problems.append(("exploration.constant_item", f"no variation in {', '.join(constant)}"))
    if problems:
        texts = "; ".join(text for _, text in problems)
        raise DataError(
            f"The items cannot be correlated: {texts}.",
            code=problems[0][0],
            hint="Leave out the items named, or check how missing answers are coded.",
        )


def _given(frame: pd.DataFrame, n_obs: int, polychoric: bool) -> ItemCorrelations:
    if polychoric:
        raise IncompatibleRequestError(
            "Polychoric correlations are computed from answers, not from a matrix.",
            code="exploration.polychoric_matrix",
            hint="Pass the answers, or a matrix of polychoric correlations and polychoric=False.",
        )
    x = frame.to_numpy()
    square = x.shape[0] == x.shape[1] and x.shape[0] > 1
    if not square or not np.allclose(x, x.T) or not (np.diag(x) > 0).all():
        raise DataError(
            f"With n_obs the items are a correlation or covariance matrix; found {x.shape[0]} rows "
            f"and {x.shape[1]} columns that are not symmetric with a positive diagonal.",
            code="exploration.not_a_matrix",
            hint="Leave out n_obs to pass answers.",
        )
    if n_obs < 3:
        raise DataError(
            f"A matrix of {n_obs} cases says nothing about factors.",
            code="exploration.too_few_cases",
            hint="Expected n_obs of 3 or more.",
        )
    r = correlation(x)
    if np.abs(r).max() > 1.0 + 1e-8:
        raise DataError(
            "The matrix holds correlations beyond 1.",
            code="exploration.not_a_matrix",
            hint="Check that it is a covariance or correlation matrix.",
        )
    notes = _definite(r, "given")
    return ItemCorrelations(_names(frame), r, n_obs, 0, "given", "listwise", None, None, (), notes)


def _pearson(values: Array, names: Sequence[str], missing: Missing) -> tuple[Array, int]:
    if missing == "em" and np.isnan(values).any():
        return correlation(saturated_moments(find_patterns(values, names)).cov[0]), len(values)
    if missing == "pairwise" and np.isnan(values).any():
        together = _answered_together(values)
        r = pd.DataFrame(values).corr().to_numpy(np.float64)
        _refuse_apart(r, together, names)
        return r, int(together.min())
    return np.asarray(np.corrcoef(values, rowvar=False)), len(values)


def _answered_together(values: Array) -> Indices:
    seen = (~np.isnan(values)).astype(np.intp)
    return seen.T @ seen


def _refuse_apart(r: Array, together: Indices, names: Sequence[str]) -> None:
    i, j = np.nonzero(np.triu(~np.isfinite(r) | (together < 3), 1))
    if len(i):
        pairs = ", ".join(f"{names[a]} and {names[b]}" for a, b in zip(i[:5], j[:5], strict=True))
        raise DataError(
            f"Too few respondents answered both items of {len(i)} pair(s), such as {pairs}.",
            code="exploration.never_together",
            hint="Leave out one of the items.",
        )


def _polychoric(
    used: pd.DataFrame, incomplete: int, missing: Missing, empty_cells: EmptyCells
) -> ItemCorrelations:
    names, values = _names(used), used.to_numpy(np.float64)
    if missing == "em":
        raise IncompatibleRequestError(
            "EM is for numeric items; polychoric correlations need tables of answers.",
            code="exploration.polychoric_em",
            hint="Use missing='pairwise' or 'listwise'.",
        )
    levels = ordered_levels(names, values)
    codes = code_categories(values, levels)
    counts = np.array([len(level) for level in levels], dtype=np.intp)
    together = _answered_together(values)
    _refuse_apart(together.astype(np.float64), together, names)
    found = ordered_correlations(codes[None], counts, empty_cells)
    thresholds = tuple(t[: c - 1] for t, c in zip(found.thresholds[0], counts, strict=True))
    notes = (
        *_pairwise_note(missing, incomplete),
        *_sparse(found.empty_cells[0], counts),
        *_definite(found.rho[0], "polychoric"),
    )
    return ItemCorrelations(
        names,
        found.rho[0],
        int(together.min()),
        incomplete,
        "polychoric",
        missing,
        values,
        used.index,
        thresholds,
        notes,
    )


def ordered_levels(names: Sequence[str], values: Array) -> tuple[Array, ...]:
    """Return the answers of each item, refusing items that are rather numeric."""
    levels = category_levels(values, np.ones(len(names), dtype=np.bool_))
    many = [n for n, level in zip(names, levels, strict=True) if len(level) > MANY_CATEGORIES]
    if many:
        raise DataError(
            f"More than {MANY_CATEGORIES} different answers in {', '.join(many)}: not ordered "
            "items.",
            code="exploration.many_categories",
            hint="Use polychoric=False, or polyserial correlations for numeric variables.",
        )
    return levels


def _pairwise_note(missing: Missing, incomplete: int) -> tuple[Finding, ...]:
    if missing != "pairwise" or not incomplete:
        return ()
    text = Text(
        "Correlations rest on different respondents (pairwise); tests use the smallest number.",
        "各相关系数基于不同的受访者（成对删除）；检验采用其中最小的样本量。",
    )
    return (Finding("exploration.pairwise", text, severity="note"),)


def _sparse(empty: Indices, counts: Indices) -> tuple[Finding, ...]:
    i, j = np.triu_indices(len(counts), 1)
    sparse = int((empty[i, j] > SHARE_EMPTY * counts[i] * counts[j]).sum())
    if not sparse:
        return ()
    text = Text(
        f"{sparse} of {len(i)} tables of two items have more than a quarter of their cells empty.",
        f"{len(i)} 个两题交叉表中有 {sparse} 个的空单元格超过四分之一。",
    )
    hint = Text(
        "Join rare answers, or use Pearson correlations.",
        "可合并极少选择的选项，或改用皮尔逊相关。",
    )
    return (Finding("exploration.empty_cells", text, hint, severity="note"),)


def _definite(r: Array, kind: Kind) -> tuple[Finding, ...]:
    if not np.isfinite(r).all() or is_positive_definite(r):
        return ()
    why = {
        "pearson": Text(
            "Items may repeat one another, or there are fewer respondents than items.",
            "可能有题项互相重复，或受访者少于题项数。",
        ),
        "polychoric": Text(
            "Use more respondents, join rare answers, or use Pearson correlations.",
            "可增加样本、合并极少选择的选项，或改用皮尔逊相关。",
        ),
        "given": Text("Check where the matrix comes from.", "请检查矩阵的来源。"),
    }
    text = Text(
        "The correlation matrix is not positive definite; it was smoothed where it is inverted.",
        "相关矩阵非正定；需要求逆之处已作平滑处理。",
    )
    return (Finding("exploration.not_positive_definite", text, why[kind], severity="problem"),)
