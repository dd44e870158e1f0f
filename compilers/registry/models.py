"""What a file of `apps/` holds: one app, its operations, and what they are called on each platform.

The models are the schema, its documentation and its validation. Inputs and outputs have neutral names; the platform
sides bind them (see `compilers.registry.binding`) to the real module or node, its version and its parameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from compilers.registry.binding import inputs_of

FieldType = Literal["text", "number", "boolean", "date", "array", "object", "file", "any"]
RegistryName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]


class RegistryModel(BaseModel):
    """Base of the registry's models: frozen, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class InputField(RegistryModel):
    """One input of an operation."""

    type: FieldType = "text"
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


class MakeModule(RegistryModel):
    """A Make module."""

    module: str | None = Field(description="`app:Name`; null when Make needs no module, as for a schedule")
    version: int = 1
    parameters: dict[str, JsonValue] = Field(default_factory=dict, description="binding of the static settings")
    mapper: dict[str, JsonValue] | None = Field(default_factory=dict, description="binding of the values per run")
    hook: str | None = Field(default=None, description="parameter that takes the webhook, which a person must create")
    hook_type: str = Field(default="", description="type of that webhook, such as `gateway-webhook`")
    connection: bool = Field(default=True, description="false: takes no account itself, as where its webhook holds it")
    source: str = Field(default="", description="where names and versions were seen")
    notes: str = ""


class N8nNode(RegistryModel):
    """An n8n node."""

    node: str = Field(description="full type name, such as `n8n-nodes-base.slack`")
    version: float
    parameters: dict[str, JsonValue] = Field(default_factory=dict, description="binding of the parameters")
    credential: str | Literal[False] | None = Field(
        default=None, description="credential type when it differs from the app's; false: the node needs none"
    )
    webhook: bool = Field(default=False, description="the node listens on a webhook and needs a `webhookId`")
    polling: bool = Field(default=False, description="the node polls and takes `pollTimes`")
    settings: dict[str, JsonValue] = Field(default_factory=dict, description="of the node, such as `retryOnFail`")
    notes: str = ""


class Operation(RegistryModel):
    """One thing an app can do."""

    kind: Literal["trigger", "action", "search", "transform"] = Field(
        description="a search gives one bundle for each result; a transform reaches no service"
    )
    instant: bool = Field(default=False, description="trigger: runs at once on an event, not on a schedule")
    summary: str = Field(description="what it does, for people: `Send a message to a channel`")
    verbs: tuple[str, ...] = Field(default=(), description="words in a client's request that ask for it")
    inputs: dict[str, InputField] = Field(default_factory=dict)
    outputs: dict[str, OutputSpec] = Field(default_factory=dict)
    open_outputs: bool = Field(default=False, description="gives further fields that can't be known beforehand")
    connection: bool = Field(default=True, description="false: works without the app's account")
    side_effect: bool = Field(default=True, description="changes something outside; false for reads and transforms")
    make: MakeModule | None = None
    n8n: N8nNode | None = None

    @model_validator(mode="after")
    def _names_are_known(self) -> Operation:
        for name, field in self.inputs.items():
            if field.options and field.default is not None and str(field.default) not in field.options:
                raise ValueError(f"the default of the input `{name}` is none of its options")
        bindings = {
            "make.parameters": self.make.parameters if self.make else None,
            "make.mapper": self.make.mapper if self.make else None,
            "n8n.parameters": self.n8n.parameters if self.n8n else None,
        }
        used = {place: inputs_of(binding) for place, binding in bindings.items()}
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
    operations: dict[RegistryName, Operation]


class FlowModule(RegistryModel):
    """What one construct of the spec's control flow is called on each platform (`flow.yaml`)."""

    make: str
    make_version: int = 1
    n8n: str
    n8n_version: float
