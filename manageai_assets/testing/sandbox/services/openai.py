"""OpenAI's API, version 1."""

from __future__ import annotations

import base64
import json

from pydantic import JsonValue

from manageai_assets.testing.models import Failure
from manageai_assets.testing.sandbox.services.base import Asked, Row, Service, bytes_of, listed, with_
from manageai_assets.testing.sandbox.wire import Json, Reply

_USAGE: JsonValue = {"input_tokens": 10, "output_tokens": 10, "total_tokens": 20}
_RESPONSE = (
    "chat ask chat_messages chat_json chat_with_image create_response create_json_response analyze_images "
    "analyze_image_files"
)


def _text(asked: Asked) -> str:
    """What the model says: the answer's text, whichever output holds it; objects as JSON."""
    bundle = asked.bundle
    said = next((bundle[name] for name in ("text", "result", "content") if bundle.get(name) is not None), "")
    return said if isinstance(said, str) else json.dumps(said, ensure_ascii=False)


def _response(asked: Asked) -> JsonValue:
    """An object of the Responses API; its node parses the text where JSON was asked for."""
    content: JsonValue = [{"type": "output_text", "text": _text(asked), "annotations": []}]
    message: JsonValue = {
        "id": "msg_sandbox", "type": "message", "role": "assistant", "status": "completed", "content": content,
    }  # fmt: skip
    output = asked.bundle.get("output")
    made: Json = {
        "id": "resp_sandbox", "object": "response", "created_at": 1767225600, "status": "completed", "error": None,
        "model": asked.incoming.fields.get("model"), "usage": _USAGE,
    }  # fmt: skip
    own = {name: value for name, value in asked.item.items() if name not in ("result", "output")}
    return {**made, **own, "output": output if _holds(output, "content") else [message]}


def _completion(asked: Asked) -> JsonValue:
    """A chat completion; the data to extract are a call of a function."""
    message: Json = {"role": "assistant", "content": _text(asked)}
    if asked.operation == "extract_data":
        fields = asked.bundle.get("result")
        given = fields if isinstance(fields, dict) else asked.bundle
        arguments = json.dumps(given, ensure_ascii=False)
        call: JsonValue = {
            "id": "call_1", "type": "function", "function": {"name": "extract", "arguments": arguments},
        }  # fmt: skip
        message = {"role": "assistant", "content": None, "tool_calls": [call]}
    choice: Json = {"index": 0, "message": message, "text": _text(asked), "finish_reason": "stop"}
    made: Json = {
        "id": "chatcmpl-sandbox", "object": "chat.completion", "created": 1767225600,
        "model": asked.incoming.fields.get("model"), "choices": [choice], "usage": _USAGE,
    }  # fmt: skip
    own = {name: value for name, value in asked.item.items() if name != "result" and value is not None}
    if not _holds(own.get("choices"), "message", "text"):
        own.pop("choices", None)
    return {**made, **own}


def _holds(listed_ones: JsonValue, *keys: str) -> bool:
    """Whether a list has the objects that the API gives there."""
    return isinstance(listed_ones, list) and any(isinstance(one, dict) and {*keys} & {*one} for one in listed_ones)


def _pictures(asked: Asked) -> JsonValue:
    """Pictures, each with an address and its content."""
    pictures: list[JsonValue] = []
    for bundle in asked.bundles or ({},):
        content = base64.b64encode(bytes_of(bundle.get("file"))).decode("ascii")
        picture: Json = {name: bundle[name] for name in ("url", "revised_prompt") if bundle.get(name)}
        pictures.append({**picture, "b64_json": content})
    return {"created": 1767225600, "data": pictures, "usage": _USAGE}


def _speech(asked: Asked) -> Reply:
    return Reply(200, bytes_of(asked.bundle.get("file")), {"content-type": "audio/mpeg"})


def _embeddings(asked: Asked) -> JsonValue:
    empty: JsonValue = [{"object": "embedding", "index": 0, "embedding": [0.0]}]
    return {"object": "list", "data": empty, "usage": _USAGE, **asked.item}


def _failed(failure: Failure) -> JsonValue:
    return {"error": {"message": failure.message, "type": "invalid_request_error", "code": failure.name}}


_MODEL = {"model": "body.model", "temperature": "body.temperature"}
_ANSWER = {"model": "body.model", "max_tokens": "body.max_output_tokens"}

SERVICE = Service(
    app="openai",
    hosts=("api.openai.com",),
    failed=_failed,
    rows=(
        Row("POST", "/v1/responses", _RESPONSE, _response, _ANSWER),
        Row("GET", "/v1/responses/(?P<id>[^/]+)", "get_response", _response, {"id": "path.id"}),
        Row("DELETE", "/v1/responses/(?P<id>[^/]+)", "delete_response", with_(deleted=True), {"id": "path.id"}),
        Row("POST", "/v1/chat/completions", "chat_completion extract_data", _completion, _MODEL),
        Row("POST", "/v1/completions", "complete_prompt", _completion, {**_MODEL, "prompt": "body.prompt"}),
        Row("POST", "/v1/images/generations", "generate_image generate_image_file generate_gpt_image", _pictures),
        Row("POST", "/v1/images/edits", "edit_image", _pictures),
        Row("POST", "/v1/audio/speech", "generate_audio", _speech, {"text": "body.input", "model": "body.model"}),
        Row("POST", "/v1/audio/transcriptions", "transcribe", with_(text="")),
        Row("POST", "/v1/audio/translations", "translate_recording", with_(text="")),
        Row("POST", "/v1/moderations", "moderate", with_(results=[])),
        Row("POST", "/v1/embeddings", "create_embeddings", _embeddings),
        Row("POST", "/v1/files", "upload_file", with_(id="file-sandbox", object="file")),
        Row("POST", "/v1/batches", "create_batch", with_(id="batch_sandbox", object="batch")),
        Row("GET", "/v1/batches/(?P<id>[^/]+)", "get_batch", with_(object="batch"), {"id": "path.id"}),
        Row("POST", "/v1/batches/(?P<id>[^/]+)/cancel", "cancel_batch", with_(object="batch"), {"id": "path.id"}),
        Row("GET", "/v1/models", "", listed("data", object="list")),
    ),
)
