"""How a gradient becomes a step. Both optimisers work in place on tensors that stay the same, rate and all.

``adam``    Kingma & Ba, arXiv 1412.6980, on all weights.
``muon``    on the matrices of the convolutions, the gradient's running mean M with its singular values brought near
            1: of M = U S Vᵀ about U Vᵀ is taken off, times the rate. So every direction that a layer
            can learn in is learned in at one pace, and few steps suffice. Norms and biases take steps of Adam.

Muon: K. Jordan et al., "Muon: an optimizer for hidden layers in neural networks" (2024),
https://kellerjordan.github.io/posts/muon/. Singular values are brought near 1 by its quintic Newton-Schulz iteration,

    X <- P X,   P = a + b A + c A²,   A = X Xᵀ,   a = 3.4445, b = -4.7750, c = 2.0315.

All P commute with A, so they are multiplied with each other on the small side, A <- P A P, and with X once. A matrix of
r rows and k columns moves by √max(1, r/k) more. Three iterations serve as well as five here.
"""

from collections.abc import Callable, Iterator
from math import sqrt
from typing import Final

import torch
from torch import Tensor
from torch.optim.adam import adam as adam_step

from passband.training.weights import FlatWeights

Step = Callable[[], None]
"""Takes one step with the gradient that the weights hold."""

MUON_MOMENTUM: Final = 0.9
MUON_ITERATIONS: Final = 3
QUINTIC: Final = (3.4445, -4.7750, 2.0315)
ADAM_PART: Final = 0.2
"""Adam's rate for norms and biases over Muon's for the convolutions."""
ADAM_BETAS: Final = (0.9, 0.999)
ADAM_EPS: Final = 1e-8


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
    wide = matrix.T if matrix.shape[0] > matrix.shape[1] else matrix
    x = wide / (wide.norm() + 1e-7)
    gram = x @ x.T
    product = factor = _quintic_factor(gram)
    for _ in range(MUON_ITERATIONS - 1):
        gram = factor @ gram @ factor
        factor = _quintic_factor(gram)
        product = factor @ product
    evened: Tensor = product @ x
    return evened if wide is matrix else evened.T


def _quintic_factor(gram: Tensor) -> Tensor:
    """P of A (r, r)."""
    a, b, c = QUINTIC
    factor = torch.addmm(gram, gram, gram, beta=b, alpha=c)
    factor.diagonal().add_(a)
    return factor


def _adam(values: Tensor, gradient: Tensor, rate: Tensor) -> Step:
    """PyTorch's Adam as a function; its class would import the compiler, for seconds."""
    mean, square = torch.zeros_like(values), torch.zeros_like(values)
    taken = torch.zeros((), device=values.device)

    def step() -> None:
        adam_step(
            [values],
            [gradient],
            [mean],
            [square],
            [],
            [taken],
            fused=True,
            capturable=values.device.type == "cuda",
            amsgrad=False,
            beta1=ADAM_BETAS[0],
            beta2=ADAM_BETAS[1],
            lr=rate,
            weight_decay=0.0,
            eps=ADAM_EPS,
            maximize=False,
        )

    return step


def _as_matrices(weights: FlatWeights, whole: Tensor) -> Iterator[Tensor]:
    """The weights of each convolution as a matrix, one row per channel that it gives."""
    for part in weights.matrices:
        yield whole[part.start : part.stop].view(part.rows, -1)
