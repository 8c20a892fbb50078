"""The commands: one file and one dataclass each, whose fields are its options."""
