"""Netlink's messages, as bytes."""

import pytest

from daemon.presence import HEADER, IFF_RUNNING, INTERFACE, RTM_NEWADDR, RTM_NEWLINK, RTM_NEWROUTE, Networks

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
    assert Networks().announced(b"".join(map(message, kinds))) is expected


def test_rubbish_ends_the_reading() -> None:
    assert not Networks().announced(b"\0" * 64)
    assert not Networks().announced(b"\1")
    assert not Networks().announced(message(RTM_NEWLINK))


def interface(index: int, flags: int) -> bytes:
    return message(RTM_NEWLINK, INTERFACE.pack(0, 0, 1, index, flags, 0))


def test_a_cable_that_is_put_back_is_a_network_and_a_scan_is_none() -> None:
    networks = Networks()
    told = [(2, IFF_RUNNING), (2, IFF_RUNNING), (2, 0), (3, 0), (2, IFF_RUNNING), (2, IFF_RUNNING)]
    heard = [networks.announced(interface(index, flags)) for index, flags in told]
    assert heard == [True, False, False, False, True, False]
