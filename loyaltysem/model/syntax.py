"""Read lavaan model syntax into statements that keep their place in the text.

The whole grammar is read here; what a statement means is decided in ``parameter_table``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from loyaltysem.core.errors import ModelSyntaxError, Span, did_you_mean
from loyaltysem.model.expression import Expression, ExpressionParser, constant
from loyaltysem.model.tokens import Token, tokenise

RELATIONS = ("=~", "<~", "~~", "~*~", "~", "|")
COMPARISONS = ("==", "<", ">", "<=", ">=")
STATEMENT_OPERATORS = (*RELATIONS, *COMPARISONS, ":=")
BLOCK_WORDS = ("group", "level", "block")

#: ``name(...)*x``: the modifier each function word stands for; ``c()`` gives one value a group.
MODIFIER_WORDS = {
    "c": "value",
    "start": "start",
    "equal": "equal",
    "label": "value",
    "lower": "lower",
    "upper": "upper",
}
# Hints: what a sound text looks like there.
NAMES = "A line looks like  trust =~ tru1 + tru2  or  loyalty ~ trust + satisfaction."
SUMS = "Join terms by '+', and put each statement on a line of its own."
MODIFIERS = "Write  0.5*x,  a*x,  start(0.5)*x  or, with two groups,  c(a, b)*x."
BLOCKS = 'Write  efa("block")*f1 + efa("block")*f2 =~ x1 + x2 + x3 + x4.'
FORMULA = "A formula looks like  indirect := a*b  or  total := c + a*b."

ModifierKind: TypeAlias = Literal["value", "start", "equal", "lower", "upper"]
#: A number fixes (or starts) a parameter, None (``NA``) frees it, a text labels it.
ModifierValue: TypeAlias = float | str | None


@dataclass(frozen=True, slots=True)
class Modifier:
    """What stands before ``*``: one value for all groups, or one a group."""

    kind: ModifierKind
    values: tuple[ModifierValue, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable's name and where it was written; `block` is that of ``efa("block")*name``."""

    name: str
    span: Span
    block: str = ""


@dataclass(frozen=True, slots=True)
class Term:
    """One summand on the right: a variable, or ``1`` for an intercept, with its modifiers."""

    variable: Variable
    modifiers: tuple[Modifier, ...]


@dataclass(frozen=True, slots=True)
class Relation:
    """``lhs op term + term``, valid in one group or (`group` None) in all."""

    operator: str
    lhs: tuple[Variable, ...]
    terms: tuple[Term, ...]
    group: str | None
    span: Span


@dataclass(frozen=True, slots=True)
class Definition:
    """``name := expression``."""

    name: str
    expression: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class Constraint:
    """``left == right``, ``left < right`` or ``left > right``."""

    operator: str
    left: Expression
    right: Expression
    span: Span


Statement: TypeAlias = Relation | Definition | Constraint


def parse(source: str) -> tuple[Statement, ...]:
    r"""Read model text.

    Parameters
    ----------
    source : str
        Model in lavaan syntax: ``=~`` (measured by), ``~`` (regressed on), ``~~`` ((co)varies
        with), ``~ 1`` (intercept), ``|`` (thresholds), ``~*~`` (scales), ``:=`` (defined
        parameter), ``==``, ``<``, ``>`` (constraints). A statement ends with its line unless the
        line is plainly unfinished, or with ``;``.

    Returns
    -------
    tuple of Relation, Definition or Constraint

    Raises
    ------
    ModelSyntaxError
        With the line, the column and what was expected there.

    Examples
    --------
    >>> [s.operator for s in parse("f =~ x1 + a*x2 +\n  x3\ny ~ f")]
    ['=~', '~']
    """
    statements: list[Statement] = []
    group: str | None = None
    for line in _statements(tokenise(source)):
        if line[0].text in BLOCK_WORDS and line[1].is_operator(":"):
            group = _block(line)
        else:
            statements.append(_statement(line, group))
    if not statements:
        raise ModelSyntaxError(
            "The model text holds no statement.",
            code="syntax.empty",
            hint="A model needs at least one line such as  trust =~ tru1 + tru2 + tru3.",
        )
    return tuple(statements)


#: How far an operator leads into parentheses.
_NESTING = {"(": 1, ")": -1}


def _statements(tokens: list[Token]) -> list[list[Token]]:
    """Group tokens into statements, each closed by an ``end`` token."""
    lines: list[list[Token]] = []
    current: list[Token] = []
    depth = 0
    for index, token in enumerate(tokens):
        if token.kind not in ("end_of_line", "end"):
            current.append(token)
            depth += _NESTING.get(token.text, 0) if token.kind == "operator" else 0
        elif current and (token.kind == "end" or not _continues(tokens, index, depth)):
            lines.append([*current, Token("end", "", Span(token.span.source, *_stop(current)))])
            current, depth = [], 0
    return lines


def _stop(tokens: list[Token]) -> tuple[int, int]:
    return tokens[-1].span.end, tokens[-1].span.end


def _continues(tokens: list[Token], index: int, depth: int) -> bool:
    """Tell whether the statement goes on after the line end at `index`."""
    if tokens[index].text == ";":
        return False
    following = next(t for t in tokens[index:] if t.kind != "end_of_line")
    if following.kind == "end":
        return False
    last = tokens[index - 1]
    unfinished = last.kind == "operator" and not last.is_operator(")", ":")
    carried_on = following.is_operator("+", "*", ")", ",", *RELATIONS, *COMPARISONS, ":=")
    return depth > 0 or unfinished or carried_on


def _block(line: list[Token]) -> str:
    if line[0].text != "group":
        raise ModelSyntaxError(
            f"'{line[0].text}:' blocks (multilevel models) are not available.",
            code="syntax.block",
            hint="Only 'group:' blocks can be used.",
            span=line[0].span,
        )
    if line[2].kind not in ("name", "number", "string") or line[3].kind != "end":
        raise _expected(
            "the label of a group",
            line[2],
            'Write a line such as  group: 1  or  group: "Grant-White"',
        )
    return line[2].text


def _statement(line: list[Token], group: str | None) -> Statement:
    operators = [
        i for i, t in enumerate(line) if t.kind == "operator" and t.text in STATEMENT_OPERATORS
    ]
    if not operators:
        raise _no_operator(line)
    at, operator = operators[0], line[operators[0]]
    if len(operators) > 1:
        raise ModelSyntaxError(
            f"A second '{line[operators[1]].text}' in one statement.",
            code="syntax.two_operators",
            hint="Put each statement on a line of its own.",
            span=line[operators[1]].span,
        )
    span = Span(operator.span.source, line[0].span.start, line[-1].span.end)
    if operator.text == ":=":
        return _definition(line, at, span)
    if operator.text in COMPARISONS:
        text = operator.text[0] if operator.text in ("<=", ">=") else operator.text
        return Constraint(text, _whole(line, 0, at), _whole(line, at + 1, len(line) - 1), span)
    return Relation(operator.text, _left(line, at), _terms(line, at + 1), group, span)


def _no_operator(line: list[Token]) -> ModelSyntaxError:
    single = next((t for t in line if t.is_operator("=")), None)
    return ModelSyntaxError(
        "A single '=' is not an operator." if single else "This line says nothing about a model.",
        code="syntax.no_operator",
        hint="Use  =~  (measured by),  ~  (regressed on),  ~~  (covaries with),  :=  (defined as)"
        "  or  ==  (constrained to).",
        span=(single or line[0]).span,
    )


def _definition(line: list[Token], at: int, span: Span) -> Definition:
    if at != 1 or line[0].kind != "name":
        raise _expected("the name of the new parameter", line[0], "Write  indirect := a*b")
    return Definition(line[0].text, _whole(line, at + 1, len(line) - 1), span)


def _whole(line: list[Token], start: int, stop: int) -> Expression:
    """Parse the tokens from `start` up to `stop` as one formula with nothing left over."""
    boundary = Token("end", "", line[stop].span)
    parser = ExpressionParser([*line[start:stop], boundary, boundary], 0)
    expression = parser.parse()
    if parser.token.kind != "end":
        raise _expected("an operator or the end of the formula", parser.token, FORMULA)
    return expression


def _left(line: list[Token], at: int) -> tuple[Variable, ...]:
    names = [_left_variable(line, 0, at)]
    position = names[0][1]
    while position < at:
        if not line[position].is_operator("+"):
            raise _expected("'+' or an operator such as =~ or ~", line[position], SUMS)
        names.append(_left_variable(line, position + 1, at))
        position = names[-1][1]
    return tuple(variable for variable, _ in names)


def _left_variable(line: list[Token], at: int, stop: int) -> tuple[Variable, int]:
    """Read ``name`` or ``efa("block")*name`` at a position; return where it ends, too."""
    block = ""
    if line[at].text == "efa" and at + 5 <= stop and line[at + 1].is_operator("("):
        for token, mark in ((line[at + 3], ")"), (line[at + 4], "*")):
            if not token.is_operator(mark):
                raise _expected(f"'{mark}'", token, BLOCKS)
        if line[at + 2].kind not in ("name", "string") or not line[at + 2].text.strip():
            raise _expected("the name of a block", line[at + 2], BLOCKS)
        block, at = line[at + 2].text, at + 5
    if at >= stop or line[at].kind != "name":
        raise _expected("the name of a variable", line[min(at, stop)], NAMES)
    return Variable(line[at].text, line[at].span, block), at + 1


def _terms(line: list[Token], position: int) -> tuple[Term, ...]:
    reader = _TermReader(line, position)
    terms = [reader.term()]
    while reader.token.is_operator("+"):
        reader.advance()
        terms.append(reader.term())
    if reader.token.is_operator(":"):
        raise ModelSyntaxError(
            "Products of variables cannot be formed inside the model text.",
            code="syntax.product",
            hint="Add the product to the data as a column of its own and use that name here.",
            span=reader.token.span,
        )
    if reader.token.kind != "end":
        raise _expected("'+' or the end of the line", reader.token, SUMS)
    return tuple(terms)


class _TermReader(ExpressionParser):
    """Reads ``modifier * modifier * variable``."""

    def term(self) -> Term:
        modifiers: list[Modifier] = []
        while (modifier := self._modifier()) is not None:
            modifiers.append(modifier)
        token = self.advance()
        if token.kind == "name":
            return Term(Variable(token.text, token.span), tuple(modifiers))
        if token.kind == "number" and float(token.text) in (0.0, 1.0):
            if float(token.text) == 0.0:
                modifiers.append(Modifier("value", (0.0,), token.span))
            return Term(Variable("1", token.span), tuple(modifiers))
        raise _expected("the name of a variable", token, NAMES)

    def _modifier(self) -> Modifier | None:
        """Read up to and including the next ``*``; None where a variable stands instead."""
        start, token, following = self.position, self.token, self._following()
        if token.kind == "name" and following.is_operator("("):
            modifier = self._call_modifier(self.advance())
        elif token.kind in ("name", "string") and (
            following.is_operator("*") or token.kind == "string"
        ):
            self.advance()
            modifier = Modifier("value", (_word(token),), token.span)
        elif token.kind == "number" or token.is_operator("-", "+", "("):
            value = self._number()
            if not self.token.is_operator("*", "?") and token.kind == "number":
                self.position = start
                return None
            modifier = Modifier("value", (value,), token.span)
        else:
            return None
        if not self.token.is_operator("*", "?"):
            raise _expected("'*' between a modifier and its variable", self.token, MODIFIERS)
        starting = self.advance().text == "?"
        return Modifier("start", modifier.values, modifier.span) if starting else modifier

    def _following(self) -> Token:
        return self.tokens[min(self.position + 1, len(self.tokens) - 1)]

    def _call_modifier(self, word: Token) -> Modifier:
        if word.text not in MODIFIER_WORDS:
            raise ModelSyntaxError(
                f"'{word.text}()' is not a modifier.",
                code="syntax.modifier",
                hint=did_you_mean(word.text, MODIFIER_WORDS)
                or f"Available: {', '.join(f'{w}()' for w in MODIFIER_WORDS)}.",
                span=word.span,
            )
        self.advance()
        values = [self._value()]
        while self.token.is_operator(","):
            self.advance()
            values.append(self._value())
        if not self.token.is_operator(")"):
            raise _expected("',' or ')'", self.token, MODIFIERS)
        self.advance()
        kind: ModifierKind = MODIFIER_WORDS[word.text]  # type: ignore[assignment]  # values are kinds
        return Modifier(kind, tuple(values), word.span)

    def _value(self) -> ModifierValue:
        if self.token.is_operator("c") or self.token.kind in ("name", "string"):
            token = self.advance()
            if token.text == "c" and self.token.is_operator("("):
                raise _expected("numbers or labels", token, "Write start(1, 2), without c().")
            return _word(token)
        return self._number()

    def _number(self) -> float:
        """Read a constant such as ``0.5``, ``-1``, ``1/3`` or ``(2 + 1)``, never eating ``*``."""
        start = self.token
        value = constant(self.parse(2)) if not start.is_operator("(") else self._bracketed()
        while self.token.is_operator("/") and value is not None:
            self.advance()
            divisor = constant(self.parse(2))
            value = None if not divisor else value / divisor
        if value is None or not abs(value) < float("inf"):
            raise _expected("a number", start, "Modifiers hold numbers or labels, not formulas.")
        return value

    def _bracketed(self) -> float | None:
        opening = self.advance()
        value = constant(self.parse())
        self._close(opening)
        return value


def _word(token: Token) -> ModifierValue:
    if not token.text.strip():
        raise ModelSyntaxError(
            "This label is empty.", code="syntax.label", hint=MODIFIERS, span=token.span
        )
    return None if token.kind == "name" and token.text == "NA" else token.text


def _expected(what: str, found: Token, hint: str) -> ModelSyntaxError:
    found_text = "the end of the line" if found.kind == "end" else f"'{found.text}'"
    return ModelSyntaxError(
        f"Found {found_text} where {what} was expected.",
        code="syntax.expected",
        hint=hint,
        span=found.span,
    )
