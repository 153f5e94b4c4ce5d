"""A small questionnaire with everything in it, and answers that fit it."""

from __future__ import annotations

from pathlib import Path

import pytest

from loyaltysem.survey.questionnaire import Questionnaire, load_questionnaire

LIKELY = """\
  likely: {kind: likert, minimum: 0, maximum: 10}
  money: {kind: numeric, minimum: 0, maximum: 1000.5, unit: {en: CNY, zh: 元}}
"""
SMALL = """\
name: small
version: "1.0"
title: {en: Small, zh: 小问卷}
respondent_id: id
missing_codes: [-99]
scales:
  agree: {kind: likert, minimum: 1, maximum: 5, labels: {1: {en: nay, zh: 否}, 5: {en: ok, zh: 是}}}
  channel: {kind: choice, labels: {1: {en: shop, zh: 门店}, 2: {en: app, zh: 应用}}}
  months: {kind: numeric, minimum: 0, unit: {en: months, zh: 月}}
  open: {kind: text}
references:
  a_2000: "A. (2000). Title."
constructs:
  - name: whole
    label: {en: Whole, zh: 整体}
  - name: trust
    label: {en: Trust, zh: 信任}
    parent: whole
    scale: agree
    sources: [a_2000]
    items:
      - {name: t1, text: {en: I trust it., zh: 我信任它。}}
      - {name: t2, text: {en: I doubt it., zh: 我怀疑它。}, reverse: true}
  - name: liking
    label: {en: Liking, zh: 喜爱}
    parent: whole
    scale: agree
    items:
      - {name: k1, text: {en: I like it., zh: 我喜欢它。}}
  - name: tenure
    label: {en: Tenure, zh: 年资}
    items:
      - {name: months, text: {en: Months, zh: 月数}, scale: months}
      - {name: liked, text: {en: Liked, zh: 喜欢}, scale: agree}
items:
  - {name: channel, text: {en: Where, zh: 渠道}, scale: channel}
  - {name: comment, text: {en: Remarks, zh: 意见}, scale: open}
"""

# The same with all a form needs: roles, modules, pages, the customer key, awkward characters.
WHOLE = (
    SMALL.replace(
        "respondent_id: id\n",
        """\
respondent_title: {en: Your view, zh: 您的看法}
description: {en: For tests., zh: 供测试使用。}
introduction: {en: Hello., zh: 您好。}
closing: {en: Thank you., zh: 谢谢。}
respondent_id: id
link: {text: {en: Your code, zh: 您的代码}, entry: url, pattern: "[a-z]+"}
required: true
modules:
  extra: {en: Extra, zh: 附加}
""",
    )
    .replace("  open: {kind: text}", "  open: {kind: text}\n" + LIKELY)
    .replace("scale: months}", "scale: months, source: record}")
    .replace("scale: open}", "scale: open, hint: {en: Free., zh: 随意。}, required: false}")
    + """\
  - name: check
    text: {en: Choose 2 or 3., zh: 请选 2 或 3。}
    scale: agree
    role: attention
    expected: [2, 3]
  - name: nps
    text: {en: "Recommend \\"it\\"?", zh: "推荐“它”吗？"}
    scale: likely
    role: nps
    module: extra
  - name: why
    text: {en: "=Why, <b>& so on</b>?", zh: "原因，是什么？"}
    scale: open
    module: extra
  - {name: spend, text: {en: How much, zh: 多少}, scale: money}
pages:
  - {name: first, title: {en: First, zh: 第一页}, items: [t1, check, t2, k1, liked]}
  - {name: last, intro: {en: Fill in., zh: 请填写。}, items: [channel, comment, nps, why, spend]}
"""
)

HEADER = "id,t1,t2,k1,months,liked,channel,comment"
ROWS = ("a,1,2,3,4.5,5,1,好", "b,5,4,2,0,1,2,", "c,4,,3,12,2,1,fine")


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def csv_text(*rows: str, header: str = HEADER, end: str = "\n") -> str:
    return end.join([header, *(rows or ROWS)]) + end


@pytest.fixture
def small(tmp_path: Path) -> Questionnaire:
    return load_questionnaire(write(tmp_path / "small.yaml", SMALL))


@pytest.fixture
def whole(tmp_path: Path) -> Questionnaire:
    return load_questionnaire(write(tmp_path / "whole.yaml", WHOLE))
