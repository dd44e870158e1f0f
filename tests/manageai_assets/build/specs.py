"""Real specs for the tests of the build: linear, router with fallback, loop with aggregate, error handling."""

from __future__ import annotations

from datetime import date, time

from pydantic import JsonValue

from compilers.spec import (
    AggregateStep,
    AppStep,
    Assumption,
    Condition,
    Connection,
    Customer,
    Edge,
    Filter,
    IterateStep,
    OnError,
    RespondStep,
    RouterStep,
    Schedule,
    SetVariablesStep,
    Spec,
    TriggerStep,
    Variable,
)

LEAD: JsonValue = {"body": {"name": "Ada Example", "email": "ada@example.com", "budget": 12000, "country": "DE"}}
ORDER: JsonValue = {
    "body": {
        "order_id": "SO-1042",
        "customer": {"name": "Bo Example", "email": "bo@example.com"},
        "items": [
            {"sku": "A-1", "name": "Desk", "quantity": 1, "price": 420},
            {"sku": "B-7", "name": "Lamp", "quantity": 2, "price": 35},
            {"sku": "C-3", "name": "Chair", "quantity": 4, "price": 120},
        ],
    }
}


def webhook(step: str, label: str, sample: JsonValue) -> TriggerStep:
    """A webhook trigger."""
    return TriggerStep(id=step, label=label, app="webhook", operation="receive", sample=sample)


def sheet(step: str, label: str, values: dict[str, JsonValue]) -> AppStep:
    """A row added to a sheet."""
    return AppStep(
        id=step,
        label=label,
        app="google_sheets",
        operation="add_row",
        connection="sheets",
        inputs={
            "spreadsheet": "1AbCdEfGhIjKlMnOpQrStUvWxYz0123456789",
            "sheet": "Log",
            "headers": list(values),
            "values": values,
        },
    )


def slack(step: str, label: str, text: str, channel: str = "sales") -> AppStep:
    """A message to a Slack channel."""
    return AppStep(
        id=step,
        label=label,
        app="slack",
        operation="send_message",
        connection="slack",
        inputs={"channel": channel, "text": text},
    )


SHEETS = Connection(id="sheets", app="google_sheets", label="Google Sheets", account="sales team's account")
SLACK = Connection(id="slack", app="slack", label="Slack workspace", account="the company's workspace")


def linear() -> Spec:
    """A form comes in, a lead is scored, sales is told and a row is written."""
    return Spec(
        slug="northwind-leads",
        name="New leads to sales",
        description="Scores every lead from the website form, tells sales in Slack and logs it to a sheet.",
        customer=Customer(name="Northwind Example Ltd", contact_name="Nora Wind", contact_email="nora@example.com"),
        request="When a form comes in, score the lead, tell sales in Slack and log it to a sheet.",
        objective="Sales answers a good lead within ten minutes.",
        created=date(2026, 11, 20),
        volume_per_month=600,
        trigger=webhook("lead", "Website form sent", LEAD),
        steps=(
            SetVariablesStep(
                id="score",
                label="Score the lead",
                variables=(Variable(name="score", value="{{ if(lead.body.budget > 10000; 80; 40) }}"),),
            ),
            slack("notify", "Tell sales in Slack", "New lead {{ lead.body.name }}: {{ score.score }} points"),
            sheet("log", "Log the lead", {"Name": "{{ lead.body.name }}", "Score": "{{ score.score }}"}),
        ),
        edges=(
            Edge(source="lead", target="score"),
            Edge(source="score", target="notify"),
            Edge(source="notify", target="log"),
        ),
        connections=(SLACK, SHEETS),
        assumptions=(
            Assumption(severity="medium", text="A budget above 10,000 makes a hot lead.", about="score"),
            Assumption(severity="low", text="The Slack channel is called #sales.", about="notify"),
        ),
    )


def router() -> Spec:
    """Leads go different ways by budget, with a fallback."""
    base = linear()
    return Spec(
        slug="alpine-routing",
        name="Route leads by budget",
        customer=Customer(name="Alpine Example GmbH"),
        request="Big leads go to the key account team, German ones to Berlin, the rest to a sheet.",
        created=date(2026, 11, 18),
        volume_per_month=2000,
        trigger=base.trigger,
        steps=(
            RouterStep(id="route", label="Which team?"),
            slack("key_accounts", "Tell key accounts", "Big lead: {{ lead.body.name }}", "key-accounts"),
            sheet("log_big", "Log the big lead", {"Name": "{{ lead.body.name }}"}),
            slack("berlin", "Tell the Berlin team", "Lead from Germany: {{ lead.body.name }}", "berlin"),
            sheet("log_rest", "Log for the newsletter", {"Name": "{{ lead.body.name }}"}),
        ),
        edges=(
            Edge(source="lead", target="route"),
            Edge(
                source="route",
                target="key_accounts",
                kind="route",
                label="Big",
                filter=Filter(
                    label="Budget above 10,000",
                    any_of=((Condition(left="{{ lead.body.budget }}", operator="number:greater", right=10000),),),
                ),
            ),
            Edge(source="key_accounts", target="log_big"),
            Edge(
                source="route",
                target="berlin",
                kind="route",
                filter=Filter(
                    any_of=((Condition(left="{{ lead.body.country }}", operator="text:equals", right="DE"),),)
                ),
            ),
            Edge(source="route", target="log_rest", kind="route", fallback=True, label="Everybody else"),
        ),
        connections=(SLACK, SHEETS),
    )


def loop() -> Spec:
    """Each item of an order becomes a row; one message sums them up; the shop gets an answer."""
    return Spec(
        slug="harbour-orders",
        name="Order items to the warehouse",
        customer=Customer(name="Harbour Example SARL", contact_name="Hugo Port"),
        request="For every order, write each item to the warehouse sheet and send one summary to Slack.",
        created=date(2026, 11, 2),
        volume_per_month=1200,
        trigger=webhook("order", "Order placed in the shop", ORDER),
        steps=(
            IterateStep(id="item", label="Each item of the order", array="{{ order.body.items }}"),
            sheet("row", "Write the item", {"SKU": "{{ item.sku }}", "Quantity": "{{ item.quantity }}"}),
            AggregateStep(
                id="summary",
                label="List of all items",
                source="item",
                mode="text",
                value="{{ item.quantity }} x {{ item.name }}",
            ),
            slack("tell", "Send the summary", "Order {{ order.body.order_id }}:\n{{ summary.text }}", "warehouse"),
            RespondStep(id="answer", label="Answer the shop", status=200, body='{"ok": true}'),
        ),
        edges=(
            Edge(source="order", target="item"),
            Edge(source="item", target="row"),
            Edge(source="row", target="summary"),
            Edge(source="summary", target="tell"),
            Edge(source="tell", target="answer"),
        ),
        connections=(SLACK, SHEETS),
    )


def errors() -> Spec:
    """Every morning, an API is asked for the day's numbers; failures are told and tried again."""
    return Spec(
        slug="lumen-report",
        version=3,
        name="Morning report",
        customer=Customer(name="Lumen Example Inc", contact_name="Lu Men", contact_email="lu@example.com"),
        request="Every weekday at 7:30 fetch the numbers and post them. If the API is down, tell IT and try again.",
        created=date(2026, 11, 23),
        trigger=TriggerStep(id="morning", label="Every weekday at 7:30", app="schedule", operation="tick"),
        steps=(
            AppStep(
                id="fetch",
                label="Fetch the numbers",
                app="http",
                operation="request",
                inputs={"method": "GET", "url": "https://api.lumen.example/v1/numbers"},
                on_error=OnError(strategy="retry", attempts=3, interval_minutes=15),
            ),
            slack("alert", "Tell IT", "The numbers can't be fetched: {{ fetch.error.message }}", "it-alerts"),
            slack("post", "Post the report", "Today: {{ fetch.body.total }} orders", "management"),
            sheet("archive", "Archive the numbers", {"Total": "{{ fetch.body.total }}"}),
        ),
        edges=(
            Edge(source="morning", target="fetch"),
            Edge(source="fetch", target="alert", kind="error"),
            Edge(source="fetch", target="post"),
            Edge(
                source="post",
                target="archive",
                filter=Filter(
                    label="Only when there were orders",
                    any_of=((Condition(left="{{ fetch.body.total }}", operator="number:greater", right=0),),),
                ),
            ),
        ),
        connections=(SLACK, SHEETS),
        schedule=Schedule(kind="weekly", at=time(7, 30), weekdays=(1, 2, 3, 4, 5)),
    )


def all_specs() -> tuple[Spec, ...]:
    """The four of them."""
    return (linear(), router(), loop(), errors())
