"""Statements of the embedded engine: mistakes at their place, parameters, and the sandbox."""
import datetime as dt
import uuid

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from embedded_tables import D, UTC, orders, users
from native import NativeError


# ---- errors ----

def test_errors_of_an_input_come_out_whole(engine):
    engine.add("o", orders(), fail="invalid text")
    error = engine.failure("SELECT sum(amount) AS s FROM o")
    assert (str(error), error.kind, error.hint) == ("invalid text", "data", "this hint is the input's own")
    assert error.place.endswith("|public.orders|amount|order_id=7")


@pytest.mark.parametrize("sql, place, what, hint", [
    ("SELECT order_id,\n  'Grüße ☃' AS g, amuont\nFROM o", "t.sql:2:23|  'Grüße ☃' AS g, amuont|", "amuont",
     "did you mean `amount`?"),
    ("SELECT order_id,\n  'Grüße ☃' AS g FORM FROM o", "t.sql:2:", "syntax error", None),
    ("-- ☃☃☃\n\nSELECT order_id FROM\n\torderz", "t.sql:4:2|\torderz|", "orderz does not exist", "the tables here are: `o`, `u`"),
    ("SELECT o.amuont FROM o", "t.sql:1:8|", '"amuont"', "did you mean `amount`?"),
    ("SELECT countt(*) AS n FROM o", "t.sql:1:8|", "countt does not exist", "did you mean `count`?"),
    ("SELECT order_id, sum(amount) AS s FROM o", "t.sql:1:8|", "must appear in the GROUP BY", None),
    ("SELECT 1 AS a, 2 AS a", "t.sql:1:1|", "two columns called `a`", "AS other_name"),
    ("SELECT 1 AS a; SELECT 2 AS a", "t.sql:1:1|", "2 statements", "WITH"),
    ("PIVOT o ON user_id USING sum(amount)", "t.sql:1:1|", "statements", "name the values of PIVOT"),
    ("", "t.sql:1:1|", "there is no statement", "write one SELECT"),
    ("EXPLAIN SELECT 1", "t.sql:1:1|", "this is EXPLAIN", "changes nothing"),
    ("SELECT 'ü', x\nFROM range(3), read_csv('x.csv')", "t.sql:2:16|FROM range(3), read_csv('x.csv')|", "`read_csv(...)`", "no files"),
    ("SELECT $rate AS r", "t.sql:1:1|", "`$rate`, which is not declared", "declare it"),
    ("SELECT ? AS r", "t.sql:1:1|", "parameter", "written by name"),
    ("SELECT order_id FROM o WHERE", "t.sql:1:", "end of input", None),
    ("SELECT $p + amuont AS x FROM o", "t.sql:1:13|SELECT $p + amuont AS x FROM o|", "amuont", "did you mean `amount`?"),
])
def test_mistakes_are_shown_at_their_place(engine, sql, place, what, hint):
    engine.add("o", orders())
    engine.add("u", users())
    with pytest.raises(NativeError) as caught:
        engine.prepare(sql, {"p": ("int", "1")} if "$p" in sql else None, file="t.sql")
    error = caught.value
    assert error.kind == "user"
    assert what in str(error)
    assert error.place.startswith(place), error.place
    assert hint is None or hint in error.hint, error.hint


def test_a_value_that_does_not_convert_is_a_data_error_at_its_cast(engine):
    engine.add("o", orders())
    error = engine.failure("SELECT order_id,\n  CAST(note AS INTEGER) AS n FROM o")
    assert error.kind == "data" and "Could not convert" in str(error)
    assert error.place.startswith(":2:3|")


# ---- parameters ----

@pytest.mark.parametrize("type_, text, value", [
    ("bool", "true", True), ("smallint", "-7", -7), ("int", "7", 7), ("bigint", str(2 ** 63 - 1), 2 ** 63 - 1),
    ("float", "1.5", 1.5), ("double", "0.19", 0.19), ("decimal(4,2)", "-12.34", D("-12.34")),
    ("decimal(9,2)", "1234567.89", D("1234567.89")), ("decimal(18,0)", "9" * 18, D("9" * 18)),
    ("decimal(38,10)", "-1.5", D("-1.5000000000")), ("string", "it's ☃ and a longer text", "it's ☃ and a longer text"),
    ("date", "2024-02-29", dt.date(2024, 2, 29)), ("timestamp", "2024-02-29 12:00:00.5", dt.datetime(2024, 2, 29, 12, 0, 0, 500000)),
    ("timestamptz", "2024-02-29 12:00:00+02", dt.datetime(2024, 2, 29, 10, tzinfo=UTC)), ("time", "12:34:56", dt.time(12, 34, 56)),
    ("uuid", "0b5c4f0e-0000-4000-8000-000000000001", uuid.UUID("0b5c4f0e-0000-4000-8000-000000000001")),
    ("binary", "\\x00\\xFF", b"\0\xff"), ("string", None, None),
])
def test_parameters_are_typed_values(engine, type_, text, value):
    engine.add("o", orders(3))
    params = {"p": (type_, text), "unused": ("int", "1")}
    sql = "SELECT $p AS p FROM o"
    if text is not None:
        assert engine.prepare(sql, params)[0][0][1] == type_
    assert engine.table(sql, params)["p"].to_pylist() == [value] * 3


def test_expressions_over_parameters_have_types_before_a_run(engine):
    o = engine.add("o", orders())
    columns, scans = engine.prepare("SELECT amount * (1 + $tax_rate) AS x, $tax_rate AS r, order_id FROM o;",
                                    {"tax_rate": ("decimal(4,2)", "0.19")})
    assert [c[:2] for c in columns] == [("x", "double"), ("r", "decimal(4,2)"), ("order_id", "bigint")]
    assert scans == [("o", ["amount", "order_id"])] and o.opened == []


def test_a_parameter_that_is_no_value_of_its_type(engine):
    with pytest.raises(NativeError, match="`p` is not a value of type double") as caught:
        engine.prepare("SELECT $p AS p", {"p": ("double", "much")})
    assert caught.value.kind == "user" and caught.value.hint


# ---- the sandbox ----

@pytest.mark.parametrize("sql", [
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM '/etc/passwd.csv'",
    "SELECT * FROM glob('/etc/*')",
    "SELECT * FROM read_parquet('{allowed}/../secret.parquet')",
    "COPY (SELECT 1) TO '{allowed}/x.csv'",
    "COPY o TO '/tmp/x.csv'",
    "ATTACH '/tmp/x.db'",
    "ATTACH ':memory:' AS m",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SET memory_limit='10GB'",
    "RESET memory_limit",
    "PRAGMA memory_limit='10GB'",
    "PRAGMA database_list",
    "SET VARIABLE x = 1",
    "EXPORT DATABASE '{allowed}/x'",
    "CREATE TABLE x AS SELECT 1",
    "DROP VIEW o",
    "CALL pragma_version()",
    "USE memory",
    "BEGIN",
    "CHECKPOINT",
    "SELECT * FROM '{allowed}/x.parquet'",
    "SELECT * FROM read_parquet('{allowed}/x.parquet')",
    "SELECT * FROM enable_profiling()",
    "SELECT * FROM o, (SELECT 1 FROM system.main.enable_logging()) x",
    "SELECT (SELECT max(content) FROM read_text('/etc/hostname')) AS t",
    "WITH x AS (SELECT * FROM query('SELECT 1')) SELECT * FROM x",
    "SELECT * FROM tr_input_0()",
    "SELECT * FROM http_get('http://localhost')",
    "SELECT getenv('HOME') AS h",
    "SUMMARIZE SELECT * FROM sniff_csv('/etc/passwd')",
    "WITH x AS (INSERT INTO o VALUES (1) RETURNING *) SELECT * FROM x",
])
def test_nothing_but_reading_the_inputs_is_allowed(make_engine, tmp_path, capfd, sql):
    allowed = tmp_path / "lake"
    allowed.mkdir()
    pq.write_table(pa.table({"a": [1]}), tmp_path / "secret.parquet")
    pq.write_table(pa.table({"a": [1]}), allowed / "x.parquet")
    engine = make_engine(allowed=allowed)
    engine.add("o", orders(3))
    error = engine.failure(sql.replace("{allowed}", str(allowed)))
    assert error.kind == "user", str(error)
    assert engine.value("SELECT count(*) FROM o") == 3
    assert [p.name for p in allowed.iterdir()] == ["x.parquet"]
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize("sql", [
    "SHOW TABLES", "DESCRIBE o", "SUMMARIZE o", "FROM o", "TABLE o", "VALUES (1)", "/* a */ -- b\n(SELECT 1 AS x); -- c",
    "SELECT r FROM range(3) t(r), unnest([1, 2]) AS u(v)", "PIVOT o ON user_id IN (1, 2) USING sum(amount)",
    "WITH RECURSIVE x AS (SELECT 1 AS a UNION ALL SELECT a + 1 FROM x WHERE a < 5) SELECT a FROM x",
    "SELECT * FROM o POSITIONAL JOIN o p", "SELECT x.a FROM \"dotted.name\" x, generate_series(1, 2)",
])
def test_queries_of_every_form_are_run(engine, sql):
    engine.add("o", orders(30))
    engine.add("dotted.name", pa.table({"a": [1]}))
    assert engine.table(sql).num_rows > 0


@pytest.mark.parametrize("sql, value", [
    ("SELECT 1e400 AS x", float("inf")), ("SELECT -1e400 AS x", float("-inf")),
    ("SELECT max(x) AS x FROM (VALUES (1e309), (-1e309)) t(x)", float("inf")),
    ("SELECT 'Infinity, \"Infinity' || 1e400 AS x", 'Infinity, "Infinityinf'),
    ("SELECT \"\"\"Infinity\" AS x FROM (SELECT '\\Infinity' AS \"\"\"Infinity\", 1e400)", "\\Infinity"),
])
def test_a_number_beyond_double_is_infinity(engine, sql, value):
    assert engine.value(sql) == value


def test_a_statement_with_a_number_beyond_double_is_confined_like_any(engine):
    error = engine.failure("SELECT 1e400 AS \"Infinity\" FROM 'Infinity.csv' WHERE 1 < 1e999")
    assert str(error) == "a statement can't read from the file `Infinity.csv`" and error.kind == "user"
