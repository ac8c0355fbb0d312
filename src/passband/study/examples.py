"""What the report shows to the eye: one unseen structure at several conditions, and what one network makes of it.

Nothing is picked by hand or for its looks: the network is the median one of the first training domain, by its
in-distribution Dice; the structure is the test structure whose mask covers the median part of the field.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from passband.data.batches import Batch
from passband.fourier import resample
from passband.imaging.draw import mean_condition
from passband.imaging.transfer import phase_transfer, wave_transfer
from passband.networks.prediction import predicted_logits
from passband.networks.unet import build_network
from passband.storage.arrays import NamedArrays
from passband.storage.weights import StoredNetwork
from passband.study.study import Study
from passband.units import nm_to_A

FEWEST_CONDITIONS, MOST_CONDITIONS = 3, 12
CURVE_POINTS = 400


def median_network(summary: pd.DataFrame, train_id: str) -> str:
    """The id of a domain's network with the median in-distribution Dice (the lower one of two).

    summary: rows as of `passband.storage.summary`, with network_id, train_id, test_id and dice_mean.
    """
    ranked = ranked_networks(summary, train_id)
    return ranked[(len(ranked) - 1) // 2]


def ranked_networks(summary: pd.DataFrame, train_id: str) -> list[str]:
    """The ids of a domain's networks, by rising in-distribution Dice. summary: as above."""
    own = summary[(summary["train_id"] == train_id) & (summary["test_id"] == train_id)]
    ranked = own.astype({"network_id": str}).sort_values(["dice_mean", "network_id"])
    return [str(each) for each in ranked["network_id"].drop_duplicates()]


def shown_domains(study: Study, train_id: str) -> tuple[str, ...]:
    """Test domains with the structures of the training domain, itself among them; evenly thinned out when many.

    Those of its own block, or, where too few of them have its structures, of all blocks.
    """
    series = study.all_series()[0]
    own, every = (
        [name for name in tests if study.domains[name].structures == study.domains[train_id].structures]
        for tests in (series.tests_of(train_id), series.test_on)
    )
    same = own if len(own) >= FEWEST_CONDITIONS else every
    if len(same) > MOST_CONDITIONS:
        kept = {same[round(i)] for i in np.linspace(0, len(same) - 1, MOST_CONDITIONS - 1)} | {train_id}
        same = [name for name in same if name in kept]
    return tuple(same)


def example_arrays(
    study: Study, train_id: str, stored: StoredNetwork, tests: Mapping[str, Batch]
) -> NamedArrays:
    """Images (k, ny, nx), mask (ny, nx), probabilities (k, ny, nx), and T(q), envelope (k, n) over q (n,).

    tests: the test images of the k shown domains, in their order; all with the same structures. Predictions are made
    at each domain's own pixels; where these differ, everything is shown at those of the stored waves.
    """
    network = build_network(study.network, 0)
    network.load_state_dict(stored.state)
    masks = next(iter(tests.values())).masks
    area = masks.mean(dim=(1, 2))
    row = int(area.argsort(stable=True)[(len(area) - 1) // 2])
    shape = _shown_shape(study, train_id)
    images = [batch.images[row : row + 1] for batch in tests.values()]
    logits = [predicted_logits(network.eval(), image, study.training.precision)[0] for image in images]
    q_per_A = torch.linspace(0, study.measures.q_max_per_A, CURVE_POINTS, dtype=torch.float64)
    curves = [_curves(study, name, q_per_A) for name in tests]
    arrays: dict[str, NDArray[np.floating]] = {
        "images": torch.stack([resample(image[0, 0], shape) for image in images]).numpy(),
        "mask": (resample(masks[row], shape) > 0.5).float().numpy(),
        "probabilities": torch.stack([_resampled(each.sigmoid(), shape) for each in logits]).numpy(),
        "q_per_A": q_per_A.numpy(),
        "transfer": np.stack([transfer for transfer, _ in curves]),
        "envelope": np.stack([envelope for _, envelope in curves]),
    }
    told = {
        "domain_ids": list(tests),
        "train_id": train_id,
        "row": row,
        "sampling_A": study.network.input_sampling_A,
    }
    return NamedArrays(arrays, told)


def _shown_shape(study: Study, domain: str) -> tuple[int, int]:
    """Pixels of the stored waves of a domain."""
    side = round(nm_to_A(study.set_of(domain).scenes.field_nm) / study.network.input_sampling_A)
    return side, side


def _resampled(probabilities: torch.Tensor, shape: tuple[int, int]) -> torch.Tensor:
    """Probabilities (ny, nx) at other pixels; they do not overshoot."""
    return resample(probabilities, shape).clamp(0, 1)


def _curves(
    study: Study, name: str, q_per_A: torch.Tensor
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Real part of T along x, and the envelope, at the mean setting of a domain."""
    condition = mean_condition(study.domains[name].imaging)
    qy, qx = torch.zeros(1, 1, dtype=torch.float64), q_per_A[None, :]
    transfer = phase_transfer(condition, qy, qx, torch.complex128)[0].real
    return transfer.numpy(), wave_transfer(condition, qy, qx, torch.complex128)[0].abs().numpy()
