"""`passband information A.yaml B.yaml`: two imaging distributions compared, without a study."""

from collections.abc import Iterator
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from passband.errors import UserError
from passband.imaging.distribution import ImagingDistribution
from passband.information.band import Band
from passband.information.pairs import pair_information
from passband.information.spectra import specimen_spectrum
from passband.information.weights import AREA, RADIAL, Weight, specimen_weight
from passband.storage.run_folder import RunFolder
from passband.storage.waves import load_waves
from passband.study.load import load_imaging
from passband.wave import ExitWave

WeightName = Literal["radial", "area", "specimen"]
MOST_WAVES = 64
"""So many scenes are enough for a spectrum that is averaged over scenes and azimuth."""


def compare_files(
    a: Path, b: Path, weight: WeightName, q_max_per_A: float, waves: Path | None
) -> dict[str, Any]:
    """Measures of the distribution in file b (test) beside that in file a (training), by name.

    waves: a run folder; needed for, and only for, the weight 'specimen'. What a file says and the measures leave out
    stands under ``not_counted``, a text that is there only where something is. Raises UserError for files that are
    missing or wrong, or a q_max outside (0, 5] 1/Å.
    """
    if not 0 < q_max_per_A <= 5:
        raise UserError(f"--q-max {q_max_per_A:g}: must be above 0 and at most 5 (in 1/Å)")
    if (weight == "specimen") != (waves is not None):
        raise UserError("--weight specimen and --waves RUN belong together: give both, or neither")
    pair = load_imaging(a), load_imaging(b)
    chosen = _specimen(waves) if waves is not None else {"radial": RADIAL, "area": AREA}[weight]
    measured = asdict(pair_information(*pair, Band(q_max_per_A=q_max_per_A), chosen))
    left_out = _not_counted(*pair)
    return measured | ({"not_counted": left_out} if left_out else {})


def _not_counted(a: ImagingDistribution, b: ImagingDistribution) -> str:
    """The keys of the files, separated by commas, that the transfer of weak phases does not know.

    The dose says nothing about transfer; it is named where it tells the two apart.
    """
    left_out = {
        "detector": a.detector is not None or b.detector is not None,
        "dose_e_per_A2": a.dose_e_per_A2 != b.dose_e_per_A2,
        "pixel_nm": a.pixel_nm is not None or b.pixel_nm is not None,
        "coherence: explicit": "explicit" in (a.coherence, b.coherence),
    }
    return ", ".join(key for key, is_left_out in left_out.items() if is_left_out)


def _specimen(root: Path) -> Weight:
    return specimen_weight(specimen_spectrum(list(islice(particle_waves(root), MOST_WAVES))).radial())


def particle_waves(root: Path) -> Iterator[ExitWave]:
    """The particles-only waves of a run folder, in the order of their ids. Raises UserError when there are none."""
    folder = RunFolder.existing(root)
    paths = sorted(path for path in folder.waves.glob("[!.]*") if path.is_dir())
    if not paths:
        raise UserError(f"--waves {root}: it holds no waves yet; run its study first")
    for path in paths:
        yield load_waves(path).waves.particles
