#!/usr/bin/env python3
"""Every operation of GET /openapi.json, called as it says at the real program: with the right scope, with another, without; and what comes back held
against it. Usage: walk.py PROGRAM   (77: no node, or no npm ci here)"""
import http.client, json, os, re, shutil, socket, subprocess, sys, urllib.parse

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(here, "..", "commands"))
from police_site import PATIENCE, check, play, until

PACKAGES = ("@seriousme/openapi-schema-validator", "ajv", "ajv-formats")
SCOPES = ["intake", "report", "desk", "inspect", "unit", "officer", "leader", "audit"]
UNIT = "320102430000"


def not_run(why):
    print("skipped: " + why)
    sys.exit(1 if os.environ.get("CI") == "true" else 77)


if not shutil.which("node"):
    not_run("no node (apt-get install nodejs npm)")
if not all(os.path.isdir(os.path.join(here, "node_modules", name)) for name in PACKAGES):
    fetched = shutil.which("npm") and subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--fetch-retries=1"], cwd=here, capture_output=True, timeout=120).returncode == 0
    if not fetched:
        not_run("npm ci in tests/openapi cannot fetch")


def at_the_socket(site, method, path, body=None):
    connection = http.client.HTTPConnection("localhost", timeout=30)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(os.path.join(site.state, "control.sock"))
    connection.request(method, path, body.encode() if body else None, {"x-pingjing-person": urllib.parse.quote("zhang"), "Content-Type": "application/json"})
    answer = connection.getresponse()
    return answer.status, answer.headers, answer.read().decode("utf-8", "replace")


def a_day(new_site):
    """A site at which every queue has something in it."""
    site = new_site(speed=600, more='[notices]\ntexts = ["notice_safety"]\n[reports]\npublic_dir = "published"\n')
    site.init()
    site.start()
    numbers = {name: f"1390000070{n}" for n, name in enumerate(["good", "bad", "worse", "words", "danger"])}
    site.post_calls(*[site.call(name, number) for name, number in numbers.items()])
    until(lambda: len(site.carrier.texts) == 5, "all are asked", 40)
    for name, words in {"good": "1", "bad": "3", "worse": "3", "words": "很满意,谢谢", "danger": "救命 有人要杀我"}.items():
        check(site.reply(numbers[name], words, name, site.carrier.to(numbers[name])[0]["from"])[0] == 200, f"{name} is taken")
    site.reply("13900000799", "请问户籍怎么办理", "letter")
    site.reply("13900000798", "我要办身份证", "letter2")
    site.reply("13900000797", "我要办居住证", "letter3")
    until(lambda: site.books()["rated"] >= 3 and site.desk.alarms, "they are read")
    return site


def token_of(site, scope):
    more = {"unit": ["--unit", UNIT], "officer": ["--badge", "012345", "--unit", UNIT]}.get(scope, [])
    return site.run("token", "create", "--scope", scope, "--name", "某" + scope, *more).stdout.strip()


def examples(site, ask):
    """What an operation is called with: path, query, body. `ask` GETs as an operator."""
    followups = sorted(ask("/v1/followups")["followups"], key=lambda f: f["case_id"])
    letters, review = [x["id"] for x in ask("/v1/letters")["letters"]], ask("/v1/review")["reviews"][0]
    alarm, channel, secret = ask("/v1/desk")["alarms"][0]["alarm_id"], "kannel", site.hook.rsplit("/", 1)[1]
    phone, hook = "13900000790", dict(channel=channel, secret=secret)
    reply = urllib.parse.urlencode({"id": "walk", "from": "13900000780", "to": "106900110", "ts": "0", "coding": "0", "charset": "UTF-8", "smsc": "x", "text": "你好"})
    choice = ask(f"/v1/review/{review['id']}")["choices"][0]
    decision = dict(decision=choice["decision"], **({"grade": "satisfied"} if choice["grade"] else {}))
    reason = {"reason": "群众来电询问"}
    by_id = lambda id, body=None, **more: (dict(id=id, **more), "", body)
    return {
        "postCalls": ({}, "", [site.call("walked", "13900000781")]), "readCall": by_id("good"),
        "hookByGet": (hook, reply, None), "hookByPost": (hook, reply, None), "hookByGetBelow": (dict(hook, rest="mo"), reply, None), "hookByPostBelow": (dict(hook, rest="mo"), reply, None),
        "readFollowup": by_id(followups[0]["id"]), "revealCaller": by_id(followups[0]["id"], reason), "stepFollowup": by_id(followups[0]["id"], {"outcome": "reached", "note": "已致电"}, step="call"),
        "fileAppeal": ({}, "", {"case_id": "worse", "ground": "slip", "note": "按错了"}), "readAppeal": by_id("1"),
        "stepAppeal": by_id("1", {"outcome": "upheld", "note": "录音属实"}, step="propose"), "withdrawAppeal": by_id("2", {"note": "撤回"}),
        "readReview": by_id(review["id"]), "decideReview": by_id(review["id"], decision),
        "readLetter": by_id(letters[0]), "answerLetter": by_id(letters[0], {"words": "请到派出所办理"}), "closeLetter": by_id(letters[1], {"words": "无需答复"}),
        "alarmLetter": by_id(letters[2]), "revealSender": by_id(letters[0], reason),
        "sendNotice": ({}, "", dict(reason, name="walk", text="notice_safety", phones=[{"phone": phone, "consented_on": "2026-01-05"}])), "readNotice": (dict(name="walk"), "", None),
        "stopNotice": (dict(name="walk"), "", reason), "readAlarm": (dict(alarm_id=alarm), "", None), "takeAlarm": (dict(alarm_id=alarm), "", {"words": "已派人"}),
        "revealAlarm": (dict(alarm_id=alarm), "", reason), "readConsoleFile": (dict(file="main.js"), "", None), "signIn": ({}, "", {"token": site.token}),
        "readExport": (dict(day="2026-11-20", version="v1", file="units.csv"), "", None),
        "exportDay": ({}, "date=2026-11-20", None), "hold": ({}, "reason=x", None), "release": ({}, "reason=x", None), "releaseRefused": ({}, "reason=x", None), "releaseRestored": ({}, "reason=x&all=1", None),
        "cancel": ({}, "reason=x&case=waits", None), "resend": ({}, "reason=x&case=good", None), "setOptOuts": ({}, "reason=x&out=1", "13900000785\n"),
        "makeToken": ({}, "scope=report", None), "revokeToken": by_id("2"), "verifyAgainst": ({}, "", []), "prove": ({}, "seq=3", None), "cosign": ({}, "", {"note": "x", "verifiers": []}),
        "forget": ({}, "reason=x", "13900000700"), "tryCalls": ({}, "", []), "showQuarantined": by_id("1", reason),
    }


# Where the answer cannot be 200 here, and why.
ELSEWHERE = {("resend", 409): "it was delivered", ("cosign", 400): "no note", ("showQuarantined", 404): "there is none"}


class Walk:
    def __init__(self, site):
        self.site, self.answers, self.good = site, [], set()
        self.document = json.loads(site.ask("GET", "/openapi.json")[2])
        self.control = json.loads(at_the_socket(site, "GET", "/openapi.json")[2])
        self.tokens = {scope: token_of(site, scope) for scope in SCOPES}
        appeal = json.dumps({"case_id": "bad", "ground": "slip", "note": "按错了"})
        check(site.ask("POST", "/v1/appeals", appeal, self.tokens["officer"])[0] == 200, "one appeal is there, and another comes on the way")
        self.operator = site.run("token", "create", "--scope", "admin", "--name", "钱管理").stdout.strip()
        self.examples = examples(site, lambda path: json.loads(site.ask("GET", path, token=self.operator)[2]))

    def operations(self, document):
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                yield method.upper(), path, operation

    def called_with(self, path, operation):
        captures, query, body = self.examples.get(operation["operationId"], ({}, "", None))
        missing = set(re.findall(r"{(\w+)}", path)) - set(captures)
        check(not missing, f"{operation['operationId']} is called with {missing}: give it an example in walk.py")
        for name, value in captures.items():
            path = path.replace("{" + name + "}", urllib.parse.quote(str(value)))
        return path + ("?" + query if query else ""), body if isinstance(body, str) or body is None else json.dumps(body)

    def keep(self, where, operation, status, headers, body):
        self.answers.append({"door": where, "operation": operation["operationId"], "status": status, "type": headers["Content-Type"], "body": body})
        if status == 200:
            self.good.add(operation["operationId"])

    def call(self, method, path, operation, token=None, **headers):
        target, body = self.called_with(path, operation)
        if operation["operationId"] == "listen":
            return self.listen(target, token)
        if body is not None:
            headers.setdefault("Content_Type", "application/json")
        status, answered, said = self.site.ask(method, target, body, token, **headers)
        self.keep("network", operation, status, answered, said)
        return status, said

    def listen(self, target, token):
        connection = http.client.HTTPConnection("127.0.0.1", self.site.port, timeout=20)
        connection.request("GET", target, headers={"Authorization": "Bearer " + token} if token else {})
        answer = connection.getresponse()
        self.keep("network", {"operationId": "listen"}, answer.status, answer.headers, "" if answer.status == 200 else answer.read().decode())
        connection.close()
        return answer.status, ""

    def scopes_of(self, operation):
        return [scope for way in operation["security"] for name, scopes in way.items() if name == "token" for scope in scopes]

    def walk(self):
        for method, path, operation in self.operations(self.document):
            name, ways, scopes = operation["operationId"], operation["security"], self.scopes_of(operation)
            near = {} in ways
            console = {"X-Pingjing-Console": "1", "Origin": f"http://127.0.0.1:{self.site.port}"} if name in ("signIn", "signOut") else {}
            if not ways:
                status, said = self.call(method, path, operation, **console)
                check(status == 200, f"{name} is open to everybody", status, said)
                continue
            away = {"X-Forwarded-For": "10.0.0.1"} if near else {}
            status, said = self.call(method, path, operation, None, **away)
            check(status == 401, f"{name} without a token is {status}, not 401", said)
            for other in (s for s in SCOPES if scopes and s not in scopes):
                status, said = self.call(method, path, operation, self.tokens[other], **away)
                check(status == 403, f"{name} with the scope {other} is {status}, not 403", said)
            if near:
                check(self.call(method, path, operation)[0] == 200, f"{name} is open to the machine itself")
            for scope in scopes or ["report"]:
                token = self.tokens[scope] if scope != "admin" else self.operator
                status, said = self.call(method, path, operation, token)
                is_once = method == "POST" and name in self.good
                allowed = status == 200 or (name, status) in ELSEWHERE or (is_once and status in (404, 409)) or (scope in ("unit", "officer") and status in (403, 404))
                check(allowed, f"{name} with the scope {scope} is {status}", said)
            for raw in operation.get("x-scopes-when-raw", []):
                status, _, said = self.site.ask(method, path + "?raw=1", token=self.tokens[raw])
                check(status == 200, f"{name}?raw=1 with the scope {raw} is {status}", said)
                others = [s for s in SCOPES if s not in operation["x-scopes-when-raw"]]
                check(all(self.site.ask(method, path + "?raw=1", token=self.tokens[s])[0] == 403 for s in others), f"{name}?raw=1 is not for others")

    def walk_control(self):
        network = {(m, p) for m, p, _ in self.operations(self.document)}
        for method, path, operation in self.operations(self.control):
            if not path.startswith("/control/"):
                continue
            check((method, path) not in network, f"{path} is the control socket's own")
            target, body = self.called_with(path, operation)
            check(self.site.ask(method, target, body, self.operator)[0] == 404, f"{path} is not there for the network")
            name = operation["operationId"]
            if name == "cancel":  # what waits
                self.site.run("hold", "--reason", "x")
                self.site.post_calls(self.site.call("waits", "13900000705"))
            status, headers, said = at_the_socket(self.site, method, target, body)
            self.keep("control", operation, status, headers, said)
            check(status == 200 or (name, status) in ELSEWHERE, f"{name} at the control socket is {status}", said)


def story(new_site):
    site = a_day(new_site)
    site.run("export", "--date", "2026-11-20", "--out", os.path.join(site.state, "exports"))
    walk = Walk(site)

    # Every route of the program is in one of the two documents, and no other.
    described = {(m, p) for d in (walk.document, walk.control) for m, p, _ in walk.operations(d)}
    with open(os.path.join(here, "../../daemon/http/operations.cpp"), encoding="utf-8") as source:
        rows = {(m, p.replace("*", "")) for m, p in re.findall(r'^        \{"([A-Z]+)", "([^"]+)"', source.read(), re.M)}
    check(rows == described and len(rows) > 80, "the documents have every row of the table", rows ^ described)
    ids = [o["operationId"] for _, _, o in walk.operations(walk.document)]
    check(len(ids) == len(set(ids)), "each operation has a name of its own")
    check(site.ask("GET", "/v1/nothing", token=walk.operator)[0] == 404 and site.ask("PUT", "/v1/desk", token=walk.operator)[0] == 405, "and nothing else is there")

    walk.walk()
    walk.walk_control()
    never = {o["operationId"] for d in (walk.document, walk.control) for _, _, o in walk.operations(d)} - walk.good - {"resend", "cosign", "showQuarantined"}
    check(not never, "each was answered with 200 once", never)

    told = {"documents": {"network": walk.document, "control": walk.control}, "answers": walk.answers}
    judged = subprocess.run(["node", os.path.join(here, "judge.mjs")], input=json.dumps(told), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=100 * PATIENCE)
    sys.stdout.write(judged.stdout[-4000:])
    check(judged.returncode == 0, "the documents are OpenAPI, and the answers as they say")


play(story)
