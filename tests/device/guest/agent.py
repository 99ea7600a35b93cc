"""Runs in the guest: carries out the commands that the host leaves in the folder that both share.

The host writes `jobs/N/command` and then `jobs/N/go`. The guest lets `jobs/N/output` grow and, at the end, puts
`jobs/N/status` in its place, whole. Nothing else connects the two: there is no network and no login.
"""

import os
import subprocess
import threading
import time
from pathlib import Path

SHARE = Path("/lab")
JOBS = SHARE / "jobs"
ENVIRONMENT = {
    "HOME": "/root",
    "LANG": "C.UTF-8",
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "PYTHONUNBUFFERED": "1",
    "SYSTEMD_COLORS": "0",
    "SYSTEMD_PAGER": "",
}


def mounted() -> None:
    """Mount the host's folder, which the kernel was told of as `lab=/its/path`."""
    words = Path("/proc/cmdline").read_text().split()
    folder = next(word.removeprefix("lab=") for word in words if word.startswith("lab="))
    SHARE.mkdir(exist_ok=True)
    # The second is how mount(8) of Debian 12 has to put it, with its one system call.
    for option in (f"hostfs={folder}", folder):
        if subprocess.run(["mount", "-t", "hostfs", "-o", option, "none", str(SHARE)], check=False).returncode == 0:
            return
    raise SystemExit(f"{folder} cannot be mounted")


def put(path: Path, text: str) -> None:
    """Write a file that the other side sees whole or not at all."""
    new = path.with_suffix(".new")
    with new.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.rename(path)


def carried_out(job: Path) -> None:
    """Run one command to its end."""
    with (job / "output").open("ab", buffering=0) as output:
        process = subprocess.Popen(
            ["/bin/bash", str(job / "command")],
            cwd="/root",
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        assert process.stdout is not None
        while said := os.read(process.stdout.fileno(), 65536):
            output.write(said)
            os.fsync(output.fileno())
        status = process.wait()
    put(job / "status", str(status if status >= 0 else 128 - status))


def main() -> None:
    """Serve until the guest ends."""
    mounted()
    # After a reboot there are those of before; the host gives no new ones until we are ready.
    begun = {job.name for job in JOBS.iterdir()}
    put(SHARE / "ready", Path("/proc/uptime").read_text().split()[0])
    while True:
        for job in sorted(JOBS.iterdir()):
            if job.name not in begun and (job / "go").exists():
                begun.add(job.name)
                threading.Thread(target=carried_out, args=(job,), daemon=True).start()
        time.sleep(0.05)


main()
