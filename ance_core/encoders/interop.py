"""The folder layout of sentence-transformers, written without importing it.

Only its own modules are used, by the names both versions 5 and 6 know, so the folder loads without
`trust_remote_code`:

    static        StaticEmbedding (w folded into E), Dense + ReLU, Dense, Dense, LayerNorm
    mini and hf   Transformer, Pooling, Dense, LayerNorm

and Normalize for cosine. A residual ReLU layer becomes two dense ones by carrying x through as
relu(x) - relu(-x). Untied towers become a Router with the routes `query` and `document`.
"""

from __future__ import annotations

import copy
import inspect
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer
from torch import Tensor, nn

from .dual import DualEncoder
from .static import ResidualMLP, StaticTower

Piece = tuple[str, Callable[[Path], None]]
"""A module of theirs: its class name and what writes its folder."""

ACTIVATIONS = {"relu": "torch.nn.modules.activation.ReLU", "none": "torch.nn.modules.linear.Identity"}


def write_pieces(model: DualEncoder, tokenizer: Any, folder: Path) -> None:
    """Write modules.json, config_sentence_transformers.json and a folder a module under `folder`."""
    config = model.config
    documents = tower_pieces(model, model.document_tower, tokenizer, config.max_document_tokens)
    if model.untied:
        queries = tower_pieces(model, model.query_tower, tokenizer, config.max_query_tokens)
        routes = {"query": queries, "document": documents}
        modules: list[Piece] = [("Router", lambda path: _write_router(path, routes))]
    else:
        modules = documents
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
            "prompts": {"query": "", "document": ""},
            "default_prompt_name": None,
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
    head = tower.head
    pieces.append(_dense(head.projection.weight, head.projection.bias, "none"))
    pieces.append(("LayerNorm", lambda path: _write_layer_norm(path, head.norm)))
    if model.config.similarity == "cosine":
        pieces.append(("Normalize", lambda path: _write_json(path / "config.json", {})))
    return pieces


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

    pooling = {
        "word_embedding_dimension": width,
        "pooling_mode_cls_token": tower.pooling == "cls",
        "pooling_mode_mean_tokens": tower.pooling == "mean",
    }
    return [("Transformer", write), ("Pooling", lambda path: _write_json(path / "config.json", pooling))]


def fast_tokenizer(tokenizer: Any, max_tokens: int) -> Any:
    """A transformers tokenizer that cuts at `max_tokens`, from one of theirs or one of `tokenizers`."""
    if isinstance(tokenizer, Tokenizer):
        from transformers import PreTrainedTokenizerFast

        names = {f"{name.lower()}_token": f"[{name}]" for name in ("PAD", "UNK", "CLS", "SEP", "MASK")}
        return PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=max_tokens, **names)
    theirs = copy.deepcopy(tokenizer)
    theirs.model_max_length = max_tokens
    return theirs


def _dense(weight: Tensor, bias: Tensor, activation: str) -> Piece:
    settings = {
        "in_features": weight.shape[1],
        "out_features": weight.shape[0],
        "bias": True,
        "activation_function": ACTIVATIONS[activation],
    }

    def write(path: Path) -> None:
        _write_json(path / "config.json", settings)
        save_file({"linear.weight": _plain(weight), "linear.bias": _plain(bias)}, path / "model.safetensors")

    return "Dense", write


def _write_layer_norm(path: Path, norm: nn.LayerNorm) -> None:
    _write_json(path / "config.json", {"dimension": norm.weight.numel()})
    tensors = {"norm.weight": _plain(norm.weight), "norm.bias": _plain(norm.bias)}
    save_file(tensors, path / "model.safetensors")


def _write_router(path: Path, routes: dict[str, list[Piece]]) -> None:
    types, structure = {}, {}
    for route, pieces in routes.items():
        names = [f"{route}_{index}_{kind}" for index, (kind, _) in enumerate(pieces)]
        for name, (kind, write) in zip(names, pieces, strict=True):
            (path / name).mkdir()
            write(path / name)
            types[name] = _class_of(kind)
        structure[route] = names
    parameters = {"default_route": "document", "allow_empty_key": True}
    settings = {"types": types, "structure": structure, "parameters": parameters}
    _write_json(path / "router_config.json", settings)


def _class_of(kind: str) -> str:
    return f"sentence_transformers.models.{kind}"


def _plain(tensor: Tensor) -> Tensor:
    return tensor.detach().float().cpu().contiguous().clone()


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
