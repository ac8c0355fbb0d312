"""What is lost when the image moves while it is recorded.

    exp(-2 π² v² q²)        random motion (vibration) of standard deviation v in each direction
    sinc(q · d)             even motion (drift) along the path d during the exposure, sinc x = sin(πx)/(πx)

Both multiply the spectrum of the intensity, and are the transforms of the distribution of the image's positions.
"""

from math import pi

import torch
from torch import Tensor

from passband.imaging.condition import ImagingCondition


def is_still(condition: ImagingCondition) -> bool:
    """Whether the image stands still in every condition of the batch."""
    moving = (part for part in (condition.vibration_A, condition.drift_A) if part is not None)
    return not any(bool(part.any()) for part in moving)


def motion_transfer(condition: ImagingCondition, qy: Tensor, qx: Tensor) -> Tensor:
    """Factor of the image's spectrum, real, even and in [-0.22, 1]; float64 (..., ny, nx), frequencies [1/Å]."""
    factor = torch.ones(*condition.batch_shape, *(qy + qx).shape, dtype=torch.float64, device=qy.device)
    if condition.vibration_A is not None:
        factor = factor * (-2 * (pi * condition.vibration_A[..., None, None]) ** 2 * (qy**2 + qx**2)).exp()
    if condition.drift_A is not None:
        path_y, path_x = condition.drift_A[..., None, None, :].unbind(-1)
        factor = factor * torch.sinc(qy * path_y + qx * path_x)
    return factor
