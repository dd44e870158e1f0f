"""A Make blueprint that uses every construct and in which no rule finds anything, as a document to be broken."""

from __future__ import annotations

from typing import Any

import yaml

Document = dict[str, Any]

TEXT = """
name: Order intake
flow:
  - {id: 1, module: "gateway:CustomWebHook", version: 1, parameters: {hook: 11, maxResults: 1}, mapper: {}}
  - id: 2
    module: http:ActionSendData
    version: 3
    parameters: {handleErrors: true}
    mapper: {url: "https://api.example.com/{{1.id}}", method: get, headers: [{name: X-Source, value: shop}]}
    onerror:
      - {id: 3, module: "slack:CreateMessage", version: 4, parameters: {__IMTCONN__: 12},
         mapper: {text: "{{2.error.message}}"}}
      - id: 4
        module: builtin:BasicRouter
        version: 1
        mapper: null
        routes:
          - flow:
              - {id: 5, module: "builtin:Resume", version: 1, mapper: {data: "{{3.ts}}"},
                 filter: {name: kind, conditions: [[{a: "{{2.error.type}}", o: "text:equal", b: DataError}]]}}
          - {flow: [{id: 6, module: "builtin:Break", version: 1, mapper: {retry: true, count: "3", interval: "15"},
               filter: {name: other, conditions: [[{a: "{{2.error.type}}", o: "text:notequal", b: DataError}]]}}]}
  - {id: 7, module: "builtin:BasicFeeder", version: 1, parameters: {}, mapper: {array: "{{2.data.lines}}"}}
  - {id: 8, module: "builtin:BasicAggregator", version: 1, parameters: {feeder: 7}, mapper: {sku: "{{7.sku}}"},
     flags: {groupBy: "{{7.sku}}", stopIfEmpty: true},
     filter: {name: known, conditions: [[{a: "{{7.sku}}", o: exist}]]}}
  - {id: 9, module: "builtin:BasicRepeater", version: 1, parameters: {},
     mapper: {start: "1", repeats: "2", step: "1"}}
  - {id: 10, module: "util:FunctionSleep", version: 1, parameters: {}, mapper: {duration: "5"}}
  - {id: 11, module: "util:TextAggregator", version: 1,
     parameters: {feeder: 9, rowSeparator: other, otherRowSeparator: ", "}, mapper: {value: "{{9.i}}"}}
  - {id: 12, module: "util:SetVariable2", version: 1, parameters: {},
     mapper: {name: total, scope: roundtrip, value: "{{round(1.total)}}"}}
  - {id: 13, module: "util:SetVariables", version: 1, parameters: {},
     mapper: {scope: execution, variables: [{name: text, value: "{{11.text}}"}]}}
  - id: 14
    module: builtin:BasicIfElse
    version: 1
    mapper: null
    branches:
      - type: condition
        label: VIP
        merge: true
        conditions: [[{a: "{{1.tier}}", o: "text:equal:ci", b: vip}]]
        flow: [{id: 15, module: "util:SetVariable2", version: 1, parameters: {},
                mapper: {name: greeting, scope: roundtrip, value: Dear}}]
      - type: else
        label: Rest
        merge: true
        flow: [{id: 16, module: "util:SetVariable2", version: 1, parameters: {},
                mapper: {name: greeting, scope: roundtrip, value: Hello}}]
  - {id: 17, module: "builtin:BasicMerge", version: 1, mapper: null, filters: [null, null],
     outputs: [{name: greeting, mappings: ["{{15.greeting}}", "{{16.greeting}}"]}]}
  - id: 18
    module: builtin:BasicRouter
    version: 1
    mapper: null
    parameters: {else: 2}
    routes:
      - flow:
          - {id: 19, module: "slack:CreateMessage", version: 4, parameters: {__IMTCONN__: 12},
             mapper: {channel: sales, text: "{{17.greeting}} {{upper(1.tier)}}"},
             filter: {name: big, conditions: [[{a: "{{1.total}}", o: "number:greater", b: "1000"}]]}}
          - {id: 20, module: "gateway:WebhookRespond", version: 1, parameters: {},
             mapper: {status: "200", body: "{{19.ts}}", headers: [{key: X-Source, value: make}]}}
      - flow:
          - {id: 21, module: "util:GetVariable2", version: 1, parameters: {}, mapper: {name: total, scope: roundtrip},
             filter: {name: small, conditions: [[{a: "{{1.total}}", o: "number:lessorequal", b: "1000"}]]}}
          - {id: 22, module: "builtin:BasicFeeder", version: 1, parameters: {}, mapper: {array: "{{8.array}}"}}
          - {id: 23, module: "util:FunctionAggregator2", version: 1, parameters: {feeder: 22, fn: sum},
             mapper: {value: "{{22.qty}}"}}
      - flow: [{id: 24, module: "util:FunctionSleep", version: 1, parameters: {}, mapper: {duration: "1"}}]
metadata:
  instant: true
  version: 1
  scenario: {roundtrips: 1, maxErrors: 3, autoCommit: true, autoCommitTriggerLast: true, sequential: false,
             slots: null, confidential: false, dataloss: false, dlq: true, freshVariables: false}
  designer: {orphans: []}
  notes: [{moduleIds: [4], content: "<p>Check</p>"}]
"""


def valid_blueprint() -> Document:
    """A new copy of the document."""
    document: Document = yaml.safe_load(TEXT)
    for number in range(1, 25):
        designer = {"x": 300 * number, "y": 0}
        module(document, number)["metadata"] = {"designer": designer}
    return document


def module(document: Document, number: int) -> Document:
    """The module of that id, wherever it stands."""
    flow, index = place(document, number)
    found: Document = flow[index]
    return found


def place(document: Document, number: int) -> tuple[list[Any], int]:
    """The flow that the module stands in, and its position there."""
    flows = [document["flow"]]
    while flows:
        flow = flows.pop()
        for index, item in enumerate(flow):
            if item.get("id") == number:
                return flow, index
            flows += [entry["flow"] for key in ("routes", "branches") for entry in item.get(key, [])]
            flows.append(item.get("onerror", []))
    raise LookupError(number)
