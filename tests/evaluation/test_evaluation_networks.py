"""Many networks on many conditions: everything once, in a stream, with the numbers of each pair alone."""

from collections.abc import Iterator
from dataclasses import asdict

import numpy as np
import torch
from torch import Tensor, nn

from passband.evaluation.scores import KnownImages, score_images, score_networks, truth

MASKS = (torch.rand(3, 16, 16, generator=torch.Generator().manual_seed(0)) < 0.5).float()
KNOWN = truth(MASKS, 10.0)


class Scaled(nn.Module):
    """Predicts particle where the image is brighter than a level."""

    def __init__(self, level: float) -> None:
        super().__init__()
        self.level = level

    def forward(self, images: Tensor) -> Tensor:
        return images - self.level


def conditions(taken: list[str]) -> Iterator[KnownImages]:
    for name in ("near", "far"):
        taken.append(name)
        images = torch.randn(3, 1, 16, 16, generator=torch.Generator().manual_seed(len(name)))
        yield KnownImages(name, images, KNOWN)


def test_every_pair_is_scored_as_it_would_be_alone() -> None:
    networks = {"low": Scaled(-1.0), "high": Scaled(0.5)}
    images = {test.name: test.images for test in conditions([])}
    pairs = list(score_networks(networks, conditions([])))
    assert [(pair.network, pair.test) for pair in pairs] == [
        ("low", "near"), ("high", "near"), ("low", "far"), ("high", "far"),
    ]  # fmt: skip
    for pair in pairs:
        alone = asdict(score_images(networks[pair.network], images[pair.test], MASKS, 10.0))
        for name, column in asdict(pair.scores).items():
            np.testing.assert_array_equal(column, alone[name])


def test_a_condition_is_taken_up_once_and_when_its_turn_has_come() -> None:
    taken: list[str] = []
    pairs = score_networks({"low": Scaled(-1.0), "high": Scaled(0.5)}, conditions(taken))
    next(pairs)
    next(pairs)
    assert taken == ["near"]
    next(pairs)
    assert taken == ["near", "far"]
