# Numbers of psych 2.2.9 and GPArotation beyond the reference cases. Run in this folder:
#   Rscript make.R
suppressMessages({library(psych); library(GPArotation); library(jsonlite)})
hs <- read.csv("../data/HolzingerSwineford1939.csv")[, paste0("x", 1:9)]
likert <- read.csv("../data/likert9.csv")[, paste0("q", 1:9)]
missing <- read.csv("../data/hs_missing_mcar.csv")[, paste0("x", 1:9)]
fewer <- likert; fewer$q1 <- pmin(fewer$q1, 3); fewer$q2 <- 1 + (fewer$q2 > 3)
m <- function(x) unname(as.matrix(unclass(x)))
ml <- fa(hs, 3, fm = "ml", rotate = "oblimin")
none <- unclass(fa(hs, 3, fm = "minres", rotate = "none")$loadings)
pa <- fa(hs, 2, fm = "pa", rotate = "none", max.iter = 5000, min.err = 1e-12)
smc_r <- cor(hs); diag(smc_r) <- smc(smc_r)
om <- schmid(cor(hs), 3, fm = "minres", rotate = "oblimin")
two <- suppressMessages(schmid(cor(hs), 2, fm = "minres", rotate = "oblimin"))
sink("/dev/null"); v <- vss(hs, 8, plot = FALSE); sink()
out <- list(
  oracle = paste("psych", packageVersion("psych"), "GPArotation", packageVersion("GPArotation"), R.version.string),
  map = v$map,
  pa_loadings = m(pa$loadings),
  weights_tenberge = m(factor.scores(hs, ml, method = "tenBerge")$weights),
  weights_bartlett = m(factor.scores(hs, ml, method = "Bartlett")$weights),
  ml_loadings = m(ml$loadings), ml_phi = m(ml$Phi), ml_r2 = unname(ml$R2),
  smc = unname(smc(cor(hs))), eigen_smc = eigen(smc_r)$values,
  geomin_01 = m(geominQ(none, delta = .01, eps = 1e-8, maxit = 20000)$loadings),
  oblimin_minus = m(oblimin(none, gam = -.5, eps = 1e-8, maxit = 20000)$loadings),
  oblimin_kaiser = m(oblimin(none, normalize = TRUE, eps = 1e-8, maxit = 20000)$loadings),
  quartimax = m(quartimax(none, eps = 1e-8, maxit = 20000)$loadings),
  none = m(none),
  schmid = m(om$sl), schmid_two = m(two$sl),
  kmo_pairwise = unname(KMO(missing)$MSAi), r_pairwise = m(cor(missing, use = "pairwise")),
  polychoric_fewer = m(suppressWarnings(polychoric(fewer, correct = 0)$rho)),
  smoothed = m(suppressWarnings(cor.smooth(matrix(c(1,.9,.1,.9,1,.8,.1,.8,1),3))))
)
write(toJSON(out, digits = 12, auto_unbox = TRUE, pretty = TRUE), "psych.json")
