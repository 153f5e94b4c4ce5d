"""Works on bootstrap, simulation, power, influence and robustness, by key."""

from __future__ import annotations

from loyaltysem.core.source import Reference

RESAMPLING: tuple[Reference, ...] = (
    Reference(
        "cook_1977",
        ("Cook, R. D.",),
        1977,
        "Detection of influential observation in linear regression",
        "Technometrics, 19(1), 15–18",
        "10.1080/00401706.1977.10489493",
    ),
    Reference(
        "cook_1986",
        ("Cook, R. D.",),
        1986,
        "Assessment of local influence",
        "Journal of the Royal Statistical Society: Series B, 48(2), 133–169",
        "10.1111/j.2517-6161.1986.tb01398.x",
    ),
    Reference(
        "davison_hinkley_1997",
        ("Davison, A. C.", "Hinkley, D. V."),
        1997,
        "Bootstrap methods and their application",
        "Cambridge University Press",
        "10.1017/CBO9780511802843",
    ),
    Reference(
        "efron_1987",
        ("Efron, B.",),
        1987,
        "Better bootstrap confidence intervals",
        "Journal of the American Statistical Association, 82(397), 171–185",
        "10.1080/01621459.1987.10478410",
    ),
    Reference(
        "pek_maccallum_2011",
        ("Pek, J.", "MacCallum, R. C."),
        2011,
        "Sensitivity analysis in structural equation models: Cases and their influence",
        "Multivariate Behavioral Research, 46(2), 202–228",
        "10.1080/00273171.2011.561068",
    ),
    Reference(
        "simonsohn_2020",
        ("Simonsohn, U.", "Simmons, J. P.", "Nelson, L. D."),
        2020,
        "Specification curve analysis",
        "Nature Human Behaviour, 4(11), 1208–1214",
        "10.1038/s41562-020-0912-z",
    ),
    Reference(
        "steegen_2016",
        ("Steegen, S.", "Tuerlinckx, F.", "Gelman, A.", "Vanpaemel, W."),
        2016,
        "Increasing transparency through a multiverse analysis",
        "Perspectives on Psychological Science, 11(5), 702–712",
        "10.1177/1745691616658637",
    ),
    Reference(
        "sterba_pek_2012",
        ("Sterba, S. K.", "Pek, J."),
        2012,
        "Individual influence on model selection",
        "Psychological Methods, 17(4), 582–599",
    ),
)
