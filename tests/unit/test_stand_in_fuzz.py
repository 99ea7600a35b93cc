"""The stand-in service under clients that do anything, in any order: it has to keep its own rules."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.rehearsal.stand_in.answer import BURSTS, REAL_TIME, SLOW, Answer, Call, Pacing
from daemon.rehearsal.stand_in.conduct import Manners
from daemon.rehearsal.stand_in.faults import ABORT, STALL, Act, Faults, GoAway, Moment, Silence, Strike
from daemon.rehearsal.stand_in.messages import Abort, Close, Stall
from daemon.rehearsal.stand_in.models import MODELS
from hardware.pcm import DOWN, UP
from tests.support.known_sound import known_sound
from tests.support.live_client import Client, service, setup

SPEECH = known_sound(UP, 0.3)
SOUND = known_sound(DOWN, 1.5)
ANSWERS = (
    Answer(SOUND, "one two three four"),
    Answer(SOUND, calls=(Call("f"), Call("f", {"a": 1}))),
    Answer(b"", reason="RESPONSE_REJECTED"),
)
ACTS: tuple[Act, ...] = (Close(1011, ""), ABORT, STALL, Silence(), GoAway(0.5), GoAway(1.0, None, silent=True), {})

ACTIONS = st.sampled_from(["start", "speak", "end", "text", "picture", "content", "respond", "late", "stream_end"])
PAUSES_S = st.sampled_from([0.0, 0.02, 0.06, 0.3, 0.7, 2.0, 9.0])
STEPS = st.lists(st.tuples(ACTIONS, PAUSES_S), max_size=25)
STRIKES = st.none() | st.builds(
    lambda moment, act, nth: Strike(moment, (act,), nth),
    st.sampled_from(Moment),
    st.sampled_from(ACTS),
    st.integers(1, 3),
)


def act(client: Client, name: str) -> None:
    calls = [call for message in client.messages for call in message.get("toolCall", {}).get("functionCalls", [])]
    match name:
        case "start":
            client.start()
        case "speak":
            client.speak(SPEECH)
        case "end":
            client.end()
        case "text":
            client.realtime(text="hello")
        case "picture":
            client.realtime(video={"data": "/9g=", "mimeType": "image/jpeg"})
        case "content":
            client.send({"clientContent": {"turns": [{"parts": [{"text": "a"}]}], "turnComplete": True}})
        case "respond" | "late" if calls:
            call = calls[-1 if name == "respond" else 0]
            response = {"id": call["id"], "name": "f", "response": {}, "scheduling": "INTERRUPT"}
            client.send({"toolResponse": {"functionResponses": [response]}})
        case "stream_end":
            client.realtime(audioStreamEnd=True)


@settings(max_examples=150, deadline=None)
@given(
    model=st.sampled_from(sorted(MODELS)),
    steps=STEPS,
    strike=STRIKES,
    answers=st.lists(st.sampled_from(range(len(ANSWERS))), min_size=1, max_size=4),
    pacing=st.sampled_from([BURSTS, REAL_TIME, SLOW]),
    told=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_any_client_gets_what_follows_the_rules(
    model: str,
    steps: list[tuple[str, float]],
    strike: Strike | None,
    answers: list[int],
    pacing: Pacing,
    told: bool,
    seed: int,
) -> None:
    manners = Manners(ends_unheard_turns=told, cancels_calls=told)
    to = service(pacing=pacing, seed=seed, manners=manners, faults=Faults(strikes=(strike,) if strike else ()))
    to.conduct.answer = lambda turn: ANSWERS[answers[turn % len(answers)]]
    functions: dict[str, Any] = {"tools": [{"functionDeclarations": [{"name": "f"}]}]}
    handle = ""
    now = 0.0
    for _ in range(3):  # as many connections, each after the other
        resumption = {"sessionResumption": {"handle": handle} if handle else {}}
        client = Client(to, now)
        client.send({"setup": setup(model, **functions, **resumption)})
        for name, pause_s in steps:
            act(client, name)
            client.wait(pause_s)
        client.wait(20.0)
        check_order(client)
        handle, now = client.handle or handle, client.now
        client.leave()
    check_memory(to.sessions.values())


def check_order(client: Client) -> None:
    times = [at_s for at_s, _ in client.said]
    assert times == sorted(times)
    endings = [index for index, (_, out) in enumerate(client.said) if isinstance(out, Close | Abort | Stall)]
    assert endings in ([], [len(client.said) - 1])
    kinds = [kind for kind in client.kinds() if kind in {"audio", "generated", "interrupted", "complete"}]
    generated = False
    for kind, following in pairwise([*kinds, None]):
        if kind == "interrupted":
            assert following in {"complete", None}, kinds
        if kind == "audio":
            assert not generated, kinds
        generated = kind == "generated"


def check_memory(sessions: Any) -> None:
    for session in sessions:
        assert session.open_connections == 0
        assert [turn.number for turn in session.turns] == list(range(1, len(session.turns) + 1))
        for turn in session.turns:
            assert turn.answered_in is None or turn.answered_in >= turn.number
            assert not (turn.answered and turn.ended_s is None)
            assert len(turn.digests) == turn.heard_bytes // UP.frame_bytes
