#!/usr/bin/env python3
"""The kernel makes the disk read-only under a running daemon, as ext4 does after an error, while calls, replies and reports come in. Nothing
that was acknowledged is lost, nobody is texted while it lasts or twice after it, whoever is in danger is heard, health and an alarm say
so; when the disk can be written again it goes on, or has told systemd nothing more and begins anew.
Usage: read_only.py PROGRAM READ_ONLY_DISK.so [ext4]. With `ext4` on a real one; exit 77, a skip, where none can be mounted."""
import http.server, json, os, subprocess, sys, tempfile, threading, time, urllib.parse
from police_site import SKIP, check, listen, play, until

REAL = "ext4" in sys.argv[3:]
if REAL and os.environ.get("PINGJING_OWN_MOUNTS") != "yes":
    os.execvpe("unshare", ["unshare", "--mount", sys.executable] + sys.argv, dict(os.environ, PINGJING_OWN_MOUNTS="yes"))


def skip(why):
    print("skipped: " + why)
    sys.exit(SKIP)


class LoadedDisk:
    """By a library that is loaded before the program."""

    def __init__(self, site, state):
        os.makedirs(state)
        self.sign = site.path("read-only")
        self.environment = {"LD_PRELOAD": sys.argv[2], "READ_ONLY_SIGN": self.sign, "READ_ONLY_BELOW": state, "ASAN_OPTIONS": "verify_asan_link_order=0"}

    def read_only(self):
        open(self.sign, "w").close()

    def writable(self):
        os.remove(self.sign)

    goes_on_while_it_runs = True


class RealDisk:
    environment, goes_on_while_it_runs = {}, False

    def __init__(self, site, state):
        self.image, self.state = site.path("disk.img"), state
        os.makedirs(state)
        with open(self.image, "wb") as image:
            image.truncate(64 << 20)
        if subprocess.run(["mkfs.ext4", "-q", self.image], capture_output=True).returncode != 0 or not self.mount():
            skip("no right to mount an ext4")
        if not os.path.exists(self.trigger()):
            self.unmount()
            skip("this kernel gives ext4 no error on request")

    def mount(self):
        return subprocess.run(["mount", "-o", "loop,errors=remount-ro", self.image, self.state], capture_output=True).returncode == 0

    def unmount(self):
        return subprocess.run(["umount", self.state], capture_output=True).returncode == 0

    def trigger(self):
        device = subprocess.run(["findmnt", "-no", "SOURCE", self.state], capture_output=True, text=True).stdout.strip()
        return f"/sys/fs/ext4/{os.path.basename(device)}/trigger_fs_error"

    def read_only(self):
        with open(os.path.join(self.state, "test_clock"), encoding="ascii") as clock:  # which only tests have, and nobody synced
            os.fsync(clock.fileno())
        with open(self.trigger(), "w", encoding="ascii") as trigger:
            trigger.write("a test\n")

    def writable(self):  # nobody may run on it
        check(self.unmount(), "nobody holds the disk any more")
        subprocess.run(["fsck.ext4", "-fy", self.image], capture_output=True)
        check(self.mount(), "the disk comes back")


def settled(value, what):
    """Unchanged for a second; a busy machine may need some."""
    last = [None, 0]

    def stands():
        now = value()
        if now != last[0]:
            last[:] = [now, time.monotonic()]
        return time.monotonic() - last[1] > 1

    until(stands, what, 30)


class OnCall:
    def __init__(self):
        self.heard = []
        on_call = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                on_call.heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = listen(Handler)


def story(new_site):
    site, on_call = new_site(), OnCall()
    disk = (RealDisk if REAL else LoadedDisk)(site, site.state)
    try:
        told(site, on_call, disk)
    finally:
        if site.daemon is not None:
            site.daemon.kill()
            site.daemon.wait()
            site.daemon = None
        if REAL:
            disk.unmount()


def told(site, on_call, disk):
    site.more = f'[alarms]\nwebhook = "http://127.0.0.1:{on_call.server.server_port}/ops"\ndisk_free_mib = 1\n'
    site.configure()
    site.init()
    environment, beats = site.listens_as_systemd()
    environment.update(disk.environment)
    site.start(environment)

    number = lambda n: str(13_900_100_000 + n)
    calls, replies, stopping = set(), set(), threading.Event()

    def police():
        n = 0
        while not stopping.is_set():
            try:
                if site.ask("POST", "/v1/calls", json.dumps(site.call(f"call-{n}", number(n))), site.token, Content_Type="application/json")[0] == 200:
                    calls.add(n)
                    n += 1
            except OSError:
                pass
            time.sleep(0.02)

    def citizens():
        while not stopping.is_set():
            for text in list(site.carrier.texts):
                if text["to"] in replies or "回复" not in text["text"]:
                    continue
                try:
                    if site.reply(text["to"], "1", "reply-" + text["to"], text["from"])[0] == 200:
                        replies.add(text["to"])
                except OSError:
                    pass
            time.sleep(0.02)

    load = [threading.Thread(target=police, daemon=True), threading.Thread(target=citizens, daemon=True)]
    for one in load:
        one.start()
    until(lambda: len(replies) > 15, "calls and replies come in")

    disk.read_only()
    until(lambda: site.ask("GET", "/readyz")[0] == 503, "readiness says no")
    settled(lambda: (len(calls), len(replies), len(site.carrier.texts)), "what was under way comes to its end")
    taken, texts = (len(calls), len(replies)), len(site.carrier.texts)
    until(lambda: [a["state"] for a in on_call.heard if a["alarm"] == "store_failed"] == ["raised"], "an alarm reaches the people on call", 30)
    status, _, body = site.ask("GET", "/readyz")
    check(status == 503 and "cannot write" in body, "readiness says why", body)
    check((len(calls), len(replies)) == taken, "no call and no reply is taken", taken, len(calls), len(replies))
    check(len(site.carrier.texts) == texts, "and nobody is texted", texts, len(site.carrier.texts))
    check(site.reply(number(1), "救命 他要杀我", "danger")[0] == 503, "nor is an emergency kept")
    until(lambda: any("救命" in a["text"] for a in site.desk.alarms), "but the desk hears it")
    failed = "serve.store_failed" in site.said()
    beats.clear()
    time.sleep(1)
    check((b"WATCHDOG=1" in beats) != failed, "systemd hears that it lives, unless only a new start can help", failed, beats)

    if failed or not disk.goes_on_while_it_runs:  # systemd's part
        site.stop()
        disk.writable()
        site.start(environment)
    else:
        disk.writable()
    until(lambda: site.ask("GET", "/readyz")[0] == 200, "when it can be written again, it is ready", 30)
    check(site.reply(number(1), "救命 他要杀我", "danger")[0] == 200, "and what is said again is taken")
    until(lambda: len(calls) > taken[0] + 5 and len(replies) > taken[1] + 5, "calls and replies come in again", 30)
    stopping.set()
    for one in load:
        one.join(timeout=20)
    if not failed and disk.goes_on_while_it_runs:  # a new start knows nothing of an alarm that could not be written down
        until(lambda: "cleared" in [a["state"] for a in on_call.heard if a["alarm"] == "store_failed"], "the people on call hear that it is over", 30)
    asked = lambda: [t["to"] for t in site.carrier.texts if "回复" in t["text"]]
    missing = lambda: {number(n) for n in calls} - set(asked())
    # What was claimed when the disk failed may never have left: that is in doubt, as after a crash.
    until(lambda: len(missing()) <= (site.books()["in_doubt"] if failed or not disk.goes_on_while_it_runs else 0), "everybody whose call was acknowledged is asked", 30)
    check(len(asked()) == len(set(asked())) and len(missing()) <= 16, "nobody twice", len(asked()), missing())
    until(lambda: site.books()["rated"] == len(replies), "every reply that was acknowledged is a rating", 30)
    books = site.books()
    check(books["cases"] == len(calls) and books["alarms"] == 1 and books["holds"], "the books hold what was acknowledged", books, len(calls))
    check(site.stop() == 0, "stops")
    site.run("verify")


play(story)
