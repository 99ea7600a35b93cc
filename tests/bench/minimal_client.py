"""The least that talks to the Live API, as the vendor's own sample does it, in our words; it copes with nothing.

    microphone ─blocking read─► thread ─► queue of 5 ─► send_realtime_input, always, every chunk
    loudspeaker ◄─blocking write─ thread ◄─ queue ◄─ receive

Beyond the sample it only says when the session is open, and when the user speaks (SIGUSR1 begins, SIGUSR2 ends): the
service's own voice detection would make the two clients' conversations different.

    python -m tests.bench.minimal_client BASE_URL CA_FILE CHUNK_SAMPLES
"""

from __future__ import annotations

import asyncio
import os
import signal
import ssl
import sys
from typing import Any

import pyaudio
from google import genai

UP_HZ, DOWN_HZ = 16_000, 24_000
CONFIG: Any = {
    "response_modalities": ["AUDIO"],
    "realtime_input_config": {"automatic_activity_detection": {"disabled": True}},
}


async def listen(audio: pyaudio.PyAudio, chunk_samples: int, heard: asyncio.Queue[bytes]) -> None:
    stream = await asyncio.to_thread(
        audio.open, rate=UP_HZ, channels=1, format=pyaudio.paInt16, input=True, frames_per_buffer=chunk_samples
    )
    while True:
        await heard.put(await asyncio.to_thread(stream.read, chunk_samples, exception_on_overflow=False))


async def send(session: Any, heard: asyncio.Queue[bytes]) -> None:
    while True:
        pcm = await heard.get()
        await session.send_realtime_input(audio={"data": pcm, "mime_type": f"audio/pcm;rate={UP_HZ}"})


async def receive(session: Any, said: asyncio.Queue[bytes]) -> None:
    while True:
        async for message in session.receive():
            content = message.server_content
            if content is None:
                continue
            if content.interrupted:
                while not said.empty():
                    said.get_nowait()
            for part in content.model_turn.parts if content.model_turn else ():
                if part.inline_data:
                    said.put_nowait(part.inline_data.data)


async def play(audio: pyaudio.PyAudio, said: asyncio.Queue[bytes]) -> None:
    stream = await asyncio.to_thread(audio.open, rate=DOWN_HZ, channels=1, format=pyaudio.paInt16, output=True)
    while True:
        await asyncio.to_thread(stream.write, await said.get())


async def speak(session: Any, fingers: asyncio.Queue[bool]) -> None:
    while True:
        if await fingers.get():
            await session.send_realtime_input(activity_start={})
        else:
            await session.send_realtime_input(activity_end={})


async def converse(base_url: str, ca_file: str, chunk_samples: int) -> None:
    client = genai.Client(
        api_key=os.environ["GEMINI_API_KEY"],
        http_options={
            "base_url": base_url,
            "api_version": "v1beta",
            "async_client_args": {"ssl": ssl.create_default_context(cafile=ca_file)},
        },
    )
    fingers: asyncio.Queue[bool] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGUSR1, fingers.put_nowait, True)
    loop.add_signal_handler(signal.SIGUSR2, fingers.put_nowait, False)
    audio = pyaudio.PyAudio()
    heard: asyncio.Queue[bytes] = asyncio.Queue(maxsize=5)
    said: asyncio.Queue[bytes] = asyncio.Queue()
    async with client.aio.live.connect(model="gemini-3.8-live", config=CONFIG) as session, asyncio.TaskGroup() as group:
        print("open", flush=True)
        group.create_task(listen(audio, chunk_samples, heard))
        group.create_task(send(session, heard))
        group.create_task(receive(session, said))
        group.create_task(play(audio, said))
        group.create_task(speak(session, fingers))


if __name__ == "__main__":
    asyncio.run(converse(sys.argv[1], sys.argv[2], int(sys.argv[3])))
