"""Intakes in Dagster: the assets from intake to canonical spec, and the job that submits one."""

from collections.abc import Mapping
from typing import Any

from dagster import Config, Failure, MetadataValue, OpExecutionContext, RunConfig, job, op
from pydantic import Field, JsonValue

from compilers.errors import UserError
from manageai_assets.assets import stage_assets, stages_of
from manageai_assets.intake.models import Intake
from manageai_assets.partitions import INTAKES
from manageai_assets.pipeline import STAGES as PIPELINE

STAGES = stages_of(__package__, PIPELINE)
ASSETS = stage_assets(STAGES)


PLAIN_FIELDS = (
    "customer", "request", "title", "slug", "objective", "volume_per_month", "systems", "targets", "received",
    "deadline", "timezone", "notes",
)  # fmt: skip
"""Fields of the job's config that an intake has by the same name."""


class SubmitIntake(Config):
    """One intake, in one of three ways: its fields, a whole file's text, or the path of a file."""

    customer: str | None = Field(default=None, description="Name of the client. Needed, with the request.")
    request: str | None = Field(default=None, description="What they want, in their own words.")
    title: str | None = Field(default=None, description="What the automation is called.")
    slug: str | None = Field(
        default=None, description="Name for files and versions; the same slug with another content is its next version."
    )
    objective: str | None = Field(default=None, description="What gets better for them.")
    contact_name: str | None = None
    contact_email: str | None = None
    volume_per_month: int | None = Field(default=None, description="Expected runs a month.")
    systems: list[str] = Field(default=[], description="Systems they have, by name.")
    targets: list[str] = Field(
        default=[], description="Platforms to deliver for: make, n8n, zapier. Make and n8n, if empty."
    )
    received: str | None = Field(default=None, description="Date of the intake, such as 2026-10-05.")
    deadline: str | None = Field(default=None, description="Date, such as 2026-12-01.")
    timezone: str | None = Field(default=None, description="Such as Europe/Berlin.")
    notes: str | None = None
    more: dict[str, Any] = Field(
        default={}, description="Other fields of an intake file: trigger, steps, errors, samples ..."
    )
    yaml: str | None = Field(default=None, description="Instead of all these: the text of an intake file.")
    file: str | None = Field(default=None, description="Instead of all these: path of an intake file on this machine.")

    def document(self) -> dict[str, JsonValue]:
        """The fields that were given, as an intake file would have them."""
        given = {name: getattr(self, name) for name in PLAIN_FIELDS}
        contact = {"name": self.contact_name, "email": self.contact_email}
        given["contact"] = {name: value for name, value in contact.items() if value}
        return {**self.more, **{name: value for name, value in given.items() if value}}


@op(description="Checks the intake, gives it its version, and asks for its build.")
def record_intake(context: OpExecutionContext, config: SubmitIntake) -> None:
    """The build's run follows within seconds; the sensor `requested_builds` launches it."""
    from manageai_assets.io_managers import project_engine
    from manageai_assets.settings import read_settings
    from manageai_assets.submissions import submit

    try:
        checked = _intake(config)
        engine = project_engine(read_settings())
        try:
            submitted = submit(engine, checked, "launchpad")
        finally:
            engine.dispose()
    except UserError as error:
        raise Failure(str(error), allow_retries=False) from None
    context.instance.add_dynamic_partitions(str(INTAKES.name), [submitted.partition_key])
    context.add_output_metadata(_shown(submitted.partition_key, str(submitted), submitted.decision.wants_build))
    context.log.info(f"{submitted}; customer: {checked.customer.name}")


def _shown(partition_key: str, what: str, builds: bool) -> Mapping[str, MetadataValue]:
    return {
        "partition": MetadataValue.text(partition_key),
        "outcome": MetadataValue.text(what),
        "build_requested": MetadataValue.bool(builds),
    }


def _intake(config: SubmitIntake) -> Intake:
    from pathlib import Path

    from manageai_assets.intake.reading import intake_of, parse_intake, read_intake

    document = config.document()
    ways = [bool(document), bool(config.yaml), bool(config.file)]
    if sum(ways) != 1:
        raise UserError(
            "give the intake in exactly one way", where="config", hint="its fields, or `yaml`, or `file`; at least one"
        )
    if config.yaml:
        return parse_intake(config.yaml, where="config.yaml")
    if config.file:
        return read_intake(Path(config.file))
    return intake_of(document, where="config")


FORM = RunConfig(ops={"record_intake": SubmitIntake(customer="", title="", request="", contact_name="")})
"""What the launchpad shows to be filled in; everything else is in its list of fields."""


@job(description="Submits one intake: it becomes the next version of its scenario, and is built.", config=FORM)
def submit_intake() -> None:
    """Launch it from the launchpad."""
    record_intake()
