"""EMD, .emd: HDF5 in two dialects, Velox (Thermo Fisher) and Berkeley (NCEM), read with h5py.

RosettaSciIO reads both, but for the Berkeley dialect it loads all pixels to look at a header, loses a unit
that is spelled ``n_m`` and transposes the axes; so the few entries that matter are read here. Only what lies
in the file
itself is read: links to other files, external and virtual datasets are not followed.
Berkeley: https://emdatasets.com/format. Velox: ``Data/Image/<id>/Data`` (y, x, frame) with its metadata in
JSON.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np

from passband.micrograph.formats.rosetta import imported
from passband.micrograph.signals import Axis, Pixels, StoredSignal, axes_of

VELOX_IMAGE: Final = re.compile(r"Data/Image/[^/]+/Data")
BERKELEY_IMAGE: Final = re.compile(r"(.+/)?data")
LARGEST_METADATA: Final = 2**24
"""Bytes of one image's JSON."""


@contextmanager
def open_signals(path: Path) -> Iterator[list[StoredSignal]]:
    """The images of an EMD file of either dialect."""
    h5py = imported("h5py", ".emd", "h5py")
    with h5py.File(path, "r") as file:
        datasets = _own_datasets(h5py, file)
        velox = [_velox_signal(datasets, name) for name in datasets if VELOX_IMAGE.fullmatch(name)]
        yield velox or [
            _berkeley_signal(datasets, name)
            for name in datasets
            if BERKELEY_IMAGE.fullmatch(name) and "emd_group_type" in datasets[name].parent.attrs
        ]


def _own_datasets(h5py: Any, file: Any) -> dict[str, Any]:
    """Datasets whose values lie in this file, by name; ``visititems`` follows no soft or external links."""
    found: dict[str, Any] = {}

    def visit(name: str, entry: Any) -> None:
        if isinstance(entry, h5py.Dataset) and not entry.is_virtual and not entry.external:
            found[name] = entry

    file.visititems(visit)
    return found


def _velox_signal(datasets: dict[str, Any], name: str) -> StoredSignal:
    data = datasets[name]
    ny, nx, frames = data.shape
    result = _velox_metadata(datasets[name.removesuffix("Data") + "Metadata"]).get("BinaryResult", {})
    size = result.get("PixelSize", {})
    spatial = (
        Axis(
            ny, _number(size.get("height")), str(result.get("PixelUnitY") or result.get("PixelUnitX") or "")
        ),
        Axis(nx, _number(size.get("width")), str(result.get("PixelUnitX") or "")),
    )
    dtype = np.dtype("c8") if _is_complex(data.dtype) else data.dtype

    def read_frame(index: int) -> Pixels:
        return np.asarray(data[:, :, index])

    axes = (Axis(frames), *spatial) if frames != 1 else spatial
    return StoredSignal(str(result.get("Detector") or ""), dtype, axes, read_frame)


def _velox_metadata(dataset: Any) -> dict[str, Any]:
    if dataset.shape[0] > LARGEST_METADATA:
        raise ValueError(f"an image has {dataset.shape[0]} bytes of metadata")
    text = np.asarray(dataset[:, 0], np.uint8).tobytes().partition(b"\0")[0]
    parsed = json.loads(text)
    return parsed if isinstance(parsed, dict) else {}


def _is_complex(dtype: np.dtype[Any]) -> bool:
    """Velox stores Fourier transforms and differential phase contrast as pairs of named floats."""
    return dtype.names is not None and any("imag" in field.lower() for field in dtype.names)


def _berkeley_signal(datasets: dict[str, Any], name: str) -> StoredSignal:
    """Axes in the order of the file; ``dim1`` belongs to the slowest one."""
    data, group = datasets[name], name.removesuffix("data")
    dims = [datasets.get(f"{group}dim{index}") for index in range(1, data.ndim + 1)]
    steps, units = [_step(dim) for dim in dims], [_text(dim, "units") for dim in dims]

    def read_frame(index: int) -> Pixels:
        return np.asarray(data[tuple(np.unravel_index(index, data.shape[:-2])) if data.ndim > 2 else ...])

    title = group.rstrip("/").rpartition("/")[2]
    return StoredSignal(title, data.dtype, axes_of(data.shape, steps, units), read_frame)


def _step(dim: Any) -> float:
    """Spacing of an axis from the first two of its positions; 0 where there are none."""
    if dim is None or dim.ndim != 1 or dim.shape[0] < 2:
        return 0.0
    first, second = dim[:2]
    return float(second) - float(first)


def _text(dim: Any, attribute: str) -> str:
    value = "" if dim is None else dim.attrs.get(attribute, "")
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return 0.0
