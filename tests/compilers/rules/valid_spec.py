"""A spec that uses every construct and in which no rule finds anything, as a document to be broken."""

from __future__ import annotations

from typing import Any

import yaml

Document = dict[str, Any]

TEXT = """
slug: order-intake
name: Order intake
description: Takes orders from the shop.
customer: {name: Acme Example, contact_name: Anna, contact_email: anna@example.com}
request: When an order comes in, tell sales and log it.
objective: No order is lost.
volume_per_month: 500
targets: [make, n8n]
assumptions: [{severity: low, text: The shop sends JSON., about: trigger}]
connections:
  - {id: sales_slack, app: slack, label: Sales workspace}
  - {id: office_google, app: google_sheets, label: Office account}
settings: {timezone: Europe/Paris, keep_incomplete: true}
trigger:
  {kind: trigger, id: order, label: New order, app: webhook, operation: receive, inputs: {path: orders, method: POST},
   outputs: [{path: body.id}, {path: body.email}, {path: body.total, type: number}, {path: body.tier}],
   sample: {body: {id: 7, email: kim@example.com, total: 3, tier: vip}}}
steps:
  - {kind: app, id: fetch, label: Get details, app: http, operation: request,
     inputs: {url: "https://api.example.com/orders/{{ order.body.id }}", method: GET, timeout: 30}}
  - {kind: app, id: warn, label: Tell support, app: slack, operation: send_message, connection: sales_slack,
     inputs: {channel: support, text: "No details: {{ fetch.error.message }}"}}
  - {kind: router, id: judge, label: Judge the error, mode: first}
  - {kind: directive, id: skip, label: Skip it, directive: {strategy: ignore}}
  - {kind: directive, id: later, label: Try later, directive: {strategy: retry, attempts: 3, interval_minutes: 10}}
  - {kind: iterate, id: lines, label: Each line, array: "{{ fetch.body.lines }}"}
  - {kind: aggregate, id: basket, label: Collect lines, source: lines, mode: array, fields: {sku: "{{ lines.sku }}"}}
  - {kind: set_variables, id: remember, label: Remember total, scope: run,
     variables: [{name: total, value: "{{ order.body.total }}"}]}
  - {kind: if_else, id: tier, label: Which tier}
  - {kind: set_variables, id: vip, label: Greet warmly,
     variables: [{name: greeting, value: "Dear {{ order.body.email }}"}]}
  - {kind: set_variables, id: plain, label: Greet, variables: [{name: greeting, value: Hello}]}
  - {kind: merge, id: text, label: Greeting,
     fields: [{name: greeting, values: {vip: "{{ vip.greeting }}", plain: "{{ plain.greeting }}"}}]}
  - {kind: router, id: fork, label: What to do}
  - {kind: app, id: notify, label: Tell sales, app: slack, operation: send_message, connection: sales_slack,
     inputs: {channel: sales,
       text: "{{ text.greeting }}: {{ length(basket.array) }} lines, {{ upper(order.body.tier) }}"},
     on_error: {strategy: resume, substitute: {ts: none}}}
  - {kind: respond, id: answer, label: Answer the shop, status: 200, headers: [{name: Content-Type, value: text/plain}],
     body: "{{ notify.ts }}"}
  - {kind: get_variables, id: recall, label: Recall total, scope: run, names: [total]}
  - {kind: repeat, id: copies, label: Two copies, repeats: 2}
  - {kind: sleep, id: pause, label: Pause, seconds: 5}
  - {kind: app, id: log, label: Log it, app: google_sheets, operation: add_row, connection: office_google,
     inputs: {spreadsheet: made-up-id, sheet: Orders, values: {Total: "{{ recall.total }}", Copy: "{{ copies.i }}"}}}
  - {kind: aggregate, id: written, label: Rows written, source: copies, mode: count}
  - {kind: sub_scenario, id: archive, label: Archive, scenario: archive-orders, inputs: {rows: "{{ written.result }}"}}
  - {kind: stop, id: refuse, label: Refuse, message: "Nothing to do for {{ order.body.email }}"}
edges:
  - {source: order, target: fetch}
  - {source: fetch, target: warn, kind: error}
  - {source: warn, target: judge}
  - {source: judge, target: skip, kind: route,
     filter: {any_of: [[{left: "{{ fetch.error.type }}", operator: "text:equals", right: DataError}]]}}
  - {source: judge, target: later, kind: route, fallback: true}
  - {source: fetch, target: lines}
  - {source: lines, target: basket,
     filter: {any_of: [[{left: "{{ lines.sku }}", operator: exists}]]}}
  - {source: basket, target: remember}
  - {source: remember, target: tier}
  - {source: tier, target: vip, kind: branch,
     filter: {any_of: [[{left: "{{ order.body.tier }}", operator: "text:equals", right: vip, ignore_case: true}]]}}
  - {source: tier, target: plain, kind: branch, fallback: true}
  - {source: vip, target: text}
  - {source: plain, target: text}
  - {source: text, target: fork}
  - {source: fork, target: notify, kind: route,
     filter: {any_of: [[{left: "{{ order.body.total }}", operator: "number:greater", right: 1000}]]}}
  - {source: fork, target: recall, kind: route,
     filter: {any_of: [[{left: "{{ order.body.total }}", operator: "number:greater", right: 0}]]}}
  - {source: fork, target: refuse, kind: route, fallback: true}
  - {source: notify, target: answer}
  - {source: recall, target: copies}
  - {source: copies, target: pause}
  - {source: pause, target: log}
  - {source: log, target: written}
  - {source: written, target: archive}
"""


def valid_spec() -> Document:
    """A new copy of the document."""
    document: Document = yaml.safe_load(TEXT)
    return document


def step(document: Document, identifier: str) -> Document:
    """The step of that id, or the trigger."""
    found: Document = next(item for item in [document["trigger"], *document["steps"]] if item["id"] == identifier)
    return found


def edge(document: Document, source: str, target: str) -> Document:
    """The edge between the two."""
    found: Document = next(e for e in document["edges"] if (e["source"], e["target"]) == (source, target))
    return found
