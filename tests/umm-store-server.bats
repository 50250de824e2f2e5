#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# umm-store and a server in trouble: one error that says what is wrong, within the time that was
# given, and nothing lost. What is the same for all places is in umm-store-places.bats.

# Each test is a subshell.
# shellcheck disable=SC2030,SC2031

load helper
load store_place

setup_file() { start_redis; }
teardown_file() { stop_redis; }

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    [[ -n ${REDIS_DIR-} ]] || skip 'no Redis here: apt-get install redis-server libhiredis-dev'
    s="unix:$REDIS_DIR/redis.sock?prefix=$BATS_TEST_NUMBER"
    key="{$BATS_TEST_NUMBER}"
}

# ends_within MS CMD...: with exit code 1 and one line; the time is of the command alone.
ends_within() {
    local limit_ms=$1 begun=$EPOCHREALTIME
    shift
    capture "$@"
    local took_ms=$(((${EPOCHREALTIME/./} - ${begun/./}) / 1000))
    [[ $status -eq 1 && ${#stderr} -gt 20 && $stderr != *$'\n'* ]] || fail "$status: $stderr"
    ((took_ms < limit_ms)) || fail "took $took_ms ms: $stderr"
}

@test "where there is no server, that is an error that names the place" {
    refuses 1 "umm-store: unix:$PWD/none.sock: cannot connect: No such file or directory" \
        umm-store put --timeout=300ms "unix:$PWD/none.sock" <<<a,1
    local port
    port=$(free_port)
    refuses 1 "umm-store: redis://127.0.0.1:$port/3: cannot connect: Connection refused" \
        umm-store stat --timeout=300ms "redis://me@127.0.0.1:$port/3"
    # A directory may have such a name.
    ok umm-store create --dim=1 ./unix:x
    ok umm-store put ./unix:x <<<a,1
    [[ -e unix:x/slots.npy ]]
}

@test "TLS, clusters and passwords in a place are refused by name" {
    refuses 1 'umm-store: rediss://: connections with TLS are not supported' umm-store get rediss://h/1 a
    refuses 1 'umm-store: redis+: places of this kind are not supported: clusters, sentinels' \
        umm-store get redis+cluster://h a
    local place
    for place in redis://u:geheim@h redis://:geheim@h 'redis://h?password=geheim' 'unix:/x?password=geheim'; do
        for command in "get $place a" "put -v $place /dev/null" "stat $place" "copy $place $s" "copy $s $place"; do
            umm-store create "$s"
            # shellcheck disable=SC2086 # words of a command
            capture umm-store $command
            [[ $status -eq 2 && $stderr == *'a password in a place is seen by others'*'use --password-file'* ]] || fail "$stderr"
            [[ $stderr$output != *geheim* ]] || fail "$command: $stderr"
        done
    done
}

@test "a password comes from a file, a pipe or the environment, and goes nowhere" {
    local far="redis://far@127.0.0.1:$REDIS_PORT?prefix=$BATS_TEST_NUMBER" said writer
    printf '%s\nmore\n' "$FAR_PASSWORD" >password
    chmod 600 password
    ok umm-store create --dim=1 --password-file=password "$far"
    REDISCLI_AUTH=$FAR_PASSWORD ok umm-store put "$far" <<<a,1
    ok umm-store get --password-file=<(cat password) "$far" a
    # The file comes before the environment.
    REDISCLI_AUTH=wrong ok umm-store get --password-file=password "$far" a
    ok umm-store create --dim=1 --password-file=password "$far"2
    # A pipe has it once, for both.
    ok umm-store copy --password-file=<(cat password) "$far" "$far"2
    ok umm-store stat --json --metrics=s.prom --password-file=password "$far"
    said=$output$(<s.prom)
    # While it is at work.
    mkfifo pipe
    umm-store put --password-file=password "$far" pipe 3>&- &
    writer=$!
    exec 9>pipe
    echo b,2 >&9
    wait_until "$writer" 'b in the store' umm-store get --password-file=password "$far" b
    said+=$(tr '\0' '\n' <"/proc/$writer/cmdline")
    exec 9>&-
    wait "$writer"
    [[ $said == *umm_store_entries* && $said != *"$FAR_PASSWORD"* ]] || fail "$said"
    chmod 640 password
    refuses 1 'umm-store: password: has a password, but others may use it: chmod 600 keeps them out' \
        umm-store get --password-file=password "$far" a
    # A directory needs none.
    umm-store create --dim=1 d
    ok umm-store put --password-file=password d <<<a,1
}

@test "a password that is missing, wrong or not wanted is a usage error without it" {
    local far="redis://far@127.0.0.1:$REDIS_PORT?prefix=$BATS_TEST_NUMBER" place="redis://127.0.0.1:$REDIS_PORT/0?prefix=$BATS_TEST_NUMBER"
    local advice=$'; use --password-file, or the environment\'s REDISCLI_AUTH\nTry \'umm-store --help\'.'
    REDISCLI_AUTH=geheim refuses 2 "umm-store: $place: the server does not take this user and password$advice" umm-store stat "$far"
    REDISCLI_AUTH=geheim capture umm-store stat "$place"
    [[ $status -eq 2 && $stderr == *'wants no password'* && $stderr != *geheim* ]] || fail "$stderr"
    start_redis locked --requirepass sesame
    refuses 2 "umm-store: unix:$REDIS_DIR/locked.sock: the server wants a password$advice" umm-store create "unix:$REDIS_DIR/locked.sock"
    REDISCLI_AUTH=sesame ok umm-store create "unix:$REDIS_DIR/locked.sock"
    # A user without the rights for it.
    redis ACL SETUSER poor on '>p' '~*' +@read +@connection +info >/dev/null
    REDISCLI_AUTH=p capture umm-store create "redis://poor@127.0.0.1:$REDIS_PORT/0?prefix=$BATS_TEST_NUMBER"
    [[ $status -eq 2 && $stderr == "umm-store: $place: "* ]] || fail "$stderr"
    # A user of the place is never another one.
    refuses 2 "umm-store: $place: the server does not take this user and password$advice" umm-store stat "$far"
}

@test "a server that stops answering is waited for as long as was said" {
    umm-store create --dim=1 "$s"
    mkfifo pipe
    umm-store put --timeout=300ms "$s" pipe 2>said 3>&- &
    local writer=$! code=0
    exec 9>pipe
    echo a,1 >&9
    wait_until "$writer" 'a in the store' umm-store get "$s" a
    builtin kill -STOP "$(redis_pid)"
    echo b,2 >&9
    wait_until - 'the writer to end' is_gone "$writer"
    exec 9>&-
    wait "$writer" || code=$?
    ((code == 1))
    [[ $(<said) == "umm-store: $s: does not answer within 0.3 s" ]] || fail "$(<said)"
    local command
    for command in "get $s a" "list $s" "verify $s" "stat $s" "evict $s" "mark-inactive $s a" "create --dim=1 $s" "resize $s 9999" "export $s x.csv"; do
        # shellcheck disable=SC2086 # words of a command
        ends_within 10000 umm-store $command --timeout=100ms
        [[ $stderr == "umm-store: $s: does not answer within 0.1 s" ]] || fail "$command: $stderr"
    done
    # The place says so as well, and a signal ends the wait at once.
    ends_within 10000 umm-store get "$s&timeout=100ms" a
    umm-store get --timeout=1h "$s" a 3>&- &
    local reader=$!
    wait_until "$reader" 'the answer to be waited for' is_asleep "$reader"
    builtin kill -TERM "$reader"
    code=0
    wait "$reader" || code=$?
    builtin kill -CONT "$(redis_pid)"
    ((code == 143)) || fail "$code"
    ok umm-store get "$s" a
    [[ ! -e x.csv ]]
    no_leftovers
    ok umm-store verify "$s"
}

@test "a server that starts again is found again, and what was put is there" {
    local d=$REDIS_DIR/again writer pid
    start_redis again --appendonly yes --appendfsync always
    s="unix:$d.sock"
    umm-store create --dim=1 "$s"
    mkfifo pipe
    umm-store put --timeout=100s "$s" pipe 2>said 3>&- &
    writer=$!
    exec 9>pipe
    echo a,1 >&9
    wait_until "$writer" 'a in the store' umm-store get "$s" a
    pid=$(redis_pid again)
    builtin kill -KILL "$pid"
    wait_until - 'the server to end' is_gone "$pid"
    # It is asked for while there is none.
    echo b,2 >&9
    wait_until "$writer" 'b to be read' is_drained "$writer" pipe
    start_redis again --appendonly yes --appendfsync always
    wait_until "$writer" 'b in the store' umm-store get "$s" b
    exec 9>&-
    wait "$writer"
    [[ ! -s said ]] || fail "$(<said)"
    ok umm-store get "$s" a b
    ok umm-store verify "$s"
    ok umm-store stat --json "$s"
    [[ $output == *'"puts":2,'* ]] || fail "$output"
}

@test "a server that is loading is waited for, as long as was said" {
    start_redis loading --enable-debug-command yes --rdbcompression no
    s="unix:$REDIS_DIR/loading.sock"
    umm-store create --dim=1 "$s"
    umm-store put "$s" <<<a,1
    redis -n loading DEBUG POPULATE 2000 key 1000 >/dev/null
    redis -n loading SHUTDOWN SAVE 2>/dev/null || true
    # 10 ms a key, until it is told to hurry.
    start_redis loading --key-load-delay 10000 --loading-process-events-interval-bytes 1024
    ends_within 10000 umm-store get --timeout=300ms "$s" a
    [[ $stderr == "umm-store: $s: the server is loading its data" ]] || fail "$stderr"
    umm-store get --timeout=100s "$s" a >got 3>&- &
    local reader=$!
    wait_until "$reader" 'the server to be waited for' is_asleep "$reader"
    redis -n loading CONFIG SET key-load-delay 0 >/dev/null
    wait "$reader"
    [[ $(<got) == a,1 ]]
}

@test "a server without memory is an error, and all before it stays" {
    start_redis full --maxmemory 3mb
    s="unix:$REDIS_DIR/full.sock"
    ok umm-store create --dim=1000 --max-positions=10000 "$s"
    seq 2000 | awk '{ printf "x%d", $1; for (i = 0; i < 1000; i++) printf ",1"; print "" }' >big.csv
    capture umm-store put -v "$s" big.csv
    [[ $status -eq 1 && ${stderr##*$'\n'} == "umm-store: $s: the server's memory is full (maxmemory)" ]] || fail "$stderr"
    local n=${stderr%% put*}
    n=${n##* }
    ((n > 100 && n < 2000))
    ok umm-store verify "$s"
    [[ $output == *" $n sound entries"* ]] || fail "$output"
    # To read, and to make room, it has memory enough.
    ok umm-store get "$s" x1
    ok umm-store mark-inactive "$s" x1 x2
}

@test "a server that drops keys by itself is warned of once" {
    start_redis drops --maxmemory 100mb --maxmemory-policy allkeys-lru
    s="unix:$REDIS_DIR/drops.sock"
    umm-store create --dim=1 "$s" 2>/dev/null
    local warning="umm-store: $s: the server drops keys when its memory is full (maxmemory-policy allkeys-lru): entries may vanish before their time"
    seq 1000 | sed 's/.*/x&,1/' >in.csv
    refuses 0 "$warning" umm-store put "$s" in.csv
    refuses 0 "$warning" umm-store get "$s" x1
    # What it has dropped is absent until it is put again.
    redis -n drops DEL '{umm}:v:x7' >/dev/null
    refuses 1 "$warning"$'\numm-store: no such id: "x7"' umm-store get "$s" x7
    capture umm-store list "$s"
    [[ $status -eq 0 && ${#lines[@]} -eq 1000 ]]
    capture umm-store verify "$s"
    [[ $status -eq 1 && $output == 'FAIL: "x7" is listed, and has no value'*FAIL ]] || fail "$output"
    refuses 0 "$warning" umm-store put "$s" <<<x7,2
    refuses 0 "$warning" umm-store verify "$s"
    capture umm-store get "$s" x7
    [[ $output == x7,2 ]]
}

@test "a replica is read and not written, and replicas are waited for" {
    umm-store create --dim=1 "$s"
    start_redis replica --replicaof 127.0.0.1 "$REDIS_PORT" --masteruser far --masterauth "$FAR_PASSWORD"
    local copy="unix:$REDIS_DIR/replica.sock?prefix=$BATS_TEST_NUMBER"
    wait_until - 'the replica to have it' umm-store stat "$copy"
    ok umm-store put --wait-replicas=1 "$s" <<<a,1
    ok umm-store get "$copy" a
    capture umm-store put "$copy" <<<b,1
    [[ $status -eq 1 && $stderr == "umm-store: $copy: "*replica* && $stderr != *$'\n'* ]] || fail "$stderr"
    ends_within 10000 umm-store put --wait-replicas=2 --timeout=500ms "$s" - <<<c,1
    [[ $stderr == "umm-store: $s: 1 replicas have what was put, and not 2" ]] || fail "$stderr"
    # It was put all the same.
    ok umm-store get "$s" c
    builtin kill -KILL "$(redis_pid replica)"
    ends_within 10000 umm-store put --wait-replicas=1 --timeout=500ms "$s" - <<<d,1
}

@test "keys of others, and values of other versions, are neither read nor written" {
    umm-store create --dim=2 "$s"
    umm-store put "$s" <<<$'a,1,2\nb,3,4'
    # A key of a value has something else.
    redis SADD "$key:v:k" x >/dev/null
    capture umm-store get "$s" k
    [[ $status -eq 1 && $stderr == "umm-store: $s: "*'something else'* ]] || fail "$stderr"
    refuses 1 'umm-store: standard input:1:1: the key of "k" holds something else, or another version' umm-store put "$s" - <<<k,1,2
    [[ $(redis TYPE "$key:v:k") == set ]]
    # A value of version 2.
    redis SETRANGE "$key:v:b" 6 $'\2' >/dev/null
    capture umm-store get "$s" b
    [[ $status -eq 1 && $stderr == "umm-store: $s: "*'"b"'* && -z $output ]] || fail "$stderr"
    capture umm-store list "$s"
    [[ $status -eq 1 && $stderr == "umm-store: $s: "*'"b"'* ]] || fail "$stderr"
    refuses 1 'umm-store: standard input:1:1: the key of "b" holds something else, or another version' umm-store put "$s" - <<<b,1,2
    refuses 1 "umm-store: $s: the key of \"b\" holds something else, or another version" umm-store mark-inactive "$s" b
    capture umm-store verify "$s"
    [[ $status -eq 1 && $output == *'FAIL: '*'"b"'*FAIL && $output != *index.umm* ]] || fail "$output"
    # Damaged: another bit of the vector.
    redis SETRANGE "$key:v:b" 6 $'\1' >/dev/null
    ok umm-store get "$s" b
    redis SETRANGE "$key:v:b" 48 x >/dev/null
    capture umm-store get "$s" b
    [[ $status -eq 1 && $stderr == "umm-store: $s: "*'"b" is damaged: its check differs' ]] || fail "$stderr"
    # A list that would have a put remove what never expires, and counts that are none.
    ok umm-store put "$s" <<<a,1,2
    redis ZADD "$key:expiry" -5 a >/dev/null
    capture umm-store verify "$s"
    [[ $status -eq 1 && $output == *'"a" is listed to expire at another time'* ]] || fail "$output"
    redis HSET "$key:meta" puts x >/dev/null
    refuses 1 "umm-store: $s: what the key $key:meta says is damaged" umm-store stat "$s"
    # A store of another format, and what is no store.
    redis HSET "$key:meta" format 2 >/dev/null
    local command
    for command in "get $s a" "list $s" "verify $s" "put $s /dev/null" "create --dim=2 $s"; do
        # shellcheck disable=SC2086 # words of a command
        capture umm-store $command
        [[ $status -eq 1 && $stderr == *'the store has the format "2", and "1" is known' ]] || fail "$command: $stderr"
    done
    redis SET "{other}:meta" x >/dev/null
    refuses 1 "umm-store: unix:$REDIS_DIR/redis.sock?prefix=other: a key holds something else" \
        umm-store create "unix:$REDIS_DIR/redis.sock?prefix=other"
    [[ $(redis GET '{other}:meta') == x ]]
    refuses 1 "umm-store: unix:$REDIS_DIR/redis.sock?prefix=none: there is no feature store with the prefix \"none\"" \
        umm-store get "unix:$REDIS_DIR/redis.sock?prefix=none" a
    [[ $(redis EXISTS '{none}:meta') == 0 ]]
}

@test "the oldest is found behind any number that the server dropped" {
    umm-store create --dim=1 --max-positions=1200 "$s"
    { echo id,active,timestamp,v0 && seq -f 'x%04.0f,0,2020-01-01T00:00:00Z,1' 1101; } >in.csv
    ok umm-store import "$s" in.csv
    seq -f "$key:v:x%04.0f" 1100 | xargs redis-cli -s "$REDIS_DIR/redis.sock" DEL >/dev/null
    ok umm-store evict "$s"
    [[ $output == x1101,* ]] || fail "$output"
}

@test "a million lines are not a million round trips" {
    umm-store create --dim=1 --max-positions=3000 "$s"
    seq 3000 | sed 's/.*/x&,&/' >in.csv
    redis CONFIG RESETSTAT >/dev/null
    ok umm-store put "$s" in.csv
    local calls
    # 3000 rows of 11 bytes and less, in reads of 64 KiB and batches of 256.
    calls=$(redis INFO commandstats | sed -n 's/^cmdstat_evalsha:calls=\([0-9]*\).*/\1/p')
    ((calls >= 12 && calls < 20)) || fail "$calls calls of the script"
}

@test "Python reads a value with NumPy and redis-cli alone" {
    umm-store create --dim=3 "$s"
    umm-store put "$s" <<<a,1,2.5,-3e-40
    redis --raw GET "$key:v:a" | head -c -1 >value
    ok "$PY" -c "
import numpy as np, time
kind = np.dtype([('magic', 'S6'), ('version', '<u2'), ('dim', '<u4'), ('check', '<u4'), ('timestamp', '<M8[ns]'),
                 ('expires', '<M8[ns]'), ('generation', '<u8'), ('position', '<u8'), ('vector', '<f4', 3)])
assert kind.itemsize == 60
value = np.fromfile('value', kind)[0]
assert value['magic'] == b'UMMVEC' and value['version'] == 1 and value['dim'] == 3 and np.isnat(value['expires'])
assert abs(value['timestamp'].astype('i8') / 1e9 - time.time()) < 600
assert (value['vector'] == np.array([1, 2.5, -3e-40], '<f4')).all()"
}

@test "of eight writers nothing that was reported is lost, when they and the server are killed" {
    mkdir "$REDIS_DIR/kills"
    ok timeout "$WAIT_SECONDS" "$PY" "$TOP/tests/store_kills.py" "$REDIS_DIR/kills" 10 50 4 2
    [[ $output == '4000 puts by 8 writers in '*'2 times the server killed; nothing lost' ]]
}

@test "NumPy reads a value that redis-cli fetched, as umm-formats(5) has it" {
    ok umm-store create --dim=3 "$s"
    ok umm-store put "$s" <<<'AAPL,1.5,nan,-3'
    redis --raw GET "$key:v:AAPL" >value.bin
    sed -n '/^head = numpy/,/^\.Ed/{/^\.Ed/!p}' "$BATS_TEST_DIRNAME/../man/umm-formats.5" >read.py
    [[ $(wc -l <read.py) -ge 8 ]]
    run -0 "$PY" -c 'import numpy
exec(open("read.py").read())
print(entry["inactive"], entry["position"], entry["expires"], vector)'
    [[ $output == 'False 0 NaT [ 1.5  nan -3. ]' ]] || fail "$output"
}

@test "two that evict at once print all that goes" {
    local s="unix:$REDIS_DIR/redis.sock?prefix=$BATS_TEST_NUMBER" i
    ok umm-store create --dim=1 --max-positions=600 "$s"
    for ((i = 0; i < 600; i++)); do echo "id$i,$i"; done | umm-store put "$s"
    umm-store list "$s" | sed 1d | cut -d, -f1 | sort >all
    xargs umm-store mark-inactive "$s" <all
    umm-store evict "$s" 300 >one 2>err &
    ok umm-store evict "$s" 300
    wait $!
    [[ ! -s err ]]
    printf '%s\n' "$output" >two
    umm-store list "$s" | sed 1d | cut -d, -f1 | sort >left
    cut -d, -f1 one two | sort -u >printed
    diff <(sort printed left | uniq) all
    [[ -z $(comm -12 printed left) ]]
}
