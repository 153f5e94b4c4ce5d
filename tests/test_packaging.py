"""What is declared is what is used, and what is shipped is enough to run."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import loyaltysem

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
CORE = {
    "numpy",
    "scipy",
    "pandas",
    "matplotlib",
    "pyyaml",
    "jinja2",
    "threadpoolctl",
    "joblib",
    "tqdm",
}
GPL = {"seminr", "pingouin", "factor-analyzer"}
# Packages whose import name is not their own.
DISTRIBUTION = {
    "yaml": "pyyaml",
    "docx": "python-docx",
    "sklearn": "scikit-learn",
    "mpl_toolkits": "matplotlib",
    "ibis": "ibis-framework",
    "markupsafe": "jinja2",  # comes with it: strings that are safe to write into a page
    "factor_analyzer": "factor-analyzer",
}
PIN = re.compile(r'^[a-z0-9-]+==[0-9][0-9a-z.]*( ; python_version < "3\.\d+")?$')


def _names(requirements: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(text).name) for text in requirements}


def _pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pairs = (line.split(" ;")[0].split("==") for line in lines if not line.startswith("#"))
    return dict(pairs)


def test_the_core_is_nine_packages() -> None:
    assert _names(PROJECT["dependencies"]) == CORE


def test_all_is_every_extra_for_users() -> None:
    (everything,) = EXTRAS["all"]
    assert Requirement(everything).extras == set(EXTRAS) - {"spark", "bayes", "docs", "dev", "all"}


def test_copyleft_packages_are_extras() -> None:
    assert not _names(PROJECT["dependencies"]) & GPL


def test_constraints_name_packages_and_versions_only() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not line.startswith("#") and not PIN.match(line)] == []


@pytest.mark.parametrize("extra", [None, *sorted(set(EXTRAS) - {"spark", "bayes", "all"})])
def test_constraints_pin_what_is_required(extra: str | None) -> None:
    pins = _pins()
    required = PROJECT["dependencies"] if extra is None else EXTRAS[extra]
    for requirement in map(Requirement, required):
        assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)])


def test_one_version() -> None:
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"version: {loyaltysem.__version__}" in citation
    assert f"## [{loyaltysem.__version__}]" in changelog


#: Loaded only where the kernel runs, so they may import what the extra `fast` brings at their top.
KERNEL = "loyaltysem/engine/compiled_*.py"


def _third_party(tree: ast.AST, *, lazy: bool) -> Iterator[str]:
    """Names of other packages imported at the top of a module, or anywhere if `lazy`."""
    for node in ast.walk(tree) if lazy else ast.iter_child_nodes(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module or ""]
        for name in {name.split(".")[0] for name in names}:
            if name not in sys.stdlib_module_names and name != "loyaltysem":
                yield canonicalize_name(DISTRIBUTION.get(name, name))


@pytest.mark.parametrize("lazy", [False, True], ids=["at the top", "anywhere"])
def test_only_declared_packages_are_imported(lazy: bool) -> None:
    allowed = set(CORE)
    if lazy:
        allowed = allowed.union(*(_names(EXTRAS[e]) for e in EXTRAS if e not in {"dev", "all"}))
    undeclared = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in (ROOT / "loyaltysem").rglob("*.py")
        for name in _third_party(ast.parse(path.read_text(encoding="utf-8")), lazy=lazy)
        if name not in allowed
        and not (path.relative_to(ROOT).match(KERNEL) and name in _names(EXTRAS["fast"]))
    }
    assert undeclared == set()


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel and the sdist, offline, from the checkout."""
    target = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-t", "sdist", "-d", target],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=120,
    )
    return target


def _sources(*folders: str) -> set[str]:
    """Files under `folders` that are part of the project, not left by a run."""
    return {
        path.relative_to(ROOT).as_posix()
        for folder in folders
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc"
    }


def test_the_wheel_carries_templates_questionnaires_and_data(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    shipped = {f"loyaltysem/shipped/{name}" for name in _sources("questionnaires", "data")}
    assert shipped
    assert (_sources("loyaltysem") | shipped) - names == set()


def test_the_sdist_can_build_and_test_itself(built: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    files = {"README.md", "LICENSE", "CHANGELOG.md", "Makefile", "constraints.txt", ".ci/run"}
    folders = _sources("loyaltysem", "questionnaires", "data", "tests", "docs")
    assert (files | folders) - names == set()


def test_a_wheel_on_its_own_finds_what_it_ships(built: Path, tmp_path: Path) -> None:
    (wheel,) = built.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path / 'site')!r})\n"
        "import loyaltysem as ls\n"
        "from loyaltysem.core.datasets import shipped\n"
        "path = shipped('questionnaires', 'ecsi_mobile.yaml')\n"
        "print(ls.__file__, path, ls.load_questionnaire(path).name, sep='\\n')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    module, path, name = done.stdout.split("\n")[:3]
    assert Path(module).is_relative_to(tmp_path)
    assert Path(path).is_relative_to(tmp_path)
    assert name == "ecsi_mobile"
