"""The way out: a fit as a folder that R and lavaan can run on their own."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from math import isfinite, nan
from pathlib import Path
from string import Template
from typing import TypeAlias

import pandas as pd

from loyaltysem.core.errors import DataError, IncompatibleRequestError
from loyaltysem.estimation.rotation_request import RotationPlan
from loyaltysem.estimation.solved import Solved
from loyaltysem.model.auxiliary import auxiliary_text
from loyaltysem.moments.complete import SampleMoments
from loyaltysem.moments.data import GroupedData

RValue: TypeAlias = bool | str | Sequence[str] | Mapping[str, float]
#: What is compared besides the parameters; our names, lavaan has "." for "_".
MEASURES = (
    "chisq", "df", "cfi", "tli", "rmsea", "srmr", "logl", "aic", "bic", "chisq_scaled",
    "df_scaled", "cfi_scaled", "rmsea_scaled",
)  # fmt: skip
#: Not compared with auxiliary variables, which lavaan's baseline model does not know.
OTHERWISE_WITH_AUXILIARY = ("cfi", "tli", "srmr", "cfi_scaled")
#: Parts that lavaan has from 0.6-21 on.
RECENT = frozenset({"robust.sem.nt", "browne.residual.nt"})
#: Files of an export; a folder that holds anything else is not written over.
FILES = frozenset(
    {"model.R", "data.csv", "means.csv", "expected.csv", "expected.json", "README.md"}
)
#: Column that tells apart the moments of several groups.
GROUP = ".group"
TOLERANCE = 1e-4


def write_lavaan(fit: Solved, folder: str | os.PathLike[str]) -> Path:
    """Write model, data and our numbers for lavaan (see `SEMResult.to_lavaan`)."""
    target = Path(folder)
    _check_target(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    staged = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        for name, text in _files(fit).items():
            (staged / name).write_text(text, encoding="utf-8", newline="\n")
        staged.chmod(0o755)  # temporary folders start out private
        _put_in_place(staged, target)
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    return target


def _check_target(target: Path) -> None:
    if target.exists() and not target.is_dir():
        found = "a file of that name"
    else:
        foreign = sorted({p.name for p in target.glob("*")} - FILES) if target.exists() else []
        found = f"{', '.join(map(repr, foreign[:5]))} in it" if foreign else ""
    if found:
        raise DataError(
            f"'{target}' is not written over: there is {found}.",
            code="output.folder_taken",
            hint="Choose a new folder, or an earlier export.",
        )


def _put_in_place(staged: Path, target: Path) -> None:
    """Move the finished folder to its name; an earlier export is set aside until that is done."""
    if not target.exists():
        staged.rename(target)
        return
    aside = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        target.rename(aside / "old")
        try:
            staged.rename(target)
        except OSError:
            (aside / "old").rename(target)
            raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _files(fit: Solved) -> dict[str, str]:
    arguments = _arguments(fit)
    files = {
        "data.csv": _covariances(fit) if fit.data is None else _cases(fit.data, fit.plan.group)
    }
    if fit.data is None and fit.table.defaults.meanstructure:
        files["means.csv"] = _means(fit)
    return files | {
        "model.R": _script(fit, arguments),
        "expected.csv": _expected(fit).to_csv(index=False, na_rep=""),
        "expected.json": _expected_json(fit),
        "README.md": README,
    }


def _arguments(fit: Solved) -> dict[str, RValue]:
    """Return lavaan's arguments, every default made explicit."""
    plan, defaults = fit.plan, fit.table.defaults
    arguments: dict[str, RValue] = {
        "estimator": plan.estimator,
        "se": plan.se,
        "test": plan.test,
        "information": plan.information,
        "missing": plan.missing,
        "meanstructure": defaults.meanstructure,
        "fixed.x": defaults.fixed_x,
        "std.lv": defaults.std_lv,
        "orthogonal": defaults.orthogonal,
    }
    if plan.likelihood != "normal":  # lavaan refuses the argument for estimators other than ML
        arguments["likelihood"] = plan.likelihood
    if plan.rotation is not None:
        arguments |= {"rotation": plan.rotation.name, "rotation.args": _rotation(plan.rotation)}
    if plan.ordered:
        arguments |= {"ordered": plan.ordered, "parameterization": defaults.parameterization}
    if plan.group is not None and fit.data is not None:
        arguments |= {"group": plan.group, "group.label": fit.data.labels}
    if fit.groups:
        arguments |= {"group.equal": sorted(defaults.group_equal)} if defaults.group_equal else {}
        arguments |= {"group.partial": defaults.group_partial} if defaults.group_partial else {}
    return arguments


def _rotation(rotation: RotationPlan) -> dict[str, float]:
    return {
        "geomin.epsilon": rotation.epsilon,
        "oblimin.gamma": rotation.gamma,
        "rstarts": rotation.n_starts,
    }


def _cases(data: GroupedData, group: str | None) -> str:
    """Return the analysed cases in their original order, with the group's column."""
    parts = []
    for label, values, rows in zip(data.labels, data.values, data.rows, strict=True):
        part = pd.DataFrame(values, index=rows, columns=list(data.names))
        if group is not None:
            part[group] = label
        parts.append(part)
    return pd.concat(parts).sort_index().to_csv(index=False)


def _covariances(fit: Solved) -> str:
    """Return the covariance matrices as they were given, divided by N − 1, one below the other."""
    sample, names = fit.sample, list(fit.sample.names)
    offset = sample.divisor_offset if isinstance(sample, SampleMoments) else 0
    parts = []
    for label, cov, n in zip(fit.table.groups, sample.cov, sample.n_obs, strict=True):
        part = pd.DataFrame(cov[0] * ((n - offset) / (n - 1)), columns=names)
        part.insert(0, GROUP, label)
        parts.append(part)
    return _without_one_group(pd.concat(parts), fit).to_csv(index=False)


def _means(fit: Solved) -> str:
    sample, names = fit.sample, list(fit.sample.names)
    parts = [
        pd.DataFrame({GROUP: label, "name": names, "mean": mean[0]})
        for label, mean in zip(fit.table.groups, sample.mean, strict=True)
    ]
    return _without_one_group(pd.concat(parts), fit).to_csv(index=False)


def _without_one_group(frame: pd.DataFrame, fit: Solved) -> pd.DataFrame:
    """Leave the groups' column out where there is only one group."""
    return frame if fit.table.n_groups > 1 else frame.drop(columns=GROUP)


def _expected(fit: Solved) -> pd.DataFrame:
    """Return our numbers in long form: ``what lhs op rhs group value``."""
    frame = fit.parameters(standardized=False)
    keys = ["lhs", "op", "rhs", "group"]
    frame["rhs"] = frame["rhs"].where(frame["op"] != ":=", "")
    estimates = frame[[*keys, "est"]].rename(columns={"est": "value"}).assign(what="est")
    errors = frame.loc[frame["se"] > 0, [*keys, "se"]].rename(columns={"se": "value"})
    skipped = OTHERWISE_WITH_AUXILIARY if fit.plan.auxiliary else ()
    measures = {m: fit.inference.measures.get(m, nan) for m in MEASURES if m not in skipped}
    values = [(m.replace("_", "."), "", "", 0, v) for m, v in measures.items() if isfinite(v)]
    fits = pd.DataFrame(values, columns=[*keys, "value"]).assign(what="fit")
    columns = ["what", *keys, "value"]
    return pd.concat([x[columns] for x in (estimates, errors.assign(what="se"), fits)])


def _expected_json(fit: Solved) -> str:
    expected = {
        "loyaltysem": fit.plan.version,
        "plan": json.loads(fit.plan.to_json()),
        "n_obs": fit.n_obs,
        "parameters": _records(fit.parameters()),
        "fit": {k: _json_number(v) for k, v in fit.inference.measures.items()},
    }
    return json.dumps(expected, ensure_ascii=False, indent=1) + "\n"


def _records(frame: pd.DataFrame) -> list[dict[str, object]]:
    numeric = {c for c in frame if frame[c].dtype.kind == "f"}
    return [
        {str(k): _json_number(float(v)) if k in numeric else v for k, v in row.items()}
        for row in frame.to_dict("records")
    ]


def _json_number(x: float) -> float | None:
    return x if isfinite(x) else None


def r_string(text: str) -> str:
    r"""Return R's spelling of a string: ASCII only, whatever the text holds.

    Examples
    --------
    >>> print(r_string('say "yes"\n信'))
    "say \"yes\"\n\u4fe1"
    """
    plain = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    return '"' + "".join(plain.get(c) or _r_character(c) for c in text) + '"'


def _r_character(c: str) -> str:
    if " " <= c <= "~":
        return c
    code = ord(c)
    if code == 0:
        raise IncompatibleRequestError(
            "A name or the model text holds a NUL character, which R cannot read.",
            code="request.nul",
            hint="Take it out.",
        )
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _r_value(value: RValue) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, str):
        return r_string(value)
    if isinstance(value, Mapping):
        return f"list({', '.join(f'{k} = {v:.15g}' for k, v in value.items())})"
    return f"c({', '.join(map(r_string, value))})"


def _script(fit: Solved, arguments: Mapping[str, RValue]) -> str:
    source, given = _given_cases(fit.plan.group) if fit.data is not None else _given_moments(fit)
    return Template(SCRIPT).substitute(
        version=fit.plan.version,
        function=fit.plan.function,
        model=r_string(fit.plan.model + auxiliary_text(fit.table)),
        source=source,
        given=given,
        arguments=",\n".join(f"  {name} = {_r_value(x)}" for name, x in arguments.items()),
        tolerance=f"{TOLERANCE:g}",
        needs=_NEEDS if {fit.plan.se, fit.plan.test} & RECENT else "",
    )


def _given_cases(group: str | None) -> tuple[str, str]:
    """Return the line that reads the cases, and lavaan's argument; group labels stay text."""
    text = "" if group is None else f', colClasses = c({r_string(group)} = "character")'
    return f'data <- read_table("data.csv", na.strings = ""{text})', "data = data"


def _given_moments(fit: Solved) -> tuple[str, str]:
    """Return the lines that read the moments, and lavaan's arguments: lists where groups are."""
    several, means = fit.table.n_groups > 1, fit.table.defaults.meanstructure
    lines = [_GROUPED if several else _ONE_GROUP, 'covariances <- by_group("data.csv", as_cov)']
    given = "sample.cov = covariances, sample.nobs = "
    given += f"c({', '.join(map(str, fit.sample.n_obs))})"
    if means:
        lines.append('means <- by_group("means.csv", as_mean)')
        given += ", sample.mean = means"
    return _READ_MOMENTS + "\n".join(lines), given


_READ_MOMENTS = """\
as_cov <- function(d) { m <- as.matrix(d); rownames(m) <- colnames(m); m }
as_mean <- function(d) setNames(d[["mean"]], d[["name"]])
"""
_ONE_GROUP = "by_group <- function(name, as) as(read_table(name))"
_GROUPED = f"""\
by_group <- function(name, as) {{
  d <- read_table(name, colClasses = c("{GROUP}" = "character"))
  label <- factor(d[["{GROUP}"]], levels = unique(d[["{GROUP}"]]))
  lapply(split(d[names(d) != "{GROUP}"], label), as)
}}"""
_NEEDS = """
if (packageVersion("lavaan") < "0.6.21") stop("this model needs lavaan 0.6-21 or later")
"""
SCRIPT = """\
# Written by loyaltysem $version. Needs R and the package lavaan only:  Rscript model.R
# Ends with status 1 when lavaan's numbers differ from ours by more than $tolerance.
if (!l10n_info()[["UTF-8"]]) suppressWarnings(invisible(Sys.setlocale("LC_CTYPE", "C.UTF-8")))
suppressPackageStartupMessages(library(lavaan))
$needs
own <- sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE))
own <- gsub("~+~", " ", own, fixed = TRUE)  # how R passes a blank in a path
folder <- if (length(own) == 1) dirname(own) else getwd()
read_table <- function(name, ...) {
  read.csv(file.path(folder, name), check.names = FALSE, encoding = "UTF-8", ...)
}

model <- $model
$source
arguments <- list(
  model = model, $given,
$arguments
)
# from 0.7 lavaan may choose another marker indicator; here the first one stays
if (!is.null(lavOptions()[["bad.marker.crit"]])) arguments[["bad.marker.crit"]] <- 0
fit <- do.call("$function", arguments)
# once more from its own solution, because lavaan stops a little early
fit <- do.call("$function", c(arguments, list(start = fit)))
print(summary(fit, fit.measures = TRUE, standardized = TRUE))

key <- function(d) {
  covariance <- d[["op"]] == "~~"
  first <- ifelse(covariance, pmin(d[["lhs"]], d[["rhs"]]), d[["lhs"]])
  second <- ifelse(covariance, pmax(d[["lhs"]], d[["rhs"]]), d[["rhs"]])
  paste(first, d[["op"]], ifelse(d[["op"]] == ":=", "", second), d[["group"]])
}
expected <- read_table("expected.csv", na.strings = "", colClasses = c(
  what = "character", lhs = "character", op = "character", rhs = "character",
  group = "integer", value = "numeric"))
expected[["rhs"]][is.na(expected[["rhs"]])] <- ""
expected[["op"]][is.na(expected[["op"]])] <- ""
found <- as.data.frame(parameterEstimates(fit, remove.nonfree = FALSE))
if (is.null(found[["group"]])) found[["group"]] <- 1L
found[["group"]][found[["op"]] == ":="] <- 0L
row <- match(key(expected), key(found))
measures <- fitMeasures(fit)
expected[["lavaan"]] <- ifelse(
  expected[["what"]] == "fit", as.numeric(measures[expected[["lhs"]]]),
  ifelse(expected[["what"]] == "est", found[["est"]][row], found[["se"]][row]))
# estimates are judged in standard errors, where there are any
error <- ifelse(expected[["what"]] == "est", found[["se"]][row], NA)
scale <- pmax(abs(expected[["lavaan"]]), error, 1e-3, na.rm = TRUE)
expected[["difference"]] <- abs(expected[["value"]] - expected[["lavaan"]]) / scale

absent <- expected[["what"]] != "fit" & is.na(row)
if (any(absent)) {
  cat("Parameters lavaan does not have:\\n")
  print(expected[absent, c("what", "lhs", "op", "rhs", "group", "value")])
}
worst <- expected[order(-expected[["difference"]]), ][1:5, ]
cat("\\nLargest differences, over the larger of the value and its standard error:\\n")
print(worst[, c("what", "lhs", "op", "rhs", "group", "value", "lavaan", "difference")],
      row.names = FALSE)
largest <- max(expected[["difference"]], na.rm = TRUE)
compared <- !is.na(expected[["difference"]])
if (!all(compared | absent)) cat("\\nlavaan does not give:", expected[["lhs"]][!compared], "\\n")
cat(sprintf("\\nlavaan %s: largest difference %.2e in %d of %d numbers (limit $tolerance)\\n",
            packageVersion("lavaan"), largest, sum(compared), length(compared)))
quit(status = if (any(absent) || !is.finite(largest) || largest > $tolerance) 1 else 0)
"""

README = """\
# This model in lavaan

`Rscript model.R` fits the model with R's lavaan and compares every number with ours. It needs R and
the package lavaan, nothing else.

| file | content |
|---|---|
| `model.R` | the model, lavaan's options made explicit, and the comparison |
| `data.csv` | the analysed cases, or the covariance matrix of each group (divided by N - 1) |
| `means.csv` | the sample means, where a covariance matrix with means was analysed |
| `expected.csv` | our estimates, standard errors and fit indices, as `model.R` reads them |
| `expected.json` | the same, with the full request, intervals and standardised values |

A difference is divided by the larger of lavaan's value and (for estimates) its standard error. The
script ends with status 1 when one exceeds 1e-4.

The numbers follow lavaan 0.7. Older releases differ on purpose in a few places: standard errors and
test of ULS, the SRMR of mixed data, and which intercepts are free with equal thresholds in groups.
"""
