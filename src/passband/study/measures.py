"""The table of what is known of pairs of domains before any image of either: measures, plain distances, settings.

Specimens are taken from the waves of the training split of every set of structures, so nothing of a test
structure is used; a set without training structures has no measures (NaN). All domains stand on one grid, of
frequencies as networks see them, in pixels.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Final

import numpy as np
import pandas as pd

from passband.imaging.mask import particle_mask
from passband.information.band import Band
from passband.information.expected import DomainSpectra, imaged_domain
from passband.information.registry import MEASURES, measures_of
from passband.information.specimen import Specimen, specimen_of_waves
from passband.information.wave_moments import shared_grid
from passband.shift.evidence import BASELINES, Evidence, baseline_table
from passband.shift.pair_table import KEYS
from passband.shift.parameters import pair_parameters, parameter_table, standardised
from passband.structure.settings import structure_settings
from passband.study.pixels import images_grid
from passband.study.study import Study
from passband.units import A_to_nm
from passband.wave import SceneWaves

WavesOf = Callable[[str], Iterable[SceneWaves]]
"""Training scenes of a set of structures, in order."""

PLAIN: Final = tuple(name for name, each in BASELINES.items() if set(each.needs) <= {"parameters"})
"""Baselines that need no image."""


def measured_pairs(study: Study, pairs: Sequence[tuple[str, str]], waves_of: WavesOf) -> pd.DataFrame:
    """A row per pair of domains: train_id, test_id, `MEASURES`, `PLAIN`, settings of both as train_…, test_….

    waves_of: the training scenes of a set of structures.
    """
    names = tuple(dict.fromkeys(name for pair in pairs for name in pair))
    specimens = {each: _specimen(study, each, waves_of) for each in _structures(study, names)}
    known = [name for name in names if specimens[study.domains[name].structures] is not None]
    imaging = {name: study.domains[name].imaging for name in names}
    grid = shared_grid(list(imaging.values()), Band(q_max_per_A=study.measures.q_max_per_A))

    def spectra(name: str) -> DomainSpectra:
        specimen = specimens[study.domains[name].structures]
        assert specimen is not None
        pixel_A = images_grid(study, name).sampling_A
        return imaged_domain(specimen, imaging[name], grid, pixel_A, seen_A=study.network.input_sampling_A)

    measured = _measured([pair for pair in pairs if set(pair) <= set(known)], spectra)
    table = setting_table(study, pairs)
    return table.merge(measured, on=KEYS, how="left")[[*KEYS, *MEASURES, *table.columns.drop(KEYS)]]


def _measured(pairs: Sequence[tuple[str, str]], spectra: Callable[[str], DomainSpectra]) -> pd.DataFrame:
    """Measures of pairs, in order. A domain's spectra, some megabytes, are held from its first to its last pair."""
    last = {name: place for place, pair in enumerate(pairs) for name in pair}
    held: dict[str, DomainSpectra] = {}
    rows = []
    for place, pair in enumerate(pairs):
        held |= {name: spectra(name) for name in pair if name not in held}
        rows.append((*pair, *measures_of(held[pair[0]], held[pair[1]]).values()))
        held = {name: each for name, each in held.items() if last[name] > place}
    return pd.DataFrame(rows, columns=[*KEYS, *MEASURES])


def setting_table(study: Study, pairs: Sequence[tuple[str, str]]) -> pd.DataFrame:
    """`PLAIN` and the settings of both domains of pairs, those that are the same in all domains left out."""
    settings = domain_settings(study, tuple(dict.fromkeys(name for pair in pairs for name in pair)))
    return plain_distances(study, pairs, standardised(settings)).merge(
        pair_parameters(settings, pairs), on=KEYS
    )


def domain_settings(study: Study, names: Sequence[str], all_settings: bool = False) -> pd.DataFrame:
    """Settings of domains, pixels and structures among them, a row each; those that are all the same only if asked."""
    imaging = {name: study.domains[name].imaging for name in names}
    further = {
        name: {"pixel_nm": A_to_nm(images_grid(study, name).sampling_A)}
        | structure_settings(study.set_of(name).scenes)
        for name in names
    }
    return parameter_table(imaging, further, constant=all_settings)


def plain_distances(study: Study, pairs: Sequence[tuple[str, str]], standard: pd.DataFrame) -> pd.DataFrame:
    """`PLAIN` of pairs, with settings in standard deviations by domain."""

    def evidence(train: str, test: str) -> tuple[Evidence, Evidence]:
        sides = [
            Evidence(study.domains[name].imaging, standard.loc[name].to_numpy(np.float64))
            for name in (train, test)
        ]
        return sides[0], sides[1]

    return baseline_table(evidence, pairs, PLAIN)


def _structures(study: Study, names: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(study.domains[name].structures for name in names))


def _specimen(study: Study, structures: str, waves_of: WavesOf) -> Specimen | None:
    waves = tuple(islice(waves_of(structures), study.measures.scenes))
    if not waves:
        return None
    rule = study.mask
    return specimen_of_waves(
        waves, [particle_mask(each.particles, rule.preset, rule.blur_A).numpy() for each in waves]
    )
