"""`tailrace init`: what it writes runs as it is, on ordinary and on odd schemas."""
import json
import re
from urllib.parse import quote

import pytest

from project import ROOT


def init(project, db, *args, **options):
    return project.run("init", db.url, *args, **options)


def publish(project):
    """Check, run and read everything as init wrote it; the row counts by dataset."""
    project.run("check", check=0)
    project.run("run", "-q", check=0)
    datasets = json.loads(project.run("datasets", "--json", check=0).stdout)
    assert all(d["configured"] and d["published"] for d in datasets)
    for d in datasets:
        count = project.run("query", "--format", "csv", f'SELECT count(*) AS n FROM "{d["dataset"]}"', check=0).stdout
        assert count == f"n\n{d['rows']}\n"
    return {d["dataset"]: d["rows"] for d in datasets}


def text(project):
    return (project.folder / "tailrace.yaml").read_text()


@pytest.fixture
def empty(project):
    """A project without DATABASE_URL: what init writes must suffice."""
    project.database_url = None
    return project


def test_the_shop_runs_as_written_with_a_join(empty, db):
    db.execute((ROOT / "examples/shop/schema.sql").read_text())
    db.execute("""INSERT INTO users VALUES (1, 'Ada', 'DE', 'a@x', now()), (2, 'Bo', NULL, 'b@x', now());
                  INSERT INTO products VALUES (1, gen_random_uuid(), 'P', 1.50, '{}');
                  INSERT INTO orders VALUES (1, 1, 1, 9.5, 'new', NULL, '2024-01-01', NULL),
                                            (2, 2, NULL, 1, 'paid', 'x', '2024-01-02', now())""")
    done = init(empty, db, check=0)
    assert "tailrace.yaml: 4 datasets" in done.stdout and "transforms/orders_with_users.sql" in done.stdout
    assert "# partition_by: [ day(created_at) ]" in text(empty)
    assert "private: never leaves the database" in text(empty)
    assert publish(empty) == {"orders": 2, "users": 2, "products": 1, "orders_with_users": 2}
    joined = empty.run("query", "--format", "csv",
                       "SELECT order_id, users_name FROM orders_with_users ORDER BY order_id", check=0).stdout
    assert joined == "order_id,users_name\n1,Ada\n2,Bo\n"


def test_odd_names_become_snake_case_and_lead_back(empty, db):
    db.execute('''
        CREATE SCHEMA "My Schema";
        CREATE TABLE "My Schema"."Order Items" ("userId" int NOT NULL, "user_id" int, "select" text, "Größe €" text,
            "with ""quotes"" \\ and ${HOME}" text, "2nd" int, "_x" int, PRIMARY KEY ("userId"));
        COMMENT ON COLUMN "My Schema"."Order Items"."select" IS E'"quoted": # no comment\\nsecond line \\\\ ${HOME} \\u0085';
        COMMENT ON TABLE "My Schema"."Order Items" IS 'yes: no, [ { ';
        INSERT INTO "My Schema"."Order Items" VALUES (1, 2, 'a', 'b', 'c', 3, 4);
        CREATE TABLE "_hidden" (id int); CREATE TABLE "123" (id int); CREATE TABLE "名前" (id int);
        CREATE TABLE order_items (id int); CREATE TABLE "table" ("order" int, "limit" int);
        CREATE TABLE a_b (id int); CREATE TABLE "a.b" (id int); CREATE TABLE "A b" (id int)''')
    init(empty, db, check=0)
    rows = publish(empty)
    assert len(rows) == 9 and sum(rows.values()) == 1
    (dataset,) = [name for name, n in rows.items() if n]
    out = json.loads(empty.run("query", "--format", "json", f'FROM "{dataset}"', check=0).stdout)
    assert list(out[0].values()) == [1, 2, "a", "b", "c", 3, 4]
    assert all(re.fullmatch("[a-z_][a-z0-9_]*", name) for name in out[0])


def test_types_that_are_not_read_are_left_out_with_the_reason(empty, db):
    db.execute("""CREATE TYPE pair AS (a int, b int); CREATE TYPE mood AS ENUM ('sad', 'ok');
        CREATE DOMAIN positive AS int CHECK (VALUE > 0);
        CREATE TABLE mixed (id int, tags text[], p pair, ip inet, m mood, pos positive, free numeric, i interval,
            neg numeric(3,-2), fine numeric(3,5), xid8 oid, ch char(3), n name);
        INSERT INTO mixed (id, m, pos, ch, n) VALUES (1, 'ok', 5, 'ab', 'name');
        CREATE TABLE hopeless (tags text[]); CREATE TABLE bare ()""")
    done = init(empty, db, check=0)
    assert "2 tables or views can't be read" in done.stderr and "5 columns are left out" in done.stderr
    config = text(empty)
    for column in ("tags (text[])", "ip (inet)", "p (pair)", "i (interval)", "free (numeric)"):
        assert f"# left out: {column}: " in config, column
    assert "public.hopeless is left out: none of its columns can be read" in config
    assert "public.bare is left out: it has no columns" in config
    assert publish(empty) == {"mixed": 1}


def test_views_partitions_and_tables_without_a_key(empty, db):
    db.execute("""CREATE TABLE events (at timestamptz NOT NULL, what text) PARTITION BY RANGE (at);
        CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
        INSERT INTO events VALUES ('2024-05-05', 'x'), ('2024-05-05', 'x');
        CREATE VIEW recent AS SELECT * FROM events; CREATE MATERIALIZED VIEW kept AS SELECT * FROM events;
        CREATE MATERIALIZED VIEW stale AS SELECT * FROM events WITH NO DATA""")
    init(empty, db, check=0)
    assert "public.stale is left out: the materialized view has not been populated" in text(empty)
    assert publish(empty) == {"events": 2, "recent": 2, "kept": 2}


def test_a_key_that_may_be_null_joins_without_losing_rows(empty, db):
    db.execute("""CREATE TABLE parent (id int PRIMARY KEY, name text NOT NULL, doc jsonb, u uuid, t time, b bytea,
            n numeric(10,2), at timestamptz);
        CREATE TABLE child (id int PRIMARY KEY, parent_id int REFERENCES parent, "from" text, doc json);
        INSERT INTO parent VALUES (1, 'p', '{}', gen_random_uuid(), '12:00', '\\x00', 1.5, now());
        INSERT INTO child VALUES (1, 1, 'x', '[1]'), (2, NULL, 'y', NULL)""")
    init(empty, db, check=0)
    assert publish(empty) == {"parent": 1, "child": 2, "child_with_parent": 2}


def test_an_empty_database_says_so(empty, db):
    done = init(empty, db, check=2)
    assert "has no table or view that this user may read" in done.stderr
    assert not (empty.folder / "tailrace.yaml").exists()


def test_chosen_tables_and_another_folder(empty, db):
    db.execute("CREATE TABLE one (id int); CREATE TABLE two (id int); CREATE TABLE three (id int)")
    init(empty, db, "--tables", "one, public.two", "--dir", "sub", check=0)
    config = (empty.folder / "sub/tailrace.yaml").read_text()
    assert "\n  one:\n" in config and "\n  two:\n" in config and "three" not in config
    done = init(empty, db, "--tables", "tow", "--dir", "other", check=2)
    assert "no table or view `tow`" in done.stderr and "did you mean `two`?" in done.stderr
    assert not (empty.folder / "other").exists()


def test_tables_are_chosen_by_names_as_sql_spells_them(empty, db):
    db.execute('''CREATE SCHEMA "My Schema"; CREATE TABLE "My Schema"."a, b" (id int);
        CREATE TABLE "My Schema"."Order Items" (id int); CREATE TABLE "a.b" (id int); CREATE TABLE other (id int)''')
    init(empty, db, "--tables", '"My Schema"."a, b" , "My Schema"."Order Items","a.b"', check=0)
    assert set(publish(empty)) == {"a_b", "order_items", "public_a_b"}
    done = init(empty, db, "--tables", '"My Schema"."order items"', "--dir", "sub", check=2)
    assert 'no table or view `"My Schema"."order items"`' in done.stderr


def test_nothing_is_overwritten_without_force(empty, db):
    db.execute("CREATE TABLE one (id int)")
    empty.write("tailrace.yaml", "mine")
    done = init(empty, db, check=2)
    assert "tailrace.yaml is there already" in done.stderr and "--force" in done.stderr
    assert text(empty) == "mine"
    init(empty, db, "--force", check=0)
    assert publish(empty) == {"one": 0}


def test_a_password_is_never_written_or_shown(empty, db):
    name, _ = db.role()
    secret = "s3cr/t %p@ss:w0rd?"
    db.execute(f"ALTER ROLE {name} PASSWORD '{secret}'")
    db.execute(f"CREATE TABLE one (id int); GRANT SELECT ON one TO {name}; INSERT INTO one VALUES (1)")
    url = db.tcp_url(name, "MARK").replace("MARK", quote(secret, safe=""))
    done = empty.run("init", url, check=0)
    assert "url: ${DATABASE_URL}" in text(empty)
    assert "export DATABASE_URL=" in done.stdout and "~/.pgpass" in done.stdout
    check = empty.run("check", check=2)
    assert "`DATABASE_URL` is not set" in check.stderr
    outputs = [done, check]
    for command in (["check"], ["run"], ["run", "--log", "json"], ["query", "FROM one"], ["status", "--json"]):
        outputs.append(empty.run(*command, check=0, env={"DATABASE_URL": url}))
    for wrong in (url.replace("s3cr", "S3CR"), url.replace(f"/{db.name}", "/nowhere"), url.replace("127.0.0.1", "256.1.1.1"),
                  url + "&nonsense=1", url.replace("postgresql://", "postgresql//"),
                  url.replace("%2F", "/")):
        for command in (["init", wrong, "--force"], ["check"], ["run", "--log", "json"]):
            outputs.append(empty.run(*command, env={"DATABASE_URL": wrong}))
            assert outputs[-1].returncode != 0
    # As it stands in the configuration, with a mistake beside it that shows the line.
    empty.write("literal.yaml", f"source: {{ url: '{url}', nonsense: 1 }}\nlake: {{ location: lake }}\n")
    outputs.append(empty.run("check", "-c", "literal.yaml"))
    assert "nonsense" in outputs[-1].stderr
    parts = ("p@ss:w0rd", quote("p@ss:w0rd", safe=""), "s3cr", "S3CR")
    for done in outputs:
        for part in parts:
            assert part not in done.stdout + done.stderr, (done.args, part)
    (empty.folder / "literal.yaml").unlink()
    for path in empty.folder.rglob("*"):
        if path.is_file():
            for part in parts:
                assert part.encode() not in path.read_bytes(), path


def test_the_password_leaves_the_process_list(empty, db, postgres):
    """While init waits for the database, its command line shows no password."""
    import socket
    with socket.socket() as listener:  # accepts, and never answers
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        process = empty.spawn("init", f"postgresql://app:hunter2222@127.0.0.1:{listener.getsockname()[1]}/shop")
        connection, _ = listener.accept()
        with connection:
            shown = open(f"/proc/{process.pid}/cmdline").read()
            assert "hunter2222" not in shown and "app:**********@" in shown
        process.kill()
