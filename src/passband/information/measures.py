"""The measures of one imaging distribution and of two: what is transferred, and how much of it is shared.

With <·> the mean over a distribution, a = sqrt<|T|²> and w the weights of the band (`weights.Weight.on`):

    ε(D)            = ∫ <|T|²> w dq / ∫ w dq                                          in [0, 1]
    σ(D, D')        = ∫ a a' w dq / sqrt(∫ a² w dq · ∫ a'² w dq)                      in [0, 1]
    σ_signed(D, D') = ∫ Re<T><T'>* w dq / sqrt(∫ <|T|²> w dq · ∫ <|T'|²> w dq)        in [-1, 1]
    coverage        = ∫ min(a, a') w dq / ∫ a' w dq     of D' by D                    in [0, 1]

σ is 1 for equal transfer and blind to contrast reversal. σ_signed is -1 where the contrast is reversed
throughout; of a distribution with itself it is 1 only if the transfer does not vary. Coverage has a
direction: a broad distribution covers a narrow one better than the reverse. Where a distribution transfers
nothing at all (exactly at focus, without aberrations) there is nothing to have in common, and σ, σ_signed and
its coverage are 0.

These are our definitions, based on the contrast transfer function; both sides are given on one grid.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from passband.information.moments import TransferMoments


def epsilon(moments: TransferMoments, w: NDArray[np.float64]) -> float:
    """ε in [0, 1]: how much of the band is transferred. w: (n_phi, n_q)."""
    return float((moments.mean_power * w).sum() / w.sum())


def sigma(a: TransferMoments, b: TransferMoments, w: NDArray[np.float64]) -> float:
    """σ in [0, 1]: overlap of the two amplitudes, symmetric. w: (n_phi, n_q)."""
    return _ratio(float((a.amplitude * b.amplitude * w).sum()), _scale(a, b, w))


def sigma_signed(a: TransferMoments, b: TransferMoments, w: NDArray[np.float64]) -> float:
    """Signed σ in [-1, 1]: overlap of the two mean transfers with their signs, symmetric. w: (n_phi, n_q)."""
    overlap = (a.mean_transfer * b.mean_transfer.conj()).real
    return _ratio(float((overlap * w).sum()), _scale(a, b, w))


def coverage(seen: TransferMoments, shown: TransferMoments, w: NDArray[np.float64]) -> float:
    """Coverage in [0, 1] of what one distribution shows by what was seen in another. w: (n_phi, n_q)."""
    common = np.minimum(seen.amplitude, shown.amplitude)
    return _ratio(float((common * w).sum()), float((shown.amplitude * w).sum()))


@dataclass(frozen=True, eq=False)
class Stacked:
    """Many transfers on one grid, flat: amplitudes (n, p), real and imaginary parts of <T> side by side (n, 2 p)."""

    amplitude: NDArray[np.float64]
    signed: NDArray[np.float64]

    def with_one(self, place: int, moments: TransferMoments) -> "Stacked":
        """The same with another transfer in one place."""
        one = stacked([moments])
        amplitude, signed = self.amplitude.copy(), self.signed.copy()
        amplitude[place], signed[place] = one.amplitude[0], one.signed[0]
        return Stacked(amplitude, signed)


def stacked(moments: Sequence[TransferMoments]) -> Stacked:
    """Transfers on one grid."""
    transfer = np.stack([each.mean_transfer.ravel() for each in moments])
    return Stacked(
        np.stack([each.amplitude.ravel() for each in moments]),
        np.concatenate([transfer.real, transfer.imag], axis=1),
    )


def many_measures(
    transfers: Stacked, pairs: Sequence[tuple[int, int]], w: NDArray[np.float64]
) -> NDArray[np.float64]:
    """ε of a, ε of b, σ, signed σ and coverage of b by a, for pairs (a, b) of positions: (n_pairs, 5).

    The same as the functions above, a with all its partners at once instead of pair by pair.
    """
    weights, amplitude, signed = w.ravel(), transfers.amplitude, transfers.signed
    twice = np.tile(weights, 2)
    partners: dict[int, list[int]] = {}
    for place, (a, _) in enumerate(pairs):
        partners.setdefault(a, []).append(place)
    used = sorted({position for pair in pairs for position in pair})
    power, whole = np.zeros(len(amplitude)), np.zeros(len(amplitude))
    power[used], whole[used] = amplitude[used] ** 2 @ weights, amplitude[used] @ weights
    found = np.empty((len(pairs), 5))
    for a, places in partners.items():
        b = np.array([pairs[place][1] for place in places])
        scale = np.sqrt(power[a] * power[b])
        found[places] = np.stack(
            [
                np.full(len(b), power[a] / weights.sum()),
                power[b] / weights.sum(),
                _ratios(amplitude[b] @ (amplitude[a] * weights), scale),
                _ratios(signed[b] @ (signed[a] * twice), scale),
                _ratios(np.minimum(amplitude[a], amplitude[b]) @ weights, whole[b]),
            ],
            axis=1,
        )
    return found


def _ratios(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    """part / whole, which is at most 1 in size but for rounding; 0 of nothing is 0."""
    return np.clip(np.divide(part, whole, out=np.zeros_like(part), where=whole > 0), -1.0, 1.0)


def _scale(a: TransferMoments, b: TransferMoments, w: NDArray[np.float64]) -> float:
    return float(np.sqrt((a.mean_power * w).sum() * (b.mean_power * w).sum()))


def _ratio(part: float, whole: float) -> float:
    return float(_ratios(np.array([part]), np.array([whole]))[0])
