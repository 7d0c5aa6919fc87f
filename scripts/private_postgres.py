#!/usr/bin/env python3
"""A private PostgreSQL server in a temporary folder, gone when its owner is gone.

As a module: `with PrivatePostgres() as server: ...`. As a program: starts a server, runs
a command with DATABASE_URL set, stops the server and leaves the command's exit code:

    scripts/private_postgres.py [--database NAME] [--set KEY=VALUE]... -- COMMAND [ARG...]

PostgreSQL refuses to run as root: then it runs as the unprivileged user `postgres`.
The server gets a signal from the kernel when its parent dies, so that not even a kill -9
leaves it behind. Local connections are trusted, and the socket lies in a folder of its own;
TCP connections (127.0.0.1 only) need a password.
"""
import argparse
import glob
import os
import pwd
import random
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_connections": "60",
    "shared_buffers": "128MB",
    "max_wal_size": "2GB",
    "jit": "off",
    "log_line_prefix": "'%m [%p] %d %a: '",
}


class PostgresFailed(Exception):
    """The server or its set-up failed; the text says why."""


def find_bin():
    """The folder of initdb and postgres: on PATH, or Debian's newest version."""
    for name in ("postgres", "initdb"):
        found = shutil.which(name)
        if found and (Path(found).resolve().parent / "postgres").exists():
            return Path(found).resolve().parent
    versions = glob.glob("/usr/lib/postgresql/*/bin/postgres")
    if not versions:
        raise PostgresFailed("no PostgreSQL server found; run scripts/install-deps")
    return Path(max(versions, key=lambda p: float(p.split("/")[4]))).parent


class PrivatePostgres:
    superuser = "postgres"

    def __init__(self, settings=None, temp_dir=None):
        self.settings = {**SETTINGS, **(settings or {})}
        self.temp_dir = temp_dir
        self.process = None
        self.folder = None
        self.password = secrets.token_hex(12)

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def log_path(self):
        return self.folder / "log"

    def log(self):
        return self.log_path.read_text(errors="replace")

    def start(self):
        self.bin = find_bin()
        self.folder = Path(tempfile.mkdtemp(prefix="tailrace-pg-", dir=self.temp_dir))
        # Clients of other users (root's, in a container) must reach the socket.
        self.folder.chmod(0o755)
        self.privileges = []
        if os.geteuid() == 0:
            try:
                user = pwd.getpwnam("postgres")
            except KeyError:
                user = pwd.getpwnam("nobody")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            self.privileges = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
        self.data = self.folder / "data"
        self.initdb()
        for attempt in range(5):
            self.port = free_port()
            if self.start_server():
                return
        raise PostgresFailed("PostgreSQL did not start:\n" + self.log()[-2000:])

    def run_as(self, *command, **options):
        return subprocess.run(["setpriv", *self.privileges, *map(str, command)] if self.privileges
                              else list(map(str, command)), cwd=self.folder, **options)

    def initdb(self):
        password_file = self.folder / "password"
        password_file.write_text(self.password)
        password_file.chmod(0o644 if self.privileges else 0o600)
        done = self.run_as(self.bin / "initdb", "--pgdata", self.data, "--username", self.superuser,
                           "--encoding=UTF8", "--locale=C", "--no-sync", "--auth-local=trust",
                           "--auth-host=scram-sha-256", f"--pwfile={password_file}",
                           stdin=subprocess.DEVNULL, capture_output=True, text=True)
        password_file.unlink()
        if done.returncode:
            raise PostgresFailed("initdb failed:\n" + done.stdout + done.stderr)
        with open(self.data / "postgresql.conf", "a", encoding="utf-8") as conf:
            for key, value in self.settings.items():
                conf.write(f"{key} = {value}\n")

    def start_server(self):
        command = ["setpriv", *self.privileges, "--pdeathsig", "QUIT",
                   str(self.bin / "postgres"), "-D", str(self.data), "-k", str(self.folder),
                   "-p", str(self.port), "-c", "listen_addresses=127.0.0.1"]
        with open(self.log_path, "ab") as log:
            # A session of its own: Ctrl-C in the terminal is ours to turn into a stop.
            self.process = subprocess.Popen(command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, start_new_session=True)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                return False
            # Postgres says so itself in its pid file: no connection needed to find out.
            try:
                status = (self.data / "postmaster.pid").read_text().split("\n")
            except OSError:
                status = []
            if len(status) > 7 and status[7].strip() == "ready":
                return True
            time.sleep(0.02)
        return False

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.send_signal(signal.SIGQUIT)
                self.process.wait(20)
        self.process = None
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, database="postgres", user=None):
        """Over the socket, without a password."""
        return (f"postgresql://{quote(user or self.superuser)}@/{quote(database)}"
                f"?host={quote(str(self.folder), safe='/')}&port={self.port}")

    def tcp_url(self, database="postgres", user=None, password=None):
        """Over TCP, with a password (default: the superuser's)."""
        password = self.password if password is None else password
        return (f"postgresql://{quote(user or self.superuser)}:{quote(password)}@127.0.0.1:{self.port}"
                f"/{quote(database)}")

    def psql(self, *args, database="postgres", **options):
        """psql over the socket, stopping at the first error."""
        return subprocess.run([str(self.bin / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1",
                               "-d", self.url(database), *args], check=True, **options)


def free_port():
    """One that the kernel gives nobody who asks for any port, nor to an outgoing connection: it is
    still free when a server that starts slowly gets to it."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as f:
        first = int(f.read().split()[0])
    while True:
        port = random.randrange(10000, first) if first > 20000 else 0
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                continue
            return s.getsockname()[1]


def main():
    parser = argparse.ArgumentParser(description="Run a command with a private PostgreSQL server.")
    parser.add_argument("--database", default="postgres", help="created where it is another")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a server setting")
    parser.add_argument("command", nargs="+")
    args = parser.parse_args()

    def interrupted(number, _frame):
        sys.exit(128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, interrupted)
    try:
        with PrivatePostgres(dict(pair.split("=", 1) for pair in args.set)) as server:
            if args.database != "postgres":
                server.psql("-c", f'CREATE DATABASE "{args.database}"')
            env = {**os.environ, "DATABASE_URL": server.url(args.database)}
            child = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", *args.command], env=env)
            try:
                return child.wait()
            finally:
                if child.poll() is None:
                    child.terminate()
                    child.wait()
    except PostgresFailed as e:
        print(f"private_postgres: {e}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
