"""Published files in the embedded engine: exactly the listed ones, with the manifest's types."""
import datetime as dt

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from embedded_tables import D, assert_same, every_type
from native import NativeError


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
