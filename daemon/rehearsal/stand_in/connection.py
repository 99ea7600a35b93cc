"""One connection to the stand-in service: frames in, messages out, everything by `now`."""

from __future__ import annotations

from typing import Final

from . import messages as say
from .agenda import Agenda, Cue, Step
from .conduct import Conduct
from .faults import OVERSTAYED, GoAway, Handles, Moment, Silence
from .fields import Fields, group, read
from .generator import Generator
from .listener import Listener
from .memory import Memory, Session
from .messages import Abort, Close, Out, Rejected, Stall
from .setup import agreed
from .tokens import TOKEN_OVER, Token

_MOMENTS: Final = {
    Step.SETUP_COMPLETE: Moment.SETUP_COMPLETE,
    Step.CHUNK: Moment.ANSWER_CHUNK,
    Step.GENERATION_COMPLETE: Moment.GENERATION_COMPLETE,
    Step.INTERRUPTED: Moment.INTERRUPTED,
    Step.TURN_COMPLETE: Moment.TURN_COMPLETE,
}


class Connection:
    """What the service does on one connection. The shell around it brings the bytes and the clock.

    After each `receive`, and whenever `deadline` has passed, call `poll` and send what it returns, in that order; a
    `Close`, `Abort` or `Stall` is the last thing it ever returns. When the transport is gone, for whatever reason,
    call `closed`: only after that, or its own `Close` or `Abort`, does the service take a resume of the same session.

    Attributes:
        session: The session that it belongs to; None before a good setup.
        api_version: From the path.
        opened_s: When it was made.
    """

    def __init__(
        self, memory: Memory, conduct: Conduct, api_version: str, now: float, *, token: Token | None = None
    ) -> None:
        self._memory: Final = memory
        self._conduct: Final = conduct
        self._token: Final = token
        self._agenda: Final = Agenda()
        self._reading = True
        self._counted = False  # among the session's open connections
        self._ready = False
        self._generator: Generator | None = None
        self._listener: Listener | None = None
        self.session: Session | None = None
        self.api_version: Final = api_version
        self.opened_s: Final = now

    def __repr__(self) -> str:
        session = self.session.id if self.session else "no session"
        return f"Connection({session}, reading={self._reading}, {self._generator}, {self._agenda})"

    def receive(self, frame: str | bytes, now: float) -> None:
        """Take one frame of the client's, text or binary. What follows from it comes out of `poll`."""
        if not self._reading:
            return
        try:
            self._obey(read(frame), now)
        except Rejected as rejected:
            self._reading = False
            self._agenda.add(now, rejected.close)

    def deadline(self) -> float | None:
        """Return when `poll` has something next; None where only the client can cause something."""
        return self._agenda.next_s

    def poll(self, now: float) -> list[Out]:
        """Return everything that is due, in order."""
        said = []
        while (cue := self._agenda.due(now)) is not None:
            out = self._carry_out(cue)
            if out is not None:
                said.append(out)
        return said

    def closed(self, now: float) -> None:
        """Take that the transport is gone. May be called more than once."""
        self._reading = False
        self._agenda.clear()
        if self._counted and self.session is not None:
            self._counted = False
            self._memory.leave(self.session, now)

    def go_away(self, order: GoAway, now: float) -> None:
        """Announce the end of the connection, and plan it; any other announced end is off."""
        self._agenda.keep(lambda cue: cue.step is not Step.EXPIRY)
        words = Step.LAST_WORDS if order.silent else Step.EXPIRY
        self._agenda.add(now, say.go_away(order.time_left_s), words)
        if order.then is not None:
            self._agenda.add(now + order.time_left_s, order.then, Step.EXPIRY)

    # --- what the client says ----------------------------------------------------------------------------------------

    def _obey(self, fields: Fields, now: float) -> None:
        if len(fields) != 1:
            raise Rejected(1007, "Request contains an invalid argument.")
        if "setup" in fields:
            self._set_up(fields, now)
            return
        if self.session is None or self._listener is None:
            raise Rejected(1007, "setup: must be the first message.")
        if not self._ready:
            self.session.oddities["before_setup_complete"] += 1
        pictures = len(self.session.seen_s)
        self._listener.obey(fields, now)
        if not pictures and self.session.seen_s:
            self._plan_end(self.session, now)

    def _set_up(self, fields: Fields, now: float) -> None:
        if self.session is not None:
            raise Rejected(1007, "setup: was already received.")
        if self._token is not None:
            fields = self._token.agreed(fields, now, again=self._conduct.manners.takes_tokens_again)
            self._agenda.add(self._token.expires_s, TOKEN_OVER, Step.KEY_OVER)
        session = self._memory.enter(agreed(group(fields, "setup"), self.api_version), now)
        self.session, self._counted = session, True
        self._generator = Generator(session, self._agenda, self._conduct)
        self._listener = Listener(session, self._generator, self._agenda, self._strike)
        self._strike(Moment.SETUP, now)
        delay_s = self._conduct.faults.setup_complete_after_s
        if delay_s is not None:
            self._agenda.add(now + delay_s, say.setup_complete(), Step.SETUP_COMPLETE)
        self._plan_end(session, now)

    # --- what the service says ---------------------------------------------------------------------------------------

    def _carry_out(self, cue: Cue) -> Out | None:
        out: Out | None = cue.out
        if cue.of_answer and self._generator is not None:
            out = self._generator.carry_out(cue)
        match cue.step:
            case Step.SETUP_COMPLETE:
                self._ready = True
            case Step.LAST_WORDS:
                self._agenda.hush()
            case Step.TURN_COMPLETE if out is not None and self.session is not None:
                self._hand_out(self.session, cue.at_s)
        if cue.step in _MOMENTS:
            self._strike(_MOMENTS[cue.step], cue.at_s)
        match out:
            case Close() | Abort():
                self.closed(cue.at_s)
            case Stall():
                self._reading = False
                self._agenda.clear()
        return out

    def _hand_out(self, session: Session, at_s: float) -> None:
        """Plan the resumption update after a turn."""
        faults = self._conduct.faults
        match faults.handles:
            case Handles.NONE:
                return
            case Handles.EMPTY:
                update = say.resumption_update()
            case Handles.WHOLE | Handles.CUT if not session.setup.resumable:
                update = say.resumption_update(resumable=True)  # comes unasked, without a handle (live-api.md 1.6)
            case Handles.WHOLE:
                update = say.resumption_update(self._memory.mint(session), resumable=True)
            case Handles.CUT:
                update = say.resumption_update(self._memory.mint(session)[:12], resumable=True)
        self._agenda.add(at_s + faults.handle_after_s, update)

    def _strike(self, moment: Moment, at_s: float) -> None:
        for act in self._conduct.nemesis.at(moment):
            match act:
                case Silence():
                    self._agenda.hush()
                case GoAway():
                    self.go_away(act, at_s)
                case _:
                    self._agenda.add(at_s, act)

    def _plan_end(self, session: Session, now: float) -> None:
        """Plan the end that every connection comes to: its own, or that of a session without compression."""
        manners = self._conduct.manners
        ends = [] if manners.connection_s is None else [self.opened_s + manners.connection_s]
        if session.setup.compression is None:
            longest_s = manners.video_session_s if session.seen_s else manners.audio_session_s
            ends.append(session.began_s + longest_s)
        if ends:
            end_s = max(now, min(ends))
            notice_s = min(manners.go_away_s, end_s - now)
            self._agenda.keep(lambda cue: cue.step is not Step.EXPIRY)
            self._agenda.add(end_s - notice_s, say.go_away(notice_s), Step.EXPIRY)
            self._agenda.add(end_s, OVERSTAYED, Step.EXPIRY)
