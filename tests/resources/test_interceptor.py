"""Whatever a program asks of whatever host, one server on this machine answers."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from compilers.errors import UserError
from resources.interceptor import Interceptor, interceptor_folder, is_installed

pytestmark = pytest.mark.live
"""`make test-live` installs the proxy."""


class Answering(BaseHTTPRequestHandler):
    """Says what was asked; `/gone` asks the proxy to close the connection."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode("utf-8")
        content = json.dumps([self.command, self.headers["x-sandbox-url"], body]).encode("utf-8")
        self.send_response(201)
        if self.path == "/gone":
            self.send_header("x-sandbox-drop", "1")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_request(self, code: object = "-", size: object = "-") -> None:
        """Says nothing."""


@pytest.fixture(scope="module")
def proxy() -> Iterator[Interceptor]:
    """A proxy in front of a server that says what it was asked."""
    if not is_installed(interceptor_folder()):
        pytest.skip("no mitmproxy is installed: `python -m resources.interceptor` does that")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with Interceptor(f"http://127.0.0.1:{server.server_port}") as running:
        yield running
    server.shutdown()
    server.server_close()


@pytest.fixture
def client(proxy: Interceptor) -> Iterator[httpx.Client]:
    """A client that goes through it, as its environment says."""
    context = ssl.create_default_context(cafile=proxy.environment["NODE_EXTRA_CA_CERTS"])
    with httpx.Client(proxy=proxy.environment["HTTPS_PROXY"], verify=context, trust_env=False) as made:
        yield made


@pytest.mark.parametrize(
    "url",
    [
        "https://api.service.example/v1/things?q=a%20b&x=1",
        "http://plain.example/one",
        "https://odd.example:8443/a%2Fb",
    ],
)
def test_the_server_gets_the_whole_request(client: httpx.Client, url: str) -> None:
    answer = client.post(url, content="Grüße")
    assert answer.status_code == 201
    assert answer.json() == ["POST", url, "Grüße"]


def test_a_dropped_answer_never_arrives(client: httpx.Client) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        client.post("https://api.service.example/gone")


def test_nothing_is_left_behind(proxy: Interceptor) -> None:
    with Interceptor("http://127.0.0.1:9") as other:
        certificate = other.certificate
        assert certificate.is_file()
        assert other.port != proxy.port
    assert not certificate.exists()


def test_this_machine_is_asked_directly(proxy: Interceptor) -> None:
    assert "127.0.0.1" in proxy.environment["NO_PROXY"].split(",")
    assert proxy.environment["http_proxy"] == proxy.environment["HTTP_PROXY"] == f"http://127.0.0.1:{proxy.port}"


def test_a_proxy_that_does_not_start_says_why(tmp_path: Path) -> None:
    program = tmp_path / "bin" / "mitmdump"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho no such option; exit 2\n", encoding="utf-8")
    program.chmod(0o755)
    with pytest.raises(UserError, match="no such option"):
        Interceptor("http://127.0.0.1:9", tmp_path).start()
