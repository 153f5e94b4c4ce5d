"""How well items measure what they are meant to: reliability and validity, from arrays up."""
