"""Which numbers of variables, degrees of freedom and parameters can have printed a model's fit."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from loyaltysem.study.audit.fit_relations import Known, baseline_ranges, rmsea_from_ratio
from loyaltysem.study.audit.paper import PrintedModel
from loyaltysem.study.audit.printed import Interval, common, meets, over

MOST_INDICATORS = 80
COLUMNS = ("model", "p", "df_lower", "df_upper", "q_lower", "q_upper", "n_sets")


def feasible_sets(model: PrintedModel, n: int | None) -> pd.DataFrame:
    """Return every (p, df, q) that satisfies what is printed of a model.

    Returns
    -------
    DataFrame
        ``p df q df_b``, a row for each set; empty where nothing printed ties them, or where no set
        satisfies it.

    Notes
    -----
    (1 − TLI)/(1 − CFI) = df_b/df and (1 − AGFI)/(1 − GFI) = p(p + 1)/(2 df) hold whatever χ² is;
    with the rounding each leaves a range of df for every p. Known p or df, a printed χ² and NFI
    narrow it.
    """
    known = Known(model, model.n if model.n is not None else n)
    if model.groups > 1 or not _is_tied(known):
        return pd.DataFrame(columns=["p", "df", "q", "df_b"])
    return pd.DataFrame(list(_sets(known)), columns=["p", "df", "q", "df_b"])


def _is_tied(known: Known) -> bool:
    return known.has("cfi", "tli") or known.has("gfi", "agfi")


def _sets(known: Known) -> Iterator[tuple[int, int, int, int]]:
    given = known.model.indicators
    for p in [given] if given else range(3, MOST_INDICATORS + 1):
        moments, df_b = p * (p + 1) // 2, p * (p - 1) // 2
        for df in [known.df] if known.df else range(1, df_b):
            if df is not None and _allows(known, p, df, moments, df_b):
                yield p, df, moments - df, df_b


def _allows(known: Known, p: int, df: int, moments: int, df_b: int) -> bool:
    if known.has("cfi", "tli") and not _ratio_meets(known, "tli", "cfi", df_b / df):
        return False
    if known.has("gfi", "agfi") and not _ratio_meets(known, "agfi", "gfi", moments / df):
        return False
    return _chisq_allows(known, df, df_b)


def _ratio_meets(known: Known, upper: str, lower: str, factor: float) -> bool:
    """Whether (1 − upper)/(1 − lower) can be `factor`."""
    low, high = known.interval(lower)
    if high >= 1:
        return True
    return meets(over(lambda x: 1 - factor * (1 - x), (low, high)), known.interval(upper))


def _chisq_allows(known: Known, df: int, df_b: int) -> bool:
    chisq = _chisq(known, df)
    if chisq is None:
        return True
    if chisq[0] > chisq[1]:
        return False
    for step in range(11):
        value = chisq[0] + step * (chisq[1] - chisq[0]) / 10
        low, high = 0.0, float("inf")
        for interval in baseline_ranges(value, df, df_b, known).values():
            low, high = common((low, high), interval)
        if low <= high:
            return True
    return False


def _chisq(known: Known, df: int) -> Interval | None:
    """χ² for these degrees of freedom, from χ², χ²/df and RMSEA as printed."""
    found: Interval | None = None
    if "chisq" in known:
        found = known.interval("chisq")
    if "chisq_df" in known:
        low, high = known.interval("chisq_df")
        ratio = low * df, high * df
        found = ratio if found is None else common(found, ratio)
    if found is not None and "rmsea" in known and known.n:
        ways = [over(lambda c, m=m: rmsea_from_ratio(c / df, m), found)
                for m in (known.n, known.n + 1)]  # fmt: skip
        if not any(meets(way, known.interval("rmsea")) for way in ways):
            return found  # the RMSEA contradicts χ²/df: said by its own check, not here
    return found


def summarised(model: PrintedModel, sets: pd.DataFrame) -> pd.DataFrame:
    """Return the range of df and q for each p, one row a p."""
    if sets.empty:
        return pd.DataFrame(columns=list(COLUMNS))
    by = sets.groupby("p")
    table = pd.DataFrame(
        {
            "df_lower": by["df"].min(), "df_upper": by["df"].max(),
            "q_lower": by["q"].min(), "q_upper": by["q"].max(), "n_sets": by.size(),
        }
    ).reset_index()  # fmt: skip
    table.insert(0, "model", model.name)
    return table
