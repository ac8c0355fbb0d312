"""From a file to files: what the command `passband segment` does."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from passband.micrograph import outputs
from passband.micrograph.image import Micrograph
from passband.micrograph.network import stored_segmenter
from passband.micrograph.overlay import overlay
from passband.micrograph.particles import Particle, measured_particles, particles_csv
from passband.micrograph.pictures import png_bytes, tiff_bytes
from passband.micrograph.reader import load_micrograph
from passband.micrograph.report import SegmentationReport, provenance, report_of
from passband.micrograph.segmentation import Segmentation, check_pixel_size, segment
from passband.micrograph.tiling import Progress
from passband.storage.atomic import explained_io
from passband.storage.run_folder import network_files


@dataclass(frozen=True)
class SegmentOptions:
    """pixel_size_nm, frame: as in `load_micrograph`. resampling: to the network's pixels where they differ.

    save_probability: writes the probability too, as a float32 TIFF. device: where the network works.
    """

    pixel_size_nm: float | None = None
    frame: int | None = None
    resampling: bool = True
    save_probability: bool = False
    device: str = "cpu"


def segment_file(
    path: Path, network: Path, options: SegmentOptions, out_folder: Path, progress: Progress | None = None
) -> SegmentationReport:
    """Segment the micrograph in a file and write mask, overlay, particle sizes and a record to a folder.

    Files ``<stem>.segmentation.json``, ``.mask.tif``, ``.mask.png``, ``.overlay.png``, ``.particles.csv``
    and, if asked for, ``.probability.tif``. Each is written whole or not at all; nothing is written where
    anything is wrong.
    network: ``RUN/networks/ID``. progress: told the tiles done and all of them, after each tile.
    Raises UserError as `load_micrograph`, `stored_segmenter` and `segment` do, and where a file that is not an
    earlier result of the same image would be replaced.
    """
    micrograph = load_micrograph(path, options.pixel_size_nm, options.frame)
    segmenter = stored_segmenter(network, options.device)
    check_pixel_size(micrograph, segmenter, options.resampling)
    files = outputs.targets(path, micrograph.frame, out_folder)
    outputs.check_targets(files, path, network_files(network))
    result = segment(micrograph, segmenter, options.resampling, progress)
    rows = measured_particles(result.mask, micrograph.pixel_size_nm)
    contents = _contents(micrograph, result, rows, options.save_probability)
    named = tuple(files[kind] for kind in outputs.KINDS if kind in contents or kind == outputs.RECORD)
    report = report_of(micrograph, segmenter, result, rows, named)
    told = provenance(report, micrograph)
    told["input"] |= {"folder": str(path.resolve().parent), "sha256": _sha256(path)}
    contents[outputs.RECORD] = (
        json.dumps(told, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    ).encode()
    outputs.write_outputs(files, contents)
    return report


def _contents(
    micrograph: Micrograph, result: Segmentation, rows: list[Particle], with_probability: bool
) -> dict[str, bytes]:
    """The bytes of every file but the record; all of them are formed before any is written."""
    mask = np.where(result.mask, np.uint8(255), np.uint8(0))
    contents = {
        outputs.MASK_TIFF: tiff_bytes(mask, micrograph.pixel_size_nm),
        outputs.MASK_PNG: png_bytes(mask),
        outputs.OVERLAY: png_bytes(overlay(micrograph, result.mask)),
        outputs.TABLE: particles_csv(rows).encode(),
    }
    if with_probability:
        contents[outputs.PROBABILITY] = tiff_bytes(result.probability, micrograph.pixel_size_nm)
    return contents


def _sha256(path: Path) -> str:
    with explained_io("reading", path), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
