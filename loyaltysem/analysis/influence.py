"""How much single cases decide: the fit without each of them, and with a little more of each."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence

import numpy as np
import pandas as pd

from loyaltysem.analysis.case_weights import CaseWeights, case_weights
from loyaltysem.analysis.influence_table import EXACT, ONE_STEP, Influence, estimates_of
from loyaltysem.analysis.left_out import FITTED, LeaveOut, Refits, chisq_of, distinct, keys
from loyaltysem.core.errors import Finding, IncompatibleRequestError
from loyaltysem.core.parallel import in_parallel
from loyaltysem.core.text import Text
from loyaltysem.core.types import Array
from loyaltysem.estimation.result import SEMResult
from loyaltysem.inference.casewise import cook_distance

#: Cases left out in one batch.
BATCH = 50
#: Numbers that are worked on at a time where refits are approximated.
WORKSPACE = 10_000_000
MEASURES = ("cfi", "rmsea")


def influence(
    fit: SEMResult,
    *,
    ids: Sequence[Hashable] | pd.Series | pd.Index | None = None,
    measures: Sequence[str] = MEASURES,
    approximate: bool = False,
    n_jobs: int | None = None,
) -> Influence:
    """Find the cases a result hangs on.

    Parameters
    ----------
    fit : SEMResult
        Fitted to cases.
    ids : sequence, optional
        Labels of the rows of the data the model was fitted to, such as a column of customer
        numbers; by default their positions from 0.
    measures : sequence of str
        Fit measures whose change is told; an empty one saves time where there are robust tests.
    approximate : bool
        Approximate each refit by one Newton step from the casewise scores: for very many cases.
        Needs a likelihood (ML, MLR and their relatives, FIML).
    n_jobs : int, optional
        Workers, as for joblib.

    Returns
    -------
    Influence

    Raises
    ------
    IncompatibleRequestError
        When the fit holds no cases, `ids` has another length, a measure is not known, or there are
        no scores to approximate from.

    Notes
    -----
    With θ̂₍ᵢ₎ the estimates without case i (Pek & MacCallum 2011):

    - likelihood distance ``2 [log L(θ̂) − log L(θ̂₍ᵢ₎)]``, both on all cases (Cook 1986); for least
      squares the same difference of χ²;
    - generalised Cook's distance ``(θ̂ − θ̂₍ᵢ₎)ᵀ V(θ̂₍ᵢ₎)⁻¹ (θ̂ − θ̂₍ᵢ₎)``;
    - the part of a case in χ², ``2 [log L_i(saturated) − log L_i(θ̂)]`` (Sterba & Pek 2012).

    There are no cut-offs: look for cases that stand apart from the rest, look into them, and
    report the result with and without. An influential case is no reason to delete it.

    Examples
    --------
    >>> import loyaltysem as ls
    >>> rng = np.random.default_rng(1)
    >>> x = rng.normal(size=60)
    >>> data = pd.DataFrame({"x": x, "y": 0.3 * x + rng.normal(size=60)})
    >>> data.loc[7] = [4.0, -6.0]
    >>> found = influence(ls.sem("y ~ x", data))
    >>> found.top(1).index.tolist()
    [7]
    """
    labels = _labels(fit, ids)
    names = _measures(fit, measures if not approximate else ())
    weights = case_weights(fit)
    if approximate and weights is None:
        raise IncompatibleRequestError(
            f"There are no casewise scores of {fit.plan.estimator} to approximate from.",
            code="request.scores",
            hint="Leave approximate= out: the model is then refitted without each case.",
        )
    if approximate:
        assert weights is not None
        refits = _approximated(fit, weights)
    else:
        refits = _refitted(fit, names, n_jobs)
    return _influence(fit, refits, weights, labels, names, ONE_STEP if approximate else EXACT)


def _labels(fit: SEMResult, ids: Sequence[Hashable] | pd.Series | pd.Index | None) -> pd.Index:
    """Return the label of every analysed case, groups one after the other."""
    if fit.data is None:
        raise IncompatibleRequestError(
            "The model was fitted to moments; the influence of cases needs the cases.",
            code="request.cases",
            hint="Fit the model with data=.",
        )
    rows = np.concatenate(fit.data.rows)
    if ids is None:
        return pd.Index(rows, name="case")
    if len(ids) != fit.data.n_total:
        raise IncompatibleRequestError(
            f"ids holds {len(ids)} labels, but the data have {fit.data.n_total} rows.",
            code="request.ids",
            hint="Give one label for each row of the data, those left out included.",
        )
    return pd.Index(pd.Series(list(ids)).iloc[rows], name="case")


def _measures(fit: SEMResult, measures: Sequence[str]) -> tuple[str, ...]:
    names = (measures,) if isinstance(measures, str) else tuple(measures)
    fit.fit_measures(*names)  # raises where one is not known
    return names


# Refits


def _refitted(fit: SEMResult, names: tuple[str, ...], n_jobs: int | None) -> Refits:
    """Refit without each case; equal cases share one refit."""
    kinds = distinct(fit)
    work = list(keys(fit, BATCH))
    done = list(in_parallel(LeaveOut(fit, names), work, "leaving out cases", n_jobs))
    parts = []
    for group, (_, kind) in enumerate(kinds):
        mine = [part for (g, _), part in zip(work, done, strict=True) if g == group]
        parts.append(Refits.joined(mine).take(kind))
    return Refits.joined(parts)


def _approximated(fit: SEMResult, weights: CaseWeights) -> Refits:
    """Approximate each refit by one step: ``θ̂ − θ̂₍ᵢ₎ = I⁻¹ s_i / (N − 1)``."""
    n, k = weights.derivatives.shape
    estimates, errors = estimates_of(fit)
    found = Refits.empty(n, k, 0)
    found.status[:] = FITTED
    found.admissible[:] = True
    found.estimates[:] = estimates - weights.derivatives * n / (n - 1)
    found.errors[:] = errors
    q = fit.structure.n_free
    alpha, basis = fit.solution.alpha[0], fit.inference.fitted.basis
    found.cook[:] = cook_distance(alpha - found.estimates[:, :q], fit.inference.vcov, basis)
    size = max(1, WORKSPACE // (n * len(fit.table.observed)))
    for start in range(0, n, size):
        moved = found.estimates[start : start + size, :q]
        reached = fit.objective.take(np.zeros(len(moved), dtype=np.intp)).value(moved)
        found.distance[start : start + size] = fit.sample.weight * (reached - fit.solution.value[0])
    found.chisq[:] = chisq_of(fit.inference) - weights.chisq_part
    return found


# Tables


def _influence(
    fit: SEMResult,
    refits: Refits,
    weights: CaseWeights | None,
    labels: pd.Index,
    measures: tuple[str, ...],
    method: str,
) -> Influence:
    columns = [*fit.params.index, *(d.name for d in fit.table.defined)]

    def table(values: Array) -> pd.DataFrame:
        return pd.DataFrame(values, index=labels, columns=columns)

    estimates, errors = estimates_of(fit)
    with np.errstate(divide="ignore", invalid="ignore"):
        changes = table((estimates - refits.estimates) / refits.errors)
        pull = None if weights is None else table(weights.derivatives / errors)
    return Influence(
        cases=_cases(fit, refits, weights, changes, measures),
        changes=changes,
        estimates=table(refits.estimates),
        errors=table(refits.errors),
        weights=pull,
        method=method,
        findings=tuple(_findings(refits, labels, method)),
        fit=fit,
    )


def _cases(
    fit: SEMResult,
    refits: Refits,
    weights: CaseWeights | None,
    changes: pd.DataFrame,
    measures: tuple[str, ...],
) -> pd.DataFrame:
    assert fit.data is not None
    largest, size = _largest(changes)
    columns: dict[str, object] = {"position": np.concatenate(fit.data.rows)}
    if fit.groups:
        columns["group"] = np.repeat(fit.groups, [len(r) for r in fit.data.rows])
    columns |= {
        "status": refits.status,
        "chisq_change": chisq_of(fit.inference) - refits.chisq,
        "distance": refits.distance,
        "cook": refits.cook,
        "largest": largest,
        "largest_change": size,
        "admissible": refits.admissible,
    }
    for j, name in enumerate(measures):
        columns[f"{name}_change"] = fit.fit_measures(name).iloc[0] - refits.measures[:, j]
    if weights is not None:
        columns |= {"loglik": weights.loglik, "chisq_part": weights.chisq_part}
    return pd.DataFrame(columns, index=changes.index)


def _largest(changes: pd.DataFrame) -> tuple[list[str], Array]:
    """Return, for each case, the parameter that moves most, and how far."""
    change = changes.to_numpy()
    at = np.where(np.isfinite(change), np.abs(change), -1.0).argmax(axis=1)
    values = change[np.arange(len(at)), at]
    names = np.where(np.isfinite(values), np.asarray(changes.columns)[at], "")
    return names.tolist(), values


def _findings(refits: Refits, labels: pd.Index, method: str) -> Iterator[Finding]:
    failed = labels[refits.status != FITTED]
    if len(failed):
        listed = ", ".join(map(str, failed[:10]))
        yield Finding(
            "influence.no_refit",
            Text(
                f"Without {len(failed)} of the cases, one at a time, the model could not be "
                f"fitted: {listed}{', …' if len(failed) > 10 else ''}.",
                f"逐一剔除个案时，有 {len(failed)} 个个案剔除后模型无法估计：{listed}"
                f"{'……' if len(failed) > 10 else ''}。",
            ),
            Text(
                "The result exists only thanks to these cases; look at them first.",
                "结果依赖于这些个案，请首先检查它们。",
            ),
        )
    if method == ONE_STEP:
        yield Finding(
            "influence.approximate",
            Text(
                "Changes are one-step approximations; the most influential cases move estimates "
                "further than they say.",
                "变化量为一步近似值；影响最大的个案，其实际影响通常更大。",
            ),
            Text("Refit without the cases that stand out.", "请对突出的个案逐一剔除后重新估计。"),
            "note",
        )
