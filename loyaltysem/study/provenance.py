"""Where a result comes from: versions, hashes, request. No time stamps, no machine paths."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping
from importlib.metadata import version

from loyaltysem._version import __version__

PACKAGES: tuple[str, ...] = ("numpy", "scipy", "pandas")


def sha256_of(content: bytes | str) -> str:
    """Return the SHA-256 of bytes, or of a text's UTF-8 bytes.

    Examples
    --------
    >>> sha256_of("")[:8]
    'e3b0c442'
    """
    raw = content.encode("utf-8") if isinstance(content, str) else content
    return hashlib.sha256(raw).hexdigest()


def software() -> dict[str, str]:
    """Return the versions that the numbers depend on."""
    packages = {name: version(name) for name in PACKAGES}
    return {"loyaltysem": __version__, "python": platform.python_version(), **packages}


def provenance(
    *,
    model_text: str,
    estimator: str,
    n_obs: int,
    n_parameters: int,
    files: Mapping[str, str],
    seed: int | None,
    command: str | None,
) -> dict[str, object]:
    """Return the provenance of one analysis, ready to print.

    Parameters
    ----------
    model_text, estimator : str
        The request.
    n_obs, n_parameters : int
        Cases used, free parameters.
    files : mapping of str to str
        File names and hashes, such as ``data_file`` and ``data_sha256``.
    seed : int or None
        Seed of anything random, None when nothing was.
    command : str or None
        The command line, None when called from Python.
    """
    return {
        **software(),
        **files,
        "model_sha256": sha256_of(model_text),
        "estimator": estimator,
        "n_obs": n_obs,
        "n_parameters": n_parameters,
        "seed": seed,
        "command": command,
    }
