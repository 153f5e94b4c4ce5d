"""The command `clv`: from a log of orders to segments, life cycle and predicted customer value."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from loyaltysem.cli.shared import DONE, NOT_CONVERGED, picture, progress
from loyaltysem.core.text import Text

if TYPE_CHECKING:
    import pandas as pd

    from loyaltysem.clv.rfm import RFM
    from loyaltysem.clv.segments.life_cycle import LifeCycle
    from loyaltysem.clv.transactions import Transactions
    from loyaltysem.clv.value.result import CustomerValue
    from loyaltysem.core.errors import Finding
    from loyaltysem.core.text import Language

#: Columns that name a row in the language not asked for.
OTHER = {"en": "label_zh", "zh": "label_en"}


def add_clv(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    clv = commands.add_parser("clv", help="orders → RFM segments, life cycle, customer value")
    clv.add_argument("orders", type=Path, help="log of orders: .csv, .tsv, .parquet or .duckdb")
    clv.add_argument("--customer", default="customer", help="column of customers (customer)")
    clv.add_argument("--time", default="time", help="column of dates or times (time)")
    clv.add_argument("--amount", default="amount", help="column of money, refunds < 0 (amount)")
    clv.add_argument("--category", help="column of what was bought")
    clv.add_argument("--margin", help="share of revenue that is left, such as 0.3, or a column")
    clv.add_argument("--currency", help="code of the currency, for headings")
    clv.add_argument("--end", help="last day of observation: 2024-12-31 (default: of the log)")
    clv.add_argument("--horizon", type=float, default=1.0, help="years ahead (default: 1)")
    clv.add_argument("--discount-rate", type=float, default=0.10, help="a year (default: 0.10)")
    clv.add_argument(
        "--model", choices=("bg_nbd", "pareto_nbd"), default="bg_nbd", help="of purchases"
    )
    clv.add_argument(
        "--interval", choices=("delta", "bootstrap"), default="delta", help="of the total value"
    )
    clv.add_argument("--seed", type=int, default=1, help="of the bootstrap (default: 1)")
    clv.add_argument("--time-format", help="how dates are written, such as %%d/%%m/%%Y")
    clv.add_argument("--encoding", help="encoding of a text file (default: utf-8)")
    clv.add_argument("--out", type=Path, help="folder for tables (CSV), results.json and pictures")
    clv.add_argument("--json", action="store_true", help="print the results as JSON")
    clv.add_argument("--lang", choices=("en", "zh"), default="en", help="language (default: en)")
    clv.set_defaults(handler=run_clv)


@dataclass(frozen=True, slots=True)
class Found:
    """What is said about the customers of a log."""

    tx: Transactions
    rfm: RFM
    life: LifeCycle
    value: CustomerValue

    @property
    def parameters(self) -> pd.DataFrame:
        """Estimates of both models, one below the other."""
        import pandas as pd

        models = (self.value.purchase, self.value.spending)
        return pd.concat([model.frame.assign(model=model.title.split(",")[0]) for model in models])

    def tables(self) -> dict[str, tuple[Text, pd.DataFrame]]:
        """Return the tables by the name of their file, with what heads them."""
        return {
            "cleaning": (Text("Cleaning of the log", "数据清洗"), self.tx.counts),
            "rfm_segments": (Text("RFM segments", "RFM 分群"), self.rfm.segments),
            "life_cycle": (Text("Life cycle", "客户生命周期"), self.life.counts),
            "parameters": (Text("Parameters", "模型参数"), self.parameters),
            "value": (Text("Customer value", "客户终身价值"), self.value.summary),
            "deciles": (Text("Tenths of customers by value", "按价值十等分"), self.value.deciles),
        }

    def customers(self) -> pd.DataFrame:
        """Return one row a customer: value, RFM segment and stage of the life cycle."""
        rfm = self.rfm.frame[["customer", "rfm", "segment"]]
        stage = self.life.frame[["customer", "stage"]]
        joined = self.value.frame.merge(rfm, on="customer", how="left")
        return joined.merge(stage, on="customer", how="left")

    def findings(self) -> tuple[Finding, ...]:
        """Return what a reader must know, each once."""
        parts = (self.tx, self.rfm, self.life, self.value)
        return tuple(dict.fromkeys(finding for part in parts for finding in part.findings))


def run_clv(arguments: argparse.Namespace) -> int:
    """Open a log of orders, analyse its customers, print and write what was found."""
    found = _analysed(arguments)
    language = cast("Language", arguments.lang)
    if arguments.out:
        _write(found, arguments.out, language)
    print(_json(found) if arguments.json else "\n\n".join(_spoken(found, language)))
    done = found.value.purchase.converged and found.value.spending.converged
    return DONE if done else NOT_CONVERGED


def _analysed(arguments: argparse.Namespace) -> Found:
    from loyaltysem.clv.transactions import transactions

    share, column = _margin(arguments.margin)
    progress(f"{arguments.orders.name}: opening and cleaning …")
    tx = transactions(
        arguments.orders, customer=arguments.customer, time=arguments.time,
        amount=arguments.amount, category=arguments.category, margin=column,
        currency=arguments.currency, end=arguments.end, encoding=arguments.encoding,
        time_format=arguments.time_format,
    )  # fmt: skip
    progress(f"{arguments.orders.name}: segments, life cycle, customer value …")
    value = tx.clv(
        horizon=arguments.horizon, discount_rate=arguments.discount_rate, margin=share,
        model=arguments.model, interval=arguments.interval, seed=arguments.seed,
    )  # fmt: skip
    return Found(tx, tx.rfm(), tx.life_cycle(), value)


def _margin(text: str | None) -> tuple[float | None, str | None]:
    """Read a share, or take the word for a column of the log."""
    if text is None:
        return None, None
    try:
        return float(text), None
    except ValueError:
        return None, text


def _spoken(found: Found, language: Language) -> Iterator[str]:
    from loyaltysem.clv.printed import cells
    from loyaltysem.core.plain_table import text_table

    for title, frame in found.tables().values():
        header, rows = cells(_readable(frame, language))
        yield "\n".join([title.in_(language), *text_table(header, rows)])
    told = [
        f"[{f.code}] {f.text.in_(language)} {f.hint.in_(language)}".rstrip()
        for f in found.findings()
    ]
    if told:
        yield "\n".join(told)


def _readable(frame: pd.DataFrame, language: Language) -> pd.DataFrame:
    """Return a table without the names that are for programs or for the other language."""
    labelled = "label_en" in frame
    hidden = [OTHER[language], *(("rule", "segment", "stage", "measure") if labelled else ())]
    if "effect" in frame:
        frame = frame[frame["rows"] > 0]
    shown = frame.drop(columns=hidden, errors="ignore")
    return shown.rename(columns={f"label_{language}": Text("name", "名称").in_(language)})


def _write(found: Found, folder: Path, language: Language) -> None:
    """Write tables, numbers and pictures together, or nothing."""
    from loyaltysem.reporting.life_cycle_plot import life_cycle_plot
    from loyaltysem.reporting.lorenz_plot import lorenz_plot
    from loyaltysem.reporting.value_plot import value_plot
    from loyaltysem.study.output import write_together
    from loyaltysem.survey.exchange.csv_file import write_csv

    tables = {name: frame for name, (_, frame) in found.tables().items()}
    tables |= {"customers": found.customers(), "formulas": found.value.formulas.frame}
    axes = {
        "value": value_plot(found.value, language=language).axes[0],
        "life_cycle": life_cycle_plot(found.life, language=language).axes[0],
        "concentration": lorenz_plot(found.tx.concentration(), language=language),
    }
    files: dict[Path, str | bytes] = {
        folder / f"{name}.csv": write_csv(frame) for name, frame in tables.items()
    }
    files |= {folder / f"{name}.png": picture(drawn, "png") for name, drawn in axes.items()}
    files[folder / "results.json"] = _json(found) + "\n"
    write_together(files)
    for path in files:
        progress(f"wrote {path}")


def _json(found: Found) -> str:
    value, log = found.value, found.tx.log
    content: dict[str, Any] = {
        "observed": {"start": str(log.start), "end": str(log.end), "currency": log.currency},
        "horizon": value.horizon,
        "discount_rate": value.discount_rate,
        "margin": value.margin,
        "total": {"value": value.total, "ci_lower": value.ci_lower, "ci_upper": value.ci_upper},
        "findings": [{"code": f.code, "severity": f.severity, "en": f.text.en, "zh": f.text.zh}
                     for f in found.findings()],
    }  # fmt: skip
    for name, (_, frame) in found.tables().items():
        content[name] = json.loads(frame.to_json(orient="records", force_ascii=False))
    return json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True)
