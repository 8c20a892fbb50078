"""One script a figure: compute(profile) -> arrays, draw(arrays) -> Figure.

`python -m figures` regenerates what is out of date; `figures/catalog.py` lists them.
"""
