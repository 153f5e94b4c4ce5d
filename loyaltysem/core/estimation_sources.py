"""Works on estimation, moments and numerical methods, by key."""

from __future__ import annotations

from loyaltysem.core.source import Reference

ESTIMATION: tuple[Reference, ...] = (
    Reference(
        "aitchison_silvey_1958",
        ("Aitchison, J.", "Silvey, S. D."),
        1958,
        "Maximum-likelihood estimation of parameters subject to restraints",
        "The Annals of Mathematical Statistics, 29(3), 813–828",
        "10.1214/aoms/1177706538",
    ),
    Reference(
        "arbuckle_1996",
        ("Arbuckle, J. L.",),
        1996,
        "Full information estimation in the presence of incomplete data",
        "In G. A. Marcoulides & R. E. Schumacker (Eds.), Advanced structural equation modeling: "
        "Issues and techniques (pp. 243–277). Erlbaum",
    ),
    Reference(
        "browne_1974",
        ("Browne, M. W.",),
        1974,
        "Generalized least squares estimators in the analysis of covariance structures",
        "South African Statistical Journal, 8(1), 1–24",
    ),
    Reference(
        "browne_1984",
        ("Browne, M. W.",),
        1984,
        "Asymptotically distribution-free methods for the analysis of covariance structures",
        "British Journal of Mathematical and Statistical Psychology, 37(1), 62–83",
        "10.1111/j.2044-8317.1984.tb00789.x",
    ),
    Reference(
        "dempster_1977",
        ("Dempster, A. P.", "Laird, N. M.", "Rubin, D. B."),
        1977,
        "Maximum likelihood from incomplete data via the EM algorithm",
        "Journal of the Royal Statistical Society: Series B, 39(1), 1–38",
        "10.1111/j.2517-6161.1977.tb01600.x",
    ),
    Reference(
        "drezner_wesolowsky_1990",
        ("Drezner, Z.", "Wesolowsky, G. O."),
        1990,
        "On the computation of the bivariate normal integral",
        "Journal of Statistical Computation and Simulation, 35(1–2), 101–107",
        "10.1080/00949659008811236",
    ),
    Reference(
        "genz_2004",
        ("Genz, A.",),
        2004,
        "Numerical computation of rectangular bivariate and trivariate normal and t probabilities",
        "Statistics and Computing, 14(3), 251–260",
        "10.1023/B:STCO.0000035304.20635.31",
    ),
    Reference(
        "harman_1976",
        ("Harman, H. H.",),
        1976,
        "Modern factor analysis (3rd ed.)",
        "University of Chicago Press",
    ),
    Reference(
        "huber_1967",
        ("Huber, P. J.",),
        1967,
        "The behavior of maximum likelihood estimates under nonstandard conditions",
        "In Proceedings of the Fifth Berkeley Symposium on Mathematical Statistics and Probability "
        "(Vol. 1, pp. 221–233). University of California Press",
    ),
    Reference(
        "joreskog_1969",
        ("Jöreskog, K. G.",),
        1969,
        "A general approach to confirmatory maximum likelihood factor analysis",
        "Psychometrika, 34(2), 183–202",
        "10.1007/BF02289343",
    ),
    Reference(
        "lee_hershberger_1990",
        ("Lee, S.", "Hershberger, S."),
        1990,
        "A simple rule for generating equivalent models in covariance structure modeling",
        "Multivariate Behavioral Research, 25(3), 313–334",
        "10.1207/s15327906mbr2503_4",
    ),
    Reference(
        "lin_2010",
        ("Lin, G.-C.", "Wen, Z.", "Marsh, H. W.", "Lin, H.-S."),
        2010,
        "Structural equation models of latent interactions: Clarification of orthogonalizing and "
        "double-mean-centering strategies",
        "Structural Equation Modeling, 17(3), 374–391",
        "10.1080/10705511.2010.488999",
    ),
    Reference(
        "louis_1982",
        ("Louis, T. A.",),
        1982,
        "Finding the observed information matrix when using the EM algorithm",
        "Journal of the Royal Statistical Society: Series B, 44(2), 226–233",
        "10.1111/j.2517-6161.1982.tb01203.x",
    ),
    Reference(
        "marsh_interactions_2004",
        ("Marsh, H. W.", "Wen, Z.", "Hau, K.-T."),
        2004,
        "Structural equation models of latent interactions: Evaluation of alternative estimation "
        "strategies and indicator construction",
        "Psychological Methods, 9(3), 275–300",
        "10.1037/1082-989X.9.3.275",
    ),
    Reference(
        "muthen_1984",
        ("Muthén, B.",),
        1984,
        "A general structural equation model with dichotomous, ordered categorical, and continuous "
        "latent variable indicators",
        "Psychometrika, 49(1), 115–132",
        "10.1007/BF02294210",
    ),
    Reference(
        "muthen_asparouhov_2002",
        ("Muthén, B.", "Asparouhov, T."),
        2002,
        "Latent variable analysis with categorical outcomes: Multiple-group and growth modeling in "
        "Mplus",
        "Mplus Web Notes, 4",
    ),
    Reference(
        "olsson_1979",
        ("Olsson, U.",),
        1979,
        "Maximum likelihood estimation of the polychoric correlation coefficient",
        "Psychometrika, 44(4), 443–460",
        "10.1007/BF02296207",
    ),
    Reference(
        "olsson_1982",
        ("Olsson, U.", "Drasgow, F.", "Dorans, N. J."),
        1982,
        "The polyserial correlation coefficient",
        "Psychometrika, 47(3), 337–347",
        "10.1007/BF02294164",
    ),
    Reference(
        "owen_1956",
        ("Owen, D. B.",),
        1956,
        "Tables for computing bivariate normal probabilities",
        "The Annals of Mathematical Statistics, 27(4), 1075–1090",
        "10.1214/aoms/1177728074",
    ),
    Reference(
        "varadhan_roland_2008",
        ("Varadhan, R.", "Roland, C."),
        2008,
        "Simple and globally convergent methods for accelerating the convergence of any EM "
        "algorithm",
        "Scandinavian Journal of Statistics, 35(2), 335–353",
        "10.1111/j.1467-9469.2007.00585.x",
    ),
    Reference(
        "white_1982",
        ("White, H.",),
        1982,
        "Maximum likelihood estimation of misspecified models",
        "Econometrica, 50(1), 1–25",
        "10.2307/1912526",
    ),
)
