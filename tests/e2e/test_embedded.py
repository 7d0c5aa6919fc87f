"""SQL in the embedded engine: values, scans, loading, errors, sandbox, limits, published files."""
import datetime as dt
import decimal
import random
import threading
import uuid

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from embedded_engine import Engine
from native import NativeError

D = decimal.Decimal
UTC = dt.timezone.utc
decimal.getcontext().prec = 60


@pytest.fixture
def make_engine(native, tmp_path):
    engines = []

    def make(**options):
        engines.append(Engine(native, tmp_path, **options))
        return engines[-1]
    yield make
    for engine in engines:
        engine.close()


@pytest.fixture
def engine(make_engine):
    return make_engine()


def orders(n=10_000):
    return pa.table({
        "order_id": pa.array(range(n), pa.int64()),
        "user_id": pa.array([i % 100 if i % 13 else None for i in range(n)], pa.int32()),
        "amount": pa.array([i / 7 for i in range(n)], pa.float64()),
        "note": pa.array([f"note on the order number {i}" if i % 5 else None for i in range(n)], pa.string()),
    })


def users(n=100):
    return pa.table({
        "user_id": pa.array(range(n), pa.int32()),
        "userName": pa.array([f"a name that is rather long {i} ☃" if i % 3 else "short" for i in range(n)]),
    })


# ---- values ----

def every_type(n):
    """Random values, the extremes first, a null in about every fifth place."""
    r = random.Random(7)
    digits = {3: 3, 4: 4, 5: 5, 9: 9, 10: 10, 18: 18, 19: 19, 38: 38}

    def column(type_, extremes, draw):
        values = list(extremes) + [draw() if r.random() < 0.8 else None for _ in range(n - len(extremes))]
        return pa.array(values, type_)

    def integer(bits):
        return lambda: r.randint(-2 ** (bits - 1), 2 ** (bits - 1) - 1)

    def text():
        return "".join(r.choice("aé☃🚰 \\'\"\n\t") for _ in range(r.choice([0, 1, 4, 11, 12, 13, 40])))

    columns = {
        "b": column(pa.bool_(), [True, False, None], lambda: r.random() < 0.5),
        "i2": column(pa.int16(), [-2 ** 15, 2 ** 15 - 1], integer(16)),
        "i4": column(pa.int32(), [-2 ** 31, 2 ** 31 - 1], integer(32)),
        "i8": column(pa.int64(), [-2 ** 63, 2 ** 63 - 1], integer(64)),
        "f4": column(pa.float32(), [0.0, -0.0, float("inf"), float("-inf"), 1.5], lambda: float(r.randint(0, 9))),
        "f8": column(pa.float64(), [0.0, -0.0, float("inf"), float("-inf"), 5e-324, 1.7976931348623157e308], r.random),
        "t": column(pa.string(), ["", "x" * 12, "x" * 13, "x" * 100_000], text),
        "y": column(pa.binary(), [b"", b"\0", b"\xff" * 13], lambda: r.randbytes(r.choice([0, 12, 13, 50]))),
        "d": column(pa.date32(), [dt.date.min, dt.date.max, dt.date(1970, 1, 1)],
                    lambda: dt.date(2000, 1, 1) + dt.timedelta(r.randint(-9999, 9999))),
        "ti": column(pa.time64("us"), [dt.time(), dt.time.max], lambda: dt.time(r.randint(0, 23), 5, 6, 7)),
        "ts": column(pa.timestamp("us"), [dt.datetime.min, dt.datetime.max], lambda: dt.datetime(2024, 1, r.randint(1, 31))),
        "tz": column(pa.timestamp("us", "UTC"), [dt.datetime(1, 1, 1, tzinfo=UTC)],
                     lambda: dt.datetime(2024, 1, r.randint(1, 31), tzinfo=UTC)),
        "u": pa.ExtensionArray.from_storage(pa.uuid(), column(pa.binary(16), [b"\0" * 16, b"\xff" * 16],
                                                              lambda: r.randbytes(16))) if hasattr(pa, "uuid") else None,
        "j": pa.ExtensionArray.from_storage(pa.json_(), column(pa.string(), ['{"a": [1, null]}', "3"], lambda: '"☃"')),
    }
    for precision in digits:
        scale = precision // 2
        top = D(10 ** precision - 1).scaleb(-scale)
        columns[f"n{precision}"] = column(
            pa.decimal128(precision, scale), [top, -top, D(0)],
            lambda p=precision, s=scale: D(r.randint(-10 ** p + 1, 10 ** p - 1)).scaleb(-s))
    return pa.table({name: c for name, c in columns.items() if c is not None})


def storage(table):
    """Extension columns as what they are stored as, so that tables compare by value."""
    return {f.name: (table[f.name].cast(f.type.storage_type) if isinstance(f.type, pa.BaseExtensionType)
                     else table[f.name]).combine_chunks() for f in table.schema}


def assert_same(got, want):
    got, want = storage(got), storage(want)
    assert list(got) == list(want)
    for name in want:
        assert got[name].type == want[name].type, name
        # Bits, so that -0 is not 0.
        assert str(got[name].to_pylist()) == str(want[name].to_pylist()), name


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


# ---- scans ----

@pytest.mark.parametrize("sql, scans", [
    ("SELECT order_id FROM o", [("o", ["order_id"])]),
    ("SELECT count(*) AS n FROM o", [("o", [])]),
    ("SELECT 1 AS one FROM o", [("o", [])]),
    ("SELECT note FROM o WHERE amount > 5", [("o", ["amount", "note"])]),
    ("SELECT a.order_id FROM o a JOIN o b ON a.order_id = b.user_id", [("o", ["order_id"]), ("o", ["user_id"])]),
    ("SELECT order_id FROM o UNION ALL SELECT user_id FROM u", [("o", ["order_id"]), ("u", ["user_id"])]),
    ('SELECT order_id, "userName" FROM o LEFT JOIN u USING (user_id)',
     [("o", ["order_id", "user_id"]), ("u", ["userName", "user_id"])]),
    ("SELECT order_id, (SELECT max(user_id) FROM u) AS m FROM o", [("o", ["order_id"]), ("u", ["user_id"])]),
    ("WITH c AS MATERIALIZED (SELECT user_id FROM o) SELECT x.user_id FROM c x, c y LIMIT 3", [("o", ["user_id"])]),
    ("SELECT order_id FROM o ORDER BY amount DESC LIMIT 3", None),
    ("SELECT order_id FROM o WHERE order_id IN (SELECT user_id FROM u WHERE \"userName\" = 'short')",
     [("o", ["order_id"]), ("u", ["userName", "user_id"])]),
])
@pytest.mark.parametrize("threads", [1, 2])
def test_described_scans_are_the_ones_that_a_run_opens(make_engine, sql, scans, threads):
    engine = make_engine(threads=threads)
    o, u = engine.add("o", orders()), engine.add("u", users())
    _, described = engine.prepare(sql)
    assert o.opened == u.opened == []
    engine.table(sql)
    opened = sorted([("o", sorted(c)) for c in o.opened] + [("u", sorted(c)) for c in u.opened])
    assert opened == described
    assert scans is None or described == scans


def test_described_scans_hold_with_parameters(engine):
    o = engine.add("o", orders())
    sql = "SELECT order_id FROM o WHERE $all OR amount > $least"
    for params in [{"all": ("bool", "true"), "least": ("double", "1")}, {"all": ("bool", "false"), "least": ("double", "1")}]:
        o.opened.clear()
        _, scans = engine.prepare(sql, params)
        engine.table(sql, params)
        assert [("o", sorted(c)) for c in o.opened] == scans


def test_limit_ends_the_streams_early(engine):
    pulled = []

    def batches(names):
        for i in range(1000):
            pulled.append(i)
            yield pa.RecordBatch.from_pydict({"i": list(range(5000))}, pa.schema([("i", pa.int64())])).select(names)
    engine.add_input("t", pa.schema([("i", pa.int64())]), batches)
    assert len(engine.table("SELECT i FROM t LIMIT 10")) == 10
    assert len(pulled) < 200


def test_back_pressure_holds_the_input(make_engine):
    engine, pulled = make_engine(threads=1), []

    def batches(names):
        for i in range(2000):
            pulled.append(i)
            yield pa.RecordBatch.from_pydict({"i": list(range(10_000))}, pa.schema([("i", pa.int64())]))
    engine.add_input("t", pa.schema([("i", pa.int64())]), batches)
    with engine.stream("SELECT i FROM t") as pull:
        assert pull() > 0
        assert len(pulled) < 100
    assert engine.value("SELECT 1") == 1


def test_empty_inputs_and_results(engine):
    engine.add("o", orders(0))
    engine.add("u", users())
    assert engine.table("SELECT * FROM o").num_rows == 0
    assert engine.value("SELECT count(*) FROM o") == 0
    joined = engine.table('SELECT u."userName", o.note FROM u LEFT JOIN o USING (user_id)')
    assert joined.num_rows == 100 and joined["note"].null_count == 100
    with engine.stream("SELECT * FROM o") as pull:
        assert pull() is None
        assert pull() is None


def test_names_are_quoted_as_postgres_spells_them(engine):
    table = pa.table({'a "b" c': [1], "select": [2], "Straße": [3], "c1": [4], "c0": [5]})
    engine.add("weird alias", table)
    row = engine.table('SELECT "a ""b"" c", "select", "Straße", c1, c0 FROM "weird alias"').to_pylist()[0]
    assert row == table.to_pylist()[0]
    with pytest.raises(NativeError, match="differ in case only"):
        engine.add("o", pa.table({"userId": [1], "userid": [2]}))
    with pytest.raises(NativeError, match="two tables are called `Weird alias`"):
        engine.add("Weird alias", table)


# ---- loading ----

def test_loaded_inputs_give_the_same_rows_and_are_no_scans(make_engine):
    sql = ('SELECT o.order_id, o.note, u."userName" FROM o JOIN u USING (user_id) '
           "UNION ALL SELECT o.order_id, NULL, o.note FROM o WHERE amount < 3 ORDER BY ALL")
    direct, loaded = make_engine(), make_engine()
    for engine in (direct, loaded):
        engine.add("o", orders())
        engine.add("u", users())
    loaded.load("o", ["note", "order_id", "user_id", "amount"])
    assert len(loaded.inputs["o"].opened) == 1
    assert loaded.prepare(sql)[1] == [("u", ["userName", "user_id"])]
    assert loaded.table(sql).equals(direct.table(sql))
    assert len(loaded.inputs["o"].opened) == 1


def test_every_type_survives_loading(engine):
    table = every_type(5000)
    engine.add("every", table)
    engine.load("every", table.column_names)
    assert_same(engine.table("SELECT * FROM every"), table)


def test_loading_no_column_keeps_the_count(engine):
    engine.add("o", orders(1234))
    engine.load("o", [])
    assert engine.value("SELECT count(*) FROM o") == 1234


def test_a_failing_input_stops_loading_with_its_own_error(engine):
    engine.add("o", orders(), fail="invalid text")
    with pytest.raises(NativeError, match="^invalid text$") as caught:
        engine.load("o", ["note"])
    assert caught.value.kind == "data" and "order_id=7" in caught.value.place


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


# ---- limits, interrupting, concurrency ----

def test_a_sort_spills_under_a_small_limit(make_engine, tmp_path):
    engine = make_engine(memory=64 << 20, threads=1)
    batch = pa.RecordBatch.from_pydict({"i": pa.array(range(65536), pa.int64()), "t": ["x" * 60] * 65536})
    engine.add_input("t", batch.schema, lambda names: (batch.select(names) for _ in range(40)), rows=65536 * 40)
    with engine.stream("SELECT * FROM t ORDER BY hash(i), t") as pull:
        rows = pull()
        assert list((tmp_path / "spill").iterdir())
        while (n := pull()) is not None:
            rows += n
    assert rows == 65536 * 40


def test_too_little_memory_says_what_to_raise(make_engine, tmp_path):
    engine = make_engine(memory=24 << 20, threads=1)
    engine.add("o", orders(100_000))
    error = engine.failure("SELECT list(note) AS l, list(order_id::VARCHAR || note || amount) AS m, "
                           "string_agg(note || note || note || note, '|')::JSON AS n FROM o, range(9)")
    assert error.kind == "internal" and "limits.memory" in error.hint, str(error)


@pytest.mark.parametrize("threads", [1, 2])
def test_an_interrupt_from_another_thread_ends_the_statement(make_engine, threads):
    engine, begun = make_engine(threads=threads), threading.Event()

    def batches(names):
        while True:
            begun.set()
            yield pa.RecordBatch.from_pydict({"i": list(range(1000))}, pa.schema([("i", pa.int64())])).select(names)
    engine.add_input("t", pa.schema([("i", pa.int64())]), batches)

    def interrupt():
        assert begun.wait(60)
        engine.interrupt()
    other = threading.Thread(target=interrupt)
    other.start()
    error = engine.failure("SELECT count(*) AS n, max(i) AS m FROM t")
    other.join()
    assert (error.kind, str(error)) == ("cancelled", "interrupted")
    assert engine.value("SELECT 1") == 1


def test_describing_does_not_disturb_a_running_statement(engine):
    engine.add("o", orders(300_000))
    with engine.stream("SELECT order_id FROM o") as pull:
        rows = pull()
        assert engine.prepare("SELECT sum(amount) AS s FROM o")[1] == [("o", ["amount"])]
        with pytest.raises(NativeError, match="still running"):
            engine.table("SELECT 1")
        while (n := pull()) is not None:
            rows += n
    assert rows == 300_000


@pytest.mark.parametrize("threads", [1, 2])
def test_many_tables_are_joined_and_united(make_engine, threads):
    engine = make_engine(threads=threads)
    for i in range(5):
        engine.add(f"t{i}", pa.table({"k": list(range(3000)), f"v{i}": [f"value {i} of {k}" for k in range(3000)]}))
    got = engine.table("SELECT k, v0, v1, v2, v3, v4 FROM t0 JOIN t1 USING (k) JOIN t2 USING (k) JOIN t3 USING (k) "
                       "JOIN t4 USING (k) UNION ALL SELECT k, v0, v0, v0, v0, v0 FROM t0")
    assert got.num_rows == 6000
    row = got.slice(2999, 1).to_pylist()[0]
    assert [row[f"v{i}"] for i in range(5)] == [f"value {i} of {row['k']}" for i in range(5)]


# ---- published files ----

KEYS = ["7", "007", "true", "2024-01-01", "", None, "NULL", "null", "__HIVE_DEFAULT_PARTITION__", "a=b/c", "it's ☃", "%20"]


def publish(folder, keys, rows=3):
    paths = []
    for i, key in enumerate(keys):
        # As misleading as a folder's name can be.
        path = folder / f"key={i % 3}" / f"part-{i}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table({"id": pa.array([i * rows + k for k in range(rows)], pa.int64())}), path)
        paths.append(path)
    return paths


def test_partition_keys_come_back_as_what_they_were(make_engine, tmp_path):
    lake = tmp_path / "lake"
    engine = make_engine(allowed=lake)
    schema = pa.schema([("id", pa.int64()), ("key", pa.string())])
    engine.add_files("d", schema, publish(lake, KEYS), KEYS, 1)
    got = engine.table("SELECT id, key FROM d ORDER BY id")
    assert got.schema.types == schema.types
    assert got["key"].to_pylist() == [k for k in KEYS for _ in range(3)]
    for i, key in enumerate(KEYS):
        where = "key IS NULL" if key is None else "key = '" + key.replace("'", "''") + "'"
        assert engine.table(f"SELECT id FROM d WHERE {where} ORDER BY id")["id"].to_pylist() == [i * 3, i * 3 + 1, i * 3 + 2]
    assert engine.value("SELECT count(DISTINCT key) FROM d") == len(KEYS) - 1
    assert engine.value("SELECT count(*) FROM d") == 3 * len(KEYS)


def test_partition_columns_have_the_types_of_the_manifest(make_engine, tmp_path):
    lake = tmp_path / "lake"
    engine = make_engine(allowed=lake)
    schema = pa.schema([("id", pa.int64()), ("i", pa.int32()), ("d", pa.date32()), ("b", pa.bool_()), ("n", pa.decimal128(9, 2))])
    values = ["7", "2024-01-01", "true", "1.50", None, None, None, None]
    engine.add_files("d", schema, publish(lake, ["x", "y"], rows=1), values, 4)
    got = engine.table("SELECT * FROM d ORDER BY id")
    assert got.schema.types == schema.types
    assert got.to_pylist() == [{"id": 0, "i": 7, "d": dt.date(2024, 1, 1), "b": True, "n": D("1.50")},
                               {"id": 1, "i": None, "d": None, "b": None, "n": None}]


def test_files_of_other_partitions_are_not_opened(make_engine, tmp_path):
    lake = tmp_path / "lake"
    engine = make_engine(allowed=lake)
    paths = publish(lake, ["a", "b", "c"])
    engine.add_files("d", pa.schema([("id", pa.int64()), ("key", pa.string())]), paths, ["a", "b", "c"], 1)
    paths[1].write_bytes(b"not parquet at all")
    engine.add_files("typed", pa.schema([("id", pa.int64()), ("day", pa.date32())]), paths,
                     ["2024-01-01", "2024-01-02", "2024-01-03"], 1)
    assert engine.table("SELECT id FROM typed WHERE day = DATE '2024-01-03'").num_rows == 3
    assert engine.table("SELECT id FROM typed WHERE day <> '2024-01-02' OR day IS NULL").num_rows == 6
    assert engine.table("SELECT id FROM d WHERE key = 'c'")["id"].to_pylist() == [6, 7, 8]
    assert engine.table("SELECT id FROM d WHERE key IN ('c', 'z') OR key < 'b'").num_rows == 6
    assert engine.failure("SELECT id FROM d").kind != "none"


def test_a_dataset_may_have_a_column_called_filename(make_engine, tmp_path):
    lake = tmp_path / "lake"
    lake.mkdir()
    pq.write_table(pa.table({"filename": ["x"]}), lake / "a.parquet")
    engine = make_engine(allowed=lake)
    engine.add_files("d", pa.schema([("filename", pa.string()), ("key", pa.string())]), [lake / "a.parquet"], ["k"], 1)
    assert engine.table("SELECT * FROM d WHERE key = 'k'").to_pylist() == [{"filename": "x", "key": "k"}]


def test_a_partition_value_that_is_none_of_its_type(make_engine, tmp_path):
    lake = tmp_path / "lake"
    engine = make_engine(allowed=lake)
    with pytest.raises(NativeError, match="(?i)invalid date|convert"):
        engine.add_files("d", pa.schema([("id", pa.int64()), ("day", pa.date32())]), publish(lake, ["x"]), ["x"], 1)


def test_a_dataset_without_files_has_its_schema(engine):
    schema = pa.schema([("id", pa.int64()), ("t", pa.string()), ("key", pa.string())])
    engine.add_files("d", schema, [], [], 1)
    got = engine.table("SELECT * FROM d")
    assert got.num_rows == 0 and got.schema.names == schema.names and got.schema.types == schema.types


def test_a_missing_file_is_named(make_engine, tmp_path):
    lake = tmp_path / "lake"
    engine = make_engine(allowed=lake)
    paths = publish(lake, ["a", "b"])
    engine.add_files("d", pa.schema([("id", pa.int64())]), paths)
    paths[1].unlink()
    error = engine.failure("SELECT id FROM d")
    assert str(paths[1]) in str(error) and "tailrace verify" in error.hint


def test_every_type_is_read_from_files(make_engine, tmp_path):
    lake = tmp_path / "lake"
    lake.mkdir()
    table = every_type(3000)
    pq.write_table(table, lake / "a [1] ☃.parquet")
    engine = make_engine(allowed=lake)
    engine.add_files("d", table.schema, [lake / "a [1] ☃.parquet"])
    assert_same(engine.table("SELECT * FROM d"), table)


@pytest.mark.slow
def test_three_thousand_files(make_engine, tmp_path):
    lake = tmp_path / "lake"
    engine = make_engine(allowed=lake)
    keys = [f"{i:05d}" for i in range(3000)]
    engine.add_files("d", pa.schema([("id", pa.int64()), ("key", pa.string())]), publish(lake, keys), keys, 1)
    assert engine.table("SELECT id FROM d WHERE key = '02999' ORDER BY id")["id"].to_pylist() == [8997, 8998, 8999]
    assert engine.table("SELECT key, count(*) AS n FROM d GROUP BY key").num_rows == 3000
