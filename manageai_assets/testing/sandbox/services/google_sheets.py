"""Google Sheets' API, version 4.

A sheet is known by what the run's calls say of it: its headers are those that they name, its rows those that a search
gives. n8n's node reads the headers before it writes, and may write several rows in one request.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType

from pydantic import JsonValue

from manageai_assets.testing.models import Failure
from manageai_assets.testing.sandbox.records import Call
from manageai_assets.testing.sandbox.services.base import Asked, Row, Service, at, listed, with_
from manageai_assets.testing.sandbox.wire import Json

_BOOK = r"/v4/spreadsheets/(?P<spreadsheet>[^/:]+)"
_RANGE = _BOOK + r"/values/(?P<range>.+)"
_READS = ("search_rows", "filter_rows", "watch_rows", "new_rows", "read_range", "get_cell")
_APPENDS = "add_row append_row append_row_by_position append_rows"
_PUTS = "add_row append_row write_row write_rows update_cell update_row"
_BESIDE = ("row_number", "spreadsheet_id", "sheet_name")
_FIRST = re.compile(r"([A-Z]*)(\d*)")


def _tab(name: str) -> tuple[str, str]:
    """The sheet and the cells of a range such as `'Two words'!A2:D`."""
    sheet, _, cells = name.rpartition("!") if "!" in name else (name, "", "")
    if sheet[:1] == "'" and sheet[-1:] == "'":
        sheet = sheet[1:-1].replace("''", "'")
    return sheet, cells


def _start(cells: str) -> tuple[int, int]:
    """Column, from 0, and row, from 1, where a range begins."""
    found = _FIRST.match(cells)
    letters, digits = (found[1], found[2]) if found else ("", "")
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - 64
    return max(column - 1, 0), int(digits or 1)


def _about(asked: Asked, calls: Sequence[Call]) -> Iterator[Call]:
    """The calls that concern the request's sheet, or all of its spreadsheet when it names none."""
    sheet = _tab(asked.groups.get("range", ""))[0]
    for call in calls:
        inputs = call.request.inputs
        same_book = str(inputs.get("spreadsheet", "")) == asked.groups["spreadsheet"]
        if same_book and (not sheet or str(inputs.get("sheet", sheet)) == sheet):
            yield call


def _headers(asked: Asked) -> list[str]:
    """The headers of the request's sheet, as the run's calls name them."""
    listed_ones: dict[str, None] = {}
    others: dict[str, None] = {}
    for call in _about(asked, asked.calls):
        headers = call.request.inputs.get("headers")
        listed_ones |= dict.fromkeys(str(one) for one in headers) if isinstance(headers, list) else {}
        rows = [call.request.inputs.get("values"), call.request.inputs.get("where")]
        rows += [bundle.get("row") for bundle in call.answer.bundles]
        for row in rows:
            others |= dict.fromkeys(row) if isinstance(row, dict) else {}
    return [*listed_ones, *(name for name in others if name not in listed_ones)]


def _is_read(asked: Asked) -> bool:
    """Whether rows are wanted, and not only the headers for a row that is written next."""
    waiting = list(_about(asked, asked.waiting))
    reads = [call for call in waiting if call.request.operation in _READS]
    if not reads or len(reads) == len(waiting):
        return bool(reads)
    return asked.incoming.query.get("valueRenderOption") == "UNFORMATTED_VALUE" or waiting[0] is reads[0]


def _row(bundle: Mapping[str, JsonValue], headers: Sequence[str]) -> list[JsonValue]:
    """The cells of a row, by header, or by the number of the column."""
    row = bundle.get("row")
    cells = row if isinstance(row, dict) else {name: cell for name, cell in bundle.items() if name not in _BESIDE}
    if cells and all(name.isdigit() for name in cells):
        return [cells.get(str(column), "") for column in range(max(map(int, cells)) + 1)]
    return [cells.get(name, "") for name in headers]


def _rows(asked: Asked) -> JsonValue:
    """The rows found, each where its number says, below the headers."""
    found = asked.groups["range"]
    headers = _headers(asked)
    _, first = _start(_tab(found)[1])
    if asked.operation == "get_cell":
        return {"range": found, "majorDimension": "ROWS", "values": [[asked.bundle.get("value")]]}
    grid: list[JsonValue] = [] if asked.operation == "read_range" else [[*headers]]
    for bundle in asked.bundles:
        number = bundle.get("row_number") if grid and headers else None
        place = int(number) - first if isinstance(number, (int, float)) else len(grid)
        grid.extend([] for _ in range(place - len(grid)))
        grid.append(_row(bundle, headers))
    return {"range": found, "majorDimension": "ROWS", "values": grid}


def _only_headers(asked: Asked) -> JsonValue:
    return {"range": asked.groups["range"], "majorDimension": "ROWS", "values": [[*_headers(asked)]]}


def _tabs(asked: Asked) -> JsonValue:
    """The sheets that the run's calls name."""
    sheets: dict[str, int] = {}
    for call in _about(asked, asked.calls):
        title, number = call.request.inputs.get("sheet"), call.request.inputs.get("sheet_gid")
        if title is not None or number is not None:
            sheets[str(title or f"Sheet {number}")] = int(str(number)) if str(number).isdigit() else len(sheets)
    properties: list[JsonValue] = [
        {"properties": {"sheetId": number, "title": title, "index": index, "gridProperties": {"rowCount": 1000}}}
        for index, (title, number) in enumerate(sheets.items())
    ]
    return {"spreadsheetId": asked.groups["spreadsheet"], "sheets": properties}


def _written(asked: Asked) -> JsonValue:
    """What a write is answered; the number of the new row, where the call gives one, stands in the range."""
    sheet, cells = _tab(asked.groups["range"])
    number = asked.bundle.get("row_number") or _start(cells)[1]
    place = f"'{sheet}'!A{number}"
    updates: Json = {"spreadsheetId": asked.groups["spreadsheet"], "updatedRange": place, "updatedRows": 1}
    given = asked.bundle.get("updates")
    return {**updates, "updates": {**updates, **(given if isinstance(given, dict) else {})}}


_ENTRIES: Mapping[str, str] = MappingProxyType({"RAW": "raw", "USER_ENTERED": "typed"})


def _place(asked: Asked) -> Json:
    place: Json = {"spreadsheet": asked.groups["spreadsheet"], "sheet": _tab(asked.groups["range"])[0]}
    entry = _ENTRIES.get(str(asked.incoming.query.get("valueInputOption")))
    return {**place, "entry": entry} if entry else place


def _puts(asked: Asked) -> Sequence[Json]:
    """One write for each row of the request."""
    values = asked.incoming.fields.get("values")
    rows = [row for row in values if isinstance(row, list)] if isinstance(values, list) else []
    waiting = [call.request for call in _about(asked, asked.waiting)]
    if any(request.operation in ("append_rows", "write_rows", "update_cell") for request in waiting):
        return [_place(asked)]
    by_index = any("values_by_index" in one.inputs and "values" not in one.inputs for one in waiting)
    headers = _headers(asked)
    place = {**_place(asked), "row_number": _start(_tab(asked.groups["range"])[1])[1]}
    made: list[Json] = []
    for row in rows:
        numbered: Json = {str(index): cell for index, cell in enumerate(row) if cell is not None}
        named: Json = {name: cell for name, cell in zip(headers, row, strict=False) if cell is not None}
        made.append({**place, **({"values_by_index": numbered} if by_index else {"values": named})})
    return made or [_place(asked)]


def _updates(asked: Asked) -> Sequence[Json]:
    """One change for each row that the cells of the request stand in."""
    headers = _headers_of_book(asked)
    rows: dict[tuple[str, int], Json] = {}
    data = asked.incoming.fields.get("data")
    for part in data if isinstance(data, list) else []:
        sheet, cells = _tab(str(at(part, "range")))
        column, number = _start(cells)
        values = rows.setdefault((sheet, number), {})
        names = headers.get(sheet, [])
        values[names[column] if column < len(names) else str(column)] = at(part, "values.0.0")
    place = asked.groups["spreadsheet"]
    return [
        {"spreadsheet": place, "sheet": sheet, "row_number": number, "values": values}
        for (sheet, number), values in rows.items()
    ]


def _headers_of_book(asked: Asked) -> dict[str, list[str]]:
    sheets = {str(call.request.inputs.get("sheet")) for call in asked.calls}
    found: dict[str, list[str]] = {}
    for sheet in sheets:
        one = Asked(asked.incoming, {**asked.groups, "range": sheet}, calls=asked.calls)
        found[sheet] = _headers(one)
    return found


def _batch(asked: Asked) -> JsonValue:
    return {"spreadsheetId": asked.groups["spreadsheet"], "replies": [{}], **asked.item}


def _asks_for(kind: str) -> Callable[[Asked], bool]:
    def test(asked: Asked) -> bool:
        requests = asked.incoming.fields.get("requests")
        return isinstance(requests, list) and any(kind in one for one in requests if isinstance(one, dict))

    return test


def _is_list(asked: Asked) -> bool:
    """Whether the list of sheets is the aim: n8n's node asks the same before it does anything else."""
    return bool(asked.waiting) and asked.waiting[0].request.operation == "list_sheets"


def _failed(failure: Failure) -> JsonValue:
    return {"error": {"code": failure.status, "message": failure.message, "status": "SANDBOX"}}


_BATCH = _BOOK + ":batchUpdate"
_IN_BOOK = {"spreadsheet": "path.spreadsheet"}
_TITLE = {**_IN_BOOK, "title": "body.requests.0.addSheet.properties.title"}

SERVICE = Service(
    app="google_sheets",
    hosts=("sheets.googleapis.com",),
    failed=_failed,
    local={"search_rows": ("where",)},
    rows=(
        Row(
            "POST",
            "/v4/spreadsheets",
            "create_spreadsheet",
            with_(spreadsheetId="sandbox"),
            {"title": "body.properties.title"},
        ),
        Row("POST", _BATCH, "", _batch, when=_asks_for("appendDimension")),
        Row("POST", _BATCH, "delete_row", _batch, _IN_BOOK, when=_asks_for("deleteDimension")),
        Row("POST", _BATCH, "add_sheet", _batch, _TITLE, when=_asks_for("addSheet")),
        Row("POST", _BATCH, "delete_sheet", _batch, _IN_BOOK, when=_asks_for("deleteSheet")),
        Row("POST", _BATCH, "rename_sheet", _batch, _IN_BOOK, when=_asks_for("updateSheetProperties")),
        Row("POST", _BATCH, "create_from_template", _batch, when=_asks_for("findReplace")),
        Row("POST", _BOOK + "/sheets/(?P<sheet_gid>[^/]+):copyTo", "copy_sheet", reads=_IN_BOOK),
        Row("POST", _BOOK + "/values:batchUpdate", "update_row write_row", _batch, split=_updates),
        Row("POST", _RANGE + ":append", _APPENDS, _written, split=_puts),
        Row(
            "POST", _RANGE + ":clear", "clear_cell clear_range clear_row", _written, split=lambda asked: [_place(asked)]
        ),
        Row("PUT", _RANGE, _PUTS, _written, split=_puts),
        Row("GET", _RANGE, " ".join(_READS), _rows, split=lambda asked: [_place(asked)], when=_is_read),
        Row("GET", _RANGE, "", _only_headers),
        Row("GET", _BOOK, "list_sheets", listed("sheets"), _IN_BOOK, when=_is_list),
        Row("GET", _BOOK, "get_spreadsheet", reads=_IN_BOOK, when=lambda asked: "fields" not in asked.incoming.query),
        Row("GET", _BOOK, "", _tabs),
    ),
)
