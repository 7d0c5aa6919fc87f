"""Bad input and bad luck: what is said, with which exit code, and that nothing is published."""
import json
import re
import socket
import threading

import pytest

from lake_reader import Published
from project import report

COPY = {"datasets": {"d": {"inputs": {"t": "t"}}}}


def fails(project, code, *said, command=("run",), env=None, dataset="d"):
    """tailrace fails with the code and says all of that, and publishes nothing."""
    before = project.published_version(dataset)
    done = project.run(*command, env=env)
    assert done.returncode == code, report(command, done)
    for text in said:
        assert text in done.stderr, report(command, done)
    assert project.published_version(dataset) == before, "something was published"
    assert not [f for f in project.files() if f.endswith(".parquet") and ".tmp" not in f] or before
    assert "hint:" in done.stderr, "every failure names what to do next"
    return done.stderr


def test_an_unreachable_host_can_be_tried_again(project, db):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    project.config(COPY)
    said = fails(project, 3, "127.0.0.1", env={"DATABASE_URL": f"postgresql://u:s3cret@127.0.0.1:{port}/x"})
    assert "s3cret" not in said


def test_an_unknown_host_name_is_said(project, db):
    project.config(COPY)
    fails(project, 3, "no-such-host.invalid", env={"DATABASE_URL": "postgresql://u@no-such-host.invalid/x"})


def test_a_wrong_password_is_never_shown(project, db):
    name, _ = db.role()
    project.config(COPY)
    said = fails(project, 2, name, env={"DATABASE_URL": db.tcp_url(name, "wr0ng-secret")})
    assert "wr0ng-secret" not in said
    assert "password" in said


def test_a_database_that_does_not_exist_is_said(project, db):
    project.config(COPY)
    fails(project, 2, "no_such_database", env={"DATABASE_URL": db.url.replace(db.name, "no_such_database")})


def test_a_missing_table_is_shown_at_its_place_with_the_closest_one(project, db):
    db.execute("CREATE TABLE orders (id int)")
    project.config({"datasets": {"d": {"inputs": {"o": "public.order"}}}})
    fails(project, 2, "public.order", "tailrace.yaml:", "^", "orders")


def test_a_missing_column_is_shown_with_the_closest_one(project, db):
    db.execute("CREATE TABLE t (order_id int, amount float8)")
    project.config({"datasets": {"d": {"inputs": {"t": "t"}, "columns": {"order_id": "int", "amont": "double"}}}})
    fails(project, 2, "has no column `amont`", "did you mean `amount`?", "tailrace.yaml:")


def test_every_mistake_is_reported_in_one_pass(project, db):
    db.execute("CREATE TABLE t (a int, b text)")
    project.write("s.sql", "SELECT a, c FROM t")
    project.config({"datasets": {
        "d": {"inputs": {"t": "t"}, "columns": {"a": "smallint", "x": "int"}},
        "e": {"inputs": {"t": "nowhere"}},
        "f": {"inputs": {"t": "t"}, "sql": "s.sql", "columns": {"a": "int"}}}})
    said = fails(project, 2, "the contract says smallint", "has no column `x`", "nowhere", "s.sql:1:11")
    assert said.count("error:") >= 4


@pytest.mark.parametrize("where, said", [
    ("idd = 1", 'column "idd" does not exist'),
    ("id", "must be type boolean"),
    ("true) ; DROP TABLE t; SELECT (1", "cannot insert multiple commands"),
    ("id = ", "syntax error"),
])
def test_a_mistake_in_a_condition_is_found_before_the_run(project, db, where, said):
    db.execute("CREATE TABLE t (id int)")
    project.config({"datasets": {"d": {"inputs": {"t": {"relation": "t", "where": where}}}}})
    for command in ("check", "run"):
        assert "tailrace.yaml:" in fails(project, 2, said, "`where` is a condition", command=(command,))


def test_a_condition_with_a_parameter_is_the_users_mistake(project, db):
    db.execute("CREATE TABLE t (id int)")
    project.config({"datasets": {"d": {"inputs": {"t": {"relation": "t", "where": "$1 > 0"}}}}})
    for command in ("check", "run"):
        said = fails(project, 2, "Postgres: bind message supplies 0 parameters", "tailrace.yaml:",
                     "nothing gives `$1` a value here", command=(command,))
        assert "pooler" not in said and "try again" not in said


@pytest.mark.parametrize("where", ["id = 1) OR (id = 2", "id = 1) OR (id = 2 -- all", "SELECT true"])
def test_a_condition_that_is_more_than_one_expression_is_refused(project, db, where):
    db.execute("CREATE TABLE t AS SELECT i AS id FROM generate_series(1, 100) i")
    project.config({"datasets": {"d": {"inputs": {"t": {"relation": "t", "where": where}}}}})
    for command in ("check", "run"):
        said = fails(project, 2, "`where` of public.t is not one expression", "tailrace.yaml:",
                     "each parenthesis in it closes in it", command=(command,))
        assert said.count("error:") == 1


@pytest.mark.parametrize("where, rows", [
    ("(id = 1) OR (id = 2)", 2), ("id = 1 OR id = 2 -- both", 2), ("(SELECT id < 4)", 3), ("note = ')('", 100),
    ("CASE WHEN id < 4 THEN true ELSE false END", 3), ("id /* ) OR ( */ IN (1, 2)", 2),
])
def test_a_condition_that_is_one_expression_is_read_as_it_stands(project, db, where, rows):
    db.execute("CREATE TABLE t AS SELECT i AS id, ')('::text AS note FROM generate_series(1, 100) i")
    project.config({"datasets": {"d": {"inputs": {"t": {"relation": "t", "where": where}}}}})
    project.run("run", check=0)
    assert Published(project.lake, "d").manifest["rows"] == rows


@pytest.mark.parametrize("check", ["id < 5) AND (1 = 0", "id < 5) AND (1 = 0 -- never", "id < 5) AS a, (true"])
def test_a_check_that_is_more_than_one_expression_is_refused(project, db, check):
    db.execute("CREATE TABLE t AS SELECT i AS id FROM generate_series(1, 100) i")
    project.config({"datasets": {"d": {"inputs": {"t": "t"}, "checks": [check]}}})
    for command in ("check", "run"):
        fails(project, 2, f"the check `{check}` is not one expression", "tailrace.yaml:",
              "each parenthesis in it closes in it", command=(command,))


@pytest.mark.parametrize("check, said", [("count(*) > 1", "aggregates"), ("sum(id) OVER () > 1", "window functions")])
def test_a_check_over_all_rows_is_refused_before_the_run_unless_it_is_a_subquery(project, db, check, said):
    db.execute("CREATE TABLE t AS SELECT i AS id FROM generate_series(1, 100) i")
    project.config({"datasets": {"d": {"inputs": {"t": "t"}, "checks": [check]}}})
    for command in ("check", "run"):
        fails(project, 2, f"WHERE clause cannot contain {said}", "--> tailrace.yaml:",
              "`(SELECT count(*) FROM d) > 0`", command=(command,))
    project.config({"datasets": {"d": {"inputs": {"t": "t"}, "checks": ["(SELECT count(*) FROM d) > 100"]}}})
    fails(project, 4, "breaks its check `(SELECT count(*) FROM d) > 100` in 100 rows")
    project.config({"datasets": {"d": {"inputs": {"t": "t"}, "checks": ["(SELECT count(*) FROM d) > 99"]}}})
    project.run("run", check=0)


def test_a_view_that_cannot_be_read_is_found_before_the_run(project, db):
    db.execute("CREATE TABLE t (id int); INSERT INTO t VALUES (1); CREATE VIEW v AS SELECT id FROM t")
    project.config({"datasets": {"d": {"inputs": {"v": "v"}}}})
    project.run("check", check=0)
    with db.connect() as other:
        other.execute("BEGIN")
        other.execute("LOCK TABLE t")
        config = json.loads((project.folder / "tailrace.yaml").read_text())
        config["source"]["lock_timeout"] = "100ms"
        project.config(config)
        fails(project, 3, "lock", command=("check",))


def test_a_column_renamed_after_gen_is_shown_field_by_field(project, db):
    db.execute("CREATE TABLE t (id int PRIMARY KEY, name text NOT NULL)")
    project.write("d.c", """
        #include "gen/d.h"
        enum tr_verdict d(const struct in_t *t, const struct d_params *params, struct out_d *out, struct tr_ctx *ctx)
        {
            (void)params; (void)ctx;
            out->id = t->id;
            out->name = t->name;
            return TR_EMIT;
        }
        """)
    project.config({"datasets": {"d": {"inputs": {"t": "t"}, "c": "d.c", "columns": {
        "id": {"type": "int", "not_null": True}, "name": {"type": "string", "not_null": True}}}}})
    project.run("gen", check=0)
    project.run("run", check=0)
    db.execute("INSERT INTO t VALUES (1, 'a'); ALTER TABLE t RENAME name TO full_name")
    for command in ("check", "run"):
        fails(project, 2, "has moved since `tailrace gen`", "- t.name: string not null (gone)",
              "+ t.full_name: string not null (new)", command=(command,))


def test_permission_denied_on_one_table_names_the_grant(project, db):
    name, password = db.role()
    db.execute(f"CREATE TABLE t (id int); CREATE TABLE u (id int); GRANT SELECT ON t TO {name}")
    project.config({"datasets": {"d": {"inputs": {"t": "t"}}, "e": {"inputs": {"u": "u"}}}})
    fails(project, 2, "GRANT SELECT ON", '"public"."u"', env={"DATABASE_URL": db.tcp_url(name, password)})


class CuttingProxy:
    """Between tailrace and Postgres: forwards so many bytes of the server's, then cuts."""

    def __init__(self, port, allow):
        self.server, self.allow = port, allow
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.lock = threading.Lock()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.server))
            for source, target, counted in ((client, server, False), (server, client, True)):
                threading.Thread(target=self.pump, args=(source, target, counted), daemon=True).start()

    def pump(self, source, target, counted):
        try:
            while data := source.recv(65536):
                if counted:
                    with self.lock:
                        data = data[:max(self.allow, 0)]
                        self.allow -= len(data)
                if not data:
                    break
                target.sendall(data)
        except OSError:
            pass
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.listener.close()


@pytest.mark.parametrize("sql", [False, True])
def test_a_connection_cut_in_mid_copy_publishes_nothing(project, db, sql):
    name, password = db.role()
    db.execute(f"""CREATE TABLE t AS SELECT i AS id, repeat('x', 100) AS text FROM generate_series(1, 50000) i;
                   GRANT SELECT ON t TO {name}""")
    url = db.tcp_url(name, password)
    port = int(re.search(r":(\d+)/", url).group(1))
    project.write("s.sql", "SELECT id, text FROM t ORDER BY id DESC")
    project.config({"datasets": {"d": {"inputs": {"t": "t"}, **(
        {"sql": "s.sql", "columns": {"id": "int", "text": "string"}} if sql else {})}}})
    proxy = CuttingProxy(port, 2_000_000)
    try:
        fails(project, 3, env={"DATABASE_URL": url.replace(f":{port}/", f":{proxy.port}/")})
    finally:
        proxy.close()
    project.run("run", check=0, env={"DATABASE_URL": url})
    assert Published(project.lake, "d").manifest["rows"] == 50000


def test_a_nan_stops_the_run_with_the_rows_key_unless_it_may_become_null(project, db):
    db.execute("""CREATE TABLE t (id int PRIMARY KEY, n numeric(10,2));
                  INSERT INTO t SELECT i, CASE WHEN i = 4321 THEN numeric 'NaN' ELSE i END FROM generate_series(1, 9000) i""")
    project.config(COPY)
    fails(project, 4, "NaN", "id=4321", "special_values: null")
    project.config({"datasets": {"d": {"inputs": {"t": "t"}, "special_values": "null"}}})
    project.run("run", check=0)
    assert Published(project.lake, "d").table().column("n").null_count == 1


@pytest.mark.parametrize("value", ["infinity", "-infinity"])
def test_an_infinite_timestamp_stops_the_run_with_the_rows_key(project, db, value):
    db.execute(f"CREATE TABLE t (a int, b int, at timestamptz, PRIMARY KEY (a, b)); INSERT INTO t VALUES (1, 2, '{value}')")
    project.config(COPY)
    fails(project, 4, "infinity", "a=1, b=2")


def test_a_check_that_fails_shows_sample_keys(project, db):
    db.execute("""CREATE TABLE t AS SELECT i AS id, i - 3 AS amount FROM generate_series(1, 100) i;
                  ALTER TABLE t ADD PRIMARY KEY (id)""")
    project.config({"datasets": {"d": {"inputs": {"t": "t"}, "checks": ["amount >= 0"]}}})
    fails(project, 4, "breaks its check `amount >= 0` in 2 rows", "id=1; id=2")


def test_values_that_are_not_unique_are_shown(project, db):
    db.execute("CREATE TABLE t AS SELECT i % 40 AS k, NULL::int AS n FROM generate_series(1, 42) i")
    project.config({"datasets": {"d": {"inputs": {"t": "t"}, "columns": {
        "k": {"type": "int", "unique": True}, "n": {"type": "int", "unique": True}}}}})
    fails(project, 4, "unique (k)", "in 4 rows", "k=1")


def test_a_null_in_a_not_null_column_is_named(project, db):
    db.execute("CREATE TABLE t (id int PRIMARY KEY, name text); INSERT INTO t VALUES (1, 'a'), (7, NULL)")
    project.config({"datasets": {"d": {"inputs": {"t": "t"}, "columns": {
        "id": "int", "name": {"type": "string", "not_null": True}}}}})
    fails(project, 4, "name", "id=7")


def test_a_value_that_is_not_accepted_is_named(project, db):
    db.execute("CREATE TABLE t (id int PRIMARY KEY, c text); INSERT INTO t VALUES (1, 'DE'), (2, 'XX')")
    project.config({"datasets": {"d": {"inputs": {"t": "t"}, "columns": {
        "id": "int", "c": {"type": "string", "accepted": ["DE", "FR"]}}}}})
    fails(project, 4, "XX", "id=2")


def test_a_row_without_a_key_is_counted_or_named_by_what_is_unique(project, db):
    db.execute("CREATE TABLE t (id int, c text); INSERT INTO t VALUES (1, 'DE'), (2, 'XX')")
    project.write("t.sql", "SELECT id, c FROM t ORDER BY id")
    for unique, row in ((False, "2"), (True, "id=2")):
        project.config({"datasets": {"d": {"inputs": {"t": "t"}, "sql": "t.sql", "columns": {
            "id": {"type": "int", "unique": unique}, "c": {"type": "string", "accepted": ["DE"]}}}}})
        fails(project, 4, f"table d, column c, row {row}\n")


def test_a_mistyped_key_is_shown_with_a_caret_and_a_suggestion(project, db):
    project.config("""
        source: { url: "${DATABASE_URL}" }
        lake: { loaction: ./lake }
        datasets: { d: { inputs: { t: t } } }
        """)
    fails(project, 2, "tailrace.yaml:2:9", "loaction", "did you mean `location`?", "^")


@pytest.mark.parametrize("of", ["configuration", "environment"])
@pytest.mark.parametrize("path, why", [("gone", "No such file"), ("tailrace.yaml", "Not a directory")])
def test_a_folder_for_temporary_files_that_is_none_is_found_before_the_run(project, db, of, path, why):
    db.execute("CREATE TABLE t AS SELECT 1 AS id")
    folder = project.folder / path
    limits = {"temp_dir": path} if of == "configuration" else {}
    project.config(COPY | {"limits": limits})
    env = {} if limits else {"TMPDIR": folder}
    for command in ("check", "run"):
        said = fails(project, 2, f"no folder {folder} for temporary files that can be written to", why,
                     "set limits.temp_dir", command=(command,), env=env)
        assert ("--> tailrace.yaml:" in said) == (of == "configuration")
    project.config(COPY | {"limits": limits, "datasets": COPY["datasets"] | {"e": {"inputs": {"n": "nowhere"}}}})
    assert fails(project, 2, "temporary files", "nowhere", env=env).count("error:") == 2, "told in one pass"


def test_more_partition_keys_than_a_manifest_holds_are_refused(project, db):
    names = [f"k{i}" for i in range(33)]
    db.execute(f"CREATE TABLE t AS SELECT 1 AS id, {', '.join(f'{i} AS {n}' for i, n in enumerate(names))}")
    dataset = {"inputs": {"t": "t"}, "partition_by": names}
    project.config({"datasets": {"d": dataset}})
    for command in ("check", "run"):
        fails(project, 2, "partition_by: 33 partition keys, of which there may be 32", "tailrace.yaml:",
              "partition by fewer columns", command=(command,))
    project.config({"datasets": {"d": dataset | {"partition_by": names[:32]}}})
    project.run("run", check=0)
    assert Published(project.lake, "d").manifest["rows"] == 1


def test_a_table_without_columns_is_refused(project, db):
    db.execute("CREATE TABLE t ()")
    project.config(COPY)
    fails(project, 2, "public.t has no columns")


def test_a_type_that_is_not_read_names_column_type_and_way_out(project, db):
    db.execute("CREATE TABLE t (id int, tags text[], price numeric)")
    project.config(COPY)
    said = fails(project, 2, "`tags`", "text[]", "`price`", "numeric")
    assert "::text" in said
    # Left out, the rest is read.
    project.config({"datasets": {"d": {"inputs": {"t": "t"}, "columns": {"id": "int"}}}})
    project.run("run", check=0)


@pytest.mark.parametrize("column,have,contract,cast", [
    ("a bigint", "bigint", "int", "CAST(a AS INTEGER)"),
    ("a float8", "double", "decimal(10,2)", "CAST(a AS DECIMAL(10,2))"),
    ("a timestamptz", "timestamptz", "timestamp", "AT TIME ZONE"),
    ("a numeric(10,4)", "decimal(10,4)", "decimal(10,2)", "CAST(a AS DECIMAL(10,2))"),
])
def test_a_contract_of_another_type_shows_the_cast(project, db, column, have, contract, cast):
    db.execute(f"CREATE TABLE t ({column})")
    project.write("s.sql", "SELECT a FROM t")
    project.config({"datasets": {"d": {"inputs": {"t": "t"}, "sql": "s.sql", "columns": {"a": contract}}}})
    fails(project, 2, f"the contract says {contract}", have, cast, "tailrace.yaml:")


def test_sql_mistakes_are_shown_at_their_place_in_the_sql_file(project, db):
    db.execute("CREATE TABLE t (id int, amount float8)")
    project.write("s.sql", "-- größer\nSELECT id,\n       amout * 2 AS x\nFROM t\n")
    project.config({"datasets": {"d": {"inputs": {"t": "t"}, "sql": "s.sql", "columns": {"id": "int", "x": "double"}}}})
    fails(project, 2, " s.sql:3:8", "amout * 2 AS x", "amount")
    project.write("s.sql", "SELECT id\n  FORM t u\n")
    fails(project, 2, " s.sql:2:")


def test_a_broken_c_transform_shows_the_compilers_message_at_its_place(project, db):
    db.execute("CREATE TABLE t (id int NOT NULL)")
    project.write("d.c", """
        #include "gen/d.h"
        enum tr_verdict d(const struct in_t *t, const struct d_params *params, struct out_d *out, struct tr_ctx *ctx)
        {
            out->id = t->idd;
            return TR_EMIT;
        }
        """)
    project.config({"datasets": {"d": {"inputs": {"t": "t"}, "c": "d.c",
                                       "columns": {"id": {"type": "int", "not_null": True}}}}})
    fails(project, 2, "gen/d.h is missing", "tailrace gen")
    project.run("gen", check=0)
    fails(project, 2, "does not compile", "d.c:5", "out->id = t->idd;", "idd")
    fails(project, 2, "does not compile", command=("check",))


def test_a_transform_that_fails_on_a_row_names_it(project, db):
    db.execute("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1), (2), (3)")
    project.write("d.c", """
        #include "gen/d.h"
        enum tr_verdict d(const struct in_t *t, const struct d_params *params, struct out_d *out, struct tr_ctx *ctx)
        {
            (void)params;
            out->id = t->id;
            return t->id == 2 ? tr_fail(ctx, "two is %s", "odd") : TR_EMIT;
        }
        """)
    project.config({"datasets": {"d": {"inputs": {"t": "t"}, "c": "d.c",
                                       "columns": {"id": {"type": "int", "not_null": True}}}}})
    project.run("gen", check=0)
    fails(project, 4, "two is odd", "id=2")


def test_invalid_text_stops_the_run_with_the_rows_key(project, db):
    db.execute("CREATE TABLE t (id int PRIMARY KEY, raw bytea); INSERT INTO t VALUES (1, 'a'), (2, '\\xff')")
    project.write("s.sql", "SELECT id, raw::VARCHAR AS text FROM t")
    project.config({"datasets": {"d": {"inputs": {"t": "t"}, "sql": "s.sql",
                                       "columns": {"id": "int", "text": "string"}}}})
    project.run("run", check=0)  # the engine writes bytes as text without loss
    assert Published(project.lake, "d").table().column("text").to_pylist() == ["a", "\\xFF"]


def test_one_dataset_that_fails_leaves_the_others_published(project, db):
    db.execute("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1), (2)")
    project.config({"datasets": {"good": {"inputs": {"t": "t"}},
                                 "bad": {"inputs": {"t": "t"}, "checks": ["id < 2"]},
                                 "also": {"inputs": {"t": "t"}}}})
    done = project.run("run")
    assert done.returncode == 5, report(["run"], done)
    assert [project.published_version(n) for n in ("good", "bad", "also")] == [1, 0, 1]


def test_a_policy_that_would_hide_rows_is_an_error_unless_accepted(project, db):
    name, password = db.role()
    db.execute(f"""CREATE TABLE t (id int); INSERT INTO t VALUES (1), (2); GRANT SELECT ON t TO {name};
                   ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON t USING (id = 1)""")
    env = {"DATABASE_URL": db.tcp_url(name, password)}
    project.config(COPY)
    fails(project, 2, "row security", "row_security: accept", env=env)
    project.config({"source": {"url": "${DATABASE_URL}", "row_security": "accept"}, **COPY})
    project.run("run", check=0, env=env)
    assert Published(project.lake, "d").manifest["rows"] == 1


def test_a_snapshot_held_for_too_long_ends_the_run(project, db):
    db.execute("CREATE TABLE t (id int); INSERT INTO t VALUES (1); CREATE VIEW v AS SELECT id, pg_sleep(30)::text AS s FROM t")
    project.config({"limits": {"snapshot": "1s"}, "datasets": {"d": {"inputs": {"t": "v"}, "columns": {
        "id": "int", "s": "string"}}}})
    fails(project, 3, "limits.snapshot")


def test_a_sql_dataset_below_128_mib_says_the_minimum(project, db):
    db.execute("CREATE TABLE t (id int)")
    project.write("s.sql", "SELECT id FROM t")
    project.config({"limits": {"memory": "100MiB"}, "datasets": {"d": {"inputs": {"t": "t"}, "sql": "s.sql",
                                                                       "columns": {"id": "int"}}}})
    fails(project, 2, "128MiB")
