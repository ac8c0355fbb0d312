"""Small files of every format, written here byte by byte or by the format's own library."""

import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image

PIXEL_NM = 0.05
REAL_FILES = Path(__file__).parents[2] / ".." / "shared" / "data"


def counts(shape: tuple[int, ...] = (48, 64), mean: float = 50, seed: int = 0) -> NDArray[np.uint16]:
    """Poisson noise, as a camera gives it where there is nothing."""
    return np.random.default_rng(seed).poisson(mean, shape).astype(np.uint16)


def write_mrc(path: Path, image: NDArray[Any], pixel_A: float = 10 * PIXEL_NM, order: str = "<") -> Path:
    """MRC2014: 56 numbers, then labels; modes 1 int16, 2 float32, 6 uint16."""
    modes = {"i1": 0, "i2": 1, "f4": 2, "c8": 4, "u2": 6, "f2": 12}
    nz, ny, nx = (1, *image.shape)[-3:]
    head = bytearray(1024)
    struct.pack_into(order + "4i", head, 0, nx, ny, nz, modes[image.dtype.str[1:]])
    struct.pack_into(order + "3i3f", head, 28, nx, ny, nz, nx * pixel_A, ny * pixel_A, nz * pixel_A)
    head[208:212] = b"MAP "
    path.write_bytes(bytes(head) + image.astype(image.dtype.newbyteorder(order)).tobytes())
    return path


def write_ser(path: Path, images: NDArray[np.float32], pixel_m: float = PIXEL_NM * 1e-9) -> Path:
    """TIA series (n, ny, nx) of float32 images, version 0x0210 with 32-bit offsets; rows from the bottom up."""
    n, ny, nx = images.shape
    dimension = struct.pack("<IddII6sII", n, 0.0, 1.0, 0, 6, b"Number", 0, 0)[:-4]
    head_bytes = 30 + len(dimension)
    element = 50 + 4 * ny * nx + 8
    first = head_bytes + 8 * n
    head = struct.pack("<HHHIIIIII", 0x4949, 0x0197, 0x0210, 0x4122, 0x4152, n, n, head_bytes, 1) + dimension
    offsets = struct.pack(f"<{n}I", *(first + element * i for i in range(n))) + bytes(4 * n)
    body = b""
    for image in images:
        body += struct.pack("<ddIddIHII", 0.0, pixel_m, 0, 0.0, pixel_m, 0, 7, nx, ny)
        body += image[::-1].astype("<f4").tobytes() + struct.pack("<HHI", 0x4152, 0, 0)
    path.write_bytes(head + offsets + body)
    return path


def write_dm(path: Path, image: NDArray[np.float32], units: Sequence[str] = ("nm", "nm")) -> Path:
    """DigitalMicrograph 3, little-endian: the tags that make up one float32 image; units of y and x."""
    ny, nx = image.shape
    dimensions = [
        _group("", [_number("Origin", 6, "<f", 0), _number("Scale", 6, "<f", PIXEL_NM), _text("Units", unit)])
        for unit in units[::-1]
    ]
    brightness = [_number("Origin", 6, "<f", 0), _number("Scale", 6, "<f", 1), _text("Units", "")]
    data = [
        _group("Calibrations", [_group("Brightness", brightness), _group("Dimension", dimensions)]),
        _array("Data", 6, image.astype("<f4").tobytes(), image.size),
        _number("DataType", 5, "<I", 2),
        _group("Dimensions", [_number("", 5, "<I", nx), _number("", 5, "<I", ny)]),
    ]
    image_tags = [_group("ImageData", data), _group("ImageTags", []), _text("Name", "sample")]
    root = [_group("ImageList", [_group("", image_tags)])]
    path.write_bytes(struct.pack(">iii", 3, 0, 1) + b"\0\0" + struct.pack(">i", len(root)) + b"".join(root))
    return path


def write_velox(path: Path, image: NDArray[Any], unit: str = "m") -> Path:
    """EMD as Velox writes it: (ny, nx, frames), and the metadata as text in columns of bytes."""
    stack = image if image.ndim == 3 else image[None]
    size = {"width": str(PIXEL_NM * 1e-9), "height": str(PIXEL_NM * 1e-9)}
    text = repr(
        {"BinaryResult": {"PixelSize": size, "PixelUnitX": unit, "PixelUnitY": unit, "Detector": "Ceta"}}
    )
    column = np.frombuffer(text.replace("'", '"').encode().ljust(1000, b"\0"), np.uint8)
    with h5py.File(path, "w") as file:
        group = file.create_group("Data/Image/0123")
        group["Data"] = np.moveaxis(stack, 0, -1)
        group["Metadata"] = np.repeat(column[:, None], len(stack), axis=1)
    return path


def write_berkeley(path: Path, image: NDArray[Any], unit: str = "[n_m]") -> Path:
    """EMD as the Berkeley group defines it: data and one vector of positions per axis."""
    with h5py.File(path, "w") as file:
        group = file.create_group("data/sample")
        group.attrs["emd_group_type"] = 1
        group["data"] = image
        for index, size in enumerate(image.shape, start=1):
            group[f"dim{index}"] = np.arange(size) * PIXEL_NM
            group[f"dim{index}"].attrs["units"] = unit
    return path


def write_tiff(path: Path, image: NDArray[Any], unit: str = "nm") -> Path:
    """TIFF as ImageJ writes it."""
    per_unit = 1 / PIXEL_NM
    tifffile.imwrite(path, image, imagej=True, resolution=(per_unit, per_unit), metadata={"unit": unit})
    return path


def write_png(path: Path, image: NDArray[Any]) -> Path:
    """PNG, 8 or 16 bits after the type of the values; it has no pixel size."""
    Image.fromarray(image).save(path)
    return path


def _named(kind: int, name: str, content: bytes) -> bytes:
    return struct.pack(">bh", kind, len(name)) + name.encode() + content


def _group(name: str, tags: Sequence[bytes]) -> bytes:
    return _named(20, name, b"\0\0" + struct.pack(">i", len(tags)) + b"".join(tags))


def _number(name: str, kind: int, form: str, value: float) -> bytes:
    return _named(21, name, b"%%%%" + struct.pack(">ii", 1, kind) + struct.pack(form, value))


def _array(name: str, kind: int, data: bytes, n: int) -> bytes:
    return _named(21, name, b"%%%%" + struct.pack(">iiii", 3, 20, kind, n) + data)


def _text(name: str, text: str) -> bytes:
    return _array(name, 4, text.encode("utf-16-le"), len(text))
