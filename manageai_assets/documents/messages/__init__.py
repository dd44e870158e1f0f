"""What documents say in each language: fixed text from message files; dates, numbers and money by locale.

A language is a folder of YAML files; a message is `<file>.<key>`. Every language has the same messages with the same
placeholders, and a missing one is an error, never a gap. Values are put in as they are: no value is a placeholder.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date as Date  # noqa: N812 - a method is called so
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from importlib import resources
from typing import cast

import yaml

from compilers.errors import UserError
from manageai_assets.documents.brand import Language

LANGUAGES: tuple[Language, ...] = ("en", "de")
LOCALES: Mapping[Language, str] = {"en": "en_GB", "de": "de_DE"}
_HOLE = re.compile(r"\{([a-z_]+)\}")
_SafeLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class MessageError(UserError):
    """A message that isn't there, or that is given other values than it has places for."""


@dataclass(frozen=True)
class Messages:
    """The messages of one language."""

    language: Language
    texts: Mapping[str, str]

    def __call__(self, key: str, /, **values: object) -> str:
        """The message with these values in its places. Raises `MessageError`."""
        text = self.texts.get(key)
        if text is None:
            raise MessageError(f"there is no message `{key}`", where=f"messages/{self.language}")
        wanted = set(_HOLE.findall(text))
        if not wanted <= set(values):
            missing = ", ".join(sorted(wanted - set(values)))
            raise MessageError(f"the message `{key}` has no value for {missing}", where=f"messages/{self.language}")
        return _HOLE.sub(lambda hole: str(values[hole.group(1)]), text)

    def has(self, key: str) -> bool:
        """Whether there is such a message."""
        return key in self.texts

    def count(self, key: str, number: int | Decimal, /, **values: object) -> str:
        """The message `key.one` or `key.other`, by the language's own rule; the number stands in `{n}`."""
        form = "one" if number == 1 else "other"
        return self(f"{key}.{form}", n=self.number(number), **values)

    # -- as the locale writes it ---------------------------------------------------------------------------------

    @property
    def locale(self) -> str:
        """The locale's name."""
        return LOCALES[self.language]

    def date(self, day: Date | None) -> str:
        """`23 November 2026`; a dash for none."""
        from babel.dates import format_date

        return "–" if day is None else format_date(day, format="long", locale=self.locale)

    def weekday(self, day: Date | None) -> str:
        """`Mon, 23 Nov 2026`; a dash for none."""
        from babel.dates import format_date

        pattern = "EEE, d. MMM y" if self.language == "de" else "EEE, d MMM y"
        return "–" if day is None else format_date(day, format=pattern, locale=self.locale)

    def number(self, value: int | Decimal) -> str:
        """A number with at most two decimals."""
        from babel.numbers import format_decimal

        rounded = value if isinstance(value, int) else value.quantize(Decimal("0.01"), ROUND_HALF_UP)
        return str(format_decimal(rounded, format="#,##0.##", locale=self.locale))

    def about(self, value: Decimal) -> str:
        """A number for people who want its size: whole from ten up."""
        return self.number(int(value.to_integral_value(ROUND_HALF_UP)) if value >= 10 else value)

    def money(self, amount: Decimal, currency: str) -> str:
        """An amount with its currency."""
        from babel.numbers import format_currency

        return str(format_currency(amount, currency, locale=self.locale))

    def percent(self, value: Decimal) -> str:
        """`19 %` or `19%`; the value is in percent."""
        return f"{self.number(value)}\N{NO-BREAK SPACE}%" if self.language == "de" else f"{self.number(value)}%"

    def listed(self, items: tuple[str, ...]) -> str:
        """`one, two and three`."""
        from babel.lists import format_list

        return format_list(list(items), style="standard", locale=self.locale) if items else ""


@cache
def messages(language: Language) -> Messages:
    """The messages of a language. Raises `MessageError` for files that are wrong."""
    texts: dict[str, str] = {}
    folder = resources.files(__name__).joinpath(language)
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        if not file.name.endswith(".yaml"):
            continue
        where = f"messages/{language}/{file.name}"
        try:
            found = yaml.load(file.read_text(encoding="utf-8"), Loader=_SafeLoader)
        except yaml.YAMLError as error:
            raise MessageError(f"not YAML: {error}", where=where) from None
        _flatten(found, file.name.removesuffix(".yaml"), texts, where)
    return Messages(language, texts)


def placeholders(text: str) -> frozenset[str]:
    """The names of a message's places."""
    return frozenset(_HOLE.findall(text))


def _flatten(found: object, path: str, texts: dict[str, str], where: str) -> None:
    if isinstance(found, str):
        texts[path] = " ".join(found.split())
    elif isinstance(found, dict):
        for name, value in cast("dict[str, object]", found).items():
            _flatten(value, f"{path}.{name}", texts, where)
    else:
        raise MessageError(f"`{path}` is no text; put it in quotes", where=where)
