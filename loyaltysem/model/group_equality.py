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


def _explained(row: Parameter, role: Roles) -> bool:
    """Tell whether a row is about an observed variable that is no covariate."""
    return row.lhs not in role.latent and row.lhs not in role.exogenous_observed


#: What each word of ``group_equal`` makes equal; the words are lavaan's.
RULES: Mapping[str, Rule] = {
    "loadings": lambda r, _: r.op == "=~",
    "thresholds": lambda r, _: r.op == "|",
    "intercepts": lambda r, v: r.op == "~1" and _explained(r, v),
    "means": lambda r, v: r.op == "~1" and _latent(r, v),
    "regressions": lambda r, _: r.op == "~",
    "residuals": lambda r, v: r.is_variance and _explained(r, v),
    "residual.covariances": lambda r, v: r.op == "~~" and r.lhs != r.rhs and _explained(r, v),
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


def equate_groups(
    rows: Sequence[Parameter], role: Roles, defaults: Defaults
) -> tuple[list[Parameter], list[tuple[str, str]]]:
    """Label rows that are equal across groups, and free what this identifies.

    With equal intercepts the latent means of later groups are free; with equal loadings and
    ``std_lv`` their latent variances are; with equal thresholds their intercepts are, and for
    variables of three or more categories their scales (Wu & Estabrook 2016). A parameter that is
    fixed in one of the groups among which it is equal is fixed in all.

    Returns
    -------
    rows : list of Parameter
    equal_labels : list of (str, str)
        Labels the user gave to rows that are equal: each pair names one parameter.
    """
    partial = _partial_keys(rows, defaults.group_partial)
    released = [_release(r, role, defaults) for r in rows]
    equal = {
        r.key
        for r in rows
        if r.key not in partial
        and not r.exogenous
        and any(RULES[word](r, role) for word in defaults.group_equal)
    }
    fixed = {r.key: r.value for r in reversed(released) if r.key in equal and not r.free}
    labels: dict[tuple[str, str, str], str] = {}
    for number, row in enumerate(released, start=1):
        if row.key in equal and row.key not in fixed:
            labels.setdefault(row.key, row.label or f".p{number}.")
    pairs = {
        (labels[r.key], r.label): None
        for r in released
        if r.free and r.label and labels.get(r.key, r.label) != r.label
    }
    return [_equated(r, fixed, labels) for r in released], list(pairs)


def _equated(
    row: Parameter,
    fixed: Mapping[tuple[str, str, str], float],
    labels: Mapping[tuple[str, str, str], str],
) -> Parameter:
    if row.key in fixed:
        return replace(row, free=False, value=fixed[row.key])
    if row.key in labels and not row.label:
        return replace(row, label=labels[row.key])
    return row


def _release(row: Parameter, role: Roles, d: Defaults) -> Parameter:
    """Free, in later groups, what equality elsewhere identifies."""
    if row.group == 1:
        return row
    if row.lhs in d.ordered:
        free = "thresholds" in d.group_equal and _released_by_thresholds(row, d)
    elif row.lhs in role.latent and not row.user:
        free = _released_latent(row, d)
    else:
        free = False
    marker = row.op == "=~" and "loadings" in d.group_equal and not d.std_lv and row.marker
    return replace(row, free=True, value=NAN) if free or marker else row


def _released_latent(row: Parameter, d: Defaults) -> bool:
    mean = row.op == "~1" and "intercepts" in d.group_equal and "means" not in d.group_equal
    scale = row.is_variance and d.std_lv and "loadings" in d.group_equal
    return mean or (scale and "lv.variances" not in d.group_equal)


def _released_by_thresholds(row: Parameter, d: Defaults) -> bool:
    if row.op == "~1":
        return not row.user and not d.free_latent_means
    scale = row.is_variance if d.theta else row.op == "~*~"
    return scale and d.ordered[row.lhs] >= 2


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
