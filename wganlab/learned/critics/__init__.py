"""A critic between two fixed laws: how it is fitted, and the ready-made methods."""
