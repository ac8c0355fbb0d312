from math import pi, sin

import pytest
import torch
import yaml
from torch import Tensor

from passband.errors import UserError
from passband.grid import Grid
from passband.imaging.condition import symmetric_condition
from passband.imaging.detector import Detector, Falloff, dqe, mtf, ntf, table_from_text
from passband.imaging.distribution import ImagingDistribution
from passband.imaging.image import expose, form_intensity, intensity, stacked_spectra
from passband.imaging.recording import Recording, recording
from passband.imaging.transfer import frequency_axes
from passband.records import content_id, parse_record
from passband.wave import ExitWave

PIXEL_A = 0.4
SCINTILLATOR = Detector(
    mtf=Falloff(form="lorentzian", half_at=0.5, floor=0.1),
    ntf=((0.0, 1.0), (0.5, 0.8), (1.0, 0.6)),
    DQE0=0.7,
)


def along_x(*u: float) -> tuple[Tensor, Tensor]:
    """Frequencies at parts of the Nyquist frequency 1.25 1/Å, along x."""
    return torch.zeros(1, 1, dtype=torch.float64), 1.25 * torch.tensor([u], dtype=torch.float64)


def test_curves_are_what_they_say() -> None:
    u = along_x(0.0, 0.25, 0.5, 1.0)
    lorentzian = mtf(SCINTILLATOR, *u, PIXEL_A)[0].tolist()
    # 0.1 + 0.9/(1 + (u/0.5)²)
    assert lorentzian == pytest.approx([1.0, 0.1 + 0.9 / 1.25, 0.55, 0.1 + 0.9 / 5])
    gaussian = Detector(mtf=Falloff(form="gaussian", half_at=0.5))
    assert mtf(gaussian, *u, PIXEL_A)[0].tolist() == pytest.approx([1.0, 0.5**0.25, 0.5, 1 / 16])
    assert ntf(SCINTILLATOR, *u, PIXEL_A)[0].tolist() == pytest.approx([1.0, 0.9, 0.8, 0.6])
    assert dqe(SCINTILLATOR, *u, PIXEL_A)[0, 2].item() == pytest.approx(0.7 * (0.55 / 0.8) ** 2)


def test_beyond_its_last_row_a_table_stays() -> None:
    assert float(ntf(SCINTILLATOR, *along_x(1.4), PIXEL_A)) == pytest.approx(0.6)


def test_the_area_of_a_pixel_is_a_sinc_along_each_axis() -> None:
    # at the Nyquist frequency q p = 1/2: sin(π/2)/(π/2) = 2/π
    square = Detector(pixel_integration=True)
    assert float(mtf(square, *along_x(1.0), PIXEL_A)) == pytest.approx(2 / pi)
    both = torch.tensor([[1.25]], dtype=torch.float64)
    assert float(mtf(square, both, both, PIXEL_A)) == pytest.approx((2 / pi) ** 2)


def test_frequencies_are_those_of_the_detectors_own_pixel_where_it_has_one() -> None:
    fine = SCINTILLATOR.model_copy(update={"pixel_nm": 0.02})
    assert float(mtf(fine, *along_x(1.0), PIXEL_A)) == pytest.approx(0.55)  # 1.25 1/Å is half its Nyquist
    assert float(mtf(fine, *along_x(1.0), 0.2)) == float(mtf(fine, *along_x(1.0), PIXEL_A))


def test_an_ideal_detector_transfers_everything() -> None:
    q = frequency_axes(Grid((16, 12), PIXEL_A))
    for transfer in (mtf, ntf, dqe):
        assert torch.equal(transfer(Detector(), *q, PIXEL_A), torch.ones(16, 12, dtype=torch.float64))


def test_the_image_has_the_spectrum_of_the_intensity_times_the_mtf() -> None:
    grid = Grid((32, 24), PIXEL_A)
    waves = [
        ExitWave(torch.exp(0.3j * torch.randn(1, 32, 24)).to(torch.complex64), grid, 300e3) for _ in range(3)
    ]
    stack, condition = stacked_spectra(waves), symmetric_condition(300e3, -80.0, 0.0, 10.0)
    sharp = form_intensity(stack, condition)
    seen = form_intensity(stack, condition, Recording(detector=SCINTILLATOR))
    expected = torch.fft.ifft2(torch.fft.fft2(sharp) * mtf(SCINTILLATOR, *frequency_axes(grid), PIXEL_A)).real
    assert torch.allclose(seen.double(), expected, atol=2e-6)
    assert seen.std() < 0.8 * sharp.std()


def test_noise_has_the_power_that_dose_DQE0_and_ntf_say() -> None:
    # N = 30 e/Å² x 0.16 Å² x 0.7 = 3.36 electrons count per pixel; noise power per pixel NTF²/N, in units of vacuum
    level = torch.ones(64, 128, 128)
    seen = expose(level, 30.0, PIXEL_A**2, torch.Generator().manual_seed(0), SCINTILLATOR)
    power = (torch.fft.fft2(seen.double() - 1).abs().square() / 128**2).mean(0)
    q = frequency_axes(Grid((128, 128), PIXEL_A))
    expected = ntf(SCINTILLATOR, *q, PIXEL_A).square() / 3.36
    assert float(seen.mean()) == pytest.approx(1, abs=3e-3)
    u = torch.hypot(*q) / 1.25
    for lo, hi in ((0.1, 0.3), (0.5, 0.7), (0.9, 1.0)):
        ring = (u >= lo) & (u < hi)
        # thousands of pixels in 64 images: known to a percent
        assert float(power[ring].mean()) == pytest.approx(float(expected[ring].mean()), rel=0.02)


def test_signal_to_noise_squared_is_lowered_by_the_detective_quantum_efficiency() -> None:
    # one fringe of amplitude 0.2 at u = 0.5, seen 200 times with an ideal detector and with this one
    x = torch.arange(64)
    fringe = (1 + 0.2 * torch.cos(2 * pi * 16 * x / 64)).expand(64, 64)
    grid, ratios = Grid((64, 64), PIXEL_A), []
    for detector in (None, SCINTILLATOR):
        expected = fringe
        if detector is not None:
            signal = mtf(detector, *frequency_axes(grid), PIXEL_A)
            expected = torch.fft.ifft2(torch.fft.fft2(fringe) * signal).real.float()
        many = expected.expand(400, 64, 64).contiguous()
        seen = expose(many, 100.0, PIXEL_A**2, torch.Generator().manual_seed(1), detector)
        found = torch.fft.fft2(seen.double())[:, 0, 16] / 64**2
        ratios.append(float(found.mean().abs() ** 2 / (found - found.mean()).abs().square().mean()))
    at = float(dqe(SCINTILLATOR, *along_x(0.5), PIXEL_A))
    # each ratio is known to 1/√400 = 5 %
    assert ratios[1] / ratios[0] == pytest.approx(at, rel=0.2)


def test_without_a_noise_transfer_counts_stay_whole_numbers_of_counted_electrons() -> None:
    detector = Detector(mtf=Falloff(form="gaussian", half_at=0.8), DQE0=0.5)
    seen = expose(torch.ones(64, 64), 100.0, 0.16, torch.Generator().manual_seed(0), detector)
    electrons = seen * 100.0 * 0.16 * 0.5
    assert torch.allclose(electrons, electrons.round(), atol=1e-4)
    assert torch.equal(expose(seen, torch.inf, 0.16, torch.Generator().manual_seed(0), SCINTILLATOR), seen)


def test_a_dose_on_an_ideal_detector_record_is_that_without_one() -> None:
    level = torch.full((8, 32, 32), 0.7)
    with_it, without = (
        expose(level, 50.0, 0.16, torch.Generator().manual_seed(3), each) for each in (Detector(), None)
    )
    assert torch.equal(with_it, without)


WRITTEN = """
defocus_nm: -10
detector:
  mtf: [[0, 1], [0.5, 0.6], [1, 0.3]]
  ntf: {form: lorentzian, half_at: 1.0}
  pixel_integration: true
  DQE0: 0.4
"""


def test_a_detector_is_part_of_a_distribution() -> None:
    domain = parse_record(ImagingDistribution, yaml.safe_load(WRITTEN), "x")
    assert domain.detector is not None
    assert recording(domain).detector == domain.detector
    assert float(mtf(domain.detector, *along_x(0.5), PIXEL_A)) == pytest.approx(0.6 * sin(pi / 4) / (pi / 4))
    bare = ImagingDistribution(defocus_nm=-10)
    assert content_id(domain) != content_id(bare)
    assert recording(bare) == Recording()


def test_keys_of_detector_motion_and_coherence_leave_no_trace_where_they_say_nothing() -> None:
    written = ImagingDistribution(defocus_nm=-10).model_dump(mode="json")
    later = {"detector", "vibration_nm", "drift_nm", "drift_deg", "coherence"}
    assert not later & set(written)
    assert ImagingDistribution.model_validate(written) == ImagingDistribution(defocus_nm=-10)
    told = ImagingDistribution(defocus_nm=-10, coherence="explicit", vibration_nm=0.05).model_dump()
    assert told["coherence"] == "explicit"
    assert told["vibration_nm"] == 0.05


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("{mtf: [[0, 1]]}", "a table needs two rows or more"),
        ("{mtf: [[0.1, 1], [1, 0.5]]}", "the first being [0, 1]"),
        ("{mtf: [[0, 1], [0.5, 0.7], [0.5, 0.6]]}", "frequencies of a table must rise"),
        ("{mtf: [[0, 1], [1, 1.2]]}", "between 0 and 1"),
        ("{mtf: {form: box, half_at: 1}}", "'gaussian' or 'lorentzian'"),
        ("{mtf: {form: gaussian}}", "half_at' is missing"),
        ("{mft: 3}", "did you mean 'mtf'?"),
        ("{DQE0: 1.5}", "less than or equal to 1"),
        ("{ntf: {form: gaussian, half_at: 0.5}}", "no detector has more than 1"),
        ("{ntf: [[0, 1], [1, 0]], mtf: [[0, 1], [1, 0]]}", "ntf must stay above 0"),
    ],
)
def test_an_impossible_detector_is_refused_in_one_sentence(text: str, part: str) -> None:
    with pytest.raises(UserError) as refusal:
        parse_record(ImagingDistribution, yaml.safe_load(f"defocus_nm: 1\ndetector: {text}"), "x.yaml")
    told = str(refusal.value)
    assert told.startswith("x.yaml: ")
    assert part in told
    assert "\n" not in told


def test_a_table_is_read_from_two_columns_of_text() -> None:
    table = table_from_text("# u, value\n0 1\n\n0.5, 0.6\n1.0;0.3\n", "camera.txt")
    assert table == ((0.0, 1.0), (0.5, 0.6), (1.0, 0.3))
    assert Detector(mtf=table).mtf == table


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("0 1\n0.5 a", "camera.txt: line 2: write two numbers"),
        ("0 1\n0.5 0.3 0.2", "line 2: write two numbers"),
        ("", "camera.txt: a table needs two rows"),
        ("0 1\n1 nan", "camera.txt: "),
    ],
)
def test_a_broken_table_is_told_with_its_line(text: str, part: str) -> None:
    with pytest.raises(UserError, match=part):
        table_from_text(text, "camera.txt")


def test_forming_with_a_detector_leaves_the_condition_and_the_wave() -> None:
    wave = ExitWave(torch.ones(1, 16, 16, dtype=torch.complex64), Grid((16, 16), PIXEL_A), 300e3)
    seen = intensity(wave, symmetric_condition(300e3, 100.0), Recording(detector=SCINTILLATOR))
    assert torch.allclose(seen, torch.ones(16, 16), atol=1e-6)
