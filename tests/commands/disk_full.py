#!/usr/bin/env python3
"""The disk is full: nothing that was acknowledged is lost, whoever is in danger is heard, every command says what it could not do and
leaves no half of it behind, and it goes on by itself when there is room. It stops, is killed and starts on a full disk too.
Usage: disk_full.py PROGRAM. Exit 77, a skip, where no small disk can be made."""
import json, os, re, signal, subprocess, sys, tempfile, time, urllib.parse
from police_site import PROGRAM, SKIP, check, play, until

# A mount namespace of our own: the small disk goes with us.
if os.environ.get("PINGJING_SMALL_DISK") != "yes":
    for how in (["unshare", "--mount"], ["unshare", "--user", "--map-root-user", "--mount"]):
        try:
            able = subprocess.run(how + ["mount", "-t", "tmpfs", "-o", "size=1m", "small", tempfile.gettempdir()], capture_output=True).returncode == 0
        except OSError:
            able = False
        if able:
            os.execvpe(how[0], how + [sys.executable] + sys.argv, dict(os.environ, PINGJING_SMALL_DISK="yes"))
    print("skipped: no right to mount a small disk")
    sys.exit(SKIP)


def fill(site):
    with open(os.path.join(site.state, "filler"), "ab", buffering=0) as filler:
        try:
            while filler.write(b"x" * 4096) > 0:
                pass
        except OSError:
            pass


def report(site, text, key):
    """The carrier's delivery report of a text."""
    place = urllib.parse.urlsplit(text["dlr-url"])
    said = {"%d": "1", "%T": key, "%p": text["to"], "%P": text["from"]}
    query = re.sub("%[A-Za-z]", lambda escape: said.get(escape[0], ""), place.query)
    return site.ask("GET", f"{place.path}?{query}")[0]


def story(new_site):
    for phase in (full, stopped_and_started):
        on_a_small_disk(new_site(), phase)


def on_a_small_disk(site, phase):
    os.makedirs(site.state)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "small", site.state], check=True)
    try:
        phase(site)
    finally:
        if site.daemon is not None:
            site.daemon.kill()
            site.daemon.wait()
            site.daemon = None
        subprocess.run(["umount", site.state], check=False)


def full(site):
    site.init()
    environment, beats = site.listens_as_systemd()
    site.start(environment)
    number = lambda n: str(13_900_100_000 + n)
    post = lambda n: site.ask("POST", "/v1/calls", json.dumps(site.call(f"call-{n}", number(n))), site.token, Content_Type="application/json")
    acknowledged = [n for n in range(20) if post(n)[0] == 200]
    check(len(acknowledged) == 20, "calls are taken while there is room")
    until(lambda: len(site.carrier.texts) == 20, "and asked")
    fill(site)

    n = 20
    while True:  # what is left in the write-ahead log may still take some
        status, headers, body = post(n)
        if status != 200:
            break
        acknowledged.append(n)
        n += 1
        check(n < 2000, "a full disk refuses at last")
    check(status == 503 and headers["Retry-After"] and "problem" in headers["Content-Type"], "POST /v1/calls says 503", status, body)
    refused = n
    # What a refused commit had made room for takes smaller ones; when the smallest is refused again and again, nothing is left.
    unready = 0
    for _ in range(500):
        fill(site)
        status, _, body = site.ask("GET", "/readyz")
        unready = unready + 1 if status == 503 else 0
        if unready == 10:
            break
    check(unready == 10 and "cannot write" in body, "readiness says so, and why", status, body)
    mine = site.carrier.to(number(0))[0]["from"]
    status, headers, body = site.reply(number(0), "1", "r0", mine)
    check(status == 503 and headers["Retry-After"] and body == "", "a hook says 503 and nothing else", status, body)
    check(site.reply(number(1), "救命 他要杀我", "r1", mine)[0] == 503, "an emergency too")
    until(lambda: any("救命" in a["text"] and a["phone"] == number(1) for a in site.desk.alarms), "and yet the desk hears it")
    check(site.ask("GET", "/v1/calls/call-1", token=site.token)[0] == 503, "a look that has to be written down says 503 too")
    check(report(site, site.carrier.texts[2], "0") == 503, "a delivery report too")
    refusal = site.run("hold", "--reason", "x", exit=1)
    check("store" in refusal.stderr, "a command says what is wrong", refusal.stderr)
    commands_say_so(site)

    mark = len(site.said())
    site.configure(sign="YY公安")
    site.daemon.send_signal(signal.SIGHUP)
    until(lambda: "reload.refused" in site.said_since(mark), "a reload that cannot be written down is refused")
    beats.clear()
    time.sleep(1)
    check(b"WATCHDOG=1" in beats and site.daemon.poll() is None, "it lives, and systemd knows it")

    os.unlink(os.path.join(site.state, "filler"))
    until(lambda: site.ask("GET", "/readyz")[0] == 200, "with room it is ready again by itself", 10)
    check(post(refused)[0] == 200, "what was refused is taken when it comes again")
    acknowledged.append(refused)
    check(report(site, site.carrier.texts[2], "0") in (200, 202), "and so is the report")
    until(lambda: "last receipt    2026" in site.run("status").stdout, "it is kept")
    commands_work(site)
    check(site.reply(number(0), "1", "r0", mine)[0] == 200 and site.reply(number(1), "救命 他要杀我", "r1", mine)[0] == 200, "and so is what carriers repeat")
    until(lambda: site.books()["rated"] == 1 and site.books()["alarms"] == 1, "both are read")
    until(lambda: len({t["to"] for t in site.carrier.texts} & {number(k) for k in acknowledged}) == len(acknowledged), "everybody whose call was acknowledged is asked", 30)
    surveys = [t["to"] for t in site.carrier.texts if "回复" in t["text"] and "3" in t["text"]]
    check(len(surveys) == len(set(surveys)), "nobody twice", len(surveys), len(set(surveys)))
    books = site.books()
    check(books["holds"] and books["cases"] == len(acknowledged), "the books hold what was acknowledged", books, len(acknowledged))
    check(site.stop() == 0, "stops")
    site.run("verify")


def left_behind(site):
    return [name for _, folders, files in os.walk(site.state) for name in folders + files if "unfinished" in name or name.endswith(".tmp")]


def commands_say_so(site):
    for what, arguments in (("backup", [os.path.join(site.state, "copy.db")]), ("export", ["--date", "2026-11-20"]), ("checkpoint", []), ("token", ["create", "--scope", "desk"]),
                            ("forget", ["13900100005", "--reason", "asked"]), ("optout", ["add", "13900100006"])):
        fill(site)
        said = site.run(what, *arguments, exit=1).stderr
        check(any(word in said for word in ("full", "space", "store")), f"`{what}` says why it cannot", said)
    check(not os.path.exists(os.path.join(site.state, "copy.db")) and "copy.db.unfinished" not in left_behind(site), "and half a backup is none", left_behind(site))
    check(not os.path.exists(os.path.join(site.state, "exports", "2026-11-20", "latest")), "nor half an export", left_behind(site))
    site.run("verify")
    check("disk free       0 MiB" in site.run("status").stdout, "what only reads works", site.run("status").stdout)


def commands_work(site):
    site.run("backup", os.path.join(site.state, "copy.db"))
    site.run("export", "--date", "2026-11-20")
    os.remove(os.path.join(site.state, "copy.db"))
    check(os.path.exists(os.path.join(site.state, "exports", "2026-11-20", "latest")) and left_behind(site) == [], "with room they do, and leave nothing behind", left_behind(site))


def stopped_and_started(site):
    """Killed on a full disk, started on it, told to stop on it: whatever each start says, with room everything is there."""
    site.init()
    site.carrier.answer = lambda query: (time.sleep(0.05), (202, "0: Accepted for delivery"))[1]  # some are under way at any moment
    site.start()
    number = lambda n: str(13_900_100_000 + n)
    acknowledged, n = [], 0
    while n < 60:
        site.post_calls(site.call(f"call-{n}", number(n)))
        acknowledged.append(n)
        n += 1
    until(lambda: len(site.carrier.texts) > 5, "some are asked")
    fill(site)
    while site.ask("POST", "/v1/calls", json.dumps(site.call(f"call-{n}", number(n))), site.token, Content_Type="application/json")[0] == 200:
        acknowledged.append(n)
        n += 1
    site.daemon.kill()
    site.daemon.wait()
    for attempt in range(3):
        fill(site)
        mark = len(site.said())
        site.start(wait=False)
        until(lambda: site.daemon.poll() is not None or site.answers(), "a start on a full disk ends, or lives")
        if site.daemon.poll() is None:
            check(site.stop() == 0, "and stops when told")
        else:
            check(site.daemon.returncode == 1 and f"the store in {site.state} cannot be written: database or disk is full. Make room" in site.said_since(mark), "one that cannot live says why", site.daemon.returncode, site.said_since(mark)[-500:])
            site.daemon = None
    os.unlink(os.path.join(site.state, "filler"))
    site.start()
    until(lambda: site.ask("GET", "/readyz")[0] == 200, "with room it is ready", 10)
    asked = lambda: [t["to"] for t in site.carrier.texts if "回复" in t["text"]]
    until(lambda: len(set(asked())) + site.books()["in_doubt"] >= len(acknowledged), "everybody is asked, or in doubt since the kill", 40)
    check(len(asked()) == len(set(asked())), "nobody twice", len(asked()))
    books = site.books()
    check(books["cases"] == len(acknowledged) and books["in_doubt"] <= 16 and books["holds"], "the books hold what was acknowledged", books, len(acknowledged))
    check(site.stop() == 0, "stops")
    site.run("verify")


play(story)
