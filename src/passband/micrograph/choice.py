"""Which image of a file is meant, and whether it is an image at all.

Everything is decided on shapes, types and units, before a pixel is read.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from passband.errors import UserError
from passband.micrograph.signals import StoredSignal
from passband.micrograph.unit_names import UnitKind, parse_unit

SMALLEST_PX: Final = 32
LARGEST_PX: Final = 2**27
"""134 million, more than any camera has; as float32 they take half a GB."""
LARGEST_BYTES: Final = 2**29
LARGEST_COMPRESSION: Final = 200
"""Noise compresses by less than 20; what claims more is empty, or made to fill the memory."""


@dataclass(frozen=True)
class Chosen:
    """One image: its signal, its index within that, and its number where the file holds several."""

    signal: StoredSignal
    index: int
    number: int | None


def chosen_frame(signals: list[StoredSignal], frame: int | None, path: Path) -> Chosen:
    """The image that is meant; raises UserError where it is none, one of several, too small or too large."""
    usable = [_without_single_axes(signal) for signal in signals]
    reasons = [_reason_against(signal) for signal in usable]
    images = [signal for signal, reason in zip(usable, reasons, strict=True) if reason is None]
    if not images:
        raise UserError(f"{path.name} {next(iter(reasons), None) or 'holds no image'}")
    chosen = _numbered(images, frame, path.name)
    _check_size(chosen.signal, path)
    return chosen


def _without_single_axes(signal: StoredSignal) -> StoredSignal:
    """Leading axes of one sample say nothing."""
    leading = tuple(axis for axis in signal.axes[:-2] if axis.size != 1)
    return replace(signal, axes=leading + signal.axes[-2:])


def _reason_against(signal: StoredSignal) -> str | None:
    """Why a signal is no image of intensities, as the end of a sentence that begins with the file's name."""
    kinds = [parse_unit(axis.unit).kind for axis in signal.axes]
    if signal.dtype.kind == "c":
        return "holds complex values, a Fourier transform and no intensities; give the micrograph itself"
    if UnitKind.ENERGY in kinds or len(signal.axes) < 2 or 1 in signal.shape[-2:]:
        return f"is a spectrum ({_times(signal.shape)} samples) and not an image; give a micrograph"
    if UnitKind.RECIPROCAL in kinds[-2:]:
        unit = signal.axes[-1].unit or signal.axes[-2].unit
        return f"is a diffraction pattern: its pixels are in {unit}, not in a length; give a micrograph"
    if signal.dtype.names is not None:
        return "is a colour image: export the grey values instead"
    if signal.dtype.kind not in "biuf":
        return f"holds values of the type {signal.dtype}, not intensities; give a micrograph"
    if min(signal.shape) < 1:
        return f"is empty: it declares {_times(signal.shape)} samples"
    return None


def _numbered(images: list[StoredSignal], frame: int | None, name: str) -> Chosen:
    total = sum(image.frames for image in images)
    if frame is None:
        if total > 1:
            raise UserError(_question(images, total, name))
        return Chosen(images[0], 0, None)
    return _place(images, frame, total, name)


def _question(images: list[StoredSignal], total: int, name: str) -> str:
    titles = ", ".join(image.title[:40] or "untitled" for image in images[:8])
    what = f"a stack of {total} images" if len(images) == 1 else f"a file of {total} images ({titles})"
    sizes = " or ".join(dict.fromkeys(f"{_times(image.shape[-2:])} px" for image in images[:4]))
    small = f", too small for a segmentation (at least {SMALLEST_PX} px)" if _too_small(images[0]) else ""
    return f"{name} is {what} of {sizes}{small}: choose one with --frame, 0 to {total - 1}"


def _place(images: list[StoredSignal], frame: int, total: int, name: str) -> Chosen:
    if not 0 <= frame < total:
        remedy = f"its frames are 0 to {total - 1}" if total > 1 else "leave --frame out, it holds one image"
        raise UserError(f"{name} has no frame {frame}: {remedy}")
    index = frame
    for image in images:
        if index < image.frames:
            return Chosen(image, index, frame if total > 1 else None)
        index -= image.frames
    raise ValueError("frames do not add up")


def _check_size(signal: StoredSignal, path: Path) -> None:
    ny, nx = signal.shape[-2:]
    if _too_small(signal):
        raise UserError(
            f"{path.name} is {ny} x {nx} px, too small for a segmentation; "
            f"give at least {SMALLEST_PX} x {SMALLEST_PX} px"
        )
    frame_bytes = ny * nx * signal.dtype.itemsize
    if ny * nx > LARGEST_PX or frame_bytes > LARGEST_BYTES:
        raise UserError(
            f"{path.name} declares {ny} x {nx} px ({frame_bytes / 2**30:.3g} GiB), more than the "
            f"{LARGEST_PX // 10**6} million px and {LARGEST_BYTES / 2**30:g} GiB that passband reads; "
            "crop or bin it"
        )
    if signal.declared_bytes > LARGEST_COMPRESSION * path.stat().st_size:
        raise UserError(
            f"{path.name} declares {signal.declared_bytes} bytes of pixels in a file of "
            f"{path.stat().st_size} bytes; it is damaged or empty"
        )


def _too_small(signal: StoredSignal) -> bool:
    return min(signal.shape[-2:]) < SMALLEST_PX


def _times(shape: tuple[int, ...]) -> str:
    return " x ".join(str(size) for size in shape)
