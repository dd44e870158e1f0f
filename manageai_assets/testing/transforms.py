"""What the operations that reach no service give, calculated: transforms, data stores and all that only looks at data.

`transform` gives the function of an operation, or None where its answer must come from test data: all that reaches a
service, and what would run JavaScript of the client's own. A function takes the evaluated inputs by the registry's
names, with its defaults filled in, and gives bundles in the registry's neutral shape, or raises `StepFailure`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from manageai_assets.testing import (
    data_stores,
    transform_html,
    transform_json,
    transform_markdown,
    transform_math,
    transform_text,
    transform_tools,
    transform_xml,
)
from manageai_assets.testing.transform_base import Bundle, Inputs, State, StepFailure, Transform

TRANSFORMS: Mapping[tuple[str, str], Transform] = MappingProxyType({
    **data_stores.TRANSFORMS,
    **transform_html.TRANSFORMS,
    **transform_json.TRANSFORMS,
    **transform_markdown.TRANSFORMS,
    **transform_math.TRANSFORMS,
    **transform_text.TRANSFORMS,
    **transform_tools.TRANSFORMS,
    **transform_xml.TRANSFORMS,
})  # fmt: skip
"""By app and operation."""


def transform(app: str, operation: str) -> Transform | None:
    """The function of an operation that reaches no service; None for any other."""
    return TRANSFORMS.get((app, operation))


__all__ = ["TRANSFORMS", "Bundle", "Inputs", "State", "StepFailure", "Transform", "transform"]
