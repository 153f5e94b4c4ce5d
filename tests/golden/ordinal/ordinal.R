# Sample statistics and their asymptotic covariances (Gamma) of ordered and mixed data.
# Rscript ordinal.R likert9.csv OUT_FOLDER
suppressMessages(library(lavaan)); library(jsonlite)
args <- commandArgs(TRUE); dir.create(args[2], showWarnings = FALSE)
d <- read.csv(args[1])
set.seed(20240611)
d$n1 <- round(d$q1 + rnorm(nrow(d)), 3)
d$n2 <- round(0.5 * d$q4 + 0.3 * d$n1 + rnorm(nrow(d)), 3)
d$n3 <- round(5 - 0.7 * d$q7 + 2 * rnorm(nrow(d)), 3)
for (i in 1:5) d[[paste0("b", i)]] <- as.integer(d[[paste0("q", i)]] > 3)
d$t1 <- as.integer(cut(d$q6, c(-1, 2, 3, 9)))
d$x2 <- as.integer(d$q9 > 2)
write.csv(d[, c("group", "q1", "q2", "q4", "n1", "n2", "n3", "b1", "b2", "b3", "b4", "b5", "t1", "age", "x2")],
          file.path(args[2], "mixed.csv"), row.names = FALSE, quote = FALSE)
q <- paste0("q", 1:9)
cases <- list(
  five_categories = list("f =~ q1+q2+q3+q4+q5+q6+q7+q8+q9", q, NULL),
  binary = list("f =~ b1+b2+b3+b4+b5", paste0("b", 1:5), NULL),
  uneven = list("f =~ q1+b2+t1+q4", c("q1", "b2", "t1", "q4"), NULL),
  mixed = list("f =~ q1+n1+q2+n2+q4+n3", c("q1", "q2", "q4"), NULL),
  covariate = list("f =~ q1+q2+q4\n f ~ age", c("q1", "q2", "q4"), NULL),
  mixed_covariates = list("f =~ q1+n1+b2+n2\n f ~ age + x2", c("q1", "b2"), NULL),
  two_groups = list("f =~ q1+q2+q4+n1", c("q1", "q2", "q4"), "group"))
vec <- function(x) unname(as.vector(as.matrix(x)))
for (name in names(cases)) {
  case <- cases[[name]]
  fit <- suppressWarnings(sem(case[[1]], d, ordered = case[[2]], group = case[[3]], estimator = "WLS",
    control = list(iter.max = 1), se = "none", test = "none", baseline = FALSE, check.post = FALSE, optim.force.converged = TRUE))
  gamma <- lavInspect(fit, "gamma"); obs <- lavInspect(fit, "wls.obs"); data <- lavInspect(fit, "data")
  if (is.null(case[[3]])) { gamma <- list(all = gamma); obs <- list(all = obs) }
  out <- list(provenance = list(program = paste("lavaan", packageVersion("lavaan")), script = "ordinal.R",
      data = if (name == "five_categories") "likert9.csv" else "mixed.csv", model = case[[1]], ordered = case[[2]], group = case[[3]]),
    variables = lavNames(fit, "ov.nox"), covariates = lavNames(fit, "ov.x"),
    groups = lapply(seq_along(obs), function(g) list(label = if (is.null(case[[3]])) NULL else lavInspect(fit, "group.label")[g],
      moments = vec(obs[[g]]), gamma_lower = unname(lav_matrix_vech(unclass(as.matrix(gamma[[g]])))))))
  write_json(out, file.path(args[2], paste0(name, ".json")), auto_unbox = TRUE, digits = NA, null = "null")
  cat(name, length(obs[[1]]), dim(gamma[[1]]), "\n")
}
