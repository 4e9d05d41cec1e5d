"""What would another sampler draw here? Asked of stored pools, without training and without a model.

from ance_core.probes import whatif
known = whatif.load_situation(run, 200, labels, dataset.hidden, len(dataset.docs))
whatif.imagine(known, whatif.WhatIf("simans", depth=100, a=0.5)).false_negatives
"""

from .expectations import Expectation, Imagined, imagine, narrowed
from .frozen import Situation, load_situation, situation, whatif_steps
from .settings import WhatIf, arguments

__all__ = [
    "Expectation",
    "Imagined",
    "Situation",
    "WhatIf",
    "arguments",
    "imagine",
    "load_situation",
    "narrowed",
    "situation",
    "whatif_steps",
]
