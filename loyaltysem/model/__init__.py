"""Floor 1: from model text to parameter table to matrix structure. Never sees data.

tokens → expression, syntax → parameter_table → structure
"""
