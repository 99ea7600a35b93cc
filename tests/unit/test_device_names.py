"""Names that mean the same sound card for ever, and what `vocative devices` makes of a machine."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from daemon.devices import devices, text
from hardware import inventory, pi_camera
from hardware.interfaces import DeviceMissing
from hardware.sound_devices import Ability, Direction, SoundDevice, find_device
from hardware.stable_names import stable_name
from hardware.usb_ports import card_at_port, port_at, sound_ports

CARDS = """\
 0 [sndrpigooglevoi]: RPi-simple - snd_rpi_googlevoicehat_soundcar
                      snd_rpi_googlevoicehat_soundcard
 1 [Device         ]: USB-Audio - USB PnP Sound Device
                      C-Media Electronics Inc. USB PnP Sound Device at usb-xhci-hcd.0-1.2, full speed
 2 [Device_1       ]: USB-Audio - USB PnP Sound Device
                      C-Media Electronics Inc. USB PnP Sound Device at usb-xhci-hcd.0-1.3, full speed
 3 [Jabra          ]: USB-Audio - Jabra SPEAK 410 USB
                      Jabra SPEAK 410 USB at usb-xhci-hcd.1-2, full speed
"""
PCMS = """\
00-00: Google voiceHAT SoundCard HiFi voicehat-hifi-0 : Google voiceHAT SoundCard HiFi : playback 1 : capture 1
01-00: USB Audio : USB Audio : playback 1 : capture 1
02-00: USB Audio : USB Audio : playback 1 : capture 1
03-00: USB Audio : USB Audio : playback 1 : capture 1
"""
PI_5 = "/sys/devices/platform/axi/1000120000.pcie/1f00200000.usb/xhci-hcd.0/usb1"


@pytest.mark.parametrize(
    ("place", "port"),
    [
        (f"{PI_5}/1-1/1-1:1.0", "usb-xhci-hcd.0-1"),
        (f"{PI_5}/1-1/1-1.2/1-1.2:1.0", "usb-xhci-hcd.0-1.2"),
        (f"{PI_5}/1-1/1-1.2/1-1.2.4/1-1.2.4:1.0", "usb-xhci-hcd.0-1.2.4"),
        (
            "/sys/devices/platform/scb/fd500000.pcie/pci0000:00/0000:00:00.0/0000:01:00.0/usb1/1-1/1-1.4/1-1.4:1.0",
            "usb-0000:01:00.0-1.4",
        ),
        ("/sys/devices/platform/soc/3f980000.usb/usb1/1-1/1-1.3/1-1.3:1.0", "usb-3f980000.usb-1.3"),
        ("/sys/devices/platform/soc/soc:sound", None),
    ],
)
def test_a_port_is_called_as_the_kernel_calls_it(place: str, port: str | None) -> None:
    assert port_at(place) == port


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A Pi 5 with two equal cards and another one."""
    for number, (card, port) in enumerate(
        [("sndrpigooglevoi", ""), ("Device", "1-1.2"), ("Device_1", "1-1.3"), ("Jabra", "")]
    ):
        plug(tmp_path, number, card, port)
    (tmp_path / "proc/asound").mkdir(parents=True)
    (tmp_path / "proc/asound/cards").write_text(CARDS)
    (tmp_path / "proc/asound/pcm").write_text(PCMS)
    return tmp_path


def plug(root: Path, number: int, card: str, port: str) -> None:
    place = root / (f"{PI_5}/1-1/{port}/{port}:1.0" if port else f"/sys/devices/platform/{card}").lstrip("/")
    place.mkdir(parents=True)
    entry = root / f"sys/class/sound/card{number}"
    entry.mkdir(parents=True)
    (entry / "id").write_text(card + "\n")
    (entry / "device").symlink_to(place)


@pytest.mark.parametrize(
    ("shown", "name"),
    [
        ("snd_rpi_googlevoicehat_soundcar: Google voiceHAT (hw:0,0)", "hw:CARD=sndrpigooglevoi"),
        ("USB PnP Sound Device: Audio (hw:1,0)", "usb-xhci-hcd.0-1.2"),
        ("USB PnP Sound Device: Audio (hw:2,0)", "usb-xhci-hcd.0-1.3"),
        ("USB PnP Sound Device: Audio #1 (hw:2,1)", "usb-xhci-hcd.0-1.3,DEV=1"),
        ("Jabra SPEAK 410 USB: Audio (hw:3,0)", "hw:CARD=Jabra"),
        ("default", "default"),
        ("Gone: Audio (hw:7,0)", "Gone: Audio (hw:7,0)"),
    ],
)
def test_equal_cards_go_by_their_port_and_others_by_their_id(root: Path, shown: str, name: str) -> None:
    assert stable_name(shown, CARDS, sound_ports(root)) == name


def test_a_port_means_what_is_plugged_in_there_whatever_it_is_called_today(root: Path, tmp_path: Path) -> None:
    assert card_at_port("usb-xhci-hcd.0-1.3", Direction.CAPTURE, root) == "hw:CARD=Device_1"
    assert card_at_port("usb-xhci-hcd.0-1.3,DEV=1", Direction.CAPTURE, root) == "hw:CARD=Device_1,DEV=1"
    (root / "sys/class/sound/card1/id").write_text("Device_1\n")  # found in the other order
    (root / "sys/class/sound/card2/id").write_text("Device\n")
    assert card_at_port("usb-xhci-hcd.0-1.3", Direction.CAPTURE, root) == "hw:CARD=Device"
    assert card_at_port("USB PnP", Direction.CAPTURE, root) == "USB PnP"
    assert card_at_port("", Direction.CAPTURE, root) == ""


def test_a_port_without_a_card_says_what_there_is(root: Path) -> None:
    with pytest.raises(
        DeviceMissing, match=r'into usb-xhci-hcd\.0-1\.4\. There are: "usb-xhci-hcd\.0-1\.2" \(Device\)'
    ):
        card_at_port("usb-xhci-hcd.0-1.4", Direction.PLAYBACK, root)


def test_what_is_offered_is_found_again(root: Path) -> None:
    devices = [
        SoundDevice(place, f"USB PnP Sound Device: Audio (hw:{number},0)", 1, 2) for place, number in enumerate((1, 2))
    ]
    for device in devices:
        name = stable_name(device.name, CARDS, sound_ports(root))
        wanted = card_at_port(name, Direction.CAPTURE, root)
        assert find_device(devices, wanted, Direction.CAPTURE, CARDS) == device.index


def test_the_list_has_what_is_busy_and_what_the_configuration_means(
    root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """PortAudio leaves out what is busy; the kernel says that it is there, and who has it."""
    voice_hat = Ability("snd_rpi_googlevoicehat_soundcar: Google voiceHAT (hw:0,0)", 2, (48_000,))
    twin = Ability("USB PnP Sound Device: USB Audio (hw:1,0)", 1, (44_100, 48_000))
    made_up = [Ability("capture_only", 2, ()), Ability("dmix", 2, (48_000,)), Ability("my_own", 2, (48_000,))]
    monkeypatch.setattr(inventory, "sound_devices", lambda: ([*made_up, twin, voice_hat], [voice_hat]))
    monkeypatch.setattr(inventory, "chosen_sound_device", lambda *_: twin.name)
    status = root / "proc/asound/card2/pcm0c/sub0/status"
    status.parent.mkdir(parents=True)
    status.write_text("state: RUNNING\nowner_pid   : 4711\n")
    (root / "proc/4711").mkdir()
    (root / "proc/4711/comm").write_text("arecord\n")
    for node in ("gpiochip0", "spidev0.0", "video0"):
        (root / "dev").mkdir(exist_ok=True)
        (root / "dev" / node).touch()
    by_id = root / "dev/v4l/by-id"
    by_id.mkdir(parents=True)
    (by_id / "usb-046d_C920-video-index0").symlink_to("../../video0")
    (by_id / "usb-046d_C920-video-index1").symlink_to("../../video1")
    (root / "sys/class/video4linux/video0").mkdir(parents=True)
    (root / "sys/class/video4linux/video0/name").write_text("HD Pro Webcam C920\n")

    found = devices(tmp_path / "no.toml", root)
    by_name = {one.device: one for one in found.microphones}
    cards = ["usb-xhci-hcd.0-1.2", "hw:CARD=sndrpigooglevoi", "usb-xhci-hcd.0-1.3", "hw:CARD=Jabra"]
    assert list(by_name) == [*cards, "my_own"]
    assert [name for name, one in by_name.items() if one.chosen] == ["usb-xhci-hcd.0-1.2"]
    shown = text(found)
    assert 'device = "usb-xhci-hcd.0-1.3"' in shown
    assert "in use by arecord (process 4711)" in shown
    assert (
        '"hw:CARD=sndrpigooglevoi"  # snd_rpi_googlevoicehat_soundcar: Google voiceHAT (hw:0,0): 2 channels, 48000'
        in shown
    )
    assert 'driver = "usb", device = "/dev/v4l/by-id/usb-046d_C920-video-index0"' in shown
    assert "index1" not in shown
    assert "spi_bus = 0, spi_device = 0" in shown
    assert "/dev/gpiochip0" in shown
    assert json.loads(json.dumps(found.as_json()))["microphones"][0]["rates_hz"] == [44_100, 48_000]


def test_a_card_that_this_user_may_not_open_is_not_called_busy(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PortAudio does not list it either."""
    (root / "dev/snd").mkdir(parents=True)
    (root / "dev/snd/pcmC3D0c").touch()
    monkeypatch.setattr(inventory, "sound_devices", lambda: ([], []))
    monkeypatch.setattr(inventory, "chosen_sound_device", lambda *_: "")
    monkeypatch.setattr(inventory, "_may", lambda _: False)
    shown = text(devices(root / "no.toml", root))
    assert "(hw:3,0): this user may not open it: sudo vocative devices" in shown


def test_without_a_sound_system_the_rest_is_listed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refused() -> tuple[list[Ability], list[Ability]]:
        raise DeviceMissing("sound: PyAudio is not there")

    monkeypatch.setattr(inventory, "sound_devices", refused)
    found = devices(tmp_path / "no.toml", tmp_path)
    assert found.sound_fault == "sound: PyAudio is not there"
    assert "(sound: PyAudio is not there)" in text(found)


def test_a_configuration_that_cannot_be_read_is_not_passed_over(
    root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(inventory, "sound_devices", lambda: ([], []))
    monkeypatch.setattr(inventory, "chosen_sound_device", lambda *_: "")
    wrong = tmp_path / "vocative.toml"
    wrong.write_text("[microphone]\ndevice = hw:1\n")
    said = "Which of these the configuration means is not known. vocative.toml:2"
    assert said in text(devices(wrong, root))
    assert "is not known" not in text(devices(tmp_path / "none.toml", root))


def test_cameras_on_the_ribbon_are_libcameras_without_those_on_usb(monkeypatch: pytest.MonkeyPatch) -> None:
    known = [
        {"Model": "imx708", "Id": "/base/axi/pcie@1000120000/rp1/i2c@88000/imx708@1a", "Num": 0},
        {"Model": "HD Pro Webcam C920", "Id": "/base/axi/pcie@1000120000/rp1/usb@200000-1:1.0-046d:082d", "Num": 1},
    ]
    monkeypatch.setattr(pi_camera, "find_spec", lambda _: True)
    fitting = SimpleNamespace(Picamera2=SimpleNamespace(global_camera_info=lambda: known))
    monkeypatch.setitem(sys.modules, "picamera2", fitting)
    assert pi_camera.connected() == ["imx708"]
    monkeypatch.setitem(sys.modules, "picamera2", None)  # installed, but what it needs is not
    assert pi_camera.connected() == []
