"""Whether an intake is ready to be built, and what it is understood to say.

Structured steps and plain requests in common shapes are read by the rules; free text is read by Claude instead where
there is a key. Either gives the same `Plan`, which is made a spec and checked by the same rules. A plan whose
confidence is too low is iterated: mechanical repair first, then Claude where there is a key. The best round stands.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Literal, Protocol

from pydantic import Field

from compilers.errors import Finding, UserError, shorten
from compilers.spec import Assumption, Model, Spec
from manageai_assets.data import DataModel, parse_data
from manageai_assets.intake.actions import mentions
from manageai_assets.intake.builder import Build, build_spec
from manageai_assets.intake.ledger import Ledger, Question
from manageai_assets.intake.models import Intake
from manageai_assets.intake.plan import Plan, SentencePlan, TriggerPlan, walk
from manageai_assets.intake.repairing import repaired
from manageai_assets.intake.request_rules import read_request

Maker = Literal["rules", "claude"]
RoundMaker = Literal["rules", "repair", "claude"]
MAX_FINDINGS = 200


class Usage(Model):
    """What language-model calls took."""

    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: Decimal | None = Field(default=None, description="None when the model's price is not known")
    currency: str = "USD"

    def plus(self, other: Usage) -> Usage:
        """Both together; the cost is known when both are."""
        known = self.cost is not None and other.cost is not None
        return Usage(
            requests=self.requests + other.requests,
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cost=(self.cost or Decimal()) + (other.cost or Decimal()) if known else None,
            currency=self.currency,
        )


class Round(Model):
    """One reading or repair, and what came of it."""

    number: int = Field(ge=0, description="0 is the first reading")
    by: RoundMaker
    confidence: float = Field(ge=0, le=1)
    buildable: bool = Field(description="a spec could be made")
    findings: tuple[Finding, ...] = ()
    repairs: tuple[str, ...] = Field(default=(), description="what was mended mechanically")
    usage: Usage | None = None
    note: str = ""
    kept: bool = Field(default=False, description="the round that stands")


class Assessment(Model):
    """What an intake is understood to say, what was taken for granted, and what must be asked."""

    ready: bool
    made_by: Maker = Field(description="who read the request")
    model: str = Field(default="", description="the language model, if one read it")
    note: str = Field(default="", description="why the rules read it although a key is there, and the like")
    plan: Plan | None = None
    assumptions: tuple[Assumption, ...] = ()
    questions: tuple[Question, ...] = ()
    findings: tuple[Finding, ...] = Field(default=(), description="of the round that stands")
    rounds: tuple[Round, ...] = ()
    usage: Usage | None = Field(default=None, description="of all rounds together")

    @property
    def retries(self) -> tuple[str, ...]:
        """The repair rounds that led to the one that stands, in words: they lower the confidence."""
        kept = next((one.number for one in self.rounds if one.kept), 0)
        return tuple(f"round {one.number} by {one.by}" for one in self.rounds if 0 < one.number <= kept)

    @property
    def repairs(self) -> tuple[str, ...]:
        """What was mended mechanically in the round that stands."""
        return tuple(repair for one in self.rounds if one.kept for repair in one.repairs)

    @property
    def blocking(self) -> tuple[Question, ...]:
        """The questions that must be answered first."""
        return tuple(question for question in self.questions if question.blocking)


class Reading(Model):
    """A language model's reading of a request."""

    plan: Plan | None = Field(default=None, description="leave it out when the request can't be understood")
    assumptions: tuple[Assumption, ...] = Field(default=(), max_length=40, description="what the request didn't say")
    questions: tuple[Question, ...] = Field(default=(), max_length=20, description="what only the client can answer")


@dataclass(frozen=True)
class Answered:
    """A reading with what it took, or why there is none."""

    reading: Reading | None
    usage: Usage | None
    findings: tuple[Finding, ...] = ()


class PlanReader(Protocol):
    """Reads free text into a plan: Claude, through `manageai_assets.intake.claude_reader`."""

    @property
    def model(self) -> str:
        """Name of the model."""

    def read(self, intake: Intake) -> Answered:
        """The first reading. Raises `UserError` when the service can't be used."""

    def mend(self, intake: Intake, reading: Reading | None, findings: Sequence[Finding]) -> Answered:
        """A better reading, given what was wrong with the last one. Raises `UserError` as `read` does."""


@dataclass(frozen=True)
class Limits:
    """When a plan is iterated, and how often at most."""

    max_rounds: int = 2
    min_confidence: float = 0.80


@dataclass(frozen=True)
class _Candidate:
    """A reading, what it builds, and how good that is."""

    reading: Reading
    build: Build
    spec: Spec | None
    findings: tuple[Finding, ...]
    said: tuple[Finding, ...]
    """Those of the findings that the reading and the building gave, not the rules."""
    repairs: tuple[str, ...]
    confidence: float

    @property
    def good(self) -> bool:
        """A spec without errors."""
        return self.spec is not None and all(finding.severity != "error" for finding in self.findings)

    @property
    def rank(self) -> tuple[bool, bool, float]:
        """Better candidates have higher ones."""
        return self.spec is not None, self.good, self.confidence


def assess(intake: Intake, reader: PlanReader | None = None, limits: Limits = Limits()) -> Assessment:
    """What the intake says and whether it can be built. Without a `reader`, the same intake always gives the same."""
    note = ""
    if reader is not None and not _is_structured(intake):
        try:
            return _Iteration(intake, limits, reader).run(lambda: reader.read(intake), "claude")
        except UserError as error:
            note = f"Claude could not read the request ({shorten(error.what)}), so the rules did."
    elif reader is not None:
        note = "The steps are given, so the rules read them."
    mender = reader if not note or _is_structured(intake) else None
    return _Iteration(intake, limits, mender, note).run(lambda: _read_by_rules(intake), "rules")


def _is_structured(intake: Intake) -> bool:
    """Whether the trigger and all steps are given in the plan's own form."""
    given = isinstance(intake.trigger, TriggerPlan) and bool(intake.steps)
    return given and not any(isinstance(step, SentencePlan) for _, step in walk(intake.steps))


def _read_by_rules(intake: Intake) -> Answered:
    ledger = Ledger()
    plan = read_request(intake, ledger)
    reading = Reading(plan=plan, assumptions=tuple(ledger.assumptions[:40]), questions=tuple(ledger.questions[:20]))
    return Answered(reading, None, tuple(ledger.findings))


class _Iteration:
    """The rounds of one intake."""

    def __init__(self, intake: Intake, limits: Limits, mender: PlanReader | None, note: str = "") -> None:
        self.intake, self.limits, self.mender, self.note = intake, limits, mender, note
        self.rounds: list[Round] = []
        self.candidates: list[_Candidate] = []

    def run(self, first: Callable[[], Answered], maker: Maker) -> Assessment:
        """Reads, and mends while it is worth it."""
        self._add(first(), maker)
        if self._worth_it():
            self._repair()
        mends = self.mender is not None and (maker == "claude" or self.candidates[0].spec is not None)
        while mends and self.mender is not None and self._worth_it() and self._retries < self.limits.max_rounds:
            last = self.candidates[-1]
            try:
                answered = self.mender.mend(self.intake, last.reading, last.findings)
            except UserError as error:
                self.note = f"{self.note} Claude could not mend it ({shorten(error.what)}).".strip()
                break
            self._add(answered, "claude")
        return self._assessment(maker)

    @property
    def _retries(self) -> int:
        return len(self.rounds) - 1

    def _worth_it(self) -> bool:
        best = max(self.candidates, key=lambda one: one.rank)
        asked = any(question.blocking for question in best.reading.questions)
        return not asked and (not best.good or best.confidence < self.limits.min_confidence)

    def _add(self, answered: Answered, by: RoundMaker) -> None:
        reading = answered.reading or Reading()
        build = Build(None)
        if reading.plan is not None:
            build = build_spec(self.intake, reading.plan, reading.assumptions)
        said = {finding.rule for finding in answered.findings}
        findings = tuple(finding for finding in build.findings if not (said and finding.rule == "intake.step.unread"))
        self._judge(reading, build, build.spec, (*answered.findings, *findings), (), by, answered.usage)

    def _repair(self) -> None:
        """One round of mechanical repair, if it mends anything."""
        last = self.candidates[-1]
        if last.spec is None or self._retries >= self.limits.max_rounds:
            return
        spec, repairs = repaired(last.spec)
        if repairs:
            self._judge(last.reading, last.build, spec, last.said, repairs, "repair", None)

    def _judge(
        self,
        reading: Reading,
        build: Build,
        spec: Spec | None,
        findings: tuple[Finding, ...],
        repairs: tuple[str, ...],
        by: RoundMaker,
        usage: Usage | None,
    ) -> None:
        from compilers.rules import validate_spec
        from manageai_assets.build.confidence import score

        said = findings
        if spec is not None:
            findings = (*findings, *validate_spec(spec))
        retries = tuple(f"round {one.number}" for one in self.rounds)
        confidence = score(
            warnings=tuple(str(finding) for finding in findings if finding.severity == "warning"),
            assumptions=tuple(assumption.text for assumption in build.assumptions),
            retries=retries,
            errors=tuple(str(finding) for finding in findings if finding.severity == "error"),
        ).score
        if spec is None:
            confidence = 0.0
        self.candidates.append(_Candidate(reading, build, spec, findings, said, repairs, confidence))
        self.rounds.append(
            Round(
                number=len(self.rounds),
                by=by,
                confidence=confidence,
                buildable=spec is not None,
                findings=findings[:MAX_FINDINGS],
                repairs=repairs,
                usage=usage,
            )
        )

    def _assessment(self, maker: Maker) -> Assessment:
        position = max(range(len(self.candidates)), key=lambda at: (self.candidates[at].rank, -at))
        best = self.candidates[position]
        blockers = tuple(finding for finding in best.findings if finding.severity == "error") if not best.spec else ()
        failures = tuple(f for f in best.findings if f.severity == "error" and f.rule.startswith("intake."))
        questions = _questions(best, failures or blockers, self.intake)
        blocked = any(question.blocking for question in questions)
        used = [one.usage for one in self.rounds if one.usage is not None]
        total = used[0] if used else None
        for usage in used[1:]:
            total = total.plus(usage) if total else usage
        ready = best.spec is not None and not blocked
        by_claude = maker == "claude" or self.rounds[position].by == "claude"
        return Assessment(
            ready=ready,
            made_by="claude" if by_claude else "rules",
            model=self.mender.model if self.mender and used else "",
            note=self.note,
            plan=best.reading.plan,
            assumptions=best.build.assumptions or best.reading.assumptions,
            questions=questions,
            findings=best.findings[:MAX_FINDINGS],
            rounds=tuple(one.model_copy(update={"kept": one.number == position}) for one in self.rounds),
            usage=total,
        )


# -- questions -------------------------------------------------------------------------------------------------


class QuestionWords(DataModel):
    """What to ask for findings whose id begins so."""

    finding: str
    ask: str
    why: str


class QuestionBook(DataModel):
    """The file `questions.yaml`."""

    questions: tuple[QuestionWords, ...]


@cache
def question_book() -> QuestionBook:
    """The questions that come with the project."""
    file = resources.files("manageai_assets.intake").joinpath("questions.yaml")
    return parse_data(QuestionBook, file.read_text(encoding="utf-8"), file.name)


def question_of(finding: Finding) -> Question:
    """The question that a finding comes to."""
    fitting = [words for words in question_book().questions if f"{finding.rule}.".startswith(f"{words.finding}.")]
    words = max(fitting, key=lambda one: len(one.finding), default=question_book().questions[0])
    what = f"{finding.what[:1].upper()}{finding.what[1:]}. {words.ask}"
    return Question(what=what, why=words.why, about=finding.where, example=finding.hint)


def _questions(best: _Candidate, failures: Sequence[Finding], intake: Intake) -> tuple[Question, ...]:
    ledger = Ledger()
    for finding in failures:
        ledger.ask(question_of(finding))
    for question in (*best.reading.questions, *best.build.questions):
        ledger.ask(question)
    if best.spec is None and not ledger.questions:
        ledger.ask(Question(what=_NOTHING, why="Without it the automation can't be built.", about="request"))
    if best.reading.plan is None or best.spec is None:
        for system in intake.systems:
            if not mentions(system.name):
                what = f"What of {shorten(system.name, 80)} should the automation use, and can it be reached by an API?"
                why = "It isn't among the apps that are known, so it has to be added first or done without."
                ledger.ask(Question(what=what, why=why, about="systems", blocking=False))
    if not intake.contact.email:
        why = "Somebody must connect the accounts and try the automation with us."
        ledger.ask(Question(what="Whom may we ask, and at which address?", why=why, about="contact", blocking=False))
    if intake.volume_per_month is None:
        why = "It decides which plan is needed and what it costs to run."
        ledger.ask(
            Question(what="About how often a month will it run?", why=why, about="volume_per_month", blocking=False)
        )
    return tuple(ledger.questions)


_NOTHING = "What should start the automation, and what should happen then, step by step?"
