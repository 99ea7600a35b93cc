"""Each area with what it is looked at with: from the patient to the facts, and from the facts to the findings."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from daemon.config import Config
from hardware.blocking import in_thread

from . import (
    board,
    boot,
    camera,
    clock,
    identity,
    key,
    levels,
    model,
    network,
    online,
    pins,
    ring,
    running,
    sound,
    unit,
    upkeep,
)
from .finding import Finding
from .listening import ears
from .patient import Patient

CONFIGURATION: Final = "configuration"
AREAS: Final = (
    CONFIGURATION,
    board.AREA,
    boot.AREA,
    identity.AREA,
    sound.AREA,
    levels.AREA,
    ring.AREA,
    pins.AREA,
    camera.AREA,
    clock.AREA,
    network.AREA,
    key.AREA,
    model.AREA,
    online.AREA,
    unit.AREA,
    running.AREA,
    upkeep.AREA,
)
"""In the order in which they are told."""
_LOCAL_S: Final = 5.0
_SOUND_S: Final = 9.0


def key_facts(patient: Patient) -> key.Facts:
    """Return where the key is, and what it is, as far as this user may know."""
    live = patient.config.live
    return key.look(
        patient.machine,
        api_key_file=live.api_key_file,
        token_url=live.token_url,
        token_credential_file=live.token_credential_file,
    )


def _spi_node(patient: Patient) -> str:
    return f"/dev/spidev{patient.config.leds.spi_bus}.{patient.config.leds.spi_device}"


def _spi_there(patient: Patient) -> bool:
    return patient.machine.node(_spi_node(patient)) is not None


def _board(patient: Patient) -> Iterable[Finding]:
    return board.findings(patient.board)


def _boot(patient: Patient) -> Iterable[Finding]:
    config = patient.config
    return boot.findings(
        boot.look(patient.machine, patient.board.model),
        model=patient.board.model,
        ring=config.leds.driver,
        devices=(config.microphone.device, config.speaker.device),
        spi_there=_spi_there(patient),
    )


def _identity(patient: Patient) -> Iterable[Finding]:
    config = patient.config
    needed = identity.needs(
        patient.machine,
        sound="pyaudio" in {config.microphone.driver, config.speaker.driver},
        pins=bool(_pin_numbers(config)),
        spi=config.leds.driver in {"apa102", "ws2812_spi"},
        camera=config.camera.mode != "off" and config.camera.driver in {"picamera2", "usb"},
    )
    unit_facts = patient.unit
    return identity.findings(identity.look(patient.machine, unit_facts.user, needed, installed=unit_facts.installed))


def _ring(patient: Patient) -> Iterable[Finding]:
    return ring.findings(
        driver=patient.config.leds.driver,
        node=_spi_node(patient),
        there=_spi_there(patient),
        is_pi=patient.board.is_pi,
        library="spidev" in patient.libraries,
    )


def _pin_numbers(config: Config) -> dict[str, int]:
    """Return the pins in use, by their keys."""
    numbers = {}
    if config.button.driver == "gpiozero":
        numbers["button.pin"] = config.button.pin
    if config.mute.driver == "gpiozero":
        numbers["mute.pin"] = config.mute.pin
    if config.leds.driver == "rgb_led":
        for colour in ("red_pin", "green_pin", "blue_pin"):
            numbers[f"leds.{colour}"] = getattr(config.leds, colour)
    return numbers


def _pins(patient: Patient) -> Iterable[Finding]:
    lit = patient.config.leds.driver == "rgb_led"  # contacts are read without lgpio
    facts = pins.look(
        patient.machine,
        _pin_numbers(patient.config),
        is_pi=patient.board.is_pi,
        service_pid=patient.service_pid,
        library=not lit or "lgpio" in patient.libraries,
        unit_environment=patient.unit.environment if lit else None,
    )
    return pins.findings(facts)


def _camera(patient: Patient) -> Iterable[Finding]:
    settings = patient.config.camera
    facts = camera.look(
        patient.machine,
        driver=settings.driver,
        looks=settings.mode != "off",
        device=settings.device,
        is_pi=patient.board.is_pi,
        libraries=patient.libraries,
    )
    return camera.findings(facts)


def _clock(patient: Patient) -> Iterable[Finding]:
    return clock.findings(patient.machine.now_s, clock.look(patient.machine))


def _key_findings(patient: Patient) -> Iterable[Finding]:
    facts = key_facts(patient)
    user = identity.look(patient.machine, patient.unit.user, (), installed=patient.unit.installed)
    return key.findings(
        facts,
        as_root=patient.machine.as_root,
        installed=patient.unit.installed,
        service_reads=facts.node is not None and identity.readable(facts.node, user.uid, user.gids),
    )


def _network(patient: Patient) -> Iterable[Finding]:
    signal = patient.told.get("wifi_signal_dbm")
    facts = network.look(patient.machine, signal if isinstance(signal, int) else None)
    return network.findings(facts, online=patient.online)


def _model(patient: Patient) -> Iterable[Finding]:
    return model.findings(patient.config.live)


def _unit(patient: Patient) -> Iterable[Finding]:
    return unit.findings(patient.unit)


def _running(patient: Patient) -> Iterable[Finding]:
    return running.findings(patient.running, unit_active=patient.unit.active)


def _upkeep(patient: Patient) -> Iterable[Finding]:
    heat, power = patient.told.get("temperature_celsius"), patient.told.get("power")
    facts = upkeep.look(
        patient.machine,
        patient.config.state.folder,
        heat if isinstance(heat, float) else None,
        str(power or ""),
    )
    return upkeep.findings(facts, is_pi=patient.board.is_pi)


def _threaded(look: Callable[[Patient], Iterable[Finding]]) -> Callable[[Patient], Awaitable[Iterable[Finding]]]:
    """Return `look` as something to be waited for: it reads files and runs programs, so it has a thread to itself."""
    return lambda patient: in_thread(lambda: tuple(look(patient)))


async def _sound(patient: Patient) -> Iterable[Finding]:
    # Else PortAudio would list nothing, and say that nothing fits.
    ours = patient.machine.open_to_us("/dev/snd/pcm*")
    openable = patient.machine.is_this_one and not patient.in_service and ours
    return await ears(
        patient.machine,
        patient.config,
        openable=openable,
        service_pid=patient.service_pid,
        faults=patient.running.faults,
    )


PROBES: Final = (
    (board.AREA, _LOCAL_S, _threaded(_board), False),
    (boot.AREA, _LOCAL_S, _threaded(_boot), True),
    (identity.AREA, _LOCAL_S, _threaded(_identity), True),
    (sound.AREA, _SOUND_S, _sound, True),
    (ring.AREA, _LOCAL_S, _threaded(_ring), True),
    (pins.AREA, _LOCAL_S, _threaded(_pins), True),
    (camera.AREA, _LOCAL_S, _threaded(_camera), True),
    (clock.AREA, _LOCAL_S, _threaded(_clock), False),
    (network.AREA, _LOCAL_S, _threaded(_network), True),
    (key.AREA, _LOCAL_S, _threaded(_key_findings), True),
    (model.AREA, _LOCAL_S, _threaded(_model), True),
    (unit.AREA, _LOCAL_S, _threaded(_unit), False),
    (running.AREA, _LOCAL_S, _threaded(_running), False),
    (upkeep.AREA, _LOCAL_S, _threaded(_upkeep), True),
)
"""The areas, how long each may take, how it is looked at, and whether it needs a configuration."""
