"""The correct automations into which faults are seeded: the example intakes, and specs that have what those lack.

Between them: routers of both modes with fallbacks, filters with AND and OR, loops, all kinds of aggregates, variables,
indexes, HTTP calls of every method, answers to webhooks, and handlers that ignore, resume, retry and branch.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from pydantic import JsonValue

from compilers.export import Export
from compilers.exports import emit
from compilers.expressions.context import Context
from compilers.spec import Condition, Filter, PlatformName, Spec, parse_spec
from manageai_assets.intake.reading import read_intake
from manageai_assets.intake.stages import assessment, canonical_spec
from manageai_assets.intake.submitted import intake
from manageai_assets.stages import run_stages
from manageai_assets.testing.cases import suite_of
from manageai_assets.testing.models import Case
from manageai_assets.testing.simulator import Simulator, context_of
from tests.compilers.flows import GROUPS, HANDLER_BRANCHES, IF_MERGE, LOOP, NESTED_LOOP, REPEAT, ROUTER_ALL
from tests.manageai_assets.build.specs import errors, loop, router

EXAMPLES = Path(__file__).parents[2] / "examples" / "intakes"


@dataclass(frozen=True)
class Subject:
    """A correct spec with its suite and its exports. `platforms` are those whose export passes the whole suite."""

    spec: Spec
    platforms: tuple[PlatformName, ...] = ("make", "n8n")

    @cached_property
    def name(self) -> str:
        return self.spec.slug

    @cached_property
    def cases(self) -> tuple[Case, ...]:
        """The suite's cases, as a build makes them."""
        return suite_of(self.spec).cases

    @cached_property
    def reached(self) -> dict[str, frozenset[str]]:
        """The steps that each case must reach, by the case's name."""
        simulator = Simulator(self.spec)
        return {case.name: frozenset(simulator.run(case, self.context(case)).steps) for case in self.cases}

    def context(self, case: Case) -> Context:
        """The moment and the chance of a case."""
        return context_of(self.spec, case.name)

    def export(self, platform: PlatformName) -> Export:
        """What the client would import."""
        known = self._exports.get(platform)
        if known is None:
            known = self._exports[platform] = emit(self.spec, platform)
        return known

    @cached_property
    def _exports(self) -> dict[PlatformName, Export]:
        return {}


@cache
def subjects() -> tuple[Subject, ...]:
    """All of them, in the same order each time."""
    known = (*_examples(), router(), loop(), errors(), orders(), digest(), *_flows(), _with_json(HANDLER_BRANCHES.spec))
    return (
        *map(Subject, known),
        Subject(LOOP.spec, ("n8n",)),  # on Make, a list within an answer's JSON becomes a text
    )


def _examples() -> Iterator[Spec]:
    for file in sorted(EXAMPLES.glob("*.yaml")):
        outcomes = run_stages((intake, assessment, canonical_spec), {"submitted": read_intake(file)}, time.perf_counter)
        spec = outcomes["canonical_spec"].value
        if isinstance(spec, Spec):
            yield spec


def _flows() -> tuple[Spec, ...]:
    return _apart(ROUTER_ALL.spec), *(flow.spec for flow in (IF_MERGE, NESTED_LOOP, GROUPS, REPEAT))


def _apart(spec: Spec) -> Spec:
    """The spec with a second route that looks at another number: where it only lets through what the first does too,
    its part of the fallback's condition decides nothing, and faults in there are none."""
    second = next(edge for edge in spec.edges if edge.target == "second")
    where = Filter(any_of=((Condition(left="{{ call.body.y }}", operator="number:greater", right=10),),))
    edges = tuple(edge.model_copy(update={"filter": where}) if edge is second else edge for edge in spec.edges)
    trigger = spec.trigger.model_copy(update={"sample": {"body": {"x": 20, "y": 20}}})
    return spec.model_copy(update={"edges": edges, "trigger": trigger})


def _with_json(spec: Spec) -> Spec:
    """The spec with a text that can be parsed as its usual data."""
    trigger = spec.trigger.model_copy(update={"sample": {"body": {"text": '{"a": 1}'}}})
    return spec.model_copy(update={"trigger": trigger})


def orders() -> Spec:
    """A shop's order: the customer is looked up, big or urgent orders are told to sales, foreign ones go to the
    forwarder, and the shop gets an answer."""
    urgent: JsonValue = [
        [
            {"left": "{{ order.body.total }}", "operator": "number:at_least", "right": 1000},
            {"left": "{{ order.body.country }}", "operator": "text:equals", "right": "NL"},
        ],
        [{"left": "{{ order.body.tags }}", "operator": "array:contains", "right": "urgent"}],
    ]
    abroad: JsonValue = [[{"left": "{{ order.body.country }}", "operator": "text:not_equals", "right": "NL"}]]
    return parse_spec(
        {
            "slug": "delta-orders",
            "name": "Orders of the shop",
            "customer": {"name": "Delta Example BV"},
            "settings": {"timezone": "Europe/Amsterdam"},
            "trigger": {
                "kind": "trigger",
                "id": "order",
                "label": "Order",
                "app": "webhook",
                "operation": "receive",
                "sample": {
                    "body": {
                        "number": "D-77",
                        "total": 1250,
                        "country": "NL",
                        "tags": ["gift"],
                        "customer": {"id": "c-9", "name": "Kees Example"},
                        "placed": "2026-11-20T22:30:00Z",
                    }
                },
            },
            "steps": [
                {
                    "id": "client",
                    "label": "Look up the customer",
                    "kind": "app",
                    "app": "http",
                    "operation": "request",
                    "inputs": {
                        "method": "GET",
                        "url": "https://crm.delta.example/v2/customers/{{ order.body.customer.id }}",
                        "query": {"fields": "level", "shop": "{{ order.body.country }}"},
                        "headers": {"X-Source": "shop"},
                    },
                    "sample": {"status": 200, "body": {"level": "gold"}},
                    "on_error": {"strategy": "resume", "substitute": {"body": {"level": "unknown"}}},
                },
                {"id": "ways", "label": "Which ways?", "kind": "router", "mode": "all"},
                {
                    "id": "tell",
                    "label": "Tell sales",
                    "kind": "app",
                    "app": "slack",
                    "operation": "send_message",
                    "connection": "slack",
                    "inputs": {
                        "channel": "big-orders",
                        "text": "{{ order.body.number }} of {{ order.body.customer.name }} ({{ client.body.level }}), "
                        'placed {{ formatDate(order.body.placed; "YYYY-MM-DD") }}',
                    },
                },
                {
                    "id": "forward",
                    "label": "Book the forwarder",
                    "kind": "app",
                    "app": "http",
                    "operation": "request",
                    "inputs": {
                        "method": "PUT",
                        "url": "https://forwarder.example/api/shipments/{{ order.body.number }}",
                        "body": {
                            "to": "{{ order.body.country }}",
                            "name": "{{ order.body.customer.name }}",
                            "value": "{{ order.body.total }}",
                        },
                    },
                    "sample": {"status": 200, "body": {"shipment": "S-1"}},
                    "on_error": {"strategy": "rollback"},
                },
                {
                    "id": "failed",
                    "label": "Tell logistics",
                    "kind": "app",
                    "app": "slack",
                    "operation": "send_message",
                    "connection": "slack",
                    "inputs": {"channel": "logistics", "text": "{{ order.body.number }} can't be booked"},
                },
                {
                    "id": "accepted",
                    "label": "Answer that it is booked",
                    "kind": "respond",
                    "status": 202,
                    "body": {"order": "{{ order.body.number }}", "shipment": "{{ forward.body.shipment }}"},
                },
                {"id": "plain", "label": "Answer", "kind": "respond", "status": 200, "body": "small order"},
            ],
            "edges": [
                {"source": "order", "target": "client"},
                {"source": "client", "target": "ways"},
                {"source": "ways", "target": "tell", "kind": "route", "filter": {"label": "Big", "any_of": urgent}},
                {"source": "ways", "target": "forward", "kind": "route", "filter": {"any_of": abroad}},
                {"source": "ways", "target": "plain", "kind": "route", "fallback": True},
                {"source": "forward", "target": "accepted"},
                {"source": "forward", "target": "failed", "kind": "error"},
            ],
            "connections": [{"id": "slack", "app": "slack", "label": "Slack workspace"}],
        }
    )


def digest() -> Spec:
    """Parts of texts and lists, by position, and a variable; told to a chat, and kept in a table."""
    return parse_spec(
        {
            "slug": "tidal-digest",
            "name": "Digest of the day",
            "customer": {"name": "Tidal Example Ltd"},
            "trigger": {
                "kind": "trigger",
                "id": "report",
                "label": "Report",
                "app": "webhook",
                "operation": "receive",
                "sample": {
                    "body": {
                        "author": "Mia Ann Example",
                        "code": "ABC-123-XYZ",
                        "points": [{"title": "Sales"}, {"title": "Stock"}, {"title": "Staff"}],
                        "score": 70,
                    }
                },
            },
            "steps": [
                {
                    "id": "parts",
                    "label": "Parts",
                    "kind": "set_variables",
                    "variables": [
                        {"name": "second", "value": '{{ get(split(report.body.author; " "); 2) }}'},
                        {"name": "area", "value": "{{ substring(report.body.code; 4; 7) }}"},
                        {"name": "grade", "value": '{{ if(report.body.score >= 70; "good"; "poor") }}'},
                        {"name": "limit", "value": 90},
                    ],
                },
                {
                    "id": "chat",
                    "label": "Tell the team",
                    "kind": "app",
                    "app": "telegram",
                    "operation": "send_message",
                    "connection": "bot",
                    "inputs": {
                        "chat": "-100200300",
                        "text": "{{ parts.second }}/{{ parts.area }}: {{ report.body.points[2].title }}, "
                        "{{ parts.grade }} ({{ report.body.score }} of {{ parts.limit }})",
                    },
                },
                {
                    "id": "keep",
                    "label": "Keep it",
                    "kind": "app",
                    "app": "airtable",
                    "operation": "create_record",
                    "connection": "table",
                    "inputs": {
                        "base": "appTidalExample00",
                        "table": "tblDigestExample0",
                        "fields": {"First": "{{ report.body.points[1].title }}", "Grade": "{{ parts.grade }}"},
                    },
                },
            ],
            "edges": [
                {"source": "report", "target": "parts"},
                {"source": "parts", "target": "chat"},
                {
                    "source": "chat",
                    "target": "keep",
                    "filter": {
                        "any_of": [
                            [
                                {"left": "{{ report.body.score }}", "operator": "number:at_least", "right": 50},
                                {"left": "{{ report.body.code }}", "operator": "text:starts_with", "right": "ABC"},
                            ]
                        ]
                    },
                },
            ],
            "connections": [
                {"id": "bot", "app": "telegram", "label": "Telegram bot"},
                {"id": "table", "app": "airtable", "label": "Airtable account"},
            ],
        }
    )
