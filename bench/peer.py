"""One peer, one task, in a process of its own: peer.py NAME LIBPQ_URL THREADS OUT SQL

The statement runs in Postgres, but for duckdb: there it is DuckDB's, over the tables attached
as `pg`. All write zstd level 3.
"""
import os
import sys


def duckdb(url, threads, out, sql):
    import duckdb
    import duckdb_extension_postgres_scanner as extension
    folder = os.path.join(os.path.dirname(extension.__file__), "extensions", "v" + duckdb.__version__)
    connection = duckdb.connect(config={"threads": threads, "autoinstall_known_extensions": False})
    connection.execute(f"LOAD '{folder}/postgres_scanner.duckdb_extension'")
    connection.execute(f"ATTACH '{url}' AS pg (TYPE postgres, READ_ONLY)")
    connection.execute(f"COPY ({sql}) TO '{out}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 3)")


def adbc(url, threads, out, sql):
    import adbc_driver_postgresql.dbapi as driver
    import pyarrow.parquet as pq
    with driver.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        reader = cursor.fetch_record_batch()
        with pq.ParquetWriter(out, reader.schema, compression="zstd", compression_level=3) as writer:
            for batch in reader:
                writer.write_batch(batch)


def connectorx(url, threads, out, sql):
    import connectorx
    import pyarrow.parquet as pq
    table = connectorx.read_sql(url, sql, return_type="arrow")
    pq.write_table(table, out, compression="zstd", compression_level=3)


def count(url, threads, out, sql):
    """Rows and files of a Parquet file or folder: not a peer, the check of their results."""
    import collections
    import pathlib
    import pyarrow.parquet as pq
    path = pathlib.Path(out)
    files = sorted(path.rglob("*.parquet")) if path.is_dir() else [path]
    folders = collections.Counter(str(f.parent) for f in files)
    print(sum(pq.ParquetFile(f).metadata.num_rows for f in files), sum(f.stat().st_size for f in files),
          max(folders.values(), default=0))


if __name__ == "__main__":
    _, name, url, threads, out, sql = sys.argv
    {f.__name__: f for f in (duckdb, adbc, connectorx, count)}[name](url, int(threads), out, sql)
