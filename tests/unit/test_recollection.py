"""What a new session is told of the lost one."""

from hypothesis import given
from hypothesis import strategies as st

from daemon.live.recollection import CHARACTERS_PER_TOKEN, PREFACE, Recollection


def test_nothing_said_changes_nothing() -> None:
    assert Recollection(100).instruction("Be brief.") == "Be brief."


def test_what_was_said_follows_the_owners_instruction() -> None:
    recollection = Recollection(100)
    recollection.heard(1, "What is")
    recollection.heard(1, " a newt?")
    recollection.said(1, "A salamander.")
    recollection.heard(2, "Is it poisonous?")
    told = "Person: What is a newt?\nYou: A salamander.\nPerson: Is it poisonous?"
    assert recollection.instruction("Be brief.") == f"Be brief.\n\n{PREFACE}\n\n{told}"
    assert recollection.instruction("") == f"{PREFACE}\n\n{told}"


def test_transcripts_may_come_in_any_order() -> None:
    recollection = Recollection(100)
    recollection.said(1, "Yes.")
    recollection.heard(2, "And now?")
    recollection.heard(1, "Really?")
    assert recollection.instruction("").endswith("Person: Really?\nYou: Yes.\nPerson: And now?")


def test_without_a_budget_nothing_is_kept() -> None:
    recollection = Recollection(0)
    recollection.heard(1, "secret")
    recollection.said(1, "secret")
    assert recollection.instruction("Be brief.") == "Be brief."


def test_of_one_exchange_that_is_too_long_the_end_is_kept() -> None:
    recollection = Recollection(2)
    recollection.said(1, "abcdefghijkl")
    assert recollection.instruction("").endswith("You: efghijkl")


@given(
    st.integers(0, 30), st.lists(st.tuples(st.booleans(), st.integers(1, 9), st.text("ab ", max_size=40)), max_size=40)
)
def test_the_budget_holds(budget_tokens: int, pieces: list[tuple[bool, int, str]]) -> None:
    """However much is said, what is told is bounded, and the newest words are never lost to older ones."""
    recollection = Recollection(budget_tokens)
    for is_user, turn_id, text in pieces:
        (recollection.heard if is_user else recollection.said)(turn_id, text)
    told = recollection.instruction("").removeprefix(PREFACE)
    names = 16 * len(pieces)
    assert len(told) <= budget_tokens * CHARACTERS_PER_TOKEN + names


def test_the_newest_words_are_those_of_whoever_spoke_last() -> None:
    recollection = Recollection(1_000)
    assert recollection.newest is None
    recollection.heard(1, "How late ")
    recollection.heard(1, "is it?\n")
    assert recollection.newest == (False, "How late is it?")
    recollection.said(1, "A quarter past nine.")
    assert recollection.newest == (True, "A quarter past nine.")
    recollection.heard(2, " ")
    assert recollection.newest == (True, "A quarter past nine.")
