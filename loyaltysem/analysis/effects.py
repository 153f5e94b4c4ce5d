"""Direct, indirect and total effects, written as defined parameters.

The engine already evaluates ``:=`` rows with delta-method standard errors (Sobel, 1982). So an
effect needs no arithmetic of its own here: the directed paths between two variables are listed and
handed back as model text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from loyaltysem.core.errors import ModelSpecificationError, did_you_mean


@dataclass(frozen=True, slots=True)
class Path:
    """A structural path ``outcome ~ label*predictor``."""

    outcome: str
    predictor: str
    label: str


def effect_definitions(paths: Sequence[Path], source: str, target: str) -> str:
    """Return ``:=`` lines for every effect of `source` on `target`.

    Parameters
    ----------
    paths : sequence of Path
        The structural part of the model; every path on the way carries a label.
    source, target : str
        Variables at the two ends.

    Returns
    -------
    str
        One line per specific indirect effect (``source_mediator_target := a*b``), then
        ``indirect_source_target`` (when there are several), ``direct_…`` and ``total_…``.

    Raises
    ------
    ModelSpecificationError
        An end is not in the structural part, no path leads from one to the other, a path has no
        label, or the paths form a loop (the effects are then infinite series).

    Notes
    -----
    The total effect in a recursive model is the sum over directed paths of the product of their
    coefficients (Bollen, 1989, ch. 8).

    Examples
    --------
    >>> model = [Path("M", "X", "a"), Path("Y", "M", "b"), Path("Y", "X", "c")]
    >>> print(effect_definitions(model, "X", "Y"))
    X_M_Y := a*b
    direct_X_Y := c
    total_X_Y := c + a*b
    """
    _require_known(paths, source, target)
    routes = sorted(_routes(paths, source, target), key=len)
    if not routes:
        raise ModelSpecificationError(
            f"No directed path leads from '{source}' to '{target}'.",
            code="effects.no_path",
            hint="Check the direction: 'outcome ~ predictor'.",
        )
    products = {_name(route): _product(route) for route in routes}
    direct = [route for route in routes if len(route) == 1]
    lines = [f"{name} := {products[name]}" for name in map(_name, routes[len(direct) :])]
    indirect = [_product(route) for route in routes[len(direct) :]]
    if len(indirect) > 1:
        lines.append(f"indirect_{source}_{target} := {' + '.join(indirect)}")
    if direct and indirect:
        lines.append(f"direct_{source}_{target} := {_product(direct[0])}")
    lines.append(f"total_{source}_{target} := {' + '.join(map(_product, routes))}")
    return "\n".join(lines)


def _routes(paths: Sequence[Path], source: str, target: str) -> Iterator[tuple[Path, ...]]:
    """Every directed route from `source` to `target`; a loop on the way is an error."""
    leaving: dict[str, list[Path]] = {}
    for path in paths:
        leaving.setdefault(path.predictor, []).append(path)
    return _walk(leaving, source, target, (), (source,))


def _walk(
    leaving: Mapping[str, Sequence[Path]],
    here: str,
    target: str,
    route: tuple[Path, ...],
    visited: tuple[str, ...],
) -> Iterator[tuple[Path, ...]]:
    if here == target:
        yield route
        return
    for path in leaving.get(here, ()):
        if path.outcome in visited:
            loop = " → ".join((*visited[visited.index(path.outcome) :], path.outcome))
            raise ModelSpecificationError(
                f"The structural paths form a loop: {loop}.",
                code="effects.loop",
                hint="Effects as sums over paths exist in recursive models only.",
            )
        yield from _walk(leaving, path.outcome, target, (*route, path), (*visited, path.outcome))


def _product(route: Sequence[Path]) -> str:
    for path in route:
        if not path.label:
            raise ModelSpecificationError(
                f"The path '{path.outcome} ~ {path.predictor}' has no label.",
                code="effects.no_label",
                hint=f"Write, for instance, '{path.outcome} ~ b1*{path.predictor}'.",
            )
    return "*".join(path.label for path in route)


def _name(route: Sequence[Path]) -> str:
    return "_".join((route[0].predictor, *(path.outcome for path in route)))


def _require_known(paths: Sequence[Path], *names: str) -> None:
    known = {end for path in paths for end in (path.outcome, path.predictor)}
    for name in names:
        if name not in known:
            raise ModelSpecificationError(
                f"'{name}' is not in the structural part of the model.",
                code="effects.unknown_variable",
                hint=did_you_mean(name, sorted(known)),
            )
