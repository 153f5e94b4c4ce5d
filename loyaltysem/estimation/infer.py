"""From a solution to everything that is reported about it, still as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from loyaltysem.core.memo import remembered
from loyaltysem.core.threads import one_thread
from loyaltysem.core.types import Array
from loyaltysem.engine.implied import Implied
from loyaltysem.estimation.baseline import baseline_tests
from loyaltysem.estimation.corrections import STANDARD_ERRORS, TESTS
from loyaltysem.estimation.fitted import Fitted
from loyaltysem.estimation.measures import measures
from loyaltysem.inference.defined import defined
from loyaltysem.inference.standardised import delta_method, standardised
from loyaltysem.model.standardisation import standardisation_plan


@dataclass(frozen=True, slots=True)
class Estimates:
    """Values with standard errors, each (n,)."""

    value: Array
    se: Array


@dataclass(frozen=True, slots=True)
class Standardised:
    """Values where latent variables (`std_lv`) or all (`std_all`) have variance 1, each (n,)."""

    std_lv: Array
    std_all: Array
    std_all_se: Array


@dataclass(frozen=True, slots=True)
class Inference:
    """What is known about a solution; what not everybody asks for is computed when asked for.

    Attributes
    ----------
    fitted : Fitted
    vcov : Array, shape (q, q)
        NaN where the information matrix is singular.
    se_ok : bool
        Whether the information matrix could be inverted.
    """

    fitted: Fitted
    vcov: Array
    se_ok: bool
    memo: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def implied(self) -> tuple[Implied, ...]:
        """What the model implies, one a group, batch axis of one."""
        return self.fitted.implied

    @remembered
    def rows(self) -> Estimates:
        """The t table rows; the standard error of a row that is not free is 0."""
        free = self.fitted.model.structure.free
        with np.errstate(invalid="ignore"):
            se = np.sqrt(np.maximum(np.diagonal(self.vcov), 0.0))  # NaN stays NaN
        return Estimates(
            self.fitted.point.theta[0], np.where(free >= 0, np.append(se, 0.0)[free], 0.0)
        )

    @remembered
    def defined(self) -> Estimates:
        """The defined parameters."""
        model = self.fitted.model
        if not model.table.defined:
            return Estimates(np.zeros(0), np.zeros(0))
        value, jacobian = self._formulas(
            self.fitted.point.theta, model.objective.map.derivative()[None]
        )
        return Estimates(value[0], delta_method(jacobian, self.vcov[None])[0])

    @remembered
    @one_thread()
    def standardised(self) -> tuple[Standardised, Standardised]:
        """Standardised table rows and defined parameters."""
        model, alpha = self.fitted.model, self.fitted.alpha
        lv, std = (
            standardised(
                model.objective,
                alpha,
                standardisation_plan(model.table, model.structure, latent_only=latent_only),
            )
            for latent_only in (True, False)
        )
        return self._both(lv, std), self._both(self._formulas(*lv), self._formulas(*std))

    def _both(self, lv: tuple[Array, Array], std: tuple[Array, Array]) -> Standardised:
        return Standardised(lv[0][0], std[0][0], delta_method(std[1], self.vcov[None])[0])

    def _formulas(self, value: Array, jacobian: Array) -> tuple[Array, Array]:
        table = self.fitted.model.table
        return defined(table.defined, table.label_rows(), value, jacobian)

    @remembered
    @one_thread()
    def measures(self) -> Mapping[str, float]:
        """Fit indices."""
        tests = TESTS[self.fitted.model.plan.test](self.fitted)
        return measures(self.fitted, tests, baseline_tests(self.fitted.model))


def infer(fitted: Fitted) -> Inference:
    """Compute standard errors, and see to the rest."""
    vcov, ok = STANDARD_ERRORS[fitted.model.plan.se](fitted)
    return Inference(fitted, vcov, ok)
