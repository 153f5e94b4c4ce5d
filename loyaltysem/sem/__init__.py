"""Room `sem`; see docs/architecture.md."""
