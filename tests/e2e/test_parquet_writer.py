"""The Parquet writer against independent readers: pyarrow, DuckDB, and a page walker of our own."""
import datetime as dt
import decimal
import math
import random
import struct
import uuid
import zlib

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

import parquet_files as files
import parquet_thrift as thrift
from native import NativeError

MIB = 1 << 20
EPOCH = dt.datetime(1970, 1, 1)
PLAIN, RLE, DELTA, DICTIONARY = 0, 3, 5, 8


# ---- data ----

def pool(rng, make, extremes, size):
    return list(extremes) + [make(rng) for _ in range(size)]


def unicode_text(rng):
    return "".join(rng.choice("aZ09 \n'\"\\äß€語😀\u0301") for _ in range(rng.randint(0, 30)))


def kinds():
    """name -> (type, how to make a value, values at the edges)."""
    def scaled(digits, scale):
        """Decimals as their unscaled units."""
        def make(rng):
            top = 10 ** rng.randint(1, digits) - 1
            return rng.randint(-top, top)
        return pa.decimal128(digits, scale), make, [10**digits - 1, 1 - 10**digits, 0]

    floats = [0.0, -0.0, math.inf, -math.inf, math.nan, 5e-324, 1.7976931348623157e308]
    us = dt.timedelta(microseconds=1)
    found = {
        "flag": (pa.bool_(), lambda rng: rng.random() < 0.5, [True, False]),
        "small": (pa.int16(), lambda rng: rng.randint(-2**15, 2**15 - 1), [-2**15, 2**15 - 1, 0]),
        "int": (pa.int32(), lambda rng: rng.randint(-2**31, 2**31 - 1), [-2**31, 2**31 - 1, 0]),
        "big": (pa.int64(), lambda rng: rng.randint(-2**63, 2**63 - 1), [-2**63, 2**63 - 1, 0]),
        "float": (pa.float32(), lambda rng: struct.unpack("f", struct.pack("f", rng.gauss(0, 1e3)))[0],
                  [f for f in floats if not abs(f) > 1e300 or math.isinf(f)]),
        "double": (pa.float64(), lambda rng: rng.gauss(0, 1e9), floats),
        "text": (pa.string(), unicode_text, ["", "x" * 64, "x" * 65, "é" * 40, "\U0010ffff" * 20]),
        "bytes": (pa.binary(), lambda rng: rng.randbytes(rng.randint(0, 30)), [b"", b"\0", b"\xff" * 100]),
        "date": (pa.date32(), lambda rng: dt.date(2000, 1, 1) + dt.timedelta(rng.randint(-9999, 9999)),
                 [dt.date.min, dt.date.max]),
        "stamp": (pa.timestamp("us"), lambda rng: EPOCH + us * rng.randint(-10**15, 10**15),
                  [EPOCH, dt.datetime.min, dt.datetime.max]),
        "zoned": (pa.timestamp("us", "UTC"), lambda rng: EPOCH + us * rng.randint(-10**15, 10**15), [EPOCH - us]),
        "time": (pa.time64("us"), lambda rng: rng.randint(0, 86_399_999_999), [0, 86_400_000_000]),
        "uuid": (pa.uuid(), lambda rng: uuid.UUID(int=rng.getrandbits(128)).bytes, [b"\0" * 16, b"\xff" * 16]),
        "json": (pa.json_(), lambda rng: '{"n": %d}' % rng.randint(0, 999), ["null", '"é"']),
    }
    for digits, scale in [(1, 0), (5, 2), (9, 9), (10, 1), (18, 6), (19, 0), (20, 4), (28, 10), (38, 0), (38, 38)]:
        found[f"decimal_{digits}_{scale}"] = scaled(digits, scale)
    return found


def array(values, kind):
    """Also of the extension types, which pyarrow does not make from plain values."""
    if isinstance(kind, pa.BaseExtensionType):
        return pa.ExtensionArray.from_storage(kind, pa.array(values, kind.storage_type))
    if pa.types.is_decimal(kind):
        units = b"".join((value or 0).to_bytes(16, "little", signed=True) for value in values)
        mask = pa.array([value is not None for value in values], pa.bool_()).buffers()[1]
        return pa.Array.from_buffers(kind, len(values), [mask, pa.py_buffer(units)])
    return pa.array(values, kind)


PATTERNS = {
    "no_nulls": lambda rng, i: False,
    "all_null": lambda rng, i: True,
    "some": lambda rng, i: rng.random() < 0.3,
    "few": lambda rng, i: rng.random() < 0.001,
    "runs": lambda rng, i: i // 100 % 3 == 1,
    "last": lambda rng, i: i % 65 == 64,
}


def every_type(rows, pattern, seed, distinct=200, runs=False):
    """A column of each type; values from pools of `distinct`, in runs or at random."""
    rng = random.Random(seed)
    columns, fields = [], []
    for name, (kind, make, extremes) in kinds().items():
        values = pool(rng, make, extremes, min(distinct, rows + 1))
        column, value = [], None
        for i in range(rows):
            if not runs or i % 37 == 0:
                value = rng.choice(values)
            column.append(None if PATTERNS[pattern](rng, i) else value)
        columns.append(array(column, kind))
        fields.append(pa.field(name, kind, nullable=pattern != "no_nulls"))
    return pa.table(columns, schema=pa.schema(fields))


# ---- comparing ----

def bits(column):
    """Floats as integers, so that NaN equals itself and -0 is not 0; extensions as what they hold."""
    column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(column, pa.ChunkedArray):
        column = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
    if isinstance(column.type, pa.BaseExtensionType):
        column = column.storage
    if pa.types.is_floating(column.type):
        column = column.view(pa.int32() if column.type == pa.float32() else pa.int64())
    return column


def assert_same(read, table):
    assert read.num_rows == table.num_rows and read.column_names == table.column_names
    for name in table.column_names:
        got, want = bits(read.column(name)), bits(table.column(name))
        if got.type != want.type:
            got = got.cast(want.type)
        assert got.equals(want), name


def read_by_pyarrow(path):
    return pq.ParquetFile(path, page_checksum_verification=True).read()


def read_by_duckdb(path, table):
    con = duckdb.connect(config={"threads": "1"})
    con.execute("SET TimeZone = 'UTC'")
    columns = []
    for field in table.schema:
        if field.type == pa.uuid():
            columns.append(f"unhex(replace({field.name}::VARCHAR, '-', '')) AS {field.name}")
        else:
            columns.append(f'"{field.name}"')
    return con.execute(f"SELECT {', '.join(columns)} FROM read_parquet('{path}')").to_arrow_table()


def check(native, path, table, **options):
    written = files.write(native, path, table, **options)
    assert_same(read_by_pyarrow(path), table)
    assert_same(read_by_duckdb(path, table), table)
    assert files.footer(native, path, table.schema).columns == written.columns
    check_pages(path, table)
    return written


def check_pages(path, table):
    """Walk the file by its indexes: sizes, checksums, levels, bounds of every page."""
    data = path.read_bytes()
    meta = thrift.footer(data)
    assert meta[3] == table.num_rows == sum(group[3] for group in meta.get(4, []))
    row = 0
    for group in meta[4]:
        for chunk, field in zip(group[1], table.schema):
            column = table.column(field.name).slice(row, group[3])
            check_chunk(data, chunk, column, field, group[3])
        assert group[6] == sum(chunk[3][7] for chunk in group[1])
        assert group[2] == sum(chunk[3][6] for chunk in group[1])
        row += group[3]


def check_chunk(data, chunk, column, field, rows):
    info, index, offsets = chunk[3], thrift.column_index(data, chunk), thrift.offset_index(data, chunk)
    pages = offsets[1]
    ends = [p[3] for p in pages[1:]] + [rows]
    assert info[9] == pages[0][1] and pages[0][3] == 0
    compressed = uncompressed = 0
    counts = {}
    if 11 in info:
        header, body = thrift.page(data, info[11])
        assert header[1] == 2 and header[7][2] == PLAIN and zlib.crc32(body) == header[4] & 0xFFFFFFFF
        compressed += info[9] - info[11]
        uncompressed += header[2] + info[9] - info[11] - len(body)
        counts[2, PLAIN] = 1
    for number, (location, end) in enumerate(zip(pages, ends)):
        header, body = thrift.page(data, location[1])
        assert header[1] == 0 and zlib.crc32(body) == header[4] & 0xFFFFFFFF
        assert header[5][1] == end - location[3] > 0
        compressed += location[2]
        uncompressed += header[2] + location[2] - len(body)
        key = 0, header[5][2]
        counts[key] = counts.get(key, 0) + 1
        part = column.slice(location[3], end - location[3])
        if index:
            assert index[5][number] == part.null_count
            assert index[1][number] == (part.null_count == len(part))
            check_bounds(index[2][number], index[3][number], part, field.type)
        if field.type in (pa.string(), pa.binary()):
            assert offsets[2][number] == (pc.sum(pc.binary_length(part)).as_py() or 0)
    assert (info[7], info[6]) == (compressed, uncompressed)
    assert {(s[1], s[2]): s[3] for s in info[13]} == counts
    assert info[5] == rows and info[12][3] == column.null_count
    if field.nullable:
        assert info[16][3] == [column.null_count, rows - column.null_count]


def check_bounds(low, high, part, kind):
    """What a page index says of a page holds for its values."""
    values = part.drop_null()
    if not len(values):
        return
    if pa.types.is_floating(kind):
        form = "<f" if kind == pa.float32() else "<d"
        numbers = [v for v in values.to_pylist() if not math.isnan(v)]
        assert struct.unpack(form, low)[0] == min(numbers) and struct.unpack(form, high)[0] == max(numbers)
        assert min(numbers) != 0 or math.copysign(1, struct.unpack(form, low)[0]) < 0
        assert max(numbers) != 0 or math.copysign(1, struct.unpack(form, high)[0]) > 0
    elif kind in (pa.string(), pa.binary()):
        raw = values.combine_chunks().cast(pa.binary()).to_pylist()
        assert low <= min(raw) and high >= max(raw) and len(low) <= 64 and len(high) <= 64
        assert low == min(raw) or (min(raw).startswith(low) and len(min(raw)) > 64)
        assert high == max(raw) or len(max(raw)) > 64
        if kind == pa.string():
            low.decode(), high.decode()
    elif pa.types.is_decimal(kind):
        units = [int(v.scaleb(kind.scale, decimal.Context(prec=60))) for v in values.to_pylist()]
        order = "little" if kind.precision <= 18 else "big"
        assert int.from_bytes(low, order, signed=True) == min(units)
        assert int.from_bytes(high, order, signed=True) == max(units)
    elif pa.types.is_integer(kind):
        assert int.from_bytes(low, "little", signed=True) == min(values.to_pylist())
        assert int.from_bytes(high, "little", signed=True) == max(values.to_pylist())


# ---- round trips ----

@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("rows", [0, 1, 7, 8, 9, 1000])
def test_every_type_reads_back_as_it_was(native, tmp_path, rows, pattern):
    check(native, tmp_path / "t.parquet", every_type(rows, pattern, rows))


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("codec", files.CODECS)
def test_every_codec_with_and_without_threads(native, tmp_path, codec, threads):
    table = every_type(3000, "some", 5)
    written = check(native, tmp_path / "t.parquet", table, codec=codec, threads=threads, batch_rows=999)
    found = pq.ParquetFile(written.path).metadata.row_group(0).column(0).compression
    assert found == {"none": "UNCOMPRESSED", "lz4_raw": "LZ4"}.get(codec, codec.upper())


@pytest.mark.parametrize("runs", [False, True])
@pytest.mark.parametrize("pattern", ["no_nulls", "some", "few", "runs"])
def test_small_pages_row_groups_and_odd_appends(native, tmp_path, pattern, runs):
    table = every_type(20_000, pattern, 9, distinct=3000, runs=runs)
    written = check(native, tmp_path / "t.parquet", table, row_group_rows=7777, page_bytes=16384,
                    batch_rows=4099, append_rows=1001)
    groups = pq.ParquetFile(written.path).metadata
    assert [groups.row_group(i).num_rows for i in range(groups.num_row_groups)] == [7777, 7777, 4446]


def test_batches_that_are_slices_of_larger_ones(native, tmp_path):
    table = every_type(5000, "some", 3)
    for start, size in [(1, 100), (13, 4000), (64, 65)]:
        check(native, tmp_path / "t.parquet", table.slice(start, size), batch_rows=37)


def test_threads_change_nothing_in_the_file(native, tmp_path):
    table = every_type(70_000, "some", 11, distinct=500)
    for threads in [1, 2, 5]:
        files.write(native, tmp_path / f"{threads}", table, threads=threads, row_group_rows=66_000)
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes() == (tmp_path / "5").read_bytes()


def generated(select, rows):
    con = duckdb.connect(config={"threads": "1"})
    con.execute("SELECT setseed(0.42)")
    return con.execute(f"SELECT {select} FROM range({rows}) r(i) ORDER BY i").to_arrow_table()


NAMES = "substr(md5((floor(random() * 100000))::INT::VARCHAR), 1, 20) AS name"


@pytest.mark.slow
def test_a_hundred_thousand_names_stay_in_a_dictionary(native, tmp_path):
    table = generated(NAMES, 1_048_576 + 300_000)
    written = check(native, tmp_path / "t.parquet", table)
    assert written.row_groups == 2 and written.columns[0].encodings == ["RLE_DICTIONARY"]
    meta = thrift.footer(written.path.read_bytes())
    for group in meta[4]:
        assert {s[2] for s in group[1][0][3][13] if s[1] == 0} == {DICTIONARY}
    # 17 bits a row, and twice 100,000 times the 10 bytes that 20 hexadecimals carry, as Huffman codes.
    assert written.path.stat().st_size < 1_348_576 * 17 / 8 + 2 * 1_250_000


@pytest.mark.slow
@pytest.mark.parametrize("threads", [1, 2])
def test_a_million_rows_of_every_encoding(native, tmp_path, threads):
    table = generated("i AS id, (random() * 100000)::INT AS user_id, round(random() * 1000, 2) AS amount, "
                      "random() AS noise, TIMESTAMP '2023-01-01' + to_microseconds(i * 3000000) AS created_at, "
                      "(i * 0.01)::DECIMAL(18,2) AS price, i::VARCHAR AS label, (i // 1000)::INT AS block, "
                      "CASE WHEN i % 3 > 0 THEN i END AS sparse, 7 AS constant, "
                      "CASE WHEN i > 900000 THEN 'late' END AS late", 1_448_576)
    written = check(native, tmp_path / "t.parquet", table, threads=threads)
    encodings = dict(zip(table.column_names, (c.encodings for c in written.columns)))
    assert encodings["id"] == encodings["created_at"] == encodings["price"] == ["DELTA_BINARY_PACKED"]
    assert encodings["amount"] == ["RLE_DICTIONARY"]
    assert encodings["noise"] == encodings["label"] == ["PLAIN"]


@pytest.mark.slow
def test_a_dictionary_that_stops_paying_is_left(native, tmp_path):
    """The sample repeats its values; then every one is new."""
    table = generated("CASE WHEN i < 100000 THEN md5((i % 20)::VARCHAR) ELSE md5(i::VARCHAR) END AS t", 1_000_000)
    written = check(native, tmp_path / "t.parquet", table)
    assert written.columns[0].encodings == ["PLAIN", "RLE_DICTIONARY"]
    info = thrift.footer(written.path.read_bytes())[4][0][1][0][3]
    assert info[9] - info[11] <= 16 * MIB


def chosen(written):
    """The encodings of the first column's pages in each row group; D: a dictionary, P: plain."""
    letters = {DICTIONARY: "D", 0: "P"}
    return ["".join(dict.fromkeys(letters[s[2]] for s in group[1][0][3][13] if s[1] == 0))
            for group in thrift.footer(written.path.read_bytes())[4]]


REPEATS, UNIQUE = "md5((i % 20)::VARCHAR)", "md5(i::VARCHAR)"


@pytest.mark.parametrize("value, groups", [
    # 70,000 rows a row group
    (REPEATS, "D D D D D D"),
    (UNIQUE, "P P P P P P"),
    # The third leaves the dictionary, which was to have 20 values, at once; the fourth is sampled,
    # so that its dictionary may have 5,000.
    (f"CASE WHEN i < 140000 THEN {REPEATS} WHEN i < 210000 THEN {UNIQUE} ELSE md5((hash(i) % 5000)::VARCHAR) END",
     "D D P D D D"),
    # Nothing but nulls was sampled, or hardly anything; the third has values, and the fourth is sampled.
    (f"CASE WHEN i >= 140000 THEN {REPEATS} END", "P P P D D D"),
    (f"CASE WHEN i >= 140000 OR i = 100 THEN {REPEATS} END", "P P P D D D"),
    # Nothing tells that a dictionary would pay, until the fifth is sampled again.
    (f"CASE WHEN i < 70000 THEN {UNIQUE} ELSE {REPEATS} END", "P P P P D D"),
])
def test_row_groups_go_by_an_earlier_sample_until_it_fails_or_is_old(native, tmp_path, value, groups):
    # The other columns, with a last page that is much shorter, give no reason for a new sample.
    table = generated(f"{value} AS t, 'constant' AS c, (i // 1000)::VARCHAR AS s", 6 * 70_000)
    written = check(native, tmp_path / "t.parquet", table, row_group_rows=70_000, page_bytes=64 << 10)
    assert chosen(written) == groups.split()


def test_a_short_row_group_does_not_mislead_the_next(native, tmp_path):
    """A dictionary takes a while to pay: as long as it was given when it was chosen."""
    table = generated("md5((hash(i) % 80000)::VARCHAR) AS t", 400_010)
    parts = pa.concat_tables([table.slice(0, 200_000), table.slice(200_000, 10), table.slice(200_010)])
    written = check(native, tmp_path / "t.parquet", parts, row_group_rows=200_000, batch_rows=200_000,
                    flush_rows=1, page_bytes=64 << 10)
    assert chosen(written) == ["D", "D", "D"]


def test_a_sample_is_not_cut_short_by_buffers_of_the_last_row_group(native, tmp_path):
    table = generated("md5((i % 6000)::VARCHAR) AS t", 900_000)
    written = check(native, tmp_path / "t.parquet", table, memory_max=8 * MIB, row_group_rows=100_000, batch_rows=1000)
    assert chosen(written) == ["D"] * 9


def test_a_dictionary_outlives_pages_without_values(native, tmp_path):
    table = generated("CASE WHEN i // 140000 <> 1 THEN md5((i % 20)::VARCHAR) END AS t", 420_000)
    written = check(native, tmp_path / "t.parquet", table)
    assert written.columns[0].encodings == ["RLE_DICTIONARY"]


@pytest.mark.slow
def test_dictionaries_keep_within_their_bounds(native, tmp_path):
    """Five columns that would each like 10 MB of dictionary: those that save most get it."""
    wide = ", ".join(f"repeat(md5((random() * 60000)::INT::VARCHAR || '{k}'), 5) AS c{k}" for k in range(5))
    table = generated(wide, 300_000)
    written = check(native, tmp_path / "t.parquet", table, codec="none", row_group_bytes=1 << 30,
                    memory_max=1 << 30)
    info = [chunk[3] for group in thrift.footer(written.path.read_bytes())[4] for chunk in group[1]]
    sizes = [i[9] - i[11] if 11 in i else 0 for i in info]
    assert written.row_groups == 1 and max(sizes) <= 16 * MIB and sum(sizes) <= 32 * MIB + 5000
    assert sum(size > 9_000_000 for size in sizes) == 3


# ---- metadata ----

def test_types_ids_and_provenance_as_readers_see_them(native, tmp_path):
    table = every_type(100, "some", 1)
    path = tmp_path / "t.parquet"
    files.write(native, path, table, key=b"tailrace.snapshot_lsn", value=b"0/16B3748")
    meta = pq.ParquetFile(path).metadata
    assert meta.created_by.startswith("tailrace version ") and "(build " in meta.created_by
    assert meta.metadata[b"tailrace.snapshot_lsn"] == b"0/16B3748"
    assert meta.format_version == "1.0"
    raw = thrift.footer(path.read_bytes())
    assert raw[1] == 1 and raw[7] == [{1: {}}] * len(table.schema)
    elements = {e[4].decode(): e for e in raw[2][1:]}
    assert [elements[name][9] for name in table.column_names] == list(range(1, len(table.schema) + 1))
    assert {e[3] for e in elements.values()} == {1}
    expected = {  # physical, converted, logical
        "flag": (0, None, None), "small": (1, 16, {10: {1: 16, 2: True}}), "int": (1, None, None),
        "big": (2, None, None), "float": (4, None, None), "double": (5, None, None), "text": (6, 0, {1: {}}),
        "bytes": (6, None, None), "date": (1, 6, {6: {}}), "stamp": (2, 10, {8: {1: False, 2: {2: {}}}}),
        "zoned": (2, 10, {8: {1: True, 2: {2: {}}}}), "time": (2, 8, {7: {1: False, 2: {2: {}}}}),
        "uuid": (7, None, {14: {}}), "json": (6, 19, {12: {}}), "decimal_9_9": (1, 5, {5: {1: 9, 2: 9}}),
        "decimal_18_6": (2, 5, {5: {1: 6, 2: 18}}), "decimal_19_0": (7, 5, {5: {1: 0, 2: 19}}),
    }
    for name, (physical, converted, logical) in expected.items():
        e = elements[name]
        assert (e[1], e.get(6), e.get(10)) == (physical, converted, logical), name
    widths = {1: 4, 5: 4, 9: 4, 10: 8, 18: 8, 19: 9, 20: 9, 28: 12, 38: 16}
    assert all(elements[n].get(2, widths[elements[n][8]]) == widths[elements[n][8]]
               for n in elements if n.startswith("decimal"))
    assert elements["uuid"][2] == 16


def test_field_ids_are_the_schemas_where_it_has_some(native, tmp_path):
    table = pa.table({"a": [1], "b": [2]})
    files.write(native, tmp_path / "t", table, field_ids=[7, 3])
    assert [e[9] for e in thrift.footer((tmp_path / "t").read_bytes())[2][1:]] == [7, 3]


def statistics(native, path, values, kind):
    table = pa.table({"v": pa.array(values, kind)})
    written = check(native, path, table)
    return written.columns[0], pq.ParquetFile(path).metadata.row_group(0).column(0)


def test_bounds_of_numbers_sign_their_zeros(native, tmp_path):
    column, chunk = statistics(native, tmp_path / "t", [0.0, -0.0, None], pa.float64())
    assert column.min == (True, struct.pack("<d", -0.0)) and column.max == (True, struct.pack("<d", 0.0))
    assert math.copysign(1, chunk.statistics.min) == -1 and math.copysign(1, chunk.statistics.max) == 1
    column, _ = statistics(native, tmp_path / "t", [math.inf, -math.inf], pa.float32())
    assert column.min == (True, struct.pack("<f", -math.inf)) and column.max == (True, struct.pack("<f", math.inf))


@pytest.mark.parametrize("kind", [pa.float32(), pa.float64()])
@pytest.mark.parametrize("values", [[math.nan, math.nan], [1.0, math.nan], [math.nan] + [1.0] * 9, [1.0] * 6 + [math.nan]])
def test_a_chunk_with_nan_has_no_bounds(native, tmp_path, kind, values):
    """DuckDB orders NaN behind all numbers, and would skip it by bounds that leave it out."""
    column, chunk = statistics(native, tmp_path / "t", values, kind)
    assert column.min is None and column.max is None
    assert not chunk.statistics.has_min_max and not chunk.has_column_index and chunk.has_offset_index


@pytest.mark.parametrize("value, low, high", [
    ("a" * 64, "a" * 64, "a" * 64),
    ("a" * 65, "a" * 64, "a" * 63 + "b"),
    ("é" * 33, "é" * 32, "é" * 31 + "ê"),
    ("a" + "é" * 40, "a" + "é" * 31, "a" + "é" * 30 + "ê"),
    ("a" * 63 + "\x7f" + "z", "a" * 63 + "\x7f", "a" * 62 + "b"),
    ("b" * 60 + "\U0010ffff" + "z", "b" * 60 + "\U0010ffff", "b" * 59 + "c"),
    ("c" * 61 + "\ud7ff" + "z", "c" * 61 + "\ud7ff", "c" * 61 + "\ue000"),
    ("\U0010ffff" * 17, "\U0010ffff" * 16, None),
])
def test_long_text_has_cut_bounds_of_whole_characters(native, tmp_path, value, low, high):
    column, chunk = statistics(native, tmp_path / "t", [value], pa.string())
    exact = low == value
    assert column.min == (exact, low.encode())
    assert column.max == (None if high is None else (exact, high.encode()))
    assert chunk.has_column_index == (high is not None)
    info = thrift.footer((tmp_path / "t").read_bytes())[4][0][1][0][3][12]
    assert info[8] is exact and info.get(7, exact) is exact


def test_long_binaries_have_cut_bounds(native, tmp_path):
    column, _ = statistics(native, tmp_path / "t", [b"\x01" * 70, b"\xfe" * 3 + b"\xff" * 90], pa.binary())
    assert column.min == (False, b"\x01" * 64) and column.max == (False, b"\xfe\xfe\xff")
    column, chunk = statistics(native, tmp_path / "t", [b"\xff" * 65], pa.binary())
    assert column.max is None and not chunk.has_column_index


def test_bounds_over_several_row_groups(native, tmp_path):
    table = pa.table({"n": pa.array([5, None, -3, 9], pa.decimal128(20, 0)), "t": ["b", None, "a", "c"]})
    written = check(native, tmp_path / "t", table, row_group_rows=1)
    assert written.row_groups == 4
    assert written.columns[0].min == (True, (-3).to_bytes(16, "little", signed=True))
    assert written.columns[0].max == (True, (9).to_bytes(16, "little"))
    assert (written.columns[1].min, written.columns[1].max) == ((True, b"a"), (True, b"c"))


def test_a_flipped_bit_in_a_page_is_noticed(native, tmp_path):
    path = tmp_path / "t"
    files.write(native, path, pa.table({"v": pa.array(range(1000), pa.int64())}), codec="none")
    data = bytearray(path.read_bytes())
    data[thrift.footer(bytes(data))[4][0][1][0][3][9] + 40] ^= 4
    path.write_bytes(data)
    with pytest.raises(OSError, match="(?i)crc|checksum"):
        read_by_pyarrow(path)


# ---- bounds of memory and size ----

@pytest.mark.slow
@pytest.mark.parametrize("threads", [1, 2])
def test_memory_is_bounded(native, tmp_path, threads):
    table = generated("md5(random()::VARCHAR) || md5(random()::VARCHAR) AS a, random() AS b, i AS c, "
                      "repeat(md5((i % 50000)::VARCHAR), 4) AS d", 500_000)
    written = check(native, tmp_path / "t", table, memory_max=16 * MIB, threads=threads)
    assert written.memory_peak <= 16 * MIB and 2 < written.row_groups < 40
    size = written.path.stat().st_size
    assert 0.8 * size < written.size_before < 1.25 * size


def test_row_groups_are_not_cut_short_by_buffers_of_the_last(native, tmp_path):
    """Occasional values of a megabyte, in a budget of eight."""
    table = generated("md5(i::VARCHAR) AS a, md5((i + 1)::VARCHAR) AS b, "
                      "CASE WHEN i % 40000 = 30000 THEN repeat('x', 1200000) ELSE 'y' END AS c", 400_000)
    written = check(native, tmp_path / "t", table, memory_max=8 * MIB)
    assert written.memory_peak <= 8 * MIB and written.row_groups <= 32


@pytest.mark.parametrize("threads", [1, 2])
def test_row_groups_are_not_cut_short_by_a_giant_value_of_long_ago(native, tmp_path, threads):
    table = generated("md5(i::VARCHAR) AS a, md5((i + 1)::VARCHAR) AS b, i AS n, "
                      "CASE WHEN i = 50000 THEN repeat('x', 5000000) ELSE 'y' END AS c", 300_000)
    written = check(native, tmp_path / "t", table, memory_max=8 * MIB, batch_rows=2000, threads=threads)
    assert written.memory_peak <= 8 * MIB and written.row_groups <= 24


def test_a_codec_that_takes_all_the_memory_still_gets_row_groups_of_a_size(native, tmp_path):
    table = generated("md5(i::VARCHAR) AS a, i AS n", 100_000)
    written = check(native, tmp_path / "t", table, level=19, memory_max=MIB, batch_rows=1000)
    assert written.row_groups <= 24


@pytest.mark.slow
def test_a_flush_gives_memory_back(native, tmp_path):
    table = generated(", ".join(f"md5((i + {k})::VARCHAR) AS c{k}" for k in range(20)), 4 * 70_000)
    written = check(native, tmp_path / "t", table, memory_max=64 * MIB, batch_rows=70_000, flush_rows=70_000)
    assert written.row_groups == 4 and written.memory_peak <= 12 * MIB


def test_row_groups_end_by_bytes(native, tmp_path):
    table = generated("md5(random()::VARCHAR) AS a", 400_000)
    written = check(native, tmp_path / "t", table, codec="none", row_group_bytes=2 * MIB, batch_rows=5000)
    meta = pq.ParquetFile(written.path).metadata
    sizes = [meta.row_group(i).total_byte_size for i in range(meta.num_row_groups)]
    assert all(1.9 * MIB < size < 2.4 * MIB for size in sizes[:-1])


def test_many_columns_share_the_memory(native, tmp_path):
    rng = random.Random(4)
    table = pa.table({f"c{i}": pa.array([rng.randint(0, 10**9) for _ in range(2000)], pa.int64())
                      for i in range(300)})
    written = check(native, tmp_path / "t", table, memory_max=16 * MIB)
    assert written.memory_peak <= 16 * MIB


def test_giant_values(native, tmp_path):
    rng = random.Random(8)
    big = [rng.randbytes(3 * MIB) for _ in range(3)]
    table = pa.table({"b": pa.array([big[0], b"x", big[1], big[0], None, big[2]] * 3, pa.binary()), "n": range(18)})
    check(native, tmp_path / "t", table)
    check(native, tmp_path / "t", table, memory_max=8 * MIB)


def test_flush_ends_a_row_group_and_an_empty_one_is_none(native, tmp_path):
    table = pa.table({"v": pa.array(range(10), pa.int64())})
    written = check(native, tmp_path / "t", table, append_rows=1, flush_rows=4)
    assert written.row_groups == 3
    written = check(native, tmp_path / "t", table.slice(0, 8), append_rows=1, flush_rows=4)
    assert written.row_groups == 2


# ---- bad input ----

def test_a_null_in_a_required_column_is_an_error(native, tmp_path):
    schema = pa.schema([pa.field("v", pa.int64(), nullable=False)])
    table = pa.Table.from_batches([pa.RecordBatch.from_arrays([pa.array([1, None], pa.int64())], schema=schema)])
    with pytest.raises(NativeError, match="column `v` is required but its data has a null") as failure:
        files.write(native, tmp_path / "t", table)
    assert failure.value.kind == "internal"


@pytest.mark.parametrize("digits, storage", [(3, 1000), (12, 10**12), (30, -10**30)])
def test_a_decimal_beyond_its_precision_is_an_error(native, tmp_path, digits, storage):
    wide = pa.array([decimal.Decimal(storage)], pa.decimal128(38, 0))
    narrow = pa.Array.from_buffers(pa.decimal128(digits, 0), 1, wide.buffers())
    with pytest.raises(NativeError, match=rf"does not fit decimal\({digits},0\)") as failure:
        files.write(native, tmp_path / "t", pa.table({"v": narrow}))
    assert failure.value.kind == "data" and str(storage) in failure.value.detail and failure.value.hint


@pytest.mark.parametrize("threads", [1, 2])
def test_a_full_disk_is_reported_once_and_with_a_hint(native, tmp_path, threads):
    table = every_type(50_000, "some", 2)
    with pytest.raises(NativeError, match="cannot write the file") as failure:
        files.write(native, tmp_path / "t", table, fail_at=100_000, row_group_rows=10_000, threads=threads)
    assert failure.value.hint


def test_levels_that_a_codec_does_not_have(native, tmp_path):
    table = pa.table({"v": [1]})
    for codec, level in [("zstd", 99), ("gzip", 10), ("snappy", 1)]:
        with pytest.raises(NativeError, match="level") as failure:
            files.write(native, tmp_path / "t", table, codec=codec, level=level)
        assert failure.value.kind == "user" and failure.value.hint
    for codec, level in [("zstd", 19), ("gzip", 1)]:
        check(native, tmp_path / "t", every_type(50, "some", 1), codec=codec, level=level)


def test_no_columns_is_an_error(native, tmp_path):
    with pytest.raises(NativeError, match="at least one column"):
        files.write(native, tmp_path / "t", pa.table({}))


def test_damaged_footers_are_refused_or_read_without_harm(native, tmp_path):
    table = every_type(500, "some", 6)
    path = tmp_path / "t"
    files.write(native, path, table, row_group_rows=100)
    data = path.read_bytes()
    start = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    rng = random.Random(7)
    refused = 0
    for _ in range(2000):
        broken = bytearray(data)
        for _ in range(rng.randint(1, 3)):
            broken[rng.randrange(start, len(data) - 8)] ^= 1 << rng.randrange(8)
        try:
            files.footer(native, path, table.schema, bytes(broken))
        except NativeError as err:
            assert err.kind == "data" and err.detail and err.hint
            refused += 1
    assert refused > 1000
    for size in range(1, len(data) - start - 8, 7):
        cut = data[start:start + size]
        whole = b"PAR1" + cut + len(cut).to_bytes(4, "little") + b"PAR1"
        with pytest.raises(NativeError):
            files.footer(native, path, table.schema, whole)


@pytest.mark.parametrize("change, why", [
    (lambda t: t.drop_columns(["big"]), "number of columns"),
    (lambda t: t.rename_columns(["large" if n == "big" else n for n in t.column_names]), "name"),
    (lambda t: t.set_column(3, "big", t.column("int")), "physical type"),
    (lambda t: t.set_column(6, "text", t.column("bytes")), "logical type"),
    (lambda t: t.set_column(9, "stamp", t.column("zoned")), "time zone"),
    (lambda t: t.set_column(16, "decimal_9_9", t.column("decimal_5_2")), "precision or scale"),
])
def test_a_footer_of_another_schema_is_refused(native, tmp_path, change, why):
    table = every_type(10, "some", 6)
    files.write(native, tmp_path / "t", table)
    with pytest.raises(NativeError) as failure:
        files.footer(native, tmp_path / "t", change(table).schema)
    assert why in failure.value.detail and failure.value.kind == "data"
