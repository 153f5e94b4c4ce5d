"""Models of how often customers buy, until when, and for how much: counts, lifetimes, spending."""
