"""A `static` encoder that starts from a pretrained table: before the first step it ranks as the table's own model does.

A model2vec or StaticEmbedding model is x = mean over the text's tokens of w[t] * E[t], compared by cosine. Ours ends
in y = LayerNorm(P x), and LayerNorm takes the mean of the coordinates away, so one direction would be lost. P is
therefore an isometry into the vectors of mean zero, for which LayerNorm only sets the length:

    <y(q), y(d)> = dim * cos(x(q), x(d))        with dim > width, by default width + 1

With a smaller `dim`, P first keeps the dim - 1 directions that hold most of the corpus's own (unit) vectors: their
truncated singular value decomposition.

The scale of E and P changes nothing of that but for LayerNorm's epsilon, which must be small beside the variance of
P x. It does decide how far an update moves them: rows have length 1, and token weights mean 1, on average over the
running text, as in a start from the corpus, and `HEAD_SCALE` keeps the epsilon small. With wordllama on squad-dev and
nl2bash (600 steps of random and of ance, one seed, dev) rows of length 4 or 16 with smaller heads learned less.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import scipy.sparse as sp
from safetensors import SafetensorError
from safetensors.torch import load_file

from ..config import EncoderConfig
from ..errors import ConfigError
from .init import idf, term_counts

if TYPE_CHECKING:
    from ..data.token_table import TokenTable
    from ..data.tokens import Tokens

HEAD_SCALE = 30.0
"""P starts as so many times an isometry: texts of usual length then vary by about 1 a coordinate, epsilon is 1e-5."""


class TableStart(NamedTuple):
    """Token embeddings (V, width), token weights (V,) and the head's projection (dim, width), float32."""

    directions: np.ndarray
    weights: np.ndarray
    projection: np.ndarray


def table_start(table: TokenTable, docs: Tokens, config: EncoderConfig, seed: int) -> TableStart:
    """What `StaticTower.start_from` takes, from a table and the documents' tokens.

    Raises ConfigError where `encoder.width` is not the table's, or the table cannot be read.
    """
    if config.width != table.width:
        raise ConfigError(
            f"encoder.width: {config.width}, but the rows of {table.files.model} have {table.width} numbers: leave it out"
        )
    rows, weights = read_numbers(table)
    counts = term_counts(docs, table.rows, seed)
    running = np.asarray(counts.sum(axis=0)).ravel()
    if config.token_weights == "corpus":
        weights = idf(np.bincount(counts.indices, minlength=table.rows), counts.shape[0])
    if table.ignored_token is not None:
        weights[table.ignored_token] = 0.0
    weights = weights / _typical(np.abs(weights), running)
    rows = rows / _typical(np.linalg.norm(rows, axis=1), running)
    projection = HEAD_SCALE * _projection(counts, rows * weights[:, None], config.dim)
    return TableStart(*(a.astype(np.float32) for a in (rows, weights, projection)))


def read_numbers(table: TokenTable) -> tuple[np.ndarray, np.ndarray]:
    """Rows (V, width) and token weights (V,), float64; weights are 1 where the table has none beside it."""
    model, files = table.files.model, table.files
    try:
        tensors = load_file(files.weights)
    except (OSError, SafetensorError) as error:
        raise ConfigError(
            f"encoder.model: {model}: {files.weights.name} cannot be read ({error}): copy the model again"
        ) from None
    rows = tensors[files.key].double().numpy()
    weights = np.ones(table.rows)
    if files.form == "model2vec" and "mapping" in tensors:
        mapping = tensors["mapping"].long().numpy()
        strange = mapping[(mapping < 0) | (mapping >= len(rows))]
        if len(strange):
            raise ConfigError(
                f"encoder.model: {model}: mapping names row {strange[0]} of {len(rows)}: copy the model again"
            )
        rows = rows[mapping]
    if table.has_weights:
        weights = tensors["weights"].double().numpy()
    if not (np.isfinite(rows).all() and np.isfinite(weights).all()):
        raise ConfigError(
            f"encoder.model: {model}: the table holds numbers that are not finite: copy the model again"
        )
    return rows, weights


def _typical(values: np.ndarray, running: np.ndarray) -> float:
    """The mean of `values` (V,) over the running text, of which token v makes up `running[v]`; 1 if that is zero."""
    return float(values @ running / max(running.sum(), 1.0)) or 1.0


def _projection(counts: sp.csr_array, table: np.ndarray, dim: int) -> np.ndarray:
    """(dim, width): an isometry into the vectors of mean zero, or of the leading dim - 1 directions."""
    width = table.shape[1]
    kept = np.eye(width) if width < dim else _leading_directions(counts, table, dim - 1).T
    return mean_zero_basis(dim, kept.shape[0]) @ kept


def _leading_directions(counts: sp.csr_array, table: np.ndarray, rank: int) -> np.ndarray:
    """(width, rank): eigenvectors of the second moment of the documents' vectors at unit length, largest first."""
    vectors = counts @ table  # (documents, width): a sum points where the mean does
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    _, directions = np.linalg.eigh(vectors.T @ vectors)
    directions = directions[:, ::-1][:, :rank]
    return directions * np.sign(directions[np.abs(directions).argmax(axis=0), np.arange(rank)])


def mean_zero_basis(dim: int, rank: int) -> np.ndarray:
    """(dim, rank): orthonormal columns whose entries sum to zero, near the identity; rank < dim.

    The columns but the last of the reflection that takes the last unit vector to the constant one.
    """
    normal = np.full(dim, -(dim**-0.5))
    normal[-1] += 1.0
    normal /= np.linalg.norm(normal) or 1.0
    return (np.eye(dim) - 2.0 * np.outer(normal, normal))[:, :rank]
