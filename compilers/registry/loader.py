"""Reads `apps/*.yaml` into one registry, and looks things up in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from importlib.resources.abc import Traversable
from types import MappingProxyType

import yaml
from pydantic import TypeAdapter, ValidationError

from compilers.errors import RegistryError
from compilers.registry.models import App, FlowModule, MakeModule, Operation
from compilers.registry.reading import Module, holds
from compilers.spec import findings_of

_SafeLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_FLOW = TypeAdapter(dict[str, FlowModule])


@dataclass(frozen=True)
class Registry:
    """All apps by name, and the control-flow constructs by name."""

    apps: Mapping[str, App]
    flow: Mapping[str, FlowModule]

    def app(self, name: str) -> App:
        """The app, or `RegistryError` with near names."""
        try:
            return self.apps[name]
        except KeyError:
            raise RegistryError(f"no app `{name}` in the registry", hint=_near(name, self.apps)) from None

    def operation(self, app: str, operation: str) -> Operation:
        """The operation, or `RegistryError` with near names."""
        operations = self.app(app).operations
        try:
            return operations[operation]
        except KeyError:
            raise RegistryError(
                f"app `{app}` has no operation `{operation}`", hint=_near(operation, operations)
            ) from None

    def for_make(self, module: Module, name: str, version: int | None) -> tuple[App, str, MakeModule] | None:
        """The operation that a module of Make is, told by its name, its version and its fields; None for none."""
        for app, operation, known in self._make_modules.get(name, ()):
            if known.takes(version) and holds(known.when, module):
                return app, operation, known
        return None

    @cached_property
    def _make_modules(self) -> Mapping[str, list[tuple[App, str, MakeModule]]]:
        found: dict[str, list[tuple[App, str, MakeModule]]] = {}
        for app in self.apps.values():
            for name, operation in app.operations.items():
                for module in operation.make_modules:
                    if module.module:
                        found.setdefault(module.module, []).append((app, name, module))
        for rows in found.values():
            rows.sort(key=lambda row: not row[2].when)
        return found

    def find(self, app: str, operation: str) -> Operation | None:
        """The operation, or None."""
        known = self.apps.get(app)
        return known.operations.get(operation) if known else None


def _near(name: str, known: Mapping[str, object]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, known, n=3, cutoff=0.5)
    return f"did you mean {', '.join(f'`{item}`' for item in near)}?" if near else "`manageai apps` lists what there is"


def read_app(text: str, where: str) -> App:
    """The app that a YAML text holds. Raises `RegistryError` that names each wrong place."""
    try:
        return App.model_validate(yaml.load(text, Loader=_SafeLoader))
    except yaml.YAMLError as error:
        raise RegistryError(f"not YAML: {error}", where=where) from None
    except ValidationError as error:
        raise RegistryError("not an app file", where=where, findings=findings_of(error)) from None


def read_registry(folder: Traversable) -> Registry:
    """The registry of a folder that holds `flow.yaml` and `apps/*.yaml`. Raises `RegistryError`."""
    apps: dict[str, App] = {}
    for file in sorted(folder.joinpath("apps").iterdir(), key=lambda entry: entry.name):
        if not file.name.endswith(".yaml"):
            continue
        app = read_app(file.read_text(encoding="utf-8"), file.name)
        if file.name != f"{app.app}.yaml":
            raise RegistryError(f"holds the app `{app.app}`; name the file `{app.app}.yaml`", where=file.name)
        apps[app.app] = app
    return Registry(MappingProxyType(apps), MappingProxyType(_read_flow(folder.joinpath("flow.yaml"))))


def _read_flow(file: Traversable) -> dict[str, FlowModule]:
    try:
        return _FLOW.validate_python(yaml.load(file.read_text(encoding="utf-8"), Loader=_SafeLoader))
    except yaml.YAMLError as error:
        raise RegistryError(f"not YAML: {error}", where=file.name) from None
    except ValidationError as error:
        raise RegistryError("not a table of flow modules", where=file.name, findings=findings_of(error)) from None


@cache
def registry() -> Registry:
    """The registry that comes with the project."""
    return read_registry(resources.files("compilers.registry"))
