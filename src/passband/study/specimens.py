"""From what a user names to a specimen: a scene of a study, or atoms of a file, with all settings checked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from passband.accuracy.run import Specimen
from passband.errors import UserError
from passband.exchange.atom_files import NAMES_WITHOUT_SUFFIX
from passband.exchange.atoms import AtomsOptions, PlacedAtoms, place_atoms
from passband.imaging.distribution import ImagingDistribution, mean_value
from passband.imaging.draw import mean_condition
from passband.imaging.extent import check_fits
from passband.imaging.pixels import image_grid
from passband.imaging.recording import recording
from passband.records import parse_record
from passband.scattering.field import field_grid
from passband.scattering.spec import SimulationSpec
from passband.structure.atoms import Atoms
from passband.structure.scene import draw_scene
from passband.study.catalogue import CATALOGUE
from passband.study.load import load_imaging, load_study
from passband.study.pixels import fitting_pixels
from passband.study.plan import scenes
from passband.study.study import Study
from passband.units import A_to_nm


@dataclass(frozen=True)
class Request:
    """What the user asks for.

    source: a study of the catalogue, its YAML, or a file of atoms. structures, index: which scene of a study;
    None: the first.
    imaging: a YAML file; None takes the study's first domain. settings: of `SimulationSpec`, in place of the study's
    or of the standard ones. placing: how atoms of a file become a scene. seed: of the frozen phonons of such atoms;
    None: 0. What is for the other kind of source must be left as it is.
    """

    source: str
    structures: str | None = None
    index: int | None = None
    imaging: Path | None = None
    settings: Mapping[str, float | int] = field(default_factory=dict)
    placing: AtomsOptions = field(default_factory=AtomsOptions)
    seed: int | None = None


@dataclass(frozen=True, eq=False)
class Prepared:
    """A specimen, with what is told of it."""

    request: Request
    specimen: Specimen
    imaging: ImagingDistribution
    source: str

    def words(self) -> dict[str, str]:
        """Facts for a page: what, and its value."""
        spec = self.specimen.spec
        thermal = f"{spec.frozen_phonons} frozen phonons" if spec.frozen_phonons else "Debye-Waller factors"
        width_nm, height_nm, depth_nm = (A_to_nm(side) for side in self.specimen.atoms.cell_A)
        return {
            "Specimen": self.source,
            "Atoms": f"{len(self.specimen.atoms):,}, in {width_nm:.2f} x {height_nm:.2f} x {depth_nm:.2f} nm",
            "Simulation": f"{spec.energy_kV:g} kV, pixels of {spec.sampling_A:.4g} Å (stored: "
            f"{spec.stored_sampling_A:.4g} Å), slices of {spec.slice_thickness_A:g} Å, {thermal}",
            "Image": ", ".join(
                [*(f"{key} {value:.4g}" for key, value in self.means().items()), *self._recorded()]
            ),
        }

    def _recorded(self) -> list[str]:
        """How partial coherence is reckoned and what records the image, where not in the plain way."""
        own = self.specimen.recording
        told = {
            "partial coherence averaged explicitly": own.coherence == "explicit",
            "with the detector's transfer": own.detector is not None,
            f"pixels of {own.pixel_A or 0:.4g} Å": own.pixel_A is not None,
        }
        return [words for words, holds in told.items() if holds]

    def means(self) -> dict[str, float]:
        """The settings of the image that are not zero, and always the defocus."""
        values = {
            key: mean_value(value)
            for key, value in self.imaging.parameters().items()
            if key != "dose_e_per_A2"
        }
        return {key: value for key, value in values.items() if value or key == "defocus_nm"}


def prepare(request: Request) -> Prepared:
    """The specimen that is asked for. Raises UserError for anything that could not be simulated or imaged."""
    path = Path(request.source)
    is_named = path.suffix == "" and path.name not in NAMES_WITHOUT_SUFFIX
    is_study = request.source in CATALOGUE or path.suffix in (".yaml", ".yml") or is_named
    return _of_study(request) if is_study else _of_file(request, path)


def _of_study(request: Request) -> Prepared:
    if request.placing != AtomsOptions() or request.seed is not None:
        raise UserError(
            f"{request.source} is a study, which says field, thickness, zone axis, support and seed itself; leave out "
            "--field-nm, --thickness-nm, --zone-axis, --support and --seed"
        )
    study = load_study(request.source)
    name = request.structures or next(iter(study.structures))
    if name not in study.structures:
        raise UserError(f"the study has no structures '{name}'; it has {', '.join(study.structures)}")
    planned = scenes(study, name, "test")
    index = request.index or 0
    if index >= len(planned):
        raise UserError(f"--index {index}: the study has {len(planned)} test scenes of '{name}', from 0")
    scene = planned[index]
    spec = _spec(study.simulation, request)
    imaging = _imaging(request, study, name)
    atoms = draw_scene(study.structures[name].scenes, scene.seed, scene.library)
    specimen = _specimen(atoms, spec, imaging, scene.seed, request)
    return Prepared(request, specimen, imaging, f"test scene {index} of '{name}' in the study '{study.name}'")


def _of_file(request: Request, path: Path) -> Prepared:
    if request.structures is not None or request.index is not None:
        raise UserError(
            f"{path} is a file of atoms; leave out --structures and --index, which choose from a study"
        )
    spec = _spec(SimulationSpec(), request)
    imaging = _imaging(request, None, "")
    placed = place_atoms(path, request.placing.model_copy(update={"pixel_A": spec.stored_sampling_A}))
    if not {"sampling_A", "stored_sampling_A"} & set(request.settings):
        spec = fitting_pixels(spec, placed.atoms.cell_A)
    _check_pixels(placed, spec)
    specimen = _specimen(placed.atoms, spec, imaging, request.seed or 0, request)
    return Prepared(request, specimen, imaging, placed.told)


def _check_pixels(placed: PlacedAtoms, spec: SimulationSpec) -> None:
    """Raises UserError, with the way out, where the field of somebody else's file is no whole number of pixels."""
    try:
        field_grid(placed.atoms.cell_A, spec.sampling_A, "--sampling-A")
        field_grid(placed.atoms.cell_A, spec.stored_sampling_A, "--stored-sampling-A")
    except UserError as error:
        way_out = (
            "; --field-nm repeats and strains the cell until they fit" if placed.is_foreign_field else ""
        )
        raise UserError(f"{error}{way_out}") from None


def _spec(standard: SimulationSpec, request: Request) -> SimulationSpec:
    settings = standard.model_dump(mode="json") | dict(request.settings)
    return parse_record(SimulationSpec, settings, "simulation")


def _imaging(request: Request, study: Study | None, structures: str) -> ImagingDistribution:
    if request.imaging is not None:
        return load_imaging(request.imaging)
    if study is None:
        raise UserError(
            "atoms of a file need --imaging FILE, a YAML such as 'defocus_nm: 5' (positive is underfocus), with "
            "energy_kV, Cs_mm and focal_spread_nm where they differ from 300, 0 and 1"
        )
    own = [each.imaging for each in study.domains.values() if each.structures == structures]
    return (own or [each.imaging for each in study.domains.values()])[0]


def _specimen(
    atoms: Atoms, spec: SimulationSpec, imaging: ImagingDistribution, seed: int, request: Request
) -> Specimen:
    """Raises UserError where energies differ, pixels do not fit, or the image would be wider than the field."""
    where = str(request.imaging) if request.imaging else "imaging"
    if imaging.energy_kV != spec.energy_kV:
        raise UserError(
            f"{where}: energy_kV is {imaging.energy_kV:g}, but the waves are simulated at {spec.energy_kV:g}; give "
            "both the same (--energy-kV)"
        )
    field_grid(atoms.cell_A, spec.sampling_A, "--sampling-A")
    stored = field_grid(atoms.cell_A, spec.stored_sampling_A, "--stored-sampling-A")
    check_fits(imaging, min(stored.extent_A), stored.nyquist_per_A, where)
    image_grid(stored, recording(imaging).pixel_A, where=f"{where}: pixel_nm")
    return Specimen(atoms, spec, seed, mean_condition(imaging), recording(imaging))
