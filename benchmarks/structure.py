"""What a scene's atoms cost: the published series with films drawn afresh, from a library, and relaxed; g(r).

CPU seconds of one thread, fresh and library scenes interleaved. The last line is JSON.
"""

import json
import time
from statistics import median

import numpy as np
from scipy.spatial import cKDTree

from passband.structure.distribution import AmorphousCarbon, SceneDistribution
from passband.structure.scene import draw_scene
from passband.structure.support import draw_film

N_SCENES = 16
BLOCKS = 4
BOX_A = np.array([40.0, 40.0, 30.0])


def cpu_s(distribution: SceneDistribution, seed: int) -> float:
    begin_s = time.process_time()
    draw_scene(distribution, seed)
    return time.process_time() - begin_s


def bonds(relaxed: bool) -> dict[str, float]:
    """Neighbours within 1.9 Å, their mean distance and its spread, and g(r) where the shells should part and meet."""
    film = AmorphousCarbon(thickness_nm=(BOX_A[2] / 10,) * 2, relaxed=relaxed)
    places_A = draw_film(film, BOX_A[0], 0, 0).places_A
    inner = np.abs(places_A[:, 2] - BOX_A[2] / 2) < BOX_A[2] / 2 - 3.0
    tree = cKDTree(places_A, boxsize=[*BOX_A[:2], 1000.0])
    around = cKDTree(places_A[inner], boxsize=[*BOX_A[:2], 1000.0])
    found_A = around.sparse_distance_matrix(tree, 3.0, output_type="ndarray")["v"]
    found_A = found_A[found_A > 0]
    near_A = found_A[found_A < 1.9]

    def g(low_A: float, high_A: float) -> float:
        expected = 4 / 3 * np.pi * (high_A**3 - low_A**3) * film.density_per_A3 * inner.sum()
        return float(((found_A >= low_A) & (found_A < high_A)).sum() / expected)

    return {
        "neighbours": len(near_A) / float(inner.sum()),
        "bond_A": float(near_A.mean()),
        "bond_spread_A": float(near_A.std()),
        "g_gap": g(1.8, 2.0),
        "g_second": g(2.4, 2.6),
    }


def main() -> None:
    fresh = SceneDistribution()
    library = SceneDistribution(support=AmorphousCarbon(blocks=BLOCKS))
    for seed in range(4 * BLOCKS):
        draw_scene(library, seed)
    times = [(cpu_s(fresh, seed), cpu_s(library, seed)) for seed in range(N_SCENES)]
    ratios = [one / other for one, other in times]
    relaxed_s = cpu_s(SceneDistribution(support=AmorphousCarbon(relaxed=True)), 0)
    packing, relaxed = bonds(False), bonds(True)
    for name, found in (("packing", packing), ("relaxed", relaxed)):
        print(name, " ".join(f"{key} {value:.2f}" for key, value in found.items()))
    figures = {
        "fresh_s": median(one for one, _ in times),
        "library_s": median(other for _, other in times),
        "fresh_over_library": median(ratios),
        "fresh_over_library_range": [min(ratios), max(ratios)],
        "relaxed_once_s": relaxed_s,
        "neighbours_packing": packing["neighbours"],
        "neighbours_relaxed": relaxed["neighbours"],
    }
    print(json.dumps({key: np.round(value, 3).tolist() for key, value in figures.items()}))


if __name__ == "__main__":
    main()
