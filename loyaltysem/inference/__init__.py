"""Floor 3: what the estimates are worth. Arrays in, arrays out.

information → standardised → defined → moment_residuals → tests_of_fit → fit_measures
"""
