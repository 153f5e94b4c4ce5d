"""Floor 1: from a data frame to sample moments. Never sees a model.

data → complete
"""
