"""What Make's client does when Make, or the way to it, fails."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from email.utils import formatdate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from compilers.errors import UserError
from resources.make_api import MakeApi
from resources.make_errors import (
    MakeAnswerError,
    MakeApiError,
    MakeConfirmationError,
    MakeConflictError,
    MakeKeyError,
    MakeNotFoundError,
    MakePermissionError,
    MakeRateLimitError,
    MakeRequestError,
    MakeUnavailableError,
    refused,
)
from resources.make_http import Retries, base_url
from resources.make_models import Scheduling
from tests.fakes.make import KEY, TEAM, Fault
from tests.resources.make_fixtures import Bench, bench, plain_blueprint

ON_DEMAND = Scheduling(type="on-demand")


@pytest.fixture
def make() -> Iterator[Bench]:
    with bench(timeout=0.3) as one:
        yield one


def get(make: Bench) -> object:
    return make.api.hooks.list(TEAM)


def create(make: Bench) -> object:
    return make.api.scenarios.create(plain_blueprint(), team=TEAM, scheduling=ON_DEMAND)


PASSING = [
    Fault("status", 429), Fault("status", 500), Fault("status", 503), Fault("drop"), Fault("hang", seconds=0.6),
    Fault("truncate"), Fault("garbage"),
]  # fmt: skip


@pytest.mark.parametrize("fault", PASSING, ids=lambda one: f"{one.kind}-{one.status}")
def test_reading_is_tried_again(make: Bench, fault: Fault) -> None:
    make.fake.fail(fault, times=2)
    assert get(make) == ()
    assert len(make.fake.calls) == 3
    assert make.clock.pauses == [1.0, 2.0]


@pytest.mark.parametrize("fault", PASSING[1:], ids=lambda one: f"{one.kind}-{one.status}")
@pytest.mark.parametrize("done", [False, True])
def test_creating_is_not_repeated_where_it_may_have_happened(make: Bench, fault: Fault, done: bool) -> None:
    make.fake.fail(Fault(fault.kind, fault.status, seconds=fault.seconds, done=done), "POST")
    with pytest.raises((MakeUnavailableError, MakeAnswerError)):
        create(make)
    assert len(make.fake.paths("POST")) == 1
    assert make.clock.pauses == []


def test_creating_is_repeated_after_429_since_nothing_happened(make: Bench) -> None:
    make.fake.fail(Fault("status", 429), "POST", times=2)
    create(make)
    assert len(make.world.scenarios) == 1


def test_nothing_listens() -> None:
    with bench() as gone:
        address = gone.fake.address
    pauses: list[float] = []
    with (
        MakeApi(SecretStr(KEY), address=address, sleep=pauses.append) as api,
        pytest.raises(MakeUnavailableError, match="can't be reached"),
    ):
        api.scenarios.create(plain_blueprint(), team=TEAM, scheduling=ON_DEMAND)
    assert len(pauses) == Retries().times


@pytest.mark.parametrize("kind", ["drop", "truncate"])
def test_a_delete_whose_answer_was_lost_is_done(make: Bench, kind: str) -> None:
    made = make.world.add_scenario(plain_blueprint())
    make.fake.fail(Fault("drop" if kind == "drop" else "truncate", done=True), "DELETE")
    make.api.scenarios.delete(made.id)
    assert made.id not in make.world.scenarios
    assert len(make.fake.paths("DELETE")) == 2


def test_deleting_what_never_was_is_an_error_even_after_a_pause(make: Bench) -> None:
    make.fake.fail(Fault("status", 429), "DELETE")
    with pytest.raises(MakeNotFoundError):
        make.api.scenarios.delete(77)


def test_it_gives_up_after_so_many_tries(make: Bench) -> None:
    make.fake.fail(Fault("status", 502), times=50)
    with pytest.raises(MakeUnavailableError, match="502"):
        get(make)
    assert make.clock.pauses == [1.0, 2.0, 4.0, 8.0]


@settings(max_examples=15)
@given(chance=st.floats(0, 1), attempt=st.integers(0, 12))
def test_pauses_grow_to_an_end_with_a_little_chance(chance: float, attempt: int) -> None:
    pauses: list[float] = []
    retries = Retries(times=attempt, base=0.5, longest=20)
    with (
        MakeApi(
            SecretStr(KEY), address="http://127.0.0.1:9", retries=retries, sleep=pauses.append, chance=lambda: chance
        ) as api,
        pytest.raises(MakeUnavailableError),
    ):
        api.hooks.list(TEAM)
    assert len(pauses) == attempt
    for number, pause in enumerate(pauses):
        usual = min(0.5 * 2**number, 20)
        assert 0.8 * usual <= pause <= 1.2 * usual + 1e-9


# -- the limit of requests -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("said", ["7", "date"])
def test_retry_after_is_honoured(make: Bench, said: str) -> None:
    after = formatdate(make.clock.now + 7, usegmt=True) if said == "date" else said
    make.fake.fail(Fault("status", 429, retry_after=after))
    get(make)
    assert make.clock.pauses == [pytest.approx(7.2)]


@pytest.mark.parametrize("said", ["soon", "-3", ""])
def test_a_retry_after_that_says_nothing_is_left_aside(make: Bench, said: str) -> None:
    make.fake.fail(Fault("status", 429, retry_after=said))
    get(make)
    assert make.clock.pauses == [1.0]


def test_nobody_waits_for_hours(make: Bench) -> None:
    make.fake.fail(Fault("status", 429, retry_after="3600"))
    with pytest.raises(MakeRateLimitError, match="wait a minute"):
        get(make)
    assert make.clock.pauses == []


def test_the_minute_of_a_plan_is_waited_for() -> None:
    with bench("Core") as make:
        for _ in range(61):
            get(make)
        assert len(make.clock.pauses) == 1
        assert 60 <= make.clock.pauses[0] < 61
        assert len(make.fake.calls) == 62


# -- errors --------------------------------------------------------------------------------------------------------

SAID: dict[int, tuple[type[MakeApiError], str]] = {
    400: (MakeRequestError, "refused the request"), 401: (MakeKeyError, "MAKE_API_KEY"),
    403: (MakePermissionError, "MAKE_TEAM_ID"), 404: (MakeNotFoundError, "no such thing"),
    406: (MakeConfirmationError, "confirmed=true"), 409: (MakeConflictError, "state"),
    413: (MakeRequestError, "too large"), 422: (MakeRequestError, "refused the request"),
    429: (MakeRateLimitError, "limit"), 500: (MakeUnavailableError, "few minutes"),
    503: (MakeUnavailableError, "few minutes"),
}  # fmt: skip


@pytest.mark.parametrize("status", SAID)
def test_each_status_is_an_error_that_says_what_to_do(make: Bench, status: int) -> None:
    kind, words = SAID[status]
    make.fake.fail(Fault("status", status), times=9)
    with pytest.raises(kind, match=words) as caught:
        get(make)
    assert caught.value.status == status
    assert isinstance(caught.value, UserError)
    assert caught.value.hint
    assert caught.value.where == "GET /hooks"


@pytest.mark.parametrize("act", [get, create])
@pytest.mark.parametrize("status", [400, 401, 500])
def test_the_key_is_nowhere(
    make: Bench, act: Callable[[Bench], object], status: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    make.fake.fail(Fault("status", status), times=9)  # the fake's message quotes the key
    with pytest.raises(MakeApiError) as caught:
        act(make)
    shown = f"{caught.value} {caught.value!r} {caught.value.__dict__} {make.api!r}"
    assert "It failed for" in shown
    assert KEY not in shown + caplog.text
    assert caught.value.__context__ is None or KEY not in repr(caught.value.__context__)


def test_a_wrong_key_is_told(make: Bench) -> None:
    key = SecretStr("6f0c3a52-9d1b-4c6e-8a77-2b1de0c4f9ab")
    with MakeApi(key, address=make.fake.address) as api, pytest.raises(MakeKeyError, match="MAKE_API_KEY"):
        api.hooks.list(TEAM)


@pytest.mark.parametrize(
    ("key", "scheme"), [(KEY, "Token"), (KEY.upper(), "Token"), ("oauth-token-of-nobody", "Bearer")]
)
def test_keys_and_tokens_are_sent_as_make_wants_them(make: Bench, key: str, scheme: str) -> None:
    with MakeApi(SecretStr(key), address=make.fake.address) as api:
        if key == KEY:
            api.hooks.list(TEAM)
        else:
            with pytest.raises(MakeKeyError):
                api.hooks.list(TEAM)
    assert make.fake.calls[-1].headers["authorization"] == f"{scheme} {key}"


@pytest.mark.parametrize("key", ["", "  ", "line\nbreak", "schlüssel"])
def test_a_key_that_is_none_is_told_before_any_call(key: str) -> None:
    with pytest.raises(UserError, match="MAKE_API_KEY"):
        MakeApi(SecretStr(key), zone="eu1")


@pytest.mark.parametrize(
    ("zone", "address"),
    [
        ("eu1", "https://eu1.make.com/api/v2"),
        ("us2.make.com", "https://us2.make.com/api/v2"),
        ("eu1.make.celonis.com", "https://eu1.make.celonis.com/api/v2"),
    ],
)
def test_zones(zone: str, address: str) -> None:
    assert base_url(zone) == address


@pytest.mark.parametrize("zone", ["", "EU1", "eu1.thief.example", "eu1/../", "eu1.make.com@thief.example", "eu1\n"])
def test_what_is_no_zone_gets_no_key(zone: str) -> None:
    with pytest.raises(UserError, match="MAKE_ZONE"):
        base_url(zone)


@pytest.mark.parametrize("body", [None, [], "text", {}, {"code": 5, "detail": [], "suberrors": "no"}])
def test_errors_are_read_whatever_their_body_is(body: object) -> None:
    error = refused(400, body, "GET /x")  # type: ignore[arg-type]  # decoded JSON of any shape
    assert isinstance(error, MakeRequestError)
    assert "400" in str(error)


def test_suberrors_are_told() -> None:
    body = {"detail": "Validation failed for 1 parameter(s).", "suberrors": [{"message": "Missing value of 'number'."}]}
    assert "Missing value of 'number'." in str(refused(400, body, "POST /x"))  # type: ignore[arg-type]


def test_an_answer_of_another_shape_names_the_place(make: Bench) -> None:
    scenario = make.world.add_scenario(plain_blueprint())
    scenario.name = None  # type: ignore[assignment]  # what an API that changed might give
    with pytest.raises(MakeAnswerError, match="name") as caught:
        make.api.scenarios.get(scenario.id)
    assert [finding.where for finding in caught.value.findings] == ["name"]
