"""How the facts are found: from spec, estimates, checks and tests to `Facts`, in the brand's language.

The same build gives the same facts. Sentences come from the message files; nothing that a client wrote is a message.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property

from compilers.graph import SpecGraph
from compilers.registry import registry
from compilers.spec import OperationStep, Spec
from manageai_assets.build.confidence import ENOUGH, Confidence
from manageai_assets.build.cost import CENT, CostEstimate, Money
from manageai_assets.build.documents import accounts, webhook_titles
from manageai_assets.build.exports import ExportValidationReport, ValidationReport
from manageai_assets.build.flow_words import app_name
from manageai_assets.build.outline import outline
from manageai_assets.build.timeline import Timeline, working_day_after
from manageai_assets.documents import facts as f
from manageai_assets.documents import words
from manageai_assets.documents.brand import Brand
from manageai_assets.documents.messages import Messages, messages
from manageai_assets.documents.reckoning import criteria_of, risks_of, running_of, savings_of, settle_of, volume_of
from manageai_assets.intake.assessment import Assessment
from manageai_assets.intake.models import Intake
from manageai_assets.testing.models import TestReport


@dataclass(frozen=True)
class Material:
    """What the facts are found in."""

    brand: Brand
    intake: Intake
    assessment: Assessment
    spec: Spec
    checked: ValidationReport
    exports: ExportValidationReport
    tests: TestReport | None
    confidence: Confidence
    timeline: Timeline
    cost: CostEstimate

    @cached_property
    def graph(self) -> SpecGraph:
        """The spec's graph."""
        return SpecGraph(self.spec)

    @cached_property
    def say(self) -> Messages:
        """The messages of the brand's language."""
        return messages(self.brand.language)

    @property
    def draft(self) -> bool:
        """Whether a person must look before it goes out."""
        return self.confidence.hundredths < ENOUGH or self.confidence.flagged


def facts_of(given: Material) -> f.Facts:
    """Everything that the documents say of a build."""
    spec, brand = given.spec, given.brand
    issued = given.intake.received or spec.created
    found = f.Facts(
        brand=brand,
        title=spec.name,
        slug=spec.slug,
        version=spec.version,
        issued=issued,
        valid_until=_later(issued, brand.price.valid_days),
        client=_client(given),
        request=spec.request,
        objective=spec.objective,
        texts=f.Texts(background="", objective="", problem="", change="", next_step=""),
        draft=given.draft,
        score=Decimal(given.confidence.hundredths) / 100,
        settle=settle_of(given) if given.draft else (),
        starts=words.starts(spec, given.say),
        lines=tuple(_lines(given)),
        steps=len(spec.nodes),
        apps=_apps(spec),
        included=tuple(_included(given)),
        excluded=tuple(_excluded(given)),
        access=tuple(_access(given)),
        webhooks=webhook_titles(spec, given.exports),
        systems=tuple(f"{one.name} ({one.plan})" if one.plan else one.name for one in given.intake.systems),
        deliverables=tuple(_deliverables(given)),
        platforms=_platforms(given),
        plan=_plan(given),
        setup=_setup(given),
        running=running_of(given),
        prices_as_of=given.cost.prices_as_of,
        prices_note=given.say("facts.prices_note"),
        volume=volume_of(given),
        savings=savings_of(given),
        tested=_tested(given),
        criteria=criteria_of(given),
        risks=risks_of(given),
        assumptions=tuple(assumption.text for assumption in spec.assumptions),
        questions=tuple(question.what for question in given.assessment.questions),
    )
    return found.model_copy(update={"texts": texts_of(found)})


def texts_of(found: f.Facts) -> f.Texts:
    """The running text that rules write from the facts."""
    say, client = messages(found.brand.language), found.client
    known = {"client": client.name, "industry": client.industry, "agency": found.brand.agency.name}
    background = say(f"facts.text.background{'_industry' if client.industry else ''}", **known)
    if found.systems:
        background += " " + say("facts.text.systems", systems=say.listed(found.systems))
    background += " " + say("facts.text.volume", runs=say.about(found.volume.runs))
    key = "facts.text.objective" if found.apps else "facts.text.objective_none"
    objective = say(key, title=found.title, starts=found.starts, apps=say.listed(found.apps))
    live = next((one for one in found.plan.milestones if one.name == say("facts.milestone.Live")), None)
    if live is not None and live.on is not None:
        change = say("facts.text.change", live=say.date(live.on), starts=found.starts)
    else:
        change = say(
            "facts.text.change_undated", day=live.day if live else found.plan.working_days, starts=found.starts
        )
    effort = say("facts.text.effort", hours=say.about(found.savings.hours_per_month))
    return f.Texts(
        background=background,
        objective=objective,
        problem=say("facts.text.problem", effort=effort),
        change=change,
        next_step=_next_step(found, say),
    )


def _next_step(found: f.Facts, say: Messages) -> str:
    if found.draft:
        return say("facts.text.next_draft")
    if found.valid_until is None or found.plan.start is None:
        return say("facts.text.next_undated")
    return say("facts.text.next_signed", until=say.date(found.valid_until), start=say.date(found.plan.start))


def _later(day: date | None, days: int) -> date | None:
    try:
        return None if day is None else day + timedelta(days=days)
    except OverflowError:
        return None


def _client(given: Material) -> f.Client:
    customer, contact = given.intake.customer, given.intake.contact
    return f.Client(
        name=customer.name,
        industry=customer.industry,
        country=customer.country,
        contact_name=contact.name,
        contact_email=contact.email,
        contact_phone=contact.phone,
    )


def _apps(spec: Spec) -> tuple[str, ...]:
    """The apps that need an account, by name, in the order of the flow."""
    known = registry().apps
    apps = [step.app for step in spec.nodes if isinstance(step, OperationStep)]
    outside = [app for app in apps if app in known and known[app].connection is not None]
    return tuple(dict.fromkeys(map(app_name, outside)))


def _platforms(given: Material) -> tuple[str, ...]:
    return tuple(report.title for report in given.exports.wanted if report.report is not None)


def _lines(given: Material) -> Iterator[f.Line]:
    number = 0
    for item in outline(given.graph):
        if item.step is None:
            yield f.Line(level=item.level, number=0, lead=words.lead(item, given.graph, given.say))
            continue
        number += 1
        yield f.Line(
            level=item.level,
            number=number,
            step=item.step.id,
            title=item.step.title,
            app=words.kind(item.step, given.say),
            does=words.does(item.step, given.say),
            on_error=words.on_failure(item.step, given.graph, given.say),
        )


def _included(given: Material) -> Iterator[str]:
    say, platforms = given.say, _platforms(given)
    yield say("facts.scope.design", title=given.spec.name)
    if platforms:
        yield say("facts.scope.platforms", platforms=say.listed(platforms))
    connected = tuple(dict.fromkeys(account.app for account in accounts(given.spec)))
    if connected:
        yield say("facts.scope.connect", accounts=say.listed(connected))
    else:
        yield say("facts.scope.connect_none")
    yield say("facts.scope.errors")
    if given.tests is not None and given.tests.results:
        yield say("facts.scope.tests", cases=say.number(len(given.tests.results)))
    yield say("facts.scope.handover", support_days=say.number(given.brand.support.days))


def _excluded(given: Material) -> Iterator[str]:
    say, platforms = given.say, _platforms(given)
    for name in ("not_steps", "not_fees", "not_data", "not_systems", "not_operation"):
        yield say(f"facts.scope.{name}")
    if platforms:
        yield say("facts.scope.not_platform", platforms=say.listed(platforms))


def _access(given: Material) -> Iterator[f.Access]:
    plans = {one.name.lower(): one.plan for one in given.intake.systems}
    for account in accounts(given.spec):
        yield f.Access(
            label=account.label,
            app=account.app,
            account=account.account,
            grants=account.grants,
            minutes=account.minutes,
            plan=plans.get(account.app.lower(), ""),
        )


def _deliverables(given: Material) -> Iterator[f.Deliverable]:
    say = given.say
    for report in given.exports.wanted:
        if report.report is not None:
            name = say("facts.deliverable.export.name", platform=report.title)
            file = f"{report.platform}_export.json"
            yield f.Deliverable(name=name, file=file, what=say("facts.deliverable.export.what"))
    for key, file in (
        ("sow", "sow.docx"), ("summary", "executive_summary.pdf"), ("technical", "technical_spec.md"),
        ("checklist", "implementation_checklist.md"), ("running", ""), ("walk", ""),
    ):  # fmt: skip
        yield f.Deliverable(
            name=say(f"facts.deliverable.{key}.name"), file=file, what=say(f"facts.deliverable.{key}.what")
        )


def _plan(given: Material) -> f.Plan:
    timeline, say = given.timeline, given.say
    start = working_day_after(timeline.received, 1) if timeline.received else None

    def on(day: int) -> date | None:
        return working_day_after(start, day - 1) if start else None

    handover = on(timeline.working_days)
    phases = []
    for phase in timeline.phases:
        values = {"percent": say.percent(timeline.complexity.buffer * 100)}
        known = say.has(f"facts.phase.{phase.name}.name")
        phases.append(
            f.Phase(
                name=say(f"facts.phase.{phase.name}.name") if known else phase.name,
                what=say(f"facts.phase.{phase.name}.what", **values) if known else phase.what,
                hours=phase.hours,
                first_day=phase.first_day,
                last_day=phase.last_day,
                first_on=on(phase.first_day),
                last_on=on(phase.last_day),
            )
        )
    return f.Plan(
        hours=timeline.hours,
        working_days=timeline.working_days,
        start=start,
        handover=handover,
        deadline=timeline.deadline,
        fit=timeline.fit,
        note=_fit(timeline, handover, say),
        phases=tuple(phases),
        milestones=tuple(
            f.Milestone(name=say(f"facts.milestone.{one.name}"), day=one.day, on=one.on) for one in timeline.milestones
        ),
    )


def _fit(timeline: Timeline, handover: date | None, say: Messages) -> str:
    if timeline.deadline is None:
        return say("facts.fit.none_")
    if handover is None or timeline.spare_days is None:
        return say("facts.fit.undated", deadline=say.date(timeline.deadline))
    missed = timeline.fit == "missed"
    days = max(-timeline.spare_days, 1) if missed else timeline.spare_days
    key = f"facts.fit.{'missed' if missed else 'met'}"
    return say.count(key, days, handover=say.date(handover), deadline=say.date(timeline.deadline))


def _setup(given: Material) -> f.Setup:
    setup, price, say = given.cost.setup, given.brand.price, given.say
    net, currency = setup.total.amount, setup.total.currency
    tax = _cents(net * price.tax_percent / 100)
    payments: list[f.Payment] = []
    left = net
    for index, one in enumerate(price.payments, 1):
        amount = left if index == len(price.payments) else _cents(net * one.percent / 100)
        left -= amount
        due = Money(amount=amount, currency=currency)
        payments.append(f.Payment(when=say(f"facts.payment.{one.when}"), percent=one.percent, amount=due))
    return f.Setup(
        hours=setup.hours,
        hour=setup.hour,
        net=setup.total,
        tax_percent=price.tax_percent,
        tax=Money(amount=tax, currency=currency),
        gross=Money(amount=net + tax, currency=currency),
        payments=tuple(payments),
    )


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


def _tested(given: Material) -> f.Tested | None:
    tests = given.tests
    if tests is None or not tests.results:
        return None
    return f.Tested(
        cases=len(tests.results),
        passed=sum(result.passed for result in tests.results),
        engine=given.say(f"facts.engine.{tests.engine}"),
    )
