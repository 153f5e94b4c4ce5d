"""Which answers are missing, together and alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from loyaltysem.analysis.measurement.answers import Table, chosen_of
from loyaltysem.analysis.measurement.printed import Printed
from loyaltysem.core.display import percent
from loyaltysem.core.errors import DataError, Finding
from loyaltysem.core.text import Text

#: Patterns that are printed.
SHOWN = 20
#: Share of a variable, of cases and of a pair from which something is said.
MUCH_MISSING, FEW_COMPLETE, RARE_PAIR = 0.2, 0.5, 0.1


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class MissingPatterns(Printed):
    """Missing answers by variable, by pattern and by pair.

    Attributes
    ----------
    frame : DataFrame
        One row a pattern, the most frequent first: ``pattern n share n_missing missing``;
        `pattern` has a letter for each variable, ``x`` answered and ``.`` missing, `missing` names
        the variables.
    variables : DataFrame
        One row a variable: ``variable n missing share``.
    pairwise_n : DataFrame
        How many answered both variables of each pair.
    n_obs, n_complete : int
    findings : tuple of Finding
    """

    frame: pd.DataFrame
    variables: pd.DataFrame
    pairwise_n: pd.DataFrame
    n_obs: int
    n_complete: int
    findings: tuple[Finding, ...]

    @property
    def title(self) -> str:
        """How many are complete."""
        share = percent(self.n_complete / self.n_obs)
        shown = f", first {SHOWN}" if len(self.frame) > SHOWN else ""
        return (
            f"{len(self.frame)} patterns of missing answers, {self.n_complete} of {self.n_obs}"
            f" cases ({share}) complete{shown}"
        )

    def __str__(self) -> str:
        return Printed.__str__(self._head()) if len(self.frame) > SHOWN else Printed.__str__(self)

    def _head(self) -> Printed:
        return _Head(self.frame.head(SHOWN), self.findings, self.title)

    def _repr_html_(self) -> str:
        return Printed._repr_html_(self._head())


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class _Head(Printed):
    """The first patterns under the title of all."""

    frame: pd.DataFrame
    findings: tuple[Finding, ...]
    words: str

    @property
    def title(self) -> str:
        return self.words


def missing_patterns(data: Table, items: Sequence[str] | None = None) -> MissingPatterns:
    """Return which answers are missing together.

    Parameters
    ----------
    data : DataFrame or Responses
        NaN, None or NA where there is no answer; any type of column.
    items : sequence of str, optional
        Columns; by default all.

    Returns
    -------
    MissingPatterns

    Raises
    ------
    DataError
        A column is missing, or the data have no rows or no columns.

    Notes
    -----
    Patterns are counted as lavaan's ``lavInspect(fit, "patterns")`` does; a case without any answer
    is a pattern too.

    Examples
    --------
    >>> found = missing_patterns(pd.DataFrame({"a": [1, 2, None, 4], "b": [1, None, None, 3]}))
    >>> found.frame[["pattern", "n"]].values.tolist()
    [['xx', 2], ['..', 1], ['x.', 1]]
    """
    chosen = chosen_of(data, items)
    if chosen.empty:
        raise DataError(
            f"The data have {chosen.shape[0]} rows and {chosen.shape[1]} columns.",
            code="data.empty",
            hint="Check that the file was read.",
        )
    names = [str(c) for c in chosen.columns]
    known = chosen.notna().to_numpy()
    n = len(known)
    patterns, counts = np.unique(known, axis=0, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    table = pd.DataFrame(
        {
            "pattern": ["".join("x" if k else "." for k in patterns[i]) for i in order],
            "n": counts[order],
            "share": counts[order] / n,
            "n_missing": (~patterns[order]).sum(axis=1),
            "missing": [
                ", ".join(name for name, k in zip(names, patterns[i], strict=True) if not k)
                for i in order
            ],
        }
    )
    together = known.T.astype(np.int64) @ known
    variables = pd.DataFrame(
        {"variable": names, "n": known.sum(axis=0), "missing": (~known).sum(axis=0),
         "share": (~known).mean(axis=0)}
    )  # fmt: skip
    complete = int(known.all(axis=1).sum())
    return MissingPatterns(
        table, variables, pd.DataFrame(together, index=names, columns=names), n, complete,
        _findings(variables, together, n, complete),
    )  # fmt: skip


def _findings(
    variables: pd.DataFrame, together: np.ndarray, n: int, complete: int
) -> tuple[Finding, ...]:
    findings = []
    much = variables.loc[variables["share"] > MUCH_MISSING, "variable"].tolist()
    if much:
        findings.append(
            Finding(
                "data.much_missing",
                Text(
                    f"More than {percent(MUCH_MISSING, 0)} of answers are missing in: "
                    f"{', '.join(much)}.",
                    f"以下变量缺失超过 {percent(MUCH_MISSING, 0)}：{'、'.join(much)}。",
                ),
            )
        )
    if complete < FEW_COMPLETE * n:
        findings.append(
            Finding(
                "data.few_complete",
                Text(
                    f"Only {complete} of {n} cases are complete; listwise deletion would lose the"
                    " others.",
                    f"{n} 个样本中仅 {complete} 个完整；按列表删除将损失其余样本。",
                ),
                Text("Use missing='fiml'.", "请使用 missing='fiml'。"),
            )
        )
    if together.min() < RARE_PAIR * n:
        findings.append(
            Finding(
                "data.rare_pair",
                Text(
                    "Some pairs of variables were hardly ever answered together; their covariance"
                    " rests on few cases.",
                    "部分变量对极少同时被回答，其协方差仅基于少量样本。",
                ),
            )
        )
    return tuple(findings)
