#!/usr/bin/env python3
"""backup beside a busy daemon, the store lost, restore: nobody is asked twice, what waited goes when a person says so.
Usage: restored.py PROGRAM"""
import os, shutil
from datetime import timedelta
from police_site import check, play, until


def story(new_site):
    site = new_site()
    site.init()
    site.start()

    def later(hours):
        site.environment["PINGJING_CLOCK"] = (site.START + timedelta(hours=hours)).isoformat() + "x1000"

    def asked():
        return [t["to"] for t in site.carrier.texts if "回复" in t["text"]]

    def calls(first, count, **more):
        return [site.call(f"call-{n}", str(13_900_000_000 + n), **more) for n in range(first, first + count)]

    before, since = calls(0, 20), calls(100, 20)
    site.post_calls(*before)
    until(lambda: len(asked()) == 20, "the first twenty are asked")
    copy = site.path("copy.db")
    done = site.run("backup", copy)
    check("ledger entries" in done.stdout and os.stat(copy).st_mode & 0o077 == 0, "backup tells what is in it, and nobody else reads it", done.stdout)
    check("expected a new file" in site.run("backup", copy, exit=1).stderr, "an older backup is not written over")
    check("stop the daemon" in site.run("restore", copy, exit=1).stderr, "restore waits for the daemon's end")

    site.post_calls(*since)
    until(lambda: len(asked()) == 40, "the next twenty are asked")
    check(site.stop() == 0, "stops")
    database = os.path.join(site.state, "pingjing.db")
    os.rename(database, site.path("lost.db"))
    check("pingjing restore" in site.run("serve", exit=1).stderr, "without its store, beside the journal, it does not start")
    check(not os.path.exists(database), "and makes no new one")
    shutil.copy(copy, database)
    said = site.run("backup", site.path("bad.db"), exit=1).stderr
    check("older" in said and not os.path.exists(site.path("bad.db")), "a store that was set back is not backed up as if it were the newest", said)
    os.remove(database)
    check("is gone" in site.run("backup", site.path("bad.db"), exit=1).stderr, "nor one that is gone")
    done = site.run("restore", copy)
    check("next:     1. start the daemon" in done.stdout and "release --restored" in done.stdout, "and what comes next", done.stdout)
    check("20 texts went out about calls that this backup does not know" in done.stdout, "restore says what it does not know", done.stdout)

    later(4)
    site.start()
    outcomes = [r["outcome"] for r in site.post_calls(*before, *since)]
    check(outcomes == ["unchanged"] * 20 + ["accepted"] * 20, "the 110 system pushes its days again", outcomes)
    fresh = calls(300, 2, closed_at=(site.START + timedelta(hours=5)).isoformat())
    site.post_calls(*fresh)
    until(lambda: {"13900000300", "13900000301"} <= set(asked()), "calls closed after the restore are asked")
    check(len(asked()) == len(set(asked())) == 42, "and nobody is asked twice", len(asked()))
    check("20 held" in site.run("status").stdout, "status shows what is held", site.run("status").stdout)
    check("only one that a restore holds" in site.run("release", "--restored", "call-0", "--reason", "x", exit=1).stderr, "what was asked is not released")
    check("may have been asked" in site.run("release", "--restored", "call-100", "--reason", "x", exit=1).stderr, "nor what the journal says left to that number")
    done = site.run("release", "--all-restored", "--reason", "their phones were off")
    check("released 0" in done.stdout and "left 20" in done.stdout and "call-119" in done.stdout, "not even where all are released", done.stdout)
    done = site.run("release", "--restored", "call-100", "call-101", "--accept-possible-double", "--reason", "the carrier never had them")
    check("released 2" in done.stdout, "a person who knows better releases two", done.stdout)
    told = site.run("explain", "call-100").stdout
    check("放行(可能重复) released_in_doubt by control" in told and "「the carrier never had them」" in told, "explain says who and why", told)
    until(lambda: len(asked()) == 44, "and they are asked")
    check(site.stop() == 0, "stops")
    site.run("verify")
    check(site.books()["holds"], "the books balance", site.books())


play(story)
