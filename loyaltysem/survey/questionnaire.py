"""Read a questionnaire from its YAML file; every fault is reported at once, with its line."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from os import PathLike
from pathlib import Path

from loyaltysem.core.errors import QuestionnaireError
from loyaltysem.core.small_file import FileKind, decoded, read_bytes
from loyaltysem.survey.file_items import Known, constructs_of, item_of
from loyaltysem.survey.file_layout import link_of, modules_of, pages_of
from loyaltysem.survey.file_parts import elements, flag, references_of, scales_of, string, text
from loyaltysem.survey.instrument import (
    Construct,
    Item,
    Link,
    Module,
    Page,
    Questionnaire,
    Scale,
)
from loyaltysem.survey.yaml_tree import MOST_BYTES, Cursor, Fault, in_order, listed, parse

__all__ = [
    "Construct",
    "InvalidQuestionnaireError",
    "Item",
    "Link",
    "Module",
    "Page",
    "Questionnaire",
    "Scale",
    "load_questionnaire",
]

FILE = FileKind(
    "questionnaire file", "questionnaire", QuestionnaireError, "*.y*ml", MOST_BYTES,
    "Check that it is the questionnaire and not a file of answers.",
)  # fmt: skip
REQUIRED = ("name", "version", "title", "scales")
OPTIONAL = (
    "respondent_title",
    "description",
    "introduction",
    "closing",
    "respondent_id",
    "link",
    "required",
    "missing_codes",
    "references",
    "modules",
    "constructs",
    "items",
    "pages",
)


class InvalidQuestionnaireError(QuestionnaireError):
    """A questionnaire with faults; `faults` lists all of them."""

    def __init__(self, file_name: str, faults: tuple[Fault, ...]):
        self.faults = faults
        super().__init__(
            listed(faults, file_name, "the questionnaire"),
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
    content = read_bytes(path, FILE)
    root, faults = parse(decoded(content, path.name, FILE))
    questionnaire = None if faults else _questionnaire(root, path.name, content)
    if faults or questionnaire is None:
        raise InvalidQuestionnaireError(path.name, in_order(faults))
    return questionnaire


def _questionnaire(root: Cursor, file_name: str, content: bytes) -> Questionnaire:
    """Read the document; its faults are noted in the cursor's list."""
    fields = root.fields(required=REQUIRED, optional=OPTIONAL)
    references = references_of(fields.get("references"))
    modules = modules_of(fields.get("modules"))
    known = Known(
        scales=scales_of(fields.get("scales")),
        references=references,
        modules=[module.name for module in modules],
        required=flag(fields, "required"),
    )
    constructs, items = constructs_of(fields.get("constructs"), known)
    free = elements(fields, "items")
    items += [item_of(element, known) for element in free]
    if not items:
        root.fault("there is no item.")
    _check_names([*elements(fields, "constructs"), *free])
    _check_parents(fields.get("constructs"), constructs)
    respondent_id = string(fields, "respondent_id") or None
    return Questionnaire(
        name=string(fields, "name"),
        version=string(fields, "version"),
        title=text(fields, "title"),
        respondent_id=respondent_id,
        scales=tuple(known.scales.values()),
        items=tuple(items),
        constructs=tuple(constructs),
        missing_codes=_missing_codes(fields.get("missing_codes"), items),
        references=references,
        description=text(fields, "description"),
        file_name=file_name,
        file_hash=hashlib.sha256(content).hexdigest(),
        modules=modules,
        pages=pages_of(fields.get("pages"), constructs, items),
        link=link_of(fields.get("link"), respondent_id),
        introduction=text(fields, "introduction"),
        closing=text(fields, "closing"),
        respondent_title=text(fields, "respondent_title"),
    )


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
        valid = [
            name for name, scale in scales.items() if code is not None and _claims(scale, code)
        ]
        if valid:
            names = ", ".join(valid)
            element.fault(f"{code:g} cannot mean 'missing': it is a valid answer on {names}.")
        elif code is not None:
            codes.append(code)
    return tuple(codes)


def _claims(scale: Scale, value: float) -> bool:
    """Tell whether `value` is a likely answer; an unbounded scale claims no number as its own."""
    if scale.kind == "choice":
        return value in scale.labels
    if scale.minimum is None or scale.maximum is None:
        return False
    return scale.minimum <= value <= scale.maximum
