import numpy as np
import pytest
import torch

from ance_core.config import EncoderConfig
from ance_core.encoders import TokenBatch, build_encoder
from ance_core.encoders.layers import band_of_layer
from ance_core.encoders.pooling import masked_mean
from ance_core.errors import ConfigError


@pytest.mark.parametrize("kind", ["mini", "hf"])
@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_padding_changes_nothing(built, kind, pooling):
    model, tokens = built(kind, pooling=pooling)
    rows = np.arange(len(tokens.docs))
    assert len(set(tokens.docs.lengths())) > 3
    with torch.no_grad():
        together = model.encode_documents(TokenBatch.of(tokens.docs, rows))
        alone = torch.cat([model.encode_documents(TokenBatch.of(tokens.docs, rows[i : i + 1])) for i in rows])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-5)


def test_mini_computes_what_bert_does(built):
    """Our own walk through embeddings and layers against `BertModel.forward`."""
    model, tokens = built("mini")
    tower = model.document_tower
    ids, mask = TokenBatch.of(tokens.docs, np.arange(12)).padded(0)
    with torch.no_grad():
        ours = tower.token_states(ids, mask)
        theirs = tower.backbone(input_ids=ids, attention_mask=mask.long()).last_hidden_state
    torch.testing.assert_close(ours[mask], theirs[mask])


def test_mini_in_bfloat16_stays_close(built):
    model, tokens = built("mini")
    batch = TokenBatch.of(tokens.docs, np.arange(40))
    with torch.no_grad():
        exact = model.encode_documents(batch)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            states = model.document_tower.token_states(*batch.padded(0))
            rounded = model.encode_documents(batch)
    assert states.dtype == torch.bfloat16
    assert rounded.dtype == torch.float32
    assert torch.nn.functional.cosine_similarity(exact, rounded).min() > 0.999


def test_masked_mean_agrees_with_a_loop():
    states = torch.randn(3, 4, 5)
    mask = torch.tensor([[1, 1, 1, 1], [1, 0, 0, 0], [1, 1, 0, 0]], dtype=torch.bool)
    expected = torch.stack([row[kept].mean(0) for row, kept in zip(states, mask, strict=True)])
    torch.testing.assert_close(masked_mean(states, mask), expected)


def test_dropout_only_where_asked(built):
    for rate in (0.0, 0.5):
        model, tokens = built("mini", dropout=rate)
        model.train()
        batch = TokenBatch.of(tokens.docs, np.arange(4))
        with torch.random.fork_rng(devices=[]):
            assert torch.equal(model.encode_documents(batch), model.encode_documents(batch)) == (rate == 0)


def test_pretrained_weights_are_those_of_the_folder(built, bert_folder):
    from transformers import BertModel

    model, tokens = built("hf", dropout=0.2)
    theirs = BertModel.from_pretrained(bert_folder).eval()
    ids, mask = TokenBatch.of(tokens.docs, np.arange(6)).padded(tokens.pad_id)
    model.eval()
    with torch.no_grad():
        expected = theirs(input_ids=ids, attention_mask=mask.long()).last_hidden_state
        torch.testing.assert_close(model.document_tower.token_states(ids, mask)[mask], expected[mask])
    assert not any("pooler" in name for name, _ in model.named_parameters())
    rates = {m.p for m in model.modules() if isinstance(m, torch.nn.Dropout)}
    assert rates == {0.2}


def test_layers_fall_into_bands():
    assert [band_of_layer(i, 1) for i in range(1)] == ["top"]
    assert [band_of_layer(i, 2) for i in range(2)] == ["bottom", "top"]
    thirds = [band_of_layer(i, 12) for i in range(12)]
    assert thirds == ["bottom"] * 4 + ["middle"] * 4 + ["top"] * 4


def error_of(config, tokens):
    with pytest.raises(ConfigError) as caught:
        build_encoder(config, None, tokens, 0)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_folder_that_is_no_model(make, tmp_path):
    _, tokens = make("hf")
    assert "encoder.model" in error_of(EncoderConfig(kind="hf", model=str(tmp_path)), tokens)


def test_texts_longer_than_the_model_has_positions(make, bert_folder):
    _, tokens = make("hf")
    message = error_of(EncoderConfig(kind="hf", model=str(bert_folder), max_document_tokens=41), tokens)
    assert "41 exceeds the 40 positions" in message


def test_a_tokenizer_of_another_model(make):
    import dataclasses

    config, tokens = make("hf")
    message = error_of(config, dataclasses.replace(tokens, vocab_size=10_000))
    assert "tokenizer makes 10000" in message
