"""Proofs of Lipschitz constants: networks followed operation by operation, and tighter bounds."""
