"""Measurements at a checkpoint that never change a training."""
