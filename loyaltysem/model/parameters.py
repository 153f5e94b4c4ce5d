"""The rows of a parameter table, and what each function of the interface adds to the text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from loyaltysem.core.errors import Span
from loyaltysem.model.expression import Expression

NAN = float("nan")
#: Marks a parameter that the user freed with ``NA*``; becomes NaN once markers are set.
FREED = float("inf")


@dataclass(frozen=True, slots=True)
class Defaults:
    """What is added to the model text; each function of the public interface has its own row.

    `orthogonal_blocks` keeps the factors of an efa() block uncorrelated.
    `thresholds` lists the ordered variables with their numbers of thresholds, and
    `parameterization` says how the scale of their latent responses is set.
    """

    free_variances: bool = True
    covary_exogenous_latents: bool = True
    covary_outcomes: bool = True
    fix_marker: bool = True
    fix_single_indicator: bool = True
    free_observed_intercepts: bool = True
    free_latent_means: bool = False
    std_lv: bool = False
    orthogonal: bool = False
    meanstructure: bool = False
    fixed_x: bool = True
    group_equal: frozenset[str] = field(default_factory=frozenset)
    group_partial: tuple[str, ...] = ()
    thresholds: tuple[tuple[str, int], ...] = ()
    parameterization: str = "delta"
    orthogonal_blocks: bool = False

    @property
    def ordered(self) -> dict[str, int]:
        """Number of thresholds of each ordered variable."""
        return dict(self.thresholds)

    @property
    def theta(self) -> bool:
        """Whether residual variances of latent responses are parameters, not their scales."""
        return self.parameterization == "theta"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One row of the parameter table.

    Attributes
    ----------
    lhs, op, rhs
        As written; an intercept is ``(lhs, "~1", "")``.
    group : int
        Counted from 1.
    free : bool
        Estimated from the data.
    value : float
        The fixed value; NaN for a free parameter and for a moment of fixed x.
    start : float
        The user's starting value, or NaN.
    label : str
        Parameters with one label are one parameter.
    user : bool
        Written by the user, not implied.
    exogenous : bool
        A moment of fixed x: held at its sample value.
    marker : bool
        A first loading that was fixed to set the scale of its factor.
    lower, upper : float
        Bounds; infinite where there are none.
    """

    lhs: str
    op: str
    rhs: str
    group: int = 1
    free: bool = True
    value: float = NAN
    start: float = NAN
    label: str = ""
    user: bool = False
    exogenous: bool = False
    marker: bool = False
    lower: float = float("-inf")
    upper: float = float("inf")
    span: Span | None = None

    @property
    def name(self) -> str:
        """The parameter as one writes it: ``"visual=~x2"``."""
        return f"{self.lhs}{self.op}{self.rhs}"

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes two rows of one group the same parameter: covariances have no order."""
        first, second = sorted((self.lhs, self.rhs)) if self.op == "~~" else (self.lhs, self.rhs)
        return self.op, first, second

    @property
    def is_variance(self) -> bool:
        """Whether this is the (residual) variance of one variable."""
        return self.op == "~~" and self.lhs == self.rhs


@dataclass(frozen=True, slots=True)
class DefinedParameter:
    """A ``:=`` row: a function of other parameters."""

    name: str
    expression: Expression
    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Restriction:
    """A formula that must be zero (``==``) or not negative (``>``)."""

    operator: str
    expression: Expression
    text: str
    span: Span


def number_free(rows: Iterable[Parameter]) -> list[int]:
    """Return the number of the free parameter behind each row, from 0; -1 where it is fixed.

    Free rows with one label share one number.
    """
    numbers: dict[str, int] = {}
    index: list[int] = []
    count = 0
    for row in rows:
        if not row.free:
            index.append(-1)
        elif row.label and row.label in numbers:
            index.append(numbers[row.label])
        else:
            index.append(count)
            if row.label:
                numbers[row.label] = count
            count += 1
    return index
