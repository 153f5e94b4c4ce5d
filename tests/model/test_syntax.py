from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyaltysem.core.errors import ModelSyntaxError
from loyaltysem.model.syntax import Constraint, Definition, Relation, parse


def terms(text: str) -> list[tuple[str, list[tuple[object, ...]]]]:
    (relation,) = parse(text)
    assert isinstance(relation, Relation)
    return [(t.variable.name, [m.values for m in t.modifiers]) for t in relation.terms]


def test_modifiers() -> None:
    assert terms("f =~ NA*x1 + a*x2 + 0.5*x3 + start(0.3)*x4 + 1/3*x5 + -2*x6 + 'b c'*x7") == [
        ("x1", [(None,)]),
        ("x2", [("a",)]),
        ("x3", [(0.5,)]),
        ("x4", [(0.3,)]),
        ("x5", [(1 / 3,)]),
        ("x6", [(-2.0,)]),
        ("x7", [("b c",)]),
    ]
    assert terms("f =~ c(a, b)*x + start(1)*2*y") == [("x", [("a", "b")]), ("y", [(1.0,), (2.0,)])]
    assert terms("y ~ 1") == [("1", [])]
    assert terms("y ~ 0 + x") == [("1", [(0.0,)]), ("x", [])]


@pytest.mark.parametrize(
    "text",
    [
        "f =~ x1 + x2 + x3",
        "f =~ x1 +\n   x2 + x3",
        "f =~ x1\n + x2\n\n + x3",
        "f =~\r\n x1 + # the marker\r\n x2 + ! second\r\n x3\r\n",
        "\ufefff =~ x1 + x2 + x3;",
        "f\n=~ x1 + x2 + x3",
    ],
)
def test_line_ends(text: str) -> None:
    (relation,) = parse(text)
    assert [t.variable.name for t in relation.terms] == ["x1", "x2", "x3"]


def test_kinds_of_statements() -> None:
    found = parse("a + b ~ x; ind := a*b; p == 2*q\np > 0\ngroup: 2\nf ~~ g")
    assert [type(s) for s in found] == [Relation, Definition, Constraint, Constraint, Relation]
    assert [v.name for v in found[0].lhs] == ["a", "b"]
    assert found[-1].group == "2"


def test_chinese_and_dotted_names() -> None:
    (relation,) = parse("信任 =~ 题1 + item.2 + `客户 满意`")
    assert [t.variable.name for t in relation.terms] == ["题1", "item.2", "客户 满意"]


@pytest.mark.parametrize(
    ("text", "code", "line", "column"),
    [
        ("f =~ x1 + ", "syntax.expected", 1, 10),
        ("f =~ x1\nf = x2", "syntax.no_operator", 2, 3),
        ("f =~ x1 x2", "syntax.expected", 1, 9),
        ("f =~ x1 + x2*", "syntax.expected", 1, 14),
        ("f =~ (x1", "syntax.parenthesis", 1, 6),
        ("a := b*", "syntax.expression", 1, 8),
        ("f =~ x1 ～ x2", "syntax.character", 1, 9),
        ("y ~ x:z", "syntax.product", 1, 6),
        ("f =~ stat(1)*x", "syntax.modifier", 1, 6),
        ("~ x", "syntax.expected", 1, 1),
        ("f =~ x ~ y", "syntax.two_operators", 1, 8),
        ("a := foo(b)", "syntax.function", 1, 6),
        ("level: 1\nf =~ x", "syntax.block", 1, 1),
        ('f =~ "x', "syntax.character", 1, 6),
        ("f =~ a*b*0.5", "syntax.expected", 1, 10),
        ("x := " + "(" * 300 + "a", "syntax.too_deep", 1, 106),
    ],
)
def test_faults_are_located(text: str, code: str, line: int, column: int) -> None:
    with pytest.raises(ModelSyntaxError) as caught:
        parse(text)
    assert caught.value.code == code
    assert caught.value.span is not None
    assert (caught.value.span.line, caught.value.span.column) == (line, column)
    assert "^" in str(caught.value)


@pytest.mark.parametrize("text", ["", "  \n# only a comment\n"])
def test_empty_text(text: str) -> None:
    with pytest.raises(ModelSyntaxError, match="no statement"):
        parse(text)


def test_caret_stands_under_wide_characters() -> None:
    with pytest.raises(ModelSyntaxError) as caught:
        parse("信任 =~ 题1 题2")
    source, carets = caught.value.span.excerpt.split("\n")  # type: ignore[union-attr]
    assert carets == " " * 12 + "^^^"
    assert source == "信任 =~ 题1 题2"


PIECES = """f x1 =~ ~ ~~ := == < | ~*~ + - * / ^ ( ) , 0.5 NA c start 1 ; # : group 信 ? e9"""
ALPHABET = st.sampled_from([*PIECES.split(), "\n", " ", "\t", '"'])


@given(st.lists(ALPHABET, max_size=25).map("".join))
def test_any_text_parses_or_fails_with_a_place(text: str) -> None:
    try:
        parse(text)
    except ModelSyntaxError as error:
        assert error.span is not None or error.code == "syntax.empty"
