"""Schedules, losses, specifications and cards."""

from math import log

import pytest
import torch

from passband.data.batches import steps_per_epoch
from passband.errors import UserError
from passband.imaging.distribution import ImagingDistribution, normal
from passband.networks.spec import COMPACT
from passband.records import canonical_json, content_id, parse_record
from passband.training.card import NetworkCard
from passband.training.losses import cross_entropy, cross_entropy_and_dice, soft_dice
from passband.training.schedules import RISE, START, exponential, onecycle
from passband.training.spec import COMPACT_TRAINING, PUBLISHED_TRAINING, TrainingSpec


def test_one_cycle_starts_low_peaks_once_and_ends_at_nothing() -> None:
    rates = [onecycle(step, 1000, 1) for step in range(1000)]
    peak = rates.index(max(rates))
    assert rates[0] == pytest.approx(START, abs=1e-4)
    assert peak == pytest.approx(1000 * RISE, abs=1)
    assert max(rates) == pytest.approx(1, abs=1e-4)
    assert rates[-1] < 1e-4
    assert rates == sorted(rates[: peak + 1]) + sorted(rates[peak + 1 :], reverse=True)


def test_one_cycle_has_the_same_shape_however_long_it_is() -> None:
    """The middle of step 5 of 10 is the middle of steps 55 of 110: (5 + 0.5)/10 = (60 + 0.5)/110."""
    assert onecycle(5, 10, 1) == pytest.approx(onecycle(60, 110, 7))


def test_the_published_rate_falls_by_a_hundredth_after_each_epoch() -> None:
    assert [exponential(step, 12, 4) for step in (0, 3, 4, 8)] == pytest.approx([1, 1, 0.99, 0.9801])


def test_the_published_training_is_ten_epochs_of_256_steps() -> None:
    """512 images x 8 orientations / batch 16."""
    assert steps_per_epoch(512, PUBLISHED_TRAINING.batches) == 256
    assert PUBLISHED_TRAINING.epochs == 10
    assert PUBLISHED_TRAINING.batches.noise == "fixed"
    assert PUBLISHED_TRAINING.learning_rate == 1e-3


def test_an_undecided_network_loses_ln_2_per_pixel() -> None:
    masks = torch.zeros(1, 4, 4)
    assert cross_entropy(torch.zeros(1, 4, 4), masks).item() == pytest.approx(log(2))


def test_soft_dice_counts_probabilities() -> None:
    """Probability 1/2 at 16 px, truth at 8: overlap 4, sums 8 and 8, so 1 - 9/17 with one added."""
    masks = torch.zeros(1, 4, 4)
    masks[:, :2] = 1
    assert soft_dice(torch.zeros(1, 4, 4), masks).item() == pytest.approx(1 - 9 / 17)


def test_losses_vanish_for_a_sure_and_right_network_even_where_nothing_is() -> None:
    masks = torch.zeros(2, 4, 4)
    masks[0, :2] = 1
    for truth in (masks, torch.zeros(2, 4, 4)):
        assert cross_entropy_and_dice(200 * truth - 100, truth).item() == pytest.approx(0, abs=1e-6)


def test_the_named_trainings_survive_being_written_and_read() -> None:
    for spec in (COMPACT_TRAINING, PUBLISHED_TRAINING):
        assert parse_record(TrainingSpec, spec.model_dump(mode="json"), "a test") == spec


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({}, "either steps or epochs"),
        ({"steps": 10, "epochs": 1}, "either steps or epochs"),
        ({"steps": 0}, "steps"),
        ({"steps": 10, "batches": {"nois": "fresh"}}, "did you mean 'noise'"),
        ({"steps": 10, "learning_rate": -1}, "learning_rate"),
    ],
)
def test_a_training_that_cannot_be_is_refused_in_one_sentence(data: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        parse_record(TrainingSpec, data, "study.yaml, training")


def card(**changes: object) -> NetworkCard:
    whole = NetworkCard(
        network=COMPACT,
        training=COMPACT_TRAINING,
        imaging=ImagingDistribution(defocus_nm=normal(-10, 1.5), dose_e_per_A2=400.0),
        training_waves=("a", "b"),
        validation_waves=("c",),
        mask_preset="clean",
        mask_blur_A=1.6,
        data_seed=1,
        seed=0,
    )
    return whole.model_copy(update=changes)


def test_a_card_that_was_written_and_read_names_the_same_network() -> None:
    read = NetworkCard.model_validate_json(canonical_json(card()))
    assert read == card()
    assert read.network_id == content_id(card())


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"data_seed": 2},
        {"training_waves": ("b", "a")},
        {"mask_blur_A": 1.0},
        {"threads": 2},
        {"training": COMPACT_TRAINING.model_copy(update={"learning_rate": 3e-3})},
    ],
)
def test_any_change_of_a_card_names_another_network(change: dict[str, object]) -> None:
    assert card(**change).network_id != card().network_id
