"""Images per second of one core: transfer, wave behind the lens, intensity on the finer grid, crop; no noise.

Every round forms a few images and does as many bare inverse FFTs of the finer grid (1.5 times the pixels), one after
the other, so that both meet the same machine: the ratio of the two is the figure to trust, its quartiles are the
spread. Times are of the processor (one thread), so that a busy machine counts only through its caches; rates are
medians, and the best round stands beside them. Conditions: defocus only as in the published series ("corrected"),
Cs with a cone of illumination ("uncorrected"), and coma and astigmatism on top ("coma"); the envelopes of the last two
end the wave inside the stored band, so that their intensities need a smaller grid than that of the floor. "linearity"
is the time per image of 64 conditions over that of 8; "detector" and "explicit" are the times of an image with a
detector's MTF, and averaged over the focus (8 points of the source), over that of a plain one.
Run it as ``python benchmarks/imaging.py``; the last line is JSON.
"""

import json
import os
from collections.abc import Callable

os.environ["OMP_NUM_THREADS"] = "1"

import time
from statistics import median, quantiles

import torch

from passband.grid import Grid
from passband.imaging.condition import ImagingCondition, symmetric_condition, with_aberrations
from passband.imaging.detector import Detector, Falloff
from passband.imaging.fine_grid import fine_grid
from passband.imaging.focus import minimum_contrast_C10_A
from passband.imaging.image import expose, form_intensity, spectrum
from passband.imaging.recording import Recording
from passband.wave import ExitWave

torch.set_num_threads(1)
ENERGY_EV = 300e3
PER_ROUND = 8


def exit_wave(n: int) -> ExitWave:
    """A random phase object in a field of 10.24 nm, filling the band."""
    phase = torch.randn(1, n, n, generator=torch.Generator().manual_seed(0))
    return ExitWave(torch.exp(0.3j * phase).to(torch.complex64), Grid((n, n), 102.4 / n), ENERGY_EV)


def settings() -> dict[str, ImagingCondition]:
    """A batch of conditions of each kind, all unlike."""
    C10_A = torch.linspace(-250, 250, PER_ROUND)
    corrected = symmetric_condition(ENERGY_EV, C10_A, 0.0, 10.0)
    uncorrected = symmetric_condition(ENERGY_EV, C10_A - 500, 1.2e7, 10.0, 5e-4)
    return {
        "corrected": corrected,
        "uncorrected": uncorrected,
        "coma": with_aberrations(uncorrected, {"C12": 20.0, "C21": 500.0}, {"C12": 0.3}),
    }


def rounds(works: dict[str, Callable[[], object]], seconds: float) -> dict[str, list[float]]:
    """Processor times [s] of works that take turns for so many seconds."""
    for work in works.values():
        work()
    times: dict[str, list[float]] = {name: [] for name in works}
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        for name, work in works.items():
            started = time.process_time()
            work()
            times[name].append(time.process_time() - started)
    return times


def figures(n: int, seconds: float) -> dict[str, object]:
    """Images per second and times the FFT floor at n x n pixels."""
    waves, fine = spectrum(exit_wave(n)), fine_grid(Grid((n, n), 102.4 / n)).shape
    field = torch.randn(fine, dtype=torch.complex64)
    works: dict[str, Callable[[], object]] = {
        "floor": lambda: [torch.fft.ifft2(field) for _ in range(PER_ROUND)],
    }
    for name, conditions in settings().items():
        works[name] = lambda conditions=conditions: form_intensity(waves, conditions)
    times = rounds(works, seconds)
    result: dict[str, object] = {f"floor_per_s_{n}": round(PER_ROUND / median(times["floor"]))}
    for name in settings():
        suffix = f"_{n}" if name == "corrected" else f"_{name}_{n}"
        ratios = quantiles([a / b for a, b in zip(times[name], times["floor"], strict=True)], n=4)
        result[f"images_per_s{suffix}"] = round(PER_ROUND / median(times[name]))
        result[f"best_images_per_s{suffix}"] = round(PER_ROUND / min(times[name]))
        result[f"times_fft_floor{suffix}"] = [round(ratio, 2) for ratio in ratios]
    return result


def ratios(seconds: float) -> dict[str, object]:
    """What more conditions, a detector and explicit averaging cost at 256 pixels, per image; quartiles."""
    waves, few = spectrum(exit_wave(256)), settings()["corrected"]
    many = symmetric_condition(ENERGY_EV, torch.linspace(-250, 250, 64), 0.0, 10.0)
    soft = Recording(detector=Detector(mtf=Falloff(form="gaussian", half_at=0.5), pixel_integration=True))
    explicit = Recording(coherence="explicit")
    times = rounds(
        {
            "plain": lambda: form_intensity(waves, few),
            "linearity": lambda: form_intensity(waves, many),
            "detector": lambda: form_intensity(waves, few, soft),
            "explicit": lambda: form_intensity(waves, few, explicit),
        },
        seconds,
    )
    images = {"linearity": 64 / PER_ROUND, "detector": 1.0, "explicit": 1.0}
    return {
        f"{name}_256": [
            round(ratio / share, 2)
            for ratio in quantiles([a / b for a, b in zip(times[name], times["plain"], strict=True)], n=4)
        ]
        for name, share in images.items()
    }


def main() -> None:
    result = figures(256, 10.0) | figures(512, 12.0) | ratios(8.0)
    wave, image = exit_wave(256), torch.ones(256, 256)
    generator = torch.Generator().manual_seed(0)
    noisy = Detector(ntf=Falloff(form="gaussian", half_at=1.5), mtf=Falloff(form="gaussian", half_at=1.0))
    others = rounds(
        {
            "focus_search_s_256": lambda: minimum_contrast_C10_A(wave),
            "shot_noise_s_256": lambda: expose(image, 400.0, 0.16, generator),
            "filtered_noise_s_256": lambda: expose(image, 400.0, 0.16, generator, noisy),
        },
        5.0,
    )
    result["times_fft_floor"] = round(median(result["times_fft_floor_256"]), 2)
    result |= {name: round(median(times), 5) for name, times in others.items()}
    for name, value in result.items():
        print(f"{name:32} {value}")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
