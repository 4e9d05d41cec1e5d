"""A pretrained table of token vectors with its tokenizer: what `static:FOLDER` starts from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Tokenizer

from ..errors import ConfigError
from .pretrained import unknown_token_id
from .table_files import TableFiles, find_table

FORMATS = ("F64", "F32", "F16", "BF16", "I8")
"""Number formats a table may be stored in; all are trained in float32. I8 is model2vec's: one scale for all."""


@dataclass(frozen=True, eq=False)
class TokenTable:
    """A table that has been checked, its numbers not yet read (`encoders.from_table` does).

    rows: ids that the table knows, so the vocabulary's size. has_weights: whether it stores a weight a token beside
    its rows; without, the rows' lengths are the weights. fingerprint: 16 hex digits of a hash of weights and
    tokenizer, whatever the path.
    """

    files: TableFiles
    tokenizer: Tokenizer
    rows: int
    width: int
    has_weights: bool
    fingerprint: str

    @property
    def ignored_token(self) -> int | None:
        """The id that the folder's own library leaves out of the mean: model2vec's unknown token."""
        return unknown_token_id(self.tokenizer) if self.files.form == "model2vec" else None


def read_table(model: str) -> TokenTable:
    """The table of a folder or of "wordllama".

    Raises ConfigError, in one line with the remedy, for a folder without table or tokenizer, a damaged file, numbers
    of another format, and a tokenizer whose ids go beyond the table.
    """
    files = find_table(model)
    number_format, (length, width) = files.tensors[files.key]
    if number_format not in FORMATS:
        raise ConfigError(
            f"encoder.model: {model}: {files.key} holds {number_format} numbers (known: {', '.join(FORMATS)}): save it as "
            "float32"
        )
    rows = _mapped_rows(files) or length
    tokenizer = _read_tokenizer(files)
    _check_ids(files, tokenizer, rows)
    return TokenTable(files, tokenizer, rows, width, _has_weights(files, rows), _fingerprint(files))


def _mapped_rows(files: TableFiles) -> int | None:
    """Ids of a table some of whose rows stand for several tokens; None where each has its own."""
    if files.form != "model2vec" or "mapping" not in files.tensors:
        return None
    shape = files.tensors["mapping"][1]
    if len(shape) != 1 or not shape[0]:
        raise ConfigError(
            f"encoder.model: {files.model}: mapping has shape {list(shape)}, not one row a token: save the model again"
        )
    return shape[0]


def _read_tokenizer(files: TableFiles) -> Tokenizer:
    try:
        return Tokenizer.from_file(str(files.tokenizer))
    except Exception as error:  # `tokenizers` raises plain Exception for whatever is wrong in the file
        reason = " ".join(str(error).split())[:160]
        raise ConfigError(
            f"encoder.model: {files.model}: {files.tokenizer.name} cannot be read ({reason}): copy the model again"
        ) from None


def _check_ids(files: TableFiles, tokenizer: Tokenizer, rows: int) -> None:
    vocabulary = tokenizer.get_vocab(with_added_tokens=True)
    token, last = max(vocabulary.items(), key=lambda item: item[1], default=("", -1))
    if last >= rows:
        raise ConfigError(
            f"encoder.model: {files.model}: its tokenizer makes id {last} ({token!r}) but its table has {rows} rows: use "
            "the tokenizer it was made with"
        )


def _has_weights(files: TableFiles, rows: int) -> bool:
    if files.form != "model2vec" or "weights" not in files.tensors:
        return False
    shape = files.tensors["weights"][1]
    if shape != (rows,):
        raise ConfigError(
            f"encoder.model: {files.model}: weights has shape {list(shape)} for {rows} tokens: save the model again"
        )
    return True


def _fingerprint(files: TableFiles) -> str:
    digest = hashlib.sha256(f"token table 1 {files.form}".encode())
    for path in (files.weights, files.tokenizer):
        digest.update(_hash_of(path))
    return digest.hexdigest()[:16]


def _hash_of(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
