# Bootstrap draws and the intervals that R's package boot computes from them.
# Run in this folder:  Rscript make.R
# Columns of t: a skewed mean ratio, a correlation, a coarse median (ties), a spread; `holes` is the
# correlation with draws that failed (NA). `stratified` is a second run, resampled within two strata.
suppressMessages(library(boot))
options(digits = 17)
set.seed(20240607)
n <- 24
x <- round(exp(rnorm(n)), 4)
y <- round(0.6 * log(x) + rnorm(n), 4)
group <- rep(1:2, c(10, 14))
item <- sample(1:5, n, replace = TRUE)
data <- data.frame(x, y, item, group)
statistic <- function(d, i) {
  d <- d[i, ]
  c(ratio = mean(d$x) / (1 + var(d$y)), r = cor(d$x, d$y), median = median(d$item), sd = sd(d$x))
}
levels <- c(0.90, 0.95, 0.99)

intervals <- function(b, run, name, index, t, t0, L) {
  rows <- list()
  for (conf in levels) {
    ci <- suppressWarnings(boot.ci(b, conf = conf, type = c("norm", "basic", "perc", "bca"),
                                   t0 = t0, t = t, L = L))
    for (kind in c("normal", "basic", "percent", "bca")) {
      row <- ci[[kind]]
      k <- length(row)
      rows[[length(rows) + 1]] <- data.frame(run = run, statistic = name, kind = kind, level = conf,
                                             lower = row[k - 1], upper = row[k])
    }
  }
  do.call(rbind, rows)
}

save <- function(x, file) write.csv(format(x, digits = 17, trim = TRUE), file, row.names = FALSE,
                                    quote = FALSE)

found <- list()
influences <- list()
for (run in c("plain", "stratified")) {
  strata <- if (run == "plain") rep(1, n) else group
  b <- boot(data, statistic, R = 399, strata = strata)
  save(as.data.frame(b$t), paste0("t_", run, ".csv"))
  save(as.data.frame(boot.array(b)), paste0("counts_", run, ".csv"))
  t <- cbind(b$t, holes = b$t[, 2])
  t[c(3, 50, 51, 398), 5] <- NA
  t0 <- c(b$t0, b$t0[2])
  names <- c("ratio", "r", "median", "sd", "holes")
  for (j in seq_along(names)) {
    L <- empinf(b, t = t[, j], type = "reg")
    found[[length(found) + 1]] <- intervals(b, run, names[j], j, t[, j], t0[j], L)
    influences[[paste(run, names[j], sep = ".")]] <- L
  }
  influences[[paste(run, "r", "jackknife", sep = ".")]] <-
    empinf(data = data, statistic = statistic, stype = "i", index = 2, type = "jack",
           strata = strata)
  found[[length(found) + 1]] <- data.frame(run = run, statistic = names, kind = "t0", level = 0,
                                           lower = t0, upper = t0)
}
save(do.call(rbind, found), "intervals.csv")
save(as.data.frame(influences), "influence.csv")
save(data, "data.csv")
