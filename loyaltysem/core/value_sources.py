"""Works on customer lifetime value and purchase histories, by key."""

from __future__ import annotations

from loyaltysem.core.source import Reference

VALUE: tuple[Reference, ...] = (
    Reference(
        "fader_hardie_2001",
        ("Fader, P. S.", "Hardie, B. G. S."),
        2001,
        "Forecasting repeat sales at CDNOW: A case study",
        "Interfaces, 31(3, part 2), S94–S107",
    ),
    Reference(
        "fader_hardie_2005",
        ("Fader, P. S.", "Hardie, B. G. S."),
        2005,
        "A note on deriving the Pareto/NBD model and related expressions",
        "http://brucehardie.com/notes/009/",
    ),
    Reference(
        "fader_hardie_2007",
        ("Fader, P. S.", "Hardie, B. G. S."),
        2007,
        "Incorporating time-invariant covariates into the Pareto/NBD and BG/NBD models",
        "http://brucehardie.com/notes/019/",
    ),
    Reference(
        "fader_hardie_2013",
        ("Fader, P. S.", "Hardie, B. G. S."),
        2013,
        "The gamma-gamma model of monetary value",
        "http://brucehardie.com/notes/025/",
    ),
    Reference(
        "fader_hardie_lee_counting_2005",
        ("Fader, P. S.", "Hardie, B. G. S.", "Lee, K. L."),
        2005,
        "“Counting your customers” the easy way: An alternative to the Pareto/NBD model",
        "Marketing Science, 24(2), 275–284",
        "10.1287/mksc.1040.0098",
    ),
    Reference(
        "fader_hardie_lee_rfm_2005",
        ("Fader, P. S.", "Hardie, B. G. S.", "Lee, K. L."),
        2005,
        "RFM and CLV: Using iso-value curves for customer base analysis",
        "Journal of Marketing Research, 42(4), 415–430",
        "10.1509/jmkr.2005.42.4.415",
    ),
    Reference(
        "fader_hardie_shang_2010",
        ("Fader, P. S.", "Hardie, B. G. S.", "Shang, J."),
        2010,
        "Customer-base analysis in a discrete-time noncontractual setting",
        "Marketing Science, 29(6), 1086–1108",
        "10.1287/mksc.1100.0580",
    ),
    Reference(
        "schmittlein_1987",
        ("Schmittlein, D. C.", "Morrison, D. G.", "Colombo, R."),
        1987,
        "Counting your customers: Who are they and what will they do next?",
        "Management Science, 33(1), 1–24",
        "10.1287/mnsc.33.1.1",
    ),
    Reference(
        "schmittlein_peterson_1994",
        ("Schmittlein, D. C.", "Peterson, R. A."),
        1994,
        "Customer base analysis: An industrial purchase process application",
        "Marketing Science, 13(1), 41–67",
        "10.1287/mksc.13.1.41",
    ),
)
