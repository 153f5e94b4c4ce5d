"""Read what a paper prints from YAML, or from plain mappings in Python."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from loyaltysem.core.errors import DataError
from loyaltysem.study.audit.paper import (
    FIT_NUMBERS,
    PrintedCoefficient,
    PrintedConstruct,
    PrintedCorrelations,
    PrintedModel,
    PublishedPaper,
)
from loyaltysem.study.audit.printed import Printed, read_printed
from loyaltysem.survey.yaml_tree import LONGEST, Cursor, as_cursor, parse_as_written

TOP = ("citation", "n", "sent", "valid_share", "note", "models", "constructs", "coefficients",
       "correlations")  # fmt: skip
MODEL = ("n", "indicators", "groups", "claims", *FIT_NUMBERS)
CONSTRUCT = ("items", "loadings", "alpha", "cr", "ave", "item_means")
COEFFICIENT = ("estimate", "se", "z", "t", "p", "pvalue", "ci", "product_of")


def read_paper(source: str | Path | Mapping[str, Any]) -> PublishedPaper:
    """Read printed results.

    Parameters
    ----------
    source : path or mapping
        A YAML file, or the same structure in Python. In a file numbers are taken digit for digit:
        ``.90`` keeps its two decimals. In Python write them as text.

    Returns
    -------
    PublishedPaper

    Raises
    ------
    DataError
        The file cannot be read, or something in it is not what is expected; every place is named.
    """
    name, root = _root(source)
    paper = _paper(root) if not root.faults else None
    if root.faults or paper is None:
        listed = "\n".join(f"  {fault}" for fault in root.faults)
        raise DataError(
            f"{name} cannot be understood:\n{listed}",
            code="audit.file",
            hint="See docs/auditing.md for the keys; numbers stand as in the paper.",
        )
    return paper


def _root(source: str | Path | Mapping[str, Any]) -> tuple[str, Cursor]:
    if isinstance(source, Mapping):
        return "The mapping", as_cursor(dict(source))
    path = Path(source)
    try:
        with path.open("rb") as stream:
            text = stream.read(4 * LONGEST + 4).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            f"'{path.name}' cannot be read: {getattr(error, 'strerror', None) or 'not UTF-8'}.",
            code="audit.file",
            hint="Give the path of a YAML file in UTF-8.",
        ) from None
    return path.name, parse_as_written(text)


def _paper(root: Cursor) -> PublishedPaper | None:
    fields = root.fields(required=("citation",), optional=TOP[1:])
    models = [_model(c) for c in _elements(fields, "models")]
    constructs = [_construct(c) for c in _elements(fields, "constructs")]
    coefficients = [_coefficient(c) for c in _elements(fields, "coefficients")]
    paths = {c.name for c in coefficients}
    for cursor, coefficient in zip(_elements(fields, "coefficients"), coefficients, strict=True):
        for part in coefficient.product_of:
            if part not in paths:
                cursor.fault(f"product_of names '{part}', which is no coefficient.")
    correlations = _correlations(fields["correlations"]) if "correlations" in fields else None
    counts = {name: _whole(fields.get(name)) for name in ("n", "sent")}
    valid_share = _printed(fields.get("valid_share"))
    if root.faults:
        return None
    return PublishedPaper(
        citation=fields["citation"].string(),
        **counts,
        valid_share=valid_share,
        models=tuple(models),
        constructs=tuple(constructs),
        coefficients=tuple(coefficients),
        correlations=correlations,
        note=fields["note"].string() if "note" in fields else "",
    )


def _elements(fields: Mapping[str, Cursor], name: str) -> list[Cursor]:
    return list(fields[name].elements()) if name in fields else []


def _printed(cursor: Cursor | None) -> Printed | None:
    if cursor is None:
        return None
    try:
        return read_printed(cursor.value)
    except DataError as error:
        cursor.fault(f"{error.args[0].splitlines()[0]}")
        return None


def _series(cursor: Cursor | None) -> tuple[Printed, ...]:
    if cursor is None:
        return ()
    return tuple(x for x in map(_printed, cursor.elements()) if x is not None)


def _whole(cursor: Cursor | None) -> int | None:
    printed = _printed(cursor)
    if printed is None or cursor is None:
        return None
    if printed.digits or printed.bound or printed.value < 1:
        cursor.fault(f"expected a whole number above 0, found {cursor.value!r}.")
        return None
    return int(printed.value)


def _model(cursor: Cursor) -> PrintedModel:
    fields = cursor.fields(required=("name",), optional=MODEL)
    numbers = {k: _printed(fields[k]) for k in FIT_NUMBERS if k in fields}
    claims = fields["claims"].elements() if "claims" in fields else ()
    return PrintedModel(
        name=_name(fields),
        numbers={k: v for k, v in numbers.items() if v is not None},
        n=_whole(fields.get("n")),
        indicators=_whole(fields.get("indicators")),
        groups=_whole(fields.get("groups")) or 1,
        claims=tuple(claim.string() for claim in claims),
    )


def _name(fields: Mapping[str, Cursor]) -> str:
    return fields["name"].string() if "name" in fields else ""


def _construct(cursor: Cursor) -> PrintedConstruct:
    fields = cursor.fields(required=("name",), optional=CONSTRUCT)
    return PrintedConstruct(
        name=_name(fields),
        items=_whole(fields.get("items")),
        loadings=_series(fields.get("loadings")),
        alpha=_printed(fields.get("alpha")),
        cr=_printed(fields.get("cr")),
        ave=_printed(fields.get("ave")),
        item_means=_series(fields.get("item_means")),
    )


def _coefficient(cursor: Cursor) -> PrintedCoefficient:
    fields = cursor.fields(required=("name",), optional=COEFFICIENT)
    ci = _series(fields.get("ci"))
    if "ci" in fields and len(ci) != 2:
        fields["ci"].fault("expected two numbers, the lower and the upper limit.")
        ci = ()
    parts = fields["product_of"].elements() if "product_of" in fields else ()
    return PrintedCoefficient(
        name=_name(fields),
        estimate=_printed(fields.get("estimate")),
        se=_printed(fields.get("se")),
        z=_printed(fields.get("z") or fields.get("t")),
        pvalue=_printed(fields.get("pvalue") or fields.get("p")),
        ci_lower=ci[0] if ci else None,
        ci_upper=ci[1] if ci else None,
        product_of=tuple(part.string() for part in parts),
    )


def _correlations(cursor: Cursor) -> PrintedCorrelations | None:
    fields = cursor.fields(required=("names", "rows"), optional=("diagonal",))
    if len(fields) < 2:
        return None
    names = tuple(name.string() for name in fields["names"].elements())
    rows = tuple(_series(row) for row in fields["rows"].elements())
    if [len(row) for row in rows] != list(range(1, len(names) + 1)):
        fields["rows"].fault("expected a lower triangle with its diagonal: rows of 1, 2, 3 …")
        return None
    diagonal = "ones"
    if "diagonal" in fields:
        diagonal = fields["diagonal"].one_of(("ones", "root_ave"), "a diagonal") or "ones"
    return PrintedCorrelations(names, rows, diagonal == "root_ave")
