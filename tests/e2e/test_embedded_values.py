"""SQL in the embedded engine: values go in and come out unchanged, or with an error that says why not."""
import datetime as dt

import pyarrow as pa
import pytest

from embedded_tables import D, assert_same, every_type, orders, storage
from native import NativeError


@pytest.mark.parametrize("batch_rows", [1, 777, 2048, 100_000])
def test_every_type_goes_in_and_comes_out_unchanged(engine, batch_rows):
    table = every_type(1 if batch_rows == 1 else 5000) if batch_rows != 1 else every_type(300)
    engine.add("every", table, batch_rows=batch_rows)
    got = engine.table("SELECT * FROM every")
    assert [str(f.type) for f in got.schema] == [str(f.type) for f in table.schema]
    assert_same(got, table)


def test_values_survive_operators_that_keep_them(engine):
    """Sort, window, aggregate, join build and probe sides, and distinct hold on to strings
    for longer than the batch that they came in lives."""
    table = every_type(6000).append_column("k", pa.array(range(6000), pa.int64()))
    engine.add("every", table, batch_rows=300)
    for sql in [
        "SELECT * FROM every ORDER BY hash(t), k",
        "SELECT DISTINCT ON (k) * FROM every",
        "SELECT x.* FROM every x JOIN every y ON x.k = y.k",
        "SELECT y.* FROM every x JOIN every y ON x.k = y.k AND x.t IS NOT DISTINCT FROM y.t",
        "SELECT * FROM every QUALIFY row_number() OVER (PARTITION BY k) = 1",
        "WITH c AS MATERIALIZED (SELECT * FROM every) SELECT c.* FROM c JOIN c d USING (k)",
        "SELECT * FROM every UNION ALL SELECT * FROM every WHERE k < 0",
    ]:
        got = engine.table(sql).sort_by("k")
        assert_same(got, table)


def test_streaming_window_and_aggregates_keep_strings(engine):
    table = orders(30_000)
    engine.add("o", table, batch_rows=700)
    notes = table["note"].to_pylist()
    assert engine.table("SELECT lag(note, 3000) OVER () AS n FROM o")["n"].to_pylist() == [None] * 3000 + notes[:-3000]
    row = engine.table("SELECT first(note) AS a, last(note) AS z, min(note) AS lo, max(note) AS hi, "
                       "list(note)[4712] AS l, string_agg(note, '|' ORDER BY order_id) AS s, "
                       "arg_max(note, order_id) AS m FROM o").to_pylist()[0]
    there = [n for n in notes if n]
    assert row == {"a": None, "z": notes[-1], "lo": min(there), "hi": max(there), "l": notes[4711],
                   "s": "|".join(there), "m": there[-1]}


def test_sliced_and_offset_batches_are_read_where_they_begin(engine):
    table = every_type(4000)

    def batches(names):
        whole = table.select(names).combine_chunks().to_batches()[0]
        return [whole.slice(0, 3), whole.slice(3, 1), whole.slice(4, 0), whole.slice(4, 2061), whole.slice(2065)]
    engine.add_input("every", table.schema, batches)
    assert_same(engine.table("SELECT * FROM every"), table)


def test_json_is_json_in_sql(engine):
    engine.add("t", pa.table({"j": pa.ExtensionArray.from_storage(pa.json_(), pa.array(['{"a": {"b": "☃"}}', None]))}))
    got = engine.table("SELECT j, j->>'$.a.b' AS b, j->'a' AS a, json_type(j) AS t, to_json(1) AS n FROM t")
    assert [c[1] for c in engine.prepare("SELECT j, j->'a' AS a, j->>'a' AS t FROM t")[0]] == ["json", "json", "string"]
    assert list(storage(got).values())[0].to_pylist() == ['{"a": {"b": "☃"}}', None]
    assert [got.column(i)[0].as_py() for i in range(1, 5)] == ["☃", '{"b":"☃"}', "OBJECT", "1"]


def test_results_are_widened_without_loss(engine):
    row = engine.table(
        "SELECT 1::TINYINT a, 255::UTINYINT b, 65535::USMALLINT c, 4294967295::UINTEGER d, 18446744073709551615::UBIGINT e, "
        "99999999999999999999999999999999999999::HUGEINT f, 'x'::ENUM('y', 'x') g, TIMESTAMP_S '2024-01-01' h, "
        "TIMESTAMP_MS '2024-01-01 00:00:00.001' i, -7::HUGEINT j, NULL::ENUM('y') k")
    assert [str(t) for t in row.schema.types] == [
        "int16", "int16", "int32", "int64", "decimal128(20, 0)", "decimal128(38, 0)", "string", "timestamp[us]",
        "timestamp[us]", "decimal128(38, 0)", "string"]
    assert list(row.to_pylist()[0].values()) == [
        1, 255, 65535, 4294967295, D(18446744073709551615), D("9" * 38), "x", dt.datetime(2024, 1, 1),
        dt.datetime(2024, 1, 1, 0, 0, 0, 1000), D(-7), None]


@pytest.mark.parametrize("sql, what, hint", [
    ("SELECT 99999999999999999999999999999999999999::HUGEINT + 1 AS big", "`big` has more than 38 digits", "CAST"),
    ("SELECT 'infinity'::TIMESTAMP AS t", "`t` holds an infinite", "isfinite"),
    ("SELECT '-infinity'::TIMESTAMPTZ AS t", "`t` holds an infinite", "isfinite"),
    ("SELECT 'infinity'::DATE AS d", "`d` holds an infinite", "isfinite"),
])
def test_values_that_can_not_be_carried_are_data_errors(engine, sql, what, hint):
    error = engine.failure(sql)
    assert (error.kind, what in str(error), hint in error.hint) == ("data", True, True), (str(error), error.hint)


@pytest.mark.parametrize("expression, type_, cast", [
    ("INTERVAL 1 DAY", "INTERVAL", "CAST(... AS VARCHAR)"),
    ("[1]", "LIST", "to_json(...)"),
    ("{'a': 1}", "STRUCT", "to_json(...)"),
    ("MAP {'a': 1}", "MAP", "to_json(...)"),
    ("'101'::BIT", "BIT", "CAST(... AS VARCHAR)"),
    ("'10:00:00+02'::TIMETZ", "TIME WITH TIME ZONE", "CAST(... AS TIME)"),
    ("TIMESTAMP_NS '2024-01-01'", "TIMESTAMP_NS", "CAST(... AS TIMESTAMP)"),
    ("1::UHUGEINT", "UHUGEINT", "CAST(... AS DECIMAL(38,0))"),
])
def test_types_that_are_not_carried_stop_planning_with_the_cast_to_write(engine, expression, type_, cast):
    with pytest.raises(NativeError, match="`x` has the type " + type_) as caught:
        engine.prepare(f"SELECT {expression} AS x")
    assert caught.value.hint.startswith(f'write {cast} AS "x"')
