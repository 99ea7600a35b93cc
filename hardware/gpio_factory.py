"""gpiozero's pins without lgpio, for contacts: levels and edges come from the kernel itself (`gpio_edges`).

lgpio starts a thread for sending as soon as it opens the chip, which wakes 50 times a second for ever. Nobody needs it
who only wants to know whether a contact is closed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from hardware.gpio_edges import EdgeLine, Line

_PI_5: Final = 0x17
"""The type of a Pi 5, in its revision code."""
_PULLS: Final = {"up": Line.PULL_UP, "down": Line.PULL_DOWN, "floating": Line.NO_PULL}


def contact_factory() -> object:
    """Return a pin factory of gpiozero's for inputs, which opens nothing before it is asked for a pin.

    Two parts on one pin are told apart, even if the other one's pin is another local factory's.

    Raises:
        ImportError: gpiozero is not installed.
        Exception: Of `gpio_pins.pin_errors`: this machine is no Raspberry Pi.
    """
    from gpiozero.pins.local import LocalPiFactory, LocalPiPin

    class ContactPin(_Input, LocalPiPin):  # type: ignore[misc] # gpiozero has no types
        """A pin of this machine's header, as an input."""

    class ContactFactory(LocalPiFactory):  # type: ignore[misc] # gpiozero has no types
        """The pins of this machine's header, as inputs."""

        def __init__(self) -> None:
            super().__init__()
            self.pins: dict[object, ContactPin] = {}  # not shared: a pin that was ours may be an output's next time
            self.pin_class = ContactPin
            self.chip: Final = _chip(self._get_revision())

    factory: object = ContactFactory()
    return factory


def _chip(revision: int) -> Path:
    """Return where the header is, on a Pi with this revision code: before kernel 6.6.45 it was chip 4 on a Pi 5."""
    old = Path("/dev/gpiochip4")
    return old if (revision & 0xFF0) >> 4 == _PI_5 and old.exists() else Path("/dev/gpiochip0")


class _Input:
    """What gpiozero asks of a pin (`gpiozero.pins.pi.PiPin`), for an input.

    Its line is held from the first question about it until it is closed or pulled otherwise.
    """

    factory: Any
    info: Any
    _number: int
    _call_when_changed: Any
    _pull = "floating"
    _watched = False
    _line: EdgeLine | None = None

    def close(self) -> None:
        """Free the line; it may be asked again."""
        line, self._line = self._line, None
        if line is not None:
            line.close()

    def _held(self) -> EdgeLine:
        if self._line is None:
            self._line = EdgeLine(self.factory.chip, self._number, _PULLS[self._pull], self._moved)
        return self._line

    def _moved(self, high: bool, at_ns: int) -> None:
        """Tell of an edge, on the line's thread."""
        if self._watched:
            self._call_when_changed(at_ns / 1e9, int(high))

    def _enable_event_detect(self) -> None:
        self._watched = True
        self._held()

    def _disable_event_detect(self) -> None:
        self._watched = False
        self.close()  # gpiozero forgets next whom an edge is for

    def _get_state(self) -> bool:
        return self._held().is_high

    def _get_pull(self) -> str:
        return self._pull

    def _set_pull(self, value: str) -> None:
        from gpiozero.exc import PinFixedPull

        if self.info.pull not in (value, ""):
            raise PinFixedPull(f"{self!r} has a physical pull-{self.info.pull} resistor")
        self.close()
        self._pull = value

    def _get_function(self) -> str:
        return "input"

    def _set_function(self, value: str) -> None:
        assert value == "input", "outputs are lgpio's"

    def _get_edges(self) -> str:
        return "both"

    def _set_edges(self, value: str) -> None:
        assert value == "both", "who waits for a contact wants to know both"

    def _get_bounce(self) -> None:
        return None

    def _set_bounce(self, value: float | None) -> None:
        assert value is None, "`Debouncer` does that"
