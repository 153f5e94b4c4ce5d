"""Room `study`; see docs/architecture.md."""
