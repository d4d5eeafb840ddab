#!/usr/bin/env python3
"""Every door of the real program, opened as its users do and as they should not. Usage: doors.py PROGRAM"""
import http.client, json, os, re, shutil, signal, socket, sqlite3, stat, subprocess, threading, time
from police_site import PROGRAM, check, play, until


def first_day(site):
    done = site.init()
    check(re.fullmatch(r"pj_[A-Za-z0-9_-]{43}", site.token), "init prints the first token alone", done.stdout)
    check(stat.S_IMODE(os.stat(site.path("kannel.hook")).st_mode) == 0o600, "the hook secret is for us alone")
    check(len(site.hook.rsplit("/", 1)[1]) >= 26, "a hook secret has 128 bits")
    check(site.run("init").stdout == "", "a second init makes no second token")
    site.start()
    check(stat.S_IMODE(os.stat(os.path.join(site.state, "control.sock")).st_mode) == 0o600, "the control socket is for us alone")


def tokens(site):
    without_daemon = site.daemon is None
    made = site.run("token", "create", "--scope", "intake,report", "--name", "张三", "--expires", "90d")
    token, number = made.stdout.strip(), re.search(r"token (\d+)", made.stderr).group(1)
    check(re.fullmatch(r"pj_[A-Za-z0-9_-]{43}", token) and made.stdout.count("\n") == 1, "the token stands alone on stdout", made.stdout)
    check(token not in site.run("token", "list").stdout and "张三" in site.run("token", "list").stdout, "a list names people and shows no token")
    if without_daemon:
        site.start()
    check(site.ask("GET", "/v1/reports/units", token=token)[0] == 200, "a new token opens at once")
    if without_daemon:
        check(site.stop() == 0, "stops")
    site.run("token", "revoke", number)
    if without_daemon:
        site.start()
    check(site.ask("GET", "/v1/reports/units", token=token)[0] == 401, "a revoked one is refused at once")
    site.run("token", "create", "--scope", "everything", exit=2)
    site.run("token", "revoke", "4711", exit=1)
    site.run("token", "revoke", "1/../../control/hold?reason=x", exit=2)


def statuses(site):
    paths = [("GET", "/v1/calls/1", "inspect"), ("GET", "/v1/followups", "inspect"), ("GET", "/v1/desk", "desk"), ("POST", "/v1/desk/1/ack", "desk"), ("POST", "/v1/calls", "intake")]
    paths += [("GET", "/v1/reports/" + r, "report") for r in ("officers", "units", "force", "balance", "exclusions")]
    wrong = site.run("token", "create", "--scope", "officer", "--badge", "012345").stdout.strip()
    for method, path, scope in paths:
        right = site.run("token", "create", "--scope", scope).stdout.strip()
        for token, expected in ((None, 401), ("pj_" + "A" * 43, 401), (wrong, 403)):
            status, headers, body = site.ask(method, path, "", token)
            check(status == expected, f"{method} {path} with {token}: {status}, not {expected}", body)
            check(json.loads(body)["status"] == expected and headers["Content-Type"] == "application/problem+json", "a problem document", body)
            check((headers["WWW-Authenticate"] is not None) == (expected == 401), "401 says how to ask")
        check(site.ask(method, path, "", right)[0] in (200, 404, 415), f"{method} {path} with its own scope", site.ask(method, path, "", right))
        status, headers, _ = site.ask("DELETE", path, token=site.token)
        check(status == 405 and method in headers["Allow"], f"DELETE {path} is 405 with Allow", status)
    for method, path in (("GET", "/v1/nothing"), ("POST", "/control/hold?reason=x"), ("GET", "/control/status"), ("GET", "/v1/calls/none"), ("GET", "/v1/reports/none")):
        check(site.ask(method, path, token=site.token)[0] == 404, f"{path} is not there")
    for path in ("/healthz", "/readyz", "/metrics"):
        check(site.ask("GET", path)[0] == 200, f"{path} needs no token on the machine itself", site.ask("GET", path))
        check(site.ask("GET", path, X_Forwarded_For="10.0.0.1")[0] == 401, f"{path} needs one through a proxy")
    check("test clock" in site.ask("GET", "/readyz")[2], "/readyz announces the test clock")
    calls = lambda body, kind: site.ask("POST", "/v1/calls", body, site.token, Content_Type=kind)
    for body, kind, expected in (("{", "application/json", 400), ("[]", "application/json", 200), ("x" * 70000, "application/json", 413), ("a", "text/plain", 415), ("a", "", 415),
                                 ("a,b\n1,2\n", "text/csv", 400), ("[]", "text/csv; charset=big5", 415), ('{"id":"1","id":"2"}', "application/json", None), (b"\xff\xfe", "application/json", 400)):
        status, _, said = calls(body, kind)
        check(expected is None or status == expected, f"POST /v1/calls of {kind} {body[:20]}: {status}, not {expected}", said)


def four_forms(site):
    call = lambda n: site.call(f"form-{n}", f"1390000010{n}")
    csv = "id,state,calling_line,category,unit,officers,reported_at,closed_at\n" + "".join(
        "{id},{state},{calling_line},{category},{unit},012345:lead,{reported_at},{closed_at}\n".format(**call(n)) for n in (5, 6))
    forms = [("application/json", json.dumps(call(1)), [(1, "form-1")]), ("application/json", json.dumps([call(2), {"id": "bad"}, call(3)]), [(1, "form-2"), (2, "bad"), (3, "form-3")]),
             ("application/x-ndjson", json.dumps(call(4)) + "\n\nbroken\n", [(1, "form-4"), (3, "")]), ("text/csv; charset=utf-8", csv, [(2, "form-5"), (3, "form-6")])]
    for kind, body, expected in forms:
        status, _, said = site.ask("POST", "/v1/calls", body, site.token, Content_Type=kind)
        check(status == 200, f"POST /v1/calls of {kind}", status, said)
        rows = json.loads(said)["results"]
        check([(r["line"], r["id"]) for r in rows] == expected, f"lines and ids of {kind}", said)
        for row in rows:
            check(row["outcome"] == ("accepted" if row["id"].startswith("form-") else "rejected"), f"outcomes of {kind}", said)
    check(site.post_calls(call(1))[0]["outcome"] == "unchanged", "the same again is unchanged")
    check(site.post_calls(site.call("violence", "13900000199", category="090000"))[0]["reason"] == "dv", "a safety code is never asked")
    until(lambda: len(site.carrier.texts) >= 6, "six are asked")


def hooks(site):
    texts = lambda: site.books()["inbound"]
    secret = site.hook.rsplit("/", 1)[1]
    refused = [site.ask("GET", path + "/mo?id=1&from=13900000101&to=106900110&text=1&charset=UTF-8")
               for path in ("/v1/hooks/kannel/" + "x" * len(secret), "/v1/hooks/nobody/" + secret, "/v1/hooks/kannel/x", "/v1/hooks/nobody/x")]
    check({(r[0], r[2]) for r in refused} == {(404, refused[0][2])}, "a wrong channel and a wrong secret look the same", refused)
    check(secret not in site.said(), "no secret stands in the log")
    before = site.books()
    status, _, body = site.ask("POST", site.hook + "/mo", '{"no":"mapping"}', Content_Type="application/json")
    check(status == 200 and body == "", "what does not fit is answered as the vendor wants", status, body)
    after = site.books()
    check(after["quarantined"] == before["quarantined"] + 1 and after["inbound"] == before["inbound"] + 1, "and counted", before, after)
    site.ask("POST", site.hook + "/mo", '{"no":"mapping"}', Content_Type="application/json")
    check(site.books()["quarantined"] == after["quarantined"], "once, however often it is sent")
    asked = site.carrier.to("13900000101")[0]
    check(site.reply("13900000101", "1", "m1", asked["from"])[0] == 200, "a reply is taken")
    until(lambda: site.books()["rated"] == 1, "and is a rating")
    check(site.reply("13900000101", "1", "m1", asked["from"])[0] == 200 and site.books()["rated"] == 1, "repeated by the carrier it is none")
    receipt = asked["dlr-url"].replace("%d", "1").split(f":{site.port}", 1)[1]
    check(site.ask("GET", re.sub("%.", "1", receipt))[0] == 200, "a receipt is taken")
    check(site.reply("13900000102", "救命 有人要杀我", "m2")[0] == 200, "an emergency is taken")
    until(lambda: any("救命" in a["text"] for a in site.desk.alarms), "and reaches the desk")
    check(site.books()["holds"], "the books balance", site.books())
    alarm = site.desk.alarms[0]["alarm_id"]
    status, _, body = site.ask("POST", f"/v1/desk/{alarm}/ack", "", site.token)
    check(status == 200 and json.loads(body)["acknowledged_by"], "an alarm is acknowledged", status, body)


def reload(site):
    def hup(expected):
        mark = len(site.said())
        site.daemon.send_signal(signal.SIGHUP)
        until(lambda: expected in site.said_since(mark), f"the log says {expected}")
        return site.said_since(mark)
    rules = site.run("explain", "form-1", "--format", "json").stdout
    site.write("pingjing.toml", "[service]\nsing = 'x'\n")
    hup("reload.refused")
    check(site.answers(), "the old configuration goes on after a broken one")
    os.unlink(site.path("pingjing.toml"))
    hup("reload.refused")
    site.write("new.hook", "n" * 40 + "\n")
    site.configure(sign="YY公安", secret_file="new.hook", previous='hook_secret_previous_file = "kannel.hook"')
    hup("reload.done")
    check("reload.needs_restart" in site.said() and "hook address" in site.said(), "what carriers are told changes with a restart, and the log says so")
    db = sqlite3.connect(f"file:{os.path.join(site.state, 'pingjing.db')}?mode=ro", uri=True)
    waits = [json.loads(row[0]) for row in db.execute("SELECT data FROM ledger WHERE kind = 'configuration_waits'")]
    db.close()
    check(waits == [{"needs_restart": ["[[channel]] kannel: the hook address that carriers are told"]}], f"and so does the ledger, {waits}")
    check(site.ask("GET", f"/v1/hooks/kannel/{'n' * 40}/mo?id=h1&from=13900000103&to=106900110&text=1&charset=UTF-8")[0] == 200, "a new hook secret counts after a reload")
    check(site.reply("13900000104", "1", "h2")[0] == 200, "and the old one as long as it is named")
    site.configure(sign="YY公安", secret_file="new.hook")
    hup("reload.done")
    check(site.reply("13900000104", "1", "h3")[0] == 404, "and no longer when it is not")
    site.hook = "/v1/hooks/kannel/" + "n" * 40
    site.write("units.csv", "unit,name\n320102430000,城西派出所\n")
    hup("reload.done")
    check("城西派出所" in site.run("report", "units", "--from", "2026-11-01").stdout, "names are those of the new list")
    site.post_calls(site.call("after-reload", "13900000120"))
    sent = until(lambda: site.carrier.to("13900000120"), "the next text")
    check("YY公安" in sent[0]["text"], "texts are those of the new configuration", sent)
    check(json.loads(rules)["decisions"][0]["rules_sha256"] != json.loads(site.run("explain", "after-reload", "--format", "json").stdout)["decisions"][0]["rules_sha256"],
          "a decision names the rules it was made by")


def sending(site):
    site.run("hold", "--reason", "演练", "--channel", "kannle", exit=2)
    site.run("hold", "--reason", "演练")
    ready = site.ask("GET", "/readyz")[2]
    check("hold of stop" in ready and "演练" not in ready, "readiness tells the hold, and not in whose words", ready)
    check("演练" in site.run("status").stdout, "status tells the hold and why")
    site.post_calls(site.call("held", "13900000130"), site.call("called-off", "13900000131"))
    time.sleep(4)  # twice the delay
    check(not site.carrier.to("13900000130"), "nothing is sent on hold")
    site.run("cancel", "called-off", "--reason", "误报")
    site.run("cancel", "called-off", "--reason", "误报", exit=1)
    site.run("cancel", "none", "--reason", "误报", exit=1)
    site.run("release", "--reason", "演练完")
    until(lambda: site.carrier.to("13900000130"), "released, it is sent")
    check(not site.carrier.to("13900000131"), "what was called off is not")
    check("cancelled" in site.run("explain", "called-off").stdout, "and its story says so")
    refused = site.run("resend", "held", "--accept-possible-double", "--reason", "x", exit=1)
    check("in doubt" in refused.stderr, "what was accepted is not sent again", refused.stderr)
    site.run("resend", "held", "--reason", "x", exit=2)
    check(len(site.carrier.to("13900000130")) == 1, "one text a case")


def opt_outs(site):
    site.run("optout", "add", "13900000140", "--reason", "来电要求")
    check("139****0140" in site.run("optout", "list").stdout, "an opt-out is listed, and shown in part")
    check(site.post_calls(site.call("refuses", "13900000140"))[0]["reason"] == "opt_out", "who does not want to be asked is not")
    site.run("optout", "remove", "13900000140")
    check("139****0140" not in site.run("optout", "list").stdout, "it can be taken back")
    site.run("optout", "add", "12345", exit=2)


def same_answers(site):
    """Every command says the same with a daemon and without."""
    commands = [("explain", "form-1"), ("explain", "form-1", "--format", "json"), ("explain", "violence"), ("explain", "called-off", "--format", "json"), ("optout", "list"), ("token", "list"), ("verify",)]
    commands += [("report", name, "--from", "2026-11-01", "--to", "2026-11-30", "--format", form) for name in ("officers", "units", "force", "balance", "exclusions") for form in ("table", "csv", "json")]
    wrong = [(1, "explain", "no such"), (1, "explain", "a/b?c d"), (1, "explain", "案件 1?x=y#z%2F"), (1, "cancel", "no such", "--reason", "x"), (1, "resend", "no such", "--accept-possible-double", "--reason", "x"),
             (2, "report", "units", "--from", "yesterday"), (1, "token", "revoke", "99")]

    def alike(text):
        """Without the moment, and without the facts that asking itself leaves: who looked."""
        if text.startswith('{"id"'):
            story = json.loads(text)
            story["events"] = [e for e in story["events"] if e["kind"] != "access"]
            return json.dumps(story)
        return re.sub(r'"as_of":"[^"]*"|as of [^\n]*|[^\n]* looked at: [^\n]*\n|, \d+ ledger entries, root \w+|\d+ rows are as|; \d+ checkpoints? agrees?', "", text).rstrip()

    ask = lambda: [alike(site.run(*c).stdout) for c in commands] + [(d.returncode, d.stderr) for d in (site.run(*w[1:], exit=w[0]) for w in wrong)]
    site.run("hold", "--reason", "still")  # nothing moves between the two
    running, first = ask(), site.run("export", "--date", "2026-11-21", "--out", "files").stdout
    check("running" in site.run("status").stdout, "status knows the daemon")
    check(site.stop() == 0 and site.took < 10, "SIGTERM ends it with 0, soon", getattr(site, "took", None))
    resting = ask()
    for command, a, b in zip(commands + wrong, running, resting):
        check(a == b, f"`{command}` differs", a, b)
    check("NOT RUNNING" in site.run("status").stdout, "status knows that none runs")
    read = lambda: {name: open(os.path.join(root, name), "rb").read() for root, _, names in os.walk(site.path("files")) for name in names}
    before = read()
    check(len(before) >= 12 and site.run("export", "--date", "2026-11-21", "--out", "files").stdout == first and read() == before, "a second export is byte-identical")
    check("dv" in running[2], "the story of an excluded case", running[2])


def refusals(site, new_site):
    site.start()
    second = site.run("serve", exit=1)
    check("another pingjing" in second.stderr, "a second daemon on the same store is refused", second.stderr)
    other = new_site()
    other.port = site.port
    other.configure()
    other.init()
    taken = other.run("serve", exit=1)
    check(f"127.0.0.1:{site.port}" in taken.stderr and "in use" in taken.stderr, "a port in use is named", taken.stderr)
    check(site.stop() == 0, "stops")

    db = sqlite3.connect(os.path.join(other.state, "pingjing.db"))
    version = db.execute("PRAGMA user_version").fetchone()[0]
    db.execute("PRAGMA user_version = 999")
    db.close()
    check("newer" in other.run("serve", exit=1).stderr, "the store of a newer program is refused")
    db = sqlite3.connect(os.path.join(other.state, "pingjing.db"))
    db.execute(f"PRAGMA user_version = {version}")
    db.close()

    os.chmod(other.folder, 0o755)
    options = {}
    if os.geteuid() == 0:  # to whom nothing is forbidden
        for root, folders, files in os.walk(other.folder):
            for name in folders + files:
                os.chown(os.path.join(root, name), 65534, 65534)
        # A checkout below /root cannot be reached by anybody else.
        options = {"user": 65534, "group": 65534, "program": shutil.copy(PROGRAM, other.folder)}
    for name in os.listdir(other.state):
        os.chmod(os.path.join(other.state, name), 0o444 if os.path.isfile(os.path.join(other.state, name)) else 0o555)
    os.chmod(other.state, 0o555)
    refused = other.run("serve", exit=1, **options)
    check("ermission denied" in refused.stderr and other.state in refused.stderr and "write" in refused.stderr, "a state folder that cannot be written is named", refused.stderr)


def stop_in_a_crowd(site):
    """Who calls while it stops is kept and told so, or not told so."""
    site.start()
    before, kept = site.books()["inbound"], []

    def crowd(who):
        for n in range(5000):
            try:
                if site.reply("13900000150", "谢谢", f"crowd-{who}-{n}")[0] == 200:
                    kept.append((who, n))
            except (OSError, http.client.HTTPException):
                return

    threads = [threading.Thread(target=crowd, args=(who,)) for who in range(4)]
    for thread in threads:
        thread.start()
    until(lambda: len(kept) > 100, "hooks are taken")
    for sign in (signal.SIGTERM, signal.SIGHUP, signal.SIGTERM):
        site.daemon.send_signal(sign)
    check(site.stop() == 0 and site.took < 10, "it stops in the middle of them, however often it is told", getattr(site, "took", None))
    for thread in threads:
        thread.join()
    after = site.books()
    check(len(kept) <= after["inbound"] - before <= len(kept) + 4, "what was answered is kept", len(kept), before, after)
    check(after["holds"], "the books balance", after)


def systemd(site):
    where = site.path("notify")
    notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notify.bind(where)
    notify.settimeout(10)
    door = socket.create_server(("127.0.0.1", site.port))
    os.set_inheritable(door.fileno(), True)
    # The number of the process stands in the environment: the shell puts it there and becomes the daemon.
    with open(site.log, "ab") as log:
        site.daemon = subprocess.Popen(["sh", "-c", 'LISTEN_PID=$$; export LISTEN_PID; exec "$0" serve -c pingjing.toml', PROGRAM], cwd=site.folder, stdout=log, stderr=log, close_fds=False,
                                       preexec_fn=lambda: os.dup2(door.fileno(), 3), env=dict(site.environment, LISTEN_FDS="1", NOTIFY_SOCKET=where, WATCHDOG_USEC="900000"))
    door.close()
    heard = []
    while not (any("READY=1" in h for h in heard) and sum("WATCHDOG=1" in h for h in heard) > 1):
        heard.append(notify.recv(4096).decode())
    check(site.answers(), "it answers on the socket that it was given")
    site.daemon.send_signal(signal.SIGHUP)
    while not any("RELOADING=1" in h for h in heard):
        heard.append(notify.recv(4096).decode())
    check("MONOTONIC_USEC=" in next(h for h in heard if "RELOADING=1" in h), "a reload says when it began")
    check(site.stop() == 0, "stops")
    notify.settimeout(0.2)
    try:
        while True:
            heard.append(notify.recv(4096).decode())
    except OSError:
        pass
    check(any("STOPPING=1" in h for h in heard), "it says that it stops", heard)


def story(new_site):
    site = new_site()
    first_day(site)
    tokens(site)
    statuses(site)
    four_forms(site)
    hooks(site)
    reload(site)
    sending(site)
    opt_outs(site)
    same_answers(site)
    tokens(site)
    site.stop()
    refusals(site, new_site)
    stop_in_a_crowd(site)
    systemd(site)
    check("\n\n" not in site.said(), "a log line is one line")
    site.run("verify")


play(story)
