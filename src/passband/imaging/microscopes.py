"""From a microscope of the table to an imaging distribution, and the figures that people compare microscopes by.

The focal spread follows from Cc, the energy spread and what is unsteady (``landmarks.focal_spread_A``). An uncorrected
microscope stands at Scherzer's defocus with the constant √(4/3), with which Cs 1.2 mm at 200 kV gives the 0.24 nm that
is published for it. A corrected one stands at Lentzen's optimum for its own information limit, with the sign of its Cs.
"""

from dataclasses import dataclass
from difflib import get_close_matches
from math import sqrt
from typing import Final

from passband.errors import UserError
from passband.imaging.distribution import ImagingDistribution, Value
from passband.imaging.landmarks import (
    corrected_optimum,
    focal_spread_A,
    information_limit_A,
    scherzer_defocus_A,
    transfer_zeros_per_A,
)
from passband.imaging.microscope_table import MICROSCOPES, Microscope, Sourced
from passband.units import A_PER_MM, FWHM_PER_STD, A_to_nm, kV_to_eV, mm_to_A

SCHERZER_CONSTANT: Final = sqrt(4 / 3)
SCHERZER_RULE: Final = "Scherzer's, √(4/3) √(Cs λ)"
LENTZEN_RULE: Final = "Lentzen's optimum for the information limit"


@dataclass(frozen=True)
class Setting:
    """How a microscope stands: defocus [nm] (positive is underfocus) and Cs [mm], and the rule they follow.

    focal_spread_nm: standard deviation. point_resolution_A: at the first zero of sin χ, or the information limit if
    that is reached first. information_limit_A: where E_t = e⁻².
    """

    defocus_nm: float
    Cs_mm: float
    rule: str
    focal_spread_nm: float
    point_resolution_A: float
    information_limit_A: float


def microscope(name: str) -> Microscope:
    """The microscope of the table with this name. Raises UserError naming the nearest one."""
    known = {each.name: each for each in MICROSCOPES}
    if name not in known:
        near = [each for each in known if name.lower() in each] or get_close_matches(name, known, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"there are {', '.join(known)}"
        raise UserError(f"there is no microscope '{name}'; {hint}")
    return known[name]


def setting(instrument: Microscope) -> Setting:
    """How the microscope stands where nothing else is said, and what it resolves there."""
    energy_eV = kV_to_eV(instrument.energy_kV)
    spread_A = focal_spread_A(
        mm_to_A(instrument.Cc_mm.value),
        energy_eV,
        instrument.energy_spread_eV.value / FWHM_PER_STD,
        1e-6 * instrument.supplies.voltage_ripple_ppm.value,
        1e-6 * instrument.supplies.current_ripple_ppm.value,
    )
    limit_A = information_limit_A(spread_A, energy_eV)
    if instrument.Cs_mm is None:
        optimum = corrected_optimum(energy_eV, 1 / limit_A)
        Cs_A, defocus_A = instrument.cs_sign * optimum.Cs_A, instrument.cs_sign * optimum.defocus_A
        rule = LENTZEN_RULE
    else:
        Cs_A = mm_to_A(instrument.Cs_mm.value)
        defocus_A, rule = scherzer_defocus_A(Cs_A, energy_eV, SCHERZER_CONSTANT), SCHERZER_RULE
    zeros = transfer_zeros_per_A(-defocus_A, Cs_A, energy_eV, 1 / limit_A)
    point_A = 1 / zeros[0] if zeros else limit_A
    return Setting(A_to_nm(defocus_A), Cs_A / A_PER_MM, rule, A_to_nm(spread_A), point_A, limit_A)


def distribution(
    instrument: Microscope, defocus_nm: Value | None = None, dose_e_per_A2: Value | None = None
) -> ImagingDistribution:
    """The imaging distribution of a microscope, at a defocus (number or distribution) [nm] or that of its `setting`.

    ``distribution(microscope("feg-300"), normal(-10, 1.5))``. Without a dose there is no shot noise. Raises
    pydantic's ValidationError for a defocus or dose out of range, as ImagingDistribution does.
    """
    stands = setting(instrument)
    return ImagingDistribution(
        energy_kV=instrument.energy_kV,
        defocus_nm=round(stands.defocus_nm, 2) if defocus_nm is None else defocus_nm,
        Cs_mm=float(f"{stands.Cs_mm:.4g}"),
        focal_spread_nm=round(stands.focal_spread_nm, 3),
        convergence_mrad=instrument.convergence_mrad.value,
        dose_e_per_A2=dose_e_per_A2,
    )


def imaging_yaml(instrument: Microscope) -> str:
    """The distribution as YAML for ``passband information``, each number with its source in a comment."""
    imaging, stands, Cs = distribution(instrument), setting(instrument), instrument.Cs_mm
    lines = [
        *_header(instrument, stands),
        f"energy_kV: {imaging.energy_kV:g}",
        f"# computed: {stands.rule}",
        f"defocus_nm: {imaging.defocus_nm:g}",
        f"# computed: {stands.rule}" if Cs is None else f"# {_source(Cs)}",
        f"Cs_mm: {imaging.Cs_mm:g}",
        "# computed: standard deviation, from",
        f"#   Cc_mm {_told(instrument.Cc_mm)}",
        f"#   energy_spread_eV (full width at half maximum) {_told(instrument.energy_spread_eV)}",
        f"#   voltage_ripple_ppm {_told(instrument.supplies.voltage_ripple_ppm)}",
        f"#   current_ripple_ppm {_told(instrument.supplies.current_ripple_ppm)}",
        f"focal_spread_nm: {imaging.focal_spread_nm:g}",
        f"# {_source(instrument.convergence_mrad)}",
        f"convergence_mrad: {imaging.convergence_mrad:g}",
        "# no shot noise; or electrons per square ångström",
        "dose_e_per_A2: null",
    ]
    return "\n".join(lines) + "\n"


def _header(instrument: Microscope, stands: Setting) -> list[str]:
    lines = [
        f"# {instrument.name}: {instrument.description}",
        f"# point resolution {stands.point_resolution_A:.2f} Å, "
        f"information limit (E_t = e⁻²) {stands.information_limit_A:.2f} Å",
    ]
    published = instrument.published_resolution_A
    return lines if published is None else [*lines, f"# published, in Å: {_told(published)}"]


def _told(number: Sourced) -> str:
    return f"{number.value:g}, {_source(number)}"


def _source(number: Sourced) -> str:
    return f"{number.source} ({'verified' if number.verified else 'not verified'})"
