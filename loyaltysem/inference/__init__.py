"""Room `inference`; see docs/architecture.md."""
