"""A step is made of operations on tensors alone, so that a GPU may record it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from passband.data.batches import batch_source
from passband.data.pool import ImagePool
from passband.networks.spec import COMPACT
from passband.networks.unet import build_network
from passband.training.spec import COMPACT_TRAINING
from passband.training.step import Learner, begin, take_step

DiscPool = Callable[[int, int], ImagePool]
ASKS_THE_HOST = {"aten::_local_scalar_dense", "aten::nonzero", "aten::is_nonzero", "aten::equal"}


class Watched(TorchDispatchMode):
    """Notes the names of all operations."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.names.add(func.name().split(".")[0])
        return func(*args, **(kwargs or {}))


def learner_as_on_a_gpu(pool: ImagePool, optimiser: str) -> Learner:
    spec = COMPACT_TRAINING.model_copy(update={"steps": 4, "optimiser": optimiser})
    generator = torch.Generator().manual_seed(0)
    learner = begin(build_network(COMPACT, 0), spec, pool, generator)
    return replace(learner, source=batch_source(pool, spec.batches, generator, 4, at_once=True))


@pytest.mark.parametrize("optimiser", ["adam", "muon"])
def test_a_step_reads_no_number_back_from_the_device(disc_pool: DiscPool, optimiser: str) -> None:
    learner = learner_as_on_a_gpu(disc_pool(4, 1), optimiser)
    with Watched() as watched:
        take_step(learner)
        take_step(learner)
    assert "aten::convolution_backward" in watched.names
    assert not watched.names & ASKS_THE_HOST
    assert learner.done.tolist() == [2]


def test_reading_a_number_back_would_be_noticed() -> None:
    with Watched() as watched:
        float(torch.ones(3).sum())
    assert watched.names & ASKS_THE_HOST


def test_everything_that_changes_stays_where_it_is(disc_pool: DiscPool) -> None:
    """A recorded step is replayed on the same memory."""
    learner = learner_as_on_a_gpu(disc_pool(4, 1), "muon")

    def places() -> list[int]:
        held = [learner.rate, learner.done, learner.lost, learner.weights.values, learner.weights.working]
        return [t.data_ptr() for t in [*held, *learner.network.parameters(), *learner.network.buffers()]]

    before = places()
    take_step(learner)
    gradients = [p.grad.data_ptr() for p in learner.network.parameters()]
    take_step(learner)
    assert places() == before
    assert [p.grad.data_ptr() for p in learner.network.parameters()] == gradients
