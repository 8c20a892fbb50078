"""The figures, in the order in which they are made: exact ones, which are quick, first."""

from pathlib import Path

OF_FACES = (
    "gp_fig2_small",
    "lab_faces",
    "wgan_fig3",
    "wgan_fig4",
    "wgan_fig8",
    "wgan_fig5",
    "wgan_fig6",
    "wgan_fig7",
)

FIGURES = (
    "wgan_fig1",
    "lab_transport",
    "lab_boxes",
    "lab_digits",
    "lab_topology",
    "lab_theta_descent",
    "lab_samples",
    "lab_critic_scoreboard",
    "lab_speed_of_critics",
    "lab_bracket",
    "wgan_fig2",
    "gp_fig1a",
    "gp_fig1b",
    "lab_penalty_bias",
    "lab_clipping",
    "lab_funnels",
    "lab_training",
    "wgan_fig3_toy",
    "wgan_fig4_toy",
    "wgan_fig8_toy",
    *OF_FACES,
    "gp_fig5b_toy",
    "lab_momentum",
    "lab_modes",
    "lab_objectives",
    "gp_table2_toy",
    "lab_schedule",
    "gp_text_small",
    "gp_fig5b",
    "lab_image_critics",
)

PROFILES = ("quick", "laptop", "long", "paper")

# The figures with runs of hours, whose tables have an entry `long`; PROFILE=long leaves out the
# others, which are what they are in a minute. Add a figure with its entry.
LONG = (*OF_FACES, "gp_fig5b", "lab_image_critics")

# Those of them that are drawn from records; the 16 networks of the other are too many to keep.
RECORDED = tuple(name for name in LONG if name != "gp_fig2_small")

RECORDS = Path(__file__).parent / "records" / "runs"  # of their runs
