"""The panel over whole stories: presses come through, the ring keeps up, and lost parts come back."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import pytest

from daemon.events import Event, LongPressed, Pressed, Released
from daemon.journal import Level
from daemon.outage import STEADY_S
from daemon.panel.lights import lights
from daemon.panel.panel import Panel
from daemon.status import LinkState, Status, TurnState
from hardware.interfaces import DeviceLost, DeviceMissing, Edge, Rgb
from tests.support.virtual_time import START_S, run

DARK = (0, 0, 0)
LISTENING = Status(LinkState.UP, TurnState.LISTENING)


class FakeButton:
    """A button whose edges are put into it."""

    def __init__(self) -> None:
        self.edges: asyncio.Queue[Edge | DeviceLost] = asyncio.Queue()
        self.closed = False

    async def edge(self) -> Edge:
        edge = await self.edges.get()
        if isinstance(edge, DeviceLost):
            raise edge
        return edge

    async def close(self) -> None:
        self.closed = True


class FakeRing:
    """A ring that remembers what it showed and when."""

    def __init__(self, count: int = 12) -> None:
        self.count = count
        self.shown: list[tuple[float, tuple[Rgb, ...]]] = []
        self.lost = False
        self.closed = False

    def show(self, pixels: Sequence[Rgb]) -> None:
        if self.lost:
            raise DeviceLost("LED ring: the bus is gone")
        self.shown.append((now_s(), tuple(pixels)))

    def close(self) -> None:
        self.closed = True


def now_s() -> float:
    return asyncio.get_running_loop().time() - START_S


@dataclass
class Desk:
    """A panel with its parts, what it said, and the status it is to show."""

    buttons: list[FakeButton] = field(default_factory=list)
    rings: list[FakeRing] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    told: list[tuple[float, str, dict[str, str]]] = field(default_factory=list)
    opened_s: dict[str, list[float]] = field(default_factory=lambda: {"button": [], "ring": []})
    missing: set[str] = field(default_factory=set)
    rings_are_lost: bool = False
    status: Status = field(default_factory=lambda: Status(LinkState.UP))
    level: float = 0.0

    async def open_button(self) -> FakeButton:
        self.opened_s["button"].append(now_s())
        if "button" in self.missing:
            raise DeviceMissing("button: no such pin")
        self.buttons.append(FakeButton())
        return self.buttons[-1]

    async def open_ring(self) -> FakeRing:
        self.opened_s["ring"].append(now_s())
        if "ring" in self.missing:
            raise DeviceMissing("LED ring: no /dev/spidev0.0")
        ring = FakeRing()
        ring.lost = self.rings_are_lost
        self.rings.append(ring)
        return ring

    def tell(self, event: str, **fields: str) -> None:
        self.told.append((now_s(), event, fields))

    def panel(self) -> Panel:
        return Panel(
            self.open_button,
            self.open_ring,
            on_event=self.events.append,
            status=lambda: self.status,
            level=lambda: self.level,
            tell=self.tell,
        )

    def show(self, panel: Panel, status: Status) -> None:
        self.status = status
        panel.refresh()


def play(story: Callable[[Desk, Panel], Awaitable[None]], desk: Desk | None = None, *, limit_s: float = 3600.0) -> Desk:
    """Run `story` beside the panel, then cancel the panel and see that it closed everything."""
    desk = desk or Desk()

    async def both() -> None:
        panel = desk.panel()
        async with asyncio.TaskGroup() as group:
            running = group.create_task(panel.run())
            await asyncio.sleep(0.01)
            await story(desk, panel)
            assert not running.done(), "the panel never ends by itself"
            running.cancel()
        assert running.cancelled()

    run(both(), limit_s=limit_s)
    assert all(button.closed for button in desk.buttons)
    assert all(ring.closed for ring in desk.rings)
    return desk


def pictures_between(desk: Desk, begin_s: float, end_s: float) -> list[tuple[Rgb, ...]]:
    return [pixels for ring in desk.rings for at_s, pixels in ring.shown if begin_s <= at_s < end_s]


def test_a_press_and_its_release_come_through_at_once_with_the_drivers_times() -> None:
    async def story(desk: Desk, panel: Panel) -> None:
        pressed_s = START_S + 7.0
        desk.buttons[0].edges.put_nowait(Edge(True, pressed_s))
        desk.buttons[0].edges.put_nowait(Edge(False, pressed_s + 0.5))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert desk.events == [Pressed(pressed_s), Released(pressed_s + 0.5, 0.5)]

    play(story)


def test_idle_and_healthy_draws_once_and_sleeps_for_an_hour() -> None:
    async def story(desk: Desk, panel: Panel) -> None:
        await asyncio.sleep(3000.0)

    desk = play(story)
    assert [pixels for _, pixels in desk.rings[0].shown] == [(DARK,) * 12]


def test_a_change_is_shown_at_once_both_out_of_sleep_and_amid_a_pattern() -> None:
    async def story(desk: Desk, panel: Panel) -> None:
        await asyncio.sleep(5.003)
        for status in (LISTENING, Status(LinkState.UP, TurnState.THINKING), Status(LinkState.UP)):
            desk.show(panel, status)
            at_s = now_s()
            await asyncio.sleep(0.013)
            shown_s, pixels = desk.rings[0].shown[-1]
            assert shown_s == at_s
            assert pixels == lights(status, START_S + at_s, 12)
            await asyncio.sleep(0.99)

    play(story)


def test_a_moving_pattern_is_drawn_25_times_a_second_and_a_still_one_never_again() -> None:
    async def story(desk: Desk, panel: Panel) -> None:
        desk.show(panel, Status(LinkState.UP, TurnState.THINKING))
        await asyncio.sleep(10.0)
        desk.show(panel, Status(LinkState.UP, muted=True))
        await asyncio.sleep(1000.0)

    desk = play(story)
    assert len(pictures_between(desk, 0.005, 10.005)) == pytest.approx(250, abs=2)
    assert len(pictures_between(desk, 10.005, 2000.0)) == 1


def test_refreshing_does_not_speed_a_pattern_up() -> None:
    async def story(desk: Desk, panel: Panel) -> None:
        desk.show(panel, Status(LinkState.UP, TurnState.THINKING))
        for _ in range(5):
            await asyncio.sleep(0.013)
            panel.refresh()
        await asyncio.sleep(10.0)

    assert len(pictures_between(play(story), 0.1, 10.0)) == pytest.approx(247, abs=2)


def test_many_refreshes_in_one_instant_are_one_picture_and_without_a_change_none() -> None:
    async def story(desk: Desk, panel: Panel) -> None:
        for _ in range(50):
            desk.show(panel, Status(LinkState.UP, muted=True))
        await asyncio.sleep(1.0)
        panel.refresh()
        await asyncio.sleep(1.0)

    assert len(play(story).rings[0].shown) == 2


def test_a_pattern_does_not_begin_with_the_loudness_of_the_last_one() -> None:
    async def story(desk: Desk, panel: Panel) -> None:
        desk.level = 1.0
        desk.show(panel, Status(LinkState.UP, TurnState.SPEAKING))
        await asyncio.sleep(1.0)
        desk.level = 0.0
        desk.show(panel, Status(LinkState.UP))
        await asyncio.sleep(1.0)
        desk.show(panel, LISTENING)
        at_s = now_s()
        await asyncio.sleep(0.01)
        assert desk.rings[0].shown[-1] == (at_s, lights(LISTENING, START_S + at_s, 12, level=0.0))

    play(story)


def test_the_ring_follows_the_voice_quickly_up_and_gently_down() -> None:
    def brightness(picture: tuple[Rgb, ...]) -> int:
        return sum(map(sum, picture))

    async def story(desk: Desk, panel: Panel) -> None:
        desk.show(panel, LISTENING)
        await asyncio.sleep(1.0)
        desk.level = 1.0
        await asyncio.sleep(1.0)
        desk.level = 0.0
        await asyncio.sleep(2.0)

    desk = play(story)
    quiet, loud = (brightness(lights(LISTENING, 0.0, 12, level=level)) for level in (0.0, 1.0))
    middle = (quiet + loud) / 2
    assert all(brightness(picture) < middle for picture in pictures_between(desk, 0.02, 1.0))
    assert all(brightness(picture) > middle for picture in pictures_between(desk, 1.13, 2.0))
    assert all(brightness(picture) > middle for picture in pictures_between(desk, 2.0, 2.07))
    assert all(brightness(picture) < middle for picture in pictures_between(desk, 2.4, 4.0))


def test_a_lost_ring_is_told_once_and_shows_the_present_status_when_it_is_back() -> None:
    async def story(desk: Desk, panel: Panel) -> None:
        desk.rings[0].lost = True
        desk.show(panel, LISTENING)
        await asyncio.sleep(0.5)
        desk.show(panel, Status(LinkState.UP, muted=True))
        await asyncio.sleep(60.0)

    desk = play(story)
    assert desk.rings[0].closed
    assert [pixels for _, pixels in desk.rings[1].shown] == [lights(Status(LinkState.UP, muted=True), 0.0, 12)]
    assert [(event, fields) for _, event, fields in desk.told] == [
        ("device.lost", {"part": "ring", "level": Level.WARNING, "reason": "LED ring: the bus is gone"}),
        ("device.back", {"part": "ring"}),
    ]
    assert desk.opened_s["ring"] == pytest.approx([0.0, 1.01])


@pytest.mark.parametrize("part", ["button", "ring"])
def test_a_missing_part_is_told_once_and_tried_for_ever_with_growing_pauses(part: str) -> None:
    async def story(desk: Desk, panel: Panel) -> None:
        assert panel.ready.is_set(), "a missing button does not hold up the start"
        await asyncio.sleep(400.0)
        desk.missing.clear()
        await asyncio.sleep(100.0)

    desk = play(story, Desk(missing={part}))
    tried_s = desk.opened_s[part]
    pauses_s = [later - earlier for earlier, later in itertools.pairwise(tried_s)]
    assert pauses_s[:7] == pytest.approx([1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0])
    assert max(pauses_s) == pytest.approx(30.0)
    assert [(event, fields["part"]) for _, event, fields in desk.told] == [
        ("device.missing", part),
        ("device.back", part),
    ]
    assert len(desk.opened_s["ring" if part == "button" else "button"]) == 1, "the other part is not disturbed"


def test_a_ring_that_opens_and_fails_again_and_again_is_told_once() -> None:
    async def story(desk: Desk, panel: Panel) -> None:
        await asyncio.sleep(600.0)

    desk = play(story, Desk(rings_are_lost=True))
    assert [event for _, event, _ in desk.told] == ["device.lost"]
    assert 20 <= len(desk.rings) <= 30
    assert all(ring.closed for ring in desk.rings)


def test_a_part_that_worked_for_a_while_and_is_lost_again_is_news_and_tried_soon() -> None:
    async def story(desk: Desk, panel: Panel) -> None:
        for _ in range(3):
            desk.buttons[-1].edges.put_nowait(DeviceLost("button: the pin is gone"))
            await asyncio.sleep(1.5 + STEADY_S)

    desk = play(story)
    assert [event for _, event, _ in desk.told] == ["device.lost", "device.back"] * 3
    assert len(desk.opened_s["button"]) == 4


def test_a_button_lost_while_pressed_is_released_and_works_again_afterwards() -> None:
    async def story(desk: Desk, panel: Panel) -> None:
        await asyncio.sleep(1.0)
        desk.buttons[0].edges.put_nowait(Edge(True, START_S + now_s()))
        await asyncio.sleep(3.0)
        desk.buttons[0].edges.put_nowait(DeviceLost("button: the pin is gone"))
        await asyncio.sleep(2.0)
        desk.buttons[1].edges.put_nowait(Edge(True, START_S + now_s()))
        await asyncio.sleep(0.1)

    pressed, long, released, again = play(story).events
    assert isinstance(pressed, Pressed)
    assert isinstance(long, LongPressed)
    assert isinstance(released, Released)
    assert released.held_s == pytest.approx(3.0)
    assert isinstance(again, Pressed)
    assert not again.found
    assert again.at_s == pytest.approx(START_S + 6.01)


def test_a_long_press_is_told_while_the_button_is_down() -> None:
    async def story(desk: Desk, panel: Panel) -> None:
        await asyncio.sleep(1.0)
        pressed_s = START_S + now_s()
        desk.buttons[0].edges.put_nowait(Edge(True, pressed_s))
        await asyncio.sleep(0.99)
        assert desk.events == [Pressed(pressed_s)]
        await asyncio.sleep(0.02)
        assert desk.events == [Pressed(pressed_s), LongPressed(pressed_s + 1.0)]
        desk.buttons[0].edges.put_nowait(Edge(False, pressed_s + 1.5))
        await asyncio.sleep(0.5)
        assert desk.events[2:] == [Released(pressed_s + 1.5, 1.5)]

    play(story)


def test_a_button_that_is_down_when_it_is_opened_is_told_apart_from_a_press() -> None:
    async def story(desk: Desk, panel: Panel) -> None:
        desk.buttons[0].edges.put_nowait(Edge(True, START_S))
        await asyncio.sleep(3.0)

    assert play(story).events == [Pressed(START_S, found=True)]


class SlowDesk(Desk):
    """A desk whose button takes a second to open."""

    async def open_button(self) -> FakeButton:
        await asyncio.sleep(1.0)
        return await super().open_button()


def test_ready_waits_for_the_button() -> None:
    async def story(desk: Desk, panel: Panel) -> None:
        assert not panel.ready.is_set()
        await panel.ready.wait()
        assert now_s() == pytest.approx(1.0)

    play(story, SlowDesk())


def test_a_bug_in_what_events_mean_ends_the_panel_and_closes_the_parts() -> None:
    desk = Desk()

    def broken(event: Event) -> None:
        raise LookupError(event)

    async def story() -> None:
        panel = Panel(
            desk.open_button,
            desk.open_ring,
            on_event=broken,
            status=lambda: desk.status,
            level=lambda: 0.0,
            tell=desk.tell,
        )
        async with asyncio.TaskGroup() as group:
            group.create_task(panel.run())
            await asyncio.sleep(0.01)
            desk.buttons[0].edges.put_nowait(Edge(True, 1.0))

    with pytest.raises(ExceptionGroup) as caught:
        run(story())
    assert caught.group_contains(LookupError, depth=2)
    assert desk.buttons[0].closed
    assert desk.rings[0].closed
