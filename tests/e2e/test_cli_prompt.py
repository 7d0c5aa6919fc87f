"""The interactive prompt, driven through a pseudo-terminal."""
import stat

import pytest

from project import BIN
from terminal import Terminal

PROMPT = r"tailrace> $"
ENDLESS = "SELECT count(*) FROM range(100000000000) a WHERE a.range % 7 = hash(a.range) % 11"


@pytest.fixture
def published(project, db):
    db.execute("""CREATE TABLE orders (order_id int PRIMARY KEY, amount float8 NOT NULL, comment_text text);
                  INSERT INTO orders VALUES (1, 1.5, 'one'), (2, 2.5, NULL);
                  COMMENT ON COLUMN orders.amount IS 'in euros';
                  CREATE TABLE organisations (id int PRIMARY KEY); INSERT INTO organisations VALUES (1)""")
    project.config({"datasets": {"orders": {"inputs": {"o": "orders"}},
                                 "organisations": {"inputs": {"o": "organisations"}}}})
    project.run("run", "-q", check=0)
    return project


@pytest.fixture
def prompt(published):
    with open_prompt(published) as terminal:
        terminal.expect(PROMPT)
        yield terminal


def open_prompt(project, *args, **env):
    return Terminal([str(BIN), "query", *args], project.folder, project.environment(env))


def test_a_statement_may_have_several_lines_and_ends_with_a_semicolon(prompt):
    prompt.send("SELECT count(*) AS n -- ; not yet\n")
    prompt.expect(r"       -> $")
    prompt.send("FROM orders;\n")
    shown = prompt.expect(PROMPT)
    assert "n\n" in shown and "(1 row)" in shown


def test_a_backslash_command_works_in_the_middle_of_a_statement_but_not_of_a_text(prompt):
    prompt.send("SELECT 'a\n")
    prompt.expect(r"       -> $")
    prompt.send("\\q' AS text,\n")
    prompt.expect(r"       -> $")
    prompt.send("\\timing\n")
    prompt.expect(r"       -> $")
    prompt.send("7 AS seven;\n")
    assert "\\q" in prompt.expect(PROMPT)
    prompt.send("SELECT\n")
    prompt.expect(r"       -> $")
    prompt.send("\\q\n")
    assert prompt.wait() == 0


def test_two_statements_on_a_line_both_run(prompt):
    prompt.send("SELECT 11 AS a; SELECT 22 AS b;\n")
    shown = prompt.expect(r"22\n\(1 row\)\ntailrace> $")
    assert "11" in shown


def test_an_error_is_shown_at_its_place_and_the_prompt_goes_on(prompt):
    prompt.send("SELECT amont FROM orders;\n")
    shown = prompt.expect(PROMPT)
    assert "--> SQL:1:8" in shown and "did you mean `amount`?" in shown
    prompt.send("SELECT 42 AS answer;\n")
    assert "42" in prompt.expect(PROMPT)


def test_datasets_columns_and_words_are_completed(prompt):
    prompt.send("SELECT comm\t")
    prompt.expect(r"comment_text $")
    prompt.send("FR\t")
    prompt.expect(r"FROM $")
    prompt.send("ord\t")
    prompt.expect(r"ord")
    prompt.send("\x15")  # the line away
    prompt.send("SELECT amount FROM or\t")
    prompt.expect(r"or")
    prompt.send("g\t;\n")
    shown = prompt.expect(PROMPT)
    assert "organisations" in shown


def test_several_candidates_are_listed(prompt):
    prompt.send("FROM or\t\t")
    shown = prompt.expect(r"organisations[^\n]*\n")
    assert "order_id" in shown and "orders" in shown


def test_backslash_commands(prompt):
    prompt.send("\\d\n")
    shown = prompt.expect(PROMPT)
    assert "orders" in shown and "organisations" in shown
    prompt.send("\\d orders\n")
    shown = prompt.expect(PROMPT)
    assert "amount" in shown and "double" in shown and "in euros" in shown
    prompt.send("\\d ordesr\n")
    assert "did you mean `orders`?" in prompt.expect(PROMPT)
    prompt.send("\\format jsonl\n")
    prompt.expect(PROMPT)
    prompt.send("SELECT 1 AS x;\n")
    assert '{"x":1}' in prompt.expect(PROMPT)
    prompt.send("\\format yaml\n")
    assert "no format of the prompt" in prompt.expect(PROMPT)
    prompt.send("\\timing\n")
    assert "timing is on" in prompt.expect(PROMPT)
    prompt.send("SELECT 1 AS x;\n")
    assert " s\n" in prompt.expect(PROMPT)
    prompt.send("\\?\n")
    assert "\\format NAME" in prompt.expect(PROMPT)
    prompt.send("\\nope\n")
    assert "no command of the prompt" in prompt.expect(PROMPT)
    prompt.send("\\q\n")
    assert prompt.wait() == 0


def test_ctrl_c_cancels_the_statement_and_not_the_program(prompt):
    prompt.send(f"SELECT 1; {ENDLESS}; SELECT 77 + 1 AS never;\n")
    prompt.expect(r"\(1 row\)\n")  # the first has ended
    prompt.interrupt()
    shown = prompt.expect(PROMPT, timeout=30)
    assert "error: interrupted" in shown and "78" not in shown
    prompt.send("SELECT 42 AS answer;\n")
    assert "42" in prompt.expect(PROMPT)


def test_ctrl_c_clears_what_was_typed(prompt):
    prompt.send("SELECT 1,\n")
    prompt.expect(r"-> $")
    prompt.send("oh no")
    prompt.expect("oh no")
    prompt.interrupt()
    prompt.expect(PROMPT)
    prompt.send("SELECT 42 AS answer;\n")
    assert "42" in prompt.expect(PROMPT)


def test_ctrl_d_leaves(prompt):
    prompt.send("\x04")
    assert prompt.wait() == 0


def test_sigterm_leaves_with_130(prompt):
    prompt.terminate()
    assert prompt.wait() == 130


def test_history_is_kept_for_the_next_time_and_private(published):
    with open_prompt(published) as first:
        first.expect(PROMPT)
        first.send("SELECT 4711\nAS number;\n")
        first.expect(r"\(1 row\)\ntailrace> $")
        first.send("\x04")
        assert first.wait() == 0
    path = published.home / ".local/state/tailrace/history"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    with open_prompt(published) as second:
        second.expect(PROMPT)
        second.send("\x1b[A")  # the up key
        second.expect(r"SELECT 4711 AS number;$")
        second.send("\n")
        assert "4711" in second.expect(r"\(1 row\)\ntailrace> $")
        second.send("quit\n")
        assert second.wait() == 0
    state = published.folder / "state"
    with open_prompt(published, XDG_STATE_HOME=str(state)) as third:
        third.expect(PROMPT)
        third.send("exit\n")
        assert third.wait() == 0
    assert (state / "tailrace/history").exists()


def test_long_values_and_many_rows_are_cut_on_a_terminal_with_a_note(prompt):
    prompt.send("SELECT repeat('x', 500) AS long, range FROM range(1000);\n")
    shown = prompt.expect(r"only the first 200 rows are shown[^\n]*\ntailrace> $")
    assert "(200 rows)" in shown
    assert max(map(len, shown.splitlines())) <= 100
    assert "…" in shown


def test_null_is_told_from_the_text_null_by_colour(prompt):
    prompt.send("SELECT NULL AS a, 'NULL' AS b;\n")
    prompt.expect(r"\(1 row\)")
    assert "\x1b[2mNULL" in prompt.raw and " NULL\n" in prompt.raw.replace("\r", "")


def test_parquet_is_refused_on_a_terminal(published):
    with Terminal([str(BIN), "query", "--format", "parquet", "SELECT 1"], published.folder,
                  published.environment()) as terminal:
        assert terminal.wait() == 2
        assert "Parquet is not for terminals" in terminal.raw


def test_ctrl_c_ends_a_query_of_the_command_line_with_130(published):
    command = [str(BIN), "query", "--format", "csv", "FROM range(100000000000)"]
    with Terminal(command, published.folder, published.environment()) as terminal:
        terminal.expect(r"\n1000\n")
        terminal.interrupt()
        assert terminal.wait() == 130
        assert "interrupted" in terminal.raw
