"""How a network is trained, as data."""

from typing import Final, Literal, Self

from pydantic import NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from passband.data.spec import BatchSpec
from passband.networks.spec import Precision
from passband.records import Record


class TrainingSpec(Record):
    """One training run; the weights kept are those of the least validation loss.

    steps, epochs: how long; exactly one of them is given. An epoch shows each image once in each orientation.
    images_per_structure: noiseless images formed of each training structure, under conditions of the domain.
    validation_images_per_structure: the same for the held-out structures of the domain.
    optimiser: ``adam``, or ``muon``, which needs fewer steps (training/optimisers.py).
    learning_rate: its highest value; about 1e-2 at most for Adam, 5e-2 for Muon.
    schedule: ``onecycle`` rises and falls by cosines over the whole run (Smith & Topin, arXiv 1708.07120);
        ``exponential`` multiplies by 0.99 after each epoch.
    loss: cross entropy, or cross entropy plus soft Dice loss.
    precision, channels_last: number format and memory layout of the convolutions.
    validation_interval: steps between validations; none is once per epoch. The last step is always validated.
    first_validation: step before which no validation takes place.
    """

    steps: PositiveInt | None = None
    epochs: PositiveInt | None = None
    batches: BatchSpec = BatchSpec()
    images_per_structure: PositiveInt = 4
    validation_images_per_structure: PositiveInt = 2
    optimiser: Literal["adam", "muon"] = "adam"
    learning_rate: PositiveFloat = 1e-2
    schedule: Literal["onecycle", "exponential"] = "onecycle"
    loss: Literal["bce_dice", "cross_entropy"] = "bce_dice"
    precision: Precision = "bfloat16"
    channels_last: bool = True
    validation_interval: PositiveInt | None = None
    first_validation: NonNegativeInt = 0

    @model_validator(mode="after")
    def _has_one_length(self) -> Self:
        if (self.steps is None) == (self.epochs is None):
            raise ValueError("give either steps or epochs, and not both")
        return self


COMPACT_TRAINING: Final = TrainingSpec(
    steps=200,
    batches=BatchSpec(noise="fixed"),
    optimiser="muon",
    learning_rate=5e-2,
    validation_interval=20,
    first_validation=160,
)
"""Seconds per network on one core; found by trial (docs/decisions/0016)."""

PUBLISHED_TRAINING: Final = TrainingSpec(
    epochs=10,
    batches=BatchSpec(size=16, noise="fixed", dihedral=True, roll=False),
    images_per_structure=1,
    validation_images_per_structure=1,
    learning_rate=1e-3,
    schedule="exponential",
    loss="cross_entropy",
    precision="float32",
    channels_last=False,
)
"""After DaCosta, Oill & Scott, doi 10.69761/kjte5358: 512 images, one per structure, in 8 orientations;
batch 16, 10 epochs, Adam at 1e-3 or 1e-4, x 0.99 per epoch, cross entropy. Each image keeps its noise over
the epochs."""
