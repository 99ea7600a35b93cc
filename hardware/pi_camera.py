"""A Raspberry Pi camera, through Picamera2, which knows libcamera's other cameras too.

Picamera2 and libcamera are imported, and hold memory, only once somebody has asked for a picture.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Container, Mapping
from importlib.util import find_spec
from io import BytesIO
from typing import Final, Protocol

from hardware.dozing_camera import NS, DozingCamera, Patience
from hardware.interfaces import DeviceLost, DeviceMissing, Picture
from hardware.jpeg import LIMIT_BYTES, scaled_to_limit
from hardware.jpeg_quality import JpegQuality
from hardware.settings import CameraSettings
from hardware.sketch import sketch_of

_FRAME_DURATION_LIMITS_US: Final = (100_000, 200_000)
"""5 to 10 frames a second: enough for one picture a second, and time to expose in the dark."""
_AF_MODE_CONTINUOUS: Final = 2
"""libcamera's `AfModeEnum.Continuous`: Picamera2 leaves a lens that could focus where it is."""
_ERRORS: Final = (RuntimeError, OSError, LookupError, ValueError, ImportError, AttributeError)
"""What Picamera2 and the libraries below it raise, the last three where their versions do not fit together; a
`TimeoutError` is an `OSError`."""


class CaptureRequest(Protocol):
    """One frame that the camera has lent to us, out of two."""

    def get_metadata(self) -> Mapping[str, int]:
        """Return the frame's metadata; `SensorTimestamp` is in ns, `ExposureTime` (not every camera has it) in us."""
        ...

    def save(self, name: str, file_output: BytesIO, format: str) -> None:  # noqa: A002 - Picamera2's name
        """Encode the stream `name` into `file_output`."""
        ...

    def release(self) -> None:
        """Give the frame back."""
        ...


class Picamera(Protocol):
    """What is asked of Picamera2. Every method blocks."""

    options: dict[str, int]

    @property
    def camera_controls(self) -> Container[str]:
        """The names of the controls that this camera has; setting another one fails."""
        ...

    def create_preview_configuration(
        self,
        *,
        main: dict[str, object],
        raw: None,
        buffer_count: int,
        display: None,
        encode: None,
        queue: bool,
    ) -> dict[str, object]:
        """Return a configuration with the full range of levels that JPEG wants; one for video would have less."""
        ...

    def configure(self, camera_config: dict[str, object]) -> None:
        """Apply a configuration."""
        ...

    def set_controls(self, controls: dict[str, object]) -> None:
        """Set controls, from the next `start` on."""
        ...

    def start(self) -> None:
        """Let frames flow."""
        ...

    def capture_request(self, *, wait: float) -> CaptureRequest:
        """Return the next frame to complete, or raise `TimeoutError` after `wait` seconds, which must not be 0."""
        ...

    def cancel_all_and_flush(self) -> None:
        """Forget captures that timed out: `close` would wait for them."""
        ...

    def stop(self) -> None:
        """Let no more frames flow."""
        ...

    def close(self) -> None:
        """Stop, and free the camera."""
        ...


class PiCamera(DozingCamera):
    """A `Camera` on Picamera2: 4:3, `width_px` wide, scaled by the camera's own processor."""

    def __init__(
        self,
        settings: CameraSettings,
        *,
        open_picamera: Callable[[], Picamera] | None = None,
        patience: Patience | None = None,
    ) -> None:
        """Prepare a camera that sleeps; `open_picamera` is called on a thread.

        Raises:
            DeviceMissing: Picamera2 or libcamera is not installed. Whether a camera is connected shows at `capture`.
        """
        super().__init__("libcamera", patience or Patience())
        self._settings: Final = settings
        self._open: Final = _installed_picamera2() if open_picamera is None else open_picamera
        # The rest belongs to the thread that holds the mutex.
        self._quality: Final = JpegQuality(settings.quality_percent, LIMIT_BYTES)
        self._camera: Picamera | None = None
        self._awake = False
        self._settled_ns = 0

    def __repr__(self) -> str:
        return f"<PiCamera open={self._camera is not None} awake={self._awake}>"

    # --- on threads, one at a time ---------------------------------------------------------------------

    def _take(self, asked_ns: int) -> Picture:
        try:
            return self._fresh_picture(self._wake(), asked_ns)
        except TimeoutError as error:
            self._free()
            raise DeviceLost(f"camera: no frame within {self._patience.timeout_s:g} s; check its cable") from error
        except _ERRORS as error:
            self._free()
            remedy = "look whether `rpicam-hello --list-cameras` shows it, and whether another program uses it"
            raise DeviceLost(f"camera: {error}; {remedy}") from error

    def _wake(self) -> Picamera:
        if self._camera is None:
            self._camera = self._open()
            _configure(self._camera, self._settings)
        if not self._awake:
            _set_controls(self._camera)
            self._camera.start()
            self._awake = True
            self._settled_ns = time.monotonic_ns() + int(self._patience.settle_s * NS)
        return self._camera

    def _fresh_picture(self, camera: Picamera, asked_ns: int) -> Picture:
        """Return the first frame that began to be exposed after `asked_ns` and after the camera had settled.

        The next frame to complete is not it: one or two have been on their way for up to 0.4 s.
        """
        not_before_ns = max(asked_ns, self._settled_ns)
        deadline_s = max(time.monotonic(), not_before_ns / NS) + self._patience.timeout_s
        while (left_s := deadline_s - time.monotonic()) > 0:
            request = camera.capture_request(wait=left_s)
            try:
                metadata = request.get_metadata()
                captured_ns = metadata["SensorTimestamp"]
                if captured_ns - 1000 * metadata.get("ExposureTime", 0) >= not_before_ns:
                    return self._picture(camera, request, captured_ns / NS)
            finally:
                request.release()
        raise TimeoutError

    def _picture(self, camera: Picamera, request: CaptureRequest, captured_s: float) -> Picture:
        fitted = self._quality.fit(lambda percent: _encoded(camera, request, percent))
        jpeg = scaled_to_limit(fitted, self._quality.percent)
        return Picture(jpeg, captured_s, sketch_of(jpeg))

    def _sleep(self) -> None:
        try:
            if self._camera is not None and self._awake:
                self._camera.stop()
                self._awake = False
        except _ERRORS:
            self._free()

    def _free(self) -> None:
        camera, self._camera, self._awake = self._camera, None, False
        if camera is not None:
            # A camera that has gone cannot be stopped either, and there is nothing more to do about it.
            with contextlib.suppress(*_ERRORS):
                camera.cancel_all_and_flush()
                camera.close()


def connected() -> list[str]:
    """Return the models of the cameras on the ribbon connector; none where Picamera2 is not installed.

    Takes seconds, and prints what libcamera has to say. USB cameras, which libcamera knows as well, are left out.
    """
    if any(find_spec(package) is None for package in ("picamera2", "libcamera")):
        return []
    try:
        from picamera2 import Picamera2

        known = Picamera2.global_camera_info()
    except _ERRORS:
        return []
    return [str(camera["Model"]) for camera in known if "usb" not in str(camera["Id"]).lower()]


def _configure(camera: Picamera, settings: CameraSettings) -> None:
    """Ask for small frames as JPEG's own planes, which cost least, and for two buffers (hardware.md section 6)."""
    width_px = settings.width_px // 2 * 2
    height_px = round(settings.width_px * 3 / 8) * 2
    camera.configure(
        camera.create_preview_configuration(
            main={"size": (width_px, height_px), "format": "YUV420"},
            raw=None,
            buffer_count=2,
            display=None,
            encode=None,
            queue=False,
        )
    )


def _set_controls(camera: Picamera) -> None:
    """Say again what Picamera2 forgets at each start; not every camera has every control."""
    wanted = {"FrameDurationLimits": _FRAME_DURATION_LIMITS_US, "AfMode": _AF_MODE_CONTINUOUS}
    camera.set_controls({name: value for name, value in wanted.items() if name in camera.camera_controls})


def _encoded(camera: Picamera, request: CaptureRequest, quality_percent: int) -> bytes:
    camera.options["quality"] = quality_percent
    jpeg = BytesIO()
    request.save("main", jpeg, format="jpeg")
    return jpeg.getvalue()


def _installed_picamera2() -> Callable[[], Picamera]:
    for package in ("picamera2", "libcamera"):
        if find_spec(package) is None:
            remedy = "install the apt package python3-picamera2 and make the environment with --system-site-packages"
            raise DeviceMissing(f"camera: there is no {package} for this Python; {remedy}")
    return _open_picamera2


def _open_picamera2() -> Picamera:
    from picamera2 import Picamera2  # on first use: seconds and tens of megabytes

    camera: Picamera = Picamera2()
    return camera
