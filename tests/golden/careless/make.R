# Indices of careless responding from their definitions, in plain R, on made-up answers.
# The package careless was not installed and not run: what follows is written from its documentation
# (careless 1.2.2). The distance is psych's own function, which careless calls.
#   Rscript make.R
set.seed(20261121)
n <- 40; k <- 4; m <- 3; p <- k * m
common <- rnorm(n)
factors <- matrix(.6 * common, n, k) + matrix(rnorm(n * k), n, k) * .8
y <- factors[, rep(1:k, each = m)] * .8 + matrix(rnorm(n * p), n, p) * .6
x <- apply(y, 2, function(v) findInterval(v, c(-1.2, -.4, .4, 1.2)) + 1)
x[, 6] <- 6 - x[, 6]                       # one reverse item
x[1, ] <- 3                                # a straight-liner
x[2, ] <- rep(c(1, 5), 6)                  # alternates
complete <- x
x[cbind(sample(5:n, 14), sample(p, 14, TRUE))] <- NA
x[3, ] <- NA                               # answered nothing
x[4, 3:p] <- NA                            # answered two items
colnames(x) <- colnames(complete) <- paste0("i", 1:p)

runs <- function(row) rle(row)$lengths
spread <- function(row) if (sum(!is.na(row)) > 1) sd(row, na.rm = TRUE) else NA
pairs_beyond <- function(x, r, sign) {
  R <- cor(x, use = "pairwise.complete.obs")
  which(sign * R > r & upper.tri(R), arr.ind = TRUE)
}
over_pairs <- function(row, pairs) {
  a <- row[pairs[, 1]]; b <- row[pairs[, 2]]; both <- !is.na(a) & !is.na(b)
  if (sum(both) < 3) return(NA)
  suppressWarnings(cor(a[both], b[both]))
}
even_odd <- function(row) {
  halves <- sapply(0:(k - 1), function(j) {
    own <- row[j * m + 1:m]
    c(mean(own[seq(2, m, 2)], na.rm = TRUE), mean(own[seq(1, m, 2)], na.rm = TRUE))
  })
  both <- colSums(is.na(halves)) == 0
  if (sum(both) < 2) return(NA)
  r <- suppressWarnings(cor(halves[1, both], halves[2, both]))
  r <- 2 * r / (1 + r)
  if (!is.na(r) && r < -1) -1 else r
}
person_total <- function(i, x) {
  others <- colMeans(x[-i, ], na.rm = TRUE)
  given <- !is.na(x[i, ])
  if (sum(given) < 3) NA else suppressWarnings(cor(x[i, given], others[given]))
}
turned <- x; turned[, 6] <- 6 - turned[, 6]
table <- function(x, turned) data.frame(
  longstring = apply(x, 1, function(row) max(runs(row))),
  average_longstring = apply(x, 1, function(row) mean(runs(row))),
  irv = apply(x, 1, spread),
  mahalanobis = as.numeric(psych::outlier(x, plot = FALSE)),
  synonyms = apply(x, 1, over_pairs, pairs = pairs_beyond(x, .40, 1)),
  antonyms = apply(x, 1, over_pairs, pairs = pairs_beyond(x, .25, -1)),
  even_odd = apply(turned, 1, even_odd),
  person_total = sapply(seq_len(nrow(x)), person_total, x = x)
)
out <- function(object, file) write.csv(object, file, row.names = FALSE, na = "")
turned_complete <- complete; turned_complete[, 6] <- 6 - turned_complete[, 6]
out(complete, "complete.csv"); out(table(complete, turned_complete), "complete_indices.csv")
out(x, "missing.csv"); out(table(x, turned), "missing_indices.csv")
