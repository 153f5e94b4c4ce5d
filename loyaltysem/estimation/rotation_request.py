"""What is asked of the rotation of efa() blocks, with every default made concrete."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from numbers import Real

from loyaltysem.estimation.request_words import choice, words
from loyaltysem.model.group_equality import group_words
from loyaltysem.model.syntax import Relation, parse

#: Rotations of efa() blocks, and those that leave factors uncorrelated.
ROTATIONS = ("geomin", "oblimin", "quartimin", "varimax", "quartimax")
ORTHOGONAL = ("varimax", "quartimax")
#: What ``rotation_args`` may hold, with the default of each.
ROTATION_DEFAULTS: Mapping[str, float] = {"epsilon": 0.001, "gamma": 0.0, "n_starts": 30, "seed": 1}
#: Those that count.
WHOLE = frozenset({"n_starts", "seed"})
#: Equalities of groups that a rotation, done in each group on its own, would undo.
TIED = frozenset({"loadings", "regressions", "means", "lv.variances", "lv.covariances"})


@dataclass(frozen=True, slots=True)
class RotationPlan:
    """How the factors of efa() blocks are rotated.

    Attributes
    ----------
    name : str
        ``geomin``, ``oblimin``, ``quartimin``, ``varimax`` or ``quartimax``.
    epsilon, gamma : float
        Of geomin and of oblimin.
    n_starts, seed : int
        Random starts beside the unrotated solution.
    """

    name: str
    epsilon: float
    gamma: float
    n_starts: int
    seed: int


def rotation_plan(model: str, options: Mapping[str, object]) -> RotationPlan | None:
    """Return the rotation of a model that can have efa() blocks; `options` have no problems."""
    if "efa" not in model:
        return None
    args = {**ROTATION_DEFAULTS, **_numbers(options.get("rotation_args"))}
    return RotationPlan(
        str(options.get("rotation", ROTATIONS[0])),
        args["epsilon"],
        args["gamma"],
        int(args["n_starts"]),
        int(args["seed"]),
    )


def rotation_problems(model: str, options: Mapping[str, object]) -> Iterator[str]:
    """Say what is wrong with ``rotation``, ``rotation_args`` and equalities beside efa() blocks."""
    yield choice("rotation", options.get("rotation", ROTATIONS[0]), ROTATIONS)
    yield from _argument_problems(options.get("rotation_args"))
    tied = TIED & group_words(words(options["group_equal"]))
    if "efa" in model and tied and any(_blocks(model)):
        yield f"group_equal={sorted(tied)} cannot be used with efa() blocks."


def is_orthogonal(options: Mapping[str, object]) -> bool:
    """Tell whether the rotation asked for leaves factors uncorrelated."""
    return options.get("rotation") in ORTHOGONAL


def _argument_problems(args: object) -> Iterator[str]:
    known = ", ".join(ROTATION_DEFAULTS)
    if args is not None and not isinstance(args, Mapping):
        yield f"rotation_args is a dictionary that may hold {known}, not {args!r}."
        return
    for name, value in (args or {}).items():
        if name not in ROTATION_DEFAULTS:
            yield f"rotation_args holds {known}, not {name!r}."
        elif not _is_number(value, whole=name in WHOLE):
            kind = "whole number" if name in WHOLE else "number"
            yield f"rotation_args: {name} is a {kind}, not {value!r}."
    read = {**ROTATION_DEFAULTS, **_numbers(args)}
    if read["epsilon"] <= 0 or read["n_starts"] < 0 or read["seed"] < 0:
        yield "rotation_args: epsilon > 0, n_starts ≥ 0 and seed ≥ 0 are expected."


def _is_number(value: object, *, whole: bool) -> bool:
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
        return False
    return not whole or float(value).is_integer()


def _numbers(args: object) -> dict[str, float]:
    """Return the arguments that can be read, as numbers."""
    if not isinstance(args, Mapping):
        return {}
    named = {str(k): v for k, v in args.items() if k in ROTATION_DEFAULTS}
    return {k: float(v) for k, v in named.items() if _is_number(v, whole=k in WHOLE)}


def _blocks(model: str) -> Iterator[str]:
    relations = (s for s in parse(model) if isinstance(s, Relation))
    return (v.block for s in relations for v in s.lhs)
