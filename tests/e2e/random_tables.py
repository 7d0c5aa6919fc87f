"""Random tables of every type that is read: columns with awkward names, boundary values, nulls.

Values are texts as Postgres's COPY reads them, so that nothing of a client's types gets between.
"""
import json
import random
import struct
import uuid
from dataclasses import dataclass

import psycopg

TYPES = """
    CREATE TYPE mood AS ENUM ('sad', 'ök', '', 'a b', '"', '🙂');
    CREATE DOMAIN price AS numeric(12,4);
    CREATE DOMAIN fine_price AS price;
    CREATE DOMAIN short_text AS varchar(20);
    CREATE DOMAIN tiny AS int2;
    CREATE DOMAIN day AS date;
"""

# Reserved in SQL or in C, macros of C's headers, awkward spellings; no two fold to the same text.
NAMES = ["select", "Order", "userId", "int", "_Bool", "NULL", "EOF", "errno", "linux", "table", "a b", "a-b", "a_b_2",
         "ünïcode", "日本語", "🙂", "1st", "quo\"te", "it's", "semi;colon", "x.y", "*/ end", "back\\slash", "per%cent",
         "tab\there", "new\nline", "params", "out", "ctx", "in", "rowid", "value", "valid", "o", "group", "DEFAULT",
         "oid_", "__attribute__", "_Generic", "asm", "typeof", "main", "tr_fail", " lead", "trail ", "$1", "?",
         "long_name_" + "x" * 53, "é", "e_", "stdin", "BUFSIZ", "TR_EMIT", "{", "//", "a/*b", "'", "#define", "??/"]

EDGE_TEXTS = ["", " ", "a", "\u0001", "\t", "\n", "\r\n", "\\", "\\N", "\\.", "\"", "'", "NULL", "null", "\u007f", "\u0080",
              "\u07ff", "\u0800", "\ud7ff", "\ue000", "\ufffd", "\uffff", "\U00010000", "\U0010ffff", "é\u0301", "🙂",
              "\ufeffbom", "0", "007", "true", "x" * 11, "x" * 12, "x" * 13, "\U0010ffff" * 20, "ÿ" * 40, "z" * 4096]


@dataclass
class Column:
    name: str        # in Postgres
    published: str
    pg_type: str
    type: str        # of the contract
    values: list     # boundaries
    random: object   # rng -> text
    nulls: float     # share
    not_null: bool = False


def integer(low, high):
    edges = [str(v) for v in (low, low + 1, -1, 0, 1, high - 1, high) if low <= v <= high]
    return edges, lambda rng: str(rng.randint(low, high) >> rng.randrange(0, high.bit_length()))


def floating(code, bits, specials):
    def value(rng):
        number = struct.unpack("<" + code, struct.pack({"f": "<I", "d": "<Q"}[code], rng.getrandbits(bits)))[0]
        return "NaN" if number != number else repr(number) if code == "d" else format(number, ".9g")
    return ["NaN", "Infinity", "-Infinity", "0", "-0", "0.1"] + specials, value


def decimal_text(units, scale):
    """units * 10^-scale, as Postgres writes it."""
    if scale <= 0:
        return str(units * 10 ** -scale)
    digits = str(abs(units)).rjust(scale + 1, "0")
    return ("-" if units < 0 else "") + digits[:-scale] + "." + digits[-scale:]


def numeric(rng):
    """(Postgres's type, contract's type, boundaries, random): also s < 0 and s > p."""
    shape = rng.randrange(5)
    if shape == 0:
        precision, scale = rng.randint(1, 20), -rng.randint(1, 18)
        contract = f"decimal({precision - scale},0)"
    elif shape == 1:
        precision = rng.randint(1, 30)
        scale = rng.randint(precision, 38)
        contract = f"decimal({scale},{scale})"
    else:
        precision = rng.choice([1, 2, 4, 5, 9, 10, 18, 19, 20, 37, 38])
        scale = rng.choice([0, precision, rng.randint(0, precision)])
        contract = f"decimal({precision},{scale})"
    most = 10 ** precision - 1
    edges = [decimal_text(v, scale) for v in (0, 1, -1, most, -most, most // 2, 10 ** (precision - 1), -(most // 7))]
    return (f"numeric({precision},{scale})", contract, edges,
            lambda r: decimal_text(r.choice((1, -1)) * r.randint(0, 10 ** r.randint(0, precision) - 1), scale))


def character(rng):
    plane = rng.randrange(6)
    if plane < 3:
        return chr(rng.randint(32, 126))
    if plane == 3:
        return chr(rng.randint(1, 0xd7ff))
    if plane == 4:
        return chr(rng.randint(0xe000, 0xffff))
    return chr(rng.randint(0x10000, 0x10ffff))


def text(rng, longest=40):
    if rng.random() < 0.2:
        return f"name {rng.randrange(50)}"
    return "".join(character(rng) for _ in range(rng.randint(0, longest)))


def json_value(rng, depth=0):
    kind = rng.randrange(9 if depth < 4 else 6)
    if kind == 0:
        return None
    if kind == 1:
        return rng.choice([True, False])
    if kind == 2:
        return rng.randint(-10 ** 20, 10 ** 20)
    if kind == 3:
        return rng.random() * 10 ** rng.randint(-20, 20)
    if kind < 6:
        return text(rng, 12)
    if kind < 8:
        return [json_value(rng, depth + 1) for _ in range(rng.randrange(5))]
    return {text(rng, 6): json_value(rng, depth + 1) for _ in range(rng.randrange(5))}


def json_text(rng):
    return json.dumps(json_value(rng), ensure_ascii=rng.random() < 0.5)


DEEP = "[" * 500 + "]" * 500
DAYS = ["2000-01-01", "1970-01-01", "1969-12-31", "0001-01-01", "0001-12-31 BC", "4714-11-24 BC", "9999-12-31",
        "10000-01-01", "1582-10-10", "1900-02-28", "2000-02-29"]


def day(rng):
    return f"{rng.randint(1, 9999):04}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"


def clock(rng):
    fraction = rng.choice(["", ".5", ".001", f".{rng.randrange(10 ** 6):06}"])
    return f"{rng.randrange(24):02}:{rng.randrange(60):02}:{rng.randrange(60):02}{fraction}"


def moment(zone):
    edges = [f"{d.split(' BC')[0]} {t}{zone}{' BC' if d.endswith('BC') else ''}" for d in DAYS
             for t in ("00:00:00", "23:59:59.999999")]
    return edges + [f"294247-01-10 04:00:54.775806{zone}"], lambda rng: f"{day(rng)} {clock(rng)}{zone}"


def make_type(rng):
    """(Postgres's type, contract's type, boundaries, random)"""
    simple = {
        "bool": ("bool", ["t", "f"], lambda r: r.choice("tf")),
        "int2": ("smallint", *integer(-2 ** 15, 2 ** 15 - 1)),
        "tiny": ("smallint", *integer(-2 ** 15, 2 ** 15 - 1)),
        "int4": ("int", *integer(-2 ** 31, 2 ** 31 - 1)),
        "int8": ("bigint", *integer(-2 ** 63, 2 ** 63 - 1)),
        "oid": ("bigint", *integer(0, 2 ** 32 - 1)),
        "float4": ("float", *floating("f", 32, ["3.4028235e38", "-3.4028235e38", "1e-45", "1.1754942e-38"])),
        "float8": ("double", *floating("d", 64, ["1.7976931348623157e308", "5e-324", "2.225073858507201e-308"])),
        "price": ("decimal(12,4)", ["99999999.9999", "-99999999.9999"], lambda r: f"{r.randrange(10 ** 6)}.5"),
        "fine_price": ("decimal(12,4)", ["0"], lambda r: f"-{r.randrange(10 ** 6)}.0625"),
        "text": ("string", EDGE_TEXTS, text),
        "varchar(20)": ("string", ["", "x  "], lambda r: text(r, 20)),
        "char(7)": ("string", ["", "ab", "äöü"], lambda r: text(r, 7).rstrip(" ")),
        "name": ("string", ["", "pg_class"], lambda r: text(r, 12)),
        "short_text": ("string", [""], lambda r: text(r, 20)),
        "bytea": ("binary", ["\\x", "\\x00", "\\xff", "\\x" + "00ff" * 3000],
                  lambda r: "\\x" + r.randbytes(r.randint(0, 40)).hex()),
        "date": ("date", DAYS + ["5874897-12-31"], day),
        "day": ("date", DAYS, day),
        "timestamp": ("timestamp", *moment("")),
        "timestamptz": ("timestamptz", *moment("+00")),
        "time": ("time", ["00:00", "24:00", "23:59:59.999999", "00:00:00.000001"], clock),
        "uuid": ("uuid", ["0" * 32, "f" * 32, "80" + "0" * 30, "7f" + "f" * 30],
                 lambda r: str(uuid.UUID(int=r.getrandbits(128)))),
        "json": ("json", ["null", "\"\"", " {\"a\" :\n [1 ] } ", "\"\\u0000\"", "1e400", "-0.0", DEEP, "{\"a\":1,\"a\":2}"],
                 json_text),
        "jsonb": ("json", ["null", "[]", "{}", "1.50", "12345678901234567890.0123456789", DEEP],
                  lambda r: json_text(r).replace("\\u0000", "")),
        "mood": ("string", ["sad", "ök", "", "a b", "\"", "🙂"], lambda r: r.choice(["sad", "ök", ""])),
    }
    kind = rng.choice([*simple, *["numeric"] * 5])
    return numeric(rng) if kind == "numeric" else (kind, *simple[kind])


def random_columns(rng, n):
    names = rng.sample(NAMES, min(n, len(NAMES) // 2)) if rng.random() < 0.8 else []
    columns = []
    for i in range(n):
        pg_type, contract, edges, value = make_type(rng)
        nulls = rng.choice([0, 0, 0, 0.01, 0.3, 0.95, 1])
        columns.append(Column(names[i] if i < len(names) else f"c{i}", f"p{i}", pg_type, contract, edges, value, nulls,
                              nulls == 0 and rng.random() < 0.6))
    return columns


def quote(name):
    return '"' + name.replace('"', '""') + '"'


def create(db, table, columns, rows, rng):
    """Make the table with an `id` in front, and fill it; each column's boundaries come first."""
    defined = "".join(f", {quote(c.name)} {c.pg_type}{' NOT NULL' if c.not_null else ''}" for c in columns)
    db.execute(f"CREATE TABLE {table} (id int PRIMARY KEY{defined})")
    pools = [c.values + [c.random(rng) for _ in range(min(rows, rng.choice([3, 300, 5000])))] for c in columns]
    with psycopg.connect(db.url) as connection, connection.cursor() as cursor:
        with cursor.copy(f"COPY {table} FROM STDIN") as copy:
            for i in range(rows):
                copy.write_row([i] + [None if c.nulls and rng.random() < c.nulls else
                                      pool[i % len(pool)] if i < len(pool) else rng.choice(pool)
                                      for c, pool in zip(columns, pools)])
    db.execute(f"ANALYZE {table}")


def seeded(seed):
    return random.Random(f"tailrace {seed}")
