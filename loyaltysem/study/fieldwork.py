"""How a survey was fielded and whom its researcher leaves out: decisions, written down as data."""

from __future__ import annotations

from dataclasses import dataclass

from loyaltysem.survey.responses import Responses
from loyaltysem.survey.screening.criteria import STANDARD, Cutoffs, ScreeningRule
from loyaltysem.survey.screening.result import Screening


@dataclass(frozen=True, slots=True)
class Fieldwork:
    """What a file of answers cannot say about itself.

    Parameters
    ----------
    sent : int or None
        Questionnaires sent; None where nobody can know, as with an open link.
    returned : int or None
        Questionnaires returned, when the file does not hold all of them.
    rule : ScreeningRule or str
        By which respondents are remarked upon, or the name of one.
    leave_out : bool
        Whether the results are those without the respondents who meet the rule. Either way the
        report shows both.
    cutoffs : Cutoffs or None
        From which values on an index is remarked upon.
    seconds : str, tuple of str or None
        The column with the time taken, in seconds, or the columns of start and end.
    sources : tuple of str
        Columns that tell where answers came from.
    wave : str or None
        The column that tells early from late respondents: waves, dates or ranks.

    Examples
    --------
    >>> Fieldwork(sent=500, rule="direct", leave_out=True).rule
    'direct'
    """

    sent: int | None = None
    returned: int | None = None
    rule: ScreeningRule | str = STANDARD
    leave_out: bool = False
    cutoffs: Cutoffs | None = None
    seconds: str | tuple[str, str] | None = None
    sources: tuple[str, ...] = ()
    wave: str | None = None

    def screen(self, responses: Responses) -> Screening:
        """Look for careless answers as written here."""
        return responses.screen(
            rule=self.rule, cutoffs=self.cutoffs, seconds=self.seconds, sources=self.sources
        )

    def kept(self, screening: Screening) -> Responses:
        """Return the answers that the results rest on."""
        if self.leave_out and screening.flagged().any():
            return screening.apply(screening.rule)
        return screening.responses


AS_IT_CAME = Fieldwork()
"""Nobody knows how many were asked, nobody is left out."""
