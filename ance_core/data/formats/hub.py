"""Anything that the library `datasets` can load, as `datasets:ID`, `datasets:ID/CONFIG` or `datasets:FOLDER`. An extra.

Its rows are those of a table. A hub's id has an owner and a name (`sentence-transformers/all-nli`); what follows them
is the configuration. Folders that `save_to_disk` or a hub made are read without the extra.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...errors import DataError
from ..collection import Collection
from ..problems import Problems, shown
from ..split_names import SPLITS, UNION, split_of
from .table import add_rows

PREFIX = "datasets:"


def read(name: str, problems: Problems) -> Collection:
    """The collection `datasets:ID`. DataError where the extra is missing or cannot load it."""
    found = Collection(Path(name), "datasets", docs_file=Path(name), queries_file=Path(name))
    loaded = _load(name.removeprefix(PREFIX))
    parts = loaded if isinstance(loaded, dict) else {str(loaded.split): loaded}
    for given, part in parts.items():
        split = split_of(f"{given}.arrow", stem=True) or UNION
        split = UNION if len(parts) == 1 and split not in SPLITS else split
        add_rows(found, split, Path(name), enumerate(part, 1), problems)
    return found


def _load(name: str) -> Any:
    try:
        import datasets
    except ImportError:
        raise DataError(
            f"{PREFIX}{name}: datasets is not installed: pip install 'ance-workbench[datasets]'"
        ) from None
    if Path(name).expanduser().exists():
        source, config = str(Path(name).expanduser()), None
    else:
        owner, _, rest = name.partition("/")
        title, _, own = rest.partition("/")
        source, config = (f"{owner}/{title}" if title else owner), own or None
    try:
        return datasets.load_dataset(source, config)
    except Exception as error:  # whatever its builders, file systems and the network raise
        reason = shown(str(error), 200)
        raise DataError(
            f"{PREFIX}{name}: datasets cannot load it ({reason}): check the id and its configuration"
        ) from None
