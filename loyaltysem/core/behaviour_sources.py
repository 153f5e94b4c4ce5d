"""Works on retention, survival and association, by key."""

from __future__ import annotations

from loyaltysem.core.source import Reference

BEHAVIOUR: tuple[Reference, ...] = (
    Reference(
        "agrawal_1993",
        ("Agrawal, R.", "Imieliński, T.", "Swami, A."),
        1993,
        "Mining association rules between sets of items in large databases",
        "In Proceedings of the 1993 ACM SIGMOD International Conference on Management of Data "
        "(pp. 207–216). ACM",
        "10.1145/170035.170072",
    ),
    Reference(
        "benjamini_hochberg_1995",
        ("Benjamini, Y.", "Hochberg, Y."),
        1995,
        "Controlling the false discovery rate: A practical and powerful approach to multiple "
        "testing",
        "Journal of the Royal Statistical Society: Series B, 57(1), 289–300",
        "10.1111/j.2517-6161.1995.tb02031.x",
    ),
    Reference(
        "brin_1997",
        ("Brin, S.", "Motwani, R.", "Ullman, J. D.", "Tsur, S."),
        1997,
        "Dynamic itemset counting and implication rules for market basket data",
        "In Proceedings of the 1997 ACM SIGMOD International Conference on Management of Data "
        "(pp. 255–264). ACM",
        "10.1145/253260.253325",
    ),
    Reference(
        "brookmeyer_crowley_1982",
        ("Brookmeyer, R.", "Crowley, J."),
        1982,
        "A confidence interval for the median survival time",
        "Biometrics, 38(1), 29–41",
        "10.2307/2530286",
    ),
    Reference(
        "fisher_1922",
        ("Fisher, R. A.",),
        1922,
        "On the interpretation of χ² from contingency tables, and the calculation of P",
        "Journal of the Royal Statistical Society, 85(1), 87–94",
        "10.2307/2340521",
    ),
    Reference(
        "gehan_1965",
        ("Gehan, E. A.",),
        1965,
        "A generalized Wilcoxon test for comparing arbitrarily singly-censored samples",
        "Biometrika, 52(1–2), 203–223",
        "10.1093/biomet/52.1-2.203",
    ),
    Reference(
        "greenwood_1926",
        ("Greenwood, M.",),
        1926,
        "A report on the natural duration of cancer",
        "Reports on Public Health and Medical Subjects, 33, 1–26. His Majesty's Stationery Office",
    ),
    Reference(
        "hirschman_1964",
        ("Hirschman, A. O.",),
        1964,
        "The paternity of an index",
        "American Economic Review, 54(5), 761–762",
        "10.2307/1818582",
    ),
    Reference(
        "kaplan_meier_1958",
        ("Kaplan, E. L.", "Meier, P."),
        1958,
        "Nonparametric estimation from incomplete observations",
        "Journal of the American Statistical Association, 53(282), 457–481",
        "10.1080/01621459.1958.10501452",
    ),
    Reference(
        "kumar_petersen_leone_2010",
        ("Kumar, V.", "Petersen, J. A.", "Leone, R. P."),
        2010,
        "Driving profitability by encouraging customer referrals: Who, when, and how",
        "Journal of Marketing, 74(5), 1–17",
        "10.1509/jmkg.74.5.1",
    ),
    Reference(
        "mantel_1966",
        ("Mantel, N.",),
        1966,
        "Evaluation of survival data and two new rank order statistics arising in its "
        "consideration",
        "Cancer Chemotherapy Reports, 50(3), 163–170",
    ),
    Reference(
        "piatetsky_shapiro_1991",
        ("Piatetsky-Shapiro, G.",),
        1991,
        "Discovery, analysis, and presentation of strong rules",
        "In G. Piatetsky-Shapiro & W. J. Frawley (Eds.), Knowledge discovery in databases "
        "(pp. 229–248). AAAI/MIT Press",
    ),
    Reference(
        "shannon_1948",
        ("Shannon, C. E.",),
        1948,
        "A mathematical theory of communication",
        "Bell System Technical Journal, 27(3), 379–423",
        "10.1002/j.1538-7305.1948.tb01338.x",
    ),
    Reference(
        "wilson_1927",
        ("Wilson, E. B.",),
        1927,
        "Probable inference, the law of succession, and statistical inference",
        "Journal of the American Statistical Association, 22(158), 209–212",
        "10.1080/01621459.1927.10502953",
    ),
)
