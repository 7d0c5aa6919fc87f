"""Inputs of the embedded engine: what a statement scans, and what is loaded before it."""
import pyarrow as pa
import pytest

from embedded_tables import assert_same, every_type, orders, users
from native import NativeError


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
