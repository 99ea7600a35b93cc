"""A client of the stand-in service without sockets, whose clock goes where the test wants it."""

from __future__ import annotations

import base64
import json
import random
from dataclasses import dataclass, field
from typing import Any

from daemon.rehearsal.stand_in.answer import Answer, Pacing
from daemon.rehearsal.stand_in.conduct import Manners
from daemon.rehearsal.stand_in.connection import Connection
from daemon.rehearsal.stand_in.faults import Faults
from daemon.rehearsal.stand_in.messages import Abort, Close, Out
from daemon.rehearsal.stand_in.service import Refusal, StandIn
from hardware.pcm import DOWN, UP
from tests.support.known_sound import known_sound

PATH = "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent"
KEY = {"x-goog-api-key": "k"}
TIDY = Pacing(stray_frames=0.0)
"""The usual pace, without messages that say nothing."""
ANSWER = Answer(known_sound(DOWN, 2.0), "one two three four five six seven")


def service(
    *,
    pacing: Pacing = TIDY,
    answer: Answer = ANSWER,
    seed: int = 1,
    manners: Manners | None = None,
    faults: Faults | None = None,
) -> StandIn:
    return StandIn(random.Random(seed), answer=lambda _turn: answer, pacing=pacing, manners=manners, faults=faults)


def setup(model: str = "gemini-3.8-live", **fields: Any) -> dict[str, Any]:
    """Return a setup with manual activity and resumption; `fields` replace or add to it, None takes one away."""
    told: dict[str, Any] = {
        "model": f"models/{model}",
        "generationConfig": {"responseModalities": ["AUDIO"]},
        "realtimeInputConfig": {"automaticActivityDetection": {"disabled": True}},
        "sessionResumption": {},
        "contextWindowCompression": {"slidingWindow": {}},
        **fields,
    }
    if model.endswith("extended-thinking") and "generationConfig" not in fields:
        told["generationConfig"]["thinkingConfig"] = {"thinkingLevel": "LOW"}
    return {name: value for name, value in told.items() if value is not None}


@dataclass
class Client:
    """One connection, and everything that came over it, each with its time."""

    service: StandIn
    now: float = 0.0
    said: list[tuple[float, Out]] = field(default_factory=list)
    connection: Connection = field(init=False)

    def __post_init__(self) -> None:
        accepted = self.service.connect(self.now, path=PATH, headers=KEY)
        assert not isinstance(accepted, Refusal)
        self.connection = accepted

    @classmethod
    def ready(cls, to: StandIn, now: float = 0.0, **fields: Any) -> Client:
        client = cls(to, now)
        client.set_up(**fields)
        return client

    def send(self, message: dict[str, Any] | str) -> None:
        self.connection.receive(message if isinstance(message, str) else json.dumps(message), self.now)
        self._poll()

    def set_up(self, model: str = "gemini-3.8-live", **fields: Any) -> None:
        self.send({"setup": setup(model, **fields)})

    def realtime(self, **fields: Any) -> None:
        self.send({"realtimeInput": fields})

    def start(self) -> None:
        self.realtime(activityStart={})

    def end(self) -> None:
        self.realtime(activityEnd={})

    def audio(self, pcm: bytes, rate_hz: int = UP.rate_hz) -> None:
        self.realtime(audio={"data": base64.b64encode(pcm).decode(), "mimeType": f"audio/pcm;rate={rate_hz}"})

    def speak(self, pcm: bytes) -> None:
        """Send audio as it sounds, in 20 ms frames."""
        for at in range(0, len(pcm), UP.frame_bytes):
            self.audio(pcm[at : at + UP.frame_bytes])
            self.wait(0.02)

    def ask(self, pcm: bytes = b"") -> None:
        """Make a whole turn."""
        self.start()
        self.speak(pcm)
        self.end()

    def wait(self, seconds: float) -> None:
        self.until(self.now + seconds)

    def until(self, then: float) -> None:
        """Let everything come that is due up to `then`, each at its own time."""
        while (due := self.connection.deadline()) is not None and due <= then:
            self.now = max(self.now, due)
            self._poll()
        self.now = then

    def leave(self) -> None:
        self.connection.closed(self.now)

    def _poll(self) -> None:
        self.said += [(self.now, out) for out in self.connection.poll(self.now)]

    # --- what came ---------------------------------------------------------------------------------------------------

    @property
    def messages(self) -> list[dict[str, Any]]:
        return [out for _, out in self.said if isinstance(out, dict)]

    @property
    def ending(self) -> Close | Abort | None:
        return next((out for _, out in self.said if isinstance(out, Close | Abort)), None)

    @property
    def handle(self) -> str:
        """The newest handle; empty where there is none."""
        updates = [message["sessionResumptionUpdate"] for message in self.messages if _kind(message) == "update"]
        return next((update["newHandle"] for update in reversed(updates) if "newHandle" in update), "")

    def kinds(self, *, since: float = 0.0) -> list[str]:
        """What came, in one word each; the same several times in a row counts once, words do not count."""
        kinds: list[str] = []
        for at_s, out in self.said:
            kind = _kind(out) if isinstance(out, dict) else type(out).__name__.lower()
            if at_s >= since and kind not in {"words", "heard"} and kinds[-1:] != [kind]:
                kinds.append(kind)
        return kinds

    def times(self, kind: str) -> list[float]:
        return [at_s for at_s, out in self.said if isinstance(out, dict) and _kind(out) == kind]

    def parts(self) -> list[list[bytes]]:
        """The audio of each message, part by part."""
        turns = [message["serverContent"]["modelTurn"] for message in self.messages if _kind(message) == "audio"]
        return [[base64.b64decode(part["inlineData"]["data"]) for part in turn["parts"]] for turn in turns]

    @property
    def answer(self) -> bytes:
        return b"".join(part for parts in self.parts() for part in parts)

    def content(self, name: str) -> list[Any]:
        """Every value of one field of serverContent."""
        contents = [message["serverContent"] for message in self.messages if "serverContent" in message]
        return [content[name] for content in contents if name in content]


_KINDS = {
    "modelTurn": "audio",
    "generationComplete": "generated",
    "interrupted": "interrupted",
    "turnComplete": "complete",
    "outputTranscription": "words",
    "inputTranscription": "heard",
}


def _kind(message: dict[str, Any]) -> str:
    if "sessionResumptionUpdate" in message:
        return "update"
    content = message.get("serverContent", message)
    return next((_KINDS.get(name, name) for name in content), "nothing")
