"""Settings: what is accepted is sound, what is refused is refused in one line that says what to write."""

# ruff: noqa: E501 - a table reads best with a case a line

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from ance_core.config import RunConfig, WarmupConfig, merge, parse, read_settings, spelled_out
from ance_core.errors import ConfigError
from ance_core.training.settings import resolve


def places(model=RunConfig, path=()):
    """Every setting: its path and its pydantic field."""
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from places(kind, (*path, name))
        else:
            yield (*path, name), field


PLACES = dict(places())
NUMBERS = [
    path for path, field in PLACES.items() if field.annotation in (int, float, int | None, float | None)
]


def at(path, value):
    for name in reversed(path):
        value = {name: value}
    return value


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"steps": 0}, "steps: 0 given; it must be at least 1 (default 600)"),
        ({"steps": True}, "steps: True given; it must be a whole number (default 600)"),
        ({"steps": 2.5}, "steps: 2.5 given; it must be a whole number (default 600)"),
        ({"steps": 10**40}, f"steps: {10**40} given; it must be at most 2147483647 (default 600)"),
        ({"seed": -1}, "seed: -1 given; it must be at least 0 (default 0)"),
        ({"optimizer": {"weight_decay": math.inf}}, "optimizer.weight_decay: inf given; it must be a finite number (default 0.01)"),
        ({"encoder": {"dropout": 1}}, "encoder.dropout: 1 given; it must be below 1 (default 0.0)"),
        ({"encoder": {"towers": "two"}}, "encoder.towers: 'two' given; it must be one of shared, untied (default shared)"),
        ({"record": {"negatives": "maybe"}}, "record.negatives: 'maybe' given; it must be true or false (default True)"),
        ({"data": ""}, "data.name: '' given; it must not be empty (default catalogue)"),
        ({"stepz": 3}, "stepz: no such setting; did you mean 'steps'?"),
        ({"encoder": {"dims": 3}}, "encoder.dims: no such setting; did you mean 'dim'?"),
        ({"encoder": "large"}, "encoder.kind: 'large' given; it must be one of static, mini, hf (default static)"),
        ({"encoder": "hf:"}, "encoder.model: 'hf' needs a folder or hub id; write --encoder hf:FOLDER"),
        ({"encoder": {"kind": "mini", "width": 10, "heads": 3}}, "encoder.heads: 3 does not divide width 10; choose a divisor"),
        ({"steps": 0, "seed": -1}, "steps: 0 given; it must be at least 1 (default 600); seed: -1 given; it must be at least 0 (default 0)"),
        ({1: 2}, "1: no such setting; names are texts, such as data, labels_per_query, recipe"),
        ({"name": 2024}, "name: 2024 given; it must be a text, in quotes where it could be read as something else"),
        ({"warmup": None}, f"warmup: None given; it is a group of settings: {', '.join(WarmupConfig.model_fields)}"),
    ],
)  # fmt: skip
def test_messages_name_setting_value_and_remedy(values, message):
    with pytest.raises(ConfigError) as error:
        resolve(values)
    assert str(error.value) == message


@given(
    st.sampled_from(NUMBERS),
    st.sampled_from([math.nan, math.inf, -math.inf, -1, -0.5, True, "x", "", [], {}]),
)
def test_no_number_is_not_one(path, value):
    """NaN, infinities, negatives, truth values and texts are refused wherever a count, a size or a rate stands."""
    if path == ("method", "b") and value in (-1, -0.5):
        return  # the one setting that may be negative
    with pytest.raises(ConfigError) as error:
        parse(RunConfig, at(path, value))
    assert str(error.value).startswith(f"{'.'.join(path)}: ")
    assert "\n" not in str(error.value)


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(list(PLACES)), JUNK)
def test_anything_is_accepted_or_refused_in_one_line(path, value):
    config = message = None
    try:
        config = resolve(at(path, value))
    except ConfigError as error:
        message = str(error)
    if config is None:
        assert message
        assert "\n" not in message
        assert "Input should" not in message
        return
    assert all(math.isfinite(v) for v in flat(config.model_dump()) if isinstance(v, float))
    again = parse(RunConfig, config.model_dump(mode="json"))  # what run.json holds can be read again
    assert again.model_dump() == config.model_dump()


def flat(values):
    for value in values.values():
        yield from flat(value) if isinstance(value, dict) else [value]


def test_numbers_of_numpy_are_numbers():
    config = resolve({"steps": np.int64(5), "optimizer": {"learning_rate": np.float32(0.5)}})
    assert (config.steps, config.optimizer.learning_rate) == (5, 0.5)
    assert type(config.steps) is int


def test_short_forms_of_the_encoder():
    assert resolve({"encoder": "mini"}).encoder.kind == "mini"
    hub = resolve({"encoder": "hf:org/model"})
    assert (hub.encoder.kind, hub.encoder.model) == ("hf", "org/model")
    layers = [{"encoder": {"kind": "hf", "model": "org/model", "dim": 32}}, {"encoder": "static"}]
    weaker_model_is_gone = resolve(merge(*map(spelled_out, layers)))
    assert (weaker_model_is_gone.encoder.kind, weaker_model_is_gone.encoder.dim) == ("static", 32)


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from("abc"), st.integers() | st.dictionaries(st.sampled_from("xy"), st.integers())
        ),
        max_size=4,
    )
)
def test_later_layers_win_key_by_key(layers):
    merged = merge(*layers)
    assert set(merged) == {key for layer in layers for key in layer}
    if layers:
        for key, value in layers[-1].items():
            if isinstance(value, dict):
                assert {name: merged[key][name] for name in value} == value
            else:
                assert merged[key] == value
    assert merge(merged) == merged


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.yaml", "steps: 5\nencoder: [1\n", r"a.yaml:3: not valid YAML; write one `name: value` a line"),
        (
            "a.json",
            '{"steps": 5,\n "seed" 3}',
            r"a.json:2: not valid JSON; write one `name: value` a line, or rename",
        ),
        ("a.yaml", "- steps\n", r"a.yaml: a list and not a group; write `name: value` pairs"),
        ("a.yaml", "when: 2024-13-45\n", r"a.yaml:\?: not valid YAML"),
        ("a.yaml", b"name: caf\xe9\n", r"a.yaml: byte 10 is not UTF-8; save the file as UTF-8"),
        ("absent.yaml", None, r"absent.yaml: cannot be read \(No such file or directory\); check --config"),
    ],
)
def test_files_that_cannot_be_read(tmp_path, name, content, message):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ConfigError, match=message) as error:
        read_settings(path)
    assert "\n" not in str(error.value)


def test_yaml_and_json_say_the_same(tmp_path):
    values = {"steps": 7, "encoder": {"dim": 64}, "optimizer": {"learning_rate": 0.001}}
    (tmp_path / "a.json").write_text("\ufeff" + json.dumps(values), encoding="utf-8")
    (tmp_path / "a.yaml").write_text(
        "# small\nsteps: 7\nencoder: {dim: 64}\noptimizer:\n  learning_rate: 1e-3\n"
    )
    (tmp_path / "empty.yaml").write_text("# nothing yet\n")
    first, second = (resolve(read_settings(tmp_path / name)) for name in ("a.json", "a.yaml"))
    assert first == second
    assert read_settings(tmp_path / "empty.yaml") == {}
