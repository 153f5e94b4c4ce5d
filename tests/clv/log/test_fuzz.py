"""Three hundred spoilt inputs: each is refused with a helpful error or read with every row told."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import loyaltysem as ls
from loyaltysem.core.errors import LoyaltySemError

pytest.importorskip("ibis", reason="needs the extra clv")
pytestmark = pytest.mark.slow

FILES, FRAMES = 150, 150
TEXT = "customer,time,amount\n" + "".join(
    f"c{i % 5},2024-0{1 + i % 9}-1{i % 9} 0{i % 9}:30:00,{3.5 * i:.2f}\n" for i in range(20)
)
SPLICES = (
    b",",
    b'"',
    b"\n",
    b"\r",
    b"\r\n",
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    "客".encode(),
    b"-",
    b"1e309",
    b"NaN",
    b"NULL",
    b";",
    b"\t",
    b"'; DROP TABLE orders; --",
    b"2024-13-45",
    b"  ",
    b"\\",
    b"inf",
)
CELLS: tuple[Any, ...] = (
    None,
    float("nan"),
    float("inf"),
    -0.0,
    0,
    -1,
    10**30,
    True,
    "",
    "  ",
    "NaN",
    "1,2,3",
    "--1",
    "１２",
    "'; DROP TABLE x",
    "\x00",
    "\ud83d",
    b"\xff",
    [1],
    np.array([1, 2]),
    {"a": 1},
    object,
    pd.NaT,
    pd.Timestamp("2262-04-11"),
    "0000-00-00",
    "9999-12-31",
    "2024-02-29T24:00:00",
    "2023-02-29",
    20240230,
    1.5e300,
    "1e5",
    (1, 2),
)


def assert_accounted(tx: Any) -> None:
    by_effect = tx.counts.groupby("effect")["rows"].sum()
    assert by_effect["source"] == by_effect["kept"] + by_effect["dropped"]
    assert by_effect["kept"] == len(tx.log.run(tx.table)) > 0


def assert_read_or_refused(source: object) -> bool:
    try:
        tx = ls.transactions(source, threads=1)
    except LoyaltySemError as refusal:
        assert refusal.code and refusal.hint
        return False
    assert_accounted(tx)
    return True


def spoilt_text(rng: random.Random) -> bytes:
    content = bytearray(TEXT.encode())
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(content))
        match rng.randrange(3):
            case 0:
                content[at:at] = rng.choice(SPLICES)
            case 1:
                del content[at : at + rng.randint(1, 30)]
            case _:
                content[at : at + 1] = rng.choice(SPLICES)
    return bytes(content)


def test_spoilt_text_files(tmp_path: Path) -> None:
    rng, path = random.Random(6), tmp_path / "orders.csv"
    read = 0
    for _ in range(FILES):
        content = spoilt_text(rng)
        path.write_bytes(content)
        read += assert_read_or_refused(path)
    assert FILES // 10 < read < FILES  # some of either kind, or the test says little


def test_spoilt_frames() -> None:
    rng = random.Random(7)
    read = 0
    for _ in range(FRAMES):
        frame = pd.DataFrame(
            {"customer": [f"c{i % 3}" for i in range(8)], "amount": [1.5 * i for i in range(8)],
             "time": ["2024-01-05"] * 8},
            dtype=object,
        )  # fmt: skip
        for _ in range(rng.randint(1, 6)):
            frame.iat[rng.randrange(8), rng.randrange(3)] = rng.choice(CELLS)
        read += assert_read_or_refused(frame)
    assert FRAMES // 10 < read <= FRAMES
