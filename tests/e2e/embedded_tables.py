"""Tables for the tests of the embedded engine: orders and users, and one of every type."""
import datetime as dt
import decimal
import random

import pyarrow as pa

D = decimal.Decimal
UTC = dt.timezone.utc
decimal.getcontext().prec = 60


def orders(n=10_000):
    return pa.table({
        "order_id": pa.array(range(n), pa.int64()),
        "user_id": pa.array([i % 100 if i % 13 else None for i in range(n)], pa.int32()),
        "amount": pa.array([i / 7 for i in range(n)], pa.float64()),
        "note": pa.array([f"note on the order number {i}" if i % 5 else None for i in range(n)], pa.string()),
    })


def users(n=100):
    return pa.table({
        "user_id": pa.array(range(n), pa.int32()),
        "userName": pa.array([f"a name that is rather long {i} ☃" if i % 3 else "short" for i in range(n)]),
    })


def every_type(n):
    """Random values, the extremes first, a null in about every fifth place."""
    r = random.Random(7)
    digits = {3: 3, 4: 4, 5: 5, 9: 9, 10: 10, 18: 18, 19: 19, 38: 38}

    def column(type_, extremes, draw):
        values = list(extremes) + [draw() if r.random() < 0.8 else None for _ in range(n - len(extremes))]
        return pa.array(values, type_)

    def integer(bits):
        return lambda: r.randint(-2 ** (bits - 1), 2 ** (bits - 1) - 1)

    def text():
        return "".join(r.choice("aé☃🚰 \\'\"\n\t") for _ in range(r.choice([0, 1, 4, 11, 12, 13, 40])))

    columns = {
        "b": column(pa.bool_(), [True, False, None], lambda: r.random() < 0.5),
        "i2": column(pa.int16(), [-2 ** 15, 2 ** 15 - 1], integer(16)),
        "i4": column(pa.int32(), [-2 ** 31, 2 ** 31 - 1], integer(32)),
        "i8": column(pa.int64(), [-2 ** 63, 2 ** 63 - 1], integer(64)),
        "f4": column(pa.float32(), [0.0, -0.0, float("inf"), float("-inf"), 1.5], lambda: float(r.randint(0, 9))),
        "f8": column(pa.float64(), [0.0, -0.0, float("inf"), float("-inf"), 5e-324, 1.7976931348623157e308], r.random),
        "t": column(pa.string(), ["", "x" * 12, "x" * 13, "x" * 100_000], text),
        "y": column(pa.binary(), [b"", b"\0", b"\xff" * 13], lambda: r.randbytes(r.choice([0, 12, 13, 50]))),
        "d": column(pa.date32(), [dt.date.min, dt.date.max, dt.date(1970, 1, 1)],
                    lambda: dt.date(2000, 1, 1) + dt.timedelta(r.randint(-9999, 9999))),
        "ti": column(pa.time64("us"), [dt.time(), dt.time.max], lambda: dt.time(r.randint(0, 23), 5, 6, 7)),
        "ts": column(pa.timestamp("us"), [dt.datetime.min, dt.datetime.max], lambda: dt.datetime(2024, 1, r.randint(1, 31))),
        "tz": column(pa.timestamp("us", "UTC"), [dt.datetime(1, 1, 1, tzinfo=UTC)],
                     lambda: dt.datetime(2024, 1, r.randint(1, 31), tzinfo=UTC)),
        "u": pa.ExtensionArray.from_storage(pa.uuid(), column(pa.binary(16), [b"\0" * 16, b"\xff" * 16],
                                                              lambda: r.randbytes(16))) if hasattr(pa, "uuid") else None,
        "j": pa.ExtensionArray.from_storage(pa.json_(), column(pa.string(), ['{"a": [1, null]}', "3"], lambda: '"☃"')),
    }
    for precision in digits:
        scale = precision // 2
        top = D(10 ** precision - 1).scaleb(-scale)
        columns[f"n{precision}"] = column(
            pa.decimal128(precision, scale), [top, -top, D(0)],
            lambda p=precision, s=scale: D(r.randint(-10 ** p + 1, 10 ** p - 1)).scaleb(-s))
    return pa.table({name: c for name, c in columns.items() if c is not None})


def storage(table):
    """Extension columns as what they are stored as, so that tables compare by value."""
    return {f.name: (table[f.name].cast(f.type.storage_type) if isinstance(f.type, pa.BaseExtensionType)
                     else table[f.name]).combine_chunks() for f in table.schema}


def assert_same(got, want):
    got, want = storage(got), storage(want)
    assert list(got) == list(want)
    for name in want:
        assert got[name].type == want[name].type, name
        # Bits, so that -0 is not 0.
        assert str(got[name].to_pylist()) == str(want[name].to_pylist()), name
