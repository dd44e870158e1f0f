"""Reads `apps/*.yaml` into one registry, each file when it is needed, and looks things up in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
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
_MODULE = re.compile(r"""\bmodule:[ ]["']?([a-z0-9][A-Za-z0-9#-]*:[A-Za-z0-9]+)""")
_ZAPIER = re.compile(r"\b(?:api|older):[ ](.*API\b)")
_ARTICLE = re.compile(r"(?<=[a-z])(?:An(?=[A-Z])|A(?=[A-Z][a-z]))")


def plain_name(module: str) -> str:
    """A module's name without what apps spell now one way and now another: `trello:createACard` and `CreateCard`."""
    return _ARTICLE.sub("", module).lower()


class Apps(Mapping[str, App]):
    """The apps of a folder by name, in the order of their names. Each file is read when its app is first asked for."""

    def __init__(self, folder: Traversable) -> None:
        files = (entry for entry in folder.iterdir() if entry.name.endswith(".yaml"))
        self._files = {entry.name.removesuffix(".yaml"): entry for entry in sorted(files, key=lambda one: one.name)}
        self._apps: dict[str, App] = {}

    def __getitem__(self, name: str) -> App:
        if name not in self._apps:
            file = self._files[name]
            app = read_app(file.read_text(encoding="utf-8"), file.name)
            if app.app != name:
                raise RegistryError(f"holds the app `{app.app}`; name the file `{app.app}.yaml`", where=file.name)
            self._apps[name] = app
        return self._apps[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)

    def __contains__(self, name: object) -> bool:
        return name in self._files

    def get(self, name: str) -> App | None:  # type: ignore[override]  # no default but None
        """The app, or None; an app's file that can't be read is an error all the same."""
        return self[name] if name in self._files else None

    @cached_property
    def by_module(self) -> Mapping[str, tuple[str, ...]]:
        """The apps whose files name a module of Make, by its `plain_name`, without reading them as YAML."""
        found: dict[str, dict[str, None]] = {}
        for name, file in self._files.items():
            for module in _MODULE.findall(file.read_text(encoding="utf-8")):
                found.setdefault(plain_name(module), {})[name] = None
        return {module: tuple(names) for module, names in found.items()}

    @cached_property
    def by_zapier(self) -> Mapping[str, tuple[str, ...]]:
        """The apps whose files may name an app of Zapier, without reading them as YAML."""
        found: dict[str, dict[str, None]] = {}
        for name, file in self._files.items():
            for named in _ZAPIER.findall(file.read_text(encoding="utf-8")):
                for api in re.findall(r"\w+API\b", named):
                    found.setdefault(api, {})[name] = None
        return {api: tuple(names) for api, names in found.items()}


@dataclass(frozen=True)
class Registry:
    """All apps by name, and the control-flow constructs by name."""

    apps: Apps
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

    def for_make(self, module: Module, name: str) -> tuple[tuple[App, str, MakeModule], ...]:
        """The operations that a module of Make may be, told by its name and its fields. Names that differ in capitals
        and articles only are alike; those spelled as asked come first, then those that ask something of the fields."""
        return tuple(row for row in self._operations(name) if holds(row[2].when, module))

    def for_zapier(self, api: str, action: str, type_of: str = "") -> tuple[tuple[App, str, Operation], ...]:
        """The operations that a step of Zapier may be; `api` without its version, `type_of` as exports have it."""
        return tuple(
            (app, name, operation)
            for app in (self.apps[app_name] for app_name in self.apps.by_zapier.get(api, ()))
            for name, operation in app.operations.items()
            if operation.zapier and operation.zapier.is_step(api, action, type_of)
        )

    def make_versions(self, name: str) -> frozenset[int]:
        """The versions in which a module of Make was verified; empty for one that isn't known by exactly this name."""
        return frozenset(
            known.version
            for app in (self.apps[app_name] for app_name in self.apps.by_module.get(plain_name(name), ()))
            for operation in app.operations.values()
            for known in operation.make_modules
            if known.module == name
        ) | {item.make_version for item in self.flow.values() if item.make == name}

    def _operations(self, name: str) -> tuple[tuple[App, str, MakeModule], ...]:
        if name not in self._modules:
            alike = plain_name(name)
            rows = [
                (app, operation_name, known)
                for app in (self.apps[app_name] for app_name in self.apps.by_module.get(alike, ()))
                for operation_name, operation in app.operations.items()
                for known in operation.make_modules
                if known.module and plain_name(known.module) == alike and known.read
            ]
            self._modules[name] = tuple(sorted(rows, key=lambda row: (row[2].module != name, not row[2].when)))
        return self._modules[name]

    @cached_property
    def _modules(self) -> dict[str, tuple[tuple[App, str, MakeModule], ...]]:
        return {}

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
    """The registry of a folder that holds `flow.yaml` and `apps/*.yaml`. Raises `RegistryError`, for an app's file when
    that app is asked for."""
    return Registry(Apps(folder.joinpath("apps")), MappingProxyType(_read_flow(folder.joinpath("flow.yaml"))))


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
