"""What somebody says in a scenario, as sound: recorded, read from a file, or spoken by espeak-ng."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final, TypeAlias

from hardware.pcm import UP

from .scenario import Scenario
from .steps import Play, Question, Say, Step
from .voices import audio_of, lowered, question, read_wav

Utterances: TypeAlias = Mapping[int, bytes]
"""What is said in each step in which somebody speaks, by its index: 16 kHz s16le mono."""

INSTALL: Final = "sudo apt install --no-install-recommends espeak-ng"
_WITHIN_S: Final = 60.0


class Unspeakable(Exception):
    """It cannot be said. The text is the end of a sentence that begins with what was to be said."""


def utterances(scenario: Scenario, folder: Path) -> tuple[Utterances, Mapping[int, str]]:
    """Return what is said in each step, and why in others nothing can be.

    Args:
        scenario: Whose steps.
        folder: Where the paths of WAV files begin.
    """
    said: dict[int, bytes] = {}
    faults: dict[int, str] = {}
    for index, step in enumerate(scenario.steps):
        try:
            sound = _sound(step, folder)
        except Unspeakable as why:
            faults[index] = str(why)
        else:
            if sound is not None:
                said[index] = sound
    return said, faults


def _sound(step: Step, folder: Path) -> bytes | None:
    """Return what is said in a step; None if nothing is.

    Raises:
        Unspeakable: It cannot be said.
    """
    match step:
        case Question(question=number, for_s=for_s):
            return question(number) if for_s is None else question(number)[: UP.bytes_in(for_s)]
        case Say(say="", for_s=for_s):
            if for_s is None:
                raise Unspeakable("without words it needs a length, such as for_s = 3.0")
            return recorded(for_s)
        case Say(say=text, for_s=for_s, voice=voice):
            return spoken(text, voice) if for_s is None else spoken(text, voice)[: UP.bytes_in(for_s)]
        case Play(wav=name):
            return heard(folder / name)
        case _:
            return None


def recorded(for_s: float) -> bytes:
    """Return the recorded questions, one after the other for as long as it takes."""
    both = question(2) + question(1)
    size = UP.bytes_in(for_s)
    return (both * (size // len(both) + 1))[:size]


@cache
def spoken(text: str, voice: str) -> bytes:
    """Have espeak-ng say `text`.

    Raises:
        Unspeakable: It is not installed, or does not know the voice.
    """
    program = shutil.which("espeak-ng")
    if program is None:
        raise Unspeakable(f"espeak-ng speaks it, and is not installed; {INSTALL}")
    done = subprocess.run(  # noqa: S603 - no shell, and the text comes on standard input
        [program, "-v", voice, "--stdin", "--stdout"],
        input=text.encode(),
        capture_output=True,
        timeout=_WITHIN_S,
        check=False,
    )
    if done.returncode != 0 or not done.stdout:
        why = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise Unspeakable(f"espeak-ng does not speak it ({why}); `espeak-ng --voices` lists the voices")
    return lowered(*audio_of(done.stdout))


def heard(path: Path) -> bytes:
    """Return the sound of a WAV file.

    Raises:
        Unspeakable: It is not there, or is something else.
    """
    remedy = f"ffmpeg -i {path.name} -ar 16000 -ac 1 -sample_fmt s16 other.wav"
    try:
        sound, rate_hz = audio_of(path.read_bytes())
    except OSError as error:
        raise Unspeakable(
            f"{path} cannot be read ({error.strerror}); a path begins at the scenario's folder"
        ) from error
    except ValueError as error:
        raise Unspeakable(f"{error}; make one with: {remedy}") from error
    if rate_hz != UP.rate_hz:
        raise Unspeakable(f"it has {rate_hz} Hz, not {UP.rate_hz}; make one with: {remedy}")
    return sound


def heard_answer(path: Path) -> str:
    """Return why the service cannot answer with a WAV file; empty if it can."""
    try:
        read_wav(path.read_bytes())
    except OSError as error:
        return f"{path} cannot be read ({error.strerror}); a path begins at the scenario's folder"
    except ValueError as error:
        return f"{error}; make one with: ffmpeg -i {path.name} -ar 24000 -ac 1 -sample_fmt s16 other.wav"
    return ""
