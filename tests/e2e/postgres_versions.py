"""PostgreSQL servers of other major versions than Debian's, and standbys of them.

    with OtherPostgres(18) as primary, Standby(primary) as standby: ...

They come from scripts/install-standins; the oldest that tailrace reads and the newest are there
always. TAILRACE_POSTGRES="14 16 17" tests others, after `scripts/install-standins postgres-14 ...`.
"""
import os
import platform
import shutil

import psycopg

from polling import wait_for
from private_postgres import PrivatePostgres
from standins import StandInFailed, cache_folder

# 13 is not to be had for ARM.
OLDEST = 13 if platform.machine() == "x86_64" else 14
DEBIAN = 15
MAJORS = [int(major) for major in os.environ.get("TAILRACE_POSTGRES", f"{OLDEST} {DEBIAN} 18").split()]

# What is committed goes to the standby at once.
SETTINGS = {"timezone": "'Asia/Kolkata'", "wal_level": "replica", "max_wal_senders": "4", "synchronous_commit": "local"}


def programs_of(major):
    """The folder with bin, lib and share, of the newest release that is installed."""
    releases = {int(path.name.split(".")[1]): path for path in cache_folder().glob(f"postgres-{major}.*")}
    if not releases:
        raise StandInFailed(f"PostgreSQL {major} is missing: run scripts/install-standins postgres-{major}")
    return releases[max(releases)]


class OtherPostgres(PrivatePostgres):
    def __init__(self, major, settings=None):
        super().__init__({**SETTINGS, **(settings or {})})
        self.major = major

    def initdb(self):
        self.choose_programs()
        super().initdb()

    def choose_programs(self):
        if self.major == DEBIAN:
            return
        programs = programs_of(self.major)
        if self.privileges:  # the server's user does not see root's cache
            programs = shutil.copytree(programs, self.folder / "programs", symlinks=True)
        self.bin = programs / "bin"

    def stop_process(self):
        """An orderly end; the folder stays."""
        self.process.send_signal(2)
        self.process.wait(60)

    def execute(self, sql):
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(sql)

    def value(self, sql):
        with psycopg.connect(self.url(), autocommit=True) as connection:
            return connection.execute(sql).fetchone()[0]


class Standby(OtherPostgres):
    """A copy of the primary's files, which replays what the primary writes. The primary is stopped
    for the copy, as its own folder may have no pg_basebackup."""

    def __init__(self, primary, settings=None):
        super().__init__(primary.major, {"hot_standby": "on", **(settings or {})})
        self.primary = primary

    def initdb(self):
        self.bin = self.primary.bin
        self.primary.stop_process()
        copied = self.run_as("cp", "-a", self.primary.data, self.data, capture_output=True, text=True)
        assert copied.returncode == 0, copied.stderr
        assert self.primary.start_server(), self.primary.log()  # on its port, which nobody is given
        (self.data / "standby.signal").touch()
        conninfo = f"host={self.primary.folder} port={self.primary.port} user={self.primary.superuser}"
        with open(self.data / "postgresql.conf", "a", encoding="utf-8") as conf:
            for key, value in {**self.settings, "primary_conninfo": f"'{conninfo}'"}.items():
                conf.write(f"{key} = {value}\n")

    def catch_up(self):
        target = self.primary.value("SELECT pg_current_wal_lsn()")
        wait_for(lambda: self.value(f"SELECT pg_last_wal_replay_lsn() >= '{target}'"), self.process)
