"""The terminal as a device: the space bar is its button, and its ring is drawn, with what else there is to see.

Without a terminal that one can draw in, or with TERM=dumb, what happens is told in plain lines; there is no
button then, but for a script of keys.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from typing import Final

from hardware.interfaces import DeviceLost, Rgb
from hardware.shown import Ask, Shown
from hardware.simulated_button import SimulatedButton
from hardware.terminal_lines import lines
from hardware.terminal_picture import picture
from hardware.terminal_screen import Screen, open_screen, usable
from hardware.terminal_script import Step
from hardware.terminal_strokes import Strokes

PICTURE_S: Final = 1 / 15
VOLUME_STEP: Final = 10
TAP_S: Final = 0.1
BETWEEN_TAPS_S: Final = 0.15
LONG_S: Final = 1.2
"""More than a long press takes."""
_METER_STEPS: Final = 60
"""A meter that has moved by less than one of these is not drawn again."""
OFF: Final[Rgb] = (0, 0, 0)


class TerminalRing:
    """A `LedRing` whose pixels are drawn by whoever looks at `pixels`."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.pixels: tuple[Rgb, ...] = (OFF,) * count
        self._open = False

    def __repr__(self) -> str:
        return f"<TerminalRing of {self.count}{'' if self._open else ' closed'}>"

    def open(self) -> None:
        """Begin, dark."""
        self._open = True
        self.pixels = (OFF,) * self.count

    def show(self, pixels: Sequence[Rgb]) -> None:
        """Show `pixels`; see `LedRing.show`."""
        if len(pixels) != self.count:
            raise ValueError(f"{len(pixels)} pixels for a ring of {self.count}")
        if not self._open:
            raise DeviceLost("LED ring: closed")
        self.pixels = tuple(pixels)

    def close(self) -> None:
        """Turn everything off; see `LedRing.close`."""
        self._open = False
        self.pixels = (OFF,) * self.count


def _told(before: Shown, now: Shown) -> Shown:
    """Print what is new, in plain lines, and return what is known from then on."""
    for line in lines(before, now):
        print(line, file=sys.stdout, flush=True)  # noqa: T201 - what is left of a picture
    return now


class Terminal:
    """A `Front`, with the button and the ring that belong to it.

    Args:
        count: Pixels in the ring.
        on_press: Called whenever the button is pressed.
        script: Keys that are pressed by nobody; whoever sits there may press others.
    """

    def __init__(self, count: int, *, on_press: Callable[[], None], script: Sequence[Step] = ()) -> None:
        self.ring: Final = TerminalRing(count)
        self.push_button: Final = SimulatedButton(debounce_s=0.0)
        self._on_press: Final = on_press
        self._script: Final = tuple(script)
        self._strokes: Final = Strokes()
        self._left: Final = asyncio.Event()
        self._refusal = ""
        """Why the newest thing that was asked for cannot be done."""

    def __repr__(self) -> str:
        return f"<Terminal {self.ring!r} {self.push_button!r}>"

    @property
    def fills_terminal(self) -> bool:
        """Whether it draws; else it prints lines."""
        return usable()

    async def run(self, shown: Callable[[], Shown], ask: Ask) -> None:
        """Draw, and do what is typed, until somebody leaves or it is cancelled; see `Front`.

        Raises:
            DeviceMissing: The library that draws is not installed.
        """
        if not usable():
            await self._run(self._print(shown), self._perform(shown, ask))
            return
        with open_screen() as screen:
            await self._run(self._draw(screen, shown), self._type(screen, shown, ask), self._perform(shown, ask))

    async def _run(self, *doing: Coroutine[None, None, None]) -> None:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one) for one in doing]
            await self._left.wait()
            for task in tasks:
                task.cancel()

    # --- what is seen ------------------------------------------------------------------------------

    async def _draw(self, screen: Screen, shown: Callable[[], Shown]) -> None:
        drawn: object = None
        while True:
            moment, size = self._moment(shown()), screen.size
            if (what := (moment, self.ring.pixels, size)) != drawn:
                keys = _keys(moment, tells_release=screen.tells_release)
                try:
                    await screen.draw(picture(moment, self.ring.pixels, *size, keys=keys, blocks=screen.blocks))
                except EOFError:
                    self._left.set()
                    return
                drawn = what
            await asyncio.sleep(PICTURE_S)

    async def _print(self, shown: Callable[[], Shown]) -> None:
        told = Shown()
        try:
            while True:
                told = _told(told, shown())
                await asyncio.sleep(PICTURE_S)
        finally:
            _told(told, shown())  # what has just happened is not lost on whoever leaves

    def _moment(self, shown: Shown) -> Shown:
        """Return what is drawn of `shown`: meters in steps, and what was refused."""
        return replace(
            shown,
            meaning=self._refusal or shown.meaning,
            microphone_level=round(shown.microphone_level * _METER_STEPS) / _METER_STEPS,
            speaker_level=round(shown.speaker_level * _METER_STEPS) / _METER_STEPS,
        )

    # --- what is done ------------------------------------------------------------------------------

    async def _type(self, screen: Screen, shown: Callable[[], Shown], ask: Ask) -> None:
        """Do what is typed; what takes a moment keeps no other key waiting."""
        loop, strokes = asyncio.get_running_loop(), self._strokes
        async with asyncio.TaskGroup() as doing:
            while True:
                strokes.hold = shown().mode == "hold"
                try:
                    async with asyncio.timeout_at(strokes.deadline()):
                        key = await screen.key()
                except TimeoutError:
                    self._move(strokes.due(loop.time()))
                except EOFError:
                    self._left.set()
                    return
                else:
                    if key.name == "space":
                        self._move(strokes.stroke(loop.time()) if key.down is None else key.down)
                    else:
                        doing.create_task(self._pressed(key.name, shown(), ask))

    async def _pressed(self, key: str, shown: Shown, ask: Ask) -> None:
        """Do what one key stands for."""
        if key in {"1", "2", "3"}:
            await self._gesture(key)
        else:
            await self._asked(key, shown, ask)

    async def _perform(self, shown: Callable[[], Shown], ask: Ask) -> None:
        """Press the keys of the script."""
        for step in self._script:
            if step.key == "wait":
                await asyncio.sleep(step.for_s)
            elif step.key == "ready":
                while not _at_rest(shown()):  # noqa: ASYNC110 - nobody tells of it here
                    await asyncio.sleep(PICTURE_S)
            elif step.key == "space":
                await self._held(step.for_s)
            else:
                await self._pressed(step.key, shown(), ask)

    async def _gesture(self, name: str) -> None:
        """Carry out a tap, a double press or a long one."""
        await self._held(LONG_S if name == "3" else TAP_S)
        if name == "2":
            await asyncio.sleep(BETWEEN_TAPS_S)
            await self._held(TAP_S)

    async def _held(self, for_s: float) -> None:
        self._move(True)
        try:
            await asyncio.sleep(for_s)
        finally:
            self._move(False)

    def _move(self, pressed: bool | None) -> None:
        if pressed is True and not self.push_button.pressed:
            self._refusal = ""
            self._on_press()
            self.push_button.press()
        elif pressed is False:
            self.push_button.release()

    async def _asked(self, key: str, shown: Shown, ask: Ask) -> None:
        """Have done what a letter stands for; what is none of ours does nothing."""
        match key:
            case "q" | "quit":
                self._left.set()
                return
            case "m":
                words: tuple[str, ...] = ("unmute" if shown.muted else "mute",)
            case "l":
                words = ("look",)
            case "+" | "=" | "up":
                words = ("volume", str(min(100, shown.volume_percent + VOLUME_STEP)))
            case "-" | "down":
                words = ("volume", str(max(0, shown.volume_percent - VOLUME_STEP)))
            case "n" if shown.network is not None:
                words = ("network", "cut" if shown.network else "restore")
            case _:
                return
        try:
            self._refusal = ""
            await ask(words)
        except ValueError as error:
            self._refusal = str(error)


def _at_rest(shown: Shown) -> bool:
    return shown.link in {"up", "resting"} and shown.turn == "idle"


def _keys(shown: Shown, *, tells_release: bool) -> str:
    """Return what can be pressed."""
    talk = "space: talk" if shown.mode != "hold" else "hold space to talk"
    if shown.mode == "hold" and not tells_release:
        talk = "space: talk, again: done"
    network = " · n network" if shown.network is not None else ""
    return f"{talk} · q quit · m mute{network} · + - volume · l look · 1 tap · 2 double · 3 long"
