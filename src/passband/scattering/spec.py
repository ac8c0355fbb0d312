"""What a simulation is: energy, pixels, slices and thermal vibration, as data."""

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from passband.records import Record
from passband.scattering.debye_waller import ELEMENTS, thermal_row

GUARD_BAND = 1.5
"""Stored pixel over simulated pixel, at least: the multislice fills the band of its pixels, the outer third of it is
where frequencies wrap around, and the inner two thirds are kept."""


def _element(symbol: str) -> str:
    if symbol not in ELEMENTS:
        raise ValueError(f"'{symbol}' is not the symbol of an element from H to Cf")
    return symbol


class SimulationSpec(Record):
    """From atoms to exit waves.

    energy_kV: acceleration voltage.
    sampling_A: pixel of the simulation [Å]. 0.2 is right to 0.5 % of gold's scattered wave below 1.25 1/Å at random
        orientation (benchmarks/exit_wave.py); in a trial gold on a zone axis is wrong by 6 %, and by 0.4 % at 0.133.
    slice_thickness_A: distance of the planes of projected potential [Å]. At 300 kV, 3 is right to 0.4 % of gold's
        scattered wave and 0.13 % of cadmium selenide's at random orientation; in a trial 47 Å of gold along [001]
        were wrong by 3 % with 2 Å as with 3 Å.
    stored_sampling_A: pixel of the stored waves [Å], at least 1.5 sampling_A.
    frozen_phonons: number of configurations with displaced atoms; 0 puts the vibration into the form factors.
    debye_waller_A2: B [Å²] by element symbol, where it is not to be that of the table in debye_waller.py.
    """

    energy_kV: Annotated[float, Field(ge=20, le=3000)] = 300.0
    sampling_A: Annotated[float, Field(ge=0.02, le=1)] = 0.2
    slice_thickness_A: Annotated[float, Field(ge=0.1, le=20)] = 3.0
    stored_sampling_A: Annotated[float, Field(ge=0.02, le=2)] = 0.4
    frozen_phonons: Annotated[int, Field(ge=0, le=1000)] = 0
    debye_waller_A2: dict[Annotated[str, AfterValidator(_element)], Annotated[float, Field(ge=0, le=50)]] = (
        Field(default_factory=dict)
    )

    @model_validator(mode="after")
    def _stored_band_is_simulated(self) -> Self:
        least = GUARD_BAND * self.sampling_A
        if self.stored_sampling_A < least * (1 - 1e-9):
            raise ValueError(
                f"stored_sampling_A: must be at least {GUARD_BAND:g} times sampling_A, here {least:.6g} Å, because the "
                f"outer third of the simulated band is not kept; the given value is {self.stored_sampling_A:g} Å"
            )
        return self

    def thermal_factor_A2(self, number: int) -> float:
        """B [Å²] of the element with this atomic number, 1 to 98; UserError for another."""
        row = thermal_row(number)
        return self.debye_waller_A2.get(ELEMENTS[number - 1], row.B_A2)
