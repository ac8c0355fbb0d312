"""The loop learns, repeats itself bit for bit, keeps the best weights and says so when it cannot go on."""

from collections.abc import Callable

import pytest
import torch

from passband.data.batches import exposed_batch
from passband.data.pool import ImagePool
from passband.data.spec import BatchSpec
from passband.evaluation.scores import score_images
from passband.networks.spec import COMPACT, NetworkSpec
from passband.networks.unet import UNet, build_network
from passband.training.loop import TrainedNetwork, TrainingDiverged, train_network
from passband.training.spec import COMPACT_TRAINING, TrainingSpec

DiscPool = Callable[[int, int], ImagePool]
TINY = NetworkSpec(widths=(4, 8), blocks=(1, 1))
SHORT = COMPACT_TRAINING.model_copy(update={"steps": 6, "validation_interval": 2, "first_validation": 0})


def trained(disc_pool: DiscPool, spec: TrainingSpec, network: UNet, seed: int = 0) -> TrainedNetwork:
    return train_network(network, spec, disc_pool(8, 1), disc_pool(4, 2), seed)


def test_a_compact_network_learns_discs_it_has_never_seen(disc_pool: DiscPool) -> None:
    spec = COMPACT_TRAINING.model_copy(update={"steps": 120})
    result = train_network(build_network(COMPACT, 0), spec, disc_pool(32, 1), disc_pool(8, 2), seed=0)
    network = build_network(COMPACT, 1)
    network.load_state_dict(result.state_dict)
    unseen = exposed_batch(disc_pool(16, 3), torch.Generator().manual_seed(0))
    scores = score_images(network, unseen.images, unseen.masks, sampling_A=1.0)
    assert scores.dice.mean() > 0.9


@pytest.mark.parametrize("loss", ["bce_dice", "cross_entropy"])
@pytest.mark.parametrize("schedule", ["onecycle", "exponential"])
def test_learning_lowers_both_losses(disc_pool: DiscPool, loss: str, schedule: str) -> None:
    changed = {
        "loss": loss,
        "schedule": schedule,
        "steps": 40,
        "validation_interval": 5,
        "first_validation": 0,
    }
    spec = COMPACT_TRAINING.model_copy(update=changed)
    history = trained(disc_pool, spec, build_network(TINY, 0)).history
    assert history[-1]["training_loss"] < 0.8 * history[0]["training_loss"]
    assert min(row["validation_loss"] for row in history) < 0.9 * history[0]["validation_loss"]


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_same_seed_gives_the_same_weights_bit_for_bit(disc_pool: DiscPool, precision: str) -> None:
    spec = SHORT.model_copy(update={"precision": precision})
    first, second = (trained(disc_pool, spec, build_network(COMPACT, 0)) for _ in range(2))
    assert first.best_step == second.best_step
    assert all(torch.equal(first.state_dict[name], second.state_dict[name]) for name in first.state_dict)


def test_another_seed_or_another_start_gives_other_weights(disc_pool: DiscPool) -> None:
    reference = trained(disc_pool, SHORT, build_network(TINY, 0), seed=0)
    other_batches = trained(disc_pool, SHORT, build_network(TINY, 0), seed=1)
    other_start = trained(disc_pool, SHORT, build_network(TINY, 1), seed=0)
    for other in (other_batches, other_start):
        assert not torch.equal(reference.state_dict["head.weight"], other.state_dict["head.weight"])


def test_the_global_random_stream_neither_matters_nor_moves(disc_pool: DiscPool) -> None:
    torch.manual_seed(1)
    first = trained(disc_pool, SHORT, build_network(TINY, 0))
    expected = torch.Generator().manual_seed(1)
    assert torch.equal(torch.rand(3), torch.rand(3, generator=expected))
    second = trained(disc_pool, SHORT, build_network(TINY, 0))
    assert torch.equal(first.state_dict["head.weight"], second.state_dict["head.weight"])


def test_the_network_and_the_pools_that_were_given_are_left_as_they_were(disc_pool: DiscPool) -> None:
    network, pool = build_network(TINY, 0), disc_pool(8, 1)
    weights = {name: value.clone() for name, value in network.state_dict().items()}
    images = pool.images.clone()
    train_network(network, SHORT, pool, disc_pool(4, 2), seed=0)
    assert torch.equal(pool.images, images)
    assert all(torch.equal(weights[name], value) for name, value in network.state_dict().items())


def test_the_weights_kept_are_those_of_the_least_validation_loss(disc_pool: DiscPool) -> None:
    """At a hundred times the rate the loss jumps about, so that the last step is not the best one."""
    spec = SHORT.model_copy(update={"steps": 12, "learning_rate": 2.0, "validation_interval": 1})
    result = trained(disc_pool, spec, build_network(TINY, 0))
    losses = [row["validation_loss"] for row in result.history]
    assert losses.index(min(losses)) + 1 == result.best_step < 12
    until_best = spec.model_copy(update={"schedule": "exponential"})
    longer = trained(disc_pool, until_best, build_network(TINY, 0))
    cut = until_best.model_copy(update={"steps": longer.best_step})
    again = trained(disc_pool, cut, build_network(TINY, 0))
    name = "head.weight"
    assert torch.equal(again.state_dict[name], longer.state_dict[name])


def test_the_history_tells_every_validation_and_progress_hears_each_once(disc_pool: DiscPool) -> None:
    heard: list[dict[str, float]] = []
    spec = SHORT.model_copy(update={"steps": 7, "first_validation": 4})
    result = train_network(build_network(TINY, 0), spec, disc_pool(8, 1), disc_pool(4, 2), 0, heard.append)
    assert heard == result.history
    assert [row["step"] for row in result.history] == [4, 6, 7]
    assert set(result.history[0]) == {
        "step", "training_loss", "validation_loss", "validation_dice", "validation_pixel_error",
        "learning_rate", "seconds",
    }  # fmt: skip
    assert 0 < result.history[0]["seconds"] < result.seconds


def test_an_epoch_shows_every_orientation_once_and_is_followed_by_a_validation(disc_pool: DiscPool) -> None:
    """8 images in 8 orientations, 16 at a time: 4 steps."""
    batches = BatchSpec(size=16)
    spec = TrainingSpec(epochs=3, batches=batches, schedule="exponential", learning_rate=1e-3)
    history = trained(disc_pool, spec, build_network(TINY, 0)).history
    assert [row["step"] for row in history] == [4, 8, 12]
    rates = [row["learning_rate"] for row in history]
    assert rates == pytest.approx([1e-3, 0.99e-3, 0.9801e-3])


def test_a_network_that_diverges_is_told_with_its_step_and_rate(disc_pool: DiscPool) -> None:
    """At a rate of 1e30 the weights overflow in the first steps."""
    spec = SHORT.model_copy(update={"learning_rate": 1e30})
    with pytest.raises(TrainingDiverged, match=r"not finite at step \d of 6.*1e\+30"):
        trained(disc_pool, spec, build_network(TINY, 0))


def test_stored_weights_are_plain_float32_copies(disc_pool: DiscPool) -> None:
    result = trained(disc_pool, SHORT, build_network(TINY, 0))
    weights = [value for value in result.state_dict.values() if value.is_floating_point()]
    assert weights
    assert all(value.dtype == torch.float32 and value.is_contiguous() for value in weights)
    assert not any(value.requires_grad for value in weights)
