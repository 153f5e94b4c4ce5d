"""The command `audit`: a paper's printed numbers held against each other."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from loyaltysem.cli.shared import DONE

if TYPE_CHECKING:
    from loyaltysem.study.audit.run import Audit


def add_audit(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    audit = commands.add_parser("audit", help="hold the numbers a paper prints against each other")
    audit.add_argument(
        "paper", help="YAML file with the printed numbers, or the name of a shipped one: seed_study"
    )
    audit.add_argument("--json", action="store_true", help="print every check as JSON")
    audit.add_argument("--lang", choices=("en", "zh"), default="en", help="language (default: en)")
    audit.set_defaults(handler=run_audit)


def run_audit(arguments: argparse.Namespace) -> int:
    """Audit a paper and print the verdicts."""
    from loyaltysem.study.audit.run import audit

    found = audit(_path(arguments.paper))
    print(_json(found) if arguments.json else found.summary(arguments.lang))
    if not arguments.json and not found.feasible.empty:
        heading = "feasible sets" if arguments.lang == "en" else "可行组合"
        print(f"\n{heading}\n{found.feasible.to_string(index=False)}")
    return DONE


def _path(name: str) -> Path:
    """Return the file named, or a shipped one where there is no such file."""
    from loyaltysem.core.datasets import shipped
    from loyaltysem.core.errors import DataError

    path = Path(name)
    if path.exists() or path.suffix:
        return path
    try:
        return shipped("data", f"audit_{name}.yaml")
    except DataError:
        return path


def _json(found: Audit) -> str:
    return json.dumps(
        {
            "citation": found.paper.citation,
            "counts": found.counts,
            "checks": json.loads(found.frame.to_json(orient="records", force_ascii=False)),
            "feasible": json.loads(found.feasible.to_json(orient="records")),
            "claims": json.loads(found.claims.to_json(orient="records", force_ascii=False)),
        },
        indent=1,
        ensure_ascii=False,
        sort_keys=True,
    )
