"""What is done about each failure of live-api.md section 2, and when to move."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.errors import Deadline, LinkError, LinkTimeout
from daemon.live.resume import STABLE_S, TABLE, Decision, GoAwayTimer, HandleFate, Pause, Streak, decide, row_of
from daemon.status import Fault

KEEP, DROP = HandleFate.KEEP, HandleFate.DROP
NONE, BACKOFF, SLOW, QUOTA = Pause.NONE, Pause.BACKOFF, Pause.SLOW, Pause.QUOTA
INVALID = "Request contains an invalid argument."
EXPIRED = "API key expired. Please renew the API key."
SPENT = "You exceeded your current quota, please check your plan and billing details."
NOT_FOUND = "Requested entity was not found."


def closed(code: int, reason: str = "") -> LinkError:
    """The service closed, or the connection broke (1006)."""
    return LinkError(reason, close_code=code)


def refused(status: int) -> LinkError:
    """The upgrade was refused."""
    return LinkError("the upgrade was refused", http_status=status)


def late(deadline: Deadline) -> LinkTimeout:
    """One of our deadlines passed."""
    return LinkTimeout("too late", deadline=deadline)


def unreached(reason: str = "cannot reach the service: ConnectionRefusedError") -> LinkError:
    """There was no connection."""
    return LinkError(reason)


@pytest.mark.parametrize(
    ("failure", "resuming", "consecutive", "handle", "pause", "fault"),
    [
        # no connection: the network, or the service's front door
        (unreached(), True, 0, KEEP, BACKOFF, None),
        (unreached("cannot reach the service: gaierror"), False, 0, KEEP, BACKOFF, None),
        (unreached("the certificate is not trusted: certificate is not yet valid"), True, 0, KEEP, BACKOFF, None),
        (late(Deadline.CONNECT), True, 0, KEEP, BACKOFF, None),
        (refused(302), True, 0, KEEP, BACKOFF, None),
        (refused(400), False, 0, KEEP, SLOW, Fault.KEY),
        (refused(401), True, 0, KEEP, SLOW, Fault.KEY),
        (refused(403), False, 0, KEEP, SLOW, Fault.KEY),
        (refused(404), False, 0, KEEP, SLOW, Fault.SETUP),
        (refused(407), False, 0, KEEP, SLOW, Fault.SETUP),
        (refused(408), False, 0, KEEP, BACKOFF, None),
        (refused(429), True, 0, KEEP, QUOTA, Fault.KEY),
        (refused(500), True, 0, KEEP, BACKOFF, None),
        (refused(503), True, 0, KEEP, BACKOFF, None),
        (refused(511), True, 0, KEEP, BACKOFF, None),
        # the owner's token service
        (LinkError("the token service refuses the credential", http_status=401), True, 0, KEEP, SLOW, Fault.KEY),
        (LinkError("There is no credential for the token service: …"), False, 0, KEEP, SLOW, Fault.KEY),
        (LinkError("the token service gives no usable token: …", http_status=200), True, 0, KEEP, SLOW, Fault.KEY),
        (LinkError("the token service answers with an error", http_status=404), False, 0, KEEP, SLOW, Fault.KEY),
        (LinkError("the token service answers with an error", http_status=503), True, 0, KEEP, BACKOFF, None),
        (LinkError("cannot reach the token service: ConnectError"), True, 0, KEEP, BACKOFF, None),
        # 1000, 1001: the service ended it; compression does so in mid-answer
        (closed(1000), True, 1, KEEP, NONE, None),
        (closed(1000, "The operation was cancelled."), False, 1, KEEP, NONE, None),
        (closed(1000), True, 2, KEEP, BACKOFF, None),
        (closed(1000), True, 3, DROP, BACKOFF, None),
        (closed(1001), True, 1, KEEP, NONE, None),
        # 1006: the network
        (closed(1006), True, 1, KEEP, NONE, None),
        (closed(1006), True, 5, KEEP, BACKOFF, None),
        (closed(1006), True, 6, DROP, BACKOFF, None),
        # 1007: the handle if there was one, else the setup
        (closed(1007, INVALID), True, 1, DROP, NONE, None),
        (closed(1007, INVALID), True, 2, DROP, BACKOFF, None),
        (closed(1007, INVALID), True, 9, DROP, BACKOFF, None),
        (closed(1007, INVALID), False, 1, DROP, NONE, None),
        (closed(1007, INVALID), False, 2, DROP, SLOW, Fault.SETUP),
        (closed(1007), False, 7, DROP, SLOW, Fault.SETUP),
        (closed(1007, EXPIRED), False, 1, KEEP, SLOW, Fault.KEY),
        (closed(1007, EXPIRED), True, 1, KEEP, SLOW, Fault.KEY),
        (closed(1007, "API key not valid. Please pass a valid API key."), False, 1, KEEP, SLOW, Fault.KEY),
        (closed(1007, "Missing or malformed auth token"), False, 1, KEEP, SLOW, Fault.KEY),
        # 1008: a handle, a model, a credential; or nothing but the server's own trouble
        (closed(1008, NOT_FOUND), True, 1, DROP, NONE, None),
        (closed(1008, NOT_FOUND), False, 2, DROP, SLOW, Fault.SETUP),
        (closed(1008), False, 1, DROP, NONE, None),
        (closed(1008, "The operation was aborted."), True, 1, KEEP, NONE, None),
        (closed(1008, "Connection aborted because the client failed to close"), False, 1, KEEP, NONE, None),
        (closed(1008, "The operation was aborted."), False, 50, DROP, BACKOFF, None),
        (closed(1008, "Operation is not implemented, or supported, or enabled."), True, 1, KEEP, NONE, None),
        (closed(1008, "Operation is not implemented, or supported, or enabled."), True, 2, DROP, BACKOFF, None),
        (closed(1008, "Operation is not implemented, or supported, or enabled."), False, 4, DROP, SLOW, Fault.SETUP),
        # a token that is over: a new one is on its way
        (closed(1011, "auth token has expired"), True, 1, KEEP, NONE, None),
        (closed(1011, "Token has expired"), True, 2, KEEP, BACKOFF, None),
        (closed(1011, "Token has been used too many times"), True, 1, KEEP, NONE, None),
        (closed(1011, "new_session_expire_time deadline exceeded"), False, 1, KEEP, NONE, None),
        (closed(1011, "Token has been used too many times"), False, 4, KEEP, SLOW, Fault.KEY),
        # 1011: the service's fault, or our old socket still open
        (closed(1011, "Internal error encountered."), False, 1, KEEP, BACKOFF, None),
        (closed(1011, "The service is currently unavailable."), True, 2, KEEP, BACKOFF, None),
        (closed(1011, "Deadline expired before operation could complete."), True, 3, DROP, BACKOFF, None),
        (closed(1011, SPENT), True, 1, KEEP, QUOTA, Fault.KEY),
        (closed(1011, "Your prepayment credits are depleted."), False, 1, KEEP, QUOTA, Fault.KEY),
        # what no document names
        (closed(1002, "unreadable message (TypeError)"), True, 1, KEEP, BACKOFF, None),
        (closed(1002, "unreadable message (TypeError)"), True, 3, DROP, BACKOFF, None),
        (closed(1009), True, 1, KEEP, BACKOFF, None),
        (closed(1012), True, 1, KEEP, BACKOFF, None),
        (closed(4000), True, 3, DROP, BACKOFF, None),
        # our own deadlines
        (late(Deadline.SETUP), True, 1, KEEP, BACKOFF, None),
        (late(Deadline.SETUP), True, 3, DROP, BACKOFF, None),
        (late(Deadline.SEND), True, 1, KEEP, NONE, None),
        (late(Deadline.REPLY), True, 1, KEEP, NONE, None),
        (late(Deadline.REPLY), True, 2, DROP, BACKOFF, None),
    ],
)
def test_each_failure(
    failure: LinkError, resuming: bool, consecutive: int, handle: HandleFate, pause: Pause, fault: Fault | None
) -> None:
    decision = decide(failure, resuming=resuming, consecutive=consecutive)
    assert (decision.handle, decision.pause, decision.fault) == (handle, pause, fault)


@pytest.mark.parametrize(
    ("failure", "word"),
    [
        (refused(401), "API key"),
        (refused(404), "live.base_url"),
        (refused(407), "proxy"),
        (refused(429), "billing"),
        (refused(200), "sign in"),
        (LinkError("the token service refuses the credential", http_status=403), "live.token_credential_file"),
        (LinkError("the token service gives no usable token: …", http_status=200), "mint-token"),
        (unreached("the certificate is not trusted: self-signed"), "live.ca_file"),
        (closed(1007, EXPIRED), "API key"),
        (closed(1011, SPENT), "billing"),
        (closed(1007, INVALID), "live.model"),
        (closed(1008, NOT_FOUND), "live.model"),
    ],
)
def test_whoever_can_mend_it_is_told_how(failure: LinkError, word: str) -> None:
    remedy = decide(failure, resuming=False, consecutive=2).remedy
    assert word in remedy
    assert remedy.endswith(".")


@pytest.mark.parametrize("failure", [unreached(), refused(503), closed(1006), closed(1000), closed(1011)])
def test_what_passes_by_itself_asks_for_nothing(failure: LinkError) -> None:
    assert not decide(failure, resuming=True, consecutive=1).remedy


def test_every_row_of_the_table_is_the_answer_to_something() -> None:
    """A row that an earlier one hides would be a mistake that nobody sees."""
    said = ["", EXPIRED, SPENT, "aborted", "not implemented", "certificate", "token service", "token has expired"]
    failures = [closed(code, reason) for code in range(1000, 1016) for reason in said]
    failures += [LinkError(reason, http_status=status) for status in range(100, 600) for reason in said]
    failures += [unreached(reason) for reason in [*said, "credential"]]
    failures += [late(deadline) for deadline in Deadline]
    assert {id(row_of(failure)) for failure in failures} == {id(row) for row in TABLE}


any_failure = st.one_of(
    st.builds(closed, st.integers(0, 5000), st.text(max_size=40)),
    st.builds(refused, st.integers(0, 999)),
    st.builds(unreached, st.text(max_size=40)),
    st.builds(late, st.sampled_from(Deadline)),
)


@given(failure=any_failure, resuming=st.booleans(), consecutive=st.integers(0, 1000))
def test_there_is_always_a_next_attempt_and_it_is_never_hot(
    failure: LinkError, resuming: bool, consecutive: int
) -> None:
    """Whatever fails, twice in a row means a pause; and a fault comes with its remedy and a long one."""
    decision = decide(failure, resuming=resuming, consecutive=consecutive)
    if consecutive > 1:
        assert decision.pause is not NONE
    assert (decision.fault is not None) == (decision.pause in (SLOW, QUOTA))
    if decision.fault is not None:
        assert decision.remedy


@given(failure=any_failure)
def test_no_handle_outlives_ten_failures_of_links_that_were_made(failure: LinkError) -> None:
    """A handle that keeps the service from working must go; one that was not even shown need not."""
    decision = decide(failure, resuming=True, consecutive=10)
    assert decision.handle is (KEEP if failure.close_code is None else DROP)


def test_the_words_are_only_a_hint() -> None:
    """With every text changed nothing becomes worse than a fresh session and a pause."""
    for code in (1000, 1001, 1006, 1007, 1008, 1011):
        assert decide(closed(code, "?"), resuming=True, consecutive=1) in (
            Decision(KEEP, NONE),
            Decision(KEEP, BACKOFF),
            Decision(DROP, NONE),
        )


# --- our old socket --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("consecutive", "handle", "pause"),
    [(1, KEEP, Pause.OLD_SOCKET), (2, KEEP, Pause.OLD_SOCKET), (3, DROP, BACKOFF)],
)
def test_a_handle_refused_with_1011_is_tried_again_when_the_old_socket_may_be_gone(
    consecutive: int, handle: HandleFate, pause: Pause
) -> None:
    """live-api.md 0.11: the service refuses a session that it believes to be open."""
    assert decide(closed(1011), resuming=True, consecutive=consecutive, came_up=False) == Decision(handle, pause)


@pytest.mark.parametrize(
    ("failure", "resuming", "came_up"),
    [(closed(1011), False, False), (closed(1011), True, True), (closed(1013), True, False)],
    ids=["no handle", "an open link", "another code"],
)
def test_any_other_failure_says_nothing_of_an_old_socket(failure: LinkError, resuming: bool, came_up: bool) -> None:
    assert decide(failure, resuming=resuming, consecutive=1, came_up=came_up) == Decision(KEEP, BACKOFF)


# --- counting --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "failure", [closed(1000), closed(1006), closed(1011), LinkTimeout("", deadline=Deadline.SETUP)], ids=str
)
def test_a_session_that_saw_pictures_is_resumed_once_and_then_begun_anew(failure: LinkError) -> None:
    """live-api.md 0.12."""
    fates = [decide(failure, resuming=True, consecutive=number, pictures=True).handle for number in (1, 2)]
    assert fates == [HandleFate.KEEP, HandleFate.DROP]
    assert decide(failure, resuming=True, consecutive=2).handle is HandleFate.KEEP


def test_what_did_not_reach_the_service_is_not_counted() -> None:
    """Ten minutes in a tunnel must not cost the conversation its context."""
    streak = Streak()
    assert streak.failed(closed(1006), 0.0) == 1
    assert [streak.failed(unreached(), now) for now in range(20)] == [0] * 20
    assert streak.failed(closed(1006), 30.0) == 2


def test_a_cut_is_not_held_against_the_setup_that_is_refused_after_it() -> None:
    """A reset and one refusal must not show `setup refused` for a minute or two; two refusals must."""
    streak = Streak()
    assert streak.failed(closed(1006), 0.0) == 1
    assert streak.failed(late(Deadline.SEND), 1.0) == 2
    once, twice = streak.failed(closed(1007), 2.0), streak.failed(closed(1007), 3.0)
    assert decide(closed(1007), resuming=False, consecutive=once).fault is None
    assert decide(closed(1007), resuming=False, consecutive=twice).fault is Fault.SETUP


def test_a_link_that_lasted_ends_the_row() -> None:
    streak = Streak()
    streak.failed(closed(1006), 0.0)
    streak.succeeded(1.0)
    assert streak.failed(closed(1006), 1.0 + STABLE_S) == 1
    streak.succeeded(20.0)
    assert streak.failed(closed(1006), 20.0 + STABLE_S - 0.1) == 2


def test_time_without_a_link_is_not_time_with_one() -> None:
    streak = Streak()
    streak.succeeded(0.0)
    streak.failed(closed(1006), 1.0)
    streak.failed(unreached(), 60.0)
    assert streak.failed(closed(1006), 120.0) == 2


def test_a_session_that_lives_and_never_answers_is_given_up() -> None:
    """agents-js#2507 by live-api.md 1.6: it is up for as long as one likes, so only an answer clears it."""
    streak = Streak()
    streak.succeeded(0.0)
    first = streak.failed(late(Deadline.REPLY), 30.0)
    streak.succeeded(31.0)
    second = streak.failed(late(Deadline.REPLY), 60.0)
    assert decide(late(Deadline.REPLY), resuming=True, consecutive=first).handle is KEEP
    assert decide(late(Deadline.REPLY), resuming=True, consecutive=second).handle is DROP
    streak.answered()
    assert streak.failed(late(Deadline.REPLY), 90.0) == 1


def test_an_answer_ends_the_row_even_on_a_short_link() -> None:
    streak = Streak()
    streak.failed(closed(1011), 0.0)
    streak.succeeded(1.0)
    streak.answered()
    assert streak.failed(closed(1011), 2.0) == 1


# --- go-away ---------------------------------------------------------------------------------------

BUSY = {"between_turns": False, "tool_pending": False, "generating": True}
FREE = {"between_turns": True, "tool_pending": False, "generating": False}


@pytest.mark.parametrize(
    ("time_left_s", "rotate_by"),
    [(50.0, 140.0), (300.0, 390.0), (20.0, 110.0), (10.0, 105.0), (2.0, 101.0), (0.0, 100.0), (None, 120.0)],
)
def test_a_link_is_left_in_good_time(time_left_s: float | None, rotate_by: float) -> None:
    timer = GoAwayTimer(time_left_s, 100.0)
    assert timer.rotate_by == rotate_by
    assert timer.due(rotate_by, **BUSY)
    assert not timer.due(rotate_by - 0.1, **BUSY) or time_left_s == 0.0


def test_between_turns_it_is_left_at_once() -> None:
    assert GoAwayTimer(50.0, 100.0).due(100.0, **FREE)


@pytest.mark.parametrize("reason", ["tool_pending", "generating"])
def test_what_is_pending_is_waited_for(reason: str) -> None:
    """An older handle would not know of the tool's answer; a resumed half-sentence may never end."""
    timer = GoAwayTimer(50.0, 100.0)
    assert not timer.due(101.0, **FREE | {reason: True})
    assert timer.due(140.0, **FREE | {reason: True})


@given(time_left_s=st.one_of(st.none(), st.floats(0.0, 3600.0)), now=st.floats(0.0, 1e6))
def test_the_last_moment_lies_within_what_was_left(time_left_s: float | None, now: float) -> None:
    timer = GoAwayTimer(time_left_s, now)
    assert now <= timer.rotate_by
    if time_left_s is not None:
        assert timer.rotate_by <= now + time_left_s
