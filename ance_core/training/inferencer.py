"""The inferencer: a second process that mines pools with the weights the trainer hands it.

    python -m ance_core.training.inferencer --run runs/NAME --exchange FOLDER

The trainer starts it; nobody else has to. It waits for a request, loads those weights, encodes, searches and
answers, and it decides nothing: `asynchronous` does. It works at a lower priority, ends as soon as its standard
input closes, which is when the trainer ends, and leaves Ctrl-C to the trainer.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
import time
from pathlib import Path

import psutil

POLL_SECONDS = 0.05
NICENESS = 5


def main() -> None:
    """Serve requests until standard input closes. Exit code 1, with one line on standard error, after an error."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--run", type=Path, required=True, help="folder of the run")
    parser.add_argument(
        "--exchange", type=Path, required=True, help="folder of the hand-off, made by the trainer"
    )
    parser.add_argument("--device", default="cpu", help="where to compute, as torch names it")
    parser.add_argument("--threads", type=int, default=1, help="processor threads")
    args = parser.parse_args()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_trainer, daemon=True).start()

    from ..errors import AnceError  # all that takes long to import comes after the watch is kept

    try:
        serve(args.run, args.exchange, args.device, args.threads)
    except AnceError as error:
        sys.exit(str(error))


def step_back() -> None:
    """Leave a contested core to the trainer from now on; getting ready should not take longer than it must."""
    psutil.Process().nice(NICENESS if os.name == "posix" else psutil.BELOW_NORMAL_PRIORITY_CLASS)


def _end_with_the_trainer() -> None:
    while os.read(
        0, 1
    ):  # nothing comes; it returns when the other end closes, also by the death of its process
        pass
    os._exit(0)  # whatever is under way; half-written files have names that nobody reads


def serve(run_folder: Path, folder: Path, device: str, threads: int) -> None:
    """Answer every request of the exchange in `folder`, for ever. Raises AnceError when one cannot be answered."""
    import faiss
    import torch

    from ..config import RunConfig, parse
    from ..encoders import build_encoder
    from ..recipes import get_recipe
    from ..retrieval.dense import use_search_threads
    from ..runs import Run
    from ..samplers.pool_files import read_pools
    from .checkpoint import read_weights
    from .embeddings import CurrentEmbeddings
    from .exchange import Exchange
    from .miners import Miner
    from .problem_files import read_problem
    from .refresh import refresh_record

    torch.set_num_threads(threads)
    faiss.omp_set_num_threads(threads)
    use_search_threads(threads)
    config: RunConfig = parse(RunConfig, Run(run_folder).info["config"], str(run_folder))
    problem, exchange = read_problem(folder), Exchange(folder)
    # its weights are about to be replaced: the quickest start will do
    encoder = config.encoder.model_copy(update={"init": "random"})
    model = build_encoder(encoder, problem.dataset, problem.tokens, config.seed).to(device)
    recipe = get_recipe(config.recipe)
    step_back()

    answered = 0
    while True:
        request = exchange.request()
        if request is None or request.number <= answered:
            time.sleep(POLL_SECONDS)
            continue
        read_weights(exchange.check_weights(request), model)
        base = read_pools(run_folder / "pools", request.base)
        miner = Miner(config, recipe, problem, CurrentEmbeddings(model, problem.tokens), model.scale)
        mined = miner(request.step, base)
        exchange.put_result(request, mined.pools, refresh_record(request.step, request.step, base, mined))
        answered = request.number


if __name__ == "__main__":
    main()
