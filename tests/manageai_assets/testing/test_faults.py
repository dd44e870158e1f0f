"""The tests that are made for an automation catch what is wrong with its blueprint, on the simulator."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import pytest

from tests.live.fault_edits import GONE, N8N_REFERENCE, Words, in_code, off_by_one, opposite, wrong_field
from tests.live.fault_subjects import Subject, subjects
from tests.live.faults import Fault, catalogue, chosen
from tools.seed_faults import MOST_MISSED, Bench, all_faults, bench_on, likely_first, line

SAMPLE = 80
WORDS = Words(N8N_REFERENCE, {"Form": (".body?.name", ".body?.email")})


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    """The simulator, over Make exports."""
    with bench_on("simulate") as found:
        yield found


@cache
def known() -> dict[str, Subject]:
    """The subjects by their names."""
    return {subject.name: subject for subject in subjects()}


def faults_of(name: str) -> list[Fault]:
    """The faults of a subject's workflow."""
    return list(catalogue(known()[name], "n8n"))


def test_enough_faults_are_caught(bench: Bench) -> None:
    found = list(bench.run(chosen(all_faults("simulate"), SAMPLE)))
    missed = [line(one) for one in found if not one.by]
    assert len(missed) <= MOST_MISSED * SAMPLE, "\n".join(missed)
    assert not bench.false_alarms, "cases that fail with and without the fault"


def test_a_correct_export_is_no_fault(bench: Bench) -> None:
    subject = known()["alpine-routing"]
    assert bench.unsound(subject) == []
    correct = Fault("none", "route", "nothing is wrong", subject.export("make").document)
    assert [one.by for one in bench.run([(subject, correct)])] == [""]


def test_what_the_platform_refuses_is_caught(bench: Bench) -> None:
    subject = known()["alpine-routing"]
    found = next(iter(bench.run([(subject, Fault("none", "route", "no flow", {"name": "x"}))])))
    assert found.by == "refused"


def test_each_fault_changes_the_document_in_its_own_way() -> None:
    subject = known()["harbour-orders"]
    documents = [fault.document for fault in faults_of("harbour-orders")]
    assert len(documents) > 30
    assert all(document != subject.export("n8n").document for document in documents)
    assert all(one not in documents[at + 1 :] for at, one in enumerate(documents))


def test_what_cannot_matter_is_left_alone() -> None:
    said = [fault.what for fault in faults_of("bergwerk-outdoor-gmbh-bestellungen-ans-lager")]
    assert any("One by one: Jede Position" in what for what in said)
    assert not any("until all are through" in what for what in said)  # a filter that never lets anything pass
    ends = [fault.what for fault in faults_of("rosewood-property-management-lease-renewal-reminders")]
    assert not any("leads to `Mark the lease: error ignored`" in what for what in ends)  # does nothing, leads nowhere
    answer = [fault.what for fault in faults_of("harborview-dental-patient-message-triage")]
    assert not any("simplify" in what for what in answer)  # both forms hold the text
    alert = [fault.what for fault in faults_of("lumen-report") if fault.operator == "wrong node"]
    assert not any(what.endswith("error.message` reads it of `Fetch the numbers`") for what in alert)  # the same text


def test_the_choice_is_spread_and_always_the_same() -> None:
    subject = known()["delta-orders"]
    faults = [(subject, fault) for fault in faults_of("delta-orders")]
    operators = {fault.operator for _, fault in faults}
    first = chosen(faults, len(operators))
    assert {fault.operator for _, fault in first} == operators
    assert [fault.what for _, fault in first] == [fault.what for _, fault in chosen(faults, len(operators))]
    assert [fault.what for _, fault in first] != [fault.what for _, fault in chosen(faults, len(operators), seed=2)]


def test_cases_that_reach_the_fault_come_first() -> None:
    subject = known()["alpine-routing"]
    fault = Fault("wrong target", "berlin", "another channel", {})
    cases = likely_first(subject, fault)
    reaching = ["berlin" in subject.reached[case.name] for case in cases]
    assert True in reaching
    assert False in reaching
    assert reaching == sorted(reaching, reverse=True)


def test_edits_of_values() -> None:
    reference = '={{ $("Form").first().json.body?.name }}'
    assert [wrong for _, wrong in wrong_field(reference, WORDS)] == ['={{ $("Form").first().json.body?.email }}']
    assert [wrong for _, wrong in off_by_one('={{ $("A").item.json.rows?.[0]?.x }}', WORDS)] == [
        '={{ $("A").item.json.rows?.[1]?.x }}'
    ]
    assert [wrong for _, wrong in opposite("gte", WORDS)] == ["lt"]
    assert [wrong for _, wrong in opposite("text:notcontain:ci", WORDS)] == ["text:contain:ci"]
    code = "={{ (() => {\nconst a = 1 > 0;\nreturn a > 2;\n})() }}"
    assert [wrong for _, wrong in in_code(code, WORDS)] == [code.replace("a > 2", "a >= 2")]
    assert GONE not in [wrong for _, wrong in wrong_field("plain text", WORDS)]
