#!/usr/bin/env python3
"""The demonstration ends well, and its last line is the carrier's own count; served, its console opens to each role. Usage: demo.py PROGRAM"""
import http.client, json, os, re, signal, sqlite3, subprocess, sys, tempfile, threading

folder = tempfile.mkdtemp(prefix="pingjing-")
told = subprocess.run([sys.argv[1], "demo", "--calls", "80", "--keep", folder], capture_output=True, text=True, timeout=55)
sys.stdout.write(told.stdout + told.stderr)
assert told.returncode == 0 and "核对无误 verified: 680 cases" in told.stdout, told.returncode
store = sqlite3.connect(f"file:{os.path.join(folder, 'state', 'pingjing.db')}?mode=ro", uri=True)
taken, = store.execute("SELECT count(*) FROM messages WHERE purpose = 'survey' AND accepted_at IS NOT NULL").fetchone()
doubtful, = store.execute("SELECT count(*) FROM messages WHERE purpose = 'survey' AND accepted_at IS NULL AND claimed_at IS NOT NULL").fetchone()
questions = int(re.search(r"nobody was asked twice about a call: the carrier took (\d+) questions", told.stdout).group(1))
assert 300 < taken <= questions <= taken + doubtful, (taken, questions, doubtful)
store.close()

# Served: the address and a token for each role stand there before it lives on, from its evening.
served = subprocess.Popen([sys.argv[1], "demo", "--calls", "80", "--serve"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
try:
    address, tokens = None, {}
    for line in served.stdout:
        address = address or next(iter(re.findall(r"open  http://([0-9.:]+)/", line)), None)
        tokens.update({role: token for token, role in re.findall(r"^  (pj_\S{43})  \S+ (\w+)", line)})
        if "officer" in tokens:
            break
    assert address and set(tokens) == {"operator", "inspection", "duty", "leader", "auditor", "unit", "officer"}, (address, tokens)
    assert '"serve.ready"' in next(line for line in served.stderr if '"serve.' in line)

    def ask(method, path, body=None, cookie=""):
        connection = http.client.HTTPConnection(address, timeout=20)
        connection.request(method, path, body, {"Origin": "http://" + address, "X-Pingjing-Console": "1", "Cookie": cookie})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()

    assert ask("GET", "/")[0] == 200 and ask("GET", "/v1/status")[0] == 401
    for role, places in {"operator": "/v1/status", "inspection": "/v1/followups", "duty": "/v1/desk", "leader": "/v1/reports/force", "auditor": "/v1/reports/audit", "unit": "/v1/followups", "officer": "/v1/reports/mine"}.items():
        status, headers, _ = ask("POST", "/console/session", json.dumps({"token": tokens[role]}))
        assert status == 200, (role, status)
        status, _, told = ask("GET", places, cookie=headers["Set-Cookie"].split(";")[0])
        assert status == 200, (role, places, status, told)
    status, headers, _ = ask("POST", "/console/session", json.dumps({"token": tokens["operator"]}))
    letters = json.loads(ask("GET", "/v1/letters?state=all", cookie=headers["Set-Cookie"].split(";")[0])[2])["letters"]
    assert {letter["state"] for letter in letters} == {"open", "answered", "closed"}, [letter["state"] for letter in letters]
    site = json.loads(ask("GET", "/console/site", cookie=headers["Set-Cookie"].split(";")[0])[2])
    assert site["today"] == site["last_day"] and site["now"][11:13] in ("19", "20"), site
    served.send_signal(signal.SIGINT)
    threading.Thread(target=served.stderr.read, daemon=True).start()  # its last lines
    assert served.wait(20) == 0, served.returncode
finally:
    served.kill()
