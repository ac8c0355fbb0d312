"""Gaps of resamples are what a plain loop over the definition gives."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passband.errors import UserError
from passband.shift import bootstrap
from passband.shift.bootstrap import Resamples, everything_once, median_gaps
from passband.shift.cube import ScoreCube, score_cube
from passband.shift.matrix import gap_per_pair, ood_gap

NETWORKS_OF = {"A": ["a1", "a2", "a3"], "C": ["c1"], "D": ["d1", "d2"]}


def random_scores(seed: int, missing: float = 0.0) -> pd.DataFrame:
    """Three training domains with unequal numbers of networks, four test domains, five structures."""
    stream = np.random.default_rng(seed)
    rows = [
        (network, train, test, structure, stream.uniform(0, 0.2))
        for train, networks in NETWORKS_OF.items()
        for network in networks
        for test in "ABCD"
        for structure in "pqrst"
    ]
    scores = pd.DataFrame(rows, columns=["network_id", "train_id", "test_id", "structure_id", "pixel_error"])
    scores["dice"] = 1 - scores["pixel_error"]
    return scores[stream.random(len(scores)) >= missing].sample(frac=1, random_state=seed)


def any_resamples(cube: ScoreCube, n: int, seed: int) -> Resamples:
    """Domains, networks within their training domain, and structures, drawn with replacement."""
    stream = np.random.default_rng(seed)
    n_train, n_network, n_test, n_structure = cube.badness.shape
    train = stream.integers(n_train, size=(n, n_train))
    available = cube.n_networks[train][..., None]
    network = (stream.random((n, n_train, n_network)) * available).astype(int)
    return Resamples(
        train=train,
        test=stream.integers(n_test, size=(n, n_test)),
        network=np.where(np.arange(n_network) < available, network, -1),
        structure=stream.multinomial(n_structure, np.full(n_structure, 1 / n_structure), n).astype(float),
    )


def loop_median_gaps(cube: ScoreCube, draw: Resamples) -> np.ndarray:
    """The definition, spelled out for the first resample."""
    n_train, _, n_test, _ = cube.badness.shape
    result = np.full((n_train, n_test), np.nan)
    structures = np.repeat(np.arange(cube.badness.shape[3]), draw.structure[0].astype(int))
    for i, train in enumerate(draw.train[0]):
        for j, test in enumerate(draw.test[0]):
            gaps = []
            for network in draw.network[0, i]:
                if network >= 0 and cube.home[train] != test:
                    away, home = (
                        cube.badness[train, network, where, structures] for where in (test, cube.home[train])
                    )
                    if np.isfinite(away).any() and np.isfinite(home).any():
                        gaps.append(np.nanmean(away) - np.nanmean(home))
            if gaps:
                result[i, j] = np.median(gaps)
    return result


@given(st.integers(0, 1000))
def test_the_data_themselves_give_the_gaps_of_the_matrix(seed: int) -> None:
    scores = random_scores(seed)
    cube = score_cube(scores, "dice")
    gaps = median_gaps(cube, everything_once(cube))[0]
    pairs = gap_per_pair(ood_gap(scores, "dice")).pivot(index="train_id", columns="test_id", values="median")
    expected = pairs.loc[list(cube.train_ids), list(cube.test_ids)].to_numpy(copy=True)
    expected[expected == 0] = np.nan  # the domains themselves
    np.testing.assert_allclose(gaps, expected, atol=1e-12)


@given(st.integers(0, 1000))
def test_a_resample_gives_what_a_plain_loop_gives(seed: int) -> None:
    cube = score_cube(random_scores(seed, missing=0.1), "pixel_error")
    draw = any_resamples(cube, 1, seed)
    np.testing.assert_allclose(median_gaps(cube, draw)[0], loop_median_gaps(cube, draw), atol=1e-12)


def test_three_networks_and_two_structures_by_hand() -> None:
    # gaps of the networks from domain 0 to domain 1, structures with counts 2 and 0: 5-1, 7-2, 9-9 → median 4
    badness = np.array([[[[1.0, 50], [5, 70]], [[2, 60], [7, 80]], [[9, 10], [9, 20]]]])
    cube = ScoreCube(badness, ("x",), ("x", "y"), np.array([3]), np.array([0]))
    draw = Resamples(np.array([[0]]), np.array([[1, 0]]), np.array([[[0, 1, 2]]]), np.array([[2.0, 0.0]]))
    np.testing.assert_array_equal(median_gaps(cube, draw), [[[4.0, np.nan]]])


def test_chunks_of_resamples_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    cube = score_cube(random_scores(2), "pixel_error")
    draw = any_resamples(cube, 30, 1)
    whole = median_gaps(cube, draw)
    monkeypatch.setattr(bootstrap, "CHUNK_ELEMENTS", 100)
    np.testing.assert_array_equal(whole, median_gaps(cube, draw))


def test_a_domain_with_structures_of_its_own_keeps_its_own_mean() -> None:
    """Structures need not be the same in all test domains: each is averaged over those it has."""
    rows = [("n", "A", "A", "p", 0.1), ("n", "A", "A", "q", 0.3), ("n", "A", "B", "r", 0.5)]
    scores = pd.DataFrame(rows, columns=["network_id", "train_id", "test_id", "structure_id", "pixel_error"])
    cube = score_cube(scores, "pixel_error")
    assert median_gaps(cube, everything_once(cube))[0, 0, 1] == pytest.approx(0.5 - 0.2)


def test_a_training_domain_that_was_never_tested_is_a_users_mistake_here_too() -> None:
    scores = random_scores(1)
    with pytest.raises(UserError, match="trained on 'C' were never tested there"):
        score_cube(scores[scores["test_id"] != "C"], "pixel_error")
