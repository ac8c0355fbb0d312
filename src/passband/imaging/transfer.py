"""Transfer: what the microscope does to the wave, and to the phase of a weak object.

    t(q) = exp(-iχ) E_t E_s              of the wave
    T(q) = (i/2) [t(q) - t*(-q)]         of a weak phase in linear imaging; its contrast is 2 T

T = sin χ E_t E_s when no aberration of odd symmetry (coma, three-fold astigmatism) is present;
with one it is complex, and sin χ alone is wrong by tens of percent. There is no objective aperture.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from passband.grid import Grid
from passband.imaging.condition import ImagingCondition
from passband.imaging.envelopes import damping
from passband.imaging.phase import chi, is_round


def wave_transfer(
    condition: ImagingCondition, qy: Tensor, qx: Tensor, dtype: torch.dtype = torch.complex64
) -> Tensor:
    """t(q), complex (..., ny, nx), differentiable in the settings of the condition.

    qy and qx are float64 frequencies [1/Å]: the axes (ny, 1) and (1, nx) of a grid, or any points
    (ny, nx). The phase is brought to one turn in float64, so that complex64 is right to 3e-7.
    """
    real = torch.float32 if dtype == torch.complex64 else torch.float64
    phase = chi(condition, qy, qx)
    turns = (phase.detach() * (-0.5 / torch.pi)).round_()
    angle = torch.add(phase, turns, alpha=2 * torch.pi).to(real)
    if not (condition.focal_spread_A.any() or condition.convergence_rad.any()):
        return torch.complex(angle.cos(), -angle.sin())
    amplitude = (-damping(condition, qy, qx)).to(real).exp()
    return torch.complex(amplitude * angle.cos(), -amplitude * angle.sin())


def phase_transfer(
    condition: ImagingCondition, qy: Tensor, qx: Tensor, dtype: torch.dtype = torch.complex64
) -> Tensor:
    """T(q), complex (..., ny, nx), at frequencies [1/Å] as in ``wave_transfer``."""
    forward = wave_transfer(condition, qy, qx, dtype)
    if is_round(condition):
        return torch.complex(-forward.imag, torch.zeros_like(forward.imag))
    return 0.5j * (forward - wave_transfer(condition, -qy, -qx, dtype).conj())


def frequency_axes(grid: Grid, device: torch.device | str = "cpu") -> tuple[Tensor, Tensor]:
    """Frequencies [1/Å] of a grid in FFT order, float64: qy (ny, 1) and qx (1, nx)."""
    qy, qx = grid.frequencies_per_A()
    return torch.from_numpy(qy).to(device), torch.from_numpy(qx).to(device)


@dataclass(frozen=True)
class Rings:
    """The distinct lengths |q| of the points of a grid, and which of them each point has.

    q_per_A: float64 (1, n), rising. ring: int32 (ny x nx,), the number of a point's length. On a square grid of
    256 px there are about ten times fewer lengths than points.
    """

    q_per_A: Tensor
    ring: Tensor
    shape: tuple[int, int]


def rings(qy: Tensor, qx: Tensor) -> Rings:
    """The rings of the grid that two axes span, lengths being equal to 1e-12 of the longest squared."""
    squared = qy**2 + qx**2
    unit = 1e-12 * float(squared.max().clamp(min=1e-30))
    whole, ring = torch.unique((squared / unit).round(), return_inverse=True)
    ny, nx = squared.shape
    return Rings((unit * whole).sqrt()[None], ring.flatten().to(torch.int32), (ny, nx))


def round_transfers(condition: ImagingCondition, on: Rings) -> Tensor:
    """t(|q|), complex64 (..., n), of round aberrations on each ring."""
    along_x = torch.zeros(1, 1, dtype=torch.float64, device=on.q_per_A.device), on.q_per_A
    return wave_transfer(condition, *along_x)[..., 0, :]


def on_grid(values: Tensor, on: Rings) -> Tensor:
    """Values complex64 (n,) of the rings brought to their grid (ny, nx)."""
    # as one number of 8 bytes it is several times faster
    return values.view(torch.float64).index_select(0, on.ring).view(values.dtype).reshape(on.shape)
