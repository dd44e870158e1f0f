"""Slack: a notice as a Block Kit message, and sending it to an incoming webhook.

Client texts can hold anything: Slack's three control characters are escaped, nothing is parsed for names or links, and
everything is cut to Slack's limits, since one character too many loses the whole message.
"""

from __future__ import annotations

from collections.abc import Mapping

import httpx
from pydantic import JsonValue, SecretStr

from compilers.errors import UserError
from manageai_assets.monitoring.alerts.notice import Notice
from manageai_assets.monitoring.alerts.sending import NotNowError, NotWantedError

HEADER_AT_MOST = 150
SECTION_AT_MOST = 3000
FIELD_AT_MOST = 2000
FIELDS_AT_MOST = 10
BUTTON_AT_MOST = 75
URL_AT_MOST = 3000
BLOCKS_AT_MOST = 50
"""Slack's limits, in characters or pieces (docs.slack.dev, Block Kit reference)."""
TODO_AT_MOST = 20
TIMEOUT_SECONDS = 10.0

SIGNS: Mapping[str, str] = {
    "critical": ":red_circle:", "high": ":large_orange_circle:", "medium": ":large_yellow_circle:",
    "low": ":white_circle:", "resolved": ":large_green_circle:", "digest": ":newspaper:",
}  # fmt: skip


def to_slack(notice: Notice) -> dict[str, JsonValue]:
    """The message, for a webhook. A critical one that nobody has taken calls everybody who is in the channel."""
    sign = SIGNS.get(notice.occasion) or SIGNS.get(notice.severity, "")
    called = "<!channel> " if notice.occasion == "escalated" and notice.severity == "critical" else ""
    blocks: list[JsonValue] = [
        {
            "type": "header",
            "text": {"type": "plain_text", "text": _cut(f"{sign} {notice.title}", HEADER_AT_MOST), "emoji": True},
        }
    ]
    if notice.what or called:
        blocks.append(_section(called + escaped(notice.what, SECTION_AT_MOST - len(called))))
    fields: list[JsonValue] = [
        _text(f"*{escaped(label, 200)}*\n{escaped(value, FIELD_AT_MOST - 250)}") for label, value in notice.facts
    ]
    if fields:
        blocks.append({"type": "section", "fields": fields[:FIELDS_AT_MOST]})
    if notice.last_error:
        blocks.append(_section(f"*Last error*\n```{_code(notice.last_error)}```"))
    if notice.todo:
        lines = [f"{number}. {escaped(line, 1000)}" for number, line in enumerate(notice.todo[:TODO_AT_MOST], 1)]
        blocks.append(_section(_cut_lines(["*What to do*", *lines], SECTION_AT_MOST)))
    buttons: list[JsonValue] = [
        {
            "type": "button",
            "text": {"type": "plain_text", "text": _cut(link.name, BUTTON_AT_MOST)},
            "url": link.url,
        }
        for link in notice.links
        if len(link.url) <= URL_AT_MOST
    ]
    if buttons:
        blocks.append({"type": "actions", "elements": buttons[:5]})
    if notice.footer:
        blocks.append({"type": "context", "elements": [_text(escaped(notice.footer, FIELD_AT_MOST))]})
    return {"text": called + escaped(f"{sign} {notice.title}", SECTION_AT_MOST), "blocks": blocks[:BLOCKS_AT_MOST]}


def escaped(text: str, limit: int) -> str:
    """The text as Slack shows it literally, at most `limit` characters, never cut within an escape."""
    out: list[str] = []
    length = 0
    for character in text:
        piece = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}.get(character, character)
        if length + len(piece) > limit - 1:
            return "".join(out) + "…"
        out.append(piece)
        length += len(piece)
    return "".join(out)


class SlackWebhook:
    """An incoming webhook. Its address is a secret, and never in an error."""

    def __init__(self, address: SecretStr, timeout: float = TIMEOUT_SECONDS) -> None:
        if not address.get_secret_value().startswith(("https://", "http://127.0.0.1:")):
            raise UserError("SLACK_WEBHOOK_URL is no address of a webhook", where="settings", hint="https://...")
        self._address, self._timeout = address, timeout

    def send(self, notice: Notice, _key: str) -> None:
        """Sends a notice. Raises `NotNowError` when it is to be tried again, `NotWantedError` when that is no use."""
        try:
            answer = httpx.post(self._address.get_secret_value(), json=to_slack(notice), timeout=self._timeout)
        except httpx.HTTPError as error:
            raise NotNowError(f"Slack can't be reached: {type(error).__name__}") from None
        if answer.status_code == 200:
            return
        said = f"Slack answers {answer.status_code} {answer.text[:100]}"
        if answer.status_code == 429 or answer.status_code >= 500:
            asked = answer.headers.get("retry-after", "")
            raise NotNowError(said, float(asked) if asked.isdecimal() else None)
        raise NotWantedError(said)


def _section(text: str) -> JsonValue:
    return {"type": "section", "text": _text(text)}


def _text(text: str) -> JsonValue:
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _code(text: str) -> str:
    """Text for a block of code, which three back ticks would end."""
    return escaped(text.replace("```", "'''"), SECTION_AT_MOST - 100)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _cut_lines(lines: list[str], limit: int) -> str:
    kept: list[str] = []
    for line in lines:
        if sum(len(one) + 1 for one in kept) + len(line) > limit:
            break
        kept.append(line)
    return "\n".join(kept)
