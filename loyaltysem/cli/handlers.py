"""One function per command; each imports what it needs and returns an exit code."""

from __future__ import annotations

import argparse

from loyaltysem.cli import screening
from loyaltysem.cli.shared import (
    BAD_INPUT,
    DONE,
    command,
    converged,
    estimation_options,
    fitted,
    formats,
    picture,
    progress,
    read_text,
    whole_numbers,
    words,
    write_report,
)
from loyaltysem.core.errors import DataError


def report(arguments: argparse.Namespace) -> int:
    """Questionnaire, answers and model in; report and results out."""
    from loyaltysem.study.definitions import StudyDefinition
    from loyaltysem.study.pipeline import run

    kinds = formats(arguments.format)
    study = StudyDefinition(
        name=arguments.name or arguments.model.stem,
        title=None,
        questionnaire=lambda: arguments.questionnaire,
        data=lambda: arguments.data,
        model=read_text(arguments.model, "model"),
        fieldwork=screening.fieldwork(arguments),
    )
    analysis = run(
        study,
        options=estimation_options(arguments),
        encoding=arguments.encoding,
        command=command(arguments),
        progress=progress,
    )
    write_report(analysis, arguments.out, arguments.lang, kinds)
    if arguments.json:
        print(analysis.to_json(), end="")
    return converged(analysis.fit)


def reproduce(arguments: argparse.Namespace) -> int:
    """Analyse both shipped surveys."""
    from loyaltysem.study.definitions import ECSI, LOYALTY_STUDY
    from loyaltysem.study.pipeline import run

    kinds = formats(arguments.format)
    codes = []
    for study in (ECSI, LOYALTY_STUDY):
        analysis = run(study, command="loyaltysem reproduce", progress=progress)
        write_report(analysis, arguments.out / study.name, arguments.lang, kinds)
        codes.append(converged(analysis.fit))
    return max(codes)


def demo(arguments: argparse.Namespace) -> int:
    """Analyse the real survey if it is installed, the synthetic study otherwise."""
    from loyaltysem.core.errors import MissingExtraError
    from loyaltysem.study.definitions import ECSI, LOYALTY_STUDY
    from loyaltysem.study.pipeline import run

    kinds = formats(arguments.format)
    try:
        ECSI.data()
        study = ECSI
    except MissingExtraError as missing:
        progress(f"{missing.hint} to see a real survey; showing the synthetic study instead.")
        study = LOYALTY_STUDY
    analysis = run(study, command="loyaltysem demo", progress=progress)
    write_report(analysis, arguments.out / study.name, arguments.lang, kinds)
    return converged(analysis.fit)


def fit(arguments: argparse.Namespace) -> int:
    """Fit a model to a table and print the summary."""
    from loyaltysem.study.pipeline import analyse

    model = read_text(arguments.model, "model")
    fit = fitted(arguments, model)
    if arguments.json:
        analysis = analyse(fit, name=arguments.model.stem, command=command(arguments))
        print(analysis.to_json(), end="")
    else:
        print(fit.summary())
    return converged(fit)


def diagram(arguments: argparse.Namespace) -> int:
    """Fit a model to a table and draw it."""
    from loyaltysem.study.output import write_together

    kind = arguments.out.suffix.lower().lstrip(".")
    if kind not in ("svg", "png"):
        raise DataError(
            f"A picture is written as .svg or .png, not as '{arguments.out.name}'.",
            code="diagram.format",
            hint="Name the file, for instance, diagram.svg.",
        )
    from loyaltysem.reporting.path_diagram import path_diagram

    fit = fitted(arguments, read_text(arguments.model, "model"))
    axes = path_diagram(fit.parameters(standardized=True), fit.rsquare())
    write_together({arguments.out: picture(axes, kind)})
    progress(f"wrote {arguments.out}")
    return converged(fit)


def power(arguments: argparse.Namespace) -> int:
    """Print the power of a model's effects and the N they ask for."""
    from loyaltysem.analysis.power import power as find_power

    found = find_power(
        read_text(arguments.model, "model"),
        n=whole_numbers(arguments.n, "--n"),
        effect=words(arguments.effect),
        target=arguments.power,
        alpha=arguments.alpha,
        replicates=arguments.replicates,
        seed=arguments.seed,
        method="analytic" if arguments.analytic else "both",
        standardized=arguments.standardized,
        estimator=arguments.estimator,
    )
    print(found)
    return DONE


def questionnaire_check(arguments: argparse.Namespace) -> int:
    """Check a questionnaire; its faults are the error. Hints on the wording follow."""
    from loyaltysem.survey.exchange.formats import read_questionnaire
    from loyaltysem.survey.wording import wording_hints

    q = read_questionnaire(arguments.file)
    print(
        f"{arguments.file.name}: {len(q.items)} items, {len(q.constructs)} constructs; no problems."
    )
    hints = wording_hints(q)
    if len(hints):
        print(f"\nHints on the wording ({len(hints)}); whether they matter is for you to say:")
        print("\n".join(f"  {hint}" for hint in hints))
    return DONE


def questionnaire_export(arguments: argparse.Namespace) -> int:
    """Write a questionnaire for another program, and say what it cannot hold."""
    from loyaltysem.study.output import write_together
    from loyaltysem.survey.exchange.formats import export_questionnaire, read_questionnaire

    q = read_questionnaire(arguments.file)
    made = export_questionnaire(q, arguments.format, language=arguments.lang)
    write_together({arguments.out: made.content})
    progress(f"wrote {arguments.out}")
    print(made)
    return DONE


def questionnaire_codebook(arguments: argparse.Namespace) -> int:
    """Print a questionnaire's codebook as CSV, or write it to a file."""
    from loyaltysem.survey.codebook import make_codebook
    from loyaltysem.survey.exchange.formats import read_questionnaire
    from loyaltysem.survey.responses import read_responses

    q = read_questionnaire(arguments.file)
    book = make_codebook(q)
    if arguments.data:
        r = read_responses(arguments.data, q, encoding=arguments.encoding)
        book = make_codebook(r.questionnaire, r.frame, synthetic=r.synthetic)
    if arguments.out:
        progress(f"wrote {book.save(arguments.out, language=arguments.lang)}")
        return DONE
    other = "zh" if arguments.lang == "en" else "en"
    hidden = [name for name in book.table.columns if name.endswith(f"_{other}")]
    shown = book.table.drop(columns=hidden)
    print(shown.to_csv(index=False, lineterminator="\n"), end="")
    return DONE


def questionnaire_collect(arguments: argparse.Namespace) -> int:
    """Put many files of answers together into one, after holding each against the questionnaire."""
    from loyaltysem.study.output import write_together
    from loyaltysem.survey.collecting import collect_answers
    from loyaltysem.survey.exchange.answer_files import export_answers
    from loyaltysem.survey.questionnaire import load_questionnaire

    q = load_questionnaire(arguments.file)
    frame = collect_answers(arguments.answers, q, leave_out=arguments.out)
    write_together({arguments.out: export_answers(frame, q, "csv")})
    progress(f"wrote {arguments.out}")
    print(f"{len(frame)} answers")
    return DONE


def validate(arguments: argparse.Namespace) -> int:
    """Check answers; on failure every problem is printed as CSV. Screen them when asked."""
    from loyaltysem.survey.checking import ResponsesError
    from loyaltysem.survey.questionnaire import load_questionnaire
    from loyaltysem.survey.responses import read_responses

    screening.refuse_alone(arguments)
    questionnaire = load_questionnaire(arguments.questionnaire)
    try:
        responses = read_responses(
            arguments.data, questionnaire, encoding=arguments.encoding, identify=arguments.identify
        )
    except ResponsesError as error:
        print(error.problems.to_csv(index=False, lineterminator="\n"), end="")
        raise
    for name, count in responses.counts.items():
        print(f"{name}: {count}")
    for finding in responses.findings:
        print(finding)
    if arguments.screen:
        screening.show(responses, arguments)
    return DONE


def doctor(arguments: argparse.Namespace) -> int:
    """Print what is installed."""
    from loyaltysem.cli.doctor import as_json, examine

    checks = examine()
    print(as_json(checks) if arguments.json else "\n".join(map(str, checks)))
    return DONE if all(check.ok or check.optional for check in checks) else BAD_INPUT
