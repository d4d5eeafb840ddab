#!/usr/bin/env python3
"""Corpora between the tree and libFuzzer. In the tree an input is a line with C's escapes (\\r \\n \\t \\0 \\\\ \\xHH, and \\*N{…} for N times; other bytes as they
are when they are UTF-8), '#' begins a comment line. Usage: unpack.py TEXT-FILE FOLDER; --pack FOLDER prints lines; --seeds TARGET FOLDER takes what other
tests have for that target."""
import hashlib, json, os, sys

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

SHORT = {0x0A: "\\n", 0x0D: "\\r", 0x09: "\\t", 0x00: "\\0", 0x5C: "\\\\"}


def decode(line):
    out, at = bytearray(), 0
    raw = line.encode()
    while at < len(raw):
        if raw[at] != 0x5C:
            out.append(raw[at])
            at += 1
        elif raw[at + 1 : at + 2] == b"x":
            out.append(int(raw[at + 2 : at + 4], 16))
            at += 4
        elif raw[at + 1 : at + 2] == b"*":
            opens, closes = raw.index(b"{", at), raw.index(b"}", at)
            out += decode(raw[opens + 1 : closes].decode()) * int(raw[at + 2 : opens])
            at = closes + 1
        else:
            out.append({"n": 10, "r": 13, "t": 9, "0": 0, "\\": 92}[chr(raw[at + 1])])
            at += 2
    return bytes(out)


def encode(data):
    """Readable where it is UTF-8 that a terminal shows, else escaped."""
    out, at = "", 0
    while at < len(data):
        for length in (1, 2, 3, 4):
            try:
                character = data[at : at + length].decode()
            except UnicodeDecodeError:
                continue
            if len(character) == 1 and character.isprintable() and character != "\\" and not (at == 0 and character == "#"):
                out, at = out + character, at + length
                break
        else:
            out, at = out + SHORT.get(data[at], f"\\x{data[at]:02x}"), at + 1
    return out


def lines_of(path):
    with open(os.path.join(TESTS, path), encoding="utf-8", newline="\n") as lines:
        return [line.rstrip("\n") for line in lines if not line.startswith("#")]


def keep(folder, data):
    with open(os.path.join(folder, hashlib.sha1(data).hexdigest()), "wb") as file:
        file.write(data)


def seeds(target):
    if target == "replies":
        return [json.loads(line)["text"].encode() for line in lines_of("data/replies.jsonl")]
    if target == "calls_csv":
        with open(os.path.join(TESTS, "data/day1/calls.csv"), "rb") as file:
            rows = file.read().split(b"\r\n")
        return [b"10" + rows[0] + b"\r\n" + b"\r\n".join(rows[i : i + 3]) + b"\r\n" for i in range(1, len(rows), 60)]
    if target == "http":
        return [b"0" + decode(line.split("\t")[2]) for line in lines_of("http/hostile.tsv")]
    if target in ("smpp", "cmpp", "smgp", "sgip"):
        return [b"0" + bytes.fromhex(line.split(" ")[1]) for line in lines_of(f"data/protocols/{target}.hex")]
    return []


def main():
    if sys.argv[1] == "--pack":
        for name in sorted(os.listdir(sys.argv[2])):
            with open(os.path.join(sys.argv[2], name), "rb") as file:
                print(encode(file.read()))
    elif sys.argv[1] == "--seeds":
        for data in seeds(sys.argv[2]):
            keep(sys.argv[3], data)
    else:
        os.makedirs(sys.argv[2], exist_ok=True)
        for line in lines_of(os.path.abspath(sys.argv[1])):
            keep(sys.argv[2], decode(line))


main()
