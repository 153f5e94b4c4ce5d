# R 4, survival 3.5: curves and log-rank tests of two sets of durations.
# Gehan's (1965) remission times of leukaemia patients (weeks), and a made-up log with ties.
library(survival)
library(jsonlite)

curve <- function(data) {
  fit <- survfit(Surv(time, event) ~ 1, data, conf.type = "log-log")
  table <- summary(fit, rmean = 30)$table
  list(time = fit$time, at_risk = fit$n.risk, events = fit$n.event, censored = fit$n.censor,
       survival = fit$surv, se = summary(fit, times = fit$time)$std.err,
       lower = fit$lower, upper = fit$upper,
       median = unname(table[c("median", "0.95LCL", "0.95UCL")]), rmean30 = unname(table["rmean"]))
}
case <- function(data) {
  groups <- lapply(split(data, data$group), curve)
  test <- survdiff(Surv(time, event) ~ group, data)
  list(data = data, groups = groups, chisq = test$chisq, df = length(test$n) - 1)
}
six_mp <- data.frame(
  time = c(6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35),
  event = c(1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0), group = "6-MP")
placebo <- data.frame(
  time = c(1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23),
  event = 1, group = "placebo")
set.seed(20261122)
n <- 300
made_up <- data.frame(group = sample(c("a", "b", "c"), n, TRUE))
life <- ceiling(rexp(n, c(a = .02, b = .03, c = .05)[made_up$group]))
followed <- sample(10:60, n, TRUE)
made_up$time <- pmin(life, followed)
made_up$event <- as.integer(life <= followed)
write_json(list(gehan = case(rbind(six_mp, placebo)), made_up = case(made_up)), "survival.json",
           digits = 15, na = "null", auto_unbox = TRUE)
