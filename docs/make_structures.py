"""Draw docs/images/structures.png: what scenes can hold, each panel a field seen along the beam.

Run from anywhere: python docs/make_structures.py
"""

from io import BytesIO
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from PIL import Image
from scipy.ndimage import gaussian_filter

from passband.structure.atoms import Atoms, Role
from passband.structure.distribution import SceneDistribution
from passband.structure.scene import draw_scene

FIELD_NM = 6.0
SHOWN_A = 50.0
PIXEL_A = 0.25
BLUR_A = 0.45
SEED = 4
ENERGIES = [{"hkl": (1, 1, 1), "energy_J_per_m2": 1.0}, {"hkl": (1, 0, 0), "energy_J_per_m2": 1.15}]
WULFF = {"shape": "wulff", "facets": tuple(ENERGIES)}
EDGE_ON = {"zone_axes": ((1, -1, 0),)}
ALONG_A = {"zone_axes": ((1, 0, 0),)}
FIVE_FOLD = {"zone_axes": ((1, 1, 0),)}
THIN = {"thickness_nm": (1.0, 1.0)}
PANELS = {
    "CdSe, published: sphere on a-C": ("CdSe", {"stacking_faults": (1, 1)}, THIN),
    "Au, Wulff, [1-10]": ("Au", {**WULFF, **EDGE_ON}, None),
    "Au, Wulff, rounding 0.6": ("Au", {**WULFF, **EDGE_ON, "rounding": 0.6}, None),
    "Au, (111) on graphene": (
        "Au",
        {**WULFF, "resting": {"hkl": (1, 1, 1), "cut": 0.5}},
        {"kind": "graphene", "largest_strain": 0.02},
    ),
    "Au, one twin plane": ("Au", {**EDGE_ON, "twins": (1, 1)}, None),
    "Au, three twin planes": ("Au", {**EDGE_ON, "twins": (3, 3)}, None),
    "Au, random stacking": ("Au", {**EDGE_ON, "hexagonal_share": 0.5}, None),
    "CdSe, wurtzite and zincblende": ("CdSe", {**ALONG_A, "hexagonal_share": 0.6}, None),
    "Au, decahedron": ("Au", {**FIVE_FOLD, "shape": "decahedron"}, None),
    "Au, icosahedron, five-fold": ("Au", {**FIVE_FOLD, "shape": "icosahedron"}, None),
    "Au, icosahedron, three-fold": ("Au", {"zone_axes": ((1, 1, 1),), "shape": "icosahedron"}, None),
    "Au, a third of the surface missing": ("Au", {**WULFF, **EDGE_ON, "missing_surface": (0.33, 0.33)}, None),
    "Au-Pd alloy, 30 %": ("Au", {**WULFF, **EDGE_ON, "alloy": {"crystal": "Pd", "share": (0.3, 0.3)}}, None),
    "Au, coherent Pd shell": (
        "Au",
        {**WULFF, **EDGE_ON, "shell": {"crystal": "Pd", "thickness_nm": (0.5, 0.5)}},
        None,
    ),
    "Au on relaxed a-C": ("Au", {**WULFF, "diameter_nm": (2.0, 2.0)}, {**THIN, "relaxed": True}),
    "Pt on Si3N4": ("Pt", {**WULFF, "diameter_nm": (2.0, 2.0)}, {**THIN, "kind": "silicon-nitride"}),
}


def scene(crystal: str, particles: dict[str, object], support: dict[str, object] | None) -> Atoms:
    """One particle of about 4 nm in the middle of a small field."""
    known = {"count": (1, 1), "separation_nm": 0.1, "diameter_nm": (4.0, 4.0), "stacking_faults": (0, 0)}
    data = {"field_nm": FIELD_NM, "crystal": crystal, "particles": {**known, **particles}, "support": support}
    return draw_scene(SceneDistribution.model_validate(data), SEED)


def plot_projection(ax: Axes, atoms: Atoms, title: str) -> None:
    """The projected density of atoms, weighted by Z^1.6, moved so that the particle is in the middle."""
    size_A = 10 * FIELD_NM
    turns = np.exp(2j * np.pi * atoms.positions_A[atoms.roles == Role.PARTICLE, :2] / size_A).mean(axis=0)
    centre_A = np.angle(turns) / (2 * np.pi) * size_A
    x_A, y_A = ((atoms.positions_A[:, :2] - centre_A + size_A / 2) % size_A).T
    pixels = round(size_A / PIXEL_A)
    weights = atoms.numbers**1.6
    counts = np.histogram2d(y_A, x_A, pixels, ((0, size_A), (0, size_A)), weights=weights)[0]
    density = gaussian_filter(counts, BLUR_A / PIXEL_A, mode="wrap")
    edge = round((size_A - SHOWN_A) / 2 / PIXEL_A)
    ax.imshow(np.sqrt(density)[edge:-edge, edge:-edge], cmap="gray", origin="lower", interpolation="bicubic")
    ax.set(xticks=[], yticks=[])
    ax.set_title(title, fontsize=7, pad=3)


def main() -> None:
    """Write the picture beside this file."""
    figure, axes = plt.subplots(4, 4, figsize=(8.0, 8.4), layout="constrained")
    for ax, (title, panel) in zip(axes.flat, PANELS.items(), strict=True):
        plot_projection(ax, scene(*panel), title)
    bar_px = 10 / PIXEL_A
    axes[-1, 0].plot([8, 8 + bar_px], [8, 8], color="white", linewidth=2)
    axes[-1, 0].text(8 + bar_px / 2, 11, "1 nm", ha="center", fontsize=6, color="white")
    whole = BytesIO()
    figure.savefig(whole, dpi=100)
    grey = Image.open(whole).convert("L").quantize(24)
    grey.save(Path(__file__).parent / "images" / "structures.png", optimize=True)


if __name__ == "__main__":
    main()
