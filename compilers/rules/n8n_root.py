"""n8n rules: the document as a whole, its settings and its pinned data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

from compilers.errors import shorten
from compilers.rules.engine import Place
from compilers.rules.n8n_scan import words
from compilers.rules.n8n_subject import BOOK, N8nSubject, as_object, is_number
from compilers.rules.n8n_values import kind_of, shown

MAX_NAME = 128
"""Longest workflow name that n8n's API takes."""
ROOT_KEYS = words(
    "name nodes connections settings pinData staticData meta tags active id versionId description isArchived "
    "nodeGroups projectId "
    "activeVersionId activeVersion sourceWorkflowId versionMetadata versionCounter createdAt updatedAt triggerCount "
    "homeProject sharedWithProjects usedCredentials scopes parentFolder parentFolderId shared"
)
"""Keys of n8n's own exports and of the documents that its API takes and gives."""
BOOLEANS = ("saveExecutionProgress", "saveManualExecutions", "availableInMCP")
CHOICES: Mapping[str, tuple[str, ...]] = {
    "saveDataErrorExecution": ("all", "none", "DEFAULT"),
    "saveDataSuccessExecution": ("all", "none", "DEFAULT"),
    "callerPolicy": ("any", "none", "workflowsFromAList", "workflowsFromSameOwner"),
    "binaryMode": ("separate", "combined"),
    "timeSavedMode": ("fixed", "dynamic"),
}
SETTINGS = words(
    "executionTimeout errorWorkflow timezone executionOrder callerIds timeSavedPerExecution redactionPolicy "
    "customTelemetryTags credentialResolverId"
).union(BOOLEANS, CHOICES)
"""Settings that n8n's API takes."""


@BOOK.rule("root.object", "error", area="root", hint="give one workflow: an object with `nodes` and `connections`")
def root_object(subject: N8nSubject) -> Iterator[Place]:
    """The document is one workflow object."""
    if not isinstance(subject.document, dict):
        yield "", f"the document is {kind_of(subject.document)}"


@BOOK.rule("root.nodes", "error", area="root", hint="list the nodes under `nodes`")
def root_nodes(subject: N8nSubject) -> Iterator[Place]:
    """`nodes` is a list."""
    if subject.root and not isinstance(subject.root.get("nodes"), list):
        yield "nodes", f"is {kind_of(subject.root.get('nodes'))}, and must be a list"


@BOOK.rule("root.connections", "error", area="root", hint="give `connections` as an object, keyed by node names")
def root_connections(subject: N8nSubject) -> Iterator[Place]:
    """`connections` is an object."""
    if subject.root and not isinstance(subject.root.get("connections"), dict):
        yield "connections", f"is {kind_of(subject.root.get('connections'))}, and must be an object"


@BOOK.rule("root.empty", "error", area="root", hint="add a trigger and the nodes that it starts")
def root_empty(subject: N8nSubject) -> Iterator[Place]:
    """A workflow has nodes besides notes."""
    if isinstance(subject.root.get("nodes"), list) and not subject.nodes:
        yield "nodes", "holds no node that does anything"


@BOOK.rule("root.name-missing", "warning", area="root", hint="name the workflow: n8n's API takes none without")
def root_name_missing(subject: N8nSubject) -> Iterator[Place]:
    """A workflow has a name."""
    if subject.root and subject.root.get("name") is None:
        yield "name", "the workflow has no name"


@BOOK.rule("root.name", "error", area="root", hint="use 1 to 128 characters")
def root_name(subject: N8nSubject) -> Iterator[Place]:
    """The workflow's name is text that n8n takes."""
    name = subject.root.get("name")
    if name is None:
        return
    if not isinstance(name, str):
        yield "name", f"is {kind_of(name)}, and must be text"
    elif not name.strip() or len(name) > MAX_NAME:
        yield "name", f"has {len(name)} characters, or none to see"


@BOOK.rule("root.keys", "warning", area="root", hint="remove it: n8n's API refuses what it doesn't know")
def root_keys(subject: N8nSubject) -> Iterator[Place]:
    """The workflow has no keys that n8n doesn't know."""
    for key in subject.root:
        if key not in ROOT_KEYS:
            yield shorten(key, 60), "is no part of an n8n workflow"


@BOOK.rule("settings.object", "error", area="settings", hint="give `settings` as an object; it may be empty")
def settings_object(subject: N8nSubject) -> Iterator[Place]:
    """`settings` is an object."""
    settings = subject.root.get("settings")
    if settings is not None and not isinstance(settings, dict):
        yield "settings", f"is {kind_of(settings)}, and must be an object"


@BOOK.rule("settings.there", "info", area="settings", hint="give `settings` with `executionOrder`")
def settings_there(subject: N8nSubject) -> Iterator[Place]:
    """A workflow has settings: n8n's API takes none without, and an import takes old defaults."""
    if subject.root and subject.root.get("settings") is None:
        yield "settings", "is missing"


@BOOK.rule(
    "settings.keys", "warning", area="settings", hint="remove it: n8n's API refuses settings that it doesn't know"
)
def settings_keys(subject: N8nSubject) -> Iterator[Place]:
    """The settings are ones that n8n knows."""
    for key in subject.settings:
        if key not in SETTINGS:
            yield f"settings.{shorten(key, 60)}", "is not a setting of n8n"


@BOOK.rule("settings.values", "error", area="settings", hint="use one of the values that n8n knows")
def settings_values(subject: N8nSubject) -> Iterator[Place]:
    """Settings have values that n8n knows."""
    for key, value in subject.settings.items():
        where = f"settings.{key}"
        if key in CHOICES and value not in CHOICES[key]:
            yield where, f"{shown(value)} is not one of: {', '.join(CHOICES[key])}"
        elif key in BOOLEANS and not isinstance(value, bool) and value != "DEFAULT":
            yield where, f"is {kind_of(value)}, and must be true or false"
        elif key == "executionTimeout" and not is_number(value):
            yield where, f"is {kind_of(value)}, and must be a number of seconds"


@BOOK.rule("settings.execution-order", "warning", area="settings", hint="set `settings.executionOrder` to `v1`")
def settings_execution_order(subject: N8nSubject) -> Iterator[Place]:
    """Branches run one after the other, from top to bottom: execution order v1."""
    order = subject.settings.get("executionOrder")
    if isinstance(subject.root.get("settings"), dict) and order != "v1":
        yield (
            "settings.executionOrder",
            f"is {shown(order)}; without `v1` branches run interleaved, the order of old versions",
        )


@BOOK.rule("settings.timezone", "error", area="settings", hint="use a name such as `Europe/Berlin`")
def settings_timezone(subject: N8nSubject) -> Iterator[Place]:
    """The timezone exists; with another one every expression fails when the workflow runs."""
    zone = subject.settings.get("timezone")
    if zone is not None and zone != "DEFAULT" and not (isinstance(zone, str) and zone in _timezones()):
        yield "settings.timezone", f"{shown(zone)} is not a timezone"


@cache
def _timezones() -> frozenset[str]:
    from zoneinfo import available_timezones

    return frozenset(available_timezones())


@BOOK.rule(
    "settings.error-workflow", "error", area="settings", hint="give the id of the workflow, or remove the setting"
)
def settings_error_workflow(subject: N8nSubject) -> Iterator[Place]:
    """An error workflow is named by its id, and isn't the workflow itself."""
    target = subject.settings.get("errorWorkflow")
    if target is None or target in ("", "DEFAULT"):
        return
    if not isinstance(target, str):
        yield "settings.errorWorkflow", f"is {kind_of(target)}, and must be the id of a workflow"
    elif not target.isalnum():
        yield "settings.errorWorkflow", f"{shown(target)} is not an id: n8n's ids are letters and digits"


@BOOK.rule("settings.error-workflow-there", "info", area="settings", hint="import and publish the error workflow first")
def settings_error_workflow_there(subject: N8nSubject) -> Iterator[Place]:
    """An error workflow must be published in the same n8n: n8n only logs when it isn't."""
    target = subject.settings.get("errorWorkflow")
    if isinstance(target, str) and target.isalnum() and target != "DEFAULT":
        yield "settings.errorWorkflow", f"this document can't tell whether workflow {shown(target)} is published"


@BOOK.rule("pin-data.nodes", "warning", area="pin data", hint="name a node of the workflow, or remove the pinned data")
def pin_data_nodes(subject: N8nSubject) -> Iterator[Place]:
    """Data is pinned to nodes that exist."""
    for name in as_object(subject.root.get("pinData")):
        if name not in subject.by_name:
            yield f"pinData.{shorten(name, 80)}", "is pinned to a node that doesn't exist"


@BOOK.rule("pin-data.items", "error", area="pin data", hint="pin a list of items, each an object")
def pin_data_items(subject: N8nSubject) -> Iterator[Place]:
    """Pinned data is a list of items."""
    pinned = subject.root.get("pinData")
    if pinned is not None and not isinstance(pinned, dict):
        yield "pinData", f"is {kind_of(pinned)}, and must be an object"
    for name, items in as_object(pinned).items():
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            yield f"pinData.{shorten(name, 80)}", "is no list of items"
