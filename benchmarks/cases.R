# One fit and everything that is asked of it, as `fit.py` times it in Python.
suppressPackageStartupMessages(library(lavaan))

case <- new.env()

.numbers <- function(x) {
  paste0("[", paste(ifelse(is.finite(x), formatC(x, digits = 15, format = "g"), "null"),
                    collapse = ","), "]")
}

.words <- function(x) paste0("[", paste0('"', x, '"', collapse = ","), "]")

load_case <- function(model_file, data_file) {
  case$model <- paste(readLines(model_file), collapse = "\n")
  case$data <- read.csv(data_file)
  "{}"
}

fit_case <- function(...) {
  start <- Sys.time()
  fit <- sem(case$model, data = case$data, ...)
  measures <- suppressWarnings(fitMeasures(fit))
  estimates <- parameterEstimates(fit)
  seconds <- as.numeric(difftime(Sys.time(), start, units = "secs"))
  keep <- estimates$op != ":="
  estimates <- estimates[keep, ]
  wanted <- c("chisq", "df", "cfi", "rmsea", "srmr", "chisq.scaled")
  wanted <- intersect(wanted, names(measures))
  se <- if (is.null(estimates$se)) rep(NA, nrow(estimates)) else estimates$se
  sprintf('{"seconds": %.9f, "name": %s, "est": %s, "se": %s, "fit": %s, "fit_name": %s}',
          seconds, .words(paste0(estimates$lhs, estimates$op, estimates$rhs)),
          .numbers(estimates$est), .numbers(se),
          .numbers(as.numeric(measures[wanted])), .words(gsub(".", "_", wanted, fixed = TRUE)))
}

# Bootstrap samples of the model that was loaded, refitted one after another on one core.
bootstrap_case <- function(R) {
  if (is.null(case$fit)) case$fit <- sem(case$model, data = case$data)
  start <- Sys.time()
  drawn <- suppressWarnings(bootstrapLavaan(case$fit, R = R, type = "ordinary"))
  seconds <- as.numeric(difftime(Sys.time(), start, units = "secs"))
  sprintf('{"seconds": %.9f, "draws": %d, "sd": %s, "name": %s}', seconds, nrow(drawn),
          .numbers(apply(drawn, 2, sd)), .words(colnames(drawn)))
}
