"""The log of unanswered turns: what is sent, what is said again, what is forgotten."""

from hypothesis import given
from hypothesis import strategies as st

from daemon.live.replay import JOINED_FRAMES, Replay
from daemon.live.upward import Image, Speech, TurnEnd, TurnStart, Upward


def frame(number: int) -> Speech:
    return Speech(number.to_bytes(2, "little") * 320, float(number))


def sent(replay: Replay) -> list[Upward]:
    """Everything that would go out now."""
    items = []
    while (item := replay.next()) is not None:
        items.append(item)
    return items


def words(items: list[Upward]) -> bytes:
    return b"".join(item.pcm for item in items if isinstance(item, Speech))


def spoken(replay: Replay, turn_id: int, *numbers: int) -> bytes:
    """Say one whole turn."""
    replay.begin(turn_id)
    for number in numbers:
        replay.say(frame(number))
    replay.end(turn_id)
    return b"".join(frame(number).pcm for number in numbers)


def test_a_turn_goes_out_in_order() -> None:
    replay = Replay(10, 10)
    said = spoken(replay, 1, 1, 2)
    items = sent(replay)
    assert items[0] == TurnStart(1)
    assert words(items) == said
    assert items[-1] == TurnEnd(1)
    assert replay.next() is None


def test_frames_that_piled_up_are_joined_but_never_across_a_picture() -> None:
    replay = Replay(10, 10)
    replay.begin(1)
    for number in range(JOINED_FRAMES + 2):
        replay.say(frame(number))
    replay.show(Image(b"jpeg"))
    replay.say(frame(99))
    sizes = [len(item.pcm) // 640 if isinstance(item, Speech) else type(item).__name__ for item in sent(replay)]
    assert sizes == ["TurnStart", JOINED_FRAMES, 2, "Image", 1]


def test_frames_that_come_one_at_a_time_go_one_at_a_time() -> None:
    replay = Replay(10, 10)
    replay.begin(1)
    sent(replay)
    for number in range(3):
        replay.say(frame(number))
        assert sent(replay) == [frame(number)]


def test_speech_without_a_turn_is_ignored() -> None:
    replay = Replay(10, 10)
    assert replay.say(frame(1)) == 0.0
    replay.show(Image(b"jpeg"))
    assert sent(replay) == []


def test_a_cut_in_mid_sentence_says_it_all_again_and_goes_on() -> None:
    replay = Replay(10, 10)
    replay.begin(1)
    replay.say(frame(1))
    sent(replay)
    assert replay.rewind() == 0.02
    replay.say(frame(2))
    replay.end(1)
    items = sent(replay)
    assert items[0] == TurnStart(1)
    assert words(items) == frame(1).pcm + frame(2).pcm
    assert items[-1] == TurnEnd(1)


def test_turns_said_while_offline_reach_the_link_as_one() -> None:
    replay = Replay(10, 10)
    said = spoken(replay, 1, 1, 2) + spoken(replay, 2, 3)
    replay.rewind()
    items = sent(replay)
    assert [item for item in items if not isinstance(item, Speech)] == [TurnStart(2), TurnEnd(2)]
    assert words(items) == said


def test_a_turn_can_be_said_again_under_a_new_number() -> None:
    replay = Replay(10, 10)
    said = spoken(replay, 1, 1, 2)
    sent(replay)
    replay.renumber(2)
    replay.rewind()
    items = sent(replay)
    assert (items[0], items[-1]) == (TurnStart(2), TurnEnd(2))
    assert words(items) == said


def test_an_answered_turn_is_never_said_again() -> None:
    replay = Replay(10, 10)
    spoken(replay, 1, 1)
    said = spoken(replay, 2, 2)
    sent(replay)
    replay.answered(1)
    replay.rewind()
    assert words(sent(replay)) == said


def test_a_window_that_is_open_on_the_wire_is_closed_even_when_its_turn_is_forgotten() -> None:
    replay = Replay(10, 10)
    replay.begin(1)
    replay.say(frame(1))
    sent(replay)
    replay.end(1)
    replay.answered(1)
    assert sent(replay) == [TurnEnd(1)]
    assert replay.rewind() == 0.0
    assert sent(replay) == []


def test_the_open_turn_is_not_forgotten() -> None:
    replay = Replay(10, 10)
    replay.begin(2)
    replay.say(frame(1))
    replay.answered(2)
    replay.end(2)
    assert words(sent(replay)) == frame(1).pcm


def test_a_turn_begun_in_another_ends_the_other_first() -> None:
    replay = Replay(10, 10)
    replay.begin(1)
    replay.begin(2)
    assert sent(replay) == [TurnStart(1), TurnEnd(1), TurnStart(2)]


def test_beyond_the_limit_the_oldest_speech_is_dropped_and_counted() -> None:
    replay = Replay(0.1, 0.1)
    replay.begin(1)
    dropped = [replay.say(frame(number)) for number in range(8)]
    assert dropped == [0.0] * 5 + [0.02] * 3
    assert replay.dropped_s == 0.06
    assert words(sent(replay)) == b"".join(frame(number).pcm for number in range(3, 8))


def test_what_a_link_was_given_is_not_dropped_for_what_none_was_given() -> None:
    """A sentence of 10 frames, cut after 6: of what follows only 3 are kept, the newest."""
    replay = Replay(10, 0.06)
    replay.begin(1)
    for number in range(6):
        assert replay.say(frame(number)) == 0.0
        sent(replay)
    dropped = [replay.say(frame(number)) for number in range(6, 11)]
    assert dropped == [0.0, 0.0, 0.0, 0.02, 0.02]
    replay.rewind()
    assert words(sent(replay)) == b"".join(frame(number).pcm for number in (0, 1, 2, 3, 4, 5, 8, 9, 10))
    assert replay.say(frame(11)) == 0.0, "a link has been given all of it"


def test_what_waits_knows_since_when() -> None:
    replay = Replay(10, 10)
    assert replay.waiting_since_s() is None
    replay.begin(1)
    replay.say(frame(7))
    assert replay.waiting_since_s() is None
    replay.end(1)
    assert replay.waiting_since_s() == 7.0


STEPS = st.lists(st.sampled_from(["begin", "say", "show", "end", "next", "rewind", "answered"]), max_size=80)


@given(STEPS)
def test_what_goes_out_on_one_link_is_always_well_formed(steps: list[str]) -> None:
    """Windows open and close in turn, nothing is sent outside one, and held time never goes wrong."""
    replay = Replay(0.3, 0.2)
    turn_id, open_window, number = 0, False, 0
    for step in steps:
        match step:
            case "begin":
                turn_id += 1
                replay.begin(turn_id)
            case "say":
                number += 1
                replay.say(frame(number))
            case "show":
                replay.show(Image(b"jpeg"))
            case "end":
                replay.end(turn_id)
            case "rewind":
                replay.rewind()
                open_window = False
            case "answered":
                replay.answered(max(0, turn_id - 1))
            case "next":
                item = replay.next()
                if isinstance(item, TurnStart):
                    assert not open_window
                    open_window = True
                elif item is not None:
                    assert open_window
                    open_window = not isinstance(item, TurnEnd)
        assert 0.0 <= replay.held_s <= 0.3 + 1e-9


@given(st.lists(st.integers(0, 30), min_size=1, max_size=6), st.data())
def test_every_word_reaches_the_last_link_once_and_in_order(cuts: list[int], data: st.DataObject) -> None:
    """However often the link breaks, the link that lives gets the whole unanswered turn exactly once."""
    replay = Replay(10, 10)
    replay.begin(1)
    number = 0
    for cut in cuts:
        for _ in range(data.draw(st.integers(0, 5))):
            replay.say(frame(number))
            number += 1
        for _ in range(cut):
            replay.next()
        replay.rewind()
    replay.end(1)
    assert words(sent(replay)) == b"".join(frame(n).pcm for n in range(number))


def test_the_oldest_turn_is_the_first_that_is_still_held() -> None:
    replay = Replay(10, 10)
    oldest = [replay.oldest_turn]
    spoken(replay, 1, 1)
    spoken(replay, 2, 2)
    replay.begin(3)
    oldest.append(replay.oldest_turn)
    replay.answered(1)
    oldest.append(replay.oldest_turn)
    replay.rewind()  # they are said as one
    oldest.append(replay.oldest_turn)
    assert oldest == [None, 1, 2, 3]


def test_of_several_pictures_only_the_newest_is_shown_to_the_next_link() -> None:
    """It would get them all at once, and takes one a second (live-api.md 1.2)."""
    replay = Replay(10, 10)
    replay.begin(1)
    for number in range(3):
        replay.say(frame(number))
        replay.show(Image(bytes([number])))
    sent(replay)
    replay.rewind()
    again = sent(replay)
    assert [item for item in again if isinstance(item, Image)] == [Image(b"\2")]
    assert words(again) == b"".join(frame(number).pcm for number in range(3))
