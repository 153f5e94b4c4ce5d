"""The table of a multiverse and what it comes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from loyaltysem.core.display import integer, interval, number, percent
from loyaltysem.core.errors import Finding
from loyaltysem.core.memo import remembered
from loyaltysem.core.plain_table import html_paragraph, html_table, text_table

#: Columns every row has, NaN where a specification could not be fitted.
NUMBERS = (
    "n", "est", "se", "ci_lower", "ci_upper", "pvalue", "std", "std_lower", "std_upper",
)  # fmt: skip
ALPHA = 0.05
Row: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Multiverse:
    """One effect under every combination of choices.

    Attributes
    ----------
    frame : DataFrame
        One row a specification: ``specification`` (its number), one column a decision, ``status``
        (``fitted``, ``not converged``, ``failed``), ``n``, ``est se ci_lower ci_upper pvalue``,
        the standardised effect ``std std_lower std_upper``, fit measures, ``findings`` (codes of
        what the fit warns of) and ``reason`` (why there is no estimate).
    effect : str
    choices : mapping of str to tuple of str
        The options of each decision; the first specification takes the first option everywhere.
    findings : tuple of Finding
    """

    frame: pd.DataFrame
    effect: str
    choices: Mapping[str, tuple[str, ...]]
    findings: tuple[Finding, ...]
    memo: dict[str, Any] = field(default_factory=dict, init=False)

    @property
    def usable(self) -> pd.DataFrame:
        """The rows with an estimate that converged."""
        return self.frame[self.frame["status"] == "fitted"]

    @remembered
    def summary(self) -> pd.Series:
        """What the specifications come to.

        ``specifications``, ``fitted``; of those fitted ``median min max`` of the effect and
        ``median_std min_std max_std`` of the standardised one, ``share_significant`` (p < .05),
        ``share_same_sign`` (as the median) and ``share_significant_same_sign`` (both): Simonsohn,
        Simmons and Nelson (2020).
        """
        used = self.usable
        values = {"specifications": float(len(self.frame)), "fitted": float(len(used))}
        for name, suffix in (("est", ""), ("std", "_std")):
            column = used[name]
            values |= {
                f"median{suffix}": column.median(),
                f"min{suffix}": column.min(),
                f"max{suffix}": column.max(),
            }
        return pd.Series({**values, **_shares(used)}, name=self.effect)

    @remembered
    def by_choice(self) -> pd.DataFrame:
        """The same for each option: ``decision option fitted median median_std share_significant``.

        Options of one decision that differ much are what the result hangs on.
        """
        used = self.usable
        rows = []
        for title, options in self.choices.items():
            for option in options:
                mine = used[used[title] == option]
                rows.append(
                    {
                        "decision": title,
                        "option": option,
                        "fitted": len(mine),
                        "median": mine["est"].median(),
                        "median_std": mine["std"].median(),
                        "share_significant": _shares(mine)["share_significant"],
                    }
                )
        return pd.DataFrame(rows)

    def _lines(self) -> list[str]:
        s = self.summary
        return [
            f"Multiverse of {self.effect}: {integer(s['specifications'])} specifications, "
            f"{integer(s['fitted'])} fitted",
            f"Median {number(s['median'])} {interval(s['min'], s['max'])}, standardised "
            f"{number(s['median_std'])} {interval(s['min_std'], s['max_std'])} (smallest, largest)",
            f"Same sign as the median: {percent(s['share_same_sign'])}; p < .05: "
            f"{percent(s['share_significant'])}; both: "
            f"{percent(s['share_significant_same_sign'])}",
        ]

    def _table(self) -> tuple[Row, list[Row]]:
        rows: list[Row] = [
            (
                f"{r['decision']}: {r['option']}",
                integer(r["fitted"]),
                number(r["median"]),
                number(r["median_std"]),
                percent(r["share_significant"]),
            )
            for r in self.by_choice.to_dict("records")
        ]
        return ("choice", "fitted", "median", "standardised", "p < .05"), rows

    def __str__(self) -> str:
        lines = [*self._lines(), "", *text_table(*self._table())]
        return "\n".join([*lines, *(f"  {finding}" for finding in self.findings)])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        parts = [*map(html_paragraph, self._lines()), html_table("", *self._table())]
        return "".join([*parts, *(html_paragraph(str(f)) for f in self.findings)])


def _shares(used: pd.DataFrame) -> dict[str, float]:
    """Return shares of effects that are significant, of the sign of the median, and both."""
    if not len(used):
        return dict.fromkeys(
            ("share_significant", "share_same_sign", "share_significant_same_sign"), float("nan")
        )
    significant = (used["pvalue"] < ALPHA).to_numpy()
    same = np.sign(used["est"]).to_numpy() == np.sign(used["est"].median())
    return {
        "share_significant": float(significant.mean()),
        "share_same_sign": float(same.mean()),
        "share_significant_same_sign": float((significant & same).mean()),
    }
