"""The folder layout of sentence-transformers, written without importing it.

Only its own modules are used, by the names both versions 5 and 6 know, so the folder loads without
`trust_remote_code`:

    static        StaticEmbedding (w folded into E), Dense + ReLU, Dense, Dense, LayerNorm
    mini and hf   Transformer, Pooling, Dense, LayerNorm, or the modules of the folder it came from

and Normalize for cosine. A residual ReLU layer becomes two dense ones by carrying x through as
relu(x) - relu(-x). A module there knows one length, so encoders whose queries and documents are cut at different
lengths become a Router with the routes `query` and `document`, as untied towers do. Routes of a shared tower differ in
their first module alone, and its weights are one file under two names where the disk can do that.
"""

from __future__ import annotations

import copy
import inspect
import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer
from torch import Tensor, nn

from ..data.model_parts import POOLING, POOLING_FLAGS
from ..data.pretrained import pad_token_of
from .dual import DualEncoder
from .layers import Head
from .static import ResidualMLP, StaticTower

Piece = tuple[str, Callable[[Path], None]]
"""A module of theirs: its class name and what writes its folder."""

ACTIVATIONS = {"relu": "torch.nn.modules.activation.ReLU", "none": "torch.nn.modules.linear.Identity"}


def write_pieces(model: DualEncoder, tokenizer: Any, folder: Path) -> None:
    """Write modules.json, config_sentence_transformers.json and a folder a module under `folder`."""
    config = model.config
    documents = tower_pieces(model, model.document_tower, tokenizer, config.max_document_tokens)
    modules: list[Piece] = documents
    if model.untied or config.max_query_tokens != config.max_document_tokens:
        queries = tower_pieces(model, model.query_tower, tokenizer, config.max_query_tokens)
        modules = [("Router", lambda path: _write_router(path, queries, documents, model.untied))]
    entries = []
    for index, (kind, write) in enumerate(modules):
        path = folder / f"{index}_{kind}"
        path.mkdir()
        write(path)
        entries.append({"idx": index, "name": str(index), "path": path.name, "type": _class_of(kind)})
    _write_json(folder / "modules.json", entries)
    _write_json(
        folder / "config_sentence_transformers.json",
        {
            "model_type": "SentenceTransformer",
            "prompts": {"query": config.query_prefix, "document": config.document_prefix},
            # what plain `encode` reads, as it takes the documents' route
            "default_prompt_name": "document" if config.document_prefix else None,
            "similarity_fn_name": config.similarity,
        },
    )


def tower_pieces(model: DualEncoder, tower: Any, tokenizer: Any, max_tokens: int) -> list[Piece]:
    """The modules that compute what one tower does, texts cut to `max_tokens`."""
    pieces = (
        _static_body(tower, tokenizer, max_tokens)
        if isinstance(tower, StaticTower)
        else _transformer_body(tower, tokenizer, max_tokens)
    )
    pieces += _head_pieces(tower.head)
    if model.config.similarity == "cosine":
        pieces.append(_normalize())
    return pieces


def _head_pieces(head: nn.Module) -> list[Piece]:
    if isinstance(head, Head):
        steps: list[nn.Module] = [head.projection, head.norm]
    else:
        steps = [getattr(step, "norm", step) for step in cast(Any, head).steps]
    return [_head_piece(step) for step in steps]


def _head_piece(step: Any) -> Piece:
    if isinstance(step, nn.LayerNorm):
        return "LayerNorm", lambda path: _write_layer_norm(path, step)
    if isinstance(step, nn.Linear):
        return _dense(step.weight, step.bias, "none")
    if hasattr(step, "linear"):  # a folder's Dense
        kind = type(step.activation)
        return _dense(step.linear.weight, step.linear.bias, f"{kind.__module__}.{kind.__qualname__}")
    return _normalize()


def _normalize() -> Piece:
    return "Normalize", lambda path: _write_json(path / "config.json", {})


def _static_body(tower: StaticTower, tokenizer: Tokenizer, max_tokens: int) -> list[Piece]:
    def write(path: Path) -> None:
        cutting = Tokenizer.from_str(tokenizer.to_str())
        cutting.no_padding()
        cutting.enable_truncation(max_tokens)
        cutting.save(str(path / "tokenizer.json"))
        save_file({"embedding.weight": _plain(tower.bag.folded())}, path / "model.safetensors")

    return [("StaticEmbedding", write), *_residual_as_dense(tower.mlp)]


def _residual_as_dense(mlp: ResidualMLP) -> list[Piece]:
    """x + W2 relu(W1 x + b1) + b2 as [W2, I, -I] relu([W1; I; -I] x + [b1; 0; 0]) + b2."""
    width = mlp.up.in_features
    identity = torch.eye(width, device=mlp.up.weight.device)
    wide = torch.cat([mlp.up.weight, identity, -identity])  # (4 * width, width)
    shift = torch.cat([mlp.up.bias, mlp.up.bias.new_zeros(2 * width)])
    back = torch.cat([mlp.down.weight, identity, -identity], dim=1)  # (width, 4 * width)
    return [_dense(wide, shift, "relu"), _dense(back, mlp.down.bias, "none")]


def _transformer_body(tower: Any, tokenizer: Any, max_tokens: int) -> list[Piece]:
    width = tower.backbone.config.hidden_size

    def write(path: Path) -> None:
        from .transformer import quiet  # here, so that `static` is saved without importing transformers

        with quiet():
            tower.backbone.save_pretrained(path)
        fast_tokenizer(tokenizer, max_tokens).save_pretrained(path)
        settings: dict[str, Any] = {"max_seq_length": max_tokens, "do_lower_case": False}
        if "add_pooling_layer" in inspect.signature(type(tower.backbone)).parameters:
            settings["model_args"] = {"add_pooling_layer": False}
        _write_json(path / "sentence_bert_config.json", settings)

    pooling = {"word_embedding_dimension": width}
    pooling |= {flag: POOLING.get(name) == tower.pooling for flag, name in POOLING_FLAGS.items()}
    return [("Transformer", write), ("Pooling", lambda path: _write_json(path / "config.json", pooling))]


def fast_tokenizer(tokenizer: Any, max_tokens: int) -> Any:
    """A transformers tokenizer that reads texts as training did, from one of theirs or one of `tokenizers`.

    It cuts at `max_tokens`, and both cuts and fills at the end of a text; it has a padding token; and it makes nothing
    but ids and mask (GPT-2 would add an embedding for token types).
    """
    if isinstance(tokenizer, Tokenizer):
        from transformers import PreTrainedTokenizerFast

        names = {f"{name.lower()}_token": f"[{name}]" for name in ("PAD", "UNK", "CLS", "SEP", "MASK")}
        return PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=max_tokens, **names)
    theirs = copy.deepcopy(tokenizer)
    theirs.model_max_length = max_tokens
    theirs.pad_token = pad_token_of(tokenizer)
    theirs.padding_side = theirs.truncation_side = "right"
    theirs.model_input_names = ["input_ids", "attention_mask"]
    theirs.init_kwargs["model_input_names"] = theirs.model_input_names  # what is saved
    return theirs


def _dense(weight: Tensor, bias: Tensor | None, activation: str) -> Piece:
    settings = {
        "in_features": weight.shape[1],
        "out_features": weight.shape[0],
        "bias": bias is not None,
        "activation_function": ACTIVATIONS.get(activation, activation),
    }

    def write(path: Path) -> None:
        _write_json(path / "config.json", settings)
        tensors = {"linear.weight": _plain(weight)}
        tensors |= {} if bias is None else {"linear.bias": _plain(bias)}
        save_file(tensors, path / "model.safetensors")

    return "Dense", write


def _write_layer_norm(path: Path, norm: nn.LayerNorm) -> None:
    _write_json(path / "config.json", {"dimension": norm.weight.numel()})
    tensors = {"norm.weight": _plain(norm.weight), "norm.bias": _plain(norm.bias)}
    save_file(tensors, path / "model.safetensors")


def _write_router(path: Path, queries: list[Piece], documents: list[Piece], untied: bool) -> None:
    types: dict[str, str] = {}

    def put(route: str, index: int, piece: Piece) -> str:
        kind, write = piece
        name = f"{route}_{index}_{kind}"
        (path / name).mkdir()
        write(path / name)
        types[name] = _class_of(kind)
        return name

    documents_route = [put("document", index, piece) for index, piece in enumerate(documents)]
    own = queries if untied else queries[:1]
    queries_route = [put("query", index, piece) for index, piece in enumerate(own)]
    if not untied:
        _share_weights(path / queries_route[0], path / documents_route[0])
        queries_route += documents_route[1:]
    structure = {"query": queries_route, "document": documents_route}
    parameters = {"default_route": "document", "allow_empty_key": True}
    settings = {"types": types, "structure": structure, "parameters": parameters}
    _write_json(path / "router_config.json", settings)


def _share_weights(folder: Path, twin: Path) -> None:
    """Make equal weights one file under two names; they stay two where the disk has no such links."""
    for path in folder.glob("*.safetensors"):
        link = path.with_suffix(".link")
        with suppress(OSError):
            os.link(twin / path.name, link)
            link.replace(path)


def _class_of(kind: str) -> str:
    return f"sentence_transformers.models.{kind}"


def _plain(tensor: Tensor) -> Tensor:
    return tensor.detach().float().cpu().contiguous().clone()


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
