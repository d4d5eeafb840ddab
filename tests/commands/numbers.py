#!/usr/bin/env python3
"""A thousand numbers through every door; afterwards none of them can be read anywhere. Usage: numbers.py PROGRAM"""
import base64, json, os, re, urllib.parse
from police_site import check, play, until

NUMBERS = [str(13_800_000_000 + n * 2_000_017) for n in range(2000)]


def spellings(n):
    a, b, c = n[:3], n[3:7], n[7:]
    wide = n.translate(str.maketrans("0123456789", "０１２３４５６７８９"))
    return [n, "+86" + n, "86" + n, "0086" + n, "0" + n, f"{a} {b} {c}", f"{a}-{b}-{c}", f"+86 {a} {b} {c}", f"+86-{n}", f"{a}.{b}.{c}", wide, " ".join(n)]


class Give:
    """The next number in the next spelling, each number once."""

    def __init__(self):
        self.used = 0

    def plain(self):
        self.used += 1
        return NUMBERS[self.used - 1]

    def any(self):
        n = self.plain()
        forms = spellings(n)
        return forms[self.used % len(forms)]


def intake(site, give):
    """Where a number belongs, and where somebody wrote it all the same."""
    calls = []
    for n in range(80):
        calls.append(site.call(f"json-{n}", give.plain(), contact_phone=give.any(), result=f"回访 {give.any()} 未接", call_taker=give.any(), source=give.any(),
                               extra={"tel": give.any(), give.any(): 1}, unknown=give.any(), **{"备注" + give.any(): give.any()}))
    calls += [site.call(f"linked-{n}", give.plain(), linked_to=give.any()) for n in range(10)]
    calls.append(site.call("flag", give.plain(), flags=[give.any(), "dv"]))
    calls += [site.call(f"unit-{n}", give.plain(), unit=give.any(), category=give.any(), language=give.any(), officers=[{"badge": give.any(), "role": "lead"}]) for n in range(10)]
    calls += [site.call(give.any(), give.plain()) for _ in range(12)]  # the record's own number
    calls += [site.call(f"bad-{field}", give.plain(), **{field: give.any()}) for field in ("state", "reported_at", "closed_at", "version", "officers", "caller_birth", "flags", "arrived_at")]
    calls += [{"id": give.any()}, {give.any(): give.any()}, give.any(), [give.any()]]
    said = []

    def post(body, kind, query=""):
        said.append(site.ask("POST", "/v1/calls" + query, body, site.token, Content_Type=kind)[2])

    post(json.dumps(calls[:40]), "application/json")
    post(json.dumps(calls[40:80]), "application/json")
    post(json.dumps(calls[80:]), "application/json")
    post("\n".join([json.dumps(site.call(f"line-{n}", give.plain(), result=give.any())) for n in range(20)] + [give.any(), '{"id":"' + give.any()]), "application/x-ndjson")
    for broken in ('{"id":"' + give.any() + '"', give.any(), '{"a":"' + give.any() + '","a":1}'):
        post(broken, "application/json")
    head = "id,state,calling_line,category,unit,officers,reported_at,closed_at,result,flags"
    row = lambda name, number, **more: ",".join(str(site.call(name, number, **more)[f]) if f != "officers" else "012345:lead" for f in head.split(",")[:8]) + f",找{give.any()},{give.any()}"
    csv = [head] + [row(f"csv-{n}", give.plain()) for n in range(30)]
    csv += [f"{give.any()},{give.any()}", f'"{give.any()}', ",".join([give.any()] * 10), row(give.any(), give.plain())]
    post("\n".join(csv) + "\n", "text/csv; charset=utf-8")
    post(f"{give.any()},{give.any()}\n1,2\n", "text/csv")
    post("x", "text/csv", "?mapping=" + urllib.parse.quote(give.any()))
    post("x", "text/" + give.plain())
    for path in ("/v1/calls/" + give.plain(), "/v1/calls/" + urllib.parse.quote(give.any()), "/v1/" + give.plain(), "/v1/reports/units?from=" + give.plain(), "/v1/desk/" + give.plain() + "/ack"):
        said += [site.ask("GET", path, token=site.token)[2], site.ask("POST", path, give.plain(), site.token)[2], site.ask("GET", path, token=give.plain())[2]]

    os.makedirs(site.path("drop"), exist_ok=True)
    site.write("import.csv", "\n".join([head] + [row(f"import-{n}", give.plain()) for n in range(10)] + [row(give.any(), give.plain()), give.any()]) + "\n")
    done = site.run("import", site.path("import.csv"))
    said += [done.stdout, done.stderr]
    site.write("import.jsonl", "\n".join([json.dumps(site.call(f"importl-{n}", give.plain())) for n in range(5)] + [give.any()]) + "\n")
    done = site.run("import", "--format", "jsonl", site.path("import.jsonl"))
    said += [done.stdout, done.stderr]
    os.unlink(site.path("import.csv")), os.unlink(site.path("import.jsonl"))
    drop = {"a.csv": "\n".join([head] + [row(f"drop-{n}", give.plain()) for n in range(10)] + [row(give.any(), give.plain()), give.any()]) + "\n", "b.csv": f"{give.any()},{give.any()}\n",
            "c.jsonl": json.dumps(site.call("dropl", give.plain())) + "\n" + give.any() + "\n"}
    for name, text in drop.items():
        site.write("drop/" + name, text)
    until(lambda: {"a.csv.result.csv", "c.jsonl.result.csv"} <= set(os.listdir(site.path("drop"))) and "b.csv" not in os.listdir(site.path("drop")), "the drop folder is taken", 15)
    for name in os.listdir(site.path("drop")):
        if "result" in name or "error" in name:
            with open(site.path("drop/" + name), encoding="utf-8") as answer:
                said.append(answer.read())
    check(any("drop-3,excluded,unsafe_flag" in s for s in said), "the drop folder answers")
    return said


def carriers(site, give):
    said = []
    until(lambda: len(site.carrier.texts) >= 50, "many are asked", 30)
    asked = list(site.carrier.texts)
    for n, text in enumerate(asked[:50]):
        # A refusal, a receipt and a reply, each of which quotes numbers.
        receipt = text["dlr-url"].split(f":{site.port}", 1)[1]
        receipt = receipt.replace("%d", str((1, 2, 16)[n % 3])).replace("%A", urllib.parse.quote("ERR " + give.any())).replace("%I", give.plain()).replace("%F", give.plain())
        receipt = receipt.replace("%p", text["to"]).replace("%P", give.plain()).replace("%T", "0")
        said.append(site.ask("GET", re.sub("%[a-z]", "x", receipt) if "%i" in receipt else receipt)[2])
        words = ("1 请打{}", "3 我另一个号 {}", "救命 {}", "退订{}", "{}", "2，{}找不到人")[n % 6].format(give.any())
        said.append(site.reply(text["to"], words, give.any(), text["from"])[2])
    for n in range(10):
        said.append(site.reply(give.any(), f"1 {give.any()}", f"n{n}", give.any())[2])
        said.append(site.ask("GET", f"{site.hook}/dlr?ref={give.plain()}&type=1&id={give.plain()}&meta={give.plain()}&from={give.plain()}&to={give.plain()}&ts={give.plain()}")[2])
        said.append(site.ask("POST", site.hook + "/mo", json.dumps({give.any(): give.any()}), Content_Type="application/json")[2])
        said.append(site.ask("POST", site.hook + "/" + give.plain(), give.any(), Content_Type="text/" + give.plain())[2])
        said.append(site.ask("GET", f"{site.hook}/mo?text={give.plain()}&charset={give.plain()}&from=")[2])
        said.append(site.ask("GET", f"/v1/hooks/{give.plain()}/{give.plain()}/mo?text={give.plain()}")[2])
    return said


def people(site, give):
    said = []

    def command(*arguments):
        done = site.run(*arguments, exit=None)
        said.extend([done.stdout, done.stderr])

    site.write("out.txt", "\n".join(give.any() for _ in range(40)) + f"\n# {give.any()}\nabc{give.plain()}\n")
    command("optout", "import", site.path("out.txt"), "--reason", "名单 " + give.any())
    os.unlink(site.path("out.txt"))
    for words in (("optout", "add"), ("optout", "remove")):
        command(*words, give.any(), "--reason", "来电 " + give.any())
        command(*words, give.plain() + "9", "--reason", give.any())
    command("optout", "list")
    for _ in range(6):
        command("hold", "--reason", "因 " + give.any())
        command("release", "--reason", "因 " + give.any())
        command("hold", "--reason", "因", "--channel", give.plain())
        command("release", "--reason", give.plain() + give.plain(), "--channel", give.plain())
        command("explain", give.any())
        command("cancel", give.any(), "--reason", give.any())
        command("resend", give.any(), "--accept-possible-double", "--reason", give.any())
    site.run("hold", "--reason", "x")
    waiting = [site.call(f"waits-{n}", give.plain()) for n in range(6)]
    site.post_calls(*waiting)
    for n in range(6):
        command("cancel", f"waits-{n}", "--reason", f"{give.any()} 误报{give.plain()}号")
        command("explain", f"waits-{n}")
    site.run("release", "--reason", "x")
    command("token", "create", "--scope", "intake", "--name", give.any(), "--badge", give.any())
    command("token", "create", "--scope", "intake", "--unit", give.any())
    command("token", "create", "--scope", give.any())
    command("token", "revoke", give.plain())
    command("token", "list")
    command("report", "units", "--from", give.plain())
    command("export", "--date", give.plain())
    command("status"), command("verify")
    for report in ("officers", "units", "force", "balance", "exclusions"):
        command("report", report, "--from", "2026-11-01", "--format", "csv")
    for path in ("/", "/metrics", "/readyz", "/v1/followups", "/v1/review", "/v1/appeals", "/v1/reports/signals"):
        said.append(site.ask("GET", path, token=site.token)[2])
    for name in ("unit-1", "csv-1", "flag", "linked-1", "waits-1"):  # not of who has answered: `explain` shows a reply's words to those who may read them
        said.append(site.run("explain", name).stdout)
    command("export", "--date", "2026-11-21", "--out", site.path("files"))
    site.run("backup", site.path("files/backup.db"))
    return said


def windows(digits):
    return {digits[i:i + 11] for i in range(len(digits) - 10)}


def readable(data):
    """Every eleven digits in a row that somebody could read in these bytes, with the form they stand in."""
    text = re.sub(rb"\xef\xbc([\x90-\x99])", lambda m: bytes([m[1][0] - 0x90 + 0x30]), data)
    for form, pattern in (("plain or in groups", rb"\d(?:[ .()_-]{0,2}\d){10,}"), ("UTF-16", rb"\d(?:\x00\d){10,}")):
        for run in re.findall(pattern, text):
            yield form, re.sub(rb"\D", b"", run).decode()
    for form, pattern in (("hex", rb"(?:3\d){11,}"), ("hex of UTF-16", rb"3\d(?:003\d){10,}")):
        for run in re.findall(pattern, text):
            yield form, bytes.fromhex(run.decode()).replace(b"\0", b"").decode()
    for run in re.findall(rb"[A-Za-z0-9+/_-]{15,}", text):
        for start in range(4):
            piece = run[start:].replace(b"-", b"+").replace(b"_", b"/")
            for digits in re.findall(rb"\d{11,}", base64.b64decode(piece[:len(piece) // 4 * 4])):
                yield "base64", digits.decode()


def search(places):
    wanted = set(NUMBERS)
    return sorted({(where, n, form) for where, data in places for form, digits in readable(data) for n in windows(digits) & wanted})


def story(new_site):
    for n, hidden in enumerate([*(t.encode() for t in spellings(NUMBERS[0])), *(NUMBERS[0].encode(c) for c in ("utf-16-le", "utf-16-be")), NUMBERS[0].encode().hex().encode(),
                                *(base64.b64encode(b"x" * k + NUMBERS[0].encode() + b"abc") for k in range(3))]):
        check(search([("x", b"\xff" + hidden + b"\xff")]), f"the search finds what is there: {hidden}")
    site = new_site(more='[intake]\nfolder = "drop"\npattern = "*.*"\nsettle = "1s"\npoll = "1s"\n')
    os.makedirs(site.path("drop"))
    site.init()
    site.carrier.answer = lambda query: (400, "Number(s) has/have been denied " + query["to"]) if query["to"][-1] == "7" else (500, "lost " + query["to"]) if query["to"][-2:] == "21" else (202, "0: Accepted for delivery")
    site.start()
    give = Give()
    said = intake(site, give) + carriers(site, give) + people(site, give)
    check(give.used >= 1000, f"only {give.used} numbers were planted")
    check(any(a["phone"] in NUMBERS for a in site.desk.alarms), "the desk alone sees numbers")
    until(lambda: site.books()["unmatched"] > 0, "the texts are read")
    check(site.books()["holds"], "the books balance", site.books())
    journal = [os.path.join(root, name) for root, _, names in os.walk(site.state) for name in names]
    read = lambda files: [(f, open(f, "rb").read()) for f in files if not f.endswith(".sock")]
    places = read(journal)  # with its write-ahead log, while it runs
    check(site.stop() == 0, "stops")
    kept = {os.path.join(root, name) for folder in (site.state, site.path("files")) for root, _, names in os.walk(folder) for name in names}
    places += read(sorted(kept)) + [("serve.log", site.said().encode()), ("answers", "\n".join(said).encode())]
    hits = search(places)
    near = lambda place, n: next((d[max(0, d.find(n.encode()) - 150):d.find(n.encode()) + 30] for where, d in places if where == place and n.encode() in d), b"")
    check(not hits, f"{len(hits)} numbers can be read", *[(os.path.basename(where), n, form, near(where, n)) for where, n, form in hits[::max(1, len(hits) // 14)]])
    site.run("verify")


play(story)
