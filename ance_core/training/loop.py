"""The training loop, on one page.

    for training in steps(run): ...        # one update each time round

Being a generator, it can be driven alone or in turns with others (`interleave`), which is how several
samplers train side by side in one process. It yields also while paused, so nobody waits for it.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..errors import TrainingError
from ..rng import keyed_uniforms
from .gradients import loss_is_usable
from .observe import observe_draw, observe_milestones, observe_shortage, observe_start, save_bad_batch
from .run import Training
from .schedule import learning_rate
from .step import encode_batch, score_batch


def steps(run: Training) -> Iterator[Training]:
    """Train to the last step, yielding after every update, and while paused."""
    config, optimizer = run.config, run.config.optimizer
    observe_start(run)
    while run.step < config.steps:
        run.control.poll(run.step)
        if run.control.stopped:
            return
        if run.control.paused:
            run.writer.heartbeat(run.step, "paused")
            yield run
            continue

        with run.timed():
            refreshed = run.refresher.advance(run.step, run.embeddings)

            batch = run.order.batch(run.step)
            queries = run.problem.labels.queries[batch.rows]
            width = run.sampler.uniforms_needed(config.negatives.per_query)
            uniforms = keyed_uniforms(config.seed, "negatives", run.step, queries, width)
            draw = run.sampler.draw(batch, run.pools, config.negatives.per_query, uniforms)

            with run.accelerator.autocast(), run.dropout_noise():
                vectors = encode_batch(
                    run.model, run.problem.tokens, run.problem.labels, batch, draw, run.accelerator.device
                )
            scored = score_batch(run.model.scale, *vectors, draw)
            loss = run.recipe.objective(scored.positive, scored.negative, scored.mask)
            if not loss_is_usable(loss.value):
                save_bad_batch(run, batch, draw, scored)
                raise TrainingError(
                    f"loss: {float(loss.value.detach())} at step {run.step + 1}; lower optimizer.learning_rate "
                    f"(now {optimizer.learning_rate}) or raise warmup.steps; the batch is in failed-batch.json"
                )
            run.accelerator.backward(loss.value)
            norms = run.meter.clip(optimizer.max_grad_norm)
            rate = learning_rate(run.step, config.steps, optimizer.learning_rate, optimizer.warmup_share)
            for group in run.optimizer.param_groups:
                group["lr"] = rate
            run.optimizer.step()
            run.optimizer.zero_grad()
            run.step += 1

        if refreshed:
            run.writer.refresh(refreshed)
        if run.step == 1:
            observe_shortage(run)
        observe_draw(run, batch, draw, scored, loss, norms, rate)
        observe_milestones(run)
        run.control.spend()
        yield run
