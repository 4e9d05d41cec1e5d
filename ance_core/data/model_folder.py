"""What a sentence-transformers folder brings to an encoder, and what of it is left out."""

from __future__ import annotations

from typing import Any

from ..config import EncoderConfig
from ..errors import ConfigError
from .model_files import fingerprint
from .model_modules import read_model_folder
from .model_parts import ModelFolder


def brings(encoder: EncoderConfig) -> dict[str, Any]:
    """The settings that a sentence-transformers folder decides where nobody says otherwise, nested; {} for others.

    ConfigError where it has something that cannot be taken over and nobody has said to take its weights alone.
    """
    found = read_model_folder(encoder.model) if encoder.kind == "hf" and encoder.model else None
    if found is None:
        return {}
    head = encoder.head if "head" in encoder.model_fields_set else "folder"
    if head == "folder" and found.misfits:
        raise ConfigError(
            f"encoder.model: {encoder.model}: cannot be taken over whole ({'; '.join(found.misfits)}): set encoder.head to "
            "'ance' to train from its transformer alone, with pooling, a projection and LayerNorm of its own"
        )
    settings = {
        "head": head,
        "query_prefix": found.query_prefix,
        "document_prefix": found.document_prefix,
        **_lengths(found),
    }
    if found.document.pooling:
        settings["pooling"] = found.document.pooling
    if head == "folder":
        settings |= {"dim": found.document.dim, "similarity": found.similarity}
        settings |= {"temperature": found.temperature} if found.temperature else {}
    if found.two_towers:
        settings["towers"] = "untied"
    return {"encoder": settings}


def _lengths(found: ModelFolder) -> dict[str, int]:
    """Lengths as trained; of a model that knows but one limit, our defaults where they are below it."""
    if found.lengths:
        return {"max_query_tokens": found.lengths[0], "max_document_tokens": found.lengths[1]}
    limits = {"max_query_tokens": found.query.max_tokens, "max_document_tokens": found.document.max_tokens}
    usual = EncoderConfig()
    return {name: limit for name, limit in limits.items() if limit and limit < getattr(usual, name)}


def words_on_differences(found: ModelFolder, encoder: EncoderConfig) -> list[str]:
    """What these settings do otherwise than the folder, a phrase each."""
    said: list[str] = []
    if encoder.head == "ance":
        said += [f"no {module.kind} of it (encoder.head is 'ance')" for module in found.document.head]
        said += [*found.misfits]
    if encoder.similarity != found.similarity:
        said.append(f"similarity {found.similarity} (encoder.similarity is '{encoder.similarity}')")
    if found.document.pooling and encoder.pooling != found.document.pooling:
        said.append(f"pooling {found.document.pooling} (encoder.pooling is '{encoder.pooling}')")
    for side in ("query", "document"):
        ours, theirs = getattr(encoder, f"{side}_prefix"), getattr(found, f"{side}_prefix")
        if ours != theirs:
            said.append(f"{side} prompt {theirs!r} (encoder.{side}_prefix is {ours!r})")
        length, limit = getattr(encoder, f"max_{side}_tokens"), getattr(found, side).max_tokens
        if limit and limit != length:
            said.append(f"length {limit} of a {side} (encoder.max_{side}_tokens is {length})")
    return said


def describe(encoder: EncoderConfig) -> dict[str, Any]:
    """A pretrained model in `run.json`: what it is, what was taken over from around its transformer and what was not."""
    model = encoder.model or ""
    found = read_model_folder(model)
    about: dict[str, Any] = {"model": model, "fingerprint": fingerprint(model)}
    if found is None:
        return about | {"form": "transformers", "taken": [], "otherwise": [], "unused": []}
    return about | {
        "form": "sentence-transformers",
        "taken": _words_on_taken(found, encoder),
        "otherwise": words_on_differences(found, encoder),
        "unused": list(found.unused),
    }


def _words_on_taken(found: ModelFolder, encoder: EncoderConfig) -> list[str]:
    said = [f"pooling {encoder.pooling}"] if encoder.pooling == found.document.pooling else []
    if encoder.head == "folder":
        said += [module.kind for module in found.document.head]
    if encoder.similarity == found.similarity:
        said.append(f"similarity {encoder.similarity}")
    for side in ("query", "document"):
        ours = getattr(encoder, f"{side}_prefix")
        if ours and ours == getattr(found, f"{side}_prefix"):
            said.append(f"{side} prompt {ours!r}")
    return said


def words(about: dict[str, Any]) -> str:
    """A sentence on what `describe` says, for the run's events."""
    said = f"{about['form']} model {about['model']} ({about['fingerprint']}): "
    said += "; ".join(about["taken"]) or "its transformer alone"
    for what, name in (("otherwise than there", "otherwise"), ("not used", "unused")):
        said += f". {what}: {'; '.join(about[name])}" if about[name] else ""
    return said
