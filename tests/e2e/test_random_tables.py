"""Random tables end to end: by a straight copy, through SQL, and through typed C, every value
is the one that Postgres has. TAILRACE_SEEDS=20 runs more seeds, TAILRACE_FIRST_SEED other ones."""
import decimal
import json
import os
import re
import struct

import pytest

from database import NULL
from lake_reader import Published, assert_same_rows, canonical, canonical_decimal
from random_tables import TYPES, create, quote, random_columns, seeded

FIRST = int(os.environ.get("TAILRACE_FIRST_SEED", "0"))
SEEDS = range(FIRST, FIRST + int(os.environ.get("TAILRACE_SEEDS", "6")))
SAMPLE = 60


def shape(rng):
    """(columns, rows): many rows only where they are narrow, so that a seed takes seconds."""
    rows = rng.choice([0, 1, 2, 7, 150, 2000, 70000])
    return rng.randint(1, 4 if rows > 10000 else 40), rows


def settings(rng):
    return {
        "limits": {"connections": rng.choice([1, 2]), "threads": rng.choice([1, 2])},
        "parquet": {"compression": rng.choice(["zstd", "snappy", "gzip", "lz4", "none"]),
                    "row_group_size": rng.choice(["64KiB", "256KiB", "128MiB"]),
                    "file_size": rng.choice(["1MiB", "512MiB"])}}


def contract(columns, by_name):
    """The declared columns; by_name: with `from:` (a copy, SQL), else typed C's own fields."""
    declared = {"id": {"type": "int", "not_null": True}}
    for c in columns:
        declared[c.published] = {"type": c.type, "not_null": c.not_null, **({"from": c.name} if by_name else {})}
    return declared


def fields(header, struct_name):
    """The fields of a generated struct, in their order."""
    body = re.search(r"struct %s \{\n(.*?)\n\};" % struct_name, header, re.S).group(1)
    return re.findall(r"^\t(?:struct )?\w+ (\w+); /\*", body, re.M)


def pass_through(header):
    sides = zip(fields(header, "out_by_c"), fields(header, "in_t"), strict=True)
    lines = "\n".join(f"\tout->{to} = t->{of};" for to, of in sides)
    return ('#include "gen/by_c.h"\n'
            "enum tr_verdict by_c(const struct in_t *t, const struct by_c_params *params, struct out_by_c *out,\n"
            "\t\tstruct tr_ctx *ctx)\n{\n\t(void)params;\n\t(void)ctx;\n" + lines + "\n\treturn TR_EMIT;\n}\n")


def joined(header, columns):
    """The keys' side is always there, the table's side may miss; all of `out` is nullable."""
    sides = list(zip(fields(header, "out_by_join"), fields(header, "in_t"), [True, *(c.not_null for c in columns)],
                     strict=True))[1:]
    lines = "\n".join(f"\t\tout->{to}.value = t->{of};\n\t\tout->{to}.valid = true;" if plain else
                      f"\t\tout->{to} = t->{of};" for to, of, plain in sides)
    return ('#include "gen/by_join.h"\n'
            "enum tr_verdict by_join(const struct in_k *k, const struct in_t *t, const struct by_join_params *params,\n"
            "\t\tstruct out_by_join *out, struct tr_ctx *ctx)\n{\n\t(void)params;\n\t(void)ctx;\n\tout->id = k->id;\n"
            "\tif (t) {\n" + lines + "\n\t}\n\treturn TR_EMIT;\n}\n")


def selected(columns):
    return "SELECT id" + "".join(f', {quote(c.name)} AS {c.published}' for c in columns) + " FROM t"


@pytest.mark.parametrize("seed", SEEDS)
def test_random_tables_arrive_exactly(project, db, seed):
    rng = seeded(seed)
    n, rows = shape(rng)
    columns = random_columns(rng, n)
    db.execute(TYPES)
    create(db, "t", columns, rows, rng)
    project.write("by_sql.sql", "SELECT id" + "".join(f", {quote(c.name)}" for c in columns) + " FROM t")
    db.execute(f"CREATE TABLE k AS SELECT i AS id FROM generate_series(-2, {rows + 1}) i; ALTER TABLE k ALTER id SET NOT NULL")
    project.write("by_c.c", "")
    project.write("by_join.c", "")
    nullable = {name: {**c, "not_null": name == "id"} for name, c in contract(columns, False).items()}
    config = {**settings(rng), "datasets": {
        "by_copy": {"inputs": {"t": "t"}, "columns": contract(columns, True)},
        "by_sql": {"inputs": {"t": "t"}, "sql": "by_sql.sql", "columns": contract(columns, True)},
        "by_c": {"inputs": {"t": "t"}, "c": "by_c.c", "columns": contract(columns, False)},
        "by_join": {"inputs": {"k": "k", "t": "t"}, "c": "by_join.c", "rows": "k LEFT JOIN t USING (id)",
                    "columns": nullable}}}
    project.config(config)
    project.run("gen", check=0)
    project.write("by_c.c", pass_through((project.folder / "gen/by_c.h").read_text()))
    project.write("by_join.c", joined((project.folder / "gen/by_join.h").read_text(), columns))
    project.run("run", check=0)
    expected = db.canonical(selected(columns))
    for dataset in ("by_copy", "by_sql", "by_c"):
        assert_rows(project, dataset, expected)
    assert_rows(project, "by_join", db.canonical(selected(columns) + " RIGHT JOIN k USING (id)"))
    project.run("verify", check=0)
    sample = db.canonical(selected(columns) + f" WHERE id < {SAMPLE}")
    dataset = rng.choice(["by_copy", "by_sql", "by_c"])
    for output in ("json", "csv"):
        assert_query_prints(project, dataset, columns, sample, output)


def assert_rows(project, dataset, expected):
    version = Published(project.lake, dataset)
    assert version.manifest["rows"] == len(expected[1])
    if version.files:
        assert_same_rows(canonical(version.own_table()), expected)
        assert_same_rows(canonical(version.duckdb_table()), expected)


# Contract's type, Postgres's, and a few values of a partition key.
KEYS = [
    ("bool", "bool", ["t", "f"]), ("smallint", "int2", ["-32768", "7", "32767"]),
    ("bigint", "int8", ["-9223372036854775808", "0", "9223372036854775807"]),
    ("decimal(5,2)", "numeric(5,2)", ["-999.99", "0", "0.10", "1"]),
    ("decimal(38,0)", "numeric(38,0)", ["9" * 38, "-" + "9" * 38]), ("decimal(9,9)", "numeric(9,9)", ["0.000000001"]),
    ("date", "date", ["0044-03-15 BC", "1970-01-01", "12024-01-01", "5874897-12-31"]),
    ("time", "time", ["24:00", "00:00", "23:59:59.999999", "07:30"]),
    ("uuid", "uuid", ["0" * 32, "f" * 32]), ("string", "mood", ["ök", "", "\"", "🙂"]),
    ("string", "text", ["7", "007", "a=b/c", "\u0001", "..", "x" * 200, "é\u0301", "\U0010ffff", "%2F", "+", " "]),
]


@pytest.mark.parametrize("connections", [1, 2])
def test_partition_keys_of_every_type_are_read_back(project, db, connections):
    db.execute(TYPES)
    datasets, columns = {}, {}
    for i, (kind, pg_type, values) in enumerate(KEYS):
        db.execute(f"CREATE TABLE t{i} (id int, k {pg_type})")
        with db.connect() as connection, connection.cursor().copy(f"COPY t{i} FROM STDIN") as copy:
            for n in range(300):
                copy.write_row([n, [*values, None][n % (len(values) + 1)]])
        columns[f"d{i}"] = {"id": "int", "k": kind}
        datasets[f"d{i}"] = {"inputs": {"t": f"t{i}"}, "columns": columns[f"d{i}"], "partition_by": ["k"]}
    project.config({"limits": {"connections": connections}, "datasets": datasets})
    project.run("run", check=0)
    project.run("verify", check=0)
    for i, (kind, _, values) in enumerate(KEYS):
        assert len(Published(project.lake, f"d{i}").files) == len(values) + 1
        done = project.run("query", f"SELECT id, k FROM d{i}", "--format", "csv", check=0, text=False)
        rows = csv_rows(done.stdout.decode(), ["id", "k"], None)
        actual = sorted(tuple(meaning(t, v) for t, v in zip(("int", kind), row)) for row in rows)
        assert_same_rows((["id", "k"], actual), db.canonical(f"SELECT id, k FROM t{i}"))


# ---- what `tailrace query` prints, in the canonical form ----

def assert_query_prints(project, dataset, columns, sample, output):
    """`tailrace query --format json|csv` against Postgres's rows with an id below SAMPLE."""
    done = project.run("query", f"SELECT * FROM {dataset} WHERE id < {SAMPLE}", "--format", output, check=0, text=False)
    names, expected = sample
    types = ["int"] + [c.type for c in columns]
    rows = {"json": json_rows, "csv": csv_rows}[output](done.stdout.decode(), names, types)
    actual = sorted(tuple(meaning(t, v) for t, v in zip(types, row, strict=True)) for row in rows)
    if output == "json":  # JSON stands nested in JSON: the two are compared by their tokens
        expected = sorted(tuple(tokens(v) if t == "json" else v for t, v in zip(types, row)) for row in expected)
    assert_same_rows((names, actual), (names, expected))


class Number(str):
    """A number of JSON as it is written."""

    def __repr__(self):
        return f"number {self}"


def parse_json(text):
    return json.loads(text, parse_int=Number, parse_float=Number, object_pairs_hook=tuple)


def tokens(text):
    value = None if text == NULL else parse_json(text)
    return NULL if value is None else repr(value)


def json_rows(text, names, types):
    rows = []
    for row in parse_json(text):
        assert [key for key, _ in row] == names
        rows.append([repr(v) if t == "json" and v is not None else v for t, (_, v) in zip(types, row, strict=True)])
    return rows


def csv_rows(text, names, _):
    """Of CSV, in which a null is nothing and an empty text a pair of quotes (Python's csv can't tell)."""
    rows, row, i = [], [], 0
    while i < len(text):
        if text[i] == '"':
            end = i + 1
            while text[end] != '"' or text[end + 1] == '"':
                end += 2 if text[end] == '"' else 1
            row.append(text[i + 1:end].replace('""', '"'))
            i = end + 1
        else:
            end = re.compile("[,\n]").search(text, i).start()
            row.append(text[i:end] or None)
            i = end
        if text[i] == "\n":
            rows.append(row)
            row = []
        else:
            assert text[i] == ","
        i += 1
    assert not row and rows[0] == names
    return rows[1:]


def days(year, month, day):
    """Since 1970-01-01, in the proleptic Gregorian calendar with a year 0."""
    year -= month <= 2
    return (year * 365 + year // 4 - year // 100 + year // 400
            + (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1 - 719468)


def micros(text):
    hours, minutes, seconds = text.split(":")
    return (int(hours) * 3600 + int(minutes) * 60) * 10 ** 6 + int(decimal.Decimal(seconds) * 10 ** 6)


def meaning(kind, value):
    """A printed value (None, bool or text) as database.CANONICAL's text."""
    if value is None:
        return NULL
    if kind == "bool":
        return {"true": "1", "false": "0", True: "1", False: "0"}[value]
    if kind in ("float", "double"):
        code, bits = {"float": ("f", "i"), "double": ("d", "q")}[kind]
        return str(struct.unpack("<" + bits, struct.pack("<" + code, float(value)))[0])
    if kind.startswith("decimal"):
        return canonical_decimal(decimal.Decimal(value))
    if kind == "binary":
        assert value.startswith("\\x")
        return value[2:]
    if kind == "date":
        return str(days(*date_parts(value)))
    if kind == "time":
        return str(micros(value))
    if kind.startswith("timestamp"):
        date, clock = re.fullmatch(r"(\S+?)[ T]([0-9:.]+)(?:Z|\+00)?", value).groups()
        return str(days(*date_parts(date)) * 86400 * 10 ** 6 + micros(clock))
    return value


def date_parts(text):
    return map(int, re.fullmatch(r"([+-]?\d+)-(\d\d)-(\d\d)", text).groups())
