import random

import pytest

from ance_core.data.pydocs.folding import SIMILAR, fold, jaccard, masked, shingled

WORDS = [a + b for a in ["bar", "tol", "mer", "sin", "vek"] for b in ["an", "el", "id", "os", "um", "er"]]


def texts(n: int, copies: int) -> dict[str, str]:
    """`n` random texts and `copies` of each with some of its words exchanged; by name."""
    draw = random.Random(3)
    made = {}
    for i in range(n):
        words = draw.choices(WORDS, k=30)
        made[f"zoo.a{i}"] = " ".join(words)
        for copy in range(copies):
            changed = [draw.choice(WORDS) if draw.random() < 0.02 * copy else word for word in words]
            made[f"zoo.b{i}x{copy}"] = " ".join(changed)
    return made


def test_as_every_pair_compared_would():
    made = texts(60, 6)
    folded = fold(made)
    kept: dict[str, frozenset[int]] = {}
    slow = set()
    for name in sorted(made, key=lambda key: (key.count("."), len(key), key)):
        own = shingled(masked(name, made[name]))
        if any(jaccard(own, other) >= SIMILAR for other in kept.values()):
            slow.add(name)
        else:
            kept[name] = own
    assert set(folded) == slow
    assert 60 < len(slow) < 360  # some copies are near, some are not
    assert set(folded.values()) <= kept.keys()


@pytest.mark.parametrize("other", ["GiraffeConfig", "Lion2Config", "lion_pride_config"])
def test_a_family_differs_in_names_and_numbers_alone(other):
    text = "The settings of a {0}. It has {1} paws, as a {0} of the savannah has, and is read from {0}_config.json."
    one = {"zoo.LionConfig": text.format("Lion", 4), f"zoo.{other}": text.format(other, 12)}
    assert len(fold(one)) == 1


def test_other_sentences_stay():
    assert fold({"zoo.feed": "Bring meat to the lions.", "zoo.clean": "Sweep the cage of the lions."}) == {}
