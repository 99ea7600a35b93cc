"""The tools, and the servers that there may be several of: each mistake in the right one of them."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest

from daemon.config import McpSection, ToolsSection, load
from daemon.config.diagnosis import diagnose
from daemon.config.fault import NOT_SHOWN
from daemon.tools.mcp_transport import McpServer


def sentences(text: str) -> list[str]:
    """Return what `text` is refused with."""
    return [fault.sentence("vocative.toml") for fault in diagnose(text, None)]


def loaded(text: str, folder: Path) -> ToolsSection:
    """Return the tools of a file that holds `text`."""
    path = folder / "vocative.toml"
    path.write_text(text)
    return load(path).tools


HOME = "[[tools.mcp]]\nname = 'home'\nurl = 'http://homeassistant.local:8123/api/mcp'\n"
CLOCK = "[[tools.mcp]]\nname = 'clock'\ncommand = ['uvx', 'mcp-server-time']\n"


# --- what is taken ---------------------------------------------------------------------------------


def test_there_may_be_several_servers_and_their_order_is_kept(tmp_path: Path) -> None:
    text = f"{HOME}credential_file = '/etc/token'\nallow = ['Hass*']\n{CLOCK}timeout_s = 600\n[tools]\nvolume = false\n"
    tools = loaded(text, tmp_path)
    assert tools == ToolsSection(
        volume=False,
        mcp=(
            McpSection(
                name="home",
                url="http://homeassistant.local:8123/api/mcp",
                credential_file="/etc/token",
                allow=("Hass*",),
            ),
            McpSection(name="clock", command=("uvx", "mcp-server-time"), timeout_s=600.0),
        ),
    )


def test_servers_may_also_be_written_in_one_line(tmp_path: Path) -> None:
    assert loaded("[tools]\nmcp = [{name = 'a', url = 'https://h'}]", tmp_path).mcp[0].name == "a"


def test_a_server_can_be_made_of_its_section() -> None:
    """What is written below [[tools.mcp]] is what the connection needs to know, key for key."""
    section = McpSection(name="home", command=("x",), allow=("a", "b*"), timeout_s=3.0)
    server = McpServer(**section.model_dump())
    assert asdict(server) == section.model_dump()
    assert asdict(McpServer("")) == McpSection().model_dump()


@pytest.mark.parametrize("patterns", [[], ["*"], ["get_*", "set_volume"]])
def test_names_and_patterns_are_taken(tmp_path: Path, patterns: list[str]) -> None:
    tools = loaded(f"[tools]\nallow = {patterns}\ndeny = {patterns}", tmp_path)
    assert tools.allow == tools.deny == tuple(patterns)


HOSTS_AT_HOME = (
    "localhost",
    "127.0.0.1",
    "[::1]",
    "192.168.1.5",
    "10.0.0.7:8123",
    "[fd00::5]",
    "[fe80::1]",
    "homeassistant",
    "homeassistant.local",
    "HomeAssistant.Local.",
    "hass.home.arpa",
    "100.64.3.2",
)


@pytest.mark.parametrize("host", HOSTS_AT_HOME)
def test_a_credential_may_go_over_http_to_a_host_at_home(host: str) -> None:
    url = f"name = 'home'\nurl = 'http://{host}/mcp'"
    assert sentences(f"[[tools.mcp]]\n{url}\ncredential_file = '/etc/token'") == []


@pytest.mark.parametrize("host", ["example.org", "8.8.8.8", "[2001:4860:4860::8888]", "local.example.org"])
def test_a_credential_goes_to_other_hosts_over_https_only(host: str) -> None:
    text = "[[tools.mcp]]\nname = 'far'\nurl = '{}://{}/mcp'\n{}"
    (fault,) = sentences(text.format("http", host, "credential_file = '/etc/token'"))
    assert "3: tools.mcp.url = 'http://" in fault
    assert "everybody on the way to that host could read the credential; write https" in fault
    assert sentences(text.format("https", host, "credential_file = '/etc/token'")) == []
    assert sentences(text.format("http", host, "")) == []


# --- one mistake -----------------------------------------------------------------------------------

MISTAKES = [
    # values
    ("[tools]\ngoogle_search = 'yes'", "2: tools.google_search = 'yes': must be true or false"),
    ("[tools]\nfolder = 'tools'", 'must be empty or a whole path, beginning with "/"'),
    ("[tools]\ndeny = 'set_volume'", 'must be a list of texts, such as ["get_*", "set_volume"]; write deny = ["set_v'),
    ("[tools]\ndeny = 'a, b'", 'write deny = ["a", "b"]'),
    ("[tools]\ndeny = ['a, b']", "2: tools.deny = 'a, b': must hold names or patterns, each in quotes of its own"),
    ("[tools]\ntell_content = 1", "write tell_content = true"),
    (f"{HOME}timeout_s = 0", "4: tools.mcp.timeout_s = 0: must be above 0 and at most 600 (seconds); so long the"),
    (f"{HOME}timeout_s = '5 s'", "must be a number above 0 and at most 600 (seconds); write timeout_s = 5"),
    (
        f"{HOME}allow = 'Hass*'",
        '4: tools.mcp.allow = \'Hass*\': must be a list of texts, such as ["get_*", "set_volume"]; w',
    ),
    (f"{HOME}allow = ['get', 5]", "4: tools.mcp.allow = 5: must be text in quotes"),
    (f"{HOME}header = 'X Token'", "must be the name of an HTTP header alone"),
    (f"{HOME}header = 'Host'", "cannot hold the credential: the connection sets it itself"),
    (f"{HOME}credential_file = 'token'", 'must be empty or a whole path, beginning with "/"'),
    (
        "[[tools.mcp]]\nname = 'a'\ncommand = 'uvx mcp-server-time'",
        '3: tools.mcp.command = \'uvx mcp-server-time\': must be a list of texts, such as ["uvx", "mcp-server-time"];'
        ' write command = ["uvx", "mcp-server-time"]',
    ),
    (
        "[[tools.mcp]]\nname = 'a'\ncommand = ['uvx mcp']",
        "must be a list of a program (its name, or its whole path) and",
    ),
    ("[[tools.mcp]]\nname = 'a'\ncommand = ['']", "must be a list of a program (its name, or its whole path) and"),
    (
        "[[tools.mcp]]\nname = 'a'\nurl = 'homeassistant.local'",
        'must be empty or like "http://homeassistant.local:8123',
    ),
    ("[[tools.mcp]]\nname = 'a'\nurl = 'ws://h'", "must be empty or like"),
    *(
        (
            f"[[tools.mcp]]\nname = '{name}'\nurl = 'https://h'",
            '2: tools.mcp.name = {}: must be a short name such as "h',
        )
        for name in ("Home Assistant", "", "9", "a-b", "a" * 21, "k\u00fcche")
    ),
    ("[[tools.mcp]]\nname = 5\nurl = 'https://h'", "2: tools.mcp.name = 5: must be text in quotes"),
    (
        "[[tools.mcp]]\nname = 'a'\ncommand = ['./server']",
        "must be a list of a program (its name, or its whole path) and",
    ),
    # names
    (f"{HOME}timeout = 5", "4: tools.mcp.timeout = 5: there is no such key; did you mean timeout_s = 5?"),
    (f"{HOME}timeout_ms = 500", "did you mean timeout_s = 0.5?"),
    (
        "[[tools.mcp]]\nname = 'a'\ncomand = ['x']",
        "3: tools.mcp.comand = ['x']: there is no such key; did you mean command?",
    ),
    (f"{HOME}volume = false", "4: tools.mcp.volume = false: there is no such key here; `volume` belongs to [tools]"),
    (f"{HOME}xyzzy = 'x'", "there is no such key; [[tools.mcp]] has name, command, url, header, credential_file,"),
    (f"{HOME}[tools.mcp.env]\nA = 'b'", "4: [tools.mcp.env]: there is no such key; [[tools.mcp]] has name,"),
    (
        "[tools]\ntimeout_s = 5",
        "2: tools.timeout_s = 5: there is no such key here; `timeout_s` belongs to [[tools.mcp]]",
    ),
    ("[live]\nurl = 'http://h'", "2: live.url = 'http://h': there is no such key here; `url` belongs to [[tools.mcp]]"),
    ("[tool]\nvolume = true", "1: [tool]: there is no such section; did you mean [tools]?"),
    ("[[tool.mcp]]\nname = 'a'", "1: [[tool.mcp]]: there is no such section; did you mean [[tools.mcp]]?"),
    ("[[mcp]]\nname = 'a'", "1: [[mcp]]: there is no such section; did you mean [[tools.mcp]]?"),
    ("[mcp_servers.home]\nurl = 'x'", "1: [mcp_servers.home]: there is no such section; did you mean [[tools.mcp]]?"),
    ("[[wifi]]\nname = 'a'", "1: [[wifi]]: there is no such section; there are [live],"),
    (
        "url = 'https://h'",
        "1: url = 'https://h': it stands outside of every section; `url` belongs below [[tools.mcp]]",
    ),
    # the shape
    (HOME.replace("[[tools.mcp]]", "[tools.mcp]"), "1:1: [tools.mcp]: there may be several of these, so that two"),
    (
        HOME.replace("[[tools.mcp]]", "  [ tools . mcp ]  # at home"),
        "1:3: [ tools . mcp ]: there may be several of these",
    ),
    (HOME + CLOCK.replace("[[tools.mcp]]", "[tools.mcp]"), "4:1: [tools.mcp]: there may be several of these, so that"),
    ("[tools]\nmcp = 'x'", "2: tools.mcp = 'x': there may be several of these; write [[tools.mcp]] alone in a line"),
    ("[tools]\nmcp = {name = 'a'}", "2: tools.mcp = {name = 'a'}: there may be several of these; write [[tools.mcp]]"),
    ("[tools]\nmcp = ['uvx']", "2: tools.mcp = 'uvx': there may be several of these; write [[tools.mcp]]"),
    (f"{CLOCK}[[tools.mcp]\nname = 'x'", "4:12: `[[tools.mcp]`: the name of a section stands between brackets"),
    ("[[tools]]\nvolume = true", "1: [[tools]]: tools is a section; write [tools] once"),
    (f"{HOME}url = 'https://h'", "4:1: tools.mcp.url = 'https://h': it is already set in line 3; keep one of the two"),
    # what does not go together
    ("[[tools.mcp]]\nurl = 'https://h'", '1: tools.mcp.name is not set: each server needs one, such as name = "home"'),
    ("[tools]\nmcp = [\n{url = 'https://h'}]", "3: tools.mcp.name is not set: each server needs one"),
    (f"{HOME}{CLOCK}{HOME}", "8: tools.mcp.name = 'home': a server above has this name already"),
    (
        "[[tools.mcp]]\nname = 'a'",
        "1: tools.mcp.command is not set: a server is either a program (command) or an address",
    ),
    ("[[tools.mcp]]\nname = 'a'\nurl = ''", "3: tools.mcp.url = '': a server is either a program (command) or"),
    (
        f"{HOME}command = ['x']",
        "4: tools.mcp.command = ['x']: a server is either a program (command) or an address (url); k",
    ),
    (f"{CLOCK}credential_file = '/t'", "4: tools.mcp.credential_file = '/t': a program is shown no credential"),
    (f"{HOME}header = 'X-Token'", "4: tools.mcp.header = 'X-Token': it is what the credential is sent in, and"),
]


@pytest.mark.parametrize(("text", "expected"), MISTAKES)
def test_a_mistake_is_said_in_one_sentence(text: str, expected: str) -> None:
    (fault,) = sentences(text)
    written = "".join(text.split("\n")[1:2]).partition("= ")[2]
    assert expected.replace("{}", written) in fault


# --- several ---------------------------------------------------------------------------------------


def test_the_mistakes_of_every_server_come_at_once_each_with_its_line() -> None:
    text = """\
[[tools.mcp]]
nam = "home"
url = "homeassistant"
header = "X-Token"

[[tools.mcp]]
name = "far"
url = "http://example.org/mcp"
credential_file = "/etc/token"
timeout_s = 601

[tools.mcp]
name = "far"
command = uvx
volume = true

[[tools.mcp]]
command = ["x"]
timeout_s = 5
"""
    found = sentences(text)
    assert [int(fault.split(":")[1]) for fault in found] == [2, 3, 4, 8, 10, 12, 13, 14, 15, 17]
    assert "did you mean name?" in found[0]
    assert "write https" in found[3]
    assert "a server above has this name already" in found[6]
    assert 'text stands in quotes: command = "uvx"' in found[7]
    assert "tools.mcp.name is not set" in found[9]


def test_a_default_in_the_place_of_a_faulty_value_conflicts_with_nothing() -> None:
    """A url that is wrong is still a url, and a name that is wrong is still a name."""
    for wrong in ("url = 'x'", "url = 5", "url = https://h", "ulr = 'https://h'"):
        assert len(sentences(f"[[tools.mcp]]\nname = 'a'\n{wrong}\ncredential_file = '/t'")) == 1
    assert (
        len(sentences("[[tools.mcp]]\nname = 'A'\nurl = 'https://h'\n[[tools.mcp]]\nname = 'A'\nurl = 'https://h'"))
        == 2
    )


def test_a_mistake_in_one_server_hides_none_in_another() -> None:
    found = sentences(f"{HOME}url2 = 'x'\n[[tools.mcp]]\nname = 'b'\nurl = 'x'\n[[tools.mcp]]\nname = 'c'\n")
    assert [fault.split(":")[1] for fault in found] == ["4", "7", "8"]


# --- secrets ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written",
    [
        "token = 'hunter2'",
        "headers = { Authorization = 'Bearer hunter2' }",
        "header = 'Authorization: Bearer hunter2'",
        "header = 'Authorization:hunter2'",
        "url = 'http://me:hunter2@host/mcp'",
        "url = 'http://host/mcp?api=hunter2'",
        "command = ['x y', '--token', 'hunter2']",
        "env = { API_TOKEN = 'hunter2' }",
        "bearer_token = hunter2",
    ],
)
def test_what_may_be_secret_is_not_shown(written: str) -> None:
    found = "\n".join(sentences(f"[[tools.mcp]]\nname = 'a'\n{written}\n"))
    assert "hunter2" not in found
    assert NOT_SHOWN in found


def test_a_token_beside_a_server_is_sent_to_a_file_of_its_own() -> None:
    (fault,) = sentences(f"{HOME}token = 'hunter2'")
    assert fault == (
        "vocative.toml:4: tools.mcp.token = (not shown): what is secret does not belong into this file, which"
        " everybody on the device can read; write it into a file of its own, and the path of that into credential_file"
    )
