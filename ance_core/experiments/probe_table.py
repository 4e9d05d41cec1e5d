"""Stored probes of several runs in one tidy table, and whether they may stand in one.

Nothing here loads a deep-learning library.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ConfigError
from ..runs import Run, probes
from .checks import check_datasets
from .settings import complete, flatten, seed_of

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("run", "seed", "step", "sampler", "instance", "band", "norm", "rank", "hidden")
VARIANCE_COLUMNS = (
    *("run", "seed", "step", "sampler", "query"),
    *("weighted", "as_run", "bias", "optimum", "full"),
)
Steps = Sequence[int] | Mapping[str, Sequence[int]] | None
"""Steps of every run, or by a run's name; all that are stored."""
OUTPUT = "output"
"""Beside the bands of layers: the norm at the text vectors, which bounds the others (ANCE, Eq 11)."""
_NOT_OF_NORMS = ("encoder.dropout", "encoder.precision")  # probes measure in float32, without dropout
_OF_THE_TABLE = "encoder.model"  # a pretrained table is known by its content, wherever it lies


def gradient_table(runs: Sequence[Run], steps: Steps = None) -> pd.DataFrame:
    """One row an instance and band, of all stored probes or those at `steps`; see `COLUMNS`.

    ConfigError where encoders or datasets differ, or a run has no probe (at a step).
    """
    import pandas as pd

    check_comparable(runs)
    return pd.concat([_tidy(run, step, frame) for run, step, frame in stored(runs, steps)], ignore_index=True)


def stored(runs: Sequence[Run], steps: Steps = None) -> Iterator[tuple[Run, int, pd.DataFrame]]:
    """(run, step, table) of each stored probe, all steps of a run or `steps`. ConfigError before any is read."""
    wanted = [_steps(run, _own(steps, run)) for run in runs]
    for run, own in zip(runs, wanted, strict=True):
        for step in own:
            yield run, step, probes.read(run.folder, step)


def bands_of(frame: pd.DataFrame) -> dict[str, str]:
    """Of a probe's table the norms there are: the name of each band, `total` first, and its column."""
    own = {name.removeprefix(probes.BAND): name for name in frame.columns if name.startswith(probes.BAND)}
    return {"total": "total", **own, OUTPUT: OUTPUT}


def variance_table(runs: Sequence[Run], steps: Steps = None) -> pd.DataFrame:
    """One row a query and sampler of the variances stored (`--variance`); see VARIANCE_COLUMNS.

    weighted (nan where the sampler never draws some negative) and as_run: trace of the covariance of one draw's gradient;
    bias: length of what its mean is off; optimum: the least weighted variance (ANCE, Eq 10); full: length of the gradient
    over all negatives. ConfigError where encoders or datasets differ, or a run has none that say what each query came to.
    """
    import pandas as pd

    check_comparable(runs)
    parts = []
    for run in runs:
        asked = _own(steps, run)
        own = [step for step in probes.variance_steps(run.folder) if asked is None or step in asked]
        if not own:
            at = "" if asked is None else f" at step {', '.join(map(str, asked))}"
            raise ConfigError(
                f"runs: '{run.name}' has no variance{at}; measure it with `ance probe {run.name} --variance 8`"
            )
        parts += [_variances(run, step, probes.read_variance(run.folder, step)) for step in own]
    return pd.concat(parts, ignore_index=True)


def check_comparable(runs: Sequence[Run]) -> list[str]:
    """Warnings where runs saw different labels. ConfigError where encoders or datasets differ: then norms are of other
    weights, or rows of other texts."""
    warnings = check_datasets(runs)
    first = _encoder(runs[0])
    for run in runs[1:]:
        other = _encoder(run)
        for key in dict.fromkeys([*first, *other]):
            if first.get(key) != other.get(key):
                raise ConfigError(
                    f"runs: {key} is {_said(first.get(key))} in '{runs[0].name}' and {_said(other.get(key))} in "
                    f"'{run.name}': norms over different weights cannot be compared; name runs of one encoder at a time"
                )
    return warnings


def _own(steps: Steps, run: Run) -> Sequence[int] | None:
    return steps.get(run.name) if isinstance(steps, Mapping) else steps


def _steps(run: Run, steps: Sequence[int] | None) -> list[int]:
    known = probes.steps(run.folder)
    if not known:
        raise ConfigError(f"runs: '{run.name}' has no probe yet; measure one with `ance probe {run.name}`")
    if steps is None:
        return known
    for step in steps:
        if step not in known:
            raise ConfigError(
                f"steps: run '{run.name}' has no probe at step {step}, only at {', '.join(map(str, known))}; measure it "
                f"with `ance probe {run.name} --at {step}`"
            )
    return list(steps)


def _tidy(run: Run, step: int, frame: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    bands = bands_of(frame)
    rows = zip(frame["query"], frame["positive"], frame["document"], strict=True)
    instance = np.array(["/".join(map(str, row)) for row in rows], dtype=object)
    each = len(bands)
    columns = {
        "run": run.name,
        "seed": seed_of(run),
        "step": step,
        "sampler": np.repeat(frame["sampler"].astype(str).to_numpy(), each),
        "instance": np.repeat(instance, each),
        "band": np.tile(np.array(list(bands), dtype=object), len(frame)),
        "norm": frame[list(bands.values())].to_numpy(float).ravel(),  # (instances, bands), row by row
        "rank": np.repeat(frame["rank"].to_numpy(), each),
        "hidden": np.repeat(frame["hidden"].to_numpy(bool), each),
    }
    return pd.DataFrame(columns, columns=list(COLUMNS))


def _variances(run: Run, step: int, found: dict[str, Any]) -> pd.DataFrame:
    import pandas as pd

    if "each" not in found:
        raise ConfigError(
            f"runs: the variance of '{run.name}' at step {step} was stored without its queries by an older version; measure "
            f"it again with `ance probe {run.name} --at {step} --variance {found.get('queries', 8)}`"
        )
    parts = []
    for row in found["samplers"]:
        own = {"run": run.name, "seed": seed_of(run), "step": step, "sampler": row["sampler"]}
        parts.append(pd.DataFrame(own | found["each"] | row["each"], columns=list(VARIANCE_COLUMNS)))
    return pd.concat(parts, ignore_index=True).astype({"weighted": float})


def _encoder(run: Run) -> dict[str, Any]:
    """What decides which weights there are and what a score is, under the settings' names."""
    flat = complete(flatten(run.info["config"]))
    own = {k: v for k, v in flat.items() if k.startswith("encoder.") and k not in _NOT_OF_NORMS}
    table = run.info.get("table")
    return own | {_OF_THE_TABLE: table["fingerprint"]} if table else own


def _said(value: Any) -> str:
    return json.dumps(value)
