"""When an answer in which the model called for something is over (live-api.md 1.8)."""

from __future__ import annotations

from daemon.live.downward import Audio, Generated, Interrupted, TurnDone
from daemon.live.tool_window import PATIENCE_S, ToolWindow

SOUND = Audio(bytes(2))


def test_without_a_call_everything_passes_and_nothing_is_waited_for() -> None:
    window = ToolWindow()
    assert all(window.passes(event) for event in (SOUND, Generated(), TurnDone("")))
    assert not window.is_open
    assert window.deadline_s is None


def test_a_call_that_does_not_block_makes_one_answer_of_two() -> None:
    window = ToolWindow()
    window.called(["a"])
    assert not window.passes(Generated())
    assert not window.passes(TurnDone(""))
    assert window.deadline_s is None, "a tool has a limit of its own"
    window.answered("a", 10.0, silent=False)
    assert window.passes(SOUND)
    assert window.passes(Generated())
    assert window.passes(TurnDone(""))
    assert not window.overdue(100.0)


def test_a_call_that_blocks_ends_with_its_answer() -> None:
    window = ToolWindow()
    window.called(["a"])
    window.answered("a", 10.0, silent=False)
    assert [window.passes(event) for event in (SOUND, Generated(), TurnDone(""))] == [True, True, True]
    assert not window.is_open


def test_a_first_sentence_that_ends_after_the_result_is_not_the_end() -> None:
    """A first "I will set it" can still be sounding when the result is there and is spoken of next."""
    window = ToolWindow()
    window.called(["a"])
    assert window.passes(SOUND)
    window.answered("a", 10.0, silent=False)
    assert not window.passes(TurnDone(""))
    assert window.passes(SOUND)
    assert window.passes(TurnDone(""))


def test_several_calls_are_waited_for_together() -> None:
    window = ToolWindow()
    window.called(["a", "b"])
    window.answered("a", 10.0, silent=False)
    assert window.deadline_s is None
    assert window.passes(SOUND)
    assert not window.passes(TurnDone(""))
    window.answered("b", 12.0, silent=False)
    assert window.deadline_s == 12.0 + PATIENCE_S


def test_a_model_that_says_nothing_of_a_result_is_waited_for_only_so_long() -> None:
    window = ToolWindow()
    window.called(["a"])
    assert not window.passes(TurnDone(""))
    window.answered("a", 10.0, silent=False)
    assert not window.overdue(10.0 + PATIENCE_S - 0.1)
    assert window.overdue(10.0 + PATIENCE_S)
    assert not window.overdue(1000.0), "said once"
    assert not window.is_open


def test_a_silent_result_lets_the_end_out_at_once() -> None:
    window = ToolWindow()
    window.called(["a"])
    assert not window.passes(TurnDone(""))
    window.answered("a", 10.0, silent=True)
    assert window.overdue(10.0)


def test_a_silent_result_before_the_end_changes_nothing() -> None:
    window = ToolWindow()
    window.called(["a"])
    window.answered("a", 10.0, silent=True)
    assert window.deadline_s is None
    assert window.passes(TurnDone(""))


def test_a_cancelled_call_lets_the_end_out() -> None:
    window = ToolWindow()
    window.called(["a"])
    assert not window.passes(TurnDone(""))
    window.cancelled(["a"], 10.0)
    assert window.overdue(10.0)


def test_who_interrupts_ends_it_and_who_goes_on_leaves_it() -> None:
    window = ToolWindow()
    window.called(["a"])
    window.answered("a", 10.0, silent=False)
    assert window.passes(Interrupted())
    assert window.passes(TurnDone(""))
    window.called(["b"])
    window.left()
    assert not window.pending
    assert window.passes(TurnDone(""))
