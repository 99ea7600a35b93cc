"""A link whose other end has vanished without a word, on a real kernel (live-api.md 0.2, 0.3)."""

import json
import shutil
import subprocess
import sys

import pytest

NOTICED_WITHIN_S = 8.0
"""Measured: 4 to 5 s. Without our deadlines the kernel would go on for a quarter of an hour."""


@pytest.mark.loopback
def test_a_half_open_link_is_noticed_while_sending_and_while_listening() -> None:
    if shutil.which("unshare") is None or shutil.which("ip") is None:
        pytest.skip("needs unshare (util-linux) and ip (iproute2)")
    ran = subprocess.run(
        ["unshare", "--map-root-user", "--net", sys.executable, "-m", "tests.support.half_open", "device"],
        capture_output=True,
        text=True,
        check=False,
    )
    if "unshare failed" in ran.stderr or "Operation not permitted" in ran.stderr:
        pytest.skip("this machine allows no network namespaces")
    speaking_s, listening_s = json.loads(ran.stdout or "[]") or pytest.fail(ran.stderr)
    assert speaking_s < NOTICED_WITHIN_S
    assert listening_s < NOTICED_WITHIN_S
