"""SQL and typed C transforms over the source, with few connections: never a wait for ever,
and the rows that Postgres itself would give."""
import json

import pyarrow as pa
import pytest

from lake_reader import Published, assert_published, assert_same_rows, canonical


def five_tables(db):
    db.execute("""
        CREATE TABLE a AS SELECT i AS a_id, i % 50 AS b_id, i * 0.5::float8 AS x FROM generate_series(1, 20000) i;
        CREATE TABLE b AS SELECT i AS b_id, i % 10 AS c_id, 'b' || i AS b_name FROM generate_series(0, 49) i;
        CREATE TABLE c AS SELECT i AS c_id, i % 3 AS d_id, 'c' || i AS c_name FROM generate_series(0, 9) i;
        CREATE TABLE d AS SELECT i AS d_id, i % 2 AS e_id, 'd' || i AS d_name FROM generate_series(0, 2) i;
        CREATE TABLE e AS SELECT i AS e_id, CASE i WHEN 1 THEN 'one' END AS e_name FROM generate_series(0, 1) i;
        ANALYZE""")


FIVE = {"a": "a", "b": "b", "c": "c", "d": "d", "e": "e"}
STATEMENTS = {
    "five_table_join": (FIVE, """
        SELECT a.a_id, b.b_name, c.c_name, d.d_name, e.e_name, a.x
        FROM a JOIN b USING (b_id) JOIN c USING (c_id) JOIN d USING (d_id) JOIN e USING (e_id)""",
        {"a_id": "int", "b_name": "string", "c_name": "string", "d_name": "string", "e_name": "string",
         "x": "double"}),
    "union_all": (FIVE, """
        SELECT a_id AS id, 'a' AS side FROM a UNION ALL SELECT b_id, b_name FROM b
        UNION ALL SELECT c_id, c_name FROM c UNION ALL SELECT a_id, 'again' FROM a""",
        {"id": "int", "side": "string"}),
    "self_join": ({"l": "a", "r": "a"}, """
        SELECT l.a_id, r.x FROM l JOIN r ON l.a_id = r.a_id + 1""", {"a_id": "int", "x": "double"}),
    "one_alias_twice": ({"a": "a"}, """
        SELECT l.a_id, r.x FROM a l JOIN a r ON l.a_id = r.a_id + 1""", {"a_id": "int", "x": "double"}),
    "scalar_subquery": (FIVE, """
        SELECT a_id, x - (SELECT max(x) FROM a) AS below, (SELECT count(*) FROM b) AS n FROM a WHERE a_id <= 100""",
        {"a_id": "int", "below": "double", "n": "bigint"}),
    "window_and_cte": (FIVE, """
        WITH t AS (SELECT b_id, sum(x) AS total FROM a GROUP BY b_id)
        SELECT t.b_id, t.total, rank() OVER (ORDER BY t.total DESC) AS place FROM t JOIN t u USING (b_id)""",
        {"b_id": "int", "total": "double", "place": "bigint"}),
}


@pytest.mark.threads
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("name", STATEMENTS)
def test_statements_of_many_scans_end_on_one_connection(project, db, name, threads):
    five_tables(db)
    inputs, sql, columns = STATEMENTS[name]
    project.write("t.sql", sql)
    project.config({"limits": {"connections": 1, "threads": threads},
                    "datasets": {"t": {"inputs": inputs, "sql": "t.sql", "columns": columns}}})
    project.run("run", check=0, timeout=60)
    assert_published(project.lake, "t", db, as_postgres(inputs, sql))


def as_postgres(inputs, sql):
    """The same statement for Postgres: aliases that differ from their tables become CTEs."""
    views = [f"{alias} AS (SELECT * FROM {table})" for alias, table in inputs.items() if alias != table]
    if not views:
        return sql
    return f"WITH {', '.join(views)} {sql}"


def test_no_more_connections_are_open_than_allowed(project, db):
    five_tables(db)
    db.execute("""CREATE TABLE seen (n int);
                  CREATE FUNCTION look() RETURNS int LANGUAGE sql VOLATILE AS
                  $$ SELECT count(*)::int FROM pg_stat_activity WHERE application_name LIKE 'tailrace/%'
                     AND NOT (application_name = 'tailrace/plan' AND state = 'idle')  -- closed by then
                     AND datname = current_database() $$;
                  CREATE VIEW watched AS SELECT a_id, b_id, look() AS open_now FROM a WHERE a_id % 1000 = 0""")
    project.write("t.sql", "SELECT w.a_id, w.open_now, c_name FROM w JOIN b USING (b_id) JOIN c USING (c_id)")
    columns = {"a_id": "int", "open_now": "int", "c_name": "string"}
    for connections in (1, 2, 3):
        project.config({"limits": {"connections": connections}, "datasets": {"t": {
            "inputs": {"w": "watched", "b": "b", "c": "c"}, "sql": "t.sql", "columns": columns}}})
        project.run("run", check=0)
        seen = Published(project.lake, "t").table().column("open_now").to_pylist()
        assert seen and max(seen) <= connections


def test_only_the_needed_columns_are_read(project, db):
    five_tables(db)
    project.write("t.sql", "SELECT b.b_name, count(*) AS n FROM a JOIN b USING (b_id) GROUP BY 1")
    project.config({"datasets": {"t": {"inputs": {"a": "a", "b": "b"}, "sql": "t.sql",
                                       "columns": {"b_name": "string", "n": "bigint"}}}})
    plan = json.loads(project.run("check", "--json", check=0).stdout)
    inputs = {i["alias"]: i["columns"] for i in plan["datasets"][0]["inputs"]}
    assert inputs == {"a": ["b_id"], "b": ["b_id", "b_name"]}
    assert project.published_version("t") == 0


@pytest.mark.threads
def test_a_left_join_in_typed_c_sees_its_missing_side(project, db):
    db.execute("""
        CREATE TABLE orders (order_id int PRIMARY KEY, user_id int, amount numeric(10,2) NOT NULL);
        CREATE TABLE users (user_id int PRIMARY KEY, name text NOT NULL, score int);
        INSERT INTO users SELECT i, 'user ' || i, nullif(i % 3, 0) FROM generate_series(1, 50) i;
        INSERT INTO orders SELECT i, CASE WHEN i % 4 = 0 THEN NULL ELSE i % 70 END, i * 1.25
            FROM generate_series(1, 2000) i""")
    project.write("e.c", """
        #include "gen/e.h"
        enum tr_verdict e(const struct in_o *o, const struct in_u *u, const struct e_params *params,
                struct out_e *out, struct tr_ctx *ctx)
        {
            if (o->order_id % 10 == 0)
                return TR_SKIP;
            out->order_id = o->order_id;
            out->label = u ? tr_text_printf(ctx, "%s/%.*s", params->prefix.ptr, (int)u->name.len, u->name.ptr)
                           : (struct tr_text){ "nobody", 6 };
            if (u)
                out->score = u->score;
            out->cents = o->amount * params->factor;
            return TR_EMIT;
        }
        """)
    project.config({
        "params": {"factor": {"type": "bigint", "value": 2}, "prefix": {"type": "string", "value": "é"}},
        "datasets": {"e": {"inputs": {"o": "orders", "u": "users"}, "c": "e.c", "rows": "o LEFT JOIN u USING (user_id)",
                           "columns": {"order_id": {"type": "int", "not_null": True},
                                       "label": {"type": "string", "not_null": True}, "score": "int",
                                       "cents": {"type": "decimal(12,2)", "not_null": True}}}}})
    project.run("gen", check=0)
    project.run("run", check=0)
    assert_published(project.lake, "e", db, """
        SELECT order_id, CASE WHEN u.user_id IS NULL THEN 'nobody' ELSE 'é/' || name END AS label, score,
               amount * 2 AS cents
        FROM orders o LEFT JOIN users u USING (user_id) WHERE order_id % 10 <> 0""")


def test_partition_keys_read_back_as_what_they_were(project, db):
    keys = ["7", "007", "true", "2024-01-01", "", None, "a/b", "x=y", "100%", "ü🚰", " ", ".", "NULL",
            "__HIVE_DEFAULT_PARTITION__", "A", "a"]
    db.execute("CREATE TABLE t (id int, k text)")
    for i, key in enumerate(keys * 3):
        db.execute("INSERT INTO t VALUES (%s, %s)", (i, key))
    project.config({"datasets": {"t": {"inputs": {"t": "t"}, "partition_by": ["k"]}}})
    project.run("run", check=0)
    version = Published(project.lake, "t")
    assert len(version.files) == len(keys)
    assert_same_rows(canonical(version.table()), db.canonical("SELECT id, k FROM t"))
    rows = json.loads(project.run("query", "SELECT id, k, typeof(k) AS type FROM t ORDER BY id", "--format", "json",
                                  check=0).stdout)
    assert [(r["id"], r["k"]) for r in rows] == list(enumerate(keys * 3))
    assert {r["type"] for r in rows} == {"VARCHAR"}
    one = json.loads(project.run("query", "SELECT count(*) AS n FROM t WHERE k = '007'", "--format", "json",
                                 check=0).stdout)
    assert one == [{"n": 3}]


@pytest.mark.parametrize("keys", [["month(d)", "d"], ["d", "year(d)"], ["year(d)", "month(d)", "day(d)", "d", "k"]])
def test_a_date_may_be_a_partition_key_beside_its_month(project, db, keys):
    db.execute("""CREATE TABLE t AS SELECT i AS id, date '2024-01-25' + i % 20 AS d, i % 2 AS k
                      FROM generate_series(1, 1000) i;
                  INSERT INTO t VALUES (1001, NULL, 1)""")
    columns = {"id": "int", "d": "date", "k": "int"}
    half = "SELECT id, d, k FROM t WHERE d >= DATE '2024-02-01'"
    project.write("half.sql", half)
    project.config({"datasets": {
        "t": {"inputs": {"t": "t"}, "columns": columns, "partition_by": keys, "checks": ["d > DATE '2024-01-01'"]},
        "half": {"from": ["t"], "sql": "half.sql", "columns": columns, "partition_by": keys}}})
    project.run("check", check=0)
    project.run("run", check=0)

    def assert_equal(name, sql):
        version = Published(project.lake, name)
        assert [k["transform"] == "identity" for k in version.manifest["partition_by"]] == ["(" not in k for k in keys]
        assert "d" not in version.own_table().column_names
        rows = version.table().select(["id", "d", "k"])
        for column, kind in (("d", pa.date32()), ("k", pa.int32())):
            i = rows.column_names.index(column)
            rows = rows.set_column(i, column, rows[column].cast(kind))
        assert_same_rows(canonical(rows), db.canonical(sql))
        for file in version.files:
            parts = dict(zip([k["name"] for k in version.manifest["partition_by"]], file["partition"]))
            for key, text in parts.items():
                length = {"d_year": 4, "d_month": 7, "d_day": 10}.get(key)
                assert length is None or text == (parts["d"] and parts["d"][:length])
        project.run("verify", name, check=0)

    assert_equal("t", "SELECT id, d, k FROM t")
    assert_equal("half", half)
    (answer,) = json.loads(project.run("query", "SELECT typeof(min(d)) AS type, count(*) AS n, min(d)::text AS least FROM t "
                                       "WHERE d >= DATE '2024-02-01'", "--format", "json", check=0).stdout)
    assert answer == {"type": "DATE", "n": db.query(f"SELECT count(*) FROM ({half}) h")[0][0], "least": "2024-02-01"}
    project.run("run", check=0)
    project.run("rollback", "t", check=0)
    assert_equal("t", "SELECT id, d, k FROM t")


@pytest.mark.parametrize("codec", ["zstd", "snappy", "gzip", "lz4", "none"])
def test_every_compression_is_read_by_independent_readers(project, db, codec):
    db.execute("CREATE TABLE t AS SELECT i AS id, 'name ' || i % 100 AS name FROM generate_series(1, 5000) i")
    project.config({"parquet": {"compression": codec}, "datasets": {"t": {"inputs": {"t": "t"}}}})
    project.run("run", check=0)
    assert_published(project.lake, "t", db, "SELECT * FROM t")


def test_inputs_may_be_views_matviews_and_partitioned_tables(project, db):
    db.execute("""
        CREATE TABLE p (id int, at date NOT NULL) PARTITION BY RANGE (at);
        CREATE TABLE p1 PARTITION OF p FOR VALUES FROM ('2024-01-01') TO ('2024-02-01');
        CREATE TABLE p2 PARTITION OF p FOR VALUES FROM ('2024-02-01') TO ('2024-03-01');
        INSERT INTO p SELECT i, date '2024-01-01' + i % 60 FROM generate_series(0, 999) i;
        CREATE VIEW v AS SELECT id, at, 'x' || id AS label FROM p WHERE id > 10;
        CREATE MATERIALIZED VIEW m AS SELECT at, count(*) AS n FROM p GROUP BY at""")
    project.config({"datasets": {"p": {"inputs": {"x": "p"}}, "v": {"inputs": {"x": "v"}},
                                 "m": {"inputs": {"x": "public.m"}}}})
    project.run("run", check=0)
    for name in ("p", "v", "m"):
        assert_published(project.lake, name, db, f"SELECT * FROM {name}")


def test_an_empty_table_publishes_zero_rows_that_every_reader_answers(project, db):
    db.execute("CREATE TABLE t (id int NOT NULL, name text)")
    project.write("s.sql", "SELECT id, name FROM t")
    project.config({"datasets": {
        "copy": {"inputs": {"t": "t"}}, "split": {"inputs": {"t": "t"}, "partition_by": ["name"]},
        "sql": {"inputs": {"t": "t"}, "sql": "s.sql", "columns": {"id": "int", "name": "string"}}}})
    project.run("run", check=0)
    for name in ("copy", "split", "sql"):
        version = Published(project.lake, name)
        assert version.manifest["rows"] == 0 and not version.files
        out = project.run("query", f"SELECT count(*) AS n, max(name) AS m FROM {name}", "--format", "json", check=0)
        assert json.loads(out.stdout) == [{"n": 0, "m": None}]


def test_an_input_of_several_datasets_is_read_once(project, db):
    db.execute("""CREATE TABLE t AS SELECT i AS id, i % 7 AS k, 'n' || i AS name FROM generate_series(1, 30000) i;
                  ANALYZE t""")
    project.write("s.sql", "SELECT k, count(*) AS n FROM c GROUP BY k")
    datasets = {"copy": {"inputs": {"c": "t"}}, "names": {"inputs": {"c": "t"}, "columns": {"name": "string"}},
                "sql": {"inputs": {"c": "t"}, "sql": "s.sql", "columns": {"k": "int", "n": "bigint"}}}
    project.config({"limits": {"connections": 1}, "datasets": datasets})
    assert "read once for 3 datasets" in project.run("check", check=0).stdout
    done = project.run("run", check=0)
    assert done.stderr.count("reading public.t once for 3 datasets") == 1
    assert_published(project.lake, "copy", db, "SELECT * FROM t")
    assert_published(project.lake, "names", db, "SELECT name FROM t")
    assert_published(project.lake, "sql", db, "SELECT k, count(*) AS n FROM t GROUP BY k")


def test_a_nul_that_sql_makes_is_published_as_it_is(project, db):
    db.execute("CREATE TABLE t AS SELECT i AS id FROM generate_series(1, 3) i")
    project.write("t.sql", "SELECT id, 'a' || chr(0) || id AS label FROM t")
    project.config({"datasets": {"t": {"inputs": {"t": "t"}, "sql": "t.sql",
                                       "columns": {"id": "int", "label": "string"}}}})
    project.run("run", "-q", check=0)
    rows = Published(project.lake, "t").table().sort_by("id").to_pylist()
    assert [row["label"] for row in rows] == ["a\x001", "a\x002", "a\x003"]
    project.run("verify", check=0)
    done = project.run("query", "--format", "json", "SELECT label FROM t WHERE id = 1", check=0)
    assert json.loads(done.stdout) == [{"label": "a\x001"}]
