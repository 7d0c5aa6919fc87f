"""Staging through the test library: tables in, files and what the manifest says of them out."""
import ctypes
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from native import exported

MIB = 1 << 20


class Options(ctypes.Structure):
    _fields_ = [("lake", ctypes.c_char_p), ("dataset", ctypes.c_char_p), ("run_id", ctypes.c_char_p),
                ("keys", ctypes.c_char_p), ("temp_dir", ctypes.c_char_p), ("memory", ctypes.c_uint64),
                ("disk", ctypes.c_uint64), ("file_bytes", ctypes.c_uint64), ("fail_after", ctypes.c_int)]


@dataclass
class StagedFile:
    path: str
    rows: int
    bytes: int
    checksum: str
    partition: list  # one text a key, None for NULL
    columns: list    # (nulls, min, max) a column; bounds are (exact, bytes) or None


def parse_bound(text):
    return None if text == "-" else (text[0] == "=", bytes.fromhex(text[1:]))


def parse_file(line):
    head, keys, columns = line.split("|")
    path, rows, size, checksum = head.rstrip("\t").split("\t")
    partition = [None if key == "-" else bytes.fromhex(key[1:]).decode() for key in keys.split("\t") if key]
    stats = []
    for column in columns.split("\t"):
        if column:
            nulls, low, high = column.split(":")
            stats.append((int(nulls), parse_bound(low), parse_bound(high)))
    return StagedFile(path, int(rows), int(size), checksum, partition, stats)


class Staged:
    def __init__(self, lake, files, keys):
        self.lake, self.files, self.keys = Path(lake), files, keys

    def read(self, file):
        """A file's own columns; never a value from its folder."""
        return pq.ParquetFile(self.lake / file.path).read()

    def table(self):
        """All rows; identity keys as text columns behind the files' own."""
        tables = []
        for file in self.files:
            table = self.read(file)
            for key, value in zip(self.keys, file.partition):
                if "(" not in key:
                    table = table.append_column(key, pa.array([value] * table.num_rows, pa.string()))
            tables.append(table)
        return pa.concat_tables(tables)


def stage(native, lake, readers, keys="", memory=64 * MIB, disk=0, file_bytes=0, fail_after=-1, temp_dir=None):
    """Stage each reader by a writer of its own thread."""
    lake = Path(lake)
    temp_dir = Path(temp_dir or lake.parent)
    options = Options(str(lake).encode(), b"orders", b"run-1", keys.encode(), str(temp_dir).encode(), memory,
                      disk, file_bytes, fail_after)
    text = ctypes.c_char_p()
    native.lib.trtest_stage_free.argtypes = [ctypes.c_char_p]
    streams = [exported(reader) for reader in readers]
    addresses = [stream.__enter__() for stream in streams]
    try:
        array = (ctypes.c_void_p * len(addresses))(*addresses)
        native.call("trtest_stage", ctypes.byref(options), array, len(addresses), ctypes.byref(text))
        files = [parse_file(line) for line in text.value.decode().splitlines()]
    finally:
        for stream in streams:
            stream.__exit__(None, None, None)
        if text:
            native.lib.trtest_stage_free(text)
    return Staged(lake, files, [key for key in keys.split(",") if key])


def files_below(folder):
    return sorted(path for path in Path(folder).rglob("*") if path.is_file())
