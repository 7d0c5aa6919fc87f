"""PgBouncer before a private Postgres.

    with Pooler(server, "transaction", default_pool_size=4) as pooler:
        pooler.url(database)    # over a socket of its own
        pooler.log()
"""
import os
import shutil
import socket
import subprocess
from pathlib import Path

import psycopg

from polling import wait_for
from private_postgres import free_port


class Pooler:
    """Everybody is let in, as the server's superuser."""

    def __init__(self, server, mode, **settings):
        self.server = server  # private_postgres.PrivatePostgres: trusts who comes by its socket
        self.settings = {"pool_mode": mode, "default_pool_size": "4", **settings}
        self.process = None

    def __enter__(self):
        program = shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"
        assert Path(program).exists(), "pgbouncer is missing: run scripts/install-deps tests"
        # Beside the server's, where its user may write.
        self.folder = Path(self.server.folder) / f"pooler-{os.urandom(4).hex()}"
        assert self.server.run_as("mkdir", self.folder).returncode == 0
        self.port = free_port()  # names the socket
        settings = {"listen_addr": "", "listen_port": self.port, "unix_socket_dir": self.folder, "auth_type": "any",
                    "admin_users": "pooler", "log_connections": "1", "logfile": self.folder / "log", **self.settings}
        (self.folder / "ini").write_text(
            f"[databases]\n* = host={self.server.folder} port={self.server.port} user={self.server.superuser}\n"
            "[pgbouncer]\n" + "".join(f"{key} = {value}\n" for key, value in settings.items()))
        (self.folder / "ini").chmod(0o644)
        self.process = subprocess.Popen(
            ["setpriv", *self.server.privileges, "--pdeathsig", "KILL", program, "--quiet", str(self.folder / "ini")],
            cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(self.listens, self.process)
        return self

    def listens(self):
        with socket.socket(socket.AF_UNIX) as s:
            return s.connect_ex(f"{self.folder}/.s.PGSQL.{self.port}") == 0

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self):
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def url(self, database, user="app"):
        return f"postgresql://{user}@/{database}?host={self.folder}&port={self.port}"

    def show(self, what):
        """Rows of the pooler's own SHOW, as dicts."""
        with psycopg.connect(self.url("pgbouncer", "pooler"), autocommit=True,
                             cursor_factory=psycopg.ClientCursor) as connection:
            cursor = connection.execute(f"SHOW {what}")
            return [dict(zip((column.name for column in cursor.description), row)) for row in cursor]
