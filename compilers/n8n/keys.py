"""Keys that stand in a scenario: on n8n they belong in a credential, never in a node.

Many scenarios call a service with a key written into a header or the address. The node that makes the call gets a
credential instead, which a person fills; the key itself goes nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from pydantic import JsonValue

from compilers.export import NeededConnection
from compilers.expressions.javascript import js_string
from compilers.n8n.values import expression
from compilers.n8n.workshop import Workshop
from compilers.secrets import is_secret_name, secret_in
from compilers.spec import AppStep, TriggerStep

HTTP = "n8n-nodes-base.httpRequest"
_PLACES = {"headerParameters": "sendHeaders", "queryParameters": "sendQuery"}
_KINDS = {"headerParameters": "httpHeaderAuth", "queryParameters": "httpQueryAuth"}
_ALSO = frozenset({"token", "key", "auth", "x-auth-token", "signature"})
"""Names that are harmless elsewhere, and hold a key in a call's headers or address."""
SEVERAL = "httpCustomAuth"
"""The credential that holds any number of headers and query parameters."""


def take_out(shop: Workshop, step: TriggerStep | AppStep, name: str) -> None:
    """Takes fixed keys out of an HTTP Request node, and asks for the credential that holds them."""
    node = shop.canvas.nodes[name]
    parameters = node["parameters"]
    if node["type"] != HTTP or not isinstance(parameters, dict):
        return
    found: list[tuple[str, str]] = []
    has_account = "credentials" in node or parameters.get("authentication") not in (None, "none")
    for place, switch in _PLACES.items():
        listed = _entries(parameters.get(place))
        secret = [entry for entry in listed if _is_secret(entry)]
        if not secret:
            continue
        found += [(place, str(entry["name"])) for entry in secret]
        if has_account:
            kept = [{**entry, "value": _to_fill_in(entry)} if entry in secret else entry for entry in listed]
        else:
            kept = [entry for entry in listed if entry not in secret]
        if kept:
            parameters[place] = {"parameters": [*kept]}
        else:
            parameters.pop(place)
            parameters.pop(switch, None)
    if found and not has_account:
        _ask(shop, step, name, found, parameters)
    for _, secret_name in found:
        what = f"the key in `{secret_name}` stands in the original, readable for all"
        shop.note("warning", step, what, "put it into the credential, and have a new one made")


def _entries(value: JsonValue) -> list[dict[str, JsonValue]]:
    listed = value.get("parameters") if isinstance(value, dict) else None
    return [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []


def _is_secret(entry: Mapping[str, JsonValue]) -> bool:
    name, value = entry.get("name"), entry.get("value")
    if not isinstance(name, str) or not isinstance(value, str) or not value or value.startswith("="):
        return False
    return is_secret_name(name) or name.lower() in _ALSO or secret_in(value) is not None


def _to_fill_in(entry: Mapping[str, JsonValue]) -> str:
    return expression(js_string(f"(fill in: {entry['name']})"))


def _ask(
    shop: Workshop,
    step: TriggerStep | AppStep,
    name: str,
    found: list[tuple[str, str]],
    parameters: dict[str, JsonValue],
) -> None:
    kind = _KINDS[found[0][0]] if len(found) == 1 else SEVERAL
    parameters |= {"authentication": "genericCredentialType", "genericAuthType": kind}
    label = f"{', '.join(secret for _, secret in found)} of {_host(parameters.get('url'))}"
    shop.canvas.nodes[name]["credentials"] = {kind: {"id": None, "name": label}}
    shop.connections.append(
        NeededConnection(app=step.app, label=label, platform_type=kind, steps=(step.id,), places=(name,))
    )


def _host(url: JsonValue) -> str:
    """The host of a fixed address; of one that is computed, what can be known."""
    try:
        return (urlsplit(url).hostname if isinstance(url, str) and not url.startswith("=") else None) or "the service"
    except ValueError:
        return "the service"
