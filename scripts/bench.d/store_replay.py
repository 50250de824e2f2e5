# SPDX-License-Identifier: MIT
"""store_replay.py PROXY SERVER REQUEST - catch one request of a client of a server.

Listens at PROXY, takes one connection, passes all on to SERVER and back, and writes to REQUEST the
last EVALSHA that came with more than 1,000 bytes. For scripts/bench-store.
"""
import os
import selectors
import socket
import sys

proxy, server, request = sys.argv[1:]
listener = socket.socket(socket.AF_UNIX)
listener.bind(proxy)
listener.listen()
client = listener.accept()[0]
there = socket.socket(socket.AF_UNIX)
there.connect(server)
waits = selectors.DefaultSelector()
waits.register(client, selectors.EVENT_READ, there)
waits.register(there, selectors.EVENT_READ, client)
sent = b""
while waits:
    for key, _ in waits.select():
        some = key.fileobj.recv(1 << 20)
        if not some:
            start = max(i for i in range(len(sent)) if sent.startswith(b"*", i) and b"EVALSHA" in sent[i:i + 40])
            with open(request + ".new", "wb") as file:
                file.write(sent[start:])
            os.rename(request + ".new", request)
            sys.exit()
        if key.fileobj is client:
            sent += some
        key.data.sendall(some)
