# SPDX-License-Identifier: MIT
"""live_soak.py - scripts/bench-live --soak=SECONDS: the service under full load for so long.

Clients with many questions under way, in lines and in raw rows, stay all the time; others come and
go, 50 connections at a time. Every 20 seconds the model is read anew (SIGHUP). Every answer is
compared. Every 10 seconds, while only those that stay are there, memory and descriptors are
looked at: they must not change, memory from the middle of the time on, when all buffers have been used.
"""
import os
import signal
import subprocess
import sys
import time

SAMPLE_S, RELOAD_S, COME_AND_GO_S = 10, 20, 0.5
GROWTH_KB_MAX = 256


def sample(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        resident_kb = int(status.read().split("VmRSS:")[1].split()[0])
    return resident_kb, len(os.listdir(f"/proc/{pid}/fd"))


def settled(pid, n_descriptors):
    """A sample when those who came have gone; after a second, as it is."""
    for _ in range(100):
        found = sample(pid)
        if n_descriptors is None or found[1] == n_descriptors:
            return found
        time.sleep(0.01)
    return found


def run(bench, seconds):
    client, service = bench.compile("live_client"), bench.servers["umm"]

    def begin(kind, connections, outstanding, for_s):
        return subprocess.Popen([client, bench.path("umm.sock"), bench.path(f"questions.{kind}"), bench.path(f"answers.{kind}"),
                                 kind, str(connections), str(outstanding), str(for_s)], stdout=subprocess.PIPE, text=True)
    stay = [begin("text", 1, 256, seconds), begin("raw", 1, 256, seconds), begin("text", 50, 1, seconds)]
    time.sleep(1)
    start = now = time.monotonic()
    samples, n_gone, reloaded, n_descriptors = [], 0, start, sample(service.pid)[1]
    while now < start + seconds - SAMPLE_S:
        passing = begin("text", 50, 2, COME_AND_GO_S)
        if passing.wait():
            sys.exit("bench-live: a client that came and went was answered wrongly")
        n_gone += 50
        now = time.monotonic()
        if now > reloaded + RELOAD_S:
            reloaded = now
            service.send_signal(signal.SIGHUP)
        if now > start + SAMPLE_S * (len(samples) + 1):
            samples.append(settled(service.pid, n_descriptors))
            print(f"{now - start:5.0f} s: {samples[-1][0]} KiB resident, {samples[-1][1]} descriptors", flush=True)
    rows = [process.communicate()[0].split() for process in stay]
    if service.poll() is not None or any(process.returncode for process in stay):
        sys.exit("bench-live: the service has ended, or a client was answered wrongly")
    rate = sum(float(words[0]) for words in rows)
    print(f"{rate:,.0f} rows/s, {n_gone:,} clients came and went, {len(samples)} samples")
    middle = samples[len(samples) // 2][0]
    print(f"  memory: {samples[0][0]} KiB at first, {middle} in the middle")
    bench.judge("memory has grown since the middle, KiB", max(kb for kb, _ in samples) - middle, GROWTH_KB_MAX, is_most=True)
    bench.judge("descriptors differ by", max(n for _, n in samples) - min(n for _, n in samples), 0, is_most=True)
