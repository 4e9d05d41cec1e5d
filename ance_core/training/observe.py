"""What a run writes down while it trains. Nothing here changes the training."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from ..probes.geometry.light import CONE
from ..probes.geometry.run import SIDES, anisotropy_now
from ..rng import generator
from ..runs import probes
from ..runs.files import write_json_atomic
from ..samplers import Sampler
from ..samplers.effective import effective_sample_sizes, sample_batch, top_shares
from ..samplers.uniform import Uniform
from .checkpoint import write_checkpoint
from .distance import EVERY, Start
from .episodes import INHERITED
from .evaluate import measure
from .outcome import Contrast, Outcome
from .probing import draw_one, measure_drawn, probe_batches
from .records import negative_records
from .run import Training

CURVES = ("nDCG@10", "RR@10", "R@100", "Success@1")
COLLAPSED = 0.5  # of the quality at the start: no method is meant to lose half of it


def observe_start(run: Training) -> None:
    """The state before the first update: evaluation, snapshot, and a checkpoint that resuming can start from."""
    run.writer.heartbeat(run.step, "running", steps=run.config.steps)
    if run.step == run.first_step:
        inherited = run.writer.folder / INHERITED  # of a fork whose episodes begin where its parent's do
        run.start = Start.of_checkpoint(inherited, run.model) if inherited.is_dir() else Start.now(run.model)
    if run.start is None:
        message = f"the weights of step {run.first_step} are gone, so their distance is no longer logged"
        run.writer.event(run.step, "distance", message)
    if run.step == run.first_step:
        run.writer.scalars(run.step, _distance(run), run.seconds, run.examples)
        observe_milestones(run)


def observe_shortage(run: Training) -> None:
    """Say so where pools leave some queries with fewer negatives than asked for (BM25 finds no shared word)."""
    if run.sampler is None:
        return
    sizes = run.sampler.support(run.problem.labels, run.problem.n_docs, run.pools)
    wanted = run.sampler.slots(run.config.negatives.per_query)
    short = int((sizes < wanted).sum())
    if short:
        message = (
            f"{short} of {len(sizes)} training queries have fewer than {wanted} candidates and train on those"
        )
        run.writer.event(run.step, "shortage", message)


def observe_pools(run: Training) -> None:
    """After a refresh: what the sampler makes of the pools in force, and what the filter left of them."""
    if run.sampler is not None and run.sampler.uneven:
        _observe_distribution(run, run.sampler)
    if run.config.negatives.filter.given():
        for name in ("bm25", "own"):
            if name in run.pools:
                left = run.pools[name].sizes
                none = f"{int((left == 0).sum())} of {len(left)} queries keep none"
                message = f"pool '{name}' keeps {left.mean():.1f} candidates a query; {none}"
                run.writer.event(run.step, "filter", message)


def _observe_distribution(run: Training, sampler: Sampler) -> None:
    """Effective sample size and shares of the top of the draws that led to `run.step`, with the parameters behind them."""
    labels, n_docs, before = run.problem.labels, run.problem.n_docs, run.step - 1
    sizes = effective_sample_sizes(sampler, labels, n_docs, run.pools, before)
    if not len(sizes):
        return
    mean, median = float(sizes.mean()), float(np.median(sizes))
    values = {"effective_sample_size": mean, "effective_sample_size/median": median}
    tops = top_shares(sampler, labels, n_docs, run.pools, before)
    values |= {f"draws/top {n}": share for n, share in tops.items()}
    run.writer.scalars(run.step, values, run.seconds, run.examples)
    notes = sampler.notes(sample_batch(sampler, labels, n_docs, before), run.pools)
    message = f"effective sample size {mean:.1f}, median {median:.1f}"
    if tops:
        message += f"; {', '.join(f'top {n} {share:.0%}' for n, share in tops.items())} of draws"
    run.writer.event(run.step, "sampler", f"{notes}; {message}" if notes else message)


def observe_leak(run: Training) -> None:
    """Where a preset lets judged positives be negatives, as published code does: say how many stand in the pool."""
    if run.config.method.last_label_only:
        leaked = run.problem.count_judged(run.pools["own"])
        run.writer.event(
            run.step, "leak", f"{leaked} judged positives stand among the negatives, as in the authors' code"
        )


def observe_step(run: Training, outcome: Outcome, norms: dict[str, float], rate: float) -> None:
    """Scalars and negative records of the update that led to `run.step`."""
    values = {"loss": float(outcome.loss.detach()), "lr": rate, "margin": _margin(outcome.contrasts[0])}
    if len(outcome.contrasts) > 1:
        values |= {
            f"loss/{'dual' if c.dual else 'prime'}": float(c.loss.value.detach()) for c in outcome.contrasts
        }
    values |= {f"grad_norm/{band}": norm for band, norm in norms.items()} | _distance(run)
    run.writer.scalars(run.step, values, run.seconds, run.examples)
    run.writer.heartbeat(run.step, "running", run.refresher.message)
    if run.config.record.negatives:
        for contrast in outcome.contrasts:
            run.writer.negatives(negative_records(run, contrast))


def _distance(run: Training) -> dict[str, float]:
    """How far the weights are from those before the first update, at the steps at which that is measured."""
    due = run.step == run.first_step or run.step % EVERY == 0 or run.step == run.config.steps
    return {"weights/distance": run.start.distance()} if due and run.start is not None else {}


def _margin(contrast: Contrast) -> float:
    scores = contrast.scored.scores
    gap: Tensor = (scores.positive[:, None] - scores.negative).detach()
    return float(gap[scores.mask].mean()) if bool(scores.mask.any()) else float("nan")


def observe_milestones(run: Training) -> None:
    """Evaluation, snapshot and checkpoint where they are due; the checkpoint last, over all that was recorded."""
    record, step, last = run.config.record, run.step, run.step == run.config.steps
    if step % record.eval_every == 0 or last:
        evaluate_samples(run)
    if record.snapshot_every and (step % record.snapshot_every == 0 or last):
        save_snapshot(run)
    if record.probe_every and (step % record.probe_every == 0 or last):
        save_probe(run)
    if step == run.first_step or last or (record.checkpoint_every and step % record.checkpoint_every == 0):
        save_checkpoint(run)


def evaluate_samples(run: Training) -> None:
    """Measures on the fixed sample of each split that is watched, logged as `<split>/<measure>`."""
    labels = run.problem.watched(run.config.record)
    if not labels:
        return
    found = measure(run.problem, run.embeddings, labels, run.step)
    run.evaluated = {
        f"{split}/{name}": float(table[name].mean()) for split, table in found.items() for name in CURVES
    }
    run.writer.scalars(run.step, run.evaluated, run.seconds, run.examples)
    for split, table in found.items():
        ids = run.problem.query_ids(labels[split])
        run.writer.queries.evaluation(run.step, split, ids, {name: table[name].to_numpy() for name in CURVES})
    observe_collapse(run)


def observe_collapse(run: Training) -> None:
    """Say once where ranking has fallen below half of what the start gave: a start too weak for these negatives."""
    now = run.evaluated.get("dev/RR@10")
    if now is None:
        return
    if run.start_quality is None:
        run.start_quality = now
    if run.collapsed or now >= COLLAPSED * run.start_quality:
        return
    _say_collapse(
        run,
        f"dev RR@10 fell from {run.start_quality:.3f} at the start to {now:.3f}, below half of it",
    )


def observe_cone(run: Training, cosines: dict[str, float]) -> None:
    """Say once where queries or documents have closed into a narrow cone that they did not start in.

    cosines: mean cosine by side, NaN where vectors are not finite. The limit is that of the red collapse light.
    """
    if run.start_cosines is None:
        run.start_cosines = {of: value for of, value in cosines.items() if np.isfinite(value)}
    limit = CONE["red"]
    crossed = [of for of, now in cosines.items() if run.start_cosines.get(of, 1.0) <= limit < now]
    if crossed and not run.collapsed:
        rises = [f"{of} from {run.start_cosines[of]:.2f} at the start to {cosines[of]:.2f}" for of in crossed]
        _say_collapse(run, f"the mean cosine rose, of {' and of '.join(rises)}, above {limit:g}")


def _say_collapse(run: Training, sign: str) -> None:
    """The event `collapse`: what was seen, why it may be so and what helps. Once a run, whichever sign comes first."""
    run.collapsed = True
    remedy = (
        f"raise warmup.steps (now {run.config.warmup.steps})"
        if run.config.warmup.recipe != "none"
        else "add a warm-up"
    )
    cause = "negatives this hard undo a start this weak" if run.recipe.mines else "training undoes the start"
    rate = run.config.optimizer.learning_rate
    run.writer.event(
        run.step, "collapse", f"{sign}: {cause}; {remedy}, or lower optimizer.learning_rate (now {rate:g})"
    )


def save_snapshot(run: Training) -> None:
    """Embeddings of a fixed sample of documents and training queries, with their rows; and to the log their anisotropy."""
    limit = run.config.record.snapshot_texts
    labels = run.problem.labels
    docs = _sample(run.problem.n_docs, limit, "snapshot documents")
    queries = labels.queries[_sample(len(labels.queries), limit, "snapshot queries")]
    vectors, passages = run.embeddings.documents(run.step), run.problem.tokens.docs.passages
    arrays = {
        "documents": vectors[docs if passages is None else passages.starts[docs]],
        "document_rows": docs.astype(np.int32),
        "queries": run.embeddings.queries(queries),
        "query_rows": queries.astype(np.int32),
    }
    if passages is not None:  # pictures show a document as its first passage; scores need all of them
        counts = np.diff(passages.starts)[docs]
        arrays["passages"] = vectors[passages.expand(docs)[0]]
        arrays["passage_starts"] = np.concatenate([[0], np.cumsum(counts)])
    run.writer.snapshot(run.step, arrays)
    found = {of: anisotropy_now(arrays[of]) for of in SIDES}
    values = {
        f"{measure}/{of}": value for of, measured in found.items() for measure, value in measured.items()
    }
    finite = {name: value for name, value in values.items() if np.isfinite(value)}
    run.writer.scalars(run.step, finite, run.seconds, run.examples)
    observe_cone(run, {of: measured["mean_cosine"] for of, measured in found.items()})


def save_probe(run: Training) -> None:
    """Exact gradient norms of what the run's sampler and a random one draw for a fixed set of queries."""
    samplers: dict[str, Sampler] = {"random": Uniform()}
    if run.sampler is not None and set(run.sampler.pools) <= set(run.pools):  # not before the first refresh
        samplers[run.recipe.name] = run.sampler
    n = run.config.negatives.per_query
    batches = probe_batches(run.problem, run.config.record.probe_queries, run.step)
    drawn = {name: draw_one(sampler, run.pools, batches, n) for name, sampler in samplers.items()}
    frame = measure_drawn(run.problem, run.model, run.embeddings, drawn, run.step)
    probes.write(run.writer.folder, run.step, frame)


def _sample(size: int, limit: int, purpose: str) -> np.ndarray:
    return np.sort(generator(0, purpose).permutation(size)[:limit])


def save_checkpoint(run: Training) -> None:
    """Weights, optimizer state and position; resuming from it repeats the rest bit for bit."""
    with run.writer.checkpoint(run.step) as folder:
        write_checkpoint(folder, run.model, run.optimizer, run.state())


def save_bad_batch(run: Training, outcome: Outcome) -> None:
    """The batch that made the loss non-finite, by ids, so that it can be looked at."""
    dataset, first = run.problem.dataset, outcome.contrasts[0]
    write_json_atomic(
        run.writer.folder / "failed-batch.json",
        {
            "step": run.step + 1,
            "queries": [dataset.query_ids[q] for q in first.batch.labels.queries[first.batch.rows]],
            "positives": [dataset.doc_ids[d] for d in first.batch.positives],
            "negatives": [[dataset.doc_ids[d] for d in row if d >= 0] for row in first.draw.docs],
            "positive_scores": first.scored.scores.positive.detach().tolist(),
            "negative_scores": first.scored.scores.negative.detach().tolist(),
        },
    )
