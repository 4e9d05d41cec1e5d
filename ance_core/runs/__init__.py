"""The run store: the one door between training and whoever looks at it. Imports nothing that learns."""

from .files import atomic_file, atomic_folder, write_json_atomic
from .reader import Run
from .status import RunStatus
from .store import Store
from .writer import RunWriter

__all__ = ["Run", "RunStatus", "RunWriter", "Store", "atomic_file", "atomic_folder", "write_json_atomic"]
