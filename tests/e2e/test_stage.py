"""Staging: rows split by partition in bounded memory, read back by pyarrow."""
import datetime as dt
import decimal
import os
import random
import resource
import subprocess
import sys
from collections import Counter
from pathlib import Path
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from native import RUNTIME, NativeError
from staging import MIB, files_below, stage

HERE = Path(__file__).parent


def reader(table, rows=10_000):
    return table.to_reader(max_chunksize=rows)


def rows_of(table, columns):
    """The rows as a multiset, whatever the order of rows and columns."""
    return Counter(zip(*(table.column(name).to_pylist() for name in columns)))


def random_table(rows, seed=1):
    """Every type of a dataset, a third of the values null, and three columns to split by."""
    rng = random.Random(seed)

    def maybe(make):
        return [None if rng.random() < 0.3 else make() for _ in range(rows)]

    epoch = dt.datetime(1970, 1, 1)
    stamps = maybe(lambda: epoch + dt.timedelta(microseconds=rng.randint(-10**14, 10**14)))
    return pa.table({
        "id": pa.array(range(rows), pa.int64()),
        "country": pa.array(maybe(lambda: rng.choice(["de", "fr", "", "Ü b", "a/b", "x=y", "50%"]))),
        "created_at": pa.array([None if s is None else s + dt.timedelta(20_000) for s in stamps],
                               pa.timestamp("us")),
        "flag": pa.array(maybe(lambda: rng.random() < 0.5), pa.bool_()),
        "small": pa.array(maybe(lambda: rng.randint(-2**15, 2**15 - 1)), pa.int16()),
        "int": pa.array(maybe(lambda: rng.randint(-2**31, 2**31 - 1)), pa.int32()),
        "float": pa.array(maybe(rng.random), pa.float32()),
        "double": pa.array(maybe(rng.random), pa.float64()),
        "decimal": pa.array(maybe(lambda: decimal.Decimal(rng.randint(-10**20, 10**20)).scaleb(-4)),
                            pa.decimal128(38, 4)),
        "text": pa.array(maybe(lambda: "tüxt" * rng.randint(0, 9))),
        "bytes": pa.array(maybe(lambda: rng.randbytes(rng.randint(0, 40))), pa.binary()),
        "date": pa.array(maybe(lambda: dt.date(2024, 1, 1) + dt.timedelta(rng.randint(-9999, 9999))), pa.date32()),
        "zoned": pa.array(stamps, pa.timestamp("us", "UTC")),
        "time": pa.array(maybe(lambda: rng.randint(0, 86_400_000_000)), pa.time64("us")),
    })


@pytest.mark.parametrize("memory", [4 * MIB, pytest.param(64 * MIB, marks=pytest.mark.slow)])
@pytest.mark.parametrize("keys", ["country", "country,month(created_at)", "day(zoned)", "flag,year(date),country"])
def test_rows_split_by_several_keys_come_back(native, tmp_path, keys, memory):
    table = random_table(20_000)
    staged = stage(native, tmp_path / "lake", [reader(table)], keys, memory)
    identity = [key for key in keys.split(",") if "(" not in key]
    expected = table
    for key in identity:
        column = table.column(key)
        index = table.column_names.index(key)
        expected = expected.set_column(index, key, pc.cast(column, pa.string()))
    assert rows_of(staged.table(), table.column_names) == rows_of(expected, table.column_names)
    assert len({tuple(file.partition) for file in staged.files}) == len(staged.files), "one file a partition"
    for file in staged.files:
        assert (tmp_path / "lake" / file.path).stat().st_size == file.bytes
        assert not set(staged.read(file).column_names) & set(identity)


def test_files_lie_where_their_values_say(native, tmp_path):
    stamps = [dt.datetime(2024, 6, 17, 9, 59), dt.datetime(1969, 12, 31, 23, 59), None]
    table = pa.table({"id": [1, 2, 3], "at": pa.array(stamps, pa.timestamp("us")), "country": ["de", "a/b", None]})
    staged = stage(native, tmp_path / "lake", [reader(table)], "country,hour(at)")
    assert sorted(file.path for file in staged.files) == [
        "orders/run-1/country=__HIVE_DEFAULT_PARTITION__/at_hour=__HIVE_DEFAULT_PARTITION__/part-00002.parquet",
        "orders/run-1/country=a%2Fb/at_hour=1969-12-31-23/part-00001.parquet",
        "orders/run-1/country=de/at_hour=2024-06-17-09/part-00000.parquet",
    ]
    assert files_below(tmp_path / "lake") == sorted(tmp_path / "lake" / file.path for file in staged.files)


def test_texts_that_look_like_something_else_stay_texts(native, tmp_path):
    values = ["7", "007", "true", "2024-01-01", "", None, "ü€🐘", "a/b", "50%", "x=y", "..", " ", "NULL", "null",
              "__HIVE_DEFAULT_PARTITION__", "a" * 900, "a" * 901, "\n"]
    table = pa.table({"id": range(len(values) * 50), "key": pa.array(values * 50, pa.string())})
    staged = stage(native, tmp_path / "lake", [reader(table, 7)], "key")
    assert rows_of(staged.table(), ["id", "key"]) == rows_of(table, ["id", "key"])
    assert len(staged.files) == len(values)
    folders = {Path(file.path).parent.name: file.partition[0] for file in staged.files}
    assert len(folders) == len(values), "each value has a folder of its own"
    for folder, value in folders.items():
        if value is not None and len(value) < 250:
            assert unquote(folder) == f"key={value}"


def test_what_the_manifest_says_of_columns_is_true(native, tmp_path):
    table = pa.table({"k": ["a", "a", "b", "b"], "n": pa.array([3, -7, None, None], pa.int64()),
                      "t": ["x", None, "y", "zz"]})
    staged = stage(native, tmp_path / "lake", [reader(table)], "k")
    a, b = sorted(staged.files, key=lambda file: file.partition)
    assert (a.rows, b.rows) == (2, 2)
    assert a.columns[0] == (0, (True, (-7).to_bytes(8, "little", signed=True)), (True, (3).to_bytes(8, "little")))
    assert a.columns[1] == (1, (True, b"x"), (True, b"x"))
    assert b.columns[0] == (2, None, None)
    assert b.columns[1] == (0, (True, b"y"), (True, b"zz"))
    assert all(file.checksum.startswith("xxh3:") for file in staged.files)


def test_two_writers_share_the_files_of_a_partition(native, tmp_path):
    tables = [random_table(40_000, seed) for seed in (1, 2)]
    staged = stage(native, tmp_path / "lake", [reader(table, 3000) for table in tables], "country,flag", 4 * MIB)
    names = [name for name in tables[0].column_names if name not in ("country", "flag")]
    assert rows_of(staged.table(), names) == rows_of(pa.concat_tables(tables), names)
    assert len({tuple(file.partition) for file in staged.files}) == len(staged.files)


@pytest.mark.parametrize("memory", [4 * MIB, 16 * MIB, 32 * MIB])
def test_few_large_partitions_get_one_file_each(native, tmp_path, memory):
    rows = 600_000
    pad = pa.array([f"{i * 2654435761 % 2**32:064x}" for i in range(rows)])
    table = pa.table({"id": pa.array(range(rows), pa.int64()), "pad": pad,
                      "k": pa.array([i * 7919 % 5 for i in range(rows)])})
    staged = stage(native, tmp_path / "lake", [reader(table, 65_536)], "k", memory)
    assert sorted(file.partition[0] for file in staged.files) == ["0", "1", "2", "3", "4"]
    assert sum(file.rows for file in staged.files) == rows
    assert rows_of(staged.table(), ["id", "pad"]) == rows_of(table, ["id", "pad"])


def test_large_partitions_one_after_the_other_get_one_file_each(native, tmp_path):
    """Sorted input: files that are complete make room for the next ones."""
    rows, partitions = 1_200_000, 12
    table = pa.table({"id": pa.array(range(rows), pa.int64()),
                      "pad": pa.array([f"{i * 2654435761 % 2**32:016x}" for i in range(rows)]),
                      "k": pa.array([i * partitions // rows for i in range(rows)])})
    staged = stage(native, tmp_path / "lake", [reader(table, 16_384)], "k", 16 * MIB)
    assert sorted(int(file.partition[0]) for file in staged.files) == list(range(partitions))
    assert rows_of(staged.table(), ["id", "pad"]) == rows_of(table, ["id", "pad"])


def test_without_keys_a_file_a_writer_rolls_at_the_target_size(native, tmp_path):
    tables = [random_table(30_000, seed) for seed in (1, 2)]
    one = stage(native, tmp_path / "one", [reader(tables[0]), reader(tables[1])])
    assert sorted(file.path for file in one.files) == [f"orders/run-1/part-0000{i}.parquet" for i in range(2)]
    many = stage(native, tmp_path / "many", [reader(tables[0], 1000), reader(tables[1], 1000)], file_bytes=200_000)
    assert len(many.files) > 4
    expected = rows_of(pa.concat_tables(tables), tables[0].column_names)
    assert rows_of(one.table(), tables[0].column_names) == expected
    assert rows_of(many.table(), tables[0].column_names) == expected


def test_a_large_partition_rolls_at_the_target_size(native, tmp_path):
    table = random_table(40_000)
    staged = stage(native, tmp_path / "lake", [reader(table, 1000)], "flag", 4 * MIB, file_bytes=300_000)
    assert len(staged.files) > 3
    names = [name for name in table.column_names if name != "flag"]
    assert rows_of(staged.table(), names) == rows_of(table, names)


@pytest.mark.parametrize("keys", ["", "country"])
def test_no_rows_make_no_file(native, tmp_path, keys):
    staged = stage(native, tmp_path / "lake", [reader(random_table(10).slice(0, 0))], keys)
    assert staged.files == []
    assert files_below(tmp_path / "lake") == []


def test_slices_are_honoured(native, tmp_path):
    table = random_table(5000)
    parts = [table.slice(i, 333).combine_chunks().to_batches()[0].slice(5, 300) for i in range(0, 4500, 333)]
    staged = stage(native, tmp_path / "lake", [pa.RecordBatchReader.from_batches(table.schema, parts)], "country")
    names = [name for name in table.column_names if name != "country"]
    assert rows_of(staged.table(), names) == rows_of(pa.Table.from_batches(parts), names)


# ---- what goes wrong ----

@pytest.mark.parametrize("keys", ["", "country"])
def test_an_aborted_stage_leaves_nothing(native, tmp_path, keys):
    staged = stage(native, tmp_path / "lake", [reader(random_table(60_000), 5000)], keys, 4 * MIB,
                   file_bytes=100_000, fail_after=10)
    assert staged.files == []
    assert files_below(tmp_path) == []


def test_the_disk_limit_stops_the_run_and_leaves_nothing(native, tmp_path):
    with pytest.raises(NativeError) as failed:
        stage(native, tmp_path / "lake", [reader(random_table(60_000))], "day(created_at)", 4 * MIB, disk=100_000)
    assert failed.value.kind == "user"
    assert "limits.disk" in str(failed.value)
    assert "raise limits.disk or limits.memory" in failed.value.hint
    assert files_below(tmp_path) == []


def test_a_full_disk_stops_the_run_and_leaves_nothing(native, tmp_path):
    """A limit on the size of files stands in for the full disk: writing fails in the middle."""
    table = random_table(60_000)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, hard))
    try:
        with pytest.raises(NativeError) as failed:
            stage(native, tmp_path / "lake", [reader(table)], "day(created_at)", 4 * MIB)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert failed.value.kind == "internal"
    assert f"cannot write to the spill file in {tmp_path}" in str(failed.value)
    assert files_below(tmp_path) == []


def test_a_temp_folder_that_is_missing_is_named(native, tmp_path):
    with pytest.raises(NativeError) as failed:
        stage(native, tmp_path / "lake", [reader(random_table(60_000))], "day(created_at)", 4 * MIB,
              temp_dir=tmp_path / "gone")
    assert str(tmp_path / "gone") in str(failed.value)
    assert "limits.temp_dir" in failed.value.hint


@pytest.mark.parametrize("keys, message", [
    ("double", "column `double` of type double cannot be a partition key like this"),
    ("bytes", "column `bytes` of type binary cannot be a partition key like this"),
    ("day(text)", "column `text` of type string cannot be a partition key like this"),
    ("hour(date)", "column `date` of type date cannot be a partition key like this"),
    ("nothing", "there is no column `nothing` to partition by"),
])
def test_keys_that_cannot_be_are_refused(native, tmp_path, keys, message):
    with pytest.raises(NativeError) as failed:
        stage(native, tmp_path / "lake", [reader(random_table(10))], keys)
    assert failed.value.kind == "user"
    assert str(failed.value) == message


def test_files_need_a_column_that_is_no_key(native, tmp_path):
    with pytest.raises(NativeError) as failed:
        stage(native, tmp_path / "lake", [reader(pa.table({"a": [1], "b": ["x"]}))], "a,b")
    assert str(failed.value) == "every column is a partition key: nothing is left for the files"


def test_a_key_that_is_too_long_names_its_column(native, tmp_path):
    table = pa.table({"id": [1, 2], "note": ["short", "x" * 1024]})
    with pytest.raises(NativeError) as failed:
        stage(native, tmp_path / "lake", [reader(table)], "note")
    assert failed.value.kind == "data"
    assert str(failed.value) == "a value of partition column `note` has 1024 bytes, more than 1023"
    assert "shorten it" in failed.value.hint


def test_too_many_partitions_name_their_column(native, tmp_path):
    table = pa.table({"id": range(100_001), "user_id": range(100_001)})
    with pytest.raises(NativeError) as failed:
        stage(native, tmp_path / "lake", [reader(table, 65_536)], "user_id")
    assert failed.value.kind == "data"
    assert str(failed.value) == "partitioning by `user_id` makes more than 100000 partitions"
    assert "coarser" in failed.value.hint
    assert files_below(tmp_path) == []


# ---- memory ----

@pytest.mark.slow
def test_a_thousand_days_in_random_order_are_a_thousand_files_within_the_budget(tmp_path):
    """In a process of its own, so that the peak is the stage's."""
    memory = 64 * MIB
    done = subprocess.run([sys.executable, HERE / "stage_days.py", tmp_path / "lake", "2000000", "1000", str(memory)],
                          capture_output=True, text=True, cwd=HERE, env={**os.environ, **RUNTIME})
    assert done.returncode == 0, done.stderr
    files, rows, growth = map(int, done.stdout.split())
    assert (files, rows) == (1000, 2_000_000)
    if not RUNTIME:
        assert growth <= memory + 16 * MIB
