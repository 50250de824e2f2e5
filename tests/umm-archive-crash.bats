#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Nothing that was stored is lost: kill -9 at any moment, an append that reached the disk
# up to any byte, readers while all that goes on.
load helper

@test "kill -9 of appends at random moments loses no row that was stored" {
    umm-synth --rows=70000 -o bars.csv
    umm-convert -o want.npy bars.csv
    "$PY" - <<'PYEOF'
import os, random, subprocess, time
lines = open("bars.csv").readlines()
head, lines = lines[0], lines[1:]
want = open("want.npy", "rb").read()[128:]
random.seed(3)
# Just under a frame, so that it fills up on the way.
subprocess.run(["umm-archive", "append", "a.npy.zst"], input=head + "".join(lines[:65300]), text=True, check=True)
stored, kills = 65300, 0
def rows():
    got = subprocess.run(["umm-archive", "extract", "a.npy.zst"], capture_output=True, check=True).stdout[128:]
    assert got == want[:len(got)], "other rows"
    return len(got) // 48
# However slow the machine is, some of the kills come late enough that rows are stored.
for turn in range(500):
    if turn >= 25 and stored > 65300:
        break
    args = random.choice([["--sync=always"], ["--sync=always", "--flush-rows=7"], ["--keep-journal"], []])
    p = subprocess.Popen(["umm-archive", "append", *args, "a.npy.zst"], stdin=subprocess.PIPE, text=True)
    n = stored + random.choice([3, 20, 150])
    seen = stored
    try:
        p.stdin.write(head)
        for i in range(stored, n):
            p.stdin.write(lines[i])
            p.stdin.flush()
            if random.random() < 0.1:
                # What a reader has seen was stored.
                seen = max(seen, rows())
        if random.random() < 0.3:
            p.stdin.close()
    except BrokenPipeError:
        pass
    time.sleep(random.random() * 0.02)
    p.kill()
    p.wait()
    kills += 1
    try:
        p.stdin.close()
    except BrokenPipeError:
        pass
    now = rows()
    assert now >= seen, (turn, args, now, seen)
    if "--sync=always" in args:
        # And what it had read at the kill had been stored before more was read.
        assert now >= stored, (now, stored)
    stored = now
    if turn % 5 == 4:
        subprocess.run(["umm-archive", "repair", "a.npy.zst"], check=True)
        assert subprocess.run(["zstd", "-dcq", "a.npy.zst"], capture_output=True, check=True).stdout[128:] == want[:stored * 48]
assert kills >= 25 and stored > 65300
PYEOF
    no_leftovers
}

@test "an append that reached the disk up to any byte, and a journal cut at any byte" {
    umm-synth --rows=140 -o bars.csv
    head -n 101 bars.csv | umm-archive append a.npy.zst
    cp a.npy.zst old
    # The journal of the last frame's rows, as the append makes it first.
    umm-archive append --level=19 a.npy.zst bars.csv
    cp a.npy.zst new
    "$PY" - <<'PYEOF'
import ctypes, os, struct, subprocess
x = ctypes.CDLL("libxxhash.so.0").XXH64
x.restype, x.argtypes = ctypes.c_uint64, [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint64]
def hashed(b):
    return b + struct.pack("<Q", x(b, len(b), 0))
old, new = open("old", "rb").read(), open("new", "rb").read()
rows = subprocess.run(["zstd", "-dcq", "old"], capture_output=True, check=True).stdout[128:]
journal = hashed(b"UMMJRNL\0" + struct.pack("<HHIQQ", 1, 0, 48, 0, x(b"", 0, 0)))
journal += hashed(struct.pack("<QII", 0, 100, 0) + rows)
def extract():
    done = subprocess.run(["umm-archive", "extract", "a.npy.zst"], capture_output=True)
    assert done.returncode == 0 and done.stderr == b"", done.stderr
    return done.stdout[128:]
data = 185
for n in list(range(data, len(new), 13)) + [len(new)]:
    for torn in (new[:n], new[:n] + old[n:]):
        # The header is written last.
        open("a.npy.zst", "wb").write(old[:data] + torn[data:])
        open("a.npy.zst.journal", "wb").write(journal)
        assert extract() == rows, n
    if n % 5 == 0:
        # What verify passes others can read, even where nothing is lost.
        verified = subprocess.run(["umm-archive", "verify", "a.npy.zst"], capture_output=True)
        unpacked = subprocess.run(["zstd", "-dcq", "a.npy.zst"], capture_output=True)
        assert verified.returncode or (unpacked.returncode == 0 and unpacked.stdout[128:] == rows), n
        subprocess.run(["umm-archive", "repair", "a.npy.zst"], check=True)
        assert not os.path.exists("a.npy.zst.journal")
        mended = subprocess.run(["zstd", "-dcq", "a.npy.zst"], capture_output=True, check=True).stdout[128:]
        # All but the header: the append is finished.
        assert mended == rows or (n == len(new) and mended[:len(rows)] == rows), n
# Five appends in the journal; cut anywhere, those before the cut are there.
open("a.npy.zst", "wb").write(old)
if os.path.exists("a.npy.zst.journal"):
    os.unlink("a.npy.zst.journal")
lines, sizes = open("bars.csv").readlines(), []
for n in range(101, 106):
    subprocess.run(["umm-archive", "append", "--keep-journal", "a.npy.zst"], input="".join(lines[:n + 1]), text=True, check=True)
    sizes.append(os.path.getsize("a.npy.zst.journal"))
whole = open("a.npy.zst.journal", "rb").read()
everything = extract()
for n in range(40, len(whole) + 1, 3):
    open("a.npy.zst.journal", "wb").write(whole[:n])
    assert extract() == everything[:(100 + sum(s <= n for s in sizes)) * 48], n
PYEOF
}

@test "the next writer removes the temporary files of killed ones" {
    umm-synth --rows=140 -o bars.csv
    local command name
    for command in append flush repair compact; do
        head -n 101 bars.csv | umm-archive append a.npy.zst
        for name in .a.npy.zst.umm-0 .a.npy.zst.umm-7 .a.npy.zst.journal.umm-0; do
            echo left >"$name"
        done
        ok umm-archive $command a.npy.zst <bars.csv
        no_leftovers
    done
}

@test "readers during a long append see whole archives that only grow" {
    umm-synth --rows=200000 -o bars.csv
    umm-convert -o want.npy bars.csv
    head -n 101 bars.csv | umm-archive append a.npy.zst
    cat >reader.py <<'EOP'
import subprocess, time
want = open("want.npy", "rb").read()[128:]
last = n = 0
end = time.monotonic() + 500
while last < len(want):
    assert time.monotonic() < end, last
    p = subprocess.run(["umm-archive", "extract", "a.npy.zst"], capture_output=True)
    assert p.returncode == 0, p.stderr
    got = p.stdout[128:]
    assert len(got) >= last and got == want[:len(got)], (len(got), last)
    last, n = len(got), n + 1
    print(n, flush=True)
EOP
    "$PY" reader.py >seen 3>&- &
    local reader=$!
    wait_until "$reader" 'a look of the reader' has_lines seen 1
    umm-archive append --flush-rows=20000 a.npy.zst <(head -n 120001 bars.csv)
    umm-archive compact --level=1 a.npy.zst
    local n
    for ((n = 120002; n < 120022; n++)); do
        umm-archive append --keep-journal a.npy.zst <(sed -n "1p;${n}p" bars.csv)
    done
    n=$(wc -l <seen)
    wait_until "$reader" 'another look of the reader' has_lines seen $((n + 1))
    umm-archive append a.npy.zst <(sed -n "1p;120022,200001p" bars.csv)
    wait $reader
    has_lines seen 3
    no_leftovers
}
