"""Studies from the catalogue or from YAML, checked against everything that can be known before a task runs."""

from difflib import get_close_matches
from pathlib import Path
from typing import Any

from passband.errors import UserError
from passband.imaging.distribution import ImagingDistribution
from passband.records import parse_record
from passband.storage.documents import load_text, load_yaml, yaml_text
from passband.study.catalogue import CATALOGUE
from passband.study.study import Study
from passband.units import nm_to_A


def load_study(name_or_path: str) -> Study:
    """A study of the catalogue by name, or the one in a YAML file; crystals of CIF files are taken into it.

    Raises UserError naming the place, the key and the remedy for anything that could not run.
    """
    if name_or_path in CATALOGUE:
        return CATALOGUE[name_or_path]()
    path = Path(name_or_path)
    if path.suffix not in (".yaml", ".yml"):
        near = get_close_matches(name_or_path, CATALOGUE, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"the catalogue has {', '.join(CATALOGUE)}."
        raise UserError(f"there is no study '{name_or_path}'; {hint} A study of your own is a .yaml file")
    data = load_yaml(path)
    if not isinstance(data, dict):
        raise UserError(f"{path}: a study is keys and values; `passband studies --show demo` prints one")
    study = parse_record(Study, _with_crystals(data, path.parent), str(path))
    check_study(study, str(path))
    return study


def load_imaging(path: Path) -> ImagingDistribution:
    """The imaging distribution in a YAML file. Raises UserError as `load_study`."""
    return parse_record(ImagingDistribution, load_yaml(path), str(path))


def study_yaml(study: Study) -> str:
    """The study as YAML that `load_study` reads, complete but for the higher aberrations that are zero."""
    data = study.model_dump(mode="json")
    for domain in data["domains"].values():
        imaging = domain["imaging"]
        higher = [key for key in imaging if key.startswith(("C1", "C2", "C3", "C4", "C5", "phi"))]
        domain["imaging"] = {k: v for k, v in imaging.items() if k not in higher or v != 0.0}
    for name, series in data["series"].items():
        data["series"][name] = {key: value for key, value in series.items() if value is not None}
    if not data["series"]:
        del data["series"]
    return yaml_text(data)


def check_study(study: Study, where: str) -> None:
    """That scenes can be drawn, waves hold the images' band, and conditions and pixels fit the field.

    Raises UserError with the first thing that is impossible.
    """
    from passband.imaging.extent import check_fits
    from passband.scattering.field import field_grid
    from passband.structure.scene import check_geometry
    from passband.study.pixels import images_grid

    for name, each in study.structures.items():
        field_A = nm_to_A(each.scenes.field_nm)
        try:
            check_geometry(each.scenes)
        except UserError as error:
            raise UserError(f"{where}: structures.{name}.scenes: {error}") from None
        for key in ("sampling_A", "stored_sampling_A"):
            field_grid((field_A, field_A, 0.0), getattr(study.simulation, key), f"{where}: simulation.{key}")
    stored_A, wanted_A = study.simulation.stored_sampling_A, study.network.input_sampling_A
    if abs(stored_A - wanted_A) > 1e-9:
        raise UserError(
            f"{where}: network.input_sampling_A is {wanted_A:g} Å, but the waves are stored at {stored_A:g} Å "
            "(simulation.stored_sampling_A); give both the same"
        )
    for name, domain in study.domains.items():
        field_A = nm_to_A(study.set_of(name).scenes.field_nm)
        nyquist_per_A = 0.5 / stored_A
        check_fits(domain.imaging, field_A, nyquist_per_A, f"{where}: domains.{name}.imaging")
        images_grid(study, name, f"{where}: ")
    for series in study.all_series():
        crop_px = series.training.batches.crop_px
        smallest_px = min(min(images_grid(study, name).shape) for name in series.train_on)
        if crop_px is not None and crop_px > smallest_px:
            raise UserError(
                f"{where}: training.batches.crop_px is {crop_px}, but images of a training domain have only "
                f"{smallest_px} px; lower it, or leave it out"
            )


def _with_crystals(data: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The data with every ``crystal: {cif: file}`` of its structures replaced by the crystal itself.

    A crystal stands under ``scenes``, ``scenes.particles.shell`` and ``scenes.particles.alloy``; files are sought
    beside the study.
    """
    return data | {"structures": _resolved(data["structures"], folder)} if "structures" in data else data


def _resolved(part: Any, folder: Path) -> Any:
    from passband.structure.cif import crystal_from_cif_text

    if not isinstance(part, dict):
        return part
    named = part.get("crystal")
    own = {key: _resolved(value, folder) for key, value in part.items()}
    if isinstance(named, dict) and set(named) == {"cif"}:
        path = folder / str(named["cif"])
        own["crystal"] = crystal_from_cif_text(load_text(path), path.stem).model_dump(mode="json")
    return own
