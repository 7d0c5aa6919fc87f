"""The embedded engine's memory, its interruption, and statements beside each other."""
import threading

import pyarrow as pa
import pytest

from embedded_tables import orders
from native import NativeError


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
