"""Random negatives: the plainest baseline. One uniform draw from the corpus a query and step, pairwise loss."""

from ..samplers import Uniform
from .base import Recipe

RECIPE = Recipe(
    name="random",
    title="Random",
    idea="Draw any document that is not judged relevant. Almost all of them are easy: the loss is small from "
    "the start, gradients are short, and both shrink further, though not to zero.",
    citation="Rand Neg in Xiong et al. 2021 (ANCE), Table 1",
    sampler=lambda config: Uniform(),
)
