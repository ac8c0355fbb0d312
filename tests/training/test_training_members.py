"""Networks trained in one call: each is what it would be alone, whoever is beside it."""

from collections.abc import Callable, Iterator

import pytest
import torch

from passband.data.pool import ImagePool
from passband.data.spec import BatchSpec
from passband.networks.spec import COMPACT, NetworkSpec
from passband.networks.unet import build_network
from passband.training.loop import Diverged, Member, Trained, TrainedNetwork, train_network, train_networks
from passband.training.spec import COMPACT_TRAINING, TrainingSpec

DiscPool = Callable[[int, int], ImagePool]
TINY = NetworkSpec(widths=(4, 8), blocks=(1, 1))
SHORT = COMPACT_TRAINING.model_copy(update={"steps": 6, "validation_interval": 2, "first_validation": 0})
gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")


def unlike_members(disc_pool: DiscPool) -> list[Member]:
    """Different networks, rates, optimisers, lengths, batches, pools and seeds; the third diverges."""
    changes: list[dict[str, object]] = [
        {},
        {"optimiser": "adam", "learning_rate": 3e-3, "steps": 9},
        {"learning_rate": 1e30, "optimiser": "adam"},
        {"steps": 3, "batches": BatchSpec(size=3, noise="fresh"), "loss": "cross_entropy"},
    ]
    networks = [TINY, COMPACT, TINY, TINY]
    return [
        Member(
            f"member {n}",
            build_network(networks[n], n),
            SHORT.model_copy(update=change),
            disc_pool(4 + 2 * n, n),
            disc_pool(3, 10 + n),
            seed=n,
        )
        for n, change in enumerate(changes)
    ]


def same(first: TrainedNetwork, second: TrainedNetwork) -> bool:
    weights = zip(first.state_dict.items(), second.state_dict.items(), strict=True)
    return all(name == other and torch.equal(a, b) for (name, a), (other, b) in weights)


@pytest.mark.parametrize("under_way", [1, 2, 10])
def test_each_member_is_bit_for_bit_what_it_would_be_alone(disc_pool: DiscPool, under_way: int) -> None:
    members = unlike_members(disc_pool)
    results = {result.key: result for result in train_networks(members, under_way=under_way)}
    assert set(results) == {member.key for member in members}
    for member in members[:2] + members[3:]:
        alone = train_network(
            member.network, member.spec, member.training_pool, member.validation_pool, member.seed
        )
        together = results[member.key]
        assert isinstance(together, Trained)
        assert same(together.network, alone)
        assert together.network.best_step == alone.best_step


def test_a_member_that_diverges_leaves_with_its_reason(disc_pool: DiscPool) -> None:
    results = {result.key: result for result in train_networks(unlike_members(disc_pool), under_way=4)}
    diverged = results["member 2"]
    assert isinstance(diverged, Diverged)
    assert "at a learning rate of up to 1e+30" in diverged.reason


def test_short_members_are_given_first_and_the_next_is_taken_up_in_their_place(disc_pool: DiscPool) -> None:
    taken: list[str] = []

    def drawn() -> Iterator[Member]:
        for member in unlike_members(disc_pool):
            taken.append(member.key)
            yield member

    results = train_networks(drawn(), under_way=2)
    assert taken == []
    first = next(results)
    assert first.key == "member 0"
    assert taken == ["member 0", "member 1"]
    assert [result.key for result in results] == ["member 2", "member 1", "member 3"]


def test_progress_tells_whose_row_it_is(disc_pool: DiscPool) -> None:
    heard: list[tuple[str, float]] = []
    members = unlike_members(disc_pool)[:2]
    list(train_networks(members, under_way=2, progress=lambda key, row: heard.append((key, row["step"]))))
    assert [step for key, step in heard if key == "member 0"] == [2, 4, 6]
    assert [step for key, step in heard if key == "member 1"] == [2, 4, 6, 8, 9]


@pytest.mark.gpu
@gpu
@pytest.mark.parametrize("optimiser", ["adam", "muon"])
def test_recorded_steps_of_many_members_on_a_gpu_agree_with_each_alone(
    disc_pool: DiscPool, optimiser: str
) -> None:
    """float32 sums are taken in another order from run to run: 20 small steps leave 1e-3 of the weights' size."""
    spec = TrainingSpec(
        steps=20, optimiser=optimiser, learning_rate=1e-3, precision="float32", validation_interval=20
    )
    pools = disc_pool(8, 1).to("cuda"), disc_pool(4, 2).to("cuda")
    members = [Member(str(n), build_network(TINY, n), spec, *pools, seed=n) for n in range(8)]
    together = {result.key: result for result in train_networks(members, "cuda", under_way=8)}
    for member in members:
        alone = train_network(member.network, spec, *pools, member.seed)
        result = together[member.key]
        assert isinstance(result, Trained)
        for name, value in alone.state_dict.items():
            torch.testing.assert_close(result.network.state_dict[name], value, rtol=1e-3, atol=1e-3)


@pytest.mark.gpu
@gpu
def test_recorded_steps_draw_new_batches_and_new_noise(disc_pool: DiscPool) -> None:
    """Were a batch replayed as it was recorded, the loss would fall towards 0 on it alone and rise on others."""
    spec = TrainingSpec(steps=120, learning_rate=1e-2, validation_interval=30)
    pools = disc_pool(32, 1).to("cuda"), disc_pool(8, 2).to("cuda")
    trained = train_network(build_network(COMPACT, 0), spec, *pools, 0)
    assert trained.history[-1]["validation_dice"] > 0.85
