"""What is said to act without a restart does: a device that was reloaded is like one that was started with the value.

For each such key three devices are made: one started with the old value, one started with the new one, and one that was
started with the old one and has read its configuration again. Wherever the first two differ, in any attribute of any
room or in what the next session is set up with, the third must be like the second.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Iterator, Mapping
from enum import Enum
from types import FunctionType, MethodType
from typing import Any, Final, cast

import pytest

from daemon.app import App
from daemon.audio.vad import detector
from daemon.config import Config
from daemon.config.changes import AT_ONCE, NEXT_LINK
from daemon.events import LinkChanged
from daemon.journal import Journal, MemorySink
from daemon.keeping.keeping import Keeping
from daemon.keys.credentials import Secret
from daemon.live.link import GenaiConnector
from daemon.notify import service_manager
from daemon.reloading.choices import limits
from daemon.status import LinkState
from daemon.wiring import supervised
from hardware.settings import BoardSettings, LedSettings
from hardware.simulated import SimulatedBoard
from tests.support.virtual_time import run

OLD: Final[Mapping[str, Mapping[str, object]]] = {
    "turn": {"mode": "hands_free", "vad": "webrtc"},
    "camera": {"driver": "simulated", "mode": "on_request"},
    "control": {"socket": ""},
    "state": {"folder": ""},
}
NEW: Final[Mapping[str, object]] = {
    "turn.mode": "tap",
    "turn.wake": "button",
    "turn.follow_up_s": 3.0,
    "turn.barge_in": "button",
    "turn.pre_roll_ms": 900,
    "turn.attack_ms": 460,
    "turn.no_speech_s": 5.0,
    "turn.hangover_ms": 600,
    "turn.shortest_hangover_ms": 560,
    "turn.longest_hangover_ms": 1300,
    "speaker.volume_percent": 33,
    "speaker.earcons": False,
    "echo.mode": "half_duplex",
    "echo.noise_suppression": "high",
    "echo.automatic_gain": True,
    "camera.interval_s": 3.0,
    "camera.mode": "off",
    "sounds.listening": True,
    "sounds.done": False,
    "sounds.error": False,
    "sounds.muted": False,
    "sounds.no_network": False,
    "sounds.key_refused": False,
    "sounds.daily_limit": False,
    "network.answer_cut": "never",
    "network.reply_timeout_s": 20.0,
    "limits.turns_per_hour": 7,
    "limits.daily_tokens": 999,
    "limits.idle_hangup_s": 60.0,
    "limits.session_max_minutes": 30,
    "prices.input_per_million_tokens": 2.0,
    "prices.output_per_million_tokens": 3.0,
    "prices.currency": "EUR",
    "tools.tell_content": True,
    "tools.google_search": True,
    "tools.volume": False,
    "tools.timers": False,
    "tools.look": False,
    "tools.device": False,
    "tools.allow": ("set_volume",),
    "tools.deny": ("set_volume",),
    "live.voice": "Kore",
    "live.language_hints": ("de-DE",),
    "live.system_instruction": "Speak like a sailor.",
    "live.thinking_level": "low",
    "live.thinking_budget_tokens": 100,
    "live.proactive_audio": True,
    "live.affective_dialog": True,
    "live.media_resolution": "low",
    "live.temperature": 0.5,
    "live.top_p": 0.5,
    "live.max_output_tokens": 500,
    "live.turn_coverage": "all_input",
    "live.safety": {"harassment": "off"},
    "live.compression_trigger_tokens": 20_000,
    "live.compression_target_tokens": 6_000,
    "live.start_sensitivity": "low",
    "live.end_sensitivity": "low",
    "live.prefix_padding_ms": 100,
    "live.silence_duration_ms": 400,
}
ELDER: Final = {"live": {"model": "gemini-2.5-flash-native-audio-latest"}}
"""Some keys are only for models such as this one, which take what the newer ones refuse."""
THOUGHTFUL: Final = {"live": {"model": "gemini-3.8-live-extended-thinking"}}
SERVED: Final = {"turn": {"taking": "server"}}
"""Others are for a service that finds the ends of turns."""
BESIDE: Final[Mapping[str, Mapping[str, Mapping[str, object]]]] = {
    "live.thinking_level": THOUGHTFUL,
    "live.thinking_budget_tokens": ELDER,
    "live.proactive_audio": ELDER,
    "live.affective_dialog": ELDER,
    **dict.fromkeys(("live.start_sensitivity", "live.end_sensitivity"), SERVED),
    **dict.fromkeys(("live.prefix_padding_ms", "live.silence_duration_ms"), SERVED),
}
REMEMBERED: Final = {
    "speaker.volume_percent": "volume._before",  # from which it fades to the new one
    "speaker.earcons": "_guarded_frames",  # the canceller has had its noise, or has learned without it
}
"""What a device that was running need not forget."""
UNSEEN: Final = frozenset(("_journal", "journal", "_tell", "tell", "overheard", "reload", "_reload"))
"""Attributes through which what was told, and when, would be seen."""


def configured(key: str, *, changed: bool) -> Config:
    """Return the configuration with or without the new value of `key`."""
    sections = {name: dict(keys) for name, keys in OLD.items()}
    for name, keys in BESIDE.get(key, {}).items():
        sections.setdefault(name, {}).update(keys)
    if changed:
        section, name = key.split(".")
        sections.setdefault(section, {})[name] = NEW[key]
    return Config.model_validate(sections)


def started(config: Config, file: Config) -> App:
    """Return a device that goes by `config`, and whose configuration `file` is when it is read again."""

    async def reread() -> Config:
        return file

    journal = Journal(MemorySink(), clock=asyncio.get_running_loop().time)
    app = App(
        config=config,
        board=SimulatedBoard(BoardSettings(leds=LedSettings(count=3))),
        supervise=supervised(config, Secret("a key"), random.Random(1).random),
        journal=journal,
        manager=service_manager({}),
        vad=detector("webrtc", 2),
        keeping=Keeping(limits(config), None, journal, wall=lambda: 1_800_000_000.0),
        reread=reread,
    )
    app.dispatch(LinkChanged(LinkState.UP))
    return app


def state(app: App) -> dict[str, str]:
    """Return everything that `app` goes by, by where it is found."""
    supervisor = app.lifeline.supervisor
    assert supervisor is not None
    connector = cast("GenaiConnector", supervisor._connector)
    return {
        **dict(found(app, "app", set())),
        **dict(found(supervisor._limits(), "limits", set())),
        **dict(found(supervisor._liveness(), "liveness", set())),
        "setup": str(connector._config(None)),
        "fingerprint": connector._fingerprint(),
        "phrases": str(app.phrases._speaker),
    }


def found(held: Any, place: str, seen: set[int]) -> Iterator[tuple[str, str]]:
    """Yield what can be seen in `held`, each with its place: values, and how long what holds them is."""
    if held is None or isinstance(held, bool | int | float | str | bytes | Enum):
        yield place, repr(held)
        return
    if id(held) in seen:
        return
    seen.add(id(held))
    for name, inner in _inside(held):
        yield from found(inner, f"{place}{name}", seen)


def _inside(held: Any) -> Iterator[tuple[str, Any]]:
    match held:
        case Config():  # who holds all of it need not go by it; the sounds go by these two
            yield from ((".sounds", held.sounds), (".earcons", held.speaker.earcons))
        case deque() | tuple() | list():
            yield "#", f"{len(held)} of {getattr(held, 'maxlen', None)}"
            yield from ((f"[{index}]", inner) for index, inner in enumerate(held))
        case set() | frozenset():
            yield "", repr(sorted(map(str, held)))
        case Mapping():
            yield from ((f"[{key if isinstance(key, str | int) else type(key).__name__}]", held[key]) for key in held)
        case MethodType():
            yield "", held.__self__
        case FunctionType():
            cells = zip(held.__code__.co_freevars, held.__closure__ or (), strict=True)
            yield from ((f"<{name}>", cell.cell_contents) for name, cell in cells)
        case _ if type(held).__module__.startswith(("daemon.", "hardware.")):
            slots = (name for kind in type(held).__mro__ for name in getattr(kind, "__slots__", ()))
            names = {*getattr(held, "__dict__", ()), *slots} - UNSEEN
            yield from ((f".{name}", getattr(held, name)) for name in sorted(names) if hasattr(held, name))


def test_every_key_that_acts_without_a_restart_is_tried() -> None:
    assert NEW.keys() == AT_ONCE | NEXT_LINK


@pytest.mark.parametrize("key", sorted(NEW))
def test_a_reloaded_device_is_like_one_that_was_started_so(key: str) -> None:
    async def story() -> None:
        before, wanted = configured(key, changed=False), configured(key, changed=True)
        old, new, reloaded = started(before, before), started(wanted, wanted), started(before, wanted)
        first = state(old)
        came = await reloaded.reload.reload()
        assert (came.applied, came.needs_restart) == ((key,), ())
        second, third = state(new), state(reloaded)
        depends = [place for place in first.keys() | second.keys() if first.get(place) != second.get(place)]
        assert depends, "nothing goes by it"
        stale = [place for place in depends if third.get(place) != second.get(place)]
        remembered = REMEMBERED.get(key, "nothing")
        assert {place: third.get(place) for place in stale if not place.endswith(remembered)} == {}

    run(story())
