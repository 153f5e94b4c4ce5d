"""All formulas side by side for one customer base."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd

from loyaltysem.clv.formulas import as_printed as printed
from loyaltysem.clv.formulas.amounts import Amount, amount, require_one_length
from loyaltysem.clv.formulas.discounted import discounted_clv
from loyaltysem.clv.printed import Printed
from loyaltysem.core.errors import Finding
from loyaltysem.core.text import Text
from loyaltysem.core.types import Array

Terms: TypeAlias = Mapping[str, Array]
PRINTED = "as printed in practice"
STANDARD = "berger_nasr_1998"


@dataclass(frozen=True, slots=True)
class Row:
    """One formula of the table: its name, how it reads, where it is from, how it is worked out."""

    formula: str
    label: Text
    expression: str
    source: str
    is_net: bool
    is_discounted: bool
    value: Callable[[Terms], Array]


def _simple(t: Terms) -> tuple[Array, Array, Array, Array]:
    return t["aov"], t["frequency"], t["frequency_growth"], t["lifetime_growth"]


def _likely(t: Terms) -> tuple[Array, Array, Array, Array]:
    return t["aov"], t["frequency"], t["retention"], t["lifetime_growth"]


def _share(t: Terms) -> dict[str, Array]:
    return {"margin": t["margin"], "cost": t["acquisition_cost"] + t["retention_cost"]}


def _stages(t: Terms) -> tuple[Array, Array, Array, Array]:
    new, mature, lost = t["stages"]
    return new, mature, lost, t["customers"]


def _costs(t: Terms, *names: str) -> list[Array]:
    return [t["profit"] if n == "profit" else t[f"{n}_cost"] for n in names]


KASS = ("acquisition", "interaction", "profit", "churn")
LCV = (*KASS, "repurchase")


def _signed(t: Terms, *names: str) -> list[Array]:
    """Costs as negative amounts, but the churn cost, which Kass's formula subtracts itself."""
    kept = ("profit", "churn")
    return [x if n in kept else -x for n, x in zip(names, _costs(t, *names), strict=True)]


ROWS: tuple[Row, ...] = (
    Row("simple", Text("simple", "简单公式"), "AOV·f·(1+g_f)(1+g_L)", PRINTED, False, False,
        lambda t: printed.simple_clv(*_simple(t))),
    Row("simple_net", Text("simple, net", "简单公式（净值）"),
        "margin·AOV·f·(1+g_f)(1+g_L) − costs", "", True, False,
        lambda t: printed.simple_net(*_simple(t), **_share(t))),
    Row("probability", Text("probability", "概率公式"), "AOV·f·(1+r)(1+g_L)", PRINTED, False, False,
        lambda t: printed.probability_clv(*_likely(t))),
    Row("probability_net", Text("probability, net", "概率公式（净值）"),
        "margin·AOV·f·(1+r)(1+g_L) − costs", "", True, False,
        lambda t: printed.probability_net(*_likely(t), **_share(t))),
    Row("life_cycle", Text("life-cycle", "生命周期阶段公式"), "(new + mature + lost) / customers",
        PRINTED, False, False, lambda t: printed.life_cycle_clv(*_stages(t))),
    Row("life_cycle_net", Text("life-cycle, net", "生命周期阶段公式（净值）"),
        "margin·(new + mature + lost) / customers − costs", "", True, False,
        lambda t: printed.life_cycle_net(*_stages(t), **_share(t))),
    Row("beckman", Text("Beckman, costs signed", "Beckman 公式（成本取负号）"),
        "acquisition + retention + profit", PRINTED, True, False,
        lambda t: printed.beckman_clv(*_signed(t, "acquisition", "retention", "profit"))),
    Row("beckman_added", Text("Beckman, costs added", "Beckman 公式（成本直接相加）"),
        "acquisition + retention + profit", PRINTED, False, False,
        lambda t: printed.beckman_clv(*_costs(t, "acquisition", "retention", "profit"))),
    Row("kass", Text("Kass, costs signed", "Kass 公式（成本取负号）"),
        "acquisition + interaction + profit − churn", PRINTED, True, False,
        lambda t: printed.kass_clv(*_signed(t, *KASS))),
    Row("kass_added", Text("Kass, costs added", "Kass 公式（成本直接相加）"),
        "acquisition + interaction + profit − churn", PRINTED, False, False,
        lambda t: printed.kass_clv(*_costs(t, *KASS))),
    Row("lcv", Text("life-cycle value (LCV), costs signed", "生命周期价值 LCV（成本取负号）"),
        "Kass + repurchase", PRINTED, True, False,
        lambda t: printed.life_cycle_value(*_signed(t, *LCV))),
    Row("lcv_added",
        Text("life-cycle value (LCV), costs added", "生命周期价值 LCV（成本直接相加）"),
        "Kass + repurchase", PRINTED, False, False,
        lambda t: printed.life_cycle_value(*_costs(t, *LCV))),
    Row("discounted", Text("discounted, to the horizon", "折现价值（有限期）"),
        "Σ_{t<n} m·rᵗ/(1+d)ᵗ − costs", STANDARD, True, True,
        lambda t: _discounted(t, limited=True)),
    Row("discounted_unlimited", Text("discounted, unlimited", "折现价值（无限期）"),
        "m(1+d)/(1+d−r) − costs", STANDARD, True, True, lambda t: _discounted(t, limited=False)),
)  # fmt: skip


def _discounted(t: Terms, *, limited: bool) -> Array:
    return discounted_clv(
        t["profit"], t["retention"], t["discount_rate"],
        horizon=int(t["horizon"]) if limited else None,
        retention_cost=t["retention_cost"], acquisition_cost=t["acquisition_cost"],
    )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class FormulaComparison(Printed):
    """What each formula says of one customer base.

    Attributes
    ----------
    frame : DataFrame
        One row a formula: ``formula label_en label_zh expression net discounted mean total ratio
        source``. `mean` and `total` in currency, over customers whose amounts are known; `ratio`
        is the mean over that of the discounted value to the horizon.
    customers : DataFrame
        The value of each customer by each formula, one column a formula.
    n : int
        Customers.
    horizon : int
        Periods of the discounted value.
    findings : tuple of Finding
    """

    frame: pd.DataFrame
    customers: pd.DataFrame
    n: int
    horizon: int
    findings: tuple[Finding, ...]

    @property
    def title(self) -> str:
        """What was compared."""
        return f"Formulas of customer value, {self.n} customers, {self.horizon} periods"

    @property
    def printed(self) -> pd.DataFrame:
        """The table without the Chinese names and the sources."""
        return self.frame.drop(columns=["label_zh", "source"])


def compare_formulas(
    *,
    aov: Amount,
    frequency: Amount,
    retention: Amount,
    margin: Amount,
    discount_rate: Amount,
    horizon: int = 5,
    frequency_growth: Amount = 0.0,
    lifetime_growth: Amount = 0.0,
    acquisition_cost: Amount = 0.0,
    retention_cost: Amount = 0.0,
    interaction_cost: Amount = 0.0,
    churn_cost: Amount = 0.0,
    repurchase_cost: Amount = 0.0,
    stages: tuple[float, float, float] | None = None,
    customers: int | None = None,
) -> FormulaComparison:
    """Work out every formula for the same customers and assumptions.

    Parameters
    ----------
    aov, frequency : float or array-like, shape (N,)
        Average order value (currency) and purchases a period, of the base or of each customer.
    retention, margin : float or array-like
        Probability of staying a further period; share of revenue that is left.
    discount_rate : float or array-like
        A period.
    horizon : int
        Periods of the discounted value.
    frequency_growth, lifetime_growth : float or array-like
        As for `simple_clv`.
    acquisition_cost, retention_cost, interaction_cost, churn_cost, repurchase_cost : float or array
        Positive amounts a customer, currency.
    stages : (float, float, float), optional
        Revenue of new, mature and lost customers in the period, currency, for the life-cycle
        formula, which is left out without it.
    customers : int, optional
        Customers N, where the amounts are single numbers.

    Returns
    -------
    FormulaComparison

    Raises
    ------
    DataError, IncompatibleRequestError
        Amounts out of bounds, of different lengths, or a horizon that is no number of periods.

    Notes
    -----
    The formulas mean different things: revenue or profit, one period or all. The table shows by
    how much the choice decides the number.

    Examples
    --------
    >>> table = compare_formulas(aov=200.0, frequency=6.0, retention=0.75, margin=0.3,
    ...                          discount_rate=0.1, acquisition_cost=80.0)
    >>> table.frame.set_index("formula")["mean"].round(1)[["simple", "beckman", "discounted"]]
    formula
    simple        1200.0
    beckman        280.0
    discounted     884.7
    Name: mean, dtype: float64
    """
    given = {
        "aov": aov, "frequency": frequency, "retention": retention, "margin": margin,
        "discount_rate": discount_rate, "frequency_growth": frequency_growth,
        "lifetime_growth": lifetime_growth, "acquisition_cost": acquisition_cost,
        "retention_cost": retention_cost, "interaction_cost": interaction_cost,
        "churn_cost": churn_cost, "repurchase_cost": repurchase_cost,
    }  # fmt: skip
    found = {name: amount(name, value) for name, value in given.items()}
    require_one_length(**found)
    profit = found["aov"] * found["frequency"] * found["margin"]
    terms: dict[str, Array] = found | {"profit": profit, "horizon": np.asarray(horizon)}
    _discounted(terms | {"horizon": np.asarray(horizon)}, limited=True)  # says what is wrong first
    n = max((len(x) for x in found.values() if x.ndim), default=customers or 1)
    terms["customers"] = np.asarray(n, dtype=np.float64)
    if stages is not None:
        terms["stages"] = amount("stages", stages)
    values = pd.DataFrame(
        {row.formula: np.broadcast_to(row.value(terms), n) for row in ROWS if _has(row, terms)}
    )
    return FormulaComparison(_frame(values), values, n, horizon, tuple(_findings(terms, values)))


def _has(row: Row, terms: Terms) -> bool:
    if row.formula.startswith("life_cycle"):
        return "stages" in terms
    stay = terms["retention"] / (1.0 + terms["discount_rate"])
    return row.formula != "discounted_unlimited" or bool((stay[~np.isnan(stay)] < 1.0).all())


def _frame(customers: pd.DataFrame) -> pd.DataFrame:
    standard = customers["discounted"].mean()
    rows = []
    for row in ROWS:
        if row.formula not in customers:
            continue
        values = customers[row.formula]
        rows.append(
            {
                "formula": row.formula,
                "label_en": row.label.en,
                "label_zh": row.label.zh,
                "expression": row.expression,
                "net": row.is_net,
                "discounted": row.is_discounted,
                "mean": values.mean(),
                "total": values.sum(min_count=1),
                "ratio": values.mean() / standard if standard else np.nan,
                "source": row.source,
            }
        )
    return pd.DataFrame(rows)


def _findings(terms: Terms, customers: pd.DataFrame) -> Iterator[Finding]:
    unknown = int(customers["discounted"].isna().sum())
    if unknown:
        yield Finding(
            "formula.unknown",
            Text(
                f"{unknown} of {len(customers)} customers lack an amount and count in no mean.",
                f"{len(customers)} 位客户中有 {unknown} 位缺少所需金额，未计入均值。",
            ),
        )
    if "discounted_unlimited" not in customers:
        yield Finding(
            "formula.diverges",
            Text(
                "Without discounting, customers who never leave have no finite unlimited value.",
                "留存率为 1 且不折现时，无限期价值不收敛，故未列出。",
            ),
        )
    if any((terms[f"{n}_cost"] > 0).any() for n in ("acquisition", "retention", "interaction")):
        yield Finding(
            "formula.costs_added",
            Text(
                "Beckman, Kass and LCV are printed with costs added; rows “added” take them so,"
                " rows “signed” as negative amounts.",
                "Beckman、Kass 与 LCV 公式原文将成本直接相加；“直接相加”行照此计算，"
                "“取负号”行将成本作为负值处理。",
            ),
            severity="note",
        )
