"""What a study costs here: its counts, times rates that are measured on this machine in some seconds.

    scenes:    slices x configurations x the time of one FFT pair of the simulated grid x TIMES_FFT_PAIR
    networks:  steps x the time of one training step of the real loop on its real batches
    tests:     images x the time to score one
    pools:     images x the time to form one from a stored wave

The rates are CPU seconds of one core; work is divided evenly over the workers, which have a core each. It is
right within a factor of two or so: caches differ, and cores slow each other down.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from time import process_time
from typing import Final

import torch

from passband.data.batches import steps_per_epoch
from passband.data.pool import ImagePool
from passband.evaluation.scores import score_images
from passband.grid import Grid
from passband.imaging.draw import draw_conditions
from passband.imaging.image import intensity
from passband.networks.unet import UNet, build_network, parameter_count
from passband.structure.distribution import SceneDistribution
from passband.study.groups import MOST_MEMBERS
from passband.study.study import FullSeries, Study
from passband.training.loop import train_network
from passband.training.spec import TrainingSpec
from passband.units import kV_to_eV, nm_to_A
from passband.wave import ExitWave

TIMES_FFT_PAIR: Final = 3.0
"""Time of one slice over that of one FFT pair: potential, transmission and propagation."""
SCENE_OVERHEAD_S: Final = 0.6
"""Drawing the atoms, the search for the minimum of contrast, and storing the waves."""
PROBE_STEPS: Final = (1, 4)
PROBE_IMAGES: Final = 4
PROBE_PX: Final = {"small": 256, "large": 128}
"""Side of the images on which a rate is measured; above it is scaled by the number of pixels."""
SLOW_S: Final = 0.5
"""What takes longer is measured once, not three times."""
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
    workers: int

    @property
    def seconds(self) -> float:
        """Wall time [s]."""
        return (self.scenes_s + sum(each.seconds for each in self.series)) / self.workers


def estimate(study: Study, workers: int) -> Estimate:
    """Counts of a study, and about how long it takes on so many cores of this machine."""
    scenes_s = sum(
        (each.training + each.validation + each.test) * _scene_seconds(study, each.scenes)
        for each in study.structures.values()
    )
    rates: dict[tuple[str, str], _Rates] = {}
    costs = []
    for series in study.all_series():
        key = (series.network.model_dump_json(), series.training.model_dump_json())
        rates[key] = rates[key] if key in rates else _measured(study, series)
        costs.append(_series_cost(study, series, rates[key]))
    images_seen = sum(cost.images_seen for cost in costs)
    return Estimate(study.n_networks, study.n_scenes, images_seen, scenes_s, tuple(costs), workers)


@dataclass(frozen=True)
class _Rates:
    """Seconds of one core: a training step, scoring an image, forming an image."""

    step_s: float
    score_s: float
    form_s: float


def _series_cost(study: Study, series: FullSeries, rates: _Rates) -> SeriesCost:
    steps = sum(_steps(study, series, name) for name in series.train_on)
    per_domain = len(series.learning_rates) * series.random_starts
    validated = series.n_networks * max(study.set_of(name).validation for name in series.train_on)
    validations = validated * series.training.validation_images_per_structure * _validations(study, series)
    tested = series.n_networks * sum(study.set_of(name).test for name in series.test_on)
    groups = series.n_networks / min(MOST_MEMBERS, per_domain)
    pool = max(study.set_of(name).training for name in series.train_on) * series.training.images_per_structure
    formed = groups * (pool + tested / series.n_networks)
    seconds = per_domain * steps * rates.step_s + (tested + validations / 2) * rates.score_s
    return SeriesCost(
        series=series,
        images_seen=per_domain * steps * series.training.batches.size,
        images_scored=tested,
        seconds=seconds + formed * rates.form_s,
        h200_s=per_domain * steps * H200_STEP_S + tested * H200_IMAGE_S,
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
    sampling_A = study.simulation.stored_sampling_A
    image_px = _image_px(study.set_of(series.train_on[0]).scenes, sampling_A)
    network = build_network(series.network, 0)
    side_px = min(image_px, PROBE_PX["large" if parameter_count(network) > LARGE_PARAMETERS else "small"])
    pool = _noise_pool(side_px, sampling_A)
    images = torch.randn(PROBE_IMAGES, 1, side_px, side_px)
    masks = pool.masks[:1].expand(PROBE_IMAGES, -1, -1).float()
    precision = series.training.precision
    score_s = _seconds(lambda: score_images(network.eval(), images, masks, sampling_A, precision))
    times_larger = (image_px / side_px) ** 2
    return _Rates(
        step_s=_step_seconds(network, series.training, pool, image_px),
        score_s=score_s / PROBE_IMAGES * times_larger,
        form_s=_form_seconds(study, series, side_px) * times_larger,
    )


def _step_seconds(network: UNet, training: TrainingSpec, pool: ImagePool, image_px: int) -> float:
    """One step of the real loop, scaled from a smaller batch of smaller images where the real one is large."""
    own, side_px = training.batches, pool.images.shape[-1]
    crop_px = min(own.crop_px or side_px, side_px)
    batch = own.model_copy(update={"size": min(own.size, PROBE_IMAGES), "crop_px": crop_px})
    whole = {"epochs": None, "validation_interval": None, "first_validation": 0, "batches": batch}

    def train(steps: int) -> object:
        return train_network(network, training.model_copy(update=whole | {"steps": steps}), pool, pool, 0)

    few_s, many_s = (_seconds(partial(train, steps)) for steps in PROBE_STEPS)
    times_larger = ((own.crop_px or image_px) / crop_px) ** 2 * own.size / batch.size
    return max(0.0, many_s - few_s) / (PROBE_STEPS[1] - PROBE_STEPS[0]) * times_larger


def _noise_pool(side_px: int, sampling_A: float) -> ImagePool:
    """Pictures without content, and a disc as mask: their cost is that of real ones."""
    y, x = torch.meshgrid(torch.arange(side_px), torch.arange(side_px), indexing="ij")
    disc = ((y - side_px / 2).hypot(x - side_px / 2) < side_px / 5).to(torch.uint8)
    images = 1 + 0.1 * torch.randn(4, side_px, side_px, generator=torch.Generator().manual_seed(0))
    return ImagePool(
        images=images.clamp(min=0.1),
        dose_e_per_A2=torch.full((4,), 400.0),
        masks=disc[None],
        structure=torch.zeros(4, dtype=torch.int64),
        pixel_area_A2=sampling_A**2,
    )


def _form_seconds(study: Study, series: FullSeries, side_px: int) -> float:
    """Forming one image from a stored wave."""
    distribution = study.domains[series.train_on[0]].imaging
    grid = Grid((side_px, side_px), study.simulation.stored_sampling_A)
    wave = ExitWave(
        torch.ones(1, side_px, side_px, dtype=torch.complex64), grid, kV_to_eV(distribution.energy_kV)
    )
    conditions = draw_conditions(distribution, 4, 0)
    return _seconds(lambda: intensity(wave, conditions)) / 4


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
        started = process_time()
        work()
        times = []
        for _ in range(3 if process_time() - started < SLOW_S else 1):
            started = process_time()
            work()
            times.append(process_time() - started)
    finally:
        torch.set_num_threads(threads)
    return min(times)
