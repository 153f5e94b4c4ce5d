"""Works on customers and their loyalty, by key."""

from __future__ import annotations

from loyaltysem.core.source import Reference

MARKETING: tuple[Reference, ...] = (
    Reference(
        "berger_nasr_1998",
        ("Berger, P. D.", "Nasr, N. I."),
        1998,
        "Customer lifetime value: Marketing models and applications",
        "Journal of Interactive Marketing, 12(1), 17–30",
        "10.1002/(SICI)1520-6653(199824)12:1<17::AID-DIR3>3.0.CO;2-K",
    ),
    Reference(
        "chaudhuri_holbrook_2001",
        ("Chaudhuri, A.", "Holbrook, M. B."),
        2001,
        "The chain of effects from brand trust and brand affect to brand performance: The role "
        "of brand loyalty",
        "Journal of Marketing, 65(2), 81–93",
        "10.1509/jmkg.65.2.81.18255",
    ),
    Reference(
        "crosby_1990",
        ("Crosby, L. A.", "Evans, K. R.", "Cowles, D."),
        1990,
        "Relationship quality in services selling: An interpersonal influence perspective",
        "Journal of Marketing, 54(3), 68–81",
        "10.1177/002224299005400306",
    ),
    Reference(
        "dick_basu_1994",
        ("Dick, A. S.", "Basu, K."),
        1994,
        "Customer loyalty: Toward an integrated conceptual framework",
        "Journal of the Academy of Marketing Science, 22(2), 99–113",
        "10.1177/0092070394222001",
    ),
    Reference(
        "fornell_1996",
        ("Fornell, C.", "Johnson, M. D.", "Anderson, E. W.", "Cha, J.", "Bryant, B. E."),
        1996,
        "The American Customer Satisfaction Index: Nature, purpose, and findings",
        "Journal of Marketing, 60(4), 7–18",
        "10.1177/002224299606000403",
    ),
    Reference(
        "garbarino_johnson_1999",
        ("Garbarino, E.", "Johnson, M. S."),
        1999,
        "The different roles of satisfaction, trust, and commitment in customer relationships",
        "Journal of Marketing, 63(2), 70–87",
        "10.1177/002224299906300205",
    ),
    Reference(
        "hennig_thurau_2002",
        ("Hennig-Thurau, T.", "Gwinner, K. P.", "Gremler, D. D."),
        2002,
        "Understanding relationship marketing outcomes: An integration of relational benefits "
        "and relationship quality",
        "Journal of Service Research, 4(3), 230–247",
        "10.1177/1094670502004003006",
    ),
    Reference(
        "morgan_hunt_1994",
        ("Morgan, R. M.", "Hunt, S. D."),
        1994,
        "The commitment–trust theory of relationship marketing",
        "Journal of Marketing, 58(3), 20–38",
        "10.1177/002224299405800302",
    ),
    Reference(
        "oliver_1980",
        ("Oliver, R. L.",),
        1980,
        "A cognitive model of the antecedents and consequences of satisfaction decisions",
        "Journal of Marketing Research, 17(4), 460–469",
        "10.1177/002224378001700405",
    ),
    Reference(
        "oliver_1999",
        ("Oliver, R. L.",),
        1999,
        "Whence consumer loyalty?",
        "Journal of Marketing, 63(special issue), 33–44",
        "10.1177/00222429990634s105",
    ),
    Reference(
        "palmatier_2006",
        ("Palmatier, R. W.", "Dant, R. P.", "Grewal, D.", "Evans, K. R."),
        2006,
        "Factors influencing the effectiveness of relationship marketing: A meta-analysis",
        "Journal of Marketing, 70(4), 136–153",
        "10.1509/jmkg.70.4.136",
    ),
    Reference(
        "reichheld_2003",
        ("Reichheld, F. F.",),
        2003,
        "The one number you need to grow",
        "Harvard Business Review, 81(12), 46–54",
    ),
    Reference(
        "tenenhaus_2005",
        ("Tenenhaus, M.", "Esposito Vinzi, V.", "Chatelin, Y.-M.", "Lauro, C."),
        2005,
        "PLS path modeling",
        "Computational Statistics & Data Analysis, 48(1), 159–205",
        "10.1016/j.csda.2004.03.005",
    ),
    Reference(
        "zeithaml_1996",
        ("Zeithaml, V. A.", "Berry, L. L.", "Parasuraman, A."),
        1996,
        "The behavioral consequences of service quality",
        "Journal of Marketing, 60(2), 31–46",
        "10.1177/002224299606000203",
    ),
)
