"""Works on careless responding, survey weights and survey scores, by key."""

from __future__ import annotations

from loyaltysem.core.source import Reference

SURVEYS: tuple[Reference, ...] = (
    Reference(
        "brown_heathers_2017",
        ("Brown, N. J. L.", "Heathers, J. A. J."),
        2017,
        "The GRIM test: A simple technique detects numerous anomalies in the reporting of results "
        "in psychology",
        "Social Psychological and Personality Science, 8(4), 363–369",
        "10.1177/1948550616673876",
    ),
    Reference(
        "curran_2016",
        ("Curran, P. G.",),
        2016,
        "Methods for the detection of carelessly invalid responses in survey data",
        "Journal of Experimental Social Psychology, 66, 4–19",
        "10.1016/j.jesp.2015.07.006",
    ),
    Reference(
        "dunn_2018",
        ("Dunn, A. M.", "Heggestad, E. D.", "Shanock, L. R.", "Theilgard, N."),
        2018,
        "Intra-individual response variability as an indicator of insufficient effort responding: "
        "Comparison to other indicators and relationships with individual differences",
        "Journal of Business and Psychology, 33(1), 105–121",
        "10.1007/s10869-016-9479-0",
    ),
    Reference(
        "flesch_1948",
        ("Flesch, R.",),
        1948,
        "A new readability yardstick",
        "Journal of Applied Psychology, 32(3), 221–233",
        "10.1037/h0057532",
    ),
    Reference(
        "huang_2012",
        ("Huang, J. L.", "Curran, P. G.", "Keeney, J.", "Poposki, E. M.", "DeShon, R. P."),
        2012,
        "Detecting and deterring insufficient effort responding to surveys",
        "Journal of Business and Psychology, 27(1), 99–114",
        "10.1007/s10869-011-9231-8",
    ),
    Reference(
        "johnson_2005",
        ("Johnson, J. A.",),
        2005,
        "Ascertaining the validity of individual protocols from Web-based personality inventories",
        "Journal of Research in Personality, 39(1), 103–129",
        "10.1016/j.jrp.2004.09.009",
    ),
    Reference("kish_1965", ("Kish, L.",), 1965, "Survey sampling", "Wiley"),
    Reference(
        "meade_craig_2012",
        ("Meade, A. W.", "Craig, S. B."),
        2012,
        "Identifying careless responses in survey data",
        "Psychological Methods, 17(3), 437–455",
        "10.1037/a0028085",
    ),
    Reference(
        "rocks_2016",
        ("Rocks, B.",),
        2016,
        "Interval estimation for the “Net Promoter Score”",
        "The American Statistician, 70(4), 365–372",
    ),
)
