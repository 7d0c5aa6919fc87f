"""`tailrace query`: every format holds exactly the published values; errors; files; versions."""
import csv
import datetime
import decimal
import io
import json
import math
import os
import uuid

import pyarrow.parquet as pq
import pytest

import lake_reader

SETUP = """
CREATE TABLE everything (
    id bigint PRIMARY KEY, flag bool, small int2, whole int4, single float4, number float8,
    price numeric(38,10), label text, raw bytea, born date, at timestamp, atz timestamptz, clock time,
    uid uuid, doc jsonb, "order" text);
INSERT INTO everything VALUES
  (1, true, -32768, 2147483647, 0.1, 0.1, 1234567890123456789012345678.0123456789, 'plain', '\\x00ff', '2024-02-29',
   '2024-06-17 09:30:00.5', '2024-06-17 09:30:00.000001+00', '24:00:00', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
   '{"a": [1, 2.50], "b": "x\\ny"}', 'reserved'),
  (2, false, 0, 0, 'NaN', 'Infinity', 0, '', '\\x', '0001-01-01', '0001-01-01 00:00:00', '0001-01-01 00:00:00+00',
   '00:00:00', '00000000-0000-0000-0000-000000000000', '"text"', ''),
  (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  (9223372036854775807, true, 32767, -2147483648, 3.4028235e38, 5e-324, -0.0000000001,
   E'comma, "quote", \\nline\\ttab | pipe \\\\ 名前 🚰', '\\xdeadbeef', '9999-12-31', '9999-12-31 23:59:59.999999',
   '1969-12-31 23:59:59.999999+00', '23:59:59.999999', 'ffffffff-ffff-ffff-ffff-ffffffffffff', '[]', ' blanks '),
  (-9223372036854775808, true, 1, 1, 1e-45, 1.7976931348623157e308, 1, 'NULL', '\\x61', '1970-01-01',
   '1970-01-01 00:00:00', '1970-01-01 00:00:00+00', '12:00:00', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'null', '#');
"""
ALL = "SELECT * FROM everything ORDER BY id"


@pytest.fixture
def published(project, db):
    db.execute(SETUP)
    project.config({"datasets": {"everything": {"inputs": {"e": "everything"}}}})
    project.run("run", "-q", check=0)
    return project


@pytest.fixture
def lake(published):
    """The rows as an independent reader sees the published file."""
    return lake_reader.published(published.lake, "everything").table().sort_by("id").to_pylist()


def as_text(value):
    """A value in the spelling that tables and CSV have."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        return "\\x" + value.hex()
    return str(value)


def same_number(text, value, single):
    number = float(text)
    if single:
        import struct
        number = struct.unpack("f", struct.pack("f", number))[0]
    return number == value or (math.isnan(number) and math.isnan(value))


def check_text(name, text, value):
    if isinstance(value, float):
        assert same_number(text, value, name == "single"), (name, text, value)
    elif isinstance(value, decimal.Decimal):
        assert text == format(value, "f"), name
    elif isinstance(value, datetime.datetime):
        stamp = text.removesuffix("+00")
        assert text.endswith("+00") == (value.tzinfo is not None), name
        assert datetime.datetime.fromisoformat(stamp) == value.replace(tzinfo=None), name
    elif isinstance(value, datetime.date):
        assert text == value.isoformat(), name
    elif isinstance(value, datetime.time):
        assert text in ("24:00:00", value.isoformat()), name
    elif name == "uid":
        assert text == value and str(uuid.UUID(text)) == text
    elif name == "doc":
        assert json.loads(text) == json.loads(value)
    else:
        assert text == as_text(value), name


def csv_cells(text):
    """CSV with the difference between an empty field (NULL) and a quoted one, which Python's csv drops."""
    rows, row, i = [], [], 0
    while i < len(text):
        if text[i] == '"':
            i, cell = i + 1, ""
            while True:
                if text.startswith('""', i):
                    cell, i = cell + '"', i + 2
                elif text[i] == '"':
                    i += 1
                    break
                else:
                    cell, i = cell + text[i], i + 1
        else:
            end = min(k for k in (text.find(",", i), text.find("\n", i)) if k >= 0)
            cell, i = text[i:end] or None, end
        row.append(cell)
        assert text[i] in ",\n"
        if text[i] == "\n":
            rows.append(row)
            row = []
        i += 1
        if i < len(text) and text[i - 1] == "," and text[i] == "\n":
            row.append(None)
            rows.append(row)
            row, i = [], i + 1
    return rows


def test_csv_is_exact(published, lake):
    text = published.run("query", "--format", "csv", ALL, check=0).stdout
    header, *rows = csv_cells(text)
    assert header == list(lake[0])
    assert len(rows) == len(lake)
    for row, expected in zip(rows, lake):
        for name, cell in zip(header, row):
            assert (cell is None) == (expected[name] is None), name
            if cell is not None and not (name == "clock" and cell == "24:00:00"):
                check_text(name, cell, expected[name])
    # An ordinary CSV reader gets the same cells.
    assert [[c or "" for c in r] for r in rows] == list(csv.reader(io.StringIO(text, newline="")))[1:]


@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_json_is_exact(published, lake, form):
    text = published.run("query", "--format", form, ALL, check=0).stdout
    rows = json.loads(text) if form == "json" else [json.loads(line) for line in text.splitlines()]
    assert [list(r) for r in rows] == [list(r) for r in lake]
    for row, expected in zip(rows, lake):
        for name, value in expected.items():
            got = row[name]
            if value is None or name == "doc":
                assert got == (None if value is None else json.loads(value)), name
            elif isinstance(value, float):
                finite = math.isfinite(value)
                assert isinstance(got, (int, float) if finite else str)
                assert same_number(got, value, name == "single")
            elif isinstance(value, (bool, int)):
                assert got is value or got == value
            elif isinstance(value, datetime.datetime):
                assert got[10] == "T" and got.endswith("Z") == (value.tzinfo is not None)
                assert datetime.datetime.fromisoformat(got.removesuffix("Z")) == value.replace(tzinfo=None)
            elif got != "24:00:00":
                check_text(name, got, value)


def test_parquet_is_exact(published, lake):
    published.run("query", "--format", "parquet", "-o", "out.parquet", ALL, check=0)
    # As text, since NaN is not equal to itself; repr() of a double is exact.
    assert repr(pq.read_table(published.folder / "out.parquet").to_pylist()) == repr(lake)
    piped = published.run("query", "--format", "parquet", ALL, check=0, text=False).stdout
    assert piped[:4] == b"PAR1" and piped[-4:] == b"PAR1"


def test_native_uuid_and_time_columns_are_exact(project, db):
    db.execute(SETUP)
    project.config({"datasets": {"e": {"inputs": {"e": "everything"}, "columns": {
        "id": "bigint", "uid": "uuid", "clock": "time"}}}})
    project.run("run", "-q", check=0)
    sql = "SELECT uid, clock FROM e WHERE id = 4 - 3 OR id IS NULL OR id > 4 ORDER BY id"
    assert project.run("query", "--format", "csv", sql, check=0).stdout == (
        "uid,clock\na0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11,24:00:00\n"
        "ffffffff-ffff-ffff-ffff-ffffffffffff,23:59:59.999999\n")
    assert json.loads(project.run("query", "--format", "json", sql, check=0).stdout)[1] == {
        "uid": "ffffffff-ffff-ffff-ffff-ffffffffffff", "clock": "23:59:59.999999"}


def test_the_table_has_names_types_and_a_count(published):
    out = published.run("query", "SELECT id, label, price FROM everything WHERE id IN (2, 3) ORDER BY id",
                        check=0).stdout
    lines = out.splitlines()
    assert lines[0].split() == ["id", "|", "label", "|", "price"]
    assert lines[1].split() == ["bigint", "|", "string", "|", "decimal(38,10)"]
    assert set(lines[2]) == {"-", "+"}
    assert lines[3].split() == ["2", "|", "|", "0.0000000000"]
    assert lines[4].split() == ["3", "|", "NULL", "|", "NULL"]
    assert lines[5] == "(2 rows)"


def test_a_piped_table_is_never_cut(published):
    out = published.run("query", "SELECT repeat('x', 3000) AS long FROM range(500)", check=0).stdout
    assert out.count("x" * 3000) == 500
    assert out.endswith("(500 rows)\n")


def test_markdown_stays_a_table(published, lake):
    lines = published.run("query", "--format", "markdown", ALL, check=0).stdout.splitlines()
    assert len(lines) == 2 + len(lake)
    for line in lines:
        assert line.replace("\\|", "").count("|") == len(lake[0]) + 1


def test_control_characters_are_shown_in_markdown_as_in_a_table(published):
    sql = ("SELECT 'x' || chr(13) || 'y' || chr(9) || chr(27) || '[31m' || chr(155) || chr(0) || chr(8238) || 'z' AS a, "
           "'back\\r|' AS b, 'two' || chr(13) || chr(10) || 'lines' AS \"c\x1b[0m\"")
    shown = "x\\ry\\t\\x1b[31m\\x9b\\x00\\u202ez"
    head, _, row = published.run("query", "--format", "markdown", sql, check=0).stdout.splitlines()
    # A text's own backslash is doubled, so that \r of a control character is told from it.
    assert row == "| " + shown.replace("[", "\\[") + " | back\\\\r\\| | two\\r<br>lines |"
    assert head == "| a | b | c\\x1b\\[0m |"
    assert shown in published.run("query", sql, check=0).stdout


def test_statements_come_from_arguments_files_and_stdin(published):
    published.write("q.sql", "SELECT count(*) AS n\nFROM everything;\n")
    for args, stdin in ((["SELECT count(*) AS n FROM everything"], ""), (["-f", "q.sql"], ""),
                        (["-"], "SELECT count(*) AS n FROM everything"), ([], "SELECT count(*) AS n FROM everything;\n")):
        assert published.run("query", "--format", "csv", *args, input=stdin, check=0).stdout == "n\n5\n"


def test_max_rows_cuts_every_format_and_says_so(published):
    done = published.run("query", "--format", "jsonl", "--max-rows", "2", ALL, check=0)
    assert len(done.stdout.splitlines()) == 2
    assert "only the first 2 rows" in done.stderr
    done = published.run("query", "--format", "jsonl", "--max-rows", "5", ALL, check=0)
    assert len(done.stdout.splitlines()) == 5 and done.stderr == ""


@pytest.mark.parametrize("sql, message, place, caret, hint", [
    ("SELECT lable FROM everything", "lable", "SQL:1:8", 7, "did you mean `label`?"),
    ("SELECT 1\nFROM evrything", "evrything", "SQL:2:6", 5, "did you mean `everything`?"),
    ("SELECT 'ü' AS 名前, nope FROM everything", "nope", "SQL:1:24", 20, None),
    ("SELECT 1 +\n FROM", "syntax error", "SQL:2:2", 1, None),
    ("SELECT 'ü', * FROM order", "syntax error", "SQL:1:21", 19, "where `order` is meant as a name, write it in double"),
    ("FROM everything@1", "syntax error", "SQL:1:16", 15, "a version is named in double quotes"),
    ("FROM public.everything", "does not exist", "SQL:1:6", 5, "goes by its name alone: `everything`"),
    ("SHOW TABLES", "can't list tables", "SQL:1:1", 0, "`tailrace datasets` lists what is published"),
    ("SELECT max(at) FROM everything", "syntax error", "SQL:1:14", 13, "where `at` is meant as a name"),
    ("SELECT id.lable FROM everything AS id", "`id` has no column or field `lable`", "SQL:1:8", 7, "`label`"),
])
def test_a_mistake_in_sql_is_shown_at_its_place(published, sql, message, place, caret, hint):
    done = published.run("query", sql, check=2)
    assert message in done.stderr.splitlines()[0]
    assert f"--> {place}\n" in done.stderr
    assert "      | " + " " * caret + "^\n" in done.stderr
    assert hint is None or hint in done.stderr


def test_a_mistake_in_a_file_names_the_file(published):
    published.write("q.sql", "SELECT id,\n\tlable FROM everything")
    done = published.run("query", "-f", "q.sql", check=2)
    assert "--> q.sql:2:2\n" in done.stderr
    assert "    2 |     lable FROM everything\n      |     ^\n" in done.stderr


@pytest.mark.parametrize("sql", [
    "INSERT INTO everything VALUES (1)", "COPY everything TO 'stolen.csv'", "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM '/etc/passwd'", "ATTACH 'other.db'", "INSTALL httpfs", "SELECT 1; SELECT 2",
    "SET memory_limit = '1TB'", "",  " ; "])
def test_only_one_select_over_published_data_is_allowed(published, sql):
    done = published.run("query", sql)
    assert done.returncode in (1, 2) and done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert not (published.folder / "stolen.csv").exists()


def test_a_value_that_does_not_convert_is_a_data_error(published):
    done = published.run("query", "SELECT label::int FROM everything WHERE id = 1", check=4)
    assert "plain" in done.stderr


def test_a_failed_query_leaves_no_file(published):
    before = sorted(os.listdir(published.folder))
    published.run("query", "--format", "csv", "-o", "out.csv", "SELECT nope FROM everything", check=2)
    published.run("query", "--format", "csv", "-o", "out.csv",
                  "SELECT (CASE WHEN range = 99999 THEN 'x' ELSE '1' END)::int FROM range(100000)", check=4)
    assert sorted(os.listdir(published.folder)) == before
    (published.folder / "out.csv").write_text("precious")
    published.run("query", "--format", "csv", "-o", "out.csv", "SELECT nope FROM everything", check=2)
    assert (published.folder / "out.csv").read_text() == "precious"


def test_output_to_a_folder_that_is_not_there(published):
    done = published.run("query", "-o", "no/such/out.csv", "SELECT 1", check=2)
    assert "no/such/out.csv could not be opened" in done.stderr


def test_older_versions_are_read_by_at_and_by_name(published, db):
    db.execute("DELETE FROM everything WHERE id < 0")
    published.run("run", "-q", check=0)
    count = "SELECT count(*) AS n FROM everything"
    assert published.run("query", "--format", "csv", count, check=0).stdout == "n\n4\n"
    assert published.run("query", "--format", "csv", "--at", "1", count, check=0).stdout == "n\n5\n"
    both = 'SELECT a.n - b.n AS gone FROM (SELECT count(*) n FROM "everything@1") a, (SELECT count(*) n FROM everything) b'
    assert published.run("query", "--format", "csv", both, check=0).stdout == "gone\n1\n"
    done = published.run("query", "--at", "9", count, check=2)
    assert "dataset `everything` has no version 9" in done.stderr
    done = published.run("query", "--at", "1", "SELECT 1", check=2)
    assert "--at is for a statement that names one dataset" in done.stderr


def test_a_version_that_has_expired_is_refused_as_verify_and_rollback_do(published):
    published.run("run", "-q", check=0)
    published.run("gc", "--keep", "1", "--days", "0", check=0)
    count = "SELECT count(*) AS n FROM everything"
    for args in (["query", "--at", "1", count], ["query", 'SELECT count(*) AS n FROM "everything@1"'],
                 ["query", "--max-scan", "1GB", "--at", "1", count], ["verify", "everything", "--at", "1"],
                 ["rollback", "everything", "--to", "1"]):
        done = published.run(*args, check=2)
        assert "version 1 of `everything` has expired" in done.stderr, args
        assert "hint: `tailrace history everything` lists the versions that are kept\n" in done.stderr
        assert done.stdout == "" and "No files found" not in done.stderr
    assert published.run("query", "--format", "csv", count, check=0).stdout == "n\n5\n"
    assert published.published_version("everything") == 2


def test_there_is_no_version_0(published):
    published.run("run", "-q", check=0)
    count = "SELECT count(*) AS n FROM everything"
    for args, dataset in ((["query", "--at", "0", count], "DATASET"), (["verify", "--at", "0"], "DATASET"),
                          (["query", 'SELECT count(*) AS n FROM "everything@0"'], "everything"),
                          (["query", "--at", "1", 'SELECT count(*) AS n FROM "everything@00"'], "everything"),
                          (["verify", "everything", "--at", "0", "--json"], "everything"),
                          (["rollback", "everything", "--to", "0"], "everything")):
        done = published.run(*args, check=2)
        assert done.stderr == f"error: versions begin at 1\nhint: `tailrace history {dataset}` lists them\n", args
        assert done.stdout == ""
    assert published.published_version("everything") == 2


@pytest.mark.parametrize("form", ["json", "jsonl", "parquet"])
def test_two_columns_of_one_name_are_refused_where_one_would_be_lost(published, form):
    two = "SELECT a.id, b.id, a.label FROM everything a, everything b WHERE a.id = 2 AND b.id = 3"
    before = sorted(os.listdir(published.folder))
    for output in ([], ["-o", "out"]):
        done = published.run("query", "--format", form, *output, two, check=2)
        assert f"the result has two columns `id`, and {form} tells columns apart by their names" in done.stderr
        assert "hint: name one of them anew with AS; csv, table and markdown show both" in done.stderr
        assert done.stdout == "" and sorted(os.listdir(published.folder)) == before
    named = two.replace("b.id,", "b.id AS other,")
    published.run("query", "--format", form, "-o", "out", named, check=0)
    # Names that differ by case only are two names.
    cased = 'SELECT 1 AS a, 2 AS "A"'
    out = published.run("query", "--format", form, cased, check=0, text=False).stdout
    if form == "parquet":
        assert pq.read_table(io.BytesIO(out)).to_pylist() == [{"a": 1, "A": 2}]
    else:
        assert json.loads(out.strip(b"[]\n")) == {"a": 1, "A": 2}


def test_two_columns_of_one_name_are_shown_where_they_go_by_position(published):
    two = "SELECT a.id, b.id FROM everything a, everything b WHERE a.id = 2 AND b.id = 3"
    assert published.run("query", "--format", "csv", two, check=0).stdout == "id,id\n2,3\n"
    assert "| 2 | 3 |" in published.run("query", "--format", "markdown", two, check=0).stdout
    assert published.run("query", two, check=0).stdout.splitlines()[3].split() == ["2", "|", "3"]


def test_a_lake_needs_no_configuration_and_no_database(published):
    (published.folder / "tailrace.yaml").rename(published.folder / "elsewhere.yaml")
    done = published.run("query", "--lake", "lake", "--format", "csv", "SELECT count(*) AS n FROM everything",
                         check=0, env={"DATABASE_URL": None})
    assert done.stdout == "n\n5\n"
    done = published.run("query", "-c", "elsewhere.yaml", "--format", "csv", "SELECT count(*) AS n FROM everything",
                         check=0, env={"DATABASE_URL": None})
    assert done.stdout == "n\n5\n"
    done = published.run("query", "--lake", "lak", "SELECT 1")
    assert done.returncode == 2 and "lak" in done.stderr


def test_a_closed_output_is_a_quiet_end(published):
    import subprocess
    from project import BIN
    shell = f"'{BIN}' query --format csv 'SELECT * FROM range(3000000)' | head -n 2; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", shell], cwd=published.folder, env=published.environment(),
                          capture_output=True, text=True, timeout=120)
    assert done.stdout == "range\n0\n0\n"
    assert done.stderr == ""


def test_a_full_disk_is_an_error(published):
    if not os.path.exists("/dev/full"):
        pytest.fail("this system has no /dev/full")
    done = published.run("query", "--format", "csv", "-o", "/dev/full", "SELECT * FROM range(100000)", check=1)
    assert "could not write to /dev/full" in done.stderr and "free space" in done.stderr
