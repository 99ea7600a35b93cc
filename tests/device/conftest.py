"""One machine for all tests, with the package installed on it, and a table of what came of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.device.lab import Lab
from tests.device.machine import BUILD, KERNEL, Machine
from tests.device.results import Results


@pytest.fixture(scope="session")
def machine() -> Iterator[Machine]:
    """Boot the guest."""
    wanted = (KERNEL / "linux", KERNEL / "board.dtb", BUILD / "root.img", BUILD / "vocative.deb")
    missing = [path.name for path in wanted if not path.exists()]
    if missing:
        pytest.fail(f"not built: {', '.join(missing)}. Run: make device-test", pytrace=False)
    with Machine() as booted:
        yield booted


@pytest.fixture(scope="session")
def lab(machine: Machine) -> Lab:
    """Return the laboratory: booted, with the service at the far end of the cable, and nothing installed yet."""
    made = Lab(machine)
    made.lay_cable()
    return made


@pytest.fixture(scope="session")
def device(lab: Lab) -> Lab:
    """Return the laboratory with the package installed, configured and given a key, as an owner would."""
    lab.install()
    return lab


@pytest.fixture(autouse=True)
def section_in_transcript(machine: Machine, request: pytest.FixtureRequest) -> None:
    """Begin a section of the transcript."""
    machine.say_in_transcript(request.node.name)


def pytest_configure(config: pytest.Config) -> None:
    """Keep a table of what came of the tests."""
    config.pluginmanager.register(Results(BUILD / "results.md"))
