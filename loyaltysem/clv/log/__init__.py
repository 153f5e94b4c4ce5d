"""A log of orders: opened wherever it lies, cleaned by stated rules, every row accounted for."""
