"""Every way to end: its exit code, and one line on stderr."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dna_mamba.cli.exits import describe
from tests.cli.toy import run, write_toy

ENDINGS = {
    "InputError('no contig chrZ', place='a.vcf:3', remedy='rename it')": (2, "a.vcf:3: no contig chrZ; rename it"),
    "MachineError('2 GiB needed')": (3, "2 GiB needed"),
    "NonFiniteLossError('loss is nan')": (3, "loss is nan"),
    "PreemptedError('stopped after step 5')": (75, "stopped after step 5"),
    "FileNotFoundError(errno.ENOENT, 'No such file or directory', 'x.fa')": (2, "x.fa: No such file"),
    "PermissionError(errno.EACCES, 'Permission denied', 'x.fa')": (2, "x.fa: Permission denied"),
    "OSError(errno.ENOSPC, 'No space left on device', 'out.vcf')": (3, "out.vcf: No space left"),
    "MemoryError()": (3, "out of memory"),
    "RuntimeError('DefaultCPUAllocator: can\\'t allocate memory: 9 bytes')": (3, "out of memory"),
    "type('OutOfMemoryError', (RuntimeError,), {})('CUDA')": (3, "out of memory"),
    "ValueError('first\\nsecond')": (1, "ValueError: first second"),
    "OSError(errno.EBADF, 'Bad file descriptor')": (1, "OSError"),
    "click.UsageError('odd')": (2, "odd. See: toy boom --help"),
    "click.ClickException('odd')": (2, "odd"),
    "KeyboardInterrupt()": (130, "interrupted"),
}


@pytest.fixture
def toy(tmp_path):
    return write_toy(tmp_path)


@pytest.mark.parametrize(("expression", "ending"), ENDINGS.items())
def test_one_line_and_a_code(toy, expression, ending):
    code, words = ending
    result = run([*toy, "boom", expression])
    assert (result.returncode, result.stdout) == (code, "")
    assert result.stderr.startswith("toy: ") and words in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("encoding", ["utf-8:strict", "ascii:strict", "latin-1:strict", ""])
def test_names_that_are_not_utf8_can_be_said(toy, encoding):
    """As they came on stdout, which is for data, and in one line that a terminal can show on stderr."""
    environment = os.environ | ({"PYTHONIOENCODING": encoding} if encoding else {})
    said = subprocess.run([*toy, "echo", b"caf\xe9.vcf"], capture_output=True, env=environment, check=True)
    assert (said.stdout, said.stderr) == (b"caf\xe9.vcf\n", b"caf\\udce9.vcf\n")
    words = [*toy, "boom", r"InputError('no', place='caf\udce9.vcf')"]
    failed = subprocess.run(words, capture_output=True, env=environment, check=False)
    assert (failed.returncode, failed.stderr) == (2, b"toy: caf\\udce9.vcf: no\n")


@pytest.mark.parametrize("words", [["--debug", "boom", "ValueError()"], ["boom", "ValueError()", "--debug"]])
def test_debug_adds_the_traceback_and_changes_no_code(toy, words):
    result = run([*toy, *words])
    assert result.returncode == 1
    assert "Traceback" in result.stderr and "in command" in result.stderr


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["bom"], "Did you mean 'boom'? See: toy --help"),
        (["--debgu"], "Did you mean '--debug'"),
        (["boom"], "Missing argument 'EXPRESSION'. See: toy boom --help"),
        (["boom", "x", "--cuont", "3"], "Did you mean '--count'"),
        (["boom", "x", "--count", "three"], "'three' is not a valid integer"),
        (["boom", "x", "y"], "unexpected extra argument"),
    ],
)
def test_mistyped_command_lines(toy, words, hint):
    result = run([*toy, *words])
    assert (result.returncode, result.stdout) == (2, "")
    assert hint in result.stderr and result.stderr.count("\n") == 1


def test_a_module_that_cannot_be_imported_is_our_bug(toy):
    result = run([*toy, "typo"])
    assert result.returncode == 1
    assert "this is a bug: ModuleNotFoundError" in result.stderr and "--debug" in result.stderr


def test_a_reader_that_has_seen_enough(toy):
    """What `| head -1` does: no traceback, no complaint, and the code that SIGPIPE gives other tools."""
    writer = subprocess.Popen([*toy, "chatty", "1000000"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert writer.stdout is not None and writer.stderr is not None
    assert writer.stdout.readline() == b"line 0\n"
    writer.stdout.close()
    assert writer.stderr.read() == b""
    writer.stderr.close()
    assert writer.wait(60) == 128 + signal.SIGPIPE


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
@pytest.mark.parametrize("lines", ["1", "100000"])
def test_a_full_disk_behind_stdout(toy, lines):
    with open("/dev/full", "w") as full:
        ended = subprocess.run([*toy, "chatty", lines], stdout=full, stderr=subprocess.PIPE, text=True)
    assert ended.returncode == 3
    assert ended.stderr == "toy: No space left on device; free some space or write elsewhere\n"


def test_a_closed_stderr_leaves_stdout_to_the_data(toy):
    command = " ".join(f"'{word}'" for word in [*toy, "boom", "ValueError()"])
    result = run(["sh", "-c", f"{command} 2>&-"])
    assert (result.returncode, result.stdout) == (1, "")


@pytest.mark.parametrize(
    ("signum", "code", "line"),
    [
        (signal.SIGTERM, 143, "toy: stopped by SIGTERM\n"),
        (signal.SIGHUP, 129, "toy: stopped by SIGHUP\n"),
        (signal.SIGINT, 130, "toy: interrupted\n"),
    ],
)
def test_signals_let_commands_clean_up(toy, tmp_path, signum, code, line):
    half_written = tmp_path / "half.vcf"
    # Tests run in the background, or under nohup, start with these signals ignored, and so would their children.
    heeding = (
        "import os, signal, sys; signal.signal(1, signal.SIG_DFL); signal.signal(2, signal.SIG_DFL); "
        "os.execv(sys.argv[1], sys.argv[1:])"
    )
    command = [sys.executable, "-c", heeding, *toy]
    with subprocess.Popen([*command, "sleepy", str(half_written)], stderr=subprocess.PIPE, text=True) as sleeper:
        assert sleeper.stderr is not None
        assert sleeper.stderr.readline() == "asleep\n"
        assert half_written.exists()
        sleeper.send_signal(signum)
        assert sleeper.stderr.read() == line
    assert sleeper.returncode == code
    assert not half_written.exists()


def test_an_ignored_hangup_stays_ignored(toy, tmp_path):
    """`nohup dna-mamba ...` outlives its terminal."""
    half_written = tmp_path / "half.vcf"
    ignoring = "import os, signal, sys; signal.signal(1, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])"
    command = [sys.executable, "-c", ignoring, *toy]
    with subprocess.Popen([*command, "sleepy", str(half_written)], stderr=subprocess.PIPE, text=True) as sleeper:
        assert sleeper.stderr is not None
        assert sleeper.stderr.readline() == "asleep\n"
        sleeper.send_signal(signal.SIGHUP)
        with pytest.raises(subprocess.TimeoutExpired):
            sleeper.wait(0.3)
        sleeper.terminate()
    assert sleeper.returncode == 143


def test_torch_says_out_of_memory_in_the_words_we_look_for():
    import torch

    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**60, dtype=torch.uint8)
    assert describe(caught.value).exit_code == 3
