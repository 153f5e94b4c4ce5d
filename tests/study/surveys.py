"""A survey whose careless respondents, attention times and waves are known."""

from __future__ import annotations

import numpy as np
import pandas as pd

from loyaltysem.core.text import Text
from loyaltysem.survey.instrument import Construct, Item, Questionnaire, Scale
from loyaltysem.survey.responses import Responses, responses_from_frame

CONSTRUCTS = {"Trust": 4, "Value": 4, "Loyalty": 4}
ITEMS = [
    f"{name[:3].lower()}{k}" for name, count in CONSTRUCTS.items() for k in range(1, count + 1)
]
MODEL = "\n".join(
    [
        *(f"{name} =~ {' + '.join(ITEMS[4 * k : 4 * k + 4])}" for k, name in enumerate(CONSTRUCTS)),
        "Value ~ a*Trust\nLoyalty ~ b*Value + Trust\nindirect := a*b",
    ]
)
SIZE, STRAIGHT = 300, 12


def questionnaire() -> Questionnaire:
    """Three constructs of four five-point items, a profile item, an id."""
    agree = Scale("agree", "likert", 1, 5)
    sex = Scale("sex", "choice", labels={1: Text("Female", "女"), 2: Text("Male", "男")})
    items = tuple(
        Item(name, Text(f"Item {name}", f"题项{name}"), agree, construct)
        for construct, start in zip(CONSTRUCTS, (0, 4, 8), strict=True)
        for name in ITEMS[start : start + 4]
    )
    constructs = tuple(
        Construct(name, Text(name, f"构念{name}"), tuple(ITEMS[4 * k : 4 * k + 4]))
        for k, name in enumerate(CONSTRUCTS)
    )
    profile = Item("sex", Text("Sex", "性别"), sex, role="profile")
    return Questionnaire(
        name="known", version="1", title=Text("A survey", "问卷"), respondent_id="id",
        scales=(agree, sex),
        items=(*items, profile), constructs=constructs,
    )  # fmt: skip


def answers() -> pd.DataFrame:
    """`STRAIGHT` respondents give one answer in no time; the second wave is more loyal."""
    rng = np.random.default_rng(5)
    trust = rng.normal(size=SIZE)
    value = 0.6 * trust + 0.8 * rng.normal(size=SIZE)
    loyalty = 0.5 * value + 0.2 * trust + 0.7 * rng.normal(size=SIZE)
    late = np.arange(SIZE) % 2
    trait = np.repeat(np.column_stack([trust, value, loyalty + 0.6 * late]), 4, axis=1)
    answer = np.clip(np.rint(3 + 0.8 * trait + 0.7 * rng.normal(size=trait.shape)), 1, 5)
    answer[:STRAIGHT] = 3.0
    frame = pd.DataFrame(answer, columns=ITEMS)
    frame.insert(0, "id", [f"R{k:04d}" for k in range(SIZE)])
    frame["sex"] = rng.integers(1, 3, SIZE)
    frame["seconds"] = np.where(np.arange(SIZE) < STRAIGHT, 9.0, 60.0 + 100 * rng.random(SIZE))
    frame["wave"] = 1 + late
    return frame


def careless_survey(frame: pd.DataFrame | None = None) -> Responses:
    """Return the answers, or others in the same form, as responses."""
    return responses_from_frame(answers() if frame is None else frame, questionnaire())
