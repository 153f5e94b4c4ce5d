"""Likelihoods that are sums of positive terms: value and derivatives on the log scale.

A customer who made no purchase for a while is alive and waiting, or gone since some moment.
The likelihood of each model is a sum over these possibilities, log L = log Σ exp(u). Its gradient
is the mean of the gradients of u under the weights exp(u)/L, its Hessian the mean of their Hessians
plus the covariance of the gradients. No term is ever taken out of the logarithm on its own, so
1,000 purchases neither overflow nor underflow.

Shapes: C terms, G kinds of customers, q parameters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from loyaltysem.core.types import Array


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of a likelihood at one point.

    Attributes
    ----------
    log : Array, shape (C, G)
        Logarithms of the terms.
    first : sequence of Array
        For each of q parameters the derivatives of the logarithms, (C, G) or what broadcasts.
    second : mapping
        Second derivatives by the pair of parameters (i ≤ j); a pair left out is zero.
    """

    log: Array
    first: Sequence[Array]
    second: dict[tuple[int, int], Array]


@dataclass(frozen=True, slots=True)
class Local:
    """Log-likelihood of each kind of customer with its derivatives.

    Shapes (G,), (q, G) and (q, q, G).
    """

    value: Array
    first: Array
    second: Array


@dataclass(frozen=True, slots=True)
class Total:
    """Log-likelihood of all customers with gradient (q,), Hessian and Σ score scoreᵀ (q, q)."""

    value: float
    first: Array
    second: Array
    scores: Array


def log_sum(log: Array) -> Array:
    """Return log Σ exp over the first axis of (C, G), -inf where every term is."""
    top = log.max(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        summed: Array = top + np.log(np.exp(log - top).sum(axis=0))
    return np.where(np.isfinite(top), summed, top)


def weights(log: Array) -> Array:
    """Return the shares exp(u)/L of the terms, shape (C, G)."""
    shares: Array = np.exp(log - log_sum(log))
    return shares


def total(terms: Terms, count: Array) -> Total:
    """Return log L of all customers and its derivatives, without those of each kind."""
    value = log_sum(terms.log)
    share = np.exp(terms.log - value)
    weight = share * count
    shape, q = share.shape, len(terms.first)
    slopes = np.empty((q, *shape))
    for i, slope in enumerate(terms.first):
        slopes[i] = slope
    own = np.einsum("icg,cg->ig", slopes, share)
    flat = slopes.reshape(q, -1)
    scores = (own * count) @ own.T
    second = (flat * weight.ravel()) @ flat.T - scores
    across = weight.sum(axis=0, keepdims=True)
    for (i, j), bend in terms.second.items():
        wide = np.ndim(bend) == 2 and len(bend) > 1  # it differs between terms
        onto = weight if wide else across
        part = float(np.vdot(onto, np.broadcast_to(bend, onto.shape)))
        second[i, j] += part
        if i != j:
            second[j, i] += part
    return Total(float(count @ value), own @ count, second, scores)


def combine(terms: Terms) -> Local:
    """Return log L of each kind of customer and its first and second derivatives."""
    q, (_, g) = len(terms.first), terms.log.shape
    share = weights(terms.log)
    first, second = np.empty((q, g)), np.empty((q, q, g))
    weighted = [share * d for d in terms.first]
    for i in range(q):
        first[i] = weighted[i].sum(axis=0)
    for i in range(q):
        for j in range(i, q):
            spread = (weighted[i] * terms.first[j]).sum(axis=0) - first[i] * first[j]
            if (own := terms.second.get((i, j))) is not None:
                spread = spread + (share * own).sum(axis=0)
            second[i, j] = second[j, i] = spread
    return Local(log_sum(terms.log), first, second)
