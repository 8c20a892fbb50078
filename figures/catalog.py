"""The figures, in the order in which they are made: exact ones, which are quick, first."""

FIGURES = (
    "wgan_fig1",
    "lab_transport",
    "lab_boxes",
    "lab_digits",
    "lab_theta_descent",
)

PROFILES = ("quick", "laptop", "paper")
