"""Mask and probability as the bytes of image files; the TIFF carries its pixel size for ImageJ."""

import io

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image


def tiff_bytes(image: NDArray[np.uint8] | NDArray[np.float32], pixel_size_nm: tuple[float, float]) -> bytes:
    """An uncompressed TIFF (ny, nx) with the pixel size (y, x) [nm] as ImageJ writes it."""
    y, x = pixel_size_nm
    buffer = io.BytesIO()
    tifffile.imwrite(
        buffer, image, imagej=True, resolution=(1 / x, 1 / y), metadata={"unit": "nm", "axes": "YX"}
    )
    return buffer.getvalue()


def png_bytes(image: Image.Image | NDArray[np.uint8]) -> bytes:
    """A PNG of a picture or of grey values (ny, nx)."""
    buffer = io.BytesIO()
    picture = image if isinstance(image, Image.Image) else Image.fromarray(image)
    picture.save(buffer, format="PNG")
    return buffer.getvalue()
