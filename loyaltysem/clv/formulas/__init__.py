"""Formulas of customer value: as practice prints them, discounted, and as scores."""
