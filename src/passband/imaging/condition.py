"""Settings of the microscope under which an image is recorded: one struct of tensors for a whole batch.

Lengths are in Å, angles in rad. C10 = -defocus: positive defocus is underfocus.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final

import torch
from torch import Tensor

from passband.imaging.aberrations import ABERRATIONS, POSITION


@dataclass(frozen=True)
class ImagingCondition:
    """A batch of imaging conditions at one energy; every tensor is float64 and shares the batch shape (...).

    energy_eV: kinetic energy of the electrons.
    coefficients_A: (..., 14) C_nm in the order of ABERRATIONS.
    azimuths_rad: (..., 14) their azimuths, from x towards y; without meaning where m = 0.
    focal_spread_A: (...) standard deviation of the focus, 0 or more.
    convergence_rad: (...) 1/e half width of the illumination angle, 0 or more.
    dose_e_per_A2: (...) electrons per area; infinite where there is no shot noise.
    vibration_A: (...) standard deviation of the image's random motion in each direction; None for none.
    drift_A: (..., 2) path (y, x) of the image's even motion during the exposure; None for none.
    """

    energy_eV: float
    coefficients_A: Tensor
    azimuths_rad: Tensor
    focal_spread_A: Tensor
    convergence_rad: Tensor
    dose_e_per_A2: Tensor
    vibration_A: Tensor | None = None
    drift_A: Tensor | None = None

    @property
    def batch_shape(self) -> torch.Size:
        """The shape (...) that all tensors share."""
        return self.coefficients_A.shape[:-1]

    @property
    def C10_A(self) -> Tensor:
        """The first coefficient (...) [Å], the negative of the defocus."""
        return self.coefficients_A[..., POSITION["C10"]]

    @property
    def defocus_A(self) -> Tensor:
        """Defocus (...) [Å], positive is underfocus."""
        return -self.C10_A

    def coefficient_A(self, symbol: str) -> Tensor:
        """The coefficient (...) [Å] of a symbol of ABERRATIONS."""
        return self.coefficients_A[..., POSITION[symbol]]

    def refocused(self, added_C10_A: Tensor | float) -> "ImagingCondition":
        """The same conditions with [Å] added to C10; the batch shape is broadcast against the addition."""
        added = torch.as_tensor(added_C10_A, dtype=torch.float64, device=self.coefficients_A.device)
        grown = self.expand((self.C10_A + added).shape)
        coefficients = grown.coefficients_A.clone()
        coefficients[..., POSITION["C10"]] += added
        return replace(grown, coefficients_A=coefficients)

    def expand(self, batch_shape: tuple[int, ...]) -> "ImagingCondition":
        """The same conditions broadcast to a batch shape, without a copy."""
        return self._changed(lambda tensor, own: tensor.expand((*batch_shape, *own)))

    def flattened(self) -> "ImagingCondition":
        """The same conditions with their batch in one dimension."""
        return self._changed(lambda tensor, own: tensor.reshape((-1, *own)))

    def __getitem__(self, index: Any) -> "ImagingCondition":
        """Conditions of a part of the batch; the index speaks of the batch shape only."""
        if self.batch_shape == ():
            raise IndexError("a single condition has no batch to index")
        plain = index if isinstance(index, tuple) else (index,)
        whole = plain if any(part is Ellipsis for part in plain) else (*plain, Ellipsis)
        return self._changed(lambda tensor, own: tensor[(*whole, *(slice(None) for _ in own))])

    def to(self, device: torch.device | str) -> "ImagingCondition":
        """The same conditions with their tensors on a device."""
        return self._changed(lambda tensor, _: tensor.to(device))

    def _changed(self, change: Callable[[Tensor, torch.Size], Tensor]) -> "ImagingCondition":
        """Every tensor changed; ``change`` is told the shape of one condition's own entry."""
        tensors: dict[str, Any] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, Tensor):
                own = value.shape[-1:] if field.name in _VECTORS else torch.Size()
                tensors[field.name] = change(value, own)
        return replace(self, **tensors)


_VECTORS: Final = ("coefficients_A", "azimuths_rad", "drift_A")
"""What has an entry of its own for each condition; the others are one number each."""


def symmetric_condition(
    energy_eV: float,
    C10_A: Tensor | float,
    C30_A: Tensor | float = 0.0,
    focal_spread_A: Tensor | float = 0.0,
    convergence_rad: Tensor | float = 0.0,
) -> ImagingCondition:
    """Conditions with defocus and spherical aberration only, without shot noise; the arguments broadcast."""
    given = (C10_A, C30_A, focal_spread_A, convergence_rad)
    C10, C30, spread, convergence = (torch.as_tensor(value, dtype=torch.float64) for value in given)
    batch = torch.zeros_like(C10 + C30 + spread + convergence)
    nothing = batch[..., None].repeat(*(1,) * batch.ndim, len(ABERRATIONS))
    plain = ImagingCondition(
        energy_eV, nothing, nothing, batch + spread, batch + convergence, batch + torch.inf
    )
    return with_aberrations(plain, {"C10": C10, "C30": C30})


def with_aberrations(
    condition: ImagingCondition,
    coefficients_A: Mapping[str, Tensor | float],
    azimuths_rad: Mapping[str, Tensor | float] | None = None,
) -> ImagingCondition:
    """The same conditions with some coefficients [Å] and azimuths [rad] replaced, by symbol.

    Raises KeyError for a symbol that is not in ABERRATIONS.
    """
    coefficients, azimuths = condition.coefficients_A.clone(), condition.azimuths_rad.clone()
    for symbol, value in coefficients_A.items():
        coefficients[..., POSITION[symbol]] = value
    for symbol, value in (azimuths_rad or {}).items():
        azimuths[..., POSITION[symbol]] = value
    return replace(condition, coefficients_A=coefficients, azimuths_rad=azimuths)
