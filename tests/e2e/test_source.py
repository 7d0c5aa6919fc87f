"""Sessions, relations and scans against a real Postgres."""
import concurrent.futures
import json
import signal
import socket
import struct
import threading
import time

import psycopg
import pytest

from lake_reader import published
from native import NativeError
from polling import wait_for
from private_postgres import PrivatePostgres, free_port
from source_api import Source, SourceError

N = 150_000  # more than two batches

ORDERS = f"""
    CREATE TABLE orders (order_id int PRIMARY KEY, amount numeric(10,2) NOT NULL, note text);
    INSERT INTO orders SELECT i, i * 1.25, 'note ' || i FROM generate_series(1, {N}) i;
    ANALYZE orders;
"""


@pytest.fixture
def orders(db):
    db.execute(ORDERS)
    return db


def sessions(db):
    return db.query("SELECT pid, state, query FROM pg_stat_activity WHERE application_name = 'tailrace/test-run'"
                    " AND datname = current_database() ORDER BY backend_start")


# ---- the snapshot ----

def test_all_connections_see_one_snapshot(orders, native):
    with Source(native, orders.url, connections=3) as source:
        relation = source.relation("public.orders")
        first = source.scan(relation).reader()
        batch = first.read_next_batch()  # holds the keeper
        orders.execute("INSERT INTO orders SELECT -i, 0, '' FROM generate_series(1, 1000) i;"
                       " DELETE FROM orders WHERE order_id > 140000")
        second = source.scan(relation).reader()  # a connection that is opened now
        count = second.read_next_batch().num_rows
        assert len(sessions(orders)) == 2
        assert source.drain(relation) == N  # a third
        assert batch.num_rows + first.read_all().num_rows == N
        assert count + second.read_all().num_rows == N
        assert source.drain(relation, ["order_id"], where="order_id < 0") == 0
    with Source(native, orders.url) as source:
        assert source.drain("orders") == 141_000


def test_the_snapshot_is_described(orders, native):
    before = orders.query("SELECT pg_current_wal_lsn(), txid_current()")[0]
    with Source(native, orders.url) as source:
        snapshot = source.snapshot()
        after, seconds = orders.query("SELECT pg_current_wal_lsn(), extract(epoch FROM now())::float8")[0]
    number = lambda lsn: int(lsn.split("/")[0], 16) << 32 | int(lsn.split("/")[1], 16)
    assert number(before[0]) <= number(snapshot["lsn"]) <= number(after)
    assert int(snapshot["xmin_xmax"].split(":")[1]) > before[1] or before[1] >= int(snapshot["xmin_xmax"].split(":")[0])
    assert abs(snapshot["time_us"] / 1e6 - seconds) < 60
    assert snapshot["standby"] is False and snapshot["server_version"] >= 130000
    assert snapshot["id"]


def test_a_server_that_does_not_tell_its_lsn_is_read_all_the_same(project, orders):
    """Aurora refuses it unless it is set up for logical replication."""
    role, password = orders.role()
    orders.execute(f"REVOKE EXECUTE ON FUNCTION pg_current_wal_lsn() FROM PUBLIC; GRANT SELECT ON orders TO {role}")
    project.database_url = orders.tcp_url(role, password)
    project.config({"datasets": {"orders": {"inputs": {"o": "orders"}}}})
    done = project.run("run", check=0)
    assert "snapshot at LSN (none), held for" in done.stdout
    manifest = published(project.lake, "orders").manifest
    assert manifest["rows"] == N and manifest["snapshot"]["lsn"] is None and manifest["snapshot"]["id"]
    assert "150,000" in project.run("history", "orders", check=0).stdout
    assert json.loads(project.run("status", "--json", check=0).stdout)[0]["snapshot_lsn"] == ""


def test_the_server_sees_who_reads_and_how(orders, native):
    settings = ["transaction_read_only", "transaction_isolation", "statement_timeout", "lock_timeout", "row_security",
                "TimeZone", "idle_in_transaction_session_timeout", "max_parallel_workers_per_gather", "client_encoding"]
    columns = ", ".join(f"current_setting('{s}') AS \"{s}\"" for s in settings)
    orders.execute(f"CREATE VIEW settings AS SELECT {columns}")
    with Source(native, orders.url, connections=2, statement_timeout_ms=60000) as source:
        [(pid, state, _)] = sessions(orders)
        assert state == "idle in transaction"
        relation = source.relation("settings")
        held = source.scan("orders").reader()
        held.read_next_batch()
        for row in source.read(relation).to_pylist():  # on the second connection
            assert row == dict(zip(settings, ["on", "repeatable read", "1min", "1s", "off", "UTC", "0", "0", "UTF8"]))
        held.read_all()
    wait_for(lambda: not sessions(orders), what="the connections are closed")


def test_a_view_that_writes_is_refused(db, native):
    db.execute("CREATE SEQUENCE s; CREATE VIEW v AS SELECT nextval('s') AS n")
    with Source(native, db.url) as source:
        with pytest.raises(SourceError, match="read-only transaction") as e:
            source.drain("v")
        assert e.value.kind == "user" and "only reads" in e.value.hint
        # The failed statement did not cost the transaction.
        assert source.relation("v").names == ["n"]


def test_a_standby_is_read_at_its_replay_position(native):
    settings = {"wal_level": "replica", "max_wal_senders": "4", "hot_standby": "on"}
    with PrivatePostgres(settings) as primary:
        primary.psql("-c", "CREATE TABLE t AS SELECT i FROM generate_series(1, 1000) i")
        with Standby(primary) as standby:
            wait_for(lambda: caught_up(primary, standby), what="the standby has caught up")
            before = value(standby, f"SELECT {REPLAYED}")
            with Source(native, standby.url(), connections=2) as source:
                snapshot = source.snapshot()
                assert snapshot["standby"] is True
                # The primary writes some log of its own, too.
                assert value(standby, f"SELECT '{snapshot['lsn']}' BETWEEN '{before}'::pg_lsn AND {REPLAYED}")
                relation = source.relation("t")
                assert source.drain(relation) == 1000
                primary.psql("-c", "INSERT INTO t VALUES (0)")
                wait_for(lambda: value(standby, "SELECT count(*) FROM t") == 1001, what="the row has come over")
                assert source.drain(relation) == 1000


REPLAYED = "pg_last_wal_replay_lsn()"


class Standby(PrivatePostgres):
    """A server that replays what the other one writes."""

    def __init__(self, primary):
        super().__init__()
        self.primary = primary

    def initdb(self):
        done = self.run_as(self.bin / "pg_basebackup", "-D", self.data, "-d", self.primary.url(), "-R", "-X", "stream",
                           "-c", "fast", "--no-sync", capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def value(server, sql):
    with psycopg.connect(server.url(), autocommit=True) as c:
        return c.execute(sql).fetchone()[0]


def caught_up(primary, standby):
    target = value(primary, "SELECT pg_current_wal_lsn()")
    return value(standby, f"SELECT {REPLAYED} >= '{target}'")


# ---- scans ----

def test_one_connection_serves_scan_after_scan(orders, native):
    with Source(native, orders.url, connections=1) as source:
        relation = source.relation("orders")
        for _ in range(3):
            assert source.drain(relation) == N
        assert len(sessions(orders)) == 1
        rows, size = source.progress()
        assert rows == 3 * N and size > 3 * N * 20


def test_a_stream_that_is_dropped_early_leaves_the_session_usable(orders, native):
    orders.execute("INSERT INTO orders SELECT i, 0, repeat('x', 100) FROM generate_series(150001, 300000) i")
    with Source(native, orders.url, connections=1) as source:
        relation = source.relation("orders")
        for _ in range(3):
            reader = source.scan(relation).reader()
            reader.read_next_batch()
            del reader
        source.scan(relation).reader().close()  # never started
        assert source.drain(relation) == 300000


def test_waiting_for_a_connection_ends_when_one_is_given_back(orders, native):
    with Source(native, orders.url, connections=2) as source, concurrent.futures.ThreadPoolExecutor(8) as pool:
        relation = source.relation("orders")
        counts = list(pool.map(lambda _: source.drain(relation), range(12)))
        assert counts == [N] * 12
        assert len(sessions(orders)) == 2


def test_page_ranges_cover_each_row_once(orders, native):
    orders.execute("DELETE FROM orders WHERE order_id % 3 = 0; UPDATE orders SET note = note || '!' WHERE order_id % 7 = 0;"
                   " ANALYZE orders")
    with Source(native, orders.url) as source:
        relation = source.relation("orders")
        pages = relation.described["pages"]
        assert pages == orders.query("SELECT pg_relation_size('orders') / 8192")[0][0]
        expected = sorted(source.read(relation).column("order_id").to_pylist())
        for parts in (1, 2, 3, 7):
            bounds = [pages * i // parts for i in range(parts + 1)]
            got = [source.read(relation, ["order_id"], pages=pair).column("order_id").to_pylist()
                   for pair in zip(bounds, bounds[1:])]
            assert all(got)
            assert sorted(sum(got, [])) == expected


def test_pages_added_after_the_look_belong_to_the_last_range(orders, native):
    with Source(native, orders.url) as looking:
        relation = looking.relation("orders")
        pages = relation.described["pages"]
        orders.execute("INSERT INTO orders SELECT i, 0, repeat('x', 1000) FROM generate_series(150001, 151000) i")
        with Source(native, orders.url) as source:
            ranges = [(0, pages // 2), (pages // 2, pages)]
            assert sum(source.drain(relation, ["order_id"], pages=pair) for pair in ranges) == N + 1000


def test_a_condition_limits_the_rows(orders, native):
    with Source(native, orders.url) as source:
        table = source.read("orders", ["order_id"], where="order_id < 10 OR note = 'note 77' -- a comment")
        assert sorted(table.column("order_id").to_pylist()) == [*range(1, 10), 77]
        with pytest.raises(SourceError, match='column "nope" does not exist') as e:
            source.drain("orders", where="nope > 1")
        assert e.value.kind == "user" and e.value.place["table"] == "public.orders"


def test_relations_of_every_kind_are_read(orders, native):
    orders.execute("""
        CREATE VIEW v AS SELECT order_id, upper(note) AS loud FROM orders WHERE order_id <= 10;
        CREATE MATERIALIZED VIEW m AS SELECT * FROM v;
        CREATE MATERIALIZED VIEW hollow AS SELECT * FROM v WITH NO DATA;
        CREATE TABLE p (id int NOT NULL, day date NOT NULL, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
        CREATE TABLE p1 PARTITION OF p FOR VALUES FROM ('2024-01-01') TO ('2024-02-01');
        CREATE TABLE p2 PARTITION OF p FOR VALUES FROM ('2024-02-01') TO ('2024-03-01');
        INSERT INTO p SELECT i, date '2024-01-01' + i % 60 FROM generate_series(1, 600) i; ANALYZE p;
        CREATE TABLE parent (id int); CREATE TABLE child (more text) INHERITS (parent);
        INSERT INTO parent VALUES (1); INSERT INTO child VALUES (2, 'x');
        CREATE TABLE nothing (); INSERT INTO nothing SELECT FROM generate_series(1, 70000);
        CREATE TABLE empty (id int);
        CREATE TABLE "Odd "" näme.x" ("Sel ect" int, "a""b" text, "dropped" int, "a.b" int);
        ALTER TABLE "Odd "" näme.x" DROP COLUMN "dropped"; INSERT INTO "Odd "" näme.x" VALUES (1, 'ü', 3);
    """)
    with Source(native, orders.url) as source:
        kinds = {name: source.relation(name).described["kind"] for name in ("v", "m", "p", "nothing")}
        assert kinds == {"v": "v", "m": "m", "p": "p", "nothing": "r"}
        assert source.drain("v") == source.drain("m") == 10
        assert source.drain("p") == 600
        assert source.drain("parent") == 2
        assert source.drain("nothing") == 70000
        assert source.drain("orders", []) == N
        assert source.drain("empty") == 0
        assert source.read("empty").schema.names == ["id"]
        odd = source.relation('"Odd "" näme.x"')
        assert source.read(odd).to_pylist() == [{"Sel ect": 1, 'a"b': "ü", "a.b": 3}]
        p = source.relation("p").described
        assert p["rows"] == 600 and p["pages"] == 0 and p["bytes"] > 0
        assert source.relation("parent").described["pages"] == 0
        assert source.relation("v").described["rows"] == -1
        assert source.relation("empty").described["rows"] in (-1, 0)
        with pytest.raises(NativeError, match="has not been populated") as e:
            source.scan("hollow")
        assert "REFRESH MATERIALIZED VIEW" in e.value.hint
        listed = {r["name"]: r for r in source.list()}
    assert set(listed) == {"orders", "v", "m", "hollow", "p", "parent", "child", "nothing", "empty", 'Odd " näme.x'}
    assert listed["hollow"]["is_populated"] is False
    assert [c["name"] for c in listed["p"]["columns"] if c["key_position"]] == ["id", "day"]


def test_the_catalog_tells_keys_comments_and_statistics(db, native):
    db.execute("""
        CREATE TABLE u (a int, b int NOT NULL, c int NOT NULL, d text, UNIQUE (a), UNIQUE (c, b) INCLUDE (d));
        CREATE UNIQUE INDEX ON u (b) WHERE b > 0;
        CREATE TABLE t (id bigint, u_c int, u_b int, self bigint REFERENCES t (id), PRIMARY KEY (id),
                        FOREIGN KEY (u_c, u_b) REFERENCES u (c, b));
        ALTER TABLE t ADD CONSTRAINT to_u FOREIGN KEY (u_c) REFERENCES u (a);
        COMMENT ON TABLE t IS 'the things'; COMMENT ON COLUMN t.u_c IS 'of u''s';
        INSERT INTO t (id) SELECT i FROM generate_series(1, 1000) i; ANALYZE t;
    """)
    with Source(native, db.url) as source:
        u, t = source.relation("u"), source.relation("public.t")
    assert {n: c["key_position"] for n, c in u.columns.items()} == {"a": 0, "b": 2, "c": 1, "d": 0}
    assert t.described["comment"] == "the things" and t.columns["u_c"]["comment"] == "of u's"
    assert t.described["foreign_keys"] == [["u_c", "public", "u", "a"], ["self", "public", "t", "id"]]
    assert t.described["rows"] == 1000
    assert t.columns["id"]["avg_width"] == 8 and t.columns["id"]["n_distinct"] == -1
    assert t.columns["id"]["not_null"] and not t.columns["self"]["not_null"]


def test_names_are_found_as_sql_finds_them(db, native):
    db.execute('CREATE TABLE plain (a int); CREATE TABLE "Plain" (b int); CREATE SCHEMA "Sales";'
               ' CREATE TABLE "Sales"."Item" (c int); CREATE SEQUENCE seq; CREATE INDEX ix ON plain (a)')
    with Source(native, db.url) as source:
        assert source.relation("plain").names == source.relation("PLAIN").names == ["a"]
        assert source.relation("public.Plain").names == source.relation('"Plain"').names == ["b"]
        assert source.relation("Sales.Item").names == source.relation('"Sales"."Item"').names == ["c"]
        for name, what, hint in [
            ("palin", "no relation `palin` in ", "did you mean `public."),
            ("public.plan", "no relation `public.plan`", "did you mean `public."),
            ("Item", "no relation `Item`", 'did you mean `"Sales"."Item"`?'),
            ("public.Item", "no relation `public.Item`", 'did you mean `"Sales"."Item"`?'),
            ("completely_else", "no relation `completely_else`", "check its name and schema"),
            ('"PLAIN"', 'no relation `"PLAIN"`', "did you mean"),
            ("a.b.c", "more than two parts", "write table or schema.table"),
            ('"open', "the closing quote is missing", "write table or schema.table"),
            ("", "a part is empty", "write table"),
            ("seq", "`seq` is a sequence", "name a table"),
            ("ix", "`ix` is an index", "name a table"),
        ]:
            with pytest.raises(NativeError) as e:
                source.relation(name)
            assert e.value.kind == "user"
            assert what in e.value.what and hint in e.value.hint, (name, e.value.what, e.value.hint)


# ---- privileges ----

def test_missing_privileges_name_the_grant(orders, native):
    role, password = orders.role()
    orders.execute(f'CREATE SCHEMA hidden; CREATE TABLE hidden.t (a int); GRANT SELECT ON hidden.t TO {role};'
                   f' CREATE TABLE partial (a int, "B b" int); GRANT SELECT (a) ON partial TO {role};'
                   ' INSERT INTO partial VALUES (1, 2)')
    with Source(native, orders.tcp_url(role, password)) as source:
        with pytest.raises(NativeError) as e:
            source.relation("orders")
        assert e.value.kind == "user" and "permission denied for `orders`" in e.value.what
        assert f'GRANT SELECT ON "public"."orders" TO "{role}";' in e.value.hint
        with pytest.raises(NativeError) as e:
            source.relation("hidden.t")
        assert f'GRANT USAGE ON SCHEMA "hidden" TO "{role}";' in e.value.hint
        partial = source.relation("partial")
        assert not partial.columns["B b"]["supported"]
        assert f'GRANT SELECT ("B b") ON "public"."partial" TO "{role}"' in partial.columns["B b"]["why"]
        assert source.read(partial, ["a"]).to_pylist() == [{"a": 1}]
        assert [r["name"] for r in source.list()] == ["partial"]
        orders.execute(f"REVOKE SELECT (a) ON partial FROM {role}")
        with pytest.raises(SourceError) as e:  # gone between planning and running
            source.drain(partial, ["a"])
        assert e.value.kind == "user" and "permission denied" in e.value.what and "GRANT SELECT" in e.value.hint


def test_row_security_is_an_error_unless_accepted(orders, native):
    role, password = orders.role()
    orders.execute(f"ALTER TABLE orders ENABLE ROW LEVEL SECURITY; GRANT SELECT ON orders TO {role};"
                   " CREATE POLICY few ON orders USING (order_id <= 10)")
    url = orders.tcp_url(role, password)
    with Source(native, url) as source:
        assert source.relation("orders").described["row_security"]
        with pytest.raises(SourceError) as e:
            source.drain("orders")
        assert e.value.kind == "user" and "source.row_security: accept" in e.value.hint
    with Source(native, url, row_security=True) as source:
        assert source.drain("orders") == 10
    with Source(native, orders.url) as source:
        assert not source.relation("orders").described["row_security"]


# ---- no connection ----

def opening(native, url):
    with pytest.raises(NativeError) as e:
        Source(native, url)
    return e.value


def says_nothing_of(error, *secrets):
    for secret in secrets:
        assert secret not in error.what + error.detail + error.hint


def test_a_wrong_password_is_the_users_to_mend(db, native):
    role, password = db.role()
    error = opening(native, db.tcp_url(role, "wrong-" + password))
    assert error.kind == "user" and "refused the password" in error.what
    assert "PGPASSWORD" in error.hint and role in error.detail and "LOCATION" not in error.detail
    says_nothing_of(error, "wrong-", password)


def test_a_missing_password_database_or_role_is_the_users_to_mend(db, native):
    role, password = db.role()
    server = db.server
    error = opening(native, f"host=127.0.0.1 port={server.port} user={role} dbname={db.name} passfile=/nonexistent")
    assert error.kind == "user" and "asks for a password and none was given" in error.what
    error = opening(native, server.url("nowhere"))
    assert error.kind == "user" and "has no such database" in error.what and "nowhere" in error.detail
    error = opening(native, server.url(db.name, user="nobody_here"))
    assert error.kind == "user" and "does not let this user in" in error.what
    db.execute(f"REVOKE CONNECT ON DATABASE {db.name} FROM PUBLIC")
    error = opening(native, db.tcp_url(role, password))
    assert error.kind == "user" and "GRANT CONNECT ON DATABASE" in error.hint


def test_an_unreachable_server_is_transient(native, tmp_path):
    error = opening(native, f"postgres://app:s3cret-word@127.0.0.1:{free_port()}/shop")
    assert error.kind == "transient" and "/shop" in error.what and "nothing listens there" in error.hint
    says_nothing_of(error, "s3cret-word")
    error = opening(native, "postgres://app:s3cret-word@no-such-host.invalid/shop")
    assert error.kind == "transient" and "name is not known" in error.hint
    error = opening(native, f"postgres:///shop?host={tmp_path}")
    assert error.kind == "transient" and "no server listens on that socket" in error.hint
    says_nothing_of(error, "s3cret-word")


def test_an_older_server_is_refused(native):
    def message(kind, body):
        return kind + struct.pack("!i", len(body) + 4) + body

    def greet(listener):
        client, _ = listener.accept()
        with client:
            client.recv(8192)
            client.sendall(message(b"R", struct.pack("!i", 0)) + message(b"S", b"server_version\0" + b"12.22\0")
                           + message(b"Z", b"I"))
            client.recv(8192)

    with socket.create_server(("127.0.0.1", 0)) as listener, concurrent.futures.ThreadPoolExecutor(1) as pool:
        greeting = pool.submit(greet, listener)
        port = listener.getsockname()[1]
        error = opening(native, f"postgres://app@127.0.0.1:{port}/shop?sslmode=disable&gssencmode=disable")
        greeting.result(30)
    assert error.kind == "user" and "Postgres 12 at 127.0.0.1" in error.what and "13 and newer" in error.hint


def test_a_server_that_never_answers_times_out(native):
    with socket.create_server(("127.0.0.1", 0)) as mute:
        error = opening(native, f"postgres://app:s3cret-word@127.0.0.1:{mute.getsockname()[1]}/shop?connect_timeout=2")
    assert error.kind == "transient" and "did not answer in time" in error.what


@pytest.mark.parametrize("url", [
    "postgrs://app:s3cret-word@host/shop",
    "postgres:/app:s3cret-word@host/shop",
    "postgres://app:s3cret-word@host/shop?nope=1",
    "postgres://app:s3cret-word@host:port/shop",
    "postgres://app:s3cret-word%@host/shop",
    "host=h password=s3cret-word nope=2",
    "host=h password='s3cret-word",
    "app:s3cret-word@host/shop",
])
def test_a_mistyped_url_is_refused_without_quoting_it(native, url):
    error = opening(native, url)
    assert error.kind == "user", error.what
    assert error.hint
    says_nothing_of(error, "s3cret-word", "s3cret")


def test_no_free_connection_is_transient(db, native):
    role, password = db.role("CONNECTION LIMIT 0")
    error = opening(native, db.tcp_url(role, password))
    assert error.kind == "transient" and "limits.connections" in error.hint


# ---- losing it in the middle ----

def big(db):
    db.execute("CREATE TABLE big AS SELECT i AS id, repeat('x', 500) AS t FROM generate_series(1, 100000) i")


def test_a_connection_cut_in_mid_copy_is_transient(db, native):
    big(db)
    with Source(native, db.url) as source:
        relation = source.relation("big")
        reader = source.scan(relation).reader()
        reader.read_next_batch()
        db.query("SELECT pg_terminate_backend(%s)", [sessions(db)[0][0]])
        with pytest.raises(OSError, match="terminating connection|was lost"):
            reader.read_all()
        with pytest.raises(SourceError) as e:  # with the keeper the snapshot is lost
            source.drain(relation)
        assert e.value.kind == "transient" and "again" in e.value.hint


def test_a_follower_cut_in_mid_copy_leaves_the_others(db, native):
    big(db)
    with Source(native, db.url, connections=2) as source:
        relation = source.relation("big")
        keeper, follower = source.scan(relation).reader(), source.scan(relation).reader()
        first = keeper.read_next_batch().num_rows
        follower.read_next_batch()
        db.query("SELECT pg_terminate_backend(%s)", [sessions(db)[1][0]])
        with pytest.raises(OSError):
            follower.read_all()
        assert first + keeper.read_all().num_rows == 100000
        assert source.drain(relation) == 100000


def test_a_server_that_stops_is_transient(native):
    with PrivatePostgres() as server:
        with psycopg.connect(server.url(), autocommit=True) as c:
            c.execute("CREATE TABLE big AS SELECT i AS id, repeat('x', 500) AS t FROM generate_series(1, 100000) i")
        with Source(native, server.url(), connections=2) as source:
            relation = source.relation("big")
            reader = source.scan(relation).reader()
            reader.read_next_batch()
            server.process.send_signal(signal.SIGQUIT)  # at once, all of its processes
            server.process.wait()
            with pytest.raises(OSError):
                reader.read_all()
            with pytest.raises(SourceError) as e:
                source.drain(relation)
            assert e.value.kind == "transient" and e.value.hint


def test_a_statement_timeout_is_transient(db, native):
    db.execute("CREATE VIEW slow AS SELECT pg_sleep(30)::text AS t")
    with Source(native, db.url, statement_timeout_ms=2000) as source, pytest.raises(SourceError) as e:
        source.drain("slow")
    assert e.value.kind == "transient" and "source.statement_timeout" in e.value.hint


def test_a_lock_is_not_waited_for_long(orders, native):
    with Source(native, orders.url) as source, orders.connect() as other:
        relation = source.relation("orders")
        with other.transaction():
            other.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
            with pytest.raises(SourceError) as e:
                source.drain(relation)
        assert e.value.kind == "transient" and "source.lock_timeout" in e.value.hint
        assert source.drain(relation) == N


def test_a_view_that_fails_at_a_row_is_a_data_error(orders, native):
    orders.execute("CREATE VIEW v AS SELECT order_id, 1 / (order_id - 500) AS x FROM orders")
    with Source(native, orders.url) as source, pytest.raises(SourceError) as e:
        source.drain("v")
    assert e.value.kind == "data" and "division by zero" in e.value.what
    assert e.value.place["table"] == "public.v" and e.value.place["row_key"] == "500 of the scan"


def test_what_fails_before_the_first_row_names_none(orders, native):
    orders.execute("CREATE VIEW v AS SELECT sum(1 / (order_id - 500)) AS x FROM orders")
    with Source(native, orders.url) as source, pytest.raises(SourceError) as e:
        source.drain("v")
    assert e.value.kind == "data" and e.value.place["row_key"] == ""


def test_a_dropped_column_is_the_users_to_mend(orders, native):
    with Source(native, orders.url) as source:
        relation = source.relation("orders")
        orders.execute("ALTER TABLE orders RENAME COLUMN note TO remark")
        with pytest.raises(SourceError) as e:
            source.drain(relation)
    assert e.value.kind == "user" and "note" in e.value.what and "not there" in e.value.hint


# ---- cancelling and throttling ----

def test_cancelling_ends_a_query_at_the_server(db, native):
    db.execute("CREATE VIEW slow AS SELECT pg_sleep(600)::text AS t")
    with Source(native, db.url) as source:
        relation = source.relation("slow")
        errors = []

        def drain():
            try:
                source.drain(relation)
            except SourceError as e:
                errors.append(e)

        thread = threading.Thread(target=drain)
        thread.start()
        wait_for(lambda: any("COPY" in q and state == "active" for _, state, q in sessions(db)), what="the COPY runs")
        source.cancel()
        thread.join(30)
        assert not thread.is_alive()
        assert errors[0].kind == "cancelled" and errors[0].what == "interrupted"
        wait_for(lambda: not any(state == "active" for _, state, _ in sessions(db)), what="the query has ended")


def test_cancelling_ends_a_wait_for_a_connection(orders, native):
    with Source(native, orders.url, connections=1) as source, concurrent.futures.ThreadPoolExecutor(1) as pool:
        relation = source.relation("orders")
        held = source.scan(relation).reader()
        held.read_next_batch()
        waiting = pool.submit(source.drain, relation)
        source.cancel()
        assert isinstance(waiting.exception(30), SourceError) and waiting.exception().kind == "cancelled"
        held.close()


def test_the_rate_holds_for_all_scans_together(orders, native):
    with Source(native, orders.url, connections=2, rate=8_000_000) as source:
        relation = source.relation("orders")
        start = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            assert list(pool.map(lambda _: source.drain(relation), range(2))) == [N] * 2
        seconds = time.monotonic() - start
        _, size = source.progress()
    assert seconds >= size / 8_000_000 - 0.3, (seconds, size)


def test_cancelling_ends_a_throttled_wait(orders, native):
    with Source(native, orders.url, rate=1000) as source, concurrent.futures.ThreadPoolExecutor(1) as pool:
        relation = source.relation("orders")
        slow = pool.submit(source.drain, relation)
        wait_for(lambda: any("COPY" in q for _, _, q in sessions(orders)), what="the COPY runs")
        source.cancel()
        assert isinstance(slow.exception(30), SourceError) and slow.exception().kind == "cancelled"
