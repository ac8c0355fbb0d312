"""The pixel size of a TIFF, which four writers store in four ways.

Tried in this order: OME (PhysicalSizeX), ImageJ (samples per unit, and the unit in its own text),
DigitalMicrograph (tags 65003 to 65010), and the plain resolution per centimetre or inch. The last one is
mostly that of a printer, 72 dpi or so, and is believed only where it gives less than 1 µm.
"""

import re
from typing import Any, Final

from passband.micrograph.unit_names import UnitKind, parse_unit

Side = tuple[float, str]
"""Length of a sample along one axis, and its unit."""
Sides = tuple[Side, Side]
"""The same along y and x."""
UNKNOWN: Final[Sides] = ((0.0, ""), (0.0, ""))
RESOLUTION_UNITS: Final = {2: "inch", 3: "cm"}
LARGEST_PRINTED_NM: Final = 1000.0
X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT = 282, 283, 296
GATAN_UNIT_X, GATAN_UNIT_Y, GATAN_SCALE_X, GATAN_SCALE_Y = 65003, 65004, 65009, 65010


def sides_of_sample(file: Any, page: Any) -> Sides:
    """Size of a sample of a page of a ``tifffile.TiffFile``; UNKNOWN where nothing is stored."""
    for found in (_ome(file), _imagej(file, page), _gatan(page), _printed(page)):
        if all(scale and parse_unit(unit).kind is not UnitKind.MISSING for scale, unit in found):
            return found
    return UNKNOWN


def _ome(file: Any) -> Sides:
    return _ome_side(file.ome_metadata or "", "Y"), _ome_side(file.ome_metadata or "", "X")


def _ome_side(text: str, axis: str) -> Side:
    size = re.search(rf'PhysicalSize{axis}="([^"]+)"', text)
    unit = re.search(rf'PhysicalSize{axis}Unit="([^"]+)"', text)
    return (_number(size[1]), unit[1] if unit else "µm") if size else (0.0, "")


def _imagej(file: Any, page: Any) -> Sides:
    unit = str((file.imagej_metadata or {}).get("unit") or "")
    return (_per_sample(page, Y_RESOLUTION), unit), (_per_sample(page, X_RESOLUTION), unit)


def _gatan(page: Any) -> Sides:
    y = _number(_tag(page, GATAN_SCALE_Y)), str(_tag(page, GATAN_UNIT_Y) or "")
    x = _number(_tag(page, GATAN_SCALE_X)), str(_tag(page, GATAN_UNIT_X) or "")
    return y, x


def _printed(page: Any) -> Sides:
    unit = RESOLUTION_UNITS.get(int(_number(_tag(page, RESOLUTION_UNIT))), "")
    y, x = _per_sample(page, Y_RESOLUTION), _per_sample(page, X_RESOLUTION)
    believed = bool(unit) and max(y, x) * parse_unit(unit).nm < LARGEST_PRINTED_NM
    return ((y, unit), (x, unit)) if believed else UNKNOWN


def _per_sample(page: Any, code: int) -> float:
    """Units per sample, from the rational number of samples per unit; 0 where it is not set."""
    try:
        numerator, denominator = _tag(page, code)
        return float(denominator) / float(numerator)
    except (TypeError, ValueError, ZeroDivisionError):
        return 0.0


def _tag(page: Any, code: int) -> Any:
    tag = page.tags.get(code)
    return None if tag is None else tag.value


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return 0.0
