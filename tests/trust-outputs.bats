#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What another user may put in the place of an output, or beside it, gives no rights.
# shellcheck disable=SC2016,SC2030,SC2031 # the other user expands them; each test has its own status

load helper
load two_users

teardown() {
    local device
    two_users_end
    [[ ! -e $BATS_TEST_TMPDIR/device ]] || device=$(<"$BATS_TEST_TMPDIR/device")
    [[ ${device-} != /dev/loop* ]] || losetup -d "$device"
}

rows() {
    umm-synth --rows="${1:-50}"
}

# has FILE MODE OWNER: permission bits and owner of FILE.
has() {
    [[ $(stat -c '%a %u' "$1") == "$2 $3" ]] || fail "$1 is $(stat -c '%a %u' "$1"), not $2 $3"
}

needs_acls() {
    command -v setfacl >/dev/null || skip 'no setfacl'
    touch probe
    setfacl -m u:1:r probe 2>/dev/null || skip 'no access control lists here'
    rm probe
}

acl_of() {
    getfacl -cn "$1" | sed 's/[[:blank:]].*//'
}

# ---- rights that are passed on --------------------------------------------------

@test "another user's archive gives neither mode nor owner to what compact makes" {
    two_users
    rows | as_attacker umm-archive append a.npy.zst -
    as_attacker chmod 4777 a.npy.zst
    umask 022
    refuses 1 "umm-archive: a.npy.zst: belongs to another user (uid $ATTACKER_UID) in a world-writable directory; remove it, or use another directory" \
        umm-archive compact a.npy.zst
    has a.npy.zst 4777 "$ATTACKER_UID"
}

@test "another user's slots give neither mode nor owner to a store's index" {
    two_users
    ok umm-store create s --dim=2
    chmod 1777 s
    rm s/index.umm s/slots.npy
    as_attacker umm-store create s2 --dim=2
    as_attacker cp s2/slots.npy s/
    as_attacker chmod 4666 s/slots.npy
    as_attacker mv s s3 2>/dev/null || true
    umask 022
    echo a,1,2 | umm-store put s || true
    [[ ! -e s/index.umm ]] || has s/index.umm 644 0
}

@test "a file with several names in a world-writable directory gives no mode" {
    two_users
    rows >"$VICTIM_DIR/in.csv"
    as_victim sh -c 'umask 0; umm-convert -o "$VICTIM_DIR/public.npy" "$VICTIM_DIR/in.csv"'
    # One who may write a file may link it, also where the kernel protects links.
    as_attacker ln "$VICTIM_DIR/public.npy" out.npy || skip 'no such link can be made here'
    ok as_victim sh -c 'umask 077; umm-convert -o out.npy "$VICTIM_DIR/in.csv"'
    has out.npy 600 "$VICTIM_UID"
    # In a directory of one's own it is as it was.
    as_victim ln "$VICTIM_DIR/public.npy" "$VICTIM_DIR/second.npy"
    ok as_victim sh -c 'umask 077; umm-convert -o "$VICTIM_DIR/second.npy" "$VICTIM_DIR/in.csv"'
    has "$VICTIM_DIR/second.npy" 666 "$VICTIM_UID"
}

@test "--if-changed keeps no file of another user in a world-writable directory" {
    two_users
    rows >"$VICTIM_DIR/in.csv"
    as_attacker umm-convert -o out.npy "$VICTIM_DIR/in.csv"
    refuses 1 'umm-convert: out.npy: cannot rename its temporary file: Operation not permitted' \
        as_victim umm-convert --if-changed -o out.npy "$VICTIM_DIR/in.csv"
    has out.npy 644 "$ATTACKER_UID"
    # In a sticky directory root may replace it.
    umask 022
    ok umm-convert --if-changed -o out.npy "$VICTIM_DIR/in.csv"
    has out.npy 644 0
    # Of several names another may be his.
    ln out.npy other.npy
    ok umm-convert --if-changed -o out.npy "$VICTIM_DIR/in.csv"
    [[ $(stat -c %h out.npy) -eq 1 ]]
    ln out.npy "$VICTIM_DIR/first.npy"
    mv out.npy "$VICTIM_DIR/out.npy"
    ok umm-convert --if-changed -o "$VICTIM_DIR/out.npy" "$VICTIM_DIR/in.csv"
    [[ $(stat -c %h "$VICTIM_DIR/out.npy") -eq 2 ]]
    no_leftovers .
}

@test "a group that a file was closed to cannot read the one in its place" {
    two_users
    rows >"$VICTIM_DIR/in.csv"
    as_victim umm-convert -o "$VICTIM_DIR/a.npy" "$VICTIM_DIR/in.csv"
    # Its group is not the victim's, who cannot give it: whoever is in it is one of the others.
    chgrp "$ATTACKER_UID" "$VICTIM_DIR/a.npy"
    chmod 604 "$VICTIM_DIR/a.npy"
    ok as_victim umm-convert -o "$VICTIM_DIR/a.npy" "$VICTIM_DIR/in.csv"
    has "$VICTIM_DIR/a.npy" 600 "$VICTIM_UID"
    refuses 1 "cat: $VICTIM_DIR/a.npy: Permission denied" as_attacker cat "$VICTIM_DIR/a.npy"
    # Whoever may give it, does.
    chgrp "$ATTACKER_UID" "$VICTIM_DIR/a.npy"
    chmod 604 "$VICTIM_DIR/a.npy"
    ok umm-convert -o "$VICTIM_DIR/a.npy" "$VICTIM_DIR/in.csv"
    has "$VICTIM_DIR/a.npy" 604 "$VICTIM_UID"
    [[ $(stat -c %g "$VICTIM_DIR/a.npy") == "$ATTACKER_UID" ]]
}

@test "an access control list is passed on: its mask is not the group's rights" {
    two_users
    needs_acls
    rows >"$VICTIM_DIR/in.csv"
    cd "$VICTIM_DIR"
    as_victim umm-convert -o a.npy in.csv
    as_victim umm-archive append a.npy.zst in.csv
    chgrp "$ATTACKER_UID" a.npy a.npy.zst
    setfacl -m "g::---,o::---,u:1:rw,g:2:r,m::rw" a.npy a.npy.zst
    acl_of a.npy >acl
    [[ $(stat -c %a a.npy) == 660 ]]
    ok umm-convert -o a.npy in.csv
    acl_of a.npy | diff acl -
    ok umm-archive compact a.npy.zst
    acl_of a.npy.zst | diff acl -
    rm -f a.npy.zst.journal
    rows 60 >more.csv
    ok umm-archive append --keep-journal a.npy.zst more.csv
    acl_of a.npy.zst.journal | diff acl -
    refuses 1 'cat: a.npy: Permission denied' as_attacker cat a.npy
    refuses 1 'cat: a.npy.zst: Permission denied' as_attacker cat a.npy.zst
    refuses 1 'cat: a.npy.zst.journal: Permission denied' as_attacker cat a.npy.zst.journal
    # The victim cannot give this group: what is left is what all of them had.
    ok as_victim umm-convert -o a.npy in.csv
    has a.npy 600 "$VICTIM_UID"
    [[ $(acl_of a.npy | grep -c .) -eq 3 ]]
}

@test "an access control list of the directory gives nothing to a file whose place has none" {
    two_users
    needs_acls
    rows >"$VICTIM_DIR/in.csv"
    cd "$VICTIM_DIR"
    as_victim umm-convert -o a.npy in.csv
    chmod 640 a.npy
    setfacl -d -m "u:$ATTACKER_UID:rw" .
    ok as_victim umm-convert -o a.npy in.csv
    has a.npy 640 "$VICTIM_UID"
    [[ $(acl_of a.npy | grep -c .) -eq 3 ]]
    refuses 1 'cat: a.npy: Permission denied' as_attacker cat a.npy
    # A new name has what the directory says.
    ok as_victim umm-convert -o b.npy in.csv
    [[ $(acl_of b.npy) == *"user:$ATTACKER_UID:rw-"* ]]
}

@test "states of many symbols take rights as other outputs do" {
    two_users
    needs_acls
    mkdir states
    mixed() {
        { umm-synth --symbol=A --rows="$1" | sed 's/^/A,/;1s/^A/symbol/' && umm-synth --symbol=B --rows="$1" | sed '1d;s/^/B,/'; } >mixed.csv
    }
    mixed 50
    ok umm-features -f ema:3 --by=symbol --state-root=states -o out.csv mixed.csv
    local state
    state=$(find states -type f | sort | head -n 1)
    setfacl -m "g::---,o::---,u:1:rw" "$state"
    acl_of "$state" >acl
    mixed 60
    ok umm-features -f ema:3 --by=symbol --state-root=states -o out.csv mixed.csv
    acl_of "$state" | diff acl -
}

# ---- directories that are made and removed --------------------------------------
# In a directory without the sticky bit others may rename what is ours.

# precious DIR: a directory of root's in DIR, with a file.
precious() {
    mkdir "$1/precious" && echo kept >"$1/precious/file"
}

# swap NAME OTHER: OTHER gets the name of a directory of root's, which goes aside.
swap() {
    as_attacker mv -T "$1" aside && as_attacker mv -T "$2" "$1"
}

needs_strace() {
    strace -o /dev/null true 2>/dev/null || skip 'strace cannot trace here'
}

@test "what a killed run may have left is not removed by its name alone" {
    two_users 777
    precious .
    as_attacker mv -T precious .st.umm-new
    local why='is there, in a directory where others may rename what is yours (no sticky bit): remove it if a killed run left it'
    refuses 1 "umm-store: ./.st.umm-new: $why" umm-store create ./st
    [[ $(<.st.umm-new/file) == kept && ! -e st ]]
    # Where they may not, it is.
    chmod 1777 .
    ok umm-store create ./st
    [[ ! -e .st.umm-new && -e st/index.umm ]]

    mkdir -m 777 states
    local name
    for name in umm-next changes; do
        precious states
        as_attacker mv -T states/precious "states/.symbols.$name"
        refuses 1 "umm-features: states/.symbols.$name: $why" \
            umm-features -f ema:3 --by=symbol --state-root=states -o out.csv <(umm-synth --rows=5 | sed 's/^/A,/;1s/^A/symbol/')
        [[ $(<"states/.symbols.$name/file") == kept && ! -e states/file ]]
        rm -r "states/.symbols.$name"
    done
}

@test "a store is made in the directory that was made for it, and no other" {
    two_users 777
    needs_strace
    precious .
    stop_at '?mkdir,mkdirat' 1 umm-store create st 2>err
    swap .st.umm-new precious
    kill -CONT "$stopped"
    if wait "$tracer"; then fail "it succeeded"; fi
    [[ $(ls .st.umm-new) == file && ! -e st ]]
    [[ $(<err) == 'umm-store: st: is another directory now; left alone' ]]
    rm -r aside && mv -T .st.umm-new precious

    # Later: what was written is in the directory that went aside, and is removed.
    stop_at ftruncate 3 umm-store create st 2>err
    swap .st.umm-new precious
    kill -CONT "$stopped"
    if wait "$tracer"; then fail "it succeeded"; fi
    [[ $(ls .st.umm-new) == file && ! -e st && -z $(ls aside) ]]
    [[ $(<err) == 'umm-store: st: is another directory now; left alone' ]]
}

@test "states are written to the directory that was made for them, and no other" {
    two_users 777
    needs_strace
    mkdir -m 777 states
    precious states
    local tool=(umm-features -f ema:3 --by=symbol --state-root=states -o out.csv in.csv)
    umm-synth --rows=5 | sed 's/^/A,/;1s/^A/symbol/' >in.csv
    stop_at '?mkdir,mkdirat' 1 "${tool[@]}" 2>err
    (cd states && swap .symbols.umm-next precious)
    kill -CONT "$stopped"
    if wait "$tracer"; then fail "it succeeded"; fi
    [[ $(ls states/.symbols.umm-next) == file ]]
    [[ $(<err) == 'umm-features: states/.symbols.umm-next: is another directory now; left alone' ]]
}

@test "umm-m5 removes the directory that it has made, and no other" {
    two_users 777
    needs_strace
    precious .
    local name tool=(umm-m5 check -q --no-sync --signals=200 --dir=.)
    stop_at '?mkdir,mkdirat' 1 "${tool[@]}" 2>err
    name=$(echo umm-m5.*)
    swap "$name" precious
    kill -CONT "$stopped"
    if wait "$tracer"; then fail "it succeeded"; fi
    [[ $(ls -A "$name") == file ]]
    [[ $(<err) == "umm-m5: $PWD/$name: is another directory now; left alone" ]]
    rm -r aside && mv -T "$name" precious

    stop_at '?mkdir,mkdirat' 2 "${tool[@]}" >out 2>err
    name=$(echo umm-m5.*)
    swap "$name" precious
    kill -CONT "$stopped"
    wait "$tracer" || true
    [[ $(<"$name/file") == kept && -z $(ls -A aside) ]]
}

# ---- what is not a regular file -------------------------------------------------

SHARED_PLACE='and others write to its directory; remove it, or use another directory'

# A job for each way to name an output; NAME is the output.
every_output() {
    local name=$1
    cat <<JOBS
umm-convert -o $name in.csv
umm-convert --report=$name -o /dev/null in.csv
umm-convert --metrics=$name -o /dev/null in.csv
umm-convert --bad-rows=quarantine:$name -o /dev/null bad.csv
umm-mmap-slice in.npy : -o $name
umm-mmap-slice in.npy :3 --format=csv -o $name
umm-features -f ema:3 --format=csv -o $name in.csv
umm-features -f ema:3 --format=csv --state=$name in.csv
umm-predict --columns=1,2,3 --format=csv -o $name m.onnx in.npy
umm-predict --columns=1,2,3 --state=$name m.onnx in.npy
umm-predict --columns=1,2,3 --metrics=$name m.onnx in.npy
umm-quantize --columns=1,2,3 --data=in.npy -o /dev/null.onnx --report=$name m.onnx
umm-db pull -o $name sqlite:in.db bars
umm-db push --metrics=$name sqlite:in.db bars in.npy
umm-watch --clock=input --state=$name /dev/null
umm-watch --clock=input --report=$name /dev/null
umm-batch --journal=$name /dev/null -- true
umm-batch --quarantine=$name /dev/null -- true
umm-synth --rows=10 -o $name
umm-memstat --metrics=$name
umm-memstat snapshot $name --pid=$$
umm-memstat --plot=$name --run true
JOBS
}

# all_refuse NAME WHAT: every tool refuses the output NAME at once, naming it and saying WHAT.
all_refuse() {
    local job command
    while read -r job; do
        read -ra command <<<"$job"
        capture "${command[@]}"
        [[ $status == @(1|2|125) && $stderr == *"$1: $2"* ]] || {
            show_captured "$job"
            fail "expected: $1: $2"
        }
    done < <(every_output "$1")
}

inputs() {
    umm-synth --rows=50 >in.csv
    { cat in.csv && echo 1900000000000,x,1,1,1,1; } >bad.csv
    umm-convert -o in.npy in.csv
    umm-db push sqlite:in.db bars in.npy
    "$PY" "$TOP/tests/ref/predict_models.py" m.onnx vector
}

@test "no output goes to the device that another user's link leads to" {
    two_users
    inputs
    local device
    truncate -s 1M "$BATS_TEST_TMPDIR/disk"
    # A disk of the test's own; where there can be none, a device that takes nothing.
    device=$(losetup -f --show "$BATS_TEST_TMPDIR/disk" 2>/dev/null) || device=/dev/full
    echo "$device" >"$BATS_TEST_TMPDIR/device"
    as_attacker ln -s "$device" x.npy
    all_refuse x.npy ''
    [[ $device == /dev/full ]] || cmp "$device" <(head -c 1M /dev/zero)
    [[ -L x.npy ]]
    # In a directory of his own, as well.
    as_attacker ln -s "$device" "$ATTACKER_DIR/x.npy"
    refuses 1 "umm-convert: $ATTACKER_DIR/x.npy: leads to no regular file, belongs to another user (uid $ATTACKER_UID), $SHARED_PLACE" \
        umm-convert -o "$ATTACKER_DIR/x.npy" in.csv
}

@test "no output goes into another user's FIFO, and none waits for its reader" {
    two_users
    inputs
    as_attacker mkfifo fifo
    chmod 666 fifo
    local why="is not a regular file, belongs to another user (uid $ATTACKER_UID), $SHARED_PLACE"
    all_refuse fifo "$why"
    # With a reader: it gets nothing.
    as_attacker cat fifo >got &
    local reader=$!
    all_refuse fifo "$why"
    : >fifo
    wait "$reader"
    [[ ! -s got ]]
    # In his directory, and in one that his group may write to.
    as_attacker mkfifo "$ATTACKER_DIR/fifo"
    refuses 1 "umm-convert: $ATTACKER_DIR/fifo: $why" umm-convert -o "$ATTACKER_DIR/fifo" in.csv
    mkdir group && chgrp "$ATTACKER_UID" group && chmod 775 group
    as_attacker mkfifo group/fifo
    refuses 1 "umm-convert: group/fifo: $why" umm-convert -o group/fifo in.csv
    # A link of one's own does not make it another.
    ln -s fifo own
    refuses 1 "umm-convert: own: $why" umm-convert -o own in.csv
    ln -s "$SHARED/fifo" "$VICTIM_DIR/own"
    refuses 1 "umm-convert: $VICTIM_DIR/own: $why" umm-convert -o "$VICTIM_DIR/own" in.csv
}

@test "a lease on a file that is replaced gives no time to make the tool wait for a FIFO" {
    two_users
    needs_strace
    inputs
    as_attacker cp in.npy out.npy
    as_attacker mkfifo fifo
    # Begins to hold the lease, and ends it when it is told to, with a FIFO in place of the file.
    as_attacker "$PY" -c 'import fcntl, os, signal, sys
signal.signal(signal.SIGIO, signal.SIG_IGN)
fd = os.open("out.npy", os.O_RDWR)
fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)
print("held", flush=True)
sys.stdin.readline()
os.rename("fifo", "out.npy")' < <(wait_until - 'the swap' test -e "$VICTIM_DIR/now" && echo) >held &
    wait_until $! 'the lease' test -s held
    stop_at openat 1 -P out.npy umm-convert -o out.npy in.csv 2>err
    touch "$VICTIM_DIR/now"
    wait_until - 'the FIFO' test -p out.npy
    kill -CONT "$stopped"
    if wait "$tracer"; then fail "it succeeded"; fi
    [[ $(tail -n 1 err) == 'umm-convert: out.npy: is no longer a regular file; left alone' && -p out.npy ]]
}

@test "a lease that is taken again and again does not stop an output for ever" {
    two_users
    inputs
    as_attacker cp in.csv out.npy
    hold_lease out.npy again
    refuses 1 'umm-convert: out.npy: cannot rename its temporary file: Operation not permitted' \
        as_victim timeout -s KILL 30 umm-convert -o out.npy in.csv
    ok timeout -s KILL 30 umm-convert -o out.npy in.csv
    cmp out.npy in.npy
    # In his own directory no file is foreign: what cannot be looked at is not replaced.
    as_attacker cp in.csv "$ATTACKER_DIR/out.npy"
    kill "$leaser"
    hold_lease "$ATTACKER_DIR/out.npy"
    refuses 1 "umm-convert: $ATTACKER_DIR/out.npy: cannot read the file that it would replace: another process holds a lease on it" \
        timeout -s KILL 30 umm-convert -o "$ATTACKER_DIR/out.npy" in.csv
    cmp "$ATTACKER_DIR/out.npy" in.csv
    no_leftovers .
    no_leftovers "$ATTACKER_DIR"
}

@test "what the user names is written to: devices, descriptors, FIFOs of one's own" {
    two_users
    inputs
    cp in.csv "$VICTIM_DIR/in.csv"
    ok as_victim umm-convert -o /dev/null "$VICTIM_DIR/in.csv"
    ok as_victim bash -c 'umm-convert -o /dev/stdout "$VICTIM_DIR/in.csv" | cat'
    printf '%s' "$output" | head -c 6 | cmp - <(printf '\x93NUMPY')
    ok as_victim bash -c 'umm-synth --rows=5 -o >(cat >"$VICTIM_DIR/out.csv"); wait $!'
    cmp "$VICTIM_DIR/out.csv" <(umm-synth --rows=5)
    ok as_victim bash -c 'umm-synth --rows=5 -o /dev/fd/9 9> >(cat >"$VICTIM_DIR/out.csv"); wait $!'
    # By root for the victim, by links of one's own, and in a directory where nobody else writes.
    mkfifo -m 666 roots
    as_victim mkfifo mine
    as_victim ln -s mine link
    as_victim ln -s "$SHARED/mine" "$VICTIM_DIR/link"
    local name
    for name in roots mine link "$VICTIM_DIR/link"; do
        cat "$name" >got &
        ok as_victim umm-synth --rows=5 -o "$name"
        wait $!
        cmp got <(umm-synth --rows=5)
    done
    install -d -m 755 kept
    mkfifo kept/fifo
    chown "$ATTACKER_UID" kept/fifo
    chmod 666 kept/fifo
    cat kept/fifo >got &
    ok as_victim umm-synth --rows=5 -o kept/fifo
    wait $!
    cmp got <(umm-synth --rows=5)
}

@test "a symbol's directory is not another user's, nor one that his link leads to" {
    two_users
    inputs
    cp in.csv BTC_1m.csv
    mkdir -m 755 "$BATS_TEST_TMPDIR/data" data
    mkdir data/BTC && umm-convert -o data/BTC/1m.npy in.csv
    echo old >"$BATS_TEST_TMPDIR/data/1m.npy"
    chmod 1777 . && mkdir -m 1777 root
    as_attacker ln -s "$BATS_TEST_TMPDIR/data" root/BTC
    local why="umm-convert: root/BTC: belongs to another user (uid $ATTACKER_UID) in a world-writable directory; remove it, or use another directory"
    refuses 1 "$why" umm-convert --out-root=root BTC_1m.csv
    refuses 1 "${why/convert/features}" umm-features -f ema:3 --root=data --symbols=BTC --timeframes=1m --out-root=root
    [[ $(<"$BATS_TEST_TMPDIR/data/1m.npy") == old ]]
    as_attacker rm root/BTC
    as_attacker mkdir root/BTC
    refuses 1 "$why" umm-convert --out-root=root BTC_1m.csv
    as_attacker rmdir root/BTC
    # A link of one's own, and a directory.
    ln -s "$BATS_TEST_TMPDIR/data" root/BTC
    ok umm-convert --out-root=root BTC_1m.csv
    cmp "$BATS_TEST_TMPDIR/data/1m.npy" in.npy
    rm root/BTC
    ok umm-convert --out-root=root BTC_1m.csv
    cmp root/BTC/1m.npy in.npy
}

@test "a directory that another user takes away while it is looked at is not trusted" {
    two_users
    needs_strace
    inputs
    mv in.csv BTC_1m.csv
    sed 's/^/A,/;1s/^A/symbol/' BTC_1m.csv >many.csv
    mkdir -m 755 precious
    echo old >precious/1m.npy
    mkdir -m 1777 root
    local why="belongs to another user (uid $ATTACKER_UID) in a world-writable directory; remove it, or use another directory"
    local tools=(
        'root/BTC umm-convert --out-root=root BTC_1m.csv'
        'states umm-features -f ema:3 --by=symbol --state-root=states -o out.csv many.csv'
        'st umm-store put st -'
    )
    as_attacker ln -s ../precious root/BTC
    as_attacker mkdir -m 777 states
    as_attacker umm-store create st --dim=2
    as_attacker chmod -R a+rwX st
    cp -r st "$ATTACKER_DIR/kept"
    local tool place n
    for tool in "${tools[@]}"; do
        read -r place tool <<<"$tool"
        # It is away for one look at its name, and there again for the next.
        for n in 1 2 3; do
            # shellcheck disable=SC2086 # words of a command
            capture strace -qq -o log -E "ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0" -P "$place" \
                -e trace=newfstatat -e inject=newfstatat:error=ENOENT:when=$n $tool <<<'a,1,2'
            [[ $status -eq 1 && $stderr == *"$place: "* ]] || {
                show_captured "$tool"
                fail "trusted at look $n: $place"
            }
        done
    done
    [[ $(<precious/1m.npy) == old && -z $(ls -A states) && ! -e out.csv ]]
    diff -r st "$ATTACKER_DIR/kept"

    # It is swapped for a link to a directory that is in no world-writable one.
    as_attacker rm root/BTC
    as_attacker mkdir root/BTC
    mkdir -m 755 "$BATS_TEST_TMPDIR/data"
    cp -r precious "$BATS_TEST_TMPDIR/data"
    stop_at newfstatat 2 -P root/BTC umm-convert --out-root=root BTC_1m.csv 2>err
    as_attacker mv root/BTC root/aside
    as_attacker ln -s "$BATS_TEST_TMPDIR/data/precious" root/BTC
    kill -CONT "$stopped"
    if wait "$tracer"; then fail "it succeeded"; fi
    [[ $(<"$BATS_TEST_TMPDIR/data/precious/1m.npy") == old ]]
    grep -qxF "umm-convert: root/BTC: $why" err
}
