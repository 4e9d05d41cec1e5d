"""What a pretrained token table is worth: `static` from the corpus beside `static:wordllama`, untrained and trained.

    python -m benchmarks.pretrained_start --seeds 5 --data campus ../shared/data/squad-dev ../shared/data/nl2bash

Test RR@10. "untrained" is the encoder as it is built, before its warm-up: of a table, the mean of its vectors. The
trained rows have the default warm-up and settings of their collection. Means over seeds ± standard deviation between
them; in brackets the paired difference to the same method from the corpus, with its 95 % interval over
seeds and queries. Runs that are finished in the folder are not trained again. `--encoder` takes several;
`--set KEY=VALUE` goes to every encoder with a table.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from ance_core.cli.train_commands import assignment
from ance_core.config import RunConfig, merge, spelled_out
from ance_core.encoders import build_encoder
from ance_core.experiments.statistics import paired_effect
from ance_core.runs import Store
from ance_core.training.embeddings import CurrentEmbeddings
from ance_core.training.evaluate import measure
from ance_core.training.problem import load_problem
from ance_core.training.session import train_runs
from ance_core.training.settings import resolve

MEASURE = "RR@10"
CORPUS, UNTRAINED = "static", "untrained"
QUIET = {"eval_every": 300, "negatives": False, "snapshot_every": 0, "checkpoint_every": 0}


def config_of(args: argparse.Namespace, data: str, encoder: str, recipe: str, seed: int) -> RunConfig:
    """Settings of one run; its name says encoder, method, collection and seed."""
    name = f"{encoder}-{recipe}-{Path(data).name}-{seed}".replace(":", "-").replace("/", "-")
    said = {"data": data, "recipe": recipe, "seed": seed, "steps": args.steps, "name": name, "record": QUIET}
    own = [assignment(text) for text in args.set if encoder != CORPUS]
    return resolve(merge(said, spelled_out({"encoder": encoder}), *own))


def untrained(config: RunConfig) -> np.ndarray:
    """(Q,) test values of the encoder before any step."""
    problem = load_problem(config)
    model = build_encoder(config.encoder, problem.dataset, problem.tokens, config.seed)
    labels = problem.eval_labels("test")
    assert labels is not None
    found = measure(problem, CurrentEmbeddings(model, problem.tokens), {"test": labels}, 0)
    return found["test"][MEASURE].to_numpy()


def trained(config: RunConfig, store: Store) -> np.ndarray:
    """(Q,) test values of the finished run, trained now if it is not there; one that was cut off begins anew."""
    name = str(config.name)
    if (store.folder / name).is_dir() and store.run(name).status().state != "finished":
        store.delete(name, force=True)
    if not (store.folder / name).is_dir():
        train_runs([config], store)
    table = store.run(name).per_query()
    return table[table["split"] == "test"].sort_values("query_id")[MEASURE].to_numpy()


def values_of(args: argparse.Namespace, store: Store, data: str, encoder: str, recipe: str) -> np.ndarray:
    """(S, Q) test values of all seeds."""
    rows = []
    for seed in range(args.seeds):
        config = config_of(args, data, encoder, "random" if recipe == UNTRAINED else recipe, seed)
        rows.append(untrained(config) if recipe == UNTRAINED else trained(config, store))
        print(f"{encoder} {recipe} {Path(data).name} seed {seed}: {rows[-1].mean():.4f}", flush=True)
    return np.array(rows)


def cell(values: np.ndarray, reference: np.ndarray) -> str:
    means = values.mean(axis=1)
    text = f"{values.mean():.3f}" + (f" ± {means.std(ddof=1):.3f}" if len(values) > 1 else "")
    if values is reference:
        return text
    effect = paired_effect(values, reference)
    return f"{text} ({effect.difference:+.3f} [{effect.low:+.3f}, {effect.high:+.3f}])"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", nargs="+", default=["campus"])
    parser.add_argument("--encoder", nargs="+", default=["static:wordllama"])
    parser.add_argument("--recipe", nargs="+", default=["random", "ance"])
    parser.add_argument("--set", nargs="+", default=[], metavar="KEY=VALUE")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--runs", type=Path, default=Path("results-pretrained"))
    args = parser.parse_args()
    store = Store(args.runs, create=True)
    lines = [
        f"| start | method | {' | '.join(Path(data).name for data in args.data)} |",
        f"|---|---|{'---|' * len(args.data)}",
    ]
    reference: dict[tuple[str, str], np.ndarray] = {}
    for encoder in dict.fromkeys((CORPUS, *args.encoder)):
        for recipe in (UNTRAINED, *args.recipe):
            cells = []
            for data in args.data:
                values = values_of(args, store, data, encoder, recipe)
                cells.append(cell(values, reference.setdefault((recipe, data), values)))
            lines.append(f"| `{encoder}` | {recipe} | {' | '.join(cells)} |")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
