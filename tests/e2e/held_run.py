"""Runs held at the point where their snapshot is open, by an advisory lock in the source: no sleeps.

    add_gate(db)                                           # a view `gated`
    with db.connect() as connection, hold(connection):     # a run that reads it waits ...
        run = project.spawn("run")
        wait_for(lambda: waiting(connection) == 1)
    run.communicate()                                      # ... until here
"""
from contextlib import contextmanager

from polling import wait_for

GATE = 4711


def add_gate(db, rows=10, at=1):
    """A view whose row `at` waits for the lock GATE, however long."""
    db.execute(f"""
        CREATE TABLE t AS SELECT i AS id, repeat(md5(i::text), 10) AS text FROM generate_series(1, {rows}) i;
        CREATE FUNCTION gate(i int) RETURNS int LANGUAGE plpgsql VOLATILE SET lock_timeout = 0 AS $$
        BEGIN
            IF i = {at} THEN PERFORM pg_advisory_xact_lock_shared({GATE}); END IF;
            RETURN i;
        END $$;
        CREATE VIEW gated AS SELECT gate(id) AS id, text FROM t""")


@contextmanager
def hold(connection):
    connection.execute("SELECT pg_advisory_lock(%s)", [GATE])
    yield
    connection.execute("SELECT pg_advisory_unlock(%s)", [GATE])


def waiting(connection):
    """How many runs are held."""
    return connection.execute(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND NOT granted",
        [GATE]).fetchone()[0]


def race(project, db, published_version, env=None, rounds=100):
    """Two runs of a project over `gated` against each other: one wins each time, the other says so and exits 3."""
    with db.connect() as connection:
        for round in range(1, rounds + 1):
            with hold(connection):
                runs = [project.spawn("run", env=env) for _ in range(2)]
                wait_for(lambda: waiting(connection) == 2)
            ended = [(run.communicate()[1], run.returncode) for run in runs]
            assert sorted(code for _, code in ended) == [0, 3], ended
            loser = next(text for text, code in ended if code == 3)
            assert f"version {round} was published meanwhile; nothing of this run is visible" in loser
            assert published_version() == round
            del project.spawned[:]
