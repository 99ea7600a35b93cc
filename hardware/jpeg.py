"""JPEGs read, scaled and made, through simplejpeg, which Picamera2 uses too. Every call blocks for milliseconds."""

from __future__ import annotations

from typing import Final, TypeAlias, cast

import numpy as np
import numpy.typing as npt

Levels: TypeAlias = npt.NDArray[np.uint8]
"""Brightness, 0 to 255: rows of pixels."""
Pixels: TypeAlias = npt.NDArray[np.uint8]
"""Rows of pixels of red, green and blue, each 0 to 255."""

LIMIT_BYTES: Final = 100 * 1024
"""The largest picture that is handed out: a slow uplink must still have room for the words beside it."""
_EIGHTHS: Final = 8
"""A JPEG can be read at n eighths of its size at no cost: its blocks have 8 x 8 pixels."""
_BEST_PERCENT: Final = 90


def levels(jpeg: bytes, *, columns: int, rows: int) -> Levels:
    """Return how bright `jpeg` is, at an eighth of its size, or what leaves as many `columns` and `rows`.

    Raises:
        ValueError: It is damaged, or no JPEG.
    """
    from simplejpeg import decode_jpeg

    grey = decode_jpeg(jpeg, "GRAY", fastdct=True, min_height=rows, min_width=columns)
    return cast("Levels", grey[:, :, 0])


def size_px(jpeg: bytes) -> tuple[int, int]:
    """Return width and height of `jpeg`.

    Raises:
        ValueError: It is no JPEG.
    """
    from simplejpeg import decode_jpeg_header

    height_px, width_px, *_ = decode_jpeg_header(jpeg)
    return width_px, height_px


def pixels(jpeg: bytes, *, longest_px: int) -> Pixels:
    """Return the pixels of `jpeg`, at the largest number of eighths of its size that is within `longest_px`.

    Raises:
        ValueError: It is damaged, or no JPEG.
    """
    from simplejpeg import decode_jpeg

    width_px, height_px = size_px(jpeg)
    eighths = min(_EIGHTHS, max(1, _EIGHTHS * longest_px // max(width_px, height_px)))
    least = {"min_height": height_px * eighths // _EIGHTHS, "min_width": width_px * eighths // _EIGHTHS}
    return cast("Pixels", decode_jpeg(jpeg, "RGB", **least))


def scaled_to_limit(jpeg: bytes, quality_percent: int) -> bytes:
    """Return `jpeg` with at most `LIMIT_BYTES`: as it is, or made half as wide until it fits."""
    while len(jpeg) > LIMIT_BYTES:
        jpeg = encoded(pixels(jpeg, longest_px=max(size_px(jpeg)) // 2), quality_percent)
    return jpeg


def encoded(picture: Pixels, quality_percent: int) -> bytes:
    """Return `picture` as JPEG."""
    from simplejpeg import encode_jpeg

    return bytes(encode_jpeg(picture, quality_percent, "RGB", "420"))


def encoded_yuyv(raw: bytes, width_px: int, height_px: int, line_bytes: int) -> bytes:
    """Return a raw picture as JPEG, of a quality that shows no loss.

    Args:
        raw: Lines of four bytes for two pixels each: Y, U, Y, V (V4L2's YUYV).
        width_px: Even.
        height_px: How many lines.
        line_bytes: From the beginning of one line to that of the next.

    Raises:
        ValueError: There is less than a whole picture.
    """
    from simplejpeg import encode_jpeg_yuv_planes

    lines = np.frombuffer(raw, np.uint8, height_px * line_bytes).reshape(height_px, line_bytes)[:, : 2 * width_px]
    planes = (np.ascontiguousarray(plane) for plane in (lines[:, ::2], lines[:, 1::4], lines[:, 3::4]))
    return bytes(encode_jpeg_yuv_planes(*planes, _BEST_PERCENT))


def has_huffman_tables(jpeg: bytes) -> bool:
    """Return whether `jpeg` says how it is coded. A frame of Motion JPEG may leave that out, and few can read it then.

    The header is a row of segments: FF, a marker, the length of what follows with these two bytes. Its last is FF DA.
    """
    at = 2
    while at + 4 <= len(jpeg) and jpeg[at] == 0xFF and jpeg[at + 1] != 0xDA:
        if jpeg[at + 1] == 0xC4:
            return True
        at += 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
    return False
