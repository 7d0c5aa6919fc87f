"""limits: of rate, connections and memory, measured on the process and in Postgres."""
import json
import threading
import time

import pytest

MIB = 1 << 20


def test_the_rate_is_kept(project, db):
    db.execute("CREATE TABLE t AS SELECT g AS id, repeat('x', 1000) AS x FROM generate_series(1, 4000) g")
    project.config({"limits": {"rate": "2MB/s", "connections": 2}, "datasets": {"t": {"inputs": {"t": "public.t"}}}})
    start = time.monotonic()
    project.run("run", check=0)
    assert 1.7 < time.monotonic() - start < 15  # 4 MB, of which a tenth of a second's are free


@pytest.mark.parametrize("connections", [1, 2])
def test_no_more_connections_than_allowed(project, db, connections):
    db.execute("CREATE TABLE t AS SELECT g AS id, repeat('x', 500) AS x FROM generate_series(1, 100000) g; ANALYZE t")
    project.write("t.sql", " UNION ALL ".join(["SELECT id FROM t"] * 5))
    project.config({"limits": {"connections": connections, "threads": 4, "rate": "40MB/s"}, "datasets": {
        "copied": {"inputs": {"t": "public.t"}},
        "other": {"inputs": {"t": {"relation": "public.t", "where": "id > 0"}}, "sql": "t.sql",
                  "columns": {"id": "int"}}}})
    most, done = 0, threading.Event()

    def watch():
        nonlocal most
        with db.connect() as connection:
            while not done.is_set():
                most = max(most, connection.execute(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                    " AND application_name LIKE 'tailrace/%'"
                    " AND NOT (application_name = 'tailrace/plan' AND state = 'idle')"  # closed by then
                ).fetchone()[0])

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        project.run("run", check=0)
    finally:
        done.set()
        watcher.join()
    assert 1 <= most <= connections


def tables(db):
    wide = ", ".join(f"md5((i % {k + 3})::text) AS c{k}" if k % 2 else f"i * {k} AS c{k}" for k in range(200))
    db.execute("""
        CREATE TABLE rows AS SELECT i AS id, (i::bigint * 7919 % 300000)::int AS other, random() AS amount,
            timestamp '2023-01-01' + (random() * 86400 * 300) * interval '1 s' AS at
            FROM generate_series(1, 300000) i;
        CREATE TABLE texts AS SELECT i AS id, string_agg(md5(i || '-' || j), '') AS t
            FROM generate_series(1, 40) i, generate_series(1, 32768) j GROUP BY i;""" +
        f"CREATE TABLE wide AS SELECT {wide} FROM generate_series(1, 10000) i; ANALYZE")


COLUMNS = {"id": "int", "other": "int", "amount": "double", "at": "timestamp"}
DATASETS = {
    "copied": ({"inputs": {"r": "public.rows"}}, None),
    "by_day": ({"inputs": {"r": "public.rows"}, "partition_by": ["day(at)"]}, None),
    "texts": ({"inputs": {"r": "public.texts"}}, None),
    "wide": ({"inputs": {"r": "public.wide"}}, None),
    "checked": ({"inputs": {"r": "public.rows"}, "unique": ["id"], "checks": ["amount >= 0"]}, None),
    "joined": ({"inputs": {"r": "public.rows", "s": "public.rows"}, "columns": COLUMNS},
               "SELECT r.id, s.other, r.amount, s.at FROM r JOIN s ON r.id = s.other + 1"),
    "joined_by_day": ({"inputs": {"r": "public.rows", "s": "public.rows"}, "columns": COLUMNS,
                       "partition_by": ["day(at)"]},
                      "SELECT r.id, s.other, r.amount, s.at FROM r JOIN s ON r.id = s.other + 1"),
    "sql_texts": ({"inputs": {"r": "public.texts"}, "columns": {"id": "int", "t": "string"}}, "SELECT id, t FROM r"),
}


@pytest.mark.slow
def test_memory_stays_within_its_limit(project, db):
    tables(db)
    for name, (dataset, sql) in DATASETS.items():
        if sql:
            project.write(f"{name}.sql", sql)
        for limit in (64, 128):
            if sql and limit == 64:
                continue
            project.config({"limits": {"memory": f"{limit}MiB", "threads": 2},
                            "datasets": {name: {**dataset, **({"sql": f"{name}.sql"} if sql else {})}}})
            report = json.loads(project.run("run", "--json", check=0).stdout)
            # VmHWM; what wait4 says of a child includes ourselves, before it became tailrace.
            assert report["peak_memory"] <= limit * MIB, (name, limit, report["peak_memory"] / MIB)
