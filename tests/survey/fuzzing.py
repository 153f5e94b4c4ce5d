"""Files that are not what they claim to be, made from sound ones, and a reader that is watched.

    python -m tests.survey.fuzzing mutations FOLDER --count 500 --seed 1    # or: bombs FOLDER
    python -m tests.survey.fuzzing try FOLDER                               # a line of JSON a file

A case passes when the reader gives a table or an error of ours that names the file, within the
seconds and the memory allowed. Mutations are drawn from a seed, so every case can be made again.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import resource
import signal
import struct
import time
import traceback
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np

from loyaltysem.core.datasets import shipped
from loyaltysem.core.errors import LoyaltySemError, MissingExtraError
from loyaltysem.survey.exchange.answer_files import ANSWER_FORMATS, export_answers
from loyaltysem.survey.exchange.formats import FORMATS, export_questionnaire, read_questionnaire
from loyaltysem.survey.instrument import Questionnaire
from loyaltysem.survey.questionnaire import load_questionnaire
from loyaltysem.survey.responses import read_responses, responses_from_frame

Rng: TypeAlias = np.random.Generator
Mutation: TypeAlias = Callable[[Rng, bytes], bytes]

SECONDS = 60.0
LIST = "cases.json"
MOST_BYTES = 1000 * 1000 * 1000
PEOPLE = 40


@dataclass(frozen=True, slots=True)
class Base:
    """A sound file: its content, its suffix, and what reads it."""

    name: str
    suffix: str
    content: bytes
    answers: bool


@dataclass(frozen=True, slots=True)
class Case:
    """A file to try."""

    name: str
    suffix: str
    content: bytes
    answers: bool
    claimed: int = 0  # size of a file that is mostly a hole


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a case: ``read`` or ``refused``; or worse.

    ``nameless``: refused without naming the file; ``crashed``: an exception not ours; ``died``:
    the process; ``hung``: stopped after `SECONDS`.
    """

    case: str
    kind: str
    seconds: float
    megabytes: float
    said: str

    @property
    def passes(self) -> bool:
        """Tell whether the reader did as it should."""
        return self.kind in ("read", "refused") and self.megabytes * 1e6 < MOST_BYTES


# ------------------------------------------------------------------------------ sound files


def instrument() -> Questionnaire:
    """Return the short questionnaire that all cases are about."""
    return load_questionnaire(shipped("questionnaires", "ecsi_mobile.yaml"))


def sound_files(questionnaire: Questionnaire) -> list[Base]:
    """Return a file of each format that can be written here."""
    import pandas as pd

    rng = np.random.default_rng(7)
    names = [item.name for item in questionnaire.scored_items]
    low = [int(item.scale.minimum or 1) for item in questionnaire.scored_items]
    high = [int(item.scale.maximum or 5) for item in questionnaire.scored_items]
    frame = pd.DataFrame(rng.integers(low, np.array(high) + 1, (PEOPLE, len(names))), columns=names)
    if questionnaire.respondent_id:
        frame.insert(0, questionnaire.respondent_id, [f"客户{k}" for k in range(PEOPLE)])
    frame = responses_from_frame(frame.astype(object), questionnaire).frame
    bases = []
    for name, row in ANSWER_FORMATS.items():
        suffix = row.suffixes[0] if row.suffixes else ".csv"
        content = _written(lambda name=name: export_answers(frame, questionnaire, name))
        if content is not None:
            bases.append(Base(f"answers-{name}", suffix, content, True))
    for name, form in FORMATS.items():
        if form.read is None and name != "yaml":
            continue
        content = _written(lambda name=name: export_questionnaire(questionnaire, name).content)
        if content is not None:
            bases.append(Base(f"questionnaire-{name}", form.suffix, content, False))
    return bases


def _written(write: Callable[[], bytes]) -> bytes | None:
    try:
        return write()
    except MissingExtraError:
        return None


# -------------------------------------------------------------------------------- mutations


def truncated(rng: Rng, content: bytes) -> bytes:
    return content[: rng.integers(0, len(content))]


def bits_flipped(rng: Rng, content: bytes) -> bytes:
    changed = bytearray(content)
    for at in rng.integers(0, len(changed), rng.integers(1, 30)):
        changed[at] ^= 1 << int(rng.integers(8))
    return bytes(changed)


def slice_lost(rng: Rng, content: bytes) -> bytes:
    a, b = sorted(rng.integers(0, len(content), 2))
    return content[:a] + content[b:]


def slice_repeated(rng: Rng, content: bytes) -> bytes:
    a, b = sorted(rng.integers(0, len(content), 2))
    return content[:b] + content[a:b] * int(rng.integers(1, 50)) + content[b:]


def noise_inside(rng: Rng, content: bytes) -> bytes:
    at = int(rng.integers(0, len(content)))
    return content[:at] + rng.bytes(int(rng.integers(1, 400))) + content[at:]


def noise_only(rng: Rng, content: bytes) -> bytes:
    return rng.bytes(int(rng.integers(0, 5000)))


def numbers_inflated(rng: Rng, content: bytes) -> bytes:
    """Claim huge sizes: put large integers where a binary header keeps its counts."""
    changed = bytearray(content)
    for _ in range(int(rng.integers(1, 6))):
        at = int(rng.integers(0, max(min(len(changed), 1000) - 8, 1)))
        size = int(rng.choice([0x7FFFFFFF, 0x7FFFFFF0, 0xFFFFFFFF, 2_000_000_000, 0]))
        changed[at : at + 4] = struct.pack(str(rng.choice(["<I", ">I"])), size)
    return bytes(changed)


def other_encoding(rng: Rng, content: bytes) -> bytes:
    text = content.decode("utf-8-sig", errors="replace")
    codec = str(rng.choice(["utf-16", "utf-16-le", "gb18030", "utf-32", "big5", "utf-7"]))
    return text.encode(codec, errors="replace")


def lines_of(content: bytes) -> list[str]:
    return content.decode("utf-8-sig", errors="replace").split("\n")


def joined(lines: list[str]) -> bytes:
    return "\n".join(lines).encode("utf-8")


def ragged(rng: Rng, content: bytes) -> bytes:
    lines = lines_of(content)
    at = int(rng.integers(0, len(lines)))
    lines[at] = lines[at] + "," * int(rng.integers(1, 2000)) if rng.random() < 0.5 else "1,2"
    return joined(lines)


def mixed_types(rng: Rng, content: bytes) -> bytes:
    odd = ["x", "1e999", "-inf", "NaN", "0x1F", "1,5", "TRUE", "２", "=1+1", "2026-02-30", "\x00",
           "9" * 400, "1_000", "1\u2028", "٣"]  # fmt: skip
    lines = lines_of(content)
    for at in rng.integers(0, len(lines), rng.integers(1, 8)):
        cells = lines[at].split(",")
        cells[int(rng.integers(0, len(cells)))] = str(rng.choice(odd))
        lines[at] = ",".join(cells)
    return joined(lines)


def headers_doubled(rng: Rng, content: bytes) -> bytes:
    lines = lines_of(content)
    cells = lines[0].split(",")
    cells[int(rng.integers(0, len(cells)))] = cells[int(rng.integers(0, len(cells)))]
    lines[0] = ",".join(cells)
    return joined(lines)


def quotes_open(rng: Rng, content: bytes) -> bytes:
    at = int(rng.integers(0, len(content)))
    return content[:at] + b'"' * int(rng.integers(1, 4)) + content[at:]


def yaml_odds(rng: Rng, content: bytes) -> bytes:
    odd = [
        "&a [*a]", "!!python/object:os.system x", "\t- x", "? {a: b}", "<<: *x", "%YAML 9.9",
        "9" * 5000, "1e400", ".inf", "0o777777777777777777777777777", "!!binary \xff",
        "---\n...", "2026-13-45", "1:1:1:1:1:1", "!!set {a}", "- " * 300, "[" * 300,
        '"\\ud800"', "@x", "|+9",
    ]  # fmt: skip
    lines = lines_of(content)
    for at in rng.integers(0, len(lines), rng.integers(1, 4)):
        key, colon, _ = lines[at].partition(":")
        lines[at] = f"{key}{colon} {rng.choice(odd)}"
    return joined(lines)


def json_odds(rng: Rng, content: bytes) -> bytes:
    odd = [b"1e9999", b"NaN", b"[" * 3000, b'"\\ud800"', b"{}", b"null", b"9" * 6000, b"-", b"[[]]",
           b'{"a":' * 2000, b"true"]  # fmt: skip
    at = int(rng.integers(0, len(content)))
    end = min(len(content), at + int(rng.integers(0, 40)))
    return content[:at] + odd[int(rng.integers(len(odd)))] + content[end:]


def part_changed(rng: Rng, content: bytes) -> bytes:
    """Mutate one part inside a zip package, and pack it anew."""
    parts = unpacked(content)
    name = str(rng.choice(sorted(parts)))
    change = INSIDE[int(rng.integers(len(INSIDE)))]
    return packed(parts | {name: change(rng, parts[name]) if parts[name] else b"x"})


def part_lost(rng: Rng, content: bytes) -> bytes:
    parts = unpacked(content)
    del parts[str(rng.choice(sorted(parts)))]
    return packed(parts)


def xml_odds(rng: Rng, content: bytes) -> bytes:
    """Change values inside XML: references, counts, types."""
    odd = [b"4294967295", b"-1", b"", b"A1048577", b"&#0;", b"1e999", b"s", b"<x>", b"99999999999"]
    pieces = content.split(b'"')
    for at in rng.integers(0, len(pieces), rng.integers(1, 5)):
        pieces[at] = odd[int(rng.integers(len(odd)))]
    return b'"'.join(pieces)


def unpacked(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        return {name: package.read(name) for name in package.namelist()}


def packed(parts: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as package:
        for name, part in parts.items():
            package.writestr(name, part)
    return stream.getvalue()


ANY: tuple[Mutation, ...] = (truncated, bits_flipped, slice_lost, slice_repeated, noise_inside,
                             noise_only, numbers_inflated)  # fmt: skip
INSIDE: tuple[Mutation, ...] = (truncated, bits_flipped, slice_lost, slice_repeated, xml_odds)
TEXT: tuple[Mutation, ...] = (*ANY, other_encoding, quotes_open)
BY_SUFFIX: dict[str, tuple[Mutation, ...]] = {
    ".csv": (*TEXT, ragged, mixed_types, headers_doubled),
    ".txt": (*TEXT, ragged, mixed_types),
    ".json": (*TEXT, json_odds),
    ".yaml": (*TEXT, yaml_odds, yaml_odds),
    ".xlsx": (*ANY, part_changed, part_changed, part_changed, part_lost),
    ".sav": (*ANY, numbers_inflated),
    ".dta": (*ANY, numbers_inflated),
}


# ------------------------------------------------------------------------------------ bombs


def bombs(bases: list[Base]) -> Iterator[Case]:
    """Files that try to take all the memory or all the time there is."""
    for base in bases:
        if base.name.endswith("-csv") or not base.answers:
            yield Case(f"{base.name} claiming 2 GB", base.suffix, base.content, base.answers, 2**31)
    text = [
        ("commas", b"," * 30_000_000), ("newlines", b"\n" * 50_000_000),
        ("one cell", b"x" * 60_000_000), ("quote", b'"' + b"a\n" * 30_000_000),
        ("short rows", b"a,b\n" + b"1,2\n" * 12_000_000),
        ("header", b",".join(b"c%d" % k for k in range(400_000)) + b"\n1\n"),
        ("full table", b",".join(b"c%d" % k for k in range(200)) + b"\n" + (
            b",".join(b"%011d" % k for k in range(200)) + b"\n") * 23_000 + ",".join(
            ["\U0001f980"] * 200).encode()),
        ("wide glyph", "\U0001f980".encode() + b"\n" + b"1,2,3\n" * 9_000_000),
    ]  # fmt: skip
    yield from (Case(f"csv of {name}", ".csv", content, True) for name, content in text)
    for name, content in (
        ("anchors", b"a: &a [x,x]\n" + b"".join(
            b"%c: &%c [*%c,*%c]\n" % (c + 1, c + 1, c, c) for c in range(97, 121))),
        ("merges", b"a: &a {x: 1}\nb: {<<: [*a, *a]}\n"),
        ("itself", b"&a [*a]"),
        ("brackets", b"[" * 299_000), ("dashes", b"- " * 149_000),
        ("items", b"[" + b"1," * 149_000), ("digits", b"name: " + b"9" * 290_000),
        ("long", b"name: " + b"x" * 40_000_000),
        ("keys", b"".join(b"k%d: 1\n" % k for k in range(28_000))),
        ("one key", b"name: a\n" * 37_000),
    ):  # fmt: skip
        yield Case(f"yaml of {name}", ".yaml", content, False)
    for name, content in (
        ("brackets", b"[" * 5_000_000), ("objects", b'{"a":' * 500_000),
        ("rows", b"[" + b'{"a":1},' * 3_000_000 + b"{}]"),
        ("digits", b"[" + b"9" * 5_000_000 + b"]"),
        ("keys", b"[{" + b",".join(b'"k%d":1' % k for k in range(900_000)) + b"}]"),
    ):  # fmt: skip
        yield Case(f"json of {name}", ".json", content, True)
    for base in bases:
        if base.suffix == ".xlsx":
            yield from _workbook_bombs(base)


def _workbook_bombs(base: Base) -> Iterator[Case]:
    parts = unpacked(base.content)
    sheet = next(name for name in parts if "worksheets/sheet" in name)
    head, _, tail = parts[sheet].partition(b"<sheetData>")
    cell = b'<c r="A1" t="n"><v>1</v></c>'
    strings = "xl/sharedStrings.xml"
    laughs = b'<?xml version="1.0"?><!DOCTYPE s [<!ENTITY a "' + b"ha" * 50 + b'">' + b"".join(
        b'<!ENTITY %c "%s">' % (98 + k, b"&%c;" % (97 + k) * 10) for k in range(9)
    ) + b"]><sst><si><t>&j;</t></si></sst>"  # fmt: skip
    filled = head + b"<sheetData>"
    made = {
        "blank megabytes": parts | {sheet: filled + b" " * 400_000_000 + tail},
        "many cells": parts | {sheet: filled + b"<row>" + cell * 9_000_000 + b"</row>" + tail},
        "many rows": parts | {sheet: filled + (b"<row>" + cell + b"</row>") * 4_000_000 + tail},
        "far cells": parts | {sheet: filled + b"".join(
            b'<row r="%d"><c r="XFD%d"><v>1</v></c></row>' % (r, r) for r in range(1, 40_000)
        ) + tail},
        "a far row": parts | {sheet: filled + b'<row r="1048576"><c r="A1048576"><v>1</v></c></row>'
                              + tail},
        "claimed dimension": parts | {sheet: parts[sheet].replace(
            b"<sheetData>", b'<dimension ref="A1:XFD1048576"/><sheetData>')},
        "laughs": parts | {strings: laughs},
        "long strings": parts | {strings: b"<sst>" + b"<si><t>" + b"x" * 100_000_000
                                 + b"</t></si></sst>"},
        "many strings": parts | {strings: b"<sst>" + b"<si><t>x</t></si>" * 8_000_000 + b"</sst>"},
        "deep xml": parts | {sheet: filled + b"<row>" * 2_000_000},
        "many parts": parts | {f"x/{k}.xml": b"" for k in range(30_000)},
    }  # fmt: skip
    for name, content in made.items():
        yield Case(f"{base.name} of {name}", ".xlsx", packed(content), base.answers)
    lying = bytearray(packed(parts | {sheet: filled + b" " * 300_000_000 + tail}))
    at = lying.find(sheet.encode(), lying.rfind(b"PK\x01\x02"))
    for offset in range(len(lying) - 4):  # the central directory claims a small size
        if lying[offset : offset + 4] == b"PK\x01\x02":
            length = int.from_bytes(lying[offset + 28 : offset + 30], "little")
            if lying[offset + 46 : offset + 46 + length] == sheet.encode():
                at = offset
                break
    lying[at + 24 : at + 28] = (1000).to_bytes(4, "little")
    yield Case(f"{base.name} of a lying size", ".xlsx", bytes(lying), base.answers)


def mutated(bases: list[Base], count: int, seed: int) -> Iterator[Case]:
    """Return so many mutated files, format by format in turn."""
    rng = np.random.default_rng(seed)
    for number in range(count):
        base = bases[number % len(bases)]
        content, names = base.content, []
        choices = BY_SUFFIX[base.suffix]
        for _ in range(int(rng.integers(1, 3))):
            change = choices[int(rng.integers(len(choices)))]
            if content and not (names and change in (part_changed, part_lost)):
                content = change(rng, content)
                names.append(change.__name__)
        yield Case(f"{number} {base.name}: {', '.join(names)}", base.suffix, content, base.answers)


# ----------------------------------------------------------------------------- the watched reader


def write_corpus(cases: Iterator[Case], folder: Path) -> None:
    """Write cases as files, with a list of them; nothing of it is left in the reader's memory."""
    listed = []
    for number, case in enumerate(cases):
        path = folder / f"case{number}{case.suffix}"
        path.write_bytes(case.content)
        if case.claimed:
            with path.open("r+b") as stream:
                stream.truncate(case.claimed)
        listed.append([case.name, path.name, case.answers])
    (folder / LIST).write_text(json.dumps(listed), encoding="utf-8")


def try_corpus(folder: Path, only: str = "", chunk: int = 1) -> Iterator[Outcome]:
    """Read every file of a corpus, so many at a time in a process of their own.

    The memory of an outcome is the most its process had taken by then.
    """
    questionnaire = instrument()
    sound_files(questionnaire)  # imports whatever reading needs, before the processes part
    listed = json.loads((folder / LIST).read_text(encoding="utf-8"))
    cases = [(name, folder / file, answers) for name, file, answers in listed if only in name]
    while cases:
        done = watched(cases[:chunk], questionnaire)
        yield from done
        cases = cases[len(done) :]


def watched(cases: list[tuple[str, Path, bool]], questionnaire: Questionnaire) -> list[Outcome]:
    """Read files in a forked process with limits of memory and time.

    When it does not live to the end, the last outcome is that of the file that killed it.
    """
    receive, send = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(receive)
        resource.setrlimit(resource.RLIMIT_AS, (6 * 2**30, resource.RLIM_INFINITY))
        for _, path, answers in cases:
            signal.alarm(int(SECONDS))  # nobody catches it: it ends the process
            begin = time.perf_counter()
            kind, said = read(path, answers, questionnaire)
            taken = time.perf_counter() - begin
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000.0
            os.write(send, json.dumps([kind, taken, peak, said]).encode() + b"\n")
        os._exit(0)
    os.close(send)
    told = b"".join(iter(lambda: os.read(receive, 65536), b""))
    os.close(receive)
    _, status, usage = os.wait4(child, 0)
    rows = [json.loads(line) for line in told.splitlines()]
    found = [Outcome(case[0], *row) for case, row in zip(cases, rows, strict=False)]
    if len(found) < len(cases):
        kind = (
            "hung" if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGALRM else "died"
        )
        name = cases[len(found)][0]
        found.append(Outcome(name, kind, SECONDS, usage.ru_maxrss / 1000.0, str(status)))
    return found


def read(path: Path, answers: bool, questionnaire: Questionnaire) -> tuple[str, str]:
    """Read a file as a user would, and say what came of it."""
    try:
        if answers:
            read_responses(path, questionnaire)
        else:
            read_questionnaire(path)
    except LoyaltySemError as error:
        said = str(error)
        return ("refused" if path.name in said else "nameless"), said[:3000]
    except Exception:
        return "crashed", traceback.format_exc()[-3000:]
    return "read", ""


def main() -> None:
    """Write a corpus or try one; one line of JSON a file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("job", choices=["mutations", "bombs", "try"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="part of the names of the cases to try")
    parser.add_argument("--chunk", type=int, default=1, help="files tried in one process")
    given = parser.parse_args()
    if given.job == "try":
        for outcome in try_corpus(given.folder, given.only, given.chunk):
            print(json.dumps(asdict(outcome)), flush=True)
        return
    bases = sound_files(instrument())
    made = bombs(bases) if given.job == "bombs" else mutated(bases, given.count, given.seed)
    write_corpus(made, given.folder)


if __name__ == "__main__":
    main()
