"""Floor 1: questionnaires and the answers to them; see docs/architecture.md."""
