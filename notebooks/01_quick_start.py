# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # From answers to a report in five steps
#
# The answers are **synthetic**: generated from the model of a published
# study whose data were never printed.
# Start Jupyter in the folder of the checkout, or open this file as a notebook with jupytext.
#
# # 五步:从答卷到报告
#
# 本例使用**模拟数据**。

# %%
from pathlib import Path

import loyaltysem as ls

root = next(p for p in (Path.cwd(), *Path.cwd().parents) if (p / "questionnaires").is_dir())
questionnaire = ls.load_questionnaire(root / "questionnaires" / "loyalty_core.yaml")

# %% [markdown]
# **1. Read the answers.** Each column is checked against the questionnaire; reversed items
# are turned. Then leave out, by a named rule, those who failed an attention item, raced, or gave up.

# %%
returned = ls.read_responses(root / "data" / "study_answers.csv", questionnaire)
answers = returned.exclude("direct", seconds="seconds")
answers.flow(sent=500)

# %% [markdown]
# **2. Is a scale reliable?**

# %%
ls.cronbach_alpha(answers.data[["tru1", "tru2", "tru3", "tru4"]])

# %% [markdown]
# **3. State and fit a model**, in lavaan syntax: `=~` measured by, `~` regressed on,
# `:=` defined as.

# %%
fit = ls.sem(
    """
    Trust        =~ tru1 + tru2 + tru3 + tru4
    Satisfaction =~ sat1 + sat2 + sat3 + sat4
    Attitude     =~ att1 + att2 + att3 + att4
    Satisfaction ~ a*Trust
    Attitude     ~ b*Satisfaction + c*Trust
    indirect    := a*b
    """,
    answers,
)
print(fit.summary())

# %% [markdown]
# **4. Take the numbers further.** Everything is a pandas object.

# %%
fit.parameters(standardized=True).query("op == '~'")

# %%
fit.fit_measures("chisq", "df", "cfi", "tli", "rmsea", "srmr")

# %% [markdown]
# **5. Write the report**, one self-contained page; `language="zh"` writes it in Chinese.

# %%
report = ls.report(fit, questionnaire=questionnaire, responses=answers, title="Trust and attitude")
report.save("out/trust.html")
