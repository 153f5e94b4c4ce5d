"""Exploration: how many factors a set of items has, and which item belongs to which."""
