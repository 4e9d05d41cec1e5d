"""Exact gradient norms of single training instances, and what they say about a sampler."""

from .instances import Instances
from .loop import instance_norms_by_loop
from .norms import InstanceNorms, instance_norms

__all__ = ["InstanceNorms", "Instances", "instance_norms", "instance_norms_by_loop"]
