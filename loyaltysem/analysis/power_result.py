"""The result of a power analysis: its tables, and how they print."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf, isfinite

import pandas as pd

from loyaltysem.core.display import MISSING, bounded, integer, number
from loyaltysem.core.errors import Finding
from loyaltysem.core.shown import Cells, Shown

#: The tests of fit by RMSEA: hypothesis and alternative.
RMSEA_TESTS = {"close": (0.05, 0.08), "not_close": (0.05, 0.01), "exact": (0.0, 0.05)}


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class PowerAnalysis(Shown):
    """Power at each N, and the N for the power asked for.

    Attributes
    ----------
    frame : DataFrame
        ``n parameter population mean bias sd se se_ratio coverage power power_se analytic``, one
        row a parameter and N: the true value, mean estimate and its bias, standard deviation of
        the estimates, mean standard error and the ratio of the two, coverage of the 1 − α
        interval, share of samples in which the parameter differs from 0 with its Monte Carlo
        standard error, and the power of the likelihood-ratio test (Satorra–Saris).
    tests : DataFrame
        ``n replicates converged admissible rejected rejected_se close not_close exact``: shares of
        converged and of proper solutions, of samples in which χ² rejects the model, and the
        analytic power of the tests of close, not-close and exact fit (RMSEA .05 against .08, .05
        against .01, 0 against .05).
    required : DataFrame
        ``parameter power n lower upper analytic``: the N (in all groups together) at which the
        effect has the power asked for, with its 95 % interval, and the N by Satorra and Saris. The
        tests of fit by RMSEA come last.
    analysis_model : str
        The model that is fitted to the samples.
    effects : tuple of str
    alpha, target : float
    replicates, seed : int
        `replicates` is 0 where nothing was simulated.
    findings : tuple of Finding
    """

    frame: pd.DataFrame
    tests: pd.DataFrame
    required: pd.DataFrame
    analysis_model: str
    effects: tuple[str, ...]
    alpha: float
    target: float
    replicates: int
    seed: int
    findings: tuple[Finding, ...]

    def summary(self) -> str:
        """Return the tables as text."""
        return str(self)

    def _sheets(self) -> Iterable[tuple[str, Cells]]:
        yield self._title(), self._power_table()
        yield "Fits", self._test_table()
        yield f"N for power {bounded(self.target, 2)}", self._required_table()

    def _title(self) -> str:
        made = f"{integer(self.replicates)} samples each" if self.replicates else "analytic"
        return f"Power at α = {bounded(self.alpha, 2)}, {made}"

    def _power_table(self) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        shown = self.frame[self.frame["parameter"].isin(self.effects)]
        rows: list[tuple[str, ...]] = [
            (
                str(r["parameter"]),
                integer(r["n"]),
                number(r["population"]),
                _share(r["power"], r["power_se"]),
                bounded(r["analytic"]),
                number(r["bias"]),
                number(r["se_ratio"], 2),
                bounded(r["coverage"]),
            )
            for r in shown.sort_values(["parameter", "n"], kind="stable").to_dict("records")
        ]
        header = ("effect", "N", "true", "power", "analytic", "bias", "SE/SD", "coverage")
        return _filled(header, rows)

    def _test_table(self) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        rows: list[tuple[str, ...]] = [
            (
                integer(r["n"]),
                bounded(r["converged"]),
                bounded(r["admissible"]),
                _share(r["rejected"], r["rejected_se"]),
                *(bounded(r[name]) for name in RMSEA_TESTS),
            )
            for r in self.tests.to_dict("records")
        ]
        header = ("N", "converged", "proper", "χ² rejects", "close fit", "not close", "exact")
        return _filled(header, rows)

    def _required_table(self) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        rows: list[tuple[str, ...]] = [
            (
                str(r["parameter"]),
                _cases(r["n"]),
                f"[{_cases(r['lower'])}, {_cases(r['upper'])}]"
                if isfinite(r["lower"])
                else MISSING,
                _cases(r["analytic"]),
            )
            for r in self.required.to_dict("records")
        ]
        return _filled(("effect", "N", "95% CI", "analytic"), rows)


def _filled(
    header: tuple[str, ...], rows: list[tuple[str, ...]]
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Leave out columns that hold nothing."""
    kept = [i for i in range(len(header)) if any(row[i] != MISSING for row in rows)]
    return tuple(header[i] for i in kept), [tuple(row[i] for i in kept) for row in rows]


def _share(value: float, error: float) -> str:
    return f"{bounded(value)} ± {bounded(error)}" if isfinite(value) else MISSING


def _cases(n: float) -> str:
    return "∞" if n == inf else integer(n)
