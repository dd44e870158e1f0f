"""The apps, played on this machine: what a workflow on a real engine asks them is recorded, and nothing leaves.

with Sandbox() as sandbox, Interceptor(sandbox.address) as proxy, N8nServer(install(), proxy.environment) as n8n:
    sandbox.begin([Call(request=request, answer=Answer(bundles=({"ts": "1.2"},)))])
    ...  # run the workflow
    for sent in sandbox.seen():
        print(sent.step, sent.method, sent.url, missing(request, sent))
"""

from manageai_assets.testing.sandbox.contained import differing, missing
from manageai_assets.testing.sandbox.records import Call, Sent
from manageai_assets.testing.sandbox.server import Sandbox

__all__ = ["Call", "Sandbox", "Sent", "differing", "missing"]
