"""What google-genai 3.4.0 puts on the wire and takes from it, without a wire (live-api.md 2)."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from daemon.errors import LinkError
from daemon.live.upward import Glance, Image, Prompt, Speech, Taking, ToolAnswer, TurnEnd, TurnStart, Upward


def frame(  # noqa: PLR0911 - one return for each kind of item
    item: Upward, taking: Taking = Taking.LOCAL
) -> dict[str, Any] | None:
    """Return the frame that google-genai 3.4.0 sends for `item` (live-api.md 2), None where there is none."""
    match item:
        case TurnStart() if taking is Taking.SERVER:
            return None
        case TurnEnd() if taking is Taking.SERVER:
            return _realtime("audioStreamEnd", True)
        case Speech(pcm):
            return _realtime("audio", {"data": _urlsafe(pcm), "mime_type": "audio/pcm;rate=16000"})
        case Image(jpeg):
            return _realtime("video", {"data": _urlsafe(jpeg), "mime_type": "image/jpeg"})
        case TurnStart():
            return _realtime("activityStart", {})
        case TurnEnd():
            return _realtime("activityEnd", {})
        case Glance(jpeg):
            return _realtime("video", {"data": _urlsafe(jpeg), "mime_type": "image/jpeg"})
        case Prompt(text=text):
            return _realtime("text", text)
        case ToolAnswer(call_id, name, response, scheduling):
            answer = {"id": call_id, "name": name, "response": {**response, "scheduling": scheduling}}
            return {"tool_response": {"functionResponses": [{**answer, "scheduling": scheduling}]}}


def parsed(message: dict[str, Any]) -> Any:
    """Return the SDK's message object for a server frame, as its `receive` makes it.

    Raises:
        LinkError: The SDK would have raised TypeError (live-api.md 0.8), which a link translates.
    """
    from google.genai import types

    known = {name: value for name, value in message.items() if name in _KNOWN}
    if message and not known:
        raise LinkError("unreadable message (TypeError)", close_code=1002)
    return types.LiveServerMessage.model_validate(known)


def tools_frame(model: str, declarations: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what the SDK sends as `tools` for these declarations."""
    from daemon.config import LiveSection

    tools = setup_frame(LiveSection(model=model), declarations=declarations).get("tools", [])
    assert isinstance(tools, list)
    return tools


def setup_frame(
    live: Any, taking: Taking = Taking.LOCAL, declarations: Sequence[dict[str, Any]] = ()
) -> dict[str, Any]:
    """Return what the SDK sends as `setup` for this `[live]` section, without a handle."""
    from google.genai import Client, _common, _live_converters, types

    from daemon.live.setup import live_config, tools_of

    tools = tools_of(declarations, google_search=False)
    config = live_config(live, handle=None, transcripts=False, taking=taking, tools=tools)
    converted = _common.convert_to_dict(
        _live_converters._LiveConnectParameters_to_mldev(
            api_client=Client(api_key="k")._api_client,
            from_object=types.LiveConnectParameters(model=f"models/{live.model}", config=config).model_dump(
                exclude_none=True
            ),
        )
    )
    setup = _common.encode_unserializable_types(converted)["setup"]
    assert isinstance(setup, dict)
    return {**setup, "model": f"models/{live.model}"}


_KNOWN = {
    "setupComplete",
    "serverContent",
    "toolCall",
    "toolCallCancellation",
    "usageMetadata",
    "goAway",
    "sessionResumptionUpdate",
}


def _realtime(kind: str, value: object) -> dict[str, Any]:
    return {"realtime_input": {kind: value}}


def _urlsafe(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode("ascii")
