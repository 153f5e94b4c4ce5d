"""Customer lifetime value and behavioural loyalty from a log of orders.

Functions are loaded when they are first asked for, as at the package's door.
"""

from __future__ import annotations

from importlib import import_module

_HOMES: dict[str, str] = {
    "cdnow": "examples",
    "donations": "examples",
    "simple_clv": "formulas.as_printed",
    "simple_net": "formulas.as_printed",
    "life_cycle_clv": "formulas.as_printed",
    "life_cycle_net": "formulas.as_printed",
    "probability_clv": "formulas.as_printed",
    "probability_net": "formulas.as_printed",
    "beckman_clv": "formulas.as_printed",
    "beckman_net": "formulas.as_printed",
    "kass_clv": "formulas.as_printed",
    "kass_net": "formulas.as_printed",
    "life_cycle_value": "formulas.as_printed",
    "life_cycle_value_net": "formulas.as_printed",
    "discounted_clv": "formulas.discounted",
    "berger_nasr_clv": "formulas.discounted",
    "referral_value": "formulas.scores",
    "value_scores": "formulas.scores",
    "compare_formulas": "formulas.comparison",
    "ab_test": "experiment.ab_test",
    "experiment_design": "experiment.design",
    "life_cycle": "segments.life_cycle",
    "FixedRule": "segments.stage_rules",
    "RhythmRule": "segments.stage_rules",
    "AliveRule": "segments.stage_rules",
    "bg_nbd": "purchase.models",
    "pareto_nbd": "purchase.models",
    "bg_bb": "purchase.models",
    "gamma_gamma": "purchase.spending",
    "simulate_bg_nbd": "purchase.simulate",
    "simulate_pareto_nbd": "purchase.simulate",
    "simulate_bg_bb": "purchase.simulate",
    "simulate_gamma_gamma": "purchase.simulate",
    "concentration": "segments.concentration",
    "value_classes": "segments.value_classes",
    "loyalty_classes": "segments.value_classes",
    "load_tiers": "segments.tier_file",
    "tiers": "segments.tiers",
    "tier_change": "segments.tier_change",
    "tier_schema": "segments.tier_file",
    "personas": "segments.personas",
    "anomalies": "segments.anomalies",
    "AnomalyRule": "segments.anomalies",
    "early_warning": "segments.early_warning",
    "back_test": "segments.early_warning",
    "WarningRule": "segments.warning_signals",
    "holdout": "purchase.holdout",
}

__all__: list[str] = [
    "AliveRule",
    "AnomalyRule",
    "FixedRule",
    "RhythmRule",
    "WarningRule",
    "ab_test",
    "anomalies",
    "back_test",
    "beckman_clv",
    "beckman_net",
    "berger_nasr_clv",
    "bg_bb",
    "bg_nbd",
    "cdnow",
    "compare_formulas",
    "concentration",
    "discounted_clv",
    "donations",
    "early_warning",
    "experiment_design",
    "gamma_gamma",
    "holdout",
    "kass_clv",
    "kass_net",
    "life_cycle",
    "life_cycle_clv",
    "life_cycle_net",
    "life_cycle_value",
    "life_cycle_value_net",
    "load_tiers",
    "loyalty_classes",
    "pareto_nbd",
    "personas",
    "probability_clv",
    "probability_net",
    "referral_value",
    "simple_clv",
    "simple_net",
    "simulate_bg_bb",
    "simulate_bg_nbd",
    "simulate_gamma_gamma",
    "simulate_pareto_nbd",
    "tier_change",
    "tier_schema",
    "tiers",
    "value_classes",
    "value_scores",
]


def __getattr__(name: str) -> object:
    if name == "bayes":  # the models of this name by Markov chains, functions of their own
        return import_module(f"{__name__}.purchase.bayes")
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
