"""Anthropic's API."""

from __future__ import annotations

from pydantic import JsonValue

from manageai_assets.testing.models import Failure
from manageai_assets.testing.sandbox.services.base import Asked, Row, Service, with_

_KINDS = {
    "400": "invalid_request_error", "401": "authentication_error", "403": "permission_error", "404": "not_found_error",
    "429": "rate_limit_error",
}  # fmt: skip


def _message(asked: Asked) -> JsonValue:
    """A message; the text is the answer's, in whichever of the outputs it stands."""
    item = asked.item
    text = item.pop("merged_response", "") or ""
    made: dict[str, JsonValue] = {
        "id": "msg_sandbox", "type": "message", "role": "assistant", "model": asked.incoming.fields.get("model"),
        "content": [{"type": "text", "text": text}], "stop_reason": "end_turn", "stop_sequence": None,
        "usage": {"input_tokens": 10, "output_tokens": 10},
    }  # fmt: skip
    content = item.get("content")
    if not (isinstance(content, list) and any(isinstance(one, dict) and "text" in one for one in content)):
        item.pop("content", None)
    return {**made, **item}


def _failed(failure: Failure) -> JsonValue:
    kind = _KINDS.get(failure.name, "api_error")
    return {"type": "error", "error": {"type": kind, "message": failure.message}}


SERVICE = Service(
    app="anthropic",
    hosts=("api.anthropic.com",),
    failed=_failed,
    rows=(
        Row(
            "POST", "/v1/messages", "create_message converse ask_about_file", _message,
            {"model": "body.model", "max_tokens": "body.max_tokens", "temperature": "body.temperature"},
        ),
        Row("POST", "/v1/complete", "complete_prompt", with_(completion="", stop_reason="stop_sequence")),
    ),
)  # fmt: skip
