"""What a segmentation tells its user, and what it writes down of how it came about."""

from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from passband import __version__
from passband.micrograph.image import Micrograph, size_in_words
from passband.micrograph.particles import Particle
from passband.micrograph.segmentation import SAME, Segmentation, Segmenter


@dataclass(frozen=True)
class SegmentationReport:
    """The outcome of `passband segment`.

    pixel_size_nm: (y, x) [nm] and its origin in words. network_pixel_size_nm: that of the network [nm].
    resampling: what was done, in words. diameters_nm: of the particles that lie wholly in the image.
    files: what was written.
    """

    source: str
    pixel_size_nm: tuple[float, float]
    pixel_size_origin: str
    network_id: str
    network_pixel_size_nm: float
    resampling: str
    particles: int
    diameters_nm: tuple[float, ...]
    notes: tuple[str, ...]
    files: tuple[Path, ...]

    def lines(self) -> list[str]:
        """What the command line prints, one fact per line."""
        return [
            f"{self.source}: pixel size {size_in_words(self.pixel_size_nm)}, from {self.pixel_size_origin}",
            f"network {self.network_id}: pixel size {self.network_pixel_size_nm:.4g} nm; {self.resampling}",
            *(f"note: {note}" for note in self.notes),
            self._sizes(),
            *(f"wrote {file}" for file in self.files),
        ]

    def _sizes(self) -> str:
        whole = self.diameters_nm
        if not self.particles:
            return "no particles found"
        found = f"particles found: {self.particles}, of which {len(whole)} lie wholly in the image"
        if len(whole) < 2:
            return found + "".join(f"; its diameter is {diameter:.2f} nm" for diameter in whole)
        return f"{found}; mean diameter {fmean(whole):.2f} nm, standard deviation {stdev(whole):.2f} nm"


def report_of(
    micrograph: Micrograph,
    segmenter: Segmenter,
    result: Segmentation,
    rows: list[Particle],
    files: tuple[Path, ...],
) -> SegmentationReport:
    """The report from all that took part in a segmentation."""
    return SegmentationReport(
        source=micrograph.source,
        pixel_size_nm=micrograph.pixel_size_nm,
        pixel_size_origin=micrograph.pixel_size_origin,
        network_id=segmenter.network_id,
        network_pixel_size_nm=segmenter.pixel_size_nm,
        resampling=resampling_in_words(micrograph, segmenter, result),
        particles=len(rows),
        diameters_nm=tuple(row.equivalent_diameter_nm for row in rows if not row.touches_edge),
        notes=micrograph.notes + result.notes,
        files=files,
    )


def resampling_in_words(micrograph: Micrograph, segmenter: Segmenter, result: Segmentation) -> str:
    """``not resampled``, or from which number of pixels to which."""
    ny, nx = micrograph.image.shape
    if result.network_shape == (ny, nx):
        exact = all(abs(size / segmenter.pixel_size_nm - 1) < SAME / 10 for size in micrograph.pixel_size_nm)
        return "not resampled" if exact else "not resampled, the sizes agree within 1 %"
    return f"resampled from {ny} x {nx} to {result.network_shape[0]} x {result.network_shape[1]} px"


def provenance(report: SegmentationReport, micrograph: Micrograph) -> dict[str, Any]:
    """Plain data from which a segmentation can be understood and repeated."""
    ny, nx = micrograph.image.shape
    return {
        "passband": __version__,
        "input": {
            "file": report.source,
            "frame": micrograph.frame,
            "shape_px": [ny, nx],
        },
        "pixel_size_nm": {"y": report.pixel_size_nm[0], "x": report.pixel_size_nm[1]},
        "pixel_size_from": report.pixel_size_origin,
        "network": {"id": report.network_id, "pixel_size_nm": report.network_pixel_size_nm},
        "resampling": report.resampling,
        "standardisation": "each pixel by the mean and standard deviation of the training field around it",
        "threshold": 0.5,
        "particles": {
            "all": report.particles,
            "wholly_in_the_image": len(report.diameters_nm),
            "mean_diameter_nm": fmean(report.diameters_nm) if report.diameters_nm else None,
        },
        "notes": list(report.notes),
        "files": [file.name for file in report.files],
    }
