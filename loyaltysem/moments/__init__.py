"""Room `moments`; see docs/architecture.md."""
