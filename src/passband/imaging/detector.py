"""The detector: how much of each detail it records, and how much noise it adds.

With N electrons per pixel arriving through vacuum, the recorded image, in units of what vacuum gives, has

    expectation   I(q) · MTF(q)
    noise power   <I> · NTF²(q) / (N · DQE(0))    per pixel,

so that the ratio of signal² to noise power, N |I|²/<I> before the detector, is multiplied by

    DQE(q) = DQE(0) · MTF²(q) / NTF²(q).

DQE(0) < 1 says that electrons are missed, or count unequally: the noise is that of N · DQE(0) counted ones. NTF = 1 is
a detector whose pixels are read independently of each other (counting); NTF falls where an electron spreads over
several of them, and DQE is the same at all frequencies where NTF = MTF. The noise is drawn as the deviations of Poisson
counts from what is expected at each place of the recorded image, white as they are, then filtered with NTF
(``image.expose``): its power is right, and its strength follows the image. Its expectation stays I · MTF everywhere.
G. McMullan, S. Chen, R. Henderson, A. R. Faruqi, Ultramicroscopy 109 (2009) 1126, for the quantities; a Lorentzian as
in P. Grob et al., Ultramicroscopy 133 (2013) 1.

Curves are functions of u = frequency over the Nyquist frequency of the detector's pixels, the same in all directions;
a pixel's own area is the product sinc(q_y p) sinc(q_x p) with the pixel size p. A measured MTF holds it already. What
the detector would fold back from beyond its Nyquist frequency is left out.
"""

from itertools import pairwise
from math import isfinite, log
from typing import Annotated, Final, Literal

import numpy as np
import torch
from pydantic import Discriminator, Field, Tag, model_validator
from pydantic.functional_validators import AfterValidator
from torch import Tensor

from passband.errors import UserError
from passband.records import Record
from passband.units import nm_to_A


class Falloff(Record):
    """A curve that falls from 1 to ``floor``, and is halfway there at ``half_at`` of the Nyquist frequency.

    gaussian: floor + (1 - floor) 2^-(u/half_at)²; lorentzian: floor + (1 - floor)/(1 + (u/half_at)²).
    """

    form: Literal["gaussian", "lorentzian"]
    half_at: Annotated[float, Field(gt=0, le=100)]
    floor: Annotated[float, Field(ge=0, lt=1)] = 0.0


Table = tuple[tuple[float, float], ...]
"""Pairs of u and value, u rising from 0 where the value is 1; linear between them, constant beyond the last."""


def _check_table(table: Table) -> Table:
    u, values = zip(*table, strict=True) if table else ((), ())
    if len(u) < 2 or u[0] != 0 or values[0] != 1:
        raise ValueError(
            "a table needs two rows or more [frequency / Nyquist, value], the first being [0, 1]"
        )
    if not all(isfinite(number) for row in table for number in row):
        raise ValueError("the numbers of a table must be finite")
    if any(later <= earlier for earlier, later in pairwise(u)):
        raise ValueError("the frequencies of a table must rise from row to row")
    if min(values) < 0 or max(values) > 1:
        raise ValueError("the values of a table must lie between 0 and 1")
    return table


def _kind(value: object) -> str:
    return "table" if isinstance(value, list | tuple) else "curve"


Curve = Annotated[
    Annotated[Falloff, Tag("curve")] | Annotated[Table, AfterValidator(_check_table), Tag("table")],
    Discriminator(_kind),
]
"""A curve by its form, or as a table."""


class Detector(Record):
    """How images are recorded; without a word, as an ideal counting detector does.

    mtf, ntf: curves over u, null for 1. pixel_integration: whether the mtf is to be multiplied by that of the
    pixel's area. DQE0: DQE(0), above 0 and at most 1. pixel_nm: the detector's pixel at the specimen (its size over
    the magnification); null for the pixel of the images.
    """

    mtf: Curve | None = None
    ntf: Curve | None = None
    pixel_integration: bool = False
    DQE0: Annotated[float, Field(gt=0, le=1)] = 1.0
    pixel_nm: Annotated[float, Field(gt=0, le=100)] | None = None

    @model_validator(mode="after")
    def _detects_no_more_than_arrives(self) -> "Detector":
        u = torch.linspace(0, 1, _SAMPLES, dtype=torch.float64)
        signal, noise = _value(self.mtf, u), _value(self.ntf, u)
        if float(noise.min()) <= 0:
            raise ValueError("ntf must stay above 0 up to the Nyquist frequency; nothing is without noise")
        efficiency = self.DQE0 * (signal / noise) ** 2
        if float(efficiency.max()) > 1 + 1e-6:
            at = float(u[efficiency.argmax()])
            raise ValueError(
                f"DQE0 mtf²/ntf² is {float(efficiency.max()):.3g} at {at:.2g} of the Nyquist frequency, but no "
                "detector has more than 1; lower DQE0 or mtf, or raise ntf"
            )
        return self


def mtf(detector: Detector, qy: Tensor, qx: Tensor, pixel_A: float) -> Tensor:
    """Signal transfer of the detector, the pixel's area included where asked for; float64 (ny, nx), 1 at q = 0.

    qy and qx are float64 frequencies [1/Å] as in ``transfer.wave_transfer``; pixel_A is the pixel of the images,
    which counts where the detector names none of its own.
    """
    pixel_A = _own_pixel_A(detector, pixel_A)
    falling = _value(detector.mtf, 2 * pixel_A * torch.hypot(qy, qx))
    if not detector.pixel_integration:
        return falling
    return falling * torch.sinc(qy * pixel_A) * torch.sinc(qx * pixel_A)


def ntf(detector: Detector, qy: Tensor, qx: Tensor, pixel_A: float) -> Tensor:
    """Noise transfer of the detector, float64 (ny, nx), 1 at q = 0; arguments as in ``mtf``."""
    return _value(detector.ntf, 2 * _own_pixel_A(detector, pixel_A) * torch.hypot(qy, qx))


def dqe(detector: Detector, qy: Tensor, qx: Tensor, pixel_A: float) -> Tensor:
    """Detective quantum efficiency DQE(0) MTF²/NTF² in [0, 1], float64 (ny, nx); arguments as in ``mtf``."""
    signal, noise = (transfer(detector, qy, qx, pixel_A) for transfer in (mtf, ntf))
    return detector.DQE0 * (signal / noise).square()


def table_from_text(text: str, where: str) -> Table:
    """A table of two columns, frequency over Nyquist and value, as a detector's mtf or ntf takes it.

    Columns are separated by blanks, commas or semicolons; lines that start with # are left out. Raises UserError
    naming the place, the line and what would be right.
    """
    rows = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.replace(",", " ").replace(";", " ").split()
        if not words or words[0].startswith("#"):
            continue
        try:
            u, value = (float(word) for word in words)
        except ValueError:
            raise UserError(
                f"{where}: line {number}: write two numbers, frequency / Nyquist and value, not '{line.strip()[:40]}'"
            ) from None
        rows.append((u, value))
    try:
        return _check_table(tuple(rows))
    except ValueError as error:
        raise UserError(f"{where}: {error}") from None


_SAMPLES: Final = 101


def _own_pixel_A(detector: Detector, pixel_A: float) -> float:
    return pixel_A if detector.pixel_nm is None else nm_to_A(detector.pixel_nm)


def _value(curve: Falloff | Table | None, u: Tensor) -> Tensor:
    """A curve at frequencies u >= 0 (in units of Nyquist), float64."""
    if curve is None:
        return torch.ones_like(u)
    if isinstance(curve, Falloff):
        turn = (u / curve.half_at).square()
        falling = (-log(2) * turn).exp() if curve.form == "gaussian" else 1 / (1 + turn)
        return curve.floor + (1 - curve.floor) * falling
    at, values = np.array(curve, dtype=np.float64).T
    return torch.from_numpy(np.interp(u.cpu().numpy(), at, values)).to(u.device)
