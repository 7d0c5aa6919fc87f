"""The Parquet writer through the test library: a table in, a file and what it says of itself out."""
import ctypes
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from native import exported

CODECS = ["none", "snappy", "gzip", "lz4_raw", "zstd"]


class Options(ctypes.Structure):
    _fields_ = [("path", ctypes.c_char_p), ("codec", ctypes.c_int), ("level", ctypes.c_int),
                ("row_group_rows", ctypes.c_int64), ("row_group_bytes", ctypes.c_uint64),
                ("page_bytes", ctypes.c_uint64), ("memory_max", ctypes.c_uint64), ("threads", ctypes.c_int),
                ("append_rows", ctypes.c_int64), ("flush_rows", ctypes.c_int64), ("key", ctypes.c_char_p),
                ("value", ctypes.c_char_p), ("fail_at", ctypes.c_uint64), ("memory_peak", ctypes.c_uint64),
                ("size_before", ctypes.c_uint64)]


@dataclass
class ColumnStats:
    nulls: int
    min: tuple  # (exact, bytes) or None
    max: tuple
    compressed: int
    uncompressed: int
    encodings: list


@dataclass
class Written:
    path: Path
    rows: int
    row_groups: int
    columns: list
    memory_peak: int = 0
    size_before: int = 0


def parse_bound(text):
    return None if text == "-" else (text[0] == "=", bytes.fromhex(text[1:]))


def parse(path, text):
    head, *lines = text.splitlines()
    rows, groups = map(int, head.split())
    columns = []
    for line in lines:
        nulls, low, high, compressed, uncompressed, encodings = line.split("\t")
        columns.append(ColumnStats(int(nulls), parse_bound(low), parse_bound(high), int(compressed),
                                   int(uncompressed), [e for e in encodings.split(",") if e]))
    return Written(Path(path), rows, groups, columns)


def call(native, name, *args):
    text = ctypes.c_char_p()
    native.lib.trtest_parquet_free.argtypes = [ctypes.c_char_p]
    try:
        native.call(name, *args, ctypes.byref(text))
        return text.value.decode()
    finally:
        if text:
            native.lib.trtest_parquet_free(text)


def write(native, path, table, codec="zstd", batch_rows=65536, field_ids=None, **options):
    o = Options(path=str(path).encode(), codec=CODECS.index(codec), **options)
    ids = (ctypes.c_int32 * len(field_ids))(*field_ids) if field_ids else None
    with exported(table.to_reader(max_chunksize=batch_rows)) as stream:
        text = call(native, "trtest_parquet_write", ctypes.byref(o), ctypes.c_void_p(stream), ids)
    written = parse(path, text)
    written.memory_peak, written.size_before = o.memory_peak, o.size_before
    return written


def footer(native, path, schema, data=None):
    """What our own reader makes of the file (or of `data` in its place)."""
    data = Path(path).read_bytes() if data is None else data
    with exported(pa.RecordBatchReader.from_batches(schema, [])) as stream:
        return parse(path, call(native, "trtest_parquet_footer", data, ctypes.c_uint64(len(data)),
                                ctypes.c_void_p(stream)))
