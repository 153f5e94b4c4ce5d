"""Where data come from: the sidecar file that says, above all, whether they are synthetic."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from loyaltysem.core.errors import DataError
from loyaltysem.core.text import Text
from loyaltysem.survey.instrument import NO_TEXT
from loyaltysem.survey.yaml_tree import LONGEST, parse

MOST_BYTES = 4 * LONGEST + 4  # one character more is refused


@dataclass(frozen=True, slots=True)
class Provenance:
    """Origin of a data file.

    Parameters
    ----------
    synthetic : bool
        True when no row is a real respondent; every output then says so.
    description : Text
        In words.
    made_by : str
        The script or the fieldwork the data came from.
    seed : int or None
        Seed of the generator.
    """

    synthetic: bool = False
    description: Text = NO_TEXT
    made_by: str = ""
    seed: int | None = None


def read_provenance(data_path: Path) -> Provenance:
    """Read ``<stem>.provenance.yaml`` beside a data file; without one, the data are taken as real.

    Raises
    ------
    DataError
        The sidecar exists but cannot be understood: data must not lose the label "synthetic"
        through a slip in it.
    """
    sidecar = data_path.with_name(f"{data_path.stem}.provenance.yaml")
    if not sidecar.is_file():
        return Provenance()
    with sidecar.open("rb") as stream:
        content = stream.read(MOST_BYTES)
    root, faults = parse(content.decode("utf-8-sig", errors="replace"))
    provenance = Provenance()
    if not faults:
        fields = root.fields(required=("synthetic",), optional=("description", "made_by", "seed"))
        seed = fields["seed"].number() if "seed" in fields else None
        provenance = Provenance(
            synthetic=fields["synthetic"].boolean() if "synthetic" in fields else False,
            description=fields["description"].bilingual() if "description" in fields else NO_TEXT,
            made_by=fields["made_by"].string() if "made_by" in fields else "",
            seed=None if seed is None else int(seed),
        )
    if faults:
        listed = "\n".join(f"  {fault}" for fault in faults)
        raise DataError(
            f"{sidecar.name} cannot be understood:\n{listed}",
            code="data.provenance",
            hint="Keys: synthetic (true or false), description {en, zh}, made_by, seed.",
        )
    return provenance
