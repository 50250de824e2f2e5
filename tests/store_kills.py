# SPDX-License-Identifier: MIT
"""store_kills.py DIR N_CHUNKS CHUNK N_CLIENT_KILLS N_SERVER_KILLS - eight writers of a store on a server, which,
as they do, is killed in the middle of puts.

The server of DIR has the socket DIR/redis.sock, and syncs each write before it answers. A writer runs
umm-store put with CHUNK rows of ids of its own N_CHUNKS times; when one is killed, the next run puts later values.
What a run that ended well put must be in the store, unless a later one took its place; of no row there is a half.
Prints what was done."""
import random
import re
import signal
import subprocess
import sys
import threading
import time

from waiting import wait_until

N_WRITERS, DIM = 8, 4
N_IDS = 50  # of each writer


class Server:
    def __init__(self, place):
        self.place, self.process = place, None
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", f"{self.place}/redis.sock", "--dir", self.place, "--save", "",
             "--appendonly", "yes", "--appendfsync", "always", "--logfile", f"{self.place}/log"], close_fds=True)

    def answers(self):
        return subprocess.run(["redis-cli", "-s", f"{self.place}/redis.sock", "PING"], capture_output=True,
                              check=False).stdout == b"PONG\n"

    def kill(self):
        self.process.kill()
        self.process.wait()


class Writer(threading.Thread):
    """least[i] and most[i]: value of id i that a run which ended well put last, that any tried to put."""

    def __init__(self, number, place, n_chunks, chunk):
        super().__init__()
        self.number, self.place, self.n_chunks, self.chunk = number, place, n_chunks, chunk
        self.least, self.most = [0] * N_IDS, [0] * N_IDS
        self.process, self.n_done, self.n_killed, self.failure = None, 0, 0, None
        self.value = 0

    def run(self):
        try:
            while self.n_done < self.n_chunks and not self.failure:
                self.put()
        except Exception as failure:  # noqa: a thread's own would be lost
            self.failure = failure

    def put(self):
        tried, lines = list(self.least), []
        for _ in range(self.chunk):
            self.value += 1
            i = self.value % N_IDS
            tried[i] = self.most[i] = self.value
            lines.append(f"w{self.number}-{i}" + f",{self.value}" * DIM + "\n")
        self.process = subprocess.Popen(["umm-store", "put", "--timeout=100s", self.place], stdin=subprocess.PIPE,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        said = self.process.communicate("".join(lines))[1] if self.process else ""
        if self.process.returncode == -signal.SIGKILL:
            self.n_killed += 1
            return
        # It began while there was no server: that is told at once.
        if self.process.returncode == 1 and re.fullmatch(r"umm-store: \S+: cannot connect: .*\n", said):
            time.sleep(0.01)
            return
        assert self.process.returncode == 0 and not said, f"writer {self.number}: {self.process.returncode}: {said}"
        self.least, self.n_done = tried, self.n_done + 1


def main():
    where, n_chunks, chunk, n_client_kills, n_server_kills = sys.argv[1], *map(int, sys.argv[2:])
    place = f"unix:{where}/redis.sock?prefix=kills"
    rng = random.Random(7)
    server = Server(where)
    try:
        wait_until(server.answers, "the server", server.process)
        subprocess.run(["umm-store", "create", f"--dim={DIM}", f"--max-positions={N_WRITERS * N_IDS}", place], check=True)
        began = time.monotonic()
        writers = [Writer(i, place, n_chunks, chunk) for i in range(N_WRITERS)]
        for writer in writers:
            writer.start()
        kills = ["client"] * n_client_kills + ["server"] * n_server_kills
        rng.shuffle(kills)
        # Evenly over what is to be done.
        for n, kind in enumerate(kills, 1):
            due = n * N_WRITERS * n_chunks // (len(kills) + 1)
            wait_until(lambda due=due: sum(w.n_done for w in writers) >= due or any(w.failure for w in writers), "puts")
            if kind == "server":
                server.kill()
                server.start()
                wait_until(server.answers, "the server, again", server.process)
            else:
                busy = [w.process for w in writers if w.process and w.process.poll() is None]
                if busy:
                    rng.choice(busy).kill()
        for writer in writers:
            writer.join()
        took = time.monotonic() - began
        failures = [str(w.failure) for w in writers if w.failure]
        assert not failures, failures
        check(place, writers)
        n_puts = N_WRITERS * n_chunks * chunk
        print(f"{n_puts} puts by {N_WRITERS} writers in {took:.1f} s; {sum(w.n_killed for w in writers)} clients and "
              f"{n_server_kills} times the server killed; nothing lost")
    finally:
        server.kill()


def check(place, writers):
    verdict = subprocess.run(["umm-store", "verify", place], capture_output=True, text=True, check=False)
    assert verdict.returncode == 0 and not verdict.stderr, verdict.stdout + verdict.stderr
    found = {}
    for line in subprocess.run(["umm-store", "export", place, "-"], capture_output=True, text=True,
                               check=True).stdout.splitlines()[1:]:
        name, active, _, _, *values = line.split(",")
        assert active == "1" and len(set(values)) == 1, f"half a vector: {line}"
        found[name] = int(float(values[0]))
    for w in writers:
        for i in range(N_IDS):
            value = found.get(f"w{w.number}-{i}", 0)
            assert w.least[i] <= value <= w.most[i], f"w{w.number}-{i} is {value}, not {w.least[i]} to {w.most[i]}"


if __name__ == "__main__":
    main()
