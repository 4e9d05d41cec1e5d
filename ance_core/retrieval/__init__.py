"""Search and its measures: BM25 over words, faiss over embeddings, effectiveness per query, TREC files."""

from .bm25 import BM25
from .dense import build_index, search
from .metrics import evaluate
from .ranking import Ranking, leave_out, top_k, without
from .trec import read_trec_run, write_trec_run

__all__ = [
    "BM25",
    "Ranking",
    "build_index",
    "evaluate",
    "leave_out",
    "read_trec_run",
    "search",
    "top_k",
    "without",
    "write_trec_run",
]
