"""Whose documents these are: `brand.yaml`, checked. People edit it; what is wrong in it is refused with its place."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator, model_validator

from compilers.errors import UserError
from manageai_assets.data import DataModel, parse_data

Language = Literal["en", "de"]
Colour = Annotated[str, Field(pattern=r"^#[0-9A-Fa-f]{6}$", description="as `#17465A`")]
Line = Annotated[str, Field(min_length=1, max_length=200)]
Percent = Annotated[Decimal, Field(ge=0, le=100)]
LARGEST_LOGO = 1_000_000
"""Bytes."""


class AgencyContact(DataModel):
    """Whom clients write to."""

    name: Line
    role: str = ""
    email: Line
    phone: str = ""
    web: str = ""


class Agency(DataModel):
    """Who signs."""

    name: Line
    legal_name: Line
    address: tuple[Line, ...] = ()
    contact: AgencyContact
    timezone: Line = Field(default="UTC", description="tz database name; its days and months begin by this clock")

    @field_validator("timezone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        try:
            return ZoneInfo(name).key
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"there is no time zone {name!r}; write it as Europe/Berlin") from None


class Colours(DataModel):
    """What documents and pictures are drawn with."""

    primary: Colour
    accent: Colour
    ink: Colour
    soft: Colour


class Fonts(DataModel):
    """Fonts of the Word documents."""

    headings: Line
    text: Line


class Payment(DataModel):
    """A part of the price, and when it is due."""

    when: Literal["signed", "live", "accepted"]
    percent: Percent


class Price(DataModel):
    """What the agency asks, and how it is paid."""

    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$", description="ISO 4217")]
    hour: Decimal = Field(gt=0, description="of delivery work, without tax")
    hour_note: str
    tax_name: Line
    tax_percent: Percent
    valid_days: int = Field(ge=1, le=365, description="of the offer")
    payments: tuple[Payment, ...] = Field(min_length=1)
    payment_days: int = Field(ge=0, le=365)

    @model_validator(mode="after")
    def _payments_are_whole(self) -> Self:
        total = sum(payment.percent for payment in self.payments)
        if total != 100:
            raise ValueError(f"the payments come to {total} percent; together they must be 100")
        return self


class Support(DataModel):
    """What is included after the handover."""

    days: int = Field(ge=0, le=3650)
    answer_hours: int = Field(ge=1, le=1000, description="working hours until a first answer")
    acceptance_days: int = Field(ge=1, le=365, description="working days to report what differs")


class ManualMinutes(DataModel):
    """Minutes that a person takes for one call of each kind."""

    action: Decimal = Field(ge=0)
    search: Decimal = Field(ge=0)
    transform: Decimal = Field(ge=0)


class Savings(DataModel):
    """What the same work takes by hand: an assumption, and shown as one."""

    minutes: ManualMinutes
    hour: Decimal = Field(ge=0, description="what an hour of the client's people costs")


class Reports(DataModel):
    """How monthly reports reach the client."""

    delivery: Literal["draft", "email"] = Field(
        default="draft",
        description="email: to the client's contacts; draft: a file beside the report, to look at first",
    )


class Brand(DataModel):
    """`brand.yaml`."""

    agency: Agency
    logo: str = Field(default="", description="PNG, path from the file")
    colours: Colours
    fonts: Fonts
    language: Language
    price: Price
    support: Support
    savings: Savings
    reports: Reports = Field(default_factory=Reports)


def read_brand(path: Path) -> Brand:
    """The brand in a file. Raises `UserError` that names each wrong place."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise UserError("can't be read", where=path.name, hint="set BRAND_FILE to a file like brand.yaml") from None
    return _parsed(text, path.name)


@lru_cache(maxsize=8)
def _parsed(text: str, name: str) -> Brand:
    brand: Brand = parse_data(Brand, text, name)
    return brand


def read_logo(brand: Brand, path: Path) -> bytes:
    """The PNG that the brand of this file names; empty when it names none. Raises `UserError`."""
    if not brand.logo:
        return b""
    file = (path.parent / brand.logo).resolve()
    try:
        if not file.is_relative_to(path.parent.resolve()) or file.stat().st_size > LARGEST_LOGO:
            raise UserError("must be a file beside or below the brand's, of 1 MB at most", where="brand.yaml: logo")
        data = file.read_bytes()
    except OSError:
        raise UserError("the logo can't be read", where=f"brand.yaml: logo: {brand.logo}") from None
    if not data.startswith(b"\x89PNG\r\n"):
        raise UserError("the logo is no PNG", where=f"brand.yaml: logo: {brand.logo}")
    return data


def our_brand() -> Brand:
    """The brand that `BRAND_FILE` names. Raises `UserError`."""
    from manageai_assets.settings import read_settings

    return read_brand(read_settings().brand_file)


def our_logo() -> bytes:
    """Its logo, a PNG; empty when it has none. Raises `UserError`."""
    from manageai_assets.settings import read_settings

    file = read_settings().brand_file
    return read_logo(read_brand(file), file)
