"""Every measure of a pair of domains by name: its formula, its direction, what it needs, and the function.

A pair is (train, test): what was seen and what is shown. `larger` says which way performance should go: a
measure with +1 promises more where it is larger (overlaps, detectability), with -1 less (distances), with 0
it makes no promise by itself. Measures of one domain take it by name: `of_train` and `of_test`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from passband.information import (
    detection,
    discriminant,
    displacement,
    measures,
    novelty,
    plain,
    robustness,
    signals,
)
from passband.information.expected import DomainSpectra
from passband.information.rings import RINGS
from passband.information.weights import AREA, RADIAL, Weight

Direction = Literal["symmetric", "antisymmetric", "directed", "of_train", "of_test"]
Floats = NDArray[np.float64]
PairFunction = Callable[[DomainSpectra, DomainSpectra], float]


@dataclass(frozen=True)
class Measure:
    """A measure of (train, test).

    formula: in words and symbols, for tables; direction: how it behaves when the two are exchanged; larger: +1, -1
    or 0, see above; needs: of "specimen" (spectra of its own) and "dose".
    """

    formula: str
    direction: Direction
    larger: int
    needs: frozenset[str]
    value: PairFunction


def _transfer(kind: Callable[..., float], weight: Weight | None) -> PairFunction:
    """A measure of two transfers under a weight; None weighs with the power of the test specimen."""

    def value(train: DomainSpectra, test: DomainSpectra) -> float:
        w = test.particle_power * test.plane if weight is None else weight.on(test.grid)
        return kind(train.transfer.transfer_moments(), test.transfer.transfer_moments(), w)

    return value


def _plain(kind: Callable[..., float]) -> PairFunction:
    return lambda train, test: kind(train.transfer.transfer_moments(), test.transfer.transfer_moments())


def _of_train(kind: Callable[[DomainSpectra], float]) -> PairFunction:
    return lambda train, test: kind(train)


def _of_test(kind: Callable[[DomainSpectra], float]) -> PairFunction:
    return lambda train, test: kind(test)


def _epsilon_of_test(weight: Weight) -> PairFunction:
    return lambda train, test: measures.epsilon(test.transfer.transfer_moments(), weight.on(test.grid))


def foretold_dice(train: DomainSpectra, test: DomainSpectra) -> float:
    """Dice in [0, 1] foretold from texture and displacement alone, without any fit: their product."""
    return detection.expected_dice(train, test) * displacement.displaced_dice(train, test)


def _on_rings(
    name: str, formula: str, direction: Direction, value: Callable[[DomainSpectra, DomainSpectra], Floats]
) -> dict[str, Measure]:
    """A measure for every ring, counted from 1 at the lowest frequencies."""

    def of_ring(ring: int) -> PairFunction:
        return lambda train, test: float(value(train, test)[ring])

    return {
        f"{name}_{ring + 1}": Measure(f"{formula}, ring {ring + 1}", direction, 0, _DOSE, of_ring(ring))
        for ring in range(RINGS)
    }


_NOTHING: Final = frozenset[str]()
_SPECIMEN: Final = frozenset({"specimen"})
_DOSE: Final = frozenset({"specimen", "dose"})

MEASURES: Final[Mapping[str, Measure]] = MappingProxyType(
    {
        "epsilon_radial": Measure("∫<|T'|²>dq / ∫dq", "of_test", 1, _NOTHING, _epsilon_of_test(RADIAL)),
        "epsilon_area": Measure("∫<|T'|²>q dq / ∫q dq", "of_test", 1, _NOTHING, _epsilon_of_test(AREA)),
        "sigma_radial": Measure("σ, w = 1", "symmetric", 1, _NOTHING, _transfer(measures.sigma, RADIAL)),
        "sigma_area": Measure("σ, w = q", "symmetric", 1, _NOTHING, _transfer(measures.sigma, AREA)),
        "sigma_specimen": Measure(
            "σ, w = q S' of the test specimen", "directed", 1, _SPECIMEN, _transfer(measures.sigma, None)
        ),
        "sigma_signed_radial": Measure(
            "signed σ, w = 1", "symmetric", 1, _NOTHING, _transfer(measures.sigma_signed, RADIAL)
        ),
        "coverage_radial": Measure(
            "∫min(a, a')dq / ∫a'dq", "directed", 1, _NOTHING, _transfer(measures.coverage, RADIAL)
        ),
        "coverage_specimen": Measure(
            "coverage, w = q S'", "directed", 1, _SPECIMEN, _transfer(measures.coverage, None)
        ),
        "transfer_l2": Measure("rms of <T> - <T'>", "symmetric", -1, _NOTHING, _plain(plain.transfer_l2)),
        "transfer_cosine": Measure(
            "cosine of <T> and <T'>", "symmetric", 1, _NOTHING, _plain(plain.transfer_cosine)
        ),
        "signal_overlap": Measure("∫√(PP') / √(∫P∫P')", "symmetric", 1, _SPECIMEN, signals.signal_overlap),
        "signal_coverage": Measure(
            "∫min(a, a') / ∫a', a² = P/∫P", "directed", 1, _SPECIMEN, signals.signal_coverage
        ),
        "bits_test": Measure(
            "½∫log2[1 + P'/(P_s' + N')]", "of_test", 1, _DOSE, _of_test(signals.bits_per_A2)
        ),
        "bits_gained": Measure("bits' - bits", "antisymmetric", 1, _DOSE, signals.bits_gained_per_A2),
        "bits_coverage": Measure("∫min(b, b') / ∫b'", "directed", 1, _DOSE, signals.bits_coverage),
        "log_spectrum_distance": Measure(
            "rms of ln(p'/p)", "symmetric", -1, _DOSE, signals.log_spectrum_distance
        ),
        "spectrum_divergence": Measure(
            "mean of ½[p'/p - 1 - ln(p'/p)]", "directed", -1, _DOSE, signals.spectrum_divergence
        ),
        "noise_gained": Measure("∫N'/V' - ∫N/V", "antisymmetric", -1, _DOSE, signals.noise_gained),
        "separability_test": Measure(
            "½∫ln[(p0'+p1') / 2√(p0'p1')]",
            "of_test",
            1,
            _DOSE,
            _of_test(detection.separability_nats_per_A2),
        ),
        "detectability": Measure(
            "d' of the trained likelihood ratio", "directed", 1, _DOSE, detection.detectability
        ),
        "area_under_roc": Measure(
            "ROC area of the trained likelihood ratio", "directed", 1, _DOSE, detection.area_under_roc
        ),
        "expected_dice": Measure(
            "Dice at the trained threshold", "directed", 1, _DOSE, detection.expected_dice
        ),
        "texture_mismatch": Measure(
            "relative entropy of both textures", "directed", -1, _DOSE, detection.texture_mismatch
        ),
        "background_novelty": Measure(
            "rms deviations of the background per ring", "directed", -1, _DOSE, novelty.background_novelty
        ),
        "relative_novelty": Measure(
            "background novelty / distinctness", "directed", -1, _DOSE, novelty.relative_novelty
        ),
        "particle_novelty": Measure(
            "rms deviations of the particles per ring", "directed", 0, _DOSE, novelty.particle_novelty
        ),
        "distinctness_train": Measure(
            "particle novelty of train itself", "of_train", 1, _DOSE, _of_train(novelty.distinctness)
        ),
        "outside_distance": Measure(
            "rms of ln(p0'/p0) on rings", "symmetric", -1, _DOSE, novelty.outside_distance
        ),
        "inside_distance": Measure(
            "rms of ln(p1'/p1) on rings", "symmetric", -1, _DOSE, novelty.inside_distance
        ),
        "brightest_ring": Measure("max of ln(p0'/p0) on rings", "directed", 0, _DOSE, novelty.brightest_ring),
        "contrast_alignment": Measure(
            "cosine of ln(p1/p0), ln(p1'/p0') on rings", "symmetric", 1, _DOSE, novelty.contrast_alignment
        ),
        "discriminant_dice": Measure(
            "Dice of the shrunk discriminant of ring amplitudes",
            "directed",
            1,
            _DOSE,
            discriminant.discriminant_dice,
        ),
        "discriminant_recall": Measure(
            "share of the particles that it finds", "directed", 1, _DOSE, discriminant.discriminant_recall
        ),
        "discriminant_false_alarms": Measure(
            "share of the background that it takes for particles",
            "directed",
            -1,
            _DOSE,
            discriminant.discriminant_false_alarms,
        ),
        "discriminant_loss": Measure(
            "its Dice at home less that in test", "directed", -1, _DOSE, discriminant.discriminant_loss
        ),
        "polarity": Measure("cosine of <T>, <T'> under S/P0", "directed", 1, _DOSE, detection.polarity),
        "delocalisation_mismatch_A": Measure(
            "Wasserstein distance of |∇χ|/2π", "symmetric", -1, _SPECIMEN, displacement.mismatch_A
        ),
        "delocalisation_uncovered_A": Measure(
            "|∇χ'|/2π outside the range of train", "directed", -1, _SPECIMEN, displacement.uncovered_A
        ),
        "delocalisation_growth_A": Measure(
            "mean of |∇χ'| - |∇χ|, /2π", "antisymmetric", 0, _SPECIMEN, displacement.growth_A
        ),
        "displaced_dice": Measure(
            "overlap of a disc displaced by the mismatch",
            "directed",
            1,
            _SPECIMEN,
            displacement.displaced_dice,
        ),
        "foretold_dice": Measure("expected Dice · displaced Dice", "directed", 1, _DOSE, foretold_dice),
        "breadth_train": Measure(
            "1 - ∫|<T>|²w / ∫<|T|²>w", "of_train", 1, _SPECIMEN, _of_train(robustness.breadth)
        ),
        "bandwidth_train": Measure(
            "(∫a²w)² / ∫w∫a⁴w", "of_train", 1, _SPECIMEN, _of_train(robustness.bandwidth)
        ),
        "support_visibility_train": Measure(
            "∫P_p P_s/(P_s + N) / ∫P_p", "of_train", 1, _DOSE, _of_train(robustness.support_visibility)
        ),
        **_on_rings("outside_shift", "ln(p0'/p0)", "antisymmetric", novelty.outside_shift),
        **_on_rings("inside_shift", "ln(p1'/p1)", "antisymmetric", novelty.inside_shift),
        **_on_rings("contrast_train", "ln(p1/p0)", "of_train", lambda train, _: novelty.contrast(train)),
        **_on_rings("contrast_test", "ln(p1'/p0')", "of_test", lambda _, test: novelty.contrast(test)),
    }
)
"""All measures by the name of their column."""


def measures_of(
    train: DomainSpectra, test: DomainSpectra, names: Sequence[str] = tuple(MEASURES)
) -> dict[str, float]:
    """Measures of one pair of domains on one grid, by name. Raises KeyError for a measure that does not exist."""
    return {name: MEASURES[name].value(train, test) for name in names}


def measure_table(
    domains: Mapping[str, DomainSpectra],
    pairs: Sequence[tuple[str, str]],
    names: Sequence[str] = tuple(MEASURES),
) -> pd.DataFrame:
    """Measures of pairs (train, test) of named domains on one grid: a row per pair, train_id, test_id and names.

    Raises KeyError for a measure or a domain that does not exist.
    """
    rows = [
        {"train_id": train, "test_id": test} | measures_of(domains[train], domains[test], names)
        for train, test in pairs
    ]
    return pd.DataFrame(rows, columns=["train_id", "test_id", *names])
