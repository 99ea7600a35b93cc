"""What becomes of a changed key: every key of the schema is in exactly one of three classes."""

from __future__ import annotations

from itertools import combinations

import pytest

from daemon.config import Config, LiveSection
from daemon.config.changes import AT_ONCE, AT_START, NEXT_LINK, changes
from daemon.live.models import Refusal

KEYS = {f"{name}.{key}" for name, section in Config() for key in type(section).model_fields}


def nothing_refused(_: LiveSection) -> tuple[()]:
    return ()


def configured(**sections: dict[str, object]) -> Config:
    return Config.model_validate(sections)


def test_every_key_is_in_a_class_and_none_is_in_two() -> None:
    assert len(KEYS) > 100
    assert AT_ONCE | NEXT_LINK | AT_START == KEYS, "say in changes.py when a new key acts"
    assert not [one & other for one, other in combinations((AT_ONCE, NEXT_LINK, AT_START), 2) if one & other]


def test_the_same_configuration_changes_nothing() -> None:
    found = changes(Config(), Config(), nothing_refused)
    assert (found.config, found.live, found.restart) == (Config(), (), ())


def test_what_can_act_acts_and_the_rest_keeps_its_old_value() -> None:
    wanted = configured(speaker={"volume_percent": 33, "rate_hz": 48_000}, button={"pin": 18}, turn={"mode": "tap"})
    found = changes(Config(), wanted, nothing_refused)
    assert found.live == ("turn.mode", "speaker.volume_percent")
    assert found.restart == ("speaker.rate_hz", "button.pin")
    assert (found.config.speaker.volume_percent, found.config.turn.mode) == (33, "tap")
    assert (found.config.speaker.rate_hz, found.config.button.pin) == (0, 17)
    assert not found.need_link


def test_what_waits_for_a_restart_is_said_again_until_then() -> None:
    wanted = configured(button={"pin": 18}, prices={"currency": "EUR"})
    first = changes(Config(), wanted, nothing_refused)
    second = changes(first.config, wanted, nothing_refused)
    assert (first.live, second.live) == (("prices.currency",), ())
    assert first.restart == second.restart == ("button.pin",)


@pytest.mark.parametrize("key", sorted(NEXT_LINK))
def test_what_a_session_is_set_up_with_needs_another_link(key: str) -> None:
    section, name = key.split(".")
    part = getattr(Config(), section)
    other = Config().model_copy(update={section: part.model_copy(update={name: "something else"})})
    found = changes(Config(), other, nothing_refused)
    assert found.live == (key,)
    assert found.need_link


def test_values_that_go_together_only_after_a_restart_wait_for_it_together() -> None:
    """The trigger may be lowered below what memory_tokens asks for only together with that, which needs a restart."""
    old = configured(live={"memory_tokens": 4_000, "compression_target_tokens": 8_000})
    new = configured(live={"memory_tokens": 1_000, "compression_target_tokens": 2_000}, speaker={"volume_percent": 10})
    found = changes(old, new, nothing_refused)
    assert found.config == old
    assert (found.live, set(found.restart)) == (
        (),
        {"live.memory_tokens", "live.compression_target_tokens", "speaker.volume_percent"},
    )


def test_a_value_that_only_the_new_model_takes_waits_for_the_new_model() -> None:
    def only_two(live: LiveSection) -> tuple[Refusal, ...]:
        fault = Refusal("live.temperature", "the model takes none")
        return (fault,) if live.model == "one" and live.temperature is not None else ()

    old, new = configured(live={"model": "one"}), configured(live={"model": "two", "temperature": 0.5})
    assert changes(old, new, only_two).live == ()
    assert changes(old, configured(live={"model": "one", "top_p": 0.5}), only_two).live == ("live.top_p",)
