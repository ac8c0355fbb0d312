"""TIFF, .tif and .tiff, read with tifffile: one image, or a stack, compressed or mapped from the file."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import Any, Final

import numpy as np
import tifffile

from passband.errors import UserError
from passband.micrograph.formats.quiet import silenced
from passband.micrograph.formats.tiff_calibration import sides_of_sample
from passband.micrograph.signals import Axis, Pixels, StoredSignal

UNCOMPRESSED: Final = 1


@contextmanager
def open_signals(path: Path) -> Iterator[list[StoredSignal]]:
    """The first series of a TIFF file (later ones are thumbnails or reduced copies)."""
    with silenced("tifffile"), tifffile.TiffFile(path) as file:
        series = file.series[0]
        page = series.keyframe
        if page.samplesperpixel > 1:
            raise UserError(f"{path.name} is a colour image: export the grey values instead")
        if series.axes[-2:] != "YX":
            raise UserError(f"{path.name} has the axes '{series.axes}', and those of an image end with 'YX'")
        _check_segments(page, path.stat().st_size)
        sides = sides_of_sample(file, page)
        leading = tuple(Axis(int(size)) for size in series.shape[:-2])
        y, x = (Axis(int(size), *side) for size, side in zip(series.shape[-2:], sides, strict=True))
        yield [StoredSignal(path.stem, np.dtype(series.dtype), (*leading, y, x), _frame_reader(path, series))]


def _check_segments(page: Any, file_bytes: int) -> None:
    """Every strip or tile must lie within the file: tifffile would fill what is missing with zeros."""
    ends = [start + length for start, length in zip(page.dataoffsets, page.databytecounts, strict=True)]
    if not ends or max(ends) > file_bytes:
        raise ValueError("its pixels reach beyond the end of the file")
    held = sum(page.databytecounts)
    if page.compression == UNCOMPRESSED and held * 8 < prod(page.shape) * page.bitspersample:
        raise ValueError(
            f"it declares {prod(page.shape)} pixels of {page.bitspersample} bits in {held} bytes"
        )


def _frame_reader(path: Path, series: Any) -> Callable[[int], Pixels]:
    shape = tuple(int(size) for size in series.shape[-2:])

    def read_frame(index: int) -> Pixels:
        if series.dataoffset is None:
            return np.asarray(series.pages[index].asarray()).reshape(shape)
        dtype = np.dtype(series.dtype).newbyteorder(series.keyframe.parent.byteorder)
        offset = int(series.dataoffset) + index * prod(shape) * dtype.itemsize
        return np.asarray(np.memmap(path, dtype, mode="r", offset=offset, shape=shape))

    return read_frame
