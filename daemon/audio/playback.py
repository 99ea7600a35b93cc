"""The loudspeaker's side of the daemon: answers through the jitter buffer, earcons over them, silence at once.

play ──► Answer (jitter buffer) ──┐
say, earcon ──────────────────────┴─► Mix (volume) ──► Feeding ──► speaker.write   one frame at a time, at its pace
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, NoReturn

from daemon.audio.answer import Answer, Heard
from daemon.audio.cushion import Missed
from daemon.audio.feeding import Feeding
from daemon.audio.lateness import Lateness
from daemon.audio.loudspeaker import Loudspeaker
from daemon.audio.mix import Mix, Part
from daemon.audio.rest import LEAD_IN_S, Rest
from daemon.journal import Level
from hardware.interfaces import DeviceLost, Speaker
from hardware.pcm import FRAME_S
from hardware.played import Piece

__all__ = ["Heard", "Playback"]

_MARGIN_S: Final = 0.005
"""How long before the device takes its next frame a missing one is given up: a busy loop may be that late."""


class Playback:
    """Plays one answer at a time, and earcons over it. Nothing but `run` ever waits.

    A turn is heard as long as no later one is: a chunk of a higher turn replaces what is left of a lower one, and what
    belongs to a lower turn, or to one that was silenced, is dropped. All callbacks are called on the event loop's
    thread and never from within a method called here; they must not raise.

    Args:
        open_speaker: Opens it, as `Board.speaker` does.
        volume_percent: The volume to begin with.
        on_sounding: Told the turn when the first sample of its answer sounds.
        on_sounded: Told when all that arrived of an answer has sounded, and only after its end; also for an empty
            one, and for one that was given up because the speaker was gone. Never for one silenced or replaced.
        on_fault: Called with True when the speaker was lost, with False when it is back.
        tell: The journal: `device.lost`, `device.back`; `playback.given_up` and `playback.chunk_dropped` (reason), each
            at most once for a turn (turn_id); `speaker.asleep`, `speaker.awake`.
        sleep_after_s: After so long without a sound the card is closed, until `wake` or something to play; 0: never.
        tail_s: How long the room goes on sounding when the loudspeaker is silent (hardware.md section 2: 0.3 s).
    """

    def __init__(
        self,
        open_speaker: Callable[[], Awaitable[Speaker]],
        *,
        volume_percent: int,
        on_sounding: Callable[[int], None],
        on_sounded: Callable[[int, Heard], None],
        on_fault: Callable[[bool], None],
        tell: Callable[..., None],
        sleep_after_s: float = 0.0,
        tail_s: float = 0.3,
    ) -> None:
        self._on_sounding: Final = on_sounding
        self._on_sounded: Final = on_sounded
        self._on_fault: Final = on_fault
        self._tell: Final = tell
        self._feeding: Final = Feeding(tail_s)
        self._lateness: Final = Lateness()
        self._rest: Final = Rest(sleep_after_s, tell)
        self._loudspeaker: Final = Loudspeaker(
            open_speaker, self._rest, on_fault=self._faulted, on_given_up=self._give_up, tell=tell
        )
        self._mix: Final = Mix(volume_percent)
        self.volume: Final = self._mix.volume
        self._given_up = False
        """The speaker has been gone for so long that nothing is kept for it."""
        self._answer: Answer = Answer.none(self._lateness)
        self._silenced_turn_id = 0
        self._announcements: list[asyncio.TimerHandle] = []
        """The calls of `on_sounding` and `on_sounded` for this answer that are still to come."""
        self._work: Final = asyncio.Event()

    def __repr__(self) -> str:
        return f"<Playback {self._answer!r} {self._mix!r} {self._rest!r}>"

    @property
    def audible(self) -> bool:
        """Whether the microphone may hear us: from the first frame handed over until `tail_s` after the last sound."""
        return self._feeding.sounds.audible(_now())

    def reference(self) -> list[Piece]:
        """Return what the speaker handed to its device since the last call: what may come back as an echo."""
        return self._feeding.reference()

    @property
    def level(self) -> float:
        """How loud it is at this moment, before the owner's volume: 0 at -60 dBFS, 1 at -10 dBFS."""
        return self._feeding.sounds.level(_now())

    def wake(self) -> None:
        """Have the card open soon: something will sound. Called long before it does, nobody waits for the card."""
        self._rest.wake(_now())

    def play(self, turn_id: int, pcm: bytes) -> None:
        """Take a chunk of the answer to `turn_id`: s16le, mono, 24 kHz, any length, cut anywhere."""
        if turn_id <= self._silenced_turn_id or turn_id < self._answer.turn_id:
            return
        answer = self._answer_to(turn_id)
        if refusal := answer.arrived(pcm, _now()):
            self._tell("playback.chunk_dropped", level=Level.WARNING, turn_id=turn_id, reason=refusal.value)
        self._rest.wake(_now())
        self._work.set()

    def end(self, turn_id: int) -> None:
        """Note that all of the answer to `turn_id` has arrived. May be called twice, or without any chunk."""
        if turn_id <= self._silenced_turn_id or turn_id < self._answer.turn_id:
            return
        answer = self._answer_to(turn_id)
        if not answer.ended:
            answer.end()
            self._work.set()
            self._announce_end()

    def silence(self, turn_id: int) -> Heard:
        """Drop every sound at once, earcons and what is in the speaker included. Return how much had sounded.

        Nothing more will be heard of `turn_id` and the turns before it. The answer to a later one goes on.
        """
        now = _now()
        self._silenced_turn_id = max(self._silenced_turn_id, turn_id)
        answer = self._answer
        if answer.turn_id > turn_id:
            return Heard(turn_id)
        self._mix.drop_all()
        self._stop(now)
        return answer.heard(now) if answer.turn_id == turn_id else Heard(turn_id)

    def withdraw(self, turn_id: int) -> None:
        """Drop what has come of the answer to `turn_id`: another one to the same turn may follow."""
        if self._answer.turn_id == turn_id and turn_id > self._silenced_turn_id:
            self._stop(_now())
            self._answer = Answer(turn_id, self._lateness)

    def earcon(self, pcm: bytes) -> None:
        """Play `pcm` (s16le, mono, 24 kHz) with the next frame, over whatever else plays.

        An earcon is of the moment: without a speaker it is dropped. One that only sleeps is woken for it.
        """
        if self._feeding.has_speaker or self._rest.asleep:
            self._mix.add_earcon(pcm)
            self._rest.wake(_now())
            self._work.set()

    def say(self, pcm: bytes) -> None:
        """Say `pcm` (s16le, mono, 24 kHz), a phrase that is kept here, unless an answer sounds or until one does.

        It begins when the earcon of the moment is over. Without a speaker it is dropped, like an earcon.
        """
        if self._feeding.has_speaker or self._rest.asleep:
            self._mix.set_phrase(pcm)
            self._rest.wake(_now())
            self._work.set()

    def hush(self) -> None:
        """Drop what is left of a phrase, what is in the speaker included."""
        if self._mix.drop_phrase():  # while there was some left, nothing else but an earcon was handed over
            self._feeding.silence(_now())

    async def run(self) -> NoReturn:
        """Play until cancelled; the speaker is closed afterwards. A lost speaker is opened again, for ever.

        Raises:
            DeviceMissing: It cannot be opened the first time.
            DeviceStuck: It was lost, and only another process can open it.
        """
        speaker = await self._loudspeaker.first()
        try:
            while True:
                lost = await self._serve(speaker)
                speaker = await (self._loudspeaker.woken() if lost is None else self._loudspeaker.mended(lost))
                self._given_up = False
        finally:
            self._cancel_announcements()

    # --- answers -----------------------------------------------------------------------------------

    def _answer_to(self, turn_id: int) -> Answer:
        """Return the answer to `turn_id`, which is not lower than the present one's; replace that if it is higher."""
        old = self._answer
        if old.turn_id == turn_id:
            return old
        new = Answer(turn_id, self._lateness)
        new.sounds_until_s = old.sounds_until_s  # an empty one is over after all that is to sound before it
        if old.announced:
            old.buffer.flush()  # its last frames are with the speaker, and may sound
        elif not old.dropped:
            self._stop(_now())
        self._announcements = []
        self._answer = new
        if self._given_up:
            self._answer.drop(_now())
        return self._answer

    def _stop(self, now: float) -> None:
        """Let nothing of the present answer sound any more, nor what the speaker holds."""
        self._cancel_announcements()
        self._answer.drop(now)
        self._feeding.silence(now)

    def _cancel_announcements(self) -> None:
        for call in self._announcements:
            call.cancel()
        self._announcements = []

    def _announce_end(self) -> None:
        """Call `on_sounded` when the last frame will have sounded, once nothing is left to hand over."""
        answer = self._answer
        if answer.handed_out and not self._feeding.is_handing_over(answer) and not answer.announced:
            answer.announced = True
            loop = asyncio.get_running_loop()
            self._announcements.append(loop.call_at(answer.sounds_until_s, self._sounded, answer))

    def _sounded(self, answer: Answer) -> None:
        """Tell that the last sample of `answer` has sounded; silence since its last frame is as it should be."""
        now = _now()
        if self._answer is answer:
            answer.missed(Missed(xruns=self._feeding.missed().xruns), now)
        self._on_sounded(answer.turn_id, answer.heard(now))

    def _faulted(self, lost: bool) -> None:
        self._mix.drop_all()  # one that was to wake the speaker, too: it is of the moment
        self._on_fault(lost)

    def _give_up(self) -> None:
        """Keep nothing for a speaker that does not come back."""
        self._given_up = True
        self._feeding.drop()
        answer = self._answer
        if not answer.announced and not answer.dropped:
            self._tell("playback.given_up", level=Level.WARNING, turn_id=answer.turn_id)
            answer.drop(_now())
            self._announce_end()

    # --- the speaker -------------------------------------------------------------------------------

    async def _serve(self, speaker: Speaker) -> DeviceLost | None:
        """Feed `speaker` until it is lost, then close it and return how; None if it may sleep."""
        try:
            return await self._feeding.until_over(speaker, self._next_part, self._handed_over)
        finally:
            self._mix.drop_all()
            await speaker.close()

    async def _next_part(self) -> Part | None:
        """Wait for something to play. Frames that are there are handed over early, missing ones waited for.

        Returns None when it has waited for so long that the card may rest.
        """
        if self._rest.asleep:
            self._rest.end(_now())
            await asyncio.sleep(LEAD_IN_S)
        awaited = False
        while True:
            self._work.clear()
            now = _now()
            hand_over_s = self._feeding.sounds.hand_over_by_s(now)
            buffer = self._answer.buffer
            ready_at_s = buffer.ready_at_s
            running_dry = buffer.primed and not buffer.finished and ready_at_s is None
            given_up_s = hand_over_s - _MARGIN_S
            if not running_dry or now >= given_up_s:
                part = self._mix.next_part(self._answer, hand_over_s, awaited=awaited)
                if part is not None:
                    return part
            rest_s = self._rest.due_s
            if rest_s is not None and now >= rest_s and not running_dry:
                self._rest.begin(now)
                return None
            awaited = awaited or running_dry
            try:
                next_s = given_up_s if running_dry else ready_at_s
                async with asyncio.timeout_at(rest_s if next_s is None else next_s):
                    await self._work.wait()
            except TimeoutError:
                pass

    def _handed_over(self, part: Part, starts_s: float, missed: Missed) -> None:
        """Take note of when `part` will sound, and of what was `missed` since the one before."""
        now = _now()
        self._rest.busy(starts_s + FRAME_S)
        if part.answer is not None:
            first = part.answer.first_sound_s is None
            if part.goes_on:
                part.answer.missed(missed, now)
            part.answer.handed_over(starts_s, part.length_s, now)
            if first:
                loop = asyncio.get_running_loop()
                self._announcements.append(loop.call_at(starts_s, self._on_sounding, part.answer.turn_id))
            self._announce_end()


def _now() -> float:
    return asyncio.get_running_loop().time()
