"""A solution with its request, its data and what is known about it; nothing to print yet.

What reads a solution (tables, scores, residuals, exports) depends on this, and the result that
users hold adds the verbs that call them.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from loyaltysem.core.errors import Finding
from loyaltysem.core.optimise import Minimum
from loyaltysem.engine.objective import Objective
from loyaltysem.estimation.frames import parameter_frame
from loyaltysem.estimation.infer import Inference
from loyaltysem.estimation.model import BoundModel
from loyaltysem.estimation.plan import Plan
from loyaltysem.estimation.terms import Sample
from loyaltysem.model.parameter_table import ParameterTable
from loyaltysem.model.structure import ModelStructure
from loyaltysem.moments.data import GroupedData


@dataclass(frozen=True, slots=True, repr=False)
class Solved:
    """A model that has met its data and been solved.

    Attributes
    ----------
    model : BoundModel
        Request, parameter table, structure, sample moments and objective; `plan`, `table`,
        `structure`, `sample` and `objective` are read off it.
    data : GroupedData or None
        Complete cases; None when moments were given.
    solution : Minimum
    inference : Inference
    findings : tuple of Finding
        What must be known before the numbers are used.
    """

    model: BoundModel
    data: GroupedData | None
    solution: Minimum
    inference: Inference
    findings: tuple[Finding, ...]

    @property
    def plan(self) -> Plan:
        """The request with every default made concrete."""
        return self.model.plan

    @property
    def table(self) -> ParameterTable:
        """The parameter table."""
        return self.model.table

    @property
    def structure(self) -> ModelStructure:
        """The model as index arrays."""
        return self.model.structure

    @property
    def sample(self) -> Sample:
        """The sample moments that were analysed."""
        return self.model.sample

    @property
    def objective(self) -> Objective:
        """The discrepancy as a function of the free parameters."""
        return self.model.objective

    @property
    def converged(self) -> bool:
        """Whether the search converged."""
        return bool(self.solution.converged[0])

    @property
    def n_obs(self) -> int:
        """Cases analysed."""
        return self.sample.n_total

    @property
    def groups(self) -> tuple[str, ...]:
        """Group labels, in the order of the numbers in `parameters`; empty without groups."""
        return self.table.groups if self.plan.group or self.table.n_groups > 1 else ()

    def parameters(self, standardized: bool = True, *, level: float = 0.95) -> pd.DataFrame:
        """Return the parameter table with estimates.

        Parameters
        ----------
        standardized : bool
            Add the standardised solutions.
        level : float
            Coverage of the confidence intervals.

        Returns
        -------
        DataFrame
            ``lhs op rhs group label free est se z pvalue ci_lower ci_upper std_lv std_all
            std_all_se``. `free` numbers the free parameters from 1; 0 is fixed. Fixed parameters
            have ``se`` 0 and no z. Defined parameters come last, with group 0.
        """
        return parameter_frame(self.table, self.structure, self.inference, standardized, level)
