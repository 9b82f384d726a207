"""Reports and alerts: a mail through Debian's own SMTP server into a mailbox, webhooks, events of alerts."""
import base64
import email
import email.policy
import getpass
import grp
import hashlib
import hmac
import http.server
import io
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import threading
import zipfile

import pytest

from conftest import Server, until

EXIM = shutil.which("exim4", path=os.environ.get("PATH", "") + ":/usr/sbin")
EXIM_CONFIG = """
primary_hostname = mail.example.com
spool_directory = {dir}/spool
log_file_path = {dir}/log/%slog
pid_file_path = {dir}/exim.pid
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port}
tls_advertise_hosts = *
tls_certificate = {dir}/cert.pem
tls_privatekey = {dir}/key.pem
exim_user = {user}
exim_group = {group}
never_users =
acl_smtp_rcpt = accept_all
acl_smtp_data = accept_all
keep_environment =
domainlist local = example.com
begin acl
accept_all:
  accept
begin routers
mailbox:
  driver = accept
  domains = +local
  transport = into_file
begin transports
into_file:
  driver = appendfile
  file = {dir}/mailbox
  user = {user}
  group = {group}
  mode_fail_narrower = false
begin retry
begin rewrite
begin authenticators
"""

PROJECT = """
name: shop
timezone: Asia/Shanghai
domains: [{name: trade}]
channels:
  hook: {type: webhook, url: "${HOOK_URL}"}
  ops: {type: dingtalk, url: "${HOOK_URL}", secret: "${HOOK_SECRET}"}
  lark: {type: feishu, url: "${HOOK_URL}", secret: "${HOOK_SECRET}"}
tables:
  - name: ods_order
    domain: trade
    columns:
      - {name: paid_dt, type: date}
      - {name: city, type: string}
      - {name: pay_amt, type: "decimal(18,2)"}
reports:
  - name: daily
    domain: trade
    title: {en: Daily sales <1>, zh: 每日销售}
    query: "SELECT paid_dt, sum(pay_amt) AS pay_amt FROM ods_order GROUP BY paid_dt ORDER BY paid_dt"
    chart: line
    to: [boss@example.com]
    attach: [csv, xlsx]
alerts:
  - name: low_city
    domain: trade
    query: "SELECT city, sum(pay_amt) AS pay_amt FROM ods_order GROUP BY city"
    when: "pay_amt < 10"
    by: [city]
    every: 1s
    to: [hook]
  - name: hourly
    domain: trade
    query: "SELECT 1 AS n"
    when: "n = 1"
    hours: "00:00-00:00"
    to: [hook]
"""
ROWS = "2026-01-01,北京,30.50\n2026-01-02,上海,12.25\n2026-01-03,\"a,b\",40\n"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Mailbox:
    def __init__(self, folder):
        self.dir, self.port = folder, free_port()
        for name in ("spool", "log"):
            (folder / name).mkdir()
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
                       check=True, capture_output=True)
        root = os.getuid() == 0  # exim never delivers as root
        user, group = ("nobody", "nogroup") if root else (getpass.getuser(), grp.getgrgid(os.getgid()).gr_name)
        (folder / "exim.conf").write_text(EXIM_CONFIG.format(dir=folder, port=self.port, user=user, group=group))
        for path in (folder, folder / "spool", folder / "log", folder / "key.pem"):
            path.chmod(0o777 if path.is_dir() else 0o644)
        self.log = open(folder / "out.log", "w")
        self.process = subprocess.Popen([EXIM, "-C", folder / "exim.conf", "-bdf", "-q10m"], stdout=self.log, stderr=self.log)
        until(lambda: self.answers() or self.process.poll() is not None, (folder / "out.log").read_text)
        assert self.process.poll() is None, (folder / "out.log").read_text()

    def answers(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False

    def mail(self):
        """The one mail that arrived, parsed; waits for its delivery."""
        path = self.dir / "mailbox"
        until(lambda: path.exists() and b"\n\n" in path.read_bytes() and path.read_bytes().endswith(b"\n\n"),
              lambda: "".join(p.read_text() for p in (self.dir / "log").glob("*")))
        return email.message_from_bytes(path.read_bytes().split(b"\n", 1)[1], policy=email.policy.default)

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.log.close()


@pytest.fixture(scope="module")
def mailbox():
    if not EXIM:
        pytest.skip("exim4-daemon-light is not installed")
    with tempfile.TemporaryDirectory(prefix="weir-mail-") as folder:  # reachable for the user that delivers
        box = Mailbox(pathlib.Path(folder))
        yield box
        box.close()


@pytest.fixture
def hook():
    """A web server that keeps what it is sent."""
    got = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append((self.path, json.loads(body)))
            answer = b'{"errcode": 310000, "errmsg": "sign not match"}' if "refuse" in self.path else b'{"errcode": 0, "code": 0}'
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    server.got, server.url = got, f"http://127.0.0.1:{server.server_port}/hook"
    yield server
    server.shutdown()


def project(folder, text=PROJECT, **env):
    (folder / "weir.yml").write_text(text)
    weir = Server(folder, env=dict(env, HOOK_SECRET="s3cret"))
    weir.cli("apply", "--yes")
    (folder / "rows.csv").write_text(ROWS)
    weir.cli("load", "ods_order", str(folder / "rows.csv"))
    return weir


def test_a_report_arrives_with_table_picture_and_files(tmp_path, mailbox):
    weir = project(tmp_path, WEIR_MAIL_SERVER=f"smtp://localhost:{mailbox.port}", WEIR_MAIL_FROM="weir@example.com",
                   WEIR_MAIL_TLS="required", WEIR_MAIL_CA=str(mailbox.dir / "cert.pem"))
    weir.cli("report", "daily", "--send")
    mail = mailbox.mail()
    assert mail["Subject"] == "Daily sales <1>" and mail["To"] == "boss@example.com" and mail["From"] == "weir@example.com"
    assert "TLS" in mail["Received"] or "tls" in mail["Received"], "mail.tls: required"
    html = mail.get_body(("html",)).get_content()
    assert "Daily sales &lt;1&gt;" in html and ">30.50</td>" in html and "cid:chart1.png" in html
    assert "2026-01-02\t12.25" in mail.get_body(("plain",)).get_content()
    parts = {part.get_filename(): part for part in mail.walk() if part.get_filename()}
    picture = parts["chart1.png"].get_payload(decode=True)
    assert picture.startswith(b"\x89PNG") and len(picture) > 3000 and parts["chart1.png"]["Content-ID"] == "<chart1.png>"
    assert parts["daily.csv"].get_payload(decode=True).decode("utf-8-sig").splitlines()[1] == "2026-01-01,30.50"
    book = zipfile.ZipFile(io.BytesIO(parts["daily.xlsx"].get_payload(decode=True)))
    assert "<v>30.5</v>" in book.read("xl/worksheets/sheet1.xml").decode()


def test_a_mail_server_that_is_not_there_is_an_error(tmp_path):
    weir = project(tmp_path, WEIR_MAIL_SERVER=f"smtp://127.0.0.1:{free_port()}", WEIR_MAIL_FROM="weir@example.com")
    done = weir.cli("report", "daily", "--send", check=False)
    assert done.returncode != 0 and "W6003" in done.stderr and "boss@example.com" in done.stderr
    page = json.loads(weir.cli("report", "daily", "--json").stdout)
    assert "data:image/png;base64," in page["html"] and [f["name"] for f in page["files"]] == ["chart1.png", "daily.csv", "daily.xlsx"]


def test_chats_get_their_own_forms_and_signatures(tmp_path, hook):
    weir = project(tmp_path, PROJECT.replace("[boss@example.com]", "[ops, lark, hook]"), HOOK_URL=hook.url)
    weir.cli("report", "daily", "--send")
    (ding_path, ding), (_, lark), (_, plain) = hook.got
    query = dict(pair.split("=") for pair in ding_path.split("?")[1].split("&"))
    good = base64.b64encode(hmac.new(b"s3cret", f"{query['timestamp']}\ns3cret".encode(), hashlib.sha256).digest()).decode()
    assert query["sign"].replace("%2B", "+").replace("%2F", "/").replace("%3D", "=") == good
    assert ding["msgtype"] == "markdown" and "30.50" in ding["markdown"]["text"]
    assert lark["msg_type"] == "text" and "30.50" in lark["content"]["text"]
    assert lark["sign"] == base64.b64encode(hmac.new(f"{lark['timestamp']}\ns3cret".encode(), b"", hashlib.sha256).digest()).decode()
    assert plain["subject"] == "Daily sales <1>" and "<table" in plain["html"]


def test_a_chat_that_refuses_fails_and_others_are_still_told(tmp_path, hook):
    weir = project(tmp_path, PROJECT.replace("[boss@example.com]", "[ops, hook]"), HOOK_URL=hook.url + "?refuse=1")
    done = weir.cli("report", "daily", "--send", check=False)
    assert done.returncode != 0 and "sign not match" in done.stderr and len(hook.got) == 2


def test_an_alert_is_told_once_and_its_end_too(tmp_path, hook):
    weir = project(tmp_path, HOOK_URL=hook.url)
    seen = json.loads(weir.cli("alerts", "try", "low_city", "--json").stdout)["seen"]
    assert sorted((row["subject"], row["firing"]) for row in seen) == [("a,b", False), ("上海", False), ("北京", False)]
    weir.start()
    try:
        weir.cli("query", "INSERT INTO ods_order VALUES ('2026-01-04', '深圳', 5)")
        until(lambda: hook.got, "the alert was not told")
        assert hook.got[0][1]["text"] == "FIRING  深圳: city 深圳, pay_amt 5.00\n"
        events = json.loads(weir.cli("alerts", "--json").stdout)["alerts"]
        mine = [event for event in events if event["alert"].endswith("low_city")]
        assert [(e["subject"], e["state"]) for e in mine] == [("深圳", "firing")]
        muted = [event for event in events if event["alert"].endswith("hourly")]
        assert muted and muted[0]["notified"] is None, "outside its hours nothing is told"
        weir.cli("alerts", "ack", str(mine[0]["id"]))
        weir.cli("query", "INSERT INTO ods_order VALUES ('2026-01-04', '深圳', 50)")
        until(lambda: len(hook.got) > 1, "its end was not told")
        assert hook.got[1][1]["text"].startswith("RESOLVED  深圳") and len(hook.got) == 2
    finally:
        weir.stop()


def test_silence(tmp_path, hook):
    weir = project(tmp_path, HOOK_URL=hook.url)
    weir.cli("alerts", "silence", "low_city", "--for", "1h")
    weir.start()
    try:
        weir.cli("query", "INSERT INTO ods_order VALUES ('2026-01-04', '深圳', 5)")
        until(lambda: any(e["alert"].endswith("low_city") for e in json.loads(weir.cli("alerts", "--json").stdout)["alerts"]), "no event")
        assert not hook.got
        weir.cli("alerts", "silence", "low_city", "--for", "0")
        until(lambda: hook.got, "the alert was not told after its silence")
    finally:
        weir.stop()


DASHBOARD = """
metrics:
  - {name: pay_amt_sum, domain: trade, type: atomic, table: ods_order, agg: sum, expr: pay_amt}
  - {name: pay_amt_share, domain: trade, type: composite, expr: pay_amt_sum / 100}
dashboards:
  - name: board
    domain: trade
    rows:
      - [{text: {en: What came in, zh: 收入}}, {chart: bar, metric: pay_amt_sum, by: [city], order: [pay_amt_sum DESC], limit: 2, title: By city}]
      - {query: "SELECT paid_dt, pay_amt FROM ods_order", where: pay_amt > 20, order: [paid_dt DESC], title: Big}
"""


def test_a_dashboard_is_sent_tile_by_tile(tmp_path, hook):
    text = PROJECT.replace("    query: \"SELECT paid_dt, sum", "    dashboard: board\n    # \"SELECT paid_dt, sum").replace("[boss@example.com]", "hook")
    weir = project(tmp_path, text + DASHBOARD, HOOK_URL=hook.url)
    weir.cli("report", "daily", "--send")
    text = hook.got[0][1]["text"]
    assert text == ("Daily sales <1>\n\nWhat came in\n\nBy city\n\ncity\tpay_amt_sum\na,b\t40.00\n北京\t30.50\n\n"
                    "Big\n\npaid_dt\tpay_amt\n2026-01-03\t40.00\n2026-01-01\t30.50\n\n")
    files = {f["name"] for f in json.loads(weir.cli("report", "daily", "--json").stdout)["files"]}
    assert {"daily_2.csv", "daily_3.csv", "daily.xlsx"} < files, "words are no rows of a file"


def test_what_cannot_be_sent_is_told_when_it_is_planned(tmp_path):
    text = PROJECT + DASHBOARD.replace("metric: pay_amt_sum, by", "metric: pay_amt_share, by")
    text = text.replace("to: [boss@example.com]", "to: [hok]").replace('hours: "00:00-00:00"', "hours: always")
    text = text.replace("    chart: line\n", "    chart: line\n    dashboard: board\n")
    (tmp_path / "weir.yml").write_text(text)
    done = Server(tmp_path).cli("plan", check=False)
    for words in ("no channel `hok`", "did you mean `hook`?", "`always` are no hours", "08:00-22:00",
                  "a tile of dashboard `trade.board` cannot be sent: metric `trade.pay_amt_share` is not atomic", "weir.yml:"):
        assert words in done.stdout + done.stderr, done.stdout + done.stderr
    assert done.returncode != 0


SLOW = """-- ---
-- kind: full
-- schedule: {cron: "0 2 * * *", deadline: "2h"}
-- ---
SELECT CASE WHEN count(*) > 3 THEN error('too many') ELSE count(*) END AS order_cnt FROM ods_order
"""
LATE = """  - name: late
    domain: trade
    on: deadline
    of: [dws_order_f]
    every: 1s
    to: [hook]
"""


def deadline_project(folder, **env):
    (folder / "domains/trade").mkdir(parents=True)
    (folder / "domains/trade/dws_order_f.sql").write_text(SLOW)
    return project(folder, PROJECT + LATE, **env)


def seen(weir):
    return [(row["subject"], row["firing"], row["message"]) for row in json.loads(weir.cli("alerts", "try", "late", "--json").stdout)["seen"]]


def test_a_deadline_that_will_be_missed_is_told_early_and_told_again_when_it_is(tmp_path, hook):
    weir = deadline_project(tmp_path, HOOK_URL=hook.url)
    weir.cli("run", "dws_order_f")  # the forecast goes by the last run
    weir.cli("query", "INSERT INTO ods_order VALUES ('2026-01-04', '深圳', 5)")
    weir.cli("schedule", "tick", "--at", "2041-01-01 02:00:00", check=False)  # fires, and fails
    assert seen(weir) == []
    weir.cli("schedule", "tick", "--at", "2041-01-01 03:59:59.999999")
    [(model, firing, message)] = seen(weir)
    assert (model, firing) == ("trade.dws_order_f", True) and "after its deadline" in message
    weir.start()

    def told():
        return [body["text"] for _, body in hook.got if "dws_order_f" in body["text"]]

    try:
        until(told, "the early alarm was not told")
        assert "after its deadline" in told()[0]
        event = next(e for e in json.loads(weir.cli("alerts", "--json").stdout)["alerts"] if e["alert"].endswith("late"))
        assert event["severity"] == "warn"
        weir.cli("alerts", "ack", str(event["id"]))
        weir.cli("schedule", "tick", "--at", "2041-01-01 04:00:00")
        until(lambda: len(told()) > 1, "the missed deadline was not told")
        assert told()[1].startswith("FIRING  trade.dws_order_f: missed its deadline")
        events = [e for e in json.loads(weir.cli("alerts", "--json").stdout)["alerts"] if e["alert"].endswith("late")]
        assert [(e["state"], e["severity"]) for e in events] == [("firing", "error")], "one event, which rose"
        assert len(told()) == 2
    finally:
        weir.stop()


def test_a_run_that_ends_well_ends_the_alarm(tmp_path, hook):
    weir = deadline_project(tmp_path, HOOK_URL=hook.url)
    weir.cli("query", "INSERT INTO ods_order VALUES ('2026-01-04', '深圳', 5)")
    weir.cli("schedule", "tick", "--at", "2020-01-01 02:00:00", check=False)
    weir.cli("schedule", "tick", "--at", "2020-01-01 04:00:00", check=False)
    assert [row[:2] for row in seen(weir)] == [("trade.dws_order_f", True)]
    weir.cli("query", "DELETE FROM ods_order WHERE city = '深圳'")
    weir.cli("run", "dws_order_f")
    assert [row[:2] for row in seen(weir)] == [("trade.dws_order_f", False)]
