"""Blocks of factors that are rotated: ``efa("block")*f1 + efa("block")*f2 =~ x1 + x2 + …``.

Every item of a block loads on every factor of it, so the factors are determined up to a rotation
only. The model is fitted with factors that are uncorrelated and loadings in echelon form (the
first item loads on the first factor alone, the second on two, …), and is rotated afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from loyaltysem.core.errors import ModelSpecificationError, Span
from loyaltysem.model.parameters import NAN, Parameter
from loyaltysem.model.syntax import Relation, Statement


@dataclass(frozen=True, slots=True)
class FactorBlock:
    """Factors with the same items.

    Attributes
    ----------
    name : str
    factors, items : tuple of str
    span : Span
        Where the block was first written.
    """

    name: str
    factors: tuple[str, ...]
    items: tuple[str, ...]
    span: Span

    @property
    def rotated(self) -> bool:
        """Whether there is anything to rotate."""
        return len(self.factors) > 1


def factor_blocks(statements: Sequence[Statement]) -> tuple[FactorBlock, ...]:
    """Read the blocks off the statements.

    Raises
    ------
    ModelSpecificationError
        When factors of a block have different items, loadings with modifiers, or too few items, or
        when a factor is in two blocks.
    """
    owner: dict[str, str] = {}
    items: dict[str, dict[str, None]] = {}
    spans: dict[str, Span] = {}
    for relation in (s for s in statements if isinstance(s, Relation)):
        for variable in relation.lhs:
            if not variable.block and (relation.operator != "=~" or variable.name not in owner):
                continue
            _check_relation(relation, variable.block)
            if owner.setdefault(variable.name, variable.block) != variable.block:
                raise _fault(
                    f"'{variable.name}' cannot be in an efa() block here and outside of it, or in "
                    "another one, there.",
                    "efa_factor",
                    "Write the block with the factor wherever it stands left of '=~'.",
                    variable.span,
                )
            spans.setdefault(variable.block, variable.span)
            own = items.setdefault(variable.name, {})
            own.update(dict.fromkeys(t.variable.name for t in relation.terms))
    blocks = dict.fromkeys(owner.values())
    return tuple(_block(name, owner, items, spans[name]) for name in blocks)


def _check_relation(relation: Relation, block: str) -> None:
    if relation.operator != "=~":
        raise _fault(
            f"efa() stands left of '=~', not of '{relation.operator}'.",
            "efa_operator",
            'Write  efa("block")*f1 + efa("block")*f2 =~ x1 + x2 + x3 + x4.',
            relation.span,
        )
    for term in relation.terms:
        if any(m.kind != "start" for m in term.modifiers):
            raise _fault(
                f"Loadings of the efa() block '{block}' are rotated: none can be fixed or named.",
                "efa_modifier",
                "Take the modifier away, or write the factor outside of the block.",
                term.variable.span,
            )


def _block(
    name: str, owner: dict[str, str], items: dict[str, dict[str, None]], span: Span
) -> FactorBlock:
    factors = tuple(f for f, block in owner.items() if block == name)
    first = tuple(items[factors[0]])
    for factor in factors[1:]:
        other = set(items[factor]) ^ set(first)
        if other:
            raise _fault(
                f"All factors of the efa() block '{name}' need the same items; '{min(other)}' is "
                "an item of some only.",
                "efa_items",
                "Name every item for every factor; the rotation sets small loadings to near 0.",
                span,
            )
    if len(first) <= len(factors):
        raise _fault(
            f"The efa() block '{name}' has {len(first)} items for {len(factors)} factors.",
            "efa_items",
            "A block needs more items than factors, three a factor or more to be of use.",
            span,
        )
    return FactorBlock(name, factors, first, span)


def _fault(text: str, code: str, hint: str, span: Span) -> ModelSpecificationError:
    return ModelSpecificationError(text, code=f"spec.{code}", hint=hint, span=span)


def with_blocks(
    rows: Iterable[Parameter], blocks: Sequence[FactorBlock], group: int, orthogonal: bool
) -> list[Parameter]:
    """Free all loadings of blocks, fix variances of their factors at 1, let factors covary.

    Raises
    ------
    ModelSpecificationError
        When the text speaks of a variance or covariance within a block.
    """
    if not blocks:
        return list(rows)
    inside = {f: b for b in blocks for f in b.factors}
    found = [_freed(row, inside, orthogonal) for row in rows]
    present = {r.key for r in found}
    return [*found, *(r for r in _covariances(blocks, group, orthogonal) if r.key not in present)]


def _freed(row: Parameter, inside: dict[str, FactorBlock], orthogonal: bool) -> Parameter:
    if row.op == "=~" and row.lhs in inside:
        return replace(row, free=True, value=NAN, marker=False)
    block = inside.get(row.lhs)
    if row.op != "~~" or block is None or row.rhs not in block.factors:
        return row
    if row.user:
        raise _fault(
            f"'{row.name}' is set by the rotation of the efa() block '{block.name}'.",
            "efa_covariance",
            "Take the line out: variances are 1, and covariances are free unless the rotation is "
            "orthogonal.",
            row.span or block.span,
        )
    if row.is_variance:
        return replace(row, free=False, value=1.0)
    return replace(row, free=not orthogonal, value=0.0 if orthogonal else NAN)


def _covariances(
    blocks: Sequence[FactorBlock], group: int, orthogonal: bool
) -> Iterator[Parameter]:
    for block in blocks:
        for a, b in combinations(block.factors, 2):
            yield Parameter(a, "~~", b, group, not orthogonal, 0.0 if orthogonal else NAN)


def echelon(rows: Iterable[Parameter], blocks: Sequence[FactorBlock]) -> tuple[Parameter, ...]:
    """Fix what identifies unrotated factors: loadings above the diagonal, and covariances, at 0."""
    place = {f: (b, b.factors.index(f)) for b in blocks for f in b.factors}
    return tuple(_identified(row, place) for row in rows)


def _identified(row: Parameter, place: dict[str, tuple[FactorBlock, int]]) -> Parameter:
    if row.lhs not in place:
        return row
    block, position = place[row.lhs]
    above = row.op == "=~" and row.rhs in block.items[:position]
    within = row.op == "~~" and row.rhs in block.factors and not row.is_variance
    return replace(row, free=False, value=0.0) if above or within else row
