"""Logging: one line a message, and no secret in it."""

from __future__ import annotations

import logging

import pytest

from manageai_assets.logging_setup import KeyValueFormatter, without_secrets


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("connecting to postgresql://anna:hunter2@db.example:5432/shop", "hunter2"),
        ("api_key=abc123 was refused", "abc123"),
        ("{'api-key': 'abc123'}", "abc123"),
        ("Authorization: Bearer abc123.def", "abc123"),
        ("password = hunter2", "hunter2"),
        ("the key sk-ant-REDACTED", "sk-ant-REDACTED"),
        ("posting to https://hooks.slack.com/services/T0/B0/abcdef", "abcdef"),
    ],
)
def test_secrets_are_hidden(text: str, secret: str) -> None:
    assert secret not in without_secrets(text)


@pytest.mark.parametrize("text", ["the token count is fine", "https://example.com/a@b", "lead-router@v1 is new"])
def test_other_text_stays(text: str) -> None:
    assert without_secrets(text) == text


def test_a_message_is_one_line() -> None:
    record = logging.LogRecord("manageai.x", logging.WARNING, "f.py", 1, 'two\nlines "quoted" %s', ("a=b",), None)
    line = KeyValueFormatter().format(record)
    assert "\n" not in line
    assert 'level=warning logger=manageai.x message="two\\nlines \\"quoted\\" a=b"' in line
