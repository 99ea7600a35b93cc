"""Which sound device a name means."""

from __future__ import annotations

import pytest

from hardware.interfaces import DeviceMissing
from hardware.sound_devices import Direction, SoundDevice, find_device, has_new_card, kernel_devices

CARDS = """\
 0 [vc4hdmi        ]: vc4-hdmi - vc4-hdmi
                      vc4-hdmi
 1 [sndrpigooglevoi]: RPi-simple - snd_rpi_googlevoicehat_soundcar
                      snd_rpi_googlevoicehat_soundcard
 2 [Device         ]: USB-Audio - USB PnP Sound Device
                      C-Media Electronics Inc. USB PnP Sound Device at usb-xhci-hcd.0-1, full speed
"""
DEVICES = [
    SoundDevice(0, "vc4-hdmi: MAI PCM i2s-hifi-0 (hw:0,0)", inputs=0, outputs=2),
    SoundDevice(1, "snd_rpi_googlevoicehat_soundcar: Google voiceHAT (hw:1,0)", inputs=2, outputs=2),
    SoundDevice(2, "USB PnP Sound Device: Audio (hw:2,0)", inputs=2, outputs=0),
    SoundDevice(3, "USB PnP Sound Device: Audio #1 (hw:2,1)", inputs=0, outputs=2),
    SoundDevice(4, "sysdefault", inputs=2, outputs=2),
    SoundDevice(5, "default", inputs=2, outputs=2),
]


@pytest.mark.parametrize(
    ("wanted", "direction", "index"),
    [
        ("", Direction.CAPTURE, None),
        ("USB PnP", Direction.CAPTURE, 2),  # its playing half has the same name
        ("USB PnP", Direction.PLAYBACK, 3),
        ("default", Direction.CAPTURE, 5),  # a whole name goes before a part of one
        ("hw:CARD=sndrpigooglevoi", Direction.PLAYBACK, 1),
        ("plughw:CARD=sndrpigooglevoi,DEV=0", Direction.CAPTURE, 1),
        ("hw:CARD=Device,DEV=1", Direction.PLAYBACK, 3),
        ("(hw:0,0)", Direction.PLAYBACK, 0),
    ],
)
def test_a_name_finds_its_device(wanted: str, direction: Direction, index: int | None) -> None:
    assert find_device(DEVICES, wanted, direction, CARDS) == index


def test_a_cards_id_finds_it_whatever_its_number_is_today() -> None:
    moved = CARDS.replace(" 1 [", " 7 [")
    devices = [SoundDevice(0, "Google voiceHAT (hw:7,0)", inputs=2, outputs=2)]
    assert find_device(devices, "hw:CARD=sndrpigooglevoi", Direction.CAPTURE, moved) == 0


@pytest.mark.parametrize(
    ("wanted", "direction", "words"),
    [
        ("vc4-hdmi", Direction.CAPTURE, 'microphone: no device fits "vc4-hdmi"'),  # it only plays
        ("hw:CARD=gone", Direction.CAPTURE, "cards: hw:CARD=vc4hdmi, hw:CARD=sndrpigooglevoi, hw:CARD=Device. Plug"),
        ("(hw:", Direction.CAPTURE, r'fits several devices: "snd_rpi.*", "USB PnP.*"\. Set microphone\.device to more'),
        ("hw:CARD=vc4hdmi", Direction.CAPTURE, "no device fits"),
        (
            "nothing",
            Direction.PLAYBACK,
            'There are: "vc4-hdmi: MAI.*", "snd.*", "USB.*", "sysdefault", "default"; cards',
        ),
    ],
)
def test_a_name_that_fits_none_or_several_is_refused_with_what_there_is(
    wanted: str, direction: Direction, words: str
) -> None:
    with pytest.raises(DeviceMissing, match=words):
        find_device(DEVICES, wanted, direction, CARDS)


def test_without_any_device_it_says_so() -> None:
    with pytest.raises(DeviceMissing, match=r"There are: none at all\. Plug it in"):
        find_device([], "USB", Direction.CAPTURE, "")


@pytest.mark.parametrize(
    ("before", "now", "new"),
    [
        (CARDS, CARDS, False),
        (CARDS, "".join(CARDS.splitlines(keepends=True)[:4]), False),  # unplugged: the others keep their numbers
        ("".join(CARDS.splitlines(keepends=True)[:4]), CARDS, True),
        (CARDS, CARDS.replace(" 2 [", " 3 ["), True),  # plugged in again, under another number
        ("", "", False),
    ],
    ids=["the same", "one less", "one more", "moved", "no kernel"],
)
def test_only_a_card_that_was_not_there_makes_the_list_old(before: str, now: str, new: bool) -> None:
    assert has_new_card(before, now) is new


def test_the_kernel_lists_cards_under_the_names_that_portaudio_gives_them() -> None:
    pcms = """\
00-00: MAI PCM i2s-hifi-0 : MAI PCM i2s-hifi-0 : playback 1
01-00: Google voiceHAT : Google voiceHAT : playback 1 : capture 1
02-00: USB Audio : USB Audio : capture 1
02-01: USB Audio : USB Audio #1 : playback 1
"""
    found = kernel_devices(CARDS, pcms)
    assert [device.name for device in found] == [device.name for device in DEVICES if device.is_card]
    assert [(device.inputs, device.outputs) for device in found] == [(0, 1), (1, 1), (1, 0), (0, 1)]
    assert kernel_devices("", "") == []


@pytest.mark.parametrize(
    ("card", "pcm", "name"),
    [
        ("Loopback", "Loopback PCM", "Loopback: PCM (hw:0,0)"),  # seen in a kernel with snd-aloop
        ("USB Audio", "USB Audio", "USB Audio: - (hw:0,0)"),
        ("HDA Intel PCH", "Intel PCH Analog", "HDA Intel PCH: Analog (hw:0,0)"),
        ("USB", "USBx", "USB: USBx (hw:0,0)"),
    ],
)
def test_words_of_the_card_are_not_said_twice(card: str, pcm: str, name: str) -> None:
    listed = kernel_devices(f" 0 [X              ]: X - {card}\n", f"00-00: {pcm} : {pcm} : capture 1\n")
    assert [device.name for device in listed] == [name]
