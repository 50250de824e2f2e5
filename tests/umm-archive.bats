#!/usr/bin/env bats
# SPDX-License-Identifier: MIT

# writer is for the test that called appends.
# shellcheck disable=SC2030,SC2031

load helper

# bars N [FIRST]: N one-minute bars as CSV, without and with the first FIRST of them.
bars() {
    umm-synth --rows="$1" | { read -r header && echo "$header" && tail -n "+$((${2:-0} + 1))"; }
}

# want N: want.npy has the first N bars.
want() {
    bars "$1" | umm-convert -o want.npy
}

# holds ARCHIVE: zstd(1) takes it and makes want.npy of it; so do extract and verify.
holds() {
    zstd -tq "$1" && zstd -dcq "$1" | cmp - want.npy && zstd -lq "$1" >list &&
        umm-archive extract "$1" | cmp - want.npy && umm-archive verify "$1" >verified
}

has_rows() {
    [[ $(umm-archive stat a.npy.zst) == "a.npy.zst: $1 rows "* ]]
}

# has_in_frames N: zstd(1), which knows nothing of the journal, finds the header and N rows
has_in_frames() {
    [[ $(zstd -dcq a.npy.zst | wc -c) == $((128 + $1 * 48)) ]]
}

# appends OPTION...: an append to a.npy.zst in the background ($writer), of what descriptor 7 brings
appends() {
    rm -f pipe
    mkfifo pipe
    umm-archive append "$@" a.npy.zst pipe 3>&- &
    writer=$!
    wait_until $writer 'the pipe to be opened' has_open $writer pipe
    exec 7>pipe
}

# stored N: wait until the append has stored N rows
stored() {
    wait_until "$writer" "$1 rows" has_rows "$1"
}

@test "a link has the journal of its archive" {
    mkdir elsewhere
    ln -s a.npy.zst link.npy.zst
    ln -s ../link.npy.zst elsewhere/a.npy.zst
    bars 300 >bars.csv
    want 300
    head -n 101 bars.csv | ok umm-archive append --keep-journal link.npy.zst
    bars 200 100 | ok umm-archive append --keep-journal a.npy.zst
    bars 300 200 | ok umm-archive append --keep-journal link.npy.zst
    [[ -s a.npy.zst.journal && $(find . -name '*.journal') == ./a.npy.zst.journal ]]
    ok umm-archive extract elsewhere/a.npy.zst
    umm-archive extract elsewhere/a.npy.zst | cmp - want.npy
    ok umm-archive flush link.npy.zst
    [[ -L link.npy.zst ]]
    holds a.npy.zst
    no_leftovers
}

@test "text without a row brings nothing new, but makes no archive" {
    bars 10 >bars.csv
    head -n 1 bars.csv >none.csv
    want 10
    refuses 1 'umm-archive: none.csv: no rows after the header' umm-archive append a.npy.zst none.csv
    [[ ! -e a.npy.zst ]]
    ok umm-archive append a.npy.zst bars.csv
    ok umm-archive append a.npy.zst none.csv
    ok umm-archive append a.npy.zst - <none.csv
    holds a.npy.zst
    no_leftovers
}

@test "rows come from text, arrays, archives and pipes of them" {
    bars 3000 >bars.csv
    want 3000
    zstd -q bars.csv
    ok umm-archive append text.npy.zst bars.csv
    [[ -z $output ]]
    ok umm-archive append array.npy.zst want.npy
    ok umm-archive append archive.npy.zst text.npy.zst
    ok umm-archive append zstd.npy.zst bars.csv.zst
    ok bash -c 'umm-archive append pipe.npy.zst <bars.csv'
    ok bash -c 'cat bars.csv | umm-archive append pipe2.npy.zst -'
    ok bash -c 'cat want.npy | umm-archive append pipe3.npy.zst'
    ok "$PY" -c '
import socket, subprocess
ends = socket.socketpair()
child = subprocess.Popen(["umm-archive", "append", "socket.npy.zst"], stdin=ends[1])
ends[1].close()
ends[0].sendall(open("want.npy", "rb").read())
ends[0].close()
assert child.wait(120) == 0'
    for name in array archive zstd pipe pipe2 pipe3 socket; do
        cmp text.npy.zst $name.npy.zst
    done
    holds text.npy.zst
    no_leftovers
    [[ ! -e text.npy.zst.journal ]]
}

@test "frames of 65536 rows, the same for any number of threads" {
    want 140000
    ok umm-archive append --threads=1 a.npy.zst want.npy
    ok umm-archive append --threads=3 b.npy.zst want.npy
    cmp a.npy.zst b.npy.zst
    holds a.npy.zst
    ok umm-archive list a.npy.zst
    [[ ${#lines[@]} == 3 && ${lines[1]} == 'frame 1: rows 65536:131072, '* ]]
    # The three, the header, the description and the table.
    zstd -l a.npy.zst | tail -n 1 | grep -qE '^ *6 +2 '
}

@test "archives grow by any pieces to the same rows" {
    want 140000
    ok umm-archive append a.npy.zst <(bars 100)
    ok umm-archive append a.npy.zst <(bars 65536 100)
    ok umm-archive append --keep-journal a.npy.zst <(bars 65540 65536)
    ok umm-archive append --keep-journal a.npy.zst <(bars 65541 65500)
    ok umm-archive append a.npy.zst <(bars 131073 65541)
    ok umm-archive append a.npy.zst want.npy
    holds a.npy.zst
}

@test "the same input again changes nothing" {
    bars 2000 >bars.csv
    want 2000
    ok umm-archive append a.npy.zst bars.csv
    before=$(stat -c '%i %y %s' a.npy.zst)
    ok umm-archive append a.npy.zst bars.csv want.npy
    [[ $(stat -c '%i %y %s' a.npy.zst) == "$before" ]]
    capture umm-archive append -v a.npy.zst bars.csv
    [[ $status == 0 ]]
    [[ $stderr == 'a.npy.zst: 2000 rows, 0 of them new; 2000 were there, 0 in the journal; ratio '* ]]
    holds a.npy.zst
}

@test "rows that overlap are compared: those that differ are an error, or let be" {
    bars 1000 >old.csv
    ok umm-archive append a.npy.zst old.csv
    cp a.npy.zst before
    bars 1100 900 | sed '5s/,[0-9.]*$/,1/' >new.csv
    refuses 1 "umm-archive: new.csv: row 3: the row of 2020-01-01T15:03:00Z differs from the archive's row 903 in volume; see --on-revision" \
        umm-archive append a.npy.zst new.csv
    cmp a.npy.zst before
    sed '4s/^\([0-9]*\)0000,/\11000,/' old.csv >odd.csv
    refuses 1 "umm-archive: odd.csv: row 2: the row of 2020-01-01T00:02:01Z is not newer than the archive and not in it; see --on-revision" \
        umm-archive append a.npy.zst odd.csv
    cmp a.npy.zst before
    ok umm-archive append --on-revision=keep --json a.npy.zst new.csv
    [[ $output == *'"rows_written": 100,'*'"rows_same": 99,'*'"rows_revised": 1,'* ]]
    want 1100
    holds a.npy.zst
}

@test "rows are compared by value, with all rows of their time" {
    printf '%s\n' timestamp,open,high,low,close,volume 1577836800000,1,1,1,1,0 \
        1577836860000,1,1,1,1,1 1577836860000,2,2,2,2,2 >old.csv
    ok umm-archive append a.npy.zst old.csv
    cp a.npy.zst before
    sed 3d old.csv | sed 2d >second.csv
    ok umm-archive append --json a.npy.zst second.csv
    [[ $output == *'"rows_written": 0,'*'"rows_same": 1,'* ]]
    sed 's/,0$/,-0/' old.csv >zero.csv
    ok umm-archive append --json a.npy.zst zero.csv
    [[ $output == *'"rows_written": 0,'*'"rows_same": 3,'* ]]
    cmp a.npy.zst before
}

@test "the journal: a few rows without a frame, read by all tools" {
    want 1005
    ok umm-archive append a.npy.zst <(bars 1000)
    for n in 1001 1002 1005; do
        ok umm-archive append --keep-journal a.npy.zst <(bars $n 900)
        size=$(stat -c %s a.npy.zst)
        [[ -s a.npy.zst.journal && $size == "${last:-$size}" ]]
        last=$size
    done
    ok umm-archive stat a.npy.zst
    [[ ${lines[0]} == 'a.npy.zst: 1005 rows of 48 bytes; 1 frames of 65536 rows, 5 rows in the journal' ]]
    [[ ${lines[1]} == "size: $size bytes, 48240 unpacked, ratio $(awk "BEGIN { printf \"%.2f\", 48000 / $size }")" ]]
    umm-mmap-slice a.npy.zst 998: --format=csv >slice.csv
    umm-mmap-slice want.npy 998: --format=csv | cmp - slice.csv
    umm-archive extract a.npy.zst | cmp - want.npy
    umm-archive append b.npy.zst a.npy.zst
    capture umm-archive flush -v a.npy.zst
    [[ $status == 0 && $stderr == mended ]]
    [[ ! -e a.npy.zst.journal ]]
    holds a.npy.zst
    cmp a.npy.zst b.npy.zst
    capture umm-archive flush -v a.npy.zst
    [[ $stderr == 'nothing to do' ]]
}

@test "a journal alone, and one that an append folds in" {
    want 50
    capture umm-archive append -v --keep-journal a.npy.zst <(bars 20)
    [[ $stderr == 'a.npy.zst: 20 rows, 20 of them new; 0 were there, 20 in the journal; 0.'* ]]
    [[ -s a.npy.zst.journal ]]
    # No ratio of what is not packed.
    ok umm-archive stat a.npy.zst
    [[ ${lines[1]} == "size: $(stat -c %s a.npy.zst) bytes, 960 unpacked" ]]
    [[ $(umm-archive stat --json a.npy.zst) == *'"ratio": null,'* ]]
    ok umm-archive append a.npy.zst <(bars 50)
    [[ ! -e a.npy.zst.journal ]]
    holds a.npy.zst
}

@test "a pipe's rows go into frames by count, bytes and age" {
    local option writer
    for option in --flush-rows=50 --flush-bytes=2400 --flush-age=1ms; do
        rm -f a.npy.zst*
        appends "$option"
        bars 49 >&7
        wait_until $writer '49 rows to be read' is_drained $writer pipe
        bars 50 49 | tail -n +2 >&7
        wait_until $writer '50 rows in frames' has_in_frames 50
        bars 52 50 | tail -n +2 >&7
        exec 7>&-
        wait $writer
        want 52
        holds a.npy.zst
        [[ ! -e a.npy.zst.journal ]]
    done
}

@test "rows of a silent pipe go into a frame when they are old enough" {
    local option writer
    for option in --sync=batch --sync=always; do
        rm -f a.npy.zst*
        appends "$option" --flush-age=300ms
        bars 40 >&7
        stored 40
        # Nothing else comes: 40 rows must be in a frame.
        wait_until $writer '40 rows in a frame' has_in_frames 40
        bars 45 40 | tail -n +2 >&7
        stored 45
        kill -9 $writer
        exec 7>&-
        wait $writer || true
        want 45
        ok umm-archive repair a.npy.zst
        holds a.npy.zst
    done
}

@test "a disk that is full when the age is over ends the append, though its pipe is silent" {
    bars 1000 | umm-archive append a.npy.zst
    mkfifo pipe
    (
        ulimit -f "$(($(stat -c %s a.npy.zst) / 1024 + 1))"
        exec umm-archive append --flush-age=300ms a.npy.zst pipe 2>stderr
    ) 3>&- &
    local writer=$!
    wait_until $writer 'the pipe to be opened' has_open $writer pipe
    exec 7>pipe
    # No more than the pipe has room for, should the append end first.
    bars 1800 1000 >rows.csv
    (($(stat -c %s rows.csv) <= 65536))
    cat rows.csv >&7
    status=0
    wait $writer || status=$?
    exec 7>&-
    [[ $status == 1 && $(<stderr) == 'umm-archive: a.npy.zst'*': cannot write: File too large' ]]
    want 1000
    ok umm-archive repair a.npy.zst
    holds a.npy.zst
}

@test "rows of many small appends go into a frame by count and bytes" {
    local option n
    for option in --flush-rows=50 --flush-bytes=2400; do
        rm -f a.npy.zst*
        for n in 20 40 49; do
            ok umm-archive append --keep-journal "$option" a.npy.zst <(bars $n)
            bars $n >bars.csv
            ok umm-archive append --keep-journal "$option" a.npy.zst bars.csv
            [[ $(zstd -dcq a.npy.zst | wc -c) == 128 && -s a.npy.zst.journal ]]
        done
        bars 51 >bars.csv
        ok umm-archive append --keep-journal "$option" a.npy.zst bars.csv
        [[ ! -e a.npy.zst.journal ]]
        want 51
        holds a.npy.zst
    done
}

@test "with --sync=always what a pipe brings is in the journal before more is read" {
    local writer
    appends --sync=always
    bars 10 >&7
    stored 10
    [[ -s a.npy.zst.journal && $(zstd -dcq a.npy.zst | wc -c) == 128 ]]
    bars 12 10 | tail -n +2 >&7
    stored 12
    kill -9 $writer
    exec 7>&-
    wait $writer || true
    want 12
    ok umm-archive extract -o got.npy a.npy.zst
    cmp got.npy want.npy
    ok umm-archive repair a.npy.zst
    holds a.npy.zst
}

@test "an archive that is moved, removed or replaced under an append is an error" {
    local turn writer
    for turn in moved removed replaced; do
        rm -f ./*.npy.zst*
        bars 100 | umm-archive append a.npy.zst
        bars 100 | umm-archive append other.npy.zst
        local what=removed
        appends --sync=always 2>said
        bars 101 >&7
        stored 101
        case $turn in
        moved) mv a.npy.zst bak.npy.zst ;;
        removed) rm a.npy.zst ;;
        replaced) what=replaced && mv other.npy.zst a.npy.zst && cp a.npy.zst before ;;
        esac
        bars 110 101 | tail -n +2 >&7 || : # it may have ended already
        exec 7>&-
        local code=0
        wait $writer || code=$?
        [[ $code == 1 && $(<said) == "umm-archive: a.npy.zst: was $what while it was written" ]]
        [[ -e a.npy.zst.journal && ! -e .a.npy.zst.lock ]]
        case $turn in
        moved) mv a.npy.zst.journal bak.npy.zst.journal && umm-archive repair bak.npy.zst && umm-archive verify bak.npy.zst ;;
        removed) [[ ! -e a.npy.zst ]] ;;
        replaced) cmp a.npy.zst before ;;
        esac
    done
}

@test "SIGTERM and SIGINT store what a pipe brought" {
    # It keeps signals for a thread that waits until that goes on.
    [[ ${UMM_SAN-} != thread ]] || skip 'a thread sanitizer holds signals back'
    local signal
    for signal in TERM INT; do
        rm -f a.npy.zst* pipe
        mkfifo pipe
        # A job in the background ignores SIGINT unless it is told otherwise.
        "$PY" -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execvp(sys.argv[1], sys.argv[1:])' umm-archive append a.npy.zst pipe 3>&- &
        local writer=$!
        wait_until $writer 'the pipe to be opened' has_open $writer pipe
        exec 7>pipe
        bars 30 >&7
        wait_until $writer '30 rows to be read' is_drained $writer pipe
        kill -$signal $writer
        status=0
        wait $writer || status=$?
        exec 7>&-
        [[ $status == $((128 + $(kill -l $signal))) ]]
        want 30
        holds a.npy.zst
        no_leftovers
    done
}

@test "rows by number and time, as NumPy has them" {
    want 140000
    umm-archive append a.npy.zst want.npy
    umm-archive append --keep-journal a.npy.zst <(bars 140010 139000)
    want 140010
    "$PY" - <<'PYEOF'
import io, random, subprocess
import numpy as np
want = np.load("want.npy")
random.seed(5)
def run(*args):
    return subprocess.run(args, check=True, capture_output=True).stdout
for text in ["0:1", "65535:65537", "65536:", "131071:131073", "139990:", "-20:-5", ":", "::50000", "100:90000:7", "5:5"] + [
        f"{a}:{a + random.randrange(3000)}" for a in random.sample(range(140010), 25)]:
    index = slice(*[int(p) if p else None for p in text.split(":")])
    for tool in (["umm-archive", "extract"], ["umm-mmap-slice", "--format=npy"]):
        # -20:-5 must not be taken for an option
        got = np.load(io.BytesIO(run(*tool, "--", "a.npy.zst", text)))
        assert got.tobytes() == want[index].tobytes() and got.shape == want[index].shape, (tool, text)
got = np.load(io.BytesIO(run("umm-mmap-slice", "--format=npy", "--from=2020-03-01", "--to=2020-03-02", "a.npy.zst")))
t = np.datetime64("2020-03-01", "ms").astype("i8")
assert got.tobytes() == want[(want[:, 0] >= t) & (want[:, 0] < t + 86400000)].tobytes()
PYEOF
}

@test "arrays of any type, with names or without, as NumPy reads them" {
    "$PY" - <<'PYEOF'
import io, subprocess
import numpy as np
rng = np.random.default_rng(1)
arrays = {
    "names": np.array([(i * 60, i / 7, i % 3) for i in range(70000)], dtype=[("timestamp", "<M8[s]"), ("x", "<f4"), ("k", "|i1")]),
    "line": rng.integers(0, 9, 70001).astype("<i8"),
    "bytes": rng.integers(0, 9, 70001).astype("u1"),
    "cube": rng.random((50, 30, 40)),
    "wide": np.arange(40 * 100000.0).reshape(40, 100000),
    "big": np.arange(300).reshape(100, 3).astype(">f8"),
}
for name, a in arrays.items():
    np.save(f"{name}.npy", a)
    subprocess.run(["umm-archive", "append", f"{name}.npy.zst", f"{name}.npy"], check=True)
    got = np.load(io.BytesIO(subprocess.run(["zstd", "-dcq", f"{name}.npy.zst"], check=True, capture_output=True).stdout))
    assert got.dtype == a.dtype and got.tobytes() == a.tobytes() and got.shape == a.shape, name
    subprocess.run(["umm-archive", "verify", f"{name}.npy.zst"], check=True, capture_output=True)
# Fortran order becomes C order; rows without a time are all new.
np.save("f.npy", np.asfortranarray(arrays["cube"]))
for _ in range(2):
    subprocess.run(["umm-archive", "append", "f.npy.zst", "f.npy"], check=True)
got = np.load(io.BytesIO(subprocess.run(["zstd", "-dcq", "f.npy.zst"], check=True, capture_output=True).stdout))
assert got.tobytes() == np.concatenate([arrays["cube"]] * 2).tobytes()
PYEOF
}

@test "text as umm-convert reads it, rejected rows counted" {
    umm-synth --layout=yahoo --rows=20 >y.csv 2>/dev/null || bars 20 >y.csv
    ok umm-convert -o want.npy y.csv
    ok umm-archive append a.npy.zst y.csv
    holds a.npy.zst
    bars 10 | sed '4s/,.*/,x/' >bad.csv
    refuses 1 'umm-archive: bad.csv:4:16: 2 fields, expected 6' umm-archive append b.npy.zst bad.csv
    [[ ! -e b.npy.zst ]]
    capture umm-archive append --bad-rows=skip --json b.npy.zst bad.csv
    [[ $status == 3 && -z $stderr && $output == *'"rows": 9,'*'"rows_rejected": 1,'* ]]
    printf 'timestamp,open,high,low,close,volume\n2024-01-02 03:04,1,2,0.5,1.5,9\n' >zone.csv
    ok umm-archive append --tz=Europe/Berlin c.npy.zst zone.csv
    ok umm-archive stat c.npy.zst
    [[ ${lines[2]} == 'times: 2024-01-02T02:04:00Z to 2024-01-02T02:04:00Z' ]]
    ok umm-archive append --columns=timestamp,close d.npy.zst y.csv
    ok umm-convert --columns=timestamp,close -o want.npy y.csv
    holds d.npy.zst
}

@test "stat and list, for people and as JSON" {
    ok umm-archive append a.npy.zst <(bars 1000)
    ok umm-archive stat a.npy.zst
    size=$(stat -c %s a.npy.zst)
    [[ ${lines[0]} == 'a.npy.zst: 1000 rows of 48 bytes; 1 frames of 65536 rows, 0 rows in the journal' ]]
    [[ ${lines[1]} == "size: $size bytes, 48000 unpacked, ratio "* ]]
    [[ ${lines[2]} == 'times: 2020-01-01T00:00:00Z to 2020-01-01T16:39:00Z' && ${#lines[@]} == 3 ]]
    umm-archive stat --json a.npy.zst >stat.json
    umm-archive list --json a.npy.zst >list.json
    ok "$PY" -c '
import json, os, subprocess
s = json.load(open("stat.json"))
assert s["rows"] == 1000 and s["frames"] == 1 and s["row_bytes"] == 48 and s["complete"] is True
assert s["bytes"] == os.stat("a.npy.zst").st_size and s["content_bytes"] == 48000
assert s["first_time"] == "2020-01-01T00:00:00Z", s
f = [json.loads(line) for line in open("list.json")]
assert len(f) == 1 and f[0]["first_row"] == 0 and f[0]["end_row"] == 1000
# The bytes that it names are a zstd frame of the rows.
data = open("a.npy.zst", "rb").read()[f[0]["offset"]:][:f[0]["bytes"]]
assert len(subprocess.run(["zstd", "-dcq"], input=data, capture_output=True, check=True).stdout) == 48000'
}

@test "metrics are Prometheus text" {
    ok umm-archive append --metrics=m.prom a.npy.zst <(bars 1000)
    grep -qx 'umm_rows{tool="umm-archive",command="append",output="'"$PWD"'/a.npy.zst"} 1000' m.prom
    grep -qx 'umm_rows_written{tool="umm-archive",command="append",output="'"$PWD"'/a.npy.zst"} 1000' m.prom
    ok umm-archive stat --metrics=m.prom a.npy.zst
    grep -qx 'umm_content_bytes{tool="umm-archive",command="stat",output="'"$PWD"'/a.npy.zst"} 48000' m.prom
}

@test "compact packs anew at another level, with the same mode, and readers go on" {
    want 70000
    umm-archive append --level=1 a.npy.zst want.npy
    umm-archive append --keep-journal a.npy.zst <(bars 70010 69000)
    chmod 640 a.npy.zst
    size=$(stat -c %s a.npy.zst)
    exec 7<a.npy.zst
    ok umm-archive compact --level=19 a.npy.zst
    exec 7<&-
    [[ $(stat -c %s a.npy.zst) -lt $size && $(stat -c %a a.npy.zst) == 640 && ! -e a.npy.zst.journal ]]
    want 70010
    holds a.npy.zst
    no_leftovers
    ok umm-archive append a.npy.zst <(bars 70020)
    want 70020
    holds a.npy.zst
}

@test "the header does not say how much it holds: no reader takes it for the file" {
    want 1000
    ok umm-archive append a.npy.zst want.npy
    # RFC 8878, 3.1.1.1: no content size, a window instead; and libzstd's own opinion.
    ok "$PY" -c '
magic, descriptor, window = (lambda b: (b[:4], b[4], b[5]))(open("a.npy.zst", "rb").read(6))
assert magic == b"\x28\xb5\x2f\xfd" and descriptor == 0, descriptor
assert 1 << (10 + (window >> 3)) == 128 << 10 and window & 7 == 0, window'
    zstd -lv a.npy.zst >list
    grep -qx '# Zstandard Frames: 2' list
    [[ $(<list) != *'Decompressed Size'* ]]
    holds a.npy.zst
    zstd -dcq --single-thread --no-sparse a.npy.zst | cmp - want.npy
}

@test "a reader of one frame refuses an archive, and one of many reads all" {
    "$PY" -c 'import zstandard' 2>/dev/null || skip 'needs python3-zstandard'
    want 70000
    ok umm-archive append a.npy.zst want.npy
    ok "$PY" - <<'PYEOF'
import zstandard
data, want = open("a.npy.zst", "rb").read(), open("want.npy", "rb").read()
try:
    got = zstandard.ZstdDecompressor().decompress(data)
    raise SystemExit(f"{len(got)} bytes and no error")
except zstandard.ZstdError as error:
    assert "content size" in str(error), error
assert zstandard.open("a.npy.zst").read() == want
PYEOF
}

# of_earlier FILE: the archive FILE gets the header that earlier versions wrote, with its size.
of_earlier() {
    "$PY" - "$1" <<'PYEOF'
import struct, sys
data = open(sys.argv[1], "rb").read()
assert data[:6] == b"\x28\xb5\x2f\xfd\x00\x38"
n = int.from_bytes(data[6:9], "little") >> 3
size = bytes([0x20, n]) if n < 256 else b"\x60" + struct.pack("<H", n - 256)
old, table = data[:4] + size + data[6:9], len(data) - 9 - 12 * struct.unpack("<I", data[-9:-5])[0]
entry = struct.pack("<I", len(old) + n)
open(sys.argv[1], "wb").write(old + data[9:table] + entry + data[table + 4:])
PYEOF
}

@test "archives of earlier versions grow as they are; compact gives them the new header" {
    local options name
    for options in --plain --struct; do
        rm -f ./*.npy.zst*
        name=old$options.npy
        bars 100 | umm-convert $options -o $name
        bars 120 | umm-convert $options -o more.npy
        bars 130 | umm-convert $options -o want.npy
        ok umm-archive append $name.zst $name
        cp $name.zst new.npy.zst
        of_earlier $name.zst
        zstd -dcq $name.zst | cmp - $name
        umm-archive extract $name.zst | cmp - $name
        ok umm-archive verify $name.zst
        capture umm-archive repair -v $name.zst
        [[ $stderr == 'nothing to do' ]]
        ok umm-archive append --keep-journal $name.zst more.npy
        ok umm-archive append $name.zst want.npy
        holds $name.zst
        # Written in place, and as before.
        ok umm-archive append new.npy.zst want.npy
        cp new.npy.zst again.npy.zst
        of_earlier again.npy.zst
        cmp again.npy.zst $name.zst
        ok umm-archive compact $name.zst
        cmp new.npy.zst $name.zst
    done
}

@test "a make rule ends: an archive is not older than its input, whatever that had" {
    local option
    cat >Makefile <<'EOF'
frames.npy.zst: bars.csv
	umm-archive append $(OPTION) $@ $<
journal.npy.zst: bars.csv
	umm-archive append --keep-journal $(OPTION) $@ $<
pipe.npy.zst: bars.csv
	tail -n +1 $< | umm-archive append $(OPTION) $@
EOF
    # settles: each rule is run, and then there is nothing to do.
    settles() {
        ! make -q "${archives[@]}" || return
        ok make -s "${archives[@]}"
        make -q "${archives[@]}"
    }
    local archives=(frames.npy.zst journal.npy.zst pipe.npy.zst)
    bars 100 >bars.csv
    settles
    # Rows for a frame and for the journal, then nothing new, then not even a row.
    bars 110 >bars.csv
    settles
    [[ -s journal.npy.zst.journal ]]
    cp frames.npy.zst before
    touch -d '2001-01-01' "${archives[@]}"
    settles
    touch -d '2001-01-01' "${archives[@]}"
    head -n 1 bars.csv >none.csv
    mv none.csv bars.csv
    settles
    cmp before frames.npy.zst
    # Not with --if-changed; and an archive that is not older keeps its time.
    touch -d '2001-01-02' bars.csv
    touch -d '2001-01-01' "${archives[@]}"
    ok make -s OPTION=--if-changed "${archives[@]}"
    [[ $(stat -c %y "${archives[@]}" | sort -u) == 2001-01-01* ]]
    ok umm-archive append frames.npy.zst <bars.csv
    touch -d '2001-01-03' frames.npy.zst
    ok umm-archive append frames.npy.zst <bars.csv
    [[ $(stat -c %y frames.npy.zst) == 2001-01-03* ]]
    # What has no row may be no archive.
    touch -d '2001-01-01' Makefile
    capture umm-archive append Makefile bars.csv
    [[ $(stat -c %y Makefile) == 2001-01-01* ]]
}
