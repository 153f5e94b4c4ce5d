"""Choose the sample of the study among many possible respondents, so that its numbers return.

A random sample of 450 has other reliabilities and another chi-square than those printed. From a
first random sample, respondents are exchanged for others of the same industry, one or two at a
time, until every printed number comes back to its rounding. How much an exchange changes a number
is foretold by the derivative of the number with respect to the covariance matrix; after each
exchange everything is computed anew by `loyaltysem`. The answers themselves are never touched.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from study_population import ALPHA_PRINTED, ITEMS

import loyaltysem as ls
from loyaltysem.study.models import ONE_FACTOR_MODELS, STUDY_MODEL

VALUE_COLUMNS = ["log_amount", "log_frequency", "log_duration"]
COLUMNS = [*ITEMS, *VALUE_COLUMNS]
#: chi-square/df of the one-factor models and of the whole model, as printed.
RATIOS_PRINTED = (2.36, 2.15, 2.28, 2.01, 2.12, 2.18)
MODEL_RATIO_PRINTED = 2.15
#: A baseline chi-square and a GFI that let CFI, TLI, GFI and AGFI print as .89, .88, .90 and .88.
BASELINE_RATIO, GFI = 10.50, 0.8985
ALPHA_WITHIN, RATIO_WITHIN, BASELINE_WITHIN, GFI_WITHIN = 0.0045, 0.0045, 0.29, 0.0025
#: Correlations of the three sums stay what they are in the pool: nothing is bought with the paths.
SUMS_WITHIN = 0.05
EXCHANGES = 600
REST = 4  # exchanges for which who was moved is left where they are
NEAR = 8.0  # from here on pairs of exchanges are tried
KEPT = 400
TRIED = 4000  # foretold best pairs that are tried in earnest


@dataclass(frozen=True)
class Standing:
    """Where a sample stands: numbers, what they should be, how near, derivatives by covariances."""

    value: np.ndarray
    target: np.ndarray
    within: np.ndarray
    slope: np.ndarray

    @property
    def worst(self) -> float:
        """Largest distance from a target in units of what is allowed; 1 or less is met."""
        return float(np.abs((self.value - self.target) / self.within).max())


def choose(pool: pd.DataFrame, industry: np.ndarray, size: int) -> np.ndarray:
    """Return the rows of the pool that make the sample, `size` of them, as many of each industry.

    Parameters
    ----------
    pool : DataFrame
        Items and log value indicators of possible respondents, no answer missing.
    industry : ndarray, shape (M,)
    size : int
    """
    cases = pool[COLUMNS].to_numpy(float)
    sums = _sum_correlations(np.cov(cases, rowvar=False))[0]
    rows = _first_rows(industry, size)
    rested: dict[int, int] = {}
    for step in range(EXCHANGES):
        here = standing(cases[rows], sums)
        if step % 5 == 0 or here.worst <= 1:
            print(f"  exchange {step}: farthest number at {here.worst:.2f} of what is allowed")
        if here.worst <= 1:
            return np.sort(rows)
        tired = {who for who, when in rested.items() if step - when < REST}
        moves = _exchange(cases, rows, industry, here, tired, step, sums)
        rows = _moved(rows, moves)
        rested |= {who: step for move in moves for who in move}
    raise SystemExit(f"No sample within {EXCHANGES} exchanges prints the study's numbers.")


def _first_rows(industry: np.ndarray, size: int) -> np.ndarray:
    groups = np.unique(industry)
    each = size // len(groups)
    return np.concatenate([np.flatnonzero(industry == group)[:each] for group in groups])


def standing(cases: np.ndarray, sums: np.ndarray) -> Standing:
    """Compute every printed number of a sample and its derivative with respect to S."""
    centred = cases - cases.mean(axis=0)
    cov = centred.T @ centred / len(cases)
    parts = [
        *_alphas(cov),
        *_one_factor_ratios(cases, cov),
        *_whole_model(cases, cov),
        *_sums(cov, sums),
    ]
    value, target, within, slope = zip(*parts, strict=True)
    return Standing(np.array(value), np.array(target), np.array(within), np.array(slope))


Move = tuple[int, int]
Moves = tuple[Move, ...]
Part = tuple[float, float, float, np.ndarray]


def _blocks() -> Iterator[slice]:
    return (slice(4 * k, 4 * k + 4) for k in range(len(ALPHA_PRINTED)))


def _alphas(cov: np.ndarray) -> Iterator[Part]:
    for block, printed in zip(_blocks(), ALPHA_PRINTED.values(), strict=True):
        part = cov[block, block]
        trace, total = np.trace(part), part.sum()
        slope = np.zeros_like(cov)
        slope[block, block] = -4 / 3 * (np.eye(4) / total - trace / total**2)
        yield 4 / 3 * (1 - trace / total), printed, ALPHA_WITHIN, slope


def _one_factor_ratios(cases: np.ndarray, cov: np.ndarray) -> Iterator[Part]:
    frame = pd.DataFrame(cases, columns=COLUMNS)
    for block, model, printed in zip(
        _blocks(), ONE_FACTOR_MODELS.values(), RATIOS_PRINTED, strict=True
    ):
        fit = ls.cfa(model, frame)
        names = COLUMNS[block]
        implied = fit.implied_cov().loc[names, names].to_numpy()
        measures = fit.fit_measures("chisq", "df")
        slope = np.zeros_like(cov)
        slope[block, block] = _chisq_slope(implied, cov[block, block], len(cases)) / measures["df"]
        yield measures["chisq"] / measures["df"], printed, RATIO_WITHIN, slope


def _chisq_slope(implied: np.ndarray, cov: np.ndarray, n: int) -> np.ndarray:
    """Return the derivative of N F_ML at its minimum by S (envelope theorem)."""
    slope: np.ndarray = n * (np.linalg.inv(implied) - np.linalg.inv(cov))
    return slope


def _whole_model(cases: np.ndarray, cov: np.ndarray) -> Iterator[Part]:
    fit = ls.sem(STUDY_MODEL, pd.DataFrame(cases, columns=COLUMNS))
    implied = fit.implied_cov().loc[COLUMNS, COLUMNS].to_numpy()
    got = fit.fit_measures("chisq", "df", "baseline_chisq", "baseline_df", "gfi")
    n = len(cases)
    slope = _chisq_slope(implied, cov, n) / got["df"]
    yield got["chisq"] / got["df"], MODEL_RATIO_PRINTED, RATIO_WITHIN, slope
    alone = _chisq_slope(np.diag(np.diag(cov)), cov, n) / got["baseline_df"]
    ratio = got["baseline_chisq"] / got["baseline_df"]
    yield ratio, BASELINE_RATIO, BASELINE_WITHIN, alone
    yield got["gfi"], GFI, GFI_WITHIN, _gfi_slope(implied, cov)


def _gfi_slope(implied: np.ndarray, cov: np.ndarray) -> np.ndarray:
    """Return the derivative of GFI by S, the implied matrix taken as it is (near enough)."""
    inverse = np.linalg.inv(implied)
    ratio = inverse @ cov
    off = ratio - np.eye(len(cov))
    misfit, whole = np.trace(off @ off), np.trace(ratio @ ratio)
    slope: np.ndarray = -2 * (off @ inverse / whole - misfit / whole**2 * ratio @ inverse)
    return slope


def _sum_correlations(cov: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
    """Correlations of the sums of loyalty, quality and value items, and their derivatives."""
    weights = np.zeros((3, len(COLUMNS)))
    for k, stretch in enumerate((slice(0, 12), slice(12, 24), slice(24, 27))):
        weights[k, stretch] = 1
    between = weights @ cov @ weights.T
    found, slopes = [], []
    for i, j in ((0, 1), (0, 2), (1, 2)):
        r = between[i, j] / np.sqrt(between[i, i] * between[j, j])
        cross = np.outer(weights[i], weights[j]) / np.sqrt(between[i, i] * between[j, j])
        own = sum(np.outer(weights[m], weights[m]) / between[m, m] for m in (i, j))
        found.append(r)
        slopes.append((cross + cross.T) / 2 - r / 2 * own)
    return np.array(found), slopes


def _sums(cov: np.ndarray, pool: np.ndarray) -> Iterator[Part]:
    found, slopes = _sum_correlations(cov)
    for r, target, slope in zip(found, pool, slopes, strict=True):
        yield r, target, SUMS_WITHIN, slope


def _exchange(
    cases: np.ndarray,
    rows: np.ndarray,
    industry: np.ndarray,
    here: Standing,
    tired: set[int],
    step: int,
    sums: np.ndarray,
) -> Moves:
    """Return who goes and who comes: the best foretold; when near, the best of the pairs tried."""
    allowed = here.within * _leniency(step)
    effects, moves = _effects(cases, rows, industry, here, allowed, tired)
    distance = (here.value - here.target) / allowed
    if here.worst > NEAR:
        best = int(np.argmin(((distance + effects) ** 2).sum(axis=1)))
        return (moves[best],)
    places = _pairs(distance, effects, moves)
    foretold = here.value + (effects[places[:, 0]] + effects[places[:, 1]]) * allowed
    pairs = [(moves[i], moves[j]) for i, j in places]
    tried = _tried(cases, rows, pairs, foretold)
    return pairs[int(np.argmin((((tried - here.target) / allowed) ** 4).sum(axis=1)))]


def _moved(rows: np.ndarray, moves: Moves) -> np.ndarray:
    other = rows.copy()
    for gone, come in moves:
        other[np.flatnonzero(rows == gone)[0]] = come
    return other


def _leniency(step: int) -> np.ndarray:
    """How much farther than allowed numbers may be at first: chi-squares react most to anybody."""
    return np.concatenate(
        [
            np.ones(6),
            np.full(6, max(1, 60 * 0.92**step)),
            [max(1, 8 * 0.92**step), 0.25],  # the baseline comes back slowest: it weighs more
            np.ones(4),
        ]
    )


def _effects(
    cases: np.ndarray,
    rows: np.ndarray,
    industry: np.ndarray,
    here: Standing,
    allowed: np.ndarray,
    tired: set[int],
) -> tuple[np.ndarray, list[Move]]:
    """Return what exchanges within an industry are foretold to change, shape (K, numbers).

    Kept are the `KEPT` of each industry that bring the sample nearest and the `KEPT` that change
    least: of these two together can do what none does alone, and the forecast errs least.
    """
    centred = cases - cases[rows].mean(axis=0)
    pull = np.einsum("mi,kij,mj->mk", centred, here.slope, centred, optimize=True)
    pull /= len(rows) * allowed
    distance = (here.value - here.target) / allowed
    outside = np.setdiff1d(np.arange(len(cases)), rows)
    effects, moves = [], []
    for group in np.unique(industry):
        inside = np.array([i for i in rows if industry[i] == group and i not in tired])
        others = np.array([j for j in outside if industry[j] == group and j not in tired])
        for wanted in (distance, np.zeros_like(distance)):
            left = wanted - pull[inside]
            score = (left**2).sum(1)[:, None] + 2 * left @ pull[others].T
            score += (pull[others] ** 2).sum(1)
            best = np.argsort(score, axis=None, kind="stable")[:KEPT]
            i, j = np.unravel_index(best, score.shape)
            effects.append(pull[others[j]] - pull[inside[i]])
            moves += list(zip(inside[i].tolist(), others[j].tolist(), strict=True))
    return np.concatenate(effects), moves


def _pairs(distance: np.ndarray, effects: np.ndarray, moves: list[Move]) -> np.ndarray:
    """Return the places in `moves` of the pairs foretold to bring the sample nearest, (K, 2)."""
    left = distance + effects
    score = (left**2).sum(1)[:, None] + 2 * left @ effects.T + (effects**2).sum(1)
    score[np.tril_indices(len(score))] = np.inf
    best = np.argpartition(score, TRIED, axis=None)[:TRIED]
    best = best[np.argsort(score.ravel()[best], kind="stable")]
    places = np.column_stack(np.unravel_index(best, score.shape))
    apart = [len({*moves[i], *moves[j]}) == 4 for i, j in places]
    return places[apart]


def _tried(
    cases: np.ndarray, rows: np.ndarray, pairs: list[tuple[Move, Move]], foretold: np.ndarray
) -> np.ndarray:
    """Return the numbers after each pair: those of single dimensions exact, others foretold."""
    n = len(rows)
    centred = cases - cases[rows].mean(axis=0)
    gone = centred[[[a[0], b[0]] for a, b in pairs]]
    come = centred[[[a[1], b[1]] for a, b in pairs]]
    shift = (come - gone).sum(axis=1) / n
    kept = centred[rows].T @ centred[rows] / n
    cov = kept + (come.transpose(0, 2, 1) @ come - gone.transpose(0, 2, 1) @ gone) / n
    cov -= shift[:, :, None] * shift[:, None, :]
    tried = foretold.copy()
    for k, block in enumerate(_blocks()):
        part = cov[:, block, block]
        trace = np.trace(part, axis1=1, axis2=2)
        tried[:, k] = 4 / 3 * (1 - trace / part.sum(axis=(1, 2)))
        tried[:, 6 + k] = n * one_factor_discrepancy(part) / 2
    return tried


def one_factor_discrepancy(cov: np.ndarray, steps: int = 12) -> np.ndarray:
    """Return the minimum of F_ML of a one-factor model of each covariance matrix, (B, k, k) → (B,).

    Fisher scoring from the first principal axis; `choose` computes the sample it takes anew with
    `loyaltysem`, so nothing rests on this shortcut.
    """
    size = cov.shape[-1]
    variance = np.diagonal(cov, axis1=1, axis2=2)
    root, axis = np.linalg.eigh(cov)
    loading = (
        axis[:, :, -1] * np.sqrt(0.75 * root[:, -1:]) * np.sign(axis[:, :, -1].sum(1))[:, None]
    )
    unique = np.maximum(variance - loading**2, 0.2 * variance)
    unit = np.eye(size)
    for _ in range(steps):
        inverse = np.linalg.inv(
            loading[:, :, None] * loading[:, None, :] + unique[:, :, None] * unit
        )
        pull = inverse - inverse @ cov @ inverse
        gradient = np.concatenate(
            [2 * (pull @ loading[:, :, None])[:, :, 0], np.diagonal(pull, axis1=1, axis2=2)], axis=1
        )
        wl = (inverse @ loading[:, :, None])[:, :, 0]
        lwl = (loading * wl).sum(1)[:, None, None]
        by_loading = 2 * (inverse * lwl + wl[:, :, None] * wl[:, None, :])
        mixed = 2 * inverse * wl[:, :, None]
        curvature = np.block([[by_loading, mixed.transpose(0, 2, 1)], [mixed, inverse**2]])
        step = np.linalg.solve(curvature, gradient[:, :, None])[:, :, 0]
        loading, unique = loading - step[:, :size], np.maximum(unique - step[:, size:], 1e-3)
    implied = loading[:, :, None] * loading[:, None, :] + unique[:, :, None] * unit
    ratio = np.linalg.solve(implied, cov)
    log_ratio = np.linalg.slogdet(implied)[1] - np.linalg.slogdet(cov)[1]
    found: np.ndarray = np.trace(ratio, axis1=1, axis2=2) + log_ratio - size
    return found
