"""What the service makes of the client's input once a session is set up: turns, pictures, results."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from . import messages as say
from .agenda import Agenda
from .ears import Ears
from .faults import Moment
from .fields import Fields, group, groups, text
from .generator import Generator
from .memory import Session, Turn
from .messages import Rejected
from .setup import check_history

_AUDIO_TYPE: Final = re.compile(r"audio/pcm(?:\s*;\s*rate=(\d+))?", re.IGNORECASE)


class Listener:
    """Hears one connection's user. With manual activity the client opens and closes the window, else the ears do.

    Args:
        session: Whose turns they are.
        generator: Who answers them.
        agenda: Where reports of the voice detection go.
        strike: Called with each moment that comes to pass, and its time.
    """

    def __init__(
        self, session: Session, generator: Generator, agenda: Agenda, strike: Callable[[Moment, float], None]
    ) -> None:
        setup = session.setup
        self._session: Final = session
        self._generator: Final = generator
        self._agenda: Final = agenda
        self._strike: Final = strike
        self._ears: Final = None if setup.manual else Ears(setup.threshold_dbfs, setup.padding_s, setup.silence_s)
        self._window: Turn | None = None

    def __repr__(self) -> str:
        return f"Listener({self._session.id}, window={self._window and self._window.number}, {self._ears})"

    def obey(self, fields: Fields, now: float) -> None:
        """Take one message of the client's other than a setup.

        Raises:
            Rejected: It breaks a rule of the service.
        """
        if "realtimeInput" in fields:
            self._realtime(group(fields, "realtimeInput"), now)
        elif "clientContent" in fields:
            self._client_content(group(fields, "clientContent"), now)
        else:
            for response in groups(group(fields, "toolResponse"), "functionResponses"):
                if not self._generator.respond(text(response, "id"), _scheduling(response), now):
                    self._session.oddities["response_to_no_call"] += 1

    def _realtime(self, fields: Fields, now: float) -> None:
        if "mediaChunks" in fields:
            raise Rejected(1007, "realtime_input.media_chunks is deprecated. Use audio, video, or text instead.")
        if ("activityStart" in fields or "activityEnd" in fields) and not self._session.setup.manual:
            raise Rejected(
                1007, "Explicit activity control is not supported when automatic activity detection is enabled."
            )
        if "activityStart" in fields:
            self._activity_start(now)
        if "audio" in fields:
            self._audio(group(fields, "audio"), now)
        if "video" in fields:
            self._video(group(fields, "video"), now)
        if "text" in fields:
            self._text(text(fields, "text"), now)
        if "activityEnd" in fields:
            self._activity_end(now)
        if fields.get("audioStreamEnd") is True:
            self._audio_stream_end(now)

    def _activity_start(self, now: float) -> None:
        if self._window is not None:
            self._session.oddities["activity_start_inside_window"] += 1
            return
        if self._session.setup.interrupts:
            self._generator.interrupt(now)
        self._window = self._session.begin_turn(now)
        self._strike(Moment.ACTIVITY_START, now)

    def _activity_end(self, now: float) -> None:
        if self._window is None:
            self._session.oddities["activity_end_outside_window"] += 1
            return
        turn, self._window = self._window, None
        self._ask(turn, now)
        self._strike(Moment.ACTIVITY_END, now)

    def _audio(self, blob: Fields, now: float) -> None:
        declared = _AUDIO_TYPE.fullmatch(text(blob, "mimeType"))
        if declared is None:
            raise Rejected(1007, f"realtime_input.audio.mime_type: {text(blob, 'mimeType')!r} is not supported.")
        rate_hz = int(declared[1] or 16_000)
        audio = blob.get("data", b"")
        assert isinstance(audio, bytes)
        if len(audio) % 2 or not 8_000 <= rate_hz <= 48_000:
            raise Rejected(1007, "realtime_input.audio: is not 16-bit PCM.")
        if self._ears is not None:
            self._overhear(self._ears, audio, rate_hz, now)
        elif self._window is None:
            self._session.oddities["audio_outside_window"] += 1
        else:
            self._window.hear(audio, rate_hz)
        self._strike(Moment.AUDIO, now)

    def _overhear(self, ears: Ears, audio: bytes, rate_hz: int, now: float) -> None:
        for heard in ears.hear(audio, rate_hz):
            if heard.began:
                self._activity_start(now)
                self._report_voice("ACTIVITY_START", ears.heard_s, now)
            if self._window is not None:
                self._window.hear(heard.audio, rate_hz)
            if heard.ended:
                self._report_voice("ACTIVITY_END", ears.heard_s, now)
                self._activity_end(now)

    def _report_voice(self, kind: str, offset_s: float, now: float) -> None:
        if self._session.setup.model.reports_voice:
            self._agenda.add(now, say.voice_activity(kind, offset_s))

    def _audio_stream_end(self, now: float) -> None:
        if self._ears is None:
            self._session.oddities["audio_stream_end_in_manual_mode"] += 1
        elif self._ears.stream_ended():
            self._activity_end(now)

    def _video(self, blob: Fields, now: float) -> None:
        if text(blob, "mimeType") not in {"image/jpeg", "image/png"}:
            raise Rejected(1007, f"realtime_input.video.mime_type: {text(blob, 'mimeType')!r} is not supported.")
        self._session.see(now)

    def _text(self, words: str, now: float) -> None:
        if self._window is not None:  # gets no answer inside a window (live-api.md 1.3)
            self._session.oddities["text_inside_window"] += 1
            return
        turn = self._session.begin_turn(now)
        turn.text = words
        self._ask(turn, now)

    def _client_content(self, fields: Fields, now: float) -> None:
        check_history(self._session.setup, first=not self._session.told_history)
        words = [text(part, "text") for content in groups(fields, "turns") for part in groups(content, "parts")]
        complete = fields.get("turnComplete") is True
        if self._session.setup.announces_history and not self._session.told_history:
            self._session.told_history = complete
            self._session.context_tokens["TEXT"] += sum(len(word) for word in words) // 4
            return
        if complete:
            self._generator.interrupt(now)  # unconditionally (live-api.md 1.9)
        turn = self._session.begin_turn(now)
        turn.text = " ".join(words)
        if complete:
            self._ask(turn, now)
        else:
            self._session.end_turn(turn, now)

    def _ask(self, turn: Turn, now: float) -> None:
        self._session.end_turn(turn, now)
        if self._session.overflowing:
            raise Rejected(1007, "Request contains an invalid argument.")
        self._generator.owe(turn, now)


def _scheduling(response: Fields) -> str:
    """Return how a function's result is to be used; some clients put it inside the result (live-api.md 1.8)."""
    return text(response, "scheduling") or str(group(response, "response").get("scheduling", ""))
