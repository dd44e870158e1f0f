"""Tools, CSV, archives and what a sub-scenario returns."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
import zlib
from collections.abc import Mapping
from types import MappingProxyType

from compilers.expressions import Context, Value
from compilers.expressions.values import text
from manageai_assets.testing.transform_base import Bundle, Inputs, State, StepFailure, Transform, pattern_of


def compose(inputs: Inputs, context: Context, state: State) -> list[Bundle]:
    value = inputs.get("value")
    return [{"value": None if value is None else text(value)}]


def switch(inputs: Inputs, context: Context, state: State) -> list[Bundle]:
    cases = inputs.get("cases")
    if not isinstance(cases, dict):
        raise StepFailure("BundleValidationError", "the cases to translate by must be an object")
    return [{"output": cases.get(text(inputs.get("input")), inputs.get("otherwise"))}]


def switch_by_pattern(inputs: Inputs, context: Context, state: State) -> list[Bundle]:
    table, given = inputs.get("table"), text(inputs.get("input"))
    for case in table if isinstance(table, list) else [table]:
        if not isinstance(case, dict):
            continue
        pattern = text(case.get("pattern"))
        if pattern_of(pattern, "").search(given) if inputs.get("patterns") is True else pattern == given:
            return [{"output": case.get("output")}]
    return [{"output": inputs.get("otherwise")}]


def count_up(inputs: Inputs, context: Context, state: State) -> list[Bundle]:
    counter = (text(inputs.get("reset")) or "run", state.step)
    state.counters[counter] = state.counters.get(counter, 0) + 1
    return [{"i": state.counters[counter]}]


def return_data(inputs: Inputs, context: Context, state: State) -> list[Bundle]:
    fields = inputs.get("fields")
    return [dict(fields) if isinstance(fields, dict) else {}]


def name_run(inputs: Inputs, context: Context, state: State) -> list[Bundle]:
    return [{}]


_DELIMITERS: Mapping[str, str] = MappingProxyType({"comma": ",", "tab": "\t"})


def parse_csv(inputs: Inputs, context: Context, state: State) -> list[Bundle]:
    delimiter = _DELIMITERS.get(text(inputs.get("delimiter_type"))) or text(inputs.get("delimiter"))
    if not delimiter:
        raise StepFailure("BundleValidationError", "nothing stands between the columns: the delimiter is empty")
    rows = _Rows(delimiter, inputs.get("relaxed") is True).of(text(inputs.get("csv")).removeprefix("\ufeff"))
    first = 1 if inputs.get("has_headers") is True else 0
    return [{f"col{number}": value for number, value in enumerate(row, 1)} for row in rows[first:]]


class _Rows:
    """Reads the rows of a CSV text sign by sign; rows without anything are left out."""

    def __init__(self, delimiter: str, relaxed: bool) -> None:
        self._delimiter, self._relaxed = delimiter, relaxed
        self._rows: list[list[str]] = []
        self._row: list[str] = []
        self._field = ""
        self._was_quoted = False

    def of(self, given: str) -> list[list[str]]:
        """The rows of the text. Raises `StepFailure` for quotes that stand where they can't."""
        at = 0
        while at < len(given):
            sign = given[at]
            if sign == '"' and not self._field and not self._was_quoted:
                at = self._quoted(given, at + 1)
            elif sign == '"' and not self._relaxed:
                raise StepFailure("DataError", f"a quote stands within a column of row {len(self._rows) + 1}")
            elif given.startswith(self._delimiter, at):
                self._end_field()
                at += len(self._delimiter)
            else:
                at = self._plain(given, at)
        if self._field or self._was_quoted or self._row:
            self._end_row()
        return self._rows

    def _plain(self, given: str, at: int) -> int:
        if given[at] == "\n" or (given[at] == "\r" and given[at + 1 : at + 2] != "\n"):
            self._end_row()
        elif given[at] != "\r":
            self._field += given[at]
        return at + 1

    def _quoted(self, given: str, at: int) -> int:
        """Takes a quoted column from behind its first quote, and gives the place behind the last."""
        self._was_quoted = True
        while (end := given.find('"', at)) >= 0:
            self._field += given[at:end]
            if given[end + 1 : end + 2] != '"':
                return end + 1
            self._field += '"'
            at = end + 2
        raise StepFailure("DataError", "a quoted column has no end")

    def _end_field(self) -> None:
        self._row.append(self._field)
        self._field, self._was_quoted = "", False

    def _end_row(self) -> None:
        self._end_field()
        if len(self._row) > 1 or self._row[0]:
            self._rows.append(self._row)
        self._row = []


_MOST_BYTES = 50_000_000
"""A file that unpacks to more than this is refused, so that a small archive can't fill the memory."""


def extract(inputs: Inputs, context: Context, state: State) -> list[Bundle]:
    given, name = inputs.get("file"), text(inputs.get("file_name")) or "archive.zip"
    if not isinstance(given, bytes):
        raise StepFailure("BundleValidationError", "the archive must be a file")
    try:
        files = _unpacked(given, name)
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, OSError, NotImplementedError) as error:
        raise StepFailure("DataError", f"`{name[:60]}` can't be unpacked: {error}") from None
    return [{"content": content, "fileName": inner} for inner, content in files]


def _unpacked(given: bytes, name: str) -> list[tuple[str, Value]]:
    ending = name.lower()
    if ending.endswith((".tar", ".tar.gz", ".tgz")):
        with tarfile.open(fileobj=io.BytesIO(given)) as archive:
            return [
                (member.name.rsplit("/", 1)[-1], file.read())
                for member in archive
                if member.isfile() and _fits(member.size) and (file := archive.extractfile(member))
            ]
    if ending.endswith((".gz", ".gzip")):
        with gzip.GzipFile(fileobj=io.BytesIO(given)) as packed:
            content = packed.read(_MOST_BYTES + 1)
        _fits(len(content))
        return [(name.rpartition(".")[0], content)]
    with zipfile.ZipFile(io.BytesIO(given)) as zipped:
        return [
            (member.filename.rsplit("/", 1)[-1], zipped.read(member))
            for member in zipped.infolist()
            if not member.is_dir() and _fits(member.file_size)
        ]


def _fits(size: int) -> bool:
    if size > _MOST_BYTES:
        raise StepFailure("DataError", "the archive holds a file that is too big")
    return True


TRANSFORMS: dict[tuple[str, str], Transform] = {
    ("tools", "compose"): compose,
    ("tools", "switch"): switch,
    ("tools", "switch_by_pattern"): switch_by_pattern,
    ("tools", "count_up"): count_up,
    ("scenarios", "return_data"): return_data,
    ("scenarios", "name_run"): name_run,
    ("csv_parser", "parse"): parse_csv,
    ("archive", "extract"): extract,
}
