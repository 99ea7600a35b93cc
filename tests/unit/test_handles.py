"""Which handle is used, and which never again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.live.handles import HANDLE_AGE_S, HandleStore


def stocked(handle: str = "h1", now: float = 0.0) -> HandleStore:
    """A store that was offered `handle` under the fingerprint `f`."""
    store = HandleStore()
    store.offer(handle, True, now, fingerprint="f")
    return store


def test_the_newest_good_handle_is_taken_and_stays() -> None:
    store = stocked()
    store.offer("h2", True, 5.0, fingerprint="f")
    assert store.take(6.0, "f") == "h2"
    assert store.take(6.0, "f") == "h2"


@pytest.mark.parametrize(("handle", "resumable"), [(None, False), ("", False), ("", True), (None, True), ("h2", False)])
def test_an_update_without_a_good_handle_keeps_the_last_one(handle: str | None, resumable: bool) -> None:
    """`{}` arrives in the middle of every answer (live-api.md 1.6)."""
    store = stocked()
    store.offer(handle, resumable, 1.0, fingerprint="f")
    assert store.take(2.0, "f") == "h1"


def test_an_old_handle_is_not_taken() -> None:
    store = stocked(now=100.0)
    assert store.take(100.0 + HANDLE_AGE_S - 1, "f") == "h1"
    assert store.take(100.0 + HANDLE_AGE_S, "f") is None


def test_an_update_that_says_nothing_does_not_make_a_handle_younger() -> None:
    store = stocked()
    store.offer(None, False, HANDLE_AGE_S - 1, fingerprint="f")
    assert store.take(HANDLE_AGE_S, "f") is None


def test_a_handle_of_another_configuration_is_not_taken() -> None:
    """A resumed session would go on with the old configuration (live-api.md 0.10)."""
    assert stocked().take(1.0, "g") is None


def test_what_a_doubtful_session_offered_goes_with_its_handle() -> None:
    store = stocked()
    store.offer("h2", True, 1.0, fingerprint="f")
    store.refuse("h1")
    assert store.take(2.0, "f") is None


def test_a_new_session_offers_anew() -> None:
    store = stocked()
    store.refuse("h1")
    store.offer("h3", True, 5.0, fingerprint="f")
    assert store.take(6.0, "f") == "h3"


def test_refusing_nothing_is_refusing_what_is_kept() -> None:
    """A session that was not resumed has failed: what it offered is doubtful too."""
    store = stocked()
    store.refuse(None)
    store.offer("h1", True, 1.0, fingerprint="f")
    assert store.take(2.0, "f") is None


handles = st.sampled_from(["h1", "h2", "h3", None])


@given(steps=st.lists(st.tuples(st.sampled_from(["offer", "refuse"]), handles, st.booleans())))
def test_a_refused_handle_is_never_used_again(steps: list[tuple[str, str | None, bool]]) -> None:
    store, gone = HandleStore(), set[str | None]()
    for now, (step, handle, resumable) in enumerate(steps):
        if step == "offer":
            store.offer(handle, resumable, float(now), fingerprint="f")
        else:
            gone |= {handle, store.take(float(now), "f")} - {None}
            store.refuse(handle)
        assert store.take(float(now), "f") not in gone


def test_a_handle_is_not_in_a_repr() -> None:
    assert "secret" not in repr(stocked("secret"))
