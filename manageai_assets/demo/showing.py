"""`make up ARGS=--demo`: the demo is loaded, its days and windows are made by the project's own jobs, and it goes on
running for as long as the platform is up."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sqlalchemy import select

from compilers.errors import UserError
from manageai_assets import console
from manageai_assets.clients.reading import newest_day, snapshots_on
from manageai_assets.clients.reports.months import Month, month_of
from manageai_assets.demo.agency import agency
from manageai_assets.demo.launching import Launched, launch, wait
from manageai_assets.demo.loading import Loaded, Progress, grow, load, loaded_demo, standing
from manageai_assets.demo.models import Agency
from manageai_assets.documents.brand import our_brand
from manageai_assets.monitoring.connecting import watched_platforms
from manageai_assets.monitoring.models import FIRST_WINDOW, WINDOW, window_of
from manageai_assets.settings import PROJECT_ROOT
from manageai_assets.store.client_tables import ClientSnapshotRow

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from manageai_assets.clients.models import ClientSnapshot
    from manageai_assets.settings import Settings

SEED = 1
DAYS_AGAIN = 3
"""Days that are made again when the demo grows, as the schedule does."""
WINDOWS = dt.timedelta(days=1) // WINDOW
"""A day's windows are made, so that the pictures of the last day are full."""
FIRST_DAYS = 62
"""This month's and the last one's, which a report is made of."""
SEEN_FIRST = 2
"""Runs that make what is looked at first; the third one makes the rest of the year."""
RUNS_SECONDS = 600


def check(engine: Engine, settings: Settings) -> None:
    """Raises `UserError` where the demo has no place: among real scenarios, beside a platform that is watched, or where
    people would be told of its incidents."""
    watched = watched_platforms(settings)
    if watched:
        raise UserError(
            f"the demo would be taken for what runs on {' and '.join(watched)}, which this project watches",
            where="settings",
            hint="unset its key and address for the demo (MAKE_API_KEY, N8N_API_URL)",
        )
    if settings.slack_webhook_url or settings.alert_email:
        raise UserError(
            "people would be alarmed by what fails in the demo",
            where="settings",
            hint="unset SLACK_WEBHOOK_URL and ALERT_EMAIL for the demo",
        )
    standing(engine)


class Demo:
    """The demo in a database, and the runs that are made of it."""

    def __init__(self, engine: Engine, given: Agency, loaded_to: dt.datetime) -> None:
        self.engine, self.agency, self.loaded_to = engine, given, loaded_to

    def launch(self, ui: str) -> list[Launched]:
        """Asks for the windows of the last day, for the newest days, and for days before that are missing."""
        from manageai_assets.partitions import window_key

        days = self._days()
        newest = window_of(self.loaded_to) - WINDOW
        windows = [window_key(newest - place * WINDOW) for place in reversed(range(WINDOWS))]
        parts = (days[-FIRST_DAYS:], days[:-FIRST_DAYS])  # what is looked at first is made first
        return [launch(ui, "watch", windows), *(launch(ui, "client_days", part) for part in parts if part)]

    def report(self, ui: str) -> Launched | None:
        """Asks for the last month's report of the riskiest client, once there are days; None: there is no client."""
        from manageai_assets.partitions import client_key

        client = self.riskiest()
        key = f"{client_key(client.customer_name)}|{self.reported}" if client else ""
        return launch(ui, "monthly_reports", [key]) if key else None

    @property
    def reported(self) -> Month:
        """The month that its report is about."""
        return month_of(self.loaded_to.astimezone(self.agency.zone).date()).plus(-1)

    def riskiest(self) -> ClientSnapshot | None:
        """The client with the highest risk on the newest day; None where no day is made."""
        day = newest_day(self.engine)
        found = snapshots_on(self.engine, day) if day else []
        return max(found, key=lambda one: (one.risk_score, one.customer_name), default=None)

    def _days(self) -> list[str]:
        """The days to make, in a row: from the first one that has no snapshots, and the last ones again."""
        from manageai_assets.partitions import DAYS

        last = self.loaded_to.astimezone(self.agency.zone).date() - dt.timedelta(1)
        first = max(self.agency.first, FIRST_WINDOW.date())
        known = DAYS.get_partition_keys(current_time=self.loaded_to)
        wanted = [key for key in known if first.isoformat() <= key <= last.isoformat()]
        with self.engine.connect() as connection:
            made = {day.isoformat() for day in connection.scalars(select(ClientSnapshotRow.snapshot_date).distinct())}
        missing = [place for place, key in enumerate(wanted) if key not in made]
        return wanted[min([*missing, max(0, len(wanted) - DAYS_AGAIN)]) :]

    def grow(self, ui: str, now: dt.datetime) -> None:
        """Adds what ran since, when a window is over, and asks for that window."""
        from manageai_assets.partitions import window_key

        if window_of(now) <= window_of(self.loaded_to):
            return
        grow(self.engine, self.agency, now)
        starts = []
        start = window_of(self.loaded_to)
        while start + WINDOW <= now:
            starts.append(window_key(start))
            start += WINDOW
        self.loaded_to = now
        launch(ui, "watch", starts)


def load_demo(engine: Engine, now: dt.datetime) -> tuple[Demo, Loaded]:
    """Loads the demo, or adds what ran since it was loaded; shows how far it is."""
    zone = ZoneInfo(our_brand().agency.timezone)
    known = loaded_demo(engine)
    with _progress() as progress:
        if known is None:
            given = agency(SEED, today=now.astimezone(zone).date() - dt.timedelta(1), zone=zone)
            done = load(engine, given, now, progress=progress)
        else:
            given = agency(known.seed, today=known.today, zone=zone)
            done = grow(engine, given, now, progress=progress)
    return Demo(engine, given, now), done


def wait_for(runs: Sequence[Launched], ui: str, alive: Callable[[], None]) -> None:
    """Waits for the runs. Raises `UserError` when one fails, or isn't over in time."""
    for run, state in zip(runs, wait(ui, runs, alive, RUNS_SECONDS), strict=True):
        if state != "SUCCESS":
            what = f"the demo's run of {run.job} over {run.partitions} partitions is not done: {state.lower()}"
            raise UserError(what, where=f"{ui}/runs/{run.identifier}", hint="its page says why")


def say_what_to_see(demo: Demo, ui: str, settings: Settings) -> None:
    """Where a newcomer looks first."""
    from manageai_assets.monitoring.incident_store import incidents

    elsewhere = settings.database_url is None and settings.data_dir != PROJECT_ROOT / "data"
    command = f"{f'DATA_DIR={settings.data_dir} ' if elsewhere else ''}.venv/bin/manageai"
    day, riskiest = newest_day(demo.engine), demo.riskiest()
    open_now = len(incidents(demo.engine))
    rows = [
        (f"{ui}/assets/client_snapshots", f"{len(demo.agency.clients)} clients on {day}; risks, costs, opportunities"),
        (f"{ui}/assets/incidents", f"{open_now} incidents are open; each window is judged"),
        (f"{ui}/assets/execution_snapshots", "what ran in the last hour, and a picture of the last day"),
        (f"{command} clients", "all clients at a glance"),
    ]
    if riskiest:
        name = riskiest.customer_name
        rows += [
            (f'{command} clients "{name}"', f"the riskiest one: {riskiest.risk_score} of 100"),
            (f"{ui}/assets/monthly_report", f"what {name} is told of {demo.reported}, as Word and PDF"),
        ]
    rows += [
        (f"{command} opportunities --top 10", "what is worth doing, with its sums"),
        (f"{command} incidents", "what is wrong now, and what to do"),
    ]
    console.show_table(("look at", "and see"), rows, title="The demo: a made-up agency; no client of it exists")


@contextmanager
def _progress() -> Iterator[Progress]:
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("demo: {task.description}", markup=False), BarColumn(), TimeElapsedColumn())
    with Bar(*columns, console=console.console(), transient=True) as bar:
        task = bar.add_task("clients and scenarios", total=None)

        def shown(what: str, done: int, whole: int) -> None:
            bar.update(task, description=what, completed=done, total=whole)

        yield shown
