"""Careless responding: indices of every respondent, flags with their reasons, named rules."""
