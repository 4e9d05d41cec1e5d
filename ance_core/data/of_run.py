"""The dataset of a run, read again: the one place that says whether it still is what the run was trained on.

Of a built collection (`pydocs`) the copy in the cache with the run's fingerprint is read, whatever is installed
now. `run.json` says which: `dataset.built` has name, fingerprint of the whole collection, and versions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..config import DataConfig, parse
from ..errors import ConfigError
from ..reading import data_name, data_of
from . import Dataset, load_place
from .built import changes
from .embedded import BUILT, built_name, find_copy, locate
from .masking import mask_labels

if TYPE_CHECKING:
    from ..runs import Run


def dataset_of(run: Run) -> Dataset:
    """The dataset a run was trained on, masked as it was.

    DataError when it cannot be read; ConfigError when its contents have changed since, or when the copy of a built
    collection is gone, with the versions that would make it again.
    """
    config = run.info["config"]
    copy = copy_of(run)
    if copy is None:
        place = locate(_data_of(run))
    else:
        name, variant, fingerprint, versions = copy
        found = find_copy(name, variant, fingerprint, versions)
        if found is None:
            raise ConfigError(_gone(run, name, variant, versions))
        place = found
    kept, seed = config.get("labels_per_query"), config.get("seed") or 0
    reading = parse(DataConfig, data_of(config), f"run '{run.name}': data").reading
    old = not isinstance(
        config.get("data"), dict
    )  # of before, when any single judgement file was cut in three
    dataset = load_place(place, reading, labels_per_query=kept, seed=seed, cut_named=old)
    check_same(run, dataset)
    return dataset


def copy_of(run: Run) -> tuple[str, str, str, dict[str, str] | None] | None:
    """(name, variant, fingerprint, versions) of the built collection that a run was trained on; None for other data.

    Of a run written before there were copies the versions are not known, and the fingerprint is its own: the
    collection there was then has one label a query, which masking leaves as it is.
    """
    told = run.info.get("dataset") or {}
    made = told.get("built")
    if made:
        parts = built_name(str(made.get("name")))
        versions = {str(key): str(value) for key, value in (made.get("versions") or {}).items()}
        return (parts[0], parts[1], str(made.get("fingerprint")), versions) if parts else None
    parts = built_name(str(data_name(run.info["config"])))
    if parts is None or not told.get("fingerprint"):
        return None
    name, variant, fingerprint = parts
    return name, variant or BUILT[name].first, fingerprint or str(told["fingerprint"]), None


def pinned(run: Run) -> str:
    """What to give as `--data` for the very data of a run: of a built collection, the copy.

    `pydocs@27151608a91f1af0`, or what the run's settings say.
    """
    copy = copy_of(run)
    if copy is None:
        return _data_of(run)
    name, variant, fingerprint, _ = copy
    return f"{name}:{variant}@{fingerprint}" if variant else f"{name}@{fingerprint}"


def _data_of(run: Run) -> str:
    name = data_name(run.info["config"])
    if not name:
        raise ConfigError(f"run '{run.name}': its run.json names no data: restore it from a copy")
    return name


def check_same(run: Run, dataset: Dataset) -> None:
    """ConfigError unless `dataset` has the contents the run was trained on, masked as it was."""
    trained_on = _fingerprint(run)
    if dataset.fingerprint != trained_on:
        raise ConfigError(
            f"run '{run.name}': trained on another content of {dataset.name} ({trained_on}, now "
            f"{dataset.fingerprint}), which has changed since: restore the data, or train again"
        )


def check_rows(run: Run, dataset: Dataset) -> None:
    """ConfigError unless the rows of `dataset` mean what the run's records mean; masking labels changes no row."""
    config, trained_on = run.info["config"], _fingerprint(run)
    kept = config.get("labels_per_query")
    if dataset.fingerprint == trained_on:
        return
    if (
        kept
        and not len(dataset.hidden)
        and mask_labels(dataset, kept, config.get("seed") or 0).fingerprint == trained_on
    ):
        return
    told: dict[str, Any] = run.info.get("dataset") or {}
    raise ConfigError(
        f"dataset: {dataset.name} ({dataset.fingerprint}) is not what run '{run.name}' was trained on "
        f"({told.get('name')}, {trained_on}): load that one, for example by load_dataset({pinned(run)!r})"
    )


def _fingerprint(run: Run) -> str | None:
    return (run.info.get("dataset") or {}).get("fingerprint")


def _gone(run: Run, name: str, variant: str, versions: dict[str, str] | None) -> str:
    what = f"{name}:{variant}" if variant else name
    if versions is None:
        python = (run.info.get("versions") or {}).get("python", "of its time")
        made = f"Python {python} made it: use that, or train again"
    else:
        differing = changes(versions, BUILT[name].versions(variant))
        made = f"it was made from {differing or 'what is installed, by another program'}: install that, or train again"
    return f"run '{run.name}': its copy of {what} ({_fingerprint(run)}) is not in the cache any more; {made}"
