"""Room `model`; see docs/architecture.md."""
