import errno
import http.server
import os
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
from datafiles import images

from convdsl.datasets import DataError, download
from convdsl.datasets.download import fetch

CONTENTS = images(1, 300, 1000)[0].tobytes()
SIZE = len(CONTENTS)


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers for `/kind/name` as the kind of server says; remembers every request."""

    protocol_version = "HTTP/1.1"
    asked: list[tuple[str, str | None]] = []

    def do_GET(self):
        kind = self.path.split("/")[1]
        range_ = self.headers["Range"]
        self.asked.append((kind, range_))
        start = int(range_.removeprefix("bytes=").removesuffix("-")) if range_ else 0
        first = [k for k, _ in self.asked].count(kind) == 1
        if kind == "missing":
            return self.send_error(404)
        if kind == "busy" and first:
            return self.send_error(503)
        if kind == "rude":
            return self.connection.close()
        contents = CONTENTS[:-9] + b"nonsense!" if kind == "wrong" else CONTENTS
        if kind in ("norange", "dying-norange"):
            start, range_ = 0, None
        if start >= SIZE:
            return self.send_error(416)
        body = contents[start:]
        length = 10**12 if kind == "huge" else len(body)
        self.send_response(206 if range_ else 200)
        if range_:
            self.send_header("Content-Range", f"bytes {start + (kind == 'shifted')}-{SIZE - 1}/{SIZE}")
        if kind == "endless":
            self.send_header("Connection", "close")
        else:
            self.send_header("Content-Length", str(length))
        self.end_headers()
        if kind == "endless":
            body = CONTENTS * 20
        if kind in ("dying", "dying-norange"):
            body = body[:100_000]
        if kind == "silent":
            self.wfile.write(b"" if start else body[:1000])
            time.sleep(0.2)
            self.close_connection = True
        else:
            with suppress(OSError):  # the client has heard enough
                self.wfile.write(body)
        if len(body) != length:
            self.close_connection = True

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def address():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def forget():
    Handler.asked.clear()


def whole(path: Path) -> None:
    if path.read_bytes() != CONTENTS:
        raise DataError("it is another file")


@pytest.fixture
def got(address, tmp_path):
    """Fetches from servers of the given kinds; returns the file."""
    target = tmp_path / "new" / "folder" / "file.bin"

    def get(*kinds, verify=whole, progress=None, size=SIZE):
        fetch([f"{address}/{kind}/file.bin" for kind in kinds], target, verify, size, progress)
        assert target.read_bytes() == CONTENTS
        assert [path.name for path in target.parent.iterdir()] == ["file.bin"]
        return target

    get.target, get.part = target, target.with_name("file.bin.part")
    return get


def test_a_download_with_progress(got):
    told = []
    got("good", progress=lambda what, done, total: told.append((str(what), done, total)))
    assert told[-1] == ("Downloading file.bin", SIZE, SIZE)
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)
    assert Handler.asked == [("good", None)]


def test_the_next_mirror_when_one_is_bad(got):
    got("missing", "wrong", "good")
    assert [kind for kind, _ in Handler.asked] == ["missing", "wrong", "good"]


def test_a_mirror_that_nobody_answers_at(tmp_path, address):
    target = tmp_path / "x"
    fetch(["http://127.0.0.1:9/x", "nonsense", f"{address}/good/x"], target, whole, SIZE)
    assert target.exists()


def test_going_on_where_an_earlier_run_stopped(got):
    got.part.parent.mkdir(parents=True)
    got.part.write_bytes(CONTENTS[:1234])
    got("good")
    assert Handler.asked == [("good", "bytes=1234-")]


def test_going_on_when_the_connection_dies(got):
    got("dying")
    assert [range_ for _, range_ in Handler.asked] == [None, "bytes=100000-", "bytes=200000-"]


def test_a_server_that_cannot_go_on_starts_again(got):
    got.part.parent.mkdir(parents=True)
    got.part.write_bytes(b"?" * 1234)
    got("norange")
    assert Handler.asked == [("norange", "bytes=1234-")]


def test_pieces_of_another_file_are_thrown_away(got):
    got.part.parent.mkdir(parents=True)
    got.part.write_bytes(b"?" * 1234)
    got("good")
    assert Handler.asked == [("good", "bytes=1234-"), ("good", None)]
    got.target.rename(got.part)
    got("good")  # already whole: the server has nothing more
    assert Handler.asked[2:] == [("good", f"bytes={SIZE}-")]
    got.target.unlink()
    got.part.write_bytes(CONTENTS + b"more")
    got("good")
    assert Handler.asked[3:] == [("good", f"bytes={SIZE + 4}-"), ("good", None)]


def test_a_busy_server_is_asked_again(got):
    got("busy")
    assert len(Handler.asked) == 2


@pytest.mark.parametrize(
    ("kind", "requests", "message"),
    [
        ("missing", 1, "404"),
        ("wrong", 1, "it is another file"),
        ("rude", 2, "rude/file.bin"),
        ("huge", 1, r"1\.0 TB instead of 300 kB"),
        ("endless", 1, "more than 600 kB instead of 300 kB"),
        ("dying-norange", 6, "100 kB of 300 kB"),
    ],
)
def test_what_no_mirror_gives_is_an_error_that_says_why(got, kind, requests, message):
    with pytest.raises(DataError, match=message) as caught:
        got(kind)
    assert f"/{kind}/file.bin" in str(caught.value)
    assert len(Handler.asked) == requests
    assert not got.target.exists()
    assert not got.part.exists() or got.part.stat().st_size


def test_a_range_that_begins_elsewhere(got):
    got.part.parent.mkdir(parents=True)
    got.part.write_bytes(CONTENTS[:1000])
    with pytest.raises(DataError, match="Content-Range: bytes 1001-"):
        got("shifted")


def test_a_silent_server_is_given_up(got, monkeypatch):
    monkeypatch.setattr(download, "TIMEOUT", 0.05)
    monkeypatch.setattr(download, "_TRIES", 2)
    got("silent", "good")
    assert Handler.asked == [("silent", None), *[("silent", "bytes=1000-")] * 2, ("good", "bytes=1000-")]


def test_what_came_is_kept_when_the_user_stops(got):
    def stop(what, done, total):
        if done > 150_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        got("good", progress=stop)
    assert got.part.stat().st_size > 150_000
    kept = got.part.stat().st_size
    got("good")
    assert Handler.asked[-1] == ("good", f"bytes={kept}-")


def test_two_at_once_do_not_spoil_each_other(got, address):
    seen = []

    def second(what, done, total):
        if done > 100_000 and not seen:
            seen.append(done)
            fetch([f"{address}/good/file.bin"], got.target, whole, SIZE)
            assert got.target.read_bytes() == CONTENTS

    got("good", progress=second)
    assert Handler.asked == [("good", None)] * 2


def test_folders_that_cannot_be_written(address, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot be written") as caught:
        fetch([f"{address}/good/x"], tmp_path / "file" / "x", whole, SIZE)
    assert "XDG_CACHE_HOME" in str(caught.value.help)
    assert Handler.asked == []


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="rights mean nothing to the administrator")
def test_a_folder_without_the_right_to_write(address, tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(DataError, match="cannot be written"):
        fetch([f"{address}/good/x"], tmp_path / "x", whole, SIZE)


def test_a_read_only_file_system(address, tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(DataError, match=r"cannot be written: the disk can only be read"):
        fetch([f"{address}/good/x"], tmp_path / "x", whole, SIZE)


def test_a_full_disk(address, tmp_path, monkeypatch):
    with pytest.raises(DataError, match=r"x needs 1000000\.0 TB, and .* left"):
        fetch([f"{address}/good/x"], tmp_path / "x", whole, 10**18)
    assert Handler.asked == []

    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DataError, match="the disk is full"):
        fetch([f"{address}/good/x"], tmp_path / "x", whole, SIZE)
    assert not (tmp_path / "x").exists()
