"""SQL of a dataset that runs on Trino: the same values as the embedded engine's, or nothing published."""
import json
import re

import pytest

from lake_reader import Published, assert_same_rows, canonical
from s3_lake import lake, mirror
from test_from import shop

ENRICHED = {"order_id": {"type": "int", "not_null": True}, "name": "string", "country": "string",
            "amount": {"type": "decimal(12,2)", "not_null": True}, "score": "double", "active": "bool", "small": "smallint",
            "day": "date", "created_at": {"type": "timestamp", "not_null": True}, "raw": "binary", "ratio": "float"}
ENRICHED_SQL = """
    SELECT order_id, name, country, CAST(amount AS DECIMAL(12,2)) AS amount, nullif(amount / 3, 1) AS score,
           CASE order_id % 3 WHEN 0 THEN NULL ELSE order_id % 3 = 1 END AS active, CAST(order_id % 5 AS SMALLINT) AS small,
           CAST(created_at AS DATE) AS day, created_at + to_microseconds(order_id) AS created_at,
           CAST(name AS BLOB) AS raw, CAST(amount / 7 AS FLOAT) AS ratio
    FROM o JOIN u USING (user_id)"""
# What both engines' SQL has: no division, no functions of one of them.
BOTH = """
    SELECT order_id, name, country, amount, score, active, small, day, created_at, raw, ratio,
           row_number() OVER (PARTITION BY country ORDER BY order_id) AS nth, amount * $factor AS more -- and a comment
    FROM enriched_orders WHERE order_id <= $most AND created_at < $before AND coalesce(name, '') <> $not_this"""
RESULT = {**ENRICHED, "nth": "bigint", "more": "decimal(22,2)"}
PARAMS = {"factor": {"type": "int", "value": 2}, "most": {"type": "bigint", "value": 1900},
          "before": {"type": "timestamp", "value": "2030-01-01 00:00:00"}, "not_this": {"type": "string", "value": "it's $most"}}


def setup(project, aws, trino, datasets, enriched=None, **more):
    project.write("enriched.sql", ENRICHED_SQL)
    project.write("both.sql", BOTH)
    project.config({"lake": lake(aws), "s3": {"path_style": True}, "params": PARAMS,
                    "trino": {"url": trino.endpoint, "catalog": "hive"},
                    "datasets": {"enriched_orders": {"inputs": {"o": "orders", "u": "users"}, "sql": "enriched.sql",
                                                     "columns": ENRICHED, **(enriched or {})}, **datasets}, **more})


def both(**more):
    return {"from": ["enriched_orders"], "sql": "both.sql", "columns": RESULT, **more}


def tables(aws):
    return {t["Name"] for t in aws.glue.get_tables(DatabaseName=aws.database)["TableList"]}


def rows(project, aws, sql):
    done = project.run("query", sql, "--format", "json", env=aws.env, check=0)
    return json.loads(done.stdout)


def assert_equal_by_every_reader(project, aws, trino, folder, on_trino, embedded, columns):
    """The dataset that Trino wrote is the embedded engine's: by pyarrow and DuckDB over the manifest's
    files, by `tailrace query`, and by Trino."""
    folder = mirror(aws, folder)
    a, b = Published(folder, on_trino), Published(folder, embedded)
    assert a.manifest["engine"] == "trino" and "engine" not in b.manifest
    assert a.manifest["rows"] == b.manifest["rows"] > 0
    keys = [k["name"] for k in a.manifest["partition_by"]]
    stored = {c["name"]: c.get("stored") for c in a.manifest["columns"]}
    assert stored["created_at"] == "INT96" and {v for k, v in stored.items() if k != "created_at"} == {None}
    assert_same_rows(canonical(a.table().select(columns + keys)), canonical(b.table().select(columns + keys)))
    if not keys:
        assert_same_rows(canonical(a.duckdb_table().select(columns)), canonical(b.duckdb_table().select(columns)))
    listed = ", ".join(columns + keys)
    assert rows(project, aws, f"""SELECT count(*) AS n FROM (SELECT {listed} FROM {on_trino} EXCEPT ALL
                                  SELECT {listed} FROM {embedded})""") == [{"n": 0}]
    sql = f"SELECT {listed} FROM hive.{aws.database}.{{}} ORDER BY order_id"
    assert trino.rows(sql.format(on_trino)) == trino.rows(sql.format(embedded))


@pytest.mark.parametrize("partition_by,partitions", [
    ([], None), (["month(created_at)"], "projection"), (["country", "month(created_at)", "amount"], "registered")])
def test_trino_and_the_embedded_engine_publish_the_same_rows(project, db, aws, trino, tmp_path, partition_by, partitions):
    shop(db)
    db.execute("UPDATE orders SET amount = 1 + order_id % 4 * 0.25")
    more = {"partition_by": partition_by, "partitions": partitions} if partition_by else {}
    setup(project, aws, trino, {"here": both(**more), "there": both(run_on="trino", unique=["order_id"],
                                                                     checks=["nth >= 1"], **more)})
    done = project.run("run", "--json", env=aws.env, check=0)
    made = {d["dataset"]: d for d in json.loads(done.stdout)["datasets"]}
    assert made["there"]["rows_out"] == made["here"]["rows_out"]
    assert tables(aws) == {"enriched_orders", "here", "there"}
    columns = [c for c in RESULT if c not in partition_by]
    assert_equal_by_every_reader(project, aws, trino, tmp_path / "mirror", "there", "here", columns)
    project.run("verify", "there", env=aws.env, check=0)
    checked = project.run("check", "there", env=aws.env, check=0)
    assert re.search(r"runs on +Trino, which reads about .* at most and writes the files", checked.stdout)
    assert "created_at: Trino stores timestamps as INT96" in checked.stderr


# ---- what goes wrong: nothing is published, nothing is left ----

def nothing_left(aws, dataset="there"):
    return not aws.keys(f"{aws.prefix}/{dataset}/") and tables(aws) <= {"enriched_orders"}


MISTAKES = {
    # statement, columns, more -> exit code, what is said
    "another type": ("SELECT order_id, amount FROM enriched_orders", {"order_id": "int", "amount": "double"}, {}, 2,
                     [r"column `amount` is decimal\(12,2\), the contract says double", "cast it"]),
    "narrower": ("SELECT count(*) AS n FROM enriched_orders", {"n": "int"}, {}, 2,
                 ["column `n` is bigint, the contract says int"]),
    "missing": ("SELECT order_id FROM enriched_orders", {"order_id": "int", "b": "int"}, {}, 2,
                ["the statement yields no column `b`"]),
    "undeclared": ("SELECT order_id, 1 AS b FROM enriched_orders", {"order_id": "int"}, {}, 2,
                   ["the statement yields `b`, which the contract does not declare"]),
    "syntax": ("SELECT order_id\nFROM enriched_orders\nWHERE nothing = 1", {"order_id": "int"}, {}, 2,
               [r"t\.sql:3:7", "nothing"]),
    "null": ("SELECT order_id, country FROM enriched_orders", {"order_id": "int", "country": {"type": "string",
                                                                                              "not_null": True}}, {}, 4,
             [r"there\.country is null in \d+ rows", "not_null"]),
    "null key": ("SELECT order_id, country FROM enriched_orders",
                 {"order_id": "int", "country": {"type": "string", "not_null": True}}, {"partition_by": ["country"]}, 4,
                 [r"there\.country is null in \d+ rows"]),
    "empty key": ("SELECT order_id, coalesce(country, '') AS country FROM enriched_orders",
                  {"order_id": "int", "country": "string"}, {"partition_by": ["country"], "partitions": "registered"}, 2,
                  ["an empty text in the partition column country"]),
    "check": ("SELECT order_id FROM enriched_orders", {"order_id": "int"}, {"checks": ["order_id < 1000"]}, 4,
              ["breaks its check `order_id < 1000`"]),
    "accepted": ("SELECT order_id, country FROM enriched_orders",
                 {"order_id": "int", "country": {"type": "string", "accepted": ["DE"]}}, {}, 4, ["country.* IN .*'DE'"]),
    "nanoseconds": ("SELECT CAST(created_at AS timestamp(9)) + INTERVAL '0' SECOND AS a, "
                    "TIMESTAMP '2024-01-01 00:00:00.123456789' AS created_at FROM enriched_orders",
                    {"a": "timestamp", "created_at": "timestamp"}, {}, 2,
                    ["more than 6 digits of a second in the column created_at"]),
    "milliseconds": ("SELECT created_at FROM enriched_orders", {"created_at": "timestamp(3)"}, {}, 4,
                     ["breaks its check `epoch_us"]),
}


def test_mistakes_are_told_and_leave_nothing(project, db, aws, trino):
    shop(db)
    setup(project, aws, trino, {})
    project.run("run", env=aws.env, check=0)
    for name, (sql, columns, more, code, said) in MISTAKES.items():
        project.write("t.sql", sql)
        setup(project, aws, trino, {"there": {"from": ["enriched_orders"], "sql": "t.sql", "columns": columns,
                                              "run_on": "trino", **more}})
        done = project.run("run", "there", env=aws.env)
        assert done.returncode == code, (name, done.stderr)
        for text in said:
            assert re.search(text, done.stderr), (name, text, done.stderr)
        assert nothing_left(aws), (name, aws.keys(aws.prefix + "/there/"), tables(aws))
    project.write("t.sql", "SELECT order_id * $twice AS order_id FROM enriched_orders")
    setup(project, aws, trino, {"there": {"from": ["enriched_orders"], "sql": "t.sql", "columns": {"order_id": "int"},
                                          "run_on": "trino"}})
    done = project.run("check", "there", env=aws.env, check=2)
    assert "the parameter `$twice`, which is not declared" in done.stderr and "t.sql:1:19" in done.stderr


def test_numbers_are_widened_and_timestamps_cut_where_asked(project, db, aws, trino, tmp_path):
    shop(db)
    project.write("t.sql", """
        SELECT small AS s, order_id AS i, ratio, amount, created_at AS "Moment",
               CAST(date_trunc('second', created_at) AS timestamp(0)) AS whole FROM enriched_orders""")
    columns = {"a": {"type": "bigint", "from": "s"}, "i": "decimal(20,2)", "ratio": "double", "amount": "decimal(20,4)",
               "moment": {"type": "timestamp(3)", "truncate": True}, "whole": "timestamp"}
    setup(project, aws, trino, {"there": {"from": ["enriched_orders"], "sql": "t.sql", "columns": columns,
                                          "run_on": "trino"}})
    project.run("run", env=aws.env, check=0)
    assert rows(project, aws, """
        SELECT count(*) AS n FROM (SELECT a, i, ratio, amount, moment, whole FROM there
                                   EXCEPT ALL SELECT small, order_id, ratio, amount, date_trunc('millisecond', created_at),
                                                     date_trunc('second', created_at) FROM enriched_orders)""") == [{"n": 0}]
    types = {c["Name"]: c["Type"] for c in
             aws.glue.get_table(DatabaseName=aws.database, Name="there")["Table"]["StorageDescriptor"]["Columns"]}
    assert types == {"a": "bigint", "i": "decimal(20,2)", "ratio": "double", "amount": "decimal(20,4)", "moment": "timestamp",
                     "whole": "timestamp"}


def test_what_glue_shows_must_be_what_the_run_reads(project, db, aws, trino):
    """A table that is behind is repaired; one that another has moved stops the run."""
    shop(db)
    setup(project, aws, trino, {"there": both(run_on="trino")})
    project.run("run", "enriched_orders", env=aws.env, check=0)
    table = aws.glue.get_table(DatabaseName=aws.database, Name="enriched_orders")["Table"]
    old = {k: table[k] for k in ("Name", "TableType", "PartitionKeys", "Parameters", "StorageDescriptor")}
    project.run("run", "enriched_orders", env=aws.env, check=0)
    aws.glue.update_table(DatabaseName=aws.database, TableInput=old)
    project.run("run", "there", env=aws.env, check=0)
    ahead = {**old, "Parameters": {**old["Parameters"], "tailrace.version": "9"}}
    aws.glue.update_table(DatabaseName=aws.database, TableInput=ahead)
    done = project.run("run", "there", env=aws.env)
    assert done.returncode != 0 and "9" in done.stderr
    assert project.run("history", "there", env=aws.env, check=0).stdout.count("run") >= 1
    assert tables(aws) == {"enriched_orders", "there"}


def test_tables_and_files_of_killed_runs_are_dropped_by_the_next(project, db, aws, trino):
    shop(db)
    setup(project, aws, trino, {"there": both(run_on="trino")})
    project.run("run", "enriched_orders", env=aws.env, check=0)
    dead, live = "20260101t000000000000z-000000000001", "20260101t000000000000z-000000000002"
    for run in (dead, live):
        trino.rows(f"""CREATE TABLE hive.{aws.database}."_tailrace_tmp_{run.replace("-", "_")}__there"
                       WITH (format = 'PARQUET', external_location = '{aws.location}/there/{run}/') AS SELECT 1 AS a""")
    trino.rows(f"""CREATE TABLE hive.{aws.database}."_tailrace_tmp_{dead.replace("-", "_")}__other"
                   WITH (format = 'PARQUET', external_location = '{aws.location}/other/{dead}/') AS SELECT 1 AS a""")
    aws.s3.put_object(Bucket=aws.bucket, Key=f"{aws.prefix}/_tailrace/there/runs/{live}", Body=b"{}")
    project.run("run", "there", env=aws.env, check=0)
    left = {name for name in tables(aws) if name.startswith("_tailrace")}
    assert left == {f"_tailrace_tmp_{live.replace('-', '_')}__there", f"_tailrace_tmp_{dead.replace('-', '_')}__other"}
    project.run("gc", "there", env=aws.env, check=0)
    runs = {key.split("/")[3] for key in aws.keys(f"{aws.prefix}/there/")}
    assert dead not in runs and live in runs and len(runs) == 2


def test_a_cancelled_run_stops_the_statement_and_drops_its_table(project, db, aws, trino):
    import signal
    shop(db)
    project.write("t.sql", """SELECT count(*) AS n FROM enriched_orders a, enriched_orders b, enriched_orders c
                              WHERE a.amount + b.amount * c.amount > 1""")
    setup(project, aws, trino, {"there": {"from": ["enriched_orders"], "sql": "t.sql", "columns": {"n": "bigint"},
                                          "run_on": "trino"}})
    project.run("run", "enriched_orders", env=aws.env, check=0)
    running = "SELECT state FROM system.runtime.queries WHERE query LIKE 'CREATE TABLE%tailrace%' AND state IN " \
              "('RUNNING', 'QUEUED', 'PLANNING', 'STARTING')"
    process = project.spawn("run", "there", env=aws.env)
    while trino.rows(running) == [] and process.poll() is None:
        pass
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130, stderr
    while trino.rows(running):
        pass
    assert nothing_left(aws)


# ---- Athena: against a fake of its documented behaviour ----

def test_athena_unloads_what_the_contract_says(project, db, fake_athena, aws, tmp_path):
    shop(db)
    project.write("enriched.sql", ENRICHED_SQL)
    project.write("both.sql", BOTH)

    def configure(**more):
        project.config({"lake": lake(aws), "s3": {"path_style": True}, "params": PARAMS, "datasets": {
            "enriched_orders": {"inputs": {"o": "orders", "u": "users"}, "sql": "enriched.sql", "columns": ENRICHED},
            "here": both(), "there": both(run_on="athena", unique=["order_id"], **more)}})

    configure()
    env = fake_athena.env
    project.run("run", env=env, check=0)
    folder = mirror(aws, tmp_path / "mirror")
    a, b = Published(folder, "there"), Published(folder, "here")
    assert a.manifest["engine"] == "athena" and a.manifest["rows"] == b.manifest["rows"] > 0
    assert_same_rows(canonical(a.table()), canonical(b.table()))
    unload = next(s.request["QueryString"] for s in fake_athena.statements.values() if "UNLOAD" in s.request["QueryString"])
    assert f"TO '{aws.location}/there/{a.manifest['run_id']}/'" in unload and "compression = 'ZSTD'" in unload
    checked = project.run("check", "there", env=env, check=0)
    assert re.search(r"runs on +Athena", checked.stdout)
    configure(partition_by=["country", "month(created_at)"], partitions="registered")
    project.run("run", "there", env=env, check=0)
    version = Published(mirror(aws, tmp_path / "mirror2"), "there")
    assert {f["partition"][0] for f in version.files} == {"DE", "FR", None}
    assert {f["partition"][1] for f in version.files} == {"2024-01", "2024-02", "2024-03"}
    configure(partition_by=["order_id"], partitions="registered")
    done = project.run("run", "there", env=env)
    assert done.returncode in (1, 2) and "at most 100 partitions" in done.stderr
    assert project.run("history", "there", "--json", env=env, check=0).stdout.count('"version"') == 2
