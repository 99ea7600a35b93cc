"""What the stand-in service remembers of its sessions, for itself and for the eyes of a test."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from hardware import pcm

from .dice import Dice
from .messages import Rejected
from .setup import WINDOW_TOKENS, Setup

TOKENS_PER_S: Final = 25
"""Audio, in and out (live-api.md 1.1)."""
TOKENS_PER_FRAME: Final = 258
"""One video frame (live-api.md 1.1)."""
HANDLE_LIFE_S: Final = 2 * 3600.0
"""From the end of a session's last connection (live-api.md 1.6)."""


def digest(audio: bytes) -> str:
    """Return the fingerprint of a piece of audio by which tests and logs name it: BLAKE2b, 8 bytes, in hex."""
    return hashlib.blake2b(audio, digest_size=8).hexdigest()


@dataclass(slots=True)
class Turn:
    """One turn of the user's: what was heard of it, and what became of it.

    Attributes:
        number: From 1 in each session.
        session_id: Whose it is.
        began_s: When it was opened.
        ended_s: When it was closed; None while it is open, and for ever where the connection died first.
        heard_bytes: Audio heard, at the rate the client declared.
        heard_s: The same in seconds.
        digests: `digest` of each whole 20 ms frame heard, in order, counted from the turn's beginning.
        text: What was typed instead.
        video_frames: Pictures seen during it.
        answered_in: Number of the turn whose answer was the first to begin with this turn in the context. Its own
            number in the ordinary case; a later one where the user spoke again before anything was answered.
        interrupted: Its answer was cut off by the user.
        complete: Its answer was sent whole, turnComplete included.
        forgotten: The session was resumed with a handle from before this turn: the service no longer knows it.
        answer_bytes: Audio of its answer that was sent.
    """

    number: int
    session_id: str
    began_s: float
    ended_s: float | None = None
    heard_bytes: int = 0
    heard_s: float = 0.0
    digests: list[str] = field(default_factory=list)
    text: str = ""
    video_frames: int = 0
    answered_in: int | None = None
    interrupted: bool = False
    complete: bool = False
    forgotten: bool = False
    answer_bytes: int = 0
    _rest: bytes = field(default=b"", init=False, repr=False)

    @property
    def answered(self) -> bool:
        """Whether an answer began with this turn in the context."""
        return self.answered_in is not None

    def hear(self, audio: bytes, rate_hz: int) -> None:
        """Take in audio of any length, s16le mono."""
        form = pcm.Format(rate_hz)
        self.heard_bytes += len(audio)
        self.heard_s += form.seconds(len(audio))
        whole = self._rest + audio
        size = form.frame_bytes
        end = len(whole) - len(whole) % size
        self.digests.extend(digest(whole[at : at + size]) for at in range(0, end, size))
        self._rest = whole[end:]


@dataclass(slots=True)
class Session:
    """One conversation as the service knows it, over all its connections.

    Attributes:
        began_s: When its first setup was accepted.
        open_connections: How many connections it has open; 0 or 1.
        left_s: When its last connection ended; None while one is open.
        connections: How many it has had.
        handles: All handles given out, the newest last.
        seen_s: When each picture came.
        fast_frames: Pictures that came less than a second after the one before (live-api.md 1.2 allows 1 in a second).
        oddities: What a good client does not do and the service puts up with, counted by name.
        context_tokens: What the next turn is billed for, by modality.
        told_history: The announced initial history has been told.
    """

    id: str
    setup: Setup
    began_s: float
    turns: list[Turn] = field(default_factory=list)
    open_connections: int = 0
    left_s: float | None = None
    connections: int = 0
    handles: list[str] = field(default_factory=list)
    seen_s: list[float] = field(default_factory=list)
    fast_frames: int = 0
    oddities: Counter[str] = field(default_factory=Counter)
    context_tokens: Counter[str] = field(default_factory=Counter)
    told_history: bool = False

    def begin_turn(self, now: float) -> Turn:
        """Open the next turn."""
        turn = Turn(len(self.turns) + 1, self.id, now)
        self.turns.append(turn)
        return turn

    def end_turn(self, turn: Turn, now: float) -> None:
        """Close `turn`, and put what was heard and typed into the context."""
        turn.ended_s = now
        self.context_tokens["AUDIO"] += round(turn.heard_s * TOKENS_PER_S)
        self.context_tokens["TEXT"] += (len(turn.text) + 3) // 4

    def see(self, now: float) -> None:
        """Take in one picture."""
        if self.seen_s and now - self.seen_s[-1] < 1.0:
            self.fast_frames += 1
        self.seen_s.append(now)
        self.context_tokens["VIDEO"] += TOKENS_PER_FRAME
        if self.turns and self.turns[-1].ended_s is None:
            self.turns[-1].video_frames += 1

    def answered(self, by: Turn) -> None:
        """Note that the answer to `by` has begun, with everything that was said up to it in the context."""
        for turn in reversed(self.turns[: by.number]):
            if turn.answered:
                break
            if turn.ended_s is not None and not turn.forgotten:
                turn.answered_in = by.number

    def compress(self) -> None:
        """Cut the context where it has outgrown what was agreed on."""
        agreed = self.setup.compression
        total = self.context_tokens.total()
        if agreed is not None and total > agreed.trigger_tokens:
            for modality in self.context_tokens:
                self.context_tokens[modality] = self.context_tokens[modality] * agreed.target_tokens // total

    @property
    def overflowing(self) -> bool:
        """Whether the context no longer fits the model's window."""
        return self.context_tokens.total() > WINDOW_TOKENS

    @property
    def answered_digests(self) -> Counter[str]:
        """How often each 20 ms frame that was heard is part of a turn that was answered."""
        return Counter(digest for turn in self.turns if turn.answered for digest in turn.digests)


@dataclass(frozen=True, slots=True)
class Handle:
    """What a resumption handle stands for: a session, and how much of it."""

    session: Session
    turns: int

    def expired(self, now: float) -> bool:
        """Tell whether its time is over. It does not run while a connection is open."""
        return self.session.left_s is not None and now - self.session.left_s > HANDLE_LIFE_S


class Memory:
    """All sessions that the service has ever had, and the handles that lead back to them."""

    def __init__(self, dice: Dice) -> None:
        self._dice: Final = dice
        self._handles: Final[dict[str, Handle]] = {}
        self.sessions: Final[dict[str, Session]] = {}

    def __repr__(self) -> str:
        return f"Memory({len(self.sessions)} sessions, {len(self._handles)} handles)"

    def enter(self, setup: Setup, now: float) -> Session:
        """Return the session that a new connection belongs to: a new one, or the one its handle stands for.

        A resumed session keeps its original settings, whatever `setup` says (live-api.md 0.10).

        Raises:
            Rejected: 1008 for a handle that is unknown or too old, 1011 while an earlier connection of the session
                is still open (live-api.md 0.11), 1007 for another model than before (live-api.md 0.10).
        """
        session = self._resumed(setup, now) if setup.handle else self._new(setup, now)
        session.open_connections += 1
        session.connections += 1
        session.left_s = None
        return session

    def leave(self, session: Session, now: float) -> None:
        """Note that the session's open connection is no more."""
        session.open_connections -= 1
        session.left_s = now

    def mint(self, session: Session) -> str:
        """Return a new handle for `session` as it was at the end of its last finished answer."""
        turns = max((turn.number for turn in session.turns if turn.complete or turn.interrupted), default=0)
        handle = "Cih" + "".join(f"{self._dice.randint(0, 2**32 - 1):08x}" for _ in range(4))
        self._handles[handle] = Handle(session, turns)
        session.handles.append(handle)
        return handle

    def _new(self, setup: Setup, now: float) -> Session:
        session = Session(f"s{len(self.sessions) + 1}", setup, now)
        self.sessions[session.id] = session
        return session

    def _resumed(self, setup: Setup, now: float) -> Session:
        handle = self._handles.get(setup.handle)
        if handle is None or handle.expired(now):
            raise Rejected(1008, "Requested entity was not found.")
        session = handle.session
        if session.open_connections:
            raise Rejected(1011, "Internal error encountered.")
        if session.setup.model is not setup.model:
            raise Rejected(1007, "setup.model: cannot be changed when a session is resumed.")
        for turn in session.turns[handle.turns :]:
            turn.forgotten = True
        return session
