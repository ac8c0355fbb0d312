"""Studies that never ran: tables, images and curves with the shapes and the traits of real ones."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from passband.report.data import COLUMNS, Cost, Examples, ReportData, empty_table
from passband.shift.crossed import Resampling
from passband.shift.rank import rank_correlations

WAVELENGTH_A = 0.01968749  # 300 kV
Q = np.linspace(0, 1.25, 251)


@dataclass(frozen=True)
class Shape:
    """How large a made-up study is."""

    train_defoci_nm: tuple[float, ...] = (-10, -5, 0, 5, 10)
    test_defoci_nm: tuple[float, ...] = tuple(range(-25, 26, 5))
    learning_rates: tuple[float, ...] = (0.01, 0.02)
    starts: int = 2
    structures: int = 16


def name_of(defocus_nm: float) -> str:
    return f"defocus {defocus_nm:g} nm"


def transfer_curve(defocus_nm: float, focal_spread_A: float = 10.0) -> tuple[np.ndarray, np.ndarray]:
    envelope = np.exp(-0.5 * (np.pi * WAVELENGTH_A * focal_spread_A * Q**2) ** 2)
    return np.sin(-np.pi * WAVELENGTH_A * 10 * defocus_nm * Q**2) * envelope, envelope


def domains_table(shape: Shape) -> pd.DataFrame:
    defoci = sorted({*shape.train_defoci_nm, *shape.test_defoci_nm})
    return pd.DataFrame(
        {
            "domain_id": [name_of(each) for each in defoci],
            "structures": "CdSe",
            "imaging": "{}",
            "defocus_nm": np.array(defoci, float),
            "Cs_mm": 0.0,
            "focal_spread_nm": 1.0,
            "dose_e_per_A2": 400.0,
            "is_training": [each in shape.train_defoci_nm for each in defoci],
            "is_test": True,
        }
    )


def networks_table(shape: Shape, rng: np.random.Generator) -> pd.DataFrame:
    rows = [
        {"train_id": name_of(defocus), "seed": seed, "learning_rate": rate}
        for defocus in shape.train_defoci_nm
        for rate in shape.learning_rates
        for seed in range(shape.starts)
    ]
    table = pd.DataFrame(rows)
    table.insert(0, "network_id", [f"{i:016x}" for i in rng.permutation(10**6)[: len(table)]])
    return table.assign(
        parameters=61_249,
        steps=600,
        best_step=rng.choice([400, 500, 600], len(table)),
        seconds=rng.normal(21, 1, len(table)),
    )


def scores_table(networks: pd.DataFrame, shape: Shape, rng: np.random.Generator) -> pd.DataFrame:
    test, structure = np.array(shape.test_defoci_nm, float), np.arange(shape.structures)
    of_structure = rng.normal(0, 0.015, shape.structures)
    parts = []
    for row in networks.itertuples():
        own = float(row.train_id.split(" ")[1])
        gap = np.abs(test - own)
        lost = 0.55 * (1 - np.exp(-((np.maximum(gap - 4, 0) / (18 + 0.4 * own)) ** 2)))
        base = (
            0.955
            - 0.09 * np.exp(-((own / 3) ** 2))
            + rng.normal(0, 0.006)
            - (0.01 if row.learning_rate > 0.015 else 0)
        )
        dice = (
            base
            - (lost * rng.normal(1, 0.08))[:, None]
            + of_structure[None]
            + rng.normal(0, 0.012, (len(test), len(structure)))
        )
        dice = np.clip(dice, 0.01, 0.995)
        parts.append(
            pd.DataFrame(
                {
                    "network_id": row.network_id,
                    "train_id": row.train_id,
                    "test_id": np.repeat([name_of(each) for each in test], len(structure)),
                    "structure_id": np.tile([f"CdSe-test-{each}" for each in structure], len(test)),
                    "seed": row.seed,
                    "dice": dice.ravel(),
                    "pixel_error": 0.45 * (1 - dice.ravel()),
                    "mask_fraction": np.tile(0.2 + 3 * of_structure, len(test)),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def information_table(shape: Shape) -> pd.DataFrame:
    def root_mean(defocus_nm: float) -> np.ndarray:
        draws = [transfer_curve(defocus_nm + 1.5 * z)[0] ** 2 for z in np.linspace(-2, 2, 9)]
        return np.sqrt(np.mean(draws, axis=0))

    rows = []
    carried = {each: root_mean(each) for each in {*shape.train_defoci_nm, *shape.test_defoci_nm}}
    for train in shape.train_defoci_nm:
        for test in shape.test_defoci_nm:
            a, b = carried[train], carried[test]
            rows.append(
                {
                    "train_id": name_of(train),
                    "test_id": name_of(test),
                    "epsilon_train": np.mean(a**2),
                    "epsilon_test": np.mean(b**2),
                    "sigma": np.sum(a * b) / np.sqrt(np.sum(a**2) * np.sum(b**2)),
                    "sigma_signed": np.sum(transfer_curve(train)[0] * transfer_curve(test)[0])
                    / np.sqrt(np.sum(a**2) * np.sum(b**2)),
                    "coverage": np.sum(np.minimum(a, b)) / np.sum(b),
                    "weight": "radial",
                    "q_max_per_A": 1.25,
                    "abs_delta_defocus_nm": abs(test - train),
                    "abs_delta_abs_defocus_nm": abs(abs(test) - abs(train)),
                    "power_spectrum_distance": np.sqrt(np.mean((a**2 - b**2) ** 2)),
                }
            )
    return pd.DataFrame(rows)


def correlations_table(scores: pd.DataFrame, information: pd.DataFrame) -> pd.DataFrame:
    """Of the real statistics, with few resamples."""
    names = [name for name in information.columns[4:] if name not in ("weight", "q_max_per_A")]
    bootstrap = Resampling(seed=1, resamples=40)
    tables = [
        rank_correlations(scores, metric, information, names, bootstrap) for metric in ("pixel_error", "dice")
    ]
    return pd.concat(tables, ignore_index=True)


def history_table(networks: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    steps = np.arange(100, 601, 100)
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "network_id": name,
                    "step": steps,
                    "validation_dice": 0.94 - 0.3 * np.exp(-steps / 150) + rng.normal(0, 0.008, len(steps)),
                    "training_loss": 0.05 + np.exp(-steps / 150),
                }
            )
            for name in networks["network_id"]
        ],
        ignore_index=True,
    )


def discs(n: int, sampling_A: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Phase of three lattices in discs, and the mask of the discs."""
    y, x = np.indices((n, n)) * sampling_A
    mask, phase = np.zeros((n, n), bool), np.zeros((n, n))
    for centre_y, centre_x, radius in ((30, 32, 19), (68, 62, 23), (25, 80, 15)):
        inside = (y - centre_y) ** 2 + (x - centre_x) ** 2 < radius**2
        turn = rng.uniform(0, np.pi, 3)[0] + np.arange(3) * np.pi / 3
        waves = sum(np.cos(2 * np.pi * (x * np.cos(t) + y * np.sin(t)) / 3.5) for t in turn)
        phase += inside * (0.25 + 0.12 * waves)
        mask |= inside
    return phase + rng.normal(0, 0.12, (n, n)), mask


def examples_of(
    defoci_nm: tuple[float, ...], train_nm: float, rng: np.random.Generator, n: int = 256
) -> Examples:
    sampling_A = 102.4 / n
    phase, mask = discs(n, sampling_A, rng)
    q = np.hypot(np.fft.fftfreq(n, sampling_A)[:, None], np.fft.fftfreq(n, sampling_A)[None])
    images, probabilities = [], []
    for defocus_nm in defoci_nm:
        envelope = np.exp(-0.5 * (np.pi * WAVELENGTH_A * 10 * q**2) ** 2)
        transfer = np.sin(-np.pi * WAVELENGTH_A * 10 * defocus_nm * q**2) * envelope
        clean = 1 + 2 * np.fft.ifft2(np.fft.fft2(phase) * transfer).real
        images.append(rng.poisson(64 * np.clip(clean, 0.05, None)).astype(np.float32))
        rough = np.fft.ifft2(np.fft.fft2(rng.normal(0, 1, (n, n))) * np.exp(-((q / 0.035) ** 2))).real
        harm = 0.25 + 0.05 * abs(defocus_nm - train_nm)
        probabilities.append(1 / (1 + np.exp(-(3 * (mask - 0.5) + harm * rough / rough.std()))))
    curves = [transfer_curve(each) for each in defoci_nm]
    return Examples(
        domain_ids=tuple(name_of(each) for each in defoci_nm),
        images=np.stack(images),
        mask=mask.astype(np.float32),
        probabilities=np.stack(probabilities),
        sampling_A=sampling_A,
        q_per_A=Q,
        transfer=np.stack([curve for curve, _ in curves]),
        envelope=np.stack([envelope for _, envelope in curves]),
        structure_id="CdSe-test-3",
        network_id="00000000000abcde",
        train_id=name_of(train_nm),
    )


def deviations_table() -> pd.DataFrame:
    rows = [
        ("networks", "over 12,000", "20", "five minutes on two cores"),
        (
            "network",
            "U-Net with a ResNet-18-like encoder, about 14 million parameters",
            "compact U-Net, 61,249 parameters",
            "the same Dice in a hundredth of the time",
        ),
        (
            "training images",
            "512, each seen 8 × 10 times, with its noise kept",
            "32 structures, noise, roll and dihedral drawn anew",
            "a pool of clean images is cheap",
        ),
        (
            "image",
            "512 px at 0.2 Å, 10.24 nm",
            "256 px at 0.4 Å, 10.24 nm",
            "a quarter of the pixels; the band up to 1.25 1/Å is kept",
        ),
        ("frozen phonons", "8", "none; Debye-Waller factors", "an eighth of the time; 3–5 % of the contrast"),
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS["deviations"]))


def cost_of(n_networks: int) -> Cost:
    rows = [
        ("exit waves", 61.2, 56),
        ("training", 21.0 * n_networks, n_networks),
        ("testing", 2.4 * n_networks, n_networks),
        ("information", 1.7, 1),
    ]
    machine = {
        "Machine": "2 cores, x86_64, 8 GiB",
        "Workers": "2 processes of 1 thread",
        "Wall clock": "4 min 12 s",
        "Peak memory": "2.1 GiB",
    }
    return Cost(pd.DataFrame(rows, columns=list(COLUMNS["stages"])), 285.7, 2_400 * n_networks, machine)


def synthetic_study(shape: Shape = Shape(), examples: bool = True) -> ReportData:
    """A defocus study of the given shape, the same at every call."""
    rng = np.random.default_rng(20251209)
    networks = networks_table(shape, rng)
    scores = scores_table(networks, shape, rng)
    information, one = information_table(shape), shape.train_defoci_nm[0]
    several = len(shape.test_defoci_nm) > 2
    return ReportData(
        title="demo: a defocus series of CdSe on carbon",
        question="How far may the defocus move from that of training before a segmentation network fails?",
        study_yaml="name: demo\nseed: 0\ndomains:\n  defocus -10 nm: {structures: CdSe}\n",
        mask_preset="clean",
        planned_networks=len(networks),
        scores=scores,
        domains=domains_table(shape),
        networks=networks,
        information=information,
        history=history_table(networks, rng),
        correlations=correlations_table(scores, information) if several else empty_table("correlations"),
        deviations=deviations_table(),
        failures=empty_table("failures"),
        cost=cost_of(len(networks)),
        examples=examples_of(tuple(shape.test_defoci_nm), one, rng) if examples else None,
        measures={
            "Weight": "radial (w = 1)",
            "Band": "q up to 1.25 1/Å",
            "Mean over the distribution": "quadrature",
        },
        provenance={
            "Versions": {"passband": "0.1.0", "Python": "3.11.2", "torch": "2.10.0", "numpy": "2.4.6"},
            "Seeds": {"study": "0"},
            "Content ids": {"study": "0f3a9c1d22e84b57", "waves": "71c2d0aa9be0f4d1"},
            "Checksums of tables (SHA-256)": {
                "scores.parquet": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
            },
        },
    )


def failed_study() -> ReportData:
    """Nothing finished: tables without rows, and the reasons."""
    reasons = [
        ("train/0badc0de0badc0de", "the loss became NaN at step 40"),
        ("waves/7", "the worker was killed three times: out of memory"),
    ]
    return ReportData(
        title="a study that failed",
        question="Does it run?",
        study_yaml="name: failed\n",
        mask_preset="published",
        planned_networks=2,
        scores=empty_table("scores"),
        domains=domains_table(Shape()),
        networks=empty_table("networks"),
        information=empty_table("information"),
        history=empty_table("history"),
        correlations=empty_table("correlations"),
        deviations=empty_table("deviations"),
        failures=pd.DataFrame(reasons, columns=list(COLUMNS["failures"])),
        cost=Cost(empty_table("stages"), 0.0, 0, {}),
    )
