# SPDX-License-Identifier: MIT
"""live_watch.py - umm-watch in scripts/bench-live: what a million positions take, and save.

  looks      1,000,000 positions of 1,000 symbols, 1 % at a risk above 0.8, 9 % above 0.5, 30 %
             above 0.2, the rest below: 550,000 looks a second. Opened within five seconds, so that
             they are due at any time; a price every millisecond changes no interval. Looks go
             through a pipe to a program on another processor, which counts them
  lateness   of these, from when a look was due to its line
  price      one that changes no interval of 1,000 positions, through the library (watchlist.c)
  memory     resident, for each position with an id of 15 bytes
  saving     a minute of --clock=input with 0.5, 4.5, 15 and 80 % at these risks, beside a look at
             each position every second
"""
import os
import signal
import subprocess
import time

POSITIONS, SYMBOLS = 1_000_000, 1000
RISKS = (0.9, 0.6, 0.35, 0.1)
LOAD_SHARES, SAVING_SHARES = (0.01, 0.09, 0.30, 0.60), (0.005, 0.045, 0.15, 0.80)
PER_S = (10, 2, 0.5, 0.2)  # looks
NAMES = b"event,time,id,symbol,side,entry,take_profit,stop_loss,price\n"
OPEN_S, REST_S = 5.0, 1.5
BYTES_MAX, CPU_MAX, LATE_MAX_US, PRICE_MAX_US, SAVED_MIN = 128, 1.0, 1000, 5, 60


def price_line(symbol, risk, time_ms=""):
    """Between 90 and 110, from 100 on, a price is at a risk of a tenth of its distance."""
    return b"price,%s,,S%04d,,,,,%.4f\n" % (str(time_ms).encode(), symbol, 100 + 10 * risk)


def open_line(i, symbol, time_ms=""):
    return b"open,%s,position%07d,S%04d,long,100,110,90,\n" % (str(time_ms).encode(), i, symbol)


def risks(shares, n):
    """The risk of each of n symbols."""
    return [risk for risk, share in zip(RISKS, shares) for _ in range(round(share * n))]


def resident_bytes(pid):
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as lines:
        return 1024 * sum(int(line.split()[1]) for line in lines if line.startswith(("Anonymous:", "Shared_Dirty:")))


def cpu_s(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        user, system = stat.read().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


class Paced:
    """Writes that come a millisecond after one another, from a start on."""

    def __init__(self, file, start):
        self.file, self.next = file, start

    def put(self, data):
        now = time.monotonic()
        if now < self.next:
            time.sleep(self.next - now)
        self.next += 0.001
        self.file.write(data)
        self.file.flush()


def feed_opens(file, start):
    n = round(OPEN_S * 1000)
    each = POSITIONS // n
    paced = Paced(file, start)
    for k in range(n):
        # One symbol after another, so that each has positions that were opened at any time.
        paced.put(b"".join(open_line(i, i % SYMBOLS) for i in range(k * each, (k + 1) * each)))


def feed_prices(file, seconds, all_risks):
    start, k = time.monotonic(), 0
    paced = Paced(file, start)
    while time.monotonic() < start + seconds:
        k += 1
        symbol = k * 7 % SYMBOLS
        paced.put(price_line(symbol, all_risks[symbol] + 0.001 * (k % 3)))


def run_load(bench, tool):
    """looks a second, p50, p99 and longest lateness in us, share of a processor, bytes a position."""
    count_s = 3.0 if bench.options.quick else 15.0
    all_risks, counter = risks(LOAD_SHARES, SYMBOLS), bench.compile("live_looks")

    def pin(core):
        return lambda: os.sched_setaffinity(0, {core})
    with subprocess.Popen([tool], stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=pin(bench.server_core)) as watch:
        watch.stdin.write(NAMES + b"".join(price_line(s, risk) for s, risk in enumerate(all_risks)))
        watch.stdin.flush()
        time.sleep(0.2)
        bytes_before, start = resident_bytes(watch.pid), time.monotonic()
        with subprocess.Popen([counter, str(count_s)], stdin=watch.stdout, stdout=subprocess.PIPE,
                              text=True, preexec_fn=pin(bench.client_core)) as looks:
            watch.stdout.close()
            feed_opens(watch.stdin, start)
            late_s = time.monotonic() - start - OPEN_S
            feed_prices(watch.stdin, REST_S, all_risks)
            looks.send_signal(signal.SIGUSR1)
            cpu_before, start = cpu_s(watch.pid), time.monotonic()
            feed_prices(watch.stdin, count_s, all_risks)
            cpu = (cpu_s(watch.pid) - cpu_before) / (time.monotonic() - start)
            memory = (resident_bytes(watch.pid) - bytes_before) / POSITIONS
            found = looks.stdout.readline().split()
            watch.terminate()
            watch.stdin.close()
    if late_s > 0.2 * OPEN_S:
        bench.note(f"opening the positions took {OPEN_S + late_s:.1f} s in place of {OPEN_S:g}: the machine is busy, or umm-watch is slow")
    return [float(word) for word in found] + [cpu, memory]


def run_saving(tool, n=10_000, seconds=60):
    """The share of looks that are saved."""
    all_risks = risks(SAVING_SHARES, 1000)
    events = NAMES + b"".join(price_line(s, risk, 0) for s, risk in enumerate(all_risks))
    events += b"".join(open_line(i, i % len(all_risks), i * 1000 // n) for i in range(n))
    events += price_line(0, all_risks[0], seconds * 1000)
    looks = subprocess.run([tool, "--clock=input"], input=events, stdout=subprocess.PIPE, check=True).stdout
    return 1 - (looks.count(b"\n") - looks.startswith(b"time_ms")) / (n * seconds)


def run_list(bench):
    """What watchlist.c prints, by name: the list alone, without text and clock."""
    sizes = ("100000", "100", "2") if bench.options.quick else (str(POSITIONS), str(SYMBOLS), "10")
    made = subprocess.run([bench.compile("watchlist"), *sizes], stdout=subprocess.PIPE, check=True, text=True)
    return {name: float(value) for name, value in map(str.split, made.stdout.splitlines())}


def run(bench, tool):
    print("\numm-watch, 1,000,000 positions", flush=True)
    rate, p50, p99, most, cpu, memory = run_load(bench, tool)
    wanted = POSITIONS * sum(share * n for share, n in zip(LOAD_SHARES, PER_S))
    print(f"  {rate:,.0f} looks/s; late by {p50:.0f} us (p50), {p99:.0f} (p99), {most:.0f} at most")
    bench.judge("looks: of those that are due", rate / wanted, 0.99)
    bench.judge("processors", cpu, CPU_MAX, is_most=True)
    bench.judge("lateness, p99", p99, LATE_MAX_US, " us", is_most=True)
    bench.judge("memory, bytes a position", memory, BYTES_MAX, is_most=True)
    bench.judge("looks saved, 0.5, 4.5, 15 and 80 % at risk", 100 * run_saving(tool), SAVED_MIN, " %")
    alone = run_list(bench)
    print(f"  the list alone: {alone['look_ns']:.0f} ns a look, {alone['bytes_list']:.0f} bytes a position")
    bench.judge("a price that changes no interval of 1,000 positions", alone["price_us"], PRICE_MAX_US, " us", is_most=True)
