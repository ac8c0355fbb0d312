"""PNG, .png: grey values of 8 or 16 bits, read with Pillow. It carries no length, only a print resolution."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image

from passband.micrograph.signals import Axis, Pixels, StoredSignal

BYTES: dict[str, int] = {"1": 1, "L": 1, "LA": 2, "P": 1, "RGB": 3, "RGBA": 4, "I": 4, "I;16": 2}


@contextmanager
def open_signals(path: Path) -> Iterator[list[StoredSignal]]:
    """The one image of a PNG file; colours are refused when they are read unless they are grey."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        with Image.open(path, formats=["PNG"]) as image:
            nx, ny = image.size

            def read_frame(_index: int) -> Pixels:
                plain = image.convert("RGB") if image.mode == "P" else image
                return np.asarray(plain)

            dtype = np.dtype(f"u{BYTES[image.mode]}" if image.mode.startswith("I") else "u1")
            yield [StoredSignal(path.stem, dtype, (Axis(ny), Axis(nx)), read_frame)]
