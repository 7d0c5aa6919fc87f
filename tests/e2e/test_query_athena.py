"""`tailrace query --engine athena`, against an Athena of the tests by its documentation (fake_athena.py).

It is a fake: what it shows is that tailrace does as the documentation says, not that AWS does.
"""
import json
import re
import signal

import pytest

from polling import wait_for
from project import BIN, NOTHING
from terminal import Terminal
from test_cli_prompt import PROMPT

SETUP = """
CREATE TABLE everything (
    id bigint PRIMARY KEY, flag bool, small int2, whole int4, single float4, number float8, price numeric(38,10),
    label text, raw bytea, born date, at timestamp, doc jsonb, "order" text);
INSERT INTO everything VALUES
  (1, true, -32768, 2147483647, 0.1, 0.1, 1234567890123456789012345678.0123456789, 'plain', '\\x00ff', '2024-02-29',
   '2024-06-17 09:30:00.5', '{"a": [1, 2.50], "b": "x\\ny"}', 'reserved'),
  (2, false, 0, 0, 'NaN', 'Infinity', 0, '', '\\x', '0001-01-01', '0001-01-01 00:00:00', '"text"', ''),
  (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  (9223372036854775807, true, 32767, -2147483648, 3.4028235e38, 5e-324, -0.0000000001,
   E'comma, "quote", \\nline\\ttab | pipe \\\\ 名前 🚰', '\\xdeadbeef', '9999-12-31', '9999-12-31 23:59:59.999', '[]',
   ' blanks '),
  (-9223372036854775808, true, 1, 1, 1e-45, 1.7976931348623157e308, 1, 'NULL', '\\x61', '1970-01-01',
   '1970-01-01 00:00:00', 'null', '#');
"""


def on_glue(aws, datasets, **more):
    return {"lake": {"location": aws.location, "catalog": "glue", "database": aws.database},
            "aws": {"region": aws.region}, "s3": {"path_style": True}, "engine": "athena", "datasets": datasets, **more}


@pytest.fixture
def bare(bare, athena):
    """A project that has published nothing, for that Athena."""
    bare.configure = lambda **more: bare.config({**NOTHING, "engine": "athena", **more})
    bare.configure()
    bare.query = lambda *args, check=0, env=None: bare.run(
        "query", *args, env={**athena.env, **(env or {})}, check=check)
    return bare


# --- a lake ----------------------------------------------------------------------------------

def test_rows_are_those_of_the_embedded_engine(project, db, fake_athena, aws):
    db.execute(SETUP)
    project.config(on_glue(aws, {"everything": {"inputs": {"e": "everything"}}}))
    project.run("run", "-q", env=fake_athena.env, check=0)
    for format in ("csv", "json", "markdown"):
        sql = "SELECT * FROM everything ORDER BY id" if format == "csv" else \
            "SELECT id, flag, whole, number, price, label, raw, born, \"order\" FROM everything ORDER BY id;"
        said = [project.run("query", "--engine", engine, "--format", format, sql, env=fake_athena.env, check=0).stdout
                for engine in ("embedded", "athena")]
        assert said[0] == said[1], format
    assert len(fake_athena.statements) == 3
    for s in fake_athena.statements.values():
        assert s.request["QueryExecutionContext"] == {"Catalog": "AwsDataCatalog", "Database": aws.database}


def test_partitions_and_empty_datasets_read_through_glue(project, db, fake_athena, aws):
    db.execute("CREATE TABLE o AS SELECT i AS id, (ARRAY['de','fr','it'])[1 + i % 3] AS country, i * 1.5::float8 AS amount "
               "FROM generate_series(1, 300) i; ALTER TABLE o ALTER country SET NOT NULL; CREATE TABLE e (id int)")
    project.config(on_glue(aws, {"orders": {"inputs": {"o": "o"}, "partition_by": ["country"]},
                                 "empty": {"inputs": {"e": "e"}}}))
    project.run("run", "-q", env=fake_athena.env, check=0)
    sql = "SELECT country, count(*) AS n, max(id) AS last FROM orders GROUP BY country ORDER BY country"
    assert project.run("query", "-q", "--format", "csv", sql, env=fake_athena.env, check=0).stdout == \
        "country,n,last\nde,100,300\nfr,100,298\nit,100,299\n"
    assert project.run("query", "-q", "--format", "jsonl", "SELECT * FROM empty", env=fake_athena.env,
                       check=0).stdout == ""


def test_what_is_scanned_is_estimated_before_and_priced_behind(project, db, fake_athena, aws):
    db.execute("CREATE TABLE w AS SELECT i AS id, md5(i::text) || md5((-i)::text) AS a, md5(i::text) AS b "
               "FROM generate_series(1, 20000) i")
    project.config(on_glue(aws, {"wide": {"inputs": {"w": "w"}}}, athena={"price_per_tb": 500}))
    project.run("run", "-q", env=fake_athena.env, check=0)
    files = [k for k in aws.keys() if k.endswith(".parquet")]
    total = sum(aws.s3.head_object(Bucket=aws.bucket, Key=k)["ContentLength"] for k in files)
    manifest = json.loads(aws.read(next(k for k in aws.keys() if "/manifests/" in k)))
    one = manifest["files"][0]["columns"][2]["bytes"]

    def query(*args, check=0):
        done = project.run("query", *args, env=fake_athena.env, check=check)
        return done, re.search(r"athena: to scan at most ([0-9.]+ [kM]?B), about (\S+) at (\S+) per TB", done.stderr)

    def megabytes(found):
        number, unit = found[1].split()
        return float(number) * {"MB": 1, "kB": 1e-3, "B": 1e-6}[unit]

    done, whole = query("SELECT * FROM wide")
    assert megabytes(whole) == pytest.approx(total / 1e6, abs=0.06)
    assert whole[2] == "$0.0050" and whole[3] == "$500.00"  # the least that is billed, 10 MB
    assert re.search(r"athena: \S+-\S+: scanned \S+ MB in 0.17 s, about \$0.0050 at \$500.00 per TB", done.stderr)
    _, part = query("SELECT count(*) FROM wide WHERE b > 'f'")
    assert one / 1e6 <= megabytes(part) + 0.06 and megabytes(part) < 0.5 * megabytes(whole)
    # What DuckDB does not understand counts whole.
    _, foreign = query("SELECT approx_distinct(b) FROM wide", check=2)
    assert foreign[1] == whole[1]
    started = len(fake_athena.called("StartQueryExecution"))
    done, _ = query("--max-scan", "500kB", "SELECT * FROM wide", check=2)
    assert f"the statement may read {whole[1]}, and --max-scan allows 500.0 kB" in done.stderr
    assert "a workgroup can have a limit of its own" in done.stderr
    assert len(fake_athena.called("StartQueryExecution")) == started, "it was refused in advance"
    query("--max-scan", "10MB", "SELECT * FROM wide")
    done = project.run("query", "--engine", "embedded", "--max-scan", "1kB", "SELECT * FROM wide", env=fake_athena.env,
                       check=2)
    assert "--max-scan allows 1.0 kB" in done.stderr and "workgroup" not in done.stderr


def test_a_misspelt_dataset_is_suggested(project, db, fake_athena, aws):
    db.execute("CREATE TABLE o AS SELECT 1 AS id")
    project.config(on_glue(aws, {"orders": {"inputs": {"o": "o"}}}))
    project.run("run", "-q", env=fake_athena.env, check=0)
    done = project.run("query", "SELECT * FROM ordrs", env=fake_athena.env, check=2)
    assert "did you mean `orders`?" in done.stderr
    done = project.run("query", "--at", "1", "SELECT * FROM orders", env=fake_athena.env, check=2)
    assert "athena reads the newest version only" in done.stderr


def test_ministacks_athena_answers_too(project, db, aws_ministack):
    aws = aws_ministack
    db.execute("CREATE TABLE o AS SELECT i AS id, nullif('v' || i, 'v2') AS v FROM generate_series(1, 3) i")
    project.config(on_glue(aws, {"orders": {"inputs": {"o": "o"}}},
                           athena={"output_location": f"s3://{aws.bucket}/results/"}))
    project.run("run", "-q", env=aws.env, check=0)
    done = project.run("query", "--format", "csv", "SELECT id, v FROM orders ORDER BY id", env=aws.env, check=0)
    assert done.stdout == "id,v\n1,v1\n2,\n3,v3\n"


# --- pages -----------------------------------------------------------------------------------

def test_pages_are_fetched_as_they_are_needed(bare, athena):
    done = bare.query("--format", "csv", "SELECT * FROM t")
    assert done.stdout == "n,v\n" + "".join(f"{i},v{i}\n" for i in range(2500))
    pages = athena.called("GetQueryResults")
    assert [p["MaxResults"] for p in pages] == [1000] * 3
    assert "NextToken" not in pages[0] and "NextToken" in pages[1]
    bare.query("--max-rows", "10", "SELECT * FROM t")
    assert len(athena.called("GetQueryResults")) == 4, "the rest was not asked for"


@pytest.mark.parametrize("format", ["table", "csv", "json", "jsonl", "markdown"])
def test_a_result_of_no_rows_has_its_columns(bare, athena, format):
    out = bare.query("--format", format, "SELECT n, v FROM t WHERE n < 0").stdout
    assert {"table": "(0 rows)", "csv": "n,v\n", "json": "[]", "jsonl": "", "markdown": "| n | v |"}[format] in out


def test_parquet_of_a_result_is_read_by_others(bare, athena):
    import pyarrow.parquet as pq
    bare.query("--format", "parquet", "-o", "t.parquet", "SELECT n, CAST(n AS decimal(10,2)) AS d FROM t")
    table = pq.read_table(bare.folder / "t.parquet")
    assert table.num_rows == 2500 and str(table.schema.field("d").type) == "decimal128(10, 2)"


# --- failures --------------------------------------------------------------------------------

@pytest.mark.parametrize("operation", ["StartQueryExecution", "GetQueryExecution", "GetQueryResults"])
def test_a_lost_reply_is_asked_for_again_and_nothing_runs_twice(bare, athena, operation):
    athena.lose(operation)
    assert bare.query("--format", "csv", "SELECT count(*) AS n FROM t").stdout == "n\n2500\n"
    assert len(athena.statements) == 1
    assert len({r["ClientRequestToken"] for r in athena.called("StartQueryExecution")}) == 1


@pytest.mark.parametrize("operation", ["StartQueryExecution", "GetQueryExecution", "GetQueryResults"])
def test_throttling_is_waited_out(bare, athena, operation):
    athena.throttle(operation, times=2)
    bare.query("SELECT 1 AS x")


def test_an_athena_that_is_down_is_transient(bare, athena):
    athena.fail("GetQueryExecution", "InternalServerException", "later", status=500, times=None)
    done = bare.query("SELECT 1 AS x", check=3)
    assert "athena:GetQueryExecution" in done.stderr
    assert len(athena.called("StopQueryExecution")) == 1, "it would have gone on, at a price"


@pytest.mark.parametrize("sql, line, column, message, hint", [
    ("SELECT n,\n  nope FROM t", 2, 3, "Column 'nope' cannot be resolved", "DESCRIBE"),
    ("SELECT 'äö', nope FROM t", 1, 16, "Column 'nope' cannot be resolved", "DESCRIBE"),
    ("SELECT * FROM nowhere", 1, 15, "Table 'awsdatacatalog.lake.nowhere' does not exist", "lake.catalog must be glue"),
    ("SELECT n FROM t WHERE", 1, None, "mismatched input", "Athena's SQL is Trino's"),
])
def test_errors_are_shown_at_athenas_own_position(bare, athena, sql, line, column, message, hint):
    bare.write("q.sql", sql)
    done = bare.query("-f", "q.sql", check=2)
    assert f"error: {message}" in done.stderr and hint in done.stderr
    place = re.search(r"--> q\.sql:(\d+):(\d+)", done.stderr)
    assert int(place[1]) == line and (column is None or int(place[2]) == column)


@pytest.mark.parametrize("group, config, message, hint", [
    (None, {}, "there is no Athena workgroup `wg`", "set athena.workgroup"),
    ({"disabled": True}, {}, "the Athena workgroup `wg` is disabled", "enable it"),
    ({}, {}, "Athena has no place for results", "set athena.output_location"),
    ({"managed": True}, {"output_location": "s3://mine/"}, "manages results itself",
     "take athena.output_location out"),
    ({"output": "s3://its/", "cutoff": 1000}, {}, "Bytes scanned limit was exceeded", "the workgroup limits"),
])
def test_a_workgroup_that_does_not_fit_says_what_to_do(bare, athena, group, config, message, hint):
    athena.workgroups = {"wg": group} if group is not None else {}
    bare.configure(athena={"workgroup": "wg", **config})
    done = bare.query("SELECT 1 AS x", check=2)
    assert message in done.stderr and hint in done.stderr


def test_output_location_managed_and_enforced_results(bare, athena):
    athena.workgroups = {"wg": {"managed": True}}
    bare.configure(athena={"workgroup": "wg"})
    bare.query("SELECT 1 AS x")
    athena.workgroups = {"wg": {}}
    bare.configure(athena={"workgroup": "wg", "output_location": "s3://mine/", "catalog": "other"})
    assert "enforces" not in bare.query("SELECT 1 AS x").stderr
    start = athena.called("StartQueryExecution")[-1]
    assert start["ResultConfiguration"] == {"OutputLocation": "s3://mine/"}
    assert start["QueryExecutionContext"] == {"Catalog": "other", "Database": "lake"}
    athena.workgroups = {"wg": {"output": "s3://its/", "enforce": True}}
    assert "the workgroup wg enforces its own settings" in bare.query("SELECT 1 AS x").stderr


def test_an_earlier_result_is_reused_only_where_that_is_configured(bare, athena):
    for _ in range(2):
        assert "scanned 12.3 MB" in bare.query("SELECT count(*) FROM t").stderr
    bare.configure(athena={"result_reuse": "90min"})
    bare.query("SELECT count(*) FROM t")
    done = bare.query("SELECT count(*) FROM t")
    assert "an earlier result was reused, nothing was scanned" in done.stderr
    reuse = athena.called("StartQueryExecution")[-1]["ResultReuseConfiguration"]
    assert reuse == {"ResultReuseByAgeConfiguration": {"Enabled": True, "MaxAgeInMinutes": 90}}


def test_missing_rights_and_wrong_keys_are_named(bare, athena):
    athena.fail("StartQueryExecution", "AccessDeniedException", "You are not authorized", times=None)
    done = bare.query("SELECT 1 AS x", check=2)
    assert "athena:StartQueryExecution" in done.stderr
    assert not athena.called("StopQueryExecution")
    done = bare.query("SELECT 1 AS x", env={"AWS_SECRET_ACCESS_KEY": "wrong-secret"}, check=2)
    assert "wrong-secret" not in done.stderr and "secret" in done.stderr
    athena.keys["AKIAFAKE"].expired = True
    bare.query("SELECT 1 AS x", check=2)


@pytest.mark.parametrize("sql", ["DROP TABLE t", "INSERT INTO t VALUES (1)", "EXPLAIN ANALYZE SELECT 1",
                                 "UNLOAD (SELECT 1) TO 's3://x/' WITH (format = 'PARQUET')", "  "])
def test_what_is_no_query_is_not_sent(bare, athena, sql):
    bare.query(sql, check=2)
    assert athena.calls == []


@pytest.mark.parametrize("args, message", [
    (["--max-scan", "lots", "SELECT 1"], "`lots` is no size for --max-scan"),
    (["--max-scan", "0GB", "SELECT 1"], "`0GB` is no size for --max-scan"),
    (["--max-scan", "1GB", "SELECT * FROM t"], "cannot be estimated: it names no published dataset"),
    (["--engine", "trino", "SELECT 1"], "does not say where Trino is"),
    (["--lake", ".", "--engine", "athena", "SELECT 1"], "--lake names a lake only"),
    (["--engine", "embedded", "SELECT 1"], "nothing has been published"),
])
def test_a_wrong_call_is_refused(bare, athena, args, message):
    assert message in bare.query(*args, check=2).stderr
    assert athena.calls == []


def test_a_statement_that_reads_nothing_passes_any_max_scan(bare, athena):
    bare.query("--max-scan", "1B", "SELECT 1 AS x")


# --- stopping --------------------------------------------------------------------------------

@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_stops_the_statement_at_athena(bare, athena, sig):
    athena.hold = True
    process = bare.spawn("query", "SELECT * FROM t", env=athena.env)
    wait_for(lambda: athena.called("GetQueryExecution"), process)
    process.send_signal(sig)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130 and out == ""
    assert "error: interrupted" in err
    (statement,) = athena.statements.values()
    assert statement.state == "CANCELLED"
    assert athena.called("StopQueryExecution") == [{"QueryExecutionId": statement.id}]


def test_an_interrupt_before_the_statements_id_is_known_stops_it_too(bare, athena):
    athena.hold = True
    athena.withhold("StartQueryExecution")
    process = bare.spawn("query", "SELECT * FROM t", env=athena.env)
    wait_for(lambda: athena.statements, process)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    (statement,) = athena.statements.values()  # its token makes the second start the first
    assert statement.state == "CANCELLED" and len(athena.called("StartQueryExecution")) == 2


def test_ctrl_c_stops_the_statement_and_not_the_prompt(project, db, fake_athena, aws):
    db.execute("CREATE TABLE o AS SELECT i AS id FROM generate_series(1, 3) i")
    project.config(on_glue(aws, {"orders": {"inputs": {"o": "o"}}}))
    project.run("run", "-q", env=fake_athena.env, check=0)
    fake_athena.hold = True
    with Terminal([BIN, "query"], project.folder, project.environment(fake_athena.env)) as t:
        t.expect(PROMPT)
        t.send("SELECT * FROM orders;\n")
        t.expect("running")
        t.interrupt()
        assert "interrupted" in t.expect(PROMPT)
        fake_athena.hold = False
        t.send("SELECT sum(id) AS total FROM orders;\n")
        shown = t.expect(PROMPT)
        assert re.search(r"6\s+\(1 row\)", shown) and "scanned" in shown
        t.send("\\q\n")
        assert t.wait() == 0
    assert [s.state for s in fake_athena.statements.values()] == ["CANCELLED", "SUCCEEDED"]
