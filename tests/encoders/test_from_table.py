"""A start from a pretrained table: before the first step the encoder has the cosines of the table's own model."""

import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from ance_core.config import EncoderConfig
from ance_core.data.token_table import read_table
from ance_core.data.tokens import TokenizedDataset, tokenize
from ance_core.encoders import build_encoder, encode_corpus, load_model, save_model
from ance_core.encoders.from_table import mean_zero_basis, read_numbers
from ance_core.encoders.init import idf
from ance_core.errors import ConfigError

from ..tables import WIDTH, model2vec, static_embedding, words
from .test_export import stir

# words that the tables know, words they spell in pieces, and letters they do not know at all
TEXTS = [
    "the light turns at night",
    "a bell rings in the fog",
    "men haul nets, a boat is in the harbour",
    "Fog: the bell is loud. zebra quiz",
    "harbour light",
    "at sea the night is dark and the men turn to the light of the harbour",
]


def tokens_of(folder) -> TokenizedDataset:
    table = read_table(str(folder))
    read = tokenize(TEXTS, table.tokenizer, 40, special_tokens=False)
    return TokenizedDataset(table.tokenizer, read, read, 0, table.rows, False, table)


def built(folder, **changes):
    settings = {"width": WIDTH, "dim": WIDTH + 1, "max_document_tokens": 40, "max_query_tokens": 40} | changes
    config = EncoderConfig(kind="static", model=str(folder), **settings)
    tokens = tokens_of(folder)
    return build_encoder(config, None, tokens, 0), tokens


def cosines(vectors: np.ndarray) -> np.ndarray:
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit @ unit.T


FORMS = {
    "plain": model2vec,
    "weights": lambda f: model2vec(f, weights=True),
    "clustered": lambda f: model2vec(f, weights=True, mapping=True),
    "float16": lambda f: model2vec(f, dtype="float16"),
    "int8": lambda f: model2vec(f, dtype="int8"),
}


@pytest.mark.parametrize("form", FORMS)
def test_cosines_are_those_of_model2vec(tmp_path, form):
    """Its unknown tokens count for nothing, here too."""
    library = pytest.importorskip("model2vec")
    folder = FORMS[form](tmp_path / "m")
    theirs = library.StaticModel.from_pretrained(folder, force_download=False)
    theirs.embedding = theirs.embedding.astype(np.float32)  # it would add up in the numbers it stores
    assert theirs.unk_token_id in tokens_of(folder).docs.ids
    model, tokens = built(folder)
    ours = encode_corpus(model, tokens.docs)
    np.testing.assert_allclose(cosines(ours), cosines(theirs.encode(TEXTS)), atol=1e-5)


@pytest.mark.parametrize(
    "make",
    [
        static_embedding,
        lambda folder: static_embedding(folder, inner="", normalize=False),
    ],
    ids=["nested-normalized", "root"],
)
def test_cosines_are_those_of_sentence_transformers(tmp_path, make):
    library = pytest.importorskip("sentence_transformers")
    folder = make(tmp_path / "m")
    theirs = library.SentenceTransformer(str(folder), device="cpu").encode(TEXTS)
    model, tokens = built(folder)
    ours = encode_corpus(model, tokens.docs)
    np.testing.assert_allclose(cosines(ours), cosines(theirs), atol=1e-5)


def test_inner_products_are_the_cosines_times_dim(tmp_path):
    """What is trained is a dot product: LayerNorm gives every text the same length, but for its epsilon."""
    model, tokens = built(model2vec(tmp_path / "m"))
    ours = encode_corpus(model, tokens.docs)
    np.testing.assert_allclose(ours @ ours.T / model.config.dim, cosines(ours), atol=1e-4)


def test_float32_bfloat16_and_any_scale_give_one_start(tmp_path):
    """Rows are scaled to length 1 over the running text, token weights to 1, before training reads them."""
    folder = model2vec(tmp_path / "m")
    model, tokens = built(folder)
    bag = model.document_tower.bag
    lengths = bag.embedding.norm(dim=1)[torch.from_numpy(tokens.docs.ids.astype(np.int64))]
    assert lengths.mean().item() == pytest.approx(1, abs=1e-5)
    other = shutil.copytree(folder, tmp_path / "other")
    table = load_file(folder / "model.safetensors")["embeddings"]
    save_file({"embeddings": (table * 64).bfloat16()}, other / "model.safetensors")
    vectors = [encode_corpus(m, tokens.docs) for m in (model, built(other)[0])]
    np.testing.assert_allclose(vectors[0], vectors[1], atol=0.05)


def test_weights_from_the_corpus_are_its_idf(tmp_path):
    folder = static_embedding(tmp_path / "m")
    model, tokens = built(folder, token_weights="corpus")
    counts = np.zeros(tokens.vocab_size)
    for row in range(len(TEXTS)):
        counts[np.unique(tokens.docs.ragged(np.array([row]))[0])] += 1
    rarity = idf(counts, len(TEXTS))
    weights = model.document_tower.bag.token_weight.detach().numpy()
    np.testing.assert_allclose(weights / weights[0], rarity / rarity[0], rtol=1e-5)
    assert weights[tokens.docs.ids].mean() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(("dim", "rank"), [(2, 1), (7, 6), (7, 3), (257, 256)])
def test_the_basis_is_orthonormal_and_of_mean_zero(dim, rank):
    basis = mean_zero_basis(dim, rank)
    assert basis.shape == (dim, rank)
    np.testing.assert_allclose(basis.T @ basis, np.eye(rank), atol=1e-12)
    np.testing.assert_allclose(basis.sum(axis=0), 0, atol=1e-12)


def test_fewer_dimensions_keep_the_leading_singular_directions(tmp_path):
    """With rank r the vectors are those of the exact truncated SVD, turned: the same cosines."""
    folder = static_embedding(tmp_path / "m")
    whole, tokens = built(folder)
    with torch.inference_mode():
        flat, offsets = tokens.docs.ragged(np.arange(len(TEXTS)))
        bags = whole.document_tower.bag(torch.from_numpy(flat), torch.from_numpy(offsets)).numpy()
    unit = bags / np.linalg.norm(bags, axis=1, keepdims=True)
    _, _, right = np.linalg.svd(unit)
    model, _ = built(folder, dim=4)
    ours = encode_corpus(model, tokens.docs)
    np.testing.assert_allclose(cosines(ours), cosines(bags @ right[:3].T), atol=1e-5)


def test_more_dimensions_lose_nothing(tmp_path):
    folder = static_embedding(tmp_path / "m")
    vectors = [encode_corpus(model, tokens.docs) for model, tokens in (built(folder), built(folder, dim=20))]
    np.testing.assert_allclose(cosines(vectors[0]), cosines(vectors[1]), atol=1e-5)


def test_random_token_vectors_for_the_same_vocabulary(tmp_path):
    """What the table is worth can be asked: `init: random` keeps its tokenizer alone, in any size."""
    folder = model2vec(tmp_path / "m")
    model, tokens = built(folder, init="random", width=5, dim=6)
    assert model.document_tower.bag.embedding.shape == (tokens.vocab_size, 5)


@pytest.mark.parametrize("form", ["clustered", "float16", "StaticEmbedding", "untied cosine"])
def test_saved_model_is_alike_in_sentence_transformers(tmp_path, form):
    library = pytest.importorskip("sentence_transformers")
    folder = FORMS.get(form, static_embedding)(tmp_path / "m")
    changes = {"towers": "untied", "similarity": "cosine"} if form == "untied cosine" else {}
    model, tokens = built(folder, **changes)
    stir(model)
    save_model(model, tokens, tmp_path / "saved")
    shutil.rmtree(folder)  # what was saved needs the folder no more
    theirs = library.SentenceTransformer(str(tmp_path / "saved"), device="cpu")
    ours = encode_corpus(model, tokens.docs)
    assert np.abs(ours - theirs.encode_document(TEXTS)).max() <= 1e-5
    loaded, _ = load_model(tmp_path / "saved")
    assert np.array_equal(encode_corpus(loaded, tokens.docs), ours)


def test_wordllama_is_the_mean_of_its_vectors():
    pytest.importorskip("wordllama")
    tokens = tokens_of("wordllama")
    numbers, weights = read_numbers(tokens.table)
    assert (weights == 1).all()
    means = np.stack([numbers[tokens.docs.ragged(np.array([i]))[0]].mean(axis=0) for i in range(len(TEXTS))])
    config = EncoderConfig(kind="static", model="wordllama", width=256, dim=257)
    ours = encode_corpus(build_encoder(config, None, tokens, 0), tokens.docs)
    np.testing.assert_allclose(cosines(ours), cosines(means), atol=1e-5)


def write(folder, **tensors):
    save_file(load_file(folder / "model.safetensors") | tensors, folder / "model.safetensors")


SIZE = words().get_vocab_size()


@pytest.mark.parametrize(
    ("tensors", "changes", "message"),
    [
        (
            {"embeddings": torch.full((SIZE, WIDTH), torch.nan)},
            {},
            "the table holds numbers that are not finite",
        ),
        ({"mapping": torch.full((SIZE,), SIZE)}, {}, f"mapping names row {SIZE} of {SIZE}"),
        ({"mapping": torch.full((SIZE,), -1)}, {}, f"mapping names row -1 of {SIZE}"),
        ({}, {"width": 64}, f"encoder.width: 64, but the rows of {{}} have {WIDTH} numbers: leave it out"),
    ],
    ids=["nan", "beyond", "below", "width"],
)
def test_numbers_that_do_not_fit(tmp_path, tensors, changes, message):
    folder = model2vec(tmp_path / "m")
    write(folder, **tensors)
    with pytest.raises(ConfigError) as caught:
        built(folder, **changes)
    assert message.format(folder) in str(caught.value)
    assert "\n" not in str(caught.value)
