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


@pytest.mark.slow
@pytest.mark.parametrize("partition_by", [[], ["country", "month(created_at)"]])
def test_trino_and_the_embedded_engine_publish_the_same_rows(project, db, aws, trino, tmp_path, partition_by):
    shop(db)
    more = {"partition_by": partition_by, "partitions": "registered"} if partition_by else {}
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
    assert "created_at: trino chooses how timestamps are stored" in checked.stderr
