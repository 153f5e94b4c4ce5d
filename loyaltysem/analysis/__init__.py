"""Room `analysis`; see docs/architecture.md."""
