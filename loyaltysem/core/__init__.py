"""Floor 0: what every other room may use. Knows nothing of surveys or models."""
