"""The commands and their options; nothing heavy is imported to show help."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from loyaltysem._version import __version__
from loyaltysem.cli import handlers
from loyaltysem.cli.auditing import add_audit
from loyaltysem.cli.clv import add_clv

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

LANGUAGE_CHOICES = ("en", "zh", "both")


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="loyaltysem",
        description="Survey and structural-equation toolkit for customer loyalty research.",
        epilog="Exit codes: 0 done, 1 bad input, 2 bad usage, 3 not converged, 130 interrupted.",
    )
    parser.add_argument("--version", action="version", version=f"loyaltysem {__version__}")
    commands = parser.add_subparsers(
        title="commands", metavar="<command>", required=True, dest="command"
    )
    _add_report(commands)
    _add_reproduce(commands)
    _add_fit(commands)
    _add_diagram(commands)
    _add_power(commands)
    _add_questionnaire(commands)
    _add_validate(commands)
    add_audit(commands)
    add_clv(commands)
    doctor = commands.add_parser("doctor", help="show versions, installed extras, fonts")
    doctor.add_argument("--json", action="store_true", help="print as JSON")
    doctor.set_defaults(handler=handlers.doctor)
    return parser


def _add_report(commands: Commands) -> None:
    report = commands.add_parser("report", help="questionnaire + answers + model → report")
    report.add_argument("--questionnaire", type=Path, required=True, help="questionnaire, YAML")
    report.add_argument("--data", type=Path, required=True, help="answers, CSV")
    report.add_argument("--model", type=Path, required=True, help="model in lavaan syntax")
    report.add_argument("--out", type=Path, required=True, help="folder for the report")
    report.add_argument("--name", help="name of the study (default: name of the model file)")
    report.add_argument("--json", action="store_true", help="also print results.json")
    report.add_argument("--sent", type=int, help="questionnaires sent, for the response flow")
    report.add_argument(
        "--leave-out",
        metavar="RULE",
        help="results without those who meet this screening rule: standard, direct or a criterion "
        "(default: nobody is left out; either way the report shows both)",
    )
    report.add_argument("--wave", help="column with waves or times: early against late answers")
    _add_screening(report)
    _add_language(report, "en")
    _add_formats(report, "html")
    _add_estimation(report)
    report.set_defaults(handler=handlers.report)


def _add_reproduce(commands: Commands) -> None:
    reproduce = commands.add_parser(
        "reproduce", help="analyse the two shipped surveys: ECSI and the loyalty study"
    )
    demo = commands.add_parser("demo", help="analyse one shipped survey, to see a report")
    for parser, handler in ((reproduce, handlers.reproduce), (demo, handlers.demo)):
        parser.add_argument("--out", type=Path, default=Path("out"), help="folder (default: out)")
        _add_language(parser, "both")
        _add_formats(parser, None)
        parser.set_defaults(handler=handler)


def _add_fit(commands: Commands) -> None:
    fit = commands.add_parser("fit", help="fit a model and print its summary")
    _add_model_and_data(fit)
    fit.add_argument("--json", action="store_true", help="print the results as JSON")
    _add_estimation(fit)
    fit.add_argument("--group", help="column that tells groups apart")
    fit.add_argument("--group-equal", help="what is equal across groups: loadings,intercepts,…")
    fit.set_defaults(handler=handlers.fit)


def _add_diagram(commands: Commands) -> None:
    diagram = commands.add_parser("diagram", help="fit a model and draw its path diagram")
    _add_model_and_data(diagram)
    diagram.add_argument("--out", type=Path, required=True, help="picture: .svg or .png")
    _add_estimation(diagram)
    diagram.set_defaults(handler=handlers.diagram)


def _add_power(commands: Commands) -> None:
    power = commands.add_parser("power", help="how many cases it takes to see an effect")
    power.add_argument("model", type=Path, help="model in lavaan syntax, a value on every path")
    power.add_argument("--n", help="cases: 200, or 100,200,400 (default: looked for)")
    power.add_argument(
        "--effect", help="what the study is about: loyalty~trust, a label; several by commas"
    )
    power.add_argument("--power", type=float, default=0.80, help="power wanted (default: .80)")
    power.add_argument("--alpha", type=float, default=0.05, help="size of tests (default: .05)")
    power.add_argument(
        "--replicates", type=int, default=1000, help="samples at each N (default: 1000)"
    )
    power.add_argument("--seed", type=int, default=1, help="of the samples (default: 1)")
    power.add_argument("--estimator", default="ML", help="ML, MLR … (default: ML)")
    power.add_argument("--standardized", action="store_true", help="the values are standardised")
    power.add_argument("--analytic", action="store_true", help="theory only, nothing is simulated")
    power.set_defaults(handler=handlers.power)


def _add_questionnaire(commands: Commands) -> None:
    parser = commands.add_parser(
        "questionnaire", help="check a questionnaire, write it for other programs, describe it"
    )
    actions = parser.add_subparsers(title="actions", metavar="<action>", required=True)
    check = actions.add_parser("check", help="check a questionnaire file; hints on its wording")
    export = actions.add_parser("export", help="write a questionnaire for another program")
    codebook = actions.add_parser("codebook", help="print the codebook of a questionnaire")
    collect = actions.add_parser("collect", help="put the files of a web form together")
    for action, handler in (
        (check, handlers.questionnaire_check),
        (export, handlers.questionnaire_export),
        (codebook, handlers.questionnaire_codebook),
        (collect, handlers.questionnaire_collect),
    ):
        action.add_argument("file", type=Path, help="questionnaire, YAML")
        action.set_defaults(handler=handler)
    export.add_argument(
        "--format",
        required=True,
        help="html (a form filled in offline), xlsform, surveyjs, limesurvey, sav, yaml",
    )
    for action in (export, codebook):
        action.add_argument("--lang", choices=("en", "zh"), default="en", help="language")
    export.add_argument("--out", type=Path, required=True, help="file to write")
    codebook.add_argument("--data", type=Path, help="answers, to describe them too")
    codebook.add_argument("--encoding", help="encoding of the answers (default: utf-8)")
    codebook.add_argument("--out", type=Path, help="file to write: .md, .html or .csv")
    collect.add_argument("answers", type=Path, nargs="+", help="files of answers, or folders")
    collect.add_argument("--out", type=Path, required=True, help="file to write, CSV")


def _add_validate(commands: Commands) -> None:
    validate = commands.add_parser("validate", help="check a file of answers")
    validate.add_argument("--questionnaire", type=Path, required=True, help="questionnaire, YAML")
    validate.add_argument(
        "--data", type=Path, required=True, help="answers: CSV, .xlsx, .sav, .dta, SurveyJS .json"
    )
    validate.add_argument("--encoding", help="encoding of the answers (default: utf-8)")
    validate.add_argument(
        "--identify", action="store_true", help="name respondents by their ids, not by rows alone"
    )
    validate.add_argument("--screen", action="store_true", help="look for careless answers, too")
    _add_screening(validate)
    validate.add_argument("--table", type=Path, help="with --screen: all indices and reasons, CSV")
    validate.add_argument("--picture", type=Path, help="with --screen: .svg or .png")
    validate.add_argument(
        "--lang", choices=("en", "zh"), default="en", help="with --screen: language (default: en)"
    )
    validate.set_defaults(handler=handlers.validate)


def _add_screening(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rule", help="screening rule: standard (default), direct or a criterion")
    parser.add_argument("--seconds", help="column with the time taken, or those of start,end")
    parser.add_argument("--sources", help="columns that tell where answers came from, by commas")


def _add_language(parser: argparse.ArgumentParser, default: str) -> None:
    parser.add_argument(
        "--lang", choices=LANGUAGE_CHOICES, default=default, help=f"language (default: {default})"
    )


def _add_formats(parser: argparse.ArgumentParser, default: str | None) -> None:
    parser.add_argument(
        "--format",
        metavar="KINDS",
        default=default,
        help=f"html, pdf, docx; several by commas (default: {default or 'all that are installed'})",
    )


def _add_model_and_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", type=Path, required=True, help="model in lavaan syntax")
    parser.add_argument("--data", type=Path, required=True, help="data, CSV with a header row")


def _add_estimation(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--estimator", default="ML", help="ML, MLR, WLSMV … (default: ML; WLSMV with --ordered)"
    )
    parser.add_argument(
        "--missing",
        choices=("listwise", "fiml"),
        default="listwise",
        help="leave incomplete cases out, or use what they have (default: listwise)",
    )
    parser.add_argument("--ordered", help="items analysed as ordered categories: q1,q2,…")
    parser.add_argument("--encoding", help="encoding of the data (default: utf-8)")
