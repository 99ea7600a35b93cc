"""What an owner is told: one complete sentence for each fault, with the place, what is allowed, and what was meant."""

from __future__ import annotations

import pytest

from daemon.config.diagnosis import diagnose


def sentences(text: str) -> list[str]:
    """Return what `text` is refused with."""
    return [fault.sentence("vocative.toml") for fault in diagnose(text, None)]


# --- values ----------------------------------------------------------------------------------------

VALUES = [
    # the range, its unit and its reason
    (
        "[turn]\nhangover_ms = 20",
        "2: turn.hangover_ms = 20: must be from 500 to 3000 (milliseconds); the service acts at once on the end of a"
        " turn, so shorter pauses would cut sentences",
    ),
    ("[network]\nsend_timeout_s = 0.1", "2: network.send_timeout_s = 0.1: must be from 0.5 to 30 (seconds)"),
    ("[network]\nsend_timeout_s = inf", "2: network.send_timeout_s = inf: must be from 0.5 to 30 (seconds)"),
    ("[network]\nsend_timeout_s = nan", "2: network.send_timeout_s = nan: must be from 0.5 to 30 (seconds)"),
    ("[live]\ntop_p = 1.5", "2: live.top_p = 1.5: must be from 0 to 1"),
    ("[camera]\ninterval_s = 0.5", "(seconds); the service takes at most one picture a second"),
    ("[camera]\nwidth_px = 767", "2: camera.width_px = 767: must be from 160 to 1536 in steps of 2 (pixels)"),
    ("[button]\npin = 99_999", "2: button.pin = 99_999: must be from 2 to 27; GPIO numbers are meant"),
    (
        "[limits]\nidle_hangup_s = 100_000",
        "2: limits.idle_hangup_s = 100_000: must be from 0 to 86400 (seconds); 0 means never",
    ),
    ("[limits]\nidle_hangup_s = 29.5", "2: limits.idle_hangup_s = 29.5: must be 0 for never, or at least 30"),
    ("[limits]\nsession_max_minutes = 1441", "must be from 0 to 1440 (minutes); 0 means never"),
    (
        "[prices]\ninput_per_million_tokens = -1",
        "2: prices.input_per_million_tokens = -1: must be from 0 to 10000; a price is for a million tokens",
    ),
    # the type, and the same in the right one
    ('[button]\npin = "17"', '2: button.pin = "17": must be a whole number from 2 to 27; write pin = 17'),
    ("[button]\npin = 17.0", "2: button.pin = 17.0: must be a whole number from 2 to 27; write pin = 17"),
    ("[button]\npin = true", "2: button.pin = true: must be a whole number from 2 to 27"),
    ('[turn]\nno_speech_s = "8,5 s"', "must be a number from 2 to 60 (seconds); write no_speech_s = 8.5"),
    ('[turn]\nhangover_ms = "0.7s"', "(milliseconds); write hangover_ms = 700"),
    ('[speaker]\nvolume_percent = "70 %"', "must be a whole number from 0 to 100 (percent); write volume_percent = 70"),
    ("[live]\nvoice = 3", "2: live.voice = 3: must be text in quotes"),
    (
        '[live]\nlanguage_hints = "de"',
        'must be a list of texts, such as ["de-DE", "en-US"]; write language_hints = ["de"]',
    ),
    ("[live]\nlanguage_hints = [1]", "must be text in quotes"),
    ('[live]\nlanguage_hints = ["de", "german!"]', '2: live.language_hints = "german!": must hold language tags'),
    ("[live]\nheaders = 5", "must be a section of its own, written [live.headers]"),
    ("[turn]\nno_speech_s = 1979-05-27", "2: turn.no_speech_s = 1979-05-27: must be a number from 2 to 60 (seconds)"),
    # booleans as they are written elsewhere
    ('[button]\npull_up = "yes"', "must be true or false, in lower case and without quotes; write pull_up = true"),
    ("[button]\npull_up = 0", "write pull_up = false"),
    ('[button]\npull_up = "Nein"', "write pull_up = false"),
    (
        "[button]\npull_up = True",
        "2:11: `pull_up = True`: write true or false, in lower case and without quotes: pull_up = true",
    ),
    (
        "[button]\npull_up = off",
        "2:11: `pull_up = off`: write true or false, in lower case and without quotes: pull_up = false",
    ),
    # words
    ('[turn]\nmode = "Hold"', '2: turn.mode = "Hold": must be "hold", "tap" or "hands_free"; write mode = "hold"'),
    ('[leds]\ndriver = "ws2812"', '"rgb_led", "terminal", "web", "simulated" or "none"; write driver = "ws2812_spi"'),
    (
        '[leds]\ndriver = "xyz"',
        '2: leds.driver = "xyz": must be "apa102", "ws2812_spi", "rgb_led", "terminal", "web", "simulated" or "none"',
    ),
    ("[live]\ntranscripts = false", 'must be "off", "journal" or "file"; write transcripts = "off"'),
    ("[live]\nthinking_level = 2", 'must be "minimal", "low", "medium" or "high"'),
    ('[live.safety]\nharassment = "of"', '"block_none" or "off"; write "off"'),
    (
        '[live.safety]\nharrasment = "off"',
        '2: live.safety.harrasment = "off": there is no such name; did you mean harassment?',
    ),
    # texts
    ('[live]\nmodel = ""', '2: live.model = "": must be a name without spaces'),
    ('[live]\nmodel = "gemini 3.8"', "must be a name without spaces"),
    (
        '[microphone]\ndevice = "2"',
        "must be empty or a part of the device's name, as `vocative devices` shows it; its number",
    ),
    ('[speaker]\ndevice = "plughw:1,0"', "must be empty or a part of the device's name"),
    ('[camera]\ndevice = "0"', 'must be empty, a part of the camera\'s name such as "C920", or a whole path'),
    ('[camera]\ndevice = "video1"', "its number changes when devices are plugged in or the Pi restarts"),
    ('[camera]\nmode = "on request"', 'must be "off", "on_request" or "with_turn"; write mode = "on_request"'),
    ("[microphone]\nrate_hz = 11025", "or a multiple of 50, such as 44100 or 48000; a piece of sound lasts 20 ms"),
    ("[speaker]\nrate_hz = 22050", "or a multiple of 100, such as 44100 or 48000; a piece of sound lasts 10 ms"),
    ("[speaker]\nrate_hz = 4000", "must be 0 to find out what the device has, or 8000 to 192000"),
    ('[live]\ncaf_file = ""', '2: live.caf_file = "": there is no such key; did you mean ca_file?'),
    ('[live]\nca_file = "ca.pem"', 'must be empty or a whole path, beginning with "/"'),
    ('[state]\nfolder = "state"', 'must be empty or a whole path, beginning with "/"'),
    ('[prices]\ncurrency = "euro"', '2: prices.currency = "euro": must be three capital letters, such as "USD"'),
    ('[network]\nanswer_cut = "Never"', 'must be "auto", "again" or "never"; write answer_cut = "never"'),
    ('[control]\nsocket = "~/control"', 'must be empty or a whole path, beginning with "/"'),
    (f'[control]\nsocket = "/{"x" * 107}"', "must be at most 107 bytes long"),
    *(
        (f'[live]\nbase_url = "{url}"', "must be empty or like")
        for url in (
            "http://127.0.0.1",
            "wss://host",
            "host",
            "https://",
            "https://u:p@host",
            "https://h?x=1",
            "https://h:x",
        )
    ),
    ('[live.headers]\n"bad name" = "x"', "must be the name of an HTTP header"),
    ('[live.headers]\nHost = "x"', "cannot be set here: the connection sets it itself"),
    ('[live.headers]\nX-Room = "k\u00fcche"', "must be one line of plain ASCII text"),
]


@pytest.mark.parametrize(("text", "expected"), VALUES)
def test_a_refused_value_is_said_in_one_sentence(text: str, expected: str) -> None:
    (fault,) = sentences(text)
    assert expected in fault
    assert fault.startswith("vocative.toml:2:")


# --- names -----------------------------------------------------------------------------------------

NAMES = [
    ("[turn]\nhangover_s = 0.7", "2: turn.hangover_s = 0.7: there is no such key; did you mean hangover_ms = 700?"),
    (
        "[camera]\ninterval_ms = 2000",
        "2: camera.interval_ms = 2000: there is no such key; did you mean interval_s = 2?",
    ),
    ("[turn]\nlongest_min = 2", "did you mean longest_s = 120?"),
    ("[limits]\nidle_hangup_minutes = 5", "did you mean idle_hangup_s = 300?"),
    ("[limits]\nsession_max_s = 1800", "did you mean session_max_minutes = 30?"),
    ("[prices]\noutput_per_million = 12", "did you mean output_per_million_tokens = 12?"),
    ("[turn]\nhangover = 700", "did you mean hangover_ms = 700?"),
    ("[turn]\nhangover = 7", "did you mean hangover_ms?"),
    ("[turn]\nhangover_px = 700", "did you mean hangover_ms?"),
    ("[leds]\nbrightness = 0.4", "did you mean brightness_percent = 40?"),
    ("[leds]\nmax_current_a = 0.4", "did you mean max_current_ma = 400?"),
    ("[turn]\npre-roll-ms = 500", "2: turn.pre-roll-ms = 500: there is no such key; did you mean pre_roll_ms?"),
    ("[turn]\nMode = 'tap'", "2: turn.Mode = 'tap': there is no such key; did you mean mode?"),
    ("[leds]\npin = 17", "2: leds.pin = 17: there is no such key here; `pin` belongs to [button]"),
    ('[live]\ndevice = "USB"', "`device` belongs to [microphone] or [speaker] or [camera]"),
    ("[live]\ndevice = true", "`device` belongs to [tools]"),
    ("[live]\nvolume = 30", "did you mean `volume_percent` in [speaker]?"),
    ("[leds]\ndebounce = 30", "did you mean `debounce_ms` in [button]?"),
    (
        "[speaker]\nxyzzy = 1",
        "2: speaker.xyzzy = 1: there is no such key; [speaker] has driver, device, rate_hz, file, volume_percent,"
        " earcons, sleep_after_s",
    ),
    ("turn.hangover_s = 0.7", "1: turn.hangover_s = 0.7: there is no such key; did you mean hangover_ms = 700?"),
    ("turn = {mode = 'tap', pin = 3}", "1: turn.pin = 3: there is no such key here; `pin` belongs to [button]"),
    ("[mic]\ndevice = 'x'\ngain = 3", "1: [mic]: there is no such section; did you mean [microphone]?"),
    ("[led]", "1: [led]: there is no such section; did you mean [leds]?"),
    ("[wifi]", "1: [wifi]: there is no such section; there are [live], [turn], [microphone]"),
    ("[turn.extra]\nx = 1", "1: [turn.extra]: there is no such key; [turn] has mode,"),
    ("mode = 'tap'", "1: mode = 'tap': it stands outside of every section; `mode` belongs below [turn]"),
    ("volume_percent = 'x'", "outside of every section; `volume_percent` belongs below [speaker]"),
    ("xyzzy = 5", "1: xyzzy = 5: it stands outside of every section; every key belongs below a [section]"),
    ("turn = 5", "1: turn = 5: turn is a section; write [turn] once, alone in a line, and its keys below it"),
    ("[[turn]]\nmode = 'tap'", "1: [[turn]]: turn is a section; write [turn] once"),
]


@pytest.mark.parametrize(("text", "expected"), NAMES)
def test_an_unknown_name_is_answered_with_the_nearest(text: str, expected: str) -> None:
    (fault,) = sentences(text)
    assert expected in fault


# --- TOML itself -----------------------------------------------------------------------------------

SYNTAX = [
    ("[turn]\nmode = tap", '2:8: `mode = tap`: text stands in quotes: mode = "tap"'),
    ("[turn]\nmode = \u201ctap\u201d", "2:8: `mode = \u201ctap\u201d`: text stands between straight quotes"),
    ("[turn]\nmode: 'tap'", "2:5: `mode: 'tap'`: between a key and its value stands \"=\": mode = …"),
    ("[turn]\nmode =", "2:7: `mode =`: the value is missing"),
    ("[turn]\nmode = # tap", "the value is missing"),
    ('[turn]\nmode = "tap\nattack_ms = 100', '2:12: `mode = "tap`: the text must end in this line with the quote'),
    ("[turn]\nmode 'tap'", "`mode 'tap'`: a line is a [section], a key = value, or a comment"),
    ("[turn]\nhangover_ms = 700ms", "2:18: `hangover_ms = 700ms`: a number stands alone; its unit is in the name"),
    ("[turn]\nno_speech_s = 8,5", "2:16: `no_speech_s = 8,5`: a number has a decimal point, not a comma"),
    ("[turn]\nno_speech_s = 8.", "a number has a digit after its decimal point"),
    ("[network]\nsend_timeout_s = .5", "a number has a digit before its decimal point"),
    ("[button]\npin = 017", "a number does not begin with 0"),
    ('[microphone]\ndevice = "C:\\mic"', "a backslash in double quotes needs another before it"),
    ("[turn\nmode = 'tap'", "1:6: `[turn`: the name of a section stands between brackets, alone in its line"),
    (
        "[turn]\nmode = 'tap'\nmode = 'hold'",
        "3:1: turn.mode = 'hold': it is already set in line 2; keep one of the two",
    ),
    ("[turn]\n[leds]\n[turn]\nmode = 'tap'", "3:1: [turn]: the section already begins in line 1; move its keys there"),
    ("[live]\nheaders = {A = 'b', A = 'c'}", "2:21: live.headers.A = 'c': it is already set in line 2"),
    (
        "[live]\nlanguage_hints = [ 'de',\n[turn]\nmode = 'tap'",
        "2:25: `language_hints = [ 'de',`: a quote or a bracket",
    ),
    ('[live]\nsystem_instruction = """\nHello\n[turn]\n', '2:25: `system_instruction = """`: a quote or a bracket'),
    ("[turn]\nmode = {'tap'", "vocative.toml:2:"),
    ("turn = {mode = 'tap'}\n[turn]\nattack_ms = 80", "2:1: [turn]: it is already set in line 1; keep one of the two"),
    ("turn.mode = 'tap'\n[turn]\nattack_ms = 80", "2:6: `[turn]`: "),
    ("[turn]\nmode = 'ta\x07p'", "2:11: `mode = 'ta\\x07p'`: "),
]


@pytest.mark.parametrize(("text", "expected"), SYNTAX)
def test_a_fault_of_the_toml_is_said_with_line_and_column(text: str, expected: str) -> None:
    (fault,) = sentences(text)
    assert expected in fault
