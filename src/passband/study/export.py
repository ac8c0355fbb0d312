"""Scenes for other programs, through ASE."""

from pathlib import Path

import ase.io
from ase.io.formats import UnknownFileTypeError

from passband.errors import UserError
from passband.structure.exchange import to_ase
from passband.structure.scene import draw_scene
from passband.study.load import load_study
from passband.study.plan import scenes


def export_scene(study_name: str, structures: str | None, index: int, out: Path) -> str:
    """Write the atoms of the n-th test scene of a study in a format of ASE, by the suffix; returns a sentence.

    Raises UserError for unknown structures, an index beyond the study's test scenes, or a format ASE does not write.
    """
    study = load_study(study_name)
    name = structures or next(iter(study.structures))
    if name not in study.structures:
        raise UserError(f"the study has no structures '{name}'; it has {', '.join(study.structures)}")
    planned = scenes(study, name, "test")
    if index >= len(planned):
        raise UserError(
            f"--index {index}: the study has {len(planned)} test scenes of '{name}', counted from 0"
        )
    atoms = draw_scene(study.structures[name].scenes, planned[index].seed, planned[index].library)
    try:
        ase.io.write(out, to_ase(atoms))
    except (UnknownFileTypeError, OSError) as error:
        raise UserError(f"--out {out}: cannot be written ({error}); try a name that ends in .xyz") from None
    return f"{out}: {len(atoms)} atoms of test scene {index} of '{name}' (id {planned[index].scene_id})"
