"""Training runs: their settings, state, loop and folder."""
