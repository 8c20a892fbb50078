"""The figures, in the order in which they are made: exact ones, which are quick, first."""

FIGURES = (
    "wgan_fig1",
    "lab_transport",
    "lab_boxes",
    "lab_digits",
    "lab_topology",
    "lab_theta_descent",
    "lab_samples",
    "lab_critic_scoreboard",
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
    "gp_fig5b_toy",
    "lab_momentum",
    "lab_modes",
    "lab_objectives",
    "gp_table2_toy",
    "lab_schedule",
)

PROFILES = ("quick", "laptop", "paper")
