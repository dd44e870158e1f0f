"""A local server that speaks Make's REST API and takes calls of webhooks, as the facts say it (sections 2.9 to 4.5).

It runs no modules: `execute(blueprint, bundle)` says what a run comes to, and is the test's. Where the facts leave
something open, it does this:

* Deleting asks for `confirmed` only where the thing is in use (an active scenario, an attached hook), since Make's own
  SDK deletes scenarios without it. Deleting incomplete executions always asks.
* A thing of another organisation is 403, one that never was is 404.
* A run counts as ended `Outcome.seconds` after its start; what follows from its end (counters, deactivation, incomplete
  executions) is there at once.
* Addresses for callbacks are taken and never called.

    with fake_make() as fake:
        fake.world.execute = lambda blueprint, bundle: Outcome(operations=3)
        api = MakeApi(SecretStr(fake.key), address=fake.address)
"""

from tests.fakes.make.faults import Fault
from tests.fakes.make.records import Answer, ErrorOfRun, Outcome
from tests.fakes.make.server import KEY, FakeMake, fake_make
from tests.fakes.make.world import ORGANIZATION, TEAM, World

__all__ = ["KEY", "ORGANIZATION", "TEAM", "Answer", "ErrorOfRun", "FakeMake", "Fault", "Outcome", "World", "fake_make"]
