"""The command `clv`, and `doctor`: what they print and write, and the codes they end with."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from loyaltysem.cli import main
from loyaltysem.cli.doctor import EXTRAS

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def orders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(4)
    n, end = 400, 500
    leaves = np.minimum(rng.exponential(1.0, n) / rng.gamma(0.8, 1 / 80, n), end)
    later = rng.poisson(rng.gamma(0.8, 1 / 20, n) * leaves)
    who = np.concatenate([np.arange(n), np.repeat(np.arange(n), later)])
    day = np.concatenate([np.zeros(n), rng.random(later.sum()) * np.repeat(leaves, later)])
    frame = pd.DataFrame(
        {
            "member": [f"=cmd({i})" if i == 0 else f"M{i:03d}" for i in who],
            "day": (pd.Timestamp("2023-01-01") + pd.to_timedelta(day, unit="D")).strftime("%F"),
            "paid": (rng.gamma(4.0, 10.0, n)[who] * rng.gamma(5.0, 0.2, len(who))).round(2) + 0.01,
        }
    )
    path = tmp_path_factory.mktemp("shop") / "orders.csv"
    frame.to_csv(path, index=False)
    return path


def _clv(orders: Path, *more: str) -> int:
    return main(
        ["clv", str(orders), "--customer", "member", "--time", "day", "--amount", "paid", *more]
    )


def test_it_prints_every_step(orders: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _clv(orders, "--margin", "0.3", "--horizon", "2") == 0
    shown = capsys.readouterr().out
    for heading in ("Cleaning of the log", "RFM segments", "Life cycle", "Parameters"):
        assert heading in shown
    assert "Champions" in shown and "total value" in shown and "[value.validate]" in shown
    assert "['" not in shown


def test_it_speaks_chinese(orders: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _clv(orders, "--lang", "zh") == 0
    shown = capsys.readouterr().out
    assert "RFM 分群" in shown and "客户终身价值" in shown and "Champions" not in shown


def test_json_holds_what_python_gives(orders: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import loyaltysem as ls

    assert _clv(orders, "--json", "--discount-rate", "0.2", "--end", "2024-03-31") == 0
    got = json.loads(capsys.readouterr().out)
    tx = ls.transactions(orders, customer="member", time="day", amount="paid", end="2024-03-31")
    value = tx.clv(discount_rate=0.2)
    assert got["observed"]["end"] == "2024-03-31"
    assert got["total"]["value"] == pytest.approx(value.total, rel=1e-9)
    assert {row["parameter"] for row in got["parameters"]} >= {"r", "alpha", "a", "b", "p", "q"}
    assert sum(row["customers"] for row in got["rfm_segments"]) == len(value.frame)


def test_the_seed_moves_the_bootstrap(orders: Path, capsys: pytest.CaptureFixture[str]) -> None:
    totals = []
    for seed in ("1", "1", "2"):
        assert _clv(orders, "--json", "--interval", "bootstrap", "--seed", seed) == 0
        totals.append(json.loads(capsys.readouterr().out)["total"]["ci_lower"])
    # threads of the engine add up in any order, so the last digits may differ
    assert totals[0] == pytest.approx(totals[1], rel=1e-9)
    assert totals[0] != pytest.approx(totals[2], rel=1e-6)


def test_it_writes_inert_tables_and_pictures(orders: Path, tmp_path: Path) -> None:
    assert _clv(orders, "--out", str(tmp_path / "a"), "--currency", "CNY") == 0
    assert _clv(orders, "--out", str(tmp_path / "b"), "--currency", "CNY") == 0
    files = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert [name for name in files if name.endswith(".png")] == [
        "concentration.png", "life_cycle.png", "value.png",
    ]  # fmt: skip
    for name in (name for name in files if name.endswith(".csv")):
        first, again = (pd.read_csv(tmp_path / folder / name) for folder in ("a", "b"))
        pd.testing.assert_frame_equal(first, again, rtol=1e-9)
    customers = pd.read_csv(tmp_path / "a" / "customers.csv")
    assert len(customers) == 400 and customers["segment"].notna().all()
    assert customers["stage"].notna().all()
    assert "'=cmd(0)" in set(customers["customer"])


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--margin", "profit"], "log."),
        (["--horizon", "-1"], "value."),
        (["--end", "yesterday"], "log."),
    ],
)
def test_bad_requests(
    orders: Path, capsys: pytest.CaptureFixture[str], words: list[str], code: str
) -> None:
    assert _clv(orders, *words) == 1
    assert f"[{code}" in capsys.readouterr().err


def test_bad_input_writes_nothing(orders: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert main(["clv", str(orders), "--customer", "nobody", "--out", str(out)]) == 1
    assert not out.exists()


def test_bad_usage() -> None:
    with pytest.raises(SystemExit) as caught:
        main(["clv"])
    assert caught.value.code == 2


def test_not_converged(orders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from loyaltysem.clv.purchase.estimated import Estimated

    monkeypatch.setattr(Estimated, "converged", property(lambda _self: False))
    assert _clv(orders) == 3


def test_doctor_knows_every_extra_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = {k: v for k, v in project["optional-dependencies"].items() if k not in ("dev", "all")}
    assert set(EXTRAS) == set(extras)
    for name, (distributions, _) in EXTRAS.items():
        listed = " ".join(extras[name])
        assert all(distribution in listed for distribution in distributions), name
    assert main(["doctor", "--json"]) == 0
    checks = json.loads(capsys.readouterr().out)
    assert {f"extra '{name}'" for name in EXTRAS} <= {c["name"].split(" (")[0] for c in checks}
    assert any("Chinese" in check["name"] and check["ok"] for check in checks)


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from loyaltysem.cli.parser import build_parser; build_parser().format_help();"
        "print([m for m in ('numpy', 'pandas', 'matplotlib', 'ibis') if m in sys.modules])"
    )
    begin = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert time.perf_counter() - begin < 5  # 0.2 s on an idle machine
