#!/usr/bin/env python3
"""What the daemon tells Prometheus: promtool finds nothing wrong with it, nor with our rules, which say what they should. Usage:
metrics.py PROGRAM. Exit 77, a skip, where there is no promtool."""
import json, os, shutil, subprocess, sys, time
from police_site import SKIP, check, play, until

MONITORING = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../templates/monitoring")

# One server that is down, one that began again four times, one that does not look, one with two alarms and one that is over.
CASES = """
rule_files: [alerts.yml]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - {series: 'up{job="pingjing", instance="down"}', values: '1 1 0 0 0 0 0x20'}
      - {series: 'up{job="pingjing", instance="blind"}', values: '1x30'}
      - {series: 'up{job="pingjing", instance="well"}', values: '1x30'}
      - {series: 'pingjing_messages{job="pingjing", instance="well", state="due"}', values: '0x30'}
      - {series: 'pingjing_messages{job="pingjing", instance="down", state="due"}', values: '0 0 _x30'}
      - {series: 'process_start_time_seconds{job="pingjing", instance="well"}', values: '100x4 200x4 300x4 400x4 500x20'}
      - {series: 'pingjing_alarm{job="pingjing", instance="well", name="backlog", about="mobile", severity="warning"}', values: '1x30'}
      - {series: 'pingjing_alarm{job="pingjing", instance="well", name="clock_held", about="", severity="error"}', values: '0x30'}
    alert_rule_test:
      - {eval_time: 3m, alertname: PingjingDown}
      - eval_time: 4m
        alertname: PingjingDown
        exp_alerts:
          - exp_labels: {severity: error, job: pingjing, instance: down}
            exp_annotations:
              summary: "pingjing on down does not answer"
              description: "Nobody is asked and no answer is read; what carriers bring waits with them. systemctl status pingjing; journalctl -u pingjing."
      - eval_time: 2m
        alertname: PingjingAlarm
        exp_alerts:
          - exp_labels: {severity: warning, job: pingjing, instance: well, name: backlog, about: mobile}
            exp_annotations: {summary: "backlog mobile", description: "pingjing status says more; systemd/README.md has a page: backlog."}
      - {eval_time: 18m, alertname: PingjingRestarts}
      - eval_time: 21m
        alertname: PingjingRestarts
        exp_alerts:
          - exp_labels: {severity: error, job: pingjing, instance: well}
            exp_annotations: {summary: "pingjing on well began again 4 times within an hour", description: "journalctl -u pingjing says why each time."}
      - {eval_time: 9m, alertname: PingjingBlind}
      - eval_time: 11m
        alertname: PingjingBlind
        exp_alerts:
          - exp_labels: {severity: error, job: pingjing, instance: blind}
            exp_annotations: {summary: "pingjing on blind answers and does not look at its store", description: "/readyz says why; journalctl -u pingjing."}
"""


def promtool(*arguments, **options):
    return subprocess.run([shutil.which("promtool"), *arguments], capture_output=True, text=True, timeout=60, **options)


def story(new_site):
    site = new_site()
    site.configure()
    site.init()
    site.start()
    scrape = lambda: site.ask("GET", "/metrics")[2]
    until(lambda: "pingjing_messages" in scrape(), "the store is measured")
    site.ask("POST", "/v1/calls", json.dumps([site.call("one", "13900000001")]), site.token, Content_Type="application/json")
    site.ask("POST", "/v1/calls", "{", "wrong", Content_Type="application/json")
    until(lambda: 'outcome="accepted"' in scrape(), "a text is handed over")
    said = scrape()
    check("13900000001" not in said and "139" not in "".join(line.split("{")[1].split("}")[0] for line in said.splitlines() if "{" in line), "no number in a label", said)
    found = promtool("check", "metrics", input=said)
    check(found.returncode == 0 and not found.stdout and not found.stderr, "promtool has nothing to say of /metrics", found.stdout, found.stderr)
    began = float(next(line.split()[1] for line in said.splitlines() if line.startswith("process_start_time_seconds ")))
    check(abs(time.time() - began) < 60, "when it began", began)

    shutil.copy(os.path.join(MONITORING, "alerts.yml"), site.path("alerts.yml"))
    site.write("cases.yml", CASES)
    found = promtool("check", "rules", site.path("alerts.yml"))
    check(found.returncode == 0 and "4 rules found" in found.stdout, "the rules can be read", found.stdout, found.stderr)
    found = promtool("test", "rules", "cases.yml", cwd=os.path.dirname(site.path("cases.yml")))
    check(found.returncode == 0, "and say what they should", found.stdout, found.stderr)

    # What the page asks is asked as Prometheus would read it: as one rule each.
    with open(os.path.join(MONITORING, "dashboard.json")) as file:
        page = json.load(file)
    asked = [target["expr"] for panel in page["panels"] for target in panel.get("targets", [])] + [a["expr"] for a in page["annotations"]["list"]]
    check(len(asked) > 20, "the page asks for something", len(asked))
    rules = [{"record": f"asked:{n}", "expr": expr.replace("$instance", "one")} for n, expr in enumerate(asked)]
    site.write("asked.yml", json.dumps({"groups": [{"name": "page", "rules": rules}]}))
    found = promtool("check", "rules", site.path("asked.yml"))
    check(found.returncode == 0 and f"{len(asked)} rules found" in found.stdout, "all of the page can be asked", found.stdout, found.stderr)
    site.stop()


if not shutil.which("promtool"):
    print("no promtool: Debian's package prometheus has it")
    sys.exit(SKIP)
play(story)
