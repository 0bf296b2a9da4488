"""A process that has everything imported and compiled, and forks from itself those that are killed.

It is told over a socket what to do: a function, its arguments, and a pipe for what the child says.
It lets the functions' module warm up, which runs the compiled loops, once before it forks, with the
one threading layer of Numba that a fork survives, so that a child costs milliseconds.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from select import select
from types import ModuleType, TracebackType
from typing import Any, Self

ROOT = Path(__file__).parents[2]
WAIT_S = 120.0
_MESSAGE_BYTES = 1 << 16


class Child:
    """A forked process, as its parent sees it."""

    def __init__(self, zygote: Zygote, pid: int, pipe: int) -> None:
        self._zygote = zygote
        self._pid = pid
        self._lines = os.fdopen(pipe, "r")
        self.signal: int | None = None
        self._is_reaped = False

    def hears(self, within_s: float) -> bool:
        """Say whether the child says something, or dies, within a time."""
        return bool(select([self._lines], [], [], within_s)[0])

    def said(self) -> str:
        """Return what the child said next; nothing where it died without a word."""
        assert self.hears(WAIT_S), "the child says nothing"
        return self._lines.readline().strip()

    def kill(self, with_signal: int = signal.SIGKILL) -> None:
        """Send the child a signal, if it lives, and wait for its end."""
        if not self._is_reaped:
            self._is_reaped = True
            self.signal = self._zygote.ask({"pid": self._pid, "signal": with_signal})["signal"]

    def close(self) -> None:
        self.kill()
        self._lines.close()


class Zygote:
    """The process that forks; `module` has the functions for its children, and `warm_up`."""

    def __init__(self, module: str) -> None:
        self._ours, theirs = socket.socketpair()
        self._ours.settimeout(WAIT_S)
        command = [sys.executable, "-m", "tests.jobs.zygote", module, str(theirs.fileno())]
        self._process = subprocess.Popen(command, cwd=ROOT, pass_fds=[theirs.fileno()])
        theirs.close()
        self.ask({})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._ours.close()
        self._process.wait(WAIT_S)

    def ask(self, wanted: dict[str, Any], descriptors: tuple[int, ...] = ()) -> dict[str, Any]:
        """Send a request; return the answer."""
        socket.send_fds(self._ours, [json.dumps(wanted).encode()], list(descriptors))
        answer: dict[str, Any] = json.loads(self._ours.recv(_MESSAGE_BYTES))
        return answer

    @contextmanager
    def child(self, function: str, *arguments: object) -> Iterator[Child]:
        """Fork a child that calls a function of the module; killed in the end."""
        reading, writing = os.pipe()
        forked = self.ask({"function": function, "arguments": arguments}, (writing,))
        os.close(writing)
        child = Child(self, forked["pid"], reading)
        try:
            yield child
        finally:
            child.close()


def _warmed_up(name: str) -> ModuleType:
    import numba

    numba.config.THREADING_LAYER = "workqueue"  # type: ignore[attr-defined]
    from graphsvc.app import Service
    from graphsvc.logs import configure_logs
    from graphsvc.settings import Settings

    configure_logs("console", "error")
    module = import_module(name)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(store=f"sqlite:///{folder}/store.db", data_dir=Path(folder))
        with Service.open(settings) as service:
            module.warm_up(service)
    return module


def _serve(ours: socket.socket, module: ModuleType) -> None:
    while True:
        message, descriptors, _, _ = socket.recv_fds(ours, _MESSAGE_BYTES, 1)
        if not message:
            return
        wanted = json.loads(message)
        answer: dict[str, Any] = {}
        if "function" in wanted:
            pid = os.fork()
            if pid == 0:
                ours.close()
                _be_child(module, wanted, descriptors[0])
            answer = {"pid": pid}
        elif "pid" in wanted:
            answer = {"signal": _end(wanted["pid"], wanted["signal"])}
        for descriptor in descriptors:
            os.close(descriptor)
        ours.send(json.dumps(answer).encode())


def _end(pid: int, with_signal: int) -> int:
    """Return the signal that a child died of, after it was sent one if it was alive."""
    finished, status = os.waitpid(pid, os.WNOHANG)
    if not finished:
        os.kill(pid, with_signal)
        _, status = os.waitpid(pid, 0)
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0


def _be_child(module: ModuleType, wanted: dict[str, Any], pipe: int) -> None:
    def tell(line: str) -> None:
        os.write(pipe, f"{line}\n".encode())

    try:
        getattr(module, wanted["function"])(tell, *wanted["arguments"])
    except BaseException as error:
        tell(f"raised {error!r}")
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[2])), _warmed_up(sys.argv[1]))
