"""An image by explicit averaging over the source: the intensities through all of its points, added up.

Where the points are those of a sequence, their interference with the unscattered beam is replaced by its mean over the
source, which is known (``coherence.interference``). What remains for the points to get right is the interference of
scattered waves among each other, of second order in their strength.
"""

from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor

from passband.imaging.coherence import SourcePoints, interference, source_points
from passband.imaging.condition import ImagingCondition
from passband.imaging.fine_grid import FineGrid, Workspace, packed_spectrum, rings_of
from passband.imaging.phase import is_round
from passband.imaging.transfer import on_grid, round_transfers, wave_transfer


def explicit_spectrum(psi: Tensor, condition: ImagingCondition, most_points: int, work: Workspace) -> Tensor:
    """Spectrum complex64 (ny, nx), in FFT order, of the image of one wave under one condition (batch shape ()).

    psi: the spectra (k, rows, columns) of its configurations, whose intensities add up.
    """
    fine = work.fine
    points = source_points(condition, fine.stored, most_points)
    (y, x), sampled = fine.reach, torch.zeros_like(psi[0])

    def waves() -> Iterator[tuple[Tensor, Tensor]]:
        for transfer in _through(points, condition, fine):
            if points.is_sequence:
                sampled.add_(transfer * transfer[y, x].conj())
            yield from ((one, transfer) for one in psi)

    spectrum = packed_spectrum([waves()], work)
    if not points.is_sequence:
        return spectrum
    missing = interference(condition, *fine.axes(psi.device)) - sampled
    linear = ((psi * psi[:, y, x].conj()[:, None, None]).sum(0) * missing).to(spectrum.dtype)
    # both halves of the interference: the spectrum of a real image
    real = linear + linear.flip((0, 1)).conj()
    kept = [min(k, (n - 1) // 2) for k, n in zip((y, x), fine.image.shape, strict=True)]
    rows, columns = (torch.arange(-k, k + 1, device=psi.device) for k in kept)
    return spectrum.index_put((rows[:, None], columns), real[rows[:, None] + y, columns + x], accumulate=True)


def _through(points: SourcePoints, condition: ImagingCondition, fine: FineGrid) -> Iterator[Tensor]:
    """t(q) of the condition without its widths, complex64, through every point, times the root of its weight."""
    device = condition.C10_A.device
    none = torch.zeros_like(condition.focal_spread_A)
    steady = replace(condition, focal_spread_A=none, convergence_rad=none)
    foci = steady.refocused(torch.from_numpy(points.focus_A).to(device))
    weights = torch.from_numpy(points.weight).to(device, torch.float32).sqrt()
    if is_round(condition) and not points.tilt_per_A.any():
        on = rings_of(fine, device)
        yield from (on_grid(values, on) for values in round_transfers(foci, on) * weights[:, None])
        return
    qy, qx = fine.axes(device)
    for number, (ky, kx) in enumerate(points.tilt_per_A):
        yield wave_transfer(foci[number], qy + ky, qx + kx) * weights[number]
