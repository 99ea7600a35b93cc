"""What a recording of the loudspeaker and the service's memory say about sound."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from itertools import pairwise
from typing import Final

import numpy as np

from hardware.pcm import UP, samples

Place = int
"""Of a frame's first sample in a sentence."""

STEP: Final = UP.frame_bytes // 2


def likeness(heard: bytes, sound: bytes) -> float:
    """Return how much of `heard` is `sound`, wherever it lies in it: 1 if it is nothing else, 0 if not at all.

    Both s16le of one rate. Only as much of `heard` is looked at as `sound` is long.
    """
    ours, theirs = samples(sound).astype(float), samples(heard).astype(float)
    size = len(ours) + len(theirs)
    products = np.fft.irfft(np.fft.rfft(theirs, size) * np.conj(np.fft.rfft(ours, size)), size)
    at = int(np.argmax(products[: len(theirs)]))
    there = theirs[at : at + len(ours)]
    return float(products[at] / np.sqrt((ours @ ours) * (there @ there) + 1e-9))


def places(sentence: bytes, digests: Sequence[str]) -> list[Place | None]:
    """Return where in `sentence` (s16le, 16 kHz, mono) each frame of 20 ms begins; None for what is not in it.

    A card begins its frames anywhere, so the sentence is looked through sample by sample.
    """
    size = UP.frame_bytes
    known = {
        blake2b(sentence[at : at + size], digest_size=8).hexdigest(): at // 2
        for at in range(0, len(sentence) - size + 1, 2)
    }
    return [known.get(digest) for digest in digests]


def gaps(found: Sequence[Place | None]) -> Iterator[tuple[Place, Place]]:
    """Return where the frames of a sentence do not follow on one another: the place expected, and the one found."""
    spoken = [place for place in found if place is not None]
    for before, after in pairwise(spoken):
        if after != before + STEP:
            yield before + STEP, after
