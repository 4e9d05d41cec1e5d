"""Dense search: exactness and ties of the flat index, recall and repeatability of the others, refusals."""

import faiss
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ance_core.errors import ConfigError, TrainingError
from ance_core.retrieval import build_index, search, top_k
from ance_core.retrieval.dense import search_threads, use_search_threads


def clustered(n, dim, seed):
    """Vectors round 20 centres, the same for every seed: queries lie among documents."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(99).normal(size=(20, dim))
    return (centres[rng.integers(0, 20, n)] + 0.5 * rng.normal(size=(n, dim))).astype(np.float32)


# Whole numbers: inner products are exact in any order of summation, so ties are ties.
@given(st.integers(1, 40), st.integers(1, 25), st.integers(1, 45), st.integers(0, 2**32 - 1))
def test_flat_equals_the_sorted_matrix_product(n_docs, n_queries, k, seed):
    rng = np.random.default_rng(seed)
    docs = rng.integers(-1, 2, (n_docs, 3)).astype(np.float32)
    queries = rng.integers(-1, 2, (n_queries, 3)).astype(np.float32)
    found = search(build_index(docs), queries, k)
    expected = top_k(queries @ docs.T, k)
    np.testing.assert_array_equal(found.docs, expected.docs)
    np.testing.assert_array_equal(found.scores, expected.scores)
    assert found.docs.dtype == np.int32


def test_flat_on_real_numbers():
    docs, queries = clustered(500, 32, 0), clustered(60, 32, 1)
    found = search(build_index(docs), queries, 20)
    expected = top_k(queries @ docs.T, 20)
    np.testing.assert_array_equal(found.docs, expected.docs)
    np.testing.assert_allclose(found.scores, expected.scores, rtol=1e-4)


def test_flat_gives_the_same_bits_on_any_number_of_threads():
    docs, queries = clustered(700, 32, 0), clustered(2500, 32, 1)
    index, before, found = build_index(docs), search_threads(), []
    openmp = faiss.omp_get_max_threads()
    try:
        for threads in (1, 2, 3):
            use_search_threads(threads)
            found.append(search(index, queries, 20))
            assert faiss.omp_get_max_threads() == openmp  # torch may run on the same
    finally:
        use_search_threads(before)
    for other in found[1:]:
        np.testing.assert_array_equal(found[0].docs, other.docs)
        np.testing.assert_array_equal(found[0].scores, other.scores)


@pytest.mark.parametrize("n_queries", [1, 50])
def test_copies_of_a_document_enter_lowest_row_first(n_queries):
    docs = np.random.default_rng(0).normal(size=(400, 16)).astype(np.float32)
    docs[100:300] = docs[7]
    queries = np.tile(docs[7] * 10, (n_queries, 1))
    found = search(build_index(docs), queries, 30)
    assert (found.docs == [7, *range(100, 129)]).all()


def test_the_callers_arrays_stay_as_they_are():
    docs, queries = clustered(50, 8, 0), clustered(5, 8, 1)
    before = docs.copy(), queries.copy()
    search(build_index(docs), queries, 5)
    np.testing.assert_array_equal(docs, before[0])
    np.testing.assert_array_equal(queries, before[1])


@pytest.mark.parametrize("kind", ["flat", "hnsw", "ivf"])
def test_more_asked_than_there_is(kind):
    index = build_index(clustered(5, 8, 0), kind, **({"lists": 1} if kind == "ivf" else {}))
    found = search(index, clustered(3, 8, 1), 9)
    assert found.docs.shape == found.scores.shape == (3, 9)
    assert (np.sort(found.docs[:, :5]) == np.arange(5)).all()
    assert (found.docs[:, 5:] == -1).all()
    assert (found.scores[:, 5:] == -np.inf).all()
    assert search(index, np.zeros((0, 8), np.float32), 4).docs.shape == (0, 4)
    assert search(index, clustered(3, 8, 1), 0).docs.shape == (3, 0)


@pytest.mark.parametrize(
    ("kind", "params", "least"),
    [
        ("hnsw", {}, 0.93),
        ("hnsw", {"neighbours": 16, "search_width": 300}, 0.93),
        ("ivf", {}, 0.95),
        ("ivf", {"lists": 20, "probes": 20}, 1.0),  # all cells looked at: exact
    ],
)
def test_recall_against_flat(kind, params, least):
    docs, queries = clustered(2000, 32, 0), clustered(100, 32, 1)
    exact = search(build_index(docs), queries, 100).docs
    found = search(build_index(docs, kind, **params), queries, 100).docs
    recall = np.mean([len(np.intersect1d(a, b)) / 100 for a, b in zip(found, exact, strict=True)])
    assert recall >= least


@pytest.mark.parametrize(("kind", "params"), [("hnsw", {"neighbours": 4}), ("ivf", {"probes": 2})])
def test_same_seed_same_index(kind, params):
    docs, queries = clustered(1500, 16, 0), clustered(50, 16, 1)
    once, again = (search(build_index(docs, kind, seed=3, **params), queries, 50) for _ in range(2))
    np.testing.assert_array_equal(once.docs, again.docs)
    np.testing.assert_array_equal(once.scores, again.scores)
    other = search(build_index(docs, kind, seed=4, **params), queries, 50)
    assert (once.docs != other.docs).any(), "the seed is used"


def test_faiss_threads_are_given_back():
    before = faiss.omp_get_max_threads()
    search(build_index(clustered(50, 8, 0), "hnsw"), clustered(5, 8, 1), 5)
    assert faiss.omp_get_max_threads() == before


def test_no_warnings_on_stderr(capfd):
    search(build_index(clustered(60, 8, 0), "ivf", lists=30), clustered(5, 8, 1), 5)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("kind", "params", "message"),
    [
        ("flatt", {}, "did you mean 'flat'"),
        ("flat", {"lists": 3}, "lists: no parameter of index 'flat'"),
        ("ivf", {"list": 3}, "did you mean 'lists'"),
        ("ivf", {"lists": 51}, "51 cells for 50 documents: lower it to at most 50"),
        ("ivf", {"lists": 4, "probes": 5}, "5 of 4 cells: lower it to at most 4"),
        ("hnsw", {"neighbours": 0}, "neighbours: 0 given"),
        ("hnsw", {"search_width": 2.5}, "search_width: 2.5 given"),
    ],
)
def test_wrong_settings_are_refused(kind, params, message):
    with pytest.raises(ConfigError, match=message):
        build_index(clustered(50, 8, 0), kind, **params)


def test_wrong_embeddings_are_refused():
    docs = clustered(50, 8, 0)
    with pytest.raises(ConfigError, match="dimension 7, index 8"):
        search(build_index(docs), clustered(3, 7, 0), 5)
    with pytest.raises(ConfigError, match="at least one document"):
        build_index(docs[:0])
    with pytest.raises(ConfigError, match="shape"):
        build_index(docs[0])
    docs[31, 2] = np.nan
    with pytest.raises(TrainingError, match="document 31"):
        build_index(docs)
    with pytest.raises(TrainingError, match="query 31"):
        search(build_index(docs[:31]), docs, 5)
