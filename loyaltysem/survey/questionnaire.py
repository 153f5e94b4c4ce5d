"""Read a questionnaire from its YAML file; every fault is reported at once, with its line."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping
from os import PathLike
from pathlib import Path
from typing import cast

from loyaltysem.core.errors import QuestionnaireError, did_you_mean
from loyaltysem.core.text import Text
from loyaltysem.survey.instrument import (
    NO_TEXT,
    SCALE_KINDS,
    Construct,
    Item,
    Questionnaire,
    Scale,
    ScaleKind,
    codebook,
)
from loyaltysem.survey.yaml_tree import Cursor, Fault, parse

__all__ = [
    "Construct",
    "InvalidQuestionnaireError",
    "Item",
    "Questionnaire",
    "Scale",
    "codebook",
    "load_questionnaire",
]

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.]*\Z")  # a name the model syntax can hold
SHOWN = 20
UNSCALED = Scale("", "text")  # stands in for a scale that could not be read


class InvalidQuestionnaireError(QuestionnaireError):
    """A questionnaire with faults; `faults` lists all of them."""

    def __init__(self, file_name: str, faults: tuple[Fault, ...]):
        self.faults = faults
        shown = [f"  {fault}" for fault in faults[:SHOWN]]
        if len(faults) > SHOWN:
            shown.append(f"  … and {len(faults) - SHOWN} more.")
        count = f"{len(faults)} problem" + ("s" if len(faults) > 1 else "")
        super().__init__(
            "\n".join([f"{file_name}: {count} in the questionnaire:", *shown]),
            code="questionnaire.invalid",
            hint="Correct the lines named and check again.",
        )


def load_questionnaire(path: str | PathLike[str]) -> Questionnaire:
    """Read and check a questionnaire file.

    Parameters
    ----------
    path : path
        A UTF-8 YAML file of the shape described by `loyaltysem.survey.schema`.

    Returns
    -------
    Questionnaire

    Raises
    ------
    QuestionnaireError
        The file cannot be read, or is not a valid questionnaire; then it is an
        `InvalidQuestionnaireError` that lists every fault with its line.

    Examples
    --------
    >>> from loyaltysem.core.datasets import shipped
    >>> q = load_questionnaire(shipped("questionnaires", "ecsi_mobile.yaml"))
    >>> len(q.items), q.construct("Image").label.zh
    (24, '企业形象')
    """
    path = Path(path)
    content = _content(path)
    root, faults = parse(_decoded(content, path.name))
    questionnaire = None if faults else _questionnaire(root, path.name, content)
    if faults or questionnaire is None:
        unique = dict.fromkeys(sorted(faults, key=lambda fault: fault.line))
        raise InvalidQuestionnaireError(path.name, tuple(unique))
    return questionnaire


def _content(path: Path) -> bytes:
    if path.is_dir():
        raise QuestionnaireError(
            f"'{path}' is a folder, not a questionnaire file.",
            code="questionnaire.is_directory",
            hint="Name the .yaml file inside it.",
        )
    try:
        return path.read_bytes()
    except FileNotFoundError:
        siblings = [p.name for p in path.parent.glob("*.y*ml")] if path.parent.is_dir() else []
        raise QuestionnaireError(
            f"There is no questionnaire file '{path}'.",
            code="questionnaire.file_missing",
            hint=did_you_mean(path.name, siblings) or "Check the path.",
        ) from None
    except OSError as error:
        raise QuestionnaireError(
            f"'{path}' cannot be read: {error.strerror}.",
            code="questionnaire.unreadable",
            hint="Check that it is a file and that you may read it.",
        ) from error


def _decoded(content: bytes, file_name: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise QuestionnaireError(
            f"{file_name} is not UTF-8: byte {error.start} cannot be read.",
            code="questionnaire.encoding",
            hint="Save the questionnaire as UTF-8.",
        ) from error


def _questionnaire(root: Cursor, file_name: str, content: bytes) -> Questionnaire:
    """Read the document; its faults are noted in the cursor's list."""
    fields = root.fields(
        required=("name", "version", "title", "scales"),
        optional=(
            "description",
            "respondent_id",
            "missing_codes",
            "references",
            "constructs",
            "items",
        ),
    )
    scales = _scales(fields.get("scales"))
    references = _references(fields.get("references"))
    constructs, items = _constructs(fields.get("constructs"), scales, references)
    free = _elements(fields, "items")
    items += [_item(element, scales, default=None, construct=None) for element in free]
    if not items:
        root.fault("there is no item.")
    _check_names([*_elements(fields, "constructs"), *free])
    _check_parents(fields.get("constructs"), constructs)
    missing = _missing_codes(fields.get("missing_codes"), items)
    return Questionnaire(
        name=_string(fields, "name"),
        version=_string(fields, "version"),
        title=_text(fields, "title"),
        respondent_id=_string(fields, "respondent_id") or None,
        scales=tuple(scales.values()),
        items=tuple(items),
        constructs=tuple(constructs),
        missing_codes=missing,
        references=references,
        description=_text(fields, "description"),
        file_name=file_name,
        file_hash=hashlib.sha256(content).hexdigest(),
    )


def _string(fields: Mapping[str, Cursor], key: str) -> str:
    return fields[key].string() if key in fields else ""


def _text(fields: Mapping[str, Cursor], key: str) -> Text:
    return fields[key].bilingual() if key in fields else NO_TEXT


def _flag(fields: Mapping[str, Cursor], key: str) -> bool:
    return fields[key].boolean() if key in fields else False


def _elements(fields: Mapping[str, Cursor], key: str) -> list[Cursor]:
    return list(fields[key].elements()) if key in fields else []


def _number(fields: Mapping[str, Cursor], key: str) -> float | None:
    return fields[key].number() if key in fields else None


def _name(fields: Mapping[str, Cursor]) -> str:
    """Return a name a model can use, or an empty string after noting the fault."""
    if "name" not in fields:
        return ""
    name = fields["name"].string()
    if name and not NAME.match(name):
        fields["name"].fault(
            f"'{name}' cannot be used in a model: take ASCII letters, digits, '_' and '.', "
            "beginning with a letter."
        )
    return name


def _references(cursor: Cursor | None) -> dict[str, str]:
    return {str(key): entry.string() for key, entry in cursor.entries()} if cursor else {}


def _scales(cursor: Cursor | None) -> dict[str, Scale]:
    return {str(key): _scale(str(key), entry) for key, entry in cursor.entries()} if cursor else {}


def _scale(name: str, cursor: Cursor) -> Scale:
    fields = cursor.fields(required=("kind",), optional=("minimum", "maximum", "labels", "unit"))
    kind = fields["kind"].one_of(SCALE_KINDS, "a kind of scale") if "kind" in fields else None
    scale = Scale(
        name=name,
        kind=cast(ScaleKind, kind or "text"),
        minimum=_number(fields, "minimum"),
        maximum=_number(fields, "maximum"),
        labels=_labels(fields.get("labels")),
        unit=_text(fields, "unit"),
    )
    _check_scale(cursor, scale)
    return scale


def _labels(cursor: Cursor | None) -> dict[int, Text]:
    labels: dict[int, Text] = {}
    for key, entry in cursor.entries() if cursor else ():
        if isinstance(key, int) and not isinstance(key, bool):
            labels[key] = entry.bilingual()
        else:
            entry.fault(f"a label belongs to a whole number, found {key!r}.")
    return labels


def _check_scale(cursor: Cursor, scale: Scale) -> None:
    low, high = scale.minimum, scale.maximum
    if scale.kind == "choice" and not scale.labels:
        cursor.fault("a choice scale needs 'labels', one for each code.")
    if scale.kind != "likert":
        return
    if low is None or high is None:
        cursor.fault("a likert scale needs 'minimum' and 'maximum'.")
        return
    if not (low.is_integer() and high.is_integer()) or low >= high:
        cursor.fault(f"scale points run between whole numbers, found {low:g} to {high:g}.")
    outside = [str(point) for point in scale.labels if not low <= point <= high]
    if outside:
        cursor.fault(f"labels outside {scale.range}: {', '.join(outside)}.")


def _constructs(
    cursor: Cursor | None, scales: Mapping[str, Scale], references: Collection[str]
) -> tuple[list[Construct], list[Item]]:
    constructs: list[Construct] = []
    items: list[Item] = []
    for element in cursor.elements() if cursor else ():
        construct, own = _construct(element, scales, references)
        constructs.append(construct)
        items += own
    return constructs, items


def _construct(
    cursor: Cursor, scales: Mapping[str, Scale], references: Collection[str]
) -> tuple[Construct, list[Item]]:
    fields = cursor.fields(
        required=("name", "label"), optional=("parent", "scale", "sources", "items")
    )
    name = _name(fields)
    default = fields["scale"].one_of(scales, "a scale here") if "scale" in fields else None
    items = [
        _item(element, scales, default=default, construct=name)
        for element in _elements(fields, "items")
    ]
    cited = [
        source.one_of(references, "a reference here") for source in _elements(fields, "sources")
    ]
    construct = Construct(
        name=name,
        label=_text(fields, "label"),
        items=tuple(item.name for item in items),
        parent=_string(fields, "parent") or None,
        sources=tuple(key for key in cited if key),
    )
    return construct, items


def _item(
    cursor: Cursor, scales: Mapping[str, Scale], *, default: str | None, construct: str | None
) -> Item:
    fields = cursor.fields(required=("name", "text"), optional=("scale", "reverse"))
    own = fields["scale"].one_of(scales, "a scale here") if "scale" in fields else default
    if own is None and "scale" not in fields:
        cursor.fault("'scale' is missing, and the construct gives none.")
    scale = scales.get(own or "", UNSCALED)
    reverse = _flag(fields, "reverse")
    if reverse and (scale.minimum is None or scale.maximum is None):
        cursor.fault("a reverse item needs a scale with 'minimum' and 'maximum'.")
    return Item(_name(fields), _text(fields, "text"), scale, construct, reverse)


def _check_names(elements: list[Cursor]) -> None:
    """Note every name that an item or a construct shares with an earlier one."""
    first: dict[str, int] = {}
    for element in elements:
        nested = element.at("items")
        below = list(nested.elements()) if nested.value is not None else []
        for cursor in (named.at("name") for named in [element, *below]):
            name = str(cursor.value)
            if cursor.value is not None and name in first:
                cursor.fault(f"the name '{name}' is taken by line {first[name]}.")
            first.setdefault(name, cursor.line)


def _check_parents(cursor: Cursor | None, constructs: list[Construct]) -> None:
    by_name = {construct.name: construct for construct in constructs}
    children = {construct.parent for construct in constructs}
    for element, construct in zip(cursor.elements() if cursor else (), constructs, strict=True):
        if construct.parent:
            element.at("parent").one_of(by_name, "a construct here")
        if _is_its_own_ancestor(construct, by_name):
            element.at("parent").fault(f"'{construct.name}' is its own parent.")
        if not construct.items and construct.name not in children:
            element.fault(f"'{construct.name}' has neither items nor dimensions.")


def _is_its_own_ancestor(construct: Construct, by_name: Mapping[str, Construct]) -> bool:
    seen = {construct.name}
    parent = by_name.get(construct.parent or "")
    while parent is not None and parent.name not in seen:
        seen.add(parent.name)
        parent = by_name.get(parent.parent or "")
    return parent is not None


def _missing_codes(cursor: Cursor | None, items: list[Item]) -> tuple[float, ...]:
    codes: list[float] = []
    for element in cursor.elements() if cursor else ():
        code = element.number()
        scales = {item.scale.name: item.scale for item in items if item.scale.kind != "text"}
        valid = [name for name, scale in scales.items() if code is not None and _holds(scale, code)]
        if valid:
            names = ", ".join(valid)
            element.fault(f"{code:g} cannot mean 'missing': it is a valid answer on {names}.")
        elif code is not None:
            codes.append(code)
    return tuple(codes)


def _holds(scale: Scale, value: float) -> bool:
    """Tell whether `value` is a possible answer; an unbounded scale claims no number as its own."""
    if scale.kind == "choice":
        return value in scale.labels
    if scale.minimum is None or scale.maximum is None:
        return False
    return scale.minimum <= value <= scale.maximum
