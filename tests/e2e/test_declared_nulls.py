"""Nulls where NOT NULL is declared, and columns that the server computes."""
import pytest

from lake_reader import assert_published

COLUMNS = {"id": "int", "v": "int", "w": "string"}
BY_C = """
    #include "gen/by_c.h"
    enum tr_verdict by_c(const struct in_t *t, const struct by_c_params *params, struct out_by_c *out,
            struct tr_ctx *ctx)
    {
        (void)params;
        (void)ctx;
        out->id = t->id;
        out->v = t->v;
        out->w = t->w;
        return TR_EMIT;
    }
    """


def three_ways(project, columns, body=BY_C, **more):
    """The table t by a straight copy as it is and by contract, through SQL and through typed C."""
    project.write("s.sql", f"SELECT {', '.join(columns)} FROM t")
    project.write("c.c", "")
    project.config({"datasets": {
        "taken_over": {"inputs": {"t": "t"}, **more}, "declared": {"inputs": {"t": "t"}, "columns": columns, **more},
        "by_sql": {"inputs": {"t": "t"}, "sql": "s.sql", "columns": columns, **more},
        "by_c": {"inputs": {"t": "t"}, "c": "c.c", "columns": columns, **more}}})
    project.run("gen", check=0)
    project.write("c.c", body)
    project.run("run", check=0)
    return ["taken_over", "declared", "by_sql", "by_c"]


def test_a_child_may_have_nulls_that_its_parent_does_not_allow(project, db):
    db.execute("""CREATE TABLE t (id int, v int, w text); CREATE TABLE child () INHERITS (t);
                  ALTER TABLE ONLY t ALTER v SET NOT NULL, ALTER w SET NOT NULL;
                  INSERT INTO t VALUES (1, 10, 'a'); INSERT INTO child VALUES (2, NULL, NULL), (3, 30, 'c')""")
    for dataset in three_ways(project, COLUMNS):
        assert_published(project.lake, dataset, db, "SELECT * FROM t")


def test_special_values_become_null_in_a_column_that_is_not_null(project, db):
    db.execute("""CREATE TABLE t (id int, d date NOT NULL, ts timestamp NOT NULL, tz timestamptz NOT NULL,
                                  n numeric(9,2) NOT NULL, x int NOT NULL);
                  INSERT INTO t VALUES (1, '2024-01-01', '2024-01-01', '2024-01-01', 1, 1),
                  (2, 'infinity', '-infinity', 'infinity', 'NaN', 2)""")
    columns = {"id": "int", "d": "date", "ts": "timestamp", "tz": "timestamptz", "n": "decimal(9,2)",
               "x": {"type": "int", "not_null": True}}
    fields = "\n".join(f"out->{name} = t->{name};" for name in ("d", "ts", "tz", "n"))
    body = BY_C.replace("out->v = t->v;", fields).replace("out->w = t->w;", "out->x = t->x;")
    for dataset in three_ways(project, columns, body, special_values="null"):
        assert_published(project.lake, dataset, db, """
            SELECT id, nullif(d, 'infinity') AS d, nullif(ts, '-infinity') AS ts, nullif(tz, 'infinity') AS tz,
                   nullif(n, 'NaN') AS n, x FROM t""")


@pytest.mark.parametrize("partitioned", [False, True])
def test_generated_identity_dropped_and_added_columns_are_read(project, db, partitioned):
    number, how = "GENERATED ALWAYS AS IDENTITY", ""
    if partitioned:  # where Postgres 15 knows no identity columns
        number, how = "", "PARTITION BY RANGE (id); CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (1) TO (1000)"
    db.execute(f"""CREATE TABLE t (id int, gone text, v int GENERATED ALWAYS AS (id * 2) STORED, n int {number}) {how}""")
    db.execute("""INSERT INTO t (id, gone) SELECT i, 'x' FROM generate_series(1, 100) i;
                  ALTER TABLE t DROP COLUMN gone; ALTER TABLE t ADD COLUMN w text DEFAULT 'new';
                  ALTER TABLE t ADD COLUMN z int NOT NULL DEFAULT 5""")
    for dataset in three_ways(project, COLUMNS):
        columns = "*" if dataset == "taken_over" else "id, v, w"
        assert_published(project.lake, dataset, db, f"SELECT {columns} FROM t")
