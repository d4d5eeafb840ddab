#!/usr/bin/env python3
"""Files of a state_dir that are gone, old or another site's: noticed at the next start, said in words, and nobody is texted twice by
whatever a person does about it. Usage: files_gone.py PROGRAM"""
import os, shutil, subprocess, threading, time
from datetime import timedelta
from police_site import check, play, until

RESTORE, PUT_BACK = "pingjing restore", "Put "


def number(n):
    return str(13_900_000_000 + n)


class Town:
    """A site and its state at some moments. `old`: twelve were asked, five wait, it was stopped. `new`: as many more on the next day.
    `killed`: and as many once more, which stand in the write-ahead log alone."""

    def __init__(self, new_site, days):
        self.site = site = new_site(speed=1)
        site.init()
        self.day(0)
        check(site.stop() == 0, "stops")
        self.old = self.keep("old")
        if days == 3:
            self.day(100)
            check(site.stop() == 0, "stops again")
            self.new = self.keep("new")
        self.day(100 * (days - 1))
        site.daemon.kill()
        site.daemon.wait()
        site.daemon = None
        self.killed = self.keep("killed")
        check(os.path.getsize(os.path.join(self.killed, "pingjing.db-wal")) > 0, "what came last stands in the write-ahead log")

    def day(self, first):
        self.site.start()
        self.site.post_calls(*(self.site.call(f"call-{n}", number(n)) for n in range(first, first + 12)))
        until(lambda: len(self.asked()) == 12 * (first // 100 + 1), "they are asked")
        just_now = self.site.START.isoformat()  # they wait for half an hour
        self.site.post_calls(*(self.site.call(f"later-{n}", number(n + 50), reported_at=just_now, closed_at=just_now) for n in range(first, first + 5)))

    def asked(self):
        return [t["to"] for t in self.site.carrier.texts if "回复" in t["text"]]

    def keep(self, name):
        to = self.site.path("kept-" + name)
        shutil.copytree(self.site.state, to, ignore=shutil.ignore_patterns("*.sock"))
        return to

    def lay_down(self, kept):
        shutil.rmtree(self.site.state)
        shutil.copytree(kept, self.site.state)
        return self.site.state

    def refused(self, what, *words):
        """`serve` says what, where and what to do, ends with 1, and leaves every byte where it was."""
        before = fingerprint(self.site.state)
        for command in (["serve"], ["hold", "--reason", "x"]):
            try:
                said = self.site.run(*command, exit=1).stderr
            except subprocess.TimeoutExpired:
                check(False, f"{what}: `{command[0]}` is refused")
            for word in (os.path.join(self.site.state, ""),) + words:
                check(word in said, f"{what}: `{command[0]}` says '{word}'", said)
            check(len([line for line in said.splitlines() if not line.startswith("warning")]) == 1, f"{what}: in one line", said)
        check(fingerprint(self.site.state) == before, f"{what}: nothing is touched", before, fingerprint(self.site.state))


def fingerprint(state):
    out = {}
    for folder, _, files in os.walk(state):
        for name in files:
            path = os.path.join(folder, name)
            if name.endswith("-shm") or os.path.getsize(path) == 0:  # what a look leaves behind
                continue
            with open(path, "rb") as file:
                out[os.path.relpath(path, state)] = hash(file.read())
    return out


def remove(state, *names):
    for name in names:
        path = os.path.join(state, name)
        shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)


def put(kept, state, *names):
    for name in names:
        path, to = os.path.join(kept, name), os.path.join(state, name)
        if os.path.isdir(path):
            shutil.rmtree(to, ignore_errors=True)
            shutil.copytree(path, to)
        else:
            shutil.copy(path, to)


def later(site, hours):
    site.environment["PINGJING_CLOCK"] = (site.START + timedelta(hours=hours)).isoformat()


def segments(state):
    return [os.path.join("journal", name) for name in os.listdir(os.path.join(state, "journal")) if name.startswith("sent.")]


def story(new_site):
    towns = {}
    building = [threading.Thread(target=lambda n=name, d=days: towns.__setitem__(n, Town(new_site, d))) for name, days in (("ours", 3), ("other", 2))]
    for one in building:
        one.start()
    for one in building:
        one.join()
    check(len(towns) == 2, "two sites live")
    town, other = towns["ours"], towns["other"]
    site, database, wal, journal, epoch = town.site, "pingjing.db", "pingjing.db-wal", "journal", os.path.join("journal", "epoch")

    refusals = [
        ("the database is gone", town.new, lambda s: remove(s, database), ["is gone", "24 texts went out", PUT_BACK, RESTORE]),
        ("the database is gone, its log is not", town.killed, lambda s: remove(s, database), ["is gone", PUT_BACK, RESTORE]),
        ("the log is gone after a kill", town.killed, lambda s: remove(s, wal), ["pingjing.db-wal was taken away", PUT_BACK, RESTORE]),
        ("an older database without its log", town.new, lambda s: put(town.old, s, database), ["older", PUT_BACK, RESTORE]),
        ("an older database in the place of one that was killed", town.killed, lambda s: (remove(s, wal), put(town.new, s, database)), ["older", PUT_BACK, RESTORE]),
        ("an older database under a newer log", town.killed, lambda s: put(town.old, s, database), ["older", PUT_BACK, RESTORE]),
        ("the end of the database is gone", town.new, lambda s: os.truncate(os.path.join(s, database), os.path.getsize(os.path.join(s, database)) // 2), ["missing", PUT_BACK, RESTORE]),
        ("the journal's folder is gone", town.new, lambda s: remove(s, journal), [epoch + " is gone", PUT_BACK, RESTORE]),
        ("the journal's folder is gone after a kill", town.killed, lambda s: remove(s, journal), [epoch + " is gone", PUT_BACK, RESTORE]),
        ("the epoch file is gone", town.new, lambda s: remove(s, epoch), [epoch + " is gone", PUT_BACK, RESTORE]),
        ("everything is gone", town.new, lambda s: remove(s, *os.listdir(s)), ["there is no store", "pingjing init", RESTORE]),
        ("another site's database", town.old, lambda s: put(other.killed, s, database, wal), ["not of one site", PUT_BACK, RESTORE]),
        ("another site's journal", town.new, lambda s: put(other.old, s, journal), ["not of one site", PUT_BACK, RESTORE]),
        ("another site's sent journal under our epoch", town.new, lambda s: (remove(s, *segments(s)), put(other.old, s, *segments(other.old))), ["not of one site", "sent.", PUT_BACK, RESTORE]),
    ]
    for what, kept, harm, words in refusals:
        harm(town.lay_down(kept))
        town.refused(what, *words)

    under_a_running_daemon(town)
    goes_on(town)
    taken_into_use(town)
    journal_written_anew(town)


def under_a_running_daemon(town):
    """The log is deleted while it is in use: an alarm, and a stop in order saves what is in it."""
    site = town.site
    state = town.lay_down(town.old)
    site.start()
    site.post_calls(*(site.call(f"call-{n}", number(n)) for n in range(300, 305)))
    os.remove(os.path.join(state, "pingjing.db-wal"))
    site.post_calls(*(site.call(f"call-{n}", number(n)) for n in range(310, 315)))
    until(lambda: "files_gone" in site.run("status").stdout and "pingjing.db-wal" in site.run("status").stdout, "status says which file is gone")
    check(site.stop() == 0, "stops")
    check(site.books()["cases"] == 27, "and everything is there", site.books())
    site.run("verify")


def goes_on(town):
    """What is no harm: everything is there, and the daemon starts."""
    site = town.site
    for what, kept, change in (("as it was stopped", town.new, lambda s: None), ("as it was killed", town.killed, lambda s: None),
                               ("an older epoch file", town.new, lambda s: put(town.old, s, os.path.join("journal", "epoch"))),
                               ("the shared memory is gone", town.killed, lambda s: remove(s, "pingjing.db-shm"))):
        change(town.lay_down(kept))
        calls = 34 if kept == town.new else 51
        check(site.books()["cases"] == calls, f"{what}: every call is there", site.books())
        site.run("verify")


def taken_into_use(town):
    """What the words of a refusal say, done: what waits is held, nobody is texted twice, and the released are asked."""
    site = town.site
    remove(town.lay_down(town.new), "journal")
    site.run("serve", exit=1)
    done = site.run("restore", os.path.join(site.state, "pingjing.db"))
    check("WARNING" in done.stdout and "held:     10 surveys" in done.stdout, "restore takes the store itself, and says that the journal is not whole", done.stdout)
    asked = len(town.asked())
    later(site, 3)
    site.start()
    check(site.books()["cases"] == 34, "every call is there", site.books())
    until(lambda: "10 held" in site.run("status").stdout, "what waits is held")
    check("released 10" in site.run("release", "--all-restored", "--reason", "nobody was asked").stdout, "a person releases it")
    until(lambda: len(town.asked()) == asked + 10, "and it is asked")
    check(site.stop() == 0, "stops")
    site.run("verify")


def journal_written_anew(town):
    """The sent journal alone is gone: the epoch says that the store is the newest, and the store knows what went out. So a backup from
    before is taken into use as if nothing had happened."""
    site = town.site
    state = town.lay_down(town.new)
    remove(state, *segments(state))
    told = site.run("status")
    check("journal.written_anew" in told.stderr, "it is said", told.stderr)
    done = site.run("restore", os.path.join(town.old, "pingjing.db"))
    check("WARNING" not in done.stdout and "unknown:  12 texts" in done.stdout, "the journal is whole again", done.stdout)
    asked = len(town.asked())
    later(site, 6)
    site.start()
    site.post_calls(*(site.call(f"call-{n}", number(n)) for n in range(100, 112)))
    until(lambda: "17 held" in site.run("status").stdout, "what waits is held, and what the backup does not know comes again and is held")
    time.sleep(2)
    check(len(town.asked()) == asked, "and nobody is asked twice")
    check(site.stop() == 0, "stops")
    site.run("verify")


play(story)
