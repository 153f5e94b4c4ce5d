"""Floor 2: three layers of calculus on arrays; no text, no names, no pandas.

implied → weights → discrepancies → parameter_map → objective
"""
