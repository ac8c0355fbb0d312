"""What is imaged, statistically: the spectra of scenes, and how large and how common their particles are."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import label
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from passband.information.object_spectrum import ObjectSpectrum, scene_spectra
from passband.wave import SceneWaves


@dataclass(frozen=True)
class SceneSpectra:
    """One kind of scene: its particles over the field, the rest (None: vacuum), covered fraction in (0, 1)."""

    particle: ObjectSpectrum
    support: ObjectSpectrum | None
    covered_fraction: float


@dataclass(frozen=True)
class Specimen:
    """What is imaged, statistically.

    scenes: at least one; several tell how unlike particles and supports are, which limits what texture can tell;
    particle_diameter_A: mean diameter [Å]; patch_A: diameter of the disc over which a segmenter gathers evidence for
    a pixel [Å]; texture is what varies within it, q > 1/patch.
    """

    scenes: tuple[SceneSpectra, ...]
    particle_diameter_A: float
    patch_A: float = 15.0


def specimen_of_waves(
    scenes: Sequence[SceneWaves], masks: Sequence[NDArray[np.floating]], patch_A: float = 15.0
) -> Specimen:
    """The specimen that some scenes are samples of, scene by scene; those that are empty or full are left out.

    masks: (ny, nx) of 0 and 1, where the particles are, on the grids of the waves; the mean diameter is that of the
    disc with the mean area of a connected part, in a field that is periodic. Raises ValueError if no scene is left.
    """
    known = [(scene, mask) for scene, mask in zip(scenes, masks, strict=True) if 0 < float(mask.mean()) < 1]
    if not known:
        raise ValueError("a specimen needs a scene that is covered by particles in part")
    parts = sum(particle_count(mask) for _, mask in known)
    area_A2 = sum(float(mask.sum()) * scene.particles.grid.sampling_A**2 for scene, mask in known) / parts
    return Specimen(
        tuple(SceneSpectra(*scene_spectra([scene]), float(np.mean(mask))) for scene, mask in known),
        particle_diameter_A=float(2 * np.sqrt(area_A2 / np.pi)),
        patch_A=patch_A,
    )


def particle_count(mask: NDArray[np.floating]) -> int:
    """Number of connected parts of a mask (ny, nx) whose opposite edges meet."""
    labels, count = label(mask)
    edges = np.concatenate([labels[[0, -1]], labels[:, [0, -1]].T], axis=1).reshape(2, -1)
    first, second = edges[:, (edges > 0).all(axis=0)] - 1
    touching = coo_array((np.ones(len(first)), (first, second)), shape=(count, count))
    return int(connected_components(touching, directed=False)[0])


def mean_specimen(specimen: Specimen) -> Specimen:
    """The specimen with one scene of mean spectra, all of whose particles are alike."""
    if len(specimen.scenes) == 1:
        return specimen
    supports = [scene.support for scene in specimen.scenes if scene.support is not None]
    mean = SceneSpectra(
        _mean_spectrum([scene.particle for scene in specimen.scenes]),
        _mean_spectrum(supports) if supports else None,
        float(np.mean([scene.covered_fraction for scene in specimen.scenes])),
    )
    return replace(specimen, scenes=(mean,))


def _mean_spectrum(spectra: Sequence[ObjectSpectrum]) -> ObjectSpectrum:
    return replace(
        spectra[0],
        power_A2=np.mean([one.power_A2 for one in spectra], axis=0),
        pseudo_A2=np.mean([one.pseudo_A2 for one in spectra], axis=0),
    )
