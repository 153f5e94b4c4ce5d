"""The constructs of the two shipped studies, as data: name, wording, indicators, parent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from loyaltysem.core.text import Text


@dataclass(frozen=True, slots=True)
class StudyConstruct:
    """A latent variable of a study.

    Parameters
    ----------
    name : str
        Its name in the model text.
    label : Text
        Its name for readers.
    indicators : tuple of str
        Columns of the data, or names of the first-order constructs it stands above.
    """

    name: str
    label: Text
    indicators: tuple[str, ...]


def _items(prefix: str, count: int) -> tuple[str, ...]:
    return tuple(f"{prefix}{number}" for number in range(1, count + 1))


DIMENSIONS: tuple[StudyConstruct, ...] = (
    StudyConstruct("Behaviour", Text("Behavioural loyalty", "忠诚度行为"), _items("beh", 4)),
    StudyConstruct("Attitude", Text("Attitudinal loyalty", "忠诚度态度"), _items("att", 4)),
    StudyConstruct("Emotion", Text("Emotional loyalty", "忠诚度情感"), _items("emo", 4)),
    StudyConstruct("Trust", Text("Trust", "信任"), _items("tru", 4)),
    StudyConstruct("Satisfaction", Text("Satisfaction", "满意度"), _items("sat", 4)),
    StudyConstruct("Commitment", Text("Commitment", "承诺"), _items("com", 4)),
)
VALUE = StudyConstruct(
    "CLV",
    Text("Customer lifetime value", "客户终身价值"),
    ("log_amount", "log_frequency", "log_duration"),
)
SECOND_ORDER: tuple[StudyConstruct, ...] = (
    StudyConstruct(
        "Loyalty", Text("Customer loyalty", "客户忠诚度"), ("Behaviour", "Attitude", "Emotion")
    ),
    StudyConstruct(
        "RelationshipQuality",
        Text("Relationship quality", "客户关系质量"),
        ("Trust", "Satisfaction", "Commitment"),
    ),
)
#: What leads to loyalty; the names are those of the questionnaire's constructs, in model form.
ANTECEDENTS: tuple[StudyConstruct, ...] = (
    StudyConstruct(
        "Quality", Text("Product and service quality", "产品与服务质量"), _items("qua", 4)
    ),
    StudyConstruct("PriceFairness", Text("Price fairness", "价格公平性"), _items("pri", 4)),
    StudyConstruct("BrandImage", Text("Brand image", "品牌形象"), _items("ima", 4)),
    StudyConstruct(
        "ChannelConvenience", Text("Channels and convenience", "渠道便利性"), _items("con", 4)
    ),
    StudyConstruct("Experience", Text("Customer experience", "顾客体验"), _items("exp", 4)),
)

ECSI_CONSTRUCTS: tuple[StudyConstruct, ...] = (
    StudyConstruct("Image", Text("Image", "企业形象"), _items("IMAG", 5)),
    StudyConstruct("Expectation", Text("Customer expectations", "顾客期望"), _items("CUEX", 3)),
    StudyConstruct("Quality", Text("Perceived quality", "感知质量"), _items("PERQ", 7)),
    StudyConstruct("Value", Text("Perceived value", "感知价值"), _items("PERV", 2)),
    StudyConstruct("Satisfaction", Text("Customer satisfaction", "顾客满意"), _items("CUSA", 3)),
    StudyConstruct("Complaints", Text("Complaint handling", "抱怨处理"), ("CUSCO",)),
    StudyConstruct("Loyalty", Text("Customer loyalty", "顾客忠诚"), _items("CUSL", 3)),
)


def labels(constructs: Sequence[StudyConstruct]) -> dict[str, Text]:
    """Return the readers' names of the constructs, by model name."""
    return {construct.name: construct.label for construct in constructs}


def measurement_text(constructs: Sequence[StudyConstruct]) -> str:
    """Return the measurement part of a model: one ``=~`` line per construct, aligned.

    A construct with one indicator is set equal to it: loading 1, error variance 0.

    Examples
    --------
    >>> print(measurement_text(DIMENSIONS[:2]))
    Behaviour =~ beh1 + beh2 + beh3 + beh4
    Attitude  =~ att1 + att2 + att3 + att4
    """
    width = max(len(construct.name) for construct in constructs)
    lines = []
    for construct in constructs:
        lines.append(f"{construct.name:<{width}} =~ {' + '.join(construct.indicators)}")
        if len(construct.indicators) == 1:
            lines.append(f"{construct.indicators[0]} ~~ 0*{construct.indicators[0]}")
    return "\n".join(lines)
