"""Every type that is read, value by value against what Postgres says."""
import decimal
import uuid

import pytest

from lake_reader import assert_same_rows, canonical
from source_api import Source, SourceError

# type, the contract's type, values as SQL
TYPES = [
    ("bool", "bool", ["true", "false"]),
    ("int2", "smallint", ["-32768", "0", "32767"]),
    ("int4", "int", ["-2147483648", "-1", "2147483647"]),
    ("int8", "bigint", ["-9223372036854775808", "0", "9223372036854775807"]),
    ("oid", "bigint", ["0", "4294967295"]),
    ("xid", "bigint", ["'3'", "'4294967295'"]),
    ("float4", "float", ["'NaN'", "'Infinity'", "'-Infinity'", "-0.0", "3.4028235e38", "1e-45", "0.1"]),
    ("float8", "double", ["'NaN'", "'Infinity'", "'-Infinity'", "'-0'", "1.7976931348623157e308", "5e-324", "0.1"]),
    ("numeric(10,2)", "decimal(10,2)", ["0", "-0.01", "99999999.99", "-99999999.99", "1200", "0.5"]),
    ("numeric(38,0)", "decimal(38,0)", ["99999999999999999999999999999999999999", "-1", "1e37"]),
    ("numeric(38,38)", "decimal(38,38)", ["0.99999999999999999999999999999999999999", "1e-38"]),
    ("numeric(38,10)", "decimal(38,10)", ["9999999999999999999999999999.9999999999", "10000.0001"]),
    ("numeric(3,-2)", "decimal(5,0)", ["12300", "-99900", "0"]),
    ("numeric(3,5)", "decimal(5,5)", ["0.00999", "-0.00001"]),
    ("text", "string", ["''", "'a'", "'naïve ☃ 😀 \u0301'", "repeat('äöü', 20000)", "E'\\\\ \\n\\t\\u0001'"]),
    ("varchar(20)", "string", ["''", "'x  '", "'日本語'"]),
    ("name", "string", ["'pg_class'"]),
    ('"char"', "string", ["'a'", "''"]),
    ("bytea", "binary", ["''", "'\\x00ff'", "decode(repeat('00ff', 5000), 'hex')"]),
    ("date", "date", ["'2000-01-01'", "'1969-12-31'", "'4713-11-24 BC'", "'5874897-12-31'", "'0001-01-01'",
                      "'9999-12-31'"]),
    ("timestamp", "timestamp", ["'2000-01-01'", "'1969-12-31 23:59:59.999999'", "'4713-11-24 00:00 BC'",
                                "'9999-12-31 23:59:59.999999'", "'294247-01-10 04:00:54.775806'"]),
    ("timestamp(3)", "timestamp", ["'2024-02-29 12:00:00.1239'"]),
    ("timestamptz", "timestamptz", ["'2024-03-31 02:30:00+02'", "'1900-01-01 00:00+00'", "'4713-11-24 00:00+00 BC'"]),
    ("time", "time", ["'00:00'", "'24:00'", "'23:59:59.999999'"]),
    ("uuid", "uuid", ["'00000000-0000-0000-0000-000000000000'", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'"]),
    ("json", "json", ["'{\"a\" :  [1,2 ]}'", "'null'", "'\"ü\"'"]),
    ("jsonb", "json", ["'{\"b\": 1, \"a\": 2}'", "'[]'", "'1.50'"]),
    ("mood", "string", ["'sad'", "'ök'"]),
    ("price", "decimal(12,4)", ["1.2345", "99999999.9999"]),
    ("fine_price", "decimal(12,4)", ["1.2345"]),
    ("email", "string", ["'a@b'"]),
]

DOMAINS = """
    CREATE TYPE mood AS ENUM ('sad', 'ök');
    CREATE DOMAIN price AS numeric(12,4) CHECK (VALUE >= 0);
    CREATE DOMAIN fine_price AS price;
    CREATE DOMAIN email AS varchar(50);
"""


@pytest.fixture
def types(db):
    db.execute(DOMAINS)
    return db


def make_table(db, pg_type, values):
    rows = ", ".join(f"({i}, ({value})::{pg_type})" for i, value in enumerate(values))
    db.execute(f"CREATE TABLE v (id int PRIMARY KEY, v {pg_type}); INSERT INTO v VALUES {rows}, (-1, NULL)")


@pytest.mark.parametrize("pg_type, mapped, values", TYPES, ids=[t[0] for t in TYPES])
def test_values_and_nulls_are_those_of_postgres(types, native, pg_type, mapped, values):
    make_table(types, pg_type, values)
    with Source(native, types.url) as source:
        relation = source.relation("public.v")
        assert relation.columns["v"]["supported"], relation.columns["v"]["why"]
        assert relation.columns["v"]["type"] == mapped
        table = source.read(relation)
    assert table.column("v").null_count == 1
    assert_same_rows(canonical(table), types.canonical("SELECT * FROM v"))


def test_citext_is_text(db, native):
    try:
        db.execute("CREATE EXTENSION citext")
    except Exception as error:  # the server's contrib modules are a package of their own
        assert "citext" in str(error)
        db.execute("CREATE TYPE citext AS ENUM ('Ab')")
    db.execute("CREATE TABLE v AS SELECT 'Ab'::citext AS v")
    with Source(native, db.url) as source:
        assert source.read("v").to_pylist() == [{"v": "Ab"}]


def test_padded_char_keeps_its_blanks(db, native):
    db.execute("CREATE TABLE v (v char(5)); INSERT INTO v VALUES ('ab'), (''), (NULL)")
    with Source(native, db.url) as source:
        assert source.read("v").column("v").to_pylist() == ["ab   ", "     ", None]


def test_types_come_out_as_python_values(db, native):
    db.execute("CREATE TABLE v AS SELECT 1.50::numeric(5,2) AS n,"
               " 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid AS u, '{\"a\": 1}'::jsonb AS j")
    with Source(native, db.url) as source:
        row = source.read("v").to_pylist()[0]
    assert row["n"] == decimal.Decimal("1.50")
    assert uuid.UUID(bytes=row["u"]) if isinstance(row["u"], bytes) else row["u"] == uuid.UUID(
        "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")
    assert row["j"] == '{"a": 1}'


UNSUPPORTED = ["int[]", "interval", "inet", "cidr", "macaddr", "money", "timetz", "xml", "int4range", "point",
               "bit(3)", "tsvector", "pg_lsn", "pair", "tags"]


def test_every_other_type_says_what_can_be_done(db, native):
    db.execute("CREATE TYPE pair AS (a int, b int); CREATE DOMAIN tags AS text[]")
    columns = ", ".join(f'"c {i}" {t}' for i, t in enumerate(UNSUPPORTED))
    db.execute(f"CREATE TABLE v (id int, {columns})")
    with Source(native, db.url) as source:
        relation = source.relation("v")
        for i, pg_type in enumerate(UNSUPPORTED):
            column = relation.columns[f"c {i}"]
            assert not column["supported"], pg_type
            assert f"`c {i}`" in column["why"] and f'"c {i}"::text' in column["why"] and "leave it out" in column["why"]
        with pytest.raises(Exception, match="which tailrace does not read yet"):
            source.scan(relation, ["c 0"])
        assert source.drain(relation, ["id"]) == 0


def test_numeric_without_precision_is_proposed_one_from_the_statistics(db, native):
    db.execute("CREATE TABLE v AS SELECT (i * 1.125)::numeric AS n, i::numeric(50,3) AS wide, 1::numeric AS bare"
               " FROM generate_series(1, 1000) i; ANALYZE v; CREATE TABLE w (n numeric)")
    with Source(native, db.url) as source:
        columns = source.relation("v").columns
        assert "4 digits before and 3 behind the point" in columns["n"]["why"]
        assert '"n"::numeric(11,3) would hold it' in columns["n"]["why"]
        assert "numeric(50,3)" in columns["wide"]["why"] and "at most 38 digits" in columns["wide"]["why"]
        assert '"n"::numeric(p,s)' in source.relation("w").columns["n"]["why"]


SPECIAL = [
    ("numeric(5,2)", "'NaN'", "NaN"),
    ("date", "'infinity'", "infinity"),
    ("date", "'-infinity'", "-infinity"),
    ("timestamp", "'infinity'", "infinity"),
    ("timestamptz", "'-infinity'", "-infinity"),
    ("timestamp", "'294270-01-01'", "a time after 294247-01-10 04:00:54.775806"),
]


@pytest.mark.parametrize("pg_type, value, shown", SPECIAL)
def test_special_values_stop_with_the_rows_key_or_become_null(db, native, pg_type, value, shown):
    db.execute(f"CREATE TABLE v (a text, id int, v {pg_type}, PRIMARY KEY (id, a));"
               f" INSERT INTO v SELECT 'k', i, CASE WHEN i = 700 THEN {value}::{pg_type} END"
               " FROM generate_series(1, 1000) i")
    with Source(native, db.url) as source:
        relation = source.relation("v")
        for columns in (relation.names, ["v"]):
            with pytest.raises(SourceError) as e:
                source.drain(relation, columns)
            assert e.value.kind == "data"
            assert e.value.what.startswith(f"column `v` holds {shown}, which `")
            assert "special_values: null" in e.value.hint
            assert e.value.place == {"table": "public.v", "field": "v", "row_key": "id=700, a=k"}
        # The same session reads on: the failed scan did not cost it the snapshot.
        table = source.read(relation, special_to_null=True)
        assert table.num_rows == 1000 and table.column("v").null_count == 1000


def test_without_a_key_the_row_is_numbered(db, native):
    db.execute("CREATE TABLE v AS SELECT CASE WHEN i = 42 THEN 'NaN'::numeric(9,0) ELSE i END::numeric(9,0) AS v"
               " FROM generate_series(1, 100) i")
    with Source(native, db.url) as source, pytest.raises(SourceError) as e:
        source.drain("v")
    assert e.value.place["row_key"] == "42 of the scan"


def test_invalid_text_stops_with_the_rows_key(postgres, native):
    import psycopg
    with psycopg.connect(postgres.url(), autocommit=True) as c:
        c.execute("CREATE DATABASE source_ascii ENCODING 'SQL_ASCII' TEMPLATE template0")
    try:
        with psycopg.connect(postgres.url("source_ascii"), autocommit=True) as c:
            c.execute("CREATE TABLE v (id int PRIMARY KEY, t text)")
            c.execute(r"INSERT INTO v SELECT i, CASE WHEN i = 31 THEN E'caf\xe9' ELSE E'caf\xc3\xa9' END"
                      " FROM generate_series(1, 50) i")
        with Source(native, postgres.url("source_ascii")) as source:
            with pytest.raises(SourceError) as e:
                source.drain("v")
            assert e.value.kind == "data"
            assert "invalid byte sequence" in e.value.what
            assert "convert the column in a view" in e.value.hint
            assert e.value.place["row_key"] == "id=31"
            table = source.read("v", where="id <> 31")
            assert table.column("t").to_pylist() == ["café"] * 49
    finally:
        with psycopg.connect(postgres.url(), autocommit=True) as c:
            c.execute("DROP DATABASE source_ascii WITH (FORCE)")
