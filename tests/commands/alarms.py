#!/usr/bin/env python3
"""What is wrong with the service itself reaches the people on call, by webhook and by a program. Usage: alarms.py PROGRAM"""
import base64, hashlib, hmac, http.server, json, os
from police_site import check, listen, play, until


class OnCall:
    def __init__(self):
        self.heard, self.refuse, self.signatures = [], 2, []
        on_call = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                body = json.loads(raw)
                on_call.refuse -= 1
                on_call.signatures.append((self.headers["webhook-id"], self.headers["webhook-timestamp"], self.headers["webhook-signature"], raw))
                if on_call.refuse < 0:
                    on_call.heard.append((self.headers["Authorization"], body))
                self.send_response(503 if on_call.refuse >= 0 else 204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = listen(Handler)

    def states(self, name):
        return [body["state"] for _, body in self.heard if body["alarm"] == name]


def story(new_site):
    on_call = OnCall()
    site = new_site(speed=60)
    kept = site.path("heard.jsonl")
    site.write("page.sh", '#!/bin/sh\n[ "$1" = night ] && { cat; echo; } >> "$2"\n')
    os.chmod(site.path("page.sh"), 0o755)
    key = bytes(range(32))
    site.write("alarms.whsec", "whsec_" + base64.b64encode(key).decode() + "\n")
    site.more = f"""[alarms]
webhook = "http://127.0.0.1:{on_call.server.server_port}/ops"
token = "ring"
signing_secret_file = "alarms.whsec"
exec = ["{site.path("page.sh")}", "night", "{kept}"]
remind_after = "30d"
[intake]
folder = "drop"
settle = "0s"
poll = "200ms"
keep_done = "3650d"
"""
    os.mkdir(site.path("drop"))
    site.configure()
    site.init()
    site.start()

    site.run("hold", "--of", "clock", "--reason", "a drill, 13912345678")
    until(lambda: on_call.states("clock_held"), "the webhook hears of the hold, after two refusals")
    token, alarm = on_call.heard[0]
    check(token == "Bearer ring", "the token goes along", token)
    check(set(alarm) == {"alarm", "about", "state", "severity", "meaning", "detail", "since", "at", "page"}, "the JSON of systemd/README.md", alarm)
    check(alarm["state"] == "raised" and alarm["severity"] == "error" and alarm["page"] == "systemd/README.md#clock_held", "what it says", alarm)
    for name, at, signature, raw in on_call.signatures:
        expected = base64.b64encode(hmac.new(key, f"{name}.{at}.".encode() + raw, hashlib.sha256).digest()).decode()
        check(signature == "v1," + expected, "a stranger can check the signature", name, at, signature, expected)
    check(len(on_call.signatures) >= 3 and len({name for name, *_ in on_call.signatures[:3]}) == 1, "the same news has the same id each time", on_call.signatures)
    check("13912345678" not in json.dumps(alarm), "no number", alarm)
    shown = site.run("status").stdout
    check("ALARM           clock_held since" in shown and "告警          时钟异常: " in shown and "surveys are held: the clock" in shown, "status shows it, in words", shown)
    check('pingjing_alarm{name="clock_held",about="",severity="error"} 1' in site.ask("GET", "/metrics")[2], "and /metrics", site.ask("GET", "/metrics")[2])
    check('"event":"alarm.on","name":"clock_held"' in site.said(), "and the log")
    until(lambda: os.path.exists(kept) and '"clock_held"' in open(kept, encoding="utf-8").read(), "the program hears it too")

    site.write("drop/calls.csv", "13912345678,x\n")
    until(lambda: on_call.states("drop_file_refused"), "a file of calls that cannot be read is told")
    refused = next(body for _, body in on_call.heard if body["alarm"] == "drop_file_refused")
    check(refused["about"] == "calls.csv.bad" and "head row" in refused["detail"] and "13912345678" not in json.dumps(refused), "which, and why", refused)
    os.remove(site.path("drop/calls.csv.bad"))
    os.rename(site.path("drop"), site.path("moved"))
    until(lambda: on_call.states("drop_folder_waits"), "and a folder that is gone", 40)
    os.rename(site.path("moved"), site.path("drop"))
    until(lambda: "cleared" in on_call.states("drop_folder_waits") and "cleared" in on_call.states("drop_file_refused"), "and when both are over")

    heard = len(on_call.states("clock_held"))
    check(site.stop() == 0, "stops")
    site.start()
    site.run("release", "--of", "clock", "--reason", "over")
    until(lambda: "cleared" in on_call.states("clock_held"), "the end is told, after a restart too")
    check(on_call.states("clock_held")[heard:] == ["cleared"], "and nothing is repeated", on_call.states("clock_held"))
    check("clock_held" not in site.run("status").stdout, "status shows it no more")
    until(lambda: json.loads(open(kept, encoding="utf-8").read().splitlines()[-1])["state"] == "cleared", "the program hears the end")
    check('pingjing_alarm{name="clock_held",about="",severity="error"} 0' in site.ask("GET", "/metrics")[2], "the metric is 0")

    site.carrier.answer = lambda query: (500, "who knows")
    site.post_calls(site.call("doubtful", "13912345679"))
    settled = "is settled by: a delivery report that names it; a reply to its digits; or a person"
    until(lambda: settled in site.run("explain", "doubtful").stdout, "explain says what would settle a doubt")
    check(site.stop() == 0, "stops")
    check(settled in site.run("explain", "doubtful").stdout, "without a daemon, too", site.run("explain", "doubtful").stdout)

    check("what is in doubt can be settled by: a delivery report" in site.run("check").stdout, "check says what can settle a doubt", site.run("check").stdout)
    site.configure(more="[alarms]\nwebhook = \"ftp://x\"\nexec = []\nsigning_secret = \"short\"\nin_doubt = -1\nsilence = 1\n")
    said = site.run("check", exit=2).stderr + site.run("check", exit=2).stdout
    for word in ("webhook", "exec", "signing_secret", "in_doubt", "'silence'"):
        check(word in said, f"check names {word}", said)


play(story)
