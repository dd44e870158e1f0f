"""Data that people edit: prices, rates and the assumptions behind estimates. Each file has a model that checks it.

The files are read once, when first needed.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from compilers.errors import UserError
from compilers.spec import findings_of

_SafeLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class DataModel(BaseModel):
    """Base of the models of data files: frozen, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Data = TypeVar("Data", bound=DataModel)


def parse_data(model: type[Data], text: str, where: str) -> Data:
    """The data that a YAML text holds. Raises `UserError` that names each wrong place."""
    try:
        return model.model_validate(yaml.load(text, Loader=_SafeLoader))
    except yaml.YAMLError as error:
        raise UserError(f"not YAML: {error}", where=where) from None
    except ValidationError as error:
        raise UserError("not as its model says", where=where, findings=findings_of(error)) from None


@cache
def read_data(model: type[Data], name: str) -> Data:
    """The data of the file `<name>.yaml` that comes with the project. Raises `UserError`."""
    file = resources.files("manageai_assets.data").joinpath(f"{name}.yaml")
    return parse_data(model, file.read_text(encoding="utf-8"), file.name)
