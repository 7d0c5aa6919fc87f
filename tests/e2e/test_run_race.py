"""Runs, and gc, against each other. An advisory lock in the source holds runs at the point
where their snapshot is open: no sleeps."""
import os
import signal
import time

import pytest

from lake_reader import Published

GATE = 4711


def add_gate(db, rows=10, at=1):
    """A view whose row `at` waits for the lock GATE."""
    db.execute(f"""
        CREATE TABLE t AS SELECT i AS id, repeat(md5(i::text), 10) AS text FROM generate_series(1, {rows}) i;
        CREATE FUNCTION gate(i int) RETURNS int LANGUAGE plpgsql VOLATILE AS $$
        BEGIN
            IF i = {at} THEN PERFORM pg_advisory_xact_lock_shared({GATE}); END IF;
            RETURN i;
        END $$;
        CREATE VIEW gated AS SELECT gate(id) AS id, text FROM t""")


def wait_for(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come"
        time.sleep(0.005)


def waiting(connection):
    return connection.execute(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND NOT granted",
        [GATE]).fetchone()[0]


def test_of_two_runs_at_the_same_time_one_wins_and_the_other_exits_3(project, db):
    add_gate(db)
    project.config({"datasets": {"d": {"inputs": {"t": "gated"}}}})
    with db.connect() as connection:
        for round in range(1, 101):
            connection.execute("SELECT pg_advisory_lock(%s)", [GATE])
            runs = [project.spawn("run") for _ in range(2)]
            wait_for(lambda: waiting(connection) == 2)
            connection.execute("SELECT pg_advisory_unlock(%s)", [GATE])
            ended = [(run.communicate()[1], run.returncode) for run in runs]
            assert sorted(code for _, code in ended) == [0, 3], ended
            loser = next(text for text, code in ended if code == 3)
            assert f"version {round} was published meanwhile; nothing of this run is visible" in loser
            assert project.published_version("d") == round
            del project.spawned[:]
    assert Published(project.lake, "d").table().num_rows == 10
    project.run("verify", "d", check=0)


def test_gc_during_a_run_removes_nothing_that_is_needed(project, db):
    rows = 30000
    add_gate(db, rows, at=rows - 10)
    # Small files: many are staged by the time that the run waits.
    project.config({"parquet": {"file_size": "1MiB", "row_group_size": "1MiB", "compression": "none"},
                    "limits": {"connections": 1}, "datasets": {"d": {"inputs": {"t": "gated"}}}})
    project.run("run", check=0)
    with db.connect() as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [GATE])
        before = len(project.files())
        run = project.spawn("run")
        wait_for(lambda: waiting(connection) == 1)
        wait_for(lambda: len(project.files()) > before)
        project.run("gc", "--keep", "1", "--days", "0", check=0)
        connection.execute("SELECT pg_advisory_unlock(%s)", [GATE])
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
    with db.connect() as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [GATE])
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
    with db.connect() as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [GATE])
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
    with db.connect() as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [GATE])
        run = project.spawn("run")
        wait_for(lambda: waiting(connection) == 1)
        run.send_signal(getattr(signal, signal_name))
        text = run.communicate(timeout=30)[1]
        assert run.returncode == 130, text
        wait_for(lambda: waiting(connection) == 0)  # the server is not left working
    assert project.published_version("d") == 0
