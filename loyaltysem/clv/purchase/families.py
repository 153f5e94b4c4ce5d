"""What the fitting of a model needs to know of it: one record a model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from loyaltysem.clv.purchase import bg_bb_terms, bg_nbd_terms, gamma_gamma_terms, pareto_nbd_terms
from loyaltysem.clv.purchase.histories import Histories
from loyaltysem.clv.purchase.mixture import Terms
from loyaltysem.core.types import Array

#: Which parameter a covariate multiplies, with which sign on the log scale, and the name's prefix.
Role: TypeAlias = tuple[int, float, str]


@dataclass(frozen=True, slots=True)
class Family:
    """A model as functions of its parameters (q, G) and of histories.

    Attributes
    ----------
    name : str
    parameters : tuple of str
        All positive; they are fitted on the log scale.
    logs, terms : callable
        Logarithms of the likelihood's terms, and these with derivatives.
    rows : int
        Kinds of customers worked on at once.
    purchase, dropout : tuple of Role
        What covariates of purchasing and of leaving act on.
    sources : tuple of str
        Keys of the works the model is from.
    """

    name: str
    parameters: tuple[str, ...]
    logs: Callable[[Array, Histories], Array]
    terms: Callable[[Array, Histories], Terms]
    rows: int
    purchase: tuple[Role, ...] = ()
    dropout: tuple[Role, ...] = ()
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Process:
    """What can be said of purchases under a model, at parameters (4, G).

    Attributes
    ----------
    family : Family
    alive : callable
        P(alive) at the end of observation.
    updated : callable
        Parameters of customers known to be alive then.
    stays : callable
        Probability of a new customer to be alive at an age.
    expected : callable
        Purchases a new customer is expected to make in a time.
    discounted : callable
        The same over all future time, discounted.
    mass : callable
        Probability of n purchases in a time.
    discrete : bool
        Time is counted in opportunities, and the discount rate is per opportunity.
    """

    family: Family
    alive: Callable[[Array, Histories], Array]
    updated: Callable[[Array, Histories], Array]
    stays: Callable[[Array, Array], Array]
    expected: Callable[[Array, Array], Array]
    discounted: Callable[[Array, float], Array]
    mass: Callable[[Array, Array, Array], Array]
    discrete: bool = False


BG_NBD = Process(
    Family(
        "BG/NBD",
        bg_nbd_terms.PARAMETERS,
        bg_nbd_terms.logs,
        bg_nbd_terms.terms,
        rows=65536,
        purchase=((1, -1.0, "purchase"),),
        dropout=((2, 1.0, "dropout_a"), (3, 1.0, "dropout_b")),
        sources=("fader_hardie_lee_counting_2005", "fader_hardie_2007"),
    ),
    bg_nbd_terms.alive,
    bg_nbd_terms.updated,
    bg_nbd_terms.stays,
    bg_nbd_terms.expected,
    bg_nbd_terms.discounted,
    bg_nbd_terms.mass,
)
PARETO_NBD = Process(
    Family(
        "Pareto/NBD",
        pareto_nbd_terms.PARAMETERS,
        pareto_nbd_terms.logs,
        pareto_nbd_terms.terms,
        rows=2048,
        purchase=((1, -1.0, "purchase"),),
        dropout=((3, -1.0, "dropout"),),
        sources=("schmittlein_1987", "fader_hardie_2005", "fader_hardie_2007"),
    ),
    pareto_nbd_terms.alive,
    pareto_nbd_terms.updated,
    pareto_nbd_terms.stays,
    pareto_nbd_terms.expected,
    pareto_nbd_terms.discounted,
    pareto_nbd_terms.mass,
)
BG_BB = Process(
    Family(
        "BG/BB",
        bg_bb_terms.PARAMETERS,
        bg_bb_terms.logs,
        bg_bb_terms.terms,
        rows=2048,
        sources=("fader_hardie_shang_2010",),
    ),
    bg_bb_terms.alive,
    bg_bb_terms.updated,
    bg_bb_terms.stays,
    bg_bb_terms.expected,
    bg_bb_terms.discounted,
    bg_bb_terms.mass,
    discrete=True,
)
GAMMA_GAMMA = Family(
    "Gamma-Gamma",
    gamma_gamma_terms.PARAMETERS,
    gamma_gamma_terms.logs,
    gamma_gamma_terms.terms,
    rows=65536,
    sources=("fader_hardie_lee_rfm_2005", "fader_hardie_2013"),
)
