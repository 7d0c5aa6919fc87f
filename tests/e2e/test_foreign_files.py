"""Parquet files that others wrote: which are taken as what the contract says, and what is known of them."""
import ctypes
import datetime
import decimal
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import native as native_library
from native import NativeError

RUN = "20240101t000000000000z-000000000000"
D = decimal.Decimal
TABLE = pa.table({
    "b": pa.array([True, None, False]),
    "s": pa.array([1, -7, None], pa.int16()),
    "i": pa.array([1, -7, None], pa.int32()),
    "l": pa.array([1, -7, 1 << 60], pa.int64()),
    "f": pa.array([1.5, None, -0.0], pa.float32()),
    "d": pa.array([1.5, float("nan"), -0.0], pa.float64()),
    "small": pa.array([D("1.50"), D("-99.99"), None], pa.decimal128(4, 2)),
    "large": pa.array([D("12345678901234567890.12"), D("-1.00"), None], pa.decimal128(30, 2)),
    "t": pa.array(["a", "é" * 100, None]),
    "x": pa.array([b"\x00\xff", b"", None], pa.binary()),
    "day": pa.array([datetime.date(1969, 12, 31), datetime.date(2024, 2, 29), None], pa.date32()),
    "at": pa.array([datetime.datetime(1969, 12, 31, 23, 59, 59, 123000), datetime.datetime(2024, 1, 1), None],
                   pa.timestamp("us")),
})
COLUMNS = "b bool;s smallint;i int;l bigint;f float;d double;small decimal(4,2);large decimal(30,2);t string;" \
          "x binary;day date;at timestamp"


@pytest.fixture(scope="module")
def lib():
    return native_library.load()


def write(lake, table, name="20240101_00000_xyz", **options):
    path = lake / "t" / RUN / name
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, **options)
    return path


def adopt(lib, lake, columns=COLUMNS, keys=""):
    out = ctypes.create_string_buffer(1 << 20)
    lib.call("trtest_adopt", str(lake).encode(), b"t", RUN.encode(), columns.encode(), keys.encode(), out,
             ctypes.c_size_t(len(out)))
    return json.loads(out.value)


def bounds(manifest, name, file=0):
    at = [c["name"] for c in manifest["columns"]].index(name)
    column = manifest["files"][file]["columns"][at]
    return column["nulls"], column.get("min"), column.get("max")


STORED = {
    "micros": ({}, None, ("1969-12-31T23:59:59.123", "2024-01-01T00:00:00")),
    "millis": ({"coerce_timestamps": "ms"}, "milliseconds", ("1969-12-31T23:59:59.123", "2024-01-01T00:00:00")),
}


@pytest.mark.parametrize("version", ["1.0", "2.6"])
@pytest.mark.parametrize("stored", STORED)
def test_every_type_is_known_however_it_is_stored(lib, tmp_path, stored, version):
    options, said, at = STORED[stored]
    path = write(tmp_path, TABLE, version=version, row_group_size=2, **options)
    m = adopt(lib, tmp_path)
    assert m["engine"] == "trino" and m["rows"] == 3 and m["bytes"] == path.stat().st_size
    file = m["files"][0]
    assert file["path"] == f"t/{RUN}/{path.name}" and file["row_groups"] == 2
    assert file["checksum"].startswith("xxh3:")
    assert {c["name"]: c.get("stored") for c in m["columns"]} == {**{n: None for n in TABLE.column_names}, "at": said}
    assert bounds(m, "at") == (1, *at)
    assert bounds(m, "b") == (1, "false", "true")
    assert bounds(m, "s") == bounds(m, "i") == (1, "-7", "1")
    assert bounds(m, "l") == (0, "-7", str(1 << 60))
    assert bounds(m, "small") == (1, "-99.99", "1.50")
    assert bounds(m, "large") == (1, "-1.00", "12345678901234567890.12")
    assert bounds(m, "day") == (1, "1969-12-31", "2024-02-29")
    # Whether a NaN is among them can't be told.
    assert bounds(m, "f") == (1, None, None) and bounds(m, "d") == (0, None, None)


def test_decimals_may_be_integers_in_the_file(lib, tmp_path):
    table = TABLE.select(["small"]).cast(pa.schema([("small", pa.decimal128(18, 2))]))
    write(tmp_path, table, store_decimal_as_integer=True)
    assert bounds(adopt(lib, tmp_path, "small decimal(18,2)"), "small") == (1, "-99.99", "1.50")


def test_nanoseconds_are_told_and_zones_are_not_mixed_up(lib, tmp_path):
    at = TABLE.select(["at"])
    write(tmp_path, at.cast(pa.schema([("at", pa.timestamp("ns"))])))
    m = adopt(lib, tmp_path, "at timestamp")
    assert m["columns"][0]["stored"] == "nanoseconds" and bounds(m, "at") == (1, None, None)
    write(tmp_path, at.cast(pa.schema([("at", pa.timestamp("us", "UTC"))])))
    with pytest.raises(NativeError, match="column `at` of the file is TIMESTAMP in UTC, the contract says timestamp"):
        adopt(lib, tmp_path, "at timestamp")
    assert bounds(adopt(lib, tmp_path, "at timestamptz"), "at")[1] == "1969-12-31T23:59:59.123Z"


@pytest.mark.parametrize("column,declared,found", [
    ("d", "int", "DOUBLE"), ("i", "bigint", "INT32"), ("l", "int", "INT64"), ("s", "int", "INT32 of 16 bits"),
    ("i", "smallint", "INT32"), ("f", "double", "FLOAT"), ("small", "decimal(5,2)", r"DECIMAL\(4,2\)"),
    ("t", "binary", "STRING"), ("x", "string", "BYTE_ARRAY"), ("at", "date", "TIMESTAMP"), ("day", "int", "DATE"),
    ("i", "date", "INT32"), ("b", "int", "BOOLEAN")])
def test_another_type_than_the_contracts_is_an_error(lib, tmp_path, column, declared, found):
    write(tmp_path, TABLE.select([column]))
    with pytest.raises(NativeError, match=f"column `{column}` of the file is {found}, the contract says ") as error:
        adopt(lib, tmp_path, f"{column} {declared}")
    assert error.value.kind == "data" and "cast it" in error.value.hint


def test_unsigned_and_nested_columns_are_no_contracts(lib, tmp_path):
    write(tmp_path, pa.table({"i": pa.array([1], pa.uint32())}))
    with pytest.raises(NativeError, match="unsigned"):
        adopt(lib, tmp_path, "i int")
    write(tmp_path, pa.table({"i": pa.array([[1]], pa.list_(pa.int32()))}))
    with pytest.raises(NativeError):
        adopt(lib, tmp_path, "i int")
    write(tmp_path, TABLE.select(["i", "l"]))
    with pytest.raises(NativeError) as error:
        adopt(lib, tmp_path, "l bigint;i int")
    assert "another name" in error.value.detail


@pytest.mark.parametrize("column,options", [("i int", {"write_statistics": False}),
                                            # Arrow writes none for these; Trino does, and its are read by test_run_on.
                                            ("at timestamp", {"use_deprecated_int96_timestamps": True})])
def test_files_that_do_not_count_their_nulls_are_refused(lib, tmp_path, column, options):
    write(tmp_path, TABLE.select([column.split()[0]]), **options)
    with pytest.raises(NativeError) as error:
        adopt(lib, tmp_path, column)
    assert "count of nulls" in error.value.detail


def test_decimal_keys_get_their_scale_back(lib, tmp_path):
    for value in ("1.5", "2", "-0.07"):
        write(tmp_path, TABLE.select(["i"]), f"k={value}/file")
    m = adopt(lib, tmp_path, "i int", "k decimal(5,2)")
    assert {f["partition"][0] for f in m["files"]} == {"1.50", "2.00", "-0.07"}


def test_partition_values_come_out_of_the_folders(lib, tmp_path):
    folders = {"k=7/c=Gr%C3%BCn": ["7", "Grün"], "k=-1/c=a%2Fb%3D%25": ["-1", "a/b=%"],
               "k=__HIVE_DEFAULT_PARTITION__/c=x y": [None, "x y"], "k=0/c=__HIVE_DEFAULT_PARTITION__": ["0", None],
               "k=5/c=100%": ["5", "100%"], "k=6/c=": ["6", ""]}
    for i, folder in enumerate(folders):
        write(tmp_path, TABLE.select(["i"]), f"{folder}/file{i}")
    m = adopt(lib, tmp_path, "i int", "k int;c string")
    found = {f["path"].split("/", 2)[2].rsplit("/", 1)[0]: f["partition"] for f in m["files"]}
    assert found == folders


@pytest.mark.parametrize("folder", ["k=007", "k=x", "k=1.0", "k=", "K=1", "l=1", "1", "k=1/c=1", "k=%00", "k"])
def test_a_folder_that_is_no_value_of_its_key_stops(lib, tmp_path, folder):
    write(tmp_path, TABLE.select(["i"]), f"{folder}/file")
    with pytest.raises(NativeError, match="do not name its partition"):
        adopt(lib, tmp_path, "i int", "k int")


def test_files_without_rows_are_removed_and_what_is_no_file_stops(lib, tmp_path):
    empty = write(tmp_path, TABLE.slice(0, 0))
    assert adopt(lib, tmp_path)["files"] == [] and not empty.exists()
    write(tmp_path, TABLE).with_name("_SUCCESS").write_bytes(b"")
    with pytest.raises(NativeError, match="too short"):
        adopt(lib, tmp_path)
