"""Runs, and gc, against each other."""
import os
import signal
import time

import pytest

from held_run import add_gate, hold, race, waiting
from lake_reader import Published
from polling import wait_for


def test_of_two_runs_at_the_same_time_one_wins_and_the_other_exits_3(project, db):
    add_gate(db)
    project.config({"datasets": {"d": {"inputs": {"t": "gated"}}}})
    race(project, db, lambda: project.published_version("d"))
    assert Published(project.lake, "d").table().num_rows == 10
    project.run("verify", "d", check=0)


def test_gc_during_a_run_removes_nothing_that_is_needed(project, db):
    rows = 30000
    add_gate(db, rows, at=rows - 10)
    # Small files: many are staged by the time that the run waits.
    project.config({"parquet": {"file_size": "1MiB", "row_group_size": "1MiB", "compression": "none"},
                    "limits": {"connections": 1}, "datasets": {"d": {"inputs": {"t": "gated"}}}})
    project.run("run", check=0)
    with db.connect() as connection, hold(connection):
        before = len(project.files())
        run = project.spawn("run")
        wait_for(lambda: waiting(connection) == 1)
        wait_for(lambda: len(project.files()) > before)
        project.run("gc", "--keep", "1", "--days", "0", check=0)
    text = run.communicate()[1]
    assert run.returncode == 0, text
    assert Published(project.lake, "d").version == 2
    project.run("verify", "d", check=0)


def test_gc_removes_what_a_killed_run_left_once_its_lease_has_ended(project, db):
    add_gate(db, 20000, at=19990)
    project.config({"parquet": {"file_size": "1MiB", "row_group_size": "1MiB", "compression": "none"},
                    "limits": {"connections": 1}, "datasets": {"d": {"inputs": {"t": "gated"}}}})
    project.run("run", check=0)
    published = set(project.files())
    with db.connect() as connection, hold(connection):
        run = project.spawn("run")
        wait_for(lambda: waiting(connection) == 1)
        run.kill()
        run.communicate()
    leases = list((project.lake / "_tailrace" / "d" / "runs").glob("*"))
    assert len(leases) == 1
    old = time.time() - 3600
    for path in project.lake.rglob("*"):
        if path.relative_to(project.lake).as_posix() not in published and path.is_file():
            os.utime(path, (old, old))
    project.run("gc", check=0)
    left = {f for f in project.files() if "/.tmp-" in f or f not in published}
    assert not [f for f in left if f.endswith(".parquet")], left
    project.run("verify", "d", check=0)
    project.run("run", check=0)


def test_gc_knows_a_dataset_whose_only_run_was_killed(project, db):
    add_gate(db)
    project.config({"datasets": {"d": {"inputs": {"t": "gated"}}, "e": {"inputs": {"t": "t"}}}})
    project.run("run", "e", check=0)
    with db.connect() as connection, hold(connection):
        run = project.spawn("run", "d")
        wait_for(lambda: waiting(connection) == 1)
        run.kill()
        run.communicate()
    for names in ([], ["d"]):
        assert "d: " in project.run("gc", *names, check=0).stdout
    assert "`nothing` is not published" in project.run("gc", "nothing", check=2).stderr


@pytest.mark.parametrize("signal_name", ["SIGINT", "SIGTERM"])
def test_an_interrupted_run_publishes_nothing_and_exits_130(project, db, signal_name):
    add_gate(db)
    project.config({"datasets": {"d": {"inputs": {"t": "gated"}}}})
    with db.connect() as connection, hold(connection):
        run = project.spawn("run")
        wait_for(lambda: waiting(connection) == 1)
        run.send_signal(getattr(signal, signal_name))
        text = run.communicate(timeout=30)[1]
        assert run.returncode == 130, text
        wait_for(lambda: waiting(connection) == 0)  # the server is not left working
    assert project.published_version("d") == 0
