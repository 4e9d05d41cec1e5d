"""Embedding spaces in two dimensions, every snapshot in the same coordinates.

`pca` is at once there. UMAP takes a process of its own: `umap_request` starts it, `umap_state` says how far it is,
`read_umap` gives what it wrote into the run's folder.
"""

from .frames import Frames, gather
from .joint_pca import pca
from .stored import Projection, UmapState, read_umap, umap_refusal, umap_request, umap_state

__all__ = [
    "Frames",
    "Projection",
    "UmapState",
    "gather",
    "pca",
    "read_umap",
    "umap_refusal",
    "umap_request",
    "umap_state",
]
