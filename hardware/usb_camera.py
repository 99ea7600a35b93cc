"""A USB camera, through V4L2 and linuxpy. It has made a JPEG of each frame already, and most go out as they came.

    /dev/video* ──► the node that captures ──► the mode nearest to the wanted width ──► frames, the old ones thrown away
                    (a camera has others too)                                            └ too large: scaled, made anew

linuxpy is imported, and the camera opened, only once somebody has asked for a picture; asleep, it is closed, and
anybody else may use it.
"""

from __future__ import annotations

import contextlib
import errno
import time
from collections.abc import Callable, Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hardware.dozing_camera import NS, DozingCamera, Patience
from hardware.interfaces import DeviceLost, DeviceMissing, Picture
from hardware.jpeg import (
    LIMIT_BYTES,
    encoded,
    encoded_yuyv,
    has_huffman_tables,
    pixels,
    scaled_to_limit,
    size_px,
)
from hardware.jpeg_quality import JpegQuality
from hardware.settings import CameraSettings
from hardware.sketch import sketch_of

if TYPE_CHECKING:
    from linuxpy.video.device import Device, Frame, VideoCapture

_BUFFERS: Final = 2
"""As few as V4L2's drivers work with: each holds an old frame when one is asked for."""
_END_OF_IMAGE: Final = b"\xff\xd9"
_LONGEST_EXPOSURE_S: Final = 0.1
"""Of a camera that dates its frames by their end: how long before that the exposure may have begun."""
_REMEDIES: Final = {
    errno.EBUSY: "another program is using it: end that (`sudo fuser /dev/video*` names it)",
    errno.EACCES: "its user must be in the group video",
    # DeviceAllow= of the unit, which systemd looks up once, before the service begins.
    errno.EPERM: "its driver was loaded after the service had begun: sudo systemctl restart vocative",
    errno.ENOSPC: "there is too little room on the USB bus: plug it into another port, without a hub",
}
_UNPLUGGED: Final = "it was unplugged, or its cable or supply is weak: plug it in again"
_NOT_FOUND: Final = "look whether `v4l2-ctl --list-devices` shows it, and at its cable"


def video_nodes() -> list[Path]:
    """Return the nodes of all video devices, in the order in which they were found by the kernel."""
    return sorted(Path("/dev").glob("video[0-9]*"), key=lambda node: int(node.name.removeprefix("video")))


class UsbCamera(DozingCamera):
    """A `Camera` on V4L2, with frames as Motion JPEG or, from cameras without that, YUYV."""

    def __init__(
        self,
        settings: CameraSettings,
        *,
        nodes: Callable[[], Iterable[Path]] = video_nodes,
        open_device: Callable[[Path], Device] | None = None,
        patience: Patience | None = None,
    ) -> None:
        """Prepare a camera that sleeps; `nodes` and `open_device` are called on a thread.

        Raises:
            DeviceMissing: linuxpy is not installed. Whether a camera is connected shows at `capture`.
        """
        super().__init__("the video driver", patience or Patience())
        self._settings: Final = settings
        self._nodes: Final = nodes
        self._open: Final = _installed_linuxpy() if open_device is None else open_device
        # The rest belongs to the thread that holds the mutex.
        self._quality: Final = JpegQuality(settings.quality_percent, LIMIT_BYTES)
        self._capture: VideoCapture | None = None
        self._settled_s = 0.0

    def __repr__(self) -> str:
        return f"<UsbCamera awake={self._capture is not None}>"

    # --- on threads, one at a time ---------------------------------------------------------------------

    def _take(self, asked_ns: int) -> Picture:
        try:
            if self._capture is None:
                self._wake()
            return self._fresh_picture(asked_ns / NS)
        except TimeoutError as error:
            self._free()
            raise DeviceLost(f"camera: no frame within {self._patience.timeout_s:g} s; {_UNPLUGGED}") from error
        except OSError as error:
            self._free()
            remedy = _REMEDIES.get(error.errno or 0, _UNPLUGGED)
            raise DeviceLost(f"camera: {error.strerror or error}; {remedy}") from error
        except (ValueError, ImportError, AttributeError) as error:
            self._free()
            raise DeviceLost(f"camera: {error}; install linuxpy 0.25 and simplejpeg 1.9, or later ones") from error

    def _wake(self) -> None:
        from linuxpy.video.device import VideoCapture

        self._capture = VideoCapture(self._find(), size=_BUFFERS)
        _set_mode(self._capture, self._settings.width_px)
        self._capture.open()
        self._settled_s = time.monotonic() + self._patience.settle_s

    def _find(self) -> Device:
        """Return the wanted camera, open.

        Raises:
            DeviceLost: It is not there.
            OSError, ValueError: It is, but it cannot be opened, or says nonsense, and no other fits.
        """
        refused: OSError | ValueError | None = None
        for node in self._nodes():
            try:
                device = self._open(node)
            except OSError as error:
                refused = refused or error
                continue
            wanted = False
            try:
                wanted = self._is_wanted(device, node) and bool(_formats(device))
            except (OSError, ValueError) as error:
                refused = refused or error
            finally:
                if not wanted:
                    device.close()
            if wanted:
                return device
        if refused is not None:
            raise refused
        name = f"called {self._settings.device!r}" if self._settings.device else "on USB"
        raise DeviceLost(f"camera: there is none {name}; {_NOT_FOUND}")

    def _is_wanted(self, device: Device, node: Path) -> bool:
        """Say whether it is the one to use. A Pi has video devices that are no cameras, and its ribbon's camera."""
        from linuxpy.video.device import Capability

        offered = device.info.device_capabilities
        if Capability.VIDEO_CAPTURE not in offered or Capability.STREAMING not in offered:
            return False
        wanted = self._settings.device
        if not wanted:
            return bool(device.info.bus_info.startswith("usb-"))
        if wanted.startswith("/"):
            return Path(wanted).resolve() == node.resolve()
        return wanted.casefold() in device.info.card.casefold()

    def _fresh_picture(self, asked_s: float) -> Picture:
        """Return the first whole frame that began to be exposed after `asked_s` and after the camera had settled.

        The queue still holds the frames that came after the last capture. A frame that was damaged on the bus is
        none.
        """
        assert self._capture is not None
        not_before_s = max(asked_s, self._settled_s)
        deadline_s = max(time.monotonic(), not_before_s) + self._patience.timeout_s
        while (left_s := deadline_s - time.monotonic()) > 0:
            frame = self._capture.buffer.frame_reader.read(timeout=left_s)
            if frame is None or _is_damaged(frame) or _exposed_s(frame) < not_before_s:
                continue
            with contextlib.suppress(ValueError):
                jpeg = self._fitted(_jpeg_of(frame))
                return Picture(jpeg, frame.timestamp, sketch_of(jpeg))
        raise TimeoutError

    def _fitted(self, jpeg: bytes) -> bytes:
        """Return `jpeg` as it is if it can go out like that, and else scaled and made anew.

        Raises:
            ValueError: It is damaged.
        """
        longest_px = self._settings.width_px
        if len(jpeg) <= LIMIT_BYTES and has_huffman_tables(jpeg) and max(size_px(jpeg)) <= longest_px:
            return jpeg
        picture = pixels(jpeg, longest_px=longest_px)
        fitted = self._quality.fit(lambda percent: encoded(picture, percent))
        return scaled_to_limit(fitted, self._quality.percent)

    def _sleep(self) -> None:
        self._free()

    def _free(self) -> None:
        capture, self._capture = self._capture, None
        if capture is None:
            return
        # A camera that has gone refuses each of these. The buffers are unmapped and the node closed all the same.
        if capture.buffer is not None:
            for step in (capture.stream_off, capture.disarm):
                with contextlib.suppress(OSError):
                    step()
        capture.device.close()


def _formats(device: Device) -> list[Any]:
    """Return which of the formats that can be read here the device has, the better one first."""
    from linuxpy.video.device import BufferType, PixelFormat

    offered = {each.pixel_format for each in device.info.buffer_formats(BufferType.VIDEO_CAPTURE)}
    return [each for each in (PixelFormat.MJPEG, PixelFormat.YUYV) if each in offered]


def _set_mode(capture: VideoCapture, width_px: int) -> None:
    """Choose the size whose longer side is nearest to `width_px`. A device without a list of sizes finds one itself."""
    from linuxpy.video.device import FrameSizeType

    pixel_format = _formats(capture.device)[0]
    sizes: Sequence[tuple[int, int]] = [
        (size.info.width, size.info.height)
        for size in capture.device.info.format_frame_sizes(pixel_format)
        if size.type == FrameSizeType.DISCRETE
    ]
    width, height = min(
        sizes or [(width_px, width_px * 3 // 4)], key=lambda size: (abs(max(size) - width_px), -min(size))
    )
    capture.set_format(width, height, pixel_format.human_str())


def _exposed_s(frame: Frame) -> float:
    """Return when the exposure of `frame` began, or earlier. V4L2 dates frames by the monotonic clock."""
    from linuxpy.video.device import BufferFlag

    begins = BufferFlag.TSTAMP_SRC_SOE in frame.flags
    return float(frame.timestamp) - (0.0 if begins else _LONGEST_EXPOSURE_S)


def _is_damaged(frame: Frame) -> bool:
    from linuxpy.video.device import BufferFlag

    return BufferFlag.ERROR in frame.flags


def _jpeg_of(frame: Frame) -> bytes:
    """Return the JPEG in `frame`, without the zeros that some cameras pad it with.

    Raises:
        ValueError: There is no whole picture.
    """
    from linuxpy.video.device import PixelFormat

    if frame.pixel_format == PixelFormat.YUYV:
        return encoded_yuyv(frame.data, frame.width, frame.height, frame.format.bytes_per_line)
    return bytes(frame.data[: frame.data.rindex(_END_OF_IMAGE) + len(_END_OF_IMAGE)])


def _installed_linuxpy() -> Callable[[Path], Device]:
    if find_spec("linuxpy") is None:
        raise DeviceMissing("camera: there is no linuxpy for this Python; pip install 'vocative[usb-camera]'")
    return _open_device


def _open_device(node: Path) -> Device:
    from linuxpy.video.device import Device

    device = Device(node)
    device.open()
    return device
