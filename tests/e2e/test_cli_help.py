"""Help, unknown names, completion, the manual page: everything that comes from the command table."""
import re
import subprocess
from pathlib import Path

import pytest

from project import BIN, ROOT

COMMANDS = ["init", "check", "run", "query", "datasets", "status", "history", "rollback", "verify", "gc",
            "gen", "build", "policy", "completion", "help"]


def test_no_command_shows_all_of_them_and_is_a_wrong_call(bare):
    done = bare.run(check=2)
    for command in COMMANDS:
        assert re.search(rf"^  {command} ", done.stdout, re.M), command


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_examples(bare, command):
    by_help = bare.run("help", command, check=0)
    by_option = bare.run(command, "--help", check=0)
    assert by_help.stdout == by_option.stdout
    assert by_help.stderr == ""
    assert "Usage\n  tailrace " + command in by_help.stdout
    examples = by_help.stdout.split("Examples\n")[1]
    assert "tailrace" in examples
    assert max(map(len, by_help.stdout.splitlines())) <= 120


def test_version(bare):
    assert re.fullmatch(r"tailrace \d+\.\d+\.\d+\n", bare.run("--version", check=0).stdout)


@pytest.mark.parametrize("args, message, hint", [
    (["qeury"], "`qeury` is not a command", "did you mean `tailrace query`?"),
    (["xyzzy"], "`xyzzy` is not a command", "`tailrace help` lists all commands"),
    (["help", "rnu"], "`rnu` is not a command", "did you mean `tailrace run`?"),
    (["query", "--fromat", "csv"], "unknown option `--fromat`", "did you mean `--format`?"),
    (["query", "--fromat=csv"], "unknown option `--fromat`", "did you mean `--format`?"),
    (["run", "-x"], "unknown option `-x`", "`tailrace help run` shows all options"),
    (["query", "--format", "cvs"], "--format cannot be `cvs`", "did you mean `csv`?"),
    (["query", "--max-rows", "ten"], "--max-rows wants a number, not `ten`", "whole number"),
    (["query", "--max-rows", "-1"], "--max-rows wants a number, not `-1`", "whole number"),
    (["query", "--format"], "--format wants a value", "--format FORMAT"),
    (["status", "--json=yes"], "--json takes no value", "write `--json` alone"),
    (["history"], "`tailrace history` wants DATASET", "usage: tailrace history DATASET"),
    (["history", "a", "b"], "`tailrace history` does not take `b`", "usage: tailrace history DATASET"),
    (["init"], "`tailrace init` wants URL", "usage: tailrace init URL"),
    (["gc", "--keep", "0"], "--keep 0 would remove", "at least 1"),
    (["--log", "xml", "run"], "--log cannot be `xml`", "plain json"),
])
def test_a_wrong_call_says_what_was_meant(bare, args, message, hint):
    done = bare.run(*args, check=2)
    assert done.stdout == ""
    assert f"error: {message}" in done.stderr
    assert hint in done.stderr.split("hint: ")[1]


def test_options_stand_before_or_behind_the_command(bare):
    for args in (["-c", "none.yaml", "datasets"], ["datasets", "-c", "none.yaml"], ["datasets", "--config=none.yaml"],
                 ["datasets", "-qcnone.yaml"]):
        done = bare.run(*args, check=2)
        assert "none.yaml" in done.stderr, args


def test_the_checked_in_manual_page_is_current(bare):
    made = bare.run("help", "--man", check=0).stdout
    assert made == (ROOT / "docs/reference/tailrace.1").read_text(), \
        "write it again: build/tailrace help --man >docs/reference/tailrace.1"


def test_the_manual_page_is_sound_troff(bare):
    made = bare.run("help", "--man", check=0).stdout
    assert made.count("\n.SS ") == len(COMMANDS)
    for line in made.splitlines():
        if line.startswith("."):
            assert re.match(r"\.(TH|SH|SS|PP|TP|B|I|RS|RE|nf|fi|\\\")( |$)", line), line
    for code in ("0", "1", "2", "3", "4", "5", "130"):
        assert f"\\fB{code}\\fR\n" in made


def complete(words, folder, cword=None):
    """What bash offers for the last word."""
    script = r'''
        source <("$TAILRACE" completion bash)
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _tailrace; printf '%s\n' "${COMPREPLY[@]}"'''
    done = subprocess.run(["bash", "-c", script, "bash", *words], cwd=folder, capture_output=True, text=True,
                          env={"PATH": "/usr/bin:/bin", "TAILRACE": str(BIN)}, timeout=60)
    assert done.stderr == ""
    return done.stdout.split()


def test_bash_completes_commands_options_and_choices(bare):
    t = str(BIN)
    assert complete([t, ""], bare.folder) == COMMANDS
    assert complete([t, "he"], bare.folder) == ["help"]
    assert complete([t, "query", "--form"], bare.folder) == ["--format"]
    assert complete([t, "query", "--format", "js"], bare.folder) == ["json", "jsonl"]
    assert complete([t, "--log", ""], bare.folder) == ["plain", "json"]
    assert complete([t, "completion", ""], bare.folder) == ["bash", "zsh", "fish"]
    assert complete([t, "help", "ro"], bare.folder) == ["rollback"]
    (bare.folder / "some.sql").write_text("")
    assert complete([t, "query", "-f", "so"], bare.folder) == ["some.sql"]
    assert "--dry-run" in complete([t, "-c", "x.yaml", "gc", "--"], bare.folder)


def test_bash_completes_the_names_of_datasets(bare):
    bare.config({"source": {"url": "postgres://nowhere/x"},
                 "datasets": {"orders": {"inputs": {"o": "orders"}}, "users": {"inputs": {"u": "users"}}}})
    t = str(BIN)
    assert complete([t, "run", ""], bare.folder) == ["orders", "users"]
    assert complete([t, "run", "orders", "u"], bare.folder) == ["users"]
    other = bare.folder / "other"
    other.mkdir()
    assert complete([t, "-c", "../tailrace.yaml", "status", "o"], other) == ["orders"]


@pytest.mark.parametrize("shell, check", [("bash", ["bash", "-n"]), ("zsh", ["zsh", "-n"]), ("fish", ["fish", "-n"])])
def test_completion_scripts_parse(bare, shell, check):
    script = bare.run("completion", shell, check=0).stdout
    for command in COMMANDS:
        assert command in script
    if not Path("/usr/bin", shell).exists() and not Path("/bin", shell).exists():
        # The shell is not here: at least its quotes must be even.
        bare_quotes = script.replace("'\\''", "").replace("\\'", "")
        assert bare_quotes.count("'") % 2 == 0
        return
    done = subprocess.run(check, input=script, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
