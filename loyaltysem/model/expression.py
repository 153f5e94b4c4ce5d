"""Formulas over parameter labels, as trees: parsed, never ``eval``-ed.

A tree is evaluated together with its exact first derivatives by forward differentiation: every
label stands for a value and a gradient, and each node combines the ones below it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from loyaltysem.core.errors import ModelSyntaxError, Span
from loyaltysem.core.types import Array
from loyaltysem.model.tokens import Token


@dataclass(frozen=True, slots=True)
class Number:
    """A constant."""

    value: float
    span: Span


@dataclass(frozen=True, slots=True)
class Name:
    """A parameter label or the name of an earlier defined parameter."""

    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Operation:
    """``left operator right``."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Call:
    """A function of one argument."""

    function: str
    argument: Expression


Expression: TypeAlias = Number | Name | Operation | Call

#: function -> (value, derivative given argument and value)
FUNCTIONS: Mapping[str, tuple[Callable[[Array], Array], Callable[[Array, Array], Array]]] = {
    "exp": (np.exp, lambda x, y: y),
    "log": (np.log, lambda x, y: 1 / x),
    "sqrt": (np.sqrt, lambda x, y: 0.5 / y),
    "abs": (np.abs, lambda x, y: np.sign(x)),
    "sin": (np.sin, lambda x, y: np.cos(x)),
    "cos": (np.cos, lambda x, y: -np.sin(x)),
    "tan": (np.tan, lambda x, y: 1 + y * y),
    "tanh": (np.tanh, lambda x, y: 1 - y * y),
}

MAXIMUM_DEPTH = 100

_PRECEDENCE = {"+": 1, "-": 1, "*": 2, "/": 2, "^": 4, "**": 4}


class ExpressionParser:
    """Precedence climbing over a list of tokens; `position` is where it stands."""

    def __init__(self, tokens: list[Token], position: int):
        self.tokens, self.position, self.depth = tokens, position, 0

    @property
    def token(self) -> Token:
        """The token to be read next."""
        return self.tokens[self.position]

    def advance(self) -> Token:
        """Return the next token and step over it."""
        token = self.token
        self.position += 1
        return token

    def parse(self, minimum: int = 0) -> Expression:
        """Read the longest expression whose operators bind at least as tightly as `minimum`."""
        self._descend()
        left = self._operand()
        while (level := _PRECEDENCE.get(self._operator(), -1)) > minimum:
            operator = "^" if self.token.text == "**" else self.token.text
            self.advance()
            # '^' groups from the right, the others from the left
            left = Operation(operator, left, self.parse(level - 1 if operator == "^" else level))
        self.depth -= 1
        return left

    def _descend(self) -> None:
        """Refuse what would exhaust the interpreter's stack."""
        self.depth += 1
        if self.depth > MAXIMUM_DEPTH:
            raise ModelSyntaxError(
                f"This formula is nested more than {MAXIMUM_DEPTH} levels deep.",
                code="syntax.too_deep",
                hint="Split it into several ':=' definitions.",
                span=self.token.span,
            )

    def _operator(self) -> str:
        return self.token.text if self.token.kind == "operator" else ""

    def _operand(self) -> Expression:
        token = self.advance()
        if token.kind == "number":
            return Number(_finite(token), token.span)
        if token.is_operator("-"):
            # unary minus binds less tightly than '^', as in R: -2^2 is -4
            return Operation("-", Number(0.0, token.span), self.parse(3))
        if token.is_operator("+"):
            return self.parse(3)
        if token.is_operator("("):
            inside = self.parse()
            self._close(token)
            return inside
        if token.kind == "name":
            return (
                self._call(token) if self.token.is_operator("(") else Name(token.text, token.span)
            )
        self.position -= 1
        raise ModelSyntaxError(
            "A number, a label or '(' was expected here.",
            code="syntax.expression",
            hint="A formula looks like  indirect := a*b  or  total := c + a*b.",
            span=token.span,
        )

    def _call(self, name: Token) -> Expression:
        if name.text not in FUNCTIONS:
            raise ModelSyntaxError(
                f"'{name.text}' is not a function formulas can use.",
                code="syntax.function",
                hint=f"Available: {', '.join(sorted(FUNCTIONS))}.",
                span=name.span,
            )
        opening = self.advance()
        argument = self.parse()
        self._close(opening)
        return Call(name.text, argument)

    def _close(self, opening: Token) -> None:
        if not self.token.is_operator(")"):
            raise ModelSyntaxError(
                "This parenthesis is never closed.",
                code="syntax.parenthesis",
                hint="Add the missing ')'.",
                span=opening.span,
            )
        self.advance()


def _finite(token: Token) -> float:
    value = float(token.text)
    if not math.isfinite(value):
        raise ModelSyntaxError(
            f"The number {token.text} is too large to compute with.",
            code="syntax.number",
            hint="Numbers go up to about 1.8e308.",
            span=token.span,
        )
    return value


def names_in(expression: Expression) -> Iterator[Name]:
    """Yield every name of the tree, from left to right."""
    waiting = [expression]  # a stack of our own: long sums are deep trees
    while waiting:
        match waiting.pop():
            case Name() as name:
                yield name
            case Operation(left=left, right=right):
                waiting += [right, left]
            case Call(argument=argument):
                waiting.append(argument)
            case _:
                pass


def evaluate(
    expression: Expression, environment: Mapping[str, tuple[Array, Array]]
) -> tuple[Array, Array]:
    """Evaluate a formula and its gradient.

    Parameters
    ----------
    expression : Expression
        The tree.
    environment : mapping of str to (Array, Array)
        For each name its value (B,) and gradient (B, q).

    Returns
    -------
    value : Array, shape (B,)
    gradient : Array, shape (B, q)
        Where the formula is undefined (division by zero, log of a negative number) both are NaN
        or infinite; the caller turns that into words.
    """
    with np.errstate(all="ignore"):
        return _evaluate(expression, environment)


def _evaluate(
    node: Expression, environment: Mapping[str, tuple[Array, Array]]
) -> tuple[Array, Array]:
    if isinstance(node, Name):
        return environment[node.text]
    if isinstance(node, Number):
        value, gradient = next(iter(environment.values()))
        return np.full_like(value, node.value), np.zeros_like(gradient)
    if isinstance(node, Call):
        x, dx = _evaluate(node.argument, environment)
        function, derivative = FUNCTIONS[node.function]
        y = function(x)
        return y, derivative(x, y)[:, None] * dx
    return _evaluate_chain(node, environment)


def _evaluate_chain(
    node: Operation, environment: Mapping[str, tuple[Array, Array]]
) -> tuple[Array, Array]:
    """Evaluate ``((a + b) + c) + …`` from the inside: only the right sides are nested further."""
    chain, first = [node], node.left
    while isinstance(first, Operation):
        chain.append(first)
        first = first.left
    value, gradient = _evaluate(first, environment)
    for step in reversed(chain):
        right = _evaluate(step.right, environment)
        value, gradient = _combine(step.operator, value, gradient, *right)
    return value, gradient


def _combine(operator: str, a: Array, da: Array, b: Array, db: Array) -> tuple[Array, Array]:
    if operator == "+":
        return a + b, da + db
    if operator == "-":
        return a - b, da - db
    if operator == "*":
        return a * b, a[:, None] * db + b[:, None] * da
    if operator == "/":
        return a / b, da / b[:, None] - (a / b**2)[:, None] * db
    power = a**b
    gradient = (b * a ** (b - 1))[:, None] * da
    if np.any(db):
        gradient = gradient + (power * np.log(a))[:, None] * db
    return power, gradient


def constant(expression: Expression) -> float | None:
    """Return the value of a formula without names, or None if it has any.

    Examples
    --------
    >>> from loyaltysem.model.tokens import tokenise
    >>> constant(ExpressionParser(tokenise("-2^2 + 1/4"), 0).parse())
    -3.75
    """
    if next(names_in(expression), None) is not None:
        return None
    value, _ = evaluate(expression, {"": (np.zeros(1), np.zeros((1, 0)))})
    return float(value[0])
