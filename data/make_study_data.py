"""Make the synthetic data of the loyalty study: answers and orders, seeded, calibrated, labelled.

The study printed its reliabilities and fit values, never its answers. This script draws possible
respondents from the model the study describes, writes their orders, and chooses among them a sample
whose printed numbers return, so that the whole analysis can be run and held against what was
printed. **No row is a person.** Run it from anywhere:

    python data/make_study_data.py [--out FOLDER]

Five hundred customers are sent the questionnaire. 450 answer with care (`study_population`,
`study_sample`). 28 do not: they tick one column, answer at random, race or give up. 22 do not
answer. All 500 are in the log of orders
(`study_orders`), from which `loyaltysem.link` computes the three indicators of customer lifetime
value. What came of it all is in ``data/README.md``.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from study_orders import LOG_END, orders
from study_population import INDUSTRIES, Population, draw
from study_sample import choose

import loyaltysem as ls

SEED = 20240450
POOL = 1200  # possible respondents of an industry
SENT, VALID = 500, 450
CARELESS = {"one_column": 8, "random": 8, "racing": 6, "given_up": 6}
FIELD_START, REMINDER_DAY, FIELD_DAYS = LOG_END + pd.Timedelta(days=2), 10, 21
CHECKS = {"check1": 2, "check2": 5}
#: In the order of the questionnaire's pages.
ASKED = (
    *(f"{p}{n}" for p in ("beh", "att", "emo", "tru") for n in range(1, 5)),
    "check1",
    *(f"{p}{n}" for p in ("sat", "com", "qua", "pri") for n in range(1, 5)),
    "check2",
    *(f"{p}{n}" for p in ("ima", "con", "exp") for n in range(1, 5)),
)
PROFILE = {  # codes and their shares
    "gender": {1: 0.54, 2: 0.43, 3: 0.01, 9: 0.02},
    "age_group": {2: 0.22, 3: 0.34, 4: 0.24, 5: 0.16, 6: 0.04},
    "education": {1: 0.04, 2: 0.15, 3: 0.26, 4: 0.44, 5: 0.11},
    "channel": {1: 0.31, 2: 0.13, 3: 0.38, 4: 0.18},
}
REMARKS = (
    "服务很好，会继续支持。",
    "希望退换货再方便一些",
    "价格有点高，不过质量放心。",
    "Delivery could be faster.",
    "客服回复慢",
    "会员活动太少，积分也不好用。",
    "Good so far.",
    "没有意见",
    "希望多一些新品，“老三样”看腻了。",
    "App 有时打不开",
)


def linked_value(population: Population, log: pd.DataFrame) -> pd.DataFrame:
    """Return the three log indicators of value of everybody in the pool, from their orders."""
    people = pd.DataFrame({"customer_id": [f"P{row}" for row in range(len(population.industry))]})
    tx = ls.transactions(
        log.assign(customer="P" + log["row"].astype(str)), end=LOG_END.date(), currency="CNY"
    )
    linked = ls.link(
        people, tx, "customer_id", secret="pool",
        frequency="per_year", duration="tenure", transform="log",
    )  # fmt: skip
    return linked.data[list(linked.indicators)]


def careful(rng: np.random.Generator, answers: pd.DataFrame) -> pd.DataFrame:
    """Return answers with checks passed, and with times that reading takes."""
    made = answers.assign(**CHECKS)
    made["seconds"] = np.clip(
        np.rint(360 * np.exp(0.35 * rng.standard_normal(len(made)))), 150, 1800
    )
    return made


def careless(rng: np.random.Generator, answers: pd.DataFrame) -> pd.DataFrame:
    """Return answers given without care, in the ways and numbers of `CARELESS`."""
    made = careful(rng, answers).astype(dict.fromkeys(ASKED, float))
    made = made.reset_index(drop=True)
    ways = np.repeat(list(CARELESS), list(CARELESS.values()))
    for row, way in enumerate(ways):
        if way == "one_column":
            made.loc[row, list(ASKED)] = float(rng.integers(2, 6))
        elif way == "random":
            made.loc[row, list(ASKED)] = rng.integers(1, 6, size=len(ASKED)).astype(float)
            made.loc[row, "check1"] = float(rng.choice([1, 3, 4, 5]))
        elif way == "racing":
            made.loc[row, "seconds"] = float(rng.integers(35, 80))
        else:
            made.loc[row, [*ASKED[int(rng.integers(10, 18)) :], "nps"]] = np.nan
    return made


def particulars(rng: np.random.Generator, frame: pd.DataFrame) -> pd.DataFrame:
    """Add profile, remarks and when the answers came in; the loyal answer a little sooner."""
    made = frame.copy()
    for name, shares in PROFILE.items():
        made[name] = rng.choice(list(shares), size=len(made), p=list(shares.values()))
    made["education"] = made["education"].where(rng.random(len(made)) > 0.03)
    said = rng.random(len(made)) < 0.15
    made["remarks"] = np.where(said, rng.choice(REMARKS, size=len(made)), "")
    eager = 0.25 * made["beh1"].fillna(3) + rng.standard_normal(len(made))
    day = np.floor((1 - eager.rank(pct=True)) ** 1.6 * FIELD_DAYS).astype(int)
    made["submitted"] = (FIELD_START + pd.to_timedelta(day, unit="D")).dt.strftime("%Y-%m-%d")
    made["wave"] = np.where(day < REMINDER_DAY, 1, 2)
    return made


def make() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the answers that came back and the log of orders."""
    rng = np.random.default_rng(SEED)
    population = draw(rng, POOL)
    log = orders(rng, population.value, population.industry, population.loyalty)
    pool = pd.concat([population.answers, linked_value(population, log)], axis=1)
    valid = choose(pool, population.industry, VALID)
    others = rng.permutation(np.setdiff1d(np.arange(len(pool)), valid))
    hasty, silent = np.split(others[: SENT - VALID], [sum(CARELESS.values())])
    people = np.concatenate([valid, hasty, silent])
    names = pd.Series([f"C{n:04d}" for n in 1 + rng.permutation(SENT)], index=people)
    answers = pd.concat(
        [
            careful(rng, population.answers.iloc[valid]),
            careless(rng, population.answers.iloc[hasty]),
        ],
        ignore_index=True,
    )
    who = people[: len(answers)]
    answers.insert(0, "customer_id", names[who].to_numpy())
    answers.insert(1, "industry", [INDUSTRIES[int(code)] for code in population.industry[who]])
    return returned(particulars(rng, answers)), ordered(log, names)


def returned(answers: pd.DataFrame) -> pd.DataFrame:
    """Return the file as it came in: by day, whole numbers whole."""
    whole = answers.sort_values(["submitted", "customer_id"], kind="stable")
    first = ["customer_id", "industry", "submitted", "wave", "seconds"]
    last = ["nps", *PROFILE, "remarks"]
    columns = [*first, *ASKED, *last]
    counts = [name for name in columns if pd.api.types.is_numeric_dtype(whole[name])]
    return whole[columns].astype(dict.fromkeys(counts, "Int64")).reset_index(drop=True)


def ordered(log: pd.DataFrame, names: pd.Series) -> pd.DataFrame:
    """Return the orders of the customers who were sent the questionnaire, oldest first."""
    kept = log[log["row"].isin(names.index)].copy()
    kept["customer_id"] = names[kept["row"]].to_numpy()
    kept = kept.sort_values(["time", "customer_id"], kind="stable").reset_index(drop=True)
    kept["order_id"] = [f"O{n:05d}" for n in range(1, len(kept) + 1)]
    kept["time"] = kept["time"].dt.strftime("%Y-%m-%d %H:%M")
    return kept[["order_id", "customer_id", "time", "amount", "category", "margin"]]


def provenance(english: str, chinese: str) -> str:
    """Return the sidecar that labels a file as synthetic wherever it is read."""
    return f"""synthetic: true
description:
  en: >-
    {english}
  zh: {chinese}
made_by: data/make_study_data.py
seed: {SEED}
"""


ANSWERS_ARE = (
    f"Synthetic answers to {SENT} questionnaires, {VALID} of them given with care, drawn from the "
    "second-order model\n    of the published study; the sample was chosen so that its printed "
    "numbers return. No row is a person.\n    The structural paths were set by the script: their "
    "significance is no evidence.",
    f"按已发表研究的二阶模型生成的模拟答卷（发放 {SENT} 份，其中认真作答 {VALID} 份），"
    "样本经挑选以再现其报告值，不含任何真实受访者。结构路径由脚本设定，其显著性不构成证据。",
)
ORDERS_ARE = (
    f"Synthetic orders of the {SENT} invented customers of study_answers.csv, in CNY. No row is a "
    "real order.",
    f"study_answers.csv 中 {SENT} 位虚构客户的模拟订单（人民币元），不含任何真实交易。",
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Write answers, orders and their provenance, and say what was made."""
    parser = argparse.ArgumentParser(description="Make the synthetic data of the study.")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder to write")
    out = parser.parse_args(arguments).out
    answers, log = make()
    for name, frame, words in (
        ("study_answers", answers, ANSWERS_ARE),
        ("study_orders", log, ORDERS_ARE),
    ):
        table = frame.to_csv(index=False, lineterminator="\n").encode("utf-8")
        (out / f"{name}.csv").write_bytes(table)
        (out / f"{name}.provenance.yaml").write_bytes(provenance(*words).encode("utf-8"))
        print(f"{name}.csv: {frame.shape[0]} synthetic rows, {frame.shape[1]} columns")
        print(f"sha256 {hashlib.sha256(table).hexdigest()}")


if __name__ == "__main__":
    main()
