"""What the sandbox makes of a request: whose it is, which expected call it answers, and with what.

1. OAuth tokens are given to everybody who asks for one.
2. Calls that say the whole request themselves (`http.request`, an app's `api_call`) are told by its address.
3. An app with a table of its own finds its row: a preliminary one it answers itself, any other names operations.
4. Other apps are told by their host, or by being the only ones left that could be meant.
5. Of the calls that it may be, it is the one whose values it holds most of, then the one that it differs least from
   in what can be read exactly, then the earliest.
6. What nobody expected is answered as the same request was before (a retry), else as the app would, and recorded so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pydantic import JsonValue

from compilers.documents import members
from compilers.registry import registry
from manageai_assets.testing.models import Failure
from manageai_assets.testing.sandbox.contained import differing, shares
from manageai_assets.testing.sandbox.records import Call, Sent
from manageai_assets.testing.sandbox.services import SERVICES, generic, raw, service_of
from manageai_assets.testing.sandbox.services.base import Asked, Row, Service, item_of
from manageai_assets.testing.sandbox.wire import Incoming, Json, Reply

Test = Callable[[Call], bool]
_TABLES = frozenset(service.app for service in SERVICES)


@dataclass
class Play:
    """One run: the calls that must come, and all requests so far. Not for several threads at once."""

    expected: tuple[Call, ...] = ()
    sent: list[Sent] = field(default_factory=list)
    waiting: list[Call] = field(default_factory=list)
    kept: dict[str, dict[str, JsonValue]] = field(default_factory=dict)
    replies: dict[int, tuple[Incoming, Reply]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # copies, so that a call which must come twice is two
        self.expected = tuple(call.model_copy() for call in self.expected)
        self.waiting = list(self.expected)

    def answer(self, incoming: Incoming) -> Reply:
        """The answer to a request, which is recorded."""
        if _asks_for_token(incoming) and not any(raw.concerns(call.request, incoming) for call in self.expected):
            return self._sign_in(incoming)
        if (before := self._signed_in_for(incoming)) is not None:
            reply = self.replies[before][1]
            self._record(incoming, reply, repeats=before, preliminary=True)
            return reply
        service = service_of(incoming)
        kept = self.kept.setdefault(service.app if service else "", {})
        asked = Asked(incoming, calls=self.expected, waiting=self.waiting, kept=kept)
        row = service.find(asked) if service else None
        may_be = self._may_be(incoming, service, row)
        if not service and (helped := self._helped(incoming, may_be)):
            return self._on_the_way(asked, helped)
        if service and _is_preliminary(row, incoming) and not any(map(may_be, self.waiting)):
            return self._preliminary(asked, service, row)
        if not service and not any(map(may_be, self.expected)):
            return self._refuse(incoming)
        return self._effects(asked, service, row, may_be)

    def _sign_in(self, incoming: Incoming) -> Reply:
        """A new token, whoever is asked for it: n8n wants one when an app has answered 401."""
        reply = Reply(200, {"access_token": "sandbox-token", "token_type": "Bearer", "expires_in": 3600})
        self._record(incoming, reply, body={"grant_type": incoming.fields["grant_type"]}, preliminary=True)
        return reply

    def _signed_in_for(self, incoming: Incoming) -> int | None:
        """The same request just before, when it was answered 401 and n8n has got a new token since: no further try."""
        if len(self.sent) < 2 or members(self.sent[-1].body).get("grant_type") != "refresh_token":
            return None
        before = self._repeated(incoming)
        return before if before == len(self.sent) - 2 and self.sent[before].status == 401 else None

    def _may_be(self, incoming: Incoming, service: Service | None, row: Row | None) -> Test:
        """Which calls the request can be."""

        def test(call: Call) -> bool:
            request = call.request
            if raw.is_raw(request):
                return raw.concerns(request, incoming)
            if service and request.app == service.app:
                return request.operation in row.names if row else request.operation not in service.named
            return generic.is_for(request.app, incoming)

        if service or any(map(test, self.expected)):
            return test
        apps = {call.request.app for call in self.expected if _is_unknown(call)}
        return (lambda call: call.request.app in apps and _is_unknown(call)) if len(apps) == 1 else test

    def _preliminary(self, asked: Asked, service: Service, row: Row | None) -> Reply:
        reply = _reply(row.wire(asked) if row else {})
        self._record(asked.incoming, reply, app=service.app, preliminary=True)
        return reply

    def _helped(self, incoming: Incoming, may_be: Test) -> Call | None:
        """Of an app without a table: the call on whose way the request is, before what it does or behind it."""
        held = shares(self._sent(incoming, Reply()))
        ahead = [call for call in self.waiting if may_be(call)]
        if any(raw.is_raw(call.request) or generic.fits(call.request, incoming, held(call.request)) for call in ahead):
            return None
        if ahead:
            return ahead[0]
        come = [call for call in self.expected if may_be(call) and generic.helps(call.request)]
        behind = [call for call in come if held(call.request) < 1 or not generic.fits(call.request, incoming, 0)]
        return behind[-1] if behind else None

    def _on_the_way(self, asked: Asked, call: Call) -> Reply:
        reply = self._success(asked, None, None, [call])
        self._record(asked.incoming, reply, app=call.request.app, preliminary=True)
        return reply

    def _refuse(self, incoming: Incoming) -> Reply:
        reply = Reply(502, {"error": f"sandbox: nothing of this run concerns {incoming.host}"})
        self._record(incoming, reply, refused=True)
        return reply

    def _effects(self, asked: Asked, service: Service | None, row: Row | None, may_be: Test) -> Reply:
        inputs = row.inputs(asked) if row else ({},)
        matched: list[tuple[Call | None, Json]] = [(self._take(asked.incoming, one, may_be), one) for one in inputs]
        calls = [call for call, _ in matched if call]
        again = None if calls else self._repeated(asked.incoming)
        failure = next((call.answer.failure for call in calls if call.answer.failure), None)
        if again is not None:
            reply = self.replies[again][1]
        elif failure:
            reply = _failed(failure, service if calls and not raw.is_raw(calls[0].request) else None)
        else:
            reply = self._success(asked, service, row, calls)
        likely = next((call.request.app for call in self.expected if may_be(call)), "")
        for call, one in matched:
            app = call.request.app if call else service.app if service else likely
            operation = call.request.operation if call else row.names[0] if row and row.names else ""
            at = self._record(
                asked.incoming, reply, app=app, operation=operation, step=call.request.step if call else "",
                inputs=_known(app, operation, one), repeats=again, call=self._place_of(call),
            )  # fmt: skip
            self.replies.setdefault(at, (asked.incoming, reply))
        return reply

    def _take(self, incoming: Incoming, inputs: Json, may_be: Test) -> Call | None:
        """The call that the request is, which then has come."""
        candidates = [call for call in self.waiting if may_be(call)]
        if not candidates:
            return None
        sent = self._sent(incoming, Reply(), inputs=inputs)
        held = shares(sent)

        def likeness(call: Call) -> tuple[float, int]:
            request = call.request
            known = _known(request.app, request.operation, inputs)
            return held(request), -len(differing(request, sent.model_copy(update={"inputs": known})))

        best = max(candidates, key=likeness)
        self.waiting[:] = [call for call in self.waiting if call is not best]
        return best

    def _place_of(self, call: Call | None) -> int | None:
        return next((index for index, one in enumerate(self.expected) if one is call), None)

    def _repeated(self, incoming: Incoming) -> int | None:
        """The latest request that was the same."""
        for at, (other, _) in reversed(self.replies.items()):
            if (other.method, other.address, other.content) == (incoming.method, incoming.address, incoming.content):
                return at
        return None

    def _success(self, asked: Asked, service: Service | None, row: Row | None, calls: Sequence[Call]) -> Reply:
        first = calls[0] if calls else None
        asked.bundles = [bundle for call in calls for bundle in call.answer.bundles]
        if first:
            request = first.request
            asked.operation = request.operation
            asked.items = [item_of(request.app, request.operation, bundle) for bundle in asked.bundles]
            if raw.is_raw(request):
                return raw.reply(asked.bundle)
            if row is None or service is None or request.app != service.app:
                return generic.answer(request, asked)
        elif row and row.names:
            asked.operation = row.names[0]
        return _reply(row.wire(asked)) if row else Reply(200, {})

    def _record(self, incoming: Incoming, reply: Reply, **more: object) -> int:
        sent = self._sent(incoming, reply, **more)
        self.sent.append(sent)
        return sent.at

    def _sent(self, incoming: Incoming, reply: Reply, **more: object) -> Sent:
        known: dict[str, object] = {
            "at": len(self.sent), "method": incoming.method, "url": incoming.url, "query": incoming.query,
            "headers": incoming.headers, "body": incoming.body, "status": 0 if reply.dropped else reply.status,
        }  # fmt: skip
        return Sent.model_validate({**known, **more})


def _asks_for_token(incoming: Incoming) -> bool:
    """Whether it is OAuth's way to get a token."""
    return incoming.method == "POST" and "grant_type" in incoming.fields


def _is_preliminary(row: Row | None, incoming: Incoming) -> bool:
    """Whether it is asked on the way: what a row says so of, and what no row knows but changes nothing."""
    return not row.names if row else incoming.method in ("GET", "HEAD", "OPTIONS")


def _is_unknown(call: Call) -> bool:
    """Whether it isn't known which hosts the call's app has."""
    request = call.request
    return request.app not in _TABLES and not raw.is_raw(request) and not generic.hosts_of(request.app)


def _known(app: str, operation: str, inputs: Json) -> Json:
    """Those inputs that the operation has."""
    known = registry().find(app, operation)
    return {name: value for name, value in inputs.items() if known and name in known.inputs}


def _reply(made: JsonValue | Reply) -> Reply:
    return made if isinstance(made, Reply) else Reply(200, made)


def _failed(failure: Failure, service: Service | None) -> Reply:
    if failure.status is None:
        return Reply(504, {"error": failure.message}, dropped=True)
    body = service.failed(failure) if service else raw.failed(failure)
    # nodes that wait and try again by themselves wait no longer than that
    return Reply(failure.status, body, {"retry-after": "0"} if failure.status == 429 else {})
