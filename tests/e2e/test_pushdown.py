"""Statistics, page indexes and dictionaries never hide a row: readers that skip by them
answer as readers that look at every value do, and as Postgres does."""
import json

import duckdb
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from database import Database
from lake_reader import Published
from project import Project
from test_run_errors import fails

EDGE_PREFIX = "\U0010ffff" * 20  # its truncated bound can't be raised in its last character

# Column: (Postgres's type, the expression of row i, the boundaries to ask for as SQL literals)
COLUMNS = {
    "c_bool": ("bool", "i % 3 = 0", ["true", "false"]),
    "c_int2": ("int2", "i % 3000 - 1500", ["-1500", "-1", "0", "1499", "32767", "-32768"]),
    "c_int4": ("int4", "i * 7 - 2147480000", ["-2147480000", "-2147479993", "0", "-2147483648", "2147483647"]),
    "c_int8": ("int8", "(i - 10000) * 900719925474::int8", ["0", "900719925474", "-9007199254740000",
                                                               "9223372036854775807"]),
    "c_float4": ("float4", "(ARRAY['NaN', '0', '-0', '-Infinity', 'Infinity', '0.1', '-1e-45', '1e38'])"
                           "[1 + i / 2500]::float4", ["0", "'-0'", "'NaN'", "'Infinity'", "'-Infinity'", "'1e38'"]),
    "c_float8": ("float8", "CASE i % 4000 WHEN 7 THEN 'NaN' WHEN 8 THEN '-0' WHEN 9 THEN '0' "
                           "ELSE (i - 10000) * 0.5::float8 END", ["0", "'-0'", "'NaN'", "0.5", "-5000", "1e308"]),
    "c_zero": ("float8", "CASE WHEN i < 10000 THEN '-0' ELSE '0' END::float8", ["0", "'-0'", "'5e-324'"]),
    "c_nan": ("float8", "CASE WHEN i % 5000 = 0 THEN i::float8 ELSE 'NaN' END", ["0", "5000", "'NaN'", "20000"]),
    "c_dec4": ("numeric(4,2)", "(i % 19999 - 9999) / 100.0", ["0", "99.99", "-99.99", "-0.01"]),
    "c_dec9": ("numeric(9,3)", "(i % 20000 - 10000) * 99.999", ["0", "99.999", "-999990", "999999.999"]),
    "c_dec18": ("numeric(18,4)", "(i % 20000 - 10000) * 9999999999.9999", ["0", "9999999999.9999", "-99999999999999.9999"]),
    "c_dec38": ("numeric(38,5)", "(i - 10000) * 1234567890123456789012345.54321",
                ["0", "1234567890123456789012345.54321", "-1234567890123456789012345.54321",
                 "999999999999999999999999999999999.99999"]),
    "c_text": ("text", "lpad(i::text, 6, '0')", ["''", "'000000'", "'000001'", "'010000'", "'019999'", "'9'"]),
    "c_long": ("text", f"(CASE i % 4 WHEN 0 THEN '{EDGE_PREFIX}' WHEN 1 THEN repeat('a', 70) ELSE repeat('é', 40) "
                       "END) || chr(97 + i % 26)",
               [f"'{EDGE_PREFIX}'", f"'{EDGE_PREFIX}a'", f"'{EDGE_PREFIX}z'", "repeat('a', 70)", "repeat('é', 40) || 'b'",
                "repeat('é', 32)", "''"]),
    "c_name": ("text", "'name ' || i % 50", ["'name 7'", "'name 70'", "'name '"]),
    "c_bytea": ("bytea", "decode(repeat('ff', i % 60) || lpad(to_hex(i % 256), 2, '0'), 'hex')",
                ["'\\x'", "'\\xff'", "decode(repeat('ff', 59), 'hex')", "decode(repeat('ff', 50) || '07', 'hex')"]),
    "c_date": ("date", "date '1900-01-01' + i * 7", ["'1900-01-01'", "'1970-01-01'", "'2283-04-01'", "'0001-01-01'"]),
    "c_old": ("date", "date '0100-01-01 BC' + i * 20", ["'0001-01-01'", "'0900-06-15'"]),
    "c_at": ("timestamp", "timestamp '1969-12-31 23:59:59.999999' + (i - 10000) * interval '1 hour 1 microsecond'",
             ["'1969-12-31 23:59:59.999999'", "'1970-01-01 00:59:59.999999'", "'1970-01-01'", "'9999-12-31'"]),
    "c_tz": ("timestamptz", "timestamptz '1970-01-01 00:00:00+00' + (i - 10000) * interval '1 hour 1 microsecond'",
             ["'1970-01-01 00:00:00+00'", "'1970-01-01 01:00:00.000001+00'", "'9999-12-31 00:00:00+00'"]),
    "c_time": ("time", "CASE i WHEN 5000 THEN time '24:00' ELSE time '00:00' + i * interval '4 seconds' END",
               ["'00:00'", "'22:13:16'", "'23:59:59'"]),
    "c_uuid": ("uuid", "md5(i::text)::uuid", [f"'{c * 32}'" for c in "078f"] + ["md5('77')::uuid"]),
    "c_some": ("int4", "CASE WHEN i / 1000 % 2 = 0 THEN i END", ["0", "1000", "999", "2000"]),
    "c_null": ("int4", "NULL::int4", ["0"]),
}
OPERATORS = ["=", "<>", "<", "<=", ">", ">="]
ROWS = 40000
COLLATE = {"text": ' COLLATE "C"'}  # the order of bytes, as every reader has it


@pytest.fixture(scope="module")
def lake(postgres, tmp_path_factory):
    """(database, project) with COLUMNS published in two layouts, for all tests here to read."""
    with Database.create(postgres) as db, Project(tmp_path_factory.mktemp("pushdown"), db.url) as project:
        made = ", ".join(f"({expression})::{kind}{COLLATE.get(kind, '')} AS {name}"
                         for name, (kind, expression, _) in COLUMNS.items())
        db.execute(f"CREATE TABLE t AS SELECT i AS id, {made} FROM generate_series(0, {ROWS - 1}) i")
        columns = {"id": "int"} | {name: contract(kind) for name, (kind, _, _) in COLUMNS.items()}
        for layout, size in (("small", "64KiB"), ("large", "128MiB")):
            project.config({"parquet": {"row_group_size": size}, "datasets": {
                layout: {"inputs": {"t": {"relation": "t"}}, "columns": columns}}})
            project.run("run", check=0)
            project.run("verify", layout, check=0)
        project.config({"datasets": {n: {"inputs": {"t": "t"}, "columns": columns} for n in ("small", "large")}})
        yield db, project


def contract(kind):
    names = {"int2": "smallint", "int4": "int", "int8": "bigint", "float4": "float", "float8": "double",
             "text": "string", "bytea": "binary"}
    return names.get(kind, kind.replace("numeric", "decimal"))


def literal(db, kind, value):
    """A boundary as both Postgres and DuckDB read it."""
    if kind == "bytea":
        return "unhex('%s')" % db.query(f"SELECT encode(({value})::bytea, 'hex')")[0][0]
    return f"({value})::{kind}"


def conditions(db, name):
    """Pairs of a condition for Postgres and for DuckDB."""
    kind, _, boundaries = COLUMNS[name]
    here = [f"({value})::{kind}" for value in boundaries]
    there = [literal(db, kind, value) for value in boundaries]
    asked = [f"{name} {operator} {{{i}}}" for operator in OPERATORS for i in range(len(boundaries))]
    asked += [f"{name} IN ({{0}}, {{{len(boundaries) - 1}}})", f"{name} BETWEEN {{0}} AND {{{len(boundaries) - 1}}}",
              f"{name} NOT IN ({{0}}, {{{len(boundaries) - 1}}})", f"{name} IS NULL", f"{name} IS NOT NULL"]
    return [(condition.format(*here), condition.format(*there)) for condition in asked]


WHAT = "count(*) AS n, sum(id) AS ids, min(id) AS first, max(id) AS last"


def found(connection, source, condition):
    return connection.execute(f"SELECT {WHAT} FROM {source} WHERE {condition}").fetchone()


def test_the_small_layout_has_several_row_groups(lake):
    _, project = lake
    for layout, least in (("small", 3), ("large", 1)):
        files = [pq.ParquetFile(path) for path in Published(project.lake, layout).paths]
        groups = [f.metadata.row_group(g).num_rows for f in files for g in range(f.metadata.num_row_groups)]
        assert len(groups) >= least
        assert sum(groups) == sum(f.metadata.num_rows for f in files) == ROWS


@pytest.mark.parametrize("layout", ["small", "large"])
@pytest.mark.parametrize("name", COLUMNS)
def test_duckdb_finds_the_rows_that_postgres_finds(lake, name, layout):
    db, project = lake
    with db.connect() as connection, duckdb.connect() as engine:
        engine.execute("SET TimeZone = 'UTC'")
        files = [str(p) for p in Published(project.lake, layout).paths]
        engine.execute(f"CREATE VIEW pushed AS FROM read_parquet({files})")
        engine.execute("CREATE TABLE looked AS FROM pushed")
        for condition, there in conditions(db, name):
            expected = found(connection, "t", condition)
            assert found(engine, "looked", there) == expected, condition
            assert found(engine, "pushed", there) == expected, condition


@pytest.mark.parametrize("name", COLUMNS)
def test_tailrace_query_finds_the_rows_that_postgres_finds(lake, name):
    db, project = lake
    asked = conditions(db, name)
    statement = " UNION ALL ".join(f"SELECT {i} AS i, {WHAT} FROM small WHERE {there}"
                                   for i, (_, there) in enumerate(asked))
    done = project.run("query", f"SELECT * FROM ({statement}) ORDER BY i", "--format", "json", check=0)
    with db.connect() as connection:
        for row, (condition, _) in zip(json.loads(done.stdout), asked, strict=True):
            n, ids, first, last = found(connection, "t", condition)
            assert (row["n"], row["ids"] and int(row["ids"]), row["first"], row["last"]) == (
                n, ids, first, last), condition


# Arrow's kernels can't compare uuids (an extension type there).
@pytest.mark.parametrize("layout", ["small", "large"])
@pytest.mark.parametrize("name", [name for name in COLUMNS if name != "c_uuid"])
def test_pyarrow_finds_the_rows_that_are_there(lake, name, layout):
    db, project = lake
    kind, _, boundaries = COLUMNS[name]
    field = pc.field(name)
    with duckdb.connect() as engine:
        engine.execute("SET TimeZone = 'UTC'")
        values = [engine.execute(f"SELECT {literal(db, kind, v)} AS v").to_arrow_table().column(0)[0] for v in boundaries]
    expressions = [field.is_null(), field.is_valid()]
    for value in values:
        expressions += [field == value, field != value]
        if kind != "bool":
            expressions += [field < value, field <= value, field > value, field >= value]
    for path in Published(project.lake, layout).paths:
        table = pq.read_table(path, columns=["id", name])
        for expression in expressions:
            pushed = pq.read_table(path, columns=["id", name], filters=expression)
            looked = table.filter(expression)
            assert pushed.column("id").equals(looked.column("id")), str(expression)


@pytest.mark.parametrize("name", COLUMNS)
def test_bounds_hold_every_value(lake, name):
    """The statistics themselves, as pyarrow reads them: where there are bounds, all values lie within."""
    _, project = lake
    for path in Published(project.lake, "small").paths:
        file = pq.ParquetFile(path)
        index = file.schema_arrow.names.index(name)
        for g in range(file.metadata.num_row_groups):
            chunk = file.metadata.row_group(g).column(index)
            column = file.read_row_group(g, columns=[name]).column(0)
            statistics = chunk.statistics
            assert chunk.num_values == len(column)
            assert statistics.null_count == column.null_count
            if column.null_count == len(column) or not statistics.has_min_max or name == "c_uuid":
                continue
            if name in ("c_old", "c_time"):  # years and a 24:00 that Python's types don't have
                continue
            values = [v for v in column.to_pylist() if v is not None]
            assert statistics.min <= min(values) and max(values) <= statistics.max


def test_a_check_sees_a_nan_behind_all_numbers(project, db):
    db.execute("CREATE TABLE t AS SELECT i AS id, CASE i WHEN 5 THEN 'NaN' ELSE i::float8 END AS f"
               " FROM generate_series(1, 10) i")
    project.config({"datasets": {"d": {"inputs": {"t": "t"}, "checks": ["f <= 10"]}}})
    fails(project, 4, "breaks its check `f <= 10` in 1 row", "f=NaN")
