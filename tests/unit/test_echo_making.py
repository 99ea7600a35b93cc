"""What is made of `[echo]`: what was asked for, and otherwise something safe that says so."""

from __future__ import annotations

import sys
from typing import get_args

import pytest

from daemon.audio.echo_making import EchoSettings, Mode, echo_control
from daemon.journal import Level
from hardware.interfaces import Frame
from hardware.pcm import UP


class Ear:
    """Keeps what the journal is told."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, dict[str, object]]] = []

    def tell(self, event: str, **fields: object) -> None:
        self.heard.append((event, fields))


class Always:
    """A detector that takes everything for a voice."""

    def voiced(self, pcm: bytes) -> bool:
        return True


LOUD = (b"\x00\x10" + b"\x00\xf0") * (UP.frame_samples // 2)


@pytest.mark.parametrize("mode", get_args(Mode))
def test_every_mode_is_what_it_says_and_says_it(mode: Mode) -> None:
    ear = Ear()
    control = echo_control(EchoSettings(mode), list, ear.tell, barge_in=True)
    assert control.mode == mode
    assert ear.heard == [("echo.mode", {"level": Level.INFO, "mode": mode, "asked": mode, "reason": None})]
    assert len(control.heard(Frame(UP.silence, 1.0), audible=False).pcm) == UP.frame_bytes


@pytest.mark.parametrize("mode", get_args(Mode))
@pytest.mark.parametrize("barge_in", [True, False])
def test_while_nothing_sounds_all_is_the_users_and_kept(mode: Mode, barge_in: bool) -> None:
    control = echo_control(EchoSettings(mode), list, Ear().tell, barge_in=barge_in)
    for number in range(50):
        cleaned = control.heard(Frame(LOUD, number * 0.02), audible=False)
        assert (cleaned.kept, cleaned.users, cleaned.barged_in) == (True, True, False)


@pytest.mark.parametrize("asked", ["low", "off"])
def test_without_the_library_nobody_is_heard_over_an_answer_and_a_warning_says_so(
    asked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pywebrtc_audio", None)  # so an import of it fails as if it were not installed
    ear = Ear()
    settings = EchoSettings("cancel", noise_suppression="low" if asked == "low" else "off")
    control = echo_control(settings, list, ear.tell, barge_in=True)
    assert control.mode == "half_duplex"
    ((event, fields),) = ear.heard
    assert (event, fields["mode"], fields["asked"], fields["level"]) == (
        "echo.mode",
        "half_duplex",
        "cancel",
        Level.WARNING,
    )
    assert "pywebrtc-audio" in str(fields["reason"])
    cleaned = control.heard(Frame(LOUD, 1.0), audible=True)
    assert (cleaned.kept, cleaned.users) == (False, False)


@pytest.mark.parametrize("mode", ["system", "off"])
def test_where_there_is_no_echo_a_voice_barges_in_at_once(mode: Mode) -> None:
    control = echo_control(EchoSettings(mode), list, Ear().tell, barge_in=True, detectors=[Always()])
    verdicts = [control.heard(Frame(LOUD, n * 0.02), audible=True) for n in range(20)]
    assert [n for n, cleaned in enumerate(verdicts) if cleaned.barged_in] == [5]
    assert all(cleaned.kept and cleaned.users and cleaned.pcm == LOUD for cleaned in verdicts)


@pytest.mark.parametrize("mode", get_args(Mode))
def test_a_barge_in_that_nobody_wants_never_happens(mode: Mode) -> None:
    control = echo_control(EchoSettings(mode), list, Ear().tell, barge_in=False)
    assert not any(control.heard(Frame(LOUD, n * 0.02), audible=True).barged_in for n in range(200))


def test_webrtcvad_judges_unless_somebody_else_is_named() -> None:
    control = echo_control(EchoSettings("off"), list, Ear().tell, barge_in=True)
    assert not any(control.heard(Frame(UP.silence, n * 0.02), audible=True).barged_in for n in range(100))
