"""What a file of `apps/` holds: one app, its operations, and what they are called on each platform.

The models are the schema, its documentation and its validation. Inputs and outputs have neutral names; the platform
sides bind them (see `compilers.registry.binding`) to the real module or node, its version and its parameters.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from functools import cached_property
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, model_validator

from compilers.registry.binding import inputs_of
from compilers.registry.reading import Module, Read, fields_of, holds, read_one, says_something, turned_round

FieldType = Literal["text", "number", "boolean", "date", "array", "object", "file", "any"]
RegistryName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]


class RegistryModel(BaseModel):
    """Base of the registry's models: frozen, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class InputField(RegistryModel):
    """One input of an operation. `files` are a list of `{name, data}`; `addresses` one e-mail address or a list of
    them, of which the platforms refuse what is none before they call the app."""

    type: FieldType | Literal["files", "addresses"] = "text"
    required: bool = False
    description: str = ""
    default: JsonValue = Field(default=None, description="what it is when it isn't given")
    options: tuple[str, ...] = Field(default=(), description="the only values allowed, when there are any")
    template: bool = Field(default=True, description="false: a fixed value, since a platform takes no expression here")
    example: JsonValue = Field(default=None, description="a realistic value, for documents and tests")


class Columns(RegistryModel):
    """An output whose first path segment is a column header, which the platform knows by its index instead."""

    columns: str = Field(description="name of the input that lists the headers in order")


class OutputSpec(RegistryModel):
    """One output of an operation. The platform paths say where the platform puts it: unset means under the same name,
    an empty text means at the top of the bundle, and `false` that the platform doesn't give it."""

    type: FieldType = "any"
    description: str = ""
    make: str | Columns | Literal[False] | None = None
    n8n: str | Columns | Literal[False] | None = None
    zapier: str | None = Field(default=None, description="unset: not known; names of fields with `__` between them")
    n8n_text: str | None = Field(default=None, description="of a file: where n8n puts its content when it is text")


def _lists_of_ways(given: object) -> object:
    if not isinstance(given, dict):
        return given
    return {name: ways if isinstance(ways, list) else [ways] for name, ways in given.items()}


Ways = Annotated[dict[str, tuple[Read, ...]], BeforeValidator(_lists_of_ways)]
"""Where each input stands; one way is a list of one."""


class MakeModule(RegistryModel):
    """A Make module."""

    module: str | None = Field(description="`app:Name`; null when Make needs no module, as for a schedule")
    version: int = 1
    versions: tuple[int, ...] = Field(default=(), description="further versions that take the same fields")
    read: bool = Field(default=True, description="false: only written; another operation reads this module")
    when: dict[str, JsonValue] = Field(
        default_factory=dict, description="the fields by which this operation is told from others of the same module"
    )
    reads: Ways = Field(
        default_factory=dict, description="where inputs stand, beyond what the binding says; see `reading`"
    )
    ignores: tuple[str, ...] = Field(
        default=(), description="fields that only steer Make's editor or its way of working, so that nothing is lost"
    )
    parameters: dict[str, JsonValue] = Field(default_factory=dict, description="binding of the static settings")
    mapper: dict[str, JsonValue] | None = Field(default_factory=dict, description="binding of the values per run")
    hook: str | None = Field(default=None, description="parameter that takes the webhook, which a person must create")
    hook_type: str = Field(default="", description="type of that webhook, such as `gateway-webhook`")
    connection: bool = Field(default=True, description="false: takes no account itself, as where its webhook holds it")
    source: str = Field(default="", description="where names and versions were seen")
    notes: str = ""

    @cached_property
    def ways(self) -> Mapping[str, tuple[Read, ...]]:
        """How each input is read from the module's fields: by `reads`, else by the binding turned round."""
        return {**turned_round(self.parameters), **turned_round(self.mapper), **self.reads}

    def takes(self, version: int | None) -> bool:
        """Whether the module in this version is meant."""
        return version is None or version == self.version or version in self.versions


Grade = Literal["native", "equivalent", "manual"]
"""How well a platform's step stands for one of another: by a node for that app and operation, by other nodes with the
same effect, or not at all."""

GENERIC_NODES = frozenset({"n8n-nodes-base.httpRequest", "n8n-nodes-base.code", "n8n-nodes-base.graphql"})
"""Nodes that do anything; for an app's operation they are an equivalent, however well they do it."""


class N8nPart(RegistryModel):
    """One node of n8n. Standing alone, it helps an operation's main node, before it or behind it."""

    title: str = Field(default="", description="of a helping node: what it does, put behind the step's title")
    node: str = Field(description="full type name, such as `n8n-nodes-base.slack`")
    version: float
    parameters: dict[str, JsonValue] = Field(default_factory=dict, description="binding of the parameters")
    settings: dict[str, JsonValue] = Field(default_factory=dict, description="of the node, such as `retryOnFail`")
    uses: tuple[str, ...] = Field(
        default=(), description="of an entry of `n8n_forms`: used only where later steps refer to one of these outputs"
    )
    credential: str | Literal[False] | None = Field(
        default=None,
        description="credential type; unset: a main node takes the app's, a helping node none; false: none",
    )
    when: dict[str, JsonValue] = Field(
        default_factory=dict, description="used only when inputs have these values (true: given, false: not given)"
    )


class Bare(RegistryModel):
    """An output that a node gives as the whole item where it was told so."""

    output: str
    unless: str = Field(description="the parameter that makes it one field among others, as the compiler sets it")


class N8nNode(N8nPart):
    """An operation's main node on n8n, with the nodes that help it."""

    webhook: bool = Field(default=False, description="the node listens on a webhook and needs a `webhookId`")
    polling: bool = Field(default=False, description="the node polls and takes `pollTimes`")
    several: bool = Field(default=False, description="trigger: may give several items at once though it doesn't poll")
    credential_label: str = Field(default="", description="what its account is called where that isn't the app's")
    outputs: int = Field(default=1, ge=1, description="how many of the node's main outputs lead on")
    before: tuple[N8nPart, ...] = ()
    after: tuple[N8nPart, ...] = ()
    result: str = Field(
        default="",
        description="JavaScript object over `$json`: what a Set node behind gives in place of the node's own output",
    )
    scheduled: bool = Field(default=False, description="trigger: a Schedule Trigger starts it, as n8n has none for it")
    seen_by: str = Field(
        default="", description="scheduled: JavaScript over `$json` that tells a new item from one seen before"
    )
    grade: Grade | None = Field(default=None, description="where it is another than the node's type says")
    reads: Ways = Field(
        default_factory=dict, description="where inputs stand, beyond what the binding says; see `reading`"
    )
    told_by: dict[str, JsonValue] = Field(
        default_factory=dict, description="parameters by which this is told from others of the same node, read back"
    )
    ignores: tuple[str, ...] = Field(default=(), description="parameters that say nothing beside what inputs say")
    bare: Bare | None = None
    notes: str = ""

    @cached_property
    def ways(self) -> Mapping[str, tuple[Read, ...]]:
        """How each input is read from the node's parameters: by `reads`, else by the binding turned round."""
        return {**turned_round(self.parameters), **self.reads}


class ZapierApp(RegistryModel):
    """What an app is called on Zapier. `seen` is when the source named it so, or else when the source was looked at."""

    api: str = Field(description="its app as exports name it, without the version: `SlackCLIAPI`")
    older: tuple[str, ...] = Field(default=(), description="what older exports name it")
    version: str = Field(default="", description="the version last seen; empty where none was, as for built-in apps")
    name: str = Field(default="", description="what Zapier's editor calls it, where that isn't the app's name")
    source: str = Field(description="where the name was seen")
    seen: date = Field(description="when it was last seen")


class ZapierStep(RegistryModel):
    """A step of Zapier, as real exports or public documentation show it."""

    api: str = Field(description="its app as exports name it, without the version; unset: the app's own")
    older: tuple[str, ...] = Field(default=(), description="what older exports name its app; unset: the app's own")
    version: str = Field(default="", description="the app's version last seen; unset: the app's own")
    action: str = Field(description="key of the trigger, action or search")
    type_of: Literal["read", "write", "search", "filter"]
    name: str = Field(default="", description="what Zapier's editor calls the event, where that is known")
    read: bool = Field(default=True, description="false: only written; another operation reads this step")
    params: dict[str, JsonValue] = Field(
        default_factory=dict, description="binding of the input values, as far as their keys are known"
    )
    fixed: dict[str, JsonValue] = Field(default_factory=dict, description="inputs that always have this value here")
    reads: Ways = Field(
        default_factory=dict, description="where inputs stand, beyond what the binding says; see `reading`"
    )
    ignores: tuple[str, ...] = Field(default=(), description="fields that say nothing beside what inputs say")
    source: str = Field(description="where the names were seen")
    seen: date = Field(description="when they were last seen")

    @cached_property
    def ways(self) -> Mapping[str, tuple[Read, ...]]:
        """How each input is read from the step's fields: by `reads`, else as fixed or by the binding turned round."""
        fixed = {name: (Read(value=value),) for name, value in self.fixed.items()}
        return {**turned_round(self.params), **fixed, **self.reads}

    @property
    def selected_api(self) -> str:
        """The app as an export pins it."""
        return f"{self.api}@{self.version}" if self.version else self.api

    def is_step(self, api: str, action: str, type_of: str = "") -> bool:
        """Whether a step of an export is this one; `type_of` tells those of the same key apart."""
        named = api in (self.api, *self.older) and action == self.action
        return self.read and named and type_of in ("", self.type_of)

    def unread(self, fields: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
        """The fields of a step that no input is read from, so that they would be lost."""
        passed = {*fields_of(self.ways), *self.ignores}
        heads = tuple(way.prefix for ways in self.ways.values() for way in ways if way.prefix)
        beside = self.params.get("$and")
        always = {**self.params, **(beside if isinstance(beside, dict) else {})}
        return {
            name: value
            for name, value in fields.items()
            if says_something(value)
            and name not in passed
            and not (heads and name.startswith(heads))
            and always.get(name) != value
        }


class ZapierEvent(RegistryModel):
    """What Zapier's editor calls an event of which no more is known."""

    name: str = Field(description="such as `New Entry`")
    source: str = Field(description="where the name was seen")
    seen: date = Field(description="when it was last seen")


class Operation(RegistryModel):
    """One thing an app can do."""

    kind: Literal["trigger", "action", "search", "transform"] = Field(
        description="a search gives one bundle for each result; a transform reaches no service"
    )
    instant: bool = Field(default=False, description="trigger: runs at once on an event, not on a schedule")
    at_once: str = Field(
        default="", description="polling trigger: what tells Make of the same event at once; empty: nothing is known"
    )
    summary: str = Field(description="what it does, for people: `Send a message to a channel`")
    verbs: tuple[str, ...] = Field(default=(), description="words in a client's request that ask for it")
    inputs: dict[str, InputField] = Field(default_factory=dict)
    outputs: dict[str, OutputSpec] = Field(default_factory=dict)
    open_outputs: bool = Field(default=False, description="gives further fields that can't be known beforehand")
    connection: bool = Field(default=True, description="false: works without the app's account")
    side_effect: bool = Field(default=True, description="changes something outside; false for reads and transforms")
    removes: bool = Field(
        default=False,
        description="takes away what can't be had back, so that a module is this only where all of its fields are read",
    )
    keeps_state: bool = Field(default=False, description="remembers something from one bundle to the next")
    make: MakeModule | None = None
    make_forms: tuple[MakeModule, ...] = Field(default=(), description="further modules of Make that do the same")
    n8n: N8nNode | None = None
    zapier: ZapierStep | None = None
    zapier_event: ZapierEvent | None = Field(default=None, description="its event's name, where its key isn't known")
    n8n_forms: tuple[N8nNode, ...] = Field(
        default=(), description="what stands for it under the conditions of their `when`; the first that fits is taken"
    )

    @property
    def make_modules(self) -> tuple[MakeModule, ...]:
        """Every module of Make that does this; the first is the one to write."""
        return (*((self.make,) if self.make else ()), *self.make_forms)

    def make_module(self, name: JsonValue) -> MakeModule | None:
        """The module of that name, or the one to write."""
        return next((module for module in self.make_modules if module.module == name), self.make)

    @property
    def n8n_nodes(self) -> tuple[N8nNode, ...]:
        """Every node that may stand for it on n8n."""
        return (*self.n8n_forms, *((self.n8n,) if self.n8n else ()))

    def n8n_node(self, inputs: Mapping[str, JsonValue], used: Collection[str] = ()) -> N8nNode | None:
        """The node that stands for it with these inputs, where later steps refer to the outputs `used`."""
        given = Module(inputs, {})
        for node in self.n8n_forms:
            if holds(node.when, given) and (not node.uses or any(name in used for name in node.uses)):
                return node
        return self.n8n

    @model_validator(mode="after")
    def _names_are_known(self) -> Operation:
        for name, field in self.inputs.items():
            if field.options and field.default is not None and str(field.default) not in field.options:
                raise ValueError(f"the default of the input `{name}` is none of its options")
        used: dict[str, frozenset[str]] = {}
        for index, module in enumerate(self.make_modules):
            place = f"make_forms.{index}" if index else "make"
            bindings = {"parameters": module.parameters, "mapper": module.mapper}
            used |= {f"{place}.{part}": inputs_of(binding) for part, binding in bindings.items()}
            used[f"{place}.reads"] = frozenset(module.reads)
        for index, node in enumerate(self.n8n_nodes):
            parts: tuple[N8nPart, ...] = (node, *node.before, *node.after)
            used |= {f"n8n.{index}.{part.node}": inputs_of(part.parameters) for part in parts}
            used[f"n8n.{index}.reads"] = frozenset(node.reads)
            used[f"n8n.{index}.when"] = frozenset(name for one in parts for name in one.when)
            used[f"n8n.{index}.result"] = inputs_of({"$js": node.result})
        if self.zapier:
            read = frozenset([*self.zapier.reads, *self.zapier.fixed])
            used |= {"zapier.params": inputs_of(self.zapier.params), "zapier.reads": read}
        for name, output in self.outputs.items():
            sides = {"make": output.make, "n8n": output.n8n}
            used |= {
                f"outputs.{name}.{side}": frozenset([one.columns])
                for side, one in sides.items()
                if isinstance(one, Columns)
            }
        unknown = [
            f"{place} uses `{name}`" for place, names in used.items() for name in sorted(names - set(self.inputs))
        ]
        if unknown:
            raise ValueError(f"{', '.join(unknown)}, which is no input of the operation")
        return self

    @property
    def zapier_words(self) -> str:
        """What Zapier's editor calls the event; empty where that isn't known."""
        known = self.zapier or self.zapier_event
        return known.name if known else ""

    def is_zapier_step(self, fields: Mapping[str, JsonValue]) -> bool:
        """Whether a step with these fields is this operation: all that is filled in is read, and nothing is missing."""
        step = self.zapier
        if step is None or step.unread(fields):
            return False
        needed = (name for name, field in self.inputs.items() if field.required and field.default is None)
        return all(says_something(read_one(step.ways.get(name, ()), Module(fields, {}))) for name in needed)

    def zapier_gaps(self, inputs: Mapping[str, JsonValue]) -> tuple[str, ...]:
        """The inputs with values that Zapier's step takes in a field whose key isn't known, or not at all."""
        step = self.zapier
        if step is None:
            return ()
        taken = inputs_of(step.params) | step.fixed.keys()
        asked, usual = self.with_defaults(inputs), {name: field.default for name, field in self.inputs.items()}
        other = [name for name, value in step.fixed.items() if asked.get(name, value) != value]
        lost = [
            name
            for name, value in inputs.items()
            if value not in (None, "", [], {}) and name not in taken and value != usual.get(name)
        ]
        return (*other, *lost)

    def with_defaults(self, inputs: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
        """The inputs, with this operation's defaults for those that were not given."""
        defaults = {name: field.default for name, field in self.inputs.items() if field.default is not None}
        return {**defaults, **inputs}


class MakeConnection(RegistryModel):
    """How a Make module names its account."""

    type: str = Field(description="connection type, such as `slack3`; keys say so: `keychain:apikeyauth`")
    parameter: str = "__IMTCONN__"


class N8nConnection(RegistryModel):
    """Which n8n credential a node takes."""

    credential: str
    parameters: dict[str, JsonValue] = Field(default_factory=dict, description="parameters that choose it")


class AppConnection(RegistryModel):
    """What a person must connect before the app works."""

    label: str = Field(description="what it is called for people: `Slack account`")
    grants: str = Field(default="", description="the access that the client must give, for documents")
    make_types: tuple[str, ...] = Field(default=(), description="further connection types that Make's modules take")
    setup_minutes: int = Field(default=20, ge=0, description="typical time to connect it once")
    make: MakeConnection | None = None
    n8n: N8nConnection | None = None


class App(RegistryModel):
    """One app: a file of `apps/`."""

    app: RegistryName
    name: str
    category: Literal["core", "communication", "crm", "data", "ai", "files", "commerce", "productivity", "developer"]
    aliases: tuple[str, ...] = Field(default=(), description="other names in a client's request, lower case")
    documentation: str = Field(default="", description="public documentation of the app's API")
    verified: date = Field(description="when the names and versions were last held against the platforms")
    connection: AppConnection | None = None
    zapier: ZapierApp | None = Field(default=None, description="unset: it isn't known to be on Zapier")
    operations: dict[RegistryName, Operation]

    @model_validator(mode="before")
    @classmethod
    def _steps_of_zapier_are_the_apps(cls, given: object) -> object:
        """Steps of Zapier are of the app's own name and version there, unless they name another app."""
        zapier = given.get("zapier") if isinstance(given, dict) else None
        operations = given.get("operations") if isinstance(given, dict) else None
        if not isinstance(given, dict) or not isinstance(zapier, dict) or not isinstance(operations, dict):
            return given
        own = {name: zapier[name] for name in ("api", "older", "version") if name in zapier}
        filled: dict[object, object] = {}
        for name, operation in operations.items():
            step = operation.get("zapier") if isinstance(operation, dict) else None
            if isinstance(step, dict) and "api" not in step:
                operation = {**operation, "zapier": {**own, **step}}
            filled[name] = operation
        return {**given, "operations": filled}

    @property
    def zapier_name(self) -> str:
        """What Zapier's editor calls the app; empty where it isn't known to be there."""
        return (self.zapier.name or self.name) if self.zapier else ""

    @property
    def offered(self) -> dict[str, Operation]:
        """The operations that people ask for, those with verbs; the others say what exports hold. All when none has."""
        return {name: one for name, one in self.operations.items() if one.verbs} or dict(self.operations)


class FlowModule(RegistryModel):
    """What one construct of the spec's control flow is called on each platform (`flow.yaml`)."""

    make: str
    make_version: int = 1
    n8n: str
    n8n_version: float
