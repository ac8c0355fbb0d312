"""Steps of both optimisers, against PyTorch's own."""

import pytest
import torch
from torch import nn

from passband.training.optimisers import (
    ADAM_PART,
    MUON_ITERATIONS,
    MUON_MOMENTUM,
    OPTIMISERS,
    orthogonalised,
)
from passband.training.weights import FlatWeights, flatten_weights


class Two(nn.Module):
    """A tall and a wide matrix, a bias and a norm."""

    def __init__(self) -> None:
        super().__init__()
        self.tall = nn.Conv2d(2, 24, 1, bias=False)
        self.wide = nn.Conv2d(2, 8, 3)
        self.norm = nn.BatchNorm2d(8)


def start() -> Two:
    torch.manual_seed(0)
    return Two()


def gradients(weights: FlatWeights, count: int) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return [torch.randn(weights.values.shape, generator=generator) for _ in range(count)]


def stepped(kind: str, rate: float, count: int) -> FlatWeights:
    weights = flatten_weights(start(), "float32")
    step = OPTIMISERS[kind](weights, torch.tensor(rate))
    for gradient in gradients(weights, count):
        weights.gradient.copy_(gradient)
        step()
    return weights


def expected(optimiser: torch.optim.Optimizer, part: torch.Tensor, count: int, where: slice) -> torch.Tensor:
    for gradient in gradients(flatten_weights(start(), "float32"), count):
        part.grad = gradient[where].view(part.shape)
        optimiser.step()
    return part.flatten()


def test_adam_is_pytorchs_adam() -> None:
    values = flatten_weights(start(), "float32").values.clone()
    whole = slice(0, len(values))
    reference = expected(torch.optim.Adam([values], lr=1e-2), values, 5, whole)
    torch.testing.assert_close(stepped("adam", 1e-2, 5).values, reference)


def test_muon_is_pytorchs_muon_on_the_matrices() -> None:
    """PyTorch iterates in bfloat16, of 8 bits: 3 iterations and 4 steps leave a few percent of a step."""
    weights, moved = flatten_weights(start(), "float32"), stepped("muon", 0.05, 4)
    for part in weights.matrices:
        where = slice(part.start, part.stop)
        matrix = weights.values[where].clone().view(part.rows, -1)
        before = matrix.flatten().clone()
        muon = torch.optim.Muon(
            [matrix], lr=0.05, weight_decay=0.0, momentum=MUON_MOMENTUM, ns_steps=MUON_ITERATIONS
        )
        reference = expected(muon, matrix, 4, where)
        assert (moved.values[where] - reference).norm() < 0.05 * (reference - before).norm()


def test_beside_muon_norms_and_biases_take_adams_steps_at_a_part_of_the_rate() -> None:
    weights, moved = flatten_weights(start(), "float32"), stepped("muon", 0.05, 4)
    where = slice(weights.matrices[-1].stop, len(weights.values))
    others = weights.values[where].clone()
    reference = expected(torch.optim.Adam([others], lr=ADAM_PART * 0.05), others, 4, where)
    torch.testing.assert_close(moved.values[where], reference)


@pytest.mark.parametrize("shape", [(16, 144), (144, 16), (128, 576), (1, 9)])
def test_orthogonalising_keeps_the_directions_and_evens_out_their_strengths(shape: tuple[int, int]) -> None:
    """x -> ax + bx³ + cx⁵ thrice brings all singular values of 0.05-1 times the norm to 0.3-1.3."""
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    left, _, right = torch.linalg.svd(matrix, full_matrices=False)
    strengths = left.T @ orthogonalised(matrix) @ right.T
    diagonal = strengths.diagonal()
    assert 0.3 < float(diagonal.min()) <= float(diagonal.max()) < 1.3
    assert float((strengths - diagonal.diag()).abs().max()) < 0.02


def test_orthogonalising_does_not_depend_on_the_scale_and_leaves_zero_alone() -> None:
    matrix = torch.randn(8, 20, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(orthogonalised(1e3 * matrix), orthogonalised(matrix), rtol=1e-4, atol=1e-5)
    assert torch.equal(orthogonalised(torch.zeros(3, 4)), torch.zeros(3, 4))
