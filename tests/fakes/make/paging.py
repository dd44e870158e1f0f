"""Queries, pages and projections as Make's API has them (facts 4.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import JsonValue

from tests.fakes.make.records import Object, bad_request

DEFAULT_LIMIT = 50


@dataclass(frozen=True)
class Query:
    """The query of one call: single values, and lists under names that end in `[]`."""

    single: Mapping[str, str] = field(default_factory=dict)
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, pairs: Sequence[tuple[str, str]]) -> Query:
        """From decoded pairs."""
        lists: dict[str, tuple[str, ...]] = {}
        for name, value in pairs:
            if name.endswith("[]"):
                lists[name] = (*lists.get(name, ()), value)
        return cls({name: value for name, value in pairs if not name.endswith("[]")}, lists)

    def text(self, name: str) -> str:
        """A value, or an empty text."""
        return self.single.get(name, "")

    def number(self, name: str) -> int | None:
        """A whole number, or None when it isn't given."""
        given = self.single.get(name)
        if given is None:
            return None
        if not given.lstrip("-").isdigit():
            raise bad_request(f"Invalid key, not parsable to integer: '{name}'")
        return int(given)

    def flag(self, name: str) -> bool | None:
        """True or false, or None when it isn't given."""
        given = self.single.get(name)
        return None if given is None else given in ("true", "1")

    @property
    def confirmed(self) -> bool:
        """Whether it says `confirmed=true`."""
        return self.flag("confirmed") is True

    def limit(self, most: int) -> int:
        """Rows of a page, never more than `most`."""
        asked = self.number("pg[limit]")
        return min(most, DEFAULT_LIMIT if asked is None or asked < 1 else asked)

    def projected(self, row: Object) -> Object:
        """The row with the columns asked for, or all."""
        wanted = self.lists.get("cols[]")
        return row if wanted is None else {name: value for name, value in row.items() if name in wanted}


def paged(query: Query, ids: Sequence[int], most: int, default_sort: str) -> tuple[Sequence[int], Object]:
    """The ids of one page by offset, and the `pg` that is echoed."""
    limit, offset = query.limit(most), max(0, query.number("pg[offset]") or 0)
    echo: Object = {
        "sortBy": query.text("pg[sortBy]") or default_sort,
        "limit": limit,
        "sortDir": query.text("pg[sortDir]") or "asc",
        "offset": offset,
    }
    total: JsonValue = query.flag("pg[returnTotalCount]")
    if total is not None:
        echo["returnTotalCount"] = total
    return ids[offset : offset + limit], echo
