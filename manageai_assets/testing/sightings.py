"""What reached the sandbox, as the requests of steps.

A request that was expected is told by its step; the values that had to be in it and weren't stand as what was sent
instead, so that a comparison shows just these.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from http import HTTPStatus

from pydantic import JsonValue

from compilers.documents import members
from compilers.registry import registry
from manageai_assets.testing.making import replaced
from manageai_assets.testing.models import Answer, Case, Failure, Request, Trace
from manageai_assets.testing.sandbox.contained import differing, missing
from manageai_assets.testing.sandbox.records import Call, Sent
from manageai_assets.testing.sandbox.services import raw
from manageai_assets.testing.sandbox.wire import is_recorded

UNEXPECTED = "unexpected"
"""Stands for the step of a request that no step should have made."""
Place = tuple[str | int, ...]


def calls_of(case: Case, expected: Trace) -> tuple[Call, ...]:
    """The calls that must come, in their order, with what the case's apps answer."""
    counts: dict[str, int] = {}
    return tuple(_call(case, request, counts) for request in expected.requests)


def _call(case: Case, request: Request, counts: dict[str, int]) -> Call:
    at = counts.get(request.step, 0)
    counts[request.step] = at + 1
    missed = lacking(request)
    answers = case.answers.get(request.step, ())
    if missed:
        answer = Answer(failure=Failure(name="400", message=f"Missing value of `{missed}`."))
    else:
        answer = answers[min(at, len(answers) - 1)] if answers else Answer()
    return Call(request=request, answer=answer)


def answered_by_chance(calls: Iterable[Call], all_sent: frozenset[str]) -> str | None:
    """The first of the steps `all_sent`, which send all of theirs at the same moment, that asks the same twice and gets
    different answers."""
    answers: dict[tuple[str, str], Answer] = {}
    for call in calls:
        if call.request.step in all_sent:
            asked = (call.request.step, json.dumps(call.request.inputs, sort_keys=True))
            if answers.setdefault(asked, call.answer) != call.answer:
                return call.request.step
    return None


def lacking(request: Request) -> str:
    """The first input that the operation needs and the call doesn't have; empty when it has all."""
    operation = registry().find(request.app, request.operation)
    needed = [name for name, field in operation.inputs.items() if field.required] if operation else []
    return next((name for name in needed if name not in request.inputs), "")


def requests_of(expected: Trace, seen: Sequence[Sent], all_sent: frozenset[str] = frozenset()) -> tuple[Request, ...]:
    """The requests that the sandbox saw, in their order; preliminary ones and repetitions are none of their own. Those
    of the steps `all_sent`, which send all of theirs at the same moment, are in the order that was expected."""
    waiting: dict[str, list[tuple[int, Request]]] = {}
    for place, request in enumerate(expected.requests):
        waiting.setdefault(request.step, []).append((place, request))
    found = list(_requests(waiting, seen))
    for step in all_sent:
        own = [at for at, (_, request) in enumerate(found) if request.step == step]
        in_order = sorted((found[at] for at in own), key=lambda one: one[0])
        for at, one in zip(own, in_order, strict=True):
            found[at] = one
    return tuple(request for _, request in found)


def _requests(waiting: dict[str, list[tuple[int, Request]]], seen: Sequence[Sent]) -> Iterator[tuple[int, Request]]:
    """The requests, each with the place of the one that it was expected to be; one that wasn't comes last."""
    signed_in_again = _signed_in_again(seen)
    for sent in seen:
        if sent.preliminary or sent.at in signed_in_again or members(sent.body).get("grant_type") == "refresh_token":
            continue
        queue = waiting.get(sent.step)
        if queue:
            place, request = queue.pop(_best([request for _, request in queue], sent))
            yield place, _as_sent(request, sent)
        else:
            yield (
                sys.maxsize,
                Request.model_construct(
                    step=sent.step or UNEXPECTED,
                    app=sent.app or "unknown",
                    operation=sent.operation or "request",
                    inputs={"method": sent.method, "url": sent.url, "body": sent.body, **sent.inputs},
                ),
            )


def _signed_in_again(seen: Sequence[Sent]) -> frozenset[int]:
    """The places of requests that repeat one which was answered 401. Some nodes of n8n sign in anew and ask once more
    whatever the app says, others don't: where each was asked just once more, the second is no further try."""
    refused = {sent.at: sent.step for sent in seen if sent.step and sent.status == HTTPStatus.UNAUTHORIZED}
    again = {sent.at: sent.repeats for sent in seen if not sent.step and not sent.preliminary}
    more: dict[str, list[int]] = {}
    for place, first in again.items():
        while first in again:  # each repeats the one before
            first = again[first]
        if first in refused:
            more.setdefault(refused[first], []).append(place)
    asked = Counter(refused.values())
    return frozenset(at for step, places in more.items() if len(places) == asked[step] for at in places)


def _best(queue: Sequence[Request], sent: Sent) -> int:
    """Which of a step's calls a request was: the first that lacks least."""
    lacking = [len(missing(request, sent)) + len(differing(request, sent)) for request in queue]
    return lacking.index(min(lacking))


def _as_sent(request: Request, sent: Sent) -> Request:
    inputs: JsonValue = request.inputs
    for path, _ in missing(request, sent):
        place = _place(path)
        inputs = replaced(inputs, place, _instead(sent, place))
    for path, _, value in differing(request, _read(request, sent)):
        inputs = replaced(inputs, _place(path), value)
    return request.model_copy(update={"inputs": inputs})


def _read(request: Request, sent: Sent) -> Sent:
    """The request with what can be read exactly when the call says all of it itself: the method, the body with the
    names of its fields, the parameters of the address, and the headers."""
    if not raw.is_raw(request):
        return sent
    found: dict[str, JsonValue] = {"method": sent.method}
    if isinstance(request.inputs.get("body"), (dict, list)):
        found["body"] = sent.body
    if query := members(request.inputs.get("query")):
        found["query"] = {name: sent.query.get(name) for name in query}
    if headers := members(request.inputs.get("headers")):
        seen = {name: sent.headers.get(name.lower()) for name in headers if _is_exact(name)}
        found["headers"] = {**headers, **seen}
    return sent.model_copy(update={"inputs": {**found, **sent.inputs}})


def _is_exact(header: str) -> bool:
    """Whether a header is sent as it was given: clients say more of the content's type."""
    return is_recorded(header) and header.lower() != "content-type"


def _instead(sent: Sent, place: Place) -> JsonValue:
    """What was sent in place of a value: as it could be read from the request, else the request itself."""
    found: JsonValue = dict(sent.inputs)
    for part in place:
        if isinstance(found, dict) and isinstance(part, str) and part in found:
            found = found[part]
            continue
        if isinstance(found, list) and isinstance(part, int) and part < len(found):
            found = found[part]
            continue
        return {"not in": f"{sent.method} {sent.url}", "body": sent.body}
    return found


def _place(path: str) -> Place:
    """`inputs.values[0].name` as keys and positions below the inputs."""
    parts: list[str | int] = []
    for part in path.removeprefix("inputs.").replace("[", ".[").split("."):
        parts.append(int(part[1:-1]) if part.startswith("[") and part[1:-1].isdigit() else part)
    return tuple(parts)
