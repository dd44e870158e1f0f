"""n8n rules: credentials of nodes, and secrets that must not be in a workflow."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import JsonValue

from compilers.errors import shorten
from compilers.n8n.descriptors import Condition, NodeClass
from compilers.n8n.display import Context, is_expression, is_shown
from compilers.rules.engine import Place
from compilers.rules.n8n_subject import BOOK, N8nSubject, Node, as_list, as_object
from compilers.rules.n8n_values import kind_of, shown
from compilers.secrets import is_secret_name, secret_in

DETAILS = frozenset({"id", "name"})
CHOOSERS = ("nodeCredentialType", "genericAuthType")
"""Parameters that name the credential type of nodes that take many, such as the HTTP Request node."""
NAME_AND_VALUE = (("name", "value"), ("key", "value"), ("headerName", "headerValue"))
"""Pairs of fields in which nodes take a header or query parameter by name."""
PAIR_DEPTH = 8


@BOOK.rule("credential.shape", "warning", area="credential", hint="give `credentials` as {type: {id, name}}")
def credential_shape(subject: N8nSubject) -> Iterator[Place]:
    """Credentials are named by type, each an object."""
    for node in subject.all_nodes:
        credentials = node.raw.get("credentials")
        if credentials is not None and not isinstance(credentials, dict):
            yield node.at("credentials"), f"is {kind_of(credentials)}, and must be an object"
        for name, value in as_object(credentials).items():
            if not isinstance(value, dict):
                yield node.at(f"credentials.{shorten(name, 60)}"), f"is {kind_of(value)}, and must be an object"


@BOOK.rule("credential.type", "error", area="credential", hint="use a credential type of n8n")
def credential_type(subject: N8nSubject) -> Iterator[Place]:
    """A credential's type exists."""
    for node in subject.nodes:
        if not subject.catalogue.versions(node.type):
            continue
        for name in as_object(node.raw.get("credentials")):
            if name not in subject.catalogue.credential_types:
                yield node.at(f"credentials.{shorten(name, 60)}"), "is not a credential type of n8n"


@BOOK.rule("credential.taken", "error", area="credential", hint="name a credential that the node takes as it is set up")
def credential_taken(subject: N8nSubject) -> Iterator[Place]:
    """A node takes the credential that it names, with the authentication chosen; n8n doesn't use any other."""
    for node in subject.nodes:
        known = subject.description(node)
        allowed = _taken(subject, node, known) if known else None
        for name in as_object(node.raw.get("credentials")):
            if allowed is not None and name not in allowed and name in subject.catalogue.credential_types:
                there = ", ".join(sorted(allowed)) or "none"
                yield node.at(f"credentials.{shorten(name, 60)}"), f"the node takes {there}"


@BOOK.rule(
    "credential.required", "warning", area="credential", hint="name the credential, to be connected after the import"
)
def credential_required(subject: N8nSubject) -> Iterator[Place]:
    """A node that needs a credential names it."""
    for node in subject.nodes:
        known = subject.description(node)
        if known is None or node.disabled:
            continue
        named = as_object(node.raw.get("credentials"))
        needed = [slot.name for slot in known.credentials if slot.required and _applies(subject, node, slot.condition)]
        values = subject.values(node)
        needed += [str(values[key]) for key in CHOOSERS if _is_chosen(subject, node, known, key)]
        if needed and not any(name in named for name in needed):
            yield node.at("credentials"), f"needs {' or '.join(sorted(set(needed)))}"


@BOOK.rule("credential.empty", "error", area="credential", hint="give the credential a name or an id")
def credential_empty(subject: N8nSubject) -> Iterator[Place]:
    """A credential has a name or an id by which a person can find it."""
    for node in subject.nodes:
        for name, value in as_object(node.raw.get("credentials")).items():
            details = as_object(value)
            if isinstance(value, dict) and not (details.get("name") or details.get("id")):
                yield node.at(f"credentials.{shorten(name, 60)}"), "has neither a name nor an id"


@BOOK.rule(
    "credential.inside", "error", area="credential", hint="keep only `id` and `name`; enter secrets in n8n itself"
)
def credential_inside(subject: N8nSubject) -> Iterator[Place]:
    """A workflow refers to credentials, and doesn't hold what is in them."""
    for node in subject.all_nodes:
        for name, value in as_object(node.raw.get("credentials")).items():
            extra = [key for key in as_object(value) if key not in DETAILS and not key.startswith("__")]
            if extra:
                yield (
                    node.at(f"credentials.{shorten(name, 60)}"),
                    f"holds more than id and name: {shorten(extra[0], 40)}",
                )


@BOOK.rule("credential.secret-text", "error", area="credential", hint="make a credential in n8n, and revoke this one")
def credential_secret_text(subject: N8nSubject) -> Iterator[Place]:
    """No parameter holds what looks like a password, key or token."""
    for use in subject.uses:
        found = secret_in(use.text)
        if found:
            yield use.where, f"holds what looks like {found}"


@BOOK.rule(
    "credential.secret-field", "warning", area="credential", hint="use a credential of type Header Auth or Query Auth"
)
def credential_secret_field(subject: N8nSubject) -> Iterator[Place]:
    """Headers and fields made for secrets, such as `Authorization`, take no fixed text."""
    for node in subject.nodes:
        if not node.of("httpRequest", "set"):
            continue
        for where, name, value in _pairs(dict(node.parameters), "parameters"):
            fixed = isinstance(value, str) and len(value) >= 8 and not is_expression(value) and "{" not in value
            if fixed and is_secret_name(name) and not secret_in(str(value)):
                yield node.at(where), f"gives {shown(name)} a fixed text"


def _taken(subject: N8nSubject, node: Node, known: NodeClass) -> frozenset[str]:
    values = subject.values(node)
    chosen = {str(values[key]) for key in CHOOSERS if isinstance(values.get(key), str)}
    slots = {slot.name for slot in known.credentials if _applies(subject, node, slot.condition)}
    return frozenset(slots | chosen)


def _applies(subject: N8nSubject, node: Node, condition: Condition | None) -> bool:
    values = subject.values(node)
    return is_shown(condition, values, Context(node.type, node.version or 0, values))


def _is_chosen(subject: N8nSubject, node: Node, known: NodeClass, key: str) -> bool:
    value = subject.values(node).get(key)
    in_use = any(_applies(subject, node, one.condition) for one in known.parameter(key))
    return isinstance(value, str) and bool(value) and not is_expression(value) and in_use


def _pairs(value: JsonValue, path: str, depth: int = 0) -> Iterator[tuple[str, str, JsonValue]]:
    """Objects inside the parameters that pair a name with a value, with their places."""
    if depth > PAIR_DEPTH:
        return
    if isinstance(value, dict):
        for name_key, value_key in NAME_AND_VALUE:
            name = value.get(name_key)
            if isinstance(name, str) and value_key in value:
                yield path, name, value[value_key]
        for key, inner in value.items():
            yield from _pairs(inner, f"{path}.{key}", depth + 1)
    for index, inner in enumerate(as_list(value)):
        yield from _pairs(inner, f"{path}[{index}]", depth + 1)
