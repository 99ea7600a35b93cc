"""The device without its parts: `vocative run --board`, and `vocative try`, which needs nothing at all."""

from __future__ import annotations

import importlib.util
import os
import sys
import tempfile
import wave
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Final

from hardware.blocking import in_thread
from hardware.board import chosen_sound_device, front_of, open_board
from hardware.interfaces import DeviceMissing
from hardware.pcm import SAMPLE_BYTES, UP
from hardware.settings import PageSettings
from hardware.shown import Ask, Front, Shown
from hardware.sound_devices import Direction
from hardware.terminal_script import Step, steps

from ..config import Config, default_path
from ..errors import ConfigurationError, ExitStatus
from ..journal import Journal
from ..keys.credentials import api_key
from ..rehearsal import voices
from ..rehearsal.network import Network, network
from ..rehearsal.service_process import service_process
from ..run import conduct, from_file, live, run
from .boards import BoardName, beside, with_board

_PAUSE_S: Final = 2.0
"""Between two questions in the recording that asks: more than the microphone takes for the end of one."""
SERVICE_LIBRARIES: Final = ("trustme", "websockets")


def run_on(
    board: BoardName,
    path: Path | None,
    *,
    microphone: Path | None,
    speaker: Path | None,
    keys: str,
    page: PageSettings,
    journal_file: Path | None,
) -> int:
    """Be the device on the board `board`; return the exit status.

    Args:
        board: Which one.
        path: The configuration; None for a device's own, or where there is none, for all defaults.
        microphone: A WAV file that speaks.
        speaker: A WAV file that takes what is said.
        keys: What is pressed; see `terminal_script`.
        page: How the page is served.
        journal_file: Takes the journal.

    Raises:
        ConfigurationError: Of the configuration, or of what does not go together.
    """
    script = _steps(board, keys, page)
    found = path or (default_path() if default_path().exists() else None)

    def read() -> Config:
        return with_board(
            from_file(found) if found else beside(Config()),
            board,
            microphone=_whole(microphone),
            speaker=_whole(speaker),
            cameras=sys.platform == "linux",
        )

    if found is None and api_key("", os.environ).key is None:
        print(f"Without a key it cannot answer: GEMINI_API_KEY=... vocative run --board {board}, or `vocative try`.")
        sys.stdout.flush()
    status = run(read, keys=script, page=page, journal_file=journal_file)
    if board == "laptop" and status == ExitStatus.HARDWARE_GONE and not (microphone and speaker):
        # Not to standard error: while PortAudio looks for devices, that leads nowhere.
        print("Without a sound card: --microphone talk.wav --speaker answer.wav, or `vocative try`.", flush=True)
    return status


def try_out(
    board: BoardName,
    *,
    microphone: Path | None,
    speaker: Path | None,
    silent: bool,
    keys: str,
    page: PageSettings,
    journal_file: Path | None,
) -> int:
    """Be a device in the terminal, or in a page, that talks to a stand-in service; return the exit status.

    Args:
        board: Which one.
        microphone: A WAV file that speaks; None for the microphone, or where there is none, recorded questions.
        speaker: A WAV file that takes what is said; None for the loudspeaker, if there is one.
        silent: Whether to leave the sound cards alone.
        keys: What is pressed; see `terminal_script`.
        page: How the page is served.
        journal_file: Takes the journal.

    Raises:
        ConfigurationError: The keys are not understood, or something does not go together.
        ModuleNotFoundError: What the service needs is not installed.
    """
    for library in SERVICE_LIBRARIES:
        if importlib.util.find_spec(library) is None:
            raise ModuleNotFoundError(name=library)
    script = _steps(board, keys, page)
    terminal = front_of(open_board(with_board(Config(), board).board()))

    async def life(journal: Journal) -> int:
        async with AsyncExitStack() as stack:
            own = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vocative-")))
            port = await stack.enter_async_context(service_process(own / "ca.pem"))
            between = await stack.enter_async_context(network(port))
            config = await _config(board, own, between.port, _whole(microphone), _whole(speaker), silent=silent)
            parts = open_board(replace(config.board(), page=page), script)
            front = front_of(parts)
            assert front is not None
            return await live(config, parts, journal, read=lambda: config, front=_Networked(front, between))

    return conduct(life, terminal, journal_file)


async def _config(
    board: BoardName, own: Path, port: int, microphone: str | None, speaker: str | None, *, silent: bool
) -> Config:
    """Return how the device is set; `own` is a folder for what it needs."""
    key = own / "key"
    key.touch(mode=0o600)
    key.write_text("any-key-will-do\n")
    config = Config.model_validate(
        {
            "live": {
                "base_url": f"https://127.0.0.1:{port}",
                "ca_file": str(own / "ca.pem"),
                "api_key_file": str(key),
            },
            # No session beside the one that is to be seen.
            "sounds": {"no_network": False, "key_refused": False, "daily_limit": False},
        }
    )
    heard = not silent and speaker is None and (board == "web" or await in_thread(lambda: _there(Direction.PLAYBACK)))
    if microphone is None and (silent or not await in_thread(lambda: _there(Direction.CAPTURE))):
        print("You ask with two recorded questions, one after the other.", flush=True)
        questions = own / "questions.wav"
        _write_questions(questions)
        microphone = str(questions)
    if microphone is not None:
        config = config.model_copy(update={"echo": config.echo.model_copy(update={"mode": "off"})})
    if not heard:
        print(f"What it says {f'goes to {speaker}' if speaker else 'is seen, and not heard'}.", flush=True)
    return with_board(
        beside(config),
        board,
        microphone=microphone,
        speaker=None if heard else speaker or "",
    )


def _there(direction: Direction) -> bool:
    """Return whether there is a sound card, and a sound system that answers."""
    try:
        chosen_sound_device(direction, "")
    except DeviceMissing:
        return False
    return True


def _write_questions(path: Path) -> None:
    pause = bytes(UP.bytes_in(_PAUSE_S))
    with wave.open(str(path), "wb") as file:
        file.setparams((1, SAMPLE_BYTES, UP.rate_hz, 0, "NONE", ""))
        file.writeframes(pause.join(voices.question(number) for number in voices.QUESTION_WORDS))


class _Networked:
    """A `Front` before which the network can be cut."""

    def __init__(self, front: Front, between: Network) -> None:
        self._front: Final = front
        self._between: Final = between
        self._there = True

    @property
    def fills_terminal(self) -> bool:
        """As the one behind."""
        return self._front.fills_terminal

    async def run(self, shown: Callable[[], Shown], ask: Ask) -> None:
        """See `Front.run`."""

        async def asked(words: tuple[str, ...]) -> Mapping[str, object]:
            match words:
                case ("network", "cut"):
                    self._between.cut()
                    self._there = False
                case ("network", "restore"):
                    self._between.restore()
                    self._there = True
                case _:
                    return await ask(words)
            return {}

        await self._front.run(lambda: replace(shown(), network=self._there), asked)


def _whole(path: Path | None) -> str | None:
    return None if path is None else str(path.absolute())


def _steps(board: BoardName, keys: str, page: PageSettings) -> tuple[Step, ...]:
    if board == "web" and keys:
        raise ConfigurationError(("--keys are pressed in a terminal; the page has a button of its own",))
    if board != "web" and page != PageSettings():
        raise ConfigurationError(("--port and --open are for the page: `vocative try --web`, `run --board web`",))
    try:
        return steps(keys)
    except ValueError as error:
        raise ConfigurationError((f"--keys: {error}",)) from error
