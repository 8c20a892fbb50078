"""The figures, in the order in which they are made: exact ones, which are quick, first."""

FIGURES = (
    "wgan_fig1",
    "lab_digits",
)

PROFILES = ("quick", "laptop", "paper")
