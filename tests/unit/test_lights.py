"""The ring tells the truth, for every status there can be, on every size of ring, at every moment."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.panel.lights import animated, lights
from daemon.panel.scene import meaning, name
from daemon.status import Fault, LinkState, Status, TurnState
from hardware.interfaces import Rgb

COUNTS = (1, 2, 3, 7, 8, 12, 16, 24, 60)
PICTURE_S = 1 / 25
EVERY_STATUS = [
    Status(link, turn, muted, seeing, frozenset(faults))
    for link, turn, muted, seeing in itertools.product(LinkState, TurnState, (False, True), (False, True))
    for size in range(len(Fault) + 1)
    for faults in itertools.combinations(Fault, size)
] + [
    Status(link, muted=muted, seeing=seeing, follow_up=True)
    for link, muted, seeing in itertools.product(LinkState, (False, True), (False, True))
]
ONE_OF_EACH = {meaning(status): status for status in EVERY_STATUS}.values()
"""A status for each thing that the ring can say."""
statuses = st.sampled_from(EVERY_STATUS)
moments_s = st.floats(0.0, 1e7)
levels = st.floats(0.0, 1.0)
counts = st.sampled_from(COUNTS)


def cyan(pixel: Rgb) -> bool:
    """The colour of the open microphone: green and blue stand out clearly above red."""
    red, green, blue = pixel
    return min(green, blue) - red >= 35


def white(pixel: Rgb) -> bool:
    """The colour of the camera: all three are in it."""
    return min(pixel) >= 40


def reddish(pixel: Rgb) -> bool:
    red, green, blue = pixel
    return red >= 90 and red >= 5 * max(green, blue)


def film(status: Status, count: int, *, level: float = 0.5, seconds: float = 12.0) -> list[tuple[Rgb, ...]]:
    return [lights(status, number * PICTURE_S, count, level=level) for number in range(round(seconds / PICTURE_S))]


@pytest.mark.parametrize("count", [0, *COUNTS])
def test_every_status_has_exactly_count_pixels_in_range(count: int) -> None:
    for status in EVERY_STATUS if count <= 12 else ONE_OF_EACH:  # a large ring shows the same, on more pixels
        for t_s, level in ((0.0, 0.0), (0.73, 1.0), (9e6, -3.0), (1.1, 7.0)):
            pixels = lights(status, t_s, count, level=level)
            assert len(pixels) == count
            assert all(0 <= part <= 255 for pixel in set(pixels) for part in pixel)


@given(status=statuses, t_s=moments_s, count=counts, level=levels)
def test_cyan_at_every_instant_if_and_only_if_the_microphone_is_open(
    status: Status, t_s: float, count: int, level: float
) -> None:
    open_microphone = status.turn is TurnState.LISTENING and not status.muted
    shown = [cyan(pixel) for pixel in lights(status, t_s, count, level=level)]
    assert any(shown) == open_microphone
    if open_microphone:
        assert sum(shown) >= count - (5 if status.seeing else 0), "all but the camera's pixels"


@given(t_s=moments_s, count=counts, level=levels, seeing=st.booleans(), link=st.sampled_from(LinkState))
def test_listening_is_never_dark(t_s: float, count: int, level: float, seeing: bool, link: LinkState) -> None:
    pixels = lights(Status(link, TurnState.LISTENING, seeing=seeing), t_s, count, level=level)
    assert max(max(pixel) for pixel in pixels) >= 110


@given(status=statuses, t_s=moments_s, count=counts, level=levels)
def test_the_camera_light_is_on_if_and_only_if_the_camera_delivers(
    status: Status, t_s: float, count: int, level: float
) -> None:
    assert any(white(pixel) for pixel in lights(status, t_s, count, level=level)) == status.seeing


@given(status=statuses.filter(lambda status: status.muted), t_s=moments_s, count=counts, level=levels)
def test_muted_is_red_whatever_else_is_going_on(status: Status, t_s: float, count: int, level: float) -> None:
    pixels = lights(status, t_s, count, level=level)
    if not status.seeing:
        assert all(reddish(pixel) for pixel in pixels)
    elif count > 1:
        assert any(reddish(pixel) for pixel in pixels)
        assert all(reddish(pixel) or white(pixel) or pixel == (0, 0, 0) for pixel in pixels)
    else:
        red, green, blue = pixels[0]
        assert red >= 1.3 * max(green, blue), "one LED shows both: reddish white"


@given(status=statuses.filter(lambda status: not status.muted), t_s=moments_s, count=counts, level=levels)
def test_nothing_but_muted_is_red(status: Status, t_s: float, count: int, level: float) -> None:
    assert not any(reddish(pixel) for pixel in lights(status, t_s, count, level=level))


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("link", [LinkState.UP, LinkState.DRAINING, LinkState.RESTING])
def test_idle_and_healthy_is_dark_and_still(count: int, link: LinkState) -> None:
    status = Status(link)
    assert lights(status, 3.3, count, level=1.0) == ((0, 0, 0),) * count
    assert not animated(status)


def test_a_picture_is_called_still_exactly_if_it_never_changes() -> None:
    for status in ONE_OF_EACH:
        pictures = {lights(status, number * PICTURE_S, 1, level=number / 150) for number in range(150)}
        assert (len(pictures) > 1) == animated(status), status


@pytest.mark.parametrize("count", [1, 12])
def test_no_pattern_flickers(count: int) -> None:
    """From one picture to the next at 25 a second no colour of any pixel jumps by more than 70 of 255."""
    for status in ONE_OF_EACH:
        for before, after in itertools.pairwise(film(status, count, seconds=4.8)):
            for one, other in zip(before, after, strict=True):
                assert max(abs(a - b) for a, b in zip(one, other, strict=True)) <= 70, status


def risings(lit: list[bool]) -> int:
    """How often it goes from dark to lit."""
    return sum(1 for before, after in itertools.pairwise([False, *lit]) if after and not before)


DIFFERENT_STATES = {
    "ready": Status(LinkState.UP),
    "down": Status(LinkState.DOWN),
    "connecting": Status(LinkState.CONNECTING),
    "listening": Status(LinkState.UP, TurnState.LISTENING),
    "thinking": Status(LinkState.UP, TurnState.THINKING),
    "thinking, link down": Status(LinkState.DOWN, TurnState.THINKING),
    "speaking": Status(LinkState.UP, TurnState.SPEAKING),
    "follow-up": Status(LinkState.UP, follow_up=True),
    "muted": Status(LinkState.UP, muted=True),
    "seeing": Status(LinkState.UP, seeing=True),
    **{fault.value: Status(LinkState.UP, faults=frozenset((fault,))) for fault in Fault},
}


@pytest.mark.parametrize("count", [1, 3, 12, 60])
def test_any_two_states_are_told_apart_within_five_seconds(count: int) -> None:
    """The colour of the brightest pixel, how often light appears, or where it does, differs clearly."""

    def traits(status: Status) -> tuple[float, ...]:
        pictures = film(status, count, seconds=4.8)
        colour = max(itertools.chain(*pictures), key=sum)
        times = risings([max(map(max, picture)) > 60 for picture in pictures])
        places = sum(1 for place in zip(*pictures, strict=True) if max(map(max, place)) > 30) / count
        return (*colour, 60.0 * times, 60.0 * places)

    seen = {name: traits(status) for name, status in DIFFERENT_STATES.items()}
    for (one, its), (other, others) in itertools.combinations(seen.items(), 2):
        assert max(abs(a - b) for a, b in zip(its, others, strict=True)) >= 25, (one, other)


@pytest.mark.parametrize(
    ("fault", "blinks"), [(Fault.MICROPHONE, 1), (Fault.KEY, 2), (Fault.SETUP, 3), (Fault.SPEAKER, 4), (Fault.LIMIT, 5)]
)
@pytest.mark.parametrize("turn", [TurnState.IDLE, TurnState.THINKING])
def test_each_fault_blinks_its_own_number_of_times_and_rests(fault: Fault, blinks: int, turn: TurnState) -> None:
    lit = [
        picture[0][0] > 100 for picture in film(Status(LinkState.UP, turn, faults=frozenset((fault,))), 1, seconds=4.8)
    ]
    assert risings(lit) == blinks
    assert not any(lit[-round(2.0 / PICTURE_S) :]), "a rest of two seconds ends the count"


def test_the_link_is_a_hint_when_idle_and_a_statement_when_the_user_waits() -> None:
    def brightest(status: Status) -> int:
        return max(max(pixel) for picture in film(status, 12) for pixel in picture)

    for link in (LinkState.DOWN, LinkState.CONNECTING):
        assert 40 <= brightest(Status(link)) <= 80
        assert brightest(Status(link, TurnState.THINKING)) >= 240


@pytest.mark.parametrize("turn", [TurnState.LISTENING, TurnState.SPEAKING])
@given(t_s=moments_s, count=counts, low=levels, high=levels)
def test_louder_is_never_darker(turn: TurnState, count: int, t_s: float, low: float, high: float) -> None:
    low, high = sorted((low, high))
    status = Status(LinkState.UP, turn)
    quiet, loud = (sum(map(sum, lights(status, t_s, count, level=level))) for level in (low, high))
    assert loud >= quiet


@pytest.mark.parametrize("turn", [TurnState.LISTENING, TurnState.SPEAKING])
@pytest.mark.parametrize("count", COUNTS)
def test_loud_and_quiet_look_different(turn: TurnState, count: int) -> None:
    status = Status(LinkState.UP, turn)
    quiet, loud = (sum(map(sum, lights(status, 0.5, count, level=level))) for level in (0.0, 1.0))
    assert loud >= 1.5 * quiet


def test_one_pixel_and_its_place_on_a_ring_agree() -> None:
    """Shapes are functions of the place alone: pixel 0 of any ring is what a single LED shows."""
    for status in ONE_OF_EACH:
        if not status.seeing:
            assert len({lights(status, 1.234, count, level=0.4)[0] for count in (1, 3, 12, 60)}) == 1


def test_every_meaning_is_one_sentence_and_names_what_matters_for_privacy() -> None:
    for status in EVERY_STATUS:
        sentence = meaning(status)
        assert sentence[0].isupper()
        assert sentence.endswith(".")
        assert sentence.count(".") == 1
        assert ("muted" in sentence.lower()) == status.muted
        assert ("camera" in sentence) == status.seeing
        assert ("listening" in sentence.lower()) == (status.turn is TurnState.LISTENING and not status.muted)


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (Status(LinkState.UP), "Ready, nothing is sent."),
        (Status(LinkState.DOWN), "No connection to the service, the next attempt follows by itself."),
        (Status(LinkState.UP, TurnState.LISTENING), "Listening, what the microphone hears is sent."),
        (
            Status(LinkState.DOWN, TurnState.LISTENING, seeing=True),
            "Listening, what the microphone hears is kept until the service is reached; the camera is on.",
        ),
        (
            Status(LinkState.DOWN, follow_up=True),
            "Ready, nothing is sent until you speak, and your voice goes on with the conversation.",
        ),
        (Status(LinkState.UP, muted=True), "Muted, the microphone is shut off."),
        (Status(LinkState.UP, TurnState.SPEAKING, muted=True), "Muted, the microphone is shut off; answering."),
        (
            Status(LinkState.DOWN, faults=frozenset((Fault.KEY, Fault.MICROPHONE))),
            "The microphone does not work.",
        ),
    ],
)
def test_meanings(status: Status, sentence: str) -> None:
    assert meaning(status) == sentence


@pytest.mark.parametrize("count", COUNTS)
def test_words_that_are_being_lost_turn_the_open_microphone_amber_below_and_never_dark(count: int) -> None:
    listening = Status(LinkState.DOWN, TurnState.LISTENING)
    overflowing = Status(LinkState.DOWN, TurnState.LISTENING, overflowing=True)
    pictures = [(lights(overflowing, t_s / 25, count), lights(listening, t_s / 25, count)) for t_s in range(40)]
    assert any(amber[count // 2][0] > plain[count // 2][0] + 100 for amber, plain in pictures)
    assert all(max(max(pixel) for pixel in amber) > 60 for amber, _ in pictures)
    assert meaning(overflowing).endswith("the beginning of it is being lost.")
    if count > 2:
        assert all(amber[0] == plain[0] for amber, plain in pictures), "the top still says that the microphone is open"


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("link", LinkState)
def test_a_follow_up_is_an_arc_that_shrinks_from_all_round_to_nothing(count: int, link: LinkState) -> None:
    shown = [lights(Status(link, follow_up=True), 1.0, count, level=left / 50) for left in range(50, -1, -1)]
    assert all(green > 50 for _, green, _ in shown[0])
    assert shown[-1] == ((0, 0, 0),) * count
    for before, after in itertools.pairwise(shown):
        assert all(
            later <= sooner
            for one, other in zip(before, after, strict=True)
            for sooner, later in zip(one, other, strict=True)
        )
    for picture in shown:
        lit = [green > 0 for _, green, _ in picture]
        assert lit == sorted(lit, reverse=True), "clockwise from the top, without a hole"


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (Status(link=LinkState.UP), "ready"),
        (Status(link=LinkState.UP, muted=True), "muted"),
        (Status(link=LinkState.DOWN), "offline"),
        (Status(link=LinkState.UP, turn=TurnState.LISTENING), "listening"),
        (Status(link=LinkState.UP, faults=frozenset({Fault.MICROPHONE})), "no microphone"),
    ],
)
def test_a_name_says_what_matters_most(status: Status, said: str) -> None:
    assert name(status) == said
