"""What the orders of the respondents say: behaviour, value, and what raising a driver is worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from loyaltysem.analysis.reliability import cronbach_alpha
from loyaltysem.clv.link.linked import Linked
from loyaltysem.clv.transactions import Transactions
from loyaltysem.clv.triangulation import triangulate
from loyaltysem.clv.what_if.verb import what_if
from loyaltysem.core.errors import Finding
from loyaltysem.core.text import Text
from loyaltysem.estimation.fit import sem
from loyaltysem.estimation.result import SEMResult
from loyaltysem.study.findings import named
from loyaltysem.study.gathered import Gathered
from loyaltysem.study.part import Part
from loyaltysem.study.plan import Analyses

BEHAVIOUR = ("amount", "frequency", "duration")


def analysed_link(gathered: Gathered) -> Linked | None:
    """Return the joined rows of the respondents who are analysed."""
    if gathered.linked is None:
        return None
    kept = np.isin(gathered.screening.responses.rows, gathered.responses.rows)
    rows = gathered.linked.data[kept].reset_index(drop=True)
    return replace(gathered.linked, data=rows)


def behaviour_part(tx: Transactions, linked: Linked) -> Part:
    """Describe the indicators of value, segments, life cycle and cohorts.

    Returns
    -------
    Part
        ``behaviour``: ``indicator label_en label_zh unit n mean sd median minimum maximum``;
        ``segments``, ``life_cycle``, ``cohorts``: as of `rfm`, `life_cycle`, `cohorts` (quarters).
    """
    named = linked.definitions.set_index("indicator")
    rows = [
        {"indicator": name, "label_en": named.loc[name, "label_en"],
         "label_zh": named.loc[name, "label_zh"], "unit": named.loc[name, "unit"],
         **_spread(linked.data[name])}
        for name in BEHAVIOUR
    ]  # fmt: skip
    segments, life = tx.rfm(), tx.life_cycle()
    cohorts = tx.cohorts(by="quarter")
    tables = {
        "behaviour": pd.DataFrame(rows),
        "segments": segments.segments.reset_index(drop=True),
        "life_cycle": life.counts.reset_index(drop=True),
        "cohorts": cohorts.frame.reset_index(drop=True),
    }
    found = (*tx.findings, *segments.findings, *life.findings)
    return Part(tables, found, {"cohorts": cohorts, "life_cycle": life})


def _spread(values: pd.Series) -> dict[str, float]:
    known = values.dropna()
    return {
        "n": float(len(known)), "mean": float(known.mean()), "sd": float(known.std()),
        "median": float(known.median()), "minimum": float(known.min()),
        "maximum": float(known.max()),
    }  # fmt: skip


def value_part(tx: Transactions) -> Part:
    """Predict the value of all customers over the coming year.

    Returns
    -------
    Part
        ``value``: ``measure label_en label_zh value``, with what was assumed; ``value_deciles``.
    """
    found = tx.clv()
    assumed = [
        {"measure": name, "label_en": label.en, "label_zh": label.zh, "value": value}
        for name, label, value in (
            ("margin", Text("Margin, share of revenue", "毛利率"), found.margin),
            ("discount_rate", Text("Discount rate, a year", "年贴现率"), found.discount_rate),
        )
    ]
    tables = {
        "value": pd.concat([found.summary, pd.DataFrame(assumed)], ignore_index=True),
        "value_deciles": found.deciles.reset_index(drop=True),
    }
    return Part(tables, found.findings, {"value": found})


def triangulation_part(
    fit: SEMResult, linked: Linked, plan: Analyses, labels: Mapping[str, Text]
) -> Part:
    """Hold loyalty as asked, as behaviour and as a factor score against each other.

    Returns
    -------
    Part
        ``triangulation``: as of `triangulate`.
    """
    data = linked.data.reset_index(drop=True)
    scores = fit.factor_scores().reset_index(drop=True)
    added = {f"{name}_mean": data[list(items)].mean(axis=1) for name, items in plan.scores.items()}
    alphas = {
        f"{name}_mean": float(cronbach_alpha(data[list(items)]).alpha)
        for name, items in plan.scores.items()
    }
    modelled = {f"{name}_score": scores[name].to_numpy() for name in plan.scores}
    names = _names(plan, labels)
    found = triangulate(
        data.assign(**added, **modelled),
        direct=[*added, *(name for name in plan.asked if name in data)],
        behaviour=list(BEHAVIOUR),
        model=list(modelled),
        reliability=alphas,
        labels=names,
        draws=plan.worth_draws,
        seed=plan.seed,
    )
    called = tuple(named(finding, names) for finding in found.findings)
    return Part({"triangulation": found.frame.reset_index(drop=True)}, called)


def _names(plan: Analyses, labels: Mapping[str, Text]) -> dict[str, Text]:
    called = {**labels, **{name: plan.names[name] for name in plan.asked if name in plan.names}}
    for name in plan.scores:
        said = labels.get(name, Text(name))
        called[f"{name}_mean"] = Text(f"{said.en} (mean of items)", f"{said.zh}（题项均值）")
        called[f"{name}_score"] = Text(f"{said.en} (factor score)", f"{said.zh}（因子得分）")
    return called


def worth_part(model: str, linked: Linked, plan: Analyses, group: str | None) -> Part:
    """Value a rise of each driver by one scale point, in currency, for everybody and each group.

    Returns
    -------
    Part
        ``what_if``: ``driver`` and the columns of `what_if`.
    """
    fit = sem(model, linked.data)
    boot = fit.bootstrap(plan.worth_draws, seed=plan.seed, n_jobs=1)
    frames, results, found = [], {}, list[Finding]()
    for driver in plan.drivers:
        worth = what_if(fit, linked, driver, per="mean", segments=group, bootstrap=boot)
        frames.append(worth.frame.assign(driver=driver, points=worth.points))
        results[f"what_if_{driver}"] = worth
        found += worth.findings
    table = pd.concat(frames, ignore_index=True)
    return Part({"what_if": table}, tuple(found), results)
