"""Where the files of a pretrained model lie, and a hash of what is in them."""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path


def fingerprint(model: str) -> str:
    """16 hex digits of a hash of what a folder's model is made of, whatever its path; a hub id as it is."""
    folder = Path(model).expanduser()
    if not folder.is_dir():
        return model
    return hash_of(tuple(stamp(path) for path in _parts(folder)), folder)


def _parts(folder: Path) -> list[Path]:
    """Weights, settings and tokenizers; of a run's model/ its own copy of the weights is not read."""
    kinds = (".json", ".safetensors", ".bin", ".txt", ".model")
    found = [p for p in sorted(folder.rglob("*")) if p.suffix in kinds and p.is_file()]
    own = folder / "model.safetensors" if (folder / "ance.json").is_file() else None
    return [path for path in found if path != own]


def stamp(path: Path) -> tuple[Path, int, int]:
    """What changes when a file does, with its name: when it was written, and its size."""
    about = path.stat()
    return path, about.st_mtime_ns, about.st_size


@functools.lru_cache(maxsize=64)
def hash_of(stamps: tuple[tuple[Path, int, int], ...], base: Path) -> str:
    """Hash of names and contents; kept while times and sizes stay."""
    digest = hashlib.sha256(b"model folder 1")
    for path, _, _ in stamps:
        digest.update(str(path.relative_to(base)).encode())
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]


def local_folder(model: str) -> Path | None:
    """The folder of a model, of a hub id too where it is sentence-transformers'; None where there is none."""
    folder = Path(model).expanduser()
    if folder.is_dir():
        return folder
    if folder.is_absolute() or model.startswith((".", "~")) or model.count("/") > 1:
        return None
    return _from_hub(model)


@functools.cache
def _from_hub(model: str) -> Path | None:
    """The files of a hub's sentence-transformers model but for its transformer's weights; None for other models.

    Asked once a process. Without network, from the hub's own cache.
    """
    from huggingface_hub import hf_hub_download, snapshot_download

    try:
        hf_hub_download(model, "modules.json")
        return Path(snapshot_download(model, allow_patterns=["*.json", "*.txt", "[0-9]_*/*"]))
    except (
        Exception
    ):  # no such file, model or network: transformers says so in a moment, or it is a plain model
        return None
