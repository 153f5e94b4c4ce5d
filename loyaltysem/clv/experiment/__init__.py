"""A/B test of a membership benefit: effect, adjustment, intervals that may be watched, power."""
