"""What must be known about the draws of a bootstrap before its intervals are used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from loyaltysem.core.display import percent
from loyaltysem.core.errors import Finding, Severity
from loyaltysem.core.text import Text
from loyaltysem.estimation.replication.draws import CaseDraws, Draws

#: Share of lost draws beyond which a note becomes a warning, and a warning a problem.
MANY_LOST, MOST_LOST = 0.05, 0.5
#: Units (cases, clusters) below which their distribution stands for the population's poorly.
FEW_UNITS = 20

WEAK = Text(
    "Many of them mean that the model is weakly identified in samples of this size; report the "
    "number.",
    "比例较高说明该模型在此样本量下识别较弱；请在文中报告该数目。",
)
UNIT_VARIANCE = Text(
    "The model fixes variances of latent variables at 1 (std_lv). In samples in which one would be "
    "negative such a model has no solution; with a marker indicator in place of std_lv they count "
    "as inadmissible instead, and are kept unless you drop them. Report the number.",
    "该模型将潜变量方差固定为 1（std_lv）。若某次抽样中该方差应为负值，模型便无解；改用标识指标"
    "（marker）定标后，这类抽样计为“解不可接受”，除非主动剔除，否则予以保留。请在文中报告该数目。",
)


def draw_findings(counts: Mapping[str, int], draws: Draws) -> tuple[Finding, ...]:
    """Return findings on lost draws and on too few units to draw from.

    Parameters
    ----------
    counts : mapping
        ``drawn``, ``failed`` and ``inadmissible``.
    draws : Draws
    """
    n = counts["drawn"]
    found = []
    if counts["failed"]:
        unit = draws.refitter.scale is not None
        found.append(_failed(counts["failed"], n, UNIT_VARIANCE if unit else WEAK))
    if counts["inadmissible"]:
        found.append(_inadmissible(counts["inadmissible"], n))
    return (*found, *_few(draws))


def _failed(count: int, n: int, hint: Text) -> Finding:
    share = percent(count / n)
    what = Text(
        f"{count} of {n} draws ({share}) did not converge or could not be analysed; they are left "
        "out.",
        f"{n} 次抽样中有 {count} 次（{share}）未收敛或无法分析，已排除。",
    )
    return Finding("bootstrap.failed", what, hint, _severity(count / n))


def _inadmissible(count: int, n: int) -> Finding:
    share = percent(count / n)
    what = Text(
        f"{count} of {n} draws ({share}) have an inadmissible solution, such as a negative "
        "variance; they are kept unless inadmissible='drop' is given.",
        f"{n} 次抽样中有 {count} 次（{share}）的解不可接受（例如方差为负）；除非设置 "
        "inadmissible='drop'，否则予以保留。",
    )
    severity: Severity = "note" if count <= MANY_LOST * n else "warning"
    return Finding("bootstrap.inadmissible", what, WEAK, severity)


def _severity(share: float) -> Severity:
    if share > MOST_LOST:
        return "problem"
    return "warning" if share > MANY_LOST else "note"


def _few(draws: Draws) -> Iterator[Finding]:
    """Warn where a group has few cases or clusters to draw from."""
    if not isinstance(draws, CaseDraws):
        return
    fewest = min(len(units.first) for units in draws.units)
    if fewest < FEW_UNITS:
        what = Text(
            f"There are only {fewest} cases or clusters to draw from"
            + (" in one of the groups." if len(draws.units) > 1 else "."),
            f"{'其中一组' if len(draws.units) > 1 else ''}可供抽取的个案或整群只有 {fewest} 个。",
        )
        hint = Text(
            "So few cannot stand for a population: intervals come out too narrow.",
            "数目过少，难以代表总体，所得区间会偏窄。",
        )
        yield Finding("bootstrap.few_units", what, hint, "warning")
