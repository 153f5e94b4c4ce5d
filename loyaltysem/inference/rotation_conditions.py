"""What holds of loadings at the minimum of a rotation criterion, for standard errors."""

from __future__ import annotations

import numpy as np

from loyaltysem.core.types import Array
from loyaltysem.inference.rotation import RotationMethod


def rotation_conditions(
    loadings: Array, phi: Array, method: RotationMethod, kaiser: bool = False
) -> Array:
    """Return what is zero at a minimum, (B, c).

    Parameters
    ----------
    loadings : Array, shape (B, p, k)
    phi : Array, shape (B, k, k)
    method : RotationMethod
        With a criterion.
    kaiser : bool
        Whether rows are scaled to length 1 while rotating.

    Returns
    -------
    Array
        c = k(k − 1) after an oblique rotation, half as many after an orthogonal one.

    Notes
    -----
    With G the derivative of the criterion, ΛᵀGΦ⁻¹ is diagonal after an oblique rotation, ΛᵀG
    symmetric after an orthogonal one (Jennrich 1973; Archer & Jennrich 1973).
    """
    if method.criterion is None:
        raise ValueError("this rotation has no criterion")
    if kaiser:
        communality = np.einsum("bia,bac,bic->bi", loadings, phi, loadings)
        loadings = loadings / np.sqrt(communality)[:, :, None]
    product = np.swapaxes(loadings, 1, 2) @ method.criterion(loadings)[1]
    k = phi.shape[-1]
    if method.orthogonal:
        i, j = np.triu_indices(k, 1)
        return np.asarray((product - np.swapaxes(product, 1, 2))[:, i, j])
    off = ~np.eye(k, dtype=np.bool_)
    return np.asarray((product @ np.linalg.inv(phi))[:, off])
