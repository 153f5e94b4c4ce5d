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
# # Likert items and missing answers
#
# Two decisions in every survey study: are five-point items numbers or ordered categories, and what happens to people who left something out?
# The data are **simulated**, so the truth is known and each choice can be held against it.

# %%
# %matplotlib inline
import numpy as np
import pandas as pd

import loyaltysem as ls

population = """
    trust   =~ 0.80*t1 + 0.75*t2 + 0.70*t3
    loyalty =~ 0.80*l1 + 0.75*l2 + 0.70*l3
    loyalty ~ 0.50*trust
"""
model = """
    trust   =~ t1 + t2 + t3
    loyalty =~ l1 + l2 + l3
    loyalty ~ trust
"""
items = ["t1", "t2", "t3", "l1", "l2", "l3"]


def path(fit, data="as it is"):
    """Return the standardised path with its interval, for the tables below."""
    table = fit.parameters(standardized=True).query("op == '~'").iloc[0]
    return {"data": data, "estimator": fit.plan.estimator, "N": int(fit.fit_measures()["ntotal"]),
            "path": table["std_all"], "se": table["std_all_se"]}  # fmt: skip


# %% [markdown]
# ## Satisfied customers answer 4 and 5
#
# Half tick the highest box, as satisfied customers do. The true standardised path is .50.

# %%
skewed = [0.03, 0.07, 0.15, 0.25, 0.50]
answers = ls.simulate(
    population, 2000, seed=1, standardized=True, categories=dict.fromkeys(items, skewed)
)
answers.apply(lambda item: item.value_counts(normalize=True)).sort_index().round(2)

# %% [markdown]
# ML takes the numbers 1 to 5 as measurements; MLR corrects standard errors and χ² for their shape. WLSMV takes them as categories of a
# latent normal answer: thresholds and polychoric correlations.

# %%
as_numbers = ls.sem(model, answers)
robust = ls.sem(model, answers, estimator="MLR")
as_categories = ls.sem(model, answers, ordered=items)
pd.DataFrame([path(as_numbers), path(robust), path(as_categories)]).round(3)

# %% [markdown]
# The path is hardly touched, loadings are: categories hide part of the correlations among items, so ML understates loadings and with them
# reliability and AVE.

# %%
loadings = {
    name: fit.parameters(standardized=True).query("op == '=~'").set_index("rhs")["std_all"]
    for name, fit in (("ML", as_numbers), ("WLSMV", as_categories))
}
pd.DataFrame({"true": [0.80, 0.75, 0.70] * 2, **loadings}, index=pd.Index(items)).round(2)

# %% [markdown]
# Thresholds say where on the latent answer a box begins: *t1|t4* is what it takes to tick 5.

# %%
as_categories.parameters().query("op == '|' and lhs == 't1'")[
    ["lhs", "op", "rhs", "est", "se"]
].round(2)

# %% [markdown]
# **Rule of thumb.** Five or more categories and little skew: MLR. Fewer, or strong skew: WLSMV, with a few hundred cases at least.

# %% [markdown]
# ## Missing answers
#
# Now people with low trust skip the loyalty questions more often. What is missing depends on what was *seen* (MAR): full information
# maximum likelihood (FIML) is right then, dropping incomplete cases is not.

# %%
complete = ls.simulate(population, 600, seed=2, standardized=True)
rng = np.random.default_rng(3)
chance = 1 / (1 + np.exp(2.5 * complete["t1"] + 0.5))
holes = complete.copy()
for item in ("l1", "l2", "l3"):
    holes[item] = complete[item].where(rng.random(len(complete)) > chance)
print(f"complete cases: {holes.notna().all(axis=1).sum()} of {len(holes)}")

# %%
ls.missing_patterns(holes)

# %%
kept = ls.sem(model, holes, missing="fiml")
dropped = ls.sem(model, holes)
pd.DataFrame(
    [
        path(ls.sem(model, complete), "nothing missing"),
        path(dropped, "incomplete cases dropped"),
        path(kept, "FIML"),
    ]
).round(3)

# %% [markdown]
# Dropping cuts off the low end of trust and more than half of the sample; FIML uses what everybody said. That many were left out
# is never silent:

# %%
for finding in dropped.findings:
    print(finding.text.en, end="\n\n")

# %% [markdown]
# Ordered items under FIML are not available: incomplete cases are left out, and counted ([limits](../docs/limitations.md)).
# With missing numbers *and* non-normality: `estimator="MLR", missing="fiml"`.
