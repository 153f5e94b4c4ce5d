# Models with efa() blocks under lavaan 0.6-14. Run in this folder:  Rscript esem.R
suppressMessages({library(lavaan); library(jsonlite)})
hs <- read.csv("../data/HolzingerSwineford1939.csv"); likert <- read.csv("../data/likert9.csv")
gaps <- read.csv("../data/hs_missing_mcar.csv")
nine <- 'efa("b")*f1 + efa("b")*f2 + efa("b")*f3 =~ x1+x2+x3+x4+x5+x6+x7+x8+x9'
two <- 'efa("b")*f1 + efa("b")*f2 =~ x1+x2+x3+x7+x8+x9'
structural <- paste(two, "t =~ x4 + x5 + x6", "t ~ f1 + f2", "f1 + f2 ~ ageyr", sep = "\n")
q <- 'efa("b")*f1 + efa("b")*f2 + efa("b")*f3 =~ q1+q2+q3+q4+q5+q6+q7+q8+q9'
run <- function(model, data, ...) {
  options <- list(...)
  fit <- sem(model, data, ...)
  p <- parameterEstimates(fit, standardized = TRUE)
  keep <- p$op %in% c("=~", "~", "~~")
  m <- fitMeasures(fit)
  mi <- tryCatch(head(modindices(fit, sort = TRUE, op = "~~"), 3)[, c("lhs", "op", "rhs", "mi", "epc")], error = function(e) NULL)
  list(model = model, options = options,
       parameters = data.frame(lhs = p$lhs, op = p$op, rhs = p$rhs, group = if (is.null(p$group)) 1 else p$group,
                               est = p$est, se = p$se, std_all = p$std.all)[keep, ],
       fit = as.list(m[intersect(names(m), c("chisq", "df", "npar", "cfi", "rmsea", "srmr", "chisq.scaled", "cfi.scaled"))]), modindices = mi)
}
out <- list(oracle = paste("lavaan", packageVersion("lavaan"), R.version.string),
  geomin = run(nine, hs, rotation = "geomin"), oblimin = run(nine, hs, rotation = "oblimin"),
  varimax = run(nine, hs, rotation = "varimax"),
  structural = run(structural, hs, rotation = "oblimin", estimator = "MLR"),
  groups = run(two, hs, rotation = "oblimin", group = "school"),
  fiml = run(two, gaps, rotation = "oblimin", missing = "fiml"),
  ordered = run(q, likert, rotation = "oblimin", ordered = paste0("q", 1:9)))
write(toJSON(out, digits = 10, auto_unbox = TRUE, pretty = FALSE, na = "null"), "esem.json")
