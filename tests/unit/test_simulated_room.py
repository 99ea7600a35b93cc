"""What a microphone hears of the loudspeaker in the simulated room: how loud, when, and by whose clock."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from hardware.pcm import DOWN, FRAME_S, UP, level_dbfs, samples
from hardware.simulated_room import LONGEST_DELAY_S, Room, impulse_response

STARTED_S = 1000.0


def tones(seconds: float, *, hz: tuple[float, ...] = (440.0, 1330.0, 2950.0), rate_hz: int) -> NDArray[np.float64]:
    """Return a chord of equal tones, each at a tenth of full scale."""
    at_s = np.arange(round(seconds * rate_hz)) / rate_hz
    return np.asarray(sum(3276.7 * np.sin(math.tau * tone_hz * at_s) for tone_hz in hz), dtype=np.float64)


def noise(seconds: float, level: float = 3000.0) -> bytes:
    """Return white noise, 24 kHz."""
    return np.random.default_rng(1).normal(0.0, level, round(seconds * DOWN.rate_hz)).astype("<i2").tobytes()


def heard(room: Room, pcm: bytes, seconds: float) -> NDArray[np.float64]:
    """Play `pcm` from `STARTED_S` on, frame by frame, and return what is heard for so long from then on."""
    sound = bytearray()
    ends_s, plays_s = STARTED_S, STARTED_S
    for _ in range(round(seconds / FRAME_S)):
        while plays_s < ends_s + 2 * FRAME_S:
            room.play(pcm[: DOWN.frame_bytes], plays_s)
            pcm, plays_s = pcm[DOWN.frame_bytes :], plays_s + FRAME_S
        ends_s += room.frame_s
        sound += room.hear(ends_s)
    return samples(bytes(sound)).astype(np.float64)


def bare(delay_s: float = 0.05, *, drift_ppm: float = 0.0) -> Room:
    """Return a room without walls, in which all arrives as loud as it was played."""
    return Room(rt60_s=0.0, echo_db=0.0, delay_s=delay_s, distortion=0.0, drift_ppm=drift_ppm)


def lag(sound: NDArray[np.float64], of: NDArray[np.float64]) -> int:
    """Return by how many samples `sound` comes later than `of`."""
    size = 2 * len(sound)
    product = np.fft.irfft(np.fft.rfft(sound, size) * np.conj(np.fft.rfft(of, size)), size)
    return int(np.argmax(product[: len(sound)]))


class TestLevel:
    @pytest.mark.parametrize("echo_db", [-20.0, -6.0, 0.0])
    @pytest.mark.parametrize("rt60_s", [0.0, 0.3])
    def test_noise_arrives_as_loud_as_the_coupling_says(self, rt60_s: float, echo_db: float) -> None:
        pcm = noise(2.0)
        room = Room(rt60_s=rt60_s, echo_db=echo_db, distortion=0.0)
        # Of white noise up to 12 kHz the microphone's band holds three fifths.
        in_band_db = 10 * math.log10((7200 - 250) / 12_000)
        sound = heard(room, pcm, 2.0)[UP.rate_hz // 2 :].astype("<i2").tobytes()
        assert level_dbfs(sound) == pytest.approx(level_dbfs(pcm) + echo_db + in_band_db, abs=1.0)

    def test_what_nobody_plays_nobody_hears(self) -> None:
        assert not heard(Room(), b"", 1.0).any()

    def test_the_room_falls_silent_in_the_time_that_it_takes(self) -> None:
        sound = heard(Room(rt60_s=0.3, delay_s=0.02, echo_db=0.0), noise(1.0, 8000.0), 2.0)
        ends = round(1.02 * UP.rate_hz)
        before = level_dbfs(sound[ends - 1600 : ends].astype("<i2").tobytes())
        after = level_dbfs(sound[ends + 2400 : ends + 2720].astype("<i2").tobytes())
        walls_db = 10 * math.log10((0.2 / 0.057) ** 2 * 0.3 / 40)
        assert after == pytest.approx(before + walls_db - 32.0, abs=2.0), "60 dB in 300 ms, so 32 in 160"
        assert not sound[ends + UP.rate_hz // 2 :].any()

    def test_a_loud_sound_is_clipped_softly_and_a_soft_one_is_not(self) -> None:
        def third_harmonic_db(amplitude: float) -> float:
            at_s = np.arange(DOWN.rate_hz) / DOWN.rate_hz
            pcm = (amplitude * 32767 * np.sin(math.tau * 1000 * at_s)).astype("<i2").tobytes()
            room = Room(rt60_s=0.0, echo_db=0.0, distortion=2.0)
            power = np.abs(np.fft.rfft(heard(room, pcm, 1.0)[4800:12800])) ** 2
            return 10 * math.log10(power[1500] / power[500])

        assert third_harmonic_db(0.9) > -20.0
        assert third_harmonic_db(0.05) < -45.0

    def test_bass_does_not_come_out_of_a_small_loudspeaker(self) -> None:
        levels = [np.abs(heard(bare(), tones(1.0, hz=(hz,), rate_hz=24_000).astype("<i2").tobytes(), 1.0)[4800:]).max()
                  for hz in (60.0, 1000.0)]  # fmt: skip
        assert levels[0] < 0.1 * levels[1]


class TestTime:
    @given(st.floats(0.002, LONGEST_DELAY_S))
    @settings(max_examples=10, deadline=None)
    def test_the_delay_is_exact(self, delay_s: float) -> None:
        delay_s = round(delay_s * UP.rate_hz) / UP.rate_hz
        click = bytes(480) + b"\x00\x70" + bytes(478)
        assert int(np.argmax(heard(bare(delay_s), click, 1.2))) == round((0.01 + delay_s) * UP.rate_hz)

    def test_a_jump_of_the_delay_is_heard_from_then_on(self) -> None:
        room, pcm = bare(0.05), noise(1.0)
        early = heard(room, pcm, 0.5)
        room = bare(0.05)
        assert np.array_equal(heard(room, pcm, 0.5), early)
        room.delay_s = 0.07
        later = heard(bare(0.07), pcm, 0.5)
        assert lag(later[2000:], early[2000:]) == round(0.02 * UP.rate_hz)

    @pytest.mark.parametrize("drift_ppm", [-300.0, 100.0, 300.0])
    def test_a_slow_microphone_hears_a_tone_too_high_and_takes_longer(self, drift_ppm: float) -> None:
        room = bare(drift_ppm=drift_ppm)
        pcm = tones(10.5, hz=(2000.0,), rate_hz=DOWN.rate_hz).astype("<i2").tobytes()
        sound = heard(room, pcm, 10.0)[UP.rate_hz : 9 * UP.rate_hz]
        phase = np.unwrap(np.angle(np.fft.ifft(np.fft.fft(sound) * np.r_[0.0, np.full(len(sound) // 2 - 1, 2.0),
                                                                          np.zeros(len(sound) // 2)])))  # fmt: skip
        cycles = (phase[-1000] - phase[1000]) / math.tau
        hz = cycles * UP.rate_hz / (len(sound) - 2000)
        assert (hz / 2000.0 - 1.0) * 1e6 == pytest.approx(drift_ppm, abs=5.0)
        assert room.frame_s == pytest.approx(FRAME_S * (1 + drift_ppm * 1e-6))

    def test_a_loudspeaker_that_pauses_leaves_silence_where_it_paused(self) -> None:
        room, click = bare(0.01), (np.ones(480) * 8000).astype("<i2").tobytes()
        room.play(click, STARTED_S)
        room.play(click, STARTED_S + 0.5)
        sound = np.concatenate([samples(room.hear(STARTED_S + FRAME_S * (1 + number))) for number in range(40)])
        begins = [int(np.flatnonzero(np.abs(part) > 4000)[0]) for part in (sound[:8000], sound[8000:])]
        assert begins[1] == begins[0]


class TestTheStream:
    @given(st.integers(0, 2**31), st.sampled_from([0.0, 0.2, 0.4]))
    @settings(max_examples=8, deadline=None)
    def test_it_equals_a_convolution_of_the_whole(self, seed: int, rt60_s: float) -> None:
        """The walls are linear: what is heard with them is what is heard without them, convolved."""
        pcm = noise(0.6)
        dry = heard(bare(0.02), pcm, 1.0)
        wet = heard(Room(seed, rt60_s=rt60_s, echo_db=0.0, delay_s=0.02, distortion=0.0), pcm, 1.0)
        size = 2 * len(dry)
        response = np.fft.rfft(impulse_response(rt60_s, seed), size)
        whole = np.fft.irfft(np.fft.rfft(dry, size) * response, size)[: len(dry)]
        assert wet == pytest.approx(whole, abs=8.0), "roundings of the dry one, summed by the walls"

    def test_the_pieces_may_have_any_length(self) -> None:
        pcm = noise(1.0)
        room, other = Room(), Room()
        expected = heard(room, pcm, 1.0)
        for at in range(0, 24_000, 240):
            other.play(pcm[2 * at : 2 * at + 480], STARTED_S + at / DOWN.rate_hz)
        found = b"".join(other.hear(STARTED_S + FRAME_S * (1 + number)) for number in range(50))
        assert np.array_equal(samples(found), expected)

    def test_it_goes_on_for_minutes_and_begins_anywhere(self) -> None:
        room, pcm = bare(0.02), noise(1.0)
        for begun_s in (0.0, 86_400.0):
            for second in range(60):
                room.play(pcm, begun_s + second)
                frames = [room.hear(begun_s + second + FRAME_S * (1 + number)) for number in range(50)]
                assert level_dbfs(b"".join(frames)) == pytest.approx(level_dbfs(pcm) - 2.4, abs=0.5)


class TestImpulseResponse:
    def test_it_has_an_energy_of_one_and_falls_by_60_db(self) -> None:
        for rt60_s in (0.2, 0.6):
            response = impulse_response(rt60_s, 3, 1.0)
            assert float(response @ response) == pytest.approx(1.0)
            edge = len(response) // 10
            begun, ended = (float(np.mean(part**2)) for part in (response[40 : 40 + edge], response[-edge:]))
            assert 10 * math.log10(begun / ended) == pytest.approx(54.0, abs=3.0)

    def test_without_a_room_there_is_the_direct_sound_alone(self) -> None:
        assert np.flatnonzero(impulse_response(0.0, 3)).tolist() == [0]

    @given(st.floats(0.05, 3.0), st.sampled_from([0.2, 0.6]))
    @settings(max_examples=10, deadline=None)
    def test_the_farther_away_the_less_of_it_comes_straight(self, distance_m: float, rt60_s: float) -> None:
        near, far = impulse_response(rt60_s, 3, distance_m), impulse_response(rt60_s, 3, 2.0 * distance_m)
        walls = [float(one[1:] @ one[1:]) / one[0] ** 2 for one in (near, far)]
        assert walls[1] == pytest.approx(4.0 * walls[0])

    def test_no_two_seeds_are_alike(self) -> None:
        assert not np.allclose(impulse_response(0.3, 1), impulse_response(0.3, 2))
