"""A local server that takes messages as Slack's incoming webhooks do: what Slack refuses, it refuses."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from pydantic import JsonValue, SecretStr

from tests.fakes.replies import Hook, Reply, send, unchanged

PATH = "/services/T000/B000/made-up"
_ENTITY = re.compile(r"&(?!amp;|lt;|gt;)")
_MARKUP = re.compile(r"<(?:!channel|!here|https?://[^|>]+(?:\|[^>]*)?)>")
TEXTS = {"header": 150, "section": 3000, "field": 2000, "button": 75, "context": 3000}
"""Characters at most, by Slack's reference."""


@dataclass(frozen=True)
class Fault:
    """An answer other than Slack's usual one; no status: the connection breaks off."""

    status: int | None
    body: str = "rollup_error"
    retry_after: str = ""
    taken: bool = False
    """Whether the message is posted all the same, and only the answer is lost."""


@dataclass
class FakeSlack:
    """The running server: its address, and the messages that it posted."""

    address: SecretStr
    posted: list[dict[str, JsonValue]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    hook: Hook = unchanged
    """Sees each answer, and may change it; the message is posted all the same."""

    @property
    def texts(self) -> list[str]:
        """The fallback text of each posted message."""
        return [str(one["text"]) for one in self.posted]


def wrong_with(message: JsonValue) -> str:
    """What Slack has against a message; empty when it takes it."""
    if not isinstance(message, dict):
        return "invalid_payload"
    blocks = message.get("blocks", [])
    if not isinstance(blocks, list) or not (message.get("text") or blocks):
        return "no_text"
    if len(blocks) > 50:
        return "invalid_blocks: too many"
    return next((wrong for block in blocks if (wrong := _wrong_block(block))), "")


def _wrong_block(block: JsonValue) -> str:
    if not isinstance(block, dict):
        return "invalid_blocks"
    match block:
        case {"type": "header", "text": {"type": "plain_text", "text": str(text)}}:
            return _wrong_text(text, "header")
        case {"type": "section", "text": {"type": "mrkdwn", "text": str(text)}}:
            return _wrong_text(text, "section") or _wrong_markup(text)
        case {"type": "section", "fields": [*fields]}:
            return "invalid_blocks: fields" if len(fields) > 10 else _wrong_texts(fields, "field")
        case {"type": "context", "elements": [*elements]}:
            return "invalid_blocks: elements" if len(elements) > 10 else _wrong_texts(elements, "context")
        case {"type": "actions", "elements": [*elements]}:
            return next((wrong for one in elements if (wrong := _wrong_button(one))), "")
    return "invalid_blocks: unknown"


def _wrong_texts(objects: list[JsonValue], place: str) -> str:
    texts = [str(one["text"]) if isinstance(one, dict) else "" for one in objects]
    return next((wrong for text in texts if (wrong := _wrong_text(text, place) or _wrong_markup(text))), "")


def _wrong_button(button: JsonValue) -> str:
    match button:
        case {"type": "button", "text": {"type": "plain_text", "text": str(text)}, "url": str(url)}:
            good = url.startswith(("https://", "http://")) and len(url) <= 3000
            return _wrong_text(text, "button") if good else "invalid_blocks: url"
    return "invalid_blocks: button"


def _wrong_text(text: str, place: str) -> str:
    return "" if 0 < len(text) <= TEXTS[place] else f"invalid_blocks: {place} of {len(text)} characters"


def _wrong_markup(text: str) -> str:
    """Slack shows such texts otherwise than they were meant, which nobody wants: here they are refused."""
    left = _MARKUP.sub("", text)
    return "unescaped" if "<" in left or ">" in left or _ENTITY.search(left) else ""


@contextmanager
def fake_slack(*faults: Fault) -> Iterator[FakeSlack]:
    """A running fake, which first answers with these faults."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            fault = fake.faults.pop(0) if fake.faults else None
            if fault is not None and not fault.taken:
                self._answer(fault)
                return
            self._answer(self._take(body) if fault is None else self._take_and_lose(body, fault))

        def _take(self, body: bytes) -> Fault:
            if self.path != PATH:
                return Fault(404, "no_service")
            try:
                message = json.loads(body)
            except ValueError:
                return Fault(400, "invalid_payload")
            wrong = wrong_with(message)
            if wrong:
                fake.refused.append(wrong)
                return Fault(400, wrong)
            fake.posted.append(message)
            return Fault(200, "ok")

        def _take_and_lose(self, body: bytes, fault: Fault) -> Fault:
            self._take(body)
            return fault

        def _answer(self, fault: Fault) -> None:
            if fault.status is None:
                self.close_connection = True
                return
            after = {"retry-after": fault.retry_after} if fault.retry_after else {}
            whole = Reply(fault.status, fault.body.encode(), after)
            send(self, fake.hook("POST", self.path, whole))

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    fake = FakeSlack(SecretStr(f"http://127.0.0.1:{server.server_address[1]}{PATH}"), faults=list(faults))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
