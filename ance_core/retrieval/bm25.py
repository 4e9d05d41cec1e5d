"""BM25 over words: the lexical baseline, and a source of hard negatives that needs no training.

Robertson and Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond (2009), in Lucene's variant
(idf = ln(1 + (N - df + .5) / (df + .5)), k1 = 1.5, b = .75), scored by bm25s (Lù 2024), which computes the
contribution of every (word, document) pair once, at indexing time.

bm25s answers one query at a time and leaves ties to `argpartition`. Its score table is a sparse matrix, so
a block of queries is a sparse product: 2-3 times as fast, and `top_k` orders ties by document row.
"""

from __future__ import annotations

from collections.abc import Sequence

import bm25s
import numpy as np
import Stemmer
from scipy import sparse

from ..errors import ConfigError, DataError, nearest
from .ranking import Ranking, block_rows, top_k


class BM25:
    """An index over `docs`. Words are two or more characters, lower-cased, stemmed; stop words are out.

    docs:    N texts; their order gives the document rows
    stemmer: a Snowball language of PyStemmer, or None for whole words

    Raises ConfigError on an unknown language, DataError on a corpus without a single word.
    """

    def __init__(self, docs: Sequence[str], stemmer: str | None = "english") -> None:
        self._tokenizer = bm25s.tokenization.Tokenizer(stopwords="en", stemmer=_stemmer(stemmer))
        # Not bm25s.tokenize: it numbers stems in the order of a set, so each process would sum differently.
        ids = self._words(docs, grow=True)
        vocabulary = self._tokenizer.get_vocab_dict()
        if not vocabulary:
            raise DataError(
                f"corpus: no word to index in {len(docs)} documents: BM25 needs words of two letters"
            )
        index = bm25s.BM25(method="lucene", backend="numpy")
        index.index((ids, vocabulary), create_empty_token=False, show_progress=False)
        table = index.scores
        self.n_docs = len(docs)
        shape = (self.n_docs, len(vocabulary))
        by_word = sparse.csc_matrix((table["data"], table["indices"], table["indptr"]), shape=shape)
        self._contributions = by_word.T.tocsr()  # (V, N) float32: what word v adds to the score of document n

    def search(self, queries: Sequence[str], k: int) -> Ranking:
        """The k best documents of each query, (Q, k). One that shares no word with the query is no result.

        A query that shares no word with the corpus has none at all: its row is -1 throughout.
        """
        counts = self._query_matrix(queries)
        docs = np.full((len(queries), k), -1, np.int32)
        scores = np.full((len(queries), k), -np.inf, np.float32)
        step = block_rows(self.n_docs)
        for start in range(0, len(queries), step):
            block = slice(start, start + step)
            dense = (counts[block] @ self._contributions).toarray()  # (B, N)
            dense[dense <= 0] = -np.inf
            docs[block], scores[block] = top_k(dense, k)
        return Ranking(docs, scores)

    def _words(self, texts: Sequence[str], grow: bool = False) -> list[list[int]]:
        return self._tokenizer.tokenize(
            texts, update_vocab=grow, allow_empty=False, return_as="ids", show_progress=False
        )

    def _query_matrix(self, queries: Sequence[str]) -> sparse.csr_matrix:
        """(Q, V) float32: how often each indexed word occurs in each query."""
        words = self._words(queries)
        indptr = np.concatenate([[0], np.cumsum([len(ids) for ids in words], dtype=np.int64)])
        columns = np.fromiter((i for ids in words for i in ids), np.int64, indptr[-1])
        shape = (len(queries), self._contributions.shape[0])
        matrix = sparse.csr_matrix((np.ones(len(columns), np.float32), columns, indptr), shape=shape)
        matrix.sum_duplicates()
        return matrix


def _stemmer(language: str | None) -> Stemmer.Stemmer | None:
    if language is None:
        return None
    if language not in Stemmer.algorithms():
        raise ConfigError(f"stemmer: no language {language!r}{nearest(language, Stemmer.algorithms())}")
    return Stemmer.Stemmer(language)
