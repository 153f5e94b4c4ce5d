"""Behavioural loyalty: what customers do, read from the log without a model of why."""
