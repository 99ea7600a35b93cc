"""What a `Board` promises, and what a story can do with the simulated one and see of it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from io import BytesIO
from itertools import pairwise

import numpy as np
import pytest

from hardware.board import open_board
from hardware.grey_jpeg import grey_jpeg
from hardware.interfaces import Board, DeviceLost, DeviceMissing
from hardware.pcm import DOWN, FRAME_S, UP, mixed, samples
from hardware.settings import (
    BoardSettings,
    ButtonSettings,
    CameraSettings,
    LedSettings,
    MicrophoneSettings,
    SpeakerSettings,
)
from hardware.simulated import SimulatedBoard
from hardware.simulated_ring import OFF
from hardware.simulated_room import Room
from tests.support.known_sound import known_sound, trimmed
from tests.support.virtual_time import START_S, run

SIMULATED = BoardSettings(
    MicrophoneSettings(driver="simulated"),
    SpeakerSettings(driver="simulated"),
    ButtonSettings(driver="simulated"),
    LedSettings(driver="simulated", count=5),
    CameraSettings(driver="simulated"),
)
WITHOUT_EXTRAS = BoardSettings(
    MicrophoneSettings(driver="simulated"),
    SpeakerSettings(driver="simulated"),
    ButtonSettings(driver="none"),
    LedSettings(driver="none", count=5),
    CameraSettings(driver="none"),
)
RED = (255, 0, 0)


# --- every board ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("settings", [SIMULATED, WITHOUT_EXTRAS], ids=["simulated", "without extras"])
def test_the_parts_open_and_open_again_after_being_closed(settings: BoardSettings) -> None:
    async def story() -> None:
        board = open_board(settings)
        for _ in range(2):
            microphone, speaker = await board.microphone(), await board.speaker()
            button, ring = await board.button(), await board.leds()
            assert len((await microphone.read()).pcm) == UP.frame_bytes
            assert await speaker.write(DOWN.silence) > START_S
            ring.show([RED] * ring.count)
            with pytest.raises(ValueError, match=f"pixels for a ring of {ring.count}"):
                ring.show([RED] * (ring.count + 1))
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(button.edge(), 60)
            for part in (microphone, speaker, button):
                await part.close()
                await part.close()
            ring.close()
            ring.close()

    run(story())


def test_a_camera_that_the_device_does_not_have_is_missing() -> None:
    async def story() -> None:
        with pytest.raises(DeviceMissing, match=r'camera\.driver = "none"'):
            await open_board(WITHOUT_EXTRAS).camera()

    run(story())


def test_an_all_simulated_configuration_gives_the_board_with_hands_and_eyes() -> None:
    board = open_board(SIMULATED)
    assert isinstance(board, SimulatedBoard)
    assert board.ring.count == 5


def test_a_driver_is_imported_when_its_part_is_opened_and_not_before() -> None:
    drivers = ("pyaudio", "gpiozero", "spidev", "picamera2", "hardware.simulated", "hardware.pyaudio_host")
    script = f"""
import sys
from hardware.board import open_board
from hardware.settings import BoardSettings
open_board(BoardSettings())
assert not {{*{drivers!r}}} & {{*sys.modules}}, sys.modules.keys()
"""

    async def story() -> int:
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", script)
        return await process.wait()

    assert asyncio.run(story()) == 0


PARTS: dict[str, Callable[[Board], Awaitable[object]]] = {
    "microphone": lambda board: board.microphone(),
    "speaker": lambda board: board.speaker(),
    "button": lambda board: board.button(),
    "leds": lambda board: board.leds(),
    "camera": lambda board: board.camera(),
}


@pytest.mark.parametrize("part", PARTS)
def test_a_part_can_be_missing_and_come(part: str) -> None:
    async def story() -> None:
        board = SimulatedBoard()
        board.missing.add(part)  # type: ignore[arg-type]  # the parameters are the five parts
        with pytest.raises(DeviceMissing, match=f"{part}: not there"):
            await PARTS[part](board)
        for other in PARTS.keys() - {part}:
            await PARTS[other](board)
        board.missing.clear()
        await PARTS[part](board)
        await board.mic.close()
        await board.loudspeaker.close()

    run(story())


def test_a_sound_card_has_one_user() -> None:
    async def story() -> None:
        board = SimulatedBoard()
        microphone, speaker = await board.microphone(), await board.speaker()
        with pytest.raises(DeviceMissing, match="microphone: busy"):
            await board.microphone()
        with pytest.raises(DeviceMissing, match="speaker: busy"):
            await board.speaker()
        await microphone.close()
        await speaker.close()

    run(story())


# --- the simulated microphone --------------------------------------------------------------------------


def test_what_is_said_is_heard_at_its_very_time_over_the_room_and_other_voices() -> None:
    tone, one, other = known_sound(UP, 0.0125), known_sound(UP, 0.05, seed=3), known_sound(UP, 0.03, seed=5)

    async def story() -> bytes:
        board = SimulatedBoard()
        board.mic.room_tone = tone
        microphone = await board.microphone()
        board.mic.say(one, at_s=START_S + 0.0175)
        board.mic.say(other, at_s=START_S + 0.0275)
        pcm = b"".join([(await microphone.read()).pcm for _ in range(5)])
        await microphone.close()
        assert b"".join(frame for _, frame in board.mic.captured) == pcm
        return pcm

    expected = tone * 8
    assert (START_S * UP.rate_hz) % 200 == 0  # so the tone of 200 samples begins with the first frame
    for sound, start_s in ((one, 0.0175), (other, 0.0275)):
        lead = UP.bytes_in(start_s)
        expected = mixed(expected, bytes(lead) + sound + bytes(len(expected) - lead - len(sound)))
    assert run(story()) == expected


def test_frames_come_at_absolute_times_for_half_an_hour() -> None:
    async def story() -> tuple[float, float]:
        board = SimulatedBoard(log_audio=False)
        microphone = await board.microphone()
        for _ in range(1800 * 50):
            frame = await microphone.read()
        await microphone.close()
        assert board.mic.captured == []
        return frame.captured_s, asyncio.get_running_loop().time()

    captured_s, now_s = run(story())
    assert captured_s == pytest.approx(START_S + 1800, abs=1e-9)
    assert now_s == pytest.approx(captured_s, abs=1e-9)


def test_an_overflow_loses_frames_and_the_next_one_says_so() -> None:
    async def story() -> list[tuple[int, float]]:
        board = SimulatedBoard()
        microphone = await board.microphone()
        frames = [await microphone.read()]
        board.mic.overflow(3)
        frames += [await microphone.read() for _ in range(2)]
        await microphone.close()
        return [(frame.lost_frames, round(frame.captured_s - START_S, 6)) for frame in frames]

    assert run(story()) == [(0, 0.02), (3, 0.1), (0, 0.12)]


def test_unmuting_in_the_middle_of_a_frame_lets_none_of_it_out() -> None:
    async def story() -> list[bool]:
        board = SimulatedBoard()
        microphone = await board.microphone()
        board.mic.say(known_sound(UP, 1.0))
        microphone.muted = True
        await asyncio.sleep(0.05)
        microphone.muted = False
        heard = [any((await microphone.read()).pcm) for _ in range(5)]
        await microphone.close()
        return heard

    assert run(story()) == [False, False, False, True, True]


def test_a_microphone_that_is_opened_again_is_not_muted_and_has_no_old_frames() -> None:
    async def story() -> tuple[bool, float]:
        board = SimulatedBoard()
        microphone = await board.microphone()
        microphone.muted = True
        await asyncio.sleep(0.3)
        board.mic.lose()
        with pytest.raises(DeviceMissing, match="microphone: not there"):
            await board.microphone()
        await microphone.close()
        with pytest.raises(DeviceMissing, match="microphone: not there"):
            await board.microphone()
        board.mic.restore()
        opened_s = asyncio.get_running_loop().time()
        microphone = await board.microphone()
        frame = await microphone.read()
        muted = microphone.muted
        await microphone.close()
        return muted, frame.captured_s - opened_s

    muted, first_s = run(story())
    assert not muted
    assert first_s == pytest.approx(FRAME_S)


# --- the simulated speaker -----------------------------------------------------------------------------


def test_what_sounded_can_be_heard_again_from_any_time_to_any_time() -> None:
    sound = known_sound(DOWN, 0.06)

    async def story() -> tuple[SimulatedBoard, list[float]]:
        board = SimulatedBoard()
        speaker = await board.speaker()
        await asyncio.sleep(0.5)
        starts_s = [await speaker.write(sound[start : start + 960]) for start in range(0, len(sound), 960)]
        await asyncio.sleep(0.5)
        await speaker.close()
        return board, starts_s

    board, starts_s = run(story())
    ear = board.loudspeaker
    assert [sounded_s for sounded_s, _ in ear.played] == pytest.approx(starts_s)
    assert [later - earlier for earlier, later in pairwise(starts_s)] == pytest.approx([FRAME_S] * 2)
    assert trimmed(ear.heard(START_S, START_S + 1)) == sound
    assert ear.heard(starts_s[0], starts_s[0] + 0.06) == sound
    assert ear.heard(starts_s[0] + 0.01, starts_s[0] + 0.03) == sound[480:1440]
    assert ear.heard(starts_s[0] - 0.01, starts_s[0] + 0.01) == bytes(480) + sound[:480]
    assert ear.heard(starts_s[2] + 0.01, starts_s[2] + 0.03) == sound[-480:] + bytes(480)


def test_a_speaker_that_runs_dry_counts_it_until_it_is_opened_again() -> None:
    async def story() -> list[int]:
        board = SimulatedBoard()
        speaker = await board.speaker()
        board.loudspeaker.xrun()
        counts = [speaker.xruns]
        await speaker.close()
        speaker = await board.speaker()
        counts.append(speaker.xruns)
        await speaker.close()
        return counts

    assert run(story()) == [1, 0]


# --- the room ------------------------------------------------------------------------------------------


def test_in_a_room_the_microphone_hears_the_loudspeaker_when_it_sounds_and_whoever_speaks() -> None:
    click = bytes(480) + b"\x00\x70" + bytes(478)
    voice = known_sound(UP, 0.1)

    async def story() -> tuple[SimulatedBoard, float]:
        board = SimulatedBoard(room=Room(rt60_s=0.0, echo_db=0.0, distortion=0.0, delay_s=0.03))
        microphone, speaker = await board.microphone(), await board.speaker()
        await asyncio.sleep(0.333)
        starts_s = await speaker.write(click)
        board.mic.say(voice, at_s=START_S + 0.8)
        for _ in range(50):
            await microphone.read()
        await microphone.close()
        await speaker.close()
        return board, starts_s

    board, starts_s = run(story())
    sound = samples(b"".join(pcm for _, pcm in board.mic.captured))
    assert int(np.argmax(sound[:8000])) == round((starts_s - START_S + 0.01 + 0.03) * UP.rate_hz)
    assert sound[12_800:14_400].tobytes() == voice
    assert not sound[14_400:].any()


def test_a_speaker_that_was_closed_and_opened_again_is_heard_again() -> None:
    async def story() -> SimulatedBoard:
        board = SimulatedBoard(room=Room())
        microphone = await board.microphone()
        for _ in range(2):
            speaker = await board.speaker()
            await speaker.write(known_sound(DOWN, FRAME_S))
            await asyncio.sleep(1.0)
            await speaker.close()
            await asyncio.sleep(7.0)
        await microphone.close()
        return board

    heard = [any(pcm) for _, pcm in run(story()).mic.captured]
    onsets = [number for number in range(1, len(heard)) if heard[number] and not heard[number - 1]]
    assert len(onsets) == 2
    assert (onsets[1] - onsets[0]) * FRAME_S == pytest.approx(8.0)


def test_a_microphone_with_a_slow_clock_takes_longer_for_its_frames() -> None:
    async def story() -> float:
        board = SimulatedBoard(log_audio=False, room=Room(drift_ppm=200.0))
        microphone = await board.microphone()
        for _ in range(500):
            frame = await microphone.read()
        await microphone.close()
        return frame.captured_s

    assert run(story()) == pytest.approx(START_S + 10.002)


# --- the simulated button, ring and camera -------------------------------------------------------------


def test_a_bouncing_button_gives_one_edge_each_way() -> None:
    async def story() -> list[tuple[bool, float]]:
        board = SimulatedBoard()
        button = await board.button()
        for hand in (board.push_button.press, board.push_button.release):
            hand()
            board.push_button.bounce(times=4, apart_s=0.002)
            await asyncio.sleep(0.5)
        edges = [await button.edge() for _ in range(2)]
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(button.edge(), 5.0)
        await button.close()
        return [(edge.pressed, edge.at_s) for edge in edges]

    edges = run(story())
    assert [pressed for pressed, _ in edges] == [True, False]
    assert [at_s for _, at_s in edges] == pytest.approx([START_S, START_S + 0.5])


def test_a_press_in_the_very_moment_in_which_debouncing_ends_is_not_lost() -> None:
    async def story() -> list[bool]:
        board = SimulatedBoard()
        button, loop = await board.button(), asyncio.get_running_loop()
        board.push_button.press()
        await asyncio.sleep(0.1)
        board.push_button.release()
        loop.call_at(loop.time() + 0.03, board.push_button.press)
        edges = [(await button.edge()).pressed for _ in range(3)]
        await button.close()
        return edges

    assert run(story()) == [True, False, True]


def test_a_button_that_is_held_when_it_is_opened_says_so() -> None:
    async def story() -> bool:
        board = SimulatedBoard()
        await board.push_button.close()
        board.push_button.press()
        button = await board.button()
        edge = await button.edge()
        await button.close()
        return edge.pressed

    assert run(story()) is True


def test_a_lost_button_and_a_lost_ring_say_so_and_come_back() -> None:
    async def story() -> None:
        board = SimulatedBoard()
        button, ring = await board.button(), await board.leds()
        board.push_button.lose()
        board.ring.lose()
        with pytest.raises(DeviceLost, match="button: gone"):
            await button.edge()
        with pytest.raises(DeviceLost, match="LED ring: gone"):
            ring.show([RED] * 12)
        for part in ("button", "leds"):
            with pytest.raises(DeviceMissing):
                await PARTS[part](board)
        board.push_button.restore()
        board.ring.restore()
        with pytest.raises(DeviceLost):
            ring.show([RED] * 12)
        button, ring = await board.button(), await board.leds()
        board.push_button.press()
        assert (await button.edge()).pressed
        ring.show([RED] * 12)
        await button.close()

    run(story())


def test_the_ring_remembers_its_changes_and_is_dark_when_closed() -> None:
    async def story() -> list[tuple[float, tuple[tuple[int, int, int], ...]]]:
        board = SimulatedBoard(BoardSettings(leds=LedSettings(count=2)))
        ring = await board.leds()
        for pixels in ([OFF, OFF], [RED, OFF], [RED, OFF], [RED, RED]):
            await asyncio.sleep(1.0)
            ring.show(pixels)
        await asyncio.sleep(1.0)
        ring.close()
        assert board.ring.pixels == (OFF, OFF)
        return board.ring.shown

    assert run(story()) == [
        (START_S + 2, (RED, OFF)),
        (START_S + 4, (RED, RED)),
        (START_S + 5, (OFF, OFF)),
    ]


def test_the_camera_sleeps_wakes_takes_its_pictures_in_turn_and_can_be_lost() -> None:
    async def story() -> None:
        board = SimulatedBoard()
        camera, loop = await board.camera(), asyncio.get_running_loop()
        assert not board.eye.awake
        taken = [await camera.capture() for _ in range(2)]
        assert board.eye.awake
        assert [picture.captured_s - START_S for picture in taken] == pytest.approx([0.8, 0.9])
        assert taken[0].jpeg != taken[1].jpeg
        losing = asyncio.ensure_future(camera.capture())
        await asyncio.sleep(0.05)
        board.eye.lose()
        with pytest.raises(DeviceLost, match="camera"):
            await losing
        assert not board.eye.awake
        with pytest.raises(DeviceLost, match="camera"):
            await camera.capture()
        board.eye.restore()
        asked_s = loop.time()
        assert (await camera.capture()).captured_s > asked_s
        assert board.eye.taken == 3
        await camera.close()
        assert not board.eye.awake

    run(story())


@pytest.mark.parametrize(("width_px", "height_px"), [(64, 48), (768, 576), (13, 7)])
@pytest.mark.parametrize("level", [0, 1, 64, 127, 128, 129, 200, 254, 255])
def test_simulated_pictures_are_real_jpegs(width_px: int, height_px: int, level: int) -> None:
    image = pytest.importorskip("PIL.Image", reason="decodes JPEG; comes with matplotlib")
    with image.open(BytesIO(grey_jpeg(width_px, height_px, level))) as picture:
        assert (picture.format, picture.size) == ("JPEG", (width_px, height_px))
        assert picture.getextrema() == (level, level)
