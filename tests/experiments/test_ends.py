"""The sentence under the curves: constructed arms of which it is known who is better."""

from __future__ import annotations

import numpy as np
import pytest

from ance_core.experiments.ends import Arm, Ends, Ranked, compare_ends
from ance_core.experiments.ends_words import ends_sentence
from ance_core.experiments.statistics import crossed_mean, crossed_means
from ance_core.recipes.budget import Spend

ONE = Spend(1, "pairwise")
QUERIES = 200


def arm(label, mean, start=0.3, seeds=(0,), budget=ONE, spread=0.05, seed_effect=0.0):
    """Queries of common difficulty, noise of the arm's own, and an effect of each seed that all queries share."""
    base = np.random.default_rng(7).uniform(-0.2, 0.2, QUERIES)
    noise = np.random.default_rng(sum(map(ord, label)))
    first = {seed: base + start + noise.normal(0, spread, QUERIES) for seed in seeds}
    last = {
        seed: base + mean + noise.normal(0, spread, QUERIES) + seed_effect * noise.normal() for seed in seeds
    }
    return Arm(label, budget, first, last)


def said(*arms, step=None):
    return ends_sentence(compare_ends(arms), step)


@pytest.mark.parametrize("seeds", [1, 2, 5])
def test_many_tables_at_once_give_what_one_by_one_does(seeds):
    draws = np.random.default_rng(seeds)
    values = draws.normal(size=(6, seeds, 30)) + 0.4 * draws.normal(size=(6, seeds, 1))
    values[3] = 0.0
    found = crossed_means(values)
    for place, table in enumerate(values):
        one = crossed_mean(table)
        mine = [of[place] for of in found]
        assert mine == pytest.approx([one.mean, one.low, one.high, one.p], rel=1e-9, nan_ok=True)
    with pytest.raises(ValueError, match="two queries"):
        crossed_means(values[:, :, :1])


def test_clear_differences_are_a_chain_that_names_each_arm_once():
    sentence = said(arm("random", 0.4), arm("ance", 0.5), arm("simans", 0.6), arm("dance", 0.6))
    top = compare_ends([arm("simans", 0.6), arm("dance", 0.6)]).groups[0].labels
    assert sentence == (
        f"On this seed {top[0]} and {top[1]} end above ance, which ends above random beyond chance; {top[0]} and {top[1]} "
        "cannot be told apart; none ended below its start."
    )


def test_what_is_alike_is_not_ranked():
    sentence = said(arm("random", 0.5, spread=0.3), arm("bm25", 0.5, spread=0.3))
    assert "cannot be told apart" in sentence
    assert "above" not in sentence


def test_who_ended_below_its_start_is_named():
    sentence = said(arm("star", 0.2), arm("ance", 0.5))
    assert sentence.endswith("; star ended below its start beyond chance.")
    both = said(arm("star", 0.2), arm("ance", 0.25))
    assert both.endswith("ance and star ended below their start beyond chance.") or both.endswith(
        "star and ance ended below their start beyond chance."
    )
    slightly = said(arm("star", 0.299, spread=0.3), arm("ance", 0.5))
    assert slightly.endswith("none ended below its start beyond chance.") or slightly.endswith(
        "none ended below its start."
    )


def test_an_effect_of_seeds_is_no_finding_once_there_are_several():
    arms = [
        arm(name, 0.5, seeds=range(4), spread=0.01, seed_effect=0.05) for name in ("random", "bm25", "ance")
    ]
    assert said(*arms).startswith("Over 4 seeds ")
    assert "cannot be told apart" in said(*arms)
    one = [Arm(a.label, a.budget, {0: a.first[0]}, {0: a.last[0]}) for a in arms]
    assert said(*one).startswith("On this seed ")
    assert "above" in said(*one)  # of this seed it is true


def test_other_budgets_are_never_ranked_against_each_other():
    many = Spend(31, "softmax")
    arms = [arm("random", 0.4), arm("ance", 0.5), arm("in-batch", 0.7, budget=many)]
    assert said(*arms) == (
        "On this seed with 1 negative a query, pairwise loss, ance ends above random beyond chance; in-batch spends "
        "something else on a query and is not ranked; none ended below its start."
    )
    two = said(*arms, arm("star", 0.6, budget=many))
    assert "with 31 negatives a query, softmax loss, in-batch ends above star" in two
    assert compare_ends(arms).tests == 1 + 3


def test_holm_counts_all_pairs_and_starts():
    """A difference of p about .02 alone is none among the 45 tests of nine arms."""
    noise = np.random.default_rng(0).normal(0, 0.2, QUERIES)
    noise += 0.0165 * 2 - noise.mean()
    base = np.full(QUERIES, 0.5)
    weak = [Arm("a", ONE, {0: base}, {0: base + noise}), Arm("b", ONE, {0: base}, {0: base})]
    assert crossed_mean(noise[None]).p < 0.03
    others = [Arm(f"o{i}", ONE, {0: base}, {0: base}) for i in range(7)]
    ends = compare_ends([*weak, *others])
    assert ends.tests == 36 + 9
    assert ends.groups[0].above == frozenset()


def test_only_seeds_that_all_share_are_compared():
    assert "have no seed in common" in said(arm("random", 0.4, seeds=(0,)), arm("ance", 0.9, seeds=(1,)))
    ends = compare_ends([arm("random", 0.4, seeds=(0, 1, 2)), arm("ance", 0.9, seeds=(1, 2))])
    assert ends.groups[0].seeds == 2


def test_where_ranks_overlap_only_what_was_found_is_said():
    ranked = Ranked(ONE, ("a", "b", "c"), 1, frozenset({(0, 2)}))
    sentence = ends_sentence(Ends((ranked,), (), (), (), 6))
    assert (
        sentence
        == "On this seed of a, b and c only a ends above c beyond chance; none ended below its start."
    )


def test_one_arm_is_set_against_its_start():
    assert said(arm("ance", 0.5)) == "On this seed ance ended above its start beyond chance."
    assert said(arm("ance", 0.3, spread=0.3)) == "On this seed ance cannot be told from its start."
    assert said() == ""


def test_while_some_still_train_the_step_is_named():
    sentence = said(arm("random", 0.4), arm("ance", 0.5), step=1250)
    assert sentence == (
        "So far, at step 1,250, on this seed ance stands above random beyond chance; none stands below its start."
    )
