"""Experiments: comparing runs with paired statistics, searching with a trained model."""
