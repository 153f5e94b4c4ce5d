"""What a reader hands over: cells as they stood in the file, not yet judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, eq=False)
class RawTable:
    """A table as read.

    Parameters
    ----------
    frame : DataFrame
        Cells, of text when they come from a text file. The index is the row number a person sees
        in a spreadsheet (the header is row 1). Column names may repeat: that is judged later.
    data_hash : str
        SHA-256 of the bytes of the file.
    file_name : str
        Name of the file, without its folder.
    blank_rows : int
        Rows left out because every cell was blank.
    """

    frame: pd.DataFrame
    data_hash: str
    file_name: str
    blank_rows: int = 0
