"""The camera: it takes a picture, of which the size and the brightness are told, and nothing is kept."""

from __future__ import annotations

from typing import Final

from hardware.interfaces import HardwareError, Picture

from .walk import Value, Walk

DARK: Final = 12
"""Mean level of a picture, of 255, below which a lens is covered, or it is night."""
_MODES: Final = (
    ("off", "never"),
    ("on_request", "when asked: one picture, after a double press or when you ask it what it sees"),
    ("with_turn", "while you speak, too"),
)


async def camera(walk: Walk) -> None:
    """Settle `camera.driver`, `camera.device` and `camera.mode`."""
    walk.say("Looking for cameras.")
    nodes = walk.bench.cameras()
    for node in nodes:
        walk.say(f"  {node.path}: {node.about}")
    names = [f"{node.about} ({node.path})" for node in nodes]
    if not names:
        walk.say("There is none to be seen.")
    place = await walk.ask("Which camera?", *names, "none", "leave it as it is", default=0 if names else 1)
    if place == len(names):
        walk.put(camera__driver="none", camera__mode="off")
    if place >= len(names):
        return
    usb = nodes[place].path.startswith("/dev/")
    wished: dict[str, Value] = {"camera__driver": "usb", "camera__device": nodes[place].path}
    wished = wished if usb else {"camera__driver": "picamera2"}
    if await _looked(walk, wished) or await walk.agrees("Take it all the same?", default=False):
        modes = [mode for mode, _ in _MODES]
        chosen = await walk.ask("When may it look?", *(words for _, words in _MODES), default=1)
        walk.put(**wished, camera__mode=modes[chosen])


async def _looked(walk: Walk, wished: dict[str, Value]) -> bool:
    """Take a picture and tell of it; return whether there is one."""
    try:
        opened = await walk.board(**wished).camera()
        try:
            picture = await opened.capture()
        finally:
            await opened.close()
    except HardwareError as error:
        walk.say(f"It takes no picture: {error}")
        return False
    walk.say(described(picture))
    return True


def described(picture: Picture) -> str:
    """Return what can be told of a picture without showing it."""
    level = sum(picture.sketch) / len(picture.sketch)
    dark = ": is the lens covered?" if level < DARK else ""
    return (
        f"It took a picture of {len(picture.jpeg) / 1024:.0f} KiB; its brightness is {level / 2.55:.0f} %{dark or '.'}"
    )
