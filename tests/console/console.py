#!/usr/bin/env python3
"""Each role's day at the console of the real program, in Debian's Chromium. Usage: console.py PROGRAM   (77: no chromium, no node, or no npm ci here)"""
import json, os, shutil, subprocess, sys

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(here, "..", "commands"))
from police_site import check, play, until


def not_run(why):
    print("skipped: " + why)
    sys.exit(1 if os.environ.get("CI") == "true" else 77)


CHROMIUM = os.environ.get("PINGJING_CHROMIUM") or shutil.which("chromium")
if not CHROMIUM:
    not_run("no browser (apt-get install chromium)")
if not shutil.which("node"):
    not_run("no node (apt-get install nodejs npm)")
if not all(os.path.isdir(os.path.join(here, "node_modules", name)) for name in ("playwright-core", "axe-core")):
    fetched = shutil.which("npm") and subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--fetch-retries=1"], cwd=here, capture_output=True, timeout=120).returncode == 0
    if not fetched:
        not_run("npm ci in tests/console cannot fetch")


def days(new_site):
    site = new_site(speed=600)
    site.init()
    site.start()
    numbers = {name: f"139000003{n:02}" for n, name in enumerate(["satisfied", "words", "second", "dissatisfied", "danger", "silent"])}
    site.post_calls(*[site.call(f"3200000000000{n:03}", number) for n, number in enumerate(numbers.values())])
    until(lambda: len(site.carrier.texts) == len(numbers), "all are asked", 40)
    said = {"satisfied": "1", "words": "很满意,谢谢", "second": "还行吧", "dissatisfied": "3,等了一个小时,我另一个号13611112222"}
    for name, words in said.items():
        check(site.reply(numbers[name], words, name, site.carrier.to(numbers[name])[0]["from"])[0] == 200, f"{name} is taken")
    until(lambda: site.books()["rated"] == 4, "four are ratings")

    def token(*scopes, **holder):
        more = [word for key, value in holder.items() for word in ("--" + key, value)]
        return site.run("token", "create", "--scope", ",".join(scopes), *more).stdout.strip()

    answering = site.carrier.to(numbers["danger"])[0]["from"]
    tokens = {"operator": token("admin", name="钱管理"), "inspection": token("inspect", "report", name="赵督察"), "desk": token("desk", name="王值班"), "leader": token("leader", name="陈局长"),
              "officer": token("officer", name="王杰", unit="320102430000", badge="012345"), "unit": token("unit", name="刘所长", unit="320102430000"), "audit": token("audit", name="周审计"), "brief": token("report", name="孙某")}
    brief = json.loads(site.ask("GET", "/console/session", token=tokens["brief"])[2])["who"].split("/")[0]
    told = {"base": f"http://127.0.0.1:{site.port}", "chromium": CHROMIUM, "tokens": tokens, "hook": site.hook, "numbers": numbers, "answering": answering, "brief": brief,
            "revoke": [os.path.abspath(sys.argv[1]), "token", "revoke", "-c", site.path("pingjing.toml"), brief]}
    browser = subprocess.run(["node", os.path.join(here, "days.mjs")], input=json.dumps(told), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=420, env=site.environment)
    sys.stdout.write(browser.stdout)
    check(browser.returncode == 0, "the browser's days end well")

    # What was done on the page is in the books.
    stories = {name: site.run("explain", f"3200000000000{n:03}").stdout for n, name in enumerate(numbers)}
    check("赵督察" in stories["words"] and "confirmed" in stories["words"], "the decision is the inspector's", stories["words"])
    steps = json.dumps(json.loads(site.run("explain", "3200000000000003", "--format", "json").stdout)["followup"])
    check(all(step in steps for step in ("called_back", "verified", "rectifying", "rectified")), "what was done for the caller stands in the story", steps)
    alarms = json.loads(site.ask("GET", "/v1/desk", token=tokens["desk"])[2])["alarms"]
    check([a["acknowledged_by"].split("/")[1] for a in alarms] == ["王值班"], "the desk has the emergency", alarms)
    check(tokens["operator"] not in site.said() and "pingjing_session" not in site.said(), "neither token nor session stands in the log")
    check(site.run("verify").stdout.startswith("ok: "), "the ledger holds")


play(days)
