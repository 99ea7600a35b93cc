"""What every `Camera` promises, over the simulated one and over Picamera2's rules; and the Pi camera's own."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable, Coroutine
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

import pytest

from hardware.interfaces import Camera, DeviceLost, DeviceMissing, Picture
from hardware.pi_camera import PiCamera
from hardware.settings import CameraSettings
from hardware.simulated import SimulatedCamera
from tests.support import virtual_time
from tests.support.picamera2_rules import Connector

SETTLE_S = 0.1
IDLE_S = 0.4
TIMEOUT_S = 1.0


@pytest.fixture
def connector() -> Connector:
    return Connector()


@pytest.fixture
def pi(connector: Connector) -> PiCamera:
    return PiCamera(
        CameraSettings(), open_picamera=connector.open, settle_s=SETTLE_S, idle_s=IDLE_S, timeout_s=TIMEOUT_S
    )


def told(picture: Picture) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(picture.jpeg[2:-2])
    return content


# --- every camera --------------------------------------------------------------------------------------


class Owner:
    """A camera, the hand on its cable, and the kind of time that both live in."""

    def __init__(
        self, camera: Camera, run: Callable[[Coroutine[Any, Any, Any]], Any], plug: Callable[[bool], None]
    ) -> None:
        self.camera, self.run, self.plug = camera, run, plug


@pytest.fixture(params=["simulated", "pi"])
def owner(request: pytest.FixtureRequest) -> Owner:
    if request.param == "simulated":
        simulated = SimulatedCamera()
        return Owner(simulated, virtual_time.run, lambda there: simulated.restore() if there else simulated.lose())
    connector: Connector = request.getfixturevalue("connector")

    def plug(there: bool) -> None:
        connector.present = connector.flowing = there

    return Owner(request.getfixturevalue("pi"), asyncio.run, plug)


def test_each_picture_is_a_jpeg_captured_after_it_was_asked_for(owner: Owner) -> None:
    async def story() -> list[tuple[float, Picture, float]]:
        loop, taken = asyncio.get_running_loop(), []
        for _ in range(3):
            asked_s = loop.time()
            picture = await owner.camera.capture()
            taken.append((asked_s, picture, loop.time()))
            await asyncio.sleep(0.03)
        await owner.camera.close()
        return taken

    for asked_s, picture, got_s in owner.run(story()):
        assert asked_s <= picture.captured_s <= got_s
        assert picture.jpeg.startswith(b"\xff\xd8")
        assert picture.jpeg.endswith(b"\xff\xd9")


def test_a_closed_camera_wakes_again_and_may_be_closed_twice(owner: Owner) -> None:
    async def story() -> list[Picture]:
        await owner.camera.close()
        first = await owner.camera.capture()
        await owner.camera.close()
        await owner.camera.close()
        second = await owner.camera.capture()
        await owner.camera.close()
        return [first, second]

    first, second = owner.run(story())
    assert first.captured_s < second.captured_s


def test_a_camera_whose_cable_was_pulled_is_lost_until_it_is_plugged_in_again(owner: Owner) -> None:
    async def story() -> Picture:
        await owner.camera.capture()
        owner.plug(False)
        for _ in range(2):
            with pytest.raises(DeviceLost):
                await owner.camera.capture()
        owner.plug(True)
        picture = await owner.camera.capture()
        await owner.camera.close()
        return picture

    assert owner.run(story()).jpeg


# --- the Pi camera -------------------------------------------------------------------------------------


def test_it_asks_for_small_cheap_frames_and_sets_the_quality(connector: Connector) -> None:
    camera = PiCamera(CameraSettings(width_px=768, quality_percent=61), open_picamera=connector.open, settle_s=0)

    async def story() -> Picture:
        picture = await camera.capture()
        await camera.close()
        return picture

    assert told(asyncio.run(story()))["quality"] == 61
    assert connector.opened[0].configuration == {
        "main": {"size": (768, 576), "format": "YUV420"},
        "raw": None,
        "buffer_count": 2,
        "display": None,
        "encode": None,
        "queue": False,
    }


@pytest.mark.parametrize(("width_px", "size"), [(640, (640, 480)), (515, (514, 386)), (322, (322, 242))])
def test_both_sides_are_even_whatever_the_width(connector: Connector, width_px: int, size: tuple[int, int]) -> None:
    camera = PiCamera(CameraSettings(width_px=width_px), open_picamera=connector.open, settle_s=0)

    async def story() -> None:
        await camera.capture()
        await camera.close()

    asyncio.run(story())
    assert connector.opened[0].configuration["main"]["size"] == size


def test_a_camera_without_exposure_control_or_autofocus_works(connector: Connector, pi: PiCamera) -> None:
    connector.controls = []

    async def story() -> None:
        await pi.capture()
        await pi.close()

    asyncio.run(story())
    assert connector.opened[0].controls_of_starts == [{}]


def test_the_exposure_of_every_picture_began_after_the_call_and_after_settling(
    connector: Connector, pi: PiCamera
) -> None:
    async def story() -> list[tuple[float, Picture]]:
        taken = []
        for _ in range(5):
            asked_s = time.monotonic()
            taken.append((asked_s, await pi.capture()))
        started_s = connector.opened[0].started_s
        assert started_s is not None
        assert told(taken[0][1])["exposed_s"] >= started_s + SETTLE_S
        await pi.close()
        return taken

    for asked_s, picture in asyncio.run(story()):
        assert told(picture)["exposed_s"] >= asked_s - 1e-6
    assert connector.opened[0].lent == 0
    assert connector.broken_rules == []


def test_it_sleeps_after_a_while_without_captures_and_wakes_again(connector: Connector, pi: PiCamera) -> None:
    async def story() -> list[bool]:
        awake = []
        for _ in range(3):
            await pi.capture()
            await asyncio.sleep(0.4 * IDLE_S)
            awake.append(connector.opened[0].started_s is not None)
        await asyncio.sleep(2 * IDLE_S)
        awake.append(connector.opened[0].started_s is not None)
        await pi.capture()
        awake.append(connector.opened[0].started_s is not None)
        await pi.close()
        return awake

    assert asyncio.run(story()) == [True, True, True, False, True]
    asked = {"FrameDurationLimits": (100_000, 200_000), "AfMode": 2}
    assert [camera.controls_of_starts for camera in connector.opened] == [[asked, asked]]
    assert connector.broken_rules == []


def test_a_capture_that_begins_just_before_it_would_sleep_keeps_it_awake(connector: Connector, pi: PiCamera) -> None:
    async def story() -> bool:
        await pi.capture()
        await asyncio.sleep(IDLE_S - 0.04)
        await pi.capture()
        await asyncio.sleep(0.05)
        awake = connector.opened[0].started_s is not None
        await pi.close()
        return awake

    assert asyncio.run(story())


def test_no_frame_in_time_is_a_lost_device_and_the_next_capture_opens_it_anew(
    connector: Connector, pi: PiCamera
) -> None:
    async def story() -> None:
        await pi.capture()
        connector.flowing = False
        with pytest.raises(DeviceLost, match="no frame within 1 s; check its cable"):
            await pi.capture()
        assert connector.opened[0].closed
        connector.flowing = True
        await pi.capture()
        await pi.close()

    asyncio.run(story())
    assert len(connector.opened) == 2
    assert connector.broken_rules == []


@pytest.mark.parametrize("trouble", ["busy", "absent"])
def test_a_camera_that_cannot_be_opened_is_lost_until_it_can(connector: Connector, pi: PiCamera, trouble: str) -> None:
    connector.busy, connector.present = trouble == "busy", trouble != "absent"

    async def story() -> None:
        for _ in range(2):
            with pytest.raises(DeviceLost, match="rpicam-hello --list-cameras"):
                await pi.capture()
        connector.busy, connector.present = False, True
        await pi.capture()
        await pi.close()

    asyncio.run(story())
    assert connector.opened[0].closed


def test_a_cancelled_capture_ends_by_itself_and_does_not_disturb_the_next(connector: Connector, pi: PiCamera) -> None:
    async def story() -> Picture:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(pi.capture(), 0.01)
        asked_s = time.monotonic()
        picture = await pi.capture()
        assert told(picture)["exposed_s"] >= asked_s
        await pi.close()
        return picture

    asyncio.run(story())
    assert [camera.lent for camera in connector.opened] == [0]
    assert connector.broken_rules == []


def test_nothing_is_opened_before_the_first_capture(connector: Connector, pi: PiCamera) -> None:
    asyncio.run(pi.close())
    assert connector.opened == []
    assert repr(pi) == "<PiCamera open=False awake=False>"


@pytest.mark.parametrize("package", ["picamera2", "libcamera"])
def test_without_its_libraries_the_camera_is_missing_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    installed = {name: ModuleType(name) for name in ("picamera2", "libcamera")}
    for name, module in installed.items():
        module.__spec__ = ModuleSpec(name, None)
        monkeypatch.setitem(sys.modules, name, module)
    PiCamera(CameraSettings())
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(DeviceMissing, match=f"no {package} .*python3-picamera2 .*--system-site-packages"):
        PiCamera(CameraSettings())
