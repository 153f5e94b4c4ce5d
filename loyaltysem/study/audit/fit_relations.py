"""Relations between the fit measures of one model.

With χ² on df degrees of freedom, χ²_b on df_b those of the independence model, N cases and p
observed variables: RMSEA = √(max(χ² − df, 0) / (df (N − 1))), CFI = 1 − (χ² − df) / (χ²_b − df_b),
TLI = (χ²_b/df_b − χ²/df) / (χ²_b/df_b − 1), AGFI = 1 − p(p + 1)/(2 df) · (1 − GFI).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from scipy import optimize, stats

from loyaltysem.core.errors import DataError
from loyaltysem.core.text import Text
from loyaltysem.study.audit.check import Check, held_against, impossible
from loyaltysem.study.audit.paper import PrintedModel
from loyaltysem.study.audit.printed import Interval, Printed, common, meets, over

#: What each measure can be at most and at least.
POSSIBLE: dict[str, Interval] = {
    "chisq": (0.0, math.inf), "chisq_df": (0.0, math.inf), "pvalue": (0.0, 1.0),
    "rmsea": (0.0, math.inf), "rmsea_lower": (0.0, math.inf), "rmsea_upper": (0.0, math.inf),
    "cfi": (0.0, 1.0), "nfi": (0.0, 1.0), "gfi": (-math.inf, 1.0), "agfi": (-math.inf, 1.0),
    "srmr": (0.0, math.inf), "pgfi": (-math.inf, 1.0), "pnfi": (0.0, 1.0), "pcfi": (0.0, 1.0),
}  # fmt: skip


def rmsea_from_ratio(chisq_over_df: float, n: int, groups: int = 1) -> float:
    """Return the RMSEA that a χ²/df implies.

    Parameters
    ----------
    chisq_over_df : float
        χ² divided by its degrees of freedom.
    n : int
        Number of cases.
    groups : int

    Raises
    ------
    DataError
        Fewer than two cases.

    Notes
    -----
    RMSEA = √(G max(χ²/df − 1, 0) / (n − 1)), Steiger (1990), for groups Steiger (1998); AMOS
    divides by n − G and leaves √G out, lavaan divides by n.

    Examples
    --------
    >>> round(rmsea_from_ratio(2.01, 450), 3)
    0.047
    """
    if n < 2:
        raise DataError(
            f"RMSEA needs at least 2 cases; n is {n}.",
            code="audit.too_few_cases",
            hint="Give the sample size the paper reports.",
        )
    excess = groups * max(chisq_over_df - 1, 0.0) / (n - 1)
    return float(excess**0.5)


def ratio_allows_rmsea(ratio: Printed, rmsea: Printed, n: int) -> bool:
    """Whether a printed χ²/df and a printed RMSEA can both be right at sample size `n`.

    Examples
    --------
    >>> ratio_allows_rmsea(Printed(2.36, 2), Printed(0.06, 2), 450)
    True
    >>> ratio_allows_rmsea(Printed(2.01, 2), Printed(0.04, 2), 450)
    False
    """
    return meets(over(lambda r: rmsea_from_ratio(r, n), ratio.interval), rmsea.interval)


@dataclass(frozen=True, slots=True)
class Known:
    """A model's printed numbers as intervals, with what follows from them at once."""

    model: PrintedModel
    n: int | None

    def __contains__(self, name: str) -> bool:
        return name in self.model.numbers

    def has(self, *names: str) -> bool:
        """Whether all of these are printed."""
        return all(name in self.model.numbers for name in names)

    def printed(self, name: str) -> Printed:
        """Return a printed number."""
        return self.model.numbers[name]

    def interval(self, name: str) -> Interval:
        """Return the values behind a printed number; degrees of freedom are exact."""
        printed = self.model.numbers[name]
        if name in ("df", "baseline_df", "n_parameters"):
            return printed.value, printed.value
        return common(printed.interval, POSSIBLE.get(name, (-math.inf, math.inf)))

    @property
    def df(self) -> int | None:
        """Degrees of freedom, where printed."""
        return int(self.printed("df").value) if "df" in self else None

    @property
    def moments(self) -> int | None:
        """Variances and covariances of all groups, p(p + 1)/2 each."""
        p = self.model.indicators
        return None if p is None else self.model.groups * p * (p + 1) // 2

    @property
    def baseline_df(self) -> int | None:
        """Degrees of freedom of the independence model, p(p − 1)/2 a group."""
        if "baseline_df" in self:
            return int(self.printed("baseline_df").value)
        p = self.model.indicators
        return None if p is None else self.model.groups * p * (p - 1) // 2

    @property
    def ratio(self) -> Interval | None:
        """χ²/df, from what is printed of it."""
        found = []
        if "chisq_df" in self:
            found.append(self.interval("chisq_df"))
        if self.has("chisq", "df") and self.df:
            found.append(over(lambda c: c / self.df, self.interval("chisq")))
        if not found:
            return None
        both = common(found[0], found[-1])
        return both if both[0] <= both[1] else found[-1]

    @property
    def chisq(self) -> Interval | None:
        """χ², from what is printed of it."""
        if "chisq" in self:
            return self.interval("chisq")
        if self.ratio is None or self.df is None:
            return None
        return self.ratio[0] * self.df, self.ratio[1] * self.df

    def text(self, *names: str) -> str:
        """Write printed numbers as ``name = value``."""
        return ", ".join(f"{SYMBOLS.get(x, x.upper())} = {self.printed(x)}" for x in names)


SYMBOLS = {
    "chisq": "χ²", "chisq_df": "χ²/df", "df": "df", "pvalue": "p", "rmsea_lower": "RMSEA low",
    "rmsea_upper": "RMSEA high", "baseline_chisq": "χ²_b", "baseline_df": "df_b",
    "aic_amos": "AIC", "n_parameters": "q",
}  # fmt: skip


def fit_checks(model: PrintedModel, n: int | None) -> Iterator[Check]:
    """Yield every relation that can be checked on a model's printed fit."""
    known = Known(model, model.n if model.n is not None else n)
    yield from _possible(known)
    for relation in (
        _ratio, _pvalue, _rmsea, _rmsea_interval, _degrees, _incremental, _goodness, _baseline,
        _parsimony, _aic,
    ):  # fmt: skip
        yield from relation(known)


def _possible(known: Known) -> Iterator[Check]:
    for name, printed in known.model.numbers.items():
        limits = POSSIBLE.get(name)
        if limits is not None and not meets(printed.interval, limits):
            low, high = limits
            yield impossible(
                known.model.name, name, str(printed), limits,
                Text(
                    f"{SYMBOLS.get(name, name.upper())} lies between {low:g} and {high:g}; "
                    f"printed {printed}.",
                    f"{SYMBOLS.get(name, name.upper())} 只能介于 {low:g} 与 {high:g} 之间，"
                    f"报告值为 {printed}。",
                ),
            )  # fmt: skip


def _held(
    known: Known, name: str, implied: Interval, formula: str, inputs: str, source: str = ""
) -> Check:
    place = known.model.name
    return held_against(place, name, known.printed(name), implied, formula, inputs, source)


def _ratio(known: Known) -> Iterator[Check]:
    if known.has("chisq", "df", "chisq_df") and known.df:
        implied = over(lambda c: c / known.df, known.interval("chisq"))
        yield _held(known, "chisq_df", implied, "χ²/df", known.text("chisq", "df"))


def _pvalue(known: Known) -> Iterator[Check]:
    if "pvalue" in known and known.chisq is not None and known.df:
        df = known.df
        implied = over(lambda c: float(stats.chi2.sf(c, df)), known.chisq)
        shown = "chisq" if "chisq" in known else "chisq_df"
        yield _held(known, "pvalue", implied, "P(χ²_df > χ²)", known.text(shown, "df"))


def _rmsea(known: Known) -> Iterator[Check]:
    if "rmsea" not in known or known.ratio is None or known.n is None:
        return
    n, groups = known.n, known.model.groups
    ways = [over(lambda r, m=m: rmsea_from_ratio(r, m, groups), known.ratio) for m in (n, n + 1)]
    if groups > 1:
        ways.append(over(lambda r: rmsea_from_ratio(r, n - groups + 1), known.ratio))
    printed = known.printed("rmsea")
    fits = [way for way in ways if meets(way, printed.interval)]
    shown = ("chisq_df",) if "chisq_df" in known else ("chisq", "df")
    yield _held(
        known, "rmsea", fits[0] if fits else ways[0], "√((χ²/df − 1)/(N − 1))",
        f"{known.text(*shown)}, N = {n}", "steiger_1990",
    )  # fmt: skip


def _rmsea_interval(known: Known) -> Iterator[Check]:
    if known.has("rmsea", "rmsea_lower", "rmsea_upper"):
        low, high = known.interval("rmsea_lower")[0], known.interval("rmsea_upper")[1]
        yield _held(
            known, "rmsea", (low, high), "low ≤ RMSEA ≤ high",
            known.text("rmsea_lower", "rmsea_upper"),
        )  # fmt: skip
    if known.chisq is None or not known.df or known.n is None or known.model.groups > 1:
        return
    shown = "chisq" if "chisq" in known else "chisq_df"
    for name, share in (("rmsea_lower", 0.95), ("rmsea_upper", 0.05)):
        if name in known:
            ways = [
                over(lambda c, s=share, m=m: _rmsea_limit(c, known.df or 1, m, s), known.chisq)
                for m in (known.n, known.n + 1)
            ]
            agree = [way for way in ways if meets(way, known.printed(name).interval)]
            implied = (agree or ways)[0]
            inputs = f"{known.text(shown, 'df')}, N = {known.n}"
            formula = f"noncentral χ², P = {share:g}"
            yield _held(known, name, implied, formula, inputs, "browne_cudeck_1992")


def _rmsea_limit(chisq: float, df: int, n: int, share: float) -> float:
    """Return the RMSEA whose noncentral χ² puts `share` of its mass below the observed χ²."""
    if chisq <= 0 or stats.chi2.cdf(chisq, df) < share:
        return 0.0
    found = optimize.brentq(
        lambda ncp: float(stats.ncx2.cdf(chisq, df, ncp)) - share, 1e-10, 4 * chisq + 50.0
    )
    return math.sqrt(found / (df * (n - 1)))


def _degrees(known: Known) -> Iterator[Check]:
    if known.df is None or known.moments is None:
        return
    if "n_parameters" in known:
        left = float(known.moments - known.interval("n_parameters")[0])
        yield _held(known, "df", (left, left), "p(p + 1)/2 − q", known.text("n_parameters"))
    if not 0 <= known.df < known.moments:
        most = float(known.moments - 1)
        yield impossible(
            known.model.name, "df", str(known.printed("df")), (0.0, most),
            Text(
                f"{known.model.indicators} observed variables leave at most {most:.0f} degrees of "
                f"freedom; printed {known.df}.",
                f"{known.model.indicators} 个观测变量的自由度至多为 {most:.0f}，"
                f"报告值为 {known.df}。",
            ),
        )  # fmt: skip


def _incremental(known: Known) -> Iterator[Check]:
    """TLI from CFI: (1 − TLI)/(1 − CFI) = df_b/df, whatever χ² is."""
    if not known.has("cfi", "tli") or not known.df or known.baseline_df is None:
        return
    factor = known.baseline_df / known.df
    implied = over(lambda cfi: 1 - factor * (1 - cfi), known.interval("cfi"))
    if known.interval("cfi")[1] < 1:
        inputs = f"{known.text('cfi')}, df_b = {known.baseline_df}, df = {known.df}"
        yield _held(known, "tli", implied, "1 − df_b/df · (1 − CFI)", inputs, "tucker_lewis_1973")


def _goodness(known: Known) -> Iterator[Check]:
    if known.has("gfi", "agfi") and known.df and known.moments:
        factor = known.moments / known.df
        implied = over(lambda gfi: 1 - factor * (1 - gfi), known.interval("gfi"))
        inputs = f"{known.text('gfi')}, p = {known.model.indicators}, df = {known.df}"
        yield _held(known, "agfi", implied, "1 − p(p + 1)/(2 df) · (1 − GFI)", inputs)


def baseline_ranges(chisq: float, df: int, df_b: int, known: Known) -> dict[str, Interval]:
    """Return the χ² of the independence model that each printed index allows, given χ²."""
    excess = chisq - df
    ways: dict[str, Callable[[float], float]] = {
        "cfi": lambda x: df_b + excess / (1 - x),
        "tli": lambda x: df_b * (1 + (chisq / df - 1) / (1 - x)),
        "nfi": lambda x: chisq / (1 - x),
        "ifi": lambda x: (chisq - x * df) / (1 - x),
        "rfi": lambda x: df_b * (chisq / df) / (1 - x),
    }
    found = {}
    for name, way in ways.items():
        if name in known and known.interval(name)[1] < 1 and (excess > 0 or name == "nfi"):
            found[name] = over(way, known.interval(name))
    if "baseline_chisq" in known:
        found["baseline_chisq"] = known.interval("baseline_chisq")
    return found


def _baseline(known: Known) -> Iterator[Check]:
    """Every incremental index speaks of one χ²_b: they must have one in common."""
    if known.chisq is None or not known.df or known.baseline_df is None:
        return
    low, high = known.chisq
    steps = [low + k * (high - low) / 40 for k in range(41)] if high > low else [low]
    ranges = [baseline_ranges(c, known.df, known.baseline_df, known) for c in steps]
    names = [name for name in ranges[0] if name not in ("cfi", "tli")]
    for name in names if len(ranges[0]) > 1 else []:
        others = [_shared([v for k, v in each.items() if k != name]) for each in ranges]
        pairs = [(each[name], other) for each, other in zip(ranges, others, strict=True)]
        agrees = any(meets(a, b) and b[0] <= b[1] for a, b in pairs)
        implied = over(
            lambda b, c, n=name: _index(n, c, b, known.df or 1, known.baseline_df or 1),
            others[len(others) // 2], (low, high),
        )  # fmt: skip
        basis = [k for k in ranges[0] if k != name]
        check = _held(known, name, implied, f"χ²_b from {', '.join(map(str.upper, basis))}",
                      known.text(*basis))  # fmt: skip
        if agrees or check.verdict != "consistent":
            yield check


def _shared(intervals: list[Interval]) -> Interval:
    low, high = intervals[0]
    for other in intervals[1:]:
        low, high = common((low, high), other)
    return (low, high) if low <= high else intervals[0]


def _index(name: str, chisq: float, baseline: float, df: int, df_b: int) -> float:
    """Return an incremental index."""
    if name == "nfi":
        return 1 - chisq / baseline
    if name == "ifi":
        return (baseline - chisq) / (baseline - df)
    if name == "rfi":
        return 1 - (chisq / df) / (baseline / df_b)
    return baseline


def _parsimony(known: Known) -> Iterator[Check]:
    if known.df is None:
        return
    for name, base, whole in (
        ("pnfi", "nfi", known.baseline_df),
        ("pcfi", "cfi", known.baseline_df),
        ("pgfi", "gfi", known.moments),
    ):
        if known.has(name, base) and whole:
            implied = over(lambda x, w=whole: x * (known.df or 0) / w, known.interval(base))
            letter = "p(p + 1)/2" if name == "pgfi" else "df_b"
            inputs = f"{known.text(base, 'df')}, {letter} = {whole}"
            yield _held(known, name, implied, f"{base.upper()} · df/{letter}", inputs)


def _aic(known: Known) -> Iterator[Check]:
    """AIC as AMOS prints it: χ² + 2q."""
    if "aic_amos" not in known or known.chisq is None or known.df is None:
        return
    q = known.moments - known.df if known.moments else None
    if "n_parameters" in known:
        q = int(known.printed("n_parameters").value)
    if q is not None:
        implied = known.chisq[0] + 2 * q, known.chisq[1] + 2 * q
        shown = "chisq" if "chisq" in known else "chisq_df"
        yield _held(known, "aic_amos", implied, "χ² + 2q", f"{known.text(shown)}, q = {q}")
