# Wrote least_squares.json: R 4.2.2, lavaan 0.6-14. Arguments: the CSV of nine five-category items
# (q1-q9, group), and the file to write. Arrays go in, tests come out, so no polychoric of ours is used.
suppressMessages({library(lavaan); library(jsonlite)})
arguments <- commandArgs(trailingOnly = TRUE)
data <- read.csv(arguments[1])
model <- "F1 =~ q1 + q2 + q3\nF2 =~ q4 + q5"
items <- c("q1", "q2", "q3", "q4", "q5")
for (name in items) data[[name]] <- pmin(pmax(data[[name]], 2), 4)   # three categories: small arrays
listed <- function(x) unname(if (is.list(x)) x else list(x))
dump <- function(fit) list(
  delta = listed(lavTech(fit, "delta")),
  weight = lapply(listed(lavTech(fit, "wls.v")), function(v) diag(v)),
  gamma = listed(lavTech(fit, "gamma")),
  n = I(unlist(fit@SampleStats@nobs)),
  sample = listed(fit@SampleStats@cov), implied = listed(fit@implied$cov),
  inverse = lavTech(fit, "inverted.information"),
  K = if (length(fit@Model@eq.constraints.K)) fit@Model@eq.constraints.K else NULL,
  vcov = unclass(lavTech(fit, "vcov")),
  tests = unname(lapply(fit@test, function(t)
    t[intersect(c("test", "stat", "df", "scaling.factor", "shift.parameter"), names(t))])),
  catml = lavaan:::lav_fit_catml_dwls(fit),
  fit = as.list(fitMeasures(fit)))
fit <- function(...) cfa(model, data, ordered = items, ...)
restricted <- fit(estimator = "WLSMV", group = "group", group.equal = "loadings")
free <- fit(estimator = "WLSMV", group = "group")
difference <- lavTestLRT(free, restricted, method = "satorra.2000")
out <- list(
  WLSMV = dump(fit(estimator = "WLSMV")), ULSMV = dump(fit(estimator = "ULSMV")),
  WLSM = dump(fit(estimator = "WLSM")), WLSMVS = dump(fit(estimator = "WLSMVS")),
  groups = dump(free), groups_equal = dump(restricted),
  difference = list(stat = difference[2, "Chisq diff"], df = difference[2, "Df diff"],
                    scale = attr(difference, "scale")[2], shift = attr(difference, "shift")[2]))
write_json(out, arguments[2], digits = NA, auto_unbox = TRUE, null = "null", na = "null")
