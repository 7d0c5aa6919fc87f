"""A run through PgBouncer: it works, leaves nothing behind in the connections that others get after it,
or says what the pooler lacks."""
import signal
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from lake_reader import assert_published
from polling import wait_for
from pooler import Pooler
from source_api import Source, SourceError

MODES = ["transaction", "session"]
TABLES = """
    CREATE TABLE users (user_id int PRIMARY KEY, name text NOT NULL);
    INSERT INTO users SELECT i, 'naïve ' || i FROM generate_series(1, 100) i;
    CREATE TABLE orders (order_id int PRIMARY KEY, user_id int NOT NULL REFERENCES users, note text,
                         created_at timestamptz NOT NULL);
    INSERT INTO orders SELECT i, 1 + i % 100, 'note ' || i, timestamptz '2024-01-01 00:00+00' + i * interval '1 min'
        FROM generate_series(1, 50000) i;
    CREATE TABLE wide WITH (fillfactor = 10) AS SELECT i AS id, repeat('x', 400) AS t FROM generate_series(1, 8400) i;
    ANALYZE;
"""
# What a later client of the same server connection would inherit.
STATE = """
    SELECT current_setting('TimeZone'), current_setting('DateStyle'), current_setting('row_security'),
           current_setting('statement_timeout'), current_setting('lock_timeout'),
           current_setting('default_transaction_read_only'), current_setting('max_parallel_workers_per_gather'),
           current_setting('synchronize_seqscans'), current_setting('idle_in_transaction_session_timeout'),
           (SELECT count(*) FROM pg_prepared_statements WHERE statement NOT LIKE '%current_setting%'),
           (SELECT count(*) FROM pg_cursors WHERE statement NOT LIKE '%current_setting%')
"""


@pytest.fixture
def tables(db):
    db.execute(TABLES)
    return db


def state(url):
    """As any client finds it."""
    with psycopg.connect(url, autocommit=True, prepare_threshold=None) as connection:
        return connection.execute(STATE).fetchone()


def states(pooler, db, n):
    """Of n server connections at once: each is kept busy by a transaction while the next is asked for."""
    connections = [psycopg.connect(pooler.url(db.name), prepare_threshold=None) for _ in range(n)]
    found = [connection.execute(STATE).fetchone() for connection in connections]
    for connection in connections:
        connection.rollback()
        connection.close()
    return found


DATASETS = {
    "wide": {"inputs": {"w": "wide"}},
    "joined": {"inputs": {"o": "orders", "u": "users"}, "sql": "joined.sql",
               "columns": {"order_id": "int", "name": "string", "created_at": "timestamptz"}},
}


@pytest.mark.parametrize("mode", MODES)
def test_a_run_through_a_pooler_publishes_the_same_rows(project, tables, mode):
    project.write("joined.sql", "SELECT o.order_id, u.name, o.created_at FROM o JOIN u USING (user_id)")
    project.config({"limits": {"connections": 3, "threads": 3}, "datasets": DATASETS})
    with Pooler(tables.server, mode) as pooler:
        before = state(pooler.url(tables.name))
        project.database_url = pooler.url(tables.name)
        assert "on 2 connections" in project.run("check", check=0).stdout
        for _ in range(2):
            project.run("run", check=0)
            assert_published(project.lake, "wide", tables, "SELECT * FROM wide")
            assert_published(project.lake, "joined", tables, "SELECT order_id, name, created_at FROM orders JOIN users"
                                                             " USING (user_id)")
            assert set(states(pooler, tables, 4)) == {before}
        # Every transaction was ended before its connection was closed.
        assert "server was not ready" not in pooler.log() and "unclean" not in pooler.log(), pooler.log()
        assert not [s for s in pooler.show("SERVERS") if s["database"] == tables.name and s["state"] == "active"]


@pytest.mark.parametrize("mode", MODES)
def test_init_through_a_pooler_leaves_the_connections_writable(project, tables, mode):
    with Pooler(tables.server, mode, default_pool_size="1") as pooler:
        url = pooler.url(tables.name)
        project.database_url = None
        project.run("init", url, "--tables", "orders,users", check=0)
        with psycopg.connect(url, autocommit=True) as other:
            other.execute("CREATE TABLE written AS SELECT 1 AS id")


@pytest.mark.parametrize("mode", MODES)
def test_connections_through_a_pooler_share_one_snapshot(tables, native, mode):
    with Pooler(tables.server, mode) as pooler, Source(native, pooler.url(tables.name), connections=3) as source:
        relation = source.relation("orders")
        first = source.scan(relation).reader()
        count = first.read_next_batch().num_rows
        with psycopg.connect(pooler.url(tables.name), autocommit=True) as other:
            other.execute("INSERT INTO orders SELECT -i, 1, '', now() FROM generate_series(1, 100) i")
        with ThreadPoolExecutor(2) as pool:
            assert list(pool.map(lambda _: source.drain(relation), range(2))) == [50000] * 2
        assert count + first.read_all().num_rows == 50000
        # A scan that is dropped early is cancelled through the pooler, and its connection reads on.
        dropped = source.scan("wide").reader()
        dropped.read_next_batch()
        dropped.close()
        assert source.drain(relation) == 50000


def test_an_interrupted_run_gives_its_connections_back(project, tables):
    project.config({"limits": {"connections": 2, "rate": "1MB/s"}, "datasets": {"wide": DATASETS["wide"]}})
    with Pooler(tables.server, "transaction") as pooler:
        before = state(pooler.url(tables.name))
        project.database_url = pooler.url(tables.name)
        process = project.spawn("run")
        reading = f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{tables.name}' AND query LIKE '%COPY%'" \
                  " AND state = 'active' AND pid <> pg_backend_pid()"
        wait_for(lambda: tables.query(reading)[0][0], process)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        assert process.returncode == 130
        wait_for(lambda: not [s for s in pooler.show("SERVERS") if s["database"] == tables.name
                              and s["state"] == "active"], what="a connection stays with the run")
        assert set(states(pooler, tables, 3)) == {before}


# ---- what a pooler may lack ----

def test_a_pool_that_is_too_small_is_told(project, tables):
    config = {"datasets": {"wide": DATASETS["wide"]}}
    project.config({"limits": {"connections": 2, "threads": 2}, **config})
    with Pooler(tables.server, "transaction", default_pool_size="1", query_wait_timeout="1") as pooler:
        project.database_url = pooler.url(tables.name)
        done = project.run("run", check=3)
        assert "query_wait_timeout" in done.stderr and "lower limits.connections" in done.stderr
        assert project.published_version("wide") == 0
        project.config({"limits": {"connections": 1}, **config})
        project.run("run", check=0)
    assert_published(project.lake, "wide", tables, "SELECT * FROM wide")


def test_statement_pooling_is_refused_with_the_mode_to_set(project, tables):
    project.config({"datasets": {"wide": DATASETS["wide"]}})
    with Pooler(tables.server, "statement") as pooler:
        project.database_url = pooler.url(tables.name)
        done = project.run("run", check=2)
    assert "pool_mode to transaction or session" in done.stderr, done.stderr


@pytest.mark.parametrize("mode", MODES)
def test_a_mistake_in_a_condition_is_the_servers_word_and_not_the_poolers(project, tables, mode):
    with Pooler(tables.server, mode) as pooler:
        project.database_url = pooler.url(tables.name)
        for where, said in [("$1 > 0", "nothing gives `$1` a value here"),
                            ("order_id = 1) OR (order_id = 2", "`where` of public.orders is not one expression")]:
            project.config({"datasets": {"d": {"inputs": {"o": {"relation": "orders", "where": where}}}}})
            done = project.run("run", check=2)
            assert said in done.stderr and "tailrace.yaml:" in done.stderr and "pooler" not in done.stderr
            assert project.published_version("d") == 0


def test_a_poolers_timeout_is_named(tables, native):
    with Pooler(tables.server, "transaction", idle_transaction_timeout="3") as pooler, \
            Source(native, pooler.url(tables.name)) as source:
        relation = source.relation("orders")
        wait_for(lambda: "idle transaction timeout" in pooler.log())
        with pytest.raises(SourceError) as e:
            source.drain(relation)
    assert e.value.kind == "transient" and "idle transaction timeout" in e.value.what + e.value.detail
    assert "that timeout of the pooler" in e.value.hint


def test_options_in_the_url_are_refused_with_the_reason(project, tables):
    project.config({"datasets": {"wide": DATASETS["wide"]}})
    with Pooler(tables.server, "transaction") as pooler:
        project.database_url = pooler.url(tables.name) + "&options=-csearch_path%3Dpublic"
        done = project.run("check", check=2)
    assert "unsupported startup parameter" in done.stderr and "`options` in the URL" in done.stderr
