#!/usr/bin/env bats
# SPDX-License-Identifier: MIT

load helper
load pool

@test "create, put, get, list, rm, unlink" {
    array a.npy 1000
    ok umm-pool create bars --size=1M
    [[ -z $output && $(stat -c %a "$(pool bars)") == 700 ]]
    ok umm-pool put bars A a.npy
    [[ -z $output ]]
    ok umm-pool get bars A
    [[ $output == "$(pool bars)/A.npy" ]]
    cmp a.npy "$output"
    [[ $(stat -c %a "$output") == 444 ]]
    ok umm-pool list bars
    [[ $output == "$(pool bars): 1 entry, 48128 of 1048576 bytes used (4.6 %)
A: 48128 bytes, <f8 (1000, 6)" ]] || fail "$output"
    ok umm-pool rm bars A
    ok umm-pool list bars
    [[ $output == "$(pool bars): 0 entries, 0 of 1048576 bytes used (0.0 %)" ]] || fail "$output"
    ok umm-pool unlink bars
    [[ -z $(ls -A "$POOLS") ]]
}

@test "the directory is private whatever the umask" {
    umask 0
    ok umm-pool create open --size=1M
    (umask 0777 && umm-pool create shut --size=1M)
    [[ $(stat -c %a "$(pool open)" "$(pool shut)" | tr '\n' ' ') == '700 700 ' ]]
    array a.npy 10
    ok umm-pool put open A a.npy
    [[ $(stat -c %a "$(pool open)/A.npy") == 444 ]]
}

@test "create again: the same budget is no error, another is" {
    ok umm-pool create p --size=1024K
    ok umm-pool create p --size=1MiB
    capture umm-pool create p --size=1M -v
    [[ $status -eq 0 && $stderr == 'umm-pool: p: is there already' ]]
    refuses 1 "umm-pool: $(pool p): exists with a budget of 1048576 bytes" umm-pool create p --size=2M
    [[ $(cat "$(pool p)/.umm-pool") == $'umm-pool 1\nbudget_bytes 1048576' ]]
}

@test "put reads a pipe, and what NumPy writes of any type" {
    ok umm-pool create p --size=1M
    "$PY" - <<'EOF'
import numpy as np
arrays = {
    "fortran": np.asfortranarray(np.arange(12.0).reshape(3, 4)), "scalar": np.array(5), "empty": np.zeros((0, 6)),
    "big": np.arange(5, dtype=">i4"), "struct": np.zeros(9, dtype=[("t", "<M8[ms]"), ("close", "<f4")]),
    "text": np.array(["a", "bcd"]), "bool": np.ones((2, 2, 2), dtype=bool),
}
for name, a in arrays.items():
    np.save(name, a)
with open("v2.npy", "wb") as out:
    np.lib.format.write_array(out, np.arange(3), version=(2, 0))
EOF
    for f in *.npy; do
        ok umm-pool put p "file-${f%.npy}" "$f"
        # In bits and pieces, as a pipe may bring them.
        "$PY" -c 'import os, sys, waiting
data = open(sys.argv[1], "rb").read()
os.write(1, data[:7])
waiting.wait_until(lambda: waiting.bytes_in(1) == 0, "the first bytes to be read")
os.write(1, data[7:])' "$f" | umm-pool put p "pipe-${f%.npy}" -
        cmp "$f" "$(umm-pool get p "file-${f%.npy}")"
        cmp "$f" "$(umm-pool get p "pipe-${f%.npy}")"
        ok umm-pool get p "file-${f%.npy}" --format=npy
        cmp "$f" "$BATS_FILE_TMPDIR/capture.out"
    done
    ok umm-pool verify p
    [[ ${lines[-1]} == PASS ]]
    [[ $output == *'file-struct: 236 bytes, [t <M8[ms], close <f4] (9,);'* ]] || fail "$output"
    [[ $output == *'file-fortran: 224 bytes, <f8 (3, 4) Fortran order;'* && $output == *'file-scalar: 136 bytes, <i8 ();'* ]]
}

@test "put takes an array to which rows are appended meanwhile as it was" {
    pool_put_growing() {
        "$PY" - <<'EOF'
import os, subprocess, threading, time
import numpy as np
np.save("grow.npy", np.zeros((500000, 6)))
done = False
def append():
    n = 500000
    with open("grow.npy", "r+b", buffering=0) as file:
        head = file.read(128)
        while not done:
            file.seek(0, 2)
            file.write(np.full(6, float(n)).tobytes())
            n += 1
            file.seek(0)
            file.write(head.replace(b"(500000,", b"(%d," % n))
            time.sleep(0.001)
writer = threading.Thread(target=append)
writer.start()
try:
    for i in range(5):
        subprocess.run(["umm-pool", "put", "p", "grow", "grow.npy"], check=True)
        with open("got.npy", "wb") as file:
            subprocess.run(["umm-pool", "get", "p", "grow", "--format=npy"], check=True, stdout=file)
        got = np.load("got.npy")
        assert (got[500000:, 0] == np.arange(500000, len(got))).all() and len(got) >= 500000
finally:
    done = True
    writer.join()
EOF
    }
    ok umm-pool create p --size=100M
    ok pool_put_growing
}

@test "bytes behind a file's array stay behind; in a pipe they are an error" {
    array a.npy 10
    { cat a.npy; echo tail; } >b.npy
    ok umm-pool create p --size=1M
    ok umm-pool put p A b.npy
    cmp a.npy "$(pool p)/A.npy"
    refuses 1 'umm-pool: <stdin>: bytes follow the array' umm-pool put p A - <b.npy
    ok umm-pool list p
    [[ $output == *'1 entry'* ]]
}

@test "put looks at the other entries once" {
    strace -o /dev/null true 2>/dev/null || skip 'strace cannot trace here'
    array a.npy 2
    ok umm-pool create p --size=1M
    ok umm-pool put p k1 a.npy
    local i
    for ((i = 2; i <= 40; i++)); do
        cp "$(pool p)/k1.npy" "$(pool p)/k$i.npy"
    done
    # A sanitizer build's leak check does not work under strace.
    ok strace -qq -E "ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0" -e 'trace=?newfstatat,?fstatat64,?statx' \
        -o calls umm-pool put p x a.npy
    (($(grep -c '"k[0-9]*\.npy"' calls) == 40)) || fail "$(<calls)"
}

@test "put looks at no entry again that it knows" {
    strace -o /dev/null true 2>/dev/null || skip 'strace cannot trace here'
    array a.npy 2
    ok umm-pool create p --size=1M
    mkdir many
    local i
    for ((i = 1; i <= 40; i++)); do
        ln -s ../a.npy "many/k$i.npy"
    done
    ok umm-pool put p --from=many
    ok strace -qq -E "ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0" -e 'trace=?newfstatat,?fstatat64,?statx,?getdents64' \
        -o calls umm-pool put p x a.npy
    ! grep -E '"k[0-9]*\.npy"|getdents' calls || fail "$(<calls)"
    # What others do counts from the next put on: here it removes what makes room, and takes it.
    ok umm-pool create q --size=1000
    ok umm-pool put q A a.npy
    # shellcheck disable=SC2016 # the inner shell expands it
    refuses 1 "umm-pool: $(pool q)/E.npy: is 224 bytes, but of the pool's budget of 1000 only 0 are free" \
        bash -c 'cp "$1/A.npy" "$1/B.npy" && head -c 1000 /dev/zero >>"$1/B.npy"; umm-pool put q E a.npy' - "$(pool q)"
    rm "$(pool q)/B.npy"
    ok umm-pool put q E a.npy
    # One that grows is looked at each time.
    cp a.npy "$(pool q)/F.npy"
    ok umm-pool put q A a.npy
    head -c 200 /dev/zero >>"$(pool q)/F.npy"
    refuses 1 "umm-pool: $(pool q)/G.npy: is 224 bytes, but of the pool's budget of 1000 only 128 are free" \
        umm-pool put q G a.npy
    ok umm-pool unlink p
    ok umm-pool unlink q
}

@test "put --from takes the files KEY.npy of a directory" {
    mkdir dir none
    array dir/b.npy 2
    array dir/a.npy 3
    cp dir/a.npy dir/.hidden.npy
    echo text >dir/c.txt
    ok umm-pool create p --size=1000
    capture umm-pool put p --from=dir -v
    [[ $status == 0 && $stderr == 'umm-pool: a.npy: put into p
umm-pool: b.npy: put into p' ]] || fail "$status: $stderr"
    cmp dir/a.npy "$(pool p)/a.npy"
    cmp dir/b.npy "$(pool p)/b.npy"
    [[ $(ls "$(pool p)") == $'a.npy\nb.npy' ]]
    # One that is bad does not keep the others out.
    echo text >dir/aa.npy
    array dir/c.npy 100
    array dir/d.npy 1
    capture umm-pool put p --from=dir
    [[ $status == 1 && $(wc -l <<<"$stderr") == 2 ]] || fail "$status: $stderr"
    [[ $stderr == *'umm-pool: dir/aa.npy: '*'c.npy: is 4928 bytes, but of the pool'* ]] || fail "$stderr"
    cmp dir/d.npy "$(pool p)/d.npy"
    refuses 1 'umm-pool: none: has no file KEY.npy' umm-pool put p --from=none
    refuses 1 'umm-pool: gone: cannot open: No such file or directory' umm-pool put p --from=gone
    refuses 2 "umm-pool: put takes NAME KEY FILE, or NAME and --from
Try 'umm-pool --help'." umm-pool put p A --from=dir
    refuses 2 "umm-pool: put takes NAME [KEY FILE]
Try 'umm-pool --help'." umm-pool put p A dir/a.npy more
    refuses 2 "umm-pool: put takes NAME KEY FILE, or NAME and --from
Try 'umm-pool --help'." umm-pool put p A
}

@test "a final .npy of a key is dropped" {
    array a.npy 10
    ok umm-pool create p --size=1M
    ok umm-pool put p A.npy a.npy
    ok umm-pool get p A
    [[ $output == "$(pool p)/A.npy" ]]
    ok umm-pool rm p A.npy
    refuses 2 "umm-pool: the key \".npy\" begins with a dot (1 to 200 bytes)
Try 'umm-pool --help'." umm-pool put p .npy a.npy
}

@test "umm-convert writes entries" {
    umm-synth --rows=3000 -o bars.csv
    umm-convert -o c.npy bars.csv
    umm-convert --fortran -o fortran.npy bars.csv
    ok umm-pool create p --size=1M
    ok umm-convert -o pool:p/c bars.csv
    cmp c.npy "$(pool p)/c.npy"
    [[ $(stat -c %a "$(pool p)/c.npy") == 444 ]]
    TMPDIR=$PWD ok umm-convert --fortran -o pool:p/fortran bars.csv
    cmp fortran.npy "$(pool p)/fortran.npy"
    ino=$(stat -c %i "$(pool p)/c.npy")
    ok umm-convert --if-changed -o pool:p/c bars.csv
    [[ $(stat -c %i "$(pool p)/c.npy") == "$ino" ]]
    ok umm-convert --out-dir pool:p bars.csv
    cmp c.npy "$(pool p)/bars.npy"
    no_leftovers "$POOLS"
    ok umm-pool verify p
}

@test "umm-convert: the budget, and what does not go with a pool" {
    umm-synth --rows=3000 -o bars.csv
    ok umm-pool create p --size=100000
    refuses 1 'umm-convert: pool:p/c: is 144128 bytes, but of the pool'"'"'s budget of 100000 only 100000 are free' \
        umm-convert -o pool:p/c bars.csv
    head -n 1001 bars.csv >1000.csv
    ok umm-convert -o pool:p/c 1000.csv
    before=$(md5sum "$(pool p)/c.npy")
    refuses 1 'umm-convert: pool:p/d: is 72128 bytes, but of the pool'"'"'s budget of 100000 only 51872 are free' \
        umm-convert -o pool:p/d <(head -n 1501 bars.csv)
    # A replacement does not count beside what it replaces.
    ok umm-convert -o pool:p/c <(head -n 1501 bars.csv)
    ok umm-convert -o pool:p/c 1000.csv
    [[ $(md5sum "$(pool p)/c.npy") == "$before" ]]
    # A number of rows that is known is asked for at once: the input is never looked at.
    refuses 1 'umm-convert: pool:p/d: is 144128 bytes, but of the pool'"'"'s budget of 100000 only 51872 are free' \
        umm-convert --rows=3000 -o pool:p/d <(cat 1000.csv)
    refuses 1 'umm-convert: 1000 rows, but 1001 were promised' umm-convert --rows=1001 -o pool:p/d 1000.csv
    ok umm-pool rm p c
    ok umm-convert --rows=1000 -o pool:p/d 1000.csv
    umm-convert -o d.npy 1000.csv
    cmp d.npy "$(pool p)/d.npy"
    ok umm-convert -o pool:p/c 1000.csv
    refuses 2 "umm-convert: pool:p: has no key; an entry of a pool is pool:NAME/KEY
Try 'umm-convert --help'." umm-convert -o pool:p bars.csv
    for option in --append --lock; do
        refuses 2 "umm-convert: --append and --lock are for files: an entry of a pool is replaced as a whole
Try 'umm-convert --help'." umm-convert $option -o pool:p/c bars.csv
    done
    refuses 2 "umm-convert: the key \"../x\" begins with a dot (1 to 200 bytes)
Try 'umm-convert --help'." umm-convert -o pool:p/../x bars.csv
    refuses 1 "umm-convert: $(pool none): cannot open: No such file or directory" umm-convert -o pool:none/x bars.csv
    # Still a file.
    mkdir pool:p
    ok umm-convert -o ./pool:p/x.npy 1000.csv
    no_leftovers "$POOLS"
}

@test "umm-mmap-slice writes entries" {
    array a.npy 3000
    ok umm-pool create p --size=200000
    ok umm-mmap-slice a.npy 100:1100 -o pool:p/some.csv
    umm-mmap-slice a.npy 100:1100 -o some.npy
    cmp some.npy "$(pool p)/some.csv.npy"
    [[ $(stat -c %a "$(pool p)/some.csv.npy") == 444 ]]
    ok umm-mmap-slice a.npy ::3 --columns=5,1 -o pool:p/some.csv.npy
    umm-mmap-slice a.npy ::3 --columns=5,1 -o some.npy
    cmp some.npy "$(pool p)/some.csv.npy"
    # From an entry over itself: it is read while its successor is written.
    ok umm-mmap-slice "$(umm-pool get p some.csv)" 0:10 -o pool:p/some.csv
    [[ $(umm-pool list p | tail -n 1) == 'some.csv: 288 bytes, <f8 (10, 2)' ]]
    mkdir -p root/A
    cp some.npy root/A/1m.npy
    ok umm-mmap-slice --root=root --symbols=A --timeframes=1m --out-dir=pool:p
    cmp some.npy "$(pool p)/A_1m.npy"
    ok umm-pool verify p
    refuses 1 "umm-mmap-slice: pool:p/all: is 240080 bytes, but of the pool's budget of 200000 only 183584 are free" \
        umm-mmap-slice a.npy 0:2500 1:2500 -o pool:p/all
    refuses 2 'umm-mmap-slice: --describe prints text, which no pool holds
Try '"'umm-mmap-slice --help'." umm-mmap-slice a.npy --describe -o pool:p/t
    no_leftovers "$(pool p)"
}

@test "eight Python processes share one copy, and keep it when it is replaced" {
    array a.npy "$((${UMM_POOL_TEST_MB:-48} * 1000000 / 48))" 3
    array b.npy 1000 4
    ok umm-pool create p --size=1G
    ok umm-pool put p A a.npy
    cat >reader.py <<'EOF'
import sys
import numpy as np
a = np.load(sys.argv[1], mmap_mode='r')
print(a.sum(), flush=True)
for line in sys.stdin:
    print(a.sum(), flush=True)
EOF
    cat >check.py <<'EOF'
import json, os, re, subprocess, sys
import numpy as np
path = sys.argv[1]
size = os.stat(path).st_size
expected = f"{np.load('a.npy').sum()}\n"

def start():
    return subprocess.Popen([sys.executable, "reader.py", path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

def memory(pid, what):
    """Sum of `what` over the mappings of the entry, in bytes, as the kernel says."""
    total, is_ours = 0, False
    for line in open(f"/proc/{pid}/smaps"):
        if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
            is_ours = line.rstrip("\n").endswith((path, path + " (deleted)"))
        elif is_ours and line.startswith(what + ":"):
            total += int(line.split()[1]) * 1024
    return total

readers = [start() for _ in range(8)]
assert all(r.stdout.readline() == expected for r in readers)
rss = sum(memory(r.pid, "Rss") for r in readers)
pss = sum(memory(r.pid, "Pss") for r in readers)
assert abs(rss / (8 * size) - 1) < 0.02, rss
assert abs(pss / size - 1) < 0.02, pss
report = json.loads(subprocess.run(["umm-pool", "stat", "p", "--json"], stdout=subprocess.PIPE, check=True).stdout)
entry, = report["entries"]
assert entry["processes"] == 8 and entry["one_copy"] == 1, entry
assert abs(entry["rss_bytes"] - rss) <= 8 * 65536 and abs(entry["pss_bytes"] - pss) <= 65536, (entry, rss, pss)
text = subprocess.run(["umm-pool", "stat", "p"], stdout=subprocess.PIPE, text=True, check=True).stdout
assert "; 8 processes, one copy: 100 % (sum of RSS " in text, text
# Replaced and removed under them: what they have stays; who comes later gets the new one.
subprocess.run(["umm-pool", "put", "p", "A", "b.npy"], check=True)
assert np.load(path, mmap_mode="r")[0, 0] == 4
subprocess.run(["umm-pool", "rm", "p", "A"], check=True)
for r in readers:
    r.stdin.write("again\n")
    r.stdin.flush()
    assert r.stdout.readline() == expected
    r.communicate()
    assert r.returncode == 0
EOF
    ok "$PY" check.py "$(umm-pool get p A)"
}

@test "a private mapping that was written to is not the one copy" {
    array a.npy 20000 3
    ok umm-pool create p --size=1G
    ok umm-pool put p A a.npy
    ok "$PY" - "$(umm-pool get p A)" <<'EOF'
import json, subprocess, sys
import numpy as np
a = np.load(sys.argv[1], mmap_mode="c")
a[: len(a) // 2] = 9
a.sum()
report = json.loads(subprocess.run(["umm-pool", "stat", "p", "--json"], stdout=subprocess.PIPE, check=True).stdout)
entry, = report["entries"]
assert entry["processes"] == 1 and 0.45 < entry["one_copy"] < 0.55, entry
assert np.load(sys.argv[1], mmap_mode="r")[0, 0] == 3
EOF
}

@test "metrics take no place in the pool, by whatever name" {
    array a.npy 100
    ok umm-pool create p --size=1M
    ok umm-pool put p k a.npy
    ln -s "$(pool p)/k.npy" link
    ln -s "$(pool p)" dir
    local out
    for out in "$(pool p)"/{k.npy,.umm-pool,new.prom} dir/k.npy link; do
        refuses 2 "umm-pool: $out: is in the pool, which has entries only
Try 'umm-pool --help'." umm-pool stat p --metrics="$out"
        refuses 2 "umm-pool: $out: is in the pool, which has entries only
Try 'umm-pool --help'." umm-pool verify p --json --metrics="$out"
    done
    cmp a.npy "$(pool p)/k.npy"
    ok umm-pool verify p
    local here=$PWD
    cd -P dir
    ok umm-pool stat p --metrics="$here/m.prom"
    refuses 2 "umm-pool: m.prom: is in the pool, which has entries only
Try 'umm-pool --help'." umm-pool stat p --metrics=m.prom
}

@test "stat --json and --metrics" {
    array a.npy 100
    ok umm-pool create p --size=1M
    ok umm-pool stat p --json
    "$PY" -c 'import json, sys; assert json.load(sys.stdin)["entries"] == []' <<<"$output"
    ok umm-pool put p 'a "key"' a.npy
    refuses 2 "umm-pool: the report and --metrics write to the same place
Try 'umm-pool --help'." umm-pool verify p --metrics=-
    ok umm-pool stat p --json --metrics=m.prom
    "$PY" - <<EOF
import json, re
d = json.loads(r'''$output''')
e, = d["entries"]
assert d["pool"] == "$(pool p)" and d["budget_bytes"] == 1048576 and d["used_bytes"] == 4928 and d["faults"] == 0
assert e["key"] == 'a "key"' and e["path"].endswith('a "key".npy') and e["bytes"] == 4928 and e["processes"] == 0
assert e["array"] == "<f8 (100, 6)" and e["fault"] is None and e["one_copy"] is None
m = open("m.prom").read()
label = r'\{tool="umm-pool",command="stat",output="$(pool p)"\}'
for name, value in ("budget_bytes", 1048576), ("used_bytes", 4928), ("entries", 1), ("faults", 0), ("pss_bytes", 0):
    assert re.search(rf"^umm_pool_{name}{label} {value}$", m, re.M), name
assert "umm_last_success_timestamp_seconds" in m and "umm_build_info" in m
EOF
    ok umm-pool stat p
    [[ ${lines[1]} == 'a \"key\": 4928 bytes, <f8 (100, 6); no process '*'maps it' ]] || fail "$output"
}

@test "UMM_POOL_DIR, --dir and the default" {
    mkdir one two
    UMM_POOL_DIR=$PWD/one ok umm-pool create p --size=1M
    UMM_POOL_DIR=$PWD/one ok umm-pool create p --size=1M --dir=two
    [[ -d one/umm.$(id -u).p && -d two/umm.$(id -u).p ]]
    name=umm-test-$$-$RANDOM
    UMM_POOL_DIR='' ok umm-pool create "$name" --size=1M
    [[ -d /dev/shm/umm.$(id -u).$name ]]
    UMM_POOL_DIR='' ok umm-pool unlink "$name"
}

@test "--help, --version and what is printed when asked" {
    ok umm-pool --help
    [[ $output == *'create NAME'*'unlink NAME'*'--size=SIZE'* ]]
    ok umm-pool --version
    array a.npy 10
    capture umm-pool create p --size=1M -v
    [[ $status -eq 0 && $stderr == 'umm-pool: p: made' ]]
    capture umm-pool put p A a.npy -v
    [[ $status -eq 0 && $stderr == 'umm-pool: A: put into p' ]]
    capture umm-pool unlink p -v
    [[ $status -eq 0 && $stderr == 'umm-pool: p: removed' ]]
}

@test "the completion knows the commands" {
    "$TOP/scripts/gen-completion" bash "$UMM_BUILD/umm-pool" >completion
    # shellcheck disable=SC2016 # for the inner shell
    ok bash -c '. ./completion
        COMP_WORDS=(umm-pool un) COMP_CWORD=1
        _umm_pool && echo "${COMPREPLY[@]}"
        COMP_WORDS=(umm-pool unlink --di) COMP_CWORD=2
        _umm_pool && echo "${COMPREPLY[@]}"
        COMP_WORDS=(umm-pool get --format = n) COMP_CWORD=4
        _umm_pool && echo "${COMPREPLY[@]}"'
    [[ $output == $'unlink\n--dir\nnpy' ]] || fail "$output"
}
