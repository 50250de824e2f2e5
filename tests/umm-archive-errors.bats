#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
load helper

# bars N [FIRST]: N one-minute bars as CSV, without the first FIRST of them.
bars() {
    umm-synth --rows="$1" | { read -r header && echo "$header" && tail -n "+$((${2:-0} + 1))"; }
}

# old N: a.npy.zst with N bars, and a copy of it that nothing may change.
old() {
    bars "$1" | umm-archive append a.npy.zst && cp -p a.npy.zst before
}

# refused TEXT ARGS...: exit code 1, the text, and the old archive untouched.
refused() {
    local text=$1
    shift
    refuses 1 "umm-archive: $text" umm-archive "$@" || return
    cmp a.npy.zst before && no_leftovers && [[ ! -e a.npy.zst.journal ]]
}

# usage TEXT ARGS...
usage() {
    local text=$1
    shift
    refuses 2 "umm-archive: $text"$'\n'"Try 'umm-archive --help'." umm-archive "$@"
}

@test "wrong usage" {
    usage "--level takes a number from 1 to 19, not \"0\"" append --level=0 a.npy.zst
    usage "--level takes a number from 1 to 19, not \"20\"" append --level=20 a.npy.zst
    usage "--threads takes a number from 1 to 256, not \"0\"" append --threads=0 a.npy.zst
    usage "--sync takes batch or always, not \"never\"" append --sync=never a.npy.zst
    usage "--flush-rows takes a number from 1, not \"0\"" append --flush-rows=0 a.npy.zst
    usage "--flush-bytes takes a number of bytes, or one with K, M or G, not \"1X\"" append --flush-bytes=1X a.npy.zst
    usage "--flush-age takes a time such as 500ms, 5s or 2m, not \"5\"" append --flush-age=5 a.npy.zst
    usage "--on-revision takes error or keep, not \"replace\"" append --on-revision=replace a.npy.zst
    usage "--lock takes wait or fail, not \"no\"" append --lock=no a.npy.zst
    [[ ! -e a.npy.zst ]]
}

@test "inputs that cannot be appended" {
    old 100
    bars 200 100 >new.csv
    refused 'nope: cannot examine: No such file or directory' append a.npy.zst nope
    refused 'nope: cannot examine: No such file or directory' append a.npy.zst new.csv nope
    umm-convert --struct -o struct.npy new.csv
    local other='the archive has other columns: <f8 (N, 6); the input gives [timestamp <M8[ms], open <f8, high <f8, low <f8, close <f8, volume <f8]'
    refused "a.npy.zst: $other" append a.npy.zst struct.npy
    refused "struct.npy: $other" append a.npy.zst new.csv struct.npy
    umm-convert -o new.npy new.csv
    head -c 1000 new.npy >short.npy
    refused 'short.npy: array data is short by 3928 bytes' append a.npy.zst short.npy
    "$PY" -c "
import numpy as np
a = np.load('new.npy')
np.save('back.npy', a[::-1])
a[7, 0] = np.nan
np.save('nan.npy', a)
np.save('object.npy', np.array([None, 1]), allow_pickle=True)
np.save('scalar.npy', np.float64(1))"
    refused 'back.npy: row 1: 2020-01-01T03:18:00Z after 2020-01-01T03:19:00Z: out of order' append a.npy.zst back.npy
    refused 'nan.npy: row 7: timestamp is not a time' append a.npy.zst nan.npy
    capture umm-archive append a.npy.zst object.npy
    [[ $status == 1 && $stderr == 'umm-archive: object.npy: '* ]]
    capture umm-archive append b.npy.zst scalar.npy
    [[ $status == 1 && $stderr == 'umm-archive: scalar.npy: '* && ! -e b.npy.zst ]]
    refuses 1 'umm-archive: <stdin>: row 1: 2020-01-01T03:18:00Z after 2020-01-01T03:19:00Z: out of order' \
        umm-archive append b.npy.zst - <back.npy
    [[ ! -e b.npy.zst ]]
}

@test "outputs that are the archive, its journal or its lock" {
    old 100
    bars 110 >new.csv
    cp new.csv new.before
    ln -s a.npy.zst link.npy.zst
    local name command
    for name in a.npy.zst a.npy.zst.journal .a.npy.zst.lock link.npy.zst "$PWD/a.npy.zst"; do
        for command in append stat verify; do
            usage "$name: is the archive, or a file of it" $command --metrics="$name" a.npy.zst </dev/null
        done
        usage "$name: is an input and an output at once" extract -o "$name" a.npy.zst
        refuses 2 "umm-mmap-slice: $name: is an input and an output at once"$'\n'"Try 'umm-mmap-slice --help'." \
            umm-mmap-slice --format=npy -o "$name" a.npy.zst 1:5
        cmp a.npy.zst before && no_leftovers && [[ ! -e a.npy.zst.journal ]]
    done
    # Through standard output, where the name is not known.
    ok umm-archive append --keep-journal j.npy.zst new.csv
    cp j.npy.zst.journal journal.before
    appends() { umm-archive "${@:2}" >>"$1"; }
    local text="umm-archive: standard output: is an input and an output at once"$'\n'"Try 'umm-archive --help'."
    refuses 2 "$text" appends a.npy.zst extract a.npy.zst
    refuses 2 "$text" appends a.npy.zst extract link.npy.zst 1:5
    refuses 2 "$text" appends a.npy.zst extract -o - a.npy.zst
    refuses 2 "$text" appends j.npy.zst.journal extract j.npy.zst
    refuses 2 "umm-archive: standard output: is the archive, or a file of it"$'\n'"Try 'umm-archive --help'." \
        appends a.npy.zst stat --metrics=- a.npy.zst
    for command in append list stat verify; do
        refuses 2 "umm-archive: standard output: is the archive, or a file of it"$'\n'"Try 'umm-archive --help'." \
            appends a.npy.zst $command a.npy.zst <new.csv
        refuses 2 "umm-archive: standard output: is the archive, or a file of it"$'\n'"Try 'umm-archive --help'." \
            appends j.npy.zst.journal $command j.npy.zst <new.csv
    done
    refuses 2 "$text" appends new.csv append a.npy.zst new.csv
    cmp a.npy.zst before
    cmp j.npy.zst.journal journal.before
    usage "b.npy.zst: is the archive, or a file of it" append --metrics=b.npy.zst b.npy.zst new.csv
    usage "new.csv: is an input and an output at once" append --metrics=new.csv a.npy.zst new.csv
    cmp new.csv new.before
    [[ ! -e b.npy.zst ]]
    # A plain array does not take an archive's place.
    text='a.npy.zst: is an archive: umm-archive append adds to it; to replace it, remove it first'
    refuses 1 "umm-convert: $text" umm-convert -o a.npy.zst new.csv
    ok umm-convert -o new.npy new.csv
    refuses 1 "umm-mmap-slice: $text" umm-mmap-slice --format=npy -o a.npy.zst new.npy 1:5
    # Nor what would be taken for its journal.
    text='a.npy.zst.journal: is the place of an archive'"'"'s journal'
    refuses 1 "umm-convert: $text" umm-convert -o a.npy.zst.journal new.csv
    refuses 1 "umm-convert: $text" umm-convert -o o.npy --report=a.npy.zst.journal new.csv
    refuses 1 "umm-features: $text" umm-features -f sma:3 --format=csv -o a.npy.zst.journal new.npy
    ok umm-convert -o none.journal new.csv
    ok umm-convert -o new.npy.journal new.csv
    bars 115 >more.csv
    ok umm-archive append --keep-journal a.npy.zst more.csv
    cp a.npy.zst.journal journal.before
    refuses 1 'umm-features: a.npy.zst.journal: is the journal of an archive' \
        umm-features -f sma:3 --format=npy -o a.npy.zst.journal new.npy
    # Nor does a report take that of any data; of a text it does.
    text='is no text, but data: a report does not take its place'
    for name in a.npy.zst a.npy.zst.journal new.npy; do
        refuses 1 "umm-preload: $name: $text" umm-preload --metrics="$name" before
        refuses 1 "umm-convert: $name: $text" umm-convert -o o.npy --report="$name" new.csv
    done
    # Whatever way an output has.
    ok umm-store create --dim=2 vectors
    printf 'symbol,%s\n' "$(head -n 1 new.csv)" >mixed.csv
    sed '1d; s/^/A,/' new.csv >>mixed.csv
    for name in a.npy.zst a.npy.zst.journal; do
        text="$name: is the journal of an archive"
        [[ $name == *.journal ]] ||
            text="$name: is an archive: umm-archive append adds to it; to replace it, remove it first"
        refuses 1 "umm-convert: $name: is no text, but data: a report does not take its place" \
            umm-convert --bad-rows=quarantine:"$name" -o o.npy new.csv
        refuses 1 "umm-synth: $text" umm-synth -o "$name"
        refuses 1 "umm-store: $text" umm-store export vectors "$name"
        refuses 1 "umm-features: $text" umm-features -f sma:2 --by=symbol --follow --format=csv -o "$name" mixed.csv
        refuses 1 "umm-features: $name: not a state file: a state does not take its place" \
            umm-features -f sma:2 --rebuild --append --state="$name" -o o.npy new.npy
    done
    no_leftovers
    cmp a.npy.zst before
    cmp a.npy.zst.journal journal.before
    printf '1234567\346\227\245' >text
    ok umm-preload --metrics=text before
    rm a.npy.zst
    ok umm-convert -o a.npy.zst new.csv
}

@test "files that are no archives" {
    bars 100 >bars.csv
    zstd -q bars.csv
    umm-convert -o bars.npy bars.csv
    zstd -q bars.npy
    : >empty
    printf '(\265/\375' >magic
    local command
    for command in list stat extract verify repair flush compact append; do
        local input=()
        [[ $command != append ]] || input=(bars.csv)
        refuses 1 "umm-archive: bars.csv.zst: is zstd, but no archive of rows" \
            umm-archive $command bars.csv.zst "${input[@]}"
        refuses 1 "umm-archive: bars.npy.zst: is zstd, but no archive of rows" \
            umm-archive $command bars.npy.zst "${input[@]}"
        refuses 1 "umm-archive: magic: is zstd, but no archive of rows" \
            umm-archive $command magic "${input[@]}"
        [[ $command != extract ]] || continue
        refuses 1 "umm-archive: empty: is no archive: it does not begin with a zstd frame" \
            umm-archive $command empty "${input[@]}"
        refuses 1 "umm-archive: bars.csv: is no archive: it does not begin with a zstd frame" \
            umm-archive $command bars.csv "${input[@]}"
    done
    for command in list stat verify repair flush compact; do
        capture umm-archive $command nope
        [[ $status == 1 && $stderr == 'umm-archive: nope: cannot '*': No such file or directory' ]]
        [[ ! -e nope ]]
    done
    no_leftovers
}

@test "the journal of another archive, and what is no journal" {
    old 100
    bars 102 | sed '3s/,[0-9.]*$/,1/' >other.csv
    head -n 101 other.csv | umm-archive append b.npy.zst
    umm-archive append --keep-journal b.npy.zst other.csv
    local text='the journal beside it is of another archive; put it back or move it away' command
    for command in list stat verify extract repair flush compact append; do
        cp b.npy.zst.journal a.npy.zst.journal
        refuses 1 "umm-archive: a.npy.zst: $text" umm-archive $command a.npy.zst <other.csv
        cmp a.npy.zst before
        cmp b.npy.zst.journal a.npy.zst.journal
    done
    bars 101 >new.csv
    refuses 1 "umm-archive: a.npy.zst: $text" umm-archive append a.npy.zst new.csv
    rm a.npy.zst.journal
    echo 'something else, and long enough to be the head' >a.npy.zst.journal
    refuses 1 'umm-archive: a.npy.zst.journal: is not the journal of an archive' umm-archive stat a.npy.zst
    rm a.npy.zst.journal
    mkfifo a.npy.zst.journal
    refuses 1 'umm-archive: a.npy.zst.journal: is not a regular file' umm-archive stat a.npy.zst
    mkdir elsewhere
    mv a.npy.zst.journal c.npy.zst.journal
    ln -s elsewhere/journal a.npy.zst.journal
    refuses 1 'umm-archive: a.npy.zst.journal: is a symbolic link out of its directory; a journal is beside its archive' \
        umm-archive append --keep-journal a.npy.zst new.csv
    rm a.npy.zst.journal
    cmp a.npy.zst before
    refuses 1 'umm-archive: c.npy.zst.journal: is the journal of an archive that is not there' \
        umm-archive append c.npy.zst new.csv
    no_leftovers
}

@test "damage is found by verify, and reading says which rows" {
    bars 140000 >bars.csv
    old 140000
    offset=$(umm-archive list --json a.npy.zst | "$PY" -c 'import json, sys; print([json.loads(l) for l in sys.stdin][1]["offset"])')
    "$PY" -c "
f = open('a.npy.zst', 'r+b'); f.seek($offset + 500000); b = f.read(1)[0]; f.seek(-1, 1); f.write(bytes([b ^ 4]))"
    capture umm-archive verify a.npy.zst
    [[ $status == 1 && $stderr == 'umm-archive: a.npy.zst: frame 1, rows 65536 to 131071: '* && ${#lines[@]} == 1 ]]
    capture umm-mmap-slice --format=npy -o out.npy a.npy.zst 70000:70001
    [[ $status == 1 && $stderr == 'umm-mmap-slice: a.npy.zst: frame 1, rows 65536 to 131071: '* && ! -e out.npy ]]
    ok umm-archive extract -o out.npy a.npy.zst 131072:
}

@test "an archive whose first byte is damaged is an archive to all that read arrays" {
    old 300
    printf '\0' | dd of=a.npy.zst conv=notrunc status=none
    local text="a.npy.zst: the archive's header is damaged; umm-archive repair may mend it"
    refuses 1 "umm-archive: $text" umm-archive extract a.npy.zst
    refuses 1 "umm-mmap-slice: $text" umm-mmap-slice a.npy.zst 1:3
    refuses 1 "umm-features: $text" umm-features -f sma:2 -o out.npy a.npy.zst
    ok umm-archive repair a.npy.zst
    cmp a.npy.zst before
}

@test "a header that is damaged is refused, and stays as it is unless a bit makes it whole" {
    old 300
    "$PY" -c "
d = bytearray(open('a.npy.zst', 'rb').read())
d[d.index(b'<f8')] ^= 2
open('bit', 'wb').write(d)
d[d.index(b'>f8') + 1] = ord('i')
open('a.npy.zst', 'wb').write(d)"
    cp a.npy.zst before
    local text='a.npy.zst: the header is damaged: it is not the one of the seek table' command
    for command in list stat verify extract repair flush compact; do
        refused "$text" $command a.npy.zst
    done
    bars 310 >new.csv
    refused "$text" append a.npy.zst new.csv
    refuses 1 "umm-mmap-slice: $text" umm-mmap-slice a.npy.zst 1:3
    cp bit a.npy.zst
    cp bit before
    for command in list stat verify extract flush compact; do
        refused "$text" $command a.npy.zst
    done
    ok umm-archive repair a.npy.zst
    umm-convert -o want.npy <(bars 300)
    zstd -dcq a.npy.zst | cmp - want.npy
    ok umm-archive append a.npy.zst new.csv
}

@test "damage of what other readers use is found; what can be computed is mended" {
    old 140000
    umm-archive extract before >want.npy
    "$PY" - <<'PYEOF'
import ctypes, struct, subprocess
whole, want = open("before", "rb").read(), open("want.npy", "rb").read()
xxh = ctypes.CDLL("libxxhash.so.0").XXH64
xxh.restype, xxh.argtypes = ctypes.c_uint64, [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint64]
def run(*args, **how):
    return subprocess.run(args, capture_output=True, **how)
def seekable(data):
    """All frames by the table, from its text: the zstd seekable format 0.1.0."""
    n, descriptor, magic = struct.unpack("<IBI", data[-9:])
    table, at, out = data[-9 - 12 * n:-9], 0, b""
    if magic != 0x8F92EAB1 or descriptor & 0xFC != 0x80:
        return None
    if data[-17 - 12 * n:-9 - 12 * n] != struct.pack("<II", 0x184D2A5E, 12 * n + 9):
        return None
    for packed, content, checksum in struct.iter_unpack("<III", table):
        got = run("zstd", "-dcq", input=data[at:at + packed]).stdout
        if len(got) != content or xxh(got, content, 0) & 0xFFFFFFFF != checksum:
            return None
        at, out = at + packed, out + got
    return out
assert seekable(whole) == want
n = struct.unpack("<I", whole[-9:-5])[0]
entries = len(whole) - 9 - 12 * n
text = whole.index(b"<f8")
places = {4: "descriptor", 5: "window", 6: "block", 137: "magic", 141: "size", 146: "name", 157: "rows", 180: "hash",
          text: "type", whole.index(b"(140000") + 2: "count", entries - 8: "magic", entries - 4: "size",
          entries + 1: "packed", entries + 4: "content", entries + 8: "checksum", entries + 16: "content",
          entries + 20: "checksum", entries + 24: "packed", entries + 28: "content", entries + 32: "checksum",
          len(whole) - 9: "frames", len(whole) - 5: "descriptor", len(whole) - 2: "magic"}
misread = 0
for at, what in places.items():
    for bit in (0, 4):
        data = bytearray(whole)
        data[at] ^= 1 << bit
        open("a.npy.zst", "wb").write(data)
        done = run("umm-archive", "verify", "a.npy.zst")
        others = run("zstd", "-dcq", "a.npy.zst").stdout == want and seekable(bytes(data)) == want
        misread += not others
        assert done.returncode == 1 and done.stderr.startswith(b"umm-archive: a.npy.zst: "), (at, what, bit, others)
        done = run("umm-archive", "repair", "-v", "a.npy.zst")
        assert done.returncode == 0 and done.stderr == b"mended\n", (at, what, bit, done)
        assert open("a.npy.zst", "rb").read() == whole, (at, what, bit)
assert misread > len(places), misread
PYEOF
    ok umm-archive verify a.npy.zst
    no_leftovers
}

@test "a header that counts too few rows: the table has the others" {
    old 70000
    cp a.npy.zst whole.npy.zst
    cp a.npy.zst before
    umm-archive extract a.npy.zst >want.npy
    bars 10 >new.csv
    local n command
    # The first is also what an append that was killed before its header leaves.
    for n in 65536 60000; do
        for command in repair flush compact append; do
            "$PY" -c "
d = open('before', 'rb').read()
assert d.count(b'(70000,') == 1
open('a.npy.zst', 'wb').write(d.replace(b'(70000,', b'($n,'))"
            refuses 1 "umm-archive: a.npy.zst: the header counts $n rows, and the seek table 70000; umm-archive repair mends it" \
                umm-archive verify a.npy.zst
            ok umm-archive $command a.npy.zst <new.csv
            zstd -dcq a.npy.zst | cmp - want.npy
            ok umm-archive verify a.npy.zst
        done
    done
    # A frame that is not whole is given up.
    "$PY" -c "
d = bytearray(open('before', 'rb').read().replace(b'(70000,', b'(65536,'))
d[-1000] ^= 1
open('a.npy.zst', 'wb').write(d)"
    ok umm-archive repair a.npy.zst
    [[ $(umm-archive verify a.npy.zst) == 'a.npy.zst: 65536 rows '* ]]
    no_leftovers
}

@test "a file that was cut: reading refuses, repair keeps its whole frames and says so" {
    bars 140000 >bars.csv
    old 140000
    truncate -s -200 a.npy.zst
    capture umm-archive stat a.npy.zst
    [[ $status == 1 && $stderr == 'umm-archive: a.npy.zst: damaged: no frame of rows at byte '* ]]
    refuses 3 'umm-archive: a.npy.zst: was cut: 8928 rows that it counted are gone, 131072 are left' \
        umm-archive repair a.npy.zst
    umm-convert -o want.npy <(head -n 131073 bars.csv)
    zstd -dcq a.npy.zst | cmp - want.npy
    ok umm-archive verify a.npy.zst
    ok umm-archive append a.npy.zst bars.csv
    cmp a.npy.zst before
}

@test "a journal with a hole: all refuse, repair keeps what is before" {
    bars 300 >bars.csv
    old 100
    local n command
    for n in 101 150 201; do
        ok umm-archive append --keep-journal a.npy.zst <(bars $n)
    done
    "$PY" -c "
d = bytearray(open('a.npy.zst.journal', 'rb').read())
d[40 + 72 + 1000] ^= 1
open('a.npy.zst.journal', 'wb').write(d)"
    cp a.npy.zst.journal journal.before
    local text='a.npy.zst.journal: damaged at byte 112: 100 rows from there on are lost; umm-archive repair keeps those before'
    for command in list stat verify extract flush compact append; do
        refuses 1 "umm-archive: $text" umm-archive $command a.npy.zst <bars.csv
        [[ -z $output ]]
        cmp a.npy.zst before
        cmp a.npy.zst.journal journal.before
    done
    refuses 1 "umm-archive: $text" umm-archive append --keep-journal a.npy.zst bars.csv
    refuses 1 "umm-mmap-slice: $text" umm-mmap-slice a.npy.zst 1:3
    cmp a.npy.zst.journal journal.before
    no_leftovers
    refuses 3 'umm-archive: a.npy.zst: its journal was damaged at byte 112: 100 rows from there on are gone, 101 are left' \
        umm-archive repair a.npy.zst
    [[ ! -e a.npy.zst.journal ]]
    umm-convert -o want.npy <(head -n 102 bars.csv)
    zstd -dcq a.npy.zst | cmp - want.npy
    ok umm-archive repair a.npy.zst
    ok umm-archive append a.npy.zst bars.csv
    umm-convert -o want.npy bars.csv
    zstd -dcq a.npy.zst | cmp - want.npy
    # The last record may be what a power cut left of an append: it never was stored.
    ok umm-archive append --keep-journal a.npy.zst <(bars 310)
    ok umm-archive append --keep-journal a.npy.zst <(bars 320)
    "$PY" -c "
d = bytearray(open('a.npy.zst.journal', 'rb').read())
d[-100] ^= 1
open('a.npy.zst.journal', 'wb').write(d)"
    ok umm-archive verify a.npy.zst
    [[ ${lines[0]} == 'a.npy.zst: 310 rows '* ]]
    ok umm-archive repair a.npy.zst
}

@test "a bomb costs the memory of a frame" {
    # 65536 rows of 48 zero bytes in each of many frames: the most that a frame may hold.
    "$PY" -c "
import numpy as np
np.save('zeros.npy', np.zeros((16 * 65536 * 4, 1), 'u1'))
np.save('wide.npy', np.zeros((512, 1 << 17), 'f8')[:300])"
    umm-archive append z.npy.zst zeros.npy
    umm-archive append w.npy.zst wide.npy
    [[ $(stat -c %s w.npy.zst) -lt 100000 ]]
    for f in z w; do
        "$PY" -c "
import os, subprocess, sys
p = subprocess.Popen(['umm-archive', 'verify', '$f.npy.zst'], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(p.pid, 0)
assert status == 0 and (os.environ.get('UMM_SAN') or usage.ru_maxrss < 64 << 10), usage.ru_maxrss"
    done
    # A description that asks for more than that is none.
    "$PY" - <<'PYEOF'
import ctypes, ctypes.util, struct, subprocess
data = bytearray(open("z.npy.zst", "rb").read())
at = data.index(b"UMMARCH\0")
xxh = ctypes.CDLL("libxxhash.so.0")
xxh.XXH64.restype = ctypes.c_uint64
xxh.XXH64.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint64]
for rows in (0, 65537, 1 << 31, 0xFFFFFFFF):
    data[at + 12:at + 16] = struct.pack("<I", rows)
    data[at + 32:at + 40] = struct.pack("<Q", xxh.XXH64(bytes(data[at:at + 32]), 32, 0))
    open("bomb.npy.zst", "wb").write(data)
    done = subprocess.run(["umm-archive", "verify", "bomb.npy.zst"], capture_output=True, text=True)
    assert done.returncode == 1, done
    assert done.stderr == "umm-archive: bomb.npy.zst: the archive's description makes no sense\n", done
PYEOF
}

@test "one writer at a time; readers need no lock" {
    old 100
    bars 200 >new.csv
    mkfifo pipe
    umm-archive append a.npy.zst pipe 3>&- &
    local writer=$!
    wait_until $writer 'the pipe to be opened' has_open $writer pipe
    exec 7>pipe
    bars 101 >&7
    wait_until $writer '101 rows to be read' is_drained $writer pipe
    local command
    for command in append flush repair compact; do
        local input=()
        [[ $command != append ]] || input=(new.csv)
        capture umm-archive $command --lock=fail a.npy.zst "${input[@]}"
        [[ $status == 1 && $stderr == 'umm-archive: a.npy.zst: '*lock* ]]
    done
    ok umm-archive verify a.npy.zst
    umm-archive append a.npy.zst new.csv 7>&- 3>&- &
    local second=$!
    wait_until $second 'the lock to be waited for' waits_with $second .a.npy.zst.lock
    exec 7>&-
    wait $writer
    wait $second
    umm-convert -o want.npy new.csv
    zstd -dcq a.npy.zst | cmp - want.npy
    no_leftovers
}

@test "the journal of another user's archive is his" {
    [[ $(id -u) == 0 ]] || skip "only root can give files away"
    bars 110 >new.csv
    bars 100 | umm-archive append a.npy.zst
    chmod 600 a.npy.zst
    chown 12345:23456 a.npy.zst
    ok umm-archive append --keep-journal a.npy.zst new.csv
    [[ $(stat -c '%u:%g %a' a.npy.zst.journal) == '12345:23456 600' ]]
    ok umm-archive flush a.npy.zst
    [[ $(stat -c '%u:%g %a' a.npy.zst) == '12345:23456 600' ]]
    # In a world-writable directory the archive may be anybody's, for the rows of others.
    chmod 1777 .
    bars 115 >new.csv
    refuses 1 'umm-archive: a.npy.zst: belongs to another user (uid 12345) in a world-writable directory; remove it, or use another directory' \
        umm-archive append --keep-journal a.npy.zst new.csv
}

@test "a directory that cannot be written" {
    [[ $(id -u) != 0 ]] || skip "root may write anywhere"
    old 100
    chmod 555 .
    bars 101 >../new.csv
    capture umm-archive append a.npy.zst ../new.csv
    [[ $status == 1 && $stderr == 'umm-archive: '*'Permission denied' ]]
    ok umm-archive verify a.npy.zst
    rm ../new.csv
    chmod 755 .
}

@test "a read-only file system" {
    unshare -m true 2>/dev/null || skip "needs the right to mount"
    old 100
    mkdir ro
    cp a.npy.zst ro/
    bars 110 >new.csv
    unshare -m bash -c 'mount --bind ro ro && mount -o remount,ro,bind ro &&
        umm-archive verify ro/a.npy.zst && ! umm-archive append ro/a.npy.zst new.csv 2>said'
    grep -q '^umm-archive: .*: Read-only file system$' said
    cmp ro/a.npy.zst before
}

@test "a disk that fills in the middle of an append" {
    unshare -m true 2>/dev/null || skip "needs the right to mount"
    umm-synth --rows=500000 -o bars.csv
    mkdir small
    unshare -m bash -c '
        mount -t tmpfs -o size=6m none small && set -e
        umm-synth --rows=100 | umm-archive append small/a.npy.zst
        umm-synth --rows=105 | umm-archive append --keep-journal small/a.npy.zst
        umm-archive extract small/a.npy.zst >before.npy
        ! umm-archive append small/a.npy.zst bars.csv 2>said
        umm-archive extract small/a.npy.zst >after.npy
        ls -A small >left
        zstd -tq small/a.npy.zst
        umm-archive repair small/a.npy.zst
        zstd -dcq small/a.npy.zst >unpacked.npy
        umm-synth --rows=1000 | umm-archive append small/a.npy.zst
        umm-archive verify small/a.npy.zst >verified'
    [[ $(<said) == 'umm-archive: small/a.npy.zst: cannot write: No space left on device' ]]
    cmp before.npy after.npy
    cmp before.npy unpacked.npy
    [[ $(<verified) == 'small/a.npy.zst: 1000 rows '* ]]
    [[ $(<left) == a.npy.zst* && $(<left) != *.umm-* && $(<left) != *lock* ]]
}

@test "a disk without room for a frame: the archive stays as it is" {
    unshare -m true 2>/dev/null || skip "needs the right to mount"
    umm-synth --rows=5000 -o bars.csv
    umm-convert -o want.npy bars.csv
    mkdir small
    # The journal alone, and frames to which no more are added.
    # shellcheck disable=SC2016 # for the inner shell
    unshare -m bash -c '
        mount -t tmpfs -o size=8m none small && set -e
        umm-archive append --keep-journal small/a.npy.zst bars.csv
        cp small/a.npy.zst a.before
        mount -o remount,size=280k small
        for command in flush repair compact append; do
            code=0
            umm-archive $command small/a.npy.zst <bars.csv 2>>said || code=$?
            [[ $code == 1 ]]
            cmp small/a.npy.zst a.before
        done
        zstd -dcq small/a.npy.zst | cmp -n 20 - want.npy
        umm-archive verify small/a.npy.zst >verified
        mount -o remount,size=8m small
        umm-archive flush small/a.npy.zst
        zstd -dcq small/a.npy.zst | cmp - want.npy
        rm small/a.npy.zst
        head -n 101 bars.csv | umm-archive append small/a.npy.zst
        cp small/a.npy.zst a.before
        mount -o remount,size=60k small
        for option in --threads=1 --keep-journal; do
            code=0
            umm-archive append "$option" small/a.npy.zst bars.csv 2>>said || code=$?
            [[ $code == 1 ]]
            cmp small/a.npy.zst a.before
        done
        ls -A small >left'
    [[ $(<verified) == 'small/a.npy.zst: 5000 rows '* && $(<left) == a.npy.zst ]]
    [[ $(wc -l <said) == 6 && $(grep -c ': cannot write: No space left on device$' said) == 6 ]]
}

@test "a seek table that cannot be read is not one that is missing: no rows are cut off" {
    [[ -z ${UMM_SAN-} ]] || skip 'a sanitizer looks for leaks, which strace does not let it'
    [[ -z ${UMM_EMULATED-} ]] || skip 'strace sees the emulator'
    strace -o /dev/null true 2>/dev/null || skip 'strace cannot trace here'
    # The header counts the full frame alone, as one that was killed before it wrote it leaves it.
    python3 - <<'END'
for name, n in ("a", 65536), ("b", 1000):
    head = f"{{'descr': '|u1', 'fortran_order': False, 'shape': ({n},), }}".ljust(117) + "\n"
    with open(name + ".npy", "wb") as file:
        file.write(b"\x93NUMPY\1\0" + len(head).to_bytes(2, "little") + head.encode() + bytes(i * i % 251 for i in range(n)))
END
    ok umm-archive append x.npy.zst a.npy
    cp x.npy.zst before
    ok umm-archive append x.npy.zst b.npy
    umm-archive extract x.npy.zst -o whole.npy
    { head -c 185 before && tail -c +186 x.npy.zst; } >unfinished
    local k
    for ((k = 3; k < 100; k++)); do
        cp unfinished x.npy.zst
        capture strace -qq -o log -e trace=pread64 -e "inject=pread64:error=EIO:when=$k" umm-archive --threads=1 repair x.npy.zst
        grep -q INJECTED log || break
        ok umm-archive repair x.npy.zst
        umm-archive extract x.npy.zst | cmp - whole.npy || fail "read $k: $status $stderr"
    done
    ((k > 10 && k < 100)) || fail "$k"
}
