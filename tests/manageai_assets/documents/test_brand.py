"""The brand and the messages: what is wrong in them is refused with its place, and no language lacks a sentence."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from compilers.errors import UserError
from manageai_assets.documents.brand import our_brand, our_logo, read_brand, read_logo
from manageai_assets.documents.messages import LANGUAGES, MessageError, Messages, messages, placeholders
from manageai_assets.settings import PROJECT_ROOT

OURS = (PROJECT_ROOT / "brand.yaml").read_text(encoding="utf-8")


def changed(folder: Path, *path: str, to: object) -> Path:
    """A file like `brand.yaml`, with another value at this path."""
    document = yaml.safe_load(OURS)
    place = document
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = to
    file = folder / "brand.yaml"
    file.write_text(yaml.safe_dump(document), encoding="utf-8")
    return file


def test_ours_is_right() -> None:
    assert our_brand().price.hour == Decimal(95)
    assert our_logo().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (("language",), "fr", "language"),
        (("colours", "primary"), "blue", "colours.primary"),
        (("price", "payments"), [{"when": "signed", "percent": 90}], "together they must be 100"),
        (("price", "currency"), "Euro", "price.currency"),
        (("agency", "timezone"), "Europe/Bristol", "agency.timezone"),
        (("agency", "timezone"), "../UTC", "agency.timezone"),
        (("agency", "slogan"), "We care", "agency.slogan"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, path: tuple[str, ...], value: object, told: str) -> None:
    with pytest.raises(UserError) as refusal:
        read_brand(changed(tmp_path, *path, to=value))
    assert told in str(refusal.value)


def test_a_brand_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="BRAND_FILE"):
        read_brand(tmp_path / "none.yaml")


@pytest.mark.parametrize("logo", ["../../etc/passwd", "none.png", "brand.yaml", "/etc/hostname"])
def test_a_logo_is_a_picture_beside_its_brand(tmp_path: Path, logo: str) -> None:
    file = changed(tmp_path, "logo", to=logo)
    with pytest.raises(UserError, match="logo"):
        read_logo(read_brand(file), file)


def test_every_language_says_the_same() -> None:
    first, *others = (messages(language) for language in LANGUAGES)
    for other in others:
        assert set(other.texts) == set(first.texts)
        assert {key for key in first.texts if placeholders(first.texts[key]) != placeholders(other.texts[key])} == set()


def test_no_message_is_left_over() -> None:
    code = "\n".join(
        file.read_text(encoding="utf-8")
        for folder in ("manageai_assets/documents", "templates", "tools")
        for file in (PROJECT_ROOT / folder).rglob("*")
        if file.suffix in (".py", ".j2", ".typ")
    )
    keys = {key for key in messages("en").texts if key.startswith(("facts.", "common."))}
    families = {".".join(key.split(".")[:2]) for key in keys}
    assert {family for family in families if not re.search(rf"{re.escape(family)}\b", code)} == set()


def test_a_message_that_is_missing_is_an_error() -> None:
    say = Messages("en", {"a.b": "{one} and {two}"})
    assert say("a.b", one="{two}", two="x") == "{two} and x"
    with pytest.raises(MessageError, match=r"no message `a\.c`"):
        say("a.c")
    with pytest.raises(MessageError, match="no value for two"):
        say("a.b", one=1)


def test_numbers_and_dates_are_as_the_locale_writes_them() -> None:
    from datetime import date

    day = date(2026, 11, 3)
    english, german = messages("en"), messages("de")
    assert (english.date(day), german.date(day)) == ("3 November 2026", "3. November 2026")
    assert (english.money(Decimal("1234.5"), "EUR"), german.money(Decimal("1234.5"), "EUR")) == (
        "€1,234.50",
        "1.234,50\N{NO-BREAK SPACE}€",
    )
    assert (english.number(Decimal("20.25")), german.number(Decimal("20.250"))) == ("20.25", "20,25")
    assert (english.percent(Decimal(19)), german.percent(Decimal(19))) == ("19%", "19\N{NO-BREAK SPACE}%")
    assert (english.listed(("a", "b", "c")), german.listed(("a", "b"))) == ("a, b and c", "a und b")
