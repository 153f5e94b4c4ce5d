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
# # The study: loyalty → relationship quality → customer lifetime value
#
# 500 questionnaires sent to customers of an internet shop, a retailer and a bank; their orders of five years beside the answers. The question:
# does loyalty pay, and does it pay because it makes the relationship better?
#
# **The data are synthetic.** The published study printed its results and not its data; answers and orders were generated from its model
# ([data/README.md](../data/README.md)). This shows how such a study is analysed, not that its theory holds.

# %%
# %matplotlib inline
import pandas as pd

import loyaltysem as ls
from loyaltysem.study.constructs import SECOND_ORDER, VALUE, labels
from loyaltysem.study.definitions import LOYALTY_STUDY
from loyaltysem.study.gathered import gather
from loyaltysem.study.models import ONE_FACTOR_MODELS

study = gather(LOYALTY_STUDY)  # reads answers and orders, joins them by customer, screens

# %% [markdown]
# ## 1. Who was asked, who answered, who looks careless
#
# Rule, decided before looking at results: leave out who failed an attention item, answered faster than one can read, or gave up half-way.

# %%
ls.flow_diagram(study.responses.flow(sent=500)).figure

# %%
ls.screening_plot(study.screening).figure

# %% [markdown]
# ## 2. Scales: reliable?
#
# α with its interval, one row a dimension. Textbooks ask for .70; a short scale with a narrow meaning can do with less.

# %%
answers = study.responses.data
dimensions = {
    name: [item for item in answers if item[:3] == name[:3].lower() and item[3:].isdigit()]
    for name in ONE_FACTOR_MODELS
}
alphas = {name: ls.cronbach_alpha(answers[items]) for name, items in dimensions.items()}
pd.DataFrame(
    {
        name: {"items": a.n_items, "alpha": a.alpha, "lower": a.ci_lower, "upper": a.ci_upper}
        for name, a in alphas.items()
    }
).T.round(3)

# %% [markdown]
# ## 3. One factor each?
#
# Six small confirmatory factor analyses. With four items there are two degrees of freedom, so RMSEA has wide intervals: read it with the interval.

# %%
one_by_one = {name: ls.cfa(model, answers) for name, model in ONE_FACTOR_MODELS.items()}
pd.DataFrame(
    {
        name: fit.fit_measures("chisq", "df", "pvalue", "cfi", "rmsea", "rmsea_ci_upper", "srmr")
        for name, fit in one_by_one.items()
    }
).T.round(3)

# %% [markdown]
# Are the six distinct? HTMT compares correlations between scales with those within; intervals below .85 (or .90) say they are.

# %%
distinct = ls.htmt_intervals(answers, dimensions, draws=300, seed=1)
ls.htmt_plot(distinct).figure

# %% [markdown]
# ## 4. The structural model
#
# Loyalty and relationship quality are of second order. Customer value is measured by what customers **did**: amount, frequency and duration from the
# log of orders, on a log scale. Answers and value thus come from different sources, which rules out one kind of common method bias.

# %%
print(LOYALTY_STUDY.model)
fit = ls.sem(LOYALTY_STUDY.model, study.responses)
fit.fit_measures(
    "chisq", "df", "cfi", "tli", "rmsea", "rmsea_ci_lower", "rmsea_ci_upper", "srmr"
).round(3)

# %%
fit.parameters(standardized=True).query("op in ('~', ':=')")[
    ["lhs", "op", "rhs", "label", "est", "se", "pvalue", "std_all"]
].round(3)

# %%
ls.path_diagram(fit, indicators=False).figure

# %% [markdown]
# CFI and TLI miss .95 although RMSEA and SRMR are fine: with weak correlations among items the independence model is not bad enough to look good
# against. That is what the published table showed, too; [notebook 07](07_auditing_a_published_table.py) audits it.

# %% [markdown]
# ## 5. Mediation
#
# Does relationship quality carry the effect of loyalty? Bias-corrected and accelerated bootstrap; 5,000 draws take seconds.

# %%
boot = fit.bootstrap(5000, seed=1)
boot.intervals("a", "b", "c", "indirect", "total", kind="bca").round(3)

# %%
names = LOYALTY_STUDY.analyses.names
ls.bootstrap_plot(boot, "indirect", "total", labels=names).figure

# %% [markdown]
# An interval of the indirect effect that leaves out 0 speaks for mediation **if** the order of causes is right: answers of one day cannot show it.

# %% [markdown]
# ## 6. Moderation
#
# The source drew relationship quality as a mediator and called it a moderator. That is another claim: loyalty pays *more* where the relationship is
# good. It takes a product of latent variables, measured by products of items (matched pairs, double-mean-centred; Lin et al., 2010).

# %%
scores = pd.DataFrame({name: answers[items].mean(axis=1) for name, items in dimensions.items()})
value = answers[["log_amount", "log_frequency", "log_duration"]]
products = ls.indicator_products(
    scores.join(value),
    {"Product": (["Behaviour", "Attitude", "Emotion"], ["Trust", "Satisfaction", "Commitment"])},
)
moderated = ls.sem(
    """
    Loyalty =~ Behaviour + Attitude + Emotion
    Quality =~ Trust + Satisfaction + Commitment
    CLV     =~ log_amount + log_frequency + log_duration
    """
    + products.model
    + "\nCLV ~ Loyalty + Quality + Product",
    products.data,
    estimator="MLR",
)
slopes = ls.simple_slopes(moderated, "CLV", "Loyalty", "Quality", "Product")
print(slopes)

# %%
named = labels((*SECOND_ORDER, VALUE))
named["Quality"] = named["RelationshipQuality"]
ls.slopes_plot(slopes, labels=named).figure

# %% [markdown]
# The lines are not parallel, and yet this is no moderation: the coefficient of the product is as uncertain as it is large (below), so the slopes
# cannot be told apart, and the data were generated without one. Dashed lines are slopes that cannot be told from 0. A mediator is not a moderator.

# %%
moderated.parameters(standardized=True).query("op == '~'")[
    ["lhs", "rhs", "est", "se", "pvalue", "std_all"]
].round(3)

# %% [markdown]
# ## 7. The same in all three industries?
#
# Before paths of internet, retail and finance customers are compared, the scales must measure the same thing in all: loadings (metric), then
# intercepts (scalar).

# %%
groups = study.responses.frame.loc[answers.index, "industry"]
measurement = "\n".join(ONE_FACTOR_MODELS[name] for name in ("Trust", "Satisfaction", "Commitment"))
ls.invariance(measurement, answers.assign(industry=groups), group="industry")

# %% [markdown]
# ## 8. What is a point of loyalty worth?
#
# Everyone half a scale point more loyal, everything else as the model has it: how much more do customers spend? In money, with two intervals.
# Half a point is much: latent loyalty has a standard deviation of .39.

# %%
linked_fit = ls.sem(LOYALTY_STUDY.model, study.linked.data)
answer = ls.what_if(linked_fit, study.linked, "Loyalty", points=0.5, draws=200)
print(answer.statement.en)
answer

# %%
ls.what_if_plot(answer, labels=named).figure

# %% [markdown]
# The sum is causal only as far as the model is: it says what the estimated paths imply, not what a campaign would do. For that there are
# [tests with a control group](../docs/segments.md#ab-test-of-a-benefit).

# %% [markdown]
# ## 9. Printed beside reproduced, and the whole report

# %%
from loyaltysem.study.pipeline import run

analysis = run(LOYALTY_STUDY)
analysis.tables["published"][["group", "quantity", "printed", "reproduced", "met"]].round(3)

# %%
ls.report(analysis).save("out/study.html")
