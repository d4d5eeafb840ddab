#!/usr/bin/env python3
"""What the one on duty types, and what he is told: what holds everything back, what changed, and what he got wrong. Usage: operator.py PROGRAM"""
import json, os, signal, sqlite3, stat, subprocess, tempfile
from police_site import PROGRAM, check, play, until


def typed(*arguments, exit=2):
    done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=30)
    check(done.returncode == exit, f"pingjing {' '.join(arguments)} ends with {done.returncode}, not {exit}", done.stdout, done.stderr)
    return done.stdout + done.stderr


def slips(site):
    check("there is no sub-command 'statsu'" in typed("statsu"), "an unknown sub-command is named")
    check("is a folder; expected the file" in typed("check", "-c", "/tmp"), "a folder is no configuration")
    check("CASE: expected" in site.run("explain", "", exit=2).stderr, "a case has a number")
    with tempfile.TemporaryDirectory() as used:
        open(os.path.join(used, "x"), "w").close()
        check("is not empty" in typed("demo", "--keep", used), "a demonstration is not put on top of something")
    for sub, action, words in (("token", "create", ("--scope", "--expires", "--config")), ("token", "list", ("--config",)), ("optout", "import", ("--reason", "--config")), ("optout", "list", ("--config",))):
        shown = typed(sub, action, "--help", exit=0)
        check(all(word in shown for word in words), f"--help of {sub} {action} shows its options", shown)
    check("45 MiB" in typed("import", "--help", exit=0), "a dry run has its limit")
    check("--mapping nobody: expected one of" in site.run("import", "calls.csv", "--mapping", "nobody", exit=2).stderr, "a mapping is one of those that there are")
    check("date: 2027-01-01 is still to come" in site.run("export", "--date", "2027-01-01", exit=2).stderr, "no files of a day to come")
    check("unit: expected one" in site.run("token", "create", "--scope", "unit", exit=2).stderr, "a token of a unit names one")
    check("badge: expected one" in site.run("token", "create", "--scope", "report,officer", exit=2).stderr, "one of an officer him")


def lists(site):
    site.write("out.csv", "\ufeff13900000801,王五\n13900000802;李四\n\"13900000803\"\tx\n")
    check("added 3, known 0, not a number 0" in site.run("optout", "import", site.path("out.csv"), "--reason", "名单").stderr, "a list of a spreadsheet is taken")
    shown = site.run("optout", "list").stdout
    check(shown.count("+08:00") == 3 and "Z" not in shown, "times are those of the wall", shown)
    check("+08:00" in site.run("token", "list").stdout, "of tokens too")


def holds(site):
    said = site.run("hold", "--of", "clock", "--reason", "时钟").stdout
    check("it ends with: pingjing release -c" in said and "--of clock --reason" in said, "a hold says how it ends", said)
    said = site.run("release", "--reason", "x", exit=1).stdout
    check("STILL ON HOLD (clock)" in said and "--of clock --reason" in said, "what is left is named", said)
    check("STILL" not in site.run("release", "--of", "clock", "--reason", "x").stdout, "and then nothing is")
    check("nothing is on hold" in site.run("release", "--reason", "x").stdout, "which is said as well")
    check("released 0 that carriers refused" in site.run("release", "--refused", "--reason", "x").stdout, "nor is a text held for its words")
    check("PHONE: expected a mobile number" in site.run("optout", "add", "abc", "--reason", "x", exit=2).stderr, "a number on the command line is one")
    words = "线路检修,王师傅打来电话"
    site.run("hold", "--reason", words, "--by", "李警官")
    check(f"{words} (by control/李警官)" in site.run("status").stdout, "status says who stopped it and why", site.run("status").stdout)
    check("by control/李警官" in site.ask("GET", "/readyz")[2] and words not in site.ask("GET", "/readyz")[2], "/readyz says who", site.ask("GET", "/readyz")[2])
    site.environment["SUDO_USER"] = "wang"
    site.run("release", "--reason", words)
    site.run("optout", "add", "-", "--reason", words, input="13900000809\n")
    del site.environment["SUDO_USER"]
    check(f"{words} (by control/wang)" in site.run("optout", "list").stdout, "who was logged in is who did it")
    database = sqlite3.connect(f"file:{os.path.join(site.state, 'pingjing.db')}?mode=ro", uri=True)
    check(words not in "\n".join(database.iterdump()), "the words are in no row and no line")
    database.close()


def facts(site):
    store = sqlite3.connect(f"file:{os.path.join(site.state, 'pingjing.db')}?mode=ro", uri=True)
    rows = [json.loads(data) for data, in store.execute("SELECT data FROM ledger WHERE kind = 'configuration' ORDER BY seq")]
    store.close()
    return rows


def changes(site):
    def reload():
        mark = len(site.said())
        site.daemon.send_signal(signal.SIGHUP)
        until(lambda: "reload.done" in site.said_since(mark), "the log says reload.done")
        return site.said_since(mark)

    site.write("officers.csv", "badge,name,unit\n012345,王杰,320102430000\n067890,刘洋,320102430000\n")
    site.write("categories.csv", "code,name,rule\n010203,盗窃,dv\n090000,家庭纠纷,dv\n")
    site.write("staff.txt", "13044306233\n13044306234\n")
    said = reload()
    check("list categories, list officers, list staff_phones" in said, "the log names what changed", said)
    fact = facts(site)[-1]
    check(fact["added"] == ["list categories: 010203,盗窃,dv", "list officers: 067890,刘洋,320102430000", "list staff_phones: 2 numbers"], "the ledger has the rows", fact)
    check(fact["removed"] == ["list categories: 010203,盗窃,survey", "list staff_phones: 1 numbers"], "and those that went", fact)
    check("1304430" not in json.dumps(facts(site)), "numbers of staff are in none of it")
    site.write("categories.csv", "code,name,rule\n010203,盗窃,survey\n090000,家庭纠纷,dv\n")
    site.configure(more='[writeback]\nto = "nobody"\nevery = "2m"\n')
    reload()
    check("[writeback] every = '2m'" in facts(site)[-1]["added"] or '[writeback] every = "2m"' in facts(site)[-1]["added"], "a setting stands with its section", facts(site)[-1])


def shadow(site):
    with open(site.path("pingjing.toml"), encoding="utf-8") as file:
        on = file.read()
    site.write("pingjing.toml", on.replace("[survey]\n", '[survey]\nmode = "shadow"\n'))
    site.daemon.send_signal(signal.SIGHUP)
    until(lambda: "mode            shadow: surveys wait" in site.run("status").stdout, "status says that nothing is sent, and why")
    check("mode = shadow" in site.ask("GET", "/readyz")[2], "so does /readyz", site.ask("GET", "/readyz")[2])
    site.post_calls(site.call("s1", "13900000811"), site.call("s2", "13900000812"), site.call("s3", "13900000813", unit="320199990000", officers=[{"badge": "3.2E+11", "role": "lead"}]))
    until(lambda: "queue           3 due" in site.run("status").stdout, "three wait")
    strangers = site.run("status").stdout
    check("NOT IN THE LISTS 1 units of 1 calls, 1 officers of 1 calls" in strangers, "what no list has is counted", strangers)
    mark = len(site.said())
    site.write("pingjing.toml", on)
    site.daemon.send_signal(signal.SIGHUP)
    until(lambda: "configuration.surveys_flow" in site.said_since(mark), "that the waiting ones go now is said")
    check('"due":3' in site.said_since(mark), "and how many", site.said_since(mark))
    until(lambda: len(site.carrier.texts) == 3, "they go")
    check("not_in_lists" in site.ask("GET", "/metrics")[2], "a gauge for it")


def locked(site):
    other = sqlite3.connect(os.path.join(site.state, "pingjing.db"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        shown = site.run("status").stdout
        check("NOT READY       the store cannot write" in shown, "status says that the store takes nothing", shown)
        check(site.ask("GET", "/readyz")[0] == 503, "as /readyz does")
        said = site.run("hold", "--reason", "x", exit=1).stderr
        check("another program keeps it locked" in said and "BEGIN" not in said, "a command says what to do", said)
    finally:
        other.execute("ROLLBACK")
        other.close()
    until(lambda: "NOT READY" not in site.run("status").stdout, "and then it is well again")
    check(site.stop() == 0, "stops")
    other = sqlite3.connect(os.path.join(site.state, "pingjing.db"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        said = site.run("hold", "--reason", "x", exit=1).stderr
        check("another program keeps it locked" in said and "BEGIN" not in said, "without a daemon too", said)
    finally:
        other.execute("ROLLBACK")
        other.close()


def story(new_site):
    os.umask(0o022)
    site = new_site()
    said = site.init().stderr
    check(f"calls http://127.0.0.1:{site.port}/v1/hooks/kannel/ and that secret" in said, "init says where the carrier calls", said)
    for name, mode in (("state", 0o700), ("keys", 0o700), ("state/pingjing.db", 0o600)):
        seen = stat.S_IMODE(os.stat(site.path(name)).st_mode)
        check(seen == mode, f"{name} is for nobody else", oct(seen))
    shown = site.run("check").stdout
    check("called back at: http://127.0.0.1:" in shown and 'get-url = "http' in shown and "text=%b" in shown, "check says what Kannel has to be told", shown)
    check("password=SECRET" in shown and "password=secret" not in shown, "and shows a request without its secrets", shown)
    check(site.hook.rsplit("/", 1)[1] not in shown, "the hook's is one")
    site.start()
    slips(site), lists(site), holds(site), changes(site), shadow(site), locked(site)
    site.run("verify")


play(story)
