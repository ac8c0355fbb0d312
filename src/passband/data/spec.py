"""How images become batches, as data."""

from typing import Literal

from pydantic import PositiveInt

from passband.records import Record


class BatchSpec(Record):
    """What a batch of training images goes through.

    size: images per batch.
    noise: ``fresh`` draws the shot noise anew each time an image is shown; ``fixed`` draws it once, as a
        recorded data set has it.
    dihedral: shows each image in its 8 orientations (4 quarter turns, mirrored or not), each once per epoch.
    roll: shifts each image by a random number of pixels around the periodic field.
    crop_px: side of a random square part [px]; none takes whole images.
    """

    size: PositiveInt = 4
    noise: Literal["fresh", "fixed"] = "fresh"
    dihedral: bool = True
    roll: bool = True
    crop_px: PositiveInt | None = None
