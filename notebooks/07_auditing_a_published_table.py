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
# # Do the numbers of a published table fit together?
#
# RMSEA follows from χ²/df and N, TLI from CFI and the degrees of freedom, composite reliability from the loadings, *p* from estimate and
# standard error. A paper prints many of these side by side, rounded. An audit asks: is there any set of unrounded numbers that
# gives all of them? No data are needed.
#
# An inconsistency is a slip, another convention or a typing error. It says which numbers cannot all be right, not who is to blame.

# %%
import pandas as pd

import loyaltysem as ls
from loyaltysem.core.datasets import shipped

pd.set_option("display.max_colwidth", 140)

# %% [markdown]
# ## A table you have in front of you
#
# Type numbers **as printed**, as text: `".90"` has been rounded to two decimals, `".9"` to one, and this is what the audit reckons with.

# %%
mine = ls.audit(
    {
        "citation": "A table of our own making, to see the audit at work.",
        "n": "312",
        "models": [
            {
                "name": "Structural model",
                "indicators": "16",
                "chisq": "243.6",
                "df": "98",
                "chisq_df": "2.49",
                "rmsea": ".059",
                "cfi": ".95",
                "tli": ".94",
                "gfi": ".91",
                "agfi": ".91",
                "claims": ["good fit"],
            }
        ],
        "constructs": [
            {
                "name": "Trust",
                "items": "4",
                "loadings": [".71", ".69", ".74", ".72"],
                "cr": ".81",
                "ave": ".56",
            }
        ],
        "coefficients": [
            {"name": "Trust → loyalty", "estimate": ".38", "se": ".09", "z": "4.22", "p": "< .001"}
        ],
    }
)
print(mine)

# %% [markdown]
# Each line holds the arithmetic, so that you can check it by hand: RMSEA = √((χ²/df − 1)/(N − 1)) gives .069 for any χ² and N that round to the
# printed ones. AGFI can never equal GFI here, and the AVE is too high for these loadings.

# %% [markdown]
# ## A whole paper from a file
#
# For a paper the numbers stand in a YAML file, with its citation. Five come with the package; this one is the study whose model
# [notebook 02](02_the_study.py) runs.

# %%
print(shipped("data", "audit_seed_study.yaml").read_text("utf-8")[:1500])

# %%
seed = ls.audit(shipped("data", "audit_seed_study.yaml"))
seed.frame[["place", "relation", "printed", "verdict", "arithmetic_en"]]

# %% [markdown]
# ## What can have been estimated?
#
# Papers often leave out how many indicators or parameters a model had. Degrees of freedom, GFI, AGFI and the rest allow only some combinations:

# %%
seed.feasible

# %% [markdown]
# ## What a claim rests on
#
# "The model fits well" is held against the usual cut-offs, each with its source. Here RMSEA would do and CFI and TLI would not.

# %%
seed.claims

# %% [markdown]
# ## Four more published tables
#
# What the arithmetic says of the numbers, nothing more.

# %%
pd.DataFrame(
    {
        paper.citation.split(").")[0] + ")": found.counts
        for name in ("han_ryu_2009", "ha_2023", "qiao_2022", "rosseel_2012")
        for found in [ls.audit(shipped("data", f"audit_{name}.yaml"))]
        for paper in [found.paper]
    }
).T

# %% [markdown]
# In the shell: `loyaltysem audit paper.yaml`. How to type in a table, and every relation with its formula: [docs/auditing.md](../docs/auditing.md).
