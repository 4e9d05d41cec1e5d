"""What holds for all methods: where they deviate together, and what of the papers is not reproduced, with the reason.

What belongs to one method stands in its recipe (`differs`, `parameters`, `presets`).
"""

from __future__ import annotations

COMMON = (
    "Scores are products divided by a temperature, for dot products sqrt(dim) unless set. STAR's and ADORE's code scales "
    "nothing; SimANS' has a switch that divides by sqrt(dim), off by default (`scale_simmila`). With "
    "`encoder.temperature` 1 nothing is scaled here either.",
    "AdamW with one rate for all. The authors of ANCE, DANCE and STAR use LAMB, which rescales each tensor's update by the "
    "tensor's own length, so that their rates say nothing about AdamW's.",
    "Search is exact. So it is in ANCE's code, whatever the letters ANN in its name suggest (`IndexFlatIP`, "
    "run_ann_data_gen.py:269-271; section 5 of the paper).",
    "Documents are read from their beginning (FirstP) or as up to four passages (MaxP, `encoder.max_passages`). Methods "
    "that need one vector a document refuse the latter; the table of methods says which.",
    "Draws are functions of seed, step and query. Of the published code ANCE's mining has no seed and ANCE-Tele's is seeded "
    "with the time of day (preprocess/build_train_hn.py:38).",
)
"""What all methods share and the papers do otherwise, a sentence or two each."""

NOT_REPRODUCED = (
    "Published results. They come from encoders of BERT's size, trained for days on several GPUs on corpora of millions; "
    "order and sign of an effect may carry over to a small corpus, heights do not. No published figure is a target here, "
    "least of all where sources disagree: the recall at 100 of STAR on MS MARCO documents is .867 in the README of its "
    "code, which is its figure for passages too, and .913 in Table 3 of SimANS; and the MRR@100 of that collection is "
    "called MRR@10 in a figure of the same repository and in Table 3 of SimANS. Here every measure bears its cut in its "
    "name and is computed by the same function for all.",
    "Length of training. ANCE's paper speaks of about 10 epochs without saying of what; its README trains 600,000 steps "
    "with a refresh every 10,000, which is 60 refreshes and 3.8 passes over the queries. Here 600 steps with a refresh "
    "every 100 keep the number of refreshes within reach of a laptop, not the number of steps between them.",
    "Work spread over machines: negatives gathered from other GPUs (ANCE-Tele), indexes split over GPUs (ADORE), batches "
    "of several cards. One process computes, a second one mines.",
    "Faults. ANCE's hand-over by polling, in which a file can be read half-written; DANCE's 30-second sleep against it; "
    "SimANS' draws that depend on document ids; ADORE's zero weights. Each method's section describes its own. Rebuilt are "
    "two from which something can be learned: `ance` with preset `authors_code` leaks judged positives, and `simans` with "
    "preset `authors_code` turns the sign of b.",
)
"""What no setting reproduces, and why."""
