"""The whole walk: which steps, in which order, and the end, at which everything is written at once or nothing."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from hardware.board import open_board, open_channels
from hardware.inventory import cameras, sounds

from ..config import Config, load
from ..errors import ConfigurationError
from ..keys.key_store import store, stored, told_systemd
from ..live.models import refusals
from ..new_file import put
from .button import button
from .camera import camera
from .key import key
from .microphone import microphone
from .mute import mute
from .profiles import profile
from .ring import ring
from .service import Service
from .speaker import speaker
from .talking import talking
from .toml_text import NEW_FILE, difference, edited
from .walk import Bench, Left, Terminal, Walk

STEPS: Final[Mapping[str, Callable[[Walk], Awaitable[None]]]] = {
    "parts": profile,
    "key": key,
    "microphone": microphone,
    "speaker": speaker,
    "button": button,
    "mute": mute,
    "ring": ring,
    "camera": camera,
    "talking": talking,
}
"""In the order in which they are taken."""
_BACKUP: Final = ".bak"


def real_bench() -> Bench:
    """Return what this machine has."""
    return Bench(open_board, open_channels, sounds, cameras, lambda: str(stored() or ""))


async def set_up(
    path: Path, terminal: Terminal, bench: Bench, service: Service, steps: Sequence[str], root: Path = Path("/")
) -> bool:
    """Walk through `steps`, and write the configuration to `path` and the key if its owner says so.

    Until then nothing is changed, however it ends; a service that was stopped for it runs again afterwards.

    Args:
        path: The configuration; a missing one is made.
        terminal: Where its owner is.
        bench: What is tried.
        service: What may hold the devices.
        steps: Names from `STEPS`.
        root: Where a key is kept.

    Returns:
        Whether something was written.

    Raises:
        ConfigurationError: The file at `path` is refused as it is.
        OSError: It cannot be written.
    """
    there = path.exists()
    config = load(path) if there else Config()
    old = path.read_text("utf-8-sig") if there else ""
    walk = Walk(terminal, bench, config)
    terminal.say("Ctrl-C leaves at any time, and then nothing is changed. Enter takes what stands in brackets.\n")
    stopped = written = False
    try:
        if service.runs:
            if not await walk.agrees("The service runs and holds the devices. Stop it for the while?"):
                return False
            stopped = service.stop()
            if not stopped:
                terminal.say("It does not stop, so what it holds will be in use.")
        await _walk_through(walk, steps)
        written = await _finish(walk, path, old, config, root)
        if written and not stopped and service.exists and await walk.agrees("Start the service now?"):
            stopped = True
    except (Left, asyncio.CancelledError) as left:
        if not written:
            terminal.say("\nNothing was changed.")
        if isinstance(left, asyncio.CancelledError):
            raise
    finally:
        if stopped:
            running = service.start()
            terminal.say("The service runs." if running else "The service does not start: journalctl -u vocative")
    return written


async def _walk_through(walk: Walk, steps: Sequence[str]) -> None:
    for name in STEPS:
        if name in steps:
            walk.say(f"--- {name}")
            await STEPS[name](walk)
            walk.say()


async def _finish(walk: Walk, path: Path, old: str, before: Config, root: Path) -> bool:
    """Show what would be written, and write it if it is right and wanted."""
    new = edited(old or NEW_FILE, before, walk.values)
    changes = difference(old, new) if walk.values else ""
    if not changes and walk.key is None:
        walk.say("Nothing is to be changed.")
        return False
    if changes:
        walk.say(f"To be changed in {path}:\n\n{changes}\n")
        try:
            _check(new, path.name)
        except ConfigurationError as refused:
            walk.say("That would not be right, so it is not written:")
            for fault in refused.faults:
                walk.say(f"  {fault}")
            return False
    if walk.key is not None:
        walk.say("And the API key is to be stored.")
    if not await walk.agrees("Write it?"):
        raise Left
    if changes:
        _write(path, old, new)
        walk.say(f"Written.{f' What was there before is in {path.name}{_BACKUP}.' if old else ''}")
        walk.say("To measure the room, where it will stand: sudo vocative calibrate")
    if walk.key is not None:
        now = store(walk.key, root=root)
        told_systemd(root)
        walk.say(f"The key lies in {now.path}, {'encrypted for this machine' if now.encrypted else 'for root alone'}.")
    return True


def _check(text: str, name: str) -> None:
    """Raise `ConfigurationError` if `text` would be refused."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, name)
        place.write_text(text, "utf-8")
        load(place, refusals=refusals)


def _write(path: Path, old: str, new: str) -> None:
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    like = path.stat() if old else None
    mode = like.st_mode & 0o777 if like else 0o644
    if old:
        put(path.with_name(path.name + _BACKUP), old.encode(), mode, like)
    put(path, new.encode(), mode, like)
