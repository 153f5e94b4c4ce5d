"""From a shift of the indicators to a change of the mean value, for one or many shifts."""

from __future__ import annotations

import numpy as np

from loyaltysem.clv.link.scale import ClvScale
from loyaltysem.clv.what_if.people import People
from loyaltysem.core.types import Array

#: Step of the central differences on the scale of the indicators.
STEP = 1e-5


def raised_values(people: People, scale: ClvScale, shift: Array) -> Array:
    """Return everybody's value after a shift, shape (B, N), NaN where an indicator is missing.

    Parameters
    ----------
    people : People
    scale : ClvScale
    shift : Array, shape (B, G, K)
        Of each group's indicators.
    """
    return scale.value(people.scaled[None] + shift[:, people.group, :])


def segment_means(values: Array, people: People, counts: Array | None = None) -> Array:
    """Return weighted means of every segment.

    Parameters
    ----------
    values : Array, shape (B, N)
    people : People
    counts : Array, shape (B, N), optional
        How often each respondent is in each sample; once unless given.

    Returns
    -------
    Array, shape (B, S)
    """
    w = people.weights if counts is None else people.weights * counts
    known = np.where(people.weights > 0, values, 0.0)
    masks = np.stack([mask for _, mask in people.segments], axis=1).astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((known * w) @ masks / (np.broadcast_to(w, values.shape) @ masks))


def mean_change(people: People, scale: ClvScale, shift: Array) -> Array:
    """Return the change of every segment's mean value, shape (B, S)."""
    now = scale.value(people.scaled)[None]
    return segment_means(raised_values(people, scale, shift) - now, people)


def change_variance(people: People, scale: ClvScale, shift: Array, shift_cov: Array) -> Array:
    """Return the variance of `mean_change` at one shift, shape (S,).

    Parameters
    ----------
    people, scale
    shift : Array, shape (G, K)
    shift_cov : Array, shape (G·K, G·K)
        Of the shifts.

    Notes
    -----
    Delta method for the shifts, plus the variance of the mean over respondents at a given shift,
    Σw²(Δ − Δ̄)² / (Σw)². The two are taken as uncorrelated.
    """
    moved = shift.reshape(-1)
    steps = STEP * np.eye(len(moved))
    points = np.concatenate([moved + steps, moved - steps]).reshape(-1, *shift.shape)
    found = mean_change(people, scale, points)
    gradient = (found[: len(moved)] - found[len(moved) :]) / (2.0 * STEP)
    of_effect = np.einsum("is,ij,js->s", gradient, shift_cov, gradient)
    return np.asarray(of_effect + _variance_of_means(people, scale, shift))


def _variance_of_means(people: People, scale: ClvScale, shift: Array) -> Array:
    now = scale.value(people.scaled)
    change = raised_values(people, scale, shift[None])[0] - now
    out = []
    for _, mask in people.segments:
        w, x = people.weights[mask], np.where(people.weights > 0, change, 0.0)[mask]
        mean = w @ x / w.sum() if w.sum() > 0 else np.nan
        out.append(float((w**2) @ (x - mean) ** 2 / w.sum() ** 2) if w.sum() > 0 else np.nan)
    return np.array(out)
