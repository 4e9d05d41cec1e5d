"""The hand-off between the trainer and its inferencer: a folder of files, each complete or absent.

    request.json           trainer: mine with the weights of this step, on top of those pools
    weights-<step>/        trainer: those weights
    result.json            inferencer: this request is answered
    pools-<number>...      inferencer: the pools
    labels..., docs/, ...  trainer, once: what the inferencer mines on

Contents first, then the manifest (`request.json`, `result.json`), each by rename, with size and hash of the
contents. Whoever takes contents checks both. The trainer alone decides: one request is out at a time, and no
other process moves or removes anything but its own half-written files. The folder lasts as long as one
training process; its name is new each time, so nobody answers a question of an earlier life.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..errors import TrainingError
from ..runs.files import atomic_file, make_folder, remove, sync, temporary, write_json_atomic, writing
from ..samplers import Pool
from ..samplers.pool_files import pool_path, pools_from_bytes, pools_to_bytes
from .checkpoint import WEIGHTS

FOLDER = "exchange"


class RefusedError(TrainingError):
    """A file of the other process that is not what its manifest says."""


@dataclass(frozen=True)
class Contents:
    """Size in bytes and hash of a file, as its writer had it in memory."""

    size: int
    hash: str

    @classmethod
    def of(cls, data: bytes) -> Contents:
        """Of these bytes."""
        return cls(len(data), hashlib.blake2b(data, digest_size=16).hexdigest())

    def check(self, data: bytes, path: Path) -> None:
        """Raise RefusedError unless `data` is what was written."""
        if len(data) != self.size:
            raise RefusedError(f"{path.name} has {len(data)} bytes, {self.size} were written")
        if Contents.of(data) != self:
            raise RefusedError(f"{path.name} has another content than was written")


@dataclass(frozen=True)
class Request:
    """Mine with the weights after `step` updates. base: step of the pools that the new ones follow."""

    number: int
    step: int
    base: int
    weights: Contents


@dataclass(frozen=True)
class Result:
    """The answer to request `number`. record: the row of the refresh log, but for the step of first use."""

    number: int
    step: int
    pools: Contents
    record: dict[str, Any]


class Exchange:
    """Names, reading and writing of these files, for both sides."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._request, self._result = folder / "request.json", folder / "result.json"
        self._looked_for = str(self._result)  # at every step: without making a path

    @classmethod
    def fresh(cls, run_folder: Path) -> Exchange:
        """An empty one under a name that no other process has; what a killed trainer leaves is swept with its run."""
        folder = temporary(run_folder / FOLDER)
        make_folder(folder)
        return cls(folder)

    def close(self) -> None:
        """Remove everything."""
        if self.folder.exists():
            remove(self.folder)

    # -- trainer -------------------------------------------------------------------------------------------

    def put_weights(self, step: int, data: bytes) -> Contents:
        """Store the weights of a step, ready to be asked about."""
        path = self.weights(step)
        with writing(path):
            path.parent.mkdir(exist_ok=True)
            _publish(path, data)
        return Contents.of(data)

    def drop_weights(self, step: int) -> None:
        """Forget the weights of a step."""
        if self.weights(step).parent.exists():
            remove(self.weights(step).parent)

    def clear(self) -> None:
        """Take back what was asked and answered, for an inferencer that begins."""
        for path in (self._request, self._result):
            path.unlink(missing_ok=True)

    def ask(self, request: Request) -> None:
        """Put the request out; the one before it must have been answered or given up."""
        with writing(self._request):
            _publish(self._request, json.dumps(asdict(request)).encode())

    def answer(self) -> Result | None:
        """The result that lies here, which is thereby taken; None if there is none. RefusedError if unreadable."""
        if not os.path.exists(self._looked_for):
            return None
        path = self._result
        text = path.read_bytes()
        path.unlink()
        try:
            found = json.loads(text)
            return Result(
                int(found["number"]), int(found["step"]), Contents(**found["pools"]), dict(found["record"])
            )
        except (ValueError, KeyError, TypeError):
            raise RefusedError(f"{path.name} cannot be read") from None

    def take_pools(self, result: Result, folder: Path) -> dict[str, Pool]:
        """Move the pools of a result into `folder` (`pools/` of the run) and read them.

        Moved first and checked afterwards: what is used is what was checked. Raises RefusedError.
        """
        source, path = self.pools(result.number), pool_path(folder, result.step)
        try:
            os.replace(source, path)
        except FileNotFoundError:
            raise RefusedError(f"{source.name} is missing") from None
        data = path.read_bytes()
        try:
            result.pools.check(data, source)
        except RefusedError:
            path.unlink()
            raise
        sync(folder)
        return pools_from_bytes(data)

    # -- inferencer ----------------------------------------------------------------------------------------

    def request(self) -> Request | None:
        """The request that is out, if there is one."""
        try:
            found = json.loads(self._request.read_bytes())
        except FileNotFoundError:
            return None
        return Request(**(found | {"weights": Contents(**found["weights"])}))

    def check_weights(self, request: Request) -> Path:
        """The folder with the weights of a request, found to be whole. Raises RefusedError."""
        path = self.weights(request.step)
        request.weights.check(path.read_bytes(), path)
        return path.parent

    def put_result(self, request: Request, pools: dict[str, Pool], record: dict[str, Any]) -> None:
        """Answer a request: the pools, then the manifest."""
        data = pools_to_bytes(pools)
        with atomic_file(self.pools(request.number)) as temp:
            temp.write_bytes(data)
        result = Result(request.number, request.step, Contents.of(data), record)
        write_json_atomic(self._result, asdict(result))

    # -- names ---------------------------------------------------------------------------------------------

    def weights(self, step: int) -> Path:
        """File of the weights of a step, named as in a checkpoint."""
        return self.folder / f"weights-{step}" / WEIGHTS

    def pools(self, number: int) -> Path:
        """File of the pools that answer a request."""
        return self.folder / f"pools-{number}.safetensors"


def _publish(path: Path, data: bytes) -> None:
    """By rename, but without waiting for the disk: readers share its cache, and none outlives the machine."""
    temp = temporary(path)
    temp.write_bytes(data)
    os.replace(temp, path)
