#!/usr/bin/env bats
# SPDX-License-Identifier: MIT

# writer is for the test that called feeds.
# shellcheck disable=SC2030,SC2031

load helper

# create_abc: a store of 4 positions and 3 values, with a, b and c.
create_abc() {
    umm-store create --max-positions=4 --dim=3 s &&
        printf '%s\n' a,1,2,3 b,0.1,-0,1e-40 c,NaN,inf,-INF | umm-store put s
}

# feeds: descriptor $pipe is the pipe that the process $writer reads.
feeds() {
    wait_until "$writer" 'the pipe to be opened' has_open "$writer" pipe
    exec {pipe}>pipe
}

# stored: wait until $writer has stored a.
stored() {
    wait_until "$writer" 'a in the store' umm-store get s a
}

# damage FILE BYTE: other bits at that byte of a file of the store s.
damage() {
    "$PY" -c 'import sys
with open("s/" + sys.argv[1], "r+b") as f:
    f.seek(int(sys.argv[2]))
    byte = f.read(1)[0]
    f.seek(int(sys.argv[2])), f.write(bytes([byte ^ 4]))' "$@"
}

@test "what is put is what get prints, in the fewest digits" {
    ok create_abc
    [[ -z $output ]]
    ok umm-store get s c b a
    [[ $output == $'c,NaN,inf,-inf\nb,0.1,-0,1e-40\na,1,2,3' ]]
    no_leftovers s
}

@test "NumPy maps both files and sees the same" {
    ok create_abc
    ok umm-store mark-inactive s b
    ok "$PY" -c "
import numpy as np, time
s, v = np.load('s/slots.npy', mmap_mode='r'), np.load('s/vectors.npy', mmap_mode='r')
assert s['id'].tolist() == [b'a', b'b', b'c', b''] and s['active'].tolist() == [True, False, True, False]
assert v.dtype == np.dtype('<f4') and v.shape == (4, 3) and v[1, 2] == np.float32(1e-40)
assert abs(s['timestamp'][0].astype('i8') / 1e9 - time.time()) < 100
assert (s['generation'] % 2 == 0).all() and s['generation'][3] == 0
assert s.itemsize % 8 == 0 and s.offset % 64 == 0 and v.offset % 64 == 0"
}

@test "defaults are 1000 positions, 32 values and ids of 31 bytes" {
    ok umm-store create s
    ok umm-store stat --json s
    [[ $output == *'"max_positions":1000,"dim":32,"id_max_bytes":31,"entries":0,"active":0,'* ]]
}

@test "a full store takes the oldest inactive position, and none that is active" {
    ok umm-store create --max-positions=3 --dim=1 s
    for id in a b c; do
        ok umm-store put s <<<"$id,1"
    done
    refuses 1 'umm-store: standard input:1:1: the store is full: all 3 positions are active; mark some inactive, or resize it' \
        umm-store put s - <<<'d,4'
    printf 'a,9\nb,9\nd,4\n' >in.csv
    refuses 1 'umm-store: in.csv:3:1: the store is full: all 3 positions are active; mark some inactive, or resize it' \
        umm-store put s in.csv
    ok umm-store create --max-positions=4 --dim=1 four
    ok umm-store put four - <<<$'a,1\nb,1\nc,1\nd,1'
    ok umm-store export four e.npy
    refuses 1 'umm-store: e.npy: row 3: the store is full: all 3 positions are active; mark some inactive, or resize it' \
        umm-store import s e.npy
    ok umm-store mark-inactive s c b
    ok umm-store put s <<<'d,4'
    ok bash -c 'umm-store list s | cut -d, -f1,2'
    [[ $output == $'id,active\na,1\nd,1\nc,0' ]]
    ok umm-store put s <<<'e,5'
    ok bash -c 'umm-store list s | cut -d, -f1,2'
    [[ $output == $'id,active\na,1\nd,1\ne,1' ]]
}

@test "an inactive id stays, and put makes it active again" {
    ok create_abc
    ok umm-store mark-inactive s a
    ok umm-store get s a
    [[ $output == a,1,2,3 ]]
    ok umm-store put s <<<'a,4,5,6'
    ok umm-store evict s 10
    [[ -z $output ]]
    ok umm-store get s a
    [[ $output == a,4,5,6 ]]
}

@test "evict removes the oldest inactive ones and prints them" {
    ok create_abc
    ok umm-store mark-inactive s c a
    ok umm-store evict s
    [[ $output == a,0,20* ]]
    ok umm-store evict s 5
    [[ $output == c,0,20* && ${#lines[@]} == 1 ]]
    refuses 1 'umm-store: no such id: "c"' umm-store get s c
}

@test "evict removes nothing that it could not print" {
    create_abc
    umm-store mark-inactive s c a
    refuses 1 'umm-store: standard output: cannot write: No space left on device' \
        bash -c 'umm-store evict s 2 >/dev/full'
    ok umm-store get s a c
    damage vectors.npy 129
    refuses 1 'umm-store: s: "a" is damaged: its check differs' umm-store evict s 2
    [[ -z $output ]]
}

@test "ids with commas and quotes go in and out as in CSV" {
    ok umm-store create --dim=1 s
    ok umm-store put s <<<$'"a,""b""",1\r\n"x",2\né,3'
    ok umm-store get s 'a,"b"' x é
    [[ $output == $'"a,""b""",1\nx,2\né,3' ]]
    ok bash -c 'umm-store get s "a,\"b\"" | umm-store put s'
    ok umm-store stat s
    [[ $output == *'entries                       3'* ]]
}

@test "a byte order mark is no part of the first id" {
    ok umm-store create --dim=1 s
    printf '\357\273\277a,1\n\357\273\277b,2\n' | ok umm-store put s
    printf '\357\273\277' | ok umm-store put s
    ok umm-store get s a $'\357\273\277b'
    umm-store create --dim=1 t
    ok umm-store export s s.csv
    { printf '\357\273\277' && cat s.csv; } >marked.csv
    ok umm-store import t marked.csv
    ok umm-store get t a
    printf '\357\273\277a,x\n' >bad
    refuses 1 'umm-store: bad:1:3: not a number: "x"' umm-store put s bad
}

@test "a pipe is stored as it comes" {
    ok umm-store create --dim=1 s
    mkfifo pipe
    umm-store put s pipe 3>&- &
    local writer=$!
    feeds
    echo a,7 >&"$pipe"
    stored
    ok umm-store get s a
    [[ $output == a,7 ]]
    exec {pipe}>&-
    wait "$writer"
}

@test "a writer that is told to end closes the store first" {
    ok umm-store create --dim=1 s
    mkfifo pipe
    umm-store put s pipe 3>&- &
    local writer=$! code=0
    feeds
    echo a,7 >&"$pipe"
    stored
    builtin kill "$writer"
    wait "$writer" || code=$?
    exec {pipe}>&-
    ((code == 143))
    [[ $(od -An -tu4 -j48 -N4 s/index.umm) -eq 0 ]]
    ok umm-store get s a
    no_leftovers s
}

@test "records of --binary are what NumPy writes" {
    ok umm-store create --dim=4 s
    "$PY" -c "
import numpy as np
r = np.zeros(1000, dtype=[('id', 'S31'), ('v', '<f4', 4)])
r['id'] = [b'id-%d' % i for i in range(1000)]
r['v'] = np.arange(4000).reshape(1000, 4) / 7
r.tofile('records')"
    ok bash -c 'cat records | umm-store put --binary -v s 2>said'
    [[ $(cat said) == 'umm-store: s: 1000 put' ]]
    ok umm-store export s out.npy
    ok "$PY" -c "
import numpy as np
r, x = np.fromfile('records', dtype=[('id', 'S31'), ('v', '<f4', 4)]), np.load('out.npy')
assert (x['id'] == r['id']).all() and x['active'].all()
assert all((x['v%d' % i] == r['v'][:, i]).all() for i in range(4))"
    head -c 100 records >cut.bin
    refuses 1 'umm-store: cut.bin: ends in the middle of a record: 6 of 47 bytes' \
        umm-store put --binary s cut.bin
    printf '\n%s' "$(head -c 46 /dev/zero | tr '\0' x)" >control
    refuses 1 "umm-store: control: record 1: the id \"\\n$(printf 'x%.0s' {1..30})\" has a control character" \
        umm-store put --binary s control
    "$PY" -c "
import numpy as np
r = np.zeros(1, dtype=[('id', 'S31'), ('v', '<f4', 4)])
r['id'] = b'x\0y'
r.tofile('inner')
x = np.load('out.npy')[:1]
x['id'] = b'x\0y'
np.save('inner.npy', x)"
    refuses 1 'umm-store: inner: record 1: the id "x\x00y" has a control character' \
        umm-store put --binary s inner
    refuses 1 'umm-store: inner.npy: row 0: the id "x\x00y" has a control character' umm-store import s inner.npy
}

@test "an export, imported, is the same store" {
    ok create_abc
    ok umm-store mark-inactive s b
    ok umm-store export s a.csv
    ok umm-store export s a.npy
    local kind
    for kind in csv npy; do
        ok umm-store create --max-positions=4 --dim=3 "$kind"
        ok umm-store import "$kind" "a.$kind"
        ok umm-store export "$kind" "b-$kind.csv"
        cmp a.csv "b-$kind.csv"
        ok umm-store export "$kind" "b-$kind.npy"
        cmp a.npy "b-$kind.npy"
    done
    ok umm-store export s -
    [[ ${lines[0]} == id,active,timestamp,expires,v0,v1,v2 && ${lines[2]} == b,0,20*Z,,0.1,-0,1e-40 ]]
}

@test "an array of more values than np.load reads the names of is refused" {
    ok umm-store create --dim=583 s
    ok umm-store export s s.npy
    ok "$PY" -c "import numpy; assert len(numpy.load('s.npy').dtype) == 587"
    ok umm-store create --dim=584 t
    refuses 1 "umm-store: t.npy: np.load does not read records of 584 values: export CSV, or map the store's vectors.npy" \
        umm-store export t t.npy
    ok umm-store export t t.csv
    no_leftovers
}

@test "resize keeps what there is, and NumPy sees the new shape" {
    ok create_abc
    ok umm-store resize s 1000
    for i in {1..500}; do echo "x$i,$i,0,0"; done | umm-store put s
    ok umm-store get s b x500
    [[ $output == $'b,0.1,-0,1e-40\nx500,500,0,0' ]]
    ok "$PY" -c "
import numpy as np
assert np.load('s/slots.npy').shape == (1000,) and np.load('s/vectors.npy').shape == (1000, 3)"
    refuses 1 'umm-store: s: has 1000 positions and cannot shrink to 999' umm-store resize s 999
}

@test "a resize that finds the device full leaves a store that works, and can be tried again" {
    strace -o /dev/null true 2>/dev/null || skip 'strace cannot trace here'
    create_abc
    local n n_refused=0
    for n in {1..3}; do
        # A sanitizer build's leak check does not work under strace.
        strace -qq -E "ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0" -o log \
            -e "inject=fallocate:error=ENOSPC:when=$n+" umm-store resize s $((n * 10)) 2>said && break
        ((++n_refused))
        grep -q 'cannot reserve space: No space left on device$' said
        # Nor is there room for a new index now.
        ok strace -qq -E "ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0" -o log \
            -e inject=fallocate:error=ENOSPC umm-store put s - <<<"d,$n,0,0"
        ok umm-store get s d
        [[ $output == "d,$n,0,0" ]]
        refuses 1 'umm-store: standard input:1:1: the store is full: all 4 positions are active; mark some inactive, or resize it' \
            umm-store put s - <<<'e,1,2,3'
    done
    ((n_refused == 3))
    ok umm-store resize s 20
    ok umm-store put s - <<<'e,1,2,3'
    ok umm-store get s e d b
    ok umm-store stat --json s
    [[ $output == *'"max_positions":20,'*'"entries":5,'* ]]
    no_leftovers s
}

@test "a resize that finds the device full gives back what it took" {
    [[ $(id -u) -eq 0 ]] || skip 'only root can mount'
    mkdir full
    unshare -m mount -t tmpfs -o size=1m none full 2>/dev/null || skip 'tmpfs cannot be mounted here'
    # shellcheck disable=SC2016 # for the inner shell
    ok unshare -m bash -c 'set -e
        mount -t tmpfs -o size=1m none full
        umm-store create --dim=3 full/s
        umm-store put full/s <<<a,1,2,3
        cp -a full/s before
        # Room for the vectors, then for the slots, too, then for a part of the index.
        for size in 140k 284k 352k; do
            mount -o remount,size=$size full
            ! umm-store resize full/s 3000 2>>said
            diff <(cd before && stat -c "%n %s" -- *) <(cd full/s && stat -c "%n %s" -- *)
            cmp before/vectors.npy full/s/vectors.npy
            cmp before/slots.npy full/s/slots.npy
            [[ $(ls -A full/s | wc -l) -eq 3 ]]
        done
        mount -o remount,size=1m full
        umm-store resize full/s 3000
        [[ $(umm-store get full/s a) == a,1,2,3 ]]'
    [[ $(sort -u said) == 'umm-store: full/s/index.umm: cannot reserve space: No space left on device'$'\n'\
'umm-store: full/s/slots.npy: cannot reserve space: No space left on device' ]] || fail "$(<said)"
}

@test "an index that is made again is its owner's, and as open as the slots" {
    [[ $(id -u) -eq 0 ]] || skip 'there is no other user'
    chmod 755 "$BATS_TEST_TMPDIR"
    install -d -o 12345 -g 12345 mine
    local mode
    for mode in 600 640 666; do
        rm -rf mine/s
        create_abc
        chown -R 12345:12345 s
        mv s mine/s
        chmod "$mode" mine/s/*
        rm mine/s/index.umm
        ok umm-store put mine/s <<<'a,3,2,1'
        [[ $(stat -c '%u %g %a' mine/s/index.umm) == "12345 12345 $mode" ]] || fail "$mode: $(stat -c '%u %g %a' mine/s/index.umm)"
        ok umm-store resize mine/s 100
        [[ $(stat -c '%u %g %a' mine/s/index.umm) == "12345 12345 $mode" ]]
    done
    # One that was another's, as well.
    chown 0:0 mine/s/index.umm
    chmod 604 mine/s/index.umm
    printf x | dd of=mine/s/index.umm conv=notrunc status=none
    ok umm-store put mine/s <<<'a,3,2,1'
    [[ $(stat -c '%u %g %a' mine/s/index.umm) == '12345 12345 666' ]]
}

@test "whenever a resize is killed, open readers learn of the index that took another's place" {
    strace -o /dev/null true 2>/dev/null || skip 'strace cannot trace here'
    local n n_replaced=0
    for n in {1..12}; do
        rm -rf s
        create_abc
        exec {index}<s/index.umm
        # A sanitizer build's leak check does not work under strace.
        strace -qq -E "ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0" -o log \
            -e "inject=fsync:signal=KILL:when=$n" umm-store resize s 9 || true
        if [[ $(stat -Lc %i /dev/fd/"$index") != $(stat -c %i s/index.umm) ]]; then
            ((++n_replaced))
            [[ $(od -An -tu4 -j52 -N4 /dev/fd/"$index") -eq 1 ]] || fail "killed at fsync $n"
        fi
        exec {index}<&-
        ok umm-store mark-inactive s a
        [[ $(od -An -tu4 -j52 -N4 s/index.umm) -eq 0 ]]
        ok umm-store get s b
    done
    ((n_replaced > 1))
}

@test "after a resize that was killed, a smaller one keeps what the arrays have" {
    strace -o /dev/null true 2>/dev/null || skip 'strace cannot trace here'
    # How many rows the header of vectors.npy or slots.npy counts.
    rows() { head -c 256 "s/$1.npy" | tr -cd '[:print:]' | sed "s/.*'shape': (\([0-9]*\).*/\1/"; }
    holds_all() {
        ok umm-store get s a b c d
        [[ ${#lines[@]} -eq 4 ]] || fail "$1: $output"
        ok umm-store verify s
    }
    local call n n_kills=0 n_longer=0 vectors slots
    for call in fsync fdatasync; do
        for n in {1..12}; do
            rm -rf s
            create_abc
            # A sanitizer build's leak check does not work under strace.
            strace -qq -E "ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0" -o log \
                -e "inject=$call:signal=KILL:when=$n" umm-store resize s 500 2>/dev/null && break
            ((++n_kills))
            vectors=$(rows vectors) slots=$(rows slots)
            ok umm-store stat --json s
            if [[ $output == *'"max_positions":4,'* && $vectors -gt 4 ]]; then
                ((++n_longer))
                ok umm-store resize s 9
                ok umm-store stat --json s
                [[ $output == *'"max_positions":9,'* ]] || fail "$n: $output"
            fi
            # Somebody may have the rows mapped that a header counted: no array gets shorter.
            [[ $(rows vectors) -ge $vectors && $(rows slots) -ge $slots ]] || fail "$n: $vectors $slots"
            ok umm-store put s <<<'d,1,2,3'
            holds_all "$n"
            ok umm-store resize s 600
            [[ "$(rows vectors) $(rows slots)" == '600 600' ]]
            holds_all "$n"
            no_leftovers s
        done
    done
    ((n_kills > 5 && n_longer > 1)) || fail "$n_kills kills, $n_longer with longer arrays"
}

@test "bad lines are refused with their place, and those before them stay" {
    ok umm-store create --dim=2 s
    local long
    long=$(printf 'i%.0s' {1..32})
    check() { # INPUT MESSAGE
        printf '%b' "$1" >in.csv
        refuses 1 "umm-store: in.csv:$2" umm-store put s in.csv
    }
    check 'a,1,2\nb,1\n' '2:1: 1 values; the store'"'"'s vectors have 2'
    check 'b,1,2,3\n' '1:1: 3 values; the store'"'"'s vectors have 2'
    check 'b\n' '1:1: 0 values; the store'"'"'s vectors have 2'
    check 'b,1,x y\n' '1:5: not a number: "x y"'
    check 'b,1,\n' '1:5: not a number: ""'
    check 'b,\rinf,1\n' '1:3: not a number: "\rinf"'
    check 'b,1,1e39\n' '1:5: out of the range of float32: "1e39"'
    check '\n\n,1,2' '3:1: an id is empty'
    check "$long,1,2" "1:1: the id \"$long\" has 32 bytes, the store has room for 31"
    check 'b\tc,1,2' '1:1: the id "b\tc" has a control character'
    check '"b,1,2\n' '1:1: not closed, or text after the quote: "\"b,1,2"'
    check '"b"c,1,2\n' '1:1: not closed, or text after the quote: "\"b\"c,1,2"'
    ok umm-store list s
    [[ ${#lines[@]} == 2 && ${lines[1]} == a,1,* ]]
    head -c 300000 /dev/zero | tr '\0' 1 >wide
    refuses 1 'umm-store: wide:1:1: the line is too long for a vector of this store' umm-store put s wide
}

@test "what is no store, or no export, is refused" {
    refuses 1 'umm-store: none: cannot examine: No such file or directory' umm-store get none a
    mkdir empty
    refuses 1 'umm-store: empty: is not a feature store: there is no slots.npy' umm-store put empty
    refuses 1 'umm-store: empty: is there already, and is another' umm-store create empty
    [[ -z $(ls -A empty) ]]
    ok create_abc
    refuses 1 'umm-store: s: is there already, and is another' umm-store create s
    ok umm-store create --max-positions=4 --dim=3 s
    ok umm-store get s a
    no_leftovers
    : >a.csv
    refuses 1 'umm-store: a.csv: is empty; an export has a header at least' umm-store import s a.csv
    printf 'a,1\n' >a.csv
    refuses 1 'umm-store: a.csv:1:1: an export begins with id,active,timestamp, this: "a"' \
        umm-store import s a.csv
    printf 'id,active,timestamp\na,2,x,1,2,3\n' >a.csv
    refuses 1 'umm-store: a.csv:2:3: active is neither 0 nor 1: "2"' umm-store import s a.csv
    printf 'id,active,timestamp\na,1,x,1,2,3\n' >a.csv
    refuses 1 'umm-store: a.csv:2:5: the timestamp is not a time: "x"' umm-store import s a.csv
    printf 'id,active,timestamp\na,1,2300-01-01,1,2,3\n' >a.csv
    refuses 1 'umm-store: a.csv:2:5: the timestamp is out of range: "2300-01-01"' umm-store import s a.csv
    "$PY" -c "import numpy; numpy.save('f.npy', numpy.zeros(3))"
    refuses 1 'umm-store: f.npy: is no export of a store with ids of 31 bytes and vectors of 3' \
        umm-store import s f.npy
    ok umm-store export s nat.npy
    "$PY" -c "import numpy; numpy.load('nat.npy', mmap_mode='r+')['timestamp'][1] = 'NaT'"
    refuses 1 'umm-store: nat.npy: row 1: the timestamp is NaT' umm-store import s nat.npy
    mv s/slots.npy .
    mkfifo s/slots.npy
    refuses 1 'umm-store: s/slots.npy: not a regular file' umm-store get s a
    refuses 1 'umm-store: s/slots.npy: is not a regular file and cannot be locked' umm-store put s a.csv
    mv slots.npy s/
    cp f.npy s/vectors.npy
    refuses 1 'umm-store: s/vectors.npy: is not the vectors of a feature store' umm-store stat s
}

@test "create removes what a killed one left, and nothing behind a link of that name" {
    mkdir other .s.umm-new
    touch other/precious .s.umm-new/slots.npy
    ln -s other .t.umm-new
    refuses 1 'umm-store: t: cannot make the directory: File exists' umm-store create t
    [[ -e other/precious && -L .t.umm-new ]]
    ok umm-store create s
    [[ ! -e .s.umm-new ]]
}

@test "create needs no lock for a store that is there, and names what it was asked for" {
    ok umm-store create s
    mkdir .s.umm.lock .t.umm.lock
    ok umm-store create s
    refuses 1 'umm-store: t: cannot open its lock file: Is a directory' umm-store create t
    refuses 2 $'umm-store: a store\'s path is empty\nTry \'umm-store --help\'.' umm-store create ''
    strace -o /dev/null true 2>/dev/null || skip 'strace cannot trace here'
    refuses 1 'umm-store: u: cannot reserve space: No space left on device' \
        strace -qq -E "ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0" -o log \
        -e inject=fallocate:error=ENOSPC umm-store create u
    [[ ! -e u && ! -e .u.umm-new ]]
}

@test "a damaged index is seen by readers and made again by writers" {
    ok create_abc
    printf x | dd of=s/index.umm conv=notrunc status=none
    refuses 1 'umm-store: s/index.umm: is not the index of a feature store' umm-store get s a
    ok umm-store put s <<<'d,7,8,9'
    ok umm-store get s a d
    [[ $output == $'a,1,2,3\nd,7,8,9' ]]
    rm s/index.umm
    ok umm-store mark-inactive s a
    ok umm-store get s a
}

@test "the index of another store does not make put write over entries" {
    ok create_abc
    ok umm-store mark-inactive s b
    ok umm-store create --max-positions=4 --dim=3 other
    cp other/index.umm s/
    ok umm-store put s - <<<d,1,1,1
    ok umm-store get s a b c d
    [[ $output == $'a,1,2,3\nb,0.1,-0,1e-40\nc,NaN,inf,-inf\nd,1,1,1' ]]
    cp other/index.umm s/
    ok umm-store put s - <<<e,2,2,2
    ok umm-store get s a c d e
    refuses 1 'umm-store: no such id: "b"' umm-store get s b
    cp other/index.umm s/
    ok umm-store put s - <<<a,3,3,3
    ok bash -c 'umm-store list s | cut -d, -f1,2'
    [[ $output == $'id,active\na,1\ne,1\nc,1\nd,1' ]]
}

@test "a killed writer's half vector is absent, then removed with a message" {
    ok create_abc
    # Position 0 in the middle of a write, in a store that was not closed.
    "$PY" -c "
import numpy
s = numpy.load('s/slots.npy', mmap_mode='r+')
s['generation'][0] += 1
with open('s/index.umm', 'r+b') as f:
    f.seek(48), f.write(b'\1')"
    refuses 1 'umm-store: no such id: "a"' umm-store get s a
    ok umm-store get s b
    local left_out='umm-store: s: 1 entries were left out: half written, by a writer that was killed or is stopped'
    refuses 3 "$left_out" umm-store list s
    [[ ${#lines[@]} == 3 && ${lines[1]} == b,* && ${lines[2]} == c,* ]]
    refuses 3 "$left_out" umm-store export s s.csv
    refuses 3 "$left_out" umm-store export s s.npy
    ok cut -d, -f1 s.csv
    [[ $output == $'id\nb\nc' ]]
    refuses 0 'umm-store: s: 1 half written entries of a killed writer were removed' \
        umm-store put s - <<<'d,1,1,1'
    ok bash -c 'umm-store list s | cut -d, -f1'
    [[ $output == $'id\nd\nb\nc' ]]
}

@test "a vector, id or timestamp whose check differs is given out by no command" {
    create_abc
    cp -r s whole
    local file byte says
    # The second vector; timestamp, expiry and id of the second slot.
    while read -r file byte says; do
        damage "$file" "$byte"
        refuses 1 "umm-store: s: $says" umm-store list s
        refuses 1 "umm-store: s: $says" umm-store list --json s
        refuses 1 "umm-store: s: $says" umm-store export s out.csv
        refuses 1 "umm-store: s: $says" umm-store export s out.npy
        ok umm-store get s a c
        [[ $output == $'a,1,2,3\nc,NaN,inf,-inf' ]]
        rm -r s
        cp -r whole s
    done <<'EOF'
vectors.npy 141 "b" is damaged: its check differs
slots.npy 354 "b" is damaged: its check differs
slots.npy 363 "b" is damaged: its check differs
slots.npy 321 "b\x04" is damaged: no id has a control character
slots.npy 320 "f" is damaged: its check differs
EOF
    no_leftovers
    [[ ! -e out.csv && ! -e out.npy ]]
    damage vectors.npy 141
    refuses 1 'umm-store: s: "b" is damaged: its check differs' umm-store get s a b
    [[ $output == a,1,2,3 ]]
    "$PY" -c "import numpy
numpy.load('s/slots.npy', mmap_mode='r+')['id'][1] = b''"
    refuses 1 'umm-store: s: position 1 is damaged: it has a check, but no id' umm-store export s -
    # An index that is made again is without what is damaged.
    rm s/index.umm
    refuses 0 'umm-store: s: 1 half written entries of a killed writer were removed' \
        umm-store put s - <<<'d,1,1,1'
    ok umm-store get s a c d
}

sum_of() { # ENTRIES INACTIVE DAMAGED TORN LOST
    printf '4 positions, %s sound entries, %s inactive; %s damaged, %s half written, %s not found by the index, or twice' "$@"
}

readonly MEND='To mend it, remove index.umm while no process has the store open: the next command that writes makes it again, and removes what is damaged.'

# edit_index CODE: Python with t, the table in use of the store s of 4 positions.
edit_index() {
    "$PY" -c "
import numpy
head = numpy.memmap('s/index.umm', '<u8', 'r+', shape=12)
t = numpy.memmap('s/index.umm', '<u4', 'r+', 4096 + int(head[7]) % 2 * 32, 8)
at = int(numpy.flatnonzero(t & 7 == 3)[0]) # of position 1
free = next(i % 8 for i in range(at, at + 8) if t[i % 8] == 0)
$1"
}

@test "verify finds a store whole, damaged, or with an index that is not its own" {
    create_abc
    umm-store mark-inactive s c
    ok umm-store verify s
    [[ $output == "$(sum_of 3 1 0 0 0)"$'\nPASS' ]]
    ok umm-store verify --json s
    [[ $output == '{"store":"s","max_positions":4,"entries":3,"inactive":1,"damaged":0,"half_written":0,"not_found_once":0,"miscounted":0,"counts_compared":true,"faults":0,"findings":[]}' ]]
    cp -r s whole
    faulty() { # FAULT SUM
        capture umm-store verify s
        [[ $status == 1 && -z $stderr && $output == "FAIL: $1"$'\n'"$2"$'\n'"$MEND"$'\nFAIL' ]] || fail "$output"
        rm -r s
        cp -r whole s
    }
    damage vectors.npy 141
    faulty '"b" is damaged: its check differs' "$(sum_of 2 1 1 0 0)"
    damage slots.npy 321
    faulty '"b\x04" is damaged: no id has a control character' "$(sum_of 2 1 1 0 0)"
    "$PY" -c "import numpy
numpy.load('s/slots.npy', mmap_mode='r+')['generation'][1] += 1"
    faulty 'position 1 is half written' "$(sum_of 2 1 0 1 0)"
    edit_index 't[at] ^= 1 << 31'
    faulty '"b" is not found by the index' "$(sum_of 3 1 0 0 1)"
    edit_index 't[free] = t[at]'
    faulty '"b" is in the index 2 times' "$(sum_of 3 1 0 0 1)"
    edit_index 'head[10] = 4'
    faulty 'the index counts 4 entries, 1 inactive; there are 3 and 1' "$(sum_of 3 1 0 0 0)"
    edit_index 'numpy.memmap("s/index.umm", "<u4", "r+", 4096 + 64, 4)[0] = 1'
    faulty 'the index does not list 1 of the inactive entries, which are not evicted' "$(sum_of 3 1 0 0 0)"
}

@test "what verify says of a flipped bit of the index mends it" {
    create_abc
    edit_index 't[at] ^= 1 << 31'
    refuses 1 'umm-store: no such id: "b"' umm-store get s b
    ok umm-store put s - <<<b,7,8,9
    capture umm-store verify s
    [[ $status == 1 && ${lines[0]} == 'FAIL: "b" is at the positions 1 and 3; the index finds the second' ]]
    rm s/index.umm
    refuses 0 'umm-store: s: 1 half written entries of a killed writer were removed' umm-store mark-inactive s a
    ok umm-store verify s
    ok umm-store get s b
    [[ $output == b,7,8,9 ]]
}

@test "verify names the first faults, and finds none beside a writer at work" {
    ok umm-store create --max-positions=40 --dim=1 s
    for i in {1..30}; do echo "x$i,$i"; done | umm-store put s
    "$PY" -c "import numpy
numpy.load('s/vectors.npy', mmap_mode='r+')[:25] += 1"
    capture umm-store verify s
    [[ $status == 1 && ${lines[9]} == 'FAIL: "x10" is damaged: its check differs' ]]
    [[ ${lines[10]} == 'FAIL: and 15 more' && ${lines[11]} == *' 5 sound entries,'*' 25 damaged,'* ]]
    rm -r s
    umm-store create --max-positions=200 --dim=1 s
    mkfifo pipe
    umm-store put s pipe 3>&- &
    local writer=$!
    feeds
    (for i in {1..20000}; do echo "x$((i % 150)),$i"; done >&"$pipe") 3>&- &
    local feeder=$!
    for i in {1..20}; do
        ok umm-store verify s
    done
    [[ ${lines[1]} == "a writer is at work, or was killed: the index's counts were not looked at" ]]
    wait "$feeder"
    exec {pipe}>&-
    wait "$writer"
    ok umm-store verify s
    [[ $output == '200 positions, 150 sound entries, '*$'\nPASS' ]]
}

@test "of an id that a power cut left at two positions, the newer one stays" {
    local newer
    for newer in 0 3; do
        rm -rf s
        create_abc
        # As if an older page of position 0 or 3 had come back.
        cp s/slots.npy s/vectors.npy .
        ok umm-store put s <<<a,7,8,9
        "$PY" -c "
import numpy
for name in 'slots.npy', 'vectors.npy':
    old, now = numpy.load(name), numpy.load('s/' + name, mmap_mode='r+')
    now[3] = now[0]
    now[3 - $newer] = old[0]
with open('s/index.umm', 'r+b') as f:
    f.seek(48), f.write(b'\1')"
        refuses 0 'umm-store: s: 1 half written entries of a killed writer were removed' \
            umm-store mark-inactive s b
        ok umm-store get s a b c
        [[ $output == $'a,7,8,9\nb,0.1,-0,1e-40\nc,NaN,inf,-inf' ]]
        ok bash -c 'umm-store list s | wc -l'
        ((output == 4))
        ok umm-store put s <<<d,1,1,1
        ok umm-store get s a d
        [[ $output == $'a,7,8,9\nd,1,1,1' ]]
    done
}

@test "a file that is cut short under a writer is a line and exit code 1" {
    umm-store create --dim=1 s
    mkfifo pipe
    local code=0
    umm-store put s pipe 2>said 3>&- &
    local writer=$!
    feeds
    echo a,1 >&"$pipe"
    stored
    truncate -s 0 s/vectors.npy
    echo b,2 >&"$pipe"
    exec {pipe}>&-
    wait "$writer" || code=$?
    ((code == 1))
    [[ $(cat said) == 'umm-store: s: one of its files was cut short or cannot be read, or the disk is full' ]]
}

@test "an export from files that are cut short leaves no temporary file" {
    [[ -z ${UMM_SAN-} ]] || skip 'a sanitizer wants to be loaded first'
    cat >cut.c <<'END'
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The first block is written; what comes after it was cut off meanwhile. */
ssize_t write(int fd, const void *bytes, size_t len)
{
    if (len > 100000 && (truncate("s/vectors.npy", 0) < 0 || truncate("s/slots.npy", 0) < 0))
        return -1;
    return syscall(SYS_write, fd, bytes, len);
}
END
    gcc -shared -fPIC -o cut.so cut.c
    umm-store create --dim=1 --max-positions=30000 s
    seq 30000 | sed 's/$/,1/' >entries
    umm-store put s entries
    cp -r s whole
    local name
    for name in x.csv x.npy; do
        rm -r s
        cp -r whole s
        echo old >"$name"
        refuses 1 'umm-store: s: one of its files was cut short or cannot be read, or the disk is full' \
            env LD_PRELOAD="$PWD/cut.so" umm-store export s "$name"
        [[ $(<"$name") == old ]]
        no_leftovers
    done
}

@test "a store that another process makes is waited for, until a signal or a limit" {
    local waiting code=0
    exec 9>.s.umm.lock
    flock 9
    umm-store create s 2>said 3>&- 9>&- &
    waiting=$!
    wait_until "$waiting" 'the lock to be waited for' waits_with "$waiting" .s.umm.lock
    kill -TERM "$waiting"
    wait "$waiting" || code=$?
    ((code == 128 + 15))
    [[ ! -s said && ! -e s ]]
    capture umm-store create --lock-timeout=50ms s 9>&-
    [[ $status -eq 1 && $stderr == 'umm-store: s: '*'locked by another process'* && ! -e s ]] || fail "$stderr"
    exec 9>&-
    ok umm-store create s
}

@test "what is put into a store that was moved away meanwhile is an error" {
    mkfifo pipe
    local code writer end
    for end in 'umm-store create --dim=1 s' true 'cp -r old s'; do
        rm -rf s old
        umm-store create --dim=1 s
        umm-store put s pipe 2>said 3>&- &
        writer=$! code=0
        feeds
        echo a,1 >&"$pipe"
        stored
        mv s old
        $end
        echo b,2 >&"$pipe"
        exec {pipe}>&-
        wait "$writer" || code=$?
        ((code == 1))
        [[ $(cat said) == 'umm-store: s: was moved away while it was open: what was written is not here' ]]
        ok umm-store get old a b
    done
}

@test "a second writer waits, or fails if told to" {
    ok umm-store create --dim=1 s
    mkfifo pipe
    umm-store put s pipe 3>&- &
    local writer=$!
    feeds
    echo a,1 >&"$pipe"
    stored
    refuses 1 "umm-store: s/slots.npy: is locked by another process: umm-store, pid $writer" \
        umm-store put --lock=fail s - <<<b,2
    umm-store put s - <<<b,2 {pipe}>&- 3>&- &
    local waiting=$!
    wait_until "$waiting" 'the lock to be waited for' waits_with "$waiting" s/.slots.npy.lock
    exec {pipe}>&-
    wait "$writer" && wait "$waiting"
    ok umm-store get s a b
    no_leftovers s
}

@test "no count is below zero, whatever a writer has changed between two looks" {
    ok create_abc
    printf '\4' | dd of=s/index.umm bs=1 seek=88 conv=notrunc status=none
    ok umm-store stat --json s
    [[ $output == *'"entries":3,"active":0,"inactive":3,'* ]]
}

@test "metrics of a store" {
    ok create_abc
    ok umm-store stat --metrics s.prom s
    grep -qx 'umm_store_entries{tool="umm-store",command="stat",output="'"$PWD"'/s"} 3' s.prom
    grep -qx 'umm_store_positions{tool="umm-store",command="stat",output="'"$PWD"'/s"} 4' s.prom
}

@test "no output takes the place of one of the store's files, by whatever name" {
    create_abc
    ln -s s/vectors.npy link.npy
    ln s/slots.npy hard.npy
    cp -r s before
    local out
    for out in s/vectors.npy s/slots.npy s/index.umm "$PWD/s/../s/slots.npy" link.npy hard.npy; do
        refuses 2 "umm-store: $out: is an input and an output at once"$'\nTry \'umm-store --help\'.' \
            umm-store export s "$out"
        refuses 2 "umm-store: $out: is an input and an output at once"$'\nTry \'umm-store --help\'.' \
            umm-store stat --metrics="$out" s
    done
    diff -r before s
    ok umm-store export s s/other.npy
}

@test "wrong usage is told from failures" {
    refuses 2 $'umm-store: --dim takes a number from 1 to 1048576, not "0"\nTry \'umm-store --help\'.' \
        umm-store create --dim=0 s
    refuses 2 $'umm-store: --id-bytes takes a number from 1 to 247, not "300"\nTry \'umm-store --help\'.' \
        umm-store create --id-bytes=300 s
    refuses 2 $'umm-store: --lock takes wait or fail, not "x"\nTry \'umm-store --help\'.' \
        umm-store put --lock=x s
    refuses 2 $'umm-store: evict takes a number of entries, not "x"\nTry \'umm-store --help\'.' \
        umm-store evict s x
    [[ ! -e s ]]
}
