"""Speech and noise for benches: int16 arrays, 16 kHz, mono.

    .venv/bin/python -m tests.bench.corpus       # fetches what Debian packages hold into build/bench-corpus; 100 MB

That needs `apt-get download`, `dpkg-deb`, and ffmpeg (`apt-get install ffmpeg`) to decode it; no root. Nothing of it is
committed. Without it, speech is what the package ships (one reader), and there is neither keyboard nor music.

| sound | from |
|---|---|
| speech | `asterisk-core-sounds-*-g722`: prompts of five languages, one speaker each, CC BY-SA 3.0 |
| keyboard | `bucklespring-data`: single keys of a loud keyboard, typed here at random |
| music | `extremetuxracer-data` |
| babble | six of the speech's voices at once |
| fan, pink, white | made here |
"""

from __future__ import annotations

import shutil
import subprocess
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from daemon.rehearsal import voices
from hardware.pcm import UP

Samples: TypeAlias = NDArray[np.int16]
Kind: TypeAlias = Literal["fan", "keyboard", "music", "babble", "white", "pink"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

FOLDER: Final = Path(__file__).resolve().parents[2] / "build" / "bench-corpus"
FETCHING: Final = "python -m tests.bench.corpus"
"""How the recordings are fetched."""

_LANGUAGES: Final = ("en", "fr", "it", "es", "ru")
_PACKAGES: Final = (
    *(f"asterisk-core-sounds-{language}-g722" for language in _LANGUAGES),
    "bucklespring-data",
    "extremetuxracer-data",
)
_PER_LANGUAGE: Final = 12
_PROMPT_BYTES: Final = (12_000, 40_000)
"""Prompts of 1.5 to 5 s; G.722 has 8000 bytes a second."""
_LEVEL_DBFS: Final = -26.0
"""How loud noise is when it is made; and each voice before it is mixed."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """Somebody saying something."""

    name: str
    """Such as "it/vm-options"; before the slash is the voice."""
    pcm: Samples
    """From the first sound to the last, without the silence around it."""


@cache
def speech() -> tuple[Utterance, ...]:
    """Return the fetched utterances, or the three that are shipped; always the same, in the same order."""
    fetched = tuple(Utterance(f"{path.parent.name}/{path.stem}", trimmed(_read(path))) for path in _files("speech"))
    if fetched:
        return fetched
    shipped = {"question_1": voices.question(1), "question_2": voices.question(2)}
    return tuple(
        Utterance(f"shipped/{name}", trimmed(np.frombuffer(pcm, dtype="<i2"))) for name, pcm in shipped.items()
    )


@cache
def kinds() -> tuple[Kind, ...]:
    """Return the noises that can be made here."""
    return tuple(kind for kind in KINDS if kind not in {"keyboard", "music"} or _files(kind))


def missing() -> str | None:
    """Return a sentence about what was not fetched, if so."""
    lacking = [part for part in ("speech", "keyboard", "music") if not _files(part)]
    if not lacking:
        return None
    instead = " (there is only the one reader who is shipped)" if "speech" in lacking else ""
    return f"Not there: {', '.join(lacking)}{instead}. `{FETCHING}` fetches it."


def noise(kind: Kind, seconds: float, rng: np.random.Generator) -> Samples:
    """Return so much noise, at -26 dBFS over its whole length.

    Raises:
        LookupError: It is one of those that are recordings, and was not fetched; see `kinds`.
    """
    count = round(seconds * UP.rate_hz)
    match kind:
        case "white":
            made = rng.standard_normal(count)
        case "pink":
            made = _shaped(count, rng, slope=0.5)
        case "fan":
            made = _fan(count, rng)
        case "babble":
            made = np.sum([_talking(count, rng) for _ in range(6)], axis=0)
        case "keyboard":
            made = _typing(count, rng)
        case "music":
            made = _excerpt(count, rng)
    return _int16(made * _gain(_mean_db(made), _LEVEL_DBFS))


def at_level(pcm: Samples, dbfs: float) -> Samples:
    """Return speech as loud as `dbfs` while it sounds; see `speech_dbfs`."""
    return _int16(pcm * _gain(speech_dbfs(pcm), dbfs))


def with_noise(pcm: Samples, made: Samples, snr_db: float, *, dbfs: float) -> Samples:
    """Return `pcm` with noise of the same length, so many dB below `dbfs`, which is how loud the speech in it is."""
    return _int16(pcm + made * _gain(_mean_db(made), dbfs - snr_db))


def speech_dbfs(pcm: Samples) -> float:
    """Return how loud speech is while it sounds: its mean over all frames that are within 25 dB of the loudest."""
    levels = frame_dbfs(pcm)
    sounding = levels[levels > np.max(levels) - 25.0]
    return float(10.0 * np.log10(np.mean(10.0 ** (sounding / 10.0))))


def frame_dbfs(pcm: Samples) -> NDArray[np.float64]:
    """Return the level of each whole frame of 20 ms; -96 and above."""
    frames = pcm[: len(pcm) // UP.frame_samples * UP.frame_samples].reshape(-1, UP.frame_samples).astype(np.float64)
    levels: NDArray[np.float64] = 10.0 * np.log10(np.mean(frames**2, axis=1) / 32768.0**2 + 10.0**-9.6)
    return levels


def trimmed(pcm: Samples) -> Samples:
    """Return it without the frames at both ends that are more than 35 dB below the loudest."""
    levels = frame_dbfs(pcm)
    heard = np.flatnonzero(levels > np.max(levels) - 35.0)
    return pcm[heard[0] * UP.frame_samples : (heard[-1] + 1) * UP.frame_samples]


def _talking(count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return one voice saying one thing after the other, as loud as the next."""
    one_voice = speech()[int(rng.integers(len(speech())))].name.split("/")[0]
    said = [one for one in speech() if one.name.startswith(one_voice + "/")]
    pieces: list[Samples] = []
    while sum(len(piece) for piece in pieces) < 2 * count:
        pieces.append(at_level(said[int(rng.integers(len(said)))].pcm, _LEVEL_DBFS))
    return _cut(np.concatenate(pieces), count, rng)


def _typing(count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return keys, one every 80 to 300 ms, each as loud as it was recorded."""
    keys = [_read(path) for path in _recordings("keyboard")]
    made = np.zeros(count)
    at = 0
    while at < count:
        key = keys[int(rng.integers(len(keys)))][: count - at]
        made[at : at + len(key)] += key
        at += int(rng.uniform(0.08, 0.3) * UP.rate_hz)
    return made


def _excerpt(count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return music, from one piece or from several in turn."""
    tracks = [_read(path) for path in _recordings("music")]
    pieces: list[Samples] = []
    while sum(len(piece) for piece in pieces) < count:
        pieces.append(tracks[int(rng.integers(len(tracks)))])
    return _cut(np.concatenate(pieces), count, rng)


def _fan(count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return rushing air with most of it in the low tones, and the hum of five blades at 24 turns a second."""
    times_s = np.arange(count) / UP.rate_hz
    made = _shaped(count, rng, slope=0.8)
    made /= np.std(made)
    for nth in (1, 2, 3):
        made += 0.5 / nth * np.sin(2.0 * np.pi * 120.0 * nth * times_s + rng.uniform(0.0, 2.0 * np.pi))
    return made


def _shaped(count: int, rng: np.random.Generator, *, slope: float) -> NDArray[np.float64]:
    """Return noise whose amplitude falls with the frequency to the power of `slope` (0.5: pink), from 30 Hz on."""
    spectrum = np.fft.rfft(rng.standard_normal(count))
    at_hz = np.fft.rfftfreq(count, 1.0 / UP.rate_hz)
    spectrum *= np.where(at_hz < 30.0, 0.0, np.maximum(at_hz, 30.0) ** -slope)
    return np.asarray(np.fft.irfft(spectrum, count), dtype=np.float64)


def _cut(pcm: Samples, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    start = int(rng.integers(len(pcm) - count + 1))
    return pcm[start : start + count].astype(np.float64)


def _mean_db(wave_: NDArray[np.float64] | Samples) -> float:
    return float(10.0 * np.log10(np.mean(wave_.astype(np.float64) ** 2) / 32768.0**2 + 1e-20))


def _gain(from_db: float, to_db: float) -> float:
    return float(10.0 ** ((to_db - from_db) / 20.0))


def _int16(wave_: NDArray[np.floating]) -> Samples:
    clipped: Samples = np.clip(np.rint(wave_), -32768, 32767).astype(np.int16)
    return clipped


def _recordings(part: str) -> tuple[Path, ...]:
    if not _files(part):
        raise LookupError(f"there is no {part}: `{FETCHING}` fetches it")
    return _files(part)


@cache
def _files(part: str) -> tuple[Path, ...]:
    return tuple(sorted((FOLDER / part).rglob("*.wav")))


@cache
def _read(path: Path) -> Samples:
    with wave.open(str(path)) as recording:
        assert (recording.getframerate(), recording.getnchannels()) == (UP.rate_hz, 1), path
        return np.frombuffer(recording.readframes(recording.getnframes()), dtype="<i2")


def fetch() -> None:
    """Fetch the packages, and decode of them what the benches hear. The packages themselves are not kept.

    Raises:
        subprocess.CalledProcessError: apt-get, dpkg-deb or ffmpeg failed; they say why.
    """
    unpacked = FOLDER / "unpacked"
    unpacked.mkdir(parents=True, exist_ok=True)
    for package in _PACKAGES:
        print(f"fetching {package}")
        subprocess.run(["apt-get", "download", "--quiet=2", package], cwd=FOLDER, check=True)
        for archive in FOLDER.glob(f"{package}_*.deb"):
            subprocess.run(["dpkg-deb", "--extract", archive, unpacked], check=True)
            archive.unlink()
    for source, target, options in _wanted(unpacked / "usr" / "share"):
        target.parent.mkdir(parents=True, exist_ok=True)
        command = ["ffmpeg", "-v", "error", "-y", "-i", str(source), *options, "-ac", "1", "-ar", str(UP.rate_hz)]
        subprocess.run([*command, str(target)], check=True)
    shutil.rmtree(unpacked)


def _wanted(share: Path) -> Iterator[tuple[Path, Path, tuple[str, ...]]]:
    """Yield what is decoded to where, and ffmpeg's options for it."""
    for language in _LANGUAGES:
        folder = next((share / "asterisk" / "sounds").glob(f"{language}_*"))
        shortest, longest = _PROMPT_BYTES
        prompts = [path for path in sorted(folder.glob("*.g722")) if shortest <= path.stat().st_size <= longest]
        for path in prompts[:: len(prompts) // _PER_LANGUAGE][:_PER_LANGUAGE]:
            yield path, FOLDER / "speech" / language / f"{path.stem}.wav", ()
    for path in (share / "buckle" / "wav").glob("*-1.wav"):
        yield path, FOLDER / "keyboard" / path.name, ()
    for path in (share / "games" / "etr" / "music").glob("*race*.ogg"):
        yield path, FOLDER / "music" / f"{path.stem}.wav", ("-t", "60")


if __name__ == "__main__":
    fetch()
