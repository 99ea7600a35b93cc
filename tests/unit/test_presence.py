"""Netlink's messages, as bytes."""

import pytest

from daemon.presence import HEADER, RTM_NEWADDR, RTM_NEWROUTE, announces_network

RTM_DELADDR = 21


def message(kind: int, payload: bytes = b"\0" * 5) -> bytes:
    body = HEADER.pack(HEADER.size + len(payload), kind, 0, 0, 0) + payload
    return body + bytes(-len(body) % 4)


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        ([], False),
        ([RTM_DELADDR], False),
        ([RTM_NEWADDR], True),
        ([RTM_DELADDR, RTM_DELADDR, RTM_NEWROUTE], True),
    ],
)
def test_a_new_address_or_route_is_a_network(kinds: list[int], expected: bool) -> None:
    assert announces_network(b"".join(map(message, kinds))) is expected


def test_rubbish_ends_the_reading() -> None:
    assert not announces_network(b"\0" * 64)
    assert not announces_network(b"\1")
