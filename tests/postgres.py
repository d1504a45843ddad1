"""A PostgreSQL server of the tests' own, on a socket in a temporary folder; nothing listens on the network."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

BINARIES = max(Path("/usr/lib/postgresql").glob("*/bin/initdb"), default=None, key=lambda path: int(path.parts[-3]))
_PREFIX = "forny-pg-"

MISSING = "no PostgreSQL"
"""Why a test is skipped where the server or its driver is not installed."""


def there() -> bool:
    """Whether server and driver are installed."""
    try:
        import psycopg  # noqa: F401
    except ImportError:
        return False
    return BINARIES is not None and _user() is not None


def _user() -> str | None:
    """Who the server runs as: it refuses to run as root."""
    if os.getuid() != 0:
        return pwd.getpwuid(os.getuid()).pw_name
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    return None


_EMPTY = """
DO $$ DECLARE one record; BEGIN
  SET session_replication_role = replica;
  FOR one IN SELECT tablename AS name FROM pg_tables WHERE schemaname = 'forny' AND tablename <> 'migrations' LOOP
    EXECUTE format('DELETE FROM forny.%I', one.name);
  END LOOP;
  FOR one IN SELECT sequencename AS name FROM pg_sequences WHERE schemaname = 'forny' AND last_value IS NOT NULL LOOP
    EXECUTE format('ALTER SEQUENCE forny.%I RESTART', one.name);
  END LOOP;
  ALTER TABLE forny.events ENABLE TRIGGER USER;
  ALTER TABLE forny.checkpoints ENABLE TRIGGER USER;
END $$
"""


class Server:
    """A running server. `durable` keeps what was committed through a crash, which costs time, and uses more memory."""

    def __init__(self, folder: Path, *, durable: bool = False) -> None:
        assert BINARIES is not None
        self._bin, self.folder, self.data = BINARIES.parent, folder, folder / "data"
        self._log = folder / "tools.log"
        self._owner = pwd.getpwnam(_user() or "")
        os.chown(folder, self._owner.pw_uid, self._owner.pw_gid)
        self._run("initdb", "-D", str(self.data), "-U", "forny", "-A", "trust", "-E", "UTF8", "--no-locale", "-N")
        with (self.data / "postgresql.conf").open("a") as settings:
            settings.write(f"listen_addresses = ''\nunix_socket_directories = '{folder}'\nmax_connections = 200\n")
            if not durable:
                settings.write("shared_buffers = 64MB\nmax_wal_size = 512MB\n")
                settings.write("fsync = off\nfull_page_writes = off\nautovacuum = off\n")
        self.start()
        self._made, self._free = 0, list[str]()

    def _run(self, program: str, *words: str) -> None:
        other = os.getuid() == 0
        with self._log.open("a") as log:
            done = subprocess.run(
                [self._bin / program, *words],
                user=self._owner.pw_uid if other else None,
                group=self._owner.pw_gid if other else None,
                extra_groups=[] if other else None,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        assert done.returncode == 0, self._log.read_text()[-2000:]

    def start(self) -> None:
        self._run("pg_ctl", "-D", str(self.data), "-l", str(self.folder / "server.log"), "-w", "start")

    def stop(self, mode: str = "immediate") -> None:
        """`immediate` is a crash: nothing is tidied up."""
        self._run("pg_ctl", "-D", str(self.data), "-m", mode, "-w", "stop")

    def url(self, database: str) -> str:
        return f"postgresql://forny@/{database}?host={self.folder}"

    def new(self, template: str = "template0") -> str:
        """The name of a new database."""
        self._made += 1
        name = f"t{self._made}"
        self.ask(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        return name

    def lend(self) -> str:
        """The name of a database with an empty store: one that was given back, else a new one of `template`."""
        return self._free.pop() if self._free else self.new("template")

    def take_back(self, name: str) -> None:
        """Empty it, which is quicker than a new one."""
        self.ask(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        self.ask(_EMPTY, name)
        self._free.append(name)

    def drop(self, name: str) -> None:
        self.ask(f"DROP DATABASE {name} WITH (FORCE)")

    def ask(self, sql: str, database: str = "postgres") -> None:
        import psycopg

        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(sql.encode())


def _clear_away() -> None:
    """End the servers of test runs that were killed: they could not do so themselves."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*-*"):
        owner = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if owner.isdigit() and not Path(f"/proc/{owner}").exists():
            with suppress(OSError, ValueError, IndexError):
                server = int((folder / "data/postmaster.pid").read_text().split()[0])
                if str(folder).encode() in Path(f"/proc/{server}/cmdline").read_bytes():  # else somebody has its number
                    os.kill(server, signal.SIGQUIT)
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def running(*, durable: bool = False) -> Iterator[Server]:
    """A server for as long as it is needed."""
    _clear_away()
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
    folder.chmod(0o755)
    try:
        server = Server(folder, durable=durable)
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
