"""The same model on many samples: how they are drawn, solved, counted and read."""
