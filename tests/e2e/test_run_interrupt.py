"""A run that is interrupted, runs out of time or loses an input ends soon, whatever it is doing."""
import json
import signal
import time

import pytest

from polling import wait_for

SOON_S = 20  # far below what would be waited for, far above a busy machine's delays


def active(db, pattern):
    """Is tailrace running such a statement in this database?"""
    return bool(db.query("SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND state = 'active'"
                         " AND application_name LIKE 'tailrace/%%' AND query LIKE %s", (pattern,)))


def has_read(db):
    """Has a scan of the run ended, and no other begun?"""
    states = db.query("SELECT state, query FROM pg_stat_activity WHERE datname = current_database()"
                      " AND application_name LIKE 'tailrace/%' AND application_name <> 'tailrace/plan'")
    return bool(states) and all(state == "idle in transaction" and "RELEASE" in query for state, query in states)


def interrupt(process):
    start = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, error = process.communicate(timeout=60)
    return process.returncode, out, error, time.monotonic() - start


def assert_interrupted(project, db, process, *datasets):
    code, out, error, seconds = interrupt(process)
    assert code == 130, (out, error)
    assert "interrupted" in error
    assert seconds < SOON_S
    assert not any(project.published_version(name) for name in datasets)
    assert not list(project.temp.iterdir())
    wait_for(lambda: not active(db, "%"), seconds=SOON_S, what="the server still works for the run")


def slow_view(db, seconds=600):
    db.execute(f"CREATE VIEW slow AS SELECT 1 AS a FROM pg_sleep({seconds});"
               "CREATE TABLE quick AS SELECT g AS a FROM generate_series(1, 100) g")


def test_ctrl_c_while_the_engine_works_alone(project, db):
    db.execute("CREATE TABLE t AS SELECT g AS a FROM generate_series(1, 100000) g")
    project.write("t.sql", "SELECT count(*) AS n FROM x JOIN y ON sin(x.a) > cos(y.a)")
    project.config({"datasets": {"t": {"inputs": {"x": "public.t", "y": "public.t"}, "sql": "t.sql",
                                       "columns": {"n": "bigint"}}}})
    process = project.spawn("run")
    wait_for(lambda: has_read(db), process)
    assert_interrupted(project, db, process, "t")


def test_ctrl_c_while_an_input_is_loaded_first(project, db):
    slow_view(db)
    project.write("t.sql", "SELECT a FROM x UNION ALL SELECT a FROM y")
    project.config({"limits": {"connections": 1},
                    "datasets": {"t": {"inputs": {"x": "public.slow", "y": "public.quick"}, "sql": "t.sql",
                                       "columns": {"a": "int"}}}})
    process = project.spawn("run")
    wait_for(lambda: active(db, "%COPY%slow%"), process)
    assert_interrupted(project, db, process, "t")


def test_ctrl_c_while_a_shared_input_is_read(project, db):
    db.execute("CREATE TABLE big AS SELECT g AS a, repeat('x', 1000) AS b FROM generate_series(1, 20000) g;"
               "ANALYZE big")
    project.config({"limits": {"rate": "1MB/s"},
                    "datasets": {"one": {"inputs": {"x": "public.big"}}, "two": {"inputs": {"x": "public.big"}}}})
    process = project.spawn("run")
    wait_for(lambda: active(db, "%COPY%big%"), process)
    assert_interrupted(project, db, process, "one", "two")


def test_ctrl_c_while_the_checks_are_asked(project, db):
    db.execute("CREATE TABLE t AS SELECT g AS a FROM generate_series(1, 100) g")
    endless = "a < (SELECT count(*) FROM range(10000000) x, range(10000000) y WHERE sin(x.range) > cos(y.range))"
    project.config({"datasets": {"t": {"inputs": {"x": "public.t"}, "checks": [endless]}}})
    process = project.spawn("run", "--log", "json")
    for line in process.stderr:
        if json.loads(line).get("text") == "audit":
            break
    assert_interrupted(project, db, process, "t")
    assert not [f for f in project.files() if f.endswith(".parquet")]


def test_a_snapshot_that_is_held_for_too_long_ends_the_run(project, db):
    slow_view(db)
    project.config({"limits": {"snapshot": "1s"}, "datasets": {"slow": {"inputs": {"x": "public.slow"}}}})
    start = time.monotonic()
    done = project.run("run", check=3)
    assert "limits.snapshot" in done.stderr
    assert time.monotonic() - start < SOON_S
    assert project.published_version("slow") == 0


def test_a_snapshot_limit_also_ends_what_the_engine_does(project, db):
    db.execute("CREATE TABLE t AS SELECT g AS a FROM generate_series(1, 100000) g")
    project.write("t.sql", "SELECT count(*) AS n FROM x JOIN y ON sin(x.a) > cos(y.a)")
    project.config({"limits": {"snapshot": "2s"},
                    "datasets": {"t": {"inputs": {"x": "public.t", "y": "public.t"}, "sql": "t.sql",
                                       "columns": {"n": "bigint"}}}})
    start = time.monotonic()
    done = project.run("run", check=3)
    assert "limits.snapshot" in done.stderr
    assert time.monotonic() - start < SOON_S


def test_a_dataset_that_had_not_begun_is_interrupted_and_not_blamed(project, db):
    """The first dataset breaks its contract, the second is interrupted: each says its own."""
    slow_view(db)
    db.execute("CREATE TABLE bad AS SELECT null::int AS a")
    project.config({"datasets": {
        "first": {"inputs": {"x": "public.bad"}, "columns": {"a": {"type": "int", "not_null": True}}},
        "second": {"inputs": {"x": "public.slow"}},
        "third": {"inputs": {"x": "public.quick"}}}})
    process = project.spawn("run", "--json")
    wait_for(lambda: active(db, "%COPY%slow%"), process)
    code, out, _, _ = interrupt(process)
    assert code == 130
    errors = {d["dataset"]: d["error"] for d in json.loads(out)["datasets"]}
    assert "not_null" in errors["first"]
    assert errors["second"] == errors["third"] == "interrupted"


@pytest.mark.parametrize("threads", [1, 2])
def test_an_input_that_fails_does_not_wait_for_another(project, db, threads):
    slow_view(db, 40)
    db.execute("CREATE VIEW broken AS SELECT 1 / (a - 50) AS a FROM quick, pg_sleep(2)")
    project.write("t.sql", "SELECT a FROM x UNION ALL SELECT a FROM y")
    project.config({"limits": {"connections": 2, "threads": threads},
                    "datasets": {"t": {"inputs": {"x": "public.broken", "y": "public.slow"}, "sql": "t.sql",
                                       "columns": {"a": "int"}}}})
    start = time.monotonic()
    done = project.run("run")
    assert done.returncode in (2, 4) and "division by zero" in done.stderr
    assert time.monotonic() - start < SOON_S
