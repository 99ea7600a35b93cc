"""The microphone's side of the daemon: reads every frame, lets the gate decide which of them leave."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final, NoReturn, Protocol

from daemon.audio.echo import EchoControl
from daemon.audio.gate import Gate, GateSettings, Marker
from daemon.audio.reopening import Reopening
from daemon.audio.vad import Vad
from daemon.journal import Level
from hardware.interfaces import DeviceLost, Frame, Microphone
from hardware.pcm import FRAME_MS, FRAME_S, SILENCE_DBFS, UP, level_dbfs

_FALL_DB: Final = 0.6
"""How much the level falls per frame at most (30 dB/s): a ring that follows every frame flickers."""
_PATIENT_AFTER_FRAMES: Final = 10_000 // FRAME_MS
"""How long nobody was listened to, and nothing sounded, when frames may come several at once: an answer that is waited
for must not find the echo control late."""
_FADING_FRAMES: Final = 300 // FRAME_MS
"""For so long, and no longer, a detector may go on hearing a voice that was cut off."""


class Listener(Protocol):
    """Who is told what the microphone heard: on the event loop's thread, between two frames. Must not raise."""

    def said(self, pcm: bytes, captured_s: float) -> None:
        """Take a frame that leaves (640 bytes, s16le, mono, 16 kHz), whose last sample was captured then.

        In order, the pre-roll first. Nothing is awaited between reading a frame and this.
        """
        ...

    def noticed(self, marker: Marker) -> None:
        """Take what the gate noticed, after the frame in question, if it leaves."""
        ...

    def barged_in(self) -> None:
        """Somebody talks over the answer; the frame that says so is in the pre-roll already."""
        ...

    def microphone_lost(self, lost: bool) -> None:
        """The microphone was lost, or (False) is back."""
        ...


class Capture:
    """Reads the microphone for ever, muted or not, open gate or not: frames that stop coming mean a dead microphone.

    Args:
        open_microphone: Opens it, as `Board.microphone` does.
        gate: Decides; nobody else may open, close or feed it.
        echo: Takes our own loudspeaker out of every frame that is not muted. What is left is judged, kept and sent.
        vad: Judges what is left of each frame.
        listener: Told everything.
        audible: Whether our own loudspeaker may be heard now.
        tell: The journal: `device.lost`, `device.back`; `microphone.overflow` (lost_ms) when the gate closes.
    """

    def __init__(
        self,
        open_microphone: Callable[[], Awaitable[Microphone]],
        gate: Gate,
        echo: EchoControl,
        vad: Vad,
        *,
        listener: Listener,
        audible: Callable[[], bool],
        tell: Callable[..., None],
    ) -> None:
        self._open_microphone: Final = open_microphone
        self._gate: Final = gate
        self.echo = echo
        """Another one may take its place between two frames."""
        self._vad: Final = vad
        self._listener: Final = listener
        self._audible: Final = audible
        self._tell: Final = tell
        self._reopening: Final = Reopening("microphone", open_microphone, on_fault=listener.microphone_lost, tell=tell)
        self._microphone: Microphone | None = None
        self._muted = False
        self._times_s = deque[float](maxlen=gate.settings.kept_frames)
        """When the newest frames that did not pass were captured."""
        self._lost_frames = 0
        """Frames that the device lost while the gate was open."""
        self._idle_frames = 0
        """How long nothing has followed from what was heard."""
        self._unheard_frames = 0
        """Frames since the newest that the echo control took: it is to know how much time has passed."""
        self.frames = 0
        """How many frames were read, ever: for a watchdog."""
        self.lost = False
        """Whether the microphone is known to be lost: closing and opening it takes seconds, in which no frames come."""
        self.level_db = SILENCE_DBFS
        """Loudness in dBFS: rises at once, falls by 30 dB a second; -96 while muted."""
        self.ready: Final = asyncio.Event()
        """Set once the microphone is open for the first time."""

    def __repr__(self) -> str:
        return f"<Capture {'muted ' if self._muted else ''}{self.frames} frames {self._gate!r}>"

    @property
    def muted(self) -> bool:
        """Whether the driver keeps its samples to itself. No frame passes then, and none is kept for later."""
        return self._muted

    @muted.setter
    def muted(self, muted: bool) -> None:
        self._muted = muted
        self.level_db = SILENCE_DBFS
        if self._microphone is not None:
            self._microphone.muted = muted
        self._gate.forget()

    def open_gate(self, *, endpointing: bool, to_voice: bool = False) -> None:
        """Send what was said just before, then every frame from now on; see `Gate.open`."""
        self._hurry()
        pre_roll = self._gate.open(endpointing=endpointing, to_voice=to_voice)[self._coming_frames() :]
        times_s = list(self._times_s)[len(self._times_s) - len(pre_roll) :]  # the pre-roll has no holes
        for pcm, captured_s in zip(pre_roll, times_s, strict=True):
            self._listener.said(pcm, captured_s)

    def close_gate(self) -> None:
        """Send nothing more."""
        self._gate.close()
        if self._lost_frames:
            self._tell("microphone.overflow", level=Level.WARNING, lost_ms=self._lost_frames * FRAME_MS)
            self._lost_frames = 0

    def go_by(self, settings: GateSettings) -> None:
        """Have the closed gate listen as `settings` say; see `Gate.go_by`."""
        self._gate.go_by(settings)
        self._times_s = deque(self._times_s, maxlen=settings.kept_frames)

    def watch(self, attack_ms: int | None, for_s: float | None = None) -> None:
        """Have the closed gate tell of a voice; see `Gate.watch`."""
        self._hurry()
        self._gate.watch(attack_ms, for_s)

    @property
    def watch_left(self) -> float:
        """How much is left of the time of the watch, 0 to 1."""
        return self._gate.watch_left

    async def run(self) -> NoReturn:
        """Read until cancelled; the microphone is closed afterwards. A lost microphone is opened again, for ever.

        Raises:
            DeviceMissing: It cannot be opened the first time.
            DeviceStuck: It was lost, and only another process can open it.
        """
        microphone = await self._open_microphone()
        while True:
            self._microphone = microphone
            microphone.muted = self._muted
            self.ready.set()
            try:
                while True:
                    self._heard(await microphone.read())
                    self._relax(microphone)
            except DeviceLost as error:
                lost = error
                self.lost = True
            finally:
                self._microphone = None
                await microphone.close()
            self._gate.forget()
            for _ in range(_FADING_FRAMES):
                self._vad.voiced(UP.silence)
            microphone = await self._reopening.again(lost)
            self.lost = False

    def _coming_frames(self) -> int:
        """Return how many frames that were captured already will pass the gate: the pre-roll is so much shorter."""
        if not self._times_s:
            return 0
        return max(0, int((asyncio.get_running_loop().time() - self._times_s[-1]) / FRAME_S))

    def _hurry(self) -> None:
        """Have every frame at once from now on."""
        self._idle_frames = 0
        if self._microphone is not None:
            self._microphone.patient = False

    def _relax(self, microphone: Microphone) -> None:
        """Let frames come several at once if nothing has followed from any of them for long."""
        busy = self._gate.is_open or self._gate.watches or self._audible()
        self._idle_frames = 0 if busy else self._idle_frames + 1
        patient = self._idle_frames > _PATIENT_AFTER_FRAMES
        if microphone.patient != patient:
            microphone.patient = patient

    def _heard(self, frame: Frame) -> None:
        """Take one frame from the driver's hands into the gate's."""
        self.frames += 1
        if frame.lost_frames:
            self._lost_frames += frame.lost_frames if self._gate.is_open else 0
            self._pass_time(frame.lost_frames)
        self._unheard_frames += frame.lost_frames
        if self._muted:
            self._unheard_frames += 1
            self._vad.voiced(UP.silence)  # or it would go on hearing the voice from before, afterwards
            self._pass_time(1)
            return
        cleaned = self.echo.heard(replace(frame, lost_frames=self._unheard_frames), audible=self._audible())
        self._unheard_frames = 0
        self.level_db = max(level_dbfs(cleaned.pcm), self.level_db - _FALL_DB)
        voiced = self._vad.voiced(cleaned.pcm) and cleaned.users
        passed = self._gate.push(cleaned.pcm, voiced=voiced, kept=cleaned.kept)
        if passed.frame is not None:
            self._listener.said(passed.frame, frame.captured_s)
        else:
            self._times_s.append(frame.captured_s)
        if passed.marker is not None:
            self._listener.noticed(passed.marker)
        if cleaned.barged_in:
            self._listener.barged_in()

    def _pass_time(self, frames: int) -> None:
        marker = self._gate.lost(frames)
        if marker is not None:
            self._listener.noticed(marker)
