"""Read the rules of a membership programme; every fault is reported at once, with its line."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from os import PathLike
from pathlib import Path
from typing import Any

from loyaltysem.clv.segments.tier_rules import (
    Condition,
    Downgrade,
    Tier,
    TierRules,
    parse_condition,
)
from loyaltysem.core.errors import DataError
from loyaltysem.core.small_file import FileKind, decoded, read_bytes
from loyaltysem.core.text import Text
from loyaltysem.survey.yaml_tree import MOST_BYTES, Cursor, Fault, in_order, listed, parse

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")
FILE = FileKind(
    "file of rules", "tiers", DataError, "*.y*ml", MOST_BYTES,
    "Check that it is the file of rules and not a log.",
)  # fmt: skip
MOST_MONTHS = 120


class InvalidTierRulesError(DataError):
    """A rule file with faults; `faults` lists all of them."""

    def __init__(self, file_name: str, faults: tuple[Fault, ...]):
        self.faults = faults
        super().__init__(
            listed(faults, file_name, "the rules of membership"),
            code="tiers.invalid",
            hint="Correct the lines named and read it again.",
        )


def load_tiers(path: str | PathLike[str]) -> TierRules:
    """Read and check a file with the rules of a membership programme.

    Parameters
    ----------
    path : path
        A UTF-8 YAML file of the shape `tier_schema` describes; ``data/membership_tiers.yaml`` is an
        example.

    Returns
    -------
    TierRules

    Raises
    ------
    DataError
        The file cannot be read; or it is not valid, then it is an `InvalidTierRulesError` that
        lists every fault with its line.

    Examples
    --------
    >>> from loyaltysem.core.datasets import shipped
    >>> load_tiers(shipped("data", "membership_tiers.yaml")).names
    ('basic', 'advanced', 'vip')
    """
    path = Path(path)
    root, faults = parse(decoded(read_bytes(path, FILE), path.name, FILE))
    rules = None if faults else _rules(root)
    if faults or rules is None:
        raise InvalidTierRulesError(path.name, in_order(faults))
    return rules


def tier_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a file of rules, for editors.

    Examples
    --------
    >>> tier_schema()["required"]
    ['name', 'version', 'title', 'tiers']
    """
    text = files("loyaltysem.clv.segments").joinpath("membership_tiers.schema.json")
    schema: dict[str, Any] = json.loads(text.read_text("utf-8"))
    return schema


def _rules(root: Cursor) -> TierRules | None:
    fields = root.fields(
        required=("name", "version", "title", "tiers"),
        optional=("description", "currency", "downgrade"),
    )
    tiers = tuple(_tier(c) for c in fields["tiers"].elements()) if "tiers" in fields else ()
    if "tiers" in fields:
        _check_tiers(fields["tiers"], tiers)
    rules = TierRules(
        name=_string(fields, "name"),
        version=_string(fields, "version"),
        title=_words(fields, "title"),
        tiers=tiers,
        downgrade=_downgrade(fields.get("downgrade")),
        description=_words(fields, "description"),
        currency=_string(fields, "currency") or None,
    )
    return None if root.faults else rules


def _string(fields: dict[str, Cursor], key: str) -> str:
    return fields[key].string() if key in fields else ""


def _words(fields: dict[str, Cursor], key: str) -> Text:
    return fields[key].bilingual() if key in fields else Text("")


def _tier(cursor: Cursor) -> Tier:
    fields = cursor.fields(required=("name", "label"), optional=("all", "any"))
    name = _string(fields, "name")
    if name and not NAME.match(name):
        fields["name"].fault(f"'{name}' must be ASCII letters, digits and '_', a letter first.")
    return Tier(
        name, _words(fields, "label"), _conditions(fields.get("all")),
        _conditions(fields.get("any")),
    )  # fmt: skip


def _conditions(cursor: Cursor | None) -> tuple[Condition, ...]:
    found = []
    for element in cursor.elements() if cursor else ():
        text = element.string()
        condition = parse_condition(text) if text else ""
        if isinstance(condition, Condition):
            found.append(condition)
        elif condition:
            element.fault(condition)
    return tuple(found)


def _check_tiers(cursor: Cursor, tiers: tuple[Tier, ...]) -> None:
    elements = list(cursor.elements())
    if len(tiers) < 2:
        cursor.fault(f"a programme has at least two tiers, found {len(tiers)}.")
    names = [tier.name for tier in tiers]
    for k, (element, tier) in enumerate(zip(elements, tiers, strict=True)):
        if tier.name and tier.name in names[:k]:
            element.fault(f"the name '{tier.name}' is given twice.")
        written = any(element.at(key).value is not None for key in ("all", "any"))
        if k == 0 and written:
            element.fault("the first tier is for everybody: it has no conditions.")
        if k > 0 and not tier.conditions and not written:
            element.fault("needs conditions under 'all' or 'any'; only the first tier has none.")


def _downgrade(cursor: Cursor | None) -> Downgrade:
    if cursor is None:
        return Downgrade()
    fields = cursor.fields(required=("reviews",), optional=("grace_months", "steps"))
    limits = {"grace_months": (0, MOST_MONTHS), "steps": (1, 99), "reviews": (1, MOST_MONTHS)}
    usual = Downgrade()
    values = {name: getattr(usual, name) for name in limits}
    for name, field in fields.items():
        values[name] = _whole(field, *limits[name])
    if "reviews" in fields and values["reviews"] <= values["grace_months"]:
        cursor.fault("'reviews' must look back further than 'grace_months'.")
    return Downgrade(**values)


def _whole(cursor: Cursor, low: int, high: int) -> int:
    value = cursor.number()
    if value is not None and (not value.is_integer() or not low <= value <= high):
        cursor.fault(f"expected a whole number from {low} to {high}, found {value:g}.")
        return low
    return low if value is None else int(value)
