"""``fit.bootstrap(5000, seed=1)``: draws, replicates, intervals."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from os import PathLike

import numpy as np
import pandas as pd

from loyaltysem.core.display import integer, number
from loyaltysem.core.errors import Finding, IncompatibleRequestError
from loyaltysem.core.optimise import Status
from loyaltysem.core.parallel import checked_jobs
from loyaltysem.core.plain_table import html_paragraph, html_table, text_table
from loyaltysem.core.types import Array, Mask
from loyaltysem.estimation.replication.acceleration import accelerations
from loyaltysem.estimation.replication.draw_findings import draw_findings
from loyaltysem.estimation.replication.draws import CaseDraws, Draws
from loyaltysem.estimation.replication.prepare import prepared
from loyaltysem.estimation.replication.quantities import (
    Layout,
    Quantity,
    Rows,
    find_quantities,
    read,
)
from loyaltysem.estimation.replication.refit import Refitter, refitter
from loyaltysem.estimation.replication.request import (
    checked_draws,
    checked_file,
    checked_seed,
    request_of,
)
from loyaltysem.estimation.replication.run import run
from loyaltysem.estimation.replication.store import IN_MEMORY, Table
from loyaltysem.estimation.solved import Solved
from loyaltysem.inference.bootstrap_intervals import INTERVALS, Intervals, bca

#: What `Bootstrap.intervals` can be asked for.
WHAT = ("est", "std_lv", "std_all", "r2", "fit")


@dataclass(frozen=True, slots=True, repr=False)
class Bootstrap:
    """Replicates of a fit, and what they say about its uncertainty.

    Attributes
    ----------
    fit : Solved
    kind : str
        ``nonparametric``, ``bollen-stine`` or ``parametric``.
    seed : int
        With it every draw can be made again.
    draws : Draws
        How a block of samples is drawn and solved.
    table : Table
        The replicates.
    """

    fit: Solved
    kind: str
    seed: int
    draws: Draws
    table: Table

    @property
    def layout(self) -> Layout:
        """Where things stand in the row of a replicate."""
        return layout_of(self.fit, self.draws.refitter)

    @property
    def counts(self) -> dict[str, int]:
        """Draws in all, converged, failed, and converged to an inadmissible solution.

        Inadmissible: a negative variance, or a covariance matrix of latent variables or residuals
        that is not positive semi-definite.
        """
        failed = improper = 0
        for rows in self._rows():
            lost = rows.statistic("status") != Status.CONVERGED
            failed += int(lost.sum())
            improper += int((~lost & (rows.statistic("admissible") == 0)).sum())
        n = len(self.table)
        return {"drawn": n, "converged": n - failed, "failed": failed, "inadmissible": improper}

    def replicates(
        self, *names: str, what: str = "est", inadmissible: str = "keep"
    ) -> pd.DataFrame:
        """Return the value of quantities in every draw.

        Parameters
        ----------
        *names : str
            Labels, defined parameters, parameters as one writes them (``"y~x"``), fit indices; all
            of a kind by default.
        what : {"est", "std_lv", "std_all", "r2", "fit"}
            Estimates, standardised values, R², fit indices.
        inadmissible : {"keep", "drop"}
            Whether draws with an inadmissible solution count.

        Returns
        -------
        DataFrame
            One row a draw, NaN where it failed or was dropped.
        """
        quantities = self._quantities(names, what)
        values = self._read(quantities, inadmissible)
        return pd.DataFrame(values, columns=[q.name for q in quantities])

    def intervals(
        self,
        *names: str,
        kind: str = "percentile",
        what: str = "est",
        level: float = 0.95,
        inadmissible: str = "keep",
    ) -> pd.DataFrame:
        """Return bootstrap confidence intervals.

        Parameters
        ----------
        *names : str
            As for `replicates`.
        kind : {"percentile", "bc", "bca", "normal", "basic"}
            Percentile; bias-corrected; bias-corrected and accelerated; estimate minus bias ± z
            standard errors; the percentile interval turned about the estimate.
        what : {"est", "std_lv", "std_all", "r2", "fit"}
        level : float
            Coverage.
        inadmissible : {"keep", "drop"}

        Returns
        -------
        DataFrame
            ``name est bias se ci_lower ci_upper used extreme``: `bias` and `se` are those of the
            replicates, `used` counts the draws behind a row, and `extreme` marks limits beyond the
            replicates, which more draws would move. NaN where an interval is not defined.

        Raises
        ------
        IncompatibleRequestError
            When a name or a kind is unknown, or BCa is asked of another bootstrap than the
            nonparametric one.

        Notes
        -----
        The formulas are those of R's ``boot.ci`` (Davison & Hinkley 1997, chapter 5; Efron 1987).
        """
        quantities = self._quantities(names, what)
        self._check(kind, level)
        parts = [
            self._interval_frame(some, kind, level, inadmissible)
            for some in _slices(quantities, len(self.table))
        ]
        return pd.concat(parts, ignore_index=True)

    def _interval_frame(
        self, quantities: Sequence[Quantity], kind: str, level: float, inadmissible: str
    ) -> pd.DataFrame:
        t = self._read(quantities, inadmissible)
        t0 = read(self._original, quantities)[0]
        found = self._limits(kind, t, t0, level, quantities)
        mean, se = _mean_and_sd(t)
        with np.errstate(invalid="ignore"):
            bias = mean - t0
        return pd.DataFrame(
            {
                "name": [q.name for q in quantities],
                "est": t0,
                "bias": bias,
                "se": se,
                "ci_lower": found.lower,
                "ci_upper": found.upper,
                "used": found.used,
                "extreme": found.extreme,
            }
        )

    def _limits(
        self, kind: str, t: Array, t0: Array, level: float, quantities: Sequence[Quantity]
    ) -> Intervals:
        if kind != "bca":
            return INTERVALS[kind](t, t0, level)
        assert isinstance(self.draws, CaseDraws)
        layout = self.layout

        def of_rows(values: Array) -> Array:
            return _values(Rows(layout, values), quantities, "keep")

        return bca(t, t0, accelerations(self.draws, t, t0, of_rows), level)

    def _check(self, kind: str, level: float) -> None:
        kinds = (*INTERVALS, "bca")
        if kind not in kinds or not 0.0 < level < 1.0:
            raise IncompatibleRequestError(
                f"There is no interval kind={kind!r} with level={level!r}.",
                code="request.interval",
                hint=f"Kinds are {', '.join(kinds)}; level lies between 0 and 1.",
            )
        if kind == "bca" and self.kind != "nonparametric":
            raise IncompatibleRequestError(
                "BCa intervals need the influence of single cases, so cases drawn from the data "
                f"as they are; this bootstrap is {self.kind}.",
                code="request.interval",
                hint="Use kind='bc' here, or fit.bootstrap(…, kind='nonparametric').",
            )

    def chisq_pvalue(self) -> float:
        """Return the share of draws whose χ² reaches that of the sample.

        The bootstrap test of fit: of the Bollen–Stine and the parametric bootstrap, in which the
        model holds. NaN of a saturated model.

        Raises
        ------
        IncompatibleRequestError
            Of the nonparametric bootstrap, whose samples come from a population in which the model
            does not hold.
        """
        if self.kind == "nonparametric":
            raise IncompatibleRequestError(
                "The model does not hold where nonparametric samples are drawn from, so their χ² "
                "say nothing about it.",
                code="request.bootstrap",
                hint="Use fit.bootstrap(…, kind='bollen-stine').",
            )
        chisq = self.replicates("chisq", what="fit")["chisq"].dropna()
        if not self.layout.df or chisq.empty:
            return float("nan")
        return float((chisq >= self._original.statistic("chisq")[0]).mean())

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What must be known before the intervals are used."""
        return draw_findings(self.counts, self.draws)

    def summary(self) -> str:
        """Return counts and percentile intervals as text."""
        lines = [self._headline(), "", *text_table(HEADER, self._table_rows())]
        if self.findings:
            lines += ["", "Findings", *(f"  {finding}" for finding in self.findings)]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<Bootstrap: {self._headline()}>"

    def _repr_html_(self) -> str:
        notes = "".join(html_paragraph(str(f), "<strong>{}</strong>") for f in self.findings)
        table = html_table("", HEADER, self._table_rows())
        return f"<div><p>{html.escape(self._headline())}</p>{table}{notes}</div>"

    def _headline(self) -> str:
        c = self.counts
        return (
            f"{integer(c['drawn'])} {self.kind} draws (seed {self.seed}): "
            f"{integer(c['converged'])} converged, {integer(c['failed'])} failed, "
            f"{integer(c['inadmissible'])} inadmissible"
        )

    def _table_rows(self) -> list[tuple[str, ...]]:
        frame = self.intervals()
        values = frame[["est", "bias", "se", "ci_lower", "ci_upper"]].to_numpy()
        return [
            (str(name), *(number(x) for x in row), integer(used))
            for name, used, row in zip(frame["name"], frame["used"], values.tolist(), strict=True)
        ]

    @property
    def _original(self) -> Rows:
        """The fit itself as a row."""
        refits = self.draws.refitter.summarised(self.fit.model, self.fit.solution)
        return Rows(self.layout, refits.as_rows())

    def _rows(self) -> Iterator[Rows]:
        layout = self.layout
        return (Rows(layout, values) for values in self.table.batches())

    def _quantities(self, names: Sequence[str], what: str) -> list[Quantity]:
        if what not in WHAT:
            raise IncompatibleRequestError(
                f"what={what!r} is not known.",
                code="request.quantity",
                hint=f"Choose one of {', '.join(map(repr, WHAT))}.",
            )
        return find_quantities(self.layout, names, what)

    def _read(self, quantities: Sequence[Quantity], inadmissible: str) -> Array:
        if inadmissible not in ("keep", "drop"):
            raise IncompatibleRequestError(
                f"inadmissible={inadmissible!r} is not known.",
                code="request.inadmissible",
                hint="Choose 'keep' or 'drop'.",
            )
        return np.concatenate([_values(rows, quantities, inadmissible) for rows in self._rows()])


HEADER = ("quantity", "estimate", "bias", "SE", "95% CI lower", "upper", "draws")


def _values(rows: Rows, quantities: Sequence[Quantity], inadmissible: str) -> Array:
    """Read quantities, NaN where a draw is lost."""
    values = read(rows, quantities)
    values[~_kept(rows, inadmissible)] = np.nan
    return values


def _mean_and_sd(t: Array) -> tuple[Array, Array]:
    """Return mean and standard deviation of the finite replicates of every column, each (c,)."""
    finite = np.isfinite(t)
    used = finite.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(finite, t, 0.0).sum(axis=0) / used
        squares = (np.where(finite, t - mean, 0.0) ** 2).sum(axis=0)
        return mean, np.sqrt(squares / np.where(used > 1, used - 1, np.nan))


def _kept(rows: Rows, inadmissible: str) -> Mask:
    kept: Mask = rows.statistic("status") == Status.CONVERGED
    if inadmissible == "drop":
        kept &= rows.statistic("admissible") == 1
    return kept


def _slices(quantities: Sequence[Quantity], n: int) -> Iterator[Sequence[Quantity]]:
    """Part quantities so that the replicates of a part stay small."""
    each = max(1, IN_MEMORY // (32 * max(n, 1)))
    for start in range(0, max(len(quantities), 1), each):
        yield quantities[start : start + each]


def layout_of(fit: Solved, refit: Refitter) -> Layout:
    """Describe the rows of a fit's replicates."""
    test = fit.inference.fitted.test
    return Layout(fit.model, test.df, refit.baseline.df(fit.model))


def bootstrap(
    fit: Solved,
    draws: int,
    *,
    kind: str = "nonparametric",
    seed: int | None = None,
    cluster: object = None,
    strata: object = None,
    save: str | PathLike[str] | None = None,
    n_jobs: int | None = None,
) -> Bootstrap:
    """Repeat a fit on samples drawn anew: see `SEMResult.bootstrap`."""
    draws, seed, path = checked_draws(draws), checked_seed(seed), checked_file(save)
    checked_jobs(n_jobs)
    refit = refitter(fit)
    how = prepared(fit, refit, kind, seed, cluster, strata)
    layout = layout_of(fit, refit)
    request = request_of(fit, kind, seed, cluster, strata)
    table = run(how, layout.columns, draws, request, path, n_jobs)
    return Bootstrap(fit, kind, seed, how, table)
