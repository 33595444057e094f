"""`bds open`: who may ask, what may come in, what is left; and a real browser from drop to saved report."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bds_tool.cli.main import run as cli
from bds_tool.export.desk.server import Desk
from bds_tool.export.desk.work import Refused, TooLarge, Work, safe

SAMPLES = Path(__file__).resolve().parents[3] / "sample_data"
TABLE = SAMPLES / "fouten" / "lang.csv"
CLEAN = SAMPLES / "schoon" / "tabel-4.1.3" / "lang.csv"
#: Told by a program that is asked so: every address that Python connects or binds to, and every name it looks up.
WATCH = """
import os, sys
def told(event, arguments):
    if event in ("socket.connect", "socket.bind", "socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.sendto"):
        with open(os.environ["SEEN"], "a") as file:
            file.write(f"{event} {arguments[1:] if arguments and not isinstance(arguments[0], str) else arguments!r}\\n")
sys.addaudithook(told)
"""


@pytest.fixture
def desk(tmp_path):
    private, target = tmp_path / "tijdelijk", tmp_path / "map"
    private.mkdir(mode=0o700)
    target.mkdir()
    with Desk(Work(private, target, 1_000_000), "nl") as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def ask(desk, method, path, body=b"", **headers):
    """The status and the content; `Host` and `Origin` are those of the page unless others are given, None for none."""
    given_headers = {"Host": desk.host, "Origin": f"http://{desk.host}", "Content-Length": str(len(body))}
    given_headers |= {k.replace("_", "-"): v for k, v in headers.items()}
    connection = http.client.HTTPConnection("127.0.0.1", desk.server_address[1], timeout=20)
    connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
    for name, value in given_headers.items():
        for one in value if isinstance(value, list) else [value]:
            if one is not None:
                connection.putheader(name, one)
    connection.endheaders(body)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer, content


def everything(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def test_the_page_comes_to_who_knows_the_token_and_loads_nothing_from_elsewhere(desk):
    answer, content = ask(desk, "GET", f"/{desk.token}/", Origin=None)
    assert answer.status == 200
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert not re.search(r"https?:|\*|unsafe", policy)
    page = content.decode()
    assert re.findall(r"(?:src|href)=\"([^\"]*)\"", page) == ["data:,", "page.css", "page.js"]
    assert "[[" not in page
    for name in ("page.css", "page.js"):
        loaded, text = ask(desk, "GET", f"/{desk.token}/{name}", Origin=None)
        assert loaded.status == 200
        assert not re.search(rb"https?://", text)
    assert desk.server_address[0] == "127.0.0.1"
    assert desk.socket.family == socket.AF_INET


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "localhost.evil.example"},
        {"Host": None},
        {"Host": ["127.0.0.1:1", "HOST"]},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": ["ORIGIN", "http://evil.example"]},
    ],
)
@pytest.mark.parametrize("method", ["GET", "PUT", "POST"])
def test_another_site_in_the_same_browser_is_refused(desk, method, headers):
    own = {"HOST": desk.host, "ORIGIN": f"http://{desk.host}"}
    headers = {k: [own.get(x, x) for x in v] if isinstance(v, list) else v for k, v in headers.items()}
    path = {"GET": "", "PUT": "file/a?name=x.csv", "POST": "run/validate"}[method]
    answer, content = ask(desk, method, f"/{desk.token}/{path}", b"1", **headers)
    assert answer.status == 404
    assert json.loads(content) == {"error": ""}
    assert everything(desk.work.folder) == []


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_what_changes_something_tells_where_it_comes_from(desk, method):
    path = {"PUT": "file/a?name=x.csv", "POST": "bye"}[method]
    assert ask(desk, method, f"/{desk.token}/{path}", b"1", Origin=None)[0].status == 404


@pytest.mark.parametrize("wrong", ["", "x", "TOKEN0", "toke", "..", "%2e%2e", "TOKEN."])
@pytest.mark.parametrize("method", ["GET", "PUT", "POST"])
def test_a_wrong_token_opens_nothing(desk, method, wrong):
    token = wrong.replace("TOKEN", desk.token) if wrong != "toke" else desk.token[:-1]
    for path in ("", "page.js", "file/a?name=x.csv", "run/validate", "save/validate"):
        assert ask(desk, method, f"/{token}/{path}", b"1")[0].status == 404
    assert everything(desk.work.folder) == []


def test_paths_lead_nowhere_else(desk):
    for path in (
        "result/../../a/x",
        "result/%2e%2e/secret",
        "../page.py",
        "page.py",
        "result/validate.said",
        "result/",
    ):
        assert ask(desk, "GET", f"/{desk.token}/{path}")[0].status == 404


def test_uploads_are_bounded_together_and_leave_nothing_when_refused(desk):
    put = f"/{desk.token}/file"
    assert ask(desk, "PUT", f"{put}/a?name=een.csv", b"x" * 600_000)[0].status == 200
    answer, content = ask(desk, "PUT", f"{put}/b?name=twee.csv", b"x" * 400_001)
    assert answer.status == 413
    assert "1 MB" in json.loads(content)["error"]
    assert everything(desk.work.folder) == ["a/een.csv"]
    assert ask(desk, "PUT", f"{put}/b?name=twee.csv", b"x" * 400_000)[0].status == 200
    assert ask(desk, "POST", f"/{desk.token}/clear/a")[0].status == 200
    assert everything(desk.work.folder) == ["b/twee.csv"]
    assert ask(desk, "PUT", f"{put}/a?name=drie.csv", b"x" * 600_000)[0].status == 200
    for length in ("-1", "1e9", "", "9" * 30, "٣", None):
        assert (
            ask(desk, "PUT", f"{put}/a?name=vier.csv", b"", Content_Length=length and length.encode())[
                0
            ].status
            == 411
        )
    assert ask(desk, "PUT", f"{put}/a?name=vijf.csv", b"", Content_Length="900000000000")[0].status == 413
    assert ask(desk, "PUT", f"{put}/a?name=zes.csv", b"1", Transfer_Encoding="chunked")[0].status == 404
    assert ask(desk, "POST", f"/{desk.token}/beat", b"x" * 5000)[0].status == 413
    assert everything(desk.work.folder) == ["a/drie.csv", "b/twee.csv"]


def test_a_file_that_stops_half_way_leaves_nothing(desk):
    with socket.create_connection(("127.0.0.1", desk.server_address[1]), timeout=20) as plain:
        plain.sendall(
            f"PUT /{desk.token}/file/a?name=half.csv HTTP/1.0\r\nHost: {desk.host}\r\nOrigin: http://{desk.host}\r\n"
            "Content-Length: 1000\r\n\r\nhalf".encode()
        )
        plain.shutdown(socket.SHUT_WR)
        assert b" 400 " in plain.recv(100)
    assert everything(desk.work.folder) == []
    assert desk.work.used == 0


@given(st.text(max_size=60) | st.from_regex(r"([./\\:]|CON|nul\.csv|[A-Z]:|\.\.|a| )+", fullmatch=True))
def test_every_name_stays_in_its_folder(name):
    try:
        made = safe(name)
    except Refused:
        return
    steps = made.split("/")
    assert not {"", ".", ".."} & set(steps)
    assert not re.search(r'[<>:"|?*\\\0-\x1f]', made)
    assert all(len(s) <= 121 and s == s.strip(" .") for s in steps)
    assert not any(re.fullmatch(r"(?i)(con|nul|com\d)(\..*)?", s) for s in steps)
    assert Path("/x").joinpath(made).resolve().is_relative_to("/x")


def test_the_same_name_twice_is_told_and_changes_nothing(desk):
    put = f"/{desk.token}/file/a?name=map%2Feen.csv"
    assert ask(desk, "PUT", put, b"eerste")[0].status == 200
    assert ask(desk, "PUT", put, b"tweede")[0].status == 400
    assert (desk.work.folder / "a" / "map" / "een.csv").read_bytes() == b"eerste"
    assert desk.work.used == 6


def test_too_many_files_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("bds_tool.export.desk.work.FILES", 2)
    work = Work(tmp_path, tmp_path, 100)
    for n in range(2):
        work.take("a", f"{n}.csv", 1, BytesIO(b"x"))
    with pytest.raises(TooLarge):
        work.take("a", "3.csv", 1, BytesIO(b"x"))


def test_settings_that_came_with_a_delivery_hide_nothing(tmp_path):
    """A `bds.toml` among the files could accept every finding; only that of the folder of results counts."""
    accept = '[[accept]]\nrule = "BDS203"\nreason = "mag"\n'
    found = {}
    for where in ("levering", "map"):
        private, target = tmp_path / f"{where}-t", tmp_path / f"{where}-m"
        private.mkdir()
        target.mkdir()
        settings = target / "bds.toml" if where == "map" else None
        if settings:
            settings.write_text(accept, encoding="utf-8")
        work = Work(private, target, 10_000_000, settings)
        work.take("a", "lang.csv", TABLE.stat().st_size, BytesIO(TABLE.read_bytes()))
        if not settings:
            work.take("a", "bds.toml", len(accept), BytesIO(accept.encode()))
        found[where] = work.run("validate")
    assert found["levering"].code == 1
    assert found["levering"].said != found["map"].said


# ---- AS A PROGRAM, IN A BROWSER ---- #


@pytest.fixture
def opened(tmp_path):
    """`bds open` as a process that tells every address it uses; its page, folder, temporary place, and what was seen."""
    watch, temporary, folder = tmp_path / "watch", tmp_path / "tmp", tmp_path / "map"
    for made in (watch, temporary, folder):
        made.mkdir()
    (watch / "sitecustomize.py").write_text(WATCH, encoding="utf-8")
    seen = tmp_path / "seen.txt"
    seen.touch()
    environment = os.environ | {
        "PYTHONPATH": str(watch),
        "SEEN": str(seen),
        "TMPDIR": str(temporary),
        "BDS_LANG": "nl",
    }
    program = subprocess.Popen(
        [sys.executable, "-m", "bds_tool", "open", str(folder), "--no-browser", "--max-mb", "5"],
        stderr=subprocess.PIPE, text=True, env=environment,
    )  # fmt: skip
    line = program.stderr.readline()
    url = re.search(r"http://127\.0\.0\.1:\d+/[\w-]{40,}/", line)
    assert url, line
    yield program, url[0], folder, temporary, seen
    program.kill()
    program.stderr.close()
    program.wait()


DROP = """([box, name, text]) => {
  const data = new DataTransfer();
  data.items.add(new File([text], name));
  document.querySelector(box).dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
}"""


def test_from_drop_to_saved_report_in_a_browser(opened, browser, tmp_path, capsys):
    program, url, folder, temporary, seen = opened
    [private] = [p for p in temporary.iterdir() if p.is_dir()]
    assert private.stat().st_mode & 0o777 == 0o700
    context = browser.new_context(locale="nl-NL")
    page = context.new_page()
    errors, asked = [], []
    page.on("pageerror", lambda e: errors.append(str(e)))
    page.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
    page.on("request", lambda r: asked.append(r.url))
    page.goto(url)
    text = TABLE.read_text(encoding="utf-8")
    page.evaluate(DROP, ["[data-side=a] .drop", "lang.csv", text])
    page.get_by_text("1 bestand", exact=True).wait_for()
    page.get_by_role("button", name="Beoordelen").click()
    report = page.frame_locator("#report")
    report.get_by_role("heading", level=1).wait_for(timeout=60_000)
    verdict = page.locator("#verdict").inner_text()
    code = cli(["--lang", "nl", "validate", str(TABLE), "--quiet"])
    assert code == 1
    assert verdict == capsys.readouterr().out.strip()
    assert "BDS203" in report.locator("body").inner_text()
    page.get_by_role("button", name="Bewaren").click()
    page.locator("#saved:not(:empty)").wait_for()
    assert page.locator("#saved").inner_text().startswith("Bewaard in")
    saved = {p.suffix: p for p in folder.iterdir()}
    assert set(saved) == {".html", ".csv"}
    assert all(p.stat().st_mode & 0o77 == 0 for p in saved.values())
    assert saved[".csv"].read_text(encoding="utf-8-sig").count("BDS203") > 0
    page.get_by_role("button", name="Wat zit erin").click()
    page.locator("#text").get_by_text("Lengte", exact=False).first.wait_for(timeout=60_000)
    page.locator("[data-side=b] input").set_input_files(CLEAN)
    page.locator("[data-side=b]").get_by_text("1 bestand", exact=True).wait_for()
    page.get_by_role("button", name="Vergelijken").click()
    page.get_by_text("verschillen", exact=False).first.wait_for(timeout=60_000)
    page.evaluate(DROP, ["[data-side=b] .drop", "groot.csv", "x" * 5_000_000])
    page.locator("[data-side=b] .told").get_by_text("groot.csv", exact=False).wait_for()
    assert [p.name for p in private.rglob("*") if p.name == "groot.csv"] == []
    assert [e for e in errors if "413" not in e and "ERR_" not in e] == []
    assert {re.match(r"https?://[^/]+|data:", u)[0] for u in asked} <= {url[: url.index("/", 8)], "data:"}
    page.close(run_before_unload=False)
    context.close()
    assert program.wait(30) == 0
    assert list(temporary.iterdir()) == []
    events = seen.read_text(encoding="utf-8").splitlines()
    assert any("bind" in e for e in events)
    assert [e for e in events if "127.0.0.1" not in e] == []
    assert not [e for e in events if e.startswith(("socket.getaddrinfo", "socket.gethost"))]


def test_ctrl_c_removes_what_was_dropped(opened):
    program, url, folder, temporary, _ = opened
    host, token = re.match(r"http://([^/]+)/([^/]+)/", url).groups()
    connection = http.client.HTTPConnection(host, timeout=20)
    connection.request("PUT", f"/{token}/file/a?name=x.csv", b"geheim", {"Origin": f"http://{host}"})
    assert connection.getresponse().status == 200
    assert list(temporary.rglob("x.csv"))
    program.send_signal(signal.SIGINT)
    assert program.wait(30) == 130
    assert list(temporary.iterdir()) == []
    assert list(folder.iterdir()) == []


def test_a_window_that_went_without_a_word_closes_it_too(tmp_path, monkeypatch):
    monkeypatch.setattr("bds_tool.export.desk.server.FIRST", 0.3)
    (tmp_path / "t").mkdir()
    started = time.monotonic()
    with Desk(Work(tmp_path / "t", tmp_path, 100), "nl") as made:
        made.serve_forever(poll_interval=0.05)
    assert 0.2 < time.monotonic() - started < 10
