"""Read a questionnaire from its YAML file; every fault is reported at once, with its line."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from os import PathLike
from pathlib import Path

from loyaltysem.core.errors import QuestionnaireError, did_you_mean
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
from loyaltysem.survey.yaml_tree import LONGEST, Cursor, Fault, parse

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

MOST_BYTES = 4 * LONGEST  # UTF-8 takes up to four a character
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
SHOWN = 20


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
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise QuestionnaireError(
                f"{path.name} has {size:,} bytes; a questionnaire has at most {MOST_BYTES:,}.",
                code="questionnaire.too_large",
                hint="Check that it is the questionnaire and not a file of answers.",
            )
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
