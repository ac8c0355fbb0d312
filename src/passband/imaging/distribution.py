"""What a data set was recorded with: a distribution over settings of the microscope, as data.

Each setting is a number or one of three distributions, drawn independently of the others:

    {normal: {mean: -10, std: 1.5}}      a normal distribution, cut off at four standard deviations
    {uniform: [-25, 25]}                 evenly between two bounds
    {choice: [-5, 5], weights: [1, 3]}   one of several; an option may be a normal or a uniform distribution

The cut at four standard deviations leaves out 6e-5 of the draws and gives every setting a bounded range, so
that whether the images fit their field can be decided before anything is computed.

Signs: positive ``defocus_nm`` is underfocus, C10 = -defocus. Aberrations are in Krivanek's notation
(O. L. Krivanek et al., Ultramicroscopy 78 (1999) 1); azimuths are counted from the x axis (columns) towards
the y axis (rows). ``focal_spread_nm`` is the standard deviation of the focus, ``convergence_mrad`` the 1/e
half width of the illumination angle. ``vibration_nm`` is the standard deviation of the image's random motion in
each direction, ``drift_nm`` the length of its even motion during the exposure.
"""

from difflib import get_close_matches
from math import inf, isfinite, sqrt
from typing import Annotated, Any, Final, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)

from passband.imaging.detector import Detector
from passband.records import Record

NORMAL_CUT_STD: Final = 4.0
"""A normal distribution ends at this many standard deviations from its mean."""

Number = Annotated[float, AfterValidator(lambda value: value + 0.0)]  # -0.0 and 0.0 are one number and one id


class MeanStd(Record):
    """Mean and standard deviation (> 0) of a normal distribution, in the unit of its key."""

    mean: Number
    std: Annotated[Number, Field(gt=0)]


class Normal(Record):
    """A normal distribution, cut off at four standard deviations."""

    normal: MeanStd


class Uniform(Record):
    """A uniform distribution between two bounds, the lower one first."""

    uniform: tuple[Number, Number]

    @model_validator(mode="after")
    def _is_ordered(self) -> "Uniform":
        lo, hi = self.uniform
        if lo >= hi:
            raise ValueError(
                f"uniform needs its lower bound first, not [{lo:g}, {hi:g}]; for one value write the number"
            )
        return self


Option = Number | Normal | Uniform
"""What a choice chooses from."""


class Choice(Record):
    """One of several options, equally likely or with the given weights (> 0, any sum)."""

    choice: Annotated[tuple[Option, ...], Field(min_length=1)]
    weights: tuple[Number, ...] | None = None

    @model_validator(mode="after")
    def _weights_match(self) -> "Choice":
        if self.weights is None:
            return self
        if len(self.weights) != len(self.choice):
            raise ValueError(
                f"choice has {len(self.choice)} options but {len(self.weights)} weights; give one each"
            )
        if min(self.weights) <= 0:
            raise ValueError("weights must be above 0; leave out an option that is never taken")
        return self


_KINDS: Final[dict[str, type[Record]]] = {"normal": Normal, "uniform": Uniform, "choice": Choice}
_WRITTEN: Final = {
    "normal": "{normal: {mean: , std: }}",
    "uniform": "{uniform: [lo, hi]}",
    "choice": "{choice: [...], weights: [...]}",
}
_FORMS: Final = "a number, {normal}, {uniform} or {choice}".format(**_WRITTEN)


def _read_parameter(value: Any) -> Any:
    """Plain data to a number or a distribution, with one sentence for what is wrong with it."""
    if isinstance(value, Normal | Uniform | Choice):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        if not isfinite(value):
            raise ValueError("the number must be finite")
        return float(value) + 0.0
    if isinstance(value, str) and _is_number(value):
        raise ValueError(f"this is text; write the number as {float(value)!r}")
    if not isinstance(value, dict):
        raise ValueError(f"write {_FORMS}")
    return _read_distribution(value)


def _read_distribution(value: dict[str, Any]) -> Record:
    kind = next((name for name in _KINDS if name in value), None)
    unknown = [str(key) for key in value if key not in (kind, "weights" if kind == "choice" else None)]
    if kind is None or unknown:
        near = get_close_matches(unknown[0], [*_KINDS, "weights"], n=1, cutoff=0.5) if unknown else []
        hint = f"did you mean '{near[0]}'?" if near and near[0] not in value else f"write {_FORMS}"
        raise ValueError(f"unknown key '{unknown[0]}'; {hint}" if unknown else f"write {_FORMS}")
    data = {key: tuple(entry) if isinstance(entry, list) else entry for key, entry in value.items()}
    if kind == "choice" and isinstance(data["choice"], tuple):
        data["choice"] = tuple(_read_option(option) for option in data["choice"])
    try:
        return _KINDS[kind].model_validate(data)
    except ValidationError as error:
        raise ValueError(_detail(kind, error)) from None


def _read_option(value: Any) -> Any:
    option = _read_parameter(value)
    if isinstance(option, Choice):
        raise ValueError(
            "an option of choice may be a number, a normal or a uniform distribution, not a choice again"
        )
    return option


def _is_number(text: str) -> bool:
    try:
        return isfinite(float(text))
    except ValueError:
        return False


def _detail(kind: str, error: ValidationError) -> str:
    detail = error.errors()[0]
    if detail["type"] == "value_error":
        return detail["msg"].removeprefix("Value error, ")
    if detail["type"] == "greater_than":
        return "the std of normal must be above 0; for one value write the number"
    return f"write {_WRITTEN[kind]}, with finite numbers"


Value = float | Normal | Uniform | Choice
"""A fixed number, or a distribution of it."""
Parameter = Annotated[Value, BeforeValidator(_read_parameter)]
"""A value as users write it."""


def _within(lo: float, hi: float, rule: str) -> AfterValidator:
    """A check that the whole range of a parameter lies within [lo, hi]."""

    def check(parameter: Value) -> Value:
        lowest, highest = support(parameter)
        if lo <= lowest and highest <= hi:
            return parameter
        reach = "" if lowest == highest else f" (its range is {lowest:g} to {highest:g})"
        raise ValueError(rule + reach)

    return AfterValidator(check)


Length = Annotated[Parameter, _within(-1e9, 1e9, "must lie within ±1e9 nm")]
Azimuth = Annotated[Parameter, _within(-360, 360, "must lie within ±360 degrees")]
Motion = Annotated[Parameter, _within(0, 100, "must be 0 or more, and at most 100 nm")]
Coherence = Literal["quasi-coherent", "explicit"]
"""Envelopes on the wave, or intensities averaged over focus and tilts of the illumination."""


class ImagingDistribution(Record):
    """A distribution of imaging conditions; every key carries its unit, only ``defocus_nm`` has no default.

    energy_kV: one number, 10 to 3000. defocus_nm: positive is underfocus. Cs_mm: C30. focal_spread_nm:
    standard deviation, 0 or more. convergence_mrad: 1/e half width, 0 to 100. dose_e_per_A2: above 0, or null
    for no shot noise. vibration_nm, drift_nm: 0 or more; drift_deg: direction of the drift, from x towards y.

    ``coherence``, ``detector`` (null: an ideal one that counts every electron) and ``pixel_nm``, the pixel of the
    images at the specimen, 0.001 to 1 nm (null: that of the stored wave; see ``pixels``), hold for all images.
    """

    energy_kV: Annotated[Number, _within(10, 3000, "must lie between 10 and 3000 kV")] = 300.0
    defocus_nm: Length
    Cs_mm: Annotated[Parameter, _within(-1000, 1000, "must lie within ±1000 mm")] = 0.0
    focal_spread_nm: Annotated[Parameter, _within(0, 1000, "must be 0 or more, and at most 1000 nm")] = 1.0
    convergence_mrad: Annotated[Parameter, _within(0, 100, "must be 0 or more, and at most 100 mrad")] = 0.0
    dose_e_per_A2: (
        Annotated[Parameter, _within(1e-6, 1e12, "must be above 0, or null for no shot noise")] | None
    ) = None
    C12_nm: Length = 0.0
    phi12_deg: Azimuth = 0.0
    C21_nm: Length = 0.0
    phi21_deg: Azimuth = 0.0
    C23_nm: Length = 0.0
    phi23_deg: Azimuth = 0.0
    C32_nm: Length = 0.0
    phi32_deg: Azimuth = 0.0
    C34_nm: Length = 0.0
    phi34_deg: Azimuth = 0.0
    C41_nm: Length = 0.0
    phi41_deg: Azimuth = 0.0
    C43_nm: Length = 0.0
    phi43_deg: Azimuth = 0.0
    C45_nm: Length = 0.0
    phi45_deg: Azimuth = 0.0
    C50_nm: Length = 0.0
    C52_nm: Length = 0.0
    phi52_deg: Azimuth = 0.0
    C54_nm: Length = 0.0
    phi54_deg: Azimuth = 0.0
    C56_nm: Length = 0.0
    phi56_deg: Azimuth = 0.0
    vibration_nm: Motion = 0.0
    drift_nm: Motion = 0.0
    drift_deg: Azimuth = 0.0
    coherence: Coherence = "quasi-coherent"
    detector: Detector | None = None
    pixel_nm: Annotated[Number, _within(1e-3, 1, "must lie between 0.001 and 1 nm")] | None = None

    @model_serializer(mode="wrap")
    def _without_defaults_of_later_keys(self, plain: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # what was written before these keys existed keeps its content id
        defaults = {key: type(self).model_fields[key].default for key in _LATER_KEYS}
        return {key: value for key, value in plain(self).items() if value != defaults.get(key, _NOTHING)}

    def parameters(self) -> dict[str, Value]:
        """All settings that may vary, by key and in the order of the fields; a dose of null is infinite."""
        values = {name: getattr(self, name) for name in type(self).model_fields if name not in _FIXED_KEYS}
        return {name: inf if value is None else value for name, value in values.items()}

    def varying(self) -> dict[str, Value]:
        """The settings that are not one number, by key."""
        return {name: value for name, value in self.parameters().items() if is_varying(value)}


_FIXED_KEYS: Final = ("energy_kV", "coherence", "detector", "pixel_nm")
_LATER_KEYS: Final = ("vibration_nm", "drift_nm", "drift_deg", "coherence", "detector", "pixel_nm")
_NOTHING: Final = object()


def normal(mean: float, std: float) -> Normal:
    """A normal distribution, as ``{normal: {mean, std}}`` in YAML."""
    return Normal(normal=MeanStd(mean=mean, std=std))


def uniform(lo: float, hi: float) -> Uniform:
    """A uniform distribution, as ``{uniform: [lo, hi]}`` in YAML."""
    return Uniform(uniform=(lo, hi))


def choice(*options: float | Normal | Uniform, weights: tuple[float, ...] | None = None) -> Choice:
    """One of several options, as ``{choice: [...], weights: [...]}`` in YAML."""
    return Choice(choice=options, weights=weights)


def is_varying(parameter: Value) -> bool:
    """Whether the parameter takes more than one value."""
    lo, hi = support(parameter)
    return lo != hi


def mixture(parameter: Value) -> tuple[tuple[Option, float], ...]:
    """The parameter as (option, weight) pairs with weights that sum to 1; one pair unless it is a choice."""
    if not isinstance(parameter, Choice):
        return ((parameter, 1.0),)
    weights = parameter.weights or (1.0,) * len(parameter.choice)
    total = sum(weights)
    return tuple((option, weight / total) for option, weight in zip(parameter.choice, weights, strict=True))


def mean_value(parameter: Value) -> float:
    """Mean of the parameter, in the unit of its key."""
    return sum(weight * _moments(option)[0] for option, weight in mixture(parameter))


def standard_deviation(parameter: Value) -> float:
    """Standard deviation of the parameter, in the unit of its key (without the cut's 0.05 %)."""
    mean = mean_value(parameter)
    if not isfinite(mean):
        return 0.0
    parts = [(weight, *_moments(option)) for option, weight in mixture(parameter)]
    return sqrt(sum(weight * ((centre - mean) ** 2 + spread**2) for weight, centre, spread in parts))


def support(parameter: Value) -> tuple[float, float]:
    """Lowest and highest value that the parameter takes, in the unit of its key."""
    ranges = [_range(option) for option, _ in mixture(parameter)]
    return min(lo for lo, _ in ranges), max(hi for _, hi in ranges)


def _moments(option: Option) -> tuple[float, float]:
    """Mean and standard deviation."""
    if isinstance(option, Normal):
        return option.normal.mean, option.normal.std
    if isinstance(option, Uniform):
        lo, hi = option.uniform
        return (lo + hi) / 2, (hi - lo) / sqrt(12)
    return option, 0.0


def _range(option: Option) -> tuple[float, float]:
    if isinstance(option, Normal):
        reach = NORMAL_CUT_STD * option.normal.std
        return option.normal.mean - reach, option.normal.mean + reach
    return option.uniform if isinstance(option, Uniform) else (option, option)
