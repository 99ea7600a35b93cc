"""The simplest picture there is, as a valid baseline JPEG: one grey all over. Pure.

Of each block of 8 x 8 pixels a JPEG stores how far its mean is from that of the block before, and its texture. Here
only the first block's mean differs from the one before it, and nothing has texture; so two bits do for each further
block. (ITU-T T.81; the marker segments are its Annex B, the Huffman codes its Annex F.)
"""

from __future__ import annotations

from typing import Final

_BLOCK_PX: Final = 8
_QUANTUM: Final = 8
"""The step of all 64 coefficients: a block's mean (times 8) then comes in steps of one grey level."""


_MOST_IN_SEGMENT: Final = 65_533


def grey_jpeg(width_px: int, height_px: int, level: int, *, least_bytes: int = 0) -> bytes:
    """Return a JPEG of `width_px` by `height_px`, every pixel of the grey `level`, 0 (black) to 255.

    Comments that say nothing make it at least so large.
    """
    blocks = -(-width_px // _BLOCK_PX) * -(-height_px // _BLOCK_PX)
    frame = bytes([8]) + height_px.to_bytes(2, "big") + width_px.to_bytes(2, "big") + bytes([1, 1, 0x11, 0])
    comments = [
        _segment(0xFE, bytes(min(_MOST_IN_SEGMENT, least_bytes - at))) for at in range(0, least_bytes, _MOST_IN_SEGMENT)
    ]
    # The lengths make the codes: category 0 is 0, the categories 1 to 7 are 1000 to 1110, category 8 is 11110.
    return b"".join(
        (
            b"\xff\xd8",
            *comments,
            _segment(0xDB, bytes([0]) + bytes([_QUANTUM]) * 64),
            _segment(0xC0, frame),
            _segment(0xC4, _huffman(0x00, {1: [0], 4: [1, 2, 3, 4, 5, 6, 7], 5: [8]})),
            _segment(0xC4, _huffman(0x10, {1: [0]})),
            _segment(0xDA, bytes([1, 1, 0x00, 0, 63, 0])),
            _scan(level - 128, blocks),
            b"\xff\xd9",
        )
    )


def _segment(marker: int, content: bytes) -> bytes:
    return bytes([0xFF, marker]) + (len(content) + 2).to_bytes(2, "big") + content


def _huffman(table: int, symbols: dict[int, list[int]]) -> bytes:
    """Return a table whose `symbols` are given by the length of their codes, which are dealt out in that order."""
    counts = bytes(len(symbols.get(length, ())) for length in range(1, 17))
    return bytes([table]) + counts + bytes(symbol for length in sorted(symbols) for symbol in symbols[length])


def _scan(mean: int, blocks: int) -> bytes:
    """Return the bits of all blocks: the first with the `mean`, the others with no difference; a "0" ends each block.

    A difference is written as the code of its category, which is its number of bits, and those bits.
    """
    size = abs(mean).bit_length()
    code = "0" if size == 0 else f"{7 + size:04b}" if size < 8 else "11110"
    value = mean if mean >= 0 else mean + (1 << size) - 1
    bits = code + (f"{value:0{size}b}" if size else "") + "0" + "00" * (blocks - 1)
    bits += "1" * (-len(bits) % 8)
    data = int(bits, 2).to_bytes(len(bits) // 8, "big")
    return data.replace(b"\xff", b"\xff\x00")
