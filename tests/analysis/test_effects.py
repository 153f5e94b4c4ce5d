import pytest

from loyaltysem.analysis.effects import Path, effect_definitions
from loyaltysem.core.errors import ModelSpecificationError

CHAIN = (Path("M", "X", "a"), Path("Y", "M", "b"))
PARALLEL = (*CHAIN, Path("Y", "X", "c"), Path("N", "X", "d"), Path("Y", "N", "e"))


def test_chain_has_no_direct_effect():
    assert effect_definitions(CHAIN, "X", "Y").split("\n") == ["X_M_Y := a*b", "total_X_Y := a*b"]


def test_two_mediators():
    assert effect_definitions(PARALLEL, "X", "Y").split("\n") == [
        "X_M_Y := a*b",
        "X_N_Y := d*e",
        "indirect_X_Y := a*b + d*e",
        "direct_X_Y := c",
        "total_X_Y := c + a*b + d*e",
    ]


def test_serial_mediators_and_irrelevant_paths():
    paths = (*PARALLEL, Path("N", "M", "f"), Path("Z", "Y", "g"), Path("Y", "W", "h"))
    text = effect_definitions(paths, "X", "Y")
    assert "X_M_N_Y := a*f*e" in text
    assert "g" not in text.replace("g :=", "") and "h" not in text


def test_only_a_direct_path():
    assert effect_definitions((Path("Y", "X", "c"),), "X", "Y") == "total_X_Y := c"


@pytest.mark.parametrize(
    ("paths", "source", "target", "code"),
    [
        (CHAIN, "Y", "X", "effects.no_path"),
        (CHAIN, "Q", "Y", "effects.unknown_variable"),
        ((Path("M", "X", "a"), Path("Y", "M", "")), "X", "Y", "effects.no_label"),
        ((*CHAIN, Path("M", "N", "p"), Path("N", "M", "q")), "X", "Y", "effects.loop"),
    ],
)
def test_errors(paths, source, target, code):
    with pytest.raises(ModelSpecificationError) as caught:
        effect_definitions(paths, source, target)
    assert caught.value.code == code
