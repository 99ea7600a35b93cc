"""gpiozero's pins through lgpio, but for their edges, which come from the kernel (`gpio_edges`)."""

from __future__ import annotations

from pathlib import Path

from hardware.gpio_edges import EdgeLine, Line


def lgpio_factory() -> object:
    """Return a pin factory for gpiozero's `Device.pin_factory`. Imports for up to a second.

    Raises:
        ImportError: gpiozero or lgpio is not installed.
        Exception: Of `gpio_pins.pin_errors`: the chip cannot be opened.
    """
    import lgpio
    from gpiozero.pins.lgpio import LGPIOFactory, LGPIOPin

    class EdgePin(LGPIOPin):  # type: ignore[misc] # gpiozero has no types
        """A pin of lgpio's whose line is not lgpio's as long as somebody waits for its edges."""

        edge_line: EdgeLine | None = None

        def _get_state(self) -> object:
            return super()._get_state() if self.edge_line is None else self.edge_line.is_high

        def _enable_event_detect(self) -> None:
            handle, number, chip = self.factory._handle, self._number, self.factory.chip
            mode = lgpio.gpio_get_mode(handle, number)
            pull = Line.PULL_UP if mode & self.GPIO_IS_BIAS_PULL_UP else Line.NO_PULL
            pull = Line.PULL_DOWN if mode & self.GPIO_IS_BIAS_PULL_DOWN else pull

            def moved(high: bool, at_ns: int) -> None:
                self._call_when_changed(chip, number, int(high), at_ns)

            lgpio.gpio_free(handle, number)
            self.edge_line = EdgeLine(Path(f"/dev/gpiochip{chip}"), number, pull, moved)

        def _disable_event_detect(self) -> None:
            if self.edge_line is None:
                return
            handle, number = self.factory._handle, self._number
            pull = lgpio.gpio_get_mode(handle, number) & self.GPIO_LINE_FLAGS_MASK
            self._free_line()
            lgpio.gpio_claim_input(handle, number, pull)

        def close(self) -> None:
            self._free_line()  # lgpio takes it back
            super().close()

        def _free_line(self) -> None:
            if self.edge_line is not None:
                self.edge_line.close()
                self.edge_line = None

    factory = LGPIOFactory()
    factory.pin_class = EdgePin
    return factory
