"""What `tailrace run`, `check`, and the commands on the lake print: report, progress, errors, exit codes."""
import json
import re
import subprocess

import pytest

from project import BIN
from terminal import Terminal

ORDERS = {"orders": {"inputs": {"o": "orders"}}}


@pytest.fixture
def shop(project, db):
    db.execute("""CREATE TABLE orders (order_id int PRIMARY KEY, amount float8 NOT NULL, country text);
                  INSERT INTO orders SELECT i, i / 2.0, CASE WHEN i % 2 = 0 THEN 'DE' END FROM generate_series(1, 1000) i;
                  ANALYZE orders""")
    project.config({"datasets": ORDERS})
    return project


def json_lines(text):
    return [json.loads(line) for line in text.splitlines()]


def test_the_report_names_every_figure(shop):
    done = shop.run("run", check=0)
    header, _, row = [line.split("|") for line in done.stdout.splitlines()[:3]]
    cells = dict(zip((h.strip() for h in header), (c.strip() for c in row)))
    assert cells["dataset"] == "orders" and cells["version"] == "1"
    assert cells["rows in"] == cells["rows out"] == "1,000"
    assert cells["files"] == "1" and cells["read"].endswith("kB") and cells["written"].endswith("B")
    assert cells["Postgres"].endswith(" s") and cells["total"].endswith(" s")
    assert re.search(r"snapshot at LSN [0-9A-F]+/[0-9A-F]+, held for .* in all, peak memory \d+ MiB\n", done.stdout)


def test_the_report_as_json(shop):
    report = json.loads(shop.run("run", "-q", "--json", check=0).stdout)
    (d,) = report["datasets"]
    assert (d["dataset"], d["published"], d["version"], d["rows_in"], d["rows_out"], d["files"]) == \
        ("orders", True, 1, 1000, 1000, 1)
    assert report["peak_memory"] > 1000000 and re.fullmatch("[0-9A-F]+/[0-9A-F]+", report["snapshot_lsn"])


def test_plain_progress_has_no_escapes_and_quiet_says_nothing(shop):
    done = shop.run("run", check=0)
    assert "orders: extract\n" in done.stderr and "orders: publish\n" in done.stderr
    assert "\x1b" not in done.stderr + done.stdout and "\r" not in done.stderr
    quiet = shop.run("run", "--quiet", check=0)
    assert (quiet.stdout, quiet.stderr) == ("", "")


def test_json_log_has_one_object_a_line(shop):
    lines = json_lines(shop.run("--log", "json", "run", check=0).stderr)
    assert {"stage", "done"} <= {line["event"] for line in lines}
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT.*Z", line["time"]) for line in lines)
    done = [line for line in lines if line["event"] == "done"]
    assert done[0]["dataset"] == "orders" and "version 1" in done[0]["text"]


def test_errors_in_the_json_log(shop):
    shop.config({"datasets": ORDERS, "limits": {"memori": "1GB", "conections": 3}})
    done = shop.run("--log", "json", "run", check=2)
    first, second = json_lines(done.stderr)
    assert first["event"] == second["event"] == "error" and first["kind"] == "user" and not first["retry"]
    assert "memori" in first["what"] and "memory" in first["hint"]
    assert first["file"].endswith("tailrace.yaml") and first["line"] > 1 and first["column"] > 1


def test_the_bar_on_a_terminal_is_drawn_and_taken_away(shop, db):
    db.execute("INSERT INTO orders SELECT i, 1, repeat('x', 200) FROM generate_series(1001, 60000) i; ANALYZE orders")
    shop.config({"datasets": ORDERS, "limits": {"rate": "4MB/s", "connections": 1}})
    with Terminal([str(BIN), "run"], shop.folder, shop.environment()) as terminal:
        terminal.expect(r"orders  extract +\[[#>.]{20}\] +\d+%  [\d,]+ rows  [\d.]+ [kM]?B  [\d.]+ [kM]?B/s  ETA ")
        assert terminal.wait() == 0
    assert "\x1b[A\x1b[2K" in terminal.raw
    assert "peak memory" in terminal.raw
    # Everything that was drawn was erased again: as many lines up as bar lines.
    bars = len(re.findall(r"orders  [a-z ]{8} (?:\[|\d)", terminal.raw))
    assert terminal.raw.count("\x1b[A") == bars > 2
    assert bars < 10 * 60  # at most ten a second


def test_ctrl_c_ends_a_run_with_130_and_publishes_nothing(shop, db):
    db.execute("INSERT INTO orders SELECT i, 1, repeat('x', 200) FROM generate_series(1001, 60000) i; ANALYZE orders")
    shop.config({"datasets": ORDERS, "limits": {"rate": "1MB/s", "connections": 1}})
    with Terminal([str(BIN), "run"], shop.folder, shop.environment()) as terminal:
        terminal.expect(r"orders  extract .*[1-9][\d,]* rows")
        terminal.interrupt()
        assert terminal.wait() == 130
    assert "interrupted" in terminal.raw
    assert shop.published_version("orders") == 0


@pytest.mark.parametrize("url, code, message", [
    ("postgresql://app@127.0.0.1:1/shop", 3, "127.0.0.1"),
    ("postgresql://app@no-such-host.invalid/shop", 3, "no-such-host.invalid"),
])
def test_an_unreachable_database_is_transient(shop, url, code, message):
    for command in (["run"], ["check"], ["init", url, "--force"]):
        done = shop.run(*command, env={"DATABASE_URL": url})
        assert done.returncode == code, done.stderr
        assert message in done.stderr and "hint: " in done.stderr


def test_a_failed_check_exits_with_4_and_shows_the_rows(shop):
    shop.config({"datasets": {"orders": {"inputs": {"o": "orders"}, "checks": ["amount < 400"]}}})
    done = shop.run("run", check=4)
    assert "amount < 400" in done.stderr and "order_id" in done.stderr + done.stdout
    assert "nothing was published" in done.stderr
    assert shop.published_version("orders") == 0


def test_some_failed_is_5_and_says_which(shop):
    shop.config({"datasets": {**ORDERS, "strict": {"inputs": {"o": "orders"}, "columns": {
        "order_id": "int", "country": {"type": "string", "not_null": True}}}}})
    done = shop.run("run", check=5)
    assert shop.published_version("orders") == 1 and shop.published_version("strict") == 0
    assert "1 of 2 datasets failed; the others are published" in done.stderr
    assert "country" in done.stderr
    shop.config({"datasets": {**ORDERS, "strict": {"inputs": {"o": "orders"}, "sql": "divide.sql",
                                                   "columns": {"n": "int"}}}})
    shop.write("divide.sql", "SELECT CAST('x' || country AS INT) AS n FROM o WHERE country IS NOT NULL")
    done = shop.run("run", check=5)
    assert "\nerror: strict: " in done.stderr
    done = shop.run("run", "--log", "json", check=5)
    (error,) = [e for e in map(json.loads, done.stderr.splitlines()) if e["event"] == "error"]
    assert error["dataset"] == "strict" and "strict" not in error["what"]


def test_all_mistakes_are_counted(shop):
    shop.write("tailrace.yaml", """
        source: { url: "${DATABASE_URL}", colour: red }
        lake: { location: ./lake, databse: shop }
        datasets: { orders: { inputs: { o: orders } } }
        """)
    done = shop.run("check", check=2)
    assert done.stderr.count("error: ") == 2 and done.stderr.endswith("2 errors\n")
    assert "did you mean `database`?" in done.stderr
    line = next(l for l in done.stderr.splitlines() if "databse: shop" in l)
    caret = done.stderr.splitlines()[done.stderr.splitlines().index(line) + 1]
    assert caret.index("^") == line.index("databse")


def test_a_missing_configuration_says_how_to_get_one(project):
    done = project.run("run", check=2)
    assert "tailrace.yaml" in done.stderr and "hint: " in done.stderr


def test_check_prints_the_plan_and_reads_nothing(shop):
    shop.config({"datasets": {"orders": {"inputs": {"o": "orders"}, "columns": {
        "order_id": "int", "amount": {"type": "double", "not_null": True}, "at": {"type": "int", "from": "order_id"}},
        "partition_by": ["order_id"], "checks": ["amount >= 0"]}}})
    done = shop.run("check", check=0)
    for text in ("orders: a straight copy", "public.orders", "2 of 3", "about 1,000", "double precision", "INT32",
                 "partition", "amount >= 0", "on 1 connection", "512 MiB at most", "no row was read"):
        assert text in done.stdout + done.stderr, text
    assert not shop.lake.exists()
    assert shop.run("run", "--dry-run", check=0).stdout == done.stdout
    plan = json.loads(shop.run("check", "--json", check=0).stdout)
    (d,) = plan["datasets"]
    assert d["inputs"][0]["columns"] == ["order_id", "amount"] and d["rows"] == 1000
    assert [c["name"] for c in d["columns"]] == ["order_id", "amount", "at"]
    # A partition's column is in the path, not in the files.
    assert [c["parquet"] for c in d["columns"]] == [None, "DOUBLE", "INT32"]
    (line,) = [line for line in done.stdout.splitlines() if line.startswith(" order_id ")]
    assert [cell.strip() for cell in line.split("|")] == ["order_id", "integer", "int", "(in the path)", "int", "partition"]
    assert d["partitions"] == [{"name": "order_id", "column": "order_id", "transform": "identity", "type": "int"}]


def test_an_unknown_dataset_is_suggested(shop):
    assert "did you mean `orders`?" in shop.run("run", "ordesr", check=2).stderr
    shop.run("run", "-q", check=0)
    for command in (["status", "ordesr"], ["history", "ordesr"], ["verify", "ordesr"], ["gc", "ordesr"],
                    ["rollback", "ordesr"]):
        done = shop.run(*command, check=2)
        assert "`ordesr` is not published" in done.stderr and "did you mean `orders`?" in done.stderr


def test_before_anything_is_published(shop):
    assert shop.run("datasets", "--names", check=0).stdout == "orders\n"
    assert "not published yet" in shop.run("datasets", check=0).stdout
    for command in (["status"], ["history", "orders"], ["query", "SELECT 1"], ["verify"], ["gc"]):
        done = shop.run(*command, check=2)
        assert "nothing has been published" in done.stderr and "tailrace run" in done.stderr
    shop.lake.mkdir(parents=True)
    for command in ("status", "verify", "gc"):
        assert json.loads(shop.run(command, "--json", check=0).stdout) == []
    assert shop.run("verify", "orders", "--json", check=2).stdout == ""


def test_versions_are_listed_rolled_back_verified_and_collected(shop, db):
    shop.run("run", "-q", check=0)
    db.execute("DELETE FROM orders WHERE order_id > 10")
    shop.run("run", "-q", check=0)
    history = json.loads(shop.run("history", "orders", "--json", check=0).stdout)
    assert [(v["version"], v["parent"], v["rows"], v["kind"]) for v in history] == [(2, 1, 10, "run"), (1, 0, 1000, "run")]
    assert "current" in shop.run("rollback", "orders", "--to", "2", check=2).stderr
    assert shop.run("rollback", "orders", check=0).stdout == \
        "orders: version 3 published, with the content of version 1\n"
    status = json.loads(shop.run("status", "--json", check=0).stdout)[0]
    assert (status["version"], status["rows"], status["kind"], status["drift"]) == (3, 1000, "rollback", "")
    assert "rollback to 1" in shop.run("history", "orders", check=0).stdout
    assert "no version 9" in shop.run("verify", "orders", "--at", "9", check=2).stderr
    assert "versions begin at 1" in shop.run("rollback", "orders", "--to", "0", check=2).stderr
    assert shop.run("verify", check=0).stdout.startswith("orders: version 3 is as published: 1 file, 1,000 rows")
    gc = json.loads(shop.run("gc", "--keep", "1", "--days", "0", "--json", "--dry-run", check=0).stdout)[0]
    assert gc["dry_run"] and gc["files_removed"] == 0  # the grace of 24 hours
    assert shop.run("query", "--format", "csv", "SELECT count(*) AS n FROM orders", check=0).stdout == "n\n1000\n"


def test_verify_finds_a_damaged_file(shop):
    shop.run("run", "-q", check=0)
    (path,) = [p for p in shop.files() if p.endswith(".parquet") and "/current/" not in f"/{p}"]
    damaged = bytearray((shop.lake / path).read_bytes())
    damaged[len(damaged) // 2] ^= 1
    (shop.lake / path).chmod(0o644)
    (shop.lake / path).write_bytes(damaged)
    done = shop.run("verify", check=4)
    assert "IS DAMAGED" in done.stdout and path in done.stderr
    assert json.loads(shop.run("verify", "--json", check=4).stdout)[0]["ok"] is False


def test_status_tells_that_the_contract_has_moved(shop):
    shop.run("run", "-q", check=0)
    shop.config({"datasets": {"orders": {"inputs": {"o": "orders"}, "columns": {"order_id": "int", "total": "double"}}}})
    drift = json.loads(shop.run("status", "--json", check=0).stdout)[0]["drift"]
    assert "order_id" in drift or "total" in drift
    shop.config({"datasets": {"other": {"inputs": {"o": "orders"}}}})
    assert "not in the configuration" in shop.run("status", check=0).stdout


def test_status_tells_that_the_order_of_columns_has_changed(shop):
    names = {"order_id": "int", "country": "string", "amount": "double"}

    def contract(order):
        shop.config({"datasets": {"orders": {"inputs": {"o": "orders"}, "partition_by": ["country"],
                                             "columns": {name: names[name] for name in order}}}})

    def drift():
        return json.loads(shop.run("status", "--json", check=0).stdout)[0]["drift"]

    contract(["order_id", "country", "amount"])
    shop.run("run", "-q", check=0)
    assert drift() == ""
    # The partition column stands in no file, and so nowhere among the others.
    contract(["country", "order_id", "amount"])
    assert drift() == ""
    contract(["amount", "order_id", "country"])
    assert drift() == "order of columns changed"
    assert "order of columns changed" in shop.run("status", check=0).stdout
    shop.run("run", "-q", check=0)
    assert drift() == ""
    assert shop.published_version("orders") == 2


def test_a_row_without_a_key_is_called_by_its_number_in_the_scan(shop, db):
    db.execute("""CREATE TABLE bare AS SELECT CASE WHEN i = 42 THEN 'NaN'::numeric(9,0) ELSE i END::numeric(9,0) AS v
                  FROM generate_series(1, 100) i""")
    shop.config({"datasets": {"bare": {"inputs": {"b": "bare"}}}})
    done = shop.run("run", "-q", check=4)
    assert "table public.bare, column v, row 42 of the scan\n" in done.stderr
    assert shop.published_version("bare") == 0


def test_a_closed_stdout_does_not_break_a_run(shop):
    done = subprocess.run(["bash", "-c", f"'{BIN}' run | true; echo ${{PIPESTATUS[0]}}"], cwd=shop.folder,
                          env=shop.environment(), capture_output=True, text=True, timeout=120)
    assert done.stdout == "0\n" and "error" not in done.stderr
    assert shop.published_version("orders") == 1


def to(shop, redirection, *args):
    """Run with stdout redirected by the shell."""
    return subprocess.run(["bash", "-c", f'"$0" "$@" {redirection}', BIN, *args], cwd=shop.folder,
                          env=shop.environment(), capture_output=True, text=True, timeout=120)


def test_an_output_that_cannot_be_written_does_not_unsay_what_was_published(shop):
    for command in (["run", "-q", "--json"], ["rollback", "orders", "--to", "1"]):
        done = to(shop, "> /dev/full", *command)
        assert done.returncode == 1
        assert "could not write the output\n  No space left on device\n" in done.stderr
        assert "what the command did stands, only its output is lost; free space on the disk" in done.stderr
        assert "nothing was published" not in done.stderr and "limits.temp_dir" not in done.stderr
        shop.run("run", "-q", check=0)
    history = json.loads(shop.run("history", "orders", "--json", check=0).stdout)
    assert [v["kind"] for v in history] == ["run", "rollback", "run", "run"]


@pytest.mark.parametrize("redirection, reason", [("> /dev/full", "No space left on device"),
                                                 (">&-", "Bad file descriptor")])
def test_an_output_that_cannot_be_written_says_why(shop, redirection, reason):
    shop.run("run", "-q", check=0)
    for command in (["check"], ["history", "orders", "--json"], ["query", "SELECT 1"],
                    ["query", "--format", "csv", "SELECT * FROM range(100000)"]):
        done = to(shop, redirection, *command)
        assert done.returncode == 1, command
        assert f"could not write the output\n  {reason}\n" in done.stderr or \
            f"could not write to the output\n  {reason}\n" in done.stderr, (command, done.stderr)
        assert "published" not in done.stderr.splitlines()[-1] and "limits.temp_dir" not in done.stderr


def test_a_closed_stdin_and_stderr_are_nobody_elses_files(shop):
    shop.run("run", "-q", check=0)
    done = to(shop, "<&-", "query")
    assert done.returncode == 1 and "could not read stdin\n  Bad file descriptor\n" in done.stderr
    assert to(shop, "2>&-", "run", "--json").returncode == 0
    assert to(shop, "2>&-", "query", "SELECT nope FROM orders").returncode == 2
    shop.run("verify", check=0)
