"""Equality across groups: which rows of later groups share the label of the first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from loyaltysem.core.errors import ModelSpecificationError, did_you_mean
from loyaltysem.model.parameters import NAN, Defaults, Parameter
from loyaltysem.model.variables import Roles

Rule = Callable[[Parameter, Roles], bool]


def _latent(row: Parameter, role: Roles) -> bool:
    return row.lhs in role.latent


#: What each word of ``group_equal`` makes equal; the words are lavaan's.
RULES: Mapping[str, Rule] = {
    "loadings": lambda r, _: r.op == "=~",
    "intercepts": lambda r, v: r.op == "~1" and not _latent(r, v),
    "means": lambda r, v: r.op == "~1" and _latent(r, v),
    "regressions": lambda r, _: r.op == "~",
    "residuals": lambda r, v: r.is_variance and not _latent(r, v),
    "residual.covariances": lambda r, v: r.op == "~~" and r.lhs != r.rhs and not _latent(r, v),
    "lv.variances": lambda r, v: r.is_variance and _latent(r, v),
    "lv.covariances": lambda r, v: r.op == "~~" and r.lhs != r.rhs and _latent(r, v),
}


def group_words(words: Sequence[str]) -> frozenset[str]:
    """Check the words of ``group_equal``; ``_`` may stand for ``.``."""
    found = [w.replace("_", ".") for w in words]
    for word in found:
        if word not in RULES:
            raise ModelSpecificationError(
                f"group_equal does not know '{word}'.",
                code="spec.group_equal",
                hint=did_you_mean(word, RULES) or f"Available: {', '.join(RULES)}.",
            )
    return frozenset(found)


def equate_groups(rows: Sequence[Parameter], role: Roles, defaults: Defaults) -> list[Parameter]:
    """Label rows that are equal across groups, and free what this identifies.

    With equal intercepts the latent means of later groups are free; with equal loadings and
    ``std_lv`` their latent variances are.
    """
    partial = _partial_keys(rows, defaults.group_partial)
    first = {r.key: r for r in rows if r.group == 1}
    shared: dict[tuple[str, str, str], str] = {}
    for number, row in enumerate(first.values(), start=1):
        wanted = any(RULES[word](row, role) for word in defaults.group_equal)
        if wanted and row.free and row.key not in partial:
            shared[row.key] = row.label or f".p{number}."
    released = [_release(r, role, defaults) for r in rows]
    return [replace(r, label=shared[r.key]) if r.key in shared and r.free else r for r in released]


def _release(row: Parameter, role: Roles, d: Defaults) -> Parameter:
    if row.group == 1 or row.user or row.lhs not in role.latent:
        return row
    mean = row.op == "~1" and "intercepts" in d.group_equal and "means" not in d.group_equal
    scale = row.is_variance and d.std_lv and "loadings" in d.group_equal
    if "lv.variances" in d.group_equal:
        scale = False
    return replace(row, free=True, value=NAN) if mean or scale else row


def _partial_keys(rows: Sequence[Parameter], partial: Sequence[str]) -> set[tuple[str, str, str]]:
    """Find the parameters that ``group_partial`` names, such as ``"visual=~x2"`` or ``"x3~1"``."""
    names = {r.name: r.key for r in rows} | {
        f"{r.rhs}~~{r.lhs}": r.key for r in rows if r.op == "~~"
    }
    labels = {r.label: r.key for r in rows if r.label}
    keys = set()
    for text in partial:
        plain = "".join(text.split())
        found = names.get(plain) or labels.get(plain)
        if found is None:
            raise ModelSpecificationError(
                f"group_partial names '{text}', which is no parameter of this model.",
                code="spec.group_partial",
                hint=did_you_mean(plain, names)
                or "Write it as in the model:  visual=~x2  or  x3~1.",
            )
        keys.add(found)
    return keys
