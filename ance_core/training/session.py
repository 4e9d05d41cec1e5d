"""A sitting: one or several runs trained in one process, in turns, from their shared starts."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass

from ..config import RunConfig, parse
from ..data import Dataset
from ..data.of_run import check_same, dataset_of
from ..encoders import build_encoder, save_model
from ..errors import AnceError, StoreError
from ..recipes import get_recipe
from ..runs import Run, RunWriter, Store
from ..runs.files import write_json_atomic
from .birth import create_run
from .defaults import settle
from .device import set_threads
from .evaluate import final_results
from .loop import steps
from .observe import save_checkpoint
from .problem import Problem, load_problem
from .references import record_references
from .replay import REPLAY, replay_settings
from .run import Training, assemble, check_dual, effective_batch_size, restore
from .start import check_table, continue_from, locate
from .warmup import shared_start, warmup_config

IDLE_SECONDS = 0.1
Watcher = Callable[[Training], None]


class Interrupted(KeyboardInterrupt):
    """Ctrl-C during a training. runs: names of those that it stopped; `resume_run` goes on with them."""

    def __init__(self, runs: list[str]) -> None:
        super().__init__(f"interrupted: {', '.join(runs)}")
        self.runs = runs


@dataclass(eq=False)
class Job:
    """One run on its way: its config, what it trains on, and the writer that records it."""

    config: RunConfig
    problem: Problem
    writer: RunWriter
    error: AnceError | None = None
    finished: bool = False


def train_runs(
    configs: Sequence[RunConfig],
    store: Store,
    *,
    dataset: Dataset | None = None,
    watch: Watcher | None = None,
    refused: Callable[[RunConfig, AnceError], None] | None = None,
) -> list[Run]:
    """Train all configs side by side, a step of each in turn; returns their runs when all have ended.

    All is validated before the first folder is made. A run that fails is marked so and the others go on;
    the first error is raised at the end. watch: called after every step, the warm-up's too. refused: called with each
    config that its data cannot serve, which is then left out; without it the first one raises. Raises Interrupted on
    Ctrl-C.
    """
    set_threads(configs[0])
    problems = _problems(configs, dataset)
    configs = [settle(config, problem) for config, problem in zip(configs, problems, strict=True)]
    jobs: list[Job] = []
    try:
        able = [(c, p) for c, p in zip(configs, problems, strict=True) if _is_able(c, p, refused)]
        for config, problem in able:
            jobs.append(Job(config, problem, create_run(config, problem, store)))
        started = []
        for job in jobs:
            with _blame(job):
                started.append((job, _start(job, store, watch)))
        _take_turns(started, watch)
    except BaseException as error:
        stopped = [job.writer for job in jobs if job.error is None and not job.finished]
        for writer in stopped:
            _give_up(writer, error)
        if isinstance(error, KeyboardInterrupt):
            raise Interrupted([writer.name for writer in stopped]) from None
        raise
    for job in jobs:
        if job.error is not None:
            raise job.error
    return [store.run(job.writer.name) for job in jobs]


def resume_run(
    name: str, store: Store, *, dataset: Dataset | None = None, watch: Watcher | None = None
) -> Run:
    """Go on with a run that was killed or stopped, from its last checkpoint; the rest repeats bit for bit.

    Raises StoreError when it is finished or is at work, ConfigError when its data has changed since or is gone,
    Interrupted on Ctrl-C.
    """
    run = store.run(name)
    status = run.status()
    if status.state == "finished":
        raise StoreError(
            f"run '{name}': finished at step {status.step}; there is nothing to resume: train a new --name"
        )
    config: RunConfig = parse(RunConfig, run.info["config"], f"run '{name}'")
    set_threads(config)
    if dataset is None:
        dataset = dataset_of(run)
    else:
        check_same(run, dataset)
    problem = load_problem(config, dataset)
    check_table(run, problem, "--resume")
    writer = store.resume_run(name)
    job = Job(config, problem, writer)
    try:
        checkpoints = run.checkpoints()
        last = max(checkpoints, default=0)
        if checkpoints:  # they hold all that the warm-up or a parent run gave
            training = assemble(config, problem, writer, None, 0)
            restore(training, run, last)
        writer.truncate_after(last)  # now that nothing can go wrong any more
        if not checkpoints:
            training = _start(job, store, watch)
        writer.event(last, "resumed", f"from the checkpoint at step {last}")
        _take_turns([(job, training)], watch)
    except BaseException as error:
        if job.error is None and not job.finished:
            _give_up(writer, error)
            if isinstance(error, KeyboardInterrupt):
                raise Interrupted([name]) from None
        raise
    if job.error is not None:
        raise job.error
    return store.run(name)


def _problems(configs: Sequence[RunConfig], dataset: Dataset | None) -> list[Problem]:
    """One Problem for all configs that read the same data with the same tokens."""
    known: dict[str, Problem] = {}
    problems = []
    for config in configs:
        masked_by = config.seed if config.labels_per_query else None
        encoder = config.encoder
        tokens = (
            encoder.kind,
            encoder.model,
            encoder.vocab_size,
            encoder.vocabulary,
            encoder.max_query_tokens,
            encoder.max_document_tokens,
            encoder.max_passages,
            encoder.query_prefix,
            encoder.document_prefix,
        )
        key = repr((config.data, config.labels_per_query, masked_by, tokens))
        if key not in known:
            known[key] = load_problem(config, dataset)
        problems.append(known[key])
    return problems


def _is_able(
    config: RunConfig, problem: Problem, refused: Callable[[RunConfig, AnceError], None] | None
) -> bool:
    """Whether the data can serve the config; if not, `refused` is told, or the error raised."""
    try:
        _check(config, problem)
    except AnceError as error:
        if refused is None:
            raise
        refused(config, error)
        return False
    return True


def _check(config: RunConfig, problem: Problem) -> None:
    """Raise now, before a folder is made, what would stop the run at its start."""
    effective_batch_size(config, problem)
    problem.watched(config.record)
    if config.encoder.model:  # its folder may hold no model, or a damaged one
        build_encoder(config.encoder, problem.dataset, problem.tokens, config.seed)
    for each in filter(None, (warmup_config(config, problem), config)):
        recipe = get_recipe(each.recipe)
        if sampler := recipe.build_sampler(each):
            sampler.check(problem.labels, problem.n_docs, each.negatives.per_query)
            if "given" in sampler.pools:  # refused where the files brought none
                problem.given_pool(each.negatives.pool_depth)
        if "dual" in recipe.pools and each.method.dual_weight:
            check_dual(each, problem)


def _start(job: Job, store: Store, watch: Watcher | None) -> Training:
    """The run at step 0, its warm-up trained first where the store does not have it."""

    def train_warmup(config: RunConfig, name: str) -> None:
        def show(training: Training) -> None:
            progress = f"shared start {name}: step {training.step} of {config.steps}"
            job.writer.heartbeat(0, "warming-up", progress)
            if watch:
                watch(training)

        _train_warmup(config, name, job.problem, store, show)

    def wait(name: str) -> None:
        job.writer.heartbeat(0, "waiting", f"another process trains the shared start {name}")

    config = job.config
    if config.fork or config.start:
        parent, step = locate(config.fork or config.start or "", store, "fork" if config.fork else "start")
        training = assemble(config, job.problem, job.writer, parent, step)
        if config.fork:
            continue_from(training, parent, step)
        record_references(training, store, parent)
        return training
    job.writer.heartbeat(0, "warming-up")
    start, step = shared_start(job.config, job.problem, store, train_warmup, wait) or (None, 0)
    training = assemble(job.config, job.problem, job.writer, start, step)
    record_references(training, store, start)
    return training


def _train_warmup(config: RunConfig, name: str, problem: Problem, store: Store, watch: Watcher) -> None:
    if (store.folder / name).exists():
        # its process died, its disk was full or it was stopped: whoever holds the lock goes on with it
        resume_run(name, store, dataset=problem.dataset, watch=watch)
        return
    job = Job(config, problem, create_run(config, problem, store, "warmup", name))
    try:
        _take_turns([(job, _start(job, store, None))], watch)
    except BaseException as error:
        if job.error is None and not job.finished:
            _give_up(job.writer, error)
        raise
    if job.error is not None:
        raise job.error


def _take_turns(started: list[tuple[Job, Training]], watch: Watcher | None) -> None:
    """A step of each until all have ended; sleeps a little where all are paused."""
    with ExitStack() as ends:
        for job, training in started:
            ends.callback(training.refresher.close)
            with _blame(job):
                training.refresher.open()  # an inferencer gets ready while the first evaluation runs
        _go_round([(job, run, steps(run)) for job, run in started if job.error is None], watch)


def _go_round(active: list[tuple[Job, Training, Iterator[Training]]], watch: Watcher | None) -> None:
    while active:
        moved = False
        for entry in list(active):
            job, training, iterator = entry
            with _blame(job):
                if next(iterator, None) is None:
                    _finish(training)
                    job.finished = True
                    active.remove(entry)
                    continue
                moved |= not training.control.paused  # one that waits for negatives has slept a little
                if watch:
                    watch(training)
            if job.error is not None:
                training.refresher.close()
                active.remove(entry)
        if active and not moved:
            time.sleep(IDLE_SECONDS)


@contextmanager
def _blame(job: Job) -> Iterator[None]:
    """An error of one run ends that run, not its neighbours."""
    try:
        yield
    except AnceError as error:
        job.error = error
        _give_up(job.writer, error)


def _give_up(writer: RunWriter, error: BaseException) -> None:
    stopped = isinstance(error, KeyboardInterrupt)
    message = (
        f"interrupted; go on with `ance train --resume {writer.name}`"
        if stopped
        else str(error) or repr(error)
    )
    with suppress(
        StoreError
    ):  # the disk that failed is the one that would say so; readers then see a dead process
        writer.finish("stopped" if stopped else "failed", message=message)


def _finish(training: Training) -> None:
    """The end of a run: results on whole splits and the model folder; or the note that it was stopped."""
    writer = training.writer
    if training.control.stopped:
        save_checkpoint(training)
        writer.finish(
            "stopped", message=f"stopped at step {training.step}; `ance train --resume {writer.name}` goes on"
        )
        return
    message = training.refresher.message
    training.refresher.close()
    results, per_query = final_results(training.problem, training.embeddings, training.step)
    save_model(training.model, training.problem.tokens, writer.folder / "model")
    results["training"] = {"seconds": training.seconds, "steps": training.step, "examples": training.examples}
    if training.config.refresh.mode == "async":
        write_json_atomic(writer.folder / REPLAY, replay_settings(Run(writer.folder)))
    writer.finish("finished", results, per_query, message)
