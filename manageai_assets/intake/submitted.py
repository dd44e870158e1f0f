"""The first stage of a build: the intake as it was submitted."""

from __future__ import annotations

from manageai_assets.intake.models import Intake
from manageai_assets.stages import Preview, Table, stage

LINE_BREAKS = "\r\n\v\f\x1c\x1d\x1e\x85\u2028\u2029"


def _preview(intake: Intake) -> Preview:
    rows = (
        ("Contact", " ".join(part for part in (intake.contact.name, intake.contact.email) if part)),
        ("Objective", intake.objective),
        ("Systems", ", ".join(system.name for system in intake.systems)),
        ("Received", intake.received.isoformat() if intake.received else ""),
        ("Deadline", intake.deadline.isoformat() if intake.deadline else ""),
        ("Notes", intake.notes),
    )
    return Preview(
        numbers={
            "customer": intake.customer.name,
            "automation": intake.name,
            "steps_described": len(intake.steps),
            "runs_a_month": intake.volume_per_month,
            "platforms": ", ".join(intake.targets),
        },
        markdown=f"### In their words\n\n{quoted(intake.request)}",
        tables={"intake": Table(("what", "said"), tuple(row for row in rows if row[1]))},
    )


def quoted(text: str) -> str:
    """Plain text as a Markdown block in which nothing is markup: indented, so that every character is itself."""
    unified = text.translate({ord(character): "\n" for character in LINE_BREAKS})
    return "\n".join(f"    {line}" for line in unified.split("\n"))


@stage(artifact="intake.json", group="intake", preview=_preview)
def intake(submitted: Intake) -> Intake:
    """What the client asked for: the intake that was submitted under this key, checked and in its full form.

    A changed intake of a known slug is the next version, so that what a build was made from never changes.
    """
    return submitted
