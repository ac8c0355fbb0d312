"""From the waves of trials to axes: each choice with the errors and the times of its values."""

from dataclasses import replace
from math import sqrt
from typing import Final

import torch
from torch import Tensor

from passband.accuracy.deviation import contrast, image_error, wave_error
from passband.accuracy.order import ORDER_OF_SLICES, fitted_order
from passband.accuracy.result import Axis, Probe, Together
from passband.accuracy.run import Result, Run
from passband.accuracy.trials import Topic
from passband.fourier import resample
from passband.grid import Grid
from passband.wave import ExitWave

PHONON_COUNTS: Final = (1, 2, 4, 8, 16, 32)
STORED_BETWEEN: Final = 1.5
"""Stored pixels per side, over the user's, between his and the finest."""


def axes_of(run: Run, results: dict[Topic, list[Result]]) -> tuple[Axis, ...]:
    """An axis for each choice that was probed; the first result of each is the finest."""
    axes: list[Axis] = []
    if pixels := results.get("sampling_A"):
        axes.append(_pixel_axis(run, pixels))
        axes += _stored_axis(run, pixels[0])
    if slices := results.get("slice_thickness_A"):
        axes.append(_slice_axis(run, slices))
    axes += _phonon_axis(run, results.get("frozen_phonons", []))
    if fields := results.get("field_nm"):
        axes.append(_field_axis(run, fields))
    return tuple(axes)


def together_of(run: Run, better: Result) -> Together:
    """The user's settings against pixels and slices that are both finer."""
    found = _probe(run, run.one, better, 0.0)
    finer = better.trial.spec
    words = f"{finer.sampling_A:.3g} Å pixels and {finer.slice_thickness_A:.3g} Å slices"
    return Together(found.image_error, found.wave_error or 0.0, words)


def _pixel_axis(run: Run, results: list[Result]) -> Axis:
    finest = results[0]
    probes = [_probe(run, result, finest, result.trial.spec.sampling_A) for result in (*results[1:], run.one)]
    return Axis("sampling_A", _coarsest_first(probes), f"{finest.trial.spec.sampling_A:.3g} Å")


def _slice_axis(run: Run, results: list[Result]) -> Axis:
    finest_A = results[0].trial.spec.slice_thickness_A
    probes = [
        _probe(run, result, results[0], result.trial.spec.slice_thickness_A)
        for result in (*results[1:], run.one)
    ]
    steps, errors = [each.value for each in probes], [each.image_error for each in probes]
    order = fitted_order(steps, errors, finest_A, ORDER_OF_SLICES)
    return Axis("slice_thickness_A", _coarsest_first(probes), f"{finest_A:.3g} Å", order)


def _probe(run: Run, result: Result, better: Result, value: float) -> Probe:
    """Compared on the user's stored pixels."""
    grid = run.own.waves.full.grid
    wave, true = (_stored(each.wave, grid) for each in (result, better))
    error = image_error(run.specimen.image(wave), run.specimen.image(true))
    is_own = result.trial.spec == run.specimen.spec
    return Probe(value, error, wave_error(wave, true), result.seconds, is_own)


def _stored_axis(run: Run, finest: Result) -> list[Axis]:
    """The wave of the finest pixels, cropped to coarser stored pixels; nothing where it is stored as the user's."""
    own, best = run.own.waves.full.grid, finest.wave.grid
    if best == own:
        return []
    true = resample(run.specimen.image(finest.wave), own.shape)
    probes = []
    for ratio in (1.0, STORED_BETWEEN):
        ny, nx = (int(n * ratio) for n in own.shape)
        grid = Grid((ny, nx), own.sampling_A / ratio)
        if grid.shape != best.shape:
            image = resample(run.specimen.image(_stored(finest.wave, grid)), own.shape)
            probes.append(Probe(grid.sampling_A, image_error(image, true), None, None, ratio == 1))
    return [Axis("stored_sampling_A", tuple(probes), f"{best.sampling_A:.3g} Å")]


def _phonon_axis(run: Run, results: list[Result]) -> list[Axis]:
    """Standard errors from the displaced configurations at hand, and Debye-Waller factors against their mean."""
    own_count = run.specimen.spec.frozen_phonons
    full = run.own.waves.full
    waves = {result.trial.spec.frozen_phonons: result.wave for result in results} | {own_count: full}
    n = max(waves)
    if n < 2:
        return []
    images = torch.stack([run.specimen.image(replace(waves[n], field=each[None])) for each in waves[n].field])
    mean = images.mean(0)
    deviation = sqrt(n / (n - 1)) * float((images - mean).square().mean().sqrt()) / contrast(mean)
    seconds = (
        next((each.seconds for each in results if each.trial.spec.frozen_phonons == n), run.own.seconds) / n
    )
    probes = [
        Probe(count, deviation / sqrt(count), None, count * seconds, count == own_count)
        for count in sorted({*PHONON_COUNTS, n, *([own_count] if own_count else [])})
    ]
    if 0 in waves:
        difference = image_error(run.specimen.image(waves[0]), mean)
        bias = sqrt(max(0.0, difference**2 - deviation**2 / n))
        probes.insert(0, Probe(0, bias, None, run.one.seconds, own_count == 0))
    reference = f"the mean of {n}, of which the standard error is {deviation / sqrt(n):.1%}"
    return [Axis("frozen_phonons", tuple(probes), reference)]


def _field_axis(run: Run, results: list[Result]) -> Axis:
    """The particle in the middle of each field, within the window of the user's."""
    widest, grid = results[0], results[-1].wave.grid
    true = _window(run.specimen.image(widest.wave), grid)
    probes = []
    for result in results[1:]:
        error = image_error(_window(run.specimen.image(result.wave), grid), true)
        own_width = result.trial.times_wider == 1
        probes.append(Probe(result.wave.grid.extent_A[1] / 10, error, None, result.seconds, own_width))
    width_nm, stored_A = widest.wave.grid.extent_A[1] / 10, grid.sampling_A
    reference = f"{width_nm:.4g} nm; the largest particle alone, in vacuum, stored at {stored_A:.3g} Å"
    return Axis("field_nm", tuple(sorted(probes, key=lambda each: each.value)), reference)


def _stored(wave: ExitWave, grid: Grid) -> ExitWave:
    """The wave in the band of coarser stored pixels."""
    return replace(wave, field=resample(wave.field, grid.shape), grid=grid)


def _window(image: Tensor, grid: Grid) -> Tensor:
    """The middle (ny, nx) of an image of a wider field."""
    top, left = ((n - m) // 2 for n, m in zip(image.shape, grid.shape, strict=True))
    return image[top : top + grid.shape[0], left : left + grid.shape[1]]


def _coarsest_first(probes: list[Probe]) -> tuple[Probe, ...]:
    return tuple(sorted(probes, key=lambda each: -each.value))
