"""Indicators of customer value on the scale of a model, and the way back to currency."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, get_args

import numpy as np

from loyaltysem.core.errors import IncompatibleRequestError, did_you_mean
from loyaltysem.core.text import Text
from loyaltysem.core.types import Array

Transform: TypeAlias = Literal["log1p", "log", "winsor", "none"]
TRANSFORMS: tuple[Transform, ...] = get_args(Transform)
PREFIX: Mapping[str, str] = {"log1p": "log_", "log": "log_", "winsor": "winsor_", "none": ""}


@dataclass(frozen=True, slots=True)
class ValueIndicator:
    """One indicator of customer value: what it measures and how it was transformed.

    Attributes
    ----------
    name : str
        ``amount``, ``frequency``, ``duration`` or ``clv``; also its column in natural units.
    label, unit : Text
    transform : {"log1p", "log", "winsor", "none"}
    lower, upper : float
        Limits it was winsorised at, in natural units; infinite without.
    mean, sd : float
        What was subtracted and divided by after the transformation; 0 and 1 where it was not
        standardised.
    """

    name: str
    label: Text
    unit: Text
    transform: Transform
    lower: float = -np.inf
    upper: float = np.inf
    mean: float = 0.0
    sd: float = 1.0

    @property
    def is_standardised(self) -> bool:
        """Whether it was put to mean 0 and standard deviation 1."""
        return (self.mean, self.sd) != (0.0, 1.0)

    @property
    def column(self) -> str:
        """Its column on the scale of the model, such as ``log_amount``."""
        return ("z_" if self.is_standardised else "") + PREFIX[self.transform] + self.name

    def forward(self, natural: Array) -> Array:
        """Return natural units on the scale of the model."""
        x = np.clip(natural, self.lower, self.upper)
        if self.transform == "log1p":
            x = np.log1p(x)
        elif self.transform == "log":
            x = np.log(x)
        return np.asarray((x - self.mean) / self.sd)

    def back(self, scaled: Array) -> Array:
        """Return the scale of the model in natural units.

        Notes
        -----
        The inverse of `forward`, value by value. The inverse of log1p is never below 0: amounts,
        counts and months are not. What was cut off by winsorising does not come back.
        """
        y = scaled * self.sd + self.mean
        if self.transform == "log1p":
            return np.asarray(np.maximum(np.expm1(y), 0.0))
        return np.asarray(np.exp(y) if self.transform == "log" else y)


@dataclass(frozen=True, slots=True)
class ClvScale:
    """How indicators of customer value return to currency.

    Attributes
    ----------
    indicators : tuple of ValueIndicator
    product : tuple of str
        Names of the indicators whose product is the value, such as ``("amount", "frequency")``.
    factor : float
        What the product is multiplied by: the margin.
    period : Text
        What the value refers to: "in the observed period" or "a year".
    currency : str, optional
        Code of the currency.
    """

    indicators: tuple[ValueIndicator, ...]
    product: tuple[str, ...]
    factor: float
    period: Text
    currency: str | None = None

    def __getitem__(self, name: str) -> ValueIndicator:
        """Return an indicator by its name."""
        found = {i.name: i for i in self.indicators}
        if name not in found:
            raise IncompatibleRequestError(
                f"There is no indicator '{name}' of customer value.",
                code="link.indicator",
                hint=did_you_mean(name, found) or f"Choose from {', '.join(found)}.",
            )
        return found[name]

    def using(self, *names: str) -> ClvScale:
        """Return the scale with the value defined as the product of other indicators."""
        for name in names:
            self[name]
        if not names or len(set(names)) < len(names):
            raise IncompatibleRequestError(
                "The value is the product of one or more different indicators.",
                code="link.product",
                hint="Such as scale.using('amount', 'frequency').",
            )
        return replace(self, product=names)

    @property
    def parts(self) -> tuple[ValueIndicator, ...]:
        """The indicators that are multiplied."""
        return tuple(self[name] for name in self.product)

    def value(self, scaled: Array) -> Array:
        """Return currency per customer.

        Parameters
        ----------
        scaled : Array, shape (..., K)
            The indicators of `parts` on the scale of the model, in that order.
        """
        columns = [part.back(scaled[..., k]) for k, part in enumerate(self.parts)]
        return np.asarray(self.factor * np.prod(np.stack(columns, axis=-1), axis=-1))
