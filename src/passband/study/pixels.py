"""The pixels of a domain's images, and pixels for a field that somebody else has chosen: the nearest that divide it."""

from scipy.fft import next_fast_len

from passband.errors import UserError
from passband.grid import Grid
from passband.imaging.pixels import image_grid
from passband.imaging.recording import recording
from passband.scattering.field import field_grid
from passband.scattering.spec import SimulationSpec
from passband.study.study import Study
from passband.units import nm_to_A

FARTHEST = 0.2
"""The pixel may come out smaller by this share."""


def images_grid(study: Study, domain: str, where: str = "") -> Grid:
    """The grid of a domain's images.

    where: what errors begin with. Raises UserError, naming the nearest sizes that fit, where the field does not hold
    a number of pixels that every network trained or tested on the domain can take.
    """
    field_A, imaging = nm_to_A(study.set_of(domain).scenes.field_nm), study.domains[domain].imaging
    stored = field_grid((field_A, field_A, 0.0), study.simulation.stored_sampling_A, f"{where}simulation")
    taken = [each.network.multiple for each in study.all_series() if domain in each.test_on]
    place = f"{where}domains.{domain}.imaging.pixel_nm"
    return image_grid(stored, recording(imaging).pixel_A, max(taken, default=1), place)


def fitting_pixels(spec: SimulationSpec, cell_A: tuple[float, float, float]) -> SimulationSpec:
    """The same settings with pixels that divide the field, at most as large as those given, if there are any.

    Otherwise the settings as they are. Numbers of pixels are multiples of 8 that are quick to transform; the stored
    pixel stays the same multiple of the simulated one.
    """
    if _divides(cell_A, spec.sampling_A) and _divides(cell_A, spec.stored_sampling_A):
        return spec
    wanted, times = cell_A[0] / spec.sampling_A, spec.stored_sampling_A / spec.sampling_A
    count = int(wanted)
    while count < wanted / (1 - FARTHEST):
        count = 8 * int(next_fast_len(count // 8 + 1))
        sampling_A = cell_A[0] / count
        if _divides(cell_A, sampling_A) and _divides(cell_A, times * sampling_A):
            changed = {"sampling_A": sampling_A, "stored_sampling_A": times * sampling_A}
            return SimulationSpec.model_validate(spec.model_dump() | changed)
    return spec


def _divides(cell_A: tuple[float, float, float], pixel_A: float) -> bool:
    try:
        field_grid(cell_A, pixel_A, "pixel")
    except UserError:
        return False
    return True
