"""The sources the project cites, in one place; everything else refers to them by key.

Only works whose bibliographic data were checked are listed. A DOI that was not checked is left
empty rather than guessed.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from loyaltysem.core.errors import LoyaltySemError, did_you_mean


@dataclass(frozen=True, slots=True)
class Reference:
    """One source.

    Parameters
    ----------
    key : str
        Stable name, such as ``"hu_bentler_1999"``.
    authors : tuple of str
        Each as ``"Family, I."``, in printed order.
    year : int
        Year of publication.
    title, where : str
        Title; journal with volume, issue and pages, or publisher.
    doi : str
        Digital object identifier without the resolver, or empty.

    Examples
    --------
    >>> reference("hu_bentler_1999").citation
    'Hu & Bentler (1999)'
    """

    key: str
    authors: tuple[str, ...]
    year: int
    title: str
    where: str
    doi: str = ""

    @property
    def citation(self) -> str:
        """Short form for running text: ``Hu & Bentler (1999)``."""
        return f"{self._names} ({self.year})"

    @property
    def in_parentheses(self) -> str:
        """Short form inside parentheses: ``Hu & Bentler, 1999``."""
        return f"{self._names}, {self.year}"

    @property
    def _names(self) -> str:
        families = [author.split(",")[0] for author in self.authors]
        return f"{families[0]} et al." if len(families) > 2 else " & ".join(families)

    @property
    def entry(self) -> str:
        """Full entry for a list of references."""
        *first, last = self.authors
        names = f"{', '.join(first)}, & {last}" if first else last
        title = self.title if self.title.endswith("?") else f"{self.title}."
        link = f" https://doi.org/{self.doi}" if self.doi else ""
        return f"{names} ({self.year}). {title} {self.where}.{link}"


_METHODS = (
    Reference(
        "bentler_1990",
        ("Bentler, P. M.",),
        1990,
        "Comparative fit indexes in structural models",
        "Psychological Bulletin, 107(2), 238–246",
        "10.1037/0033-2909.107.2.238",
    ),
    Reference(
        "bentler_bonett_1980",
        ("Bentler, P. M.", "Bonett, D. G."),
        1980,
        "Significance tests and goodness of fit in the analysis of covariance structures",
        "Psychological Bulletin, 88(3), 588–606",
        "10.1037/0033-2909.88.3.588",
    ),
    Reference(
        "bentler_chou_1987",
        ("Bentler, P. M.", "Chou, C.-P."),
        1987,
        "Practical issues in structural modeling",
        "Sociological Methods & Research, 16(1), 78–117",
    ),
    Reference(
        "bollen_1989",
        ("Bollen, K. A.",),
        1989,
        "Structural equations with latent variables",
        "Wiley",
        "10.1002/9781118619179",
    ),
    Reference(
        "browne_cudeck_1992",
        ("Browne, M. W.", "Cudeck, R."),
        1992,
        "Alternative ways of assessing model fit",
        "Sociological Methods & Research, 21(2), 230–258",
        "10.1177/0049124192021002005",
    ),
    Reference(
        "chen_2007",
        ("Chen, F. F.",),
        2007,
        "Sensitivity of goodness of fit indexes to lack of measurement invariance",
        "Structural Equation Modeling, 14(3), 464–504",
        "10.1080/10705510701301834",
    ),
    Reference(
        "cheung_rensvold_2002",
        ("Cheung, G. W.", "Rensvold, R. B."),
        2002,
        "Evaluating goodness-of-fit indexes for testing measurement invariance",
        "Structural Equation Modeling, 9(2), 233–255",
        "10.1207/S15328007SEM0902_5",
    ),
    Reference(
        "cronbach_1951",
        ("Cronbach, L. J.",),
        1951,
        "Coefficient alpha and the internal structure of tests",
        "Psychometrika, 16(3), 297–334",
        "10.1007/BF02310555",
    ),
    Reference(
        "feldt_1965",
        ("Feldt, L. S.",),
        1965,
        "The approximate sampling distribution of Kuder–Richardson reliability coefficient twenty",
        "Psychometrika, 30(3), 357–370",
        "10.1007/BF02289499",
    ),
    Reference(
        "fornell_larcker_1981",
        ("Fornell, C.", "Larcker, D. F."),
        1981,
        "Evaluating structural equation models with unobservable variables and measurement error",
        "Journal of Marketing Research, 18(1), 39–50",
        "10.1177/002224378101800104",
    ),
    Reference(
        "graham_2003",
        ("Graham, J. W.",),
        2003,
        "Adding missing-data-relevant variables to FIML-based structural equation models",
        "Structural Equation Modeling, 10(1), 80–100",
        "10.1207/S15328007SEM1001_4",
    ),
    Reference(
        "henseler_2015",
        ("Henseler, J.", "Ringle, C. M.", "Sarstedt, M."),
        2015,
        "A new criterion for assessing discriminant validity in variance-based structural "
        "equation modeling",
        "Journal of the Academy of Marketing Science, 43(1), 115–135",
        "10.1007/s11747-014-0403-8",
    ),
    Reference(
        "hu_bentler_1999",
        ("Hu, L.", "Bentler, P. M."),
        1999,
        "Cutoff criteria for fit indexes in covariance structure analysis: Conventional criteria "
        "versus new alternatives",
        "Structural Equation Modeling, 6(1), 1–55",
        "10.1080/10705519909540118",
    ),
    Reference(
        "joreskog_sorbom_1993",
        ("Jöreskog, K. G.", "Sörbom, D."),
        1993,
        "LISREL 8: Structural equation modeling with the SIMPLIS command language",
        "Scientific Software International",
    ),
    Reference(
        "marsh_2004",
        ("Marsh, H. W.", "Hau, K.-T.", "Wen, Z."),
        2004,
        "In search of golden rules: Comment on hypothesis-testing approaches to setting cutoff "
        "values for fit indexes and dangers in overgeneralizing Hu and Bentler's (1999) findings",
        "Structural Equation Modeling, 11(3), 320–341",
        "10.1207/s15328007sem1103_2",
    ),
    Reference(
        "nunnally_1978",
        ("Nunnally, J. C.",),
        1978,
        "Psychometric theory (2nd ed.)",
        "McGraw-Hill",
    ),
    Reference(
        "raykov_1997",
        ("Raykov, T.",),
        1997,
        "Estimation of composite reliability for congeneric measures",
        "Applied Psychological Measurement, 21(2), 173–184",
        "10.1177/01466216970212006",
    ),
    Reference(
        "rosseel_2012",
        ("Rosseel, Y.",),
        2012,
        "lavaan: An R package for structural equation modeling",
        "Journal of Statistical Software, 48(2), 1–36",
        "10.18637/jss.v048.i02",
    ),
    Reference(
        "satorra_2000",
        ("Satorra, A.",),
        2000,
        "Scaled and adjusted restricted tests in multi-sample analysis of moment structures",
        "In R. D. H. Heijmans, D. S. G. Pollock, & A. Satorra (Eds.), Innovations in multivariate "
        "statistical analysis (pp. 233–247). Kluwer",
        "",
    ),
    Reference(
        "satorra_bentler_2001",
        ("Satorra, A.", "Bentler, P. M."),
        2001,
        "A scaled difference chi-square test statistic for moment structure analysis",
        "Psychometrika, 66(4), 507–514",
        "10.1007/BF02296192",
    ),
    Reference(
        "satorra_bentler_2010",
        ("Satorra, A.", "Bentler, P. M."),
        2010,
        "Ensuring positiveness of the scaled difference chi-square test statistic",
        "Psychometrika, 75(2), 243–248",
        "10.1007/s11336-009-9135-y",
    ),
    Reference(
        "sobel_1982",
        ("Sobel, M. E.",),
        1982,
        "Asymptotic confidence intervals for indirect effects in structural equation models",
        "Sociological Methodology, 13, 290–312",
        "10.2307/270723",
    ),
    Reference(
        "steiger_1990",
        ("Steiger, J. H.",),
        1990,
        "Structural model evaluation and modification: An interval estimation approach",
        "Multivariate Behavioral Research, 25(2), 173–180",
        "10.1207/s15327906mbr2502_4",
    ),
    Reference(
        "tucker_lewis_1973",
        ("Tucker, L. R.", "Lewis, C."),
        1973,
        "A reliability coefficient for maximum likelihood factor analysis",
        "Psychometrika, 38(1), 1–10",
        "10.1007/BF02291170",
    ),
    Reference(
        "wheaton_1977",
        ("Wheaton, B.", "Muthén, B.", "Alwin, D. F.", "Summers, G. F."),
        1977,
        "Assessing reliability and stability in panel models",
        "Sociological Methodology, 8, 84–136",
        "10.2307/270754",
    ),
    Reference(
        "wu_estabrook_2016",
        ("Wu, H.", "Estabrook, R."),
        2016,
        "Identification of confirmatory factor analysis models of different levels of invariance "
        "for ordered categorical outcomes",
        "Psychometrika, 81(4), 1014–1045",
        "10.1007/s11336-016-9506-0",
    ),
)

_MARKETING = (
    Reference(
        "berger_nasr_1998",
        ("Berger, P. D.", "Nasr, N. I."),
        1998,
        "Customer lifetime value: Marketing models and applications",
        "Journal of Interactive Marketing, 12(1), 17–30",
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

ALL: tuple[Reference, ...] = (*_METHODS, *_MARKETING)
REFERENCES = MappingProxyType({source.key: source for source in ALL})


def reference(key: str) -> Reference:
    """Return the source with this key.

    Raises
    ------
    LoyaltySemError
        No source has the key (code ``reference.unknown``).
    """
    try:
        return REFERENCES[key]
    except KeyError:
        raise LoyaltySemError(
            f"No source has the key '{key}'.",
            code="reference.unknown",
            hint=did_you_mean(key, REFERENCES) or "See loyaltysem.core.references.REFERENCES.",
        ) from None
