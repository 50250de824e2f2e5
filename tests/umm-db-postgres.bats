#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# umm-db with PostgreSQL: a server of the test's own, with a password for one user and none for
# the others. What a table has, psql says.

load helper
load db

# The directory is one that the user postgres can enter, as bats' own is not.
setup_file() {
    local bin
    bin=$(printf '%s\n' /usr/lib/postgresql/*/bin/initdb | tail -n 1)
    bin=${bin%/initdb}
    export PG_BIN=$bin
    [[ -x $PG_BIN/initdb ]] && command -v psql >/dev/null || return 0
    PG_DIR=$(mktemp -d /tmp/umm-db.XXXXXX)
    PG_PORT=$("$PY" -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])')
    export PG_DIR PG_PORT PLACE="postgresql://postgres@/postgres?host=$PG_DIR&port=$PG_PORT"
    chmod 0711 "$PG_DIR"
    ((EUID)) || chown postgres "$PG_DIR"
    as_postgres "$PG_BIN/initdb" -D "$PG_DIR/data" -A trust -U postgres -E UTF8 --no-sync >/dev/null
    printf '%s\n' 'local all secret scram-sha-256' 'host all secret 127.0.0.1/32 scram-sha-256' \
        'local all all trust' 'host all all 127.0.0.1/32 trust' >"$PG_DIR/hba"
    as_postgres cp "$PG_DIR/hba" "$PG_DIR/data/pg_hba.conf"
    start_server
    psql -qX "$PLACE" -c "CREATE ROLE secret LOGIN PASSWORD 'p@ss/Word?7'" -c 'CREATE ROLE poor LOGIN'
}

teardown_file() {
    [[ -n ${PG_DIR-} ]] || return 0
    stop_server
    rm -rf "$PG_DIR"
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    [[ -n ${PG_DIR-} ]] || skip 'no PostgreSQL here: apt-get install postgresql'
}

as_postgres() {
    if ((EUID)); then
        "$@"
    else
        (cd / && setpriv --reuid=postgres --regid=postgres --init-groups -- "$@")
    fi
}

start_server() {
    as_postgres "$PG_BIN/pg_ctl" -D "$PG_DIR/data" -l "$PG_DIR/data/log" -w \
        -o "-k $PG_DIR -p $PG_PORT -c listen_addresses=127.0.0.1 -c fsync=off" start >/dev/null 3>&-
}

stop_server() {
    as_postgres "$PG_BIN/pg_ctl" -D "$PG_DIR/data" -m immediate -w stop >/dev/null
}

# sql COMMAND...: as the server's owner.
sql() {
    psql -qXAt -v ON_ERROR_STOP=1 "$PLACE" -c "$@"
}

# hold TABLE: lock it, in a session of its own that lets go by "let_go". run_in SQL: another lock.
hold() {
    run_in "LOCK TABLE $1"
}

run_in() {
    rm -f session held
    mkfifo session
    psql -qX "$PLACE" <session >/dev/null 2>&1 3>&- &
    holder=$!
    exec 9>session
    printf '%s\n' "BEGIN; $1;" '\! touch held' >&9
    wait_until $holder 'the lock' test -e held
}

let_go() {
    exec 9>&-
    wait "$holder" || true
}

is_waited_for() {
    [[ $(sql 'SELECT count(*) FROM pg_locks WHERE NOT granted') == 1 ]]
}

@test "the same bits come back, of random bars of six and twelve columns" {
    py "
g = np.random.default_rng(7)
a = g.integers(0, 2**64, (3000, 6), dtype='u8').view('f8')
a[:, 0] = 1577836800000 + 1000 * np.arange(3000)
a[:8, 1] = [0.0, -0.0, np.inf, -np.inf, np.nan, 5e-324, -5e-324, 1.7976931348623157e308]
np.save('six.npy', a)
types = [('timestamp', '<M8[us]'), ('open', '<f8'), ('high', '<f4'), ('low', '<f8'), ('close', '<f8'),
         ('volume', '<f8'), ('end', '<M8[ms]'), ('quote', '<f8'), ('trades', '<i8'), ('a', '<i4'),
         ('ok', '?'), ('b', '<i2')]
narrow = g.integers(0, 2**32, 3000, dtype='u4').view('f4')
narrow[np.isnan(narrow)] = np.nan
r = np.zeros(3000, types)
for name, kind in types:
    r[name] = (a[:, 1] if kind == '<f8' else narrow if kind == '<f4' else
               np.arange(3000) % 3 == 0 if kind == '?' else
               1577836800000001 + 7 * np.arange(3000) if kind == '<M8[us]' else
               -7 * np.arange(3000) if kind == '<M8[ms]' else
               g.integers(np.iinfo(kind).min, np.iinfo(kind).max, 3000, endpoint=True))
np.save('twelve.npy', r)"
    for name in six twelve; do
        ok umm-db push "$PLACE" $name $name.npy
        ok umm-db pull -o back.npy "$PLACE" $name
        cmp $name.npy back.npy
        ok umm-db verify "$PLACE" $name $name.npy
        [[ $output == *": $name: PASS: 3000 rows the same" ]]
    done
    # A table that was made has its key, also one of several inputs.
    cp six.npy first.npy
    py "
a = np.load('six.npy')
a[:, 0] += 1e8
np.save('second.npy', a)"
    ok umm-db push --symbol=A --timeframe=1m "$PLACE" twice first.npy second.npy
    [[ $(sql "SELECT string_agg(pg_get_constraintdef(oid), ' ' ORDER BY conrelid::regclass::text) FROM pg_constraint WHERE contype = 'p' AND conrelid IN ('six'::regclass, 'twice'::regclass)") == \
        'PRIMARY KEY ("timestamp") PRIMARY KEY (symbol, timeframe, "timestamp")' ]]
    [[ $(sql 'SELECT count(*) FROM twice') == 6000 ]]
    # As other programs see them.
    [[ $(TZ=Asia/Tokyo sql "SELECT count(*), min(timestamp AT TIME ZONE 'UTC') FROM six") == '3000|2020-01-01 00:00:00' ]]
    [[ $(sql "SELECT string_agg(encode(float8send(open), 'hex'), ' ' ORDER BY timestamp) FROM (SELECT * FROM six ORDER BY timestamp LIMIT 4) s") == \
        '0000000000000000 8000000000000000 7ff0000000000000 fff0000000000000' ]]
    [[ $(sql "SELECT string_agg(format_type(atttypid, atttypmod), ',' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'twelve'::regclass AND attnum > 0") == \
        'timestamp with time zone,double precision,real,double precision,double precision,double precision,timestamp with time zone,double precision,bigint,integer,boolean,smallint' ]]
}

@test "only newer rows are sent, others are compared, refused, kept or replaced" {
    bars 3000
    ok umm-db push "$PLACE" newer bars.npy
    ok umm-db push --json "$PLACE" newer bars.npy
    [[ $output == *'"rows_written": 0'* && $output == *'"rows_same": 1000'* && $output == *'"kind": "postgresql"'* ]]
    bars 3500
    ok umm-db push --json "$PLACE" newer bars.npy
    [[ $output == *'"rows_written": 500'* && $output == *'"rows_same": 1000'* ]]
    ok umm-db verify "$PLACE" newer bars.npy
    py "
a = np.load('bars.npy')
a[3490, 4] += 1
np.save('new.npy', np.vstack([np.delete(a, 3480, 0), a[-1:] + [60000, 0, 0, 0, 0, 0]]))"
    sql 'DELETE FROM newer WHERE timestamp = (SELECT timestamp FROM newer ORDER BY timestamp OFFSET 3495 LIMIT 1)'
    refuses 1 'umm-db: new.npy: row 3489: the row of 2020-01-03T10:10:00Z differs from that of the table in close; see --on-revision' \
        umm-db push "$PLACE" newer new.npy
    [[ $(sql 'SELECT count(*) FROM newer') == 3499 ]]
    ok umm-db push --on-revision=keep --json "$PLACE" newer new.npy
    [[ $output == *'"rows_revised": 2'* && $output == *'"rows_written": 1'* ]]
    ok umm-db push --on-revision=replace --json "$PLACE" newer new.npy
    [[ $output == *'"rows_revised": 2'* && $output == *'"rows_written": 0'* ]]
    capture umm-db verify "$PLACE" newer new.npy
    [[ $status == 1 && $output == *': FAIL: 3500 rows the same, 0 differ, 0 missing, 1 extra; first: 2020-01-03T10:00:00Z is extra' ]] || fail "$output"
    # And an array grows by what is newer.
    ok umm-db pull --to 2020-01-02 -o copy.npy "$PLACE" newer
    ok umm-db pull --append --json -o copy.npy "$PLACE" newer
    [[ $output == *'"rows_written": 2061'* && $output == *'"rows_same": 1000'* ]] || fail "$output"
    ok umm-db verify "$PLACE" newer copy.npy
    ok umm-db pull --from 2020-01-01T00:14:00.0000005 --to 2020-01-01T00:17 -o part.npy "$PLACE" newer
    py "assert (np.load('part.npy') == np.load('bars.npy')[15:17]).all()"
}

@test "times and values that do not fit are refused" {
    py "
r = np.zeros(3, [('t', '<M8[ns]'), ('x', '<f8')])
r['t'] = 1577836800000000000 + np.arange(3) * 1500
r['x'] = [1, -0.0, np.nan]
np.save('ns.npy', r)
r['t'] = np.arange(3) * 1000
np.save('us.npy', r)
f = np.zeros(1, [('t', '<M8[s]'), ('x', '<f8')])
f['t'] = 2**60
np.save('far.npy', f)"
    refuses 1 'umm-db: ns.npy: row 1, column t: 2020-01-01T00:00:00.000001500Z does not fit: times there count us; --time-as count makes a table that holds it' \
        umm-db push "$PLACE" nanos ns.npy
    [[ -z $(sql "SELECT to_regclass('nanos')") ]]
    ok umm-db push --time-as=count "$PLACE" nanos ns.npy
    ok umm-db pull -o back.npy "$PLACE" nanos
    cmp ns.npy back.npy
    [[ $(sql 'SELECT max(t) FROM nanos') == 1577836800000003000 ]]
    ok umm-db push "$PLACE" micros us.npy
    ok umm-db pull -o back.npy "$PLACE" micros
    cmp us.npy back.npy
    capture umm-db push "$PLACE" far far.npy
    [[ $status == 1 && ${#lines[@]} == 1 && $stderr == *'does not fit'* ]] || fail "$stderr"
    # Tables of others.
    sql 'CREATE TABLE seconds (t bigint PRIMARY KEY, x real, n numeric, d double precision)'
    refuses 1 "umm-db: ${PLACE/postgres@}: seconds: column t has whole numbers for times, and the table does not say what they count; see --time-unit" \
        umm-db push --columns=t,x=d "$PLACE" seconds us.npy
    refuses 1 'umm-db: ns.npy: row 1, column t: 2020-01-01T00:00:00.000001500Z does not fit: times there count us' \
        umm-db push --time-unit=us --columns=t,x=d "$PLACE" seconds ns.npy
    refuses 1 "umm-db: ${PLACE/postgres@}: seconds: column n is <f8 in the array and numeric in the table" \
        umm-db push --time-unit=us --columns=t,x=n "$PLACE" seconds us.npy
    ok umm-db push --time-unit=us --columns=t,x=d "$PLACE" seconds us.npy
    ok umm-db pull --time-unit=us --columns=t,x=d -o back.npy "$PLACE" seconds
    py "
a, b = np.load('us.npy'), np.load('back.npy')
assert (a['t'] == b['t']).all() and np.signbit(b['x'][1]) and np.isnan(b['x'][2])"
    # NULL is NaN for numbers alone; infinity is no time.
    sql 'CREATE TABLE holes (t timestamptz PRIMARY KEY, x double precision, n integer)'
    sql "INSERT INTO holes VALUES ('2020-01-01Z', NULL, NULL)"
    ok umm-db pull --columns=t,x -o back.npy "$PLACE" holes
    py "assert np.isnan(np.load('back.npy')['x']).all()"
    refuses 1 "umm-db: ${PLACE/postgres@}: column n has NULL, which is no whole number" umm-db pull -o back.npy "$PLACE" holes
    sql "INSERT INTO holes VALUES ('infinity', 1, 1)"
    refuses 1 "umm-db: ${PLACE/postgres@}: column t has infinity, which is no time" umm-db pull --columns=t,x -o back.npy "$PLACE" holes
    # A column is compared with what the array has of it.
    refuses 1 "umm-db: ${PLACE/postgres@}: holes: the array has nothing for the table's column n; see --columns" umm-db push "$PLACE" holes us.npy
}

@test "names are names, whatever they are" {
    bars 10
    ok umm-db push "$PLACE" bars bars.npy
    sql 'CREATE SCHEMA market'
    ok umm-db push "$PLACE" market.bars bars.npy
    [[ $(sql 'SELECT count(*) FROM market.bars') == 10 ]]
    py "
r = np.zeros(3, [('timestamp', '<M8[ms]'), ('x\"); DROP TABLE bars; --', '<f8')])
r['timestamp'] = np.arange(3) + 1577836800000
np.save('odd.npy', r)"
    # shellcheck disable=SC2016 # a name that looks like a parameter
    for name in 'x"; DROP TABLE bars; --' "it's" '$1' ''\''); DELETE FROM bars; --' 'back\slash' 'Größe'; do
        ok umm-db push "$PLACE" "$name" odd.npy
        ok umm-db push --symbol "$name" --timeframe 1m "$PLACE" "many $name" odd.npy
        ok umm-db pull --symbol "$name" --timeframe 1m -o back.npy "$PLACE" "many $name"
        cmp odd.npy back.npy
        ok umm-db verify "$PLACE" "$name" odd.npy
    done
    ok umm-db verify "$PLACE" bars bars.npy
    # PostgreSQL would cut a name, and mean another table.
    refuses 2 "umm-db: ${PLACE/postgres@}: a table's name has 1 to 63 bytes
Try 'umm-db --help'." umm-db push "$PLACE" "$(printf 'x%.0s' {1..64})" bars.npy
    capture umm-db push --symbol $'\xff' --timeframe 1m "$PLACE" utf bars.npy
    [[ $status == 1 && $stderr == *'invalid byte sequence for encoding'* && $stderr != *$'\xff'* ]] || fail "$stderr"
}

@test "eight series at once, twice" {
    local i pids
    for i in 1 2; do
        bars $((1000 * i))
        pids=()
        for symbol in A B C D E F G H; do
            umm-db push --symbol=$symbol --timeframe=1m "$PLACE" many bars.npy &
            pids+=($!)
        done
        for pid in "${pids[@]}"; do
            wait "$pid" || fail 'a push failed'
        done
    done
    # And of one series.
    pids=()
    bars 2500
    for i in 1 2 3 4 5 6 7 8; do
        umm-db push --symbol=A --timeframe=1m "$PLACE" many bars.npy &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do
        wait "$pid" || fail 'a push failed'
    done
    ok umm-db stat "$PLACE" many
    ((${#lines[@]} == 8))
    [[ ${lines[0]} == 'A 1m: 2500 rows, '* && ${lines[7]} == 'H 1m: 2000 rows, 2020-01-01T00:00:00Z to 2020-01-02T09:19:00Z' ]]
    # The lock is that of one series.
    run_in "SELECT pg_advisory_lock(hashtextextended(concat_ws(chr(1), 'umm-db', 'many'::regclass::oid::text, 'A', '1m'), 0))"
    refuses 1 "umm-db: ${PLACE/postgres@}: another process has it locked" umm-db push --lock=fail --symbol=A --timeframe=1m "$PLACE" many bars.npy
    ok umm-db push --lock=fail --symbol=B --timeframe=1m "$PLACE" many bars.npy
    let_go
}

@test "killed at any moment, a table has its old rows or the new ones" {
    bars 2000
    export TABLE=killed
    ok umm-db push "$PLACE" killed bars.npy
    bars 4000
    kills 100 "
old, new = 2000, 4000
session = subprocess.Popen(['psql', '-qXAt', os.environ['PLACE']], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
def before():
    pass
def after():
    # The server's process may still be at work: what it has locked is waited for.
    session.stdin.write('BEGIN; LOCK TABLE killed; SELECT count(*) FROM killed; DELETE FROM killed WHERE '
                        \"timestamp >= '2020-01-01Z'::timestamptz + interval '2000 minutes'; COMMIT;\\n\")
    session.stdin.flush()
    return int(session.stdout.readline())"
    ok umm-db verify "$PLACE" killed bars.npy
    [[ $output == *'PASS: 4000 '* ]]
}

@test "a password is in no message, no report and no list of processes" {
    bars 10
    local uri="postgresql://secret:p%40ss%2FWord%3F7@127.0.0.1:$PG_PORT/postgres"
    sql 'CREATE TABLE held (timestamp timestamptz PRIMARY KEY, open float8, high float8, low float8, close float8, volume float8)' \
        -c 'GRANT ALL ON held TO secret'
    ok umm-db push --json --metrics=a.prom "$uri" held bars.npy
    [[ $output == *"\"place\": \"postgresql://127.0.0.1:$PG_PORT/postgres\""* ]] || fail "$output"
    ! grep -qi 'word' a.prom <<<"$output" || fail 'the password is told'
    [[ ${output,,} != *word* ]]
    # While it waits for a lock.
    for place in "$uri" "host=127.0.0.1 port=$PG_PORT user=secret dbname=postgres password='p@ss/Word?7'"; do
        hold held
        umm-db push "$place" held bars.npy 2>err 3>&- 9>&- &
        local waiting=$!
        wait_until $waiting 'the push to wait' is_waited_for
        ! grep -qai 'ss%2F\|word.*7' "/proc/$waiting/cmdline" || fail 'the password is shown'
        grep -qai '\*\*\*' "/proc/$waiting/cmdline"
        kill -TERM $waiting
        ! wait $waiting || fail 'a push ended well'
        [[ ! -s err ]] || fail "$(<err)"
        let_go
    done
    # Wrong, or not written as a URI has it.
    local bad
    for bad in "${uri/Word/Wxrd}" "postgresql://secret:p@ss/Word?7@127.0.0.1:$PG_PORT/postgres" \
        "postgresql://secret:Pass/Word@127.0.0.1/postgres" "host=127.0.0.1 password='p@ss/Word?7" \
        "host=127.0.0.1 password=p@ss Word?7" "postgresql://127.0.0.1:$PG_PORT/postgres?user=secret&password=pWord"; do
        capture umm-db push "$bad" held bars.npy
        [[ $status != 0 && -n $stderr ]] || fail "$bad"
        ! grep -qi 'w[ox]rd\b.*7\|pword\|/word\|p@ss' <<<"$stderr" || fail "$stderr"
    done
}

@test "what goes wrong with a server is one clear error" {
    bars 10
    local shown=${PLACE/postgres@}
    capture umm-db push "postgresql://127.0.0.1:1/x" bars bars.npy
    [[ $status == 1 && $stderr == 'umm-db: postgresql://127.0.0.1:1/x: cannot connect: connection to server at "127.0.0.1", port 1 failed: Connection refused' ]] || fail "$stderr"
    capture umm-db pull "postgresql://postgres@127.0.0.1:$PG_PORT/none" bars
    [[ $status == 1 && $stderr == *': cannot connect: '*'FATAL:  database "none" does not exist' ]] || fail "$stderr"
    capture umm-db pull "postgresql://postgres@127.0.0.1:$PG_PORT/postgres?sslmode=require" bars
    [[ $status == 1 && $stderr == *'server does not support SSL, but SSL was required' ]] || fail "$stderr"
    refuses 1 "umm-db: $shown: nothing: there is no such table" umm-db pull "$PLACE" nothing
    capture umm-db push "${PLACE/postgres@/poor@}" poor bars.npy
    [[ $status == 1 && $stderr == *': cannot make the table: permission denied for schema public' ]] || fail "$stderr"
    ok umm-db push "$PLACE" shared bars.npy
    capture umm-db pull "${PLACE/postgres@/poor@}" shared
    [[ $status == 1 && $stderr == *': cannot read: permission denied for table shared' ]] || fail "$stderr"
    # A table that another has locked.
    hold shared
    refuses 1 "umm-db: $shown: another process has it locked" umm-db push --lock=fail "$PLACE" shared bars.npy
    refuses 1 "umm-db: $shown: another process has it locked" umm-db push --lock-timeout=100ms "$PLACE" shared bars.npy
    refuses 1 "umm-db: $shown: another process has it locked" timeout 60 umm-db pull --lock-timeout=100ms -o back.npy "$PLACE" shared
    [[ ! -e back.npy ]]
    # The server goes away while a push waits, and comes back.
    umm-db push "$PLACE" shared bars.npy 2>err 3>&- 9>&- &
    local waiting=$!
    wait_until $waiting 'the push to wait' is_waited_for
    stop_server
    ! wait $waiting || fail 'a push ended well'
    [[ $(wc -l <err) == 1 && $(<err) == "umm-db: $shown: cannot "*@(terminating|closed\ the)* ]] || fail "$(<err)"
    let_go
    refuses 1 "umm-db: $shown: cannot connect: connection to server on socket \"$PG_DIR/.s.PGSQL.$PG_PORT\" failed: No such file or directory" \
        umm-db push "$PLACE" shared bars.npy
    start_server
    ok umm-db push "$PLACE" shared bars.npy
    # PG* variables, and a service.
    PGHOST=$PG_DIR PGPORT=$PG_PORT PGUSER=postgres ok umm-db verify postgresql: shared bars.npy
    printf '[here]\nhost=%s\nport=%s\nuser=postgres\n' "$PG_DIR" "$PG_PORT" >services
    PGSERVICEFILE=$PWD/services ok umm-db verify service=here shared bars.npy
}

@test "a server that ends in the middle of a push leaves nothing of it" {
    bars 20000
    mkfifo rows
    umm-db push "$PLACE" middle <rows 2>err 3>&- 9>&- &
    local pushing=$!
    exec 8>rows
    head -c 500000 bars.npy >&8
    wait_until $pushing 'the push to read what there is' is_drained $pushing rows
    stop_server
    { tail -c +500001 bars.npy >&8; } 2>/dev/null || true
    exec 8>&-
    ! wait $pushing || fail 'a push ended well'
    [[ $(wc -l <err) == 1 && $(<err) == "umm-db: ${PLACE/postgres@}: cannot "* ]] || fail "$(<err)"
    start_server
    refuses 1 "umm-db: ${PLACE/postgres@}: middle: there is no such table" umm-db stat "$PLACE" middle
    ok umm-db push "$PLACE" middle bars.npy
}

# What a network does: calls of the socket that fail, or are interrupted, at the beginning and later.
@test "calls that fail leave the old rows or the new ones, and one line" {
    strace -qo /dev/null true 2>/dev/null || skip 'cannot trace here'
    bars 2000
    ok umm-db push "$PLACE" faulty bars.npy
    bars 6000
    ok "$PY" - <<'END'
import os, re, subprocess
place = os.environ['PLACE']
push = ['umm-db', 'push', place, 'faulty', 'bars.npy']
def psql(sql):
    return subprocess.run(['psql', '-qXAt', place, '-c', sql], check=True, capture_output=True, text=True).stdout.strip()
spoilt = lambda call, how, n: ['strace', '-qq', '-o', 'log', '-E', 'ASAN_OPTIONS=' + os.environ.get('ASAN_OPTIONS', '') + ':detect_leaks=0',
                               '-e', f'trace={call}', '-e', f'inject={call}:{how}:when={n}', *push]
seen = set()
for call, error, numbers in (('connect', 'ECONNREFUSED', (1, 2, 3)), ('sendto', 'EINTR', (2, 4, 5)), ('poll', 'ENOMEM', (2, 4)),
                             ('recvfrom', 'ECONNRESET', (1, 3, 6, 9)), ('recvfrom', 'EINTR', (2, 5))):
    for number in numbers:
        found = subprocess.run(spoilt(call, f'error={error}', number), capture_output=True, text=True)
        # What a server does with a connection that is lost takes it a moment: its lock tells.
        n = int(psql("BEGIN; LOCK TABLE faulty; SELECT count(*) FROM faulty; "
                     "DELETE FROM faulty WHERE timestamp >= '2020-01-01Z'::timestamptz + interval '2000 minutes'; COMMIT"))
        what = (call, error, number, found.returncode, found.stderr, n)
        assert (found.returncode, n) in ((0, 6000), (1, 2000), (1, 6000)), what
        assert n == 2000 or found.returncode == 0 or 'cannot commit' in found.stderr, what
        assert len(found.stderr.splitlines()) == found.returncode, what
        assert found.returncode == 0 or re.match('umm-db: .*cannot ', found.stderr), what
        assert error != 'EINTR' or found.returncode == 0, what
        seen.add(found.returncode)
assert seen == {0, 1}, seen
END
}

@test "a full disk of the server is one clear error, and the table is as it was" {
    ((EUID == 0)) || skip 'a small file system takes root'
    mkdir "$PG_DIR/small"
    mount -t tmpfs -o size=1m small "$PG_DIR/small" 2>/dev/null || skip 'no file system can be mounted here'
    mkdir "$PG_DIR/small/space"
    chown postgres "$PG_DIR/small/space"
    sql "CREATE TABLESPACE small LOCATION '$PG_DIR/small/space'"
    bars 2000
    export PGOPTIONS='-c default_tablespace=small'
    ok umm-db push "$PLACE" full bars.npy
    bars 20000
    capture umm-db push "$PLACE" full bars.npy
    local code=$status why=$stderr n_full
    n_full=$(sql 'SELECT count(*) FROM "full"')
    capture umm-db push "$PLACE" fresh bars.npy
    sql 'DROP TABLE "full"' -c 'DROP TABLESPACE small'
    umount "$PG_DIR/small"
    [[ $code == 1 && $why == "umm-db: ${PLACE/postgres@}: cannot insert: could not extend file "*': No space left on device' ]] || fail "$why"
    [[ $n_full == 2000 ]]
    [[ $status == 1 && $stderr == *': cannot insert: could not extend file '* && -z $(sql "SELECT to_regclass('fresh')") ]] || fail "$stderr"
}

@test "a server that cannot prove its name is not talked to" {
    command -v openssl >/dev/null || skip 'no openssl'
    local name place="host=127.0.0.1 port=$PG_PORT user=secret dbname=postgres password=p@ss/Word?7"
    for name in 127.0.0.1 elsewhere; do
        openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$name" -keyout $name.key -out $name.crt 2>/dev/null
    done
    install -m 600 elsewhere.key elsewhere.crt "$PG_DIR"
    ((EUID)) || chown postgres "$PG_DIR"/elsewhere.*
    sql "ALTER SYSTEM SET ssl_cert_file = '$PG_DIR/elsewhere.crt'" -c "ALTER SYSTEM SET ssl_key_file = '$PG_DIR/elsewhere.key'" \
        -c 'ALTER SYSTEM SET ssl = on' -c 'SELECT pg_reload_conf()' >/dev/null
    wait_until - 'TLS' psql -qX "$place sslmode=require" -c 'SELECT 1'
    bars 10
    # Nobody has said whom to trust; another is trusted; the name is another; and the right one.
    capture umm-db push "$place sslmode=verify-full sslrootcert=$PWD/none.crt" tls bars.npy
    [[ $status == 1 && ${stderr//[^$'\n']/} == '' && $stderr == *'root certificate file '*none.crt*' does not exist'* ]] || fail "$stderr"
    capture umm-db push "$place sslmode=verify-full sslrootcert=$PWD/127.0.0.1.crt" tls bars.npy
    [[ $status == 1 && $stderr == *': cannot connect: '*'certificate verify failed' ]] || fail "$stderr"
    capture umm-db push "$place sslmode=verify-full sslrootcert=$PWD/elsewhere.crt" tls bars.npy
    [[ $status == 1 && $stderr == *': cannot connect: '*'server certificate for "elsewhere" does not match host name "127.0.0.1"' ]] || fail "$stderr"
    [[ $stderr != *Word* ]]
    ok umm-db push "$PLACE" tls bars.npy
    sql 'GRANT SELECT ON tls TO secret'
    ok umm-db verify "$place sslmode=verify-ca sslrootcert=$PWD/elsewhere.crt" tls bars.npy
    sql 'ALTER SYSTEM RESET ALL' -c 'SELECT pg_reload_conf()' >/dev/null
}

@test "rows that have a value are pulled, and no others" {
    sql 'CREATE TABLE q (t timestamptz PRIMARY KEY, y float8, n integer, note text, ok boolean)' \
        -c "INSERT INTO q VALUES ('2020-01-01Z', 0.1, 3, 'a', true), ('2020-01-02Z', 0.2, 4, 'it''s', false), ('2020-01-03Z', 0.3, 4, '5', false)"
    pulled "$PLACE" <<'END'
note=it's 0.2
note=5 0.3
y=0.1 0.1
n=4 0.2 0.3
ok=true 0.1
note=a'OR'1'='1
END
    ok umm-db pull --columns=t,y --where=n=4 --where=note=5 -o back.npy "$PLACE" q
    py "assert np.load('back.npy')['y'].tolist() == [0.3]"
    capture umm-db pull --columns=t,y --where=n=four "$PLACE" q
    [[ $status == 1 && $stderr == *': cannot read: invalid input syntax for type integer: "four"' ]] || fail "$stderr"
}

@test "memory is bounded, both ways" {
    [[ -z ${UMM_SAN-} ]] || skip 'sanitizers keep what is freed'
    umm-synth --rows 600000 | umm-convert -o big.npy -
    ok "$PY" - <<'END'
import os, resource, subprocess
place = os.environ['PLACE']
for command in (['push', place, 'big', 'big.npy'], ['pull', '-o', 'back.npy', place, 'big']):
    subprocess.run(['umm-db', *command], check=True)
# The array has 29 MB.
used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
assert used < 24, used
END
    cmp big.npy back.npy
}
