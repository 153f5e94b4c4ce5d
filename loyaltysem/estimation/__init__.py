"""Floor 4: requests, estimators and results.

estimators → plan → start_values → result → fit
"""
