"""Room `survey`; see docs/architecture.md."""
