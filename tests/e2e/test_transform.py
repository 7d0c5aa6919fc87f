"""Typed C transforms: what a function may hand over, and what the compiler has to say of it."""
import datetime

import pytest

from lake_reader import Published
from project import Project

HEAD = """
    #include "gen/made.h"
    #include <string.h>
    enum tr_verdict made(const struct in_t *t, const struct made_params *params, struct out_made *out,
        struct tr_ctx *ctx)
    {
        (void)params; (void)ctx;
        out->id = t->id;
        %s
        return TR_EMIT;
    }
    """
ID = {"id": {"type": "int", "not_null": True}}


@pytest.fixture
def making(project, db):
    """making(type, statement): a dataset `made` of two rows, whose column `x` the statement sets."""
    db.execute("CREATE TABLE things (id int PRIMARY KEY); INSERT INTO things VALUES (1), (2)")

    def configure(column, statement):
        project.write("transforms/made.c", HEAD % statement)
        project.config({"datasets": {"made": {"inputs": {"t": "things"}, "c": "transforms/made.c",
                                              "columns": {**ID, "x": column}}}})
        project.run("gen", "-q", check=0)
        return project
    return configure


def text(value):
    return f'out->x.valid = true; out->x.value.ptr = {value}; out->x.value.len = sizeof({value}) - 1;'


REFUSED = {
    "date": ("date", "out->x.valid = true; out->x.value = t->id == 2 ? INT32_MAX : 0;", "a date is outside the range"),
    "earliest date": ("date", "out->x.valid = true; out->x.value = t->id == 2 ? -INT32_MAX : 0;",
                      "a date is outside the range"),
    "timestamp": ("timestamp", "out->x.valid = true; out->x.value = t->id == 2 ? INT64_MAX : 0;",
                  "a timestamp is outside the range of readers (290309 BC to 294247 AD)"),
    "earliest timestamp": ("timestamptz", "out->x.valid = true; out->x.value = t->id == 2 ? -9223372022400000001 : 0;",
                           "a timestamp is outside the range"),
    "negative time": ("time", "out->x.valid = true; out->x.value = t->id == 2 ? -1 : 0;",
                      "a time of day is outside 00:00 .. 24:00"),
    "late time": ("time", "out->x.valid = true; out->x.value = t->id == 2 ? 86400000001 : 0;",
                  "a time of day is outside 00:00 .. 24:00"),
    "json": ("json", 'if (t->id == 2) { %s }' % text('"{\\"a\\": oops}"'), "a text is no JSON value from its byte 7 on"),
    "half a pair": ("json", 'if (t->id == 2) { %s }' % text(r'"\"\\ud800\""'), "a text is no JSON value from its byte 3 on"),
    "NUL": ("string", 'if (t->id == 2) { %s }' % text(r'"a\0b"'), "a text holds a NUL at its byte 2"),
    "UTF-8": ("string", 'if (t->id == 2) { %s }' % text(r'"ab\xff"'), "a text is not valid UTF-8 at its byte 3"),
    "milliseconds": ("timestamp(3)", "out->x.valid = true; out->x.value = t->id == 2 ? 1 : 1000;", "timestamp(3)"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_value_that_readers_could_not_take_stops_the_run_with_its_row(making, name):
    column, statement, said = REFUSED[name]
    project = making(column, statement)
    done = project.run("run", check=4)
    assert said in done.stderr and "column x" in done.stderr and "id=2" in done.stderr, done.stderr
    assert project.published_version("made") == 0


EPOCH = datetime.datetime(1970, 1, 1)
TAKEN = {
    "last date": ("date", "out->x.valid = true; out->x.value = t->id == 2 ? INT32_MAX - 1 : 1 - INT32_MAX;", None),
    "last time": ("time", "out->x.valid = true; out->x.value = t->id == 2 ? 86400000000 : 0;", None),
    "last timestamp": ("timestamp", "out->x.valid = true; "
                       "out->x.value = t->id == 2 ? INT64_MAX - 1 : -9223372022400000000;", None),
    "milliseconds": ("timestamp(3)", "out->x.valid = true; out->x.value = t->id == 2 ? 5000 : -1000;",
                     [EPOCH - datetime.timedelta(milliseconds=1), EPOCH + datetime.timedelta(milliseconds=5)]),
    "truncated": ({"type": "timestamp(3)", "truncate": True},
                  "out->x.valid = true; out->x.value = t->id == 2 ? 5999 : -1;",
                  [EPOCH - datetime.timedelta(milliseconds=1), EPOCH + datetime.timedelta(milliseconds=5)]),
    "json": ("json", text(r'" [1e400, \"\\ud83d\\ude00\\u0000\"] "'), [r' [1e400, "\ud83d\ude00\u0000"] '] * 2),
}


@pytest.mark.parametrize("name", TAKEN)
def test_the_last_values_of_each_type_are_published_and_can_be_queried(making, name):
    column, statement, expected = TAKEN[name]
    project = making(column, statement)
    project.run("run", check=0)
    project.run("query", "--format", "csv", "SELECT id, x FROM made", check=0)
    if expected:
        table = Published(project.lake, "made").own_table().sort_by("id")
        assert table.column("x").to_pylist() == expected


def test_json_of_the_source_that_readers_could_not_take_stops_the_run_or_becomes_null(project, db):
    db.execute(r"""CREATE TABLE notes (id int PRIMARY KEY, note json);
                   INSERT INTO notes VALUES (1, '"\ud83d\ude00"'), (2, '["\ud800"]'), (3, '"\\ud800"')""")
    project.config({"datasets": {"notes": {"inputs": {"n": "notes"}}}})
    done = project.run("run", check=4)
    assert "column `note` holds JSON with one half of a surrogate pair, which `json` cannot hold" in done.stderr
    assert "id=2" in done.stderr and "special_values: null" in done.stderr
    assert project.published_version("notes") == 0
    project.config({"datasets": {"notes": {"inputs": {"n": "notes"}, "special_values": "null"}}})
    project.run("run", check=0)
    rows = project.run("query", "--format", "csv", "SELECT id, note->>0 AS n FROM notes ORDER BY id",
                       check=0).stdout
    assert rows.startswith("id,n\n")
    assert Published(project.lake, "notes").own_table().sort_by("id").column("note").to_pylist() == [
        r'"\ud83d\ude00"', None, r'"\\ud800"']


def test_what_the_compiler_warns_of_is_shown_once(making):
    project = making("int", "out->x.valid = true; out->x.value = (int64_t)t->id * 100000000000;")
    done = project.run("build", check=0)
    assert "warning: made: the compiler warns of its transform:" in done.stderr
    assert "transforms/made.c:9:" in done.stderr and "[-Wconversion]" in done.stderr
    assert project.run("build", check=0).stderr == ""
    assert "[-Wconversion]" in project.run("build", "--force", check=0).stderr


def test_a_format_that_does_not_fit_its_arguments_does_not_compile(making):
    project = making("int", 'if (t->id == 2) return tr_fail(ctx, "%s %d", "hi");')
    done = project.run("build", check=2)
    assert "--> transforms/made.c:9:" in done.stderr and "-Werror=format" in done.stderr


@pytest.mark.parametrize("folder", ["it's $HOME", 'with "quotes"', "back\\slash", "<angles>"])
def test_the_project_s_folder_may_have_any_name(tmp_path, db, folder):
    db.execute("CREATE TABLE things (id int PRIMARY KEY); INSERT INTO things VALUES (1), (2)")
    (tmp_path / folder).mkdir()
    with Project(tmp_path / folder, db.url) as project:
        project.write("transforms/two.h", "#define TWO 2\n")
        project.write("transforms/made.c", '#include "two.h"\n' + HEAD % "out->x.valid = true; out->x.value = TWO;")
        project.config({"datasets": {"made": {"inputs": {"t": "things"}, "c": "transforms/made.c",
                                              "columns": {**ID, "x": "int"}}}})
        project.run("gen", "-q", check=0)
        project.run("run", check=0)
        assert project.run("query", "--format", "csv", "SELECT sum(x) AS n FROM made", check=0).stdout == "n\n4\n"


@pytest.mark.parametrize("name", ["params", "out", "ctx", "sides"])
def test_a_dataset_may_be_called_as_the_generated_code_calls_something(project, db, name):
    db.execute("CREATE TABLE things (id int PRIMARY KEY); INSERT INTO things VALUES (1), (2)")
    project.write("t.c", f"""
        #include "gen/{name}.h"
        enum tr_verdict {name}(const struct in_t *t, const struct {name}_params *p, struct out_{name} *o,
            struct tr_ctx *c)
        {{
            (void)p; (void)c;
            o->id = t->id;
            return TR_EMIT;
        }}""")
    project.config({"datasets": {name: {"inputs": {"t": "things"}, "c": "t.c", "columns": ID}}})
    project.run("gen", "-q", check=0)
    project.run("run", check=0)
    assert project.published_version(name) == 1
