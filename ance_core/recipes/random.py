"""Random negatives: the plainest baseline. One uniform draw from the corpus a query and step, pairwise loss."""

from ..samplers import Uniform
from .base import Recipe

RECIPE = Recipe(
    name="random",
    title="Random",
    idea="Draw any document that is not judged relevant. Almost all of them are easy, so the loss soon falls "
    "to near zero and the gradients with it.",
    citation="Rand Neg in Xiong et al. 2021 (ANCE), Table 1",
    sampler=lambda config: Uniform(),
)
