#!/usr/bin/env python3
"""A clock that went wrong while the daemon slept holds all sending until a person has looked. Usage: clock.py PROGRAM"""
import os, time
from datetime import timedelta
from police_site import check, play, until


def move(site, by):
    """The next start finds the clock elsewhere; what is posted then was closed shortly before that moment."""
    site.START += by
    site.environment["PINGJING_CLOCK"] = site.START.isoformat() + "x1000"


def held(site, name, number, why):
    site.start()
    check(why in site.run("status").stdout, f"status says that {why}", site.run("status").stdout)
    check(site.ask("GET", "/readyz")[0] == 200 and why in site.ask("GET", "/readyz")[2], "intake is open, and readiness says what is held")
    check(site.post_calls(site.call(name, number))[0]["outcome"] == "accepted", "calls are taken")
    time.sleep(4)  # twice the delay
    check(not site.carrier.to(number), "nobody is asked")
    released = site.run("release", "--reason", "another hold", exit=1).stdout
    check("released 0 holds of 'stop'" in released and "STILL ON HOLD (clock)" in released and "pingjing.toml --of clock --reason" in released, "it names the hold that is left", released)
    time.sleep(1)
    check(not site.carrier.to(number), "a bare release is of `stop`")
    site.run("release", "--of", "clock", "--reason", "时钟已校正")
    until(lambda: site.carrier.to(number), "released, it goes on")
    check("HOLD" not in site.run("status").stdout, "no hold is left")
    check(site.stop() == 0, "stops")


def story(new_site):
    site = new_site()
    site.init()
    site.start()
    site.post_calls(site.call("first", "13900000201"))
    until(lambda: site.carrier.to("13900000201"), "with a right clock it is sent")
    check("HOLD" not in site.run("status").stdout, "and nothing is held")
    check(site.stop() == 0, "stops")

    site.environment["PINGJING_CLOCK"] = "tomorrow"
    check("PINGJING_CLOCK=tomorrow: expected" in site.run("status", exit=2).stderr, "a clock that says no time is wrong usage")
    move(site, timedelta(days=-2))
    site.configure(sign="YY公安")  # a fact of its own, at the wrong time: it must not hide the last right one
    held(site, "before", "13900000202", "before the last stored fact")
    site.start()
    check("HOLD" not in site.run("status").stdout, "whoever released it has said that the clock is right")
    check(site.stop() == 0, "stops")
    move(site, timedelta(days=30))
    site.configure(sign="ZZ公安")
    said = site.run("optout", "add", "13900000209", "--reason", "来电").stderr  # written without a daemon, this too is a fact
    check("on hold" in said, "a command that writes at a wrong time says so", said)
    held(site, "after", "13900000203", "over seven days")
    check(not os.path.exists(os.path.join(site.state, "exports")), "no files are written by a clock that is not trusted")
    site.start()
    until(lambda: os.path.exists(os.path.join(site.state, "exports", "2026-12-18", "latest")), "the files of the days between are made up for")
    check('"event":"export.written"' in site.said() and os.path.exists(os.path.join(site.state, "exports", "2026-11-21", "latest")), "from the first day on")
    check(site.stop() == 0, "stops")
    check(all(len(site.carrier.to(n)) == 1 for n in ("13900000201", "13900000202", "13900000203")), "one text each")
    site.run("verify")


play(story)
