#!/usr/bin/env python3
"""Nightly files are taken to a folder, to a web server that only takes, and to one that speaks WebDAV and is at its worst: what arrives is
whole, nothing is sent twice that was taken, and each version leaves one receipt. With `sftp` to OpenSSH's own server, as an unprivileged
process on a free port, over a line that breaks in the middle. Usage: delivery.py PROGRAM [sftp]"""
import base64, hashlib, http.server, json, os, shutil, socket, stat, subprocess, sys, tempfile, threading
from police_site import SKIP, check, free_port, listen, play, until

DAY = "2026-11-20"


class WebServer:
    """Takes files by PUT. With folders=True it is a WebDAV share: readable, and a file needs its folder. `faults` are used up, one a PUT."""

    def __init__(self, authorization, folders=False):
        self.files, self.folders, self.faults, self.puts, self.seen_authorization = {}, {"/in/"}, [], [], set()
        share = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def let_in(self):
                share.seen_authorization.add(self.headers.get("Authorization"))
                if self.headers.get("Authorization") == authorization:
                    return True
                self.answer(401)

            def do_GET(self):
                if not self.let_in():
                    return
                if not folders:
                    return self.answer(405)
                self.answer(200 if self.path in share.files else 404, share.files.get(self.path, b""))

            def do_MKCOL(self):
                if not self.let_in():
                    return
                parent = self.path.rstrip("/").rsplit("/", 1)[0] + "/"
                if not folders or self.path in share.folders:
                    return self.answer(405)
                if parent not in share.folders:
                    return self.answer(409)
                share.folders.add(self.path)
                self.answer(201)

            def do_PUT(self):
                fault = share.faults.pop(0) if share.faults else None
                length = int(self.headers["Content-Length"])
                body = self.rfile.read(length // 2 if fault == "cut" else length)
                if not self.let_in():
                    return
                share.puts.append((self.path, fault))
                if fault == "busy":
                    return self.answer(503)
                if folders and self.path.rsplit("/", 1)[0] + "/" not in share.folders:
                    return self.answer(409)
                share.files[self.path] = body
                if fault in ("cut", "silent"):
                    self.close_connection = True
                    return self.connection.shutdown(socket.SHUT_RDWR)
                self.answer(201)

            def answer(self, status, body=b""):
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = listen(Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/in"


def in_folder(folder):
    """Every file below it, by its path."""
    found = {}
    for place, _, names in os.walk(folder):
        for name in names:
            with open(os.path.join(place, name), "rb") as file:
                found[os.path.relpath(os.path.join(place, name), folder)] = file.read()
    return found


def expected(site, inspection=False):
    """What is to arrive of the export folder."""
    out = {}
    for path, body in in_folder(site.path("state/exports")).items():
        if inspection or not path.rsplit("/", 1)[-1].startswith(("signals.", "funnel.")):
            out[path] = body
    return out


def secret(site, name, text):
    site.write(name, text)
    os.chmod(site.path(name), 0o600)


# Of that day alone: where the machine is slow the site's clock comes to the night after it, whose files follow.
def receipts(site):
    return [line for line in site.run("export", "--deliveries").stdout.splitlines() if " delivered " in line and f"/{DAY}/v" in line]


def written(site):
    site.run("export", "--date", DAY)


def many_calls(site, count):
    name = site.path("calls.jsonl")
    with open(name, "w", encoding="utf-8") as file:
        for n in range(count):
            file.write(json.dumps(site.call(f"C{n}", f"139{n:08}", unit=f"3201{n:08}", reported_at=f"{DAY}T08:00:00+08:00", closed_at=f"{DAY}T09:00:00+08:00")) + "\n")
    site.run("import", name)


def configuration(site):
    """The whole is checked before anything is sent."""
    site.write("open.password", "secret\n")
    os.chmod(site.path("open.password"), 0o644)
    site.configure(more='[[reports.delivery]]\nname = "a"\nto = "webdav"\nurl = "https://10.0.0.1/x"\nuser = "pj"\npassword_file = "open.password"\n')
    done = site.run("check", exit=2)
    check("expected mode 0600" in done.stdout + done.stderr, "a secret that everybody may read is refused", done.stdout, done.stderr)
    site.configure(more='[[reports.delivery]]\nname = "a"\nto = "sftp"\nurl = "sftp://10.0.0.1/x"\nuser = "pj"\nkey_file = "none"\n')
    said = site.run("check", exit=2)
    check("known_hosts" in said.stdout + said.stderr, "SFTP needs to know its host", said.stdout, said.stderr)
    site.configure()


def plain(new_site):
    share = WebServer("Basic " + base64.b64encode(b"pj:dav secret").decode(), folders=True)
    drop = WebServer("Bearer drop-token")
    more = f"""[[reports.delivery]]
name = "bureau"
to = "folder"
folder = "bureau"
retry = "200ms"
[[reports.delivery]]
name = "share"
to = "webdav"
url = "{share.url}/"
user = "pj"
password_file = "dav.password"
inspection = true
retry = "200ms"
[[reports.delivery]]
name = "drop"
to = "http"
url = "{drop.url}"
token_file = "drop.token"
retry = "200ms"
"""
    site = new_site(more=more)
    site.more, whole = "", site.more
    configuration(site)
    site.more = whole
    site.configure()
    secret(site, "dav.password", "dav secret\n")
    secret(site, "drop.token", "drop-token\n")
    site.init()
    many_calls(site, 20)
    written(site)

    share.faults = ["busy", None, "cut", "silent"]
    site.start()
    until(lambda: len(receipts(site)) == 2, "two of three are there")
    shown = site.run("export", "--deliveries").stdout
    check("is its disk mounted?" in shown and "\nbureau " in "\n" + shown, "what waits says why", shown)
    until(lambda: "delivery_waits" in site.run("status").stdout, "an alarm says that it does not arrive")
    os.mkdir(site.path("bureau"))
    until(lambda: len(receipts(site)) == 3, "all three are there")
    until(lambda: "delivery_waits" not in site.run("status").stdout, "the alarm is over")

    check(in_folder(site.path("bureau")) == expected(site), "the folder has what the export has", sorted(in_folder(site.path("bureau"))))
    check({path[4:]: body for path, body in share.files.items()} == expected(site, True), "so has the share", sorted(share.files))
    check({path[4:]: body for path, body in drop.files.items()} == expected(site), "so has the server that only takes", sorted(drop.files))
    taken = [path for path, fault in share.puts if fault is None]
    check(len(taken) == len(set(taken)), "what was taken is not sent again", share.puts)
    order = [path for path, _ in drop.puts]
    check(order[-2:] == [f"/in/{DAY}/v1/manifest.json", f"/in/{DAY}/latest"], "the manifest is the last of the files", order[-3:])

    manifest = expected(site)[f"{DAY}/v1/manifest.json"]
    for line in receipts(site):
        check(hashlib.sha256(manifest).hexdigest() in line and f"/{DAY}/v1" in line and " bytes" in line, "a receipt says what arrived where", line)
    check("secret" not in site.said() and "drop-token" not in site.said(), "no secret in the log")
    status = site.run("status").stdout
    check("deliveries      0 wait" in status and f"{DAY} v1" in status, "`status` tells of it", status)

    before = len(share.puts), len(drop.puts)
    site.daemon.kill()
    site.daemon.wait()
    site.start()
    many_calls(site, 25)
    written(site)
    until(lambda: len(receipts(site)) == 6, "the next version follows")
    check(in_folder(site.path("bureau"))[f"{DAY}/latest"] == b"v2\n", "and is the newest")
    check(all(f"/{DAY}/v1/" not in path for path, _ in share.puts[before[0]:] + drop.puts[before[1]:]), "of the first one nothing is sent again", share.puts[before[0]:])
    site.stop()
    check(site.run("verify").stdout.startswith("ok"), "the books and the ledger know the receipts")


class Line:
    """A line to the server that breaks when so many bytes went up, once."""

    def __init__(self, port, breaks_after):
        self.up, self.left, self.lock = 0, breaks_after, threading.Lock()
        self.port, self.listener = port, socket.create_server(("127.0.0.1", 0))
        self.own_port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            near, _ = self.listener.accept()
            far = socket.create_connection(("127.0.0.1", self.port))
            threading.Thread(target=self.carry, args=(near, far, True), daemon=True).start()
            threading.Thread(target=self.carry, args=(far, near, False), daemon=True).start()

    def carry(self, here, there, up):
        try:
            while data := here.recv(65536):
                with self.lock:
                    if up:
                        self.up += len(data)
                        broken, self.left = 0 < self.left <= len(data), max(0, self.left - len(data))
                        if broken:
                            break
                there.sendall(data)
        except OSError:
            pass
        for end in (here, there):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class SecureShell:
    """OpenSSH's server for one user: us, or nobody where we are root."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="pingjing-sshd-")
        os.chmod(self.folder, 0o755)
        self.user = "nobody" if os.getuid() == 0 else subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
        self.port, self.inbox = free_port(), os.path.join(self.folder, "in")
        os.mkdir(self.inbox)
        os.chmod(self.inbox, 0o777)
        for key in ("host", "other", "client"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", os.path.join(self.folder, key)], check=True)
        shutil.copy(os.path.join(self.folder, "client.pub"), os.path.join(self.folder, "authorized"))
        with open(os.path.join(self.folder, "sshd.conf"), "w", encoding="ascii") as conf:
            conf.write(f"ListenAddress 127.0.0.1\nPort {self.port}\nHostKey {self.folder}/host\nAuthorizedKeysFile {self.folder}/authorized\nStrictModes no\nUsePAM yes\nPidFile none\n"
                       "PasswordAuthentication no\nSubsystem sftp internal-sftp\n")
        dropped = {"user": 65534, "group": 65534, "extra_groups": []} if os.getuid() == 0 else {}
        if dropped:
            os.chown(os.path.join(self.folder, "host"), 65534, 65534)
        self.log = open(os.path.join(self.folder, "log"), "wb")
        self.process = subprocess.Popen(["/usr/sbin/sshd", "-D", "-e", "-f", os.path.join(self.folder, "sshd.conf")], stderr=self.log, stdout=self.log, **dropped)

    def known(self, key, port):
        with open(os.path.join(self.folder, key + ".pub"), encoding="ascii") as file:
            return f"[127.0.0.1]:{port} " + " ".join(file.read().split()[:2]) + "\n"

    def stop(self):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def by_sftp(new_site):
    if not os.path.exists("/usr/sbin/sshd") or not shutil.which("ssh-keygen"):
        print("skipped: no openssh-server")
        sys.exit(SKIP)
    shell = SecureShell()
    try:
        sftp_story(new_site, shell)
    finally:
        shell.stop()


def sftp_story(new_site, shell):
    line = Line(shell.port, 150_000)
    site = new_site(more=f"""[[reports.delivery]]
name = "bureau"
to = "sftp"
url = "sftp://127.0.0.1:{line.own_port}{shell.inbox}"
user = "{shell.user}"
key_file = "client.key"
known_hosts = "known_hosts"
retry = "200ms"
""")
    with open(os.path.join(shell.folder, "client"), encoding="ascii") as key:
        secret(site, "client.key", key.read())
    site.write("known_hosts", shell.known("other", line.own_port))
    site.init()
    many_calls(site, 3000)
    written(site)
    site.start()
    until(lambda: "WAITS" in site.run("export", "--deliveries").stdout and "tried 0" not in site.run("export", "--deliveries").stdout, "it tries")
    check(not in_folder(shell.inbox), "a host with another key gets nothing", site.run("export", "--deliveries").stdout)

    site.write("known_hosts", shell.known("host", line.own_port))
    until(lambda: receipts(site), "it is there in the end", 60)
    check(line.left == 0, "the line broke on the way")
    check(in_folder(shell.inbox) == expected(site), "whole, and under its name alone", sorted(in_folder(shell.inbox)))
    total = sum(map(len, expected(site).values()))
    check(total > 500_000 and line.up < total * 1.25 + 100_000, "what had arrived was not sent again", line.up, total)
    mode = stat.S_IMODE(os.stat(os.path.join(shell.inbox, DAY, "v1", "units.csv")).st_mode)
    check(mode & 0o007 == 0, "for nobody else to read", oct(mode))

    many_calls(site, 3001)
    written(site)
    until(lambda: len(receipts(site)) == 2, "the next version follows", 60)
    check(in_folder(shell.inbox)[f"{DAY}/latest"] == b"v2\n", "and is the newest", sorted(in_folder(shell.inbox)))
    site.stop()


if __name__ == "__main__":
    play(by_sftp if "sftp" in sys.argv[2:] else plain)
