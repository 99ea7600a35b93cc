"""The model's side of one connection: which turn it answers, how far it is, and what it wants called."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, replace
from typing import Final

from hardware import pcm

from . import messages as say
from .agenda import Agenda, Cue, Step
from .answer import Answer, Call, Part
from .conduct import Conduct
from .memory import TOKENS_PER_S, Session, Turn
from .messages import Message, Out

GENERATED_AFTER_S: Final = 0.02
"""From the last audio to generationComplete."""


@dataclass(slots=True)
class Calls:
    """Functions that were called together, and the answer that waits for them."""

    turn: Turn
    answer: Answer
    blocking: bool
    pending: dict[str, Call]
    issued: bool = False


@dataclass(frozen=True, slots=True)
class Owed:
    """A turn whose answer has not begun; `answer` is what a function was called for, None an ordinary answer."""

    turn: Turn
    answer: Answer | None = None


@dataclass(slots=True)
class Answering:
    """The answer under way."""

    turn: Turn
    reason: str = ""
    begun: bool = False
    interrupting: bool = False
    audio_bytes: int = 0
    """Sent since the last usage report."""
    calls: Calls | None = None


class Generator:
    """Answers one turn after the other, on the agenda of its connection."""

    def __init__(self, session: Session, agenda: Agenda, conduct: Conduct) -> None:
        self._session: Final = session
        self._agenda: Final = agenda
        self._conduct: Final = conduct
        self._now: Answering | None = None
        self._owed: Final[deque[Owed]] = deque()
        self._async_calls: Final[list[Calls]] = []
        self._dropped: tuple[Call, ...] = ()

    def __repr__(self) -> str:
        return f"Generator({self._now}, {len(self._owed)} owed)"

    def owe(self, turn: Turn, now: float, answer: Answer | None = None) -> None:
        """Answer `turn` as soon as the answer under way, if any, is over."""
        if self._conduct.faults.answers:
            self._owed.append(Owed(turn, answer))
            self._next(now)

    def interrupt(self, now: float) -> None:
        """Break off whatever is being or would have been answered; the user speaks.

        An answer that has begun goes on for `Pacing.interrupt_s`, then ends with `interrupted` and `turnComplete`,
        without generationComplete; so does one that was generated but is not over (live-api.md 1.3).
        """
        self._owed.clear()
        answering = self._now
        if answering is None or answering.interrupting:
            return
        if not answering.begun and not self._conduct.manners.ends_unheard_turns:
            self._agenda.keep(lambda cue: not cue.of_answer)
            answering.turn.interrupted = True
            self._now = None
            return
        self._drop_calls(answering, now)
        at_s = now + self._conduct.pacing.interrupt_s
        self._agenda.keep(
            lambda cue: (
                not cue.of_answer or (answering.begun and cue.at_s <= at_s and cue.step in {Step.FRAME, Step.CHUNK})
            )
        )
        answering.interrupting = True
        self._agenda.add(at_s, say.interrupted(), Step.INTERRUPTED, of_answer=True)
        self._agenda.add(at_s + 0.01, {}, Step.TURN_COMPLETE, of_answer=True)

    def respond(self, call_id: str, scheduling: str, now: float) -> bool:
        """Take a function's result; return whether anybody waited for it."""
        waiting = [self._now.calls] if self._now is not None and self._now.calls is not None else []
        for calls in (*waiting, *self._async_calls):
            if calls.issued and calls.pending.pop(call_id, None) is not None:
                if not calls.pending:
                    self._called(calls, scheduling, now)
                return True
        return False

    def carry_out(self, cue: Cue) -> Out | None:
        """Do what a cue of the answer means; return what is really said."""
        answering = self._now
        assert answering is not None, cue
        match cue.step:
            case Step.CHUNK:
                self._chunk_sent(answering, cue.audio_bytes)
            case Step.TOOL_CALL:
                answering.begun = True
                for calls in (answering.calls, *self._async_calls):
                    if calls is not None and calls.turn is answering.turn:
                        calls.issued = True
            case Step.GENERATION_COMPLETE:
                answering.begun = True
            case Step.INTERRUPTED:
                answering.turn.interrupted = True
            case Step.TURN_PAUSED:
                return say.turn_complete(self._usage(answering), status="IN_PROGRESS")
            case Step.TURN_COMPLETE:
                return self._turn_complete(answering, cue.at_s)
            case _:
                pass
        return cue.out

    # --- one answer --------------------------------------------------------------------------------------------------

    def _next(self, now: float) -> None:
        if self._now is not None or not self._owed:
            return
        owed = self._owed.popleft()
        self._now = Answering(owed.turn)
        ended_s = owed.turn.ended_s
        assert ended_s is not None
        if owed.answer is not None:
            self._perform(self._now, owed.answer, now + self._conduct.pacing.think_s)
            return
        answer = self._conduct.recite(owed.turn.text) or self._conduct.answer(owed.turn.number)
        begins_s = max(now, ended_s + self._conduct.pacing.think_s)
        if self._dropped:
            begins_s = max(now, ended_s + self._conduct.dice.uniform(*self._conduct.manners.reissue_s))
        wanted, self._dropped = (*self._dropped, *answer.calls), ()
        if wanted:
            self._call(self._now, wanted, answer, begins_s)
        else:
            self._perform(self._now, answer, begins_s)

    def _perform(self, answering: Answering, answer: Answer, begins_s: float) -> None:
        """Put the whole of an answer on the agenda, its first audio at `begins_s`."""
        answering.reason = answer.reason
        parts = [answer]
        if self._session.setup.model.reports_interaction and answer.pcm:
            parts = _halves(answer)
        for index, part in enumerate(parts):
            ends_s = self._say(answering.turn, part, begins_s, first=index == 0)
            last = index == len(parts) - 1
            self._agenda.add(ends_s, {}, Step.TURN_COMPLETE if last else Step.TURN_PAUSED, of_answer=True)
            begins_s = ends_s + self._conduct.pacing.think_s

    def _say(self, turn: Turn, answer: Answer, begins_s: float, *, first: bool) -> float:
        """Plan one answer up to generationComplete; return when its turnComplete is due."""
        setup, conduct = self._session.setup, self._conduct
        heard = conduct.words_of(turn) if first and setup.transcribes_input and turn.heard_bytes else ""
        part = Part(answer, setup.model, conduct.pacing, heard, setup.transcribes_output)
        lines, last_s = part.lines(conduct.dice)
        for line in lines:
            at_s = begins_s + line.after_s
            self._agenda.add(at_s, line.out, line.step, of_answer=True, audio_bytes=line.audio_bytes)
        generated_s = begins_s + last_s + GENERATED_AFTER_S
        if conduct.faults.generation_complete:
            self._agenda.add(generated_s, say.generation_complete(), Step.GENERATION_COMPLETE, of_answer=True)
        # turnComplete comes when the answer would have been heard, give or take (live-api.md 0.14).
        sounded_s = begins_s + pcm.DOWN.seconds(len(answer.pcm)) + conduct.dice.uniform(-0.244, 0.05)
        return max(generated_s + 0.01, sounded_s)

    def _chunk_sent(self, answering: Answering, audio_bytes: int) -> None:
        if not answering.turn.answered:
            self._session.answered(answering.turn)
        answering.begun = True
        answering.audio_bytes += audio_bytes
        answering.turn.answer_bytes += audio_bytes

    def _turn_complete(self, answering: Answering, at_s: float) -> Out | None:
        answering.turn.complete = not answering.interrupting
        status = "IDLE" if self._session.setup.model.reports_interaction else ""
        message = say.turn_complete(self._usage(answering), status=status, reason=answering.reason)
        self._now = None
        self._next(at_s)
        return message if self._conduct.faults.turn_complete else None

    def _usage(self, answering: Answering) -> Message:
        """Return what the answer cost so far; its own audio is context from then on."""
        response = Counter({"AUDIO": round(pcm.DOWN.seconds(answering.audio_bytes) * TOKENS_PER_S)})
        answering.audio_bytes = 0
        report = say.usage(self._session.context_tokens, response)
        self._session.context_tokens += response
        self._session.compress()
        return report

    # --- functions ---------------------------------------------------------------------------------------------------

    def _call(self, answering: Answering, wanted: tuple[Call, ...], answer: Answer, at_s: float) -> None:
        """Plan a toolCall. BLOCKING: the answer waits for it. NON_BLOCKING: the turn ends, the answer comes later."""
        dice, setup = self._conduct.dice, self._session.setup
        pending = {f"function-call-{dice.randint(10**18, 10**19 - 1)}": call for call in wanted}
        blocking = any(setup.behaviors.get(call.name) == "BLOCKING" for call in wanted)
        calls = Calls(answering.turn, answer, blocking, pending)
        triples = [(key, call.name, call.args) for key, call in pending.items()]
        self._agenda.add(at_s, say.tool_call(triples), Step.TOOL_CALL, of_answer=True)
        if blocking:
            answering.calls = calls
        else:
            self._async_calls.append(calls)
            self._perform(answering, Answer(b""), at_s)

    def _called(self, calls: Calls, scheduling: str, now: float) -> None:
        """Go on, now that all results are there."""
        if calls.blocking:
            assert self._now is not None
            self._now.calls = None
            self._perform(self._now, calls.answer, now + self._conduct.pacing.think_s)
            return
        self._async_calls.remove(calls)
        if scheduling == "SILENT":
            return
        if scheduling == "INTERRUPT":
            self.interrupt(now)
        self.owe(calls.turn, now, replace(calls.answer, calls=()))

    def _drop_calls(self, answering: Answering, now: float) -> None:
        """Forget a blocking call that the user talks over; it is made again in the next answer (live-api.md 1.8)."""
        calls, answering.calls = answering.calls, None
        if calls is None or not calls.issued:
            return
        self._dropped = tuple(calls.pending.values())
        if self._conduct.manners.cancels_calls:
            self._agenda.add(now, say.tool_call_cancellation(list(calls.pending)))


def _halves(answer: Answer) -> list[Answer]:
    """Split an answer in two: a first word at once, the rest after more thinking (live-api.md 1.7)."""
    cut = pcm.DOWN.bytes_in(pcm.DOWN.seconds(len(answer.pcm)) / 3)
    words = answer.transcript.split()
    first = len(words) // 3
    return [
        replace(answer, pcm=answer.pcm[:cut], transcript=" ".join(words[:first])),
        replace(answer, pcm=answer.pcm[cut:], transcript=" ".join(words[first:])),
    ]
