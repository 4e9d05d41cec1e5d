"""Token embeddings and weights from the corpus: an untrained encoder that already retrieves.

Latent semantic analysis (Deerwester et al. 1990) on the terms' side. The term-document matrix has
(1 + log tf) * sqrt(idf) as entries and rows of unit length; its first `width` right singular vectors give
each token a point, of which only the direction is kept, and the weight of a token in a text is its idf. The
mean of weighted directions then ranks nearly as the full tf-idf vectors do, in `width` dimensions.

Keeping lengths, as plain LSA does, lets the few frequent topics rule every inner product.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from ..rng import generator

if TYPE_CHECKING:
    from ..data.tokens import Tokens

MAX_DOCUMENTS = 20_000
"""The decomposition reads at most so many documents, drawn at random: directions settle long before that."""
OVERSAMPLING, POWER_ITERATIONS = 16, 3
UNSEEN_LENGTH = 0.1
"""Length of the random vectors of tokens the corpus does not have, against 1 of those it has."""


def idf(frequencies: np.ndarray, documents: int) -> np.ndarray:
    """BM25's inverse document frequency log(1 + (N - n + .5) / (n + .5)), (V,) float64, positive."""
    return np.log1p((documents - frequencies + 0.5) / (frequencies + 0.5))


def corpus_embeddings(
    tokens: Tokens, vocab_size: int, width: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Directions (V, width) and weights (V,), float32, from the documents' tokens.

    Directions have unit length (`UNSEEN_LENGTH` for tokens the corpus does not have, in random directions);
    weights have mean 1 over the running text. The same tokens and seed give the same numbers.
    """
    counts = term_counts(tokens, vocab_size, seed)
    frequencies = np.bincount(counts.indices, minlength=vocab_size)
    rarity = idf(frequencies, counts.shape[0])
    points = _right_singular_vectors(_weighted(counts, rarity), width, seed)
    noise = generator(seed, "token directions").standard_normal((vocab_size, width))
    lengths = np.linalg.norm(points, axis=1, keepdims=True)
    known = (frequencies > 0)[:, None] & (lengths > 1e-9)
    directions = np.where(known, points / np.maximum(lengths, 1e-9), UNSEEN_LENGTH * width**-0.5 * noise)
    running = np.asarray(counts.sum(axis=0)).ravel()
    typical = float(rarity @ running / max(running.sum(), 1.0))
    return directions.astype(np.float32), (rarity / max(typical, 1e-9)).astype(np.float32)


def term_counts(tokens: Tokens, vocab_size: int, seed: int) -> sp.csr_array:
    """Occurrences of tokens in documents, (documents, V) float64, of a random part of a large corpus."""
    n = len(tokens.offsets) - 1
    rows = np.arange(n)
    if n > MAX_DOCUMENTS:
        rows = np.sort(generator(seed, "corpus sample").choice(n, MAX_DOCUMENTS, replace=False))
    flat, offsets = tokens.ragged(rows)
    counts = sp.csr_array((np.ones(len(flat)), flat, offsets), shape=(len(rows), vocab_size))
    counts.sum_duplicates()
    return counts


def _weighted(counts: sp.csr_array, rarity: np.ndarray) -> sp.csr_array:
    """(1 + log tf) * sqrt(idf), documents scaled to unit length."""
    matrix = counts.copy()
    matrix.data = (1.0 + np.log(matrix.data)) * np.sqrt(rarity)[matrix.indices]
    lengths = np.sqrt(matrix.multiply(matrix).sum(axis=1))
    matrix.data /= np.repeat(np.maximum(lengths, 1e-9), np.diff(matrix.indptr))
    return matrix


def _right_singular_vectors(matrix: sp.csr_array, rank: int, seed: int) -> np.ndarray:
    """The first `rank` right singular vectors as columns, (V, rank); zero columns beyond the matrix's rank.

    Randomised subspace iteration (Halko, Martinsson and Tropp 2011). Signs: the largest entry is positive.
    """
    n, vocab_size = matrix.shape
    size = min(rank + OVERSAMPLING, n, vocab_size)
    transposed = matrix.T.tocsr()
    basis = generator(seed, "subspace").standard_normal((vocab_size, size))
    for _ in range(POWER_ITERATIONS):
        basis, _ = np.linalg.qr(transposed @ (matrix @ basis))
    _, strengths, rotation = np.linalg.svd(matrix @ basis, full_matrices=False)
    kept = min(rank, int((strengths > 1e-9 * max(strengths[0], 1e-9)).sum()))
    vectors = basis @ rotation[:kept].T
    vectors *= np.sign(vectors[np.abs(vectors).argmax(axis=0), np.arange(kept)])
    return np.pad(vectors, ((0, 0), (0, rank - kept)))
