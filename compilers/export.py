"""What compiling a spec for a platform gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, JsonValue

from compilers.documents import items, members
from compilers.errors import Finding
from compilers.spec import PlatformName

Document = Mapping[str, JsonValue]


@dataclass(frozen=True)
class Platform:
    """What people call a platform and what they find in its documents: the `PLATFORM` of a platform's package.

    `parts` names what a document is made of, `rows` gives one row of text for each of them, under `columns`.
    """

    title: str
    about: str = ""
    parts: str = "parts"
    columns: tuple[str, ...] = ()
    rows: Callable[[Document], Sequence[tuple[str, ...]]] = lambda document: ()


class NeededConnection(BaseModel):
    """An account that a person must connect after the import, and where it goes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    connection: str = ""
    app: str
    label: str
    platform_type: str
    steps: tuple[str, ...]
    places: tuple[str, ...]


class NeededWebhook(BaseModel):
    """A webhook whose address exists only after the import and must be given to the system that calls it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    step: str
    place: str
    what: str


class Translation(BaseModel):
    """One value with expressions: where it stands, what the spec says, what was written, and why that is less.

    `gone` says which reference led nowhere already on the platform that it came from, and gives nothing on both."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    where: str
    source: str
    written: str | None = None
    why: str = ""
    gone: str = ""


class Export(BaseModel):
    """The document that the platform imports, what a person must do with it, and what to know about it.

    `places` maps each step of the spec to what stands for it on the platform: module ids or node names, in order, and
    `results` to the one that holds what the step gives, `mains` to the one that does the work and can fail; `manual`
    are the steps that a person must build; `translations` say what became of the expressions.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    platform: PlatformName
    document: dict[str, JsonValue]
    connections: tuple[NeededConnection, ...] = ()
    webhooks: tuple[NeededWebhook, ...] = ()
    findings: tuple[Finding, ...] = ()
    places: dict[str, tuple[str, ...]] = {}
    results: dict[str, str] = {}
    mains: dict[str, str] = {}
    manual: tuple[str, ...] = ()
    translations: tuple[Translation, ...] = ()

    @property
    def document_name(self) -> str:
        """What the document calls itself."""
        zaps = [str(members(one).get("title", "")) for one in items(self.document.get("zaps"))]
        return str(self.document.get("name") or ", ".join(zaps))


def by_account(needed: Sequence[NeededConnection]) -> tuple[NeededConnection, ...]:
    """One entry for each account, with all steps that use it, in the order of their first use."""
    merged: dict[tuple[str, str, str], NeededConnection] = {}
    for one in needed:
        key = (one.connection or one.label, one.app, one.platform_type)
        known = merged.get(key)
        steps, places = (known.steps, known.places) if known else ((), ())
        merged[key] = one.model_copy(update={"steps": steps + one.steps, "places": places + one.places})
    return tuple(merged.values())
