"""What every app can do, and what that is called on each platform.

One file of `apps/` holds one app: its operations with neutral inputs and outputs, and for each platform the real
module or node, its version, and how the inputs become its parameters (`binding`). Adding an app is adding a file;
no code lists apps. `flow.yaml` names the control-flow modules of the platforms.

    >>> from compilers.registry import registry
    >>> registry().operation("slack", "send_message").make.module
    'slack:CreateMessage'
"""

from compilers.registry.binding import ValueWriter, bind, inputs_of
from compilers.registry.loader import Registry, read_app, read_registry, registry
from compilers.registry.models import (
    GENERIC_NODES,
    App,
    Columns,
    FlowModule,
    Grade,
    InputField,
    MakeModule,
    N8nNode,
    N8nPart,
    Operation,
    OutputSpec,
    ZapierApp,
    ZapierStep,
)
from compilers.registry.reading import Module, Read, as_type, fields_of, holds, read_one, says_something

__all__ = [
    "GENERIC_NODES", "App", "Columns", "FlowModule", "Grade", "InputField", "MakeModule", "Module", "N8nNode",
    "N8nPart", "Operation", "OutputSpec", "Read", "Registry", "ValueWriter", "ZapierApp", "ZapierStep", "as_type",
    "bind", "fields_of", "holds", "inputs_of", "read_app", "read_one", "read_registry", "registry", "says_something",
]  # fmt: skip
