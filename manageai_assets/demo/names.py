"""Made-up names. No company and no person is meant: the words of companies are in no dictionary, addresses lie under
`example.com`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from random import Random

WORDS = (
    "Abrenta", "Belquor", "Cindavel", "Dornimar", "Elbrossa", "Fenwarra", "Galdinor", "Havrenka", "Ilmarsen",
    "Jostrava",
    "Kelvandor", "Lumerique", "Mirabend", "Nordavel", "Ostrivane", "Pelmarra", "Quorrin", "Rensaldo", "Silvarque",
    "Tamberlow", "Ulvensted", "Veldomar", "Wexaline", "Yarravick", "Zembrano", "Ardevoll", "Brenkova", "Corvessa",
    "Dunmarrow", "Estravik", "Follandre", "Grentavo", "Hestorin", "Ivrassen", "Jelmonde", "Korrenza", "Larkendal",
    "Morvessin", "Nimbrano", "Orsinelle",
)  # fmt: skip
GIVEN = ("Ada", "Bo", "Clara", "Dario", "Elif", "Finn", "Greta", "Hugo", "Ines", "Jonas", "Kira", "Leo", "Mira", "Nils",
         "Olga", "Pia", "Romy", "Sami", "Tess", "Ulla")  # fmt: skip
FAMILY = ("Abendrin", "Bostavik", "Crellow", "Dembrass", "Ekenthal", "Farrowin", "Gessandre", "Holmvest", "Irbengard",
          "Jurelle", "Kastorin", "Lindemarre")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Industry:
    """A kind of client: what its companies are called, and how much work each month has (1: an average one)."""

    name: str
    endings: tuple[str, ...]
    months: tuple[float, ...]
    weekend: float
    """Share of a weekday's work at weekends."""


STEADY = (0.95, 1.0, 1.05, 1.0, 1.0, 1.0, 0.9, 0.85, 1.05, 1.1, 1.1, 0.9)
INDUSTRIES = (
    Industry("shop", ("Outfitters", "Living", "Bikes", "Provisions"),
             (0.8, 0.75, 0.85, 0.9, 0.95, 0.95, 0.9, 0.9, 1.0, 1.1, 1.5, 1.6), 0.8),
    Industry("practice", ("Dental", "Physio", "Eyecare"), STEADY, 0.05),
    Industry("consultancy", ("Advisory", "Partners", "Research"), STEADY, 0.1),
    Industry("agency", ("Studio", "Media", "Campaigns"),
             (0.9, 0.95, 1.05, 1.05, 1.05, 1.0, 0.85, 0.8, 1.1, 1.15, 1.15, 0.85), 0.2),
    Industry("manufacturer", ("Works", "Tools", "Ceramics"),
             (1.0, 1.05, 1.1, 1.05, 1.05, 1.05, 0.85, 0.7, 1.05, 1.1, 1.05, 0.7), 0.1),
    Industry("property", ("Homes", "Lettings", "Estates"),
             (0.9, 0.95, 1.1, 1.15, 1.15, 1.1, 1.0, 0.9, 1.0, 1.0, 0.9, 0.75), 0.3),
    Industry("travel", ("Journeys", "Lodges", "Sailing"),
             (1.2, 1.1, 1.05, 1.05, 1.1, 1.2, 1.2, 1.1, 0.9, 0.75, 0.65, 0.9), 0.9),
    Industry("school", ("Academy", "Courses", "Tutors"),
             (1.2, 1.05, 1.0, 0.95, 1.0, 0.9, 0.5, 0.7, 1.5, 1.2, 1.0, 0.7), 0.2),
)  # fmt: skip
LANGUAGES = ("en", "en", "en", "de", "de", "fr")
TEAMS: Mapping[str, str] = {"sales": "sales team's account", "operations": "operations' account", "office": "office"}


def companies(chance: Random) -> Iterator[tuple[str, Industry]]:
    """Companies with their industry, each name once, in an order that `chance` decides."""
    every = [(word, ending, industry) for industry in INDUSTRIES for word, ending in product(WORDS, industry.endings)]
    chance.shuffle(every)
    taken: set[str] = set()
    late = []
    for word, ending, industry in every:  # first each word once: clients of an agency have no names alike
        name = f"{word} {ending}"
        if word in taken:
            late.append((name, industry))
            continue
        taken.add(word)
        yield name, industry
    yield from late


def person(chance: Random) -> str:
    """Somebody."""
    return f"{chance.choice(GIVEN)} {chance.choice(FAMILY)}"


def address(name: str, company: str) -> str:
    """The e-mail address of somebody in a company."""
    domain = company.lower().replace(" ", "-")
    return f"{name.lower().replace(' ', '.')}@{domain}.example.com"
