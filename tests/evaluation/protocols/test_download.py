"""Files by name: once, whole, and the same ever after."""

import hashlib
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from dna_mamba.errors import InputError
from dna_mamba.evaluation.protocols.download import check_copy, download
from dna_mamba.evaluation.protocols.registry import PublishedFile

pytest.importorskip("pooch")
ROWS = b"sequence,label,split\nACGT,a,train\n"
DIGEST = hashlib.sha256(ROWS).hexdigest()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def site(tmp_path):
    """A folder that is served on this machine alone."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "rows.csv").write_bytes(ROWS)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=tmp_path / "site"))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield tmp_path / "site", f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def get(url, folder, sha256=None, told=lambda line: None):
    download([PublishedFile(path="own/rows.csv", url=url, sha256=sha256)], folder, told, page="https://page")


def test_a_file_is_downloaded_once_and_its_hash_is_kept(site, tmp_path):
    folder, url = site
    lines = []
    get(f"{url}/rows.csv", tmp_path / "copy", told=lines.append)
    copy = tmp_path / "copy" / "own" / "rows.csv"
    assert copy.read_bytes() == ROWS and DIGEST in lines[0]
    assert copy.with_name("rows.csv.sha256").read_text() == f"{DIGEST}  rows.csv\n"
    (folder / "rows.csv").unlink()  # what is there is not asked for again
    get(f"{url}/rows.csv", tmp_path / "copy", told=lines.append)
    assert len(lines) == 1


def test_a_file_that_changed_since_is_refused(site, tmp_path):
    _, url = site
    get(f"{url}/rows.csv", tmp_path / "copy")
    (tmp_path / "copy" / "own" / "rows.csv").write_bytes(ROWS + b"CCCC,b,test\n")
    with pytest.raises(InputError, match=rf"own/rows\.csv: SHA-256 is .*, rows\.csv\.sha256 has {DIGEST}"):
        get(f"{url}/rows.csv", tmp_path / "copy")
    with pytest.raises(InputError, match="it changed"):
        check_copy([PublishedFile(path="own/rows.csv", url=url)], tmp_path / "copy")


def test_only_the_content_that_the_registry_knows_is_taken(site, tmp_path):
    _, url = site
    with pytest.raises(InputError, match=r"rows\.csv: cannot be downloaded \(SHA256 hash"):
        get(f"{url}/rows.csv", tmp_path / "copy", sha256="0" * 64)
    assert list((tmp_path / "copy").rglob("*.csv")) == []
    get(f"{url}/rows.csv", tmp_path / "copy", sha256=DIGEST)
    assert [path.name for path in (tmp_path / "copy" / "own").iterdir()] == ["rows.csv"]


def test_a_file_that_is_not_there_is_one_line_that_names_the_page(site, tmp_path):
    _, url = site
    with pytest.raises(InputError, match=r"none\.csv: cannot be downloaded \(404 .*get the file from https://page"):
        get(f"{url}/none.csv", tmp_path / "copy")


def test_without_pooch_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(InputError, match=r"pip install 'dna-mamba\[benchmarks\]', or get them from https://page"):
        get("https://nowhere.invalid/rows.csv", tmp_path / "copy")


def test_a_copy_without_records_is_taken_as_it_is(tmp_path):
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "rows.csv").write_bytes(ROWS)
    check_copy([PublishedFile(path="own/rows.csv", url="https://u")], tmp_path)
    assert [path.name for path in (tmp_path / "own").iterdir()] == ["rows.csv"]
    with pytest.raises(InputError, match="the registry has 0000"):
        check_copy([PublishedFile(path="own/rows.csv", url="https://u", sha256="0" * 64)], tmp_path)
