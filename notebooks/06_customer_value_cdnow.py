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
# # What customers will be worth: CDNOW
#
# 23,570 people bought their first CD at an online shop in January to March 1997; every purchase until the end of June 1998 is known. The log is
# **real** and the field's standard example (Fader & Hardie, 2001); it comes with the package `lifetimes`: `pip install "loyaltysem[examples,clv]"`.
#
# Nobody tells a shop that he has left. So the questions are: who is still a customer, how often will they buy, and what is that worth today?

# %%
# %matplotlib inline
import loyaltysem as ls

orders = ls.clv.cdnow()
orders.head()

# %% [markdown]
# ## 1. Open the log, and see what cleaning did
#
# Every row is kept or left out by a rule with a name, and each rule is counted. Here: some orders cost nothing (kept: they are visits of
# customers who are alive), and rows that are equal in every column may be two CDs in one order (kept, and noted).

# %%
tx = ls.transactions(orders, currency="USD")
tx

# %% [markdown]
# ## 2. Who are the customers? RFM segments
#
# Recency, frequency and money, scored 1 to 5 each, and eleven segments with the names practice uses. A description, not yet a prediction.

# %%
segments = tx.rfm()
segments

# %% [markdown]
# The scores stand on ranks. When half of all customers bought once, the five frequency scores cannot be equally large; the table of levels says
# what each score stands for.

# %%
segments.levels.query("measure == 'frequency'")

# %% [markdown]
# How unequal is the money? The curve would be the diagonal if all customers had spent the same.

# %%
ls.lorenz_plot(tx.concentration()).figure

# %% [markdown]
# ## 3. Do they come back? Cohorts and survival
#
# Each row is a month of first purchase, each column a month since. Columns can be compared down, to see whether newer customers are better
# or worse than older ones. Customers of all
# three months behave alike, and those who stay after half a year stay.

# %%
ls.cohort_plot(tx.cohorts(by="month")).figure

# %% [markdown]
# A log without contracts has no "cancelled" mark, so a rule says who is lost: here, who lets 180 days pass. The curve counts the first such gap,
# also of customers who came back later (`returned`). Three in five never bought again within half a year, and the three months are alike.

# %%
lost = tx.survival(gap=180, by="month")
print(lost)
ls.survival_plot(lost).figure

# %% [markdown]
# ## 4. A model of buying and leaving, tested on the future
#
# BG/NBD: each customer buys at a rate of their own and may leave after any purchase with a probability of their own. Fitted on the first 39 weeks
# only; the other 39 weeks are then predicted and compared. **This is the test that counts**: any model fits the weeks it was fitted to.

# %%
test = tx.holdout("1997-09-30")
test

# %%
ls.tracking_plot(test)

# %% [markdown]
# The cumulative line shows the level, the weekly line the timing. The model runs low in the holdout weeks: they have peaks that no customer of
# the model knows. The lower panels ask the question that matters for targeting:
# of customers who bought x times before, how many purchases followed?

# %% [markdown]
# ## 5. Money: BG/NBD × Gamma-Gamma
#
# How much an order is worth gets a model of its own. It takes amounts as independent of frequency; the correlation is checked and printed.

# %%
value = tx.clv(horizon=1, discount_rate=0.10, margin=0.30)
value

# %%
print(value.purchase)
print(value.spending)

# %% [markdown]
# The interval is that of the total, from the uncertainty of the parameters: it does not hold the luck of single customers, nor what the
# model does not know (see the holdout). A tenth of the customers holds most of the value:

# %%
value.deciles.round(3)

# %%
ls.value_plot(value)

# %% [markdown]
# ## 6. The simple formulas beside it
#
# Textbook formulas take one mean order, one frequency and one retention rate for everyone. The same customers, all formulas:

# %%
value.formulas

# %% [markdown]
# ## 7. Whom to call?
#
# Valuable and perhaps leaving: high value when alive, low P(alive). One row a customer, ready for a campaign.

# %%
customers = value.frame
at_risk = customers.query("p_alive < 0.5 and monetary > 40 and frequency >= 5")
print(
    f"{len(at_risk)} customers bought six times or more, spend more than 40 USD an order and have probably left"
)
at_risk.nlargest(8, "frequency")[["frequency", "recency", "T", "monetary", "p_alive", "clv"]].round(
    2
)

# %% [markdown]
# More: [behaviour](../docs/behaviour.md), [segments, tiers and tests](../docs/segments.md), [the models](../docs/customer_value.md).
# The same from the shell: `loyaltysem clv ORDERS.csv --customer … --time … --amount … --out out/value`.
