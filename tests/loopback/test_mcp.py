"""MCP servers over real pipes and sockets: the official package's own server, and some that are not well."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import pytest

from daemon.journal import Journal, MemorySink
from daemon.tools import mcp
from daemon.tools.call import Answer, Call
from daemon.tools.calls import Calls
from daemon.tools.mcp import Mcp
from daemon.tools.mcp_transport import McpServer
from daemon.tools.registry import Registry
from daemon.tools.tool import Tool

pytestmark = pytest.mark.loopback

TOKEN: Final = "a-long-lived-access-token"

SERVER: Final = '''
import os, sys, time
from typing import Annotated, Literal
from pydantic import BaseModel, Field
from mcp.server.mcpserver import Image, MCPServer

server = MCPServer("house")

class Where(BaseModel):
    room: Literal["hall", "bath"]
    height: int | None = None

class Climate(BaseModel):
    celsius: float
    humid: bool

@server.tool()
def add(a: int, b: Annotated[int, Field(ge=0, le=100)] = 1) -> int:
    """Add two numbers."""
    return a + b

@server.tool()
def greet(name: str) -> str:
    """Greet somebody."""
    return f"Good day, {name}."

@server.tool()
def climate(where: Where) -> Climate:
    """Tell the climate of a room."""
    return Climate(celsius=21.5, humid=where.room == "bath")

@server.tool()
def picture() -> list:
    """Take a picture."""
    return ["Here it is.", Image(data=b"x" * 100, format="png")]

@server.tool(name="say-much")
def say_much() -> str:
    """Say very much."""
    return "much " * 10_000

@server.tool()
def fail() -> str:
    """Fail."""
    raise RuntimeError("it is stuck")

@server.tool()
def die() -> str:
    """Die."""
    os._exit(3)

@server.tool()
async def dawdle() -> str:
    """Take a long time."""
    import anyio
    await anyio.sleep(60)
    return "At last."

@server.tool()
def environment() -> list[str]:
    """List the names of the environment."""
    return sorted(os.environ)
'''


PLAIN: Final = r"""
import json, os, sys
tools = [
    {"name": "ping", "inputSchema": {"type": "object"}},
    {"name": "pong", "inputSchema": {"type": "object"}},
    {"name": "odd name!", "inputSchema": {
        "type": "object", "properties": {"when": {"type": "string", "format": "date-time"}}
    }},
    {"name": "free", "inputSchema": {
        "type": "object", "properties": {"free": {"type": "object"}}, "required": ["free"]
    }},
]
answers = {
    "initialize": {
        "protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": {"name": "b", "version": "1"}
    },
    "tools/list": {"tools": tools},
    "tools/call": {"content": [{"type": "text", "text": str(os.getpid())}]},
}
for line in sys.stdin:
    asked = json.loads(line)
    known = answers.get(asked["method"])
    answer = {"error": {"code": -32601, "message": "no"}} if known is None else {"result": known}
    if "id" in asked:
        print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], **answer}), flush=True)
    if asked["method"] == "tools/list" and "babbling" in sys.argv:
        print("babble\n" * 20, end="", flush=True)
"""
"""A server of an older time, written without the package, and quickly there."""


class House:
    """Everything between the model and the servers."""

    def __init__(self, *servers: McpServer) -> None:
        self.sink = MemorySink()
        self.registry = Registry()
        self.answers: asyncio.Queue[Answer] = asyncio.Queue()
        journal = Journal(self.sink)
        self.calls = Calls(self.registry, journal, on_answer=self.answers.put_nowait)
        self.mcp = Mcp(servers, journal, on_tools=self.offer)
        self._count = 0

    def offer(self, server: str, tools: tuple[Tool, ...]) -> None:
        assert self.registry.replace(server, tools) == ()

    async def call(self, name: str, /, **arguments: object) -> dict[str, Any]:
        """Call a tool and wait for its answer."""
        self._count += 1
        self.calls.begin("s1", [Call(str(self._count), name, arguments)])
        answer = await self.answers.get()
        assert answer.id == str(self._count)
        return dict(answer.response)

    async def told(self, event: str, times: int = 1) -> dict[str, Any]:
        """Wait until `event` was told so often, and return its last line."""
        while len(lines := self.sink.told(event)) < times:  # noqa: ASYNC110  # a journal has no event
            await asyncio.sleep(0.01)
        return lines[times - 1]

    def names(self) -> list[str]:
        return [one.name for one in self.registry]


@contextlib.asynccontextmanager
async def open_house(*servers: McpServer) -> AsyncIterator[House]:
    house = House(*servers)
    tasks = [asyncio.create_task(house.calls.run()), asyncio.create_task(house.mcp.run())]
    try:
        async with asyncio.timeout(30.0):
            yield house
    finally:
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(one, asyncio.CancelledError) for one in results), results


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "house.py"
    path.write_text(SERVER + '\nif __name__ == "__main__":\n    server.run()\n')
    return path


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look more often than one would at home."""
    monkeypatch.setattr(mcp, "CHECK_S", 0.2)


class TestStdio:
    def test_its_tools_are_declared_and_called(self, script: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("GEMINI_API_KEY", "secret")
        asyncio.run(self._declared_and_called(script))

    async def _declared_and_called(self, script: Path) -> None:
        async with open_house(McpServer("house", (sys.executable, str(script)), timeout_s=20.0)) as house:
            up = await house.told("mcp.up")
            assert (up["server"], up["tools"]) == ("house", 9)
            assert house.names() == [
                *("house_add", "house_climate", "house_dawdle", "house_die", "house_environment", "house_fail"),
                *("house_greet", "house_picture", "house_say_much"),
            ]
            add, climate = house.registry.declarations()[:2]
            assert add.description == "Add two numbers."
            assert add.parameters == {
                "type": "object",
                "properties": {"a": {"type": "integer"}, "b": {"type": "integer", "minimum": 0, "maximum": 100}},
                "required": ["a"],
            }
            assert climate.parameters == {
                "type": "object",
                "properties": {
                    "where": {
                        "type": "object",
                        "properties": {
                            "room": {"type": "string", "enum": ["hall", "bath"]},
                            "height": {"type": "integer"},
                        },
                        "required": ["room"],
                    }
                },
                "required": ["where"],
            }
            ok = {"status": "ok", "retryable": False}
            assert await house.call("house_add", a=2, b=3) == {**ok, "message": "Done.", "result": {"result": 5}}
            assert await house.call("house_greet", name="Ada") == {**ok, "message": "Good day, Ada."}
            assert await house.call("house_climate", where={"room": "bath"}) == {
                **ok,
                "message": "Done.",
                "result": {"celsius": 21.5, "humid": True},
            }
            assert (await house.call("house_picture"))["message"] == "Here it is.\n(left out: image)"
            much = await house.call("house_say_much")
            assert len(much["message"].encode()) <= 8192
            assert much["message"].endswith("(cut off here; it had 50000 bytes)")
            failed = await house.call("house_fail")
            assert (failed["status"], failed["retryable"]) == ("error", False)
            assert failed["message"] == "Error executing tool fail"
            wrong = await house.call("house_add", a="two")
            assert wrong["status"] == "error"
            names = (await house.call("house_environment"))["result"]["result"]
            assert "PATH" in names
            assert "GEMINI_API_KEY" not in names, "it inherits none of our secrets"
            house.calls.begin("s1", [Call("slow", "house_dawdle", {})])
            await asyncio.sleep(0.3)
            house.calls.cancel(["slow"])
            assert (await house.answers.get()).response["status"] == "cancelled"
            assert (await house.call("house_add", a=1))["result"] == {"result": 2}
            await asyncio.sleep(0.3)
            assert house.sink.told("mcp.lost") == [], "a call that was broken off costs no connection"

    def test_only_what_is_allowed_is_offered(self) -> None:
        async def story() -> None:
            async with open_house(
                McpServer("plain", (sys.executable, "-c", PLAIN), allow=("pi*", "odd name!"))
            ) as house:
                await house.told("mcp.up")
                assert house.names() == ["plain_odd_name", "plain_ping"]
                assert (await house.call("plain_pong"))["message"] == "There is no tool plain_pong."
                (reduced,) = house.sink.told("tool.reduced")
                assert (reduced["name"], reduced["dropped"]) == ("plain_odd_name", "when.format")

        asyncio.run(story())

    def test_one_that_dies_is_started_again_and_its_tools_stay_declared(self, script: Path) -> None:
        async def story() -> None:
            async with open_house(McpServer("house", (sys.executable, str(script)), timeout_s=20.0)) as house:
                await house.told("mcp.up")
                before = house.registry.declarations()
                died = await house.call("house_die")
                assert (died["status"], died["retryable"]) == ("error", True)
                lost = await house.told("mcp.lost")
                assert lost["again_s"] == 1.0
                away = await house.call("house_add", a=1)
                assert away["message"] == "house cannot be reached at the moment."
                assert away["retryable"] is True
                await house.told("mcp.up", times=2)
                assert house.registry.declarations() == before
                assert (await house.call("house_add", a=1))["result"] == {"result": 2}

        asyncio.run(story())

    def test_its_program_ends_with_us(self) -> None:
        pids: list[int] = []

        async def story() -> None:
            async with open_house(McpServer("plain", (sys.executable, "-c", PLAIN))) as house:
                await house.told("mcp.up")
                pids.append(int((await house.call("plain_ping"))["message"]))
                os.kill(pids[0], 0)

        asyncio.run(story())
        with pytest.raises(ProcessLookupError):
            os.kill(pids[0], 0)


RUBBISH: Final = "import time\nfor _ in range(100): print('this is no JSON', flush=True)\ntime.sleep(60)\n"
DEAF: Final = "import time\ntime.sleep(60)\n"


class TestUnwell:
    @pytest.mark.parametrize(
        ("command", "reason"),
        [
            (("/nonexistent/program",), "there is no program /nonexistent/program"),
            ((sys.executable, "-c", "raise SystemExit(1)"), "Connection closed"),
            ((sys.executable, "-c", RUBBISH), "no answer within 1 s"),
            ((sys.executable, "-c", DEAF), "no answer within 1 s"),
        ],
    )
    def test_it_costs_its_own_tools_only(self, command: tuple[str, ...], reason: str) -> None:
        async def story() -> None:
            unwell = McpServer("unwell", command, timeout_s=1.0)
            well = McpServer("well", (sys.executable, "-c", PLAIN))
            async with open_house(unwell, well) as house:
                failed = await house.told("mcp.failed")
                assert (failed["server"], failed["level"], failed["again_s"]) == ("unwell", "warning", 1.0)
                assert reason in failed["reason"]
                await house.told("mcp.up")
                assert (await house.call("well_ping"))["status"] == "ok"

        asyncio.run(story())

    def test_the_pauses_grow_and_only_the_first_failure_is_a_warning(self) -> None:
        async def story() -> None:
            async with open_house(McpServer("gone", ("/nonexistent/program",))) as house:
                again = await house.told("mcp.failed", times=2)
                assert (again["level"], again["again_s"]) == ("debug", 2.0)

        asyncio.run(story())

    def test_one_that_begins_to_talk_rubbish_is_left(self) -> None:
        async def story() -> None:
            async with open_house(McpServer("plain", (sys.executable, "-c", PLAIN, "babbling"))) as house:
                assert "messages that are none" in (await house.told("mcp.lost"))["reason"]

        asyncio.run(story())

    def test_a_tool_that_the_model_cannot_be_told_of_is_refused(self) -> None:
        async def story() -> None:
            async with open_house(McpServer("plain", (sys.executable, "-c", PLAIN))) as house:
                await house.told("mcp.up")
                assert "plain_free" not in house.names()
                (refused,) = house.sink.told("tool.refused")
                assert refused["place"] == "the MCP server plain"
                assert "free is an object without named properties" in str(refused["reason"])

        asyncio.run(story())

    def test_without_the_package_it_is_said_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in [name for name in sys.modules if name == "mcp" or name.startswith("mcp.")]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, "mcp", None)

        async def story() -> None:
            house = House(McpServer("house", ("true",)))
            await house.mcp.run()
            (line,) = house.sink.told("mcp.failed")
            assert (line["reason"], line["level"]) == ("mcp is not installed", "error")

        asyncio.run(story())


class HttpServer:
    """The same server over streamable HTTP, in a process of its own, behind a bearer token as Home Assistant's."""

    def __init__(self, script: Path, *, stateless: bool) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self._script = script
        self._stateless = stateless
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/mcp"

    def start(self) -> None:
        source = f"""
import uvicorn
from house import server

app = server.streamable_http_app(
    streamable_http_path="/api/mcp", stateless_http={self._stateless}, json_response={self._stateless}
)

async def guarded(scope, receive, send):
    headers = dict(scope.get("headers", ()))
    if scope["type"] == "http" and headers.get(b"authorization") != b"Bearer {TOKEN}":
        await send({{"type": "http.response.start", "status": 401, "headers": []}})
        await send({{"type": "http.response.body", "body": b"401: Unauthorized"}})
    else:
        await app(scope, receive, send)

uvicorn.run(guarded, host="127.0.0.1", port={self.port}, log_level="error", timeout_graceful_shutdown=0)
"""
        self._process = subprocess.Popen([sys.executable, "-c", source], cwd=self._script.parent)

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@pytest.fixture
def server(script: Path) -> Iterator[HttpServer]:
    """As Home Assistant's: POST and JSON only, no sessions."""
    one = HttpServer(script, stateless=True)
    one.start()
    yield one
    one.stop()


@pytest.fixture
def credential(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text(TOKEN + "\n")
    path.chmod(0o600)
    return path


class TestHttp:
    def test_called_with_the_credential_lost_and_found_again(self, server: HttpServer, credential: Path) -> None:
        async def story() -> None:
            theirs = McpServer("home", url=server.url, credential_file=str(credential), timeout_s=5.0)
            async with open_house(theirs) as house:
                await house.told("mcp.up")
                assert (await house.call("home_greet", name="Ada"))["message"] == "Good day, Ada."
                before = house.registry.declarations()
                server.stop()
                await house.told("mcp.lost")
                assert (await house.call("home_greet", name="Eve"))["retryable"] is True
                server.start()
                await house.told("mcp.up", times=2)
                assert house.registry.declarations() == before
                assert (await house.call("home_greet", name="Eve"))["message"] == "Good day, Eve."
                assert TOKEN not in str(house.sink.lines)

        asyncio.run(story())

    def test_one_with_sessions_and_event_streams_is_called_as_well(self, script: Path, credential: Path) -> None:
        one = HttpServer(script, stateless=False)
        one.start()

        async def story() -> None:
            theirs = McpServer("home", url=one.url, credential_file=str(credential), timeout_s=5.0)
            async with open_house(theirs) as house:
                await house.told("mcp.up")
                assert (await house.call("home_greet", name="Ada"))["message"] == "Good day, Ada."

        try:
            asyncio.run(story())
        finally:
            one.stop()

    def test_a_wrong_credential_is_said_to_be_one(self, server: HttpServer, credential: Path) -> None:
        credential.write_text("another-token")

        async def story() -> None:
            theirs = McpServer("home", url=server.url, credential_file=str(credential), timeout_s=5.0)
            async with open_house(theirs) as house:
                while "HTTP 401" not in (await house.told("mcp.failed"))["reason"]:
                    house.sink.lines.clear()  # it was not listening yet
                assert house.names() == []
                assert "another-token" not in str(house.sink.lines)

        asyncio.run(story())


@pytest.mark.parametrize(
    ("mode", "text", "reason"),
    [(0o644, TOKEN, "is open to everybody"), (0o600, "", "holds something else than one credential")],
)
def test_a_credential_that_must_not_be_used_is_said_so(tmp_path: Path, mode: int, text: str, reason: str) -> None:
    path = tmp_path / "token"
    path.write_text(text)
    path.chmod(mode)

    async def story() -> None:
        async with open_house(McpServer("home", url="http://127.0.0.1:9/", credential_file=str(path))) as house:
            failed = await house.told("mcp.failed")
            assert str(path) in failed["reason"]
            assert reason in failed["reason"]

    asyncio.run(story())


class HomeAssistant(BaseHTTPRequestHandler):
    """`/api/mcp` as Home Assistant documents it, without the package: POST and JSON, a token, no sessions."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._reply(405)

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.path != "/api/mcp":
            self._reply(404)
        elif self.headers["authorization"] != f"Bearer {TOKEN}":
            self._reply(401)
        elif self.headers.get("mcp-protocol-version", "2025-06-18") != "2025-06-18":
            self._reply(400)
        elif "id" not in asked:
            self._reply(202)
        else:
            answer = self._answer(asked["method"], asked.get("params", {}))
            self._reply(200, {"jsonrpc": "2.0", "id": asked["id"], **answer})

    def _answer(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        strings = {"type": "array", "items": {"type": "string", "enum": ["light", "switch"]}}
        properties = {"name": {"type": "string"}, "area": {"type": "string"}, "domain": strings}
        turn_on = {
            "name": "HassTurnOn",
            "description": "Turns on a device",
            "inputSchema": {"type": "object", "properties": properties},
        }
        match method:
            case "initialize":
                about = {"name": "home-assistant", "version": "1.26.0"}
                return {"result": {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": about}}
            case "tools/list":
                return {"result": {"tools": [turn_on]}}
            case "tools/call" if params["arguments"].get("name") == "nothing":
                return {
                    "result": {"content": [{"type": "text", "text": "Error calling tool: no match"}], "isError": True}
                }
            case "tools/call":
                said = {"speech": {}, "response_type": "action_done", "data": {"success": [params["arguments"]]}}
                return {"result": {"content": [{"type": "text", "text": json.dumps(said)}]}}
            case _:
                return {"error": {"code": -32601, "message": "Method not found"}}

    def _reply(self, status: int, body: object = None) -> None:
        raw = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_home_assistants_endpoint(credential: Path) -> None:
    async def story(port: int) -> None:
        url = f"http://127.0.0.1:{port}/api/mcp"
        async with open_house(McpServer("home", url=url, credential_file=str(credential), timeout_s=5.0)) as house:
            await house.told("mcp.up")
            (declaration,) = house.registry.declarations()
            assert declaration.name == "home_HassTurnOn"
            assert declaration.parameters is not None
            assert "required" not in declaration.parameters
            done = await house.call("home_HassTurnOn", area="kitchen", domain=["light"])
            assert done["status"] == "ok"
            assert '"success": [{"area": "kitchen", "domain": ["light"]}]' in done["message"]
            missed = await house.call("home_HassTurnOn", name="nothing")
            assert (missed["status"], missed["message"]) == ("error", "Error calling tool: no match")
            await asyncio.sleep(0.5)
            assert house.sink.told("mcp.lost") == []

    with ThreadingHTTPServer(("127.0.0.1", 0), HomeAssistant) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            asyncio.run(story(server.server_port))
        finally:
            server.shutdown()


def listener(serve: Callable[[socket.socket], None]) -> tuple[int, socket.socket]:
    """Accept connections on a thread until the socket is closed."""
    listening = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                serve(listening.accept()[0])

    threading.Thread(target=accept, daemon=True).start()
    return listening.getsockname()[1], listening


def test_http_that_answers_nothing_or_nonsense_is_failed_in_time() -> None:
    kept: list[socket.socket] = []

    def nonsense(connection: socket.socket) -> None:
        with connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 5\r\n\r\n[{}x]")

    mute_port, mute = listener(kept.append)
    odd_port, odd = listener(nonsense)

    async def story() -> None:
        async with open_house(
            McpServer("mute", url=f"http://127.0.0.1:{mute_port}/", timeout_s=0.5),
            McpServer("odd", url=f"http://127.0.0.1:{odd_port}/", timeout_s=5.0),
        ) as house:
            await house.told("mcp.failed", times=2)
            reasons = {str(line["server"]): str(line["reason"]) for line in house.sink.told("mcp.failed")}
            assert reasons["mute"] == "no answer within 0.5 s"
            assert reasons["odd"]

    try:
        asyncio.run(story())
    finally:
        for each in (mute, odd, *kept):
            each.close()
