"""An intercepting proxy: hands every request of a program, HTTPS too, to one server on this machine.

`python -m resources.interceptor` installs mitmproxy, once (about a minute), and prints its folder. It has a virtual
environment of its own in the user's cache folder, since it wants other versions of libraries than the project has.
Nothing that goes through the proxy leaves the machine: no host is looked up, none is connected to.

    with Interceptor("http://127.0.0.1:8080") as proxy, N8nServer(install(), proxy.environment) as server:
        ...
"""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path
from types import TracebackType

from compilers.errors import UserError
from resources.interceptor_addon import TARGET
from resources.node import cache_folder

VERSION = "11.0.2"
START_SECONDS = 60
INSTALL_SECONDS = 600
ADDON = Path(__file__).with_name("interceptor_addon.py")
_SETTINGS = (
    "connection_strategy=lazy", "upstream_cert=false", "onboarding=false", "http2=false", "flow_detail=0",
    "termlog_verbosity=error",
)  # fmt: skip
"""The first two keep it from reaching for the real host before the addon is asked."""


def interceptor_folder() -> Path:
    """Where mitmproxy is installed: `manageai/mitmproxy-<version>` in the user's cache folder."""
    return cache_folder() / f"mitmproxy-{VERSION}"


def is_installed(folder: Path) -> bool:
    """Whether the folder holds a whole installation."""
    return (folder / ".complete").is_file()


def install() -> Path:
    """Installs mitmproxy unless it is there, and gives its folder. Raises `UserError` when it can't.

    A virtual environment can't be moved, so it is made in its place, by one process at a time; what an interrupted
    installation left there lacks the file `.complete`, and goes.
    """
    folder = interceptor_folder()
    if is_installed(folder):
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f".{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not is_installed(folder):  # another process was faster
            _fill(folder)
    return folder


def _fill(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    try:
        venv.create(folder, with_pip=True, symlinks=True)
    except (OSError, subprocess.CalledProcessError) as error:
        hint = "on Debian: apt install python3-venv"
        raise UserError("no virtual environment could be made", where=str(folder), hint=hint) from error
    _run_pip(folder)
    (folder / ".complete").write_text(VERSION, encoding="utf-8")


def _run_pip(folder: Path) -> None:
    what, hint = "pip could not install mitmproxy", "check the network and the package index, then run it again"
    command = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", f"mitmproxy=={VERSION}"]
    try:
        done = subprocess.run(command, timeout=INSTALL_SECONDS, capture_output=True, encoding="utf-8", check=False)
    except subprocess.TimeoutExpired:
        raise UserError(f"{what}: no answer within {INSTALL_SECONDS} s", hint=hint) from None
    if done.returncode:
        last = "\n".join(done.stderr.strip().splitlines()[-5:])
        raise UserError(f"{what}: {last}", hint=hint)


class Interceptor:
    """The proxy as a process, on a free port of this machine, which turns everything to the server at `address`."""

    def __init__(self, address: str, installation: Path | None = None) -> None:
        self._address, self._installation = address, installation
        self._process: subprocess.Popen[bytes] | None = None
        self._folder = Path(tempfile.mkdtemp(prefix="interceptor-"))
        self.port = _free_port()

    def __enter__(self) -> Interceptor:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def certificate(self) -> Path:
        """The authority that signs for every host: made for this proxy alone, and gone with it."""
        return self._folder / "mitmproxy-ca-cert.pem"

    @property
    def environment(self) -> dict[str, str]:
        """Variables that send a Node.js program's requests through the proxy and make it trust the answers."""
        address = f"http://127.0.0.1:{self.port}"
        proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), address)
        direct = dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1,localhost")
        # `fetch` of Node.js looks at those variables only where it is told to
        return {**proxies, **direct, "NODE_USE_ENV_PROXY": "1", "NODE_EXTRA_CA_CERTS": str(self.certificate)}

    def start(self) -> None:
        """Starts the proxy. Raises `UserError` when it can't be installed or doesn't come up."""
        program = (self._installation or install()) / "bin" / "mitmdump"
        settings = (f"confdir={self._folder}", *_SETTINGS)
        listen = ["--listen-host", "127.0.0.1", "--listen-port", str(self.port), "--scripts", str(ADDON)]
        command = [str(program), *listen, *(part for one in settings for part in ("--set", one))]
        log = self._folder / "proxy.log"
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                command, cwd=self._folder, env=self._settings(), stdout=output, stderr=subprocess.STDOUT
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._is_ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                last = log.read_text(encoding="utf-8", errors="replace")[-800:]
                self.stop()
                raise UserError("the intercepting proxy did not start", where=str(program), hint=last)
            time.sleep(0.05)

    def _settings(self) -> dict[str, str]:
        direct = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        return {**direct, TARGET: self._address}

    def _is_ready(self) -> bool:
        if not self.certificate.is_file():
            return False
        with socket.socket() as one:
            one.settimeout(1)
            return one.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self) -> None:
        """Stops the proxy and removes its certificates."""
        if self._process and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


if __name__ == "__main__":
    try:
        print(install())
    except UserError as problem:
        sys.exit(str(problem))
