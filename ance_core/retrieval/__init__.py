"""Search and its measures: BM25 over words, faiss over embeddings, effectiveness per query, TREC files."""

from .bm25 import BM25
from .dense import build_index, search
from .metrics import evaluate
from .ranking import Ranking, top_k, without

__all__ = ["BM25", "Ranking", "build_index", "evaluate", "search", "top_k", "without"]
