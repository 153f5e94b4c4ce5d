"""Published results held against themselves: printed numbers as intervals, relations, verdicts."""
