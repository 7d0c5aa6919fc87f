"""Edges of the embedded engine's types in SQL and in typed C: sums, decimals, dates, times, texts, parameters."""
import json

import pytest

from lake_reader import NULL, Published, assert_published, assert_same_rows, canonical
from test_run_errors import fails


def by_sql(project, sql, columns, inputs=None, **more):
    project.write("s.sql", sql)
    project.config({"datasets": {"d": {"inputs": inputs or {"t": "t"}, "sql": "s.sql", "columns": columns}}, **more})


def numbers(db):
    db.execute("CREATE TABLE t AS SELECT i AS id FROM generate_series(1, 3) i")


def published_rows(project):
    version = Published(project.lake, "d")
    rows = canonical(version.own_table())
    assert_same_rows(canonical(version.duckdb_table()), rows)
    return rows[1]


def test_sums_of_integers_are_decimals_of_38_digits(project, db):
    db.execute("""CREATE TABLE t (id int, b bigint, i int, s smallint);
        INSERT INTO t SELECT i, 9223372036854775807, 2147483647, 32767 FROM generate_series(1, 5000) i;
        INSERT INTO t SELECT -i, -9223372036854775808, -2147483648, -32768 FROM generate_series(1, 7000) i""")
    by_sql(project, "SELECT sign(id)::INT AS side, sum(b) AS b, sum(i) AS i, sum(s) AS s FROM t GROUP BY 1",
           {"side": "int", "b": "decimal(38,0)", "i": "decimal(38,0)", "s": "decimal(38,0)"})
    project.run("run", check=0)
    assert_published(project.lake, "d", db, """SELECT sign(id)::int AS side, sum(b) AS b, sum(i)::numeric AS i,
        sum(s)::numeric AS s FROM t GROUP BY 1""")


@pytest.mark.parametrize("value, arrives", [
    ("99999999999999999999999999999999999999", True), ("-99999999999999999999999999999999999999", True),
    ("100000000000000000000000000000000000000", False), ("-100000000000000000000000000000000000000", False),
    ("170141183460469231731687303715884105727", False), ("-170141183460469231731687303715884105728", False)])
def test_a_hugeint_of_more_than_38_digits_is_an_error(project, db, value, arrives):
    numbers(db)
    by_sql(project, f"SELECT id, CASE WHEN id = 2 THEN '{value}'::HUGEINT END AS h FROM t",
           {"id": "int", "h": "decimal(38,0)"})
    if arrives:
        project.run("run", check=0)
        assert published_rows(project) == [("1", NULL), ("2", value), ("3", NULL)]
    else:
        fails(project, 4, "`h` has more than 38 digits")


def test_every_integer_of_the_engine_arrives(project, db):
    numbers(db)
    edges = {"TINYINT": ("smallint", -2 ** 7, 2 ** 7 - 1), "UTINYINT": ("smallint", 0, 2 ** 8 - 1),
             "USMALLINT": ("int", 0, 2 ** 16 - 1), "UINTEGER": ("bigint", 0, 2 ** 32 - 1),
             "UBIGINT": ("decimal(20,0)", 0, 2 ** 64 - 1)}
    columns = {f"c{i}": edge[0] for i, edge in enumerate(edges.values())}
    yielded = [f"CASE id WHEN 1 THEN {low} WHEN 2 THEN {high} END::{t} AS c{i}"
               for i, (t, (_, low, high)) in enumerate(edges.items())]
    by_sql(project, f"SELECT id, {', '.join(yielded)} FROM t", {"id": "int", **columns})
    project.run("run", check=0)
    assert published_rows(project) == [
        ("1", *(str(low) for _, low, _ in edges.values())), ("2", *(str(high) for _, _, high in edges.values())),
        ("3", *[NULL] * len(edges))]


WIDTHS = {"d4": (4, 2), "d9": (9, 4), "d18": (18, 9), "d38": (38, 10), "d19": (19, 19), "d1": (1, 0), "d5": (5, 5)}


def test_decimals_of_every_physical_width_go_through_sql(project, db):
    defined = ", ".join(f"{n} numeric({p},{s})" for n, (p, s) in WIDTHS.items())
    most = ", ".join(f"(repeat('9', {p})::numeric / 10::numeric ^ {s})::numeric({p},{s})" for p, s in WIDTHS.values())
    db.execute(f"""CREATE TABLE t (id int, {defined});
        INSERT INTO t SELECT 1, {most}; INSERT INTO t SELECT 2, {', '.join(f'-{n}' for n in WIDTHS)} FROM t;
        INSERT INTO t (id) VALUES (3); INSERT INTO t SELECT 4, {', '.join('0' for _ in WIDTHS)};
        INSERT INTO t SELECT 4 + i, {', '.join(f'{n} / i' for n in WIDTHS)} FROM t, generate_series(1, 50) i
            WHERE id = 1""")
    columns = {n: f"decimal({p},{s})" for n, (p, s) in WIDTHS.items()}
    columns |= {f"neg_{n}": columns[n] for n in WIDTHS} | {f"top_{n}": columns[n] for n in WIDTHS}
    made = [f"-{n} AS neg_{n}" for n in WIDTHS] + [f"max({n}) OVER () AS top_{n}" for n in WIDTHS]
    statement = f"SELECT id, {', '.join(WIDTHS)}, {', '.join(made)} FROM t"
    by_sql(project, statement, {"id": "int", **columns})
    project.run("run", check=0)
    assert_published(project.lake, "d", db, statement)


@pytest.mark.parametrize("made, name, kind", [
    ("'infinity'::TIMESTAMP", "x", "timestamp"), ("'-infinity'::TIMESTAMPTZ", "x", "timestamptz"),
    ("'infinity'::DATE", "x", "date"), ("'-infinity'::DATE", "x", "date"),
    ("'infinity'::TIMESTAMP_S", "x", "timestamp"), ("'infinity'::TIMESTAMP_MS", "x", "timestamp")])
def test_an_infinity_made_in_sql_is_an_error(project, db, made, name, kind):
    numbers(db)
    by_sql(project, f"SELECT id, CASE WHEN id = 2 THEN {made} END AS {name} FROM t", {"id": "int", name: kind})
    fails(project, 4, f"`{name}` holds an infinite date or time")


def test_the_engines_earliest_and_latest_dates_and_times_arrive(project, db):
    numbers(db)
    made = {"date": ("DATE '5877642-06-25 (BC)'", "DATE '5881580-07-10'", -2 ** 31 + 2, 2 ** 31 - 2),
            "timestamp": ("TIMESTAMP '290309-12-22 (BC) 00:00:00'", "TIMESTAMP '294247-01-10 04:00:54.775806'",
                          -9223372022400000000, 2 ** 63 - 2),
            "timestamptz": ("TIMESTAMPTZ '290309-12-22 (BC) 00:00:00+00'",
                            "TIMESTAMPTZ '294247-01-10 04:00:54.775806+00'", -9223372022400000000, 2 ** 63 - 2),
            "time": ("TIME '00:00:00'", "TIME '24:00:00'", 0, 86400 * 10 ** 6)}
    columns = ", ".join(f"CASE id WHEN 1 THEN {low} WHEN 2 THEN {high} END AS c_{kind}"
                        for kind, (low, high, _, _) in made.items())
    by_sql(project, f"SELECT id, {columns} FROM t", {"id": "int"} | {f"c_{kind}": kind for kind in made})
    project.run("run", check=0)
    assert published_rows(project) == [("1", *(str(m[2]) for m in made.values())),
                                       ("2", *(str(m[3]) for m in made.values())), ("3", *[NULL] * 4)]


def test_the_last_moment_of_a_day_goes_through_sql(project, db):
    db.execute("CREATE TABLE t (id int, at time); INSERT INTO t VALUES (1, '24:00'), (2, '23:59:59.999999'), (3, NULL)")
    by_sql(project, 'SELECT id, "at" AS a, "at"::VARCHAR AS text, max("at") OVER () AS top FROM t',
           {"id": "int", "a": "time", "text": "string", "top": "string"})
    project.run("run", check=0)
    assert_published(project.lake, "d", db, 'SELECT id, at AS a, at::text AS text, (max(at) OVER ())::text AS top FROM t')


def test_texts_with_every_ascii_character_arrive(project, db):
    db.execute("CREATE TABLE t AS SELECT i AS id FROM generate_series(0, 127) i")
    by_sql(project, "SELECT id, 'a' || chr(id) || 'b' AS short, repeat(chr(id), 50) AS long FROM t",
           {"id": "int", "short": "string", "long": "string"})
    project.run("run", check=0)
    assert published_rows(project) == sorted((str(i), f"a{chr(i)}b", chr(i) * 50) for i in range(128))
    rows = json.loads(project.run("query", "SELECT * FROM d", "--format", "json", check=0).stdout)
    assert sorted((r["id"], r["short"], r["long"]) for r in rows) == [
        (i, f"a{chr(i)}b", chr(i) * 50) for i in range(128)]


SPILLING = {"joined": "SELECT l.id, r.v FROM t l JOIN t r ON l.v = r.v", "sorted": "SELECT id, v FROM t ORDER BY v DESC",
            "windowed": "SELECT id, max(v) OVER (PARTITION BY k, id) AS v FROM t"}


def test_long_texts_are_joined_and_sorted_on_disk(project, db):
    db.execute("""CREATE TABLE t AS SELECT i AS id, i % 100 AS k, repeat(md5((i * 7)::text), 1 + i % 30) || i AS v
                      FROM generate_series(1, 200000) i; ANALYZE t""")
    datasets = {}
    for name, sql in SPILLING.items():
        project.write(f"{name}.sql", sql)
        datasets[name] = {"inputs": {"t": "t"}, "sql": f"{name}.sql", "columns": {"id": "int", "v": "string"}}
    project.config({"limits": {"memory": "256MiB", "threads": 1}, "datasets": datasets})
    project.run("run", check=0)
    expected = db.canonical("SELECT id, v FROM t")
    for name in SPILLING:
        assert_same_rows(canonical(Published(project.lake, name).own_table()), expected)


def test_a_value_that_does_not_convert_is_shown_at_its_place_in_the_sql_file(project, db):
    db.execute("CREATE TABLE t AS SELECT i AS id, CASE i WHEN 5 THEN 'five' ELSE i::text END AS v"
               " FROM generate_series(1, 9) i")
    by_sql(project, "SELECT id,\n  CAST(v AS INTEGER) AS n FROM t", {"id": "int", "n": "int"})
    fails(project, 4, "five", "--> s.sql:2:")


def test_texts_of_megabytes_arrive(project, db):
    db.execute("""CREATE TABLE t AS SELECT i AS id, repeat(chr(96 + i), i * 1000000) AS v,
                  decode(repeat(lpad(to_hex(i), 2, '0'), i * 500000), 'hex') AS b FROM generate_series(1, 7) i;
                  INSERT INTO t VALUES (8, '', ''), (9, NULL, NULL), (10, repeat('🙂é', 1500000), '\\x00')""")
    project.write("s.sql", "SELECT id, v, b FROM t")
    project.write("c.c", "")
    columns = {"id": "int", "v": "string", "b": "binary"}
    project.config({"limits": {"memory": "256MiB"}, "datasets": {
        "copied": {"inputs": {"t": "t"}}, "by_sql": {"inputs": {"t": "t"}, "sql": "s.sql", "columns": columns},
        "by_c": {"inputs": {"t": "t"}, "c": "c.c", "columns": columns}}})
    project.run("gen", check=0)
    project.write("c.c", """
        #include "gen/by_c.h"
        enum tr_verdict by_c(const struct in_t *t, const struct by_c_params *params, struct out_by_c *out,
                struct tr_ctx *ctx)
        {
            (void)params;
            out->id = t->id;
            out->v = t->v;
            out->b = t->b;
            if (t->v.valid && t->v.value.len > 0) /* new text: the same again */
                out->v.value = tr_text_printf(ctx, "%.*s", (int)t->v.value.len, t->v.value.ptr);
            return TR_EMIT;
        }
        """)
    project.run("run", check=0)
    for dataset in ("copied", "by_sql", "by_c"):
        assert_published(project.lake, dataset, db, "SELECT * FROM t")
    project.run("verify", check=0)


def test_arithmetic_of_timestamptz_is_in_utc(project, db):
    db.execute("""CREATE TABLE t AS SELECT i AS id, timestamptz '2024-03-30 22:30:00+00' + i * interval '17 minutes' AS a
                  FROM generate_series(1, 400) i""")
    statement = """SELECT id, a, a + INTERVAL '1' DAY AS next_day, a + INTERVAL '1' MONTH AS next_month,
        date_trunc('day', a) AS day, CAST(a AS DATE) AS date, CAST(a AS TIMESTAMP) AS local,
        CAST(extract(hour FROM a) AS bigint) AS hour, CAST(CAST(a AS TIMESTAMP) AS time) AS clock FROM t"""
    by_sql(project, statement, {"id": "int", "a": "timestamptz", "next_day": "timestamptz", "next_month": "timestamptz",
                                "day": "timestamptz", "date": "date", "local": "timestamp", "hour": "bigint",
                                "clock": "time"})
    project.run("run", check=0)
    db.execute(f"ALTER DATABASE {db.name} SET timezone = 'UTC'")
    assert_published(project.lake, "d", db, statement)


PARAMS = {
    "bool": ["true", "false"],
    "int": ["-2147483648", "2147483647"],
    "bigint": ["-9223372036854775808", "9223372036854775807"],
    "double": ["0.1", "-0.0", "1.7976931348623157e308", "5e-324", "NaN", "Infinity", "-Infinity"],
    "string": ["", "it's", "naïve \U0001f642 \" \\ $x", " x "],
    "decimal(4,2)": ["99.99", "-0.01"],
    "decimal(18,9)": ["-999999999.999999999"],
    "decimal(38,0)": ["99999999999999999999999999999999999999"],
    "decimal(38,38)": ["-0.99999999999999999999999999999999999999"],
    "date": ["0001-01-01", "1969-12-31", "9999-12-31", "2024-02-29"],
    "timestamp": ["1969-12-31 23:59:59.999999", "9999-12-31 23:59:59.999999", "2024-02-29 12:00:00"],
}
POSTGRES = {"double": "float8", "string": "text"}


def test_parameters_of_every_type_reach_sql_and_c(project, db):
    numbers(db)
    params, columns, expected = {}, {}, []
    for kind, values in PARAMS.items():
        for value in values:
            name = f"p{len(params)}"
            params[name] = {"type": kind, "value": value}
            columns[name] = {"type": kind, "not_null": True}
            literal = value.replace("'", "''")
            expected.append(f"'{literal}'::{POSTGRES.get(kind, kind)} AS {name}")
    project.write("s.sql", "SELECT id, " + ", ".join(f"${name} AS {name}" for name in params) + " FROM t")
    project.write("c.c", "")
    project.config({"params": params, "datasets": {
        "by_sql": {"inputs": {"t": "t"}, "sql": "s.sql", "columns": {"id": "int", **{
            n: c["type"] for n, c in columns.items()}}},
        "by_c": {"inputs": {"t": "t"}, "c": "c.c", "columns": {"id": "int", **columns}}}})
    project.run("gen", check=0)
    lines = "\n".join(f"\tout->{name} = params->{name};" for name in params)
    project.write("c.c", '#include "gen/by_c.h"\nenum tr_verdict by_c(const struct in_t *t, '
                  "const struct by_c_params *params,\n\t\tstruct out_by_c *out, struct tr_ctx *ctx)\n"
                  "{\n\t(void)ctx;\n\tout->id = t->id;\n" + lines + "\n\treturn TR_EMIT;\n}\n")
    project.run("run", check=0)
    for dataset in ("by_sql", "by_c"):
        assert_published(project.lake, dataset, db, f"SELECT id, {', '.join(expected)} FROM t")


def test_names_that_c_has_for_itself_are_no_obstacle(project, db):
    """A dataset, an alias and columns named as C's keywords, macros and the function's own parameters."""
    db.execute("""CREATE TABLE t (id int, "NULL" numeric(4,2), "null_" numeric(4,1), ctx text, "a b" int, "a-b" int);
                  INSERT INTO t VALUES (1, 1.25, 1.5, 'x', 2, 3)""")
    columns = {"id": "int", "upper": "decimal(4,2)", "lower": "decimal(4,1)", "ctx": "string", "one": "int", "two": "int"}
    project.write("register.c", """
        #include "gen/register.h"
        enum tr_verdict register_(const struct in_out *out_, const struct register_params *params,
                struct out_register *out, struct tr_ctx *ctx)
        {
            (void)params;
            (void)ctx;
            out->id = out_->id;
            out->upper = out_->NULL_;
            out->lower = out_->null__2;
            out->ctx = out_->ctx;
            out->one = out_->a_b;
            out->two = out_->a_b_2;
            _Static_assert(IN_OUT_NULL__SCALE == 2 && IN_OUT_NULL__2_SCALE == 1, "each has its scale");
            return TR_EMIT;
        }
        """)
    project.config({"datasets": {"register": {"inputs": {"out": "t"}, "c": "register.c", "columns": columns}}})
    project.run("gen", check=0)
    project.run("run", check=0)
    assert_published(project.lake, "register", db, """
        SELECT id, "NULL" AS upper, null_ AS lower, ctx, "a b" AS one, "a-b" AS two FROM t""")
