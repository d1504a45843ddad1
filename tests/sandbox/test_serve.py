"""The world as a process: announced, quiet, gone without leftovers."""

import json
import signal
import smtplib
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from backend.model.clock import parse_clock
from backend.sandbox.client import SandboxClient, plain_client
from backend.sandbox.serve import running_world, serve

_PROGRAM = """
import sys
from backend.sandbox.serve import serve
said = lambda line: print(line, flush=True)
sys.exit(serve(customers=3, seed=5, speed=60.0, announce=said, parent_pipe=sys.argv[1] == "pipe"))
"""


@contextmanager
def process(mode: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    started = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, mode],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert started.stdout is not None
        line = started.stdout.readline()
        assert line, started.communicate()[1]
        yield started, json.loads(line)
    finally:
        started.kill()
        started.wait()
        for stream in (started.stdin, started.stdout, started.stderr):
            if stream is not None:
                stream.close()


def test_the_announcement_names_all_that_a_caller_needs() -> None:
    with process("alone") as (started, addresses):
        assert set(addresses) == {
            *("aiia", "hub", "reconciliation", "reconciliation_token", "smtp", "mailbox", "control"),
            *("client_id", "client_secret", "clock"),
        }
        assert parse_clock(addresses["clock"]).speed == 60.0
        with SandboxClient({"control": addresses["control"]}) as client:
            assert len(list(client.fleet())) == 3
            assert client.addresses == addresses
        started.send_signal(signal.SIGHUP)
        out, err = started.communicate(timeout=30)
        assert (started.returncode, out, err) == (0, "", "")


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_on_a_signal_with_sessions_open(sent: signal.Signals) -> None:
    with process("alone") as (started, addresses):
        host, _, port = addresses["smtp"].removeprefix("smtp://").partition(":")
        with (
            smtplib.SMTP(host, int(port), local_hostname="localhost") as mail,
            plain_client(addresses["control"]) as http,
        ):
            mail.noop()
            assert http.get("/books").status_code == 200
            started.send_signal(sent)
            assert started.communicate(timeout=30) == ("", "")
            assert started.returncode == 0
            mail.close()


def test_it_ends_quietly_with_a_call_in_work() -> None:
    with process("alone") as (started, addresses), SandboxClient(addresses) as client:
        client.fault("providers", "slow", seconds=1000)
        host, _, port = addresses["aiia"].removeprefix("http://").partition(":")
        with socket.create_connection((host, int(port))) as line:
            line.sendall(b"GET /v1/providers HTTP/1.1\r\nHost: x\r\n\r\n")
            while not client.books()["faults"]:
                pass
            started.send_signal(signal.SIGTERM)
            assert started.communicate(timeout=30) == ("", "")
            assert started.returncode == 0


def test_it_ends_with_its_parents_pipe() -> None:
    with process("pipe") as (started, _):
        assert started.stdin is not None
        started.stdin.close()
        assert started.wait(timeout=30) == 0


def test_a_taken_port_is_an_os_error() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError):
            serve(customers=1, seed=1, speed=1.0, announce=print, port_base=taken.getsockname()[1])


def test_the_same_seed_gives_the_same_world() -> None:
    def fleet(seed: int) -> list[dict[str, object]]:
        with running_world(customers=30, seed=seed) as world:
            lines = [json.loads(line) for line in world.client.fleet()]
        return [{**line, "refresh_token": "", "expires_at": ""} for line in lines]

    assert fleet(3) == fleet(3)
    assert fleet(3) != fleet(4)


def test_a_closed_world_leaves_no_open_files() -> None:
    def files() -> set[str]:
        held = Path("/proc/self/fd")
        return {entry.name for entry in held.iterdir()} if held.is_dir() else set()

    with running_world(customers=1):
        pass
    before = files()
    with running_world(customers=1) as world:
        world.client.books()
    assert files() == before
