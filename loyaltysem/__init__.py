"""loyaltysem: from a customer-loyalty questionnaire to a structural equation model and a report.

    import loyaltysem as ls

    fit = ls.sem("trust =~ tru1 + tru2 + tru3", data)
    print(fit.summary())

Names are imported when they are first used, so ``import loyaltysem`` costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from loyaltysem._version import __version__

if TYPE_CHECKING:
    from loyaltysem import clv as clv
    from loyaltysem.analysis.crosscheck import crosscheck
    from loyaltysem.analysis.exploration.adequacy import bartlett_sphericity, kmo
    from loyaltysem.analysis.exploration.efa import efa, principal
    from loyaltysem.analysis.exploration.map_test import map_test
    from loyaltysem.analysis.exploration.ordered import polychoric, polyserial
    from loyaltysem.analysis.exploration.parallel import parallel_analysis
    from loyaltysem.analysis.exploration.schmid_leiman import schmid_leiman
    from loyaltysem.analysis.fit_cutoffs import fit_cutoffs
    from loyaltysem.analysis.influence import influence
    from loyaltysem.analysis.interaction import indicator_products
    from loyaltysem.analysis.invariance import invariance
    from loyaltysem.analysis.marker import marker_variable
    from loyaltysem.analysis.measurement.distributions import describe
    from loyaltysem.analysis.measurement.heterotrait import htmt_intervals
    from loyaltysem.analysis.measurement.intraclass import icc
    from loyaltysem.analysis.measurement.model_reliability import reliability
    from loyaltysem.analysis.measurement.omega import omega
    from loyaltysem.analysis.measurement.retest import test_retest
    from loyaltysem.analysis.measurement.split_half import split_half
    from loyaltysem.analysis.method_bias import full_collinearity, harman
    from loyaltysem.analysis.method_factor import latent_method_factor
    from loyaltysem.analysis.missing_patterns import missing_patterns
    from loyaltysem.analysis.multiverse import multiverse
    from loyaltysem.analysis.nomological import nomological
    from loyaltysem.analysis.nonresponse import nonresponse
    from loyaltysem.analysis.normality import normality, outliers
    from loyaltysem.analysis.power import power
    from loyaltysem.analysis.reliability import cronbach_alpha
    from loyaltysem.analysis.slopes import simple_slopes
    from loyaltysem.analysis.validity import ave, composite_reliability, fornell_larcker, htmt
    from loyaltysem.clv.link.joining import link
    from loyaltysem.clv.loyalty_index import loyalty_index
    from loyaltysem.clv.transactions import transactions
    from loyaltysem.clv.triangulation import triangulate
    from loyaltysem.clv.what_if.verb import what_if
    from loyaltysem.estimation.compare import compare
    from loyaltysem.estimation.fit import cfa, growth, lavaan, sem
    from loyaltysem.estimation.simulate import simulate
    from loyaltysem.reporting.bootstrap_plot import bootstrap_plot
    from loyaltysem.reporting.cohort_plot import cohort_plot
    from loyaltysem.reporting.cutoff_plot import cutoff_plot
    from loyaltysem.reporting.experiment_plot import experiment_plot
    from loyaltysem.reporting.flow_diagram import flow_diagram
    from loyaltysem.reporting.htmt_plot import htmt_plot
    from loyaltysem.reporting.influence_plot import influence_plot
    from loyaltysem.reporting.item_plot import item_plot
    from loyaltysem.reporting.life_cycle_plot import life_cycle_plot, tier_plot
    from loyaltysem.reporting.loadings_plot import loadings_plot
    from loyaltysem.reporting.lorenz_plot import lorenz_plot
    from loyaltysem.reporting.path_diagram import path_diagram
    from loyaltysem.reporting.persona_plot import persona_plot
    from loyaltysem.reporting.report import report
    from loyaltysem.reporting.scree_plot import scree_plot
    from loyaltysem.reporting.screening_plot import screening_plot
    from loyaltysem.reporting.slopes_plot import region_plot, slopes_plot
    from loyaltysem.reporting.specification_curve import specification_curve
    from loyaltysem.reporting.survival_plot import survival_plot
    from loyaltysem.reporting.tracking_plot import tracking_plot
    from loyaltysem.reporting.value_plot import value_plot
    from loyaltysem.reporting.what_if_plot import what_if_plot
    from loyaltysem.study.audit.run import audit
    from loyaltysem.survey.codebook import make_codebook
    from loyaltysem.survey.collecting import collect_answers
    from loyaltysem.survey.exchange.answer_files import export_answers
    from loyaltysem.survey.exchange.formats import export_questionnaire, read_questionnaire
    from loyaltysem.survey.questionnaire import load_questionnaire
    from loyaltysem.survey.responses import read_responses
    from loyaltysem.survey.screening.criteria import ScreeningRule
    from loyaltysem.survey.wording import wording_hints

_HOMES = {
    "what_if_plot": "reporting.what_if_plot",
    "value_plot": "reporting.value_plot",
    "triangulate": "clv.triangulation",
    "loyalty_index": "clv.loyalty_index",
    "what_if": "clv.what_if.verb",
    "link": "clv.link.joining",
    "sem": "estimation.fit",
    "cfa": "estimation.fit",
    "growth": "estimation.fit",
    "lavaan": "estimation.fit",
    "compare": "estimation.compare",
    "simulate": "estimation.simulate",
    "cronbach_alpha": "analysis.reliability",
    "composite_reliability": "analysis.validity",
    "audit": "study.audit.run",
    "ave": "analysis.validity",
    "fornell_larcker": "analysis.validity",
    "htmt": "analysis.validity",
    "scree_plot": "reporting.scree_plot",
    "loadings_plot": "reporting.loadings_plot",
    "kmo": "analysis.exploration.adequacy",
    "bartlett_sphericity": "analysis.exploration.adequacy",
    "efa": "analysis.exploration.efa",
    "principal": "analysis.exploration.efa",
    "map_test": "analysis.exploration.map_test",
    "parallel_analysis": "analysis.exploration.parallel",
    "polychoric": "analysis.exploration.ordered",
    "polyserial": "analysis.exploration.ordered",
    "schmid_leiman": "analysis.exploration.schmid_leiman",
    "load_questionnaire": "survey.questionnaire",
    "export_questionnaire": "survey.exchange.formats",
    "read_questionnaire": "survey.exchange.formats",
    "export_answers": "survey.exchange.answer_files",
    "collect_answers": "survey.collecting",
    "make_codebook": "survey.codebook",
    "wording_hints": "survey.wording",
    "read_responses": "survey.responses",
    "indicator_products": "analysis.interaction",
    "simple_slopes": "analysis.slopes",
    "crosscheck": "analysis.crosscheck",
    "invariance": "analysis.invariance",
    "influence": "analysis.influence",
    "bootstrap_plot": "reporting.bootstrap_plot",
    "influence_plot": "reporting.influence_plot",
    "multiverse": "analysis.multiverse",
    "specification_curve": "reporting.specification_curve",
    "tracking_plot": "reporting.tracking_plot",
    "slopes_plot": "reporting.slopes_plot",
    "region_plot": "reporting.slopes_plot",
    "report": "reporting.report",
    "path_diagram": "reporting.path_diagram",
    "power": "analysis.power",
    "fit_cutoffs": "analysis.fit_cutoffs",
    "cutoff_plot": "reporting.cutoff_plot",
    "cohort_plot": "reporting.cohort_plot",
    "survival_plot": "reporting.survival_plot",
    "flow_diagram": "reporting.flow_diagram",
    "screening_plot": "reporting.screening_plot",
    "ScreeningRule": "survey.screening.criteria",
    "reliability": "analysis.measurement.model_reliability",
    "htmt_intervals": "analysis.measurement.heterotrait",
    "split_half": "analysis.measurement.split_half",
    "icc": "analysis.measurement.intraclass",
    "test_retest": "analysis.measurement.retest",
    "describe": "analysis.measurement.distributions",
    "normality": "analysis.normality",
    "outliers": "analysis.normality",
    "missing_patterns": "analysis.missing_patterns",
    "omega": "analysis.measurement.omega",
    "harman": "analysis.method_bias",
    "full_collinearity": "analysis.method_bias",
    "latent_method_factor": "analysis.method_factor",
    "marker_variable": "analysis.marker",
    "nonresponse": "analysis.nonresponse",
    "nomological": "analysis.nomological",
    "htmt_plot": "reporting.htmt_plot",
    "item_plot": "reporting.item_plot",
    "transactions": "clv.transactions",
    "experiment_plot": "reporting.experiment_plot",
    "life_cycle_plot": "reporting.life_cycle_plot",
    "tier_plot": "reporting.life_cycle_plot",
    "lorenz_plot": "reporting.lorenz_plot",
    "persona_plot": "reporting.persona_plot",
}

__all__ = [
    "ScreeningRule",
    "__version__",
    "audit",
    "ave",
    "bartlett_sphericity",
    "bootstrap_plot",
    "cfa",
    "cohort_plot",
    "collect_answers",
    "compare",
    "composite_reliability",
    "cronbach_alpha",
    "crosscheck",
    "cutoff_plot",
    "describe",
    "efa",
    "experiment_plot",
    "export_answers",
    "export_questionnaire",
    "fit_cutoffs",
    "flow_diagram",
    "fornell_larcker",
    "full_collinearity",
    "growth",
    "harman",
    "htmt",
    "htmt_intervals",
    "htmt_plot",
    "icc",
    "indicator_products",
    "influence",
    "influence_plot",
    "invariance",
    "item_plot",
    "kmo",
    "latent_method_factor",
    "lavaan",
    "life_cycle_plot",
    "link",
    "load_questionnaire",
    "loadings_plot",
    "lorenz_plot",
    "loyalty_index",
    "make_codebook",
    "map_test",
    "marker_variable",
    "missing_patterns",
    "multiverse",
    "nomological",
    "nonresponse",
    "normality",
    "omega",
    "outliers",
    "parallel_analysis",
    "path_diagram",
    "persona_plot",
    "polychoric",
    "polyserial",
    "power",
    "principal",
    "read_questionnaire",
    "read_responses",
    "region_plot",
    "reliability",
    "report",
    "schmid_leiman",
    "scree_plot",
    "screening_plot",
    "sem",
    "simple_slopes",
    "simulate",
    "slopes_plot",
    "specification_curve",
    "split_half",
    "survival_plot",
    "test_retest",
    "tier_plot",
    "tracking_plot",
    "transactions",
    "triangulate",
    "value_plot",
    "what_if",
    "what_if_plot",
    "wording_hints",
]


def __getattr__(name: str) -> Any:
    if name == "clv":  # the namespace of customer value, itself lazy
        return importlib.import_module("loyaltysem.clv")
    if name not in _HOMES:
        raise AttributeError(f"module 'loyaltysem' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"loyaltysem.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "clv"})
