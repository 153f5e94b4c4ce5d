"""Quadratic forms ZᵀQZ, and what two table rows take out of them.

Every derivative of Σ is ``s·(z_l z_rᵀ + z_r z_lᵀ)`` for two columns of Z, so that all a curvature
needs of a form m are, for every two rows, ``m_ll, m_rr, m_lr`` and ``m_rl``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from loyaltysem.core.types import Array, Indices


@dataclass(frozen=True, slots=True)
class Folding:
    """A symmetric form over table rows, each of its h = f(f + 1)/2 pairs i ≥ j held once.

    Attributes
    ----------
    places : Indices, shape (4h,)
        The cells (see `form_cells`) of the columns lᵢ and lⱼ, rᵢ and rⱼ, lᵢ and rⱼ, rᵢ and lⱼ.
    scale : Array, shape (h,)
        sᵢsⱼ.
    whole : Indices, shape (f²,)
        The pair behind each cell of the whole form.
    """

    places: Indices
    scale: Array
    whole: Indices


@dataclass(frozen=True, slots=True)
class Bending:
    """Pairs of regressions: the only rows that move both columns of Z of one another.

    With H, which says how T and D move, all others have ``h_ll h_rr + h_lr h_rl = 0``; they have
    ``h_lr h_rl``, for T does not move with T.

    Attributes
    ----------
    at : Indices, shape (n,)
        Which pairs, in the order of `Folding` where forms are folded, otherwise of all f² pairs.
    places : Indices, shape (2n,)
        The cells of A (k, k) behind ``h[lᵢ, rⱼ]`` and ``h[rᵢ, lⱼ]``: the total effect on what i
        explains of what j starts from, and the other way round.
    """

    at: Indices
    places: Indices


def form_cells(p: int, width: int) -> Indices:
    """Return where a form ZᵀQZ is kept for every two columns of Z, shape (z, z).

    With ``Z = [I, X, 0]`` and X (p, `width`) the cells are those of Q, then of QX, then of XᵀQX,
    each row by row, then a 0.
    """
    z = p + width + 1
    n = p * (p + width)
    cells = np.full((z, z), n + width * width)
    cells[:p, :p] = np.arange(p * p).reshape(p, p)
    cells[:p, p:-1] = np.arange(p * p, n).reshape(p, width)
    cells[p:-1, :p] = cells[:p, p:-1].T
    cells[p:-1, p:-1] = np.arange(n, n + width * width).reshape(width, width)
    return cells


def folding(left: Indices, right: Indices, scale: Array, cells: Indices) -> Folding:
    """Fold the forms over rows with these columns of Z; `cells` as `form_cells` has them."""
    i, j = np.tril_indices(len(left))
    l_i, l_j, r_i, r_j = left[i], left[j], right[i], right[j]
    places = np.concatenate([cells[l_i, l_j], cells[r_i, r_j], cells[l_i, r_j], cells[r_i, l_j]])
    whole = np.empty((len(left), len(left)), dtype=np.intp)
    whole[i, j] = whole[j, i] = np.arange(len(i))
    return Folding(places, scale[i] * scale[j], whole.ravel())


def bending(rows: Indices, cells: Indices, n_rows: int, k: int, folded: bool) -> Bending:
    """Find the effects behind every two regressions.

    Parameters
    ----------
    rows : Indices, shape (b,)
        Which of the f rows are regressions.
    cells : Indices, shape (b, 2)
        Their cells of B: outcome and predictor.
    n_rows, k : int
        f, and the number of structural variables.
    folded : bool
    """
    if folded:
        i, j = np.tril_indices(len(rows))
        at = rows[i] * (rows[i] + 1) // 2 + rows[j]
    else:
        i, j = np.indices((len(rows), len(rows))).reshape(2, -1)
        at = rows[i] * n_rows + rows[j]
    outcome, predictor = cells.T
    places = (predictor[j] * k + outcome[i], predictor[i] * k + outcome[j])
    return Bending(at, np.concatenate(places))
