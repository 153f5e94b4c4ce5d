"""From a fitted model to the populations behind its dynamic cut-offs, level by level."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from loyaltysem.analysis.misspecification import (
    Path,
    StandardModel,
    cross_loadings,
    factor_pairs,
    item_pairs,
)
from loyaltysem.core.errors import Finding, IncompatibleRequestError
from loyaltysem.core.text import Text
from loyaltysem.core.types import Array
from loyaltysem.estimation.solved import Solved

KINDS = ("measurement", "structural")


@dataclass(frozen=True, slots=True, eq=False)
class Level:
    """A population the fitted model gets wrong; level 0 is the one it gets right.

    Attributes
    ----------
    number : int
    added : tuple of Path
        What the population has and the model has not, standardised.
    sigma : Array, shape (p, p)
        Its covariance matrix, with the variances the fitted model implies.
    """

    number: int
    added: tuple[Path, ...]
    sigma: Array

    @property
    def magnitude(self) -> float:
        """Size of what this level adds to the one before it; NaN for level 0."""
        return self.added[-1].value if self.added else float("nan")


def standard_model(fit: Solved) -> StandardModel:
    """Read the standardised model off a fit with one group.

    Raises
    ------
    IncompatibleRequestError
        When the fit cannot stand for a population.
    """
    _check(fit)
    std = fit.inference.standardised[0].std_all
    paths = [
        Path(row.lhs, row.op, row.rhs, float(value))
        for row, value in zip(fit.table.rows, std, strict=True)
        if row.op in ("=~", "~") or (row.op == "~~" and row.lhs != row.rhs)
    ]
    kept = tuple(p for p in paths if p.op != "~~" or p.value != 0.0)
    found = StandardModel(fit.table.observed, fit.table.latent, kept)
    if not all(np.isfinite(p.value) for p in kept) or found.correlation() is None:
        raise IncompatibleRequestError(
            "The solution is improper: no population has these estimates.",
            code="cutoffs.improper",
            hint="A residual variance is negative or a correlation exceeds 1; see fit.findings.",
        )
    return found


def _check(fit: Solved) -> None:
    """Refuse what dynamic cut-offs are not defined for, all reasons at once."""
    degrees = fit.inference.fitted.test.df
    reasons = [
        "it did not converge" if not fit.converged else "",
        "its items are ordered categories" if fit.plan.ordered else "",
        "it has several groups" if fit.table.n_groups > 1 else "",
        "it has auxiliary variables" if fit.plan.auxiliary else "",
        "it has no degrees of freedom" if degrees <= 0 else "",
        "it has no latent variables" if not fit.table.latent else "",
    ]
    if any(reasons):
        raise IncompatibleRequestError(
            f"There are no dynamic cut-offs for this fit: {'; '.join(r for r in reasons if r)}.",
            code="cutoffs.request",
            hint="They are for continuous items of one group and a measurement model with degrees "
            "of freedom. Fit groups one by one.",
        )


def misspecified_levels(fit: Solved, kind: str) -> tuple[Level, ...]:
    """Return the correct population and every misspecified one.

    Parameters
    ----------
    fit : Solved
    kind : {"measurement", "structural"}

    Returns
    -------
    tuple of Level
        Level 0 first.

    Raises
    ------
    IncompatibleRequestError
        When nothing can be added, or the solution is improper.
    """
    if kind not in KINDS:
        raise IncompatibleRequestError(
            f"misspecification={kind!r} is not known.",
            code="request.option",
            hint=f"Choose from {', '.join(map(repr, KINDS))}.",
        )
    model = standard_model(fit)
    levels = [
        Level(k, added, sigma)
        for k, added in enumerate(((), *_additions(model, kind)))
        if (sigma := _covariance(fit, model.with_paths(added))) is not None
    ]
    if len(levels) < 2:
        raise _nothing_to_add(model, kind)
    return tuple(levels)


def _additions(model: StandardModel, kind: str) -> list[tuple[Path, ...]]:
    """Return what each level adds to the model, cumulated."""
    if kind == "measurement" and len(model.factors) > 1:
        found = cross_loadings(model)
        return [found[:k] for k in range(1, len(found) + 1)]
    pairs, counts = item_pairs(model) if kind == "measurement" else factor_pairs(model)
    return [pairs[:k] for k in counts]


def _covariance(fit: Solved, model: StandardModel) -> Array | None:
    """Return Σ of the observed variables, in their own units; None where there is none."""
    correlation = model.correlation()
    if correlation is None:
        return None
    p = len(model.observed)
    implied = fit.inference.implied[0].moments.sigma[0]
    sd = np.sqrt(np.diagonal(implied))
    return np.asarray(correlation[:p, :p] * np.outer(sd, sd))


def _nothing_to_add(model: StandardModel, kind: str) -> IncompatibleRequestError:
    if kind == "structural":
        hint = (
            "Structural cut-offs need a second-order factor over four or more first-order factors: "
            "with three it says nothing that the factors' correlations could contradict."
        )
    elif len(model.factors) > 1:
        hint = "Every item already loads on two factors or has a correlated residual."
    else:
        hint = "One factor needs four items or more without correlated residuals."
    return IncompatibleRequestError(
        "No misspecification can be added to this model.",
        code="cutoffs.no_level",
        hint=hint,
    )


def level_findings(fit: Solved, levels: tuple[Level, ...], kind: str) -> list[Finding]:
    """Say what a reader of the cut-offs must know about how they were made."""
    found = []
    complete_ml = fit.plan.row.maximum_likelihood and fit.plan.missing == "listwise"
    if not complete_ml or fit.plan.test != "standard":
        found.append(
            Finding(
                "cutoffs.simulated_by_ml",
                Text(
                    "The cut-offs come from ML of complete normal data, the fit does not.",
                    "临界值由完整正态数据的极大似然估计模拟得到，与本次拟合的方法不同。",
                ),
                Text(
                    "Compare them with the plain indices, not the scaled or robust ones.",
                    "请与未校正的拟合指数比较，而不是与校正后的指数比较。",
                ),
                "note",
            )
        )
    expected = len(standard_model(fit).factors) - 1
    if kind == "measurement" and 0 < len(levels) - 1 < expected:
        found.append(
            Finding(
                "cutoffs.fewer_levels",
                Text(
                    f"Only {len(levels) - 1} of {expected} levels: some factors have no item that "
                    "could load on another.",
                    f"仅有 {len(levels) - 1} 个水平（应有 {expected} 个）："
                    "部分因子没有可设置交叉载荷的题项。",
                ),
                severity="note",
            )
        )
    return found
