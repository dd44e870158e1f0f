"""What the command line shows to people: tables, progress, findings. Text from documents is never taken for markup."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from compilers.errors import Finding
from manageai_assets.stages import Cell

if TYPE_CHECKING:
    from rich.console import Console

WIDTH_OF_FILES = 200
"""Columns of a table that goes to a file or another program."""
SEVERITY_STYLES = {"error": "bold red", "warning": "yellow", "info": "dim"}


def console(*, stderr: bool = False) -> Console:
    """A console that knows the terminal: no colours and no escape codes where the output is a file."""
    from rich.console import Console

    screen = Console(stderr=stderr, highlight=False)
    if not screen.is_terminal:
        screen.width = WIDTH_OF_FILES
    return screen


def show_table(
    columns: Sequence[str], rows: Iterable[Sequence[Cell]], *, title: str = "", styles: Sequence[str] = ()
) -> None:
    """Prints a table; `styles` has one entry for each row, when there are any."""
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title or None, title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold")
    for index, row in enumerate(rows):
        cells = [Text("" if cell is None else str(cell)) for cell in row]
        table.add_row(*cells, style=styles[index] if styles else None)
    console().print(table)


def show_findings(findings: Sequence[Finding]) -> None:
    """Prints findings as a table, the worst first."""
    order = list(SEVERITY_STYLES)
    ranked = sorted(findings, key=lambda finding: order.index(finding.severity))
    show_table(
        ("", "where", "what", "to do", "rule"),
        [(finding.severity, finding.where, finding.what, finding.hint, finding.rule) for finding in ranked],
        styles=[SEVERITY_STYLES[finding.severity] for finding in ranked],
    )


class Step(Protocol):
    """Tells that one more is done, and what is being worked on now."""

    def __call__(self, doing: str) -> None: ...


@contextmanager
def progress(total: int, doing: str) -> Iterator[Step]:
    """A progress bar on standard error while work goes on; nothing where that is no terminal."""
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    screen = console(stderr=True)
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as bar:
        task = bar.add_task(escape(doing), total=total)

        def step(doing: str) -> None:
            bar.update(task, advance=1, description=escape(doing))

        yield step
