"""Steps that reach no service, run as the simulator runs them."""

from __future__ import annotations

import io
import zipfile
from typing import cast

import pytest

from compilers.expressions import Context, Value
from compilers.registry import registry
from manageai_assets.testing.transforms import Bundle, State, StepFailure, transform


def run(name: str, state: State | None = None, /, **inputs: Value) -> list[Bundle]:
    """What an operation gives for inputs, its defaults filled in; without what is null."""
    app, _, operation = name.partition(".")
    function = transform(app, operation)
    assert function is not None, name
    defaults = cast(dict[str, Value], registry().operation(app, operation).with_defaults({}))
    bundles = function({**defaults, **inputs}, Context(), state or State())
    return [{field: value for field, value in bundle.items() if value is not None} for bundle in bundles]


def failure(name: str, /, **inputs: Value) -> str:
    """Make's name for how an operation fails."""
    with pytest.raises(StepFailure) as caught:
        run(name, **inputs)
    assert caught.value.message
    return caught.value.type


def zipped(files: dict[str, bytes]) -> bytes:
    """A zip archive."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()
