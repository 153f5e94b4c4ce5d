# FIML with fixed x: Rscript fixed_x.R > fixed_x.json   (lavaan 0.6-14, R 4.2.2)
suppressMessages(library(lavaan))
data <- read.csv("hs_missing_mcar.csv")
model <- "visual =~ x1 + x2 + x3\nvisual ~ x7 + x8"
digits <- function(x) paste0("[", paste(format(x, digits = 15), collapse = ", "), "]")
case <- function(...) {
  fit <- suppressWarnings(sem(model, data, ...))
  rows <- parameterEstimates(fit)
  measures <- unclass(fitMeasures(fit))
  wanted <- intersect(c("ntotal", "chisq", "logl", "unrestricted.logl", "chisq.scaling.factor",
                        "rmsea.robust"), names(measures))
  pairs <- sapply(wanted, function(k) paste0('"', k, '": ', format(measures[[k]], digits = 15)))
  paste0('{"est": ', digits(rows$est[rows$se > 0]), ', "se": ', digits(rows$se[rows$se > 0]),
         ', "fit": {', paste(pairs, collapse = ", "), "}}")
}
cat('{"oracle": "lavaan ', as.character(packageVersion("lavaan")), '",\n "ml": ',
    case(missing = "fiml"), ',\n "mlr": ', case(missing = "fiml", estimator = "MLR"),
    ',\n "ml_x": ', case(missing = "fiml.x"), "}\n", sep = "")
