"""A rehearsal as one picture: what the person did, what went over the wire, what was heard, what the ring showed."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from hardware.pcm import FRAME_S

from .evidence import interruptions
from .figures import Figures, measure
from .recording import Recording
from .timeline_events import LINE_PX, LINES, draw_events, events
from .timeline_ring import COLOURS, GAMMA, draw_rings, draw_strip, spells
from .timeline_sheet import (
    BRIGHT,
    CYAN,
    EDGE,
    GREEN,
    HEIGHT_PX,
    LEFT_PX,
    NAME_PT,
    NIGHT,
    PALE,
    RED,
    TEXT_PT,
    Sheet,
)
from .timeline_tracks import (
    QUIETEST_DB,
    ahead_s,
    draw_bars,
    draw_downlink,
    draw_gate,
    draw_level,
    draw_uplink,
    draw_waits,
    held_down,
    most_ahead_s,
)

_ECHO_PX: Final = 120
"""What the picture is higher by if there is an echo to be shown: everything below its row is lower by as much."""
_EVENTS_PX: Final = LINE_PX * LINES + 10
"""The same for what befell the device, if anything did."""
_DOWNLINK_PX: Final = 674
_SPEAKER_PX: Final = 844
_ROOM_DB: Final = 24.0
"""Above 0 dBFS, for what is written over the loudspeaker's level."""
_VOICE_DB: Final = -5.0
"""Where in a row of levels it is marked that somebody spoke."""
_LEVELS_DB: Final = (-20.0, -40.0, -60.0)
_TICKS_S: Final = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600)
_MOST_TICKS: Final = 16


def draw(recording: Recording, path: Path, figures: Figures | None = None) -> None:
    """Draw a recording as a PNG of 1800 by 1100 pixels, or higher if there is more to be shown.

    Args:
        recording: What to draw.
        path: Where to.
        figures: What was measured in it, if that is known already.
    """
    figures = figures or measure(recording)
    events_px = _EVENTS_PX if events(recording) else 0
    echo_px = _ECHO_PX if recording.scenario.room else 0
    more_px = events_px + echo_px
    sheet = Sheet(recording.started_s, recording.ended_s, HEIGHT_PX + more_px)
    _draw_head(sheet, recording, figures)
    draw_rings(sheet.bare(96, 146), sheet, recording, 146.0)
    strip = sheet.row(242, 118, "ring", "its pixels, clockwise\nfrom the top", low=0.0, high=1.0)
    draw_strip(strip, sheet, recording)
    if events_px:
        draw_events(sheet.row(370, LINE_PX * LINES, "events", low=0.0, high=1.0), sheet, recording)
    _draw_person(sheet, recording, events_px)
    if echo_px:
        _draw_echo(sheet, recording, events_px)
    _draw_wire(sheet, recording, more_px)
    _draw_speaker(sheet, recording, more_px)
    _draw_states(sheet, recording)
    _draw_interruptions(sheet, recording, more_px)
    _draw_seconds(sheet)
    sheet.save(path)


def _draw_head(sheet: Sheet, recording: Recording, figures: Figures) -> None:
    sheet.write(LEFT_PX, 36, recording.scenario.purpose or recording.script, 18.0, BRIGHT)
    facts = (
        ("microphone to wire", figures.microphone_to_wire_ms),
        ("wire to speaker", figures.wire_to_speaker_ms),
        ("press to silence", figures.press_to_silence_ms),
        ("voice to silence", figures.voice_to_silence_ms),
    )
    medians = ", ".join(f"{name} {spread.median:.1f} ms" for name, spread in facts if spread)
    said = f"Medians: {medians or 'nothing measured'}. Memory: {figures.peak_mib:.0f} MiB."
    if figures.echo_dbfs is not None and figures.residual_dbfs is not None:
        said += f" Echo: {figures.echo_dbfs:.0f} dBFS; left of it: {figures.residual_dbfs:.0f} dBFS."
    sheet.write(LEFT_PX, 70, said, 13.0, PALE)


def _draw_person(sheet: Sheet, recording: Recording, more_px: int) -> None:
    button = sheet.row(370 + more_px, 30, "button held", low=0.0, high=1.0)
    draw_bars(button, sheet, held_down(recording), BRIGHT)
    microphone = sheet.row(410 + more_px, 110, "microphone", "level", low=QUIETEST_DB, high=0.0)
    draw_level(microphone, sheet, recording.microphone, -FRAME_S, CYAN)
    sheet.scale(microphone, "dB", *_LEVELS_DB)


def _draw_echo(sheet: Sheet, recording: Recording, more_px: int) -> None:
    """Draw what was left of the microphone's sound, and when somebody really spoke."""
    left = sheet.row(530 + more_px, 110, "less the echo", "level; ▬ a voice", low=QUIETEST_DB, high=0.0)
    draw_level(left, sheet, recording.cleaned, -FRAME_S, CYAN)
    for from_s, to_s in recording.voice:
        left.hlines(_VOICE_DB, sheet.seconds(from_s), sheet.seconds(to_s), color=BRIGHT, linewidth=3.0)
    sheet.scale(left, "dB", *_LEVELS_DB)


def _draw_wire(sheet: Sheet, recording: Recording, more_px: int) -> None:
    gate = sheet.row(530 + more_px, 40, "gate open", "pale: pre-roll", low=0.0, high=1.0)
    draw_gate(gate, sheet, recording)
    uplink = sheet.row(
        580 + more_px, 84, "to the service", "▶ activityStart\n■ activityEnd  ★ picture", low=0.0, high=145.0
    )
    draw_uplink(uplink, sheet, recording)
    sheet.scale(uplink, "ms", 20.0, 100.0)
    row_s = max(1.0, 1.35 * most_ahead_s(recording))
    about = "and not played yet\n◆ all sent  ■ turn over\n✖ interrupted"
    downlink = sheet.row(_DOWNLINK_PX + more_px, 160, "from the service", about, low=0.0, high=row_s)
    draw_downlink(downlink, sheet, recording, row_s)
    sheet.scale(downlink, "s", *range(2, int(row_s), 2))


def _draw_speaker(sheet: Sheet, recording: Recording, more_px: int) -> None:
    top_px = _SPEAKER_PX + more_px
    speaker = sheet.row(top_px, 166, "speaker", "level\n|-| waited for it", low=QUIETEST_DB, high=_ROOM_DB)
    draw_level(speaker, sheet, recording.speaker, 0.0, GREEN)
    draw_waits(speaker, sheet, recording, _ROOM_DB / 2)
    sheet.scale(speaker, "dB", *_LEVELS_DB)


def _draw_states(sheet: Sheet, recording: Recording) -> None:
    """Tint everything in the colour that the ring has at the time."""
    backdrop = sheet.over_rows(zorder=-1.0)
    for spell in spells(recording):
        if spell.state:
            from_s, to_s = sheet.seconds(spell.from_s), sheet.seconds(spell.to_s)
            backdrop.axvspan(from_s, to_s, color=COLOURS[spell.state], alpha=0.10, linewidth=0.0)


def _draw_interruptions(sheet: Sheet, recording: Recording, more_px: int) -> None:
    """Draw a line through everything where somebody stopped an answer, and say what became of the answer.

    Where a voice did, a fainter line follows at the moment of silence.
    """
    front = sheet.over_rows(zorder=9.0)
    stopped = interruptions(recording)
    left_behind_s = ahead_s(recording, np.array([one.begun_s - 0.001 for one in stopped]))
    for one, dropped_s in zip(stopped, left_behind_s, strict=True):
        at_s = sheet.seconds(one.begun_s)
        front.axvline(at_s, color=RED, linewidth=1.6)
        said_s = at_s
        if one.spoken:
            said_s = sheet.seconds(one.silent_s)
            front.axvline(said_s, color=RED, linewidth=1.0, linestyle=(0, (4, 3)))
        silent_ms = (one.silent_s - one.begun_s) * 1000
        for middle_px, said in (
            (_DOWNLINK_PX + more_px + 110, f"{dropped_s:.1f} s dropped"),
            (_SPEAKER_PX + more_px + 100, f"talks over\nthe answer:\nsilent after\n{silent_ms:.0f} ms"),
        ):
            # At the right edge the words go to the left of the line, over what is drawn there.
            to_left = said_s > 0.91 * sheet.duration_s
            front.text(
                said_s + sheet.duration_s * (-0.006 if to_left else 0.006),
                middle_px,
                said,
                color=RED,
                fontsize=TEXT_PT,
                horizontalalignment="right" if to_left else "left",
                verticalalignment="center",
                bbox={"facecolor": NIGHT, "alpha": 0.75, "pad": 2.0, "linewidth": 0.0} if to_left else None,
            )


def _draw_seconds(sheet: Sheet) -> None:
    step_s = next((step_s for step_s in _TICKS_S if sheet.duration_s / step_s <= _MOST_TICKS), _TICKS_S[-1])
    ticks_s = list(range(0, int(sheet.duration_s) + 1, step_s))
    axis = sheet.rows[-1]
    axis.set_xticks(ticks_s, labels=[f"{tick_s} s" for tick_s in ticks_s], fontsize=NAME_PT - 1.0, color=PALE)
    axis.tick_params(axis="x", color=EDGE, length=7.0)
    said = (
        "Simulated hardware in real time; the real SDK, TLS and sockets; a stand-in for the service. "
        f"Colours of the LEDs brightened for a screen (gamma {GAMMA:g})."
    )
    sheet.write(LEFT_PX, sheet.height_px - 26, said, TEXT_PT, PALE)
