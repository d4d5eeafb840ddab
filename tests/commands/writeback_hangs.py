#!/usr/bin/env python3
"""The other system's folder does not answer: reports go on, so do calls and replies, and who is told to stop stops. Nothing of what waits is
lost. Usage: writeback_hangs.py PROGRAM HANGING_FOLDER.so"""
import glob, os, sys, time
from police_site import check, play, until


def story(new_site):
    site = new_site(more='[writeback]\nratings = "case"\nevery = "1s"\nto = "file"\nfolder = "inbox"\n')
    os.mkdir(site.path("inbox"))
    site.init()
    sign = site.path("hangs")
    site.write("hangs", "")
    site.start({"LD_PRELOAD": sys.argv[2], "HANGING_FOLDER": sign, "ASAN_OPTIONS": "verify_asan_link_order=0"})
    number = "13900000401"
    site.post_calls(site.call("c0", number))
    until(lambda: site.carrier.to(number), "he is asked")
    check(site.reply(number, "3", "m0", site.carrier.to(number)[0]["from"])[0] == 200, "his answer is taken")
    until(lambda: glob.glob(site.path("inbox/.*.unfinished")), "the file is begun")
    for path in ("/v1/reports/units", "/v1/reports/balance"):
        began = time.monotonic()
        check(site.ask("GET", path, token=site.token)[0] == 200 and time.monotonic() - began < 2, "reports do not wait for it", path, time.monotonic() - began)
    check(not glob.glob(site.path("inbox/*.jsonl")), "it hangs")
    check(site.stop() == 0 and site.took < 10, "it stops when told", site.took)
    os.remove(sign)
    site.start()
    until(lambda: glob.glob(site.path("inbox/*.jsonl")), "what waited leaves with a new start")
    check(site.stop() == 0, "stops")
    site.run("verify")


play(story)
