"""Faster ways of the steps of `algorithm1`, each held against it by a test."""
