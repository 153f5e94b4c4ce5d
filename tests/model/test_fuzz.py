"""Model text damaged in every way still parses, or fails with a place and a hint.

Ten thousand texts: models of the golden matrix with tokens, characters and lines deleted, doubled,
exchanged or replaced by odd pieces. Each parses and expands into index arrays, for one group and
for two, or raises one of the two model errors; nothing else, and soon.
"""

from __future__ import annotations

import json
import random
import re
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from loyaltysem.core.errors import ModelSpecificationError, ModelSyntaxError
from loyaltysem.model.expression import evaluate
from loyaltysem.model.parameter_table import parameter_table
from loyaltysem.model.parameters import Defaults
from loyaltysem.model.structure import compile_structure
from loyaltysem.model.syntax import parse

GOLDEN = Path(__file__).parents[1] / "golden" / "lavaan"
N_TEXTS, SECONDS_FOR_ONE = 10_000, 2.0
TOKEN = re.compile(r"\s+|[\w.]+|=~|~~|:=|==|~\*~|.", re.DOTALL)
PIECES_TEXT = """
=~ ~ ~~ ~*~ ~1 1 0 | t1 := == < > <= c( c() start( equal( label( lower( upper( NA* 1e999*
-1e999* 1/0* (2^9999)* 0.5* -1* .5? a* ''* ' " ` + - * / ^ ( ) , ; # ! : ? . f x1 x4 y1
group: level: exp( log( sqrt( <~ %in% \\ 信任 题1 ＋ ，😀 \u200b \0 1e-5 0x10 1.2.3 **
...
"""
PIECES = PIECES_TEXT.split()
PIECES += [
    "\n",
    "\r\n",
    "\t",
    " ",
    "\u2028",
    "group: 1\n",
    "group: 2\n",
    "f =~ f\n",
    "x ~~ 1\n",
    "\n+",
]


def golden_models() -> list[str]:
    paths = sorted(GOLDEN.glob("*.json"))
    return sorted({json.loads(p.read_text(encoding="utf-8"))["model"] for p in paths})


def change_tokens(rng: random.Random, text: str) -> str:
    tokens = TOKEN.findall(text) or [""]
    i, j = rng.randrange(len(tokens)), rng.randrange(len(tokens))
    match rng.randrange(5):
        case 0:
            del tokens[i]
        case 1:
            tokens.insert(i, tokens[j])
        case 2:
            tokens[i], tokens[j] = tokens[j], tokens[i]
        case 3:
            tokens.insert(i, rng.choice(PIECES))
        case _:
            tokens[i] = rng.choice(PIECES)
    return "".join(tokens)


def change_characters(rng: random.Random, text: str) -> str:
    i = rng.randrange(len(text) + 1)
    low, high = rng.choice([(1, 0x80), (0x80, 0x3000), (0x3000, 0xD800), (0xE000, 0x110000)])
    new = rng.choice(["", text[i : i + 1] * 2, chr(rng.randrange(low, high))])
    return text[:i] + new + text[i + 1 :]


def change_lines(rng: random.Random, text: str) -> str:
    lines = text.split("\n")
    i, j = rng.randrange(len(lines)), rng.randrange(len(lines))
    match rng.randrange(3):
        case 0:
            del lines[i]
        case 1:
            lines.insert(i, lines[j])
        case _:
            lines[i], lines[j] = lines[j], lines[i]
    return "\n".join(lines)


CHANGES: tuple[Callable[[random.Random, str], str], ...] = (
    change_tokens, change_tokens, change_characters, change_lines,
)  # fmt: skip


def mutated(rng: random.Random, models: list[str]) -> str:
    text = rng.choice(models)
    for _ in range(rng.randint(1, 4)):
        text = rng.choice(CHANGES)(rng, text)
    return text


def outcome(text: str) -> str:
    """Expand a text as a fit would; return the code of its error, or "sound"."""
    try:
        statements = parse(text)
        for groups in (("",), ("Pasteur", "Grant-White")):
            compile_structure(parameter_table(statements, Defaults(), groups))
    except (ModelSyntaxError, ModelSpecificationError) as error:
        assert error.span is not None or error.code == "syntax.empty", repr(text)
        assert error.hint and error.message, repr(text)
        assert error.code in str(error)
        return error.code
    return "sound"


def test_ten_thousand_damaged_models() -> None:
    rng, models = random.Random(20_240), golden_models()
    found: Counter[str] = Counter()
    for _ in range(N_TEXTS):
        text = mutated(rng, models)
        start = time.perf_counter()
        found[outcome(text)] += 1
        assert time.perf_counter() - start < SECONDS_FOR_ONE, repr(text)
    # the test would be idle if the damage were all of one kind
    assert 0.05 < found["sound"] / N_TEXTS < 0.6
    assert len(found) >= 12


ODD = {
    "f =~ f": "spec.self_loop",
    "f ~ f": "spec.self_loop",
    "a + b ~ c + b": "spec.self_loop",
    "x ~~ 1": "spec.intercept",
    "f =~ 0 + x2": "spec.intercept",
    "y ~ 1e999*x": "syntax.number",
    "y ~ start(-1e999)*x": "syntax.number",
    "y ~ 1/0*x": "syntax.expected",
    "y ~ (2^9999)*x": "syntax.expected",
    "y ~ b*x\nb == 1e999": "syntax.number",
    "y ~ c()*x": "syntax.expression",
    "y ~ ''*x": "syntax.label",
    'y ~ c("a", " ")*x': "syntax.label",
    "y ~ lower(2)*x + upper(1)*x": "spec.bounds",
    "group: 3\ny ~ x": "spec.unknown_group",
    "group: 'nobody'\ny ~ x": "spec.unknown_group",
    "y ~ " + "-" * 5000 + "1*x": "syntax.too_deep",
    "y ~ a*x\nb := " + "^".join(["a"] * 500): "syntax.too_deep",
    "y ~ a*x\nb := " + "exp(" * 5000 + "a" + ")" * 5000: "syntax.too_deep",
    "``": "syntax.character",
    "\0": "syntax.character",
    "\ud800": "syntax.character",
}


@pytest.mark.parametrize(("text", "code"), ODD.items(), ids=range(len(ODD)))
def test_odd_models(text: str, code: str) -> None:
    assert outcome(text) == code


@pytest.mark.parametrize(
    "text",
    [
        "group: 1\ny ~ x\ngroup: 2\ny ~ 0.5*x",
        "group: Pasteur\ny ~ x\ngroup: Grant-White\ny ~ x",
        "group: 1\ny ~ x\ngroup: 2\ny ~ x\ngroup: 1\ny ~~ y",
    ],
)
def test_blocks_name_groups_by_label_or_number(text: str) -> None:
    statements = parse(text.replace("Grant-White", "'Grant-White'"))
    table = parameter_table(statements, Defaults(), ("Pasteur", "Grant-White"))
    assert {r.group for r in table.rows} == {1, 2}


def test_a_long_sum_is_not_a_deep_formula() -> None:
    statements = parse("y ~ a*x\ntotal := " + " + ".join(["a"] * 5000))
    table = parameter_table(statements, Defaults())
    (total,) = table.defined
    value, gradient = evaluate(total.expression, {"a": (np.array([2.0]), np.array([[1.0]]))})
    assert (value[0], gradient[0, 0]) == (10_000.0, 5_000.0)
