"""What is computed beside the model of a study: models, draws and seeds, as data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from loyaltysem.core.text import Text


@dataclass(frozen=True, slots=True)
class Rival:
    """A model of the same indicators that might hold as well.

    Parameters
    ----------
    key : str
    label : Text
    model : str
        lavaan syntax.
    within : str
        Key of the less restricted rival it is nested in; empty where there is none.
    """

    key: str
    label: Text
    model: str
    within: str = ""


@dataclass(frozen=True, slots=True)
class Moderation:
    """A latent interaction, its factors measured by the means of their dimensions.

    Parameters
    ----------
    outcome, predictor, moderator : str
    predictor_scales, moderator_scales : mapping of str to tuple of str
        Items of each dimension; the first of the predictor is multiplied by the first of the
        moderator, and so on.
    measurement : str
        Measurement of the outcome, in lavaan syntax.
    product : str
        Name of the product factor.
    """

    outcome: str
    predictor: str
    moderator: str
    predictor_scales: Mapping[str, tuple[str, ...]]
    moderator_scales: Mapping[str, tuple[str, ...]]
    measurement: str
    product: str = "Interaction"


@dataclass(frozen=True, slots=True)
class Analyses:
    """The analyses of a study beyond its model; what is empty is not done.

    Parameters
    ----------
    rivals : tuple of Rival
    estimators : tuple of str
        Ways to fit the model side by side; WLSMV takes the answers as ordered.
    antecedents : str
        Model of what leads to the first variable; fitted by FIML.
    moderation : Moderation or None
    invariant : str
        Measurement model to hold across the groups of the study.
    structure : str
        Model without labels whose paths are compared between groups.
    effect : str
        Defined parameter or path that the study is about.
    drivers : tuple of str
        Latent variables whose rise is valued in currency.
    scores : mapping of str to tuple of str
        Scales asked for directly, and their items, held against behaviour.
    asked : tuple of str
        Single answers held against behaviour.
    names : mapping of str to Text
        Readers' names of groups, products, defined parameters and single answers.
    claims : mapping of str to Text
        Readers' names of what the printed study claims, and where.
    paper : callable or None
        The printed results to audit; asked when the study runs.
    draws, worth_draws, replicates : int
        Bootstrap samples of mediation and of the what-if; samples a level of dynamic cut-offs.
    seed : int
        Of everything random.
    """

    rivals: tuple[Rival, ...] = ()
    estimators: tuple[str, ...] = ()
    antecedents: str = ""
    moderation: Moderation | None = None
    invariant: str = ""
    structure: str = ""
    effect: str = ""
    drivers: tuple[str, ...] = ()
    scores: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    asked: tuple[str, ...] = ()
    names: Mapping[str, Text] = field(default_factory=dict)
    claims: Mapping[str, Text] = field(default_factory=dict)
    paper: Callable[[], Path] | None = None
    draws: int = 5000
    worth_draws: int = 1000
    replicates: int = 300
    seed: int = 20240101


#: The model alone.
NOTHING_MORE = Analyses(draws=0, replicates=0)
