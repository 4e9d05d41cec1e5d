"""Tiny pretrained models of nine families: random weights, and the kind of tokenizer each family has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

from ance_core.data.tokens import train_wordpiece

POSITIONS = 40
END = "<|endoftext|>"
SHAPE = {"hidden_size": 16, "num_attention_heads": 2, "num_hidden_layers": 2, "intermediate_size": 32}
LONGEST = {"max_position_embeddings": POSITIONS}
QWEN = {"num_key_value_heads": 1, "bos_token_id": 0, "eos_token_id": 0, "pad_token_id": 0, "use_cache": True}
DISTIL = {"dim": 16, "n_heads": 2, "n_layers": 2, "hidden_dim": 32}
GPT2 = {
    "n_embd": 16,
    "n_head": 2,
    "n_layer": 2,
    "n_positions": POSITIONS,
    "bos_token_id": 0,
    "eos_token_id": 0,
}
T5 = {
    "d_model": 16,
    "d_kv": 8,
    "d_ff": 32,
    "num_layers": 2,
    "num_heads": 2,
    "pad_token_id": 0,
    "eos_token_id": 1,
}
MODERN = {
    "global_attn_every_n_layers": 2,
    "local_attention": 8,
    "pad_token_id": 0,
    "cls_token_id": 2,
    "sep_token_id": 3,
}

# the class's name, its settings, the kind of tokenizer
FAMILIES: dict[str, tuple[str, dict[str, Any], str]] = {
    "bert": ("Bert", SHAPE | LONGEST, "wordpiece"),
    "roberta": (
        "Roberta",
        SHAPE | LONGEST | {"pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2},
        "roberta",
    ),
    "mpnet": (
        "MPNet",
        SHAPE | LONGEST | {"pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2},
        "roberta",
    ),
    "distilbert": ("DistilBert", DISTIL | LONGEST, "wordpiece"),
    "modernbert": ("ModernBert", SHAPE | LONGEST | MODERN, "wordpiece"),
    "albert": ("Albert", SHAPE | LONGEST | {"embedding_size": 8}, "wordpiece"),
    "qwen2": ("Qwen2", SHAPE | LONGEST | QWEN, "bpe"),
    "gpt2": ("GPT2", GPT2, "bpe"),
    "t5": ("T5", T5, "unigram"),
}
USABLE = {"roberta": POSITIONS - 2, "mpnet": POSITIONS - 2, "t5": None}
"""Tokens the longest text may have; the others use all their positions."""


def save_family(folder: Path, name: str, texts: list[str], **changes: Any) -> Path:
    """A folder as `from_pretrained` expects it; dropout is at the family's own rate, and changes go to its config."""
    kind, settings, style = FAMILIES[name]
    tokenizer = TOKENIZERS[style](texts)
    config = getattr(transformers, f"{kind}Config")(vocab_size=len(tokenizer), **settings | changes)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        model = getattr(transformers, f"{kind}Model")(config)
        for (
            parameter
        ) in model.parameters():  # biases and norms off their start, so that each is seen to be read
            parameter.data.add_(0.05 * torch.randn(parameter.shape))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def wordpiece(texts: list[str]) -> Any:
    names = {f"{name.lower()}_token": f"[{name}]" for name in ("PAD", "UNK", "CLS", "SEP", "MASK")}
    return transformers.PreTrainedTokenizerFast(tokenizer_object=train_wordpiece(texts, 300), **names)


def byte_level(texts: list[str], special: list[str]) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=340, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def roberta(texts: list[str]) -> Any:
    tokenizer = byte_level(texts, ["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    names = {"bos_token": "<s>", "cls_token": "<s>", "eos_token": "</s>", "sep_token": "</s>"}
    names |= {"pad_token": "<pad>", "unk_token": "<unk>", "mask_token": "<mask>"}
    return transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names)


def bpe(texts: list[str]) -> Any:
    """As GPT-2's: no padding token, nothing around a text; and the generic class's token types, padding from the left."""
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=byte_level(texts, [END]),
        eos_token=END,
        padding_side="left",
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
    )


def unigram(texts: list[str]) -> Any:
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    special = ["<pad>", "</s>", "<unk>"]
    trainer = trainers.UnigramTrainer(
        vocab_size=200, special_tokens=special, unk_token="<unk>", show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    )


TOKENIZERS = {"wordpiece": wordpiece, "roberta": roberta, "bpe": bpe, "unigram": unigram}
