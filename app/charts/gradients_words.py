"""What stands beside the figures of *Gradients*: what one sees, what to look for, and the equation."""

from __future__ import annotations

from typing import NamedTuple


class Words(NamedTuple):
    """Of one figure. equation: lines of LaTeX, short enough for a narrow column; said: what its letters are."""

    title: str
    see: str
    look: str
    equation: tuple[str, ...]
    said: str


NORMS = Words(
    "How much each sampler's negatives teach",
    "An instance is one query with its positive and one negative. Its gradient is the push it gives to all weights of "
    "the encoder, and the norm is the length of that push. Every sampler drew for the same queries under the same "
    "weights, so the negative alone makes the difference. The curve shows how many instances have a norm of about "
    "that size; each dot is one of them; the dotted line is the median, the diamond the mean with its 95 % interval.",
    "How far apart the medians lie: the axis is logarithmic, so equal distances are equal factors. Most random negatives "
    "hardly push at all. Where the mean lies far to the right of the median, a few instances do nearly all of the teaching.",
    (
        r"\ell=\log\!\big(1+e^{\,s^- - s^+}\big)",
        r"g=\big\lVert\nabla_\theta\,\ell(q,d^+,d^-)\big\rVert_2",
    ),
    "s⁺ and s⁻ are the scores of positive and negative, θ all trainable weights. The same loss is used for every sampler.",
)
BANDS = Words(
    "By layer, over training",
    "The same norm, split by layers: what reaches the embeddings, the layers between and the head. Each line is the "
    "mean over a fixed set of queries, with the negatives that the run's own sampler draws at that step.",
    "ANCE's argument is about these lines: with easy negatives they sink towards zero in every layer, with negatives from "
    "the model's own ranking they stay up. A step upwards is a refresh: new, harder negatives.",
    (r"\lVert\nabla_\theta\ell\rVert^2=\sum_{\text{layers } b}\lVert\nabla_{\theta_b}\ell\rVert^2",),
    "Squared norms of the layers add up to that of the whole. After Figure 4 (b–d) of the ANCE paper (Xiong et al., 2021).",
)
MOVED = Words(
    "Large gradients, long ways?",
    "Left: the length of the gradient of each batch, before clipping. Right: how far all trained weights together have "
    "moved from where they were before the first update. It is a straight line's length, and weights that turn back come "
    "nearer again. Both axes are logarithmic: equal heights between lines are equal factors.",
    "Under AdamW gradients three times as large move the weights equally far, under SGD they do not: AdamW divides each "
    "gradient by its usual size, SGD takes it as long as it is. Clipping to a norm evens out what is left. To see both, "
    "train with optimizer.kind adamw and sgd, each with optimizer.max_grad_norm null.",
    (
        r"\text{SGD: }\theta_{t+1}=\theta_t-\eta\,g_t",
        r"\text{AdamW: }\theta_{t+1}=\theta_t-\eta\,\tfrac{\bar g_t}{\sqrt{\overline{g_t^2}}}",
        r"D_t=\lVert\theta_t-\theta_0\rVert_2",
    ),
    "η is the learning rate of the step, ḡ and the mean of g² are AdamW's running means; weight decay is left out. "
    "Equations 4 to 10 of the ANCE paper are about the first line.",
)
RANKS = Words(
    "Against rank and difficulty",
    "Left: where the negative stands in the model's own ranking for the query, 1 being the best. Right: how "
    "much higher the negative scores than the positive; right of zero the model ranks the pair wrongly. The grey line "
    "is the mean norm of a band, its bar spans the middle 80 % of the instances there.",
    "The norm falls with the rank. Near the very top the bars are long: mean and spread are both large, and it is there "
    "that a negative may be relevant in truth. SimANS draws around the rank of the positive for that reason.",
    (
        r"g_{\text{out}}=\sigma(s^- - s^+)\;\times",
        r"\tfrac{1}{\tau}\sqrt{\lVert d^+-d^-\rVert^2+2\lVert q\rVert^2}",
    ),
    "σ is the logistic function, τ the temperature, g at the output vectors: with s⁻ far below s⁺ it vanishes "
    "whatever the rest is. After Figure 1 of the SimANS paper (Zhou et al., 2022).",
)
BOUND = Words(
    "Is the gradient at the output a good stand-in?",
    "Each dot is an instance: the norm at the encoder's output vectors, which costs next to nothing, against the norm over "
    "all weights, which costs a backward pass. Below the dashed line lies every instance measured here.",
    "Dots close to one line: then the cheap number orders negatives as the exact one does. Rank correlation says how well: "
    "1 is the same order, 0 no relation. Read it within a sampler too, since differences between samplers raise it.",
    (
        r"\lVert\nabla_\theta\ell\rVert_2\;\le\;L\,\rho\,\lVert\nabla_{\phi_L}\ell\rVert_2",
        r"\rho_S=\operatorname{corr}\big(\operatorname{rank}g_{\text{out}},\operatorname{rank}g\big)",
    ),
    "L is the number of layers, ρ bounds what weights and activations can add, φ_L is the output (Katharopoulos & "
    "Fleuret, 2018; Eq 11 of the ANCE paper). ρ_S is Spearman's correlation.",
)
VARIANCE = Words(
    "How noisy, and how biased",
    "Training sees one sampled negative instead of all. Full bars: the variance of that gradient if each draw is weighted "
    "so that it is right on average. Light bars: as methods run, without weights. The dashed line is the least "
    "variance any sampler with weights can have; the axis is logarithmic. The panel "
    "beside shows how far the unweighted gradient is off on average, in lengths of the full gradient.",
    "Which sampler comes closest to the line when weighted, and what the others pay: hard negatives unweighted mean a long "
    "gradient that points elsewhere than the average over all negatives. That is a choice, not a mistake: methods like ANCE "
    "mean to train on hard negatives alone.",
    (
        r"\operatorname{Tr}V=\tfrac{1}{N^2}\sum_i\frac{g_i^2}{p_i}-\lVert\bar g\rVert^2",
        r"p_i^{*}\propto g_i\;\Rightarrow\;\operatorname{Tr}V^{*}=\bar{g_i}^{\,2}-\lVert\bar g\rVert^2",
        r"\text{bias}=\big\lVert\textstyle\sum_i p_i\nabla\ell_i-\bar g\big\rVert",
    ),
    "p_i is the probability of drawing negative i of N, g_i its norm, ḡ the mean gradient over all N "
    "(Eq 4–10 of the ANCE paper).",
)
LOGGED = Words(
    "By layer, over training",
    "The length of the gradient of each whole training batch, by layers, as every run logs it before clipping. It is one "
    "number for a batch: instances that push in opposite directions cancel each other out, which the exact norms of the "
    "other figures do not.",
    "Whether the lines of methods lie apart in all layers or in some only, and whether they sink. For the norms of single "
    "instances over training, measure while a run trains: set record.probe_every.",
    (r"G_b=\Big\lVert\tfrac{1}{B}\textstyle\sum_{i=1}^{B}\nabla_{\theta_b}\ell_i\Big\rVert_2",),
    "B is the number of queries in a batch, θ_b the weights of layers b. Lines are smoothed over 25 steps.",
)
