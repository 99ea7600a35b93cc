"""Sound that can be found again, sample by sample, in a recording."""

from __future__ import annotations

import numpy as np

from hardware.pcm import Format


def known_sound(audio: Format, seconds: float, *, seed: int = 1) -> bytes:
    """Return noise of at most a quarter of full scale, without a single zero sample, the same for the same `seed`."""
    noise = np.random.default_rng(seed).integers(1, 8192, int(audio.rate_hz * seconds))
    signs = np.random.default_rng(seed + 1).choice((-1, 1), len(noise))
    pcm: bytes = (noise * signs).astype("<i2").tobytes()
    return pcm


def trimmed(pcm: bytes) -> bytes:
    """Return `pcm` without the silence before and after it."""
    heard = np.flatnonzero(np.frombuffer(pcm, "<i2"))
    return pcm[2 * heard[0] : 2 * heard[-1] + 2] if len(heard) else b""
