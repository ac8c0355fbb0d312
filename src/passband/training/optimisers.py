"""How a gradient becomes a step. Both optimisers work in place on tensors that stay the same, rate and all.

``adam``    Kingma & Ba, arXiv 1412.6980, on all weights.
``muon``    on the matrices of the convolutions, the gradient's running mean M with its singular values brought near
            1: of M = U S Vᵀ about U Vᵀ is taken off, times the rate. So every direction that a layer
            can learn in is learned in at one pace, and few steps suffice. Norms and biases take steps of Adam.

Muon: K. Jordan et al., "Muon: an optimizer for hidden layers in neural networks" (2024),
https://kellerjordan.github.io/posts/muon/. Singular values are brought near 1 by its quintic Newton-Schulz iteration,

    X <- a X + (b A + c A²) X,   A = X Xᵀ,   a = 3.4445, b = -4.7750, c = 2.0315,

and a matrix of r rows and k columns moves by √max(1, r/k) more. Three iterations serve as well as five here.
"""

from collections.abc import Callable, Iterator
from math import sqrt
from typing import Final

import torch
from torch import Tensor
from torch.optim import Adam

from passband.training.weights import FlatWeights

Step = Callable[[], None]
"""Takes one step with the gradient that the weights hold."""

MUON_MOMENTUM: Final = 0.9
MUON_ITERATIONS: Final = 3
QUINTIC: Final = (3.4445, -4.7750, 2.0315)
ADAM_PART: Final = 0.2
"""Adam's rate for norms and biases over Muon's for the convolutions."""
ROWS_IN_BFLOAT16: Final = 128
"""Rows from which the iteration is quicker in bfloat16 than in float32 on the CPU."""


def adam(weights: FlatWeights, rate: Tensor) -> Step:
    """Adam on all weights, at the rate that the tensor holds."""
    return _adam(weights.values, weights.gradient, rate)


def muon(weights: FlatWeights, rate: Tensor) -> Step:
    """Muon on the weights of the convolutions, Adam at ADAM_PART of the rate on the others."""
    matrices = weights.matrices[-1].stop if weights.matrices else 0
    values, gradient = weights.values[:matrices], weights.gradient[:matrices]
    mean = torch.zeros_like(gradient)
    others_rate = rate.clone()
    others = _adam(weights.values[matrices:], weights.gradient[matrices:], others_rate)

    def step() -> None:
        mean.mul_(MUON_MOMENTUM).add_(gradient)
        ahead = gradient.add(mean, alpha=MUON_MOMENTUM)
        for held, change in zip(_as_matrices(weights, values), _as_matrices(weights, ahead), strict=True):
            rows, columns = change.shape
            held.addcmul_(orthogonalised(change), rate, value=-sqrt(max(1.0, rows / columns)))
        others_rate.copy_(rate).mul_(ADAM_PART)
        others()

    return step


OPTIMISERS: Final[dict[str, Callable[[FlatWeights, Tensor], Step]]] = {"adam": adam, "muon": muon}


def orthogonalised(matrix: Tensor) -> Tensor:
    """U S' Vᵀ of a float32 matrix U S Vᵀ (r, k), where S' is roughly 1 wherever S is not far below its largest."""
    a, b, c = QUINTIC
    wide = matrix.T if matrix.shape[0] > matrix.shape[1] else matrix
    x = wide.bfloat16() if wide.shape[0] >= ROWS_IN_BFLOAT16 else wide
    x = x / (x.norm() + 1e-7)
    for _ in range(MUON_ITERATIONS):
        gram = x @ x.T
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return (x if wide is matrix else x.T).float()


def _adam(values: Tensor, gradient: Tensor, rate: Tensor) -> Step:
    values.grad = gradient
    optimiser = Adam([values], lr=rate, fused=True, capturable=values.device.type == "cuda")

    def step() -> None:
        optimiser.step()

    return step


def _as_matrices(weights: FlatWeights, whole: Tensor) -> Iterator[Tensor]:
    """The weights of each convolution as a matrix, one row per channel that it gives."""
    for part in weights.matrices:
        yield whole[part.start : part.stop].view(part.rows, -1)
