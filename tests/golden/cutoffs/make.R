# Dynamic fit index cut-offs written out by hand for three models, fitted one by one with lavaan:
# which items are chosen, and how much is added, was worked out on paper from McNeish & Wolf (2023)
# and McNeish & Manapat (2024). Run:  Rscript make.R  (writes cutoffs.json beside it).
suppressMessages(library(lavaan))
set.seed(20231)
replicates <- 1000

correlation <- function(lambda, phi, pairs = list()) {
  common <- lambda %*% phi %*% t(lambda)
  theta <- diag(1 - diag(common))
  dimnames(theta) <- dimnames(common)
  for (p in pairs) {
    value <- p$r * sqrt(theta[p$a, p$a] * theta[p$b, p$b])
    theta[p$a, p$b] <- theta[p$b, p$a] <- value
  }
  common + theta
}

draw <- function(sigma, n, model) {
  root <- chol(sigma)
  out <- matrix(NA, replicates, 3)
  for (i in seq_len(replicates)) {
    x <- matrix(rnorm(n * ncol(sigma)), n) %*% root
    colnames(x) <- colnames(sigma)
    fit <- suppressWarnings(cfa(model, data = as.data.frame(x), std.lv = TRUE, se = "none"))
    if (lavInspect(fit, "converged")) out[i, ] <- fitMeasures(fit, c("srmr", "rmsea", "cfi"))
  }
  out
}

summarise <- function(sigmas, n, model) {
  lapply(sigmas, function(sigma) {
    x <- draw(sigma, n, model)
    q <- apply(x, 2, quantile, c(.05, .10, .50, .90, .95), na.rm = TRUE)
    colnames(q) <- c("srmr", "rmsea", "cfi")
    list(correlation = unname(sigma), failed = sum(is.na(x[, 1])), quantiles = as.data.frame(q))
  })
}

# three factors: Holzinger & Swineford, the loadings printed in the vignette of `dynamic`
loads <- c(.772, .424, .581, .852, .855, .838, .570, .723, .665)
items <- paste0("x", 1:9)
three <- matrix(0, 9, 3, dimnames = list(items, c("visual", "textual", "speed")))
for (i in 1:9) three[i, (i - 1) %/% 3 + 1] <- loads[i]
phi <- matrix(c(1, .459, .471, .459, 1, .283, .471, .283, 1), 3)
level1 <- three; level1["x2", "textual"] <- .424
level2 <- level1; level2["x7", "textual"] <- .570
model3 <- "visual =~ x1 + x2 + x3
textual =~ x4 + x5 + x6
speed =~ x7 + x8 + x9"

# one factor: the example of the help page of `dynamic::cfaOne`
y <- paste0("y", 1:6)
one <- matrix(c(.602, .805, .857, .631, .345, .646), 6, 1, dimnames = list(y, "f"))
add <- list(list(a = "y5", b = "y1", r = .3), list(a = "y4", b = "y6", r = .3),
            list(a = "y2", b = "y3", r = .3))
model1 <- paste("f =~", paste(y, collapse = " + "))

# second order: g over four factors of three items
z <- paste0("z", 1:12)
four <- matrix(0, 12, 4, dimnames = list(z, paste0("f", 1:4)))
weights <- c(.60, .70, .80, .65, .75, .85, .55, .80, .70, .72, .68, .62)
for (i in 1:12) four[i, (i - 1) %/% 3 + 1] <- weights[i]
g <- c(.80, .70, .60, .75)
second <- function(disturbance = 0) {
  psi <- diag(1 - g^2)
  psi[3, 2] <- psi[2, 3] <- disturbance * sqrt(psi[2, 2] * psi[3, 3])
  g %*% t(g) + psi
}
# as much as the item's own loading, or 95 % of what leaves it a residual variance
most <- function(own, r) min(own, .95 * (sqrt(own^2 * r^2 + 1 - own^2) - own * r))
h1 <- four; h1["z7", "f2"] <- most(.55, .60 * .70)
h2 <- h1; h2["z1", "f2"] <- most(.60, .80 * .70)
h3 <- h2; h3["z12", "f2"] <- most(.62, .75 * .70)
model2 <- "f1 =~ z1 + z2 + z3
f2 =~ z4 + z5 + z6
f3 =~ z7 + z8 + z9
f4 =~ z10 + z11 + z12
g =~ f1 + f2 + f3 + f4"

found <- list(
  three_factors = summarise(list(correlation(three, phi), correlation(level1, phi),
    correlation(level2, phi)), 301, model3),
  one_factor = summarise(lapply(0:3, function(k) correlation(one, matrix(1), add[seq_len(k)])),
    500, model1),
  second_order = summarise(lapply(list(four, h1, h2, h3), correlation, phi = second()), 400, model2),
  second_order_structural = summarise(list(correlation(four, second()), correlation(four, second(.5))),
    400, model2)
)

number <- function(x) paste(formatC(as.numeric(x), digits = 10, format = "g"), collapse = ", ")
write_level <- function(level) {
  q <- vapply(names(level$quantiles), function(n)
    sprintf('"%s": [%s]', n, number(level$quantiles[[n]])), "")
  sprintf('{"failed": %d, "correlation": [%s], %s}', level$failed, number(level$correlation),
          paste(q, collapse = ", "))
}
models <- vapply(names(found), function(n)
  sprintf('  "%s": [\n    %s\n  ]', n, paste(vapply(found[[n]], write_level, ""), collapse = ",\n    ")), "")
provenance <- sprintf(
  '"lavaan %s under R %s; %d samples each; quantiles .05 .10 .50 .90 .95 of SRMR, RMSEA, CFI"',
  packageVersion("lavaan"), getRversion(), replicates)
writeLines(c("{", sprintf('  "provenance": %s,', provenance), paste(models, collapse = ",\n"), "}"),
           "cutoffs.json")
