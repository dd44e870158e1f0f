"""Credentials that are none: n8n wants one of the right type for every node of an app, and sends what is in it.

What is in them is made up from the type's schema, so that nothing secret can come out, and addresses in them are those
of hosts that only the sandbox answers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import deepcopy

from pydantic import JsonValue

from compilers.documents import items, members
from resources.n8n_api import N8nApi

Json = dict[str, JsonValue]
TOKEN = "sandbox-token"
NOWHERE = "sandbox.invalid"
"""A host that never has an address: for what doesn't go over HTTP."""
_SAID = re.compile(r"subdomain|token|key|secret|password|user|mail|name|id$|sid|account|database|client", re.IGNORECASE)
_UNSAID = re.compile(
    r"^(allowed|ssh|header|private|public|signature|custom|additional|passphrase)|url$|scope|region", re.IGNORECASE
)


def _at(app: str) -> str:
    return f"https://{app}.sandbox.example"


_OWN: dict[str, Json] = {
    "activeCampaignApi": {"apiUrl": _at("activecampaign")},
    "bubbleApi": {"appName": "sandbox"},
    "freshdeskApi": {"domain": "sandbox"},
    "ftp": {"host": NOWHERE, "port": 21},
    "googlePalmApi": {"host": "https://generativelanguage.googleapis.com"},
    "httpHeaderAuth": {"name": "X-Sandbox", "value": TOKEN},
    "httpQueryAuth": {"name": "sandbox", "value": TOKEN},
    "imap": {"host": NOWHERE},
    "invoiceNinjaApi": {"url": _at("invoice-ninja")},
    "jiraSoftwareCloudApi": {"domain": "https://sandbox.atlassian.net"},
    "mailchimpApi": {"apiKey": f"{TOKEN}-us1"},
    "mattermostApi": {"baseUrl": _at("mattermost")},
    "microsoftSql": {"server": NOWHERE},
    "mongoDb": {"host": NOWHERE},
    "mySql": {"host": NOWHERE},
    "oAuth2Api": {"authUrl": _at("oauth"), "accessTokenUrl": _at("oauth")},
    "postgres": {"host": NOWHERE},
    "sftp": {"host": NOWHERE, "port": 22},
    "smtp": {"host": NOWHERE},
    "supabaseApi": {"host": _at("supabase")},
    "wooCommerceApi": {"url": _at("woocommerce")},
    "wordpressApi": {"url": _at("wordpress")},
}
"""What the schema doesn't tell: addresses that have no default, and keys of a form of their own."""
_GRANTED: Json = {
    "access_token": TOKEN, "refresh_token": TOKEN, "token_type": "Bearer", "expires_in": 360_000,
    "instance_url": "https://sandbox.my.salesforce.com", "callbackQueryString": {"realmId": "1"},
}  # fmt: skip
"""What an OAuth sign-in leaves; the last two are Salesforce's and QuickBooks'."""


def dummy_data(kind: str, schema: Mapping[str, JsonValue]) -> Json:
    """Data that n8n accepts for a credential type, by its schema: names and keys made up, everything else as it is when
    nobody says otherwise."""
    required = schema.get("required")
    needed = {str(name) for name in required} if isinstance(required, list) else set()
    made: Json = {}
    for name, field in members(schema.get("properties")).items():
        described = members(field)
        wanted = name in needed or (bool(_SAID.search(name)) and not _UNSAID.search(name))
        if name == "oauthTokenData":
            made[name] = dict(_GRANTED)
        elif wanted and (value := _dummy(name, described, name in needed)) is not None:
            made[name] = value
    return made | _OWN.get(kind, {})


def _dummy(name: str, field: Mapping[str, JsonValue], needed: bool) -> JsonValue:
    choices = items(field.get("enum"))
    if choices:
        return choices[0] if needed else None
    if field.get("type") == "string":
        return "sandbox@mail.example" if "mail" in name.lower() else TOKEN if _is_key(name) else "sandbox"
    return {"number": 1, "boolean": False}.get(str(field.get("type"))) if needed else None


def _is_key(name: str) -> bool:
    return any(word in name.lower() for word in ("token", "key", "secret", "password"))


def with_credentials(server: N8nApi, document: Mapping[str, JsonValue]) -> tuple[Json, tuple[str, ...]]:
    """The workflow with a credential for each node that takes one, and the ids of those made, for deleting them: one of
    each type. Raises `UserError` when n8n refuses one."""
    made: dict[str, Json] = {}
    copy: Json = deepcopy(dict(document))
    for node in items(copy.get("nodes")):
        if not isinstance(node, dict) or node.get("disabled") is True:
            continue
        kinds = _kinds(node)
        for kind in kinds:
            if kind not in made:
                data = dummy_data(kind, server.credential_schema(kind))
                made[kind] = {"id": server.create_credential(kind, data, f"Sandbox {kind}"), "name": f"Sandbox {kind}"}
        if kinds:
            node["credentials"] = {kind: dict(made[kind]) for kind in kinds}
    return copy, tuple(str(one["id"]) for one in made.values())


def _kinds(node: Mapping[str, JsonValue]) -> tuple[str, ...]:
    """The credential types of a node: those that it names, and those that its way of signing in asks for."""
    parameters = members(node.get("parameters"))
    asked = {
        "predefinedCredentialType": parameters.get("nodeCredentialType"),
        "genericCredentialType": parameters.get("genericAuthType"),
    }.get(str(parameters.get("authentication")))
    named = dict.fromkeys(members(node.get("credentials")))
    return tuple(named | dict.fromkeys([asked] if isinstance(asked, str) and asked else []))
