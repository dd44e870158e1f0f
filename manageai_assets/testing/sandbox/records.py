"""What the sandbox is told to expect, and what it has seen."""

from __future__ import annotations

from pydantic import Field, JsonValue

from manageai_assets.testing.models import Answer, Request, TestModel


class Call(TestModel):
    """One call of an app that must come, and what the app answers to it."""

    request: Request
    answer: Answer


class Sent(TestModel):
    """One request that reached the sandbox: what it was, and what the sandbox took it for.

    A request that does several things, such as one that appends two rows, is recorded once for each.
    """

    at: int = Field(description="its place in the order of all requests")
    method: str
    url: str = Field(description="the whole address, without the query")
    query: dict[str, JsonValue] = Field(default_factory=dict, description="repeated names have a list")
    headers: dict[str, str] = Field(default_factory=dict, description="lower case; those with secrets are left out")
    body: JsonValue = Field(default=None, description="decoded: JSON, a form's fields, or text")
    status: int = Field(description="what was answered; 0 for a connection that was closed")
    app: str = Field(default="", description="whose host it is; empty when nobody's")
    step: str = Field(default="", description="the step whose call it was; empty when none was expected")
    call: int | None = Field(default=None, description="which of the expected calls it was, from 0")
    operation: str = Field(default="", description="of the registry: the call's, or the first that the request may be")
    inputs: dict[str, JsonValue] = Field(
        default_factory=dict, description="those that could be read from the request exactly, by the registry's names"
    )
    preliminary: bool = Field(default=False, description="only on the way to a call, such as a list of sheets")
    repeats: int | None = Field(default=None, description="not expected, but the same as that earlier request: a retry")
    refused: bool = False

    @property
    def expected(self) -> bool:
        """Whether a call like it had to come."""
        return bool(self.step)
