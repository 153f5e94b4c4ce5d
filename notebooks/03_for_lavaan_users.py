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
# # For lavaan users
#
# Your model text runs as it is. This notebook puts R lines beside ours on the answers to the ECSI survey (**real**: 250 customers of
# mobile-phone providers; extra `examples`). Every deliberate difference from lavaan is listed in
# [docs/for_lavaan_users.md](../docs/for_lavaan_users.md); 48 models are tested against lavaan's numbers.

# %%
# %matplotlib inline
import tempfile
from pathlib import Path

import pandas as pd

import loyaltysem as ls
from loyaltysem.core.datasets import mobi_path

d = pd.read_csv(mobi_path())

# %% [markdown]
# ```r
# fit <- sem(model, data = d, estimator = "MLR")
# summary(fit, fit.measures = TRUE, standardized = TRUE)
# ```

# %%
model = """
    # measurement
    value        =~ PERV1 + PERV2
    satisfaction =~ CUSA1 + CUSA2 + CUSA3
    loyalty      =~ CUSL1 + CUSL2 + CUSL3
    # paths
    satisfaction ~ a*value
    loyalty      ~ b*satisfaction + c*value
    # defined
    indirect := a*b
    total    := c + a*b
"""
fit = ls.sem(model, d, estimator="MLR")
print(fit.summary())

# %% [markdown]
# | R | here |
# |---|---|
# | `parameterEstimates(fit, standardized = TRUE)` | `fit.parameters(standardized=True)` |
# | `fitMeasures(fit, c("cfi.robust", "rmsea.robust"))` | `fit.fit_measures("cfi_robust", "rmsea_robust")` |
# | `modindices(fit, sort = TRUE)` | `fit.modification_indices(top=10)` |
# | `lavInspect(fit, "cor.lv")` | `fit.latent_cor()` |

# %%
fit.modification_indices(top=5).round(3)

# %% [markdown]
# ## What was assumed
#
# lavaan's defaults are many. The plan says each as a value, and `fit.findings` what to beware of. Then the loadings: here, an item that hardly loads (CUSL2).

# %%
plan = fit.plan
plan.estimator, plan.se, plan.test, plan.information, plan.likelihood

# %%
fit.parameters(standardized=True).query("op == '=~'")[["lhs", "rhs", "est", "se", "std_all"]].round(
    3
)

# %% [markdown]
# ## Nested models
#
# ```r
# lavTestLRT(fit0, fit)          # scaled difference test, because of MLR
# ```

# %%
direct = ls.sem(model.replace("c*value", "0*value").replace("c + a*b", "a*b"), d, estimator="MLR")
ls.compare(direct, fit)

# %% [markdown]
# ## Several groups
#
# ```r
# cfa(model, d, group = "g", group.equal = c("loadings", "intercepts"))
# ```
# Dots become underscores; words inside keep lavaan's spelling. (The file has no groups; odd and even rows stand in for them.)

# %%
cfa = "satisfaction =~ CUSA1 + CUSA2 + CUSA3\nimage =~ IMAG1 + IMAG2 + IMAG3"
halves = d.assign(half=["odd", "even"] * 125)
both = ls.cfa(cfa, halves, group="half", group_equal=["loadings", "intercepts"])
both.fit_measures("chisq", "df", "pvalue", "cfi", "rmsea").round(3)

# %% [markdown]
# ## Bootstrap
#
# ```r
# bootstrapLavaan(fit, R = 2000, iseed = 1)
# ```
# Two thousand draws in a second or two; intervals as `boot::boot.ci` defines them, BCa included.

# %%
fit.bootstrap(2000, seed=1).intervals("indirect", kind="bca").round(3)

# %% [markdown]
# ## The way back
#
# The model, the data and our numbers as an R script; run in R it prints the largest difference. Nobody is locked in.

# %%
folder = Path(tempfile.mkdtemp())
fit.to_lavaan(folder)
for path in sorted(folder.iterdir()):
    print(path.name, f"{path.stat().st_size:,} bytes")
print(next(folder.glob("*.R")).read_text("utf-8")[:900])

# %% [markdown]
# ## Beyond lavaan
#
# Cut-offs for *this* model rather than for all, the cases a result hangs on, and power:

# %%
influence = ls.influence(ls.sem(model, d))
ls.influence_plot(influence).figure

# %% [markdown]
# An influential case is one to look into, not one to delete. More: [docs/replication.md](../docs/replication.md).
