"""Parameter frames of real fits (see ``frames/make_frames.R``) and an analysis made from one."""

from pathlib import Path

import pandas as pd

from loyaltysem.core.errors import Finding
from loyaltysem.core.text import Text
from loyaltysem.study.analysis import Analysis
from loyaltysem.study.hypotheses import verdict
from loyaltysem.study.sections import fit_table

FRAMES = Path(__file__).parent / "frames"
HOSTILE = "<script>alert(1)</script>"
FORMULA = '=cmd()|"x"'

LABELS = {
    "LOY": Text("Customer loyalty", "客户忠诚度"),
    "RQ": Text("Relationship quality", "客户关系质量"),
    "CLV": Text("Customer lifetime value", "客户终身价值"),
    "BEH": Text("Behavioural loyalty", "忠诚度行为"),
    "ATT": Text("Attitudinal loyalty", "忠诚度态度"),
    "EMO": Text("Emotional loyalty", "忠诚度情感"),
    "TRU": Text("Trust", "信任"),
    "SAT": Text("Satisfaction", "满意度"),
    "COM": Text("Commitment", "承诺"),
    "image": Text("Image", "形象"),
    "expectation": Text("Customer expectations", "顾客期望"),
    "quality": Text("Perceived quality", "感知质量"),
    "value": Text("Perceived value", "感知价值"),
    "satisfaction": Text("Customer satisfaction", "顾客满意"),
    "complaints": Text("Complaint handling", "抱怨处理"),
    "loyalty": Text("Customer loyalty", "顾客忠诚"),
    "BEH1": Text(HOSTILE, HOSTILE),
}


def frame(name: str) -> tuple[pd.DataFrame, pd.Series]:
    """Return a parameter frame and its R²."""
    parameters = pd.read_csv(FRAMES / f"{name}.csv", dtype={"label": str})
    parameters["label"] = parameters["label"].fillna("")
    half = parameters["se"]
    parameters["std_all_se"] = half / 2
    parameters["std_all_ci_lower"] = parameters["std_all"] - half
    parameters["std_all_ci_upper"] = parameters["std_all"] + half
    r2 = pd.read_csv(FRAMES / f"{name}_rsquare.csv").set_index("variable")["r2"]
    return parameters, r2


def _rows(parameters: pd.DataFrame, op: str, names: dict[str, str]) -> pd.DataFrame:
    return parameters[parameters["op"] == op].rename(columns=names).reset_index(drop=True)


def _square(names: list[str], below: float, diagonal: float) -> pd.DataFrame:
    values = [
        [diagonal if i == j else (below if j < i else float("nan")) for j in range(len(names))]
        for i in range(len(names))
    ]
    return pd.DataFrame(values, index=names, columns=names)


def _hypotheses(paths: pd.DataFrame) -> pd.DataFrame:
    shared = ["est", "se", "z", "pvalue", "ci_lower", "ci_upper", "std_all"]
    rows = [
        {
            "hypothesis": f"H{k}", "text_en": f"Claim {k}", "text_zh": f"假设{k}",
            "lhs": r["outcome"], "op": "~", "rhs": r["predictor"], "expected": "+",
            **{name: r[name] for name in shared}, "verdict": verdict(r["est"], r["pvalue"], "+"),
        }
        for k, r in enumerate(paths.to_dict("records"), start=1)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def make_analysis(**changes: object) -> Analysis:
    """Return an analysis with every table, hostile labels included."""
    parameters, r2 = frame("second_order")
    paths = _rows(parameters, "~", {"lhs": "outcome", "rhs": "predictor"})
    latents = list(dict.fromkeys(parameters.loc[parameters["op"] == "=~", "lhs"]))
    measures = {
        "ntotal": 450.0, "npar": 63.0, "chisq": 677.3, "df": 315.0, "pvalue": 1e-12,
        "chisq_df": 2.15, "cfi": 0.893, "tli": 0.881, "rmsea": 0.0506, "rmsea_ci_lower": 0.045,
        "rmsea_ci_upper": 0.056, "srmr": 0.061, "gfi": 0.899, "agfi": 0.879, "nfi": 0.82,
        "ifi": 0.895, "aic": 30000.0, "bic": 30250.5,
    }  # fmt: skip
    tables = {
        "sample": pd.DataFrame(
            [("rows", "Rows in the file", "数据文件行数", 500.0),
             ("response_rate", "Response rate", "有效回收率", 0.9)],
            columns=["measure", "label_en", "label_zh", "value"],
        ),
        "items": pd.DataFrame(
            [("BEH1", HOSTILE, HOSTILE, "beh", False), ("BEH2", FORMULA, "反向题", "beh", True),
             ("x", "A covariate", "", None, False)],
            columns=["item", "text_en", "text_zh", "construct", "reverse"],
        ).assign(n=450, missing=0, mean=3.5, sd=1.1, skewness=-0.2, kurtosis=0.1, minimum=1.0,
                 maximum=5.0),
        "reliability": pd.DataFrame(
            [("BEH", "Behavioural loyalty", "忠诚度行为", 4, 0.78, 0.74, 0.81, 0.784, 0.478),
             ("TRU", "Trust", "信任", 4, 0.81, 0.78, 0.84, 0.811, 0.518),
             ("CLV", "Customer lifetime value", "客户终身价值", 3, 0.57, 0.5, 0.64, 0.573, 0.309),
             ("LOY", "Customer loyalty", "客户忠诚度", 3, float("nan"), float("nan"),
              float("nan"), 0.75, 0.51)],
            columns=["construct", "label_en", "label_zh", "n_items", "alpha", "alpha_lower",
                     "alpha_upper", "composite_reliability", "ave"],
        ),
        "fornell_larcker": _square(latents[:6], 0.75, 0.7),
        "fornell_larcker_top": _square(["LOY", "RQ", "CLV"], 0.4, 0.7),
        "htmt": _square(latents[:6], 0.86, float("nan")),
        "fit": fit_table(measures),
        "loadings": _rows(parameters, "=~", {"lhs": "latent", "rhs": "indicator"}),
        "paths": paths,
        "defined": _rows(parameters, ":=", {"lhs": "name", "rhs": "expression"}),
        "rsquare": pd.DataFrame({"variable": r2.index, "r2": r2.to_numpy(),
                                 "is_latent": [name in latents for name in r2.index]}),
        "hypotheses": _hypotheses(paths),
        "published": pd.DataFrame(
            [("BEH", "alpha", "Behaviour: α", "行为：α", 0.78, 2, 0.7804, True, "", ""),
             ("model", "chisq_df", "Model: χ²/df", "模型：χ²/df", 2.15, 2, 2.11, False,
              "A remark", "一条说明")],
            columns=["group", "quantity", "label_en", "label_zh", "printed", "printed_digits",
                     "reproduced", "met", "note_en", "note_zh"],
        ),
        "covariances": _rows(frame("cfa")[0].query("op == '~~' and lhs != rhs"), "~~",
                             {"lhs": "var1", "rhs": "var2"}),
        "parameters": parameters,
    }  # fmt: skip
    content = {
        "name": "study", "title": Text("Loyalty and value", "忠诚与价值"), "synthetic": True,
        "provenance": {"loyaltysem": "0.1", "estimator": "ML", "seed": None, "n_obs": 450,
                       "data_file": "answers.csv"},
        "fit": None, "model_text": "RQ ~ LOY  # <b>bold</b>\n", "tables": tables, "labels": LABELS,
        "findings": (
            Finding("a.note", Text("A note", "一条说明"), severity="note"),
            Finding("a.problem", Text(f"Bad {HOSTILE}", "问题"), Text("Mend it", "请修正"),
                    "problem"),
        ),
    }  # fmt: skip
    return Analysis(**{**content, **changes})
