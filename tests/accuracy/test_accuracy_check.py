from dataclasses import replace

import numpy as np
import pytest
import torch
from accuracy_samples import grain, scattered_atoms, specimen

from passband.accuracy.check import check
from passband.accuracy.deviation import image_error, wave_error
from passband.accuracy.order import ORDER_OF_SLICES, ORDER_OF_WEAK_SLICES, fitted_order
from passband.accuracy.particle import in_wider_field, largest_particle
from passband.accuracy.result import Axis, Check, Key
from passband.accuracy.run import Own, Specimen, simulated
from passband.fourier import resample
from passband.grid import Grid
from passband.imaging.image import intensity
from passband.scattering.simulate import scene_waves
from passband.scattering.spec import SimulationSpec
from passband.structure.atoms import Atoms, joined, particle_atoms, support_atoms
from passband.wave import ExitWave

BUDGET_S = 30.0


@pytest.fixture(scope="module")
def gold() -> Specimen:
    return specimen(grain())


@pytest.fixture(scope="module")
def own(gold: Specimen) -> Own:
    return simulated(gold)


@pytest.fixture(scope="module")
def found(gold: Specimen, own: Own) -> Check:
    return check(gold, own, BUDGET_S)


def axis_of(found: Check, key: Key) -> Axis:
    return next(axis for axis in found.axes if axis.key == key)


def test_every_choice_is_probed_with_the_users_own_value_among_its_probes(found: Check) -> None:
    own = {axis.key: axis.own.value for axis in found.axes}
    assert own == {
        "sampling_A": 0.2,
        "stored_sampling_A": 0.4,
        "slice_thickness_A": 2.0,
        "frozen_phonons": 0,
        "field_nm": pytest.approx(2.56),
    }
    assert found.left_out == ()
    assert found.together is not None


@pytest.mark.parametrize("key", ["sampling_A", "slice_thickness_A", "stored_sampling_A"])
def test_the_error_falls_with_finer_settings(found: Check, key: Key) -> None:
    probes = axis_of(found, key).probes
    assert [probe.value for probe in probes] == sorted((probe.value for probe in probes), reverse=True)
    errors = [probe.image_error for probe in probes]
    assert errors == sorted(errors, reverse=True)
    assert errors[0] > 3 * errors[-1]


def test_copies_farther_away_disturb_a_particle_less(found: Check) -> None:
    narrow, wide = axis_of(found, "field_nm").probes
    assert narrow.is_own
    assert narrow.value < wide.value
    assert wide.image_error < narrow.image_error


def test_the_standard_error_falls_with_the_root_of_the_number_of_configurations(found: Check) -> None:
    resting, *moving = axis_of(found, "frozen_phonons").probes
    assert resting.is_own
    assert resting.value == 0
    for probe in moving:
        assert probe.image_error * np.sqrt(probe.value) == pytest.approx(moving[0].image_error)


def test_the_standard_error_of_phonons_at_hand_is_that_of_their_images(gold: Specimen) -> None:
    # two halves of 8 configurations are independent means of 4; their difference has √2 times the standard error of one
    moving = specimen(gold.atoms, frozen_phonons=8)
    own = simulated(moving)
    probes = {p.value: p for p in axis_of(check(moving, own, BUDGET_S), "frozen_phonons").probes}
    assert probes[8].is_own
    halves = [
        intensity(replace(own.waves.full, field=own.waves.full.field[part]), gold.condition)
        for part in (slice(0, 4), slice(4, 8))
    ]
    difference = float((halves[0] - halves[1]).std() / own.image.std())
    assert difference / np.sqrt(2) == pytest.approx(probes[4].image_error, rel=0.3)


def test_an_error_is_the_same_whoever_computes_it(gold: Specimen, own: Own, found: Check) -> None:
    """The pixel error of the study, computed by hand from two simulations."""
    finer = gold.spec.model_copy(update={"sampling_A": 0.2 / 3})
    better = scene_waves(gold.atoms, finer, 0).full
    plain = scene_waves(gold.atoms, gold.spec, 0).full
    assert axis_of(found, "sampling_A").own.wave_error == pytest.approx(wave_error(plain, better), rel=0.02)


def order_of_slices(atoms: Atoms, steps: tuple[float, ...], finest: float) -> float:
    """The fitted order of the wave's error in the slice thickness."""

    def wave(thickness_A: float) -> ExitWave:
        spec = SimulationSpec(sampling_A=0.16, stored_sampling_A=0.32, slice_thickness_A=thickness_A)
        return scene_waves(atoms, spec, 0).full

    better = wave(finest)
    order = fitted_order(steps, [wave_error(wave(step), better) for step in steps], finest, ORDER_OF_SLICES)
    assert order is not None
    return order.power


def test_slices_converge_at_the_declared_orders() -> None:
    """Gold, with errors of 0.34 to 0.08 %; hydrogen, of 0.7 to 0.08 %, above the rounding of single precision."""
    strong = order_of_slices(scattered_atoms(79, 60, 16.0), (2.0, 1.0, 0.5), 0.125)
    assert strong == pytest.approx(ORDER_OF_SLICES, abs=0.25)
    weak = order_of_slices(scattered_atoms(1, 200, 64.0), (14.0, 12.0, 10.0, 8.0), 1.0)
    assert weak == pytest.approx(ORDER_OF_WEAK_SLICES, abs=0.6)


@pytest.mark.parametrize("power", [0.5, 1.0, 2.0, 4.0])
def test_a_power_law_against_its_finest_step_is_fitted_exactly(power: float) -> None:
    steps = (4.0, 2.0, 1.0)
    order = fitted_order(steps, [0.01 * (h**power - 0.5**power) for h in steps], 0.5, 1.0)
    assert order is not None
    assert order.power == pytest.approx(power, rel=1e-3)
    assert (order.lowest, order.highest) == (1.0, 4.0)


def test_too_few_steps_above_rounding_have_no_order() -> None:
    assert fitted_order((4.0, 2.0, 1.0), (0.01, 0.005, 1e-6), 0.5, 1.0) is None


def test_less_time_means_fewer_probes_and_says_so(gold: Specimen, own: Own) -> None:
    told: list[str] = []
    found = check(gold, own, 2.5 * own.seconds, lambda doing, *_: told.append(doing))
    assert told[-1] == "done"
    assert len(found.left_out) >= 2
    assert all("budget of" in sentence for sentence in found.left_out)
    assert len(found.axes) < 5


def test_a_budget_that_is_named_is_enough(gold: Specimen, own: Own) -> None:
    poor = check(gold, own, 0.5 * own.seconds)
    named = max(int(sentence.split("budget of ")[1].split(" ")[0]) for sentence in poor.left_out)
    assert check(gold, own, named).left_out == ()


def test_a_crystal_that_fills_the_field_has_no_wider_field() -> None:
    places = np.stack(np.meshgrid(*3 * [np.arange(8) * 3.2], indexing="ij"), axis=-1).reshape(-1, 3)
    crystal = particle_atoms(places, np.full(512, 14, dtype=np.int64), 0, (25.6, 25.6, 22.4))
    assert largest_particle(crystal) is None
    tilted = specimen(crystal, slice_thickness_A=3.2)
    found = check(tilted, simulated(tilted), 3.0)
    assert any("free of its own periodic copies" in sentence for sentence in found.left_out)


def test_film_without_a_particle_can_be_checked() -> None:
    rng = np.random.default_rng(1)
    film = support_atoms(rng.random((400, 3)) * [25.6, 25.6, 10.0], 6, (25.6, 25.6, 10.0))
    found = check(specimen(film), simulated(specimen(film)), 5.0)
    assert axis_of(found, "sampling_A").own.image_error < 0.05


def test_the_largest_particle_is_cut_free_where_it_crosses_the_border() -> None:
    atoms = grain()
    moved = (atoms.positions_A + np.array([12.0, 9.0, 0.0])) % [25.6, 25.6, 1e9]
    small = particle_atoms(np.array([[1.0, 1.0, 0.0]]), np.array([6]), 1, atoms.cell_A)
    both = joined([particle_atoms(moved, atoms.numbers, 0, atoms.cell_A), small], atoms.cell_A)
    found = largest_particle(both)
    assert found is not None
    assert len(found) == len(atoms)
    for axis in (0, 1):
        places = found.positions_A[:, axis]
        assert np.ptp(places) == pytest.approx(np.ptp(atoms.positions_A[:, axis]))
        assert (places.min() + places.max()) / 2 == pytest.approx(12.8)
    wide = in_wider_field(found, 2.0)
    assert wide.cell_A[:2] == (51.2, 51.2)
    assert (wide.positions_A - found.positions_A)[:, :2] == pytest.approx(12.8)


def waves_like(field: torch.Tensor, sampling_A: float, offset_A: float = 0.0) -> ExitWave:
    return ExitWave(field, Grid((field.shape[-2], field.shape[-1]), sampling_A), 300e3, offset_A)


def test_errors_are_relative_to_what_scattered_and_to_the_contrast() -> None:
    generator = torch.Generator().manual_seed(0)
    scattered = torch.randn(1, 32, 32, dtype=torch.complex64, generator=generator)
    scattered = scattered - scattered.mean()
    better = waves_like(1 + scattered, 0.5)
    assert wave_error(waves_like(1 + 1.1 * scattered, 0.5), better) == pytest.approx(0.1, rel=1e-4)
    image = 1 + torch.randn(32, 32, generator=generator)
    assert image_error(image + 0.05 * float(image.std()), image) == pytest.approx(0.05, rel=1e-3)


def test_a_wave_is_compared_with_one_on_finer_pixels_in_another_plane(gold: Specimen, own: Own) -> None:
    full = own.waves.full
    finer = ExitWave(
        resample(full.field, (128, 128)), Grid((128, 128), 0.2), full.energy_eV, full.focus_offset_A
    )
    assert wave_error(full, finer) == pytest.approx(0.0, abs=1e-5)
    qy, qx = (torch.from_numpy(q) for q in finer.grid.frequencies_per_A())
    # propagating by +20 Å leaves 20 Å less to the plane of zero defocus
    phase = torch.exp(-1j * torch.pi * 0.01968749 * 20 * (qy**2 + qx**2))
    field = torch.fft.ifft2(torch.fft.fft2(finer.field) * phase).to(torch.complex64)
    further = ExitWave(field, finer.grid, finer.energy_eV, finer.focus_offset_A - 20)
    assert wave_error(full, further) == pytest.approx(0.0, abs=2e-5)


def test_nothing_is_relative_to_vacuum() -> None:
    empty = waves_like(torch.ones(1, 16, 16, dtype=torch.complex64), 0.4)
    with pytest.raises(ValueError, match="empty"):
        wave_error(empty, empty)


def test_atoms_are_not_changed(gold: Specimen, own: Own) -> None:
    before: Atoms = grain()
    check(gold, own, own.seconds)
    assert np.array_equal(gold.atoms.positions_A, before.positions_A)
