"""What every `Camera` promises, over the simulated one and over the rules of Picamera2 and V4L2; and their own."""

from __future__ import annotations

import asyncio
import errno
import json
import sys
import time
from collections.abc import Callable, Coroutine
from functools import cache
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from linuxpy.video.device import BufferFlag, Capability, PixelFormat
from simplejpeg import decode_jpeg_header, encode_jpeg

from hardware.board import open_board
from hardware.dozing_camera import Patience
from hardware.interfaces import Camera, DeviceLost, DeviceMissing, Picture
from hardware.jpeg import LIMIT_BYTES, has_huffman_tables
from hardware.pi_camera import PiCamera
from hardware.settings import BoardSettings, CameraSettings
from hardware.simulated import SimulatedCamera
from hardware.sketch import COLUMNS, ROWS
from hardware.usb_camera import UsbCamera, video_nodes
from hardware.web_camera import WebCamera
from tests.support import virtual_time
from tests.support.linuxpy_rules import Node, Usb, webcam_frame
from tests.support.page import Stage
from tests.support.picamera2_rules import Connector, comment_of

SETTLE_S = 0.1
IDLE_S = 0.4
TIMEOUT_S = 1.0
PATIENCE = Patience(SETTLE_S, IDLE_S, TIMEOUT_S)


@pytest.fixture
def connector() -> Connector:
    return Connector()


@pytest.fixture
def pi(connector: Connector) -> PiCamera:
    return PiCamera(CameraSettings(), open_picamera=connector.open, patience=PATIENCE)


def told(picture: Picture) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(comment_of(picture.jpeg))
    return content


@pytest.fixture
def usb(monkeypatch: pytest.MonkeyPatch) -> Usb:
    usb = Usb()
    monkeypatch.setattr("linuxpy.video.device.ioctl", usb.ioctl)  # where linuxpy meets the kernel
    return usb


def webcam(usb: Usb, **settings: Any) -> UsbCamera:
    return UsbCamera(CameraSettings(**settings), nodes=usb.paths, open_device=usb.open, patience=PATIENCE)


def one_picture(camera: Camera) -> Picture:
    async def story() -> Picture:
        try:
            return await camera.capture()
        finally:
            await camera.close()

    return asyncio.run(story())


def size_px(picture: Picture) -> tuple[int, int]:
    height_px, width_px, *_ = decode_jpeg_header(picture.jpeg)
    return width_px, height_px


# --- every camera --------------------------------------------------------------------------------------


class Owner:
    """A camera, the hand on its cable, and the kind of time that both live in."""

    def __init__(
        self, camera: Camera, run: Callable[[Coroutine[Any, Any, Any]], Any], plug: Callable[[bool], None]
    ) -> None:
        self.camera, self.run, self.plug = camera, run, plug


@pytest.fixture(params=["simulated", "web", "pi", "usb"])
def owner(request: pytest.FixtureRequest) -> Owner:
    if request.param == "simulated":
        simulated = SimulatedCamera()
        return Owner(simulated, virtual_time.run, lambda there: simulated.restore() if there else simulated.lose())
    if request.param == "web":
        stage = Stage()

        def allow(there: bool) -> None:
            stage.fake.camera_refused = "" if there else "The browser finds no camera. Connect one, and try again."

        return Owner(WebCamera(stage.page, CameraSettings(), idle_s=IDLE_S), stage.run, allow)
    if request.param == "usb":
        usb: Usb = request.getfixturevalue("usb")
        return Owner(webcam(usb), asyncio.run, lambda there: setattr(usb.nodes[0], "present", there))
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
        assert len(picture.jpeg) <= LIMIT_BYTES
        assert len(picture.sketch) == COLUMNS * ROWS


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
    camera = PiCamera(CameraSettings(width_px=768, quality_percent=61), open_picamera=connector.open, patience=PATIENCE)

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
    camera = PiCamera(CameraSettings(width_px=width_px), open_picamera=connector.open, patience=PATIENCE)

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


def test_a_frame_that_came_out_too_large_is_encoded_again_lower_and_what_fits_is_remembered(
    connector: Connector, pi: PiCamera
) -> None:
    connector.bytes_a_percent = LIMIT_BYTES // 30

    async def story() -> list[Picture]:
        taken = [await pi.capture() for _ in range(2)]
        connector.bytes_a_percent = 500
        taken += [await pi.capture() for _ in range(30)]
        await pi.close()
        return taken

    large, next_one, *small = asyncio.run(story())
    assert connector.encoded_with[0] == 75
    assert len({told(large)["exposed_s"], told(next_one)["exposed_s"]}) == 2
    assert max(len(picture.jpeg) for picture in (large, next_one, *small)) <= LIMIT_BYTES
    assert 15 <= told(large)["quality"] <= 30
    assert told(next_one)["quality"] >= told(large)["quality"], "it is tried first the next time"
    assert connector.encoded_with.count(75) == 1 + sum(told(picture)["quality"] == 75 for picture in small)
    assert told(small[-1])["quality"] == 75, "it creeps up again"


def test_a_frame_that_is_too_large_at_every_quality_is_scaled_down(connector: Connector, pi: PiCamera) -> None:
    connector.bytes_a_percent = LIMIT_BYTES
    picture = one_picture(pi)
    assert len(picture.jpeg) <= LIMIT_BYTES
    assert size_px(picture) == (384, 288)


def test_the_sketch_shows_what_the_camera_saw(connector: Connector, pi: PiCamera) -> None:
    connector.grey = 77
    assert one_picture(pi).sketch == bytes([77]) * COLUMNS * ROWS


# --- a USB camera --------------------------------------------------------------------------------------


def test_a_small_frame_goes_out_as_the_camera_made_it(usb: Usb) -> None:
    picture = one_picture(webcam(usb, width_px=640))
    assert picture.jpeg == webcam_frame(640, 480).rstrip(b"\0")
    assert usb.nodes[0].mode == (640, 480, PixelFormat.MJPEG)
    assert set(picture.sketch) == {90}
    assert usb.broken_rules == []


@pytest.mark.parametrize(
    ("width_px", "mode", "size"),
    [
        (768, (800, 600), (700, 525)),
        (640, (640, 480), (640, 480)),
        (1100, (1280, 720), (960, 540)),
        (200, (320, 240), (200, 150)),
    ],
)
def test_it_takes_the_nearest_mode_and_scales_what_is_larger_than_wanted(
    usb: Usb, width_px: int, mode: tuple[int, int], size: tuple[int, int]
) -> None:
    usb.nodes[0].sizes = ((1920, 1080), (1280, 720), (800, 600), (640, 480), (320, 240))
    picture = one_picture(webcam(usb, width_px=width_px))
    assert usb.nodes[0].mode[:2] == mode
    assert size_px(picture) == size


@cache
def detailed_frame(width_px: int, height_px: int) -> bytes:
    noise = np.random.default_rng(1).integers(0, 256, (height_px, width_px, 3), dtype=np.uint8)
    return bytes(encode_jpeg(noise, 95, "RGB", "422"))


@pytest.mark.parametrize("width_px", [640, 1280])
def test_a_frame_with_much_detail_is_made_anew_below_the_limit(usb: Usb, width_px: int) -> None:
    usb.nodes[0].frame = detailed_frame
    assert len(detailed_frame(640, 480)) > 2 * LIMIT_BYTES
    picture = one_picture(webcam(usb, width_px=width_px))
    assert len(picture.jpeg) <= LIMIT_BYTES


def without_tables(width_px: int, height_px: int) -> bytes:
    """Leave out the Huffman tables, as Motion JPEG may."""
    jpeg, at = webcam_frame(width_px, height_px), 2
    kept = jpeg[:2]
    while jpeg[at + 1] != 0xDA:
        end = at + 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
        kept += b"" if jpeg[at + 1] == 0xC4 else jpeg[at:end]
        at = end
    return kept + jpeg[at:]


def test_a_frame_that_leaves_out_how_it_is_coded_is_made_whole(usb: Usb) -> None:
    usb.nodes[0].frame = without_tables
    assert not has_huffman_tables(without_tables(640, 480))
    picture = one_picture(webcam(usb, width_px=640))
    assert has_huffman_tables(picture.jpeg)
    assert set(picture.sketch) <= {89, 90, 91}


def test_a_camera_without_jpeg_is_read_raw(usb: Usb) -> None:
    usb.nodes[0].formats = (PixelFormat.YUYV,)
    usb.nodes[0].frame = lambda width_px, height_px: bytes((120, 128)) * (width_px * height_px)
    picture = one_picture(webcam(usb, width_px=640))
    assert size_px(picture) == (640, 480)
    assert set(picture.sketch) == {120}


def test_the_frames_that_waited_in_the_queue_are_thrown_away(usb: Usb) -> None:
    camera = webcam(usb)

    async def story() -> None:
        started_s = time.monotonic()
        assert (await camera.capture()).captured_s >= started_s + SETTLE_S
        for _ in range(3):
            await asyncio.sleep(0.15)
            assert len(usb.in_use[0].queued) <= 2
            asked_s = time.monotonic()
            assert (await camera.capture()).captured_s >= asked_s - 1e-5
        await camera.close()

    asyncio.run(story())
    assert usb.broken_rules == []


def test_of_a_camera_that_dates_frames_by_their_end_the_exposure_is_after_the_call_too(usb: Usb) -> None:
    usb.nodes[0].clock_flags = BufferFlag.TIMESTAMP_MONOTONIC
    asked_s = time.monotonic()
    assert one_picture(webcam(usb)).captured_s >= asked_s + SETTLE_S + 0.1


@pytest.mark.parametrize("trouble", ["flag", "half", "rubbish", "nothing"])
def test_a_damaged_frame_is_no_picture(usb: Usb, trouble: str) -> None:
    camera, node, count = webcam(usb), usb.nodes[0], 0

    def frame(width_px: int, height_px: int) -> bytes:
        nonlocal count
        count += 1
        whole = webcam_frame(width_px, height_px)
        damaged = {"flag": whole, "half": whole[:2000] + b"\xff\xd9", "rubbish": b"\xff\xd9", "nothing": b""}
        return damaged[trouble] if count < 12 else whole

    node.frame, node.damaged = frame, 12 if trouble == "flag" else 0
    assert set(one_picture(camera).sketch) == {90}
    assert count >= 12


def test_unused_it_stops_and_lets_others_have_the_camera(usb: Usb) -> None:
    camera = webcam(usb)

    async def story() -> list[int]:
        in_use = [len(usb.in_use)]
        await camera.capture()
        await asyncio.sleep(0.5 * IDLE_S)
        in_use.append(len(usb.in_use))
        await asyncio.sleep(IDLE_S)
        in_use.append(len(usb.in_use))
        await camera.capture()
        in_use.append(len(usb.in_use))
        await camera.close()
        return [*in_use, len(usb.in_use)]

    assert asyncio.run(story()) == [0, 1, 0, 1, 0]
    assert repr(camera) == "<UsbCamera awake=False>"
    assert usb.broken_rules == []


def test_unplugged_it_is_lost_at_once_and_nothing_of_it_stays_open(usb: Usb) -> None:
    camera = webcam(usb)

    async def story() -> None:
        await camera.capture()
        usb.nodes[0].flowing = False
        capture = asyncio.ensure_future(camera.capture())
        await asyncio.sleep(0.1)
        usb.nodes[0].present = False
        with pytest.raises(DeviceLost, match=r"No such device; it was unplugged.* plug it in again"):
            await capture
        assert usb.in_use == []
        with pytest.raises(DeviceLost, match=r"there is none on USB; .*v4l2-ctl --list-devices"):
            await camera.capture()
        await camera.close()

    asyncio.run(story())


def test_frames_that_do_not_come_are_given_up(usb: Usb) -> None:
    usb.nodes[0].flowing = False
    with pytest.raises(DeviceLost, match="no frame within 1 s"):
        one_picture(webcam(usb))
    assert usb.in_use == []


def test_a_camera_that_another_program_uses_is_lost_until_that_ends(usb: Usb) -> None:
    usb.nodes[0].busy = True
    with pytest.raises(DeviceLost, match="busy; another program is using it"):
        one_picture(webcam(usb))
    assert usb.in_use == []
    usb.nodes[0].busy = False
    assert one_picture(webcam(usb)).jpeg


def test_a_camera_that_may_not_be_opened_says_what_it_takes(usb: Usb) -> None:
    usb.nodes[0].refusal = errno.EACCES
    with pytest.raises(DeviceLost, match="Permission denied; its user must be in the group video"):
        one_picture(webcam(usb))
    usb.nodes[0].refusal = errno.EPERM
    with pytest.raises(DeviceLost, match="sudo systemctl restart vocative"):
        one_picture(webcam(usb))


def other_nodes() -> list[Node]:
    return [
        Node("unicam", "platform:3f801000.csi", formats=(PixelFormat.YUYV,)),
        Node("bcm2835-codec-decode", "platform:bcm2835-codec", Capability.VIDEO_M2M_MPLANE | Capability.STREAMING),
        Node(abilities=Capability.META_CAPTURE | Capability.STREAMING),
        Node("Rubbish Cam", refusal=errno.EBUSY),
        Node("USB2.0 Grabber", formats=(PixelFormat.H264,)),
        Node(),
        Node("Microscope"),
    ]


@pytest.mark.parametrize(
    ("device", "found"),
    [("", 5), ("c920", 5), ("Microscope", 6), ("/dev/video6", 6), ("unicam", 0), ("/dev/video0", 0)],
)
def test_of_all_the_nodes_it_takes_the_one_that_captures_from_the_wanted_camera(
    usb: Usb, device: str, found: int
) -> None:
    usb.nodes = other_nodes()
    usb.nodes[0].frame = lambda width_px, height_px: bytes((120, 128)) * (width_px * height_px)
    one_picture(webcam(usb, device=device))
    assert [node.mode != (0, 0, 0) for node in usb.nodes].index(True) == found
    assert usb.in_use == []


def test_a_name_that_no_camera_has_is_told(usb: Usb) -> None:
    with pytest.raises(DeviceLost, match="none called 'C930'"):
        one_picture(webcam(usb, device="C930"))
    assert usb.in_use == []


def test_the_board_opens_a_usb_camera_and_without_linuxpy_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    board = open_board(BoardSettings(camera=CameraSettings(driver="usb")))
    assert isinstance(asyncio.run(board.camera()), UsbCamera)
    assert all(node.parent == Path("/dev") for node in video_nodes())
    monkeypatch.setitem(sys.modules, "linuxpy", None)
    with pytest.raises(DeviceMissing, match=r"no linuxpy .*vocative\[usb-camera\]"):
        asyncio.run(board.camera())


def test_a_device_that_says_nonsense_is_told_of_and_another_one_is_used(usb: Usb) -> None:
    usb.nodes[0].card = "C920\N{DEGREE SIGN}".encode("latin-1").decode("utf-8", "surrogateescape")
    with pytest.raises(DeviceLost, match="can't decode"):
        one_picture(webcam(usb, device="C920"))
    usb.nodes.append(Node())
    assert one_picture(webcam(usb, device="C920")).jpeg
    assert usb.in_use == []
