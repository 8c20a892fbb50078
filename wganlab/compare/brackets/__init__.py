"""Brackets around W1 of two laws: see `bracket`."""
