#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What another user puts beside our files, or in their place, in a world-writable directory.
# shellcheck disable=SC2016,SC2086 # the other user expands them; a user is words of a command

load helper
load two_users

# What messages say of the attacker's files.
theirs() {
    echo "belongs to another user (uid $ATTACKER_UID) in a world-writable directory; remove it, or use another directory"
}

# The victim's rows, as text and as arrays, and the attacker's.
prepare() {
    two_users "$@"
    umm-synth --rows=40 -o rows.csv
    head -n 31 rows.csv >"$VICTIM_DIR/old.csv"
    cp rows.csv "$VICTIM_DIR/new.csv"
    sed '32,$s/[^,]*$/6666/' rows.csv >"$ATTACKER_DIR/evil.csv"
    rm rows.csv
    OLD=$VICTIM_DIR/old.csv NEW=$VICTIM_DIR/new.csv EVIL=$ATTACKER_DIR/evil.csv
}

# plant_journal OWNER: an archive of 30 rows, and beside it a journal of the attacker's that goes
# with it.
plant_journal() {
    ok "$1" umm-archive append a.npy.zst "$OLD"
    cp a.npy.zst "$VICTIM_DIR/kept"
    as_attacker cp a.npy.zst "$ATTACKER_DIR"
    as_attacker umm-archive append --keep-journal "$ATTACKER_DIR/a.npy.zst" "$EVIL"
    as_attacker cp "$ATTACKER_DIR/a.npy.zst.journal" .
}

@test "the rows of a planted journal are not shown, not verified and not made permanent" {
    prepare
    local owner user command input
    for owner in env as_victim; do
        plant_journal $owner
        for user in env as_victim; do
            ok $user umm-mmap-slice --format=csv -o - a.npy.zst :
            [[ $(grep -c ,6666 <<<"$output") -eq 0 && ${#lines[@]} -eq 31 ]]
            ok $user umm-archive extract a.npy.zst
            ok $user umm-archive stat a.npy.zst
            [[ $output == *'0 rows in the journal'* ]]
            # Whoever asks for it is told, and whoever would write.
            refuses 1 "umm-archive: a.npy.zst.journal: $(theirs)" $user umm-archive verify a.npy.zst
        done
        for command in append flush repair compact; do
            input=()
            [[ $command != append ]] || input=("$NEW")
            refuses 1 "umm-archive: a.npy.zst.journal: $(theirs)" $owner umm-archive $command a.npy.zst "${input[@]}"
        done
        cmp a.npy.zst "$VICTIM_DIR/kept"
        no_leftovers
        rm a.npy.zst.journal
        ok $owner umm-archive append --keep-journal a.npy.zst "$NEW"
        # The owner's journal is everybody's.
        for user in env as_victim as_attacker; do
            ok $user umm-archive verify a.npy.zst
            ok $user umm-mmap-slice --format=csv -o - a.npy.zst :
            [[ ${#lines[@]} -eq 41 ]]
        done
        rm a.npy.zst a.npy.zst.journal
    done
}

@test "no journal is made that others could not trust" {
    prepare
    umm-archive append a.npy.zst "$OLD"
    chmod 666 a.npy.zst
    refuses 1 "umm-archive: a.npy.zst.journal: would not be trusted beside a file of another user (uid 0) in a world-writable directory; use another directory" \
        as_victim umm-archive append --keep-journal a.npy.zst "$NEW"
    no_leftovers
}

@test "nothing that is planted as a journal closes an archive to its readers" {
    prepare
    ok as_victim umm-archive append a.npy.zst "$OLD"
    ok as_victim umm-archive append --keep-journal b.npy.zst "$NEW"
    local plant
    for plant in 'mkdir $0' 'mkfifo $0' 'echo x >$0' ': >$0; chmod 0 $0' 'ln -s nothing $0' 'ln -s $0 $0' \
        'ln -s b.npy.zst.journal $0' 'ln -s /dev/zero $0'; do
        as_attacker sh -c "$plant" a.npy.zst.journal
        for user in env as_victim; do
            ok $user timeout 60 umm-mmap-slice --format=csv -o - a.npy.zst :
            [[ ${#lines[@]} -eq 31 ]]
            refuses 1 "umm-archive: a.npy.zst.journal: $(theirs)" $user timeout 60 umm-archive verify a.npy.zst
        done
        rm -rf a.npy.zst.journal
    done
    ok umm-archive verify a.npy.zst
}

@test "rows go into no file of another user" {
    prepare
    as_attacker umm-convert -o x.npy "$VICTIM_DIR/old.csv"
    as_attacker chmod 666 x.npy
    as_attacker umm-archive append a.npy.zst "$VICTIM_DIR/old.csv"
    as_attacker chmod 666 a.npy.zst
    as_victim umm-features -f ema:3 --append "--state=$VICTIM_DIR/s" -o f.npy "$OLD"
    as_attacker cp f.npy "$ATTACKER_DIR"
    rm f.npy
    as_attacker cp "$ATTACKER_DIR/f.npy" .
    as_attacker chmod 666 f.npy
    as_attacker umm-store create st --dim=2
    as_attacker chmod -R a+rwX st
    cp -r . "$ATTACKER_DIR/kept"
    for user in env as_victim; do
        refuses 1 "umm-convert: x.npy: $(theirs)" $user umm-convert --append -o x.npy "$NEW"
        refuses 1 "umm-archive: a.npy.zst: $(theirs)" $user umm-archive append a.npy.zst "$NEW"
        refuses 1 "umm-features: f.npy: $(theirs)" \
            $user umm-features -f ema:3 --append "--state=$VICTIM_DIR/s" -o f.npy "$NEW"
        for path in st st/ ./st "$PWD/st"; do
            refuses 1 "umm-store: $path: $(theirs)" $user umm-store put $path <<<'a,1,2'
        done
        refuses 1 "umm-store: st: $(theirs)" $user umm-store create st --dim=2
        (cd st && refuses 1 "umm-store: .: $(theirs)" $user umm-store put . <<<'a,1,2')
    done
    diff -r . "$ATTACKER_DIR/kept"
    # To read them is another matter.
    ok as_victim umm-mmap-slice x.npy :
    ok as_victim umm-archive verify a.npy.zst
    ok as_victim umm-store list st
    no_leftovers
}

@test "no planted link chooses the file that is replaced or appended to" {
    prepare
    as_victim umm-convert -o important.npy "$OLD"
    cp important.npy "$VICTIM_DIR/kept.npy"
    as_victim umm-store create st --dim=2
    as_attacker ln -s important.npy z.npy
    as_attacker ln -s st link
    local linked
    linked="is a symbolic link that $(theirs)"
    for user in env as_victim; do
        refuses 1 "umm-convert: z.npy: $linked" $user umm-convert -o z.npy "$NEW"
        refuses 1 "umm-convert: z.npy: $linked" $user umm-convert --append -o z.npy "$NEW"
        refuses 1 "umm-synth: z.npy: $linked" $user umm-synth --rows=5 -o z.npy
        refuses 1 "umm-convert: z.npy: $linked" $user umm-convert --metrics=z.npy -o /dev/null "$NEW"
        refuses 1 "umm-store: link: $(theirs)" $user umm-store put link <<<'a,1,2'
        refuses 1 "umm-store: link/: $(theirs)" $user umm-store put link/ <<<'a,1,2'
    done
    cmp important.npy "$VICTIM_DIR/kept.npy"
    # The victim's own links are followed as ever.
    rm z.npy link
    as_victim ln -s important.npy z.npy
    as_victim ln -s st link
    ok as_victim umm-convert --append -o z.npy "$NEW"
    ok as_victim umm-store put link <<<'a,1,2'
    [[ $(umm-mmap-slice important.npy --format=csv : -o - | wc -l) -eq 41 ]]
    # A hard link, where the kernel lets others make one.
    ln important.npy y.npy
    refuses 1 'umm-convert: y.npy: has several names (hard links) in a world-writable directory; copy it, or use another directory' \
        as_victim umm-convert --append -o y.npy "$NEW"
}

@test "a planted state is not believed" {
    prepare
    as_attacker umm-features -f ema:3 --append --state=s -o "$ATTACKER_DIR/f.npy" "$VICTIM_DIR/old.csv"
    as_attacker mkdir states
    as_attacker chmod 777 states
    for user in env as_victim; do
        refuses 1 "umm-features: s: $(theirs)" $user umm-features -f ema:3 --append --state=s -o f.npy "$NEW"
        refuses 1 "umm-features: s: $(theirs)" $user umm-features -f ema:3 --verify --state=s "$NEW"
        refuses 1 "umm-features: states: $(theirs)" $user umm-features -f ema:3 --by=symbol --state-root=states -o - <<<'symbol,timestamp,close
X,1600000000000,1'
    done
    [[ ! -e f.npy && -z $(ls -A states) ]]
}

@test "a model's weights are in no file that is planted, nor where a link leads" {
    prepare
    "$PY" "$TOP/tests/ref/predict_models.py" "$VICTIM_DIR/m.onnx" elsewhere
    as_victim cp "$VICTIM_DIR/m.onnx" .
    "$PY" -c 'import struct; print(end=struct.pack("3f", 1, 2, 3).decode("latin-1"))' >"$VICTIM_DIR/ones.bin"
    local weights=("umm-predict --columns=1,2,3 m.onnx $OLD" "umm-predict --describe m.onnx"
        "umm-quantize m.onnx --data=$OLD -o out.onnx") command
    as_attacker mkdir w
    as_attacker cp "$VICTIM_DIR/ones.bin" w
    for command in "${weights[@]}"; do
        refuses 1 "${command%% *}: w: $(theirs)" as_victim $command
    done
    rm -r w
    as_victim mkdir -m 1777 w
    as_attacker cp "$VICTIM_DIR/ones.bin" w
    for command in "${weights[@]}"; do
        refuses 1 "${command%% *}: w/ones.bin: $(theirs)" as_victim $command
    done
    rm -r w
    as_victim mkdir w
    as_victim cp "$VICTIM_DIR/ones.bin" w
    ok as_victim umm-predict --columns=1,2,3 m.onnx "$OLD"
    ok umm-predict --columns=1,2,3 m.onnx "$OLD"
    # In a directory of the attacker's: all is his, except what it leads to.
    strace -o /dev/null true 2>/dev/null || skip 'strace cannot trace here'
    [[ -z ${UMM_EMULATED-} ]] || skip "system calls are the emulator's"
    install -d -m 700 secret
    cp "$VICTIM_DIR/ones.bin" secret
    as_attacker cp -r m.onnx w "$ATTACKER_DIR"
    stop_at newfstatat 1 -P w umm-predict --describe "$ATTACKER_DIR/m.onnx" >out 2>err
    as_attacker mv "$ATTACKER_DIR/w" "$ATTACKER_DIR/aside"
    as_attacker ln -s "$PWD/secret" "$ATTACKER_DIR/w"
    kill -CONT "$stopped"
    if wait "$tracer"; then fail "it read the secret: $(<out)"; fi
    [[ $(tail -n 1 err) == "umm-predict: $ATTACKER_DIR/w: cannot open the directory: Not a directory" ]] || fail "$(<err)"
}

@test "a file with the same bytes does not stay for ours with --if-changed" {
    prepare 777
    as_victim umm-convert -o "$VICTIM_DIR/x.npy" "$OLD"
    as_attacker cp "$VICTIM_DIR/x.npy" .
    ok as_victim umm-convert --if-changed -o x.npy "$OLD"
    [[ $(stat -c %u x.npy) -eq $VICTIM_UID ]]
    local inode
    inode=$(stat -c %i x.npy)
    ok as_victim umm-convert --if-changed -o x.npy "$OLD"
    [[ $(stat -c %i x.npy) -eq $inode ]]
}

@test "an archive's reader waits neither for a lease on the journal nor for a FIFO in its place" {
    prepare
    as_attacker umm-archive append a.npy.zst "$OLD"
    as_attacker umm-archive append --keep-journal a.npy.zst "$NEW"
    hold_lease a.npy.zst.journal
    local command
    for command in stat verify extract; do
        refuses 1 'umm-archive: a.npy.zst.journal: cannot open: another process holds a lease on it' \
            timeout -s KILL 30 umm-archive $command a.npy.zst
    done
    kill "$leaser"
    wait "$leaser" || true
    ok umm-archive stat a.npy.zst
    [[ $output == *'10 rows in the journal'* ]]
    strace -o /dev/null true 2>/dev/null || skip 'strace cannot trace here'
    as_attacker mkfifo fifo
    hold_lease a.npy.zst.journal
    stop_at openat 1 -P a.npy.zst.journal umm-archive stat a.npy.zst 2>err
    as_attacker mv fifo a.npy.zst.journal
    kill -CONT "$stopped"
    if wait "$tracer"; then fail "it succeeded"; fi
    [[ $(tail -n 1 err) == 'umm-archive: a.npy.zst.journal: is not a regular file' ]]
}

@test "a lock file whose owner may remove it at any time locks nothing" {
    prepare
    as_attacker touch .x.npy.lock
    local user
    for user in env as_victim; do
        refuses 1 "umm-convert: x.npy: its lock file $(theirs)" $user umm-convert --lock -o x.npy "$NEW"
    done
    rm .x.npy.lock
    ok umm-convert --lock -o x.npy "$NEW"
    no_leftovers
    # What cannot be opened, or locked, is named as his.
    local plant
    for plant in 'mkdir $0' 'mkfifo $0' 'ln -s nothing $0' ': >$0; chmod 0 $0'; do
        as_attacker sh -c "$plant" .x.npy.lock
        for user in env as_victim; do
            [[ $user != env || $plant != *chmod* ]] || continue
            refuses 1 "umm-convert: x.npy: its lock file $(theirs)" $user timeout -s KILL 60 umm-convert --lock -o x.npy "$NEW"
        done
        rm -rf .x.npy.lock
    done
    as_attacker touch .x.npy.lock
    hold_lease .x.npy.lock
    for user in env as_victim; do
        refuses 1 "umm-convert: x.npy: its lock file $(theirs)" $user timeout -s KILL 60 umm-convert --lock -o x.npy "$NEW"
    done
    # So is an array that is to grow.
    as_attacker umm-convert -o y.npy "$VICTIM_DIR/old.csv"
    kill "$leaser"
    hold_lease y.npy
    refuses 1 "umm-convert: y.npy: $(theirs)" timeout -s KILL 60 umm-convert --append -o y.npy "$NEW"
}

@test "the lock file that another run has made in the place of a foreign one stays its own" {
    prepare
    strace -o /dev/null true 2>/dev/null || skip 'strace cannot trace here'
    mkfifo "$VICTIM_DIR/rows"
    local holder made
    as_attacker touch .x.npy.lock
    # It is locked, and was looked at under its name.
    stop_at newfstatat,?fstat 2 -P .x.npy.lock umm-convert --lock=fail -o x.npy "$NEW" 2>err
    as_attacker rm .x.npy.lock
    umm-convert --lock=fail -o x.npy "$VICTIM_DIR/rows" 3>&- &
    holder=$!
    wait_until $holder 'the new lock file' test -e .x.npy.lock
    exec 9>"$VICTIM_DIR/rows"
    made=$(stat -c %i .x.npy.lock)
    kill -CONT "$stopped"
    if wait "$tracer"; then fail "it succeeded"; fi
    [[ $(stat -c %i .x.npy.lock) -eq $made && ! -e x.npy ]]
    grep -qxF "umm-convert: x.npy: its lock file $(theirs)" err
    cat "$OLD" >&9
    exec 9>&-
    wait $holder
    [[ -s x.npy ]]
    no_leftovers
}

# ---- what goes on as before ---------------------------------------------------------------

# In the attacker's group both users are a team.
team() {
    prepare "$1"
    chgrp "$ATTACKER_UID" "$SHARED"
    chmod "$1" "$SHARED"
    ONE=(setpriv "--reuid=$ATTACKER_UID" "--regid=$ATTACKER_UID" --clear-groups --inh-caps=-all)
    TWO=(setpriv "--reuid=$VICTIM_UID" "--regid=$VICTIM_UID" "--groups=$ATTACKER_UID" --inh-caps=-all)
    umask 002
}

@test "a team shares a directory by its group: arrays, archives, journals, states, stores" {
    team 2775
    ok "${ONE[@]}" umm-convert -o x.npy "$OLD"
    ok "${TWO[@]}" umm-convert --append -o x.npy "$NEW"
    ok "${ONE[@]}" umm-archive append --keep-journal a.npy.zst "$OLD"
    ok "${TWO[@]}" umm-archive append --keep-journal a.npy.zst "$NEW"
    ok "${ONE[@]}" umm-archive verify a.npy.zst
    ok "${ONE[@]}" umm-archive flush a.npy.zst
    ok umm-archive verify a.npy.zst
    ok "${ONE[@]}" umm-features -f ema:3 --append --state=s -o f.npy "$OLD"
    ok "${TWO[@]}" umm-features -f ema:3 --append --state=s -o f.npy "$NEW"
    ok "${ONE[@]}" umm-store create st --dim=2
    ok "${TWO[@]}" umm-store put st <<<'a,1,2'
    ok "${ONE[@]}" ln -s x.npy link.npy
    ok "${TWO[@]}" umm-convert -o link.npy "$NEW"
    ok "${ONE[@]}" touch .x.npy.lock
    ok "${TWO[@]}" umm-convert --append -o x.npy "$NEW"
    ok umm-convert --append -o x.npy "$NEW"
    [[ $(umm-mmap-slice x.npy --format=csv : -o - | wc -l) -eq 41 ]]
    no_leftovers
}

@test "in a world-writable directory its owner, and root, are trusted" {
    prepare
    chown "$ATTACKER_UID" "$SHARED"
    as_attacker umm-convert -o x.npy "$VICTIM_DIR/old.csv"
    as_attacker chmod 666 x.npy
    as_attacker touch .x.npy.lock
    as_attacker ln -s x.npy z.npy
    ok as_victim umm-convert --append -o z.npy "$NEW"
    umm-convert -o r.npy "$OLD"
    chmod 666 r.npy
    ok as_victim umm-convert --append -o r.npy "$NEW"
}

# ---- locks that are held ------------------------------------------------------------------

# The attacker holds the lock of x.npy, a.npy.zst or the store, for as long as the test lasts.
hold() {
    "${ATTACKER[@]}" "$PY" -c 'import fcntl, sys, time
f = open(sys.argv[1], "w")
fcntl.flock(f, fcntl.LOCK_EX)
open(sys.argv[2], "w").close()
time.sleep(10000)' "$1" "$ATTACKER_DIR/held" 3>&- &
    holder=$!
    wait_until $holder 'the lock to be held' test -e "$ATTACKER_DIR/held"
    rm "$ATTACKER_DIR/held"
    WHO="another process: $(<"/proc/$holder/comm"), pid $holder, of another user (uid $ATTACKER_UID)"
    STILL="is still locked by another process after 50 ms${WHO#another process}"
}

@test "a lock that another user holds is waited for no longer than --lock-timeout, and the message says who" {
    prepare
    local user path
    hold .x.npy.lock
    for user in env as_victim; do
        refuses 1 "umm-convert: x.npy: is locked by $WHO" $user umm-convert --lock=fail -o x.npy "$NEW"
        refuses 1 "umm-convert: x.npy: $STILL" $user umm-convert --lock --lock-timeout=50ms -o x.npy "$NEW"
        refuses 1 "umm-convert: x.npy: $STILL" $user umm-convert --append --lock-timeout=50ms -o x.npy "$NEW"
    done
    [[ ! -e x.npy ]]
    # Without a limit the waiter gets it when the holder's run ends.
    umm-convert --lock --lock-timeout=none -o x.npy "$NEW" 3>&- &
    wait_until $! 'the lock to be waited for' waits_with $! .x.npy.lock
    # Its holder removes it, as all runs do.
    as_attacker rm .x.npy.lock
    kill "$holder"
    wait $!
    [[ -s x.npy ]]
}

@test "archives, features and stores wait no longer than --lock-timeout" {
    prepare
    umm-archive append a.npy.zst "$OLD"
    hold .a.npy.zst.lock
    local command input
    for command in append flush repair compact; do
        input=()
        [[ $command != append ]] || input=("$NEW")
        refuses 1 "umm-archive: a.npy.zst: $STILL" umm-archive $command --lock-timeout=50ms a.npy.zst "${input[@]}"
    done
    hold .s.lock
    refuses 1 "umm-features: s: $STILL" umm-features -f ema:3 --append --lock-timeout=50ms --state=s -o f.npy "$NEW"
    umm-store create st --dim=2
    chmod 1777 st
    hold st/.slots.npy.lock
    refuses 1 "umm-store: st/slots.npy: $STILL" umm-store put --lock-timeout=50ms st <<<'a,1,2'
    for command in umm-convert umm-features; do
        refuses 2 "$command: --lock-timeout takes a time such as 30s or 5m, or none, not \"5\"
Try '$command --help'." $command --lock-timeout=5 x.csv
    done
}
