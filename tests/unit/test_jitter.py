"""The jitter buffer: nothing lost, nothing made up, no wait that the network does not ask for."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.audio.jitter import JitterBuffer
from daemon.audio.lateness import Lateness
from hardware.pcm import DOWN, FRAME_S, samples
from tests.bench.jitter_bench import Network, Outcome, jumping, play, quiet, syllables, talk, tone
from tests.support.known_sound import known_sound

FRAME_BYTES = DOWN.frame_bytes
FADE_SAMPLES = 120


def buffer() -> JitterBuffer:
    return JitterBuffer(Lateness())


def frames_until_none(jitter: JitterBuffer, now: float) -> bytes:
    """Pull evenly from `now` on until nothing comes, and return it all."""
    pulled = b""
    while (frame := jitter.pull(now)) is not None:
        pulled += frame
        now += FRAME_S
    return pulled


def cut(pcm: bytes, sizes: list[int]) -> list[bytes]:
    """Cut `pcm` into pieces of `sizes`, over and over."""
    pieces = []
    number = 0
    while pcm:
        size = sizes[number % len(sizes)]
        pieces.append(pcm[:size])
        pcm = pcm[size:]
        number += 1
    return pieces


# --- bytes -----------------------------------------------------------------------------------------


@settings(deadline=None)
@given(samples_held=st.integers(0, 5000), sizes=st.lists(st.integers(1, 3000), min_size=1, max_size=8))
def test_whatever_the_chunking_it_comes_out_as_it_went_in(samples_held: int, sizes: list[int]) -> None:
    reply = known_sound(DOWN, 1.0)[: 2 * samples_held]
    jitter = buffer()
    for chunk in cut(reply, sizes):
        jitter.push(chunk, 0.0)
    jitter.end()
    out = frames_until_none(jitter, 1.0)
    assert len(out) % FRAME_BYTES == 0
    assert len(out) - len(reply) < FRAME_BYTES
    assert out == reply.ljust(len(out), b"\0")
    assert jitter.finished
    assert jitter.tally.underruns == jitter.tally.pauses == 0


STREAM = known_sound(DOWN, 7.0)
STEP = st.one_of(
    st.integers(1, 5000).map(lambda size: ("push", size)),
    st.floats(0.0, 0.2).map(lambda pause_s: ("wait", pause_s)),
    st.just(("end", 0)),
    st.just(("flush", 0)),
)


@settings(deadline=None, max_examples=200)
@given(steps=st.lists(STEP, max_size=60), longest_held_s=st.sampled_from([0.05, 120.0]))
def test_bytes_in_are_bytes_out_and_dropped_and_held(steps: list[tuple[str, float]], longest_held_s: float) -> None:
    """Through underruns, pauses, odd cuts, overflow, the end and a flush, with a frame pulled every 20 ms."""
    jitter = JitterBuffer(Lateness(), longest_held_s=longest_held_s)
    loudest = int(np.abs(samples(STREAM)).max())
    now, next_pull_s, pushed, flushed = 0.0, 0.0, 0, 0
    ended = False
    for kind, value in steps:
        if kind == "push" and not ended:
            jitter.push(STREAM[pushed : pushed + int(value)], now)
            pushed += int(value)
        elif kind == "wait":
            now += value
        elif kind == "end":
            jitter.end()
            ended = True
        elif kind == "flush":
            flushed += jitter.flush()
            ended = True
        while next_pull_s <= now:
            frame = jitter.pull(next_pull_s)
            assert frame is None or len(frame) == FRAME_BYTES
            assert frame is None or int(np.abs(samples(frame)).max()) <= loudest
            next_pull_s += FRAME_S
        tally = jitter.tally
        held = round(jitter.buffered_s * DOWN.rate_hz) * 2
        odd = pushed - tally.played_bytes - tally.dropped_bytes - held
        assert odd in {0, 1}
        assert odd == 0 or not ended
        assert tally.received_bytes == pushed
        assert tally.dropped_bytes >= flushed
        assert held <= DOWN.bytes_in(longest_held_s)


def test_a_sample_cut_in_two_is_put_together() -> None:
    reply = known_sound(DOWN, 0.1)
    jitter = buffer()
    for byte in range(len(reply)):
        jitter.push(reply[byte : byte + 1], 0.0)
    jitter.end()
    assert frames_until_none(jitter, 1.0) == reply


def test_more_than_the_longest_is_dropped_the_newest_first_and_counted() -> None:
    reply = known_sound(DOWN, 1.0)
    jitter = JitterBuffer(Lateness(), longest_held_s=0.5)
    assert jitter.push(reply[:24_000], 0.0) == 0
    assert jitter.push(reply[24_000:], 0.0) == 24_000
    jitter.end()
    assert frames_until_none(jitter, 1.0) == reply[:24_000]
    assert jitter.tally.dropped_bytes == 24_000


def test_two_minutes_are_held() -> None:
    """The service runs far ahead of what is spoken: live-api.md 0.13."""
    jitter = buffer()
    second = bytes(DOWN.bytes_in(1.0))
    assert [jitter.push(second, number * 0.3) for number in range(121)] == [0] * 120 + [len(second)]
    assert jitter.buffered_s == 120.0


def test_flush_drops_everything_and_says_how_much() -> None:
    jitter = buffer()
    jitter.push(bytes(2001), 0.0)
    assert jitter.pull(0.5) is not None
    assert jitter.flush() == 2001 - FRAME_BYTES
    assert jitter.buffered_s == 0.0
    assert jitter.pull(0.52) is None
    assert jitter.finished


def test_an_empty_reply_is_finished_when_it_ends() -> None:
    jitter = buffer()
    assert not jitter.finished
    jitter.end()
    assert jitter.finished
    assert jitter.pull(0.0) is None


# --- when it sounds --------------------------------------------------------------------------------


@pytest.mark.parametrize("chunk_s", [0.02, 0.04, 0.1, 0.25, 1.0])
def test_on_an_unknown_network_the_first_chunk_sounds_within_one_period(chunk_s: float) -> None:
    jitter = buffer()
    jitter.push(tone(1.0)[: DOWN.bytes_in(chunk_s)], 5.0)
    assert jitter.ready_at_s is not None
    assert jitter.ready_at_s - 5.0 <= FRAME_S
    assert jitter.pull(5.0 + FRAME_S) is not None
    assert jitter.primed


def test_less_than_a_frame_waits_for_the_rest_or_the_end() -> None:
    jitter = buffer()
    jitter.push(bytes(FRAME_BYTES - 2), 0.0)
    assert jitter.ready_at_s is None
    assert jitter.pull(1.0) is None
    jitter.end()
    assert jitter.pull(1.02) is not None
    assert jitter.finished


def test_a_reply_that_has_arrived_whole_does_not_wait() -> None:
    lateness = Lateness()
    play(Network(0.1, jumping), tone(5.0), lateness, random.Random(1))
    assert lateness.reach_s > 0.2
    jitter = JitterBuffer(lateness)
    jitter.push(tone(1.0), 100.0)
    assert jitter.pull(100.0) is None
    jitter.end()
    assert jitter.pull(100.02) is not None


def test_audio_in_hand_shortens_the_wait() -> None:
    """A burst that is as long as what is to be waited for need not be waited for."""
    lateness = Lateness()
    play(Network(0.1, jumping), tone(5.0), lateness, random.Random(1))
    reach_s = lateness.reach_s
    jitter = JitterBuffer(lateness)
    for _ in range(6):
        jitter.push(tone(1.0)[: DOWN.bytes_in(0.1)], 100.0)
    assert jitter.ready_at_s == pytest.approx(100.0 - 0.5 + reach_s)
    assert jitter.pull(100.0) is not None


# --- running dry -----------------------------------------------------------------------------------


def ran_dry(rest_bytes: int = 0) -> tuple[JitterBuffer, bytes, bytes]:
    """Return a buffer that ran dry at 1.06 s after three frames and `rest_bytes`, its sound and its last frame."""
    jitter = buffer()
    sound = known_sound(DOWN, 0.06 + 0.02)[: 3 * FRAME_BYTES + rest_bytes]
    jitter.push(sound, 0.0)
    assert b"".join(jitter.pull(1.0 + number * FRAME_S) or b"" for number in range(3)) == sound[: 3 * FRAME_BYTES]
    last = jitter.pull(1.06)
    assert last is not None
    return jitter, sound, last


@pytest.mark.parametrize("rest_bytes", [0, 2, 480, 800, FRAME_BYTES - 2])
def test_running_dry_ends_what_is_left_without_an_edge(rest_bytes: int) -> None:
    """What is left is followed by its mirror image, and the last 5 ms of both fade to silence."""
    _, sound, last = ran_dry(rest_bytes)
    rest = rest_bytes // 2
    room = min(FADE_SAMPLES, DOWN.frame_samples - rest)
    unfaded = np.concatenate([samples(sound)[-rest or len(sound) :], samples(sound)[: -room - 1 : -1]])
    faded = samples(last)[: len(unfaded)]
    plain = len(unfaded) - FADE_SAMPLES
    assert (np.abs(faded.astype(int)) <= np.abs(unfaded.astype(int))).all()
    if plain > 0:
        assert (faded[:plain] == unfaded[:plain]).all()
    assert faded[-1] == 0
    assert not samples(last)[len(unfaded) :].any()


@pytest.mark.parametrize("rest_bytes", [0, 480])
def test_a_reply_goes_on_after_an_underrun_with_a_fade(rest_bytes: int) -> None:
    jitter, _, _ = ran_dry(rest_bytes)
    more = known_sound(DOWN, 0.04, seed=7)
    assert jitter.pull(1.08) is None
    jitter.push(more, 1.085)
    assert jitter.tally.underruns == 0
    pulled = [jitter.pull(1.1 + number * FRAME_S) for number in range(60)]
    resumed = next(frame for frame in pulled if frame is not None)
    faded, whole = samples(resumed)[:FADE_SAMPLES].astype(int), samples(more)[:FADE_SAMPLES].astype(int)
    assert faded[0] == 0
    assert (np.abs(faded) <= np.abs(whole)).all()
    assert resumed[2 * FADE_SAMPLES :] == more[2 * FADE_SAMPLES : FRAME_BYTES]
    assert jitter.tally.underruns == 1
    assert jitter.tally.waited_s == pytest.approx(
        1.1 + pulled.index(resumed) * FRAME_S - 1.06 - DOWN.seconds(rest_bytes)
    )


def test_the_silence_after_the_last_chunk_is_no_underrun() -> None:
    """The end is often only known after the last sample was played."""
    jitter, _, _ = ran_dry(rest_bytes=400)
    jitter.end()
    assert jitter.finished
    assert jitter.pull(1.08) is None
    assert jitter.tally.underruns == 0


def test_what_came_too_late_is_followed_by_a_longer_prime() -> None:
    """Held again until the spread that was just seen would not have hurt."""
    jitter = buffer()
    chunk = tone(1.0)[: DOWN.bytes_in(0.1)]
    jitter.push(chunk, 0.0)
    for number in range(6):
        jitter.pull(0.01 + number * FRAME_S)
    assert not jitter.primed
    jitter.push(chunk, 0.25)
    ready_at_s = jitter.ready_at_s
    assert ready_at_s is not None
    assert ready_at_s - 0.1 >= 0.15 + 0.15


# --- against the ideal -----------------------------------------------------------------------------


def outcomes(network: Network, reply: bytes, seeds: int, *, warm: bool = False) -> list[Outcome]:
    results = []
    for seed in range(seeds):
        lateness, dice = Lateness(), random.Random(seed)
        if warm:
            play(network, reply, lateness, dice)
        results.append(play(network, reply, lateness, dice))
    return results


@pytest.mark.parametrize(("chunk_s", "adapted_s"), [(0.04, 1.0), (0.1, 2.0)])
def test_once_adapted_to_delays_of_0_to_300_ms_nothing_runs_dry(chunk_s: float, adapted_s: float) -> None:
    """200 seeds; with 20 chunks heard. The price is a delay of about 120 ms more than the best one in hindsight."""
    results = outcomes(Network(chunk_s, jumping), syllables(10.0), 200)
    assert not [seed for seed, each in enumerate(results) if any(at > adapted_s for at in each.underruns_at_s)]
    assert all(each.held_s < 0.04 for each in results)
    assert sum(len(each.underruns_at_s) for each in results) < 1.5 * len(results)
    over_s = [each.delay_s - each.ideal_s for each in results]
    assert sum(over_s) / len(over_s) < 0.15
    assert max(over_s) < 0.25


def test_a_second_reply_on_such_a_network_does_not_run_dry_at_all() -> None:
    results = outcomes(Network(0.1, jumping), tone(5.0), 100, warm=True)
    assert sum(len(each.underruns_at_s) for each in results) == 0
    assert all(each.held_s <= 0.4 + FRAME_S for each in results)


@pytest.mark.parametrize("warm", [False, True])
@pytest.mark.parametrize("chunk_s", [0.02, 0.1])
def test_a_quiet_network_costs_at_most_a_period_and_nothing_stops(chunk_s: float, warm: bool) -> None:
    """A client without a buffer would wait for the next period, too: up to 20 ms of `held_s` are not ours."""
    for each in outcomes(Network(chunk_s, quiet), tone(5.0), 50, warm=warm):
        assert not each.underruns_at_s
        assert not each.pauses
        assert each.held_s <= 2 * FRAME_S


def test_chunks_that_end_in_mid_frame_are_allowed_for() -> None:
    """12.5 frames: every other chunk is needed half a frame before it is due."""
    for each in outcomes(Network(0.25, quiet), tone(5.0), 50, warm=True):
        assert not each.underruns_at_s
        assert each.held_s <= 2.5 * FRAME_S
    lateness = Lateness()
    jitter = JitterBuffer(lateness)
    for number in range(3):
        jitter.push(tone(1.0)[: DOWN.bytes_in(0.25)], number * 0.25)
    assert lateness.reach_s >= FRAME_S


def test_a_reply_faster_than_speech_is_not_waited_for_nor_stopped() -> None:
    """live-api.md 0.13: 3.3 times as fast as it is spoken."""
    for each in outcomes(Network(0.1, quiet, speed=3.3), syllables(5.0), 50, warm=True):
        assert not each.underruns_at_s
        assert not each.pauses
        assert each.held_s <= 2 * FRAME_S


def test_a_network_slower_than_speech_makes_few_long_gaps_not_many_short_ones() -> None:
    """At 0.8 times the speed of speech, 10 s of speech must wait for 2.5 s in all."""
    for each in outcomes(Network(0.1, quiet, speed=0.8), tone(10.0), 20):
        assert len(each.underruns_at_s) + each.pauses <= 12
        assert each.delay_s - each.ideal_s < 0.5


# --- what is learned -------------------------------------------------------------------------------


def test_what_was_learned_fades_slowly_on_a_quiet_network() -> None:
    lateness, dice = Lateness(half_life_s=15.0), random.Random(3)
    play(Network(0.1, jumping), tone(10.0), lateness, dice)
    reaches_s = [lateness.reach_s]
    for _ in range(10):
        play(Network(0.1, quiet), tone(5.0), lateness, dice)
        reaches_s.append(lateness.reach_s)
    assert reaches_s[0] > 0.29
    assert reaches_s == sorted(reaches_s, reverse=True)
    assert reaches_s[1] > 0.75 * reaches_s[0]
    assert reaches_s[3] == pytest.approx(reaches_s[0] / 2, abs=0.02)
    assert reaches_s[10] < 0.06


def test_a_pause_of_the_models_teaches_nothing() -> None:
    """A tool call in the middle of a reply, say."""
    lateness = Lateness()
    jitter = JitterBuffer(lateness)
    chunk = tone(1.0)[: DOWN.bytes_in(0.1)]
    for number in range(20):
        jitter.push(chunk, number * 0.1 + (3.0 if number >= 10 else 0.0))
    assert lateness.reach_s < FRAME_S
    jitter.flush()
    assert lateness.reach_s < FRAME_S


def test_a_late_chunk_is_of_no_consequence_to_a_reply_that_runs_ahead() -> None:
    lateness = Lateness()
    jitter = JitterBuffer(lateness)
    chunk = tone(1.0)[: DOWN.bytes_in(0.1)]
    arrives_s = 0.0
    for number in range(60):
        arrives_s += 0.38 if number == 40 else 0.03
        while jitter.played_s < arrives_s - 0.1 and jitter.pull(jitter.played_s + 0.1):
            pass
        jitter.push(chunk, arrives_s)
    assert jitter.tally.underruns == 0
    assert lateness.reach_s < FRAME_S


def test_a_service_that_always_runs_ahead_is_not_waited_for_at_all() -> None:
    lateness, dice = Lateness(), random.Random(1)
    for _ in range(5):
        play(Network(0.1, quiet, speed=3.3), syllables(10.0), lateness, dice)
    assert lateness.reach_s < 0.002


def test_a_service_that_runs_ahead_over_a_jumping_network_is_waited_for_a_little() -> None:
    """Only the beginnings of its answers can run dry; how its arrivals stray tells how long those must wait."""
    talks = [talk(Network(0.1, jumping, speed=3.3), seed) for seed in range(40)]
    later = [answer for each in talks for answer in each.answers[1:]]
    assert sum(each.late_underruns for each in talks) <= 2
    assert sum(each.held_s for each in later) / len(later) < 0.18


@pytest.mark.parametrize("leaves_when_it", ["begins", "ends"])
def test_messages_of_any_length_on_a_quiet_network_teach_nothing(leaves_when_it: str) -> None:
    """Whether a message with much audio leaves before it or behind it, it was not held up."""
    lateness, dice = Lateness(), random.Random(1)
    for _ in range(3):
        place_s = 0.0
        while place_s < 8.0:
            parts_s = [dice.uniform(0.04, 0.25) for _ in range(dice.randint(1, 4))]
            at_s = (place_s if leaves_when_it == "begins" else place_s + sum(parts_s)) / 3.3
            for part_s in parts_s:
                lateness.arrived(at_s, place_s, in_hand_s=1.0)
                place_s += part_s
        lateness.settle(place_s)
    assert lateness.reach_s < 0.02


def test_a_hiccup_in_a_reply_that_runs_ahead_teaches_nothing() -> None:
    """A hiccup of the device's own, say; what networks do to replies, `talk` above shows."""
    lateness, at_s = Lateness(), 0.0
    for number in range(60):
        at_s = max(at_s, number * 0.03 + (0.1 if number == 30 else 0.0))  # none overtakes another
        lateness.arrived(at_s, number * 0.1, in_hand_s=1.0)
    lateness.settle(6.0)
    assert lateness.reach_s < 0.02


def test_one_reply_of_one_chunk_teaches_nothing() -> None:
    lateness = Lateness()
    play(Network(0.1, jumping), tone(5.0), lateness, random.Random(1))
    learned_s = lateness.reach_s
    jitter = JitterBuffer(lateness)
    jitter.push(tone(1.0), 100.0)
    jitter.end()
    jitter.flush()
    assert lateness.reach_s == learned_s


def test_never_more_than_the_longest_is_waited_for() -> None:
    lateness = Lateness(longest_s=0.4)
    dice = random.Random(1)
    for _ in range(5):
        outcome = play(Network(0.1, lambda dice: dice.uniform(0.0, 2.0)), tone(5.0), lateness, dice)
        assert outcome.held_s <= 0.4 + FRAME_S
        assert lateness.reach_s <= 0.4


def test_a_wanted_pause_is_made_in_a_quiet_moment() -> None:
    """Chunk 3 comes 80 ms late, which the prime just covers: the delay is made up where nobody hears it."""
    jitter = buffer()
    loud, silent = tone(1.0)[: DOWN.bytes_in(0.1)], bytes(DOWN.bytes_in(0.1))
    chunks = [loud, loud, silent, loud, loud, loud]
    arrivals_s = [0.1, 0.12, 0.2, 0.38, 0.4, 0.5]
    pulled: list[tuple[float, bytes]] = []
    coming = 0
    for number in range(34):
        now = 0.121 + number * FRAME_S
        while coming < 6 and arrivals_s[coming] <= now:
            jitter.push(chunks[coming], arrivals_s[coming])
            coming += 1
        frame = jitter.pull(now)
        if frame is not None:
            pulled.append((now, frame))
    tally = jitter.tally
    assert tally.underruns == 0
    assert tally.pauses == 1
    assert tally.played_bytes == 6 * len(loud)
    steps = [(before[0], after[0] - before[0], before[1]) for before, after in itertools.pairwise(pulled)]
    gaps = [(at, frame) for at, step_s, frame in steps if step_s > 1.5 * FRAME_S]
    assert all(not any(frame) for _, frame in gaps)
