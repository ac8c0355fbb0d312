"""Point atoms on a pixel grid at their exact places: the non-uniform Fourier transform.

Rounding atoms to pixels, or sharing each between four (bilinear), changes the wave by 8 % at 0.5-1 1/Å. Instead every
atom is spread over width x width pixels with a smooth function φ, the grid is Fourier transformed, and the transform is
divided by that of φ:

    Σ_j w_j exp(-2πi q·r_j)  =  FFT{ Σ_j w_j φ(r - r_j) }(q) / φ^(q).

What is left is the overlap of φ^ with its own periodic images. φ is the exponential of a semicircle, close to the best
there is: A. H. Barnett, J. Magland, L. af Klinteberg, SIAM J. Sci. Comput. 41 (2019) C479. With width 6 the error is
7e-5 of the sum within two thirds of the Nyquist frequency, and 3 % at 0.85 of it, where atoms scatter little. A wider
function changed the waves of a gold sphere by less than 0.02 % of their scattered part.

On a CPU with one thread the sums are in a fixed order; on a GPU they are not, and repeat to rounding only.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from passband.grid import Grid

WIDTH: Final = 6
"""Pixels over which an atom is spread, in each direction."""
_STEEPNESS: Final = 1.95 * WIDTH
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(64)


@dataclass(frozen=True)
class Gridding:
    """How weighted points become a density on the grid, and what that does to their spectrum.

    spread: (places_px float64 (c, m, 2) as y, x; weights complex64 (m,); shape (ny, nx)) -> complex64 (c, ny, nx).
    response: grid -> float64 (ny, nx), FFT order; the spectrum of the density is that of the points times this.
    """

    spread: Callable[[Tensor, Tensor, tuple[int, int]], Tensor]
    response: Callable[[Grid], NDArray[np.float64]]


def spread_smoothly(places_px: Tensor, weights: Tensor, shape: tuple[int, int]) -> Tensor:
    """Density (c, ny, nx) of m points in each of c configurations, periodic; see Gridding.spread."""
    corner = torch.ceil(places_px - WIDTH / 2)
    reach = torch.arange(WIDTH, device=places_px.device)
    distance = ((corner - places_px).to(torch.float32)[..., None] + reach) * (2 / WIDTH)  # (c, m, 2, width)
    profile = torch.exp(_STEEPNESS * (torch.sqrt((1 - distance.square()).clamp_(min=0)) - 1))
    pixels = corner.to(torch.int64)[..., None] + reach
    rows, columns = pixels[:, :, 0] % shape[0], pixels[:, :, 1] % shape[1]
    rows += shape[0] * torch.arange(len(places_px), device=places_px.device)[:, None, None]
    values = (profile[:, :, 0] * weights[:, None])[..., :, None] * profile[:, :, 1][..., None, :]
    target = rows[..., :, None] * shape[1] + columns[..., None, :]
    density = weights.new_zeros(len(places_px) * shape[0] * shape[1])
    density.index_add_(0, target.reshape(-1), values.reshape(-1))
    return density.view(len(places_px), *shape)


def smooth_response(grid: Grid) -> NDArray[np.float64]:
    """φ^ on the frequencies of the grid, (ny, nx), by Gauss-Legendre quadrature."""
    along_y, along_x = (_profile_spectrum(n) for n in grid.shape)
    return along_y[:, None] * along_x[None, :]


def _profile_spectrum(n_pixels: int) -> NDArray[np.float64]:
    profile = np.exp(_STEEPNESS * (np.sqrt(1 - _NODES**2) - 1))
    waves = np.cos(np.pi * WIDTH * np.fft.fftfreq(n_pixels)[:, None] * _NODES)
    return np.asarray(WIDTH / 2 * (waves @ (_WEIGHTS * profile)))


EXACT: Final = Gridding(spread_smoothly, smooth_response)
"""Exact sub-pixel positions."""
