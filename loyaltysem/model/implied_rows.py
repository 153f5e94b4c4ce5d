"""The rows nobody writes: variances, covariances, moments of x, intercepts, and the scale."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations

from loyaltysem.model.parameters import FREED, NAN, Defaults, Parameter
from loyaltysem.model.variables import Roles


def complete(
    written: list[Parameter], role: Roles, defaults: Defaults, group: int
) -> list[Parameter]:
    """Add the implied rows of one group to the written ones and set the scale of the latents."""
    present = {r.key for r in written}
    implied = [r for r in _implied(role, defaults, group) if r.key not in present]
    rows = [*written, *implied]
    if defaults.std_lv:
        rows = [_unit_variance(r, role) for r in rows]
    elif defaults.fix_marker:
        rows = _fix_markers(rows)
    if defaults.fix_single_indicator:
        rows = _fix_single_indicators(rows)
    return [replace(r, value=NAN) if r.value == FREED else r for r in rows]


def _row(lhs: str, op: str, rhs: str, group: int, free: bool, value: float = 0.0) -> Parameter:
    return Parameter(lhs, op, rhs, group, free, NAN if free else value)


def _implied(role: Roles, d: Defaults, group: int) -> Iterator[Parameter]:
    """Yield the rows lavaan adds, in lavaan's order; `complete` drops those already written."""
    x = role.exogenous_observed
    explained = [n for n in role.observed if n not in x]
    for name, count in d.thresholds:
        for k in range(count):
            yield _row(name, "|", f"t{k + 1}", group, True)
    ordered = d.ordered
    for name in (*explained, *role.latent):
        # an ordered variable's residual variance is 1 (theta) or follows from its scale (delta)
        yield _row(
            name,
            "~~",
            name,
            group,
            d.free_variances and name not in ordered,
            1.0 if name in ordered else 0.0,
        )
    if d.covary_exogenous_latents:
        for a, b in combinations(role.exogenous_latent, 2):
            yield _row(a, "~~", b, group, not d.orthogonal)
    if d.covary_outcomes:
        for a, b in combinations(role.outcomes, 2):
            latent_pair = a in role.latent and b in role.latent
            yield _row(a, "~~", b, group, not (d.orthogonal and latent_pair))
    for i, a in enumerate(x):
        for b in x[i:]:
            yield replace(_row(a, "~~", b, group, not d.fixed_x, NAN), exogenous=d.fixed_x)
    for name, _ in d.thresholds:
        yield _row(name, "~*~", name, group, False, 1.0)
    if d.meanstructure:
        yield from _intercepts(role, d, group, explained)


def _intercepts(role: Roles, d: Defaults, group: int, explained: list[str]) -> Iterator[Parameter]:
    ordered = d.ordered
    for name in explained:
        yield _row(name, "~1", "", group, d.free_observed_intercepts and name not in ordered)
    for name in role.exogenous_observed:
        yield replace(_row(name, "~1", "", group, not d.fixed_x, NAN), exogenous=d.fixed_x)
    for name in role.latent:
        yield _row(name, "~1", "", group, d.free_latent_means)


def _unit_variance(row: Parameter, role: Roles) -> Parameter:
    scale = row.is_variance and row.lhs in role.latent and row.free and row.value != FREED
    return replace(row, free=False, value=1.0) if scale else row


def _fix_markers(rows: list[Parameter]) -> list[Parameter]:
    """Fix the first loading of each latent at 1 unless the user fixed it or freed it with NA."""
    seen: set[str] = set()
    result = []
    for row in rows:
        if row.op == "=~" and row.lhs not in seen:
            seen.add(row.lhs)
            if row.free and row.value != FREED:
                row = replace(row, free=False, value=1.0, marker=True)
        result.append(row)
    return result


def _fix_single_indicators(rows: list[Parameter]) -> list[Parameter]:
    """Fix the residual of a latent's only indicator at 0 where the user said nothing of it."""
    indicators: dict[str, list[str]] = {}
    for row in rows:
        if row.op == "=~":
            indicators.setdefault(row.lhs, []).append(row.rhs)
    single = {names[0] for names in indicators.values() if len(names) == 1}
    single -= {n for n in single if sum(n in names for names in indicators.values()) > 1}
    return [
        replace(r, free=False, value=0.0) if r.is_variance and r.lhs in single and not r.user else r
        for r in rows
    ]
