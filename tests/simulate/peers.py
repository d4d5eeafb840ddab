#!/usr/bin/env python3
"""Other people's clients with our message centre: Perl's Net::SMPP, Debian's Kannel. Each sends, gets its reports and its
citizens' answers, and saw what the simulator wrote down. Usage: peers.py PROGRAM perl|kannel"""
import http.server, json, os, shutil, signal, subprocess, sys, urllib.parse, urllib.request
from carrier import Simulator, number_of
from police_site import check, listen, play, until

PEER, TEXTS = sys.argv[2], 40
HERE = os.path.dirname(os.path.abspath(__file__))
SCENARIO = os.path.join(HERE, "..", "scenario")
QUESTION = "请回复数字评价,回T退订"
CITIZENS = '''
[[rule]]
text = "回T退订"
answers = ["3 等了两个小时"]
after_least = "50ms"
after_most = "200ms"
'''
HABITS = '[reports]\nafter_least = "50ms"\nafter_most = "200ms"\n[reports.states]\nDELIVRD = 80\nUNDELIV = 20\n'


def runs(*command):
    return shutil.which(command[0]) and subprocess.run(command, capture_output=True, cwd=SCENARIO).returncode == 0


def is_here():
    return {"perl": lambda: runs("perl", "-MNet::SMPP", "-MJSON::PP", "-e", "1"),
            "kannel": lambda: shutil.which("node") and os.path.exists("/usr/sbin/bearerbox")}[PEER]()


def by_client(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=40)
    check(done.returncode == 0, f"{command[0]} ends in order", done.stdout, done.stderr)
    return json.loads(done.stdout)


def by_kannel(site, port, reported, answered):
    """Through its own doors; what it hands on to ours."""
    seen = {"accepted": 0, "reports": {}, "replies": {}}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            place, _, query = self.path.partition("?")
            values = urllib.parse.parse_qs(query, encoding="latin-1")
            if place == "/dlr":
                seen["reports"][values["n"][0]] = {"1": "DELIVRD", "2": "UNDELIV"}.get(values["type"][0], seen["reports"].get(values["n"][0]))
            else:
                seen["replies"][values["from"][0]] = values["text"][0].encode("latin-1").decode(values["charset"][0])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    ours = f"http://127.0.0.1:{listen(Handler).server_port}"
    boxes = subprocess.Popen(["node", os.path.join(SCENARIO, "kannel.mjs"), "--dir", site.path("kannel"), "--carrier-port", str(port), "--hook-url", ours, "--carrier-id", "peer",
                              "--carrier-password", "secret77"], stdout=subprocess.PIPE, text=True)
    try:
        ports = json.loads(boxes.stdout.readline())
        for n in range(TEXTS):
            query = urllib.parse.urlencode({"username": "pj", "password": "pj", "from": "106900110", "to": f"1390000{n:04}", "coding": 2, "charset": "UTF-8", "text": QUESTION,
                                            "dlr-mask": 3, "dlr-url": f"{ours}/dlr?n=1390000{n:04}&type=%d"})
            with urllib.request.urlopen(f"http://127.0.0.1:{ports['sendsms']}/cgi-bin/sendsms?{query}", timeout=10) as answer:
                seen["accepted"] += answer.status == 202
        until(lambda: len(seen["reports"]) == reported() == TEXTS and len(seen["replies"]) == answered(), "Kannel hands on what was delivered to it", 30)
    finally:
        boxes.send_signal(signal.SIGTERM)
        boxes.wait(timeout=20)
    return seen


def story(new_site):
    site = new_site()
    simulator = Simulator(site, "smpp", CITIZENS, HABITS, user="peer:secret77")
    try:
        told = lambda: {line["id"]: line["status"] for line in simulator.lines("report")}
        if PEER == "kannel":
            seen = by_kannel(site, simulator.port, lambda: len(told()), lambda: len(simulator.lines("citizen")))
        else:
            seen = by_client("perl", os.path.join(HERE, "client.pl"), str(simulator.port), str(TEXTS))
        counters = simulator.stop()
        texts, reports = simulator.lines("text"), told()
        check(seen["accepted"] == TEXTS == len(texts) == len({number_of(t["to"]) for t in texts}) and all(t["text"] == QUESTION for t in texts), "every text arrived as it was written", seen, texts[:3])
        by_number = {number_of(t["to"]): reports[t["ids"][0]] for t in texts}
        check(seen["reports"] == (by_number if PEER == "kannel" else reports), "every report came, and says what became of its text", seen["reports"], reports)
        answers = {number_of(line["from"]) for line in simulator.lines("citizen")}
        check({number_of(number) for number in seen["replies"]} == answers == {number for number, state in by_number.items() if state == "DELIVRD"}, "who was reached answered", seen["replies"])
        check(set(seen["replies"].values()) == {"3 等了两个小时"} and 0 < len(answers) < TEXTS, "in these words", seen["replies"])
        check(counters["reports_taken"] == TEXTS and counters["replies_taken"] == len(answers), "and it took them", counters)
        print(f"{PEER}: {TEXTS} texts, {len(reports)} reports, {len(answers)} answers; {counters}")
    finally:
        if simulator.process.poll() is None:
            simulator.process.kill()


if __name__ == "__main__":
    if not is_here():
        print(f"skipped: no {PEER} here")
        sys.exit(1 if os.environ.get("CI") == "true" else 77)
    play(story)
