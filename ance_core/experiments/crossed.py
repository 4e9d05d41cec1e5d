"""The crossed-variance t, which is part of `statistics`, under its short name."""

from .statistics import CrossedMean, CrossedMeans, crossed_mean, crossed_means

__all__ = ["CrossedMean", "CrossedMeans", "crossed_mean", "crossed_means"]
