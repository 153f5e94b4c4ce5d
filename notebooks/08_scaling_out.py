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
# # More data, more draws, more machines
#
# Three places where size hurts, and what to do in each: answers larger than memory, thousands of refits, and logs of orders in a database or on a
# cluster. All data here are **simulated**, small enough for a laptop; the same lines take the large ones.

# %%
# %matplotlib inline
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd

import loyaltysem as ls

folder = Path(tempfile.mkdtemp())
population = """
    trust        =~ 1*t1 + 0.9*t2 + 0.8*t3
    satisfaction =~ 1*s1 + 0.9*s2 + 0.8*s3
    loyalty      =~ 1*l1 + 0.9*l2 + 0.8*l3
    satisfaction ~ 0.5*trust
    loyalty      ~ 0.4*satisfaction + 0.1*trust
"""
model = """
    trust        =~ t1 + t2 + t3
    satisfaction =~ s1 + s2 + s3
    loyalty      =~ l1 + l2 + l3
    satisfaction ~ a*trust
    loyalty      ~ b*satisfaction + c*trust
    indirect    := a*b
"""

# %% [markdown]
# ## 1. Answers larger than memory
#
# Maximum likelihood of complete continuous data needs means and covariances only. They are read from Parquet in chunks, so memory does not grow
# with the file.

# %%
ls.simulate(population, 200_000, seed=1).to_parquet(folder / "answers.parquet")
begin = time.perf_counter()
from_file = ls.sem(model, str(folder / "answers.parquet"))
print(f"{from_file.fit_measures()['ntotal']:,.0f} answers, {time.perf_counter() - begin:.1f} s")
from_file.parameters().query("label != ''")[["label", "est", "se"]].round(4)

# %% [markdown]
# A table in a database does as well: the database computes the moments, one row of sums travels. `ls.sem(model, ibis_table)` or a DuckDB relation.

# %%
import duckdb

relation = duckdb.connect().sql(f"select * from '{folder / 'answers.parquet'}' where t1 > -9")
from_database = ls.sem(model, relation)
print(
    f"largest difference of a parameter: {(from_file.params - from_database.params).abs().max():.1e}"
)

# %% [markdown]
# ## 2. Thousands of refits, on all cores
#
# Draws come in blocks, each with a random stream of its own made from the seed. So the numbers do not depend on how many workers there are.

# %%
answers = ls.simulate(population, 300, seed=3)
fit = ls.sem(model, answers)
one = fit.bootstrap(1000, seed=1)
two = fit.bootstrap(1000, seed=1, n_jobs=2)
assert one.intervals("indirect").equals(two.intervals("indirect"))
one.intervals("indirect", kind="bca").round(3)

# %% [markdown]
# A run that was stopped goes on from its finished blocks, and a finished one can be extended:

# %%
fit.bootstrap(500, seed=1, save=folder / "boot.parquet")
longer = fit.bootstrap(1000, seed=1, save=folder / "boot.parquet")  # computes the second half only
assert longer.intervals("a").equals(one.intervals("a"))

# %% [markdown]
# ## 3. A cluster
#
# Everything that repeats goes through joblib, so its backends are ours: dask here (extra `dask`), the scheduler's address in place of the local
# cluster on a real one.

# %%
if find_spec("distributed"):
    from dask.distributed import Client, LocalCluster
    from joblib import parallel_config

    with (
        LocalCluster(
            n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None
        ) as cluster,
        Client(cluster),
        parallel_config(backend="dask"),
    ):
        far = fit.bootstrap(500, seed=1)
    print("the same numbers:", far.intervals("a").equals(fit.bootstrap(500, seed=1).intervals("a")))
else:
    print('dask is not installed: pip install "loyaltysem[dask]"')

# %% [markdown]
# ## 4. Logs of orders: DuckDB on a laptop, Spark on a cluster
#
# Every rule of cleaning and every analysis of behaviour is one expression (Ibis), carried out where the log lies. Here as Parquet, by DuckDB:

# %%
rng = np.random.default_rng(1)
n = 300_000
orders = pd.DataFrame(
    {
        "customer": "c" + pd.Series(rng.zipf(1.4, n) % 40_000).astype(str),
        "time": pd.Timestamp("2023-01-01") + pd.to_timedelta(rng.integers(0, 730, n), unit="D"),
        "amount": rng.gamma(2.0, 30.0, n).round(2),
    }
)
orders.to_parquet(folder / "orders.parquet")
begin = time.perf_counter()
tx = ls.transactions(
    folder / "orders.parquet", currency="CNY", memory="1GB", duplicates="unchecked"
)
segments = tx.rfm()
print(f"{n:,} orders: opened, cleaned and scored in {time.perf_counter() - begin:.1f} s")
segments

# %% [markdown]
# On Spark (extra `spark`, and Java) only the source changes; the tables are the same, which is tested. The lines are not run here:
#
# ```python
# import ibis
# spark = ibis.pyspark.connect(session)                      # a SparkSession of yours
# tx = ls.transactions(spark.table("shop.orders"), customer="member_id", time="ordered_at", amount="net")
# tx.rfm(); tx.cohorts(by="month"); tx.life_cycle()          # computed by Spark
# tx.clv(horizon=1, discount_rate=0.1, margin=0.3)           # models: one row a customer travels
# ```
#
# A million customers are some two hundred thousand kinds of histories: BG/NBD takes about a second, once they are counted.

# %%
begin = time.perf_counter()
seen = ls.clv.simulate_bg_nbd(200_000, 52, r=0.5, alpha=5.0, a=0.8, b=2.5, seed=1)
bg = ls.clv.bg_nbd(seen["frequency"], seen["recency"], seen["T"])
print(f"200,000 customers simulated and fitted in {time.perf_counter() - begin:.1f} s")
bg

# %% [markdown]
# Measured figures, with machine and date: [benchmarks/README.md](../benchmarks/README.md).
