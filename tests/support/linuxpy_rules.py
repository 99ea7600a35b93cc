"""A USB camera and the kernel's V4L2 as its documentation says that they behave, below the real linuxpy 0.25.0.

The calls that linuxpy makes of the kernel end here: opening, ioctl, select. Its buffers are real shared memory.
"""

from __future__ import annotations

import asyncio
import errno
import mmap
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import numpy as np
from linuxpy.video.device import IOC, BufferFlag, BufferType, Capability, Device, FrameSizeType, PixelFormat
from simplejpeg import encode_jpeg

PERIOD_S: Final = 0.02
LATENCY_S: Final = 0.03
"""From the beginning of a frame's exposure until its buffer is full: two frames are always on their way."""
BUFFER_BYTES: Final = 1024 * mmap.PAGESIZE
CAMERA: Final = Capability.VIDEO_CAPTURE | Capability.STREAMING


def webcam_frame(width_px: int, height_px: int) -> bytes:
    """Return what a webcam makes of a grey wall, padded with zeros as some do."""
    return bytes(encode_jpeg(np.full((height_px, width_px, 3), 90, np.uint8), 80, "RGB", "422")) + bytes(100)


@dataclass
class Node:
    """One node of a device, as the kernel describes it, and what its frames hold."""

    card: str = "HD Pro Webcam C920"
    bus: str = "usb-0000:01:00.0-1.2"
    abilities: int = CAMERA
    formats: Sequence[int] = (PixelFormat.YUYV, PixelFormat.MJPEG)
    sizes: Sequence[tuple[int, int]] = ((320, 240), (640, 480), (1280, 720))
    frame: Callable[[int, int], bytes] = webcam_frame
    clock_flags: int = BufferFlag.TIMESTAMP_MONOTONIC | BufferFlag.TSTAMP_SRC_SOE
    present: bool = True
    flowing: bool = True
    refusal: int = 0
    """The error of opening it."""
    busy: bool = False
    """Another program has buffers of it."""
    damaged: int = 0
    """So many of the next frames are damaged on the bus."""
    mode: tuple[int, int, int] = (0, 0, 0)
    """Width, height, pixel format."""


@dataclass
class Handle:
    """A node that was opened: its buffers, and the stream."""

    node: Node
    file: FileIO
    queued: deque[int] = field(default_factory=deque)
    done: deque[tuple[int, float, int, int]] = field(default_factory=deque)
    """Full buffers: their number, when their exposure began, how much is in them, their flags."""
    buffers: int = 0
    started_s: float | None = None
    frames: int = 0
    """How many frames of the stream are complete."""

    def exposed_s(self, number: int) -> float:
        assert self.started_s is not None
        return self.started_s + number * PERIOD_S

    def advance(self) -> None:
        """Fill buffers with the frames that were completed until now; those without a buffer are lost."""
        while self.started_s is not None and self.exposed_s(self.frames) + LATENCY_S <= time.monotonic():
            if self.queued and self.node.flowing:
                index, exposed_s = self.queued.popleft(), self.exposed_s(self.frames)
                data = self.node.frame(*self.node.mode[:2])
                flags = self.node.clock_flags
                if self.node.damaged:
                    self.node.damaged -= 1
                    flags |= BufferFlag.ERROR
                assert len(data) <= BUFFER_BYTES
                os.pwrite(self.file.fileno(), data, index * BUFFER_BYTES)
                self.done.append((index, exposed_s, len(data), flags))
            self.frames += 1


class Usb:
    """The nodes that there are, in their order, and every rule that was broken on them."""

    def __init__(self, *nodes: Node) -> None:
        self.nodes = list(nodes or [Node()])
        self.handles: list[Handle] = []
        self.broken_rules: list[str] = []
        self._calling = threading.Lock()
        self._io = SimpleNamespace(open=self._opened, os=os, select=SimpleNamespace(select=self._select), error=OSError)

    def paths(self) -> list[Path]:
        return [Path(f"/dev/video{number}") for number, node in enumerate(self.nodes) if node.present]

    def open(self, path: Path) -> Device:
        device = Device(path, io=self._io)
        device.open()
        return device

    @property
    def in_use(self) -> list[Handle]:
        return [handle for handle in self.handles if not handle.file.closed]

    def _opened(self, path: Path, _rw: bool, *, blocking: bool) -> FileIO:
        node = self.nodes[int(path.name.removeprefix("video"))]
        if not node.present:
            raise OSError(errno.ENODEV, "No such device")
        if node.refusal:
            raise OSError(node.refusal, os.strerror(node.refusal))
        file = FileIO(os.memfd_create("video"), "rb+")
        os.set_blocking(file.fileno(), blocking)
        self.handles.append(Handle(node, file))
        return file

    def _handle(self, device: Device) -> Handle:
        if asyncio._get_running_loop() is not None:
            self.broken_rules.append("a call blocks the event loop")
        (handle,) = (each for each in self.in_use if each.file.fileno() == device.fileno())
        handle.advance()
        return handle

    def _select(
        self, devices: Sequence[Device], _w: object, _x: object, timeout: float | None
    ) -> tuple[Sequence[Device], tuple[()], tuple[()]]:
        handle = self._handle(devices[0])
        deadline_s = time.monotonic() + (1e9 if timeout is None else timeout)
        while handle.node.present and not handle.done:
            if time.monotonic() >= deadline_s:
                return (), (), ()
            time.sleep(0.002)
            handle.advance()
        return devices, (), ()

    def ioctl(self, device: Device, request: IOC, argument: Any) -> Any:
        """Do what the kernel does for linuxpy's `ioctl`."""
        if not self._calling.acquire(blocking=False):
            self.broken_rules.append(f"{request.name} beside another call")
        try:
            handle = self._handle(device)
            if not handle.node.present:
                raise OSError(errno.ENODEV, "No such device")
            getattr(self, f"_{request.name.lower()}")(handle, argument)
            return argument
        finally:
            self._calling.release()

    # --- the ioctls --------------------------------------------------------------------------------------

    def _querycap(self, handle: Handle, caps: Any) -> None:
        caps.driver, caps.bus_info = b"uvcvideo", handle.node.bus.encode()
        caps.card = handle.node.card.encode(errors="surrogateescape")
        caps.device_caps = handle.node.abilities

    def _enum_fmt(self, handle: Handle, found: Any) -> None:
        formats = handle.node.formats if found.type == BufferType.VIDEO_CAPTURE else ()
        if found.index >= len(formats):
            raise OSError(errno.EINVAL, "Invalid argument")
        found.pixelformat = formats[found.index]

    def _enum_framesizes(self, handle: Handle, found: Any) -> None:
        if found.index >= len(handle.node.sizes):
            raise OSError(errno.EINVAL, "Invalid argument")
        found.type = FrameSizeType.DISCRETE
        found.m1.discrete.width, found.m1.discrete.height = handle.node.sizes[found.index]

    def _s_fmt(self, handle: Handle, wanted: Any) -> None:
        if handle.node.busy or handle.buffers:
            raise OSError(errno.EBUSY, "Device or resource busy")
        pix = wanted.fmt.pix
        if handle.node.sizes:
            pix.width, pix.height = min(handle.node.sizes, key=lambda size: abs(size[0] - pix.width))
        handle.node.mode = (pix.width, pix.height, pix.pixelformat)

    def _g_fmt(self, handle: Handle, found: Any) -> None:
        pix = found.fmt.pix
        pix.width, pix.height, pix.pixelformat = handle.node.mode
        pix.sizeimage = BUFFER_BYTES
        pix.bytesperline = 2 * pix.width if pix.pixelformat == PixelFormat.YUYV else 0

    def _reqbufs(self, handle: Handle, wanted: Any) -> None:
        if handle.started_s is not None:
            raise OSError(errno.EBUSY, "Device or resource busy")
        handle.buffers = wanted.count
        handle.queued.clear()
        handle.done.clear()
        os.truncate(handle.file.fileno(), wanted.count * BUFFER_BYTES)

    def _querybuf(self, handle: Handle, buffer: Any) -> None:
        buffer.length, buffer.m.offset = BUFFER_BYTES, buffer.index * BUFFER_BYTES

    def _qbuf(self, handle: Handle, buffer: Any) -> None:
        assert buffer.index < handle.buffers
        if buffer.index in handle.queued:
            self.broken_rules.append("a buffer is queued twice")
        handle.queued.append(buffer.index)

    def _dqbuf(self, handle: Handle, buffer: Any) -> None:
        if not handle.done:
            raise OSError(errno.EAGAIN, "Resource temporarily unavailable")
        buffer.index, exposed_s, buffer.bytesused, buffer.flags = handle.done.popleft()
        buffer.timestamp.secs, buffer.timestamp.usecs = int(exposed_s), int(exposed_s % 1 * 1e6)

    def _streamon(self, handle: Handle, _type: Any) -> None:
        handle.started_s, handle.frames = time.monotonic(), 0

    def _streamoff(self, handle: Handle, _type: Any) -> None:
        handle.started_s = None
        handle.queued.clear()
        handle.done.clear()
