"""Claude: one question, one structured answer, and what it cost. The only place that talks to Anthropic's API."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

import yaml
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from compilers.errors import UserError, shorten

if TYPE_CHECKING:
    import anthropic
    from anthropic.types import Message

TIMEOUT_SECONDS = 180.0
MAX_RETRIES = 2
"""Of the client itself, with back-off: after 408, 409, 429, 5xx and broken connections."""
MAX_TOKENS = 16_000
MILLION = Decimal(1_000_000)
COST_PLACES = Decimal("0.000001")
_DATED = re.compile(r"-\d{8}\Z")


class ClaudeError(UserError):
    """Claude can't be used, or gave an answer that can't be used. Never holds the key."""


class ModelPrice(BaseModel):
    """USD for a million tokens."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    input: Decimal = Field(ge=0)
    output: Decimal = Field(ge=0)


class Prices(BaseModel):
    """The file `claude_prices.yaml`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    currency: str
    checked: date
    source: str
    note: str = ""
    models: Mapping[str, ModelPrice]

    def cost(self, model: str, input_tokens: int, output_tokens: int) -> Decimal | None:
        """What a request cost, rounded to a millionth; None for a model whose price isn't known."""
        price = self.models.get(model) or self.models.get(_DATED.sub("", model))
        if price is None:
            return None
        return ((price.input * input_tokens + price.output * output_tokens) / MILLION).quantize(COST_PLACES)


@dataclass(frozen=True)
class Answer:
    """A structured answer, and what it took. `cost` is None when the model's price isn't known."""

    value: JsonValue
    model: str
    input_tokens: int
    output_tokens: int
    cost: Decimal | None
    currency: str


@cache
def prices() -> Prices:
    """The prices that come with the project. Raises `UserError` when the file is wrong."""
    file = resources.files("resources").joinpath("claude_prices.yaml")
    try:
        return Prices.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except (yaml.YAMLError, ValidationError) as error:
        raise UserError(f"not a price list: {shorten(str(error))}", where=file.name) from None


class Claude:
    """Asks one model for structured answers.

    `base_url` is for gateways and tests. Raises `ClaudeError` when there is no key.
    """

    def __init__(
        self,
        api_key: str,
        model: str,
        *,
        base_url: str | None = None,
        timeout: float = TIMEOUT_SECONDS,
        max_retries: int = MAX_RETRIES,
    ) -> None:
        if not api_key.strip():
            raise ClaudeError("there is no key for Claude", where="settings", hint="set ANTHROPIC_API_KEY")
        self.model = model
        self._key, self._base_url, self._timeout, self._retries = api_key, base_url, timeout, max_retries
        self._client: anthropic.Anthropic | None = None

    def __repr__(self) -> str:
        return f"Claude(model={self.model!r})"

    def ask(self, system: str, question: str, tool: str, description: str, schema: dict[str, JsonValue]) -> Answer:
        """The answer to `question` as input of a tool with this JSON Schema. Raises `ClaudeError`.

        The tool isn't forced, since models that always think refuse that; an answer without it is an error. The
        value is JSON that follows the schema as a rule, and must still be validated.
        """
        import anthropic

        try:
            message = self._connected().messages.create(
                model=self.model,
                max_tokens=MAX_TOKENS,
                system=system,
                messages=[{"role": "user", "content": question}],
                tools=[{"name": tool, "description": description, "input_schema": {**schema, "type": "object"}}],
                tool_choice={"type": "auto", "disable_parallel_tool_use": True},
            )
        except anthropic.APIStatusError as error:
            raise _refused(error.status_code, self.model) from None
        except anthropic.APITimeoutError:
            raise _failed("did not answer in time", "try again, or set another AUTO_ITER_MODEL") from None
        except anthropic.APIConnectionError:
            raise _failed("can't be reached", "check the network and any proxy") from None
        except (anthropic.AnthropicError, ValueError, TypeError, AttributeError):
            raise _failed("gave an answer that is not one of its API", "check the address it is reached at") from None
        return self._answer(message, tool)

    def _connected(self) -> anthropic.Anthropic:
        import anthropic

        if self._client is None:
            self._client = anthropic.Anthropic(
                api_key=self._key, base_url=self._base_url, timeout=self._timeout, max_retries=self._retries
            )
        return self._client

    def _answer(self, message: Message, tool: str) -> Answer:
        content = getattr(message, "content", None)
        usage = getattr(message, "usage", None)
        taken = [getattr(usage, name, None) for name in ("input_tokens", "output_tokens")]
        if not isinstance(content, list) or not all(isinstance(count, int) for count in taken):
            raise _failed("gave an answer that is not one of its API", "check the address it is reached at")
        used = [block for block in content if block.type == "tool_use" and block.name == tool]
        if message.stop_reason == "max_tokens":
            raise _failed("gave an answer that was cut off", "shorten the request, or set another AUTO_ITER_MODEL")
        if message.stop_reason == "refusal":
            raise _failed("declined the request", "the rules read it instead")
        if not used or not isinstance(used[0].input, dict):
            raise _failed("answered in words instead of the structure", "try again, or set another AUTO_ITER_MODEL")
        counted_in, counted_out = (int(count or 0) for count in taken)
        known = prices()
        return Answer(
            value=used[0].input,
            model=message.model or self.model,
            input_tokens=counted_in,
            output_tokens=counted_out,
            cost=known.cost(self.model, counted_in, counted_out),
            currency=known.currency,
        )


def _failed(what: str, hint: str) -> ClaudeError:
    return ClaudeError(f"Claude {what}", where="Claude", hint=hint)


def _refused(status: int, model: str) -> ClaudeError:
    """What a status means for the person; the service's own words may quote the request, and are left out."""
    name = shorten(model, 80)
    match status:
        case 401:
            return _failed("refused the key (401)", "check ANTHROPIC_API_KEY")
        case 402:
            return _failed("wants a payment first (402)", "check the account's billing")
        case 403:
            return _failed(f"doesn't allow this key to use `{name}` (403)", "check the key's workspace")
        case 404:
            return _failed(f"has no model `{name}` (404)", "check AUTO_ITER_MODEL")
        case 413:
            return _failed("finds the request too large (413)", "shorten the intake")
        case 429:
            return _failed("is asked too often (429)", "wait a minute, or raise the account's limits")
        case 529:
            return _failed("is overloaded (529)", "try again in a few minutes")
        case _ if status >= 500:
            return _failed(f"has a problem of its own ({status})", "try again in a few minutes")
        case _:
            return _failed(f"refused the request ({status})", "check AUTO_ITER_MODEL; the rules read it instead")
