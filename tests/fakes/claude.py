"""A local server that speaks Anthropic's Messages API: it gives the replies it was handed, one after the other."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from pydantic import JsonValue

KEY = "test-key-of-nobody"
ERROR_TYPES: Mapping[int, str] = {
    400: "invalid_request_error", 401: "authentication_error", 402: "billing_error", 403: "permission_error",
    404: "not_found_error", 413: "request_too_large", 429: "rate_limit_error", 500: "api_error",
    529: "overloaded_error",
}  # fmt: skip


@dataclass(frozen=True)
class Reply:
    """One HTTP answer."""

    status: int = 200
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


def answer(
    value: JsonValue, *, tool: str = "plan", input_tokens: int = 1000, output_tokens: int = 200, stop: str = "tool_use"
) -> Reply:
    """Claude uses the tool with this input."""
    content: list[JsonValue] = [{"type": "tool_use", "id": "toolu_01", "name": tool, "input": value}]
    return _message(content, input_tokens, output_tokens, stop)


def words(text: str, stop: str = "end_turn") -> Reply:
    """Claude answers in words."""
    return _message([{"type": "text", "text": text}], 500, 20, stop)


def _message(content: list[JsonValue], input_tokens: int, output_tokens: int, stop: str) -> Reply:
    message: JsonValue = {
        "id": "msg_01", "type": "message", "role": "assistant", "model": "claude-sonnet-4-6", "content": content,
        "stop_reason": stop, "stop_sequence": None,
        "usage": {"input_tokens": input_tokens, "output_tokens": output_tokens},
    }  # fmt: skip
    return Reply(body=json.dumps(message))


def failure(status: int, retry_after: str | None = None) -> Reply:
    """An error as the API gives it."""
    kind = ERROR_TYPES.get(status, "api_error")
    body = {"type": "error", "error": {"type": kind, "message": f"no: {KEY}"}, "request_id": "req_01"}
    return Reply(status, json.dumps(body), {"retry-after": retry_after} if retry_after else {})


@dataclass
class FakeClaude:
    """The running server: its address, and the requests it got."""

    base_url: str
    requests: list[dict[str, JsonValue]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)

    def question(self, number: int) -> str:
        """The user's message of one request."""
        messages = self.requests[number]["messages"]
        assert isinstance(messages, list)
        first = messages[0]
        assert isinstance(first, dict)
        return str(first["content"])


@contextmanager
def fake_claude(*replies: Reply) -> Iterator[FakeClaude]:
    """A server that gives these replies in order, and the last one ever after."""
    waiting = list(replies)
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("content-length", "0"))
            body = json.loads(self.rfile.read(length))
            with lock:
                fake.requests.append(body)
                bearer = self.headers.get("authorization", "").removeprefix("Bearer ")
                fake.keys.append(self.headers.get("x-api-key", bearer))
                reply = waiting.pop(0) if len(waiting) > 1 else waiting[0]
            wrong = self.path != "/v1/messages" or "anthropic-version" not in self.headers
            reply = failure(404) if wrong else reply
            data = reply.body.encode("utf-8")
            self.send_response(reply.status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    fake = FakeClaude(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
