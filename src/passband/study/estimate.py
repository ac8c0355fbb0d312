"""How long a study will take here: its counts, times rates that are measured on this machine in a second or two.

    scenes:    slices x configurations x the time of one FFT pair of the simulated grid x TIMES_FFT_PAIR
    networks:  steps x the time of one training step, measured on a small batch and scaled by the number of pixels
    tests:     images x the time of one forward pass, a third of a step

It is an estimate, right within a factor of two or so: cores are shared, caches differ, and small batches train
slower per pixel than large ones. Work is divided evenly over the workers, which each have one core.
"""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Final

import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from passband.data.batches import steps_per_epoch
from passband.networks.prediction import number_format
from passband.networks.unet import build_network, particle_logits
from passband.structure.distribution import SceneDistribution
from passband.study.study import Study
from passband.units import nm_to_A

TIMES_FFT_PAIR: Final = 3.0
"""Time of one slice over that of one FFT pair: potential, transmission and propagation."""
SCENE_OVERHEAD_S: Final = 0.6
"""Drawing the atoms, the search for the minimum of contrast, and storing the waves."""
PROBE_PX: Final = 128


@dataclass(frozen=True)
class Estimate:
    """What a study asks for. images_seen: shown in training, all networks; seconds: with so many workers."""

    networks: int
    scenes: int
    images_seen: int
    seconds: float


def estimate(study: Study, workers: int) -> Estimate:
    """Counts of a study, and about how long it takes on so many cores of this machine."""
    steps = _steps(study)
    tested = sum(study.set_of(name).test for name in study.test_on)
    sizes_px = [
        _image_px(each.scenes, study.simulation.stored_sampling_A) for each in study.structures.values()
    ]
    step_s = _step_seconds(study) * ((study.training.batches.crop_px or max(sizes_px)) / PROBE_PX) ** 2
    network_s = steps * study.training.batches.size * step_s + tested * step_s / 3
    scenes_s = sum(
        (each.training + each.validation + each.test) * _scene_seconds(study, each.scenes)
        for each in study.structures.values()
    )
    return Estimate(
        networks=study.n_networks,
        scenes=study.n_scenes,
        images_seen=study.n_networks * steps * study.training.batches.size,
        seconds=(scenes_s + study.n_networks * network_s) / workers,
    )


def _steps(study: Study) -> int:
    """Training steps of the network that takes most of them."""
    training = study.training
    if training.steps is not None:
        return training.steps
    images = max(study.set_of(name).training for name in study.train_on) * training.images_per_structure
    return (training.epochs or 0) * steps_per_epoch(images, training.batches)


def _image_px(scenes: SceneDistribution, sampling_A: float) -> int:
    return round(nm_to_A(scenes.field_nm) / sampling_A)


def _scene_seconds(study: Study, scenes: SceneDistribution) -> float:
    simulation = study.simulation
    n = _image_px(scenes, simulation.sampling_A)
    field = torch.randn(n, n, dtype=torch.complex64)
    pair_s = _seconds(lambda: torch.fft.ifft2(torch.fft.fft2(field)))
    thickness_nm = sum(scenes.particles.diameter_nm) / 2 + (
        sum(scenes.support.thickness_nm) / 2 if scenes.support else 0.0
    )
    slices = nm_to_A(thickness_nm) / simulation.slice_thickness_A
    return SCENE_OVERHEAD_S + slices * max(1, simulation.frozen_phonons) * pair_s * TIMES_FFT_PAIR


def _step_seconds(study: Study) -> float:
    """One training step for one image of PROBE_PX pixels a side."""
    network = build_network(study.network, 0).train()
    images = torch.randn(2, 1, PROBE_PX, PROBE_PX)
    if study.training.channels_last:
        network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def step() -> None:
        with number_format(images.device, study.training.precision):
            outputs = network(images)
        logits = particle_logits(outputs)
        binary_cross_entropy_with_logits(logits, torch.zeros_like(logits)).backward()  # type: ignore[no-untyped-call]

    return _seconds(step) / len(images)


def _seconds(work: Callable[[], object]) -> float:
    """Median time of three repetitions on one thread, after one that warms up."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        work()
        times = []
        for _ in range(3):
            started = perf_counter()
            work()
            times.append(perf_counter() - started)
    finally:
        torch.set_num_threads(threads)
    return median(times)
