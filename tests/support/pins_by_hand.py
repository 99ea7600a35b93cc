"""`vocative` with pins of gpiozero's simulation, which somebody outside moves: `python -m ... FIFO COMMAND ...`.

Each line that comes through the fifo drives a pin, such as `26 low`.
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from gpiozero import Device
from gpiozero.pins.mock import MockFactory, MockPWMPin

from daemon.cli import main


def follow(fifo: Path, factory: MockFactory) -> None:
    """Drive pins until nobody can write any more."""
    for line in fifo.open():
        number, level = line.split()
        pin = factory.pin(int(number))
        pin.drive_low() if level == "low" else pin.drive_high()


if __name__ == "__main__":
    Device.pin_factory = MockFactory(pin_class=MockPWMPin)
    threading.Thread(target=follow, args=(Path(sys.argv[1]), Device.pin_factory), daemon=True).start()
    sys.exit(main(sys.argv[2:]))
