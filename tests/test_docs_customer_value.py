"""The page on purchases to come: its example runs, its figures are those of the code."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import re
from pathlib import Path

import pandas as pd
import pytest

import loyaltysem as ls

PAGE = (Path(__file__).parents[1] / "docs" / "customer_value.md").read_text(encoding="utf-8")


def test_the_example_prints_what_the_page_says() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    (said,) = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        exec(compile(code, "customer_value.md", "exec"), {})
    for line in said.splitlines():
        assert line in told.getvalue()


def test_every_name_of_the_page_exists() -> None:
    for name in set(re.findall(r"ls\.clv\.([a-z_]+)\(", PAGE)):
        assert callable(getattr(ls.clv, name)), name
    for name in set(re.findall(r"ls\.clv\.bayes\.([a-z_]+)\(", PAGE)):
        assert callable(getattr(ls.clv.bayes, name)), name


@pytest.mark.parametrize(("model", "name"), [("bg_nbd", "BG/NBD"), ("pareto_nbd", "Pareto/NBD")])
def test_the_holdout_of_cdnow_is_the_printed_one(model: str, name: str) -> None:
    spec = importlib.util.find_spec("lifetimes")
    if spec is None or spec.origin is None:
        pytest.skip("needs the wheel of lifetimes (extra examples)")
    log = pd.read_csv(
        Path(spec.origin).parent / "datasets" / "CDNOW_sample.txt", sep=r"\s+", header=None,
        usecols=[1, 2], names=["customer", "time"], dtype={"time": str},
    )  # fmt: skip
    log["time"] = pd.to_datetime(log["time"])
    held = ls.clv.holdout(log, split="1997-09-30", end="1998-06-30", model=model)
    v = held.frame.set_index("measure")["value"]
    none = f"{held.by_frequency['expected'][0]:.3f}".lstrip("0")
    mae, r = (f"{v[k]:.2f}".lstrip("0") for k in ("mae", "correlation"))
    assert (
        f"| {name} | {v['expected']:,.0f} (−{-v['difference_percent']:.1f} %) | "
        f"{v['cumulative_mape']:.1f} % | {none} | {mae} | {r} |"
    ) in PAGE
