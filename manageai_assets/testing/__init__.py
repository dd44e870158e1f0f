"""Integration tests: what proves that an automation works before the client sees it.

* `cases` makes test cases from a spec: a happy path for every route, edge cases, every failure of every app.
* `simulator` runs a spec as Make would, without accounts or network: the default engine, and the reference.
* `n8n_engine` runs the n8n export on a real server, whose apps a sandbox plays (`sandbox`); `make_engine` runs the
  blueprint in a team of Make's.
* `compare` holds what an engine did against what the spec says; `report` tells people.
"""
