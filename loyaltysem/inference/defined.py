"""Defined parameters: values and gradients of the formulas written with ``:=``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from loyaltysem.core.types import Array
from loyaltysem.model.expression import evaluate
from loyaltysem.model.parameters import DefinedParameter


def defined(
    definitions: Sequence[DefinedParameter],
    labels: Mapping[str, int],
    value: Array,
    jacobian: Array,
) -> tuple[Array, Array]:
    """Evaluate defined parameters in the order they were written.

    Parameters
    ----------
    definitions : sequence of DefinedParameter
        d of them.
    labels : mapping of str to int
        Table row that carries each label.
    value : Array, shape (B, t)
        Table rows, plain or standardised.
    jacobian : Array, shape (B, t, q)

    Returns
    -------
    value : Array, shape (B, d)
    jacobian : Array, shape (B, d, q)
    """
    batch, _, q = jacobian.shape
    known: dict[str, tuple[Array, Array]] = {"": (np.zeros(batch), np.zeros((batch, q)))}
    known |= {label: (value[:, row], jacobian[:, row]) for label, row in labels.items()}
    for definition in definitions:
        known[definition.name] = evaluate(definition.expression, known)
    if not definitions:
        return np.zeros((batch, 0)), np.zeros((batch, 0, q))
    found = [known[d.name] for d in definitions]
    values = np.stack([v for v, _ in found], axis=1)
    gradients = np.stack([g for _, g in found], axis=1)
    return values, np.where(np.isfinite(values)[:, :, None], gradients, np.nan)
