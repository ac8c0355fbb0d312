"""How images are formed and recorded, apart from the settings of the microscope that vary from image to image."""

from dataclasses import dataclass
from typing import Final

from passband.imaging.detector import Detector
from passband.imaging.distribution import Coherence, ImagingDistribution


@dataclass(frozen=True)
class Recording:
    """What a distribution of conditions says about all of its images.

    coherence: how partial coherence is reckoned, see ``coherence``. detector: None is an ideal one. most_points: the
    most points of the source that explicit averaging may take, see ``coherence.source_points``.
    """

    coherence: Coherence = "quasi-coherent"
    detector: Detector | None = None
    most_points: int = 400


IDEAL: Final = Recording()
"""Quasi-coherent, with an ideal detector."""


def recording(distribution: ImagingDistribution) -> Recording:
    """How the images of a distribution are formed and recorded."""
    return Recording(distribution.coherence, distribution.detector)
