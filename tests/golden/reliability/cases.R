# Cases in the form of the reference cases, with missing answers, two items, and items worded the
# other way. Run in this folder:  Rscript cases.R
suppressMessages({library(psych); library(lavaan); library(semTools); library(jsonlite)})
oracle <- paste("psych", packageVersion("psych"), "semTools", packageVersion("semTools"), "lavaan", packageVersion("lavaan"), R.version.string)
hs <- paste0("x", 1:9); pd <- paste0("y", 1:8)
read <- function(name) read.csv(file.path("..", "data", paste0(name, ".csv")))
mat <- function(m) {
  m <- as.matrix(unclass(m))
  list(rows = I(rownames(m)), cols = I(colnames(m)), values = lapply(seq_len(nrow(m)), function(i) I(unname(m[i, ]))))
}
put <- function(id, data, call, results) {
  case <- list(id = id, kind = "reliability", oracle = oracle, data = paste0("data/", data, ".csv"), call = call, results = results)
  write(toJSON(case, auto_unbox = TRUE, digits = 12, null = "null", na = "null"), paste0(id, ".json"))
}
rows <- function(d) lapply(seq_len(nrow(d)), function(i) c(list(item = rownames(d)[i]), as.list(d[i, ])))
one <- function(x, ...) {
  a <- suppressMessages(suppressWarnings(alpha(x, ...))); f <- a$feldt; t <- a$total
  list(raw_alpha = t$raw_alpha, std_alpha = t$std.alpha, G6 = t$`G6(smc)`, average_r = t$average_r, median_r = t$median_r,
       ase = t$ase, mean = t$mean, sd = t$sd, feldt = list(lower = f$lower.ci[[1]], upper = f$upper.ci[[1]]),
       alpha_drop = rows(a$alpha.drop), item_stats = rows(a$item.stats))
}
alphas <- function(id, name, scales, extra = list(), ...) {
  put(id, name, c(list(`function` = "psych::alpha", scales = lapply(scales, I)), extra),
      lapply(scales, function(items) one(read(name)[items], ...)))
}
alphas("alpha_missing", "hs_missing_mcar", list(visual = hs[1:3], all = hs, two = hs[4:5]))
alphas("alpha_turned", "HolzingerSwineford1939", list(mixed = c("x4", "x5", "x6", "ageyr")), list(check.keys = TRUE), check.keys = TRUE)
omegas <- function(id, name, items, k, fm, rotate) {
  o <- suppressMessages(suppressWarnings(omega(read(name)[items], k, fm = fm, rotate = rotate, plot = FALSE)))
  put(id, name, list(`function` = "psych::omega", items = I(items), nfactors = k, fm = fm, rotate = rotate),
      list(omega_h = o$omega_h, omega_total = o$omega.tot, omega_lim = o$omega.lim, alpha = o$alpha, G6 = o$G6, schmid_leiman = mat(o$schmid$sl)))
}
omegas("omega_missing", "hs_missing_mcar", hs, 3, "minres", "oblimin")
omegas("omega_four_factors", "likert9", paste0("q", 1:9), 4, "minres", "oblimin")
omegas("omega_promax", "HolzingerSwineford1939", hs, 3, "ml", "promax")
omegas("omega_one", "PoliticalDemocracy", pd, 1, "minres", "oblimin")
model <- "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6"
fit <- cfa(model, read("hs_missing_mcar"), missing = "fiml")
put("semtools_fiml", "hs_missing_mcar", list(`function` = "semTools", model = model, estimator = "ML", missing = "fiml"),
    list(compRelSEM_omega = as.list(compRelSEM(fit)), compRelSEM_alpha = as.list(compRelSEM(fit, tau.eq = TRUE)), AVE = as.list(AVE(fit)),
         reliability_deprecated = mat(suppressMessages(suppressWarnings(reliability(fit))))))
