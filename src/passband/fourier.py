"""Cropping and padding of spectra: how a field moves between pixel sizes without touching the band it keeps."""

import torch
from torch import Tensor


def resize_spectrum(spectrum: Tensor, shape: tuple[int, int]) -> Tensor:
    """Crop or zero-pad an FFT-ordered spectrum (..., ny, nx) to (..., *shape).

    Values of the samples in real space are kept (the factor of the two FFT lengths is applied). On even sizes the
    Nyquist row and column belong to the negative frequencies, as in ``torch.fft.fftfreq``, so they are dropped,
    when cropping as when padding (alone they would make a real field complex): a field that is cropped and padded
    again keeps its band and loses only that line.
    """
    ny, nx = spectrum.shape[-2:]
    resized: Tensor = spectrum.new_zeros((*spectrum.shape[:-2], *shape))
    for rows, to_rows in _matching_lines(ny, shape[0]):
        for columns, to_columns in _matching_lines(nx, shape[1]):
            resized[..., to_rows, to_columns] = spectrum[..., rows, columns]
    return resized * (shape[0] * shape[1] / (ny * nx))


def _matching_lines(n: int, to_n: int) -> list[tuple[slice, slice]]:
    """Where two FFT-ordered axes of n and to_n samples have the same frequencies: from 0 up, and below 0."""
    shorter = min(n, to_n)
    positive = (shorter + 1) // 2
    negative = shorter // 2 if n == to_n else (shorter - 1) // 2
    return [
        (slice(positive), slice(positive)),
        (slice(n - negative, n), slice(to_n - negative, to_n)),
    ]


def resample(field: Tensor, shape: tuple[int, int]) -> Tensor:
    """Band-limited resampling of a periodic field (..., ny, nx) to (..., *shape); real stays real."""
    if tuple(field.shape[-2:]) == tuple(shape):
        return field
    resized: Tensor = torch.fft.ifft2(resize_spectrum(torch.fft.fft2(field), shape))
    return resized if field.is_complex() else resized.real
