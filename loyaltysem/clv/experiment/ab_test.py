"""The test of a benefit: what it changed, by how much, and whether one may stop now."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from loyaltysem.clv.experiment.adjustment import Adjusted, cuped
from loyaltysem.clv.experiment.checks import (
    covariate_finding,
    mismatch_finding,
    missing_findings,
    rare_finding,
    ratio_mismatch,
    size_finding,
)
from loyaltysem.clv.experiment.effects import (
    Arm,
    Effect,
    arm,
    difference_of_means,
    difference_of_rates,
    ratio_by_delta,
    ratio_by_fieller,
    ratio_of_rates,
)
from loyaltysem.clv.experiment.reading import Column, Trial, check_request, read_trial
from loyaltysem.clv.experiment.sequential import BURN_IN, confidence_sequence
from loyaltysem.clv.printed import Printed
from loyaltysem.core.display import integer, percent
from loyaltysem.core.errors import Finding, IncompatibleRequestError
from loyaltysem.core.text import Text
from loyaltysem.core.types import Mask


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ABTest(Printed):
    """The effect of a benefit.

    Attributes
    ----------
    frame : DataFrame
        One row an interval: ``effect method adjusted estimate se ci_lower ci_upper pvalue``.
        `effect` is ``difference`` (treated less control) or ``ratio`` (treated over control);
        `adjusted` says whether CUPED was used. The row of method ``sequential`` may be looked at
        while the test runs; the others hold for one look that was planned.
    groups : DataFrame
        ``group role n missing mean sd``.
    sequence : DataFrame
        The difference after every customer, see `confidence_sequence`; empty where a group has
        fewer customers than the burn-in.
    binary : bool
        Whether outcomes are 0 and 1.
    variance_reduction : float
        Share of the variance that CUPED took away; NaN without covariate.
    ratio_mismatch_pvalue : float
        Of the χ² test of the groups' sizes.
    level : float
        Confidence level.
    horizon : float
        Customers at which the sequence is narrowest.
    findings : tuple of Finding
    """

    frame: pd.DataFrame
    groups: pd.DataFrame
    sequence: pd.DataFrame
    binary: bool
    variance_reduction: float
    ratio_mismatch_pvalue: float
    level: float
    horizon: float
    findings: tuple[Finding, ...]

    @property
    def title(self) -> str:
        """Who was compared."""
        treated, control = self.groups.to_dict("records")
        return (
            f"A/B test: {treated['group']} ({integer(treated['n'])}) against {control['group']} "
            f"({integer(control['n'])}), {percent(self.level, 0)} intervals"
        )

    def effect(self, name: str = "difference", *, adjusted: bool | None = None) -> Effect:
        """Return the main estimate of an effect: adjusted where there is a covariate.

        Parameters
        ----------
        name : {"difference", "ratio"}
        adjusted : bool, optional
            By default, whatever there is.

        Returns
        -------
        Effect
        """
        rows = self.frame[(self.frame["effect"] == name) & (self.frame["method"] != "sequential")]
        use = bool(rows["adjusted"].any()) if adjusted is None else adjusted
        rows = rows[rows["adjusted"] == use]
        if rows.empty:
            raise IncompatibleRequestError(
                f"This test has no effect '{name}' with adjusted={use}.",
                code="experiment.effect",
                hint="Ask for 'difference' or 'ratio'; adjusted effects need a covariate.",
            )
        row = rows.iloc[0]
        return Effect(*(float(row[c]) for c in ("estimate", "se", "ci_lower", "ci_upper",
                                                "pvalue")))  # fmt: skip


def ab_test(
    outcome: Column,
    group: Column,
    covariate: Column | None = None,
    *,
    control: object = None,
    arrival: Column | None = None,
    allocation: float = 1.0,
    horizon: float | None = None,
    level: float = 0.95,
    burn_in: int = BURN_IN,
) -> ABTest:
    """Compare customers who were given a benefit with those who were not.

    Parameters
    ----------
    outcome : sequence of float or bool
        Shape (N,), one value a customer: what happened after assignment. Only 0 and 1: a rate.
    group : sequence
        Shape (N,), two labels.
    covariate : sequence of float, optional
        Shape (N,): the same customers before assignment, such as the amount spent in the months
        before. Never anything the benefit could change.
    control : object, optional
        Label of the control group; by default one of control, 对照组, 对照, 0, False, A.
    arrival : sequence, optional
        Shape (N,), when each outcome became known; orders the confidence sequence. By default the
        order of the rows.
    allocation : float, default 1
        Planned customers treated for one in the control group.
    horizon : float, optional
        Planned customers of both groups together; the sequence is narrowest there. By default as
        many as there are.
    level : float, default 0.95
        Confidence level.
    burn_in : int, default 50
        Customers each group needs before the sequence starts.

    Returns
    -------
    ABTest

    Raises
    ------
    DataError
        Columns of different lengths, outcomes that are no numbers or infinite, other than two
        groups, fewer than two customers in a group.
    IncompatibleRequestError
        No known control group, or values out of range.

    Notes
    -----
    Means: Welch's (1947) difference; ratio by the delta method (Deng et al., 2018) and by Fieller
    (1954). Rates: difference by Newcombe (1998), ratio by Katz et al. (1978). With a covariate the
    same for outcomes adjusted by CUPED (Deng et al., 2013), as means. The sequential row and
    `sequence` are the asymptotic confidence sequence of Waudby-Smith et al. (2024) for the
    difference of means: with at least the stated probability it covers the effect at all looks
    together, in large samples. Its p values are those of the mixture test of Johari et al. (2022).
    Customers without a value are left out and counted in the findings.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> before = rng.gamma(2.0, 50.0, 400)
    >>> group = np.repeat(["benefit", "control"], 200)
    >>> after = before + rng.normal(0.0, 20.0, 400) + 10.0 * (group == "benefit")
    >>> found = ab_test(after, group, before)
    >>> round(found.effect().estimate, 1), round(found.variance_reduction, 2)
    (11.5, 0.91)
    """
    check_request(allocation, horizon, level, burn_in)
    read = read_trial(outcome, group, covariate, control, arrival)
    y, treated = read.outcome, read.treated
    binary = bool(np.isin(y, (0.0, 1.0)).all())
    arms = arm(y[treated]), arm(y[~treated])
    adjusted = None if read.covariate is None else cuped(y, read.covariate, treated)
    until = float(len(y) if horizon is None else horizon)
    sequence = confidence_sequence(
        y, treated, read.covariate, horizon=until, level=level, burn_in=burn_in
    )
    frame = pd.DataFrame(_rows(arms, adjusted, treated, sequence, binary, level))
    findings = (
        *mismatch_finding(*read.assigned, allocation),
        *missing_findings(read.missing, read.assigned),
        *(() if read.covariate is None else covariate_finding(read.covariate, treated)),
        *(rare_finding(arms) if binary else size_finding(y, arms)),
        *_fieller_finding(frame),
        *_sequence_findings(frame, sequence, burn_in, horizon is None),
    )
    return ABTest(
        frame,
        _groups(read, arms),
        sequence,
        binary,
        float("nan") if adjusted is None else adjusted.variance_reduction,
        ratio_mismatch(*read.assigned, allocation),
        level,
        until,
        findings,
    )


def _rows(
    arms: tuple[Arm, Arm], adjusted: Adjusted | None, treated: Mask, sequence: pd.DataFrame,
    binary: bool, level: float,
) -> list[dict[str, object]]:  # fmt: skip
    if binary:
        rows = [
            _row("difference", "Newcombe", False, difference_of_rates(*arms, level)),
            _row("ratio", "log (Katz)", False, ratio_of_rates(*arms, level)),
        ]
    else:
        rows = _means(arms, False, level)
    if adjusted is not None:
        y = adjusted.values
        rows += _means((arm(y[treated]), arm(y[~treated])), True, level)
    if len(sequence):
        last = sequence.iloc[-1]
        names = ("estimate", "se", "cs_lower", "cs_upper", "pvalue_always_valid")
        effect = Effect(*(float(last[name]) for name in names))
        rows.append(_row("difference", "sequential", adjusted is not None, effect))
    return rows


def _means(arms: tuple[Arm, Arm], adjusted: bool, level: float) -> list[dict[str, object]]:
    return [
        _row("difference", "Welch", adjusted, difference_of_means(*arms, level)),
        _row("ratio", "delta", adjusted, ratio_by_delta(*arms, level)),
        _row("ratio", "Fieller", adjusted, ratio_by_fieller(*arms, level)),
    ]


def _row(name: str, method: str, adjusted: bool, effect: Effect) -> dict[str, object]:
    return {"effect": name, "method": method, "adjusted": adjusted, **asdict(effect)}


def _groups(read: Trial, arms: tuple[Arm, Arm]) -> pd.DataFrame:
    rows = [
        (name, role, a.n, missing, a.mean, float(np.sqrt(a.variance)))
        for name, role, a, missing in zip(
            read.names, ("treated", "control"), arms, read.missing, strict=True
        )
    ]
    return pd.DataFrame(rows, columns=["group", "role", "n", "missing", "mean", "sd"])


def _fieller_finding(frame: pd.DataFrame) -> tuple[Finding, ...]:
    fieller = frame[frame["method"] == "Fieller"]
    if not fieller["ci_lower"].isna().any():
        return ()
    text = Text(
        "The mean of the control group does not differ from 0: the ratio has no bounded interval.",
        "对照组均值与 0 无显著差异：比值没有有界的置信区间。",
    )
    return (Finding("experiment.ratio_unbounded", text, Text("Report the difference.",
            "请报告差值。"), "note"),)  # fmt: skip


def _sequence_findings(
    frame: pd.DataFrame, sequence: pd.DataFrame, burn_in: int, default_horizon: bool
) -> tuple[Finding, ...]:
    if sequence.empty:
        text = Text(
            f"No confidence sequence: it starts at {burn_in} customers a group.",
            f"未给出置信序列：每组达到 {burn_in} 位客户后才开始计算。",
        )
        return (Finding("experiment.no_sequence", text, severity="note"),)
    findings = []
    plain = frame[(frame["effect"] == "difference")].iloc[-2]
    last = frame.iloc[-1]
    once = plain["ci_lower"] > 0 or plain["ci_upper"] < 0
    always = last["ci_lower"] > 0 or last["ci_upper"] < 0
    if once and not always:
        text = Text(
            "The fixed interval leaves out 0, the sequential one does not yet.",
            "固定样本区间不含 0，而序贯区间尚包含 0。",
        )
        hint = Text(
            "Only if this one look was planned before the test may it be called an effect.",
            "仅当事先规定只看这一次结果时，才可据此判定有效应。",
        )
        findings.append(Finding("experiment.only_if_planned", text, hint))
    if default_horizon:
        text = Text(
            "The sequence is tuned to the customers there are; give the number planned as "
            "horizon= before looking.",
            "序列按现有客户数调节；请在查看结果之前以 horizon= 给出计划样本量。",
        )
        findings.append(Finding("experiment.horizon", text, severity="note"))
    return tuple(findings)
