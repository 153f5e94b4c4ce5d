"""What a reader of linked data must know."""

from __future__ import annotations

from collections.abc import Mapping

from loyaltysem.core.display import number, percent
from loyaltysem.core.errors import Finding
from loyaltysem.core.text import Text

#: Share of respondents without behaviour from which a warning is given.
MANY = 0.20


def link_findings(
    counts: Mapping[str, int],
    near_misses: int,
    floored: int,
    secret_is_drawn: bool,
    effective: float | None,
) -> tuple[Finding, ...]:
    """Return what must be known of a link.

    Parameters
    ----------
    counts : mapping of str to int
        As in `Linked.counts`.
    near_misses : int
        Customers whose key differs from an unmatched one in case only.
    floored : int
        Customers whose net amount is below 0.
    secret_is_drawn : bool
    effective : float or None
        Effective number of weighted respondents.
    """
    found = [*_lost(counts)]
    if near_misses:
        found.append(_near(near_misses))
    if floored:
        found.append(_floored(floored))
    if secret_is_drawn:
        found.append(_drawn())
    if effective is not None:
        found.append(_weighted(effective))
    return tuple(found)


def _lost(counts: Mapping[str, int]) -> list[Finding]:
    lost = counts["without_key"] + counts["unmatched"]
    if not lost:
        return []
    n, share = counts["respondents"], percent(lost / counts["respondents"])
    return [
        Finding(
            "link.unmatched",
            Text(
                f"{lost} of {n} respondents ({share}) have no behaviour: {counts['without_key']}"
                f" without a key, {counts['unmatched']} with one no customer with a purchase has.",
                f"{n} 名受访者中有 {lost} 名（{share}）无法匹配交易："
                f"{counts['without_key']} 名未提供编号，{counts['unmatched']} 名的编号无消费记录。",
            ),
            Text(
                "Compare them with the linked ones (ls.nonresponse) before you generalise.",
                "推论之前，请与已匹配者比较（ls.nonresponse）。",
            ),
            severity="warning" if lost > MANY * n else "note",
        )
    ]


def _near(count: int) -> Finding:
    return Finding(
        "link.near_misses",
        Text(
            f"{count} customers have a key that differs from an unmatched one in case only.",
            f"有 {count} 位客户的编号与未匹配编号仅大小写不同。",
        ),
        Text(
            "If they are the same people, write keys in one case on both sides and link again.",
            "若为同一人，请统一两边编号的大小写后重新匹配。",
        ),
    )


def _floored(count: int) -> Finding:
    return Finding(
        "link.negative_amount",
        Text(
            f"{count} linked customers returned more than they bought; their amount counts as 0.",
            f"有 {count} 位已匹配客户的退款多于消费，其金额按 0 计。",
        ),
        severity="note",
    )


def _drawn() -> Finding:
    return Finding(
        "link.secret_drawn",
        Text(
            "Pseudonyms were made with a key that was drawn and forgotten: another link gives"
            " others.",
            "假名由随机生成且不保存的密钥产生，再次匹配将得到不同的假名。",
        ),
        Text(
            "Pass secret= to join waves by the same pseudonyms.",
            "若需跨期合并，请传入 secret=。",
        ),
        severity="note",
    )


def _weighted(effective: float) -> Finding:
    shown = number(effective, 1)
    return Finding(
        "link.weights",
        Text(
            f"Weights leave {shown} respondents in effect. They enter quantiles, means and the"
            " what-if; ls.sem weighs every respondent equally.",
            f"加权后的有效样本量为 {shown}。权重用于分位数、均值与情景推演；"
            "ls.sem 对每位受访者等权。",
        ),
        severity="note",
    )
