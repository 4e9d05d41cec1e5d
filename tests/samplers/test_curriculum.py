"""One sampler, then another: to the step, with the very draws of the one in use."""

import numpy as np
import pytest

from ance_core.errors import ConfigError
from ance_core.samplers import Curriculum, QueryBatch, TopK, Uniform

from .cases import LABELS, N_DOCS, POOLS

SAMPLER = Curriculum(TopK("bm25", 9), TopK("own", 12), 5)


@pytest.mark.parametrize(("step", "part"), [(0, "first"), (4, "first"), (5, "second"), (99, "second")])
def test_draws_are_those_of_the_sampler_in_use(step, part):
    rows = np.arange(len(LABELS.queries))
    batch = QueryBatch(rows, LABELS.indptr[rows], LABELS, N_DOCS, step)
    uniforms = np.random.default_rng(0).random((len(rows), SAMPLER.uniforms_needed(3)))
    ours, theirs = (
        SAMPLER.draw(batch, POOLS, 3, uniforms),
        getattr(SAMPLER, part).draw(batch, POOLS, 3, uniforms),
    )
    for name in vars(ours):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))


def test_both_must_be_able_to_serve():
    np.testing.assert_array_equal(SAMPLER.capacity(LABELS, N_DOCS), np.full(len(LABELS.queries), 9))
    np.testing.assert_array_equal(
        SAMPLER.support(LABELS, N_DOCS, POOLS), np.minimum(POOLS["bm25"].sizes, POOLS["own"].sizes)
    )
    with pytest.raises(ConfigError, match="10 asked of sampler 'top-k'"):
        SAMPLER.check(LABELS, N_DOCS, 10)
    with pytest.raises(ConfigError, match="10 asked of sampler 'top-k'"):
        Curriculum(Uniform(), TopK("bm25", 9), 5).check(LABELS, N_DOCS, 10)
