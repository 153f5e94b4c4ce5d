"""The JSON Schema of questionnaire files, for editors and for other programs.

Reading a questionnaire does not need it (`load_questionnaire` checks more, and says it better);
the tests hold the two against each other.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any


def questionnaire_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a questionnaire file.

    Examples
    --------
    >>> questionnaire_schema()["required"]
    ['name', 'version', 'title', 'scales']
    """
    text = files("loyaltysem.survey").joinpath("questionnaire.schema.json").read_text("utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema
