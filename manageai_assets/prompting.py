"""What Claude is asked with: prompts that people edit, and data that stay data.

A prompt is a file of `templates/prompts`. What a client wrote goes in as JSON in which no text can close the element
around it.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from pydantic import JsonValue

from compilers.errors import UserError
from manageai_assets.intake.assessment import Usage
from resources.claude import Answer

PROMPTS = Path(__file__).resolve().parents[1] / "templates" / "prompts"
_BRACKETS = {ord("<"): "\\u003c", ord(">"): "\\u003e"}


@cache
def prompt(name: str) -> str:
    """The text of a prompt. Raises `UserError` when its file can't be read."""
    file = PROMPTS / name
    try:
        return file.read_text(encoding="utf-8")
    except OSError:
        raise UserError("the prompt can't be read", where=f"templates/prompts/{name}") from None


def as_data(value: JsonValue) -> str:
    """JSON in which no text can close the element around it."""
    return json.dumps(value, ensure_ascii=False, indent=1).translate(_BRACKETS)


def usage_of(answer: Answer) -> Usage:
    """What an answer took."""
    return Usage(
        requests=1,
        input_tokens=answer.input_tokens,
        output_tokens=answer.output_tokens,
        cost=answer.cost,
        currency=answer.currency,
    )
