"""The card of a network: everything that decides its weights.

A network's id is the content id of its card, and its weights follow from the card: the waves by their ids,
the images by ``data_seed``, the start and the batches by ``seed``.
"""

from typing import Literal

from passband.imaging.distribution import ImagingDistribution
from passband.networks.spec import NetworkSpec
from passband.records import Record, content_id
from passband.training.spec import TrainingSpec


class NetworkCard(Record):
    """Everything that decides the weights of one network, on the CPU bit for bit.

    network, training, imaging: what it is, how it is trained, what it sees.
    training_waves, validation_waves: content ids of the scenes' waves, in order; no id stands in both.
    mask_preset, mask_blur_A: how the ground truth is taken from the waves.
    data_seed: of the conditions under which the images of both pools are formed.
    seed: of the random start, the order of the batches and their noise.
    threads: of the process that trains; with another number the last bits differ.
    """

    network: NetworkSpec
    training: TrainingSpec
    imaging: ImagingDistribution
    training_waves: tuple[str, ...]
    validation_waves: tuple[str, ...]
    mask_preset: Literal["published", "clean"]
    mask_blur_A: float
    data_seed: int
    seed: int
    threads: int = 1

    @property
    def network_id(self) -> str:
        """The content id of the card."""
        return content_id(self)
