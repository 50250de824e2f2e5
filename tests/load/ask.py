# SPDX-License-Identifier: MIT
"""ask.py SOCKET [FIRST] - send the line FIRST and wait for its answer, then standard input, to a
service; print all that it answers. What is sent is less than what buffers on the way hold."""
import socket
import sys

with socket.socket(socket.AF_UNIX) as service:
    service.connect(sys.argv[1])
    out = sys.stdout.buffer
    if len(sys.argv) > 2:
        service.sendall(sys.argv[2].encode() + b"\n")
        line = b""
        while not line.endswith(b"\n"):
            line += service.recv(1) or sys.exit("ask.py: the service has gone")
        out.write(line)
    service.sendall(sys.stdin.buffer.read())
    service.shutdown(socket.SHUT_WR)
    while data := service.recv(1 << 16):
        out.write(data)
