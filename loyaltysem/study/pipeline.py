"""From a study's definition, or a fitted model, to the finished analysis."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeAlias

import pandas as pd

from loyaltysem.analysis.validity import fornell_larcker, indicators
from loyaltysem.core.errors import Finding
from loyaltysem.core.text import Text
from loyaltysem.estimation.findings import refuse_too_few_cases
from loyaltysem.estimation.fit import cfa, sem
from loyaltysem.estimation.result import SEMResult
from loyaltysem.study import findings, sections, survey_sections
from loyaltysem.study.analysis import Analysis
from loyaltysem.study.audited import jars_table
from loyaltysem.study.definitions import StudyDefinition
from loyaltysem.study.effect_sizes import effect_sizes_table
from loyaltysem.study.further import further_part
from loyaltysem.study.gathered import gather
from loyaltysem.study.hypotheses import Hypothesis, two_sided
from loyaltysem.study.part import Part, together
from loyaltysem.study.provenance import provenance
from loyaltysem.study.published import WHOLE_MODEL, PublishedResults, published_table
from loyaltysem.study.quality import field_part, quality_part
from loyaltysem.survey.questionnaire import Questionnaire
from loyaltysem.survey.responses import Responses
from loyaltysem.survey.screening.result import Screening

Progress: TypeAlias = Callable[[str], None]


def run(
    study: StudyDefinition,
    *,
    options: Mapping[str, Any] = MappingProxyType({}),
    encoding: str | None = None,
    command: str | None = None,
    progress: Progress | None = None,
) -> Analysis:
    """Read a study's files, fit its model and analyse it.

    Parameters
    ----------
    study : StudyDefinition
        What to run.
    options : mapping
        Further arguments of `loyaltysem.sem`: estimator, missing, ordered …
    encoding : str, optional
        Encoding of the data file; UTF-8 unless given.
    command : str, optional
        Command line, for the provenance.
    progress : callable, optional
        Told in plain lines what is being done.

    Returns
    -------
    Analysis

    Raises
    ------
    LoyaltySemError
        A file cannot be used, the model cannot be read, or it cannot be fitted.
    """
    say = progress or _silent
    say(f"{study.name}: reading questionnaire and answers …")
    gathered = gather(study, encoding=encoding)
    screening, responses = gathered.screening, gathered.responses
    data = responses.data
    say(f"{study.name}: fitting the model to {len(data)} answers …")
    fit = sem(study.model, data, **options)
    refuse_too_few_cases(fit.findings)
    say(f"{study.name}: {_size(fit)}")
    further = further_part(study, gathered, fit, say)
    say(f"{study.name}: computing the tables …")
    return analyse(
        fit,
        name=study.name,
        title=study.title,
        responses=responses,
        hypotheses=study.hypotheses,
        published=study.published,
        screening=screening,
        sent=study.fieldwork.sent,
        returned=study.fieldwork.returned,
        wave=study.fieldwork.wave,
        command=command,
        further=further,
        analyses_seed=study.analyses.seed,
        names=study.analyses.names,
    )


def analyse(
    fit: SEMResult,
    *,
    name: str = "model",
    title: Text | None = None,
    questionnaire: Questionnaire | None = None,
    responses: Responses | None = None,
    hypotheses: Sequence[Hypothesis] | None = None,
    published: PublishedResults | None = None,
    screening: Screening | None = None,
    sent: int | None = None,
    returned: int | None = None,
    wave: str | None = None,
    command: str | None = None,
    seed: int | None = None,
    further: Part | None = None,
    analyses_seed: int | None = None,
    names: Mapping[str, Text] = MappingProxyType({}),
) -> Analysis:
    """Gather everything a report prints about a fitted model.

    Parameters
    ----------
    fit : SEMResult
        A fitted single-group model.
    name : str
        Short name of the study.
    title : Text, optional
        Title for readers; default: the questionnaire's, or the name.
    questionnaire : Questionnaire, optional
        Gives wording and labels; default: that of the responses.
    responses : Responses, optional
        The answers the model was fitted to; whatever does not come from the model alone needs
        them.
    hypotheses : sequence of Hypothesis, optional
        Claims to judge; default: every structural path, two-sided.
    published : PublishedResults, optional
        Printed results to hold ours against; needs the responses.
    screening : Screening, optional
        Whose remarks and rule the report shows, with the results with and without those who meet
        it; default: ``responses.screen()``, unless respondents had been left out before.
    sent, returned : int, optional
        Questionnaires sent; and returned, when the answers do not hold all of them.
    wave : str, optional
        Column that tells early from late respondents; a few usual names are recognised.
    command : str, optional
        Command line, for the provenance.
    seed : int, optional
        Seed of the data; default: the one the responses' provenance states.
    further : Part, optional
        Analyses beside the model, which hypotheses may name as their evidence.
    analyses_seed : int, optional
        Their seed.
    names : mapping of str to Text
        Readers' names beyond those of the questionnaire.

    Returns
    -------
    Analysis

    Raises
    ------
    IncompatibleRequestError
        The model has several groups.
    """
    instrument = responses.questionnaire if questionnaire is None and responses else questionnaire
    screening = _screening(responses, screening)
    named = survey_sections.variable_labels(instrument, indicators(fit))
    parameters = sections.parameters_table(fit)
    claims = hypotheses or _every_path(parameters)
    tables = {
        **_model_tables(fit, parameters),
        **_survey_tables(fit, instrument, responses, named),
    }
    more = Part()
    if responses is not None:
        field = field_part(fit, responses, screening, claims, sent, returned)
        quality = quality_part(fit, responses, indicators(fit), named, wave)
        more = together((field, quality))
        tables |= more.tables
    if further is not None:
        tables |= further.tables
        more = Part(more.tables, (*more.findings, *further.findings), further.results)
    tables |= _judgement(fit, parameters, claims, tables)
    if published is not None and responses is not None:
        tables["published"] = _published(published, fit, responses.data, tables["reliability"])
    return Analysis(
        name=name,
        title=title or (instrument.title if instrument else Text(name)),
        synthetic=responses is not None and responses.synthetic,
        provenance=_provenance(fit, instrument, responses, seed, command)
        | ({} if analyses_seed is None else {"analyses_seed": analyses_seed}),
        fit=fit,
        findings=findings.merged(_findings(fit, responses, tables, named), more.findings),
        model_text=fit.plan.model,
        tables=tables,
        labels={**_constructs(instrument), **names, **named},
        results=more.results,
    )


def _constructs(instrument: Questionnaire | None) -> dict[str, Text]:
    """Return the labels of a questionnaire's scales, those outside the model among them."""
    return {scale.name: scale.label for scale in instrument.constructs} if instrument else {}


def _judgement(
    fit: SEMResult,
    parameters: pd.DataFrame,
    claims: Sequence[Hypothesis],
    tables: Mapping[str, pd.DataFrame],
) -> dict[str, pd.DataFrame]:
    """Return effect sizes, the hypotheses with the evidence of all analyses, and the checklist."""
    sizes = effect_sizes_table(fit)
    judged = {"hypotheses": sections.hypotheses_table(claims, parameters, tables, sizes)}
    if not sizes.empty:
        judged["effect_sizes"] = sizes
    judged = {key: frame for key, frame in judged.items() if not frame.empty}
    return {**judged, "jars": jars_table({**tables, **judged})}


def _screening(responses: Responses | None, given: Screening | None) -> Screening | None:
    """Return the screening to show; without one, all answers at hand are screened.

    After exclusions the answers left out are not at hand, and a screening of the rest would remark
    upon people whom the researcher had kept.
    """
    if given is not None or responses is None or responses.exclusions:
        return given
    return responses.screen()


def _silent(_message: str) -> None:
    """Say nothing."""


def _size(fit: SEMResult) -> str:
    measures = fit.fit_measures()
    return (
        f"{len(indicators(fit))} latent variables, {measures['npar']:.0f} parameters, "
        f"df = {measures['df']:.0f}, N = {measures['ntotal']:.0f}"
    )


def _every_path(parameters: pd.DataFrame) -> tuple[Hypothesis, ...]:
    """Return a two-sided hypothesis for every structural path."""
    paths = sections.paths_table(parameters)
    return two_sided(list(zip(paths["outcome"], paths["predictor"], strict=True)))


def _model_tables(fit: SEMResult, parameters: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the tables that the fitted model alone gives; empty ones are left out."""
    tables = {
        "fit": sections.fit_table(sections.measures_of(fit)),
        "loadings": sections.loadings_table(parameters),
        "paths": sections.paths_table(parameters),
        "defined": sections.defined_table(parameters),
        "covariances": sections.covariances_table(parameters),
        "rsquare": sections.rsquare_table(fit),
        "parameters": parameters,
    }
    return {key: frame for key, frame in tables.items() if not frame.empty}


def _survey_tables(
    fit: SEMResult,
    questionnaire: Questionnaire | None,
    responses: Responses | None,
    labels: Mapping[str, Text],
) -> dict[str, pd.DataFrame]:
    """Return sample, items, reliability and discriminant validity, as far as data allow."""
    measurement = indicators(fit)
    data = None if responses is None else responses.data
    tables: dict[str, pd.DataFrame] = {}
    if responses is not None:
        tables["sample"] = survey_sections.sample_table(fit, responses)
        tables["items"] = survey_sections.items_table(responses, questionnaire)
    if measurement:
        tables["reliability"] = survey_sections.reliability_table(fit, data, labels)
    return {**tables, **_discriminant_tables(fit, measurement, data)}


def _discriminant_tables(
    fit: SEMResult, measurement: Mapping[str, Sequence[str]], data: pd.DataFrame | None
) -> dict[str, pd.DataFrame]:
    """Return Fornell–Larcker tables, one for each level of factors, and HTMT."""
    first, top = survey_sections.levels(measurement)
    tables = {}
    if len(first) > 1:
        tables["fornell_larcker"] = fornell_larcker(fit, first)
    if len(top) > 1 and top != first:
        tables["fornell_larcker_top"] = fornell_larcker(fit, top)
    ratios = None if data is None else survey_sections.htmt_table(data, measurement)
    if ratios is not None:
        tables["htmt"] = ratios
    return tables


def _published(
    published: PublishedResults, fit: SEMResult, data: pd.DataFrame, reliability: pd.DataFrame
) -> pd.DataFrame:
    """Fit the side models and return printed against reproduced numbers."""
    scales = zip(reliability["construct"], reliability["alpha"], strict=True)
    reproduced = {(str(construct), "alpha"): float(alpha) for construct, alpha in scales}
    fits = {WHOLE_MODEL: fit}
    fits.update((group, cfa(model, data)) for group, model in published.side_models.items())
    for group, fitted in fits.items():
        measures = sections.measures_of(fitted)
        reproduced.update(((group, name), value) for name, value in measures.items())
    return published_table(published, reproduced)


def _findings(
    fit: SEMResult,
    responses: Responses | None,
    tables: Mapping[str, pd.DataFrame],
    labels: Mapping[str, Text],
) -> tuple[Finding, ...]:
    groups: list[Sequence[Finding]] = [
        () if responses is None else responses.findings,
        fit.findings,
        findings.fit_findings(tables["fit"]),
        findings.correction_finding(
            sections.is_corrected(fit), fit.plan.row.description, fit.plan.test
        ),
    ]
    if "paths" in tables:
        groups.append(findings.path_findings(tables["paths"], labels))
    if responses is not None:
        groups.append(survey_sections.alpha_findings(responses.data, indicators(fit)))
    if "reliability" in tables:
        groups.append(findings.reliability_findings(tables["reliability"], labels))
    for key, ratios in (
        ("fornell_larcker", tables.get("htmt")),
        ("fornell_larcker_top", None),
    ):
        if key in tables:
            groups.append(findings.discriminant_findings(tables[key], ratios, labels))
    return findings.merged(*groups)


def _provenance(
    fit: SEMResult,
    questionnaire: Questionnaire | None,
    responses: Responses | None,
    seed: int | None,
    command: str | None,
) -> dict[str, object]:
    files: dict[str, str] = {}
    if responses is not None:
        files |= {"data_file": responses.file_name, "data_sha256": responses.data_hash}
        seed = responses.provenance.seed if seed is None else seed
    if questionnaire is not None:
        files |= {
            "questionnaire_file": questionnaire.file_name,
            "questionnaire_sha256": questionnaire.file_hash,
        }
    measures = fit.fit_measures()
    return provenance(
        model_text=fit.plan.model,
        estimator=fit.plan.estimator,
        n_obs=int(measures["ntotal"]),
        n_parameters=int(measures["npar"]),
        files=files,
        seed=seed,
        command=command,
    )
