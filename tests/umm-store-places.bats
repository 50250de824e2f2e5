#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# What holds of a store wherever it is: each test runs over a directory, and over a server by its
# socket and by TCP with a password. Positions are of no order that all places share, except
# that what was put later comes later while nothing is removed.

load helper
load store_place

setup_file() { start_redis; }
teardown_file() { stop_redis; }

# create_abc PLACE: a store of 4 positions and 3 values, with a, b and c.
create_abc() {
    umm-store create --max-positions=4 --dim=3 "$1" &&
        printf '%s\n' a,1,2,3 b,0.1,-0,1e-40 c,NaN,inf,-INF | umm-store put "$1"
}

# The ids of a place with what is active, in any order.
ids_of() {
    umm-store list "$1" | cut -d, -f1,2 | sed 1d | sort | tr '\n' ' '
}

@test "there is a server for these tests" {
    [[ -n ${REDIS_DIR-} ]] || skip 'no Redis here: apt-get install redis-server libhiredis-dev'
}

@test "what is put is what get prints, in the fewest digits" {
    local s
    while next_place s; do
        ok create_abc "$s"
        [[ -z $output ]]
        ok umm-store get "$s" c b a
        [[ $output == $'c,NaN,inf,-inf\nb,0.1,-0,1e-40\na,1,2,3' ]]
        refuses 1 'umm-store: no such id: "d"' umm-store get "$s" d a
        [[ $output == a,1,2,3 ]]
    done
}

@test "defaults are 1000 positions, 32 values and ids of 31 bytes" {
    local s
    while next_place s; do
        ok umm-store create "$s"
        ok umm-store stat --json "$s"
        [[ $output == *'"max_positions":1000,"dim":32,"id_max_bytes":31,"entries":0,"active":0,'* ]] || fail "$output"
    done
}

@test "a store of that shape stays as it is, and another is refused" {
    local s
    while next_place s; do
        ok create_abc "$s"
        refuses 1 "umm-store: $shown: is there already, and is another" umm-store create --dim=3 "$s"
        refuses 1 "umm-store: $shown: is there already, and is another" umm-store create --max-positions=4 --dim=2 "$s"
        ok umm-store create --max-positions=4 --dim=3 "$s"
        ok umm-store get "$s" a
    done
}

@test "a full store takes the oldest inactive entry, and none that is active" {
    local s four
    while next_place s; do
        other_place four
        ok umm-store create --max-positions=3 --dim=1 "$s"
        for id in a b c; do
            ok umm-store put "$s" <<<"$id,1"
        done
        refuses 1 'umm-store: standard input:1:1: the store is full: all 3 positions are active; mark some inactive, or resize it' \
            umm-store put "$s" - <<<'d,4'
        printf 'a,9\nb,9\nd,4\ne,5\n' >in.csv
        refuses 1 'umm-store: in.csv:3:1: the store is full: all 3 positions are active; mark some inactive, or resize it' \
            umm-store put "$s" in.csv
        ok umm-store get "$s" a b c
        [[ $output == $'a,9\nb,9\nc,1' ]]
        ok umm-store create --max-positions=4 --dim=1 "$four"
        ok umm-store put "$four" - <<<$'a,1\nb,1\nc,1\nd,1'
        ok umm-store export "$four" e.npy
        refuses 1 'umm-store: e.npy: row 3: the store is full: all 3 positions are active; mark some inactive, or resize it' \
            umm-store import "$s" e.npy
        ok umm-store mark-inactive "$s" c b
        ok umm-store put "$s" <<<'d,4'
        [[ $(ids_of "$s") == 'a,1 c,0 d,1 ' ]]
        ok umm-store put "$s" <<<'e,5'
        [[ $(ids_of "$s") == 'a,1 d,1 e,1 ' ]]
        ok umm-store stat --json "$s"
        [[ $output == *'"entries":3,"active":3,"inactive":0,'*'"evictions":2,'* ]] || fail "$output"
    done
}

@test "an inactive id stays, and put makes it active again" {
    local s
    while next_place s; do
        ok create_abc "$s"
        ok umm-store mark-inactive "$s" a
        ok umm-store get "$s" a
        [[ $output == a,1,2,3 ]]
        ok umm-store put "$s" <<<'a,4,5,6'
        ok umm-store evict "$s" 10
        [[ -z $output ]]
        ok umm-store get "$s" a
        [[ $output == a,4,5,6 ]]
        refuses 1 'umm-store: no such id: "x"' umm-store mark-inactive "$s" x b
        [[ $(ids_of "$s") == 'a,1 b,0 c,1 ' ]]
    done
}

@test "evict removes the oldest inactive ones and prints them" {
    local s
    while next_place s; do
        ok create_abc "$s"
        ok umm-store mark-inactive "$s" c a
        ok umm-store evict "$s"
        [[ $output == a,0,20* ]]
        ok umm-store evict "$s" 5
        [[ $output == c,0,20* && ${#lines[@]} == 1 ]]
        refuses 1 'umm-store: no such id: "c"' umm-store get "$s" c
        [[ $(ids_of "$s") == 'b,1 ' ]]
    done
}

@test "evict removes nothing that it could not print" {
    local s
    while next_place s; do
        create_abc "$s"
        umm-store mark-inactive "$s" c a
        # shellcheck disable=SC2016 # for the inner shell
        refuses 1 'umm-store: standard output: cannot write: No space left on device' \
            bash -c 'umm-store evict "$1" 2 >/dev/full' - "$s"
        ok umm-store get "$s" a c
    done
}

@test "the oldest goes first, to the nanosecond" {
    local s i
    while next_place s; do
        ok umm-store create --max-positions=9 --dim=1 "$s"
        { echo id,active,timestamp,v0 && for i in 3 1 2 0; do echo "x$i,0,2024-01-01T00:00:00.00000000${i}Z,1"; done; } >in.csv
        # Before 1970, and an id that comes first by its bytes.
        printf '%s\n' 'old,0,1969-12-31T23:59:59.999999999Z,1' 'a,0,2024-01-01T00:00:00.000000004Z,1' >>in.csv
        ok umm-store import "$s" in.csv
        ok umm-store evict "$s" 9
        [[ $(cut -d, -f1 <<<"$output" | tr '\n' ' ') == 'old x0 x1 x2 x3 a ' ]] || fail "$output"
    done
}

@test "ids with commas and quotes go in and out as in CSV" {
    local s
    while next_place s; do
        ok umm-store create --dim=1 "$s"
        ok umm-store put "$s" <<<$'"a,""b""",1\r\n"x",2\né,3\n*[?]\\ y,4'
        ok umm-store get "$s" 'a,"b"' x é '*[?]\ y'
        [[ $output == $'"a,""b""",1\nx,2\né,3\n*[?]\\ y,4' ]]
        ok umm-store stat "$s"
        [[ $output == *'entries                       4'* ]]
    done
}

@test "a byte order mark is no part of the first id" {
    local s
    while next_place s; do
        ok umm-store create --dim=1 "$s"
        printf '\357\273\277a,1\n\357\273\277b,2\n' | ok umm-store put "$s"
        printf '\357\273\277' | ok umm-store put "$s"
        ok umm-store get "$s" a $'\357\273\277b'
    done
}

@test "a pipe is stored as it comes" {
    local s
    while next_place s; do
        ok umm-store create --dim=1 "$s"
        mkfifo pipe
        umm-store put "$s" pipe 3>&- &
        local writer=$! fd
        wait_until "$writer" 'the pipe to be opened' has_open "$writer" pipe
        exec {fd}>pipe
        echo a,7 >&"$fd"
        wait_until "$writer" 'a in the store' umm-store get "$s" a
        printf 'b,8\nc' >&"$fd"
        wait_until "$writer" 'b in the store' umm-store get "$s" b
        echo ,9 >&"$fd"
        exec {fd}>&-
        wait "$writer"
        ok umm-store get "$s" a b c
        [[ $output == $'a,7\nb,8\nc,9' ]]
    done
}

@test "records of --binary are what NumPy writes" {
    "$PY" -c "
import numpy as np
r = np.zeros(1000, dtype=[('id', 'S31'), ('v', '<f4', 4)])
r['id'] = [b'id-%d' % i for i in range(1000)]
r['v'] = np.arange(4000).reshape(1000, 4) / 7
r.tofile('$BATS_TEST_TMPDIR/records')"
    local s
    while next_place s; do
        ok umm-store create --dim=4 "$s"
        refuses 0 "umm-store: $s: 1000 put" umm-store put --binary -v "$s" ../records
        ok umm-store export "$s" out.npy
        ok "$PY" -c "
import numpy as np
r, x = np.fromfile('../records', dtype=[('id', 'S31'), ('v', '<f4', 4)]), np.load('out.npy')
assert (x['id'] == r['id']).all() and x['active'].all()
assert all((x['v%d' % i] == r['v'][:, i]).all() for i in range(4))"
        head -c 100 ../records >cut.bin
        refuses 1 'umm-store: cut.bin: ends in the middle of a record: 6 of 47 bytes' \
            umm-store put --binary "$s" cut.bin
        printf '\n%s' "$(head -c 46 /dev/zero | tr '\0' x)" >control
        refuses 1 "umm-store: control: record 1: the id \"\\n$(printf 'x%.0s' {1..30})\" has a control character" \
            umm-store put --binary "$s" control
    done
}

@test "an export, imported, is the same store" {
    local s t
    while next_place s; do
        ok create_abc "$s"
        ok umm-store mark-inactive "$s" b
        ok umm-store export "$s" a.csv
        ok umm-store export "$s" a.npy
        local ending
        for ending in csv npy; do
            other_place t
            ok umm-store create --max-positions=4 --dim=3 "$t"
            ok umm-store import "$t" "a.$ending"
            ok umm-store export "$t" "b-$ending.csv"
            cmp a.csv "b-$ending.csv"
            ok umm-store export "$t" "b-$ending.npy"
            cmp a.npy "b-$ending.npy"
        done
        ok umm-store export "$s" -
        [[ ${lines[0]} == id,active,timestamp,expires,v0,v1,v2 && ${lines[2]} == b,0,20*Z,,0.1,-0,1e-40 ]]
    done
}

@test "a copy has all that the other place had, and can be made again" {
    local s t
    while next_place s; do
        # From each kind of place into a directory, and from that back into each kind.
        ok umm-store create --max-positions=600 --dim=2 "$s"
        { echo id,active,timestamp,expires,v0,v1 && seq 500 | awk '{ print "x" $1 "," $1 % 3 % 2 ",2024-01-01T00:00:00." 100000000 + $1 "Z,," $1 ",NaN" }'; } >in.csv
        ok umm-store import "$s" in.csv
        ok umm-store create --max-positions=600 --dim=2 middle
        refuses 0 'umm-store: middle: 500 put' umm-store copy -v "$s" middle
        ok umm-store export middle out.csv
        cmp in.csv out.csv
        ok umm-store verify middle
        other_place t
        ok umm-store create --max-positions=600 --dim=2 "$t"
        ok umm-store copy middle "$t"
        ok umm-store copy middle "$t"
        ok umm-store export "$t" out.csv
        cmp in.csv out.csv
        ok umm-store put "$t" <<<$'x7,1,2\nx8,1,2'
        refuses 0 "umm-store: $t: 0 put, 500 not newer" umm-store copy -v --newer "$s" "$t"
        ok umm-store get "$t" x7 x9
        [[ $output == $'x7,1,2\nx9,9,NaN' ]]
        ok umm-store put "$s" <<<$'x9,3,4\nnew,5,6'
        refuses 0 "umm-store: $t: 2 put, 499 not newer" umm-store copy -v --newer "$s" "$t"
        ok umm-store get "$t" x9 new
        [[ $output == $'x9,3,4\nnew,5,6' ]]
        ok umm-store verify "$t"
    done
}

@test "a copy into a store that is full, or of another shape, is refused" {
    local s t
    while next_place s; do
        create_abc "$s"
        umm-store create --max-positions=2 --dim=3 small
        refuses 1 'umm-store: small: entry 3: the store is full: all 2 positions are active; mark some inactive, or resize it' \
            umm-store copy "$s" small
        [[ $(ids_of small) == 'a,1 b,1 ' ]]
        umm-store create --dim=2 other
        refuses 1 "umm-store: other: its vectors have 2 values; those of $s have 3" umm-store copy "$s" other
        refuses 2 $'umm-store: copy takes two stores, not the same one twice\nTry \'umm-store --help\'.' umm-store copy "$s" "$s"
        other_place t
        capture umm-store copy small "$t"
        [[ $status -eq 1 && ${#stderr} -gt 9 && $stderr != *$'\n'* ]] || fail "$stderr"
    done
    refuses 2 $'umm-store: copy takes two stores, not the same one twice\nTry \'umm-store --help\'.' umm-store copy small ./small
}

@test "list prints entries in order, as lines and as JSON" {
    local s
    while next_place s; do
        ok umm-store create --max-positions=600 --dim=1 "$s"
        seq 500 | sed 's/.*/x&,&/' >in.csv
        ok umm-store put "$s" in.csv
        ok umm-store mark-inactive "$s" x7
        ok umm-store list "$s"
        [[ ${lines[0]} == id,active,timestamp && ${lines[7]} == x7,0,20*Z && ${#lines[@]} -eq 501 ]]
        [[ $(cut -d, -f1 <<<"$output" | sed 1d | cmp - <(cut -d, -f1 in.csv)) == '' ]]
        ok umm-store list --json "$s"
        [[ ${lines[6]} == '{"id":"x7","active":false,"timestamp":"20'* && ${#lines[@]} -eq 500 ]] || fail "${lines[6]}"
    done
}

@test "resize makes room, and never takes any" {
    local s
    while next_place s; do
        ok create_abc "$s"
        ok umm-store resize "$s" 1000
        for i in {1..500}; do echo "x$i,$i,0,0"; done | umm-store put "$s"
        ok umm-store get "$s" b x500
        [[ $output == $'b,0.1,-0,1e-40\nx500,500,0,0' ]]
        ok umm-store stat --json "$s"
        [[ $output == *'"max_positions":1000,'*'"entries":503,'* ]]
        capture umm-store resize "$s" 999
        [[ $status -eq 1 && $stderr == "umm-store: $shown: has "*' cannot shrink to 999' ]] || fail "$stderr"
    done
}

@test "bad lines are refused with their place, and those before them stay" {
    local s long
    long=$(printf 'i%.0s' {1..32})
    check() { # INPUT MESSAGE
        printf '%b' "$1" >in.csv
        refuses 1 "umm-store: in.csv:$2" umm-store put "$s" in.csv
    }
    while next_place s; do
        ok umm-store create --dim=2 "$s"
        check 'a,1,2\nb,1\n' '2:1: 1 values; the store'"'"'s vectors have 2'
        check 'b,1,x y\n' '1:5: not a number: "x y"'
        check '\n\n,1,2' '3:1: an id is empty'
        check "$long,1,2" "1:1: the id \"$long\" has 32 bytes, the store has room for 31"
        check 'a,1,2\nb\tc,1,2' '2:1: the id "b\tc" has a control character'
        ok umm-store list "$s"
        [[ ${#lines[@]} == 2 && ${lines[1]} == a,1,* ]]
    done
}

@test "what is no export is refused" {
    local s
    while next_place s; do
        create_abc "$s"
        printf 'id,active,timestamp\na,2,x,1,2,3\n' >a.csv
        refuses 1 'umm-store: a.csv:2:3: active is neither 0 nor 1: "2"' umm-store import "$s" a.csv
        printf 'id,active,timestamp\na,1,2300-01-01,1,2,3\n' >a.csv
        refuses 1 'umm-store: a.csv:2:5: the timestamp is out of range: "2300-01-01"' umm-store import "$s" a.csv
        "$PY" -c "import numpy; numpy.save('f.npy', numpy.zeros(3))"
        refuses 1 'umm-store: f.npy: is no export of a store with ids of 31 bytes and vectors of 3' \
            umm-store import "$s" f.npy
        ok umm-store get "$s" a
        [[ $output == a,1,2,3 ]]
    done
}

@test "verify finds a store whole, as text and as JSON" {
    local s
    while next_place s; do
        create_abc "$s"
        umm-store mark-inactive "$s" c
        ok umm-store verify "$s"
        [[ ${lines[0]} == '4 positions, 3 sound entries, 1 inactive; 0 damaged, '* && ${lines[-1]} == PASS ]] || fail "$output"
        ok umm-store verify --json "$s"
        [[ $output == "{\"store\":\"$s\",\"max_positions\":4,\"entries\":3,\"inactive\":1,\"damaged\":0,"*'"faults":0,"findings":[]}' ]] || fail "$output"
    done
}

@test "counts are those of what is there" {
    local s
    while next_place s; do
        create_abc "$s"
        umm-store mark-inactive "$s" a b
        umm-store evict "$s" >/dev/null
        ok umm-store stat "$s"
        [[ $output == *$'\n'entries\ *' 2'$'\n'*' active'\ *' 1'$'\n'*' inactive'\ *' 1'$'\n'* ]] || fail "$output"
        ok umm-store stat --metrics s.prom "$s"
        grep -q '^umm_store_entries{tool="umm-store",command="stat",output="[^"]*"} 2$' s.prom
        grep -q '^umm_store_evictions_total{.*} 1$\|^umm_store_evictions{.*} 1$' s.prom
    done
}

@test "eight writers and a reader at once leave every last vector" {
    local s i pids
    while next_place s; do
        ok umm-store create --max-positions=4000 --dim=8 "$s"
        pids=()
        for i in {1..8}; do
            seq 100 | awk -v w="$i" '{ print "w" w "-" $1 % 50 "," $1 "," $1 "," $1 "," $1 "," $1 "," $1 "," $1 "," $1
                                       print "shared," w "," w "," w "," w "," w "," w "," w "," w }' |
                umm-store put "$s" 2>"said$i" 3>&- &
            pids+=($!)
        done
        for i in {1..5}; do
            umm-store get "$s" shared >got 2>/dev/null || true
            [[ $(tr ',' '\n' <got | sed 1d | sort -u | wc -l) -le 1 ]] || fail "half a vector: $(<got)"
        done
        for i in "${pids[@]}"; do wait "$i"; done
        cat said* && [[ -z $(cat said*) ]]
        ok umm-store get "$s" w1-0 w8-49 w3-25
        [[ $output == $'w1-0,100,100,100,100,100,100,100,100\nw8-49,99,99,99,99,99,99,99,99\nw3-25,75,75,75,75,75,75,75,75' ]]
        ok umm-store verify "$s"
        [[ $output == *' 401 sound entries'* ]]
    done
}
