"""The microphone: all of them listen while its owner speaks, on all their channels, and the loudest is offered."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Final, TypeAlias

from hardware.channels import Channels, worth_hearing
from hardware.interfaces import HardwareError
from hardware.inventory import Sound
from hardware.pcm import FRAME_S
from hardware.sound_devices import Direction

from ..mute_switch import shut_off
from .loudness import Heard, Verdict, best, best_channel, heard
from .sound import candidates
from .walk import Walk, kept_rate_hz

LISTEN_S: Final = 5.0
_SETTLE_S: Final = 0.5
"""Sound cards crackle when they are opened."""
_PLACES: Final = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
Told: TypeAlias = tuple[Heard, ...] | str
"""What a microphone heard on each of its channels, or why it could not be asked."""


async def microphone(walk: Walk) -> None:
    """Settle `microphone.device`, `microphone.channel` and `microphone.gain_db`."""
    sounds = candidates(walk, Direction.CAPTURE)
    names = [sound.device for sound in sounds]
    while names and await _may_hear(walk):
        await walk.terminal.line(f"Press Enter, and then speak for {LISTEN_S:.0f} s, from where you will stand. ")
        told = await _listened(walk, sounds)
        for name in names:
            _tell(walk, name, told[name])
        well = {
            name: channels[best_channel(channels)] for name, channels in told.items() if isinstance(channels, tuple)
        }
        offered = best(well)
        if offered is None:
            walk.say(_without_voice(told))
        default = len(names) if offered is None else names.index(offered)
        place = await walk.ask("Which microphone?", *names, "listen again", "leave it as it is", default=default)
        if place < len(names):
            await _take(walk, names[place], told[names[place]])
        if place != len(names):
            return


def _without_voice(told: Mapping[str, Told]) -> str:
    """Return what to do, since there is none to be offered."""
    if any(one.verdict is Verdict.CLIPPING for heard in told.values() if isinstance(heard, tuple) for one in heard):
        return (
            "What is too loud must be farther away, or turned down in the card itself: in another\n"
            "terminal, alsamixer, F6 for the card, F4 for what it captures; at the end, sudo alsactl store."
        )
    return "None of them heard a voice. Has it a switch of its own, and is that on?"


async def _may_hear(walk: Walk) -> bool:
    """Return whether anything may be heard: never while the switch on the device is against it."""
    while await shut_off(walk.board()):
        walk.say("The mute switch shuts the microphones off (or mute.pin is wrong: vocative setup mute). Move it back.")
        if await walk.ask("What now?", "it is moved", "leave it as it is") == 1:
            return False
    return True


def _tell(walk: Walk, name: str, told: Told) -> None:
    if isinstance(told, str):
        walk.say(f"  {name}: {told}")
    elif len(told) == 1:
        walk.say(f"  {name}: {told[0]}")
    else:
        walk.say(f"  {name}:")
        for answer in _answers(told):
            walk.say(f"    {answer}")


def _answers(told: Sequence[Heard]) -> list[str]:
    """Return a line for each channel; not by its number, which is one less than that of the answer."""
    return [f"the {place} channel {one}" for place, one in zip(_PLACES, told, strict=False)]


async def _take(walk: Walk, name: str, told: Told) -> None:
    """Settle that microphone, and ask for its channel if it has several that do not all hear the same."""
    rate_hz = kept_rate_hz(walk.config.microphone, name)
    walk.put(microphone__driver="pyaudio", microphone__device=name, microphone__rate_hz=rate_hz)
    if isinstance(told, str):
        return
    channel = 0
    if len(told) > 1:
        channel = await walk.ask("Which channel of it?", *_answers(told), default=best_channel(told))
    walk.put(microphone__channel=channel)
    one = told[channel]
    if one.verdict is Verdict.VOICE:
        walk.put(microphone__gain_db=one.gain_db)
        if one.gain_db:
            walk.say(f"It is quiet, so what it hears is made {one.gain_db:.0f} dB louder.")
    elif one.verdict is Verdict.CLIPPING:
        walk.put(microphone__gain_db=0.0)


async def _listened(walk: Walk, sounds: Sequence[Sound]) -> Mapping[str, Told]:
    """Return what became of each microphone, all of which listen at the same time."""
    told: dict[str, Told] = {}
    async with AsyncExitStack() as stack:
        opened: dict[str, tuple[Channels, int]] = {}
        for sound in sounds:
            count = worth_hearing(sound.channels, is_card=sound.is_card)
            try:
                one = await walk.channels(sound.device, count)
            except HardwareError as error:
                told[sound.device] = str(error)
            else:
                opened[sound.device] = (one, count)
                stack.push_async_callback(one.close)
        if opened:
            walk.say("Speak now.")
        async with asyncio.TaskGroup() as group:
            tasks = {name: group.create_task(_all(one, count)) for name, (one, count) in opened.items()}
        if opened:
            walk.say("Thank you.")
    return told | {name: task.result() for name, task in tasks.items()}


async def _all(opened: Channels, count: int) -> Told:
    """Return what was heard; once, if all channels heard the very same."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_one(opened, channel)) for channel in range(count)]
    found: list[Heard] = []
    for task in tasks:
        told = task.result()
        if isinstance(told, str):
            return told  # a card is lost with all its channels
        found.append(told)
    return tuple(found[:1] if len(set(found)) == 1 else found)


async def _one(opened: Channels, channel: int) -> Heard | str:
    try:
        for _ in range(round(_SETTLE_S / FRAME_S)):
            await opened.read(channel)
        return heard([await opened.read(channel) for _ in range(round(LISTEN_S / FRAME_S))])
    except HardwareError as error:
        return str(error)
