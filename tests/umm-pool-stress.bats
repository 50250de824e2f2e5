#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Readers beside writers that are killed: nothing is torn, lost or left over, and the
# budget holds. UMM_STRESS_SECONDS says for how long (default 3).

load helper
load pool

@test "put, replace and rm under readers, with kill -9 of writers" {
    cat >stress.py <<'EOF'
import os, random, signal, subprocess, sys, threading, time
import numpy as np

seconds, pool = float(sys.argv[1]), sys.argv[2]
BUDGET = 10_000_000
random.seed(7)
# Of the key "same" all versions have one shape; of "other" each has its own.
for v in range(3):
    np.save(f"same-{v}.npy", np.full((80_000, 6), v + 1.0))
    np.save(f"other-{v}.npy", np.full((30_000 * (v + 1), 6), v + 1.0))

READER = """
import sys, time
import numpy as np
pool, key, end = sys.argv[1], sys.argv[2], time.monotonic() + float(sys.argv[3])
n = n_missing = 0
versions = set()
while time.monotonic() < end:
    path = f"{pool}/{key}.npy"
    try:
        if key == "same":
            a = np.load(path, mmap_mode="r")
        else:
            # NumPy opens a path three times: one open file is one version.
            with open(path, "rb") as f:
                a = np.load(f"/proc/self/fd/{f.fileno()}", mmap_mode="r")
    except FileNotFoundError:
        n_missing += 1
        continue
    v = a[0, 0]
    assert v in (1, 2, 3) and (a == v).all(), f"torn: {key} {a.shape}"
    assert a.shape == ((80_000, 6) if key == "same" else (30_000 * int(v), 6)), f"mixed: {key} {a.shape} {v}"
    n += 1
    versions.add(v)
print(n, n_missing, len(versions))
"""

end = time.monotonic() + seconds
readers = [subprocess.Popen([sys.executable, "-c", READER, pool, key, str(seconds)], stdout=subprocess.PIPE, text=True)
           for key in ("same", "other")]
counts = {"done": 0, "killed": 0, "full": 0, "removed": 0}
lock = threading.Lock()

def count(what):
    with lock:
        counts[what] += 1

def write(seed):
    rng = random.Random(seed)
    while time.monotonic() < end:
        key = rng.choice(("same", "other", "other", "extra"))
        if rng.random() < 0.1:
            done = subprocess.run(["umm-pool", "rm", "p", key], stderr=subprocess.DEVNULL)
            count("removed")
            continue
        version = rng.randrange(3)
        name = f"{'other' if key == 'extra' else key}-{version}.npy"
        writer = subprocess.Popen(["umm-pool", "put", "p", key, name], stderr=subprocess.PIPE)
        if rng.random() < 0.4:
            time.sleep(rng.random() * 0.006)
            writer.kill()
        stderr = writer.communicate()[1]
        assert writer.returncode in (0, 1, -signal.SIGKILL), stderr
        assert writer.returncode != 1 or b"of the pool's budget" in stderr, stderr
        count({0: "done", 1: "full"}.get(writer.returncode, "killed"))

most = 0
writers = [threading.Thread(target=write, args=(i,)) for i in range(3)]
for t in writers:
    t.start()
while any(t.is_alive() for t in writers):
    # Entries alone: one that is replaced is there beside its successor, which is not one yet.
    sizes = 0
    for name in os.listdir(pool):
        try:
            sizes += os.stat(f"{pool}/{name}").st_size if name[0] != "." else 0
        except FileNotFoundError:
            pass
    most = max(most, sizes)
    time.sleep(0.002)
is_enough = counts["killed"] >= 2 and counts["done"] >= 5 and counts["full"] >= 1
for r in readers:
    out, _ = r.communicate()
    assert r.returncode == 0
    n, n_missing, n_versions = map(int, out.split())
    is_enough = is_enough and n >= 5 and n_versions >= 2
assert most <= BUDGET, most
print(counts, most)
sys.exit(0 if is_enough else 77)
EOF
    ok umm-pool create p --size=10000000
    # On a busy machine it takes longer until readers have seen more than one version.
    local seconds=${UMM_STRESS_SECONDS:-3} i
    for i in 1 2 3; do
        capture "$PY" stress.py "$seconds" "$(pool p)"
        ((status == 77)) || break
        seconds=$((4 * seconds))
    done
    [[ $status -eq 0 && -z $stderr ]] || fail "$status: $output $stderr"
    echo "# $output" >&3
    ok umm-pool verify p
    [[ ${lines[-1]} == PASS ]]
    no_leftovers "$POOLS"
    ok umm-pool unlink p
    [[ -z $(ls -A "$POOLS") ]]
}

@test "many create, put and unlink at once" {
    array a.npy 1000
    one() {
        for _ in {1..15}; do
            umm-pool create p --size=1M 2>>of-create
            umm-pool put p "k$1" a.npy 2>>others
            umm-pool unlink p 2>>others
        done
        true
    }
    for i in 1 2 3 4; do
        one $i 3>&- &
    done
    wait
    [[ ! -s of-create ]] || fail "$(<of-create)"
    # What may be said of a pool that another removes or makes at that moment.
    ! grep -hvE ': No such file or directory$|has no file .umm-pool$|an entry is being written; nothing removed$|is another directory now; left alone$' others ||
        fail 'other errors'
    ok umm-pool create p --size=1M
    ok umm-pool put p A a.npy
    ok umm-pool verify p
    ok umm-pool unlink p
}
