"""Works on reliability, validity, method bias and distributions, by key."""

from __future__ import annotations

from loyaltysem.core.source import Reference

MEASUREMENT: tuple[Reference, ...] = (
    Reference(
        "armstrong_overton_1977",
        (
            "Armstrong, J. S.",
            "Overton, T. S.",
        ),
        1977,
        "Estimating nonresponse bias in mail surveys",
        "Journal of Marketing Research, 14(3), 396–402",
        "10.1177/002224377701400320",
    ),
    Reference(
        "bollen_1980",
        ("Bollen, K. A.",),
        1980,
        "Issues in the comparative measurement of political democracy",
        "American Sociological Review, 45(3), 370–390",
        "10.2307/2095172",
    ),
    Reference(
        "brown_1910",
        ("Brown, W.",),
        1910,
        "Some experimental results in the correlation of mental abilities",
        "British Journal of Psychology, 3(3), 296–322",
        "10.1111/j.2044-8295.1910.tb00207.x",
    ),
    Reference(
        "cronbach_meehl_1955",
        (
            "Cronbach, L. J.",
            "Meehl, P. E.",
        ),
        1955,
        "Construct validity in psychological tests",
        "Psychological Bulletin, 52(4), 281–302",
        "10.1037/h0040957",
    ),
    Reference(
        "duhachek_iacobucci_2004",
        (
            "Duhachek, A.",
            "Iacobucci, D.",
        ),
        2004,
        "Alpha's standard error (ASE): An accurate and precise confidence interval estimate",
        "Journal of Applied Psychology, 89(5), 792–808",
        "10.1037/0021-9010.89.5.792",
    ),
    Reference(
        "franke_sarstedt_2019",
        (
            "Franke, G.",
            "Sarstedt, M.",
        ),
        2019,
        "Heuristics versus statistics in discriminant validity testing: A comparison of "
        "four procedures",
        "Internet Research, 29(3), 430–447",
        "10.1108/IntR-12-2017-0515",
    ),
    Reference(
        "green_yang_2009",
        (
            "Green, S. B.",
            "Yang, Y.",
        ),
        2009,
        "Reliability of summed item scores using structural equation modeling: An "
        "alternative to coefficient alpha",
        "Psychometrika, 74(1), 155–167",
        "10.1007/s11336-008-9099-3",
    ),
    Reference(
        "guttman_1945",
        ("Guttman, L.",),
        1945,
        "A basis for analyzing test-retest reliability",
        "Psychometrika, 10(4), 255–282",
        "10.1007/BF02288892",
    ),
    Reference(
        "hedges_1981",
        ("Hedges, L. V.",),
        1981,
        "Distribution theory for Glass's estimator of effect size and related estimators",
        "Journal of Educational Statistics, 6(2), 107–128",
        "10.3102/10769986006002107",
    ),
    Reference(
        "henze_zirkler_1990",
        (
            "Henze, N.",
            "Zirkler, B.",
        ),
        1990,
        "A class of invariant consistent tests for multivariate normality",
        "Communications in Statistics – Theory and Methods, 19(10), 3595–3617",
        "10.1080/03610929008830400",
    ),
    Reference(
        "holm_1979",
        ("Holm, S.",),
        1979,
        "A simple sequentially rejective multiple test procedure",
        "Scandinavian Journal of Statistics, 6(2), 65–70",
    ),
    Reference(
        "horst_1951",
        ("Horst, P.",),
        1951,
        "Estimating total test reliability from parts of unequal length",
        "Educational and Psychological Measurement, 11(3), 368–371",
    ),
    Reference(
        "kock_2015",
        ("Kock, N.",),
        2015,
        "Common method bias in PLS-SEM: A full collinearity assessment approach",
        "International Journal of e-Collaboration, 11(4), 1–10",
        "10.4018/ijec.2015100101",
    ),
    Reference(
        "liang_2007",
        (
            "Liang, H.",
            "Saraf, N.",
            "Hu, Q.",
            "Xue, Y.",
        ),
        2007,
        "Assimilation of enterprise systems: The effect of institutional pressures and "
        "the mediating role of top management",
        "MIS Quarterly, 31(1), 59–87",
        "10.2307/25148781",
    ),
    Reference(
        "mardia_1970",
        ("Mardia, K. V.",),
        1970,
        "Measures of multivariate skewness and kurtosis with applications",
        "Biometrika, 57(3), 519–530",
        "10.1093/biomet/57.3.519",
    ),
    Reference(
        "mardia_1974",
        ("Mardia, K. V.",),
        1974,
        "Applications of some measures of multivariate skewness and kurtosis in testing "
        "normality and robustness studies",
        "Sankhyā: The Indian Journal of Statistics, Series B, 36(2), 115–128",
    ),
    Reference(
        "mcdonald_1999",
        ("McDonald, R. P.",),
        1999,
        "Test theory: A unified treatment",
        "Lawrence Erlbaum",
    ),
    Reference(
        "mcgraw_wong_1996",
        (
            "McGraw, K. O.",
            "Wong, S. P.",
        ),
        1996,
        "Forming inferences about some intraclass correlation coefficients",
        "Psychological Methods, 1(1), 30–46",
        "10.1037/1082-989X.1.1.30",
    ),
    Reference(
        "podsakoff_2003",
        (
            "Podsakoff, P. M.",
            "MacKenzie, S. B.",
            "Lee, J.-Y.",
            "Podsakoff, N. P.",
        ),
        2003,
        "Common method biases in behavioral research: A critical review of the literature"
        " and recommended remedies",
        "Journal of Applied Psychology, 88(5), 879–903",
        "10.1037/0021-9010.88.5.879",
    ),
    Reference(
        "revelle_1979",
        ("Revelle, W.",),
        1979,
        "Hierarchical cluster analysis and the internal structure of tests",
        "Multivariate Behavioral Research, 14(1), 57–74",
        "10.1207/s15327906mbr1401_4",
    ),
    Reference(
        "richardson_2009",
        (
            "Richardson, H. A.",
            "Simmering, M. J.",
            "Sturman, M. C.",
        ),
        2009,
        "A tale of three perspectives: Examining post hoc statistical techniques for "
        "detection and correction of common method variance",
        "Organizational Research Methods, 12(4), 762–800",
        "10.1177/1094428109332834",
    ),
    Reference(
        "roemer_2021",
        (
            "Roemer, E.",
            "Schuberth, F.",
            "Henseler, J.",
        ),
        2021,
        "HTMT2–an improved criterion for assessing discriminant validity in structural "
        "equation modeling",
        "Industrial Management & Data Systems, 121(12), 2637–2650",
        "10.1108/IMDS-02-2021-0082",
    ),
    Reference(
        "rulon_1939",
        ("Rulon, P. J.",),
        1939,
        "A simplified procedure for determining the reliability of a test by split-halves",
        "Harvard Educational Review, 9, 99–103",
    ),
    Reference(
        "shrout_fleiss_1979",
        (
            "Shrout, P. E.",
            "Fleiss, J. L.",
        ),
        1979,
        "Intraclass correlations: Uses in assessing rater reliability",
        "Psychological Bulletin, 86(2), 420–428",
        "10.1037/0033-2909.86.2.420",
    ),
    Reference(
        "spearman_1910",
        ("Spearman, C.",),
        1910,
        "Correlation calculated from faulty data",
        "British Journal of Psychology, 3(3), 271–295",
        "10.1111/j.2044-8295.1910.tb00206.x",
    ),
    Reference(
        "terwee_2007",
        (
            "Terwee, C. B.",
            "Bot, S. D. M.",
            "de Boer, M. R.",
            "van der Windt, D. A. W. M.",
            "Knol, D. L.",
            "Dekker, J.",
            "Bouter, L. M.",
            "de Vet, H. C. W.",
        ),
        2007,
        "Quality criteria were proposed for measurement properties of health status questionnaires",
        "Journal of Clinical Epidemiology, 60(1), 34–42",
        "10.1016/j.jclinepi.2006.03.012",
    ),
    Reference(
        "van_zyl_2000",
        (
            "van Zyl, J. M.",
            "Neudecker, H.",
            "Nel, D. G.",
        ),
        2000,
        "On the distribution of the maximum likelihood estimator of Cronbach's alpha",
        "Psychometrika, 65(3), 271–280",
        "10.1007/BF02296146",
    ),
    Reference(
        "weir_2005",
        ("Weir, J. P.",),
        2005,
        "Quantifying test-retest reliability using the intraclass correlation coefficient"
        " and the SEM",
        "Journal of Strength and Conditioning Research, 19(1), 231–240",
        "10.1519/15184.1",
    ),
    Reference(
        "williams_2010",
        (
            "Williams, L. J.",
            "Hartman, N.",
            "Cavazotte, F.",
        ),
        2010,
        "Method variance and marker variables: A review and comprehensive CFA marker technique",
        "Organizational Research Methods, 13(3), 477–514",
        "10.1177/1094428110366036",
    ),
    Reference(
        "zinbarg_2005",
        (
            "Zinbarg, R. E.",
            "Revelle, W.",
            "Yovel, I.",
            "Li, W.",
        ),
        2005,
        "Cronbach's α, Revelle's β, and McDonald's ωH: Their relations with each other "
        "and two alternative conceptualizations of reliability",
        "Psychometrika, 70(1), 123–133",
        "10.1007/s11336-003-0974-7",
    ),
    Reference(
        "zumbo_2007",
        (
            "Zumbo, B. D.",
            "Gadermann, A. M.",
            "Zeisser, C.",
        ),
        2007,
        "Ordinal versions of coefficients alpha and theta for Likert rating scales",
        "Journal of Modern Applied Statistical Methods, 6(1), 21–29",
        "10.22237/jmasm/1177992180",
    ),
)
