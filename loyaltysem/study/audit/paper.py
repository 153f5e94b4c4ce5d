"""What a paper prints, as data: models, constructs, coefficients, correlations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from loyaltysem.core.errors import DataError
from loyaltysem.study.audit.printed import Printed

#: What can be printed of a model's fit.
FIT_NUMBERS = (
    "chisq", "df", "chisq_df", "pvalue", "rmsea", "rmsea_lower", "rmsea_upper", "cfi", "tli", "nfi",
    "ifi", "rfi", "gfi", "agfi", "pgfi", "pnfi", "pcfi", "srmr", "baseline_chisq", "baseline_df",
    "aic_amos", "n_parameters",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PrintedModel:
    """Fit of one model as printed.

    Parameters
    ----------
    name : str
    numbers : mapping of str to Printed
        Keys from `FIT_NUMBERS`.
    n : int or None
        Cases, where they differ from the paper's.
    indicators : int or None
        Observed variables p, where the paper says.
    groups : int
    claims : tuple of str
        What the paper says of the fit, in its words.
    """

    name: str
    numbers: Mapping[str, Printed]
    n: int | None = None
    indicators: int | None = None
    groups: int = 1
    claims: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PrintedConstruct:
    """Measurement of one construct as printed; loadings are standardised."""

    name: str
    items: int | None = None
    loadings: tuple[Printed, ...] = ()
    alpha: Printed | None = None
    cr: Printed | None = None
    ave: Printed | None = None
    item_means: tuple[Printed, ...] = ()


@dataclass(frozen=True, slots=True)
class PrintedCoefficient:
    """One path or effect as printed; `product_of` names the two paths of an indirect effect."""

    name: str
    estimate: Printed | None = None
    se: Printed | None = None
    z: Printed | None = None
    pvalue: Printed | None = None
    ci_lower: Printed | None = None
    ci_upper: Printed | None = None
    product_of: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PrintedCorrelations:
    """A lower triangle of correlations; `root_ave`: √AVE stands on the diagonal."""

    names: tuple[str, ...]
    rows: tuple[tuple[Printed, ...], ...]
    root_ave: bool = False


@dataclass(frozen=True, slots=True)
class PublishedPaper:
    """All a paper prints that can be held against itself.

    Parameters
    ----------
    citation : str
    n : int or None
        Cases analysed.
    sent : int or None
        Questionnaires sent, for the share of valid ones.
    valid_share : Printed or None
    models, constructs, coefficients : tuple
    correlations : PrintedCorrelations or None

    Raises
    ------
    DataError
        There is nothing to audit, or a number is named that no relation knows.
    """

    citation: str
    n: int | None = None
    sent: int | None = None
    valid_share: Printed | None = None
    models: tuple[PrintedModel, ...] = ()
    constructs: tuple[PrintedConstruct, ...] = ()
    coefficients: tuple[PrintedCoefficient, ...] = ()
    correlations: PrintedCorrelations | None = None
    note: str = ""

    def __post_init__(self) -> None:
        unknown = [k for m in self.models for k in m.numbers if k not in FIT_NUMBERS]
        if unknown:
            raise DataError(
                f"'{unknown[0]}' is no printed fit measure.",
                code="audit.unknown_number",
                hint=f"Known: {', '.join(FIT_NUMBERS)}.",
            )
        printed = (self.models, self.constructs, self.coefficients, self.correlations)
        if not any(printed) and self.valid_share is None:
            raise DataError(
                "The paper prints nothing that could be audited.",
                code="audit.empty",
                hint="Give models, constructs, coefficients or correlations.",
            )
