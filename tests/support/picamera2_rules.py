"""Picamera2 as its source (0.3.38) says that it behaves, without libcamera: for the tests of what is built on it."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Mapping
from io import BytesIO
from typing import Any, Final

from hardware.grey_jpeg import grey_jpeg

PERIOD_S: Final = 0.02
EXPOSURE_S: Final = 0.015
LATENCY_S: Final = 0.045
"""From the end of a frame's exposure until the frame is complete: two frames are always on their way."""


class Connector:
    """What is plugged in at the end of the ribbon cable, and every rule of Picamera2 that was broken on it."""

    def __init__(self) -> None:
        self.present = True
        self.flowing = True
        self.busy = False
        self.grey = 100
        """What the camera sees, all over its picture."""
        self.bytes_a_percent = 500
        """How much detail the scene has: the size of its JPEGs for each percent of quality."""
        self.controls = ["FrameDurationLimits", "AfMode", "ExposureTime"]
        self.broken_rules: list[str] = []
        self.encoded_with: list[int] = []
        """The quality of each encoding."""
        self.opened: list[FakePicamera2] = []
        self.calling = threading.Lock()

    def open(self) -> FakePicamera2:
        with Call(self, "Picamera2"):
            if not self.present:
                raise RuntimeError("Camera(s) not found")
            if self.busy or any(not camera.closed for camera in self.opened):
                raise RuntimeError("Camera __init__ sequence did not complete.")
            self.opened.append(FakePicamera2(self))
            return self.opened[-1]


class Call:
    """Notes a call into the library from the event loop's thread, or beside another."""

    def __init__(self, connector: Connector, name: str) -> None:
        self.connector, self.name = connector, name

    def __enter__(self) -> None:
        if asyncio._get_running_loop() is not None:
            self.connector.broken_rules.append(f"{self.name} blocks the event loop")
        if not self.connector.calling.acquire(blocking=False):
            self.connector.broken_rules.append(f"{self.name} beside another call")

    def __exit__(self, *_: object) -> None:
        self.connector.calling.release()


def commented(jpeg: bytes, comment: bytes, size_bytes: int) -> bytes:
    """Return `jpeg` with a comment in its header, and with so many meaningless ones that it has `size_bytes`."""
    padded = jpeg[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment
    while (missing := size_bytes - len(padded) - len(jpeg)) > 4:
        length = min(missing - 4, 60_000)
        padded += b"\xff\xfe" + (length + 2).to_bytes(2, "big") + bytes(length)
    return padded + jpeg[2:]


def comment_of(jpeg: bytes) -> bytes:
    """Return the comment that `commented` has put in."""
    assert jpeg[2:4] == b"\xff\xfe"
    return jpeg[6 : 4 + int.from_bytes(jpeg[4:6], "big")]


class FakeRequest:
    """A frame on loan. A comment in its JPEG tells when its exposure began, and the quality."""

    def __init__(self, camera: FakePicamera2, exposed_s: float) -> None:
        self.camera, self.exposed_s, self.lent = camera, exposed_s, True

    def get_metadata(self) -> Mapping[str, int]:
        metadata = {"SensorTimestamp": int((self.exposed_s + EXPOSURE_S) * 1e9)}
        if "ExposureTime" in self.camera.connector.controls:
            metadata["ExposureTime"] = int(EXPOSURE_S * 1e6)
        return metadata

    def save(self, name: str, file_output: BytesIO, format: str) -> None:  # noqa: A002 - Picamera2's name
        assert self.lent
        assert (name, format) == ("main", "jpeg")
        connector, quality = self.camera.connector, self.camera.options["quality"]
        connector.encoded_with.append(quality)
        told = json.dumps({"exposed_s": self.exposed_s, "quality": quality}).encode()
        size_bytes = quality * connector.bytes_a_percent
        file_output.write(commented(grey_jpeg(768, 576, connector.grey), told, size_bytes))

    def release(self) -> None:
        assert self.lent
        self.lent = False
        self.camera.lent -= 1


class FakePicamera2:
    """Picamera2 0.3.38 as far as it is asked for here, by its source: frames are computed from the clock.

    With `queue=False` a capture gets the next frame to complete, whenever that was exposed. Frames only flow while
    a buffer is free. Controls are forgotten at each start. A capture that timed out stays in the list of jobs, where
    `close` waits for it for ever.
    """

    def __init__(self, connector: Connector) -> None:
        self.connector = connector
        self.options: dict[str, int] = {}
        self.configuration: dict[str, Any] = {}
        self.started_s: float | None = None
        self.pending_controls: dict[str, object] = {}
        self.controls_of_starts: list[dict[str, object]] = []
        self.lent = 0
        self.jobs = 0
        self.closed = False

    @property
    def camera_controls(self) -> list[str]:
        return self.connector.controls

    def create_preview_configuration(self, **configuration: Any) -> dict[str, object]:
        return configuration

    def configure(self, camera_config: dict[str, Any]) -> None:
        with Call(self.connector, "configure"):
            if any(side % 2 for side in camera_config["main"]["size"]):
                raise RuntimeError("width and height should be even")
            self.configuration = camera_config

    def set_controls(self, controls: dict[str, object]) -> None:
        for name in controls:
            if name not in self.connector.controls:
                raise RuntimeError(f"Control {name} is not advertised by libcamera")
        self.pending_controls = controls

    def start(self) -> None:
        with Call(self.connector, "start"):
            assert self.configuration
            assert self.started_s is None
            self.started_s = time.monotonic()
            self.controls_of_starts.append(self.pending_controls)
            self.pending_controls = {}

    def capture_request(self, *, wait: float) -> FakeRequest:
        with Call(self.connector, "capture_request"):
            assert wait, "Picamera2 takes 0 for False and returns a job instead of a frame"
            assert self.started_s is not None
            self.jobs += 1
            elapsed_s = time.monotonic() - self.started_s
            number = max(0, int((elapsed_s - EXPOSURE_S - LATENCY_S) / PERIOD_S) + 1)
            exposed_s = self.started_s + number * PERIOD_S
            complete_in_s = exposed_s + EXPOSURE_S + LATENCY_S - time.monotonic()
            if not self.connector.flowing or self.lent == 2 or complete_in_s > wait:
                time.sleep(wait)
                raise TimeoutError
            time.sleep(max(0.0, complete_in_s))
            self.jobs -= 1
            self.lent += 1
            return FakeRequest(self, exposed_s)

    def cancel_all_and_flush(self) -> None:
        self.jobs = 0

    def stop(self) -> None:
        with Call(self.connector, "stop"):
            self.started_s = None

    def close(self) -> None:
        with Call(self.connector, "close"):
            if self.jobs:
                self.connector.broken_rules.append("close waits for ever for a capture that timed out")
            self.closed = True
            self.started_s = None
