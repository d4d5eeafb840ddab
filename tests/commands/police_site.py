"""A site for the tests of the real program: its folder, a carrier that takes every text, a desk that hears every alarm."""
import http.client, http.server, json, os, shutil, signal, socket, subprocess, sys, tempfile, threading, time, urllib.parse
from datetime import datetime, timedelta, timezone

PROGRAM = os.path.abspath(sys.argv[1])
SKIP = 77
# Under a sanitizer everything takes up to ten times as long, and what we wait for at most as well. Not what is a promise to people.
PATIENCE = int(os.environ.get("PINGJING_PATIENCE", "1"))


class Failed(Exception):
    pass


def check(holds, what, *seen):
    if not holds:
        raise Failed(what + "".join(f"\n    {str(s)[:2000]}" for s in seen))


def until(holds, what, seconds=20):
    seconds *= PATIENCE
    end = time.monotonic() + seconds
    while True:
        value = holds()
        if value:
            return value
        if time.monotonic() > end:
            raise Failed(f"not within {seconds} s: {what}")
        time.sleep(0.05)


def listen(handler):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # a daemon that was killed does not wait for its answers
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Carrier:
    """Kannel's front end: 202 and nothing else. `refuse` makes it answer something else."""

    def __init__(self):
        self.texts, self.answer = [], lambda query: (202, "0: Accepted for delivery")
        carrier = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
                status, body = carrier.answer(query)
                if status == 202:
                    carrier.texts.append(query)
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_):
                pass

        self.server = listen(Handler)

    def to(self, number):
        return [t for t in self.texts if t["to"] == number]


class DeskOfPolice:
    def __init__(self):
        self.alarms = []
        desk = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                desk.alarms.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = listen(Handler)


class Site:
    START = datetime(2026, 11, 21, 10, 0, tzinfo=timezone(timedelta(hours=8)))

    def __init__(self, speed=1000, more="", state="state", folder=None):
        self.folder = folder or tempfile.mkdtemp(prefix="pingjing-")
        self.carrier, self.desk = Carrier(), DeskOfPolice()
        self.port, self.daemon, self.hook = free_port(), None, None
        self.log = os.path.join(self.folder, "serve.log")
        self.environment = dict(os.environ, PINGJING_CLOCK=self.START.isoformat() + (f"x{speed}" if speed != 1 else ""))
        self.more, self.state = more, os.path.join(self.folder, state)
        self.write("categories.csv", "code,name,rule\n010203,盗窃,survey\n090000,家庭纠纷,dv\n")
        self.write("officers.csv", "badge,name,unit\n012345,王杰,320102430000\n")
        self.write("units.csv", "unit,name\n320102430000,城东派出所\n")
        self.write("flags.csv", "flag,rule\n家暴,dv\n")
        self.write("staff.txt", "13044306233\n")
        self.write("kannel.password", "secret\n")
        self.configure()

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as out:
            out.write(text)

    def configure(self, sign="XX公安", more=None, secret_file="kannel.hook", previous=""):
        self.write("pingjing.toml", f'''
[service]
sign = "{sign}"
state_dir = "{self.state}"
key_dir = "keys"
test_clock = true
[http]
listen = "127.0.0.1:{self.port}"
public_url = "http://127.0.0.1:{self.port}"
body_limit = "64KiB"
[lists]
staff_phones = "staff.txt"
officers = "officers.csv"
units = "units.csv"
flags = "flags.csv"
[categories]
map = "categories.csv"
[survey]
since = "2026-11-01"
delay = "30m"
hours = "00:00-24:00"
spread = "0m"
[desk]
kind = "webhook"
url = "http://127.0.0.1:{self.desk.server.server_port}/alarm"
{self.more if more is None else more}
[[channel]]
name = "kannel"
provider = "http"
preset = "kannel"
url = "http://127.0.0.1:{self.carrier.server.server_port}/cgi-bin/sendsms"
username = "pj"
password_file = "kannel.password"
hook_secret_file = "{secret_file}"
{previous}
source = "106900110"
extension_digits = 2
''')

    def run(self, command, *arguments, exit=0, program=PROGRAM, **options):
        done = subprocess.run([program, command, "-c", self.path("pingjing.toml"), *arguments], env=self.environment, cwd=self.folder,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=30 * PATIENCE, **options)
        check(exit is None or done.returncode == exit, f"`pingjing {command} {' '.join(arguments)}` ends with {done.returncode}, not {exit}", done.stdout, done.stderr)
        return done

    def init(self):
        done = self.run("init")
        self.token = done.stdout.strip()
        with open(self.path("kannel.hook"), encoding="ascii") as secret:
            self.hook = f"/v1/hooks/kannel/{secret.readline().strip()}"
        return done

    def start(self, more_environment=None, wait=True, **options):
        with open(self.log, "ab") as log:
            self.daemon = subprocess.Popen([PROGRAM, "serve", "-c", self.path("pingjing.toml")], cwd=self.folder, stdout=log, stderr=log,
                                           env=dict(self.environment, **(more_environment or {})), **options)
        if wait:
            until(lambda: self.daemon.poll() is not None or self.answers(), "the daemon answers", 60)  # long, for a machine may be busy with other things
            check(self.daemon.poll() is None, "the daemon ended at once", self.said())
        return self.daemon

    def answers(self):
        try:
            return self.ask("GET", "/healthz")[0] == 200
        except OSError:
            return False

    def listens_as_systemd(self):
        """The environment that makes the daemon report to us, and the list that its reports go into. A full queue would make it wait:
        systemd always listens, and so do we."""
        where, beats = self.path("notify"), []
        notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        notify.bind(where)
        threading.Thread(target=lambda: [beats.append(notify.recv(4096)) for _ in iter(int, 1)], daemon=True).start()
        return {"NOTIFY_SOCKET": where, "WATCHDOG_USEC": "900000"}, beats

    def stop(self):
        if self.daemon is None:
            return 0
        began = time.monotonic()
        if self.daemon.poll() is None:
            self.daemon.send_signal(signal.SIGTERM)
        code = self.daemon.wait(timeout=30 * PATIENCE)
        self.daemon, self.took = None, time.monotonic() - began
        return code

    def said(self):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return log.read()

    def said_since(self, mark):
        return self.said()[mark:]

    def ask(self, method, path, body=None, token=None, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20 * PATIENCE)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if token:
            sent["Authorization"] = "Bearer " + token
        connection.request(method, path, body.encode() if isinstance(body, str) else body, sent)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer.status, answer.headers, text.decode("utf-8", "replace")

    def call(self, name, number, **more):
        closed = self.START - timedelta(minutes=40)
        return dict({"id": name, "state": "closed", "calling_line": number, "category": "010203", "unit": "320102430000",
                     "officers": [{"badge": "012345", "role": "lead"}], "reported_at": (closed - timedelta(hours=1)).isoformat(), "closed_at": closed.isoformat()}, **more)

    def post_calls(self, *calls):
        status, _, body = self.ask("POST", "/v1/calls", json.dumps(list(calls)), self.token, Content_Type="application/json")
        check(status == 200, "POST /v1/calls", status, body)
        return json.loads(body)["results"]

    def reply(self, number, text, key, to="106900110"):
        query = urllib.parse.urlencode({"id": key, "from": number, "to": to, "ts": "0", "coding": "0", "charset": "UTF-8", "smsc": "x"})
        return self.ask("GET", f"{self.hook}/mo?{query}&text={urllib.parse.quote(text)}")

    def books(self):
        return json.loads(self.run("report", "balance", "--format", "json").stdout)

    def remove(self):
        if self.daemon is not None and self.daemon.poll() is None:
            self.daemon.kill()
            self.daemon.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def play(story):
    """Runs a story on a site of its own and says how it ended."""
    sites = []

    def new_site(**options):
        sites.append(Site(**options))
        return sites[-1]

    try:
        story(new_site)
        print("ok")
        code = 0
    except Failed as failed:
        print(f"FAILED: {failed}")
        for site in sites:
            if os.path.exists(site.log):
                print("--- the daemon said, last:\n" + site.said()[-3000:])
        code = 1
    finally:
        for site in sites:
            site.remove()
    sys.exit(code)
