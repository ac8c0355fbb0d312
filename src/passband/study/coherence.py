"""How far apart the two ways of reckoning partial coherence are, for a study's own structures and conditions.

Envelopes on the wave are exact for weak objects only; averaging intensities over focus and tilts of the illumination is
not bound to them (``imaging.coherence``). Here each domain's mean condition images the same waves in both ways.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd
import torch
from torch import Tensor

from passband.imaging.coherence import source_points
from passband.imaging.distribution import ImagingDistribution
from passband.imaging.draw import mean_condition
from passband.imaging.image import form_intensity, stacked_spectra, standardise
from passband.imaging.recording import recording
from passband.study.study import Domain
from passband.wave import ExitWave


def coherence_table(domains: Mapping[str, Domain], waves: Mapping[str, Sequence[ExitWave]]) -> pd.DataFrame:
    """A row per domain and wave, both images without noise and with the domain's own detector and motion.

    waves: some waves of all atoms (full) of each set of structures, by the name of the set, all on one grid.
    Columns: domain_id; wave, its number in the set; contrast_quasi and contrast_explicit, the standard deviation of
    the image (vacuum is 1); contrast_change_percent, of the quasi-coherent one against the explicit;
    difference_percent, the root mean square of the difference of both, and standardised_difference_percent, the same
    when each is standardised as networks see them, both in percent of the contrast; source_points and source_error,
    how many points stood for the source and the largest error that they make of the interference of two waves
    (``imaging.coherence.SourcePoints.error``).
    """
    rows = [
        row
        for name, domain in domains.items()
        for row in _rows(name, domain.imaging, waves[domain.structures])
    ]
    return pd.DataFrame(rows)


def _rows(name: str, imaging: ImagingDistribution, waves: Sequence[ExitWave]) -> list[dict[str, object]]:
    spectra, condition, own = stacked_spectra(waves), mean_condition(imaging), recording(imaging)
    quasi, explicit = (
        form_intensity(spectra, condition, replace(own, coherence=coherence)).to(torch.float64)
        for coherence in ("quasi-coherent", "explicit")
    )
    points = source_points(condition, spectra.grid, own.most_points)
    contrasts = quasi.std((-2, -1), correction=0), explicit.std((-2, -1), correction=0)
    columns = {
        "contrast_quasi": contrasts[0],
        "contrast_explicit": contrasts[1],
        "contrast_change_percent": 100 * (contrasts[0] / contrasts[1] - 1),
        "difference_percent": 100 * _root_mean_square(quasi - explicit) / contrasts[1],
        "standardised_difference_percent": 100
        * _root_mean_square(standardise(quasi) - standardise(explicit)),
    }
    told = {"source_points": len(points.weight), "source_error": points.error}
    return [
        {"domain_id": name, "wave": number}
        | {key: float(each[number]) for key, each in columns.items()}
        | told
        for number in range(len(waves))
    ]


def _root_mean_square(images: Tensor) -> Tensor:
    return images.square().mean((-2, -1)).sqrt()
