# Cases in the form of the reference cases, where psych stops its searches early and where answers
# are missing. Run in this folder:  Rscript cases.R
suppressMessages({library(psych); library(lavaan); library(jsonlite)})
oracle <- paste("psych", packageVersion("psych"), "lavaan", packageVersion("lavaan"), R.version.string)
hs <- paste0("x", 1:9); pd <- c(paste0("y", 1:8), paste0("x", 1:3))
read <- function(name) read.csv(file.path("..", "data", paste0(name, ".csv")))
mat <- function(m) {
  m <- as.matrix(unclass(m))
  list(rows = I(rownames(m)), cols = I(colnames(m)), values = lapply(seq_len(nrow(m)), function(i) I(unname(m[i, ]))))
}
put <- function(id, data, call, results, cov = NULL, n = NULL) {
  case <- list(id = id, kind = "efa", oracle = oracle, data = if (!is.null(data)) paste0("data/", data, ".csv"),
               sample_cov = cov, sample_nobs = n, call = call, results = results)
  write(toJSON(case, auto_unbox = TRUE, digits = 12, null = "null", na = "null"), paste0(id, ".json"))
}
one <- function(r, k, fm, rotate, n = NA) {
  f <- suppressWarnings(suppressMessages(fa(r, k, fm = fm, rotate = rotate, n.obs = n)))
  list(loadings = mat(f$loadings), phi = if (!is.null(f$Phi)) mat(f$Phi), communality = as.list(f$communality),
       complexity = as.list(f$complexity), variance_accounted = mat(f$Vaccounted), chisq = f$STATISTIC, dof = f$dof,
       objective = f$objective, rms = f$rms, crms = f$crms, tli = f$TLI, bic = f$BIC, empirical_chisq = f$chi,
       rmsea = list(RMSEA = unname(f$RMSEA[1]), lower = unname(f$RMSEA[2]), upper = unname(f$RMSEA[3])),
       scores_weights_regression = if (!is.null(f$weights)) mat(f$weights))
}
all <- function(r, k, fm, rotations, n = NA) sapply(rotations, function(rotate) one(r, k, fm, rotate, n), simplify = FALSE)
fa_case <- function(id, name, items, k, fm, rotations) {
  put(id, name, list(`function` = "psych::fa", items = I(items), nfactors = k, fm = fm, rotations = I(rotations)),
      all(read(name)[items], k, fm, rotations))
}
fa_case("efa_fa_minres_missing", "hs_missing_mcar", hs, 3, "minres", c("none", "varimax", "promax", "oblimin", "geominQ"))
fa_case("efa_fa_ml_missing", "hs_missing_mcar", hs, 2, "ml", c("promax", "quartimin"))
fa_case("efa_fa_minres_pd", "PoliticalDemocracy", pd, 3, "minres", c("none", "varimax", "promax", "oblimin"))
fa_case("efa_fa_ml_pd", "PoliticalDemocracy", pd, 3, "ml", c("none", "varimax", "promax", "Promax"))
fa_case("efa_fa_pa_hs", "HolzingerSwineford1939", hs, 3, "pa", c("none", "promax", "oblimin"))
fa_case("efa_fa_one_factor", "PoliticalDemocracy", pd[1:8], 1, "minres", c("none", "oblimin"))
r <- cor(read("PoliticalDemocracy")[pd])
put("efa_fa_matrix", NULL, list(`function` = "psych::fa", items = I(pd), nfactors = 2, fm = "ml", rotations = I("oblimin")),
    all(r, 2, "ml", "oblimin", 75), list(vars = I(pd), values = mat(r)$values), 75)
gaps <- read("hs_missing_mcar")[hs]
k <- KMO(gaps); b <- suppressWarnings(cortest.bartlett(gaps)); pdf(NULL)
p <- suppressMessages(fa.parallel(gaps, n.iter = 1, plot = FALSE))
put("efa_adequacy_missing", "hs_missing_mcar", list(items = I(hs)),
    list(kmo_overall = k$MSA, kmo_items = as.list(k$MSAi), bartlett = list(chisq = b$chisq, df = b$df, p = b$p.value),
         eigen_pc = I(p$pc.values), eigen_fa = I(p$fa.values), correlation = mat(cor(gaps, use = "pairwise"))))
pca <- sapply(c("none", "varimax", "oblimin"), function(rotate) {
  f <- principal(gaps, 3, rotate = rotate)
  list(loadings = mat(f$loadings), communality = as.list(f$communality), values = I(f$values))
}, simplify = FALSE)
put("efa_pca_missing", "hs_missing_mcar", list(`function` = "psych::principal", items = I(hs), nfactors = 3, rotations = I(names(pca))), pca)
# factors whose loadings sum to something else in the items' own units than standardised
turned <- read("PoliticalDemocracy")[pd]
lav <- sapply(c("geomin", "oblimin"), function(rotate) {
  f <- efa(turned, nfactors = 3, rotation = rotate, output = "lavaan"); s <- lavInspect(f, "std")
  list(loadings = mat(s$lambda), phi = mat(s$psi), theta = as.list(diag(s$theta)), chisq = unname(fitMeasures(f, "chisq")), df = unname(fitMeasures(f, "df")))
}, simplify = FALSE)
put("efa_lavaan_pd", "PoliticalDemocracy", list(`function` = "lavaan::efa", items = I(pd), nfactors = 3, rotations = I(names(lav))), lav)
