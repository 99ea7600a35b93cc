"""Sound in files: a recording that speaks in the place of a person, and one that takes what is played."""

from __future__ import annotations

import asyncio
import wave
from pathlib import Path

import numpy as np
import pytest

from hardware.board import open_board
from hardware.file_microphone import FileMicrophone, load_file_microphone, utterances
from hardware.file_speaker import FileSpeaker
from hardware.interfaces import DeviceMissing
from hardware.pcm import DOWN, UP, level_dbfs
from hardware.settings import BoardSettings, ButtonSettings, MicrophoneSettings
from tests.support import virtual_time
from tests.support.known_sound import known_sound

ONE, OTHER = known_sound(UP, 0.4), known_sound(UP, 0.6)


def silence(seconds: float) -> bytes:
    return bytes(UP.bytes_in(seconds))


def write(path: Path, pcm: bytes, *, rate_hz: int = UP.rate_hz, channels: int = 1, sample_bytes: int = 2) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setparams((channels, sample_bytes, rate_hz, 0, "NONE", ""))
        file.writeframes(pcm)
    return path


def test_a_recording_is_cut_at_its_long_pauses_only() -> None:
    found = utterances(silence(0.5) + ONE + silence(0.8) + OTHER + silence(2.0) + ONE + silence(1.0))
    assert len(found) == 2
    assert ONE + silence(0.8) + OTHER in found[0]
    assert ONE in found[1]


def test_each_prompt_says_the_next_utterance_and_after_the_last_the_first() -> None:
    async def story() -> list[bytes]:
        microphone = FileMicrophone([ONE, OTHER])
        microphone.open()
        await microphone.read()
        heard = []
        for _ in range(3):
            microphone.prompt()
            heard.append(b"".join([(await microphone.read()).pcm for _ in range(40)]))
        await microphone.close()
        return heard

    first, second, third = virtual_time.run(story())
    assert (ONE in first, OTHER in second, ONE in third) == (True, True, True)


def test_a_file_at_another_rate_in_stereo_is_as_long_and_as_loud(tmp_path: Path) -> None:
    tone = (8000 * np.sin(2 * np.pi * 440 * np.arange(44_100) / 44_100)).astype("<i2")
    path = write(tmp_path / "tone.wav", np.repeat(tone, 2).tobytes(), rate_hz=44_100, channels=2)
    microphone = asyncio.run(load_file_microphone(MicrophoneSettings(driver="file", file=str(path))))

    async def story() -> bytes:
        microphone.open()
        microphone.prompt()
        heard = b"".join([(await microphone.read()).pcm for _ in range(60)])
        await microphone.close()
        return heard

    heard = virtual_time.run(story())
    assert level_dbfs(heard[UP.bytes_in(0.2) : UP.bytes_in(0.8)]) == pytest.approx(level_dbfs(tone.tobytes()), abs=0.3)
    assert level_dbfs(heard[UP.bytes_in(1.05) :]) < -60.0


def test_a_file_that_is_no_sound_is_refused_with_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("this is no sound at all")
    (tmp_path / "empty.wav").touch()
    write(tmp_path / "bytes.wav", bytes(100), sample_bytes=1)
    for name, words in (
        ("text.wav", "no WAV file"),
        ("empty.wav", "too short"),
        ("bytes.wav", "8 bits"),
        ("none.wav", "No such file"),
    ):
        with pytest.raises(DeviceMissing, match=words):
            asyncio.run(load_file_microphone(MicrophoneSettings(driver="file", file=str(tmp_path / name))))


def test_the_terminals_button_prompts_and_with_another_one_all_is_said_at_once(tmp_path: Path) -> None:
    path = write(tmp_path / "talk.wav", ONE + silence(2.0) + OTHER)
    microphone = MicrophoneSettings(driver="file", file=str(path))

    async def heard(driver: str) -> bytes:
        board = open_board(BoardSettings(microphone=microphone, button=ButtonSettings(driver)))  # type: ignore[arg-type]  # one of them
        opened = await board.microphone()
        frames = [(await opened.read()).pcm for _ in range(30)]
        await opened.close()
        return b"".join(frames)

    assert not any(asyncio.run(heard("terminal")))
    assert ONE in asyncio.run(heard("none"))


def test_what_is_played_is_a_whole_wav_file_also_after_opening_again(tmp_path: Path) -> None:
    path = tmp_path / "speaker.wav"
    sound = known_sound(DOWN, 0.1)

    async def story() -> None:
        speaker = FileSpeaker(str(path))
        for _ in range(2):
            await speaker.begin()
            for at in range(0, len(sound), DOWN.frame_bytes):
                await speaker.write(sound[at : at + DOWN.frame_bytes])
            await asyncio.sleep(0.08)
            await speaker.close()

    asyncio.run(story())
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (DOWN.rate_hz, 1, 2)
        pcm = file.readframes(file.getnframes())
    assert pcm.count(sound) == 2


def test_a_speaker_that_cannot_be_written_is_missing(tmp_path: Path) -> None:
    with pytest.raises(DeviceMissing, match="cannot be written"):
        asyncio.run(FileSpeaker(str(tmp_path / "nowhere" / "speaker.wav")).begin())
