#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# umm-mmap-slice: what comes out of an array.

load helper

setup_file() {
    cd "$BATS_FILE_TMPDIR" || return
    umm-synth --rows=3000 --start=2022-01-01 -o bars.csv
    umm-convert -o bars.npy bars.csv
    umm-convert --struct -o records.npy bars.csv
    umm-convert --fortran -o fortran.npy bars.csv
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    ln -s "$BATS_FILE_TMPDIR"/*.npy "$BATS_FILE_TMPDIR"/bars.csv .
}

# python CODE: with NumPy as np and what follows as arguments.
python() {
    local code=$1
    shift
    "$PY" -c "import sys, json, numpy as np
$code" "$@"
}

# ---- against NumPy -------------------------------------------------------------------

@test "bytes are NumPy's, for every type, order, range and column" {
    ok "$PY" "$TOP/tests/ref/slice_oracle.py" npy 1 400
    [ "$output" = "400 cases" ]
}

@test "CSV and JSON say what NumPy has" {
    ok "$PY" "$TOP/tests/ref/slice_oracle.py" text 2 300
    [ "$output" = "300 cases" ]
}

@test "--describe is enough for numpy.ndarray over the mapped file" {
    ok "$PY" "$TOP/tests/ref/slice_oracle.py" describe 3 300
    [ "$output" = "300 cases" ]
}

# ---- ranges ----------------------------------------------------------------------------

@test "no range is the whole array" {
    ok umm-mmap-slice bars.npy -o out.npy
    [ -z "$output" ]
    cmp bars.npy out.npy
    no_leftovers
}

@test "a range that begins with a minus is no option, wherever it stands" {
    ok umm-mmap-slice bars.npy -3: --format csv --no-header
    tail -n 3 bars.csv >want
    cmp want <(printf '%s\n' "$output")
    ok umm-mmap-slice --format csv --no-header -- bars.npy -3:
    cmp want <(printf '%s\n' "$output")
    ok umm-mmap-slice bars.npy -5: -oout -2:
    python 'a = np.load("bars.npy"); assert (np.load("out") == np.concatenate([a[-5:], a[-2:]])).all()'
    capture umm-mmap-slice bars.npy -oout.npy -vo out -5:
    [[ $status == 0 && $stderr == 'umm-mmap-slice: out: 5 of 3000 rows'* ]]
    ok umm-mmap-slice bars.npy -2: -o -5: 0:1
    python 'a = np.load("bars.npy"); assert (np.load("-5:") == np.concatenate([a[-2:], a[0:1]])).all()'
}

@test "ranges follow each other, and may repeat" {
    ok umm-mmap-slice bars.npy 5 -1 2:4 3:1:-1 5 -o out.npy
    python 'a = np.load("bars.npy"); assert (np.load("out.npy") == a[[5, -1, 2, 3, 3, 2, 5]]).all()'
}

@test "ranges from a pipe" {
    # shellcheck disable=SC2016
    ok bash -c 'seq 0 7 2990 | umm-mmap-slice bars.npy --ranges-from - -o out.npy'
    python 'a = np.load("bars.npy"); assert (np.load("out.npy") == a[0:2991:7]).all()'
    printf '1:2 ::1000\n-1\n' >list
    ok umm-mmap-slice bars.npy --ranges-from list -o out.npy
    python 'a = np.load("bars.npy"); assert (np.load("out.npy") == a[[1, 0, 1000, 2000, -1]]).all()'
    refuses 2 "umm-mmap-slice: --ranges-from takes the place of RANGE operands
Try 'umm-mmap-slice --help'." umm-mmap-slice bars.npy --ranges-from list 3:4
}

# As servers start programs, and a file that only who opened it may read.
@test "ranges from standard input that cannot be opened again" {
    python 'import socket, subprocess
ours, theirs = socket.socketpair()
ours.sendall(b"0:3\n-2:\n")
ours.shutdown(socket.SHUT_WR)
subprocess.run(["umm-mmap-slice", "bars.npy", "--ranges-from=-", "-o", "out.npy"], stdin=theirs, check=True)
a = np.load("bars.npy"); assert (np.load("out.npy") == a[[0, 1, 2, -2, -1]]).all()'
    printf '1:2\n' >list
    exec 9<list
    rm list
    ok umm-mmap-slice bars.npy --ranges-from=- --format=csv --columns=close <&9
    exec 9<&-
    ((${#lines[@]} == 2))
}

@test "an empty choice is an empty array" {
    ok umm-mmap-slice bars.npy 7:7 -o out.npy
    [ "$(stat -c %s out.npy)" = 128 ]
    python 'assert np.load("out.npy").shape == (0, 6)'
    ok umm-mmap-slice bars.npy 7:7 --format csv
    [ "$output" = "timestamp,open,high,low,close,volume" ]
    ok umm-mmap-slice bars.npy 7:7 --format json
    [ "$(python 'print(json.load(sys.stdin)["data"])' <<<"$output")" = "[]" ]
    ok umm-mmap-slice bars.npy --from 2030-01-01 --format raw
    [ -z "$output" ]
}

# ---- times -----------------------------------------------------------------------------

@test "--from and --to are half-open, and ranges count within them" {
    for file in bars.npy records.npy fortran.npy; do
        ok umm-mmap-slice "$file" --from 2022-01-01T10:00 --to 2022-01-01T10:03 --format csv --columns timestamp,close
        [ "${#lines[@]}" = 4 ]
        [[ ${lines[1]} == 1641031200000,* && ${lines[3]} == 1641031320000,* ]]
        ok umm-mmap-slice "$file" --from 2022-01-01T10:00 --to 2022-01-01T10:03 -1 --format csv --no-header \
            --columns timestamp
        [ "$output" = 1641031320000 ]
        ok umm-mmap-slice "$file" --from 2022-01-01T10:00 ::-60 --format raw -o out.raw
        python 'a = np.load(sys.argv[1]); assert open("out.raw", "rb").read() == a[600:][::-60].tobytes()' "$file"
    done
}

@test "--from and --to before 1970: a fraction of a millisecond below zero is later, not earlier" {
    cat >before.py <<'PY'
import datetime, fractions, subprocess, sys
import numpy as np

epoch = datetime.datetime(1970, 1, 1)

def iso(ns):
    return (epoch + datetime.timedelta(seconds=ns // 10**9)).isoformat() + f".{ns % 10**9:09}Z"

# Milliseconds, in quarters: around 1900, around the epoch, and around 1961.
ms = [base + i * step for base, step in ((-2208988800000, 60000.25), (-271828182845, 3600000.5), (-3, 0.75)) for i in range(9)]
ns = [int(fractions.Fraction(value) * 10**6) for value in ms]
rows = np.zeros((len(ms), 6))
rows[:, 0], rows[:, 4] = ms, range(len(ms))
np.save("plain.npy", rows)
big = [i for i, value in enumerate(ms) if abs(value) >= 1e11]  # of bare numbers in records, what can be no seconds
record = np.zeros(len(big), [("timestamp", "<f8"), ("close", "<f8")])
record["timestamp"], record["close"] = [ms[i] for i in big], big
np.save("record.npy", record)
for path, of in ("plain.npy", range(len(ms))), ("record.npy", big):
    for at in (0, 1, 4, 8, 9, 12, 17, 18, 22, len(ms) - 1):
        for begin, end in ((ns[at] - 1, ns[at]), (ns[at], ns[at] + 1), (ns[at] + 1, ns[-1] + 1)):
            got = subprocess.run(["umm-mmap-slice", path, "--from", iso(begin), "--to", iso(end), "--columns", "close",
                                  "--format=raw"], capture_output=True, check=True)
            want = [i for i in of if begin <= ns[i] < end]
            assert not got.stderr and list(np.frombuffer(got.stdout)) == want, (path, iso(begin), iso(end), got, want)
shown = subprocess.run(["umm-mmap-slice", "plain.npy", "--columns=timestamp", "--format=csv", "--no-header", "--time-format=iso"],
                       capture_output=True, check=True, text=True).stdout.split()
assert [int(np.datetime64(line.rstrip("Z"), "ns").astype("i8")) for line in shown] == ns, shown
PY
    ok "$PY" before.py
}

@test "times as ISO 8601" {
    ok umm-mmap-slice records.npy 0 60 --time-format iso --format csv --columns timestamp,volume
    [ "${lines[0]}" = timestamp,volume ]
    [[ ${lines[1]} == 2022-01-01T00:00:00Z,* && ${lines[2]} == 2022-01-01T01:00:00Z,* ]]
    ok umm-mmap-slice bars.npy 1 --time-format iso --format json --columns timestamp
    [ "$(python 'print(json.load(sys.stdin)["data"])' <<<"$output")" = "[['2022-01-01T00:01:00Z']]" ]
    python 'np.save("t.npy", np.array([("2020-02", "NaT", "2020-01-01T00:00:00.000000123"), ("1969-12", "1970", "NaT")],
        [("a", "<M8[M]"), ("b", ">M8[25s]"), ("c", "<M8[ns]")]))'
    ok umm-mmap-slice t.npy --time-format iso --format csv
    [ "${lines[1]}" = "2020-02-01T00:00:00Z,NaT,2020-01-01T00:00:00.000000123Z" ]
    [ "${lines[2]}" = "1969-12-01T00:00:00Z,1970-01-01T00:00:00Z,NaT" ]
    ok umm-mmap-slice t.npy --time-format iso --format json
    [ "$(python 'print(json.load(sys.stdin)["data"][1])' <<<"$output")" = \
        "['1969-12-01T00:00:00Z', '1970-01-01T00:00:00Z', None]" ]
}

# ---- text ------------------------------------------------------------------------------

@test "CSV goes through umm-convert and back without a change" {
    python 'rng = np.random.default_rng(5); n = 20000
a = rng.integers(0, 2**64, (n, 6), dtype=np.uint64).view("f8"); a[~np.isfinite(a)] = np.nan
a[:, 0] = np.arange(n) * 1000.0 + 1.6e12; a[0:9, 1] = [0, -0.0, 5e-324, 1e21, 1e-7, 1e23, 2.0**-44, np.nan, 0.1]
np.save("a.npy", a); np.save("b.npy", a.astype("f4")[:, 1:])'
    for how in epoch iso; do
        ok umm-mmap-slice a.npy --format csv --time-format "$how" -o a.csv
        ok umm-convert -o back.npy a.csv
        python 'a, b = (np.load(f).view("u8") for f in ["a.npy", "back.npy"]); nan = np.isnan(a.view("f8"))
assert a.shape == b.shape and (a == b)[~nan].all() and np.isnan(b.view("f8"))[nan].all()'
    done
    ok umm-mmap-slice records.npy --format csv -o r.csv
    ok umm-convert --struct -o back.npy r.csv
    cmp back.npy records.npy
    ok umm-mmap-slice records.npy --format csv --time-format iso -o r.csv
    ok umm-convert --struct -o back.npy r.csv
    cmp back.npy records.npy
}

@test "CSV of binary32 reads back as binary32" {
    python 'a = np.random.default_rng(6).integers(0, 2**32, (20000, 3), dtype=np.uint32).view("f4"); np.save("a.npy", a)'
    ok umm-mmap-slice a.npy --format csv -o a.csv
    python 'a = np.load("a.npy"); b = np.array([l.split(",") for l in open("a.csv")]).astype("f4")
nan = np.isnan(a); assert (a.view("u4") == b.view("u4"))[~nan].all() and np.isnan(b)[nan].all()'
}

@test "text is quoted, and longer than any buffer" {
    python 'np.save("t.npy", np.array([("a\"b,", "é\n"), ("", "x" * 300000)], [("a, b", "S9"), ("u", "U300000")]))'
    ok umm-mmap-slice t.npy --format csv -o t.csv
    python 'import csv
csv.field_size_limit(10**6)
rows = list(csv.reader(open("t.csv", newline="", encoding="utf-8")))
assert rows == [["a, b", "u"], ["a\"b,", "é\n"], ["", "x" * 300000]] and open("t.csv").readline() == "\"a, b\",u\n"'
    ok umm-mmap-slice t.npy --format json -o t.json
    python 'd = json.load(open("t.json")); assert d == {"columns": ["a, b", "u"], "data": [["a\"b,", "é\n"], ["", "x" * 300000]]}'
}

@test "JSON is what pandas calls split" {
    ok umm-mmap-slice bars.npy :2 --format json --columns close,1,timestamp
    python 'd = json.load(sys.stdin); a = np.load("bars.npy")
assert list(d) == ["columns", "data"] and d["columns"] == ["close", "open", "timestamp"]
assert d["data"] == a[:2, [4, 1, 0]].tolist()' <<<"$output"
    python 'np.save("p.npy", np.array([[1.5, np.nan], [np.inf, -2]]))'
    ok umm-mmap-slice p.npy --format json
    [ "$output" = $'{"columns": [0, 1],\n"data": [\n[1.5, null],\n[null, -2]]}' ]
}

@test "an array without names has a CSV without a header" {
    python 'np.save("p.npy", np.array([[1.5, np.nan], [np.inf, -2]])); np.save("q.npy", np.arange(3, dtype="u1"))'
    ok umm-mmap-slice p.npy --format csv
    [ "$output" = $'1.5,NaN\ninf,-2' ]
    ok umm-mmap-slice q.npy ::-1 --format csv
    [ "$output" = $'2\n1\n0' ]
}

# ---- outputs -----------------------------------------------------------------------------

@test "the format follows the output's name, and --format goes first" {
    ok umm-mmap-slice bars.npy :2 -o a.csv
    ok umm-mmap-slice bars.npy :2 -o a.json
    ok umm-mmap-slice bars.npy :2 -o a.raw
    ok umm-mmap-slice bars.npy :2 -o a.npy
    ok umm-mmap-slice bars.npy :2 -o b.csv --format npy
    ok umm-mmap-slice bars.npy :2 -o c
    [[ $(head -c 9 a.csv) == timestamp && $(head -c 10 a.json) == '{"columns"' && $(stat -c %s a.raw) == 96 ]]
    cmp a.npy b.csv
    cmp a.npy c
    cmp a.raw <(tail -c 96 a.npy)
}

@test "standard output to files, pipes and slow readers" {
    python 'np.save("big.npy", np.arange(300000.0).reshape(-1, 3))'
    umm-mmap-slice big.npy 10: -o want.npy
    umm-mmap-slice big.npy 10: >file.npy
    cmp want.npy file.npy
    umm-mmap-slice big.npy 10: | cat >pipe.npy
    cmp want.npy pipe.npy
    umm-mmap-slice big.npy 10: | dd bs=777 status=none >slow.npy
    cmp want.npy slow.npy
    umm-mmap-slice big.npy 10: >>file.npy
    cmp <(cat want.npy want.npy) file.npy
    run bash -c 'set -o pipefail; umm-mmap-slice big.npy 10: | head -c 100 >/dev/null'
    [ "$status" = 141 ]
    [ -z "$output" ]
}

@test "--align, --sync, --if-changed" {
    ok umm-mmap-slice bars.npy :9 --align 4096 --sync -o out.npy
    python 'a = np.load("out.npy", mmap_mode="r"); assert a.offset == 4096 and (a == np.load("bars.npy")[:9]).all()'
    ok umm-mmap-slice bars.npy :9 -o out.npy
    touch -d 2001-01-01 out.npy
    ok umm-mmap-slice bars.npy :9 --if-changed -o out.npy
    [ "$(date -r out.npy +%Y)" = 2001 ]
    ok umm-mmap-slice bars.npy :8 --if-changed -o out.npy
    [ "$(date -r out.npy +%Y)" != 2001 ]
}

@test "reports" {
    ok umm-mmap-slice bars.npy ::2 -o out.npy --report r.json --metrics m.prom
    python 'r = json.load(open("r.json"))
assert (r["tool"], r["input"], r["output"], r["format"]) == ("umm-mmap-slice", "bars.npy", "out.npy", "npy"), r
assert (r["rows_in"], r["rows"], r["bytes_out"], r["changed"]) == (3000, 1500, 72128, True) and r["seconds"] > 0, r'
    grep -q '^umm_rows{tool="umm-mmap-slice",output="'"$PWD"'/out.npy"} 1500$' m.prom
    grep -q '^umm_output_bytes{tool="umm-mmap-slice",output="'"$PWD"'/out.npy"} 72128$' m.prom
    grep -q '^umm_last_success_timestamp_seconds' m.prom
    capture umm-mmap-slice bars.npy ::2 -o out.npy -v
    [[ $status == 0 && $stderr == "umm-mmap-slice: out.npy: 1500 of 3000 rows, 72128 bytes; "*" s" ]]
    capture umm-mmap-slice bars.npy 0:1 -o $'a\nb' -v
    [[ $stderr == 'umm-mmap-slice: a\nb: 1 of 3000 rows, 176 bytes; '* ]]
    capture umm-mmap-slice bars.npy ::2 -o out.npy --if-changed -v
    [[ $stderr == *", unchanged; "* ]]
}

# ---- datasets ----------------------------------------------------------------------------

@test "datasets by name: one to an output, several to a directory" {
    mkdir -p root/BTCUSDT root/ETHUSDT out
    cp bars.npy root/BTCUSDT/1m.npy
    cp records.npy root/ETHUSDT/1m.npy
    ok umm-mmap-slice --root root --symbols BTCUSDT --timeframes 1m -o one.npy 5:9
    ok umm-mmap-slice bars.npy 5:9 -o want.npy
    cmp one.npy want.npy
    refuses 2 "umm-mmap-slice: 2 datasets need --out-dir
Try 'umm-mmap-slice --help'." umm-mmap-slice --root root --symbols BTCUSDT,ETHUSDT --timeframes 1m
    UMM_ROOT=root ok umm-mmap-slice --symbols BTCUSDT,ETHUSDT --timeframes 1m --from 2022-01-01T01:00 \
        --to 2022-01-02 --out-dir out
    [ "$(ls out)" = $'BTCUSDT_1m_2022-01-01T010000Z_2022-01-02.npy\nETHUSDT_1m_2022-01-01T010000Z_2022-01-02.npy' ]
    python 'assert (np.load(sys.argv[1]) == np.load("bars.npy")[60:1440]).all()' out/BTC*
    ok umm-mmap-slice --root root --symbols BTCUSDT --timeframes 1m --out-dir out --format csv ::1000
    [ "$(wc -l <out/BTCUSDT_1m.csv)" = 4 ]
    capture umm-mmap-slice --root root --symbols BTCUSDT,XRP --timeframes 1m --missing skip --out-dir out
    [ "$status" = 3 ]
    cmp out/BTCUSDT_1m.npy bars.npy
    no_leftovers out
}

@test "one dataset that fails does not keep the others" {
    mkdir -p root/A root/B root/C out
    cp bars.npy root/A/1m.npy
    cp bars.npy root/C/1m.npy
    head -c 200 bars.npy >root/B/1m.npy
    refuses 1 'umm-mmap-slice: root/B/1m.npy: array data is short by 143928 bytes' \
        umm-mmap-slice --root root --symbols A,B,C --timeframes 1m --out-dir out
    [ "$(ls out)" = $'A_1m.npy\nC_1m.npy' ]
}

# ---- size --------------------------------------------------------------------------------

@test "of 48 GB, a slice touches its own pages" {
    python 'h = np.lib.format.header_data_from_array_1_0(np.empty((0, 6))); h["shape"] = (10**9, 6)
f = open("huge.npy", "wb"); np.lib.format.write_array_header_1_0(f, h); f.truncate(128 + 48 * 10**9)' ||
        skip "no file of 48 GB here"
    ok umm-mmap-slice huge.npy 500000000:500001000 -o out.npy
    [ "$(stat -c %s out.npy)" = 48128 ]
    # A cached page more would show: 1000 rows are 12 pages, and some are read ahead.
    pages=$("$PY" - <<'EOF'
import ctypes, mmap, os
size = os.path.getsize("huge.npy")
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + [ctypes.c_int] * 3 + [ctypes.c_long]
fd = os.open("huge.npy", os.O_RDONLY)
count = 0
for at in range(0, size, 1 << 30):
    n = min(1 << 30, size - at)
    p = libc.mmap(None, n, mmap.PROT_READ, mmap.MAP_SHARED, fd, at)
    v = (ctypes.c_ubyte * ((n + 4095) // 4096))()
    libc.mincore(ctypes.c_void_p(p), ctypes.c_size_t(n), v)
    count += sum(b & 1 for b in bytes(v)) if any(bytes(v)) else 0
    libc.munmap(ctypes.c_void_p(p), ctypes.c_size_t(n))
print(count)
EOF
)
    echo "$pages pages cached" >&2
    [ "$pages" -le 512 ]
    ok umm-mmap-slice huge.npy ::100000000 --format raw -o out.raw
    [ "$(stat -c %s out.raw)" = 480 ]
}

@test "memory does not grow with the slice" {
    [ -z "$UMM_SAN$UMM_EMULATED" ] || skip "sanitizers and emulators take memory of their own"
    python 'np.save("big.npy", np.zeros((2000000, 6))); np.save("wide.npy", np.zeros((3, 4000000)))'
    for args in "big.npy" "big.npy ::-1" "big.npy --columns 5,0" "wide.npy"; do
        # shellcheck disable=SC2086
        ok bash -c "ulimit -v 20000; exec umm-mmap-slice $args -o out.npy"
        # shellcheck disable=SC2086
        [ "$args" = wide.npy ] || ok bash -c "ulimit -v 20000; exec umm-mmap-slice $args ::5 -o out.csv"
    done
}

@test "an array goes straight into a pool" {
    export UMM_POOL_DIR=$PWD
    ok umm-synth --rows 100 -o s.csv
    ok umm-convert -o s.npy s.csv
    ok umm-pool create p --size 1M
    ok umm-mmap-slice s.npy 10:20 -o pool:p/part
    ok umm-mmap-slice s.npy 10:20 -o part.npy
    ok umm-pool get p part
    cmp part.npy "$output"
    refuses 2 "umm-mmap-slice: pool:p/part: takes arrays; use --format npy
Try 'umm-mmap-slice --help'." \
        umm-mmap-slice s.npy 10:20 --format csv -o pool:p/part
    ok umm-pool create small --size 200
    refuses 1 "umm-mmap-slice: pool:small/part: is 608 bytes, but of the pool's budget of 200 only 200 are free" \
        umm-mmap-slice s.npy 10:20 -o pool:small/part
    ok umm-pool list small
}
