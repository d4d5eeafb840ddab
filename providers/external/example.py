#!/usr/bin/env python3
"""A whole adapter for pingjing. Texts leave as files for whoever sends them (FOLDER/out/REF.json), receipts and replies come in as files
(FOLDER/in/NAME.json, one item each, renamed to that name when it is whole) and are removed when pingjing has them. Usage: example.py SOCKET FOLDER"""
import json, os, select, socket, struct, sys

place, folder = sys.argv[1:3]

def say(line, **frame):
    body = json.dumps(frame).encode()
    line.sendall(struct.pack(">I", len(body)) + body)

def hear(line):
    def read(count):
        data = b""
        while len(data) < count:
            data += line.recv(count - len(data)) or sys.exit("pingjing has hung up")  # started again by the unit
        return data
    return json.loads(read(*struct.unpack(">I", read(4))))

def send(text):
    name = os.path.join(outbox, text["ref"] + ".json")
    try:
        with open(name + ".part", "w") as out:
            json.dump(text, out)
            out.flush(), os.fsync(out.fileno())
    except OSError as error:
        return {"outcome": "retry", "reason": error.strerror}  # proved: nobody sends what is not there
    os.rename(name + ".part", name)  # should this fail, we end without an answer: the text is in doubt, as it is
    return {"outcome": "accepted", "vendor_ids": [text["ref"]]}

def item(name):
    with open(os.path.join(inbox, name), "rb") as file:
        text = file.read().decode("utf-8", "replace")
    try:
        return json.loads(text)
    except ValueError:
        return {"kind": "unreadable", "text": text}  # pingjing keeps it for a person

inbox, outbox = os.path.join(folder, "in"), os.path.join(folder, "out")
for path in (inbox, outbox):
    os.makedirs(path, exist_ok=True)
os.path.exists(place) and os.remove(place)
door = socket.socket(socket.AF_UNIX)
door.bind(place), door.listen()
line, batch, handed_in = door.accept()[0], 0, []
hear(line)  # hello
say(line, type="hello", version=1)
while True:
    found = sorted(name for name in os.listdir(inbox) if name.endswith(".json"))[:100]
    if found and not handed_in:
        batch, handed_in = batch + 1, found
        say(line, type="items", batch=batch, items=[item(name) for name in found])
    if select.select([line], [], [], 0.2)[0]:
        frame = hear(line)
        if frame["type"] == "submit":
            say(line, type="outcome", seq=frame["seq"], **send(frame))
        elif frame["type"] in ("kept", "not_kept"):
            for name in handed_in if frame["type"] == "kept" else []:
                os.remove(os.path.join(inbox, name))
            handed_in = []
