"""Weights that turn standardised items into factor scores."""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np

from loyaltysem.analysis.exploration.eigen import smoothed
from loyaltysem.core.types import Array

ScoreMethod: TypeAlias = Literal["regression", "bartlett", "tenberge"]
SCORE_METHODS: tuple[str, ...] = ("regression", "bartlett", "tenberge")


def score_weights(r: Array, loadings: Array, phi: Array, method: ScoreMethod) -> Array:
    """Return the weights of a method, shape (p, k).

    Parameters
    ----------
    r : Array, shape (p, p)
        Correlations of the items.
    loadings : Array, shape (p, k)
        Λ.
    phi : Array, shape (k, k)
        Φ.
    method : {"regression", "bartlett", "tenberge"}
        ``R⁻¹ΛΦ`` (Thurstone), ``Ψ⁻¹Λ(ΛᵀΨ⁻¹Λ)⁻¹`` (Bartlett 1937), or scores correlated as Φ says
        (ten Berge, Krijnen, Wansbeek & Shapiro 1999).

    Notes
    -----
    ``psych::factor.scores``; R is the observed matrix, smoothed where it is not positive definite.
    """
    if method == "bartlett":
        psi = 1.0 - np.einsum("ia,ab,ib->i", loadings, phi, loadings)
        scaled = loadings / np.maximum(psi, 1e-8)[:, None]
        return np.asarray(scaled @ np.linalg.inv(loadings.T @ scaled))
    observed = smoothed(r)
    if method == "regression":
        return np.asarray(np.linalg.solve(observed, loadings @ phi))
    half = _power(phi, 0.5)
    root = _power(observed, -0.5)
    turned = loadings @ half
    middle = turned.T @ np.linalg.solve(observed, turned)
    return np.asarray(root @ root @ turned @ _power(middle, -0.5) @ half)


def determinacy(r: Array, loadings: Array, phi: Array) -> Array:
    """Return R² of the factors on the items, diag of ``ΦΛᵀR⁻¹ΛΦ``, (k,)."""
    structure = loadings @ phi
    return np.asarray((structure * np.linalg.solve(smoothed(r), structure)).sum(axis=0))


def _power(matrix: Array, exponent: float) -> Array:
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.maximum(values, 1e-12) ** exponent) @ vectors.T)
