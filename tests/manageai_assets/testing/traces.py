"""Runs of the router spec, made by hand: a big lead from Germany takes two routes, a small one the fallback."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue

from manageai_assets.testing.models import Case, Request, StepTrace, Trace

LEAD: dict[str, JsonValue] = {"body": {"name": "Ada Example", "email": "ada@lead.example", "budget": 12000}}


def case(name: str = "big-lead", **more: object) -> Case:
    """A case with what every case needs."""
    given = {"name": name, "group": "routes", "title": "A big lead is told", "bundles": (LEAD,), **more}
    return Case.model_validate(given)


def request(step: str, app: str = "slack", operation: str = "send_message", **inputs: JsonValue) -> Request:
    """One call of an app."""
    return Request(step=step, app=app, operation=operation, inputs=inputs)


def ran(step: str, *requests: Request, **more: object) -> StepTrace:
    """A step that one bundle passed."""
    given = {"bundles_in": 1, "bundles_out": 1, "operations": len(requests), **more}
    return StepTrace.model_validate({"step": step, "requests": requests, **given})


def trace(*steps: StepTrace, **more: object) -> Trace:
    """A run of these steps, its requests in their order."""
    ordered = [each for step in steps for each in step.requests]
    by_id: Mapping[str, StepTrace] = {step.step: step for step in steps}
    return Trace.model_validate(
        {"engine": "simulate", "status": "success", "requests": ordered, **more, "steps": by_id}
    )


def big_lead() -> Trace:
    """The run of a lead with a big budget, from abroad."""
    return trace(
        ran("lead"),
        ran("route"),
        ran("key_accounts", request("key_accounts", channel="key-accounts", text="Big lead: Ada Example")),
        ran("log_big", request("log_big", "google_sheets", "add_row", sheet="Log", values={"Name": "Ada Example"})),
        taken=("lead>route", "route>key_accounts", "key_accounts>log_big"),
        stopped=("route>berlin",),
        milliseconds=0.75,
    )


def small_lead() -> Trace:
    """The run of a lead with a small budget, from abroad."""
    return trace(
        ran("lead"),
        ran("route"),
        ran("log_rest", request("log_rest", "google_sheets", "add_row", sheet="Log", values={"Name": "Bo Example"})),
        taken=("lead>route", "route>log_rest"),
        stopped=("route>key_accounts", "route>berlin"),
        milliseconds=0.5,
    )


def german_lead() -> Trace:
    """The run of a lead with a small budget from Germany."""
    return trace(
        ran("lead"),
        ran("route"),
        ran("berlin", request("berlin", channel="berlin", text="Lead from Germany: Cy Example")),
        taken=("lead>route", "route>berlin"),
        stopped=("route>key_accounts",),
        milliseconds=0.25,
    )
