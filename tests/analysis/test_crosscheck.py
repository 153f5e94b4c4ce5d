"""The logic with stand-ins for the other programs; the programs themselves where installed."""

from __future__ import annotations

from functools import cache
from importlib.metadata import PackageNotFoundError
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import loyaltysem as ls
from loyaltysem.analysis import crosscheck as module
from loyaltysem.analysis.crosscheck import crosscheck
from loyaltysem.core.errors import IncompatibleRequestError, MissingExtraError
from loyaltysem.estimation.result import SEMResult

DATA = Path(__file__).parents[1] / "golden" / "data"
MODEL = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"


@cache
def hs() -> pd.DataFrame:
    return pd.read_csv(DATA / "HolzingerSwineford1939.csv")


@cache
def fitted() -> SEMResult:
    return ls.cfa(MODEL, hs())


class Programs:
    """Stand-ins: semopy answers with our estimates, moved by `shift`; pingouin with α = .7."""

    def __init__(self, fit: SEMResult, shift: float = 0.0, installed: tuple[str, ...] = ()):
        self.fit, self.shift, self.installed = fit, shift, installed
        self.extra: list[dict[str, Any]] = []
        self.success, self.fault = True, None
        self.model = ""

    def version(self, name: str) -> str:
        if name not in self.installed:
            raise PackageNotFoundError(name)
        return "9.9"

    def load(self, name: str) -> SimpleNamespace:
        if self.fault is not None:
            raise self.fault
        return SimpleNamespace(
            Model=self.semopy_model, cronbach_alpha=lambda data: (0.7, [0.6, 0.8])
        )

    def semopy_model(self, text: str) -> SimpleNamespace:
        self.model = text
        value = float(self.fit.solution.value[0])
        return SimpleNamespace(
            fit=lambda data, tol: SimpleNamespace(success=self.success, fun=value),
            inspect=self.inspect,
        )

    def inspect(self) -> pd.DataFrame:
        table = self.fit.table
        names = {n: f"f{i}" for i, n in enumerate(table.latent)}
        names |= {n: f"v{i}" for i, n in enumerate(table.observed)}
        rows = []
        for r in self.fit.parameters(False).query("op != '~1'").itertuples():
            lhs, rhs = names[r.lhs], names[r.rhs]
            if r.op == "=~":
                lhs, rhs = rhs, lhs
            row = {"lval": rhs, "op": "~~", "rval": lhs} if r.op == "~~" else {
                "lval": lhs, "op": "~", "rval": rhs
            }  # fmt: skip
            rows.append({**row, "Estimate": r.est + self.shift * (r.free == 1)})
        return pd.DataFrame([*rows, *self.extra])


@pytest.fixture
def programs(monkeypatch: pytest.MonkeyPatch) -> Programs:
    stand_in = Programs(fitted(), installed=("semopy", "pingouin"))
    monkeypatch.setattr(module, "version", stand_in.version)
    monkeypatch.setattr(module, "import_module", stand_in.load)
    return stand_in


def notes(fit: SEMResult, data: pd.DataFrame | None = None) -> str:
    return " ".join(crosscheck(fit, data).frame["note"])


def test_every_estimate_is_held_against_the_other_programs(programs: Programs) -> None:
    programs.shift = 0.25
    check = crosscheck(fitted())
    frame = check.frame.set_index("quantity")
    assert check.largest == pytest.approx(0.25)
    assert frame["difference"].idxmax() == "visual=~x2"
    assert (frame["program"] == "semopy").sum() == 22
    assert frame.loc["χ²", "difference"] == pytest.approx(0.0, abs=1e-12)
    assert frame.loc["α of visual", "theirs"] == 0.7
    assert "25 numbers re-computed with semopy 9.9, pingouin 9.9" in str(check)
    assert "2.5e-01" in check.summary


def test_large_values_are_compared_relatively(programs: Programs) -> None:
    chisq = crosscheck(fitted()).frame.set_index("quantity").loc["χ²"]
    assert chisq["ours"] > 80
    programs.fit = SimpleNamespace(
        solution=SimpleNamespace(value=np.array([2 * fitted().solution.value[0]])),
        table=fitted().table, parameters=fitted().parameters,
    )  # fmt: skip
    again = crosscheck(fitted()).frame.set_index("quantity").loc["χ²"]
    assert again["difference"] == pytest.approx(1.0)


def test_names_never_reach_the_other_program(programs: Programs) -> None:
    crosscheck(fitted())
    first, *_ = programs.model.split("\n")
    assert first == "f0 =~ v0 + v1 + v2"
    assert "visual" not in programs.model


def test_a_program_that_fails_has_a_row_that_says_so(programs: Programs) -> None:
    programs.fault = TypeError("corrcoef() got an unexpected keyword argument 'bias'")
    check = crosscheck(fitted())
    assert np.isnan(check.largest)
    assert check.summary == "No number could be re-computed by another program."
    assert "could not run: TypeError: corrcoef()" in str(check)


def test_a_program_that_did_not_converge_is_not_used(programs: Programs) -> None:
    programs.success = False
    assert "did not converge" in notes(fitted())


def test_another_model_is_not_compared(programs: Programs) -> None:
    programs.extra = [{"lval": "v0", "op": "~~", "rval": "v1", "Estimate": 0.1}]
    assert "adds parameters" in notes(fitted())


def test_what_is_not_installed_is_said(programs: Programs) -> None:
    programs.installed = ("semopy",)
    frame = crosscheck(fitted()).frame
    assert "not installed" in frame.query("program == 'pingouin'")["note"].iloc[0]
    programs.installed = ()
    with pytest.raises(MissingExtraError, match="semopy") as caught:
        crosscheck(fitted())
    assert "loyaltysem[crosscheck]" in caught.value.hint


@pytest.mark.parametrize(
    ("model", "options", "reason"),
    [
        (MODEL, {"group": "school"}, "several groups"),
        (MODEL, {"estimator": "GLS"}, "estimator GLS"),
        (MODEL, {"likelihood": "wishart"}, "Wishart"),
        (MODEL, {"std_lv": True}, "fixed to other values"),
        (MODEL, {"missing": "fiml"}, "incomplete data"),
        (MODEL.replace("x2 + x3", "a*x2 + a*x3"), {}, "constraints"),
        (MODEL.replace("x2 + x3", "a*x2 + x3") + "\na > 0.1", {}, "constraints"),
        (MODEL + "\nvisual ~ 1\nx1 ~ 0*1", {}, "means"),
        ("f =~ sex + x2 + x3", {"ordered": ["sex"]}, "ordered"),
    ],
)
def test_what_semopy_does_not_do_right_is_not_asked(
    programs: Programs, model: str, options: dict[str, Any], reason: str
) -> None:
    fit = ls.cfa(model, hs(), **options)
    check = crosscheck(fit)
    assert reason in check.frame.query("program == 'semopy'")["note"].iloc[0]
    assert programs.model == ""


def test_robust_estimates_and_free_means_are_compared(programs: Programs) -> None:
    for options in ({"estimator": "MLR"}, {"meanstructure": True}):
        programs.fit = ls.cfa(MODEL, hs(), **options)
        assert crosscheck(programs.fit).largest < 0.8


def test_a_model_without_scales_has_no_alpha(programs: Programs) -> None:
    programs.fit = ls.sem("x4 ~ x1 + x2", hs())
    frame = crosscheck(programs.fit).frame.set_index("program")
    assert frame.loc["pingouin", "note"] == "not compared: nothing to compare"
    assert (frame.loc["semopy", "difference"].abs() < 1e-9).all()


def test_moments_need_the_data(programs: Programs) -> None:
    x = hs()[[f"x{i}" for i in range(1, 10)]]
    fit = ls.cfa(MODEL, sample_cov=x.cov(), sample_nobs=301)
    with pytest.raises(IncompatibleRequestError, match="covariance matrix"):
        crosscheck(fit)
    assert crosscheck(fit, hs()).frame["difference"].notna().all()


def test_notebook_form_escapes_labels(programs: Programs) -> None:
    programs.fault = ValueError("<script>")
    assert "&lt;script&gt;" in crosscheck(fitted())._repr_html_()


@pytest.mark.skipif(find_spec("semopy") is None, reason="semopy is not installed")
@pytest.mark.skipif(find_spec("pingouin") is None, reason="pingouin is not installed")
def test_the_real_programs_agree() -> None:
    mimic = MODEL + "\nvisual + textual + speed ~ ageyr + sex"
    for fit in (fitted(), ls.sem(mimic, hs()), ls.cfa(MODEL + "\ng =~ visual + textual", hs())):
        check = crosscheck(fit)
        assert not "".join(check.frame["note"])
        assert check.largest < 1e-4
