"""Answers joined to behaviour: keys, indicators of customer value, and the way back to currency."""
