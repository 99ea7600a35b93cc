"""What calibration makes of a known room, and what is said about it."""

from __future__ import annotations

import asyncio
import stat
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import pytest
from numpy.typing import NDArray

from daemon.audio.calibration import BURSTS, FLOOR_S, GAP_S, Echo, Recorded, Room, room, voice_dbfs
from daemon.audio.echo_advice import Advice, Calibration, advice
from daemon.calibrate import measured, text
from daemon.calibration_file import load, save
from daemon.rehearsal.voices import question
from hardware.interfaces import DeviceLost, Frame, HardwareError
from hardware.pcm import DOWN, FRAME_S, UP, gain_of_db, level_dbfs, scaled
from hardware.played import Piece
from hardware.simulated import SimulatedBoard
from hardware.simulated_room import Room as SimulatedRoom
from tests.support import virtual_time

BEGUN_S: Final = 1000.0
CARD_S: Final = 0.040
"""From handing over to sounding, as the driver says."""


@dataclass(frozen=True, slots=True)
class Case:
    """A room, and a pair of devices in it."""

    delay_s: float = 0.030
    """Beyond what the drivers say."""
    coupling_db: float | None = -20.0
    """None: nothing is heard."""
    noise_dbfs: float = -70.0
    volume_db: float = -6.0
    drift_ppm: float = 0.0
    decay_s: float = 0.0
    """From the loudspeaker's end until the echo is 60 dB lower."""
    limit: float = 1.0
    """The loudspeaker gives no more than this."""
    jitter_s: float = 0.0
    """How much too late the drivers' times may be."""
    lost_frames: tuple[int, ...] = ()

    def recorded(self) -> Recorded:
        """Play the bursts in it."""
        gain = gain_of_db(self.volume_db)
        silence = bytes(DOWN.bytes_in(GAP_S))
        played = bytes(DOWN.bytes_in(FLOOR_S + 0.5))
        handed_s = []
        for burst in BURSTS:
            handed_s.append(BEGUN_S + DOWN.seconds(len(played)) - CARD_S)
            played += scaled(burst.pcm(), gain) + silence
        dice = np.random.default_rng(4)
        size = DOWN.frame_bytes // 2
        pieces = [
            Piece(played[at : at + size], BEGUN_S + DOWN.seconds(at) + dice.uniform(0.0, self.jitter_s))
            for at in range(0, len(played), size)
        ]
        return Recorded(pieces, self._frames(np.frombuffer(played, "<i2") / 32768.0, dice), handed_s)

    def _frames(self, played: NDArray[np.float64], dice: np.random.Generator) -> list[Frame]:
        count = round(len(played) * UP.rate_hz / DOWN.rate_hz) // UP.frame_samples * UP.frame_samples
        at_s = np.arange(count) / (UP.rate_hz * (1.0 + self.drift_ppm * 1e-6))
        # Between samples by a cubic of four: at 24 kHz and below 7 kHz that is exact enough to know 0.1 dB.
        heard = np.zeros(count)
        if self.coupling_db is not None:
            spectrum = np.fft.rfft(np.clip(played, -self.limit, self.limit))
            fine = np.fft.irfft(spectrum, 4 * len(played)) * 4
            heard = np.interp(at_s - self.delay_s, np.arange(len(fine)) / (4 * DOWN.rate_hz), fine, left=0.0)
            heard = self._reverberant(heard, dice) * gain_of_db(self.coupling_db)
        heard += dice.normal(0.0, gain_of_db(self.noise_dbfs), count)
        pcm = np.clip(np.rint(heard * 32768), -32768, 32767).astype("<i2").reshape(-1, UP.frame_samples)
        frames: list[Frame] = []
        lost = 0
        for number, frame in enumerate(pcm):
            captured_s = BEGUN_S + at_s[number * UP.frame_samples] + FRAME_S + dice.uniform(0.0, self.jitter_s)
            if number in self.lost_frames:
                lost += 1
                continue
            frames.append(Frame(frame.tobytes(), float(captured_s), lost))
            lost = 0
        return frames

    def _reverberant(self, heard: NDArray[np.float64], dice: np.random.Generator) -> NDArray[np.float64]:
        """Let it decay; as much sounds late as directly."""
        if not self.decay_s:
            return heard
        count = round(self.decay_s * UP.rate_hz)
        late = dice.normal(0.0, 1.0, count) * 10.0 ** (-3.0 * np.arange(count) / count)
        late *= 1.0 / np.sqrt(np.sum(late**2))
        late[0] += 1.0
        size = 1 << (len(heard) + count).bit_length()
        both: NDArray[np.float64] = np.fft.irfft(np.fft.rfft(heard, size) * np.fft.rfft(late, size))[: len(heard)]
        both *= np.sqrt(0.5)
        return both


def echo_of(case: Case) -> Echo:
    echo = room(case.recorded()).echo
    assert echo is not None
    return echo


# --- what is measured ----------------------------------------------------------------------------------


@pytest.mark.parametrize("delay_s", [-0.010, 0.0, 0.0123, 0.030, 0.2, 0.45])
def test_the_delay_is_found_to_the_half_millisecond(delay_s: float) -> None:
    echo = echo_of(Case(delay_s=delay_s))
    assert echo.found == len(BURSTS)
    assert echo.beyond_ms == pytest.approx(delay_s * 1000, abs=0.5)
    assert echo.delay_ms == pytest.approx((delay_s + CARD_S) * 1000, abs=0.7)
    assert echo.delay_spread_ms < 0.5


def test_times_that_the_drivers_tell_too_late_by_up_to_10_ms_are_averaged() -> None:
    """Both are 5 ms late on average, so between them nothing is."""
    echo = echo_of(Case(jitter_s=0.010))
    assert echo.beyond_ms == pytest.approx(30.0, abs=1.5)
    assert echo.beyond_spread_ms < 3.0


@pytest.mark.parametrize("coupling_db", [-40.0, -20.0, 0.0])
@pytest.mark.parametrize("volume_db", [-20.0, 0.0])
def test_the_coupling_is_what_comes_back_of_what_was_played_after_the_volume(
    coupling_db: float, volume_db: float
) -> None:
    measured = room(Case(coupling_db=coupling_db, volume_db=volume_db, noise_dbfs=-85.0).recorded())
    assert measured.played_dbfs == pytest.approx(-26.0 + volume_db, abs=0.2)
    assert measured.echo is not None
    assert measured.echo.coupling_db == pytest.approx(coupling_db, abs=0.5 if volume_db + coupling_db > -50.0 else 2.0)
    assert measured.echo.level_dbfs == pytest.approx(-26.0 + volume_db + coupling_db, abs=2.0)


@pytest.mark.parametrize("noise_dbfs", [-80.0, -60.0, -50.0])
def test_the_rooms_noise_is_measured_and_taken_out_of_the_echo(noise_dbfs: float) -> None:
    measured = room(Case(noise_dbfs=noise_dbfs).recorded())
    assert measured.floor_dbfs == pytest.approx(noise_dbfs, abs=0.5)
    assert measured.echo is not None
    assert not measured.echo.masked
    assert measured.echo.level_dbfs == pytest.approx(-52.0, abs=0.7)


def test_an_echo_15_db_below_the_rooms_noise_is_found_and_called_masked() -> None:
    measured = room(Case(noise_dbfs=-37.0).recorded())
    assert measured.echo is not None
    assert measured.echo.masked
    assert measured.echo.compression_db is None
    assert measured.echo.beyond_ms == pytest.approx(30.0, abs=0.5)
    assert measured.echo.coupling_db >= -20.0  # at most so much, and said to be no more than that


@pytest.mark.parametrize("drift_ppm", [-100.0, 0.0, 100.0])
def test_clocks_that_drift_apart_are_noticed_and_do_no_harm(drift_ppm: float) -> None:
    echo = echo_of(Case(drift_ppm=drift_ppm))
    assert echo.drift_ppm == pytest.approx(drift_ppm, abs=12.0)
    assert echo.found == len(BURSTS)
    assert echo.beyond_ms == pytest.approx(30.0, abs=0.5)
    assert echo.coupling_db == pytest.approx(-20.0, abs=0.5)


def test_the_tail_is_as_long_as_the_echo_is_above_the_noise() -> None:
    """60 dB in 0.4 s; half of -52 dBFS is late, so it reaches the noise of -70 dBFS after 15 dB: 0.1 s."""
    dry, wet = echo_of(Case()), echo_of(Case(decay_s=0.4))
    assert dry.tail_ms <= 10
    assert 70 <= wet.tail_ms <= 150
    assert wet.beyond_ms == pytest.approx(30.0, abs=0.5)


def test_a_loudspeaker_that_gives_no_more_is_noticed() -> None:
    assert echo_of(Case(volume_db=0.0)).compression_db == pytest.approx(0.0, abs=0.2)
    compressed = echo_of(Case(volume_db=0.0, limit=0.1)).compression_db
    assert compressed is not None
    assert compressed > 3.0


def test_a_microphone_at_its_limit_is_noticed() -> None:
    assert echo_of(Case()).clipped_percent == 0.0
    assert echo_of(Case(volume_db=0.0, coupling_db=20.0)).clipped_percent > 5.0


def test_frames_that_the_microphone_lost_cost_one_burst_and_not_the_place_of_the_others() -> None:
    lost = tuple(range(120, 128))
    echo = echo_of(Case(lost_frames=lost))
    assert echo.beyond_ms == pytest.approx(30.0, abs=0.5)
    assert echo.beyond_spread_ms < 1.0
    assert abs(echo.drift_ppm) < 12


@pytest.mark.parametrize("seed_noise_dbfs", [-96.0, -70.0, -30.0])
def test_without_an_echo_the_microphone_does_not_hear_the_loudspeaker(seed_noise_dbfs: float) -> None:
    measured = room(Case(coupling_db=None, noise_dbfs=seed_noise_dbfs).recorded())
    assert measured.echo is None


def test_digital_silence_is_no_echo() -> None:
    recorded = Case(coupling_db=None).recorded()
    silent = [replace(frame, pcm=UP.silence) for frame in recorded.frames]
    measured = room(replace(recorded, frames=silent))
    assert measured == Room(-96.0, measured.played_dbfs, None)


def test_a_recording_that_breaks_off_is_refused() -> None:
    recorded = Case().recorded()
    with pytest.raises(ValueError, match="bursts were played"):
        room(replace(recorded, pieces=recorded.pieces[: len(recorded.pieces) // 2]))
    with pytest.raises(ValueError, match="was not read"):
        room(replace(recorded, frames=recorded.frames[: len(recorded.frames) // 2]))


def test_the_bursts_are_as_loud_as_they_say_and_none_clips() -> None:
    for burst in BURSTS:
        pcm = burst.pcm()
        assert len(pcm) % DOWN.frame_bytes == 0
        assert level_dbfs(pcm) == pytest.approx(burst.level_db, abs=0.1)
        assert np.abs(np.frombuffer(pcm, "<i2").astype(int)).max() < 32767
    assert len({burst.pcm() for burst in BURSTS}) == len(BURSTS)


def frames(level_db: float, count: int, seed: int) -> list[Frame]:
    wave = np.random.default_rng(seed).normal(0.0, gain_of_db(level_db) * 32768, (count, UP.frame_samples))
    return [Frame(np.rint(one).astype("<i2").tobytes(), number * FRAME_S) for number, one in enumerate(wave)]


def test_a_voices_level_is_that_of_its_voiced_frames() -> None:
    assert voice_dbfs(frames(-40.0, 60, 1) + frames(-70.0, 90, 2), -70.0) == pytest.approx(-40.0, abs=0.3)


def test_nobody_spoke_in_noise_alone_or_for_a_click() -> None:
    assert voice_dbfs(frames(-70.0, 150, 1), -70.0) is None
    assert voice_dbfs(frames(-70.0, 150, 1) + frames(-30.0, 3, 2), -70.0) is None


# --- played and heard ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("rt60_s", "delay_s", "drift_ppm"), [(0.3, 0.04, 0.0), (0.6, 0.12, 100.0)])
def test_played_into_a_simulated_room_and_heard_there(rt60_s: float, delay_s: float, drift_ppm: float) -> None:
    """The board's own loudspeaker and microphone; a talker says a sentence when asked."""
    room_tone = np.rint(np.random.default_rng(9).normal(0.0, 2.0, UP.rate_hz)).astype("<i2").tobytes()

    async def story() -> tuple[Room, float | None]:
        there = SimulatedRoom(rt60_s=rt60_s, echo_db=-20.0, delay_s=delay_s, drift_ppm=drift_ppm, distortion=0.0)
        board = SimulatedBoard(room=there, log_audio=False)
        board.mic.room_tone = room_tone
        board.mic.say(question(1), at_s=asyncio.get_running_loop().time() + 12.0)
        return await measured(board, 80, quiet=False)

    heard, voice = virtual_time.run(story())
    assert heard.echo is not None
    assert heard.echo.found == len(BURSTS)
    assert heard.echo.beyond_ms == pytest.approx(delay_s * 1000, abs=1.0)
    assert heard.echo.coupling_db == pytest.approx(-20.0, abs=4.0)  # the simulated loudspeaker has no bass
    assert heard.echo.drift_ppm == pytest.approx(-drift_ppm, abs=15.0)
    assert 50 <= heard.echo.tail_ms <= 1000 * rt60_s
    assert voice is not None
    assert -40.0 < voice < -20.0


def test_a_microphone_that_is_lost_meanwhile_is_told_as_such_and_both_are_closed() -> None:
    async def story() -> SimulatedBoard:
        board = SimulatedBoard(log_audio=False)
        asyncio.get_running_loop().call_later(4.0, board.mic.lose)
        with pytest.raises(DeviceLost, match="microphone"):
            await measured(board, 80, quiet=True)
        return board

    board = virtual_time.run(story())
    assert not board.mic.is_open
    assert not board.loudspeaker.is_open


@pytest.mark.parametrize("how", ["on", "not to be read"])
def test_what_the_mute_switch_shuts_off_no_command_opens(how: str) -> None:
    async def story() -> SimulatedBoard:
        board = SimulatedBoard(log_audio=False)
        if how == "on":
            board.slide.flip(True)
        else:
            board.missing.add("mute_switch")
        with pytest.raises(HardwareError, match="the mute switch"):
            await measured(board, 80, quiet=True)
        return board

    board = virtual_time.run(story())
    assert (board.mic.is_open, board.mic.captured) == (False, [])


# --- what is said about it -----------------------------------------------------------------------------


ECHO: Final = Echo(
    found=8,
    delay_ms=80.0,
    delay_spread_ms=2.0,
    beyond_ms=30.0,
    beyond_spread_ms=1.0,
    level_dbfs=-52.0,
    coupling_db=-20.0,
    masked=False,
    compression_db=0.0,
    clipped_percent=0.0,
    tail_ms=100.0,
    drift_ppm=0.0,
)
CALIBRATION: Final = Calibration(
    room=Room(floor_dbfs=-70.0, played_dbfs=-32.0, echo=ECHO),
    voice_dbfs=-40.0,
    volume_percent=88,
    gain_db=0.0,
    microphone="the microphone",
    speaker="the speaker",
    measured_wall_s=1.8e9,
)


def advised(echo: Echo | None = ECHO, voice: float | None = -40.0) -> Advice:
    return advice(replace(CALIBRATION, room=replace(CALIBRATION.room, echo=echo), voice_dbfs=voice))


@pytest.mark.parametrize(
    ("voice", "word", "barge_in"),
    [
        (-34.0, "well", "voice"),
        (-46.0, "well", "voice"),
        (-50.0, "half a second", "voice"),
        (-57.0, "will not work", "button"),
    ],
)
def test_what_barge_in_can_do_follows_from_how_loud_a_voice_is_beside_the_echo(
    voice: float, word: str, barge_in: str
) -> None:
    """The echo of an answer is 6 dB louder than that of the soft bursts: -46 dBFS."""
    said = advised(voice=voice)
    assert said.voice_to_echo_db == pytest.approx(voice + 46.0)
    assert word in said.sentences[0]
    assert (said.mode, said.barge_in) == ("cancel", barge_in)


def test_a_voice_that_drowns_in_the_echo_is_told_how_much_softer_the_answers_must_be() -> None:
    text = " ".join(advised(voice=-60.0).sentences)
    assert "volume_percent" in text
    assert "4 dB" in text


def test_without_a_voice_a_typical_microphone_is_assumed_and_said_to_be() -> None:
    said = advised(voice=None)
    assert said.voice_to_echo_db == pytest.approx(-60.0 + 46.0)
    assert "not measured" in said.sentences[0]
    assert "assumed" in said.sentences[1]
    assert said.barge_in == "voice"  # nothing is taken away on an assumption


def test_nothing_need_be_done_about_an_echo_that_is_not_there() -> None:
    said = advised(echo=None)
    assert said.mode == "off"
    assert said.hangover_ms == 0
    assert "does not hear the loudspeaker" in said.sentences[0]


def test_a_microphone_that_hears_nothing_at_all_is_not_taken_for_a_good_room() -> None:
    deaf = replace(CALIBRATION, room=Room(-96.0, -32.0, None), voice_dbfs=None)
    said = advice(deaf)
    assert "nothing at all" in said.sentences[0]
    assert said.mode == "cancel"


@pytest.mark.parametrize(("tail_ms", "beyond_ms", "hangover_ms"), [(0, 0, 100), (100, 30, 200), (500, 100, 650)])
def test_the_hangover_is_the_unexplained_delay_and_the_tail_and_a_little(
    tail_ms: float, beyond_ms: float, hangover_ms: int
) -> None:
    assert advised(replace(ECHO, tail_ms=tail_ms, beyond_ms=beyond_ms)).hangover_ms == hangover_ms


@pytest.mark.parametrize(
    ("echo", "word"),
    [
        (replace(ECHO, compression_db=4.0), "distorts"),
        (replace(ECHO, clipped_percent=1.0), "microphone.gain_db"),
        (replace(ECHO, beyond_spread_ms=40.0), "wanders"),
        (replace(ECHO, drift_ppm=250.0), "drift"),
        (replace(ECHO, masked=True), "below the room's noise"),
    ],
)
def test_what_is_wrong_with_the_devices_is_said(echo: Echo, word: str) -> None:
    assert not any(word in sentence for sentence in advised().sentences)
    assert any(word in sentence for sentence in advised(echo).sentences)


def test_the_report_says_every_figure_and_ends_with_what_to_set() -> None:
    report = text(CALIBRATION, advice(CALIBRATION))
    for figure in ("-70.0 dBFS", "-40.0 dBFS", "80.0 ms", "30.0 ms", "-20.0 dB", "100 ms", "8 of 8"):
        assert figure in report
    settings = tomllib.loads(report.partition("For the configuration:")[2])
    assert settings == {"echo": {"mode": "cancel", "hangover_ms": 200}, "turn": {"barge_in": "voice"}}


# --- what is kept --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kept", [CALIBRATION, replace(CALIBRATION, room=Room(-70.0, -32.0, None), voice_dbfs=None)])
def test_what_is_saved_is_loaded_and_for_its_owner_alone(kept: Calibration, tmp_path: Path) -> None:
    save(tmp_path, CALIBRATION)
    save(tmp_path, kept)
    assert load(tmp_path) == kept
    assert [path.name for path in tmp_path.iterdir()] == ["calibration.json"]
    assert stat.S_IMODE((tmp_path / "calibration.json").stat().st_mode) == 0o600


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"version": 2}', '{"version": 1, "room": 3}', "\udcff"])
def test_what_cannot_be_read_is_no_calibration(content: str, tmp_path: Path) -> None:
    assert load(tmp_path) is None
    (tmp_path / "calibration.json").write_bytes(content.encode(errors="surrogateescape"))
    assert load(tmp_path) is None
