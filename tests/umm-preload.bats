# SPDX-License-Identifier: MIT
# What is in memory is asked of fincore(1) and of mincore(2) (tests/ref/resident.py), both as
# the owner of the files: they tell "all of it" to anyone else.
load helper

# The files are on the file system that holds the build: /tmp may be in memory.
setup_file() {
    FILES=$(mktemp -d "$UMM_BUILD/preload-test.XXXXXX")
    export FILES
    head -c 3000000 /dev/urandom >"$FILES/a.npy"
    head -c 100000 /dev/urandom >"$FILES/b.npy"
    CAN_EVICT=yes
    WAIT_SECONDS=5 evict "$FILES/a.npy" 2>/dev/null || CAN_EVICT=no
    export CAN_EVICT
}

teardown_file() {
    rm -rf "$FILES"
}

resident() {
    "$PY" "$TOP/tests/ref/resident.py" "$@"
}

# evict FILE: no page of it is in memory. What the kernel has in hand at that moment it keeps.
evict() {
    wait_until - "$1 to leave memory" is_evicted "$1"
}

is_evicted() {
    [[ -z $(resident "$1" evict) ]]
}

# again COMMAND...: up to five times, until it succeeds. Some kernels let go of pages that nobody
# touches at any time (DAMON's pageout), so that what was loaded may be gone before it is looked at.
again() {
    local tries
    for tries in 1 2 3 4; do
        "$@" && return
        echo "try $tries: not all pages were there any more"
    done
    "$@"
}

# loads_all FILE COMMAND...: FILE is not in memory, and after COMMAND all its pages are.
loads_all() {
    local file=$1
    evict "$file" && ok "${@:2}" && [[ $(resident "$file") == 0-$((($(stat -c %s "$file") - 1) / 4096)) ]]
}

needs_eviction() {
    [[ $CAN_EVICT == yes ]] || skip 'this file system does not let go of cached pages'
}

fincore_bytes() {
    fincore --bytes --noheadings --output RES "$1" | tr -d ' '
}

# field KEY...: of the JSON report in $output.
field() {
    "$PY" -c 'import json, sys
value = json.load(sys.stdin)
for key in sys.argv[1:]:
    value = value[int(key) if key.lstrip("-").isdigit() else key]
print(json.dumps(value))' "$@" <<<"$output"
}

# expect VALUE KEY...
expect() {
    local value
    value=$(field "${@:2}")
    [[ $value == "$1" ]] || fail "${*:2} is $value, not $1"
}

plans() {
    "$PY" -c 'import json, sys; print(*[f["plan"] for f in json.load(sys.stdin)["files"]])' <<<"$output"
}

# An array of $2 rows and 6 columns of <f8 (order $3), a minute apart from 2020 on.
array() {
    "$PY" -c 'import sys, numpy as np
a = np.zeros((int(sys.argv[2]), 6), order=sys.argv[3])
a[:, 0] = 1577836800000 + 60000 * np.arange(len(a))
np.save(sys.argv[1], a)' "$1" "$2" "${3:-C}"
    sync "$1"
}

as_nobody() {
    ((EUID == 0)) || skip 'only root can become another user'
    setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
}

without() {
    "$PY" "$TOP/tests/ref/without.py" "$@"
}

needs_mlock() {
    [[ ${UMM_SAN-} != *address* ]] || skip 'the address sanitizer makes mlock do nothing'
}

needs_without() {
    without cachestat ENOSYS true || skip 'no seccomp filters here'
}

# ---- loading ---------------------------------------------------------------------------

@test "loads a cold file, from the device, and says so" {
    needs_eviction
    evict "$FILES/a.npy"
    [[ $(fincore_bytes "$FILES/a.npy") == 0 ]]
    again loads_all "$FILES/a.npy" umm-preload --json "$FILES/a.npy"
    expect '"preload"' action
    expect 3000000 files 0 bytes
    expect 0 files 0 resident_before_bytes
    expect 3000000 files 0 resident_bytes
    expect 3000000 files 0 loaded_bytes
    expect '"preload"' files 0 plan
    (($(field files 0 device_bytes) >= 3000000 && $(field files 0 device_bytes) < 3200000))
}

@test "a second run finds all of it there, reads nothing and says so" {
    ok umm-preload "$FILES/a.npy"
    ok umm-preload --json "$FILES/a.npy"
    expect 3000000 total resident_before_bytes
    expect 0 total loaded_bytes
    expect 0 total device_bytes
    expect null total mb_per_second
    ok umm-preload "$FILES/a.npy"
    [[ ${#lines[@]} == 2 && ${lines[1]} =~ ^\ +3000000\ +100\.0%\ +100\.0%\ +0\ +0\.000\ +cached\ +preload\ +"$FILES/a.npy"$ ]]
}

@test "a second run costs one look per file" {
    strace -o /dev/null true 2>/dev/null || skip 'strace cannot trace here'
    ok umm-preload "$FILES/a.npy"
    # A sanitizer build's leak check does not work under strace.
    strace -f -E "ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0" -o log umm-preload "$FILES/a.npy" >report
    # strace of Debian 12 knows the call by its number only.
    [[ $(grep -cE 'cachestat|syscall_0x1c3|mincore' log) == 1 ]] || fail "$(cat log)"
    [[ $(grep -cE "clone|MADV_POPULATE|MADV_HUGEPAGE|0x16" log) == 0 ]]
}

@test "what is missing is loaded, and no more than that" {
    needs_eviction
    local size=50000000
    head -c $size /dev/urandom >"$FILES/part"
    evict "$FILES/part"
    ok umm-preload "$FILES/part"
    # Whole folios, 2 MiB at most, go from the middle of it.
    sync "$FILES/part"
    dd if="$FILES/part" iflag=nocache bs=4M skip=4 count=4 of=/dev/null status=none
    local left
    left=$(fincore_bytes "$FILES/part")
    ((left > 0 && left < size)) || skip 'the kernel did not let go of a part'
    ok umm-preload --json --verify "$FILES/part"
    expect $size total resident_bytes
    (($(field total loaded_bytes) >= size - left - 4096 && $(field total loaded_bytes) <= size - left + 4096))
    (($(field total device_bytes) < size))
    rm "$FILES/part"
}

@test "a total for more than one file, those that fail left out" {
    ok umm-preload "$FILES/a.npy" "$FILES/b.npy"
    [[ ${#lines[@]} == 4 && ${lines[3]} == *'3100000'*'2 files: 2 preload, 0 mmap, 0 memory' ]]
    capture umm-preload "$FILES/a.npy" "$FILES/none" "$FILES/b.npy"
    [[ $status == 1 && $stderr == "umm-preload: $FILES/none: cannot open: No such file or directory" ]]
    [[ ${#lines[@]} == 4 && ${lines[3]} == *'3100000'*'2 files: 2 preload, 0 mmap, 0 memory' ]]
    capture umm-preload "$FILES/a.npy" "$FILES/none"
    [[ $status == 1 && ${lines[2]} == *' 1 file: 1 preload, 0 mmap, 0 memory' ]]
}

@test "one thread or many, the same is there afterwards" {
    needs_eviction
    for n in 1 2 7; do
        evict "$FILES/b.npy"
        again loads_all "$FILES/a.npy" umm-preload --verify --threads=$n --json "$FILES"
        expect 3100000 total resident_bytes
    done
}

@test "progress goes to standard error when asked for" {
    needs_eviction
    evict "$FILES/a.npy"
    capture umm-preload --progress "$FILES/a.npy"
    [[ $status == 0 && $output == *"$FILES/a.npy"* ]]
    ok umm-preload --no-progress "$FILES/a.npy"
}

# ---- odd files -------------------------------------------------------------------------

@test "an empty file" {
    : >empty
    ok umm-preload --verify --json empty
    expect 0 total bytes
    ok umm-preload --evict --verify empty
    ok umm-preload --status empty
}

@test "holes are counted, not loaded" {
    needs_eviction
    truncate -s 50G "$FILES/sparse"
    head -c 10000 /dev/urandom | dd of="$FILES/sparse" bs=4096 seek=1000000 conv=notrunc status=none
    sync "$FILES/sparse"
    umm-preload --evict "$FILES/sparse" >evicted
    ok timeout 60 umm-preload --budget=1M --verify --json "$FILES/sparse"
    expect $((50 * 1024 * 1024 * 1024)) total bytes
    expect '"preload"' files 0 plan
    (($(field total hole_bytes) >= 50 * 1024 * 1024 * 1024 - 65536))
    (($(field total resident_bytes) >= 10000))
    (($(fincore_bytes "$FILES/sparse") < 1048576))
    rm "$FILES/sparse"
}

@test "files that live in memory are there by nature, and stay" {
    [[ $(stat -f -c %T /dev/shm) == tmpfs && -w /dev/shm ]] || skip '/dev/shm is no tmpfs'
    local file
    file=$(mktemp /dev/shm/umm-preload.XXXXXX)
    head -c 300000 /dev/urandom >"$file"
    truncate -s 400000 "$file"
    local blocks
    blocks=$(stat -c %b "$file")
    ok umm-preload --budget=1 --verify --json "$file"
    local loaded=$output
    ok umm-preload --evict --verify --json "$file"
    local evicted=$output
    [[ $(stat -c %b "$file") == "$blocks" ]] || fail 'a hole was filled'
    rm "$file"
    output=$loaded expect '"memory"' files 0 plan
    output=$loaded expect true files 0 in_memory
    output=$loaded expect 400000 total resident_before_bytes
    output=$loaded expect 0 total device_bytes
    output=$evicted expect 400000 total resident_bytes
}

@test "only regular files and directories" {
    for file in /dev/null /dev/zero /dev/full; do
        refuses 1 "umm-preload: $file: is not a regular file" timeout 60 umm-preload $file
    done
    ln -s loop loop
    refuses 1 'umm-preload: loop: cannot open: Too many levels of symbolic links' umm-preload loop
    mkfifo fifo
    refuses 1 'umm-preload: fifo: is not a regular file' timeout 60 umm-preload fifo
}

@test "names that are hard to print are one line, one string, one label" {
    local name=$'x\n\e[31m"\xff.npy'
    cp "$FILES/b.npy" "$name"
    ok umm-preload "$name"
    [[ ${#lines[@]} == 2 && ${lines[1]} == *'  x\n\x1b[31m\"\xff.npy' ]]
    ok umm-preload --json --metrics=$'m\n".prom' "$name"
    expect '"x\n\u001b[31m\"\ufffd.npy"' files 0 path
    [[ $(grep -a '^umm_preload_files' $'m\n".prom') == *'output="'*'/m\n\".prom"} 1' ]]
    refuses 1 'umm-preload: y\nz: cannot open: No such file or directory' umm-preload $'y\nz'
    mkdir $'d\n'
    refuses 1 'umm-preload: d\n: there is no .npy file in this directory' umm-preload $'d\n'
}

# ---- directories -----------------------------------------------------------------------

@test "a directory stands for its .npy files, in order, without links" {
    mkdir -p d/sub d/.hidden elsewhere
    for f in d/b.npy d/a.npy d/sub/c.npy d/a.csv d/.x.npy d/.hidden/h.npy elsewhere/e.npy; do
        echo 1 >$f
    done
    ln -s ../elsewhere d/dir
    ln -s ../elsewhere/e.npy d/link.npy
    mkfifo d/pipe.npy
    ok umm-preload --json d
    [[ $("$PY" -c 'import json, sys; print(*[f["path"] for f in json.load(sys.stdin)["files"]])' <<<"$output") == \
        'd/a.npy d/b.npy d/sub/c.npy' ]]
    # A link that is named is followed.
    ok umm-preload --json d/link.npy d/
    expect '"d/link.npy"' files 0 path
    expect '"d/a.npy"' files 1 path
}

@test "a directory without arrays, and one that may not be read" {
    mkdir -p empty shut
    refuses 1 'umm-preload: empty: there is no .npy file in this directory' umm-preload empty
    echo 1 >shut/a.npy
    chmod 0 shut
    chmod 755 .
    ((EUID == 0)) || refuses 1 'umm-preload: shut: cannot open: Permission denied' umm-preload shut
    ((EUID != 0)) || ! setpriv --reuid=65534 --clear-groups ls "$PWD" "$UMM_BUILD/umm-preload" >/dev/null 2>&1 ||
        refuses 1 'umm-preload: shut: cannot open: Permission denied' as_nobody umm-preload shut
    chmod 755 shut
}

@test "what cannot be looked at in a directory is told, and the rest is loaded" {
    mkdir -p "$FILES/data/lost+found" "$FILES/data/names"
    cp "$FILES/b.npy" "$FILES/data/a.npy"
    cp "$FILES/b.npy" "$FILES/data/names/x.npy"
    chmod 755 "$FILES" "$FILES/data"
    chmod 700 "$FILES/data/lost+found"
    chmod 744 "$FILES/data/names" # its names, and not what they are
    as_nobody "$UMM_BUILD/umm-preload" --version >/dev/null 2>&1 || skip 'another user cannot run the tool here'
    capture as_nobody umm-preload --json "$FILES/data"
    [[ $status == 1 && $(sort <<<"$stderr") == "umm-preload: $FILES/data/lost+found: cannot open: Permission denied
umm-preload: $FILES/data/names/x.npy: cannot examine: Permission denied" ]]
    expect 2 failed
    expect "\"$FILES/data/a.npy\"" files 0 path
    capture as_nobody umm-preload --json "$FILES/data/names"
    [[ $status == 1 && $stderr == "umm-preload: $FILES/data/names/x.npy: cannot examine: Permission denied" ]]
}

@test "names from a list" {
    echo 1 >a
    echo 2 >'b c'
    printf 'a\0b c\0' >list
    ok umm-preload --json --files0-from=list
    expect '"b c"' files 1 path
    ok umm-preload --files0-from=- <list
    : >none
    refuses 1 'umm-preload: no file names in the list of --files0-from' umm-preload --files0-from=none
    printf 'a\0\0b c\0' >holes
    refuses 1 'umm-preload: holes: name 2 is empty' umm-preload --files0-from=holes
    refuses 1 'umm-preload: standard input: name 1 is empty' bash -c 'head -c 9 /dev/zero | umm-preload --files0-from=-'
    refuses 1 'umm-preload: /dev/zero: larger than 67108864 bytes' umm-preload --files0-from=/dev/zero
}

# ---- rows ------------------------------------------------------------------------------

loads_rows() {
    local first=$(((128 + 500000 * 48) / 4096)) last=$(((127 + 600000 * 48) / 4096))
    evict "$FILES/rows.npy" && ok umm-preload --verify --range=500000:600000 --json "$FILES/rows.npy" || return
    # The header's page and some readahead may be there too, and little else.
    "$PY" - "$(resident "$FILES/rows.npy")" $first $last <<'EOF'
import sys
pages = set()
for run in sys.argv[1].split():
    a, _, b = run.partition("-")
    pages.update(range(int(a), int(b or a) + 1))
first, last = int(sys.argv[2]), int(sys.argv[3])
wanted = set(range(first, last + 1))
assert wanted <= pages, len(wanted - pages)
around = set(range(first - 1024, last + 4096)) | set(range(4096))
assert pages <= around, len(pages - around)
EOF
}

@test "--range loads the pages of these rows" {
    needs_eviction
    array "$FILES/rows.npy" 1000000
    again loads_rows
    expect 4800000 total bytes
    expect 4800000 total resident_bytes
    ok umm-preload --range=-1: --json "$FILES/rows.npy"
    expect 48 total bytes
    ok umm-preload --range=7 --json "$FILES/rows.npy"
    expect 48 total bytes
    ok umm-preload --range=2000000: --json "$FILES/rows.npy"
    expect 0 total bytes
    refuses 1 "umm-preload: $FILES/rows.npy: row 1000000 is out of bounds: there are 1000000 rows" \
        umm-preload --range=1000000 "$FILES/rows.npy"
    [[ -z $output ]]
    rm "$FILES/rows.npy"
}

loads_columns() {
    evict "$FILES/columns.npy" && ok umm-preload --verify --range=500000:510000 --json "$FILES/columns.npy" || return
    "$PY" - "$(resident "$FILES/columns.npy")" <<'EOF'
import sys
runs = [tuple(map(int, r.split("-"))) for r in sys.argv[1].split() if "-" in r]
for column in range(6):
    first, last = ((byte + column * 8000000) // 4096 for byte in (128 + 4000000, 127 + 4080000))
    assert any(a <= first and last <= b for a, b in runs), (first, last, runs)
EOF
}

@test "--range in Fortran order is a stretch of every column" {
    needs_eviction
    array "$FILES/columns.npy" 1000000 F
    again loads_columns
    expect $((6 * 80000)) total bytes
    expect $((6 * 80000)) total resident_bytes
    rm "$FILES/columns.npy"
}

@test "--from and --to choose rows by time, of files and of datasets by name" {
    mkdir -p root/BTCUSDT
    array root/BTCUSDT/1m.npy 3000
    ok umm-preload --from=2020-01-01T01:00 --to=2020-01-01T02:00 --json root/BTCUSDT/1m.npy
    expect $((60 * 48)) total bytes
    ok umm-preload --root=root --symbols=BTCUSDT --timeframes=1m --from=2020-01-02 --json
    expect $((1560 * 48)) total bytes
    expect '"root/BTCUSDT/1m.npy"' files 0 path
    capture umm-preload --root=root --symbols=BTCUSDT --timeframes=1m,5m --missing=skip --json
    [[ $status == 3 && $stderr == *5m* ]]
    expect '"root/BTCUSDT/1m.npy"' files -1 path
}

@test "rows of what is no array" {
    echo hello >text
    capture umm-preload --range=0:1 text
    [[ $status == 1 && $stderr == 'umm-preload: text: '* && $output != *text* ]]
}

# ---- the plan --------------------------------------------------------------------------

@test "the budget goes to the files in order; what does not fit is left to mmap" {
    for n in 1 2 3 4; do head -c $((n * 10000)) /dev/zero >f$n; done
    ok umm-preload --budget=60000 --json f1 f4 f2 f3
    expect 60000 budget_bytes
    [[ $(plans) == 'preload preload mmap mmap' ]]
    ok umm-preload --budget=60000 --json f3 f4 f2 f1
    [[ $(plans) == 'preload mmap preload preload' ]]
    ok umm-preload --budget=9K --json f1
    [[ $(plans) == 'mmap' ]]
    ok umm-preload --status --budget=10K --json f1 f2
    [[ $(plans) == 'preload mmap' ]]
}

@test "a file that is named twice counts once" {
    mkdir d
    head -c 30000 /dev/urandom >d/a.npy
    ln d/a.npy d/b.npy
    ln -s d/a.npy link
    head -c 10000 /dev/urandom >c
    sync d/a.npy c
    for file in d/a.npy c; do umm-preload --evict "$file" >evicted; done
    ok umm-preload --budget=40000 --verify --json d link d/a.npy c
    [[ $(plans) == 'preload preload preload preload preload' ]]
    expect 40000 total bytes
    expect 40000 total resident_bytes
    expect '"d/a.npy"' files 1 same_as
    expect '"d/b.npy"' files 1 path
    expect '"d/a.npy"' files 3 same_as
    expect "$(field files 0 loaded_bytes)" files 2 loaded_bytes
    expect 30000 files 3 resident_bytes
    expect $(($(field files 0 loaded_bytes) + $(field files 4 loaded_bytes))) total loaded_bytes
    [[ $output != *same_as*same_as*same_as*same_as* ]]
    ok umm-preload --budget=39999 --metrics=m.prom d link c
    [[ ${#lines[@]} == 6 && ${lines[5]} == *'40000'*'2 files: 1 preload, 1 mmap, 0 memory' ]]
    grep -q '^umm_preload_files{.*} 2$' m.prom
    # Not in the budget: so are all of its names, and so the next file fits.
    ok umm-preload --budget=29999 --json c d/a.npy d/b.npy
    [[ $(plans) == 'preload mmap mmap' ]]
    ok umm-preload --evict --json d/a.npy link
    expect 30000 total bytes
    capture umm-preload --json d/none d/none
    [[ $status == 1 ]]
    expect 2 failed
}

@test "rows of a file that is named twice count once" {
    array rows.npy 1000
    ok umm-preload --range=0:10 --json rows.npy ./rows.npy
    expect 480 total bytes
}

@test "what is planned mmap is not loaded, and verify does not ask for it" {
    needs_eviction
    evict "$FILES/a.npy"
    ok umm-preload --verify --budget=2M --json "$FILES"
    expect '"mmap"' files 0 plan
    expect 0 files 0 resident_bytes
    expect '"preload"' files 1 plan
    [[ -z $(resident "$FILES/a.npy") ]]
}

@test "the default budget is half of what is available" {
    ok umm-preload --status --json "$FILES/a.npy"
    local available budget meminfo
    available=$(field available_bytes) budget=$(field budget_bytes)
    ((budget <= available / 2 && budget >= available / 2 - 100))
    meminfo=$(awk '/^MemAvailable/ { printf "%.0f", $2 * 1024 }' /proc/meminfo)
    ((available <= meminfo * 11 / 10))
    ok umm-preload --status --budget=10% --json "$FILES/a.npy"
    available=$(field available_bytes) budget=$(field budget_bytes)
    ((budget <= available / 10 && budget >= available / 10 - 100))
}

# ---- status, evict, verify ---------------------------------------------------------------

@test "--status and --evict agree with fincore" {
    needs_eviction
    ok umm-preload "$FILES/a.npy"
    ok umm-preload --status "$FILES/a.npy"
    [[ ${lines[1]} =~ ^\ +3000000\ +0\ +100\.0%\ +0\ +[0-9]+\ +preload\ +"$FILES/a.npy"$ ]]
    ok umm-preload --evict --verify "$FILES/a.npy"
    [[ ${lines[1]} =~ ^\ +3000000\ +100\.0%\ +0\.0%\ +0\ +"$FILES/a.npy"$ ]]
    [[ $(fincore_bytes "$FILES/a.npy") == 0 ]]
    ok umm-preload --status --json "$FILES/a.npy"
    expect 0 total resident_bytes
    [[ $(fincore_bytes "$FILES/a.npy") == 0 ]] || fail '--status loaded something'
    refuses 1 "umm-preload: $FILES/a.npy: 3000000 of 3000000 bytes are not in memory" \
        umm-preload --status --verify "$FILES/a.npy"
}

@test "--evict tells what stayed: pages that are locked" {
    needs_mlock
    needs_eviction
    umm-preload --lock "$FILES/b.npy" >report 3>&- &
    local pid=$!
    wait_until $pid 'its report' has_lines report 2
    refuses 1 "umm-preload: $FILES/b.npy: 100000 of 100000 bytes are still in memory" \
        umm-preload --evict --verify "$FILES/b.npy"
    [[ ${lines[1]} == *'100.0%   100.0%'* ]]
    builtin kill $pid
    wait $pid || true
    ok umm-preload --evict --verify "$FILES/b.npy"
}

# ---- --lock ----------------------------------------------------------------------------

@test "--lock holds the pages until a signal, and ends by it" {
    needs_mlock
    umm-preload --lock "$FILES/a.npy" >report 3>&- &
    local pid=$!
    wait_until $pid 'its report' has_lines report 2
    local locked
    locked=$(awk '/^VmLck/ { print $2 }' /proc/$pid/status)
    ((locked == 2932)) || fail "locked $locked kB"
    builtin kill -TERM $pid
    local code=0
    wait $pid || code=$?
    ((code == 143))
    [[ $(tail -n 1 report) == *"$FILES/a.npy" ]]
}

@test "--lock beyond the limit says what is needed and what the limit is" {
    needs_mlock
    ((EUID == 0)) || ulimit -l 64
    chmod 755 "$FILES"
    local run=(umm-preload)
    ((EUID != 0)) || run=(prlimit --memlock=65536:65536 setpriv --reuid=65534 --regid=65534 --clear-groups
        "$UMM_BUILD/umm-preload")
    "${run[@]}" --version >/dev/null 2>&1 || skip 'another user cannot run the tool here'
    refuses 1 "umm-preload: $FILES/a.npy: cannot lock in memory: 3000000 bytes are needed in all, and the limit is 65536 (ulimit -l, RLIMIT_MEMLOCK)" \
        "${run[@]}" --lock "$FILES/a.npy"
}

@test "--lock that takes too many maps says which limit ends it" {
    needs_mlock
    local limit n file=$BATS_TEST_TMPDIR/wide.npy
    limit=$(</proc/sys/vm/max_map_count)
    ((limit <= 100000)) || skip "a process may have $limit maps here"
    n=$((limit + 1))
    # A row of a column is 8 bytes, in a map of its own.
    "$PY" -c 'import numpy, sys; numpy.save(sys.argv[1], numpy.zeros((2, int(sys.argv[2])), order="F"))' "$file" $n
    ((EUID == 0)) || ulimit -l unlimited 2>/dev/null || skip 'a user may not lock this much'
    refuses 1 "umm-preload: $file: cannot lock in memory: each stretch of data takes a map, and the limit is $limit maps (sysctl vm.max_map_count)" \
        umm-preload --lock --range=0:1 "$file"
}

# ---- permissions and older kernels --------------------------------------------------------

@test "a stranger is told that residency is unknown, whatever mincore says" {
    chmod 755 "$FILES"
    as_nobody "$UMM_BUILD/umm-preload" --version >/dev/null 2>&1 || skip 'another user cannot run the tool here'
    ok as_nobody umm-preload --status --json "$FILES/a.npy"
    [[ $(field total resident_bytes) == null ]] || skip 'before 6.14 cachestat answered everyone'
    capture as_nobody umm-preload --verify "$FILES/a.npy"
    [[ $status == 1 && ${lines[1]} == *'unknown  unknown'* && $stderr == "umm-preload: $FILES/a.npy: not verified: only its owner, or a user who may write it, is told what is in memory" ]]
    needs_eviction
    evict "$FILES/a.npy"
    ok as_nobody umm-preload --json "$FILES/a.npy"
    expect null total resident_bytes
    (($(field total device_bytes) >= 3000000))
    (($(fincore_bytes "$FILES/a.npy") >= 3000000)) || fail 'was not loaded'
}

@test "without cachestat: mincore for the owner, unknown for a stranger" {
    needs_without
    ok umm-preload "$FILES/a.npy"
    ok without cachestat ENOSYS umm-preload --status --json "$FILES/a.npy"
    expect 3000000 total resident_bytes
    expect null total dirty_bytes
    if [[ $CAN_EVICT == yes ]]; then
        evict "$FILES/a.npy"
        ok without cachestat ENOSYS umm-preload --status --json "$FILES/a.npy"
        expect 0 total resident_bytes
        ok without cachestat ENOSYS umm-preload --verify --json "$FILES/a.npy"
        expect 3000000 total resident_bytes
    fi
    ((EUID == 0)) || return 0
    chmod 755 "$FILES"
    as_nobody "$UMM_BUILD/umm-preload" --version >/dev/null 2>&1 || return 0
    as_nobody "$PY" -c 1 "$TOP/tests/ref/without.py" || return 0
    capture as_nobody "$PY" "$TOP/tests/ref/without.py" cachestat ENOSYS umm-preload --status --json "$FILES/a.npy"
    [[ $status == 0 ]] || return 0
    expect null total resident_bytes
}

@test "cachestat refused is unknown, and does not fall through to mincore" {
    needs_without
    ok without cachestat EPERM umm-preload --status --json "$FILES/a.npy"
    expect null total resident_bytes
    capture without cachestat EPERM umm-preload --verify "$FILES/a.npy"
    [[ $status == 1 && $stderr == *'not verified'* ]]
    refuses 1 "umm-preload: $FILES/a.npy: cannot see what is in memory: Input/output error" \
        without cachestat EIO umm-preload --status "$FILES/a.npy"
}

@test "without MADV_POPULATE_READ it reads" {
    needs_without
    needs_eviction
    for error in EINVAL EFAULT; do
        again loads_all "$FILES/a.npy" without populate $error umm-preload --verify --json "$FILES/a.npy"
        expect 3000000 total loaded_bytes
    done
}

# ---- reports, usage ----------------------------------------------------------------------

@test "--metrics" {
    ok umm-preload --metrics=m.prom "$FILES/a.npy" "$FILES/b.npy"
    grep -qF "umm_preload_data_bytes{tool=\"umm-preload\",output=\"$PWD/m.prom\"} 3100000" m.prom
    grep -q '^umm_preload_resident_bytes{.*} 3100000$' m.prom
    grep -q '^umm_preload_files{.*} 2$' m.prom
    grep -q '^umm_last_success_timestamp_seconds' m.prom
    [[ $(grep -c '^# TYPE umm_preload_files ' m.prom) == 1 ]]
    capture umm-preload --metrics=m.prom "$FILES/a.npy" none
    [[ $status == 1 ]]
    grep -q '^umm_preload_failed_files{.*} 1$' m.prom
    [[ $(grep -c umm_last_success m.prom) == 0 ]]
    no_leftovers
}

@test "--metrics replaces nothing that is to be loaded" {
    cp "$FILES/a.npy" a.npy
    ln a.npy b.prom
    refuses 2 "umm-preload: b.prom: is an input and an output at once
Try 'umm-preload --help'." umm-preload --metrics=b.prom a.npy
    refuses 2 "umm-preload: ./a.npy: is an input and an output at once
Try 'umm-preload --help'." umm-preload --metrics=./a.npy --files0-from=<(printf 'a.npy\0')
    cmp a.npy "$FILES/a.npy"
}

@test "a full standard output is an error" {
    refuses 1 'umm-preload: standard output: cannot write: No space left on device' \
        bash -c "umm-preload '$FILES/a.npy' >/dev/full"
}

@test "usage" {
    local try=$'\n'"Try 'umm-preload --help'."
    refuses 2 "umm-preload: no files: name some, or a directory, or datasets$try" umm-preload
    refuses 2 "umm-preload: standard input cannot be loaded: name its file$try" umm-preload a -
    refuses 2 "umm-preload: --budget takes a size such as 16G, or 1% to 100%, not \"101%\"$try" umm-preload --budget=101% a
    refuses 2 "umm-preload: --budget takes a size such as 16G, or 1% to 100%, not \"0\"$try" umm-preload --budget=0 a
    refuses 2 "umm-preload: --budget takes a size such as 16G, or 1% to 100%, not \"%\"$try" umm-preload --budget=% a
    refuses 2 "umm-preload: --range takes rows as START:STOP, not \"1:9:2\"$try" umm-preload --range=1:9:2 a
    refuses 2 "umm-preload: --range takes rows as START:STOP, not \"x\"$try" umm-preload --range=x a
    refuses 2 "umm-preload: --range takes the place of --from and --to$try" umm-preload --range=1: --from=2020-01-01 a
    refuses 2 "umm-preload: --status and --evict do not go together$try" umm-preload --status --evict a
    refuses 2 "umm-preload: --lock goes with loading: leave --status and --evict out$try" umm-preload --lock --evict a
    refuses 2 "umm-preload: --files0-from takes the place of files and datasets$try" umm-preload --files0-from=x a
    refuses 2 "umm-preload: --threads takes a number from 1 to 256, not \"0\"$try" umm-preload --threads=0 a
    refuses 2 "umm-preload: the report and --metrics write to the same place$try" umm-preload --metrics=- a
}
