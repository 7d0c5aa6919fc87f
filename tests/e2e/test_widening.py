"""From what a column is to what the contract says: lossless widening, value by value, and refusals."""
import pytest

from lake_reader import Published, assert_published, assert_same_rows, canonical
from test_run_errors import fails

# Postgres's type, its values, and the contract's types with how Postgres itself converts.
WIDENINGS = [
    ("int2", ["-32768", "-1", "0", "32767"],
     {"int": "v::int4", "bigint": "v::int8", "float": "v::float4", "double": "v::float8",
      "decimal(5,0)": "v::numeric", "decimal(38,33)": "v::numeric"}),
    ("int4", ["-2147483648", "-1", "0", "2147483647"],
     {"bigint": "v::int8", "double": "v::float8", "decimal(10,0)": "v::numeric", "decimal(38,28)": "v::numeric"}),
    ("int8", ["-9223372036854775808", "-1", "0", "9223372036854775807"],
     {"decimal(19,0)": "v::numeric", "decimal(20,1)": "v::numeric", "decimal(38,19)": "v::numeric"}),
    ("float4", ["'NaN'", "'Infinity'", "'-Infinity'", "'-0'", "0.1", "3.4028235e38", "1e-45", "1.1754942e-38"],
     {"double": "v::float8"}),
    ("numeric(4,2)", ["99.99", "-99.99", "0", "0.01", "-0.01"],
     {"decimal(9,2)": "v", "decimal(18,2)": "v", "decimal(38,2)": "v", "decimal(38,36)": "v", "decimal(4,2)": "v",
      "decimal(5,3)": "v"}),
    ("numeric(18,9)", ["999999999.999999999", "-999999999.999999999", "0.000000001"],
     {"decimal(19,9)": "v", "decimal(38,29)": "v"}),
    ("numeric(37,0)", ["9" * 37, "-" + "9" * 37], {"decimal(38,0)": "v", "decimal(38,1)": "v"}),
    ("numeric(3,-2)", ["99900", "-99900", "100"], {"decimal(5,0)": "v", "decimal(9,4)": "v"}),
    ("numeric(3,5)", ["0.00999", "-0.00999"], {"decimal(5,5)": "v", "decimal(38,38)": "v"}),
    ("uuid", [f"'{d * 32}'" for d in "0f7a"], {"uuid": "v", "string": "v::text"}),
    ("time", ["'00:00'", "'24:00'", "'23:59:59.999999'", "'01:02:03.5'", "'00:00:00.000001'"],
     {"time": "v", "string": "v::text"}),
    ("json", ["'{\"a\" :  [1 ]}'", "'null'", "'\"ü\"'"], {"json": "v", "string": "v::text"}),
    ("jsonb", ["'{\"a\" :  [1 ]}'", "'1.50'"], {"json": "v", "string": "v::text"}),
    ("date", ["'4714-11-24 BC'", "'1969-12-31'", "'5874897-12-31'"], {"date": "v"}),
    ("timestamp", ["'2024-02-29 12:00:00.123'", "'1969-12-31 23:59:59.999'", "'4714-11-24 00:00:00.001 BC'"],
     {"timestamp": "v", "timestamp(3)": "v", "timestamp(6)": "v"}),
    ("timestamptz", ["'2024-02-29 12:00:00.123+02'", "'1969-12-31 23:59:59.999+00'"],
     {"timestamptz": "v", "timestamptz(3)": "v"}),
]


@pytest.mark.parametrize("pg_type, values, contracts", WIDENINGS, ids=[w[0] for w in WIDENINGS])
def test_widening_keeps_every_value(project, db, pg_type, values, contracts):
    rows = ", ".join(f"({i}, ({v})::{pg_type})" for i, v in enumerate(values))
    db.execute(f"CREATE TABLE t (id int PRIMARY KEY, v {pg_type}); INSERT INTO t VALUES {rows}, (-1, NULL);"
               f"INSERT INTO t SELECT 1000 + i, (ARRAY[{', '.join(f'({v})::{pg_type}' for v in values)}, NULL])"
               f"[1 + i % {len(values) + 1}] FROM generate_series(1, 3000) i")
    columns = {"id": "int"} | {f"v{i}": {"type": t, "from": "v"} for i, t in enumerate(contracts)}
    project.write("s.sql", "SELECT id, v FROM t")
    project.config({"datasets": {"copied": {"inputs": {"t": "t"}, "columns": columns},
                                 "by_sql": {"inputs": {"t": "t"}, "sql": "s.sql", "columns": columns}}})
    project.run("run", check=0)
    converted = "".join(f", {expression} AS v{i}" for i, expression in enumerate(contracts.values()))
    for dataset in ("copied", "by_sql"):
        assert_published(project.lake, dataset, db, f"SELECT id{converted} FROM t")
    project.run("verify", check=0)


FINE = ["2024-02-29 12:00:00.123999", "1969-12-31 23:59:59.999001", "1969-12-31 23:59:59.0005",
        "0044-03-15 12:00:00.000999 BC", "4714-11-24 00:00:00.000001 BC", "9999-12-31 23:59:59.999999"]


@pytest.mark.parametrize("kind", ["timestamp", "timestamptz"])
def test_finer_digits_are_an_error_or_cut_towards_the_past(project, db, kind):
    zone = "+00" if kind == "timestamptz" else ""
    rows = ", ".join(f"({i}, '{v.replace(' BC', '')}{zone}{' BC' if v.endswith('BC') else ''}'::{kind})"
                     for i, v in enumerate(FINE))
    db.execute(f"CREATE TABLE t (id int PRIMARY KEY, at {kind}); INSERT INTO t VALUES {rows}, (-1, NULL),"
               f" (-2, '2024-01-01 00:00:00.001{zone}')")
    columns = {"id": "int", "at": {"type": f"{kind}(3)"}}
    project.config({"datasets": {"d": {"inputs": {"t": "t"}, "columns": columns}}})
    fails(project, 4, "at", "id=0", "truncate: true")
    columns["at"]["truncate"] = True
    project.write("s.sql", 'SELECT id, "at" FROM t')
    project.config({"datasets": {"d": {"inputs": {"t": "t"}, "columns": columns},
                                 "by_sql": {"inputs": {"t": "t"}, "sql": "s.sql", "columns": columns}}})
    project.run("run", check=0)
    for dataset in ("d", "by_sql"):
        # Postgres cuts the digits of a time before Christ towards the future: so by the number.
        number = "(extract(epoch FROM at) * 1000000)::bigint"
        expected = db.canonical(f"SELECT id, {number} - mod(mod({number}, 1000) + 1000, 1000) AS at FROM t")
        version = Published(project.lake, dataset)
        assert_same_rows(canonical(version.own_table()), expected)
        assert_same_rows(canonical(version.duckdb_table()), expected)


REFUSED = [
    ("int4", "smallint"), ("int8", "int"), ("int8", "double"), ("int4", "float"), ("int8", "float"),
    ("float8", "float"), ("float8", "decimal(38,10)"), ("float4", "decimal(38,10)"), ("float8", "bigint"),
    ("int2", "decimal(4,0)"), ("int4", "decimal(10,1)"), ("int8", "decimal(18,0)"),
    ("numeric(10,2)", "decimal(10,3)"), ("numeric(10,2)", "decimal(9,2)"), ("numeric(10,2)", "decimal(11,1)"),
    ("numeric(9,0)", "bigint"), ("numeric(10,2)", "double"), ("numeric(10,2)", "string"),
    ("bool", "int"), ("int4", "bool"), ("int4", "string"), ("text", "json"), ("text", "uuid"), ("text", "binary"),
    ("bytea", "string"), ("bytea", "uuid"), ("uuid", "binary"), ("date", "timestamp"), ("date", "string"),
    ("timestamp", "date"), ("timestamp", "timestamptz"), ("timestamptz", "timestamp"), ("timestamp", "string"),
    ("time", "timestamp"), ("time", "bigint"), ("json", "binary"), ("int4", "date"),
]


def test_what_may_lose_something_is_refused(project, db):
    db.execute("CREATE TABLE t (" + ", ".join(f"c{i} {t}" for i, (t, _) in enumerate(REFUSED)) + ")")
    columns = {f"c{i}": contract for i, (_, contract) in enumerate(REFUSED)}
    project.write("s.sql", "SELECT * FROM t")
    for transform in ({}, {"sql": "s.sql"}):
        project.config({"datasets": {"d": {"inputs": {"t": "t"}, "columns": columns, **transform}}})
        said = fails(project, 2)
        for i, (_, contract) in enumerate(REFUSED):
            assert f"column `c{i}` is " in said
            assert f"the contract says {contract}" in said
