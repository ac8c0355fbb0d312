"""How images are formed and recorded, apart from the settings of the microscope that vary from image to image."""

from dataclasses import dataclass
from typing import Final

from passband.imaging.detector import Detector
from passband.imaging.distribution import Coherence, ImagingDistribution
from passband.units import nm_to_A


@dataclass(frozen=True)
class Recording:
    """What a distribution of conditions says about all of its images.

    coherence: how partial coherence is reckoned, see ``coherence``. detector: None is an ideal one. pixel_A: pixel of
    the images [Å], None for that of the wave, see ``pixels``. most_points: the most points of the source that
    explicit averaging may take, see ``coherence.source_points``.
    """

    coherence: Coherence = "quasi-coherent"
    detector: Detector | None = None
    most_points: int = 400
    pixel_A: float | None = None


IDEAL: Final = Recording()
"""Quasi-coherent, with an ideal detector."""


def recording(distribution: ImagingDistribution) -> Recording:
    """How the images of a distribution are formed and recorded."""
    pixel_A = None if distribution.pixel_nm is None else nm_to_A(distribution.pixel_nm)
    return Recording(distribution.coherence, distribution.detector, pixel_A=pixel_A)
