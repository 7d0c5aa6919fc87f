"""Reads a published dataset as an independent reader does, and compares it with Postgres."""
import json
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from database import NULL


class Published:
    """One version of a dataset: its manifest and exactly the files that it lists."""

    def __init__(self, lake, dataset, version=None):
        self.lake = Path(lake)
        folder = self.lake / "_tailrace" / dataset / "manifests"
        versions = sorted(int(p.stem) for p in folder.glob("*.json") if p.stem.isdigit())
        assert versions, f"{dataset} is not published"
        self.version = version or versions[-1]
        self.manifest = json.loads((folder / f"{self.version:020d}.json").read_text())
        self.files = self.manifest["files"]
        self.paths = [self.lake / file["path"] for file in self.files]

    def table(self):
        """All rows by pyarrow: the files' columns, then the partition columns as text."""
        tables = [self.with_partition(pq.ParquetFile(path).read(), file)
                  for path, file in zip(self.paths, self.files)]
        return pa.concat_tables(tables)

    def own_table(self):
        """The files' own columns by pyarrow."""
        return pa.concat_tables([pq.ParquetFile(path).read() for path in self.paths])

    def with_partition(self, table, file):
        for key, value in zip(self.manifest.get("partition_by", []), file.get("partition") or []):
            column = pa.array([value] * table.num_rows, pa.string())
            table = table.append_column(key["name"], column)
        return table

    def duckdb_table(self):
        """The files' own columns by DuckDB."""
        with duckdb.connect() as connection:
            files = [str(path) for path in self.paths]
            return connection.execute("SELECT * FROM read_parquet(?, hive_partitioning = false)",
                                      [files]).to_arrow_table()


def published(lake, dataset, version=None):
    return Published(lake, dataset, version)


def canonical_column(column):
    """A column's values as database.CANONICAL's texts."""
    column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        if kind.extension_name == "arrow.uuid":
            return [None if v is None else str(v) for v in column.to_pylist()]
        column = column.storage
        kind = column.type
    if pa.types.is_float64(kind):
        column = column.view(pa.int64())
    elif pa.types.is_float32(kind):
        column = column.view(pa.int32())
    elif pa.types.is_timestamp(kind):
        column = column.cast(pa.timestamp("us", kind.tz)).cast(pa.int64())
    elif pa.types.is_date32(kind):
        column = column.cast(pa.int32())
    elif pa.types.is_time64(kind):
        column = column.cast(pa.int64())
    elif pa.types.is_boolean(kind):
        column = column.cast(pa.int8())
    elif pa.types.is_decimal(kind):
        return [None if v is None else canonical_decimal(v) for v in column.to_pylist()]
    elif pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return [None if v is None else v.hex() for v in column.to_pylist()]
    return pc.cast(column, pa.string()).to_pylist()


def canonical_decimal(value):
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def canonical(table):
    """The rows of an Arrow table in Database.canonical's form."""
    columns = [[NULL if v is None else v for v in canonical_column(table.column(i))]
               for i in range(table.num_columns)]
    return table.column_names, sorted(zip(*columns))


def assert_same_rows(actual, expected):
    """Compare two canonical results as multisets, and show the first differences."""
    (names, rows), (expected_names, expected_rows) = actual, expected
    assert names == expected_names
    if rows == expected_rows:
        return
    extra, missing = difference(rows, expected_rows), difference(expected_rows, rows)
    first = [(name, a, b) for name, a, b in zip(names, *(extra[:1] + missing[:1])) if a != b][:3] \
        if extra and missing else []
    raise AssertionError(f"{len(rows)} rows, {len(expected_rows)} expected; first difference: {first}\n"
                         f"columns: {names}\n"
                         f"not in Postgres ({len(extra)}): {extra[:5]}\nmissing ({len(missing)}): {missing[:5]}")


def difference(a, b):
    """What sorted a has beyond sorted b."""
    out, j = [], 0
    for row in a:
        while j < len(b) and b[j] < row:
            j += 1
        if j < len(b) and b[j] == row:
            j += 1
        else:
            out.append(row)
    return out


def assert_published(lake, dataset, db, sql):
    """The newest version of a dataset, read by pyarrow and by DuckDB, equals what Postgres
    answers to `sql`, value by value. For a dataset whose partition keys all leave their source
    column in the files, sql yields the files' columns only. Returns the Published."""
    version = Published(lake, dataset)
    expected = db.canonical(sql)
    assert version.manifest["rows"] == len(expected[1])
    if not version.files:
        assert not expected[1]
        return version
    assert_same_rows(canonical(version.own_table()), expected)
    assert_same_rows(canonical(version.duckdb_table()), expected)
    return version
