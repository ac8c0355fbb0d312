"""What a study costs here: its counts, times rates that are measured on this machine in some seconds.

    scenes:    slices x configurations x the time of one FFT pair of the simulated grid x TIMES_FFT_PAIR
    networks:  steps x the time of one training step of the real loop on its real batches
               + validations x images x the time to predict one
               + images of the pool x the time to give one its noise, where that is drawn once
    tests:     images x the time to predict one and to compare it with a truth that is known
    pools:     images x the time to form one from a stored wave, shared by the networks of a task
    tables:    measures, bands, evidence and analysis, see `estimate_tables`

The rates are CPU seconds of one core; work is divided evenly over the workers, which have a core each, but for tables
that are a task each. It is right within a factor of 1.5 or so (tables: of 2): caches differ, and cores slow each other
down. Examples, distances of measured image spectra and the report are not counted.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from time import process_time
from typing import Final

import torch

from passband.data.batches import exposed_batch, steps_per_epoch
from passband.data.pool import ImagePool
from passband.evaluation.scores import score_against, truth
from passband.grid import Grid
from passband.imaging.draw import draw_conditions
from passband.imaging.image import intensity
from passband.networks.prediction import predicted_logits
from passband.networks.unet import build_network, parameter_count
from passband.structure.distribution import SceneDistribution
from passband.study.estimate_tables import ImageRates, TableCost, table_cost
from passband.study.groups import MOST_MEMBERS
from passband.study.study import FullSeries, Study
from passband.training.step import begin, take_step
from passband.units import kV_to_eV, nm_to_A
from passband.wave import ExitWave

TIMES_FFT_PAIR: Final = 3.0
"""Time of one slice over that of one FFT pair: potential, transmission and propagation."""
SCENE_OVERHEAD_S: Final = 0.6
"""Drawing the atoms, the search for the minimum of contrast, and storing the waves."""
PROBE_TIMES: Final = 20
"""What is measured is repeated so often at most, and until SLOW_S have passed."""
PROBE_IMAGES: Final = 8
PROBE_PX: Final = {"small": 256, "large": 128}
"""Side of the images on which a rate is measured; above it is scaled by the number of pixels."""
SLOW_S: Final = 0.5
LARGE_PARAMETERS: Final = 1_000_000
H200_STEP_S: Final = 1e-3
"""An assumption, not measured: one training step of a compact network on an H200, some 200 kernels of 5 µs each,
replayed as a graph; one network after the other."""
H200_IMAGE_S: Final = 1e-3
"""An assumption, not measured: forming and scoring one test image there; the particles are matched on its CPUs."""


@dataclass(frozen=True)
class SeriesCost:
    """What one series asks for. seconds: of one core here, waves aside; h200_s: by the assumptions above."""

    series: FullSeries
    images_seen: int
    images_scored: int
    seconds: float
    h200_s: float


@dataclass(frozen=True)
class Estimate:
    """What a study asks for. images_seen: shown in training, all networks; seconds: with so many workers."""

    networks: int
    scenes: int
    images_seen: int
    scenes_s: float
    series: tuple[SeriesCost, ...]
    tables: TableCost
    workers: int

    @property
    def core_seconds(self) -> float:
        """Of one core here [s]."""
        return self.scenes_s + sum(each.seconds for each in self.series) + self.tables.seconds

    @property
    def seconds(self) -> float:
        """Wall time [s]."""
        return (self.core_seconds - self.tables.alone_s) / self.workers + self.tables.alone_s


def estimate(study: Study, workers: int) -> Estimate:
    """Counts of a study, and about how long it takes on so many cores of this machine."""
    scenes_s = sum(
        (each.training + each.validation + each.test) * _scene_seconds(study, each.scenes)
        for each in study.structures.values()
    )
    rates: dict[tuple[str, str], _Rates] = {}
    images: dict[str, ImageRates] = {}
    costs = []
    for series in study.all_series():
        key = (series.network.model_dump_json(), series.training.model_dump_json())
        rates[key] = rates[key] if key in rates else _measured(study, series)
        costs.append(_series_cost(study, series, rates[key]))
        images[series.name] = _image_rates(study, series, rates[key])
    return Estimate(
        networks=study.n_networks,
        scenes=study.n_scenes,
        images_seen=sum(cost.images_seen for cost in costs),
        scenes_s=scenes_s,
        series=tuple(costs),
        tables=table_cost(study, images, workers),
        workers=workers,
    )


@dataclass(frozen=True)
class _Rates:
    """Seconds of one core: a training step; per image, its noise, its prediction, comparing that with the truth,
    and forming it as one of a training pool, and of a test."""

    step_s: float
    noise_s: float
    predict_s: float
    compare_s: float
    form_s: float
    form_test_s: float


def _image_rates(study: Study, series: FullSeries, rates: _Rates) -> ImageRates:
    pixels = _image_px(study.set_of(series.test_on[0]).scenes, study.simulation.stored_sampling_A) ** 2
    return ImageRates(rates.predict_s, rates.form_test_s, pixels / 256**2)


def _series_cost(study: Study, series: FullSeries, rates: _Rates) -> SeriesCost:
    training, per_domain = series.training, len(series.learning_rates) * series.random_starts
    steps = per_domain * sum(_steps(study, series, name) for name in series.train_on)
    held_out = max(study.set_of(name).validation for name in series.train_on)
    held_out *= training.validation_images_per_structure
    pool = max(study.set_of(name).training for name in series.train_on) * training.images_per_structure
    noisy = held_out + (pool if training.batches.noise == "fixed" else 0)
    tested = sum(study.set_of(name).test for name in series.test_on) // series.blocks
    per_network = (
        noisy * rates.noise_s
        + held_out * _validations(study, series) * rates.predict_s
        + tested * (rates.predict_s + rates.compare_s)
    )
    per_group = (pool + held_out) * rates.form_s + tested * rates.form_test_s
    groups = series.n_networks / min(MOST_MEMBERS, per_domain)
    return SeriesCost(
        series=series,
        images_seen=steps * training.batches.size,
        images_scored=series.n_networks * tested,
        seconds=steps * rates.step_s + series.n_networks * per_network + groups * per_group,
        h200_s=steps * H200_STEP_S + series.n_networks * tested * H200_IMAGE_S,
    )


def _steps(study: Study, series: FullSeries, domain: str) -> int:
    """Training steps of a network of this domain."""
    training = series.training
    if training.steps is not None:
        return training.steps
    images = study.set_of(domain).training * training.images_per_structure
    return (training.epochs or 0) * steps_per_epoch(images, training.batches)


def _validations(study: Study, series: FullSeries) -> int:
    """How often a network is measured while it trains."""
    training, steps = series.training, _steps(study, series, series.train_on[0])
    if training.validation_interval is None:
        return training.epochs or 1
    return 1 + max(0, steps - training.first_validation) // training.validation_interval


def _measured(study: Study, series: FullSeries) -> _Rates:
    """The rates of a series, with its network, on a few images not larger than PROBE_PX."""
    sampling_A, training = study.simulation.stored_sampling_A, series.training
    image_px = _image_px(study.set_of(series.train_on[0]).scenes, sampling_A)
    network = build_network(series.network, 0)
    side_px = min(image_px, PROBE_PX["large" if parameter_count(network) > LARGE_PARAMETERS else "small"])
    pool = _noise_pool(side_px, sampling_A)
    shown = exposed_batch(pool, torch.Generator())
    known, logits = truth(shown.masks, sampling_A), shown.masks - 0.5
    per_image = (image_px / side_px) ** 2 / PROBE_IMAGES
    return _Rates(
        step_s=_step_seconds(series, pool, image_px),
        noise_s=per_image * _seconds(lambda: exposed_batch(pool, torch.Generator())),
        predict_s=per_image * _seconds(lambda: predicted_logits(network, shown.images, training.precision)),
        compare_s=per_image * _seconds(lambda: score_against(logits, known)),
        form_s=per_image * _form_seconds(study, series, side_px, training.images_per_structure),
        form_test_s=per_image * _form_seconds(study, series, side_px, 1),
    )


def _step_seconds(series: FullSeries, pool: ImagePool, image_px: int) -> float:
    """One step of the real loop, scaled from a smaller batch of smaller images where the real one is large."""
    own, side_px = series.training.batches, pool.images.shape[-1]
    crop_px = min(own.crop_px or side_px, side_px)
    batches = own.model_copy(update={"size": min(own.size, PROBE_IMAGES), "crop_px": crop_px})
    changed = {"epochs": None, "steps": 1 + PROBE_TIMES, "batches": batches}
    training = series.training.model_copy(update=changed)
    learner = begin(build_network(series.network, 0), training, pool, torch.Generator())
    times_larger = ((own.crop_px or image_px) / crop_px) ** 2 * own.size / batches.size
    return _seconds(partial(take_step, learner)) * times_larger


def _noise_pool(side_px: int, sampling_A: float) -> ImagePool:
    """Pictures without content, and a disc as mask: their cost is that of real ones."""
    y, x = torch.meshgrid(torch.arange(side_px), torch.arange(side_px), indexing="ij")
    disc = ((y - side_px / 2).hypot(x - side_px / 2) < side_px / 5).to(torch.uint8)
    images = 1 + 0.1 * torch.randn(PROBE_IMAGES, side_px, side_px, generator=torch.Generator().manual_seed(0))
    return ImagePool(
        images=images.clamp(min=0.1),
        dose_e_per_A2=torch.full((PROBE_IMAGES,), 400.0),
        masks=disc[None],
        structure=torch.zeros(PROBE_IMAGES, dtype=torch.int64),
        pixel_area_A2=sampling_A**2,
    )


def _form_seconds(study: Study, series: FullSeries, side_px: int, at_once: int) -> float:
    """Forming PROBE_IMAGES images, so many at once from one stored wave."""
    distribution = study.domains[series.train_on[0]].imaging
    grid = Grid((side_px, side_px), study.simulation.stored_sampling_A)
    wave = ExitWave(
        torch.ones(1, side_px, side_px, dtype=torch.complex64), grid, kV_to_eV(distribution.energy_kV)
    )
    conditions = draw_conditions(distribution, at_once, 0)
    return _seconds(lambda: intensity(wave, conditions)) * PROBE_IMAGES / at_once


def _image_px(scenes: SceneDistribution, sampling_A: float) -> int:
    return round(nm_to_A(scenes.field_nm) / sampling_A)


def _scene_seconds(study: Study, scenes: SceneDistribution) -> float:
    simulation = study.simulation
    n = _image_px(scenes, simulation.sampling_A)
    field = torch.randn(n, n, dtype=torch.complex64)
    pair_s = _seconds(lambda: torch.fft.ifft2(torch.fft.fft2(field)))
    thickness_nm = sum(scenes.particles.diameter_nm) / 2 + _support_nm(scenes)
    slices = nm_to_A(thickness_nm) / simulation.slice_thickness_A
    return SCENE_OVERHEAD_S + slices * max(1, simulation.frozen_phonons) * pair_s * TIMES_FFT_PAIR


def _support_nm(scenes: SceneDistribution) -> float:
    """Mean thickness of the support; none for what has no range of it, such as graphene."""
    range_nm = getattr(scenes.support, "thickness_nm", (0.0, 0.0))
    return float(sum(range_nm)) / 2


def _seconds(work: Callable[[], object]) -> float:
    """Least CPU time of some repetitions on one thread, after one that warms up: the load of others hardly counts."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        work()
        times: list[float] = []
        while len(times) < PROBE_TIMES and sum(times) < SLOW_S:
            started = process_time()
            work()
            times.append(process_time() - started)
    finally:
        torch.set_num_threads(threads)
    return min(times)
