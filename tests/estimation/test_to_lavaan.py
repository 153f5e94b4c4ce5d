"""The exported folder: complete, safe with any label, and run by R where R and lavaan are."""

from __future__ import annotations

import json
import shutil
import subprocess
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import loyaltysem as ls
from loyaltysem.core.errors import DataError, IncompatibleRequestError
from loyaltysem.estimation import to_lavaan
from loyaltysem.estimation.result import SEMResult
from loyaltysem.estimation.to_lavaan import FILES, r_string

GOLDEN = Path(__file__).parents[1] / "golden"
MODEL = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\ntextual ~ b*visual\ntwice := 2*b"
GROUP = '学校 "g"'


@cache
def hs() -> pd.DataFrame:
    return pd.read_csv(GOLDEN / "data" / "HolzingerSwineford1939.csv")


@cache
def fitted() -> SEMResult:
    return ls.sem(MODEL, hs())


@cache
def r_has_lavaan() -> bool:
    if shutil.which("Rscript") is None:
        return False
    asked = ["Rscript", "-e", "q(status = !requireNamespace('lavaan', quietly = TRUE))"]
    return subprocess.run(asked, check=False, capture_output=True).returncode == 0


def run(folder: Path) -> subprocess.CompletedProcess[str]:
    if not r_has_lavaan():
        pytest.skip("R with lavaan is not installed")
    command = ["Rscript", str(folder / "model.R")]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)


def difficult() -> SEMResult:
    """Chinese names, quotes, a backslash, a label that looks like a number, a missing cell."""
    school = hs()["school"].map({"Pasteur": '巴斯德 "p"', "Grant-White": "007"})
    data = hs().rename(columns={"x1": "视觉1"}).assign(**{GROUP: school})
    data.loc[3, "x2"] = np.nan
    model = '视觉 =~ 视觉1 + x2 + x3  # it\'s "quoted" \\ here\ntextual =~ x4 + x5 + x6'
    return ls.cfa(model, data, group=GROUP, group_equal=["loadings"], group_partial=["视觉=~x3"])


def likert() -> pd.DataFrame:
    rng = np.random.default_rng(2)
    f = rng.normal(size=(500, 1))
    return pd.DataFrame(np.digitize(f + rng.normal(size=(500, 4)), [-1, 0.2, 1]), columns=[*"abcd"])


def from_moments() -> SEMResult:
    x = hs()[[f"x{i}" for i in range(1, 7)]]
    return ls.sem(
        MODEL, sample_cov=x.cov(), sample_mean=x.mean(), sample_nobs=301, meanstructure=True
    )


def from_moments_of_groups() -> SEMResult:
    parts = {school: d[[f"x{i}" for i in range(1, 7)]] for school, d in hs().groupby("school")}
    return ls.cfa(
        "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6",
        sample_cov={k: x.cov() for k, x in parts.items()},
        sample_mean={k: x.mean() for k, x in parts.items()},
        sample_nobs={k: len(x) for k, x in parts.items()},
        group_equal=["loadings", "intercepts"],
    )


FITS = {
    "plain": fitted,
    "difficult": difficult,
    "moments": from_moments,
    "moments of groups": from_moments_of_groups,
    "fixed x": lambda: ls.sem("x4 ~ x1 + x2\nx5 ~ x4", hs()),
    "gls": lambda: ls.cfa(MODEL.split("\ntextual ~")[0], hs(), estimator="GLS", std_lv=True),
    "mlr": lambda: ls.cfa(MODEL, hs(), estimator="MLR"),
    "mlm": lambda: ls.cfa(MODEL, hs(), estimator="MLM"),
    "ordered": lambda: ls.cfa("f =~ a + b + c + d", likert(), ordered=list("abcd")),
    "wishart": lambda: ls.sem(MODEL, hs(), likelihood="wishart"),
    "constraint": lambda: ls.sem(MODEL + "\nb == 0.5", hs(), information="observed"),
}


@pytest.mark.parametrize("name", FITS)
def test_lavaan_agrees(tmp_path: Path, name: str) -> None:
    done = run(FITS[name]().to_lavaan(tmp_path / "a folder"))
    assert done.returncode == 0, done.stdout[-800:] + done.stderr[-800:]
    assert "largest difference" in done.stdout
    assert "does not give" not in done.stdout


def test_a_part_that_older_lavaan_lacks_is_asked_for_by_version(tmp_path: Path) -> None:
    folder = ls.cfa(MODEL, hs(), estimator="ULS").to_lavaan(tmp_path / "out")
    script = (folder / "model.R").read_text(encoding="utf-8")
    assert 'stop("this model needs lavaan 0.6-21 or later")' in script
    assert "stop(" not in (fitted().to_lavaan(tmp_path / "b") / "model.R").read_text("utf-8")


def test_a_wrong_number_ends_with_status_1(tmp_path: Path) -> None:
    folder = fitted().to_lavaan(tmp_path / "out")
    expected = pd.read_csv(folder / "expected.csv", keep_default_na=False)
    expected.loc[3, "value"] *= 1.001
    expected.to_csv(folder / "expected.csv", index=False)
    assert run(folder).returncode == 1


def test_a_parameter_lavaan_lacks_ends_with_status_1(tmp_path: Path) -> None:
    folder = fitted().to_lavaan(tmp_path / "out")
    with (folder / "expected.csv").open("a", encoding="utf-8") as stream:
        stream.write("est,ghost,=~,x1,1,1.0\n")
    done = run(folder)
    assert done.returncode == 1
    assert "does not have" in done.stdout


def test_the_folder_is_complete_and_holds_only_what_the_model_uses(tmp_path: Path) -> None:
    folder = fitted().to_lavaan(tmp_path / "deep" / "out")
    assert {p.name for p in folder.iterdir()} == FILES - {"means.csv"}
    data = pd.read_csv(folder / "data.csv")
    pd.testing.assert_frame_equal(data, hs()[[f"x{i}" for i in range(1, 7)]])
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    assert expected["fit"]["chisq"] == fitted().fit_measures("chisq")["chisq"]
    assert expected["plan"]["model"] == MODEL
    assert len(expected["parameters"]) == len(fitted().parameters())


def test_cases_keep_their_order_and_labels(tmp_path: Path) -> None:
    data = pd.read_csv(difficult().to_lavaan(tmp_path / "out") / "data.csv", dtype={GROUP: str})
    assert len(data) == 300
    np.testing.assert_allclose(data["x4"], hs()["x4"].drop(index=3))
    assert data[GROUP].unique().tolist() == ['巴斯德 "p"', "007"]


def test_the_script_is_ascii_and_holds_no_bare_label(tmp_path: Path) -> None:
    script = (difficult().to_lavaan(tmp_path / "out") / "model.R").read_text(encoding="utf-8")
    assert script.isascii()
    assert r"# it\'s" not in script
    assert r"\"quoted\" \\ here" in script
    assert "$" not in script.replace("means$mean", "").replace("means$name", "")


def test_an_earlier_export_is_replaced_and_other_folders_are_not(tmp_path: Path) -> None:
    folder = fitted().to_lavaan(tmp_path / "out")
    (folder / "data.csv").write_text("old", encoding="utf-8")
    fitted().to_lavaan(folder)
    assert (folder / "data.csv").read_text(encoding="utf-8") != "old"
    (folder / "thesis.docx").write_text("mine", encoding="utf-8")
    with pytest.raises(DataError, match=r"thesis\.docx"):
        fitted().to_lavaan(folder)
    assert (folder / "thesis.docx").exists()
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(DataError, match="a file of that name"):
        fitted().to_lavaan(tmp_path / "file")
    assert {p.name for p in tmp_path.iterdir()} == {"out", "file"}


@pytest.mark.parametrize("breaks", ["writing", "moving"])
def test_a_failure_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, breaks: str
) -> None:
    folder = fitted().to_lavaan(tmp_path / "out")
    before = {p.name: p.read_bytes() for p in folder.iterdir()}
    if breaks == "writing":
        monkeypatch.setattr(to_lavaan, "README", "\ud800")  # no UTF-8 spells it
    else:
        move = Path.rename

        def fails_into_place(self: Path, target: Path) -> Path:
            if Path(target) == folder and self.name != "old":
                raise OSError("no room")
            return move(self, target)

        monkeypatch.setattr(Path, "rename", fails_into_place)
    with pytest.raises((OSError, UnicodeEncodeError)):
        fitted().to_lavaan(folder)
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == before
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize(
    ("text", "spelt"),
    [('a"b', r'"a\"b"'), ("a\\b", r'"a\\b"'), ("\t\x07", r'"\t\u0007"'), ("😀", r'"\U0001f600"')],
)
def test_r_strings(text: str, spelt: str) -> None:
    assert r_string(text) == spelt
    with pytest.raises(IncompatibleRequestError, match="NUL"):
        r_string("\0")
