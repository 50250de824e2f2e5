#!/usr/bin/env bats
# SPDX-License-Identifier: MIT

load helper

# ago SECONDS: that time as ISO 8601.
ago() {
    date -u -d "@$(($(date +%s) - $1))" +%FT%TZ
}

# create_half_hour: a store of 4 positions and 2 values whose entries live for 1800 s, with one that
# does, one that has expired in place of another, and one that stays for ever.
create_half_hour() {
    umm-store create --max-positions=4 --dim=2 --ttl=1800s s &&
        printf 'id,timestamp,v1,v2\nlives,%s,1,2\nover,%s,3,4\n' "$(ago 60)" "$(ago 60)" | umm-store put --header s &&
        printf 'id,timestamp,v1,v2\nover,%s,5,6\n' "$(ago 7200)" | umm-store put --header s &&
        umm-store put --ttl=none s <<<stays,7,8
}

@test "what has expired is absent for every command, counted, and swept" {
    create_half_hour
    ok umm-store get s lives stays
    [[ $output == $'lives,1,2\nstays,7,8' ]]
    refuses 1 'umm-store: no such id: "over"' umm-store get s over
    refuses 1 'umm-store: no such id: "over"' umm-store mark-inactive s over
    ok bash -c 'umm-store list s | cut -d, -f1'
    [[ $output == $'id\nlives\nstays' ]]
    ok bash -c 'umm-store export s - | cut -d, -f1'
    [[ $output == $'id\nlives\nstays' ]]
    ok umm-store stat s
    [[ $output == *$'\nentries                       2\n'*$'\nexpired                       1\ntime to live, ms        1800000\n'* ]] || fail "$output"
    ok umm-store stat --json --metrics=s.prom s
    [[ $output == *'"entries":2,"active":2,"inactive":0,"expired":1,'*'"ttl_ns":1800000000000}' ]] || fail "$output"
    grep -q '^umm_store_expired{.*} 1$' s.prom
    ok umm-store verify s
    capture umm-store evict --expired -v s
    [[ $status == 0 && -z $output && $stderr == 'umm-store: s: 1 had expired' ]]
    ok umm-store evict --expired s 5
    [[ -z $output ]]
    ok umm-store stat --json s
    [[ $output == *'"entries":2,'*'"expired":0,'*'"evictions":0,'* ]]
    ok umm-store verify s
    no_leftovers s
}

@test "list, export and NumPy have the expiry" {
    ok umm-store create --max-positions=2 --dim=1 --ttl=1h s
    printf 'v0,timestamp,id\n1.5,2099-01-01T00:00:00.25Z,a\n' | ok umm-store put --header s
    ok umm-store put --ttl=none s <<<b,2
    ok umm-store list --json s
    [[ ${lines[0]} == *'"timestamp":"2099-01-01T00:00:00.250Z","position":0,"expires":"2099-01-01T01:00:00.250Z"}' ]]
    [[ ${lines[1]} == *'"position":1}' ]]
    ok umm-store export s -
    [[ ${lines[1]} == a,1,2099-01-01T00:00:00.250Z,2099-01-01T01:00:00.250Z,1.5 && ${lines[2]} == b,1,*Z,,2 ]]
    ok umm-store export s s.npy
    ok "$PY" -c "
import numpy as np
s, x = np.load('s/slots.npy', mmap_mode='r'), np.load('s.npy')
for e in s['expires'], x['expires']:
    assert e[0] == np.datetime64('2099-01-01T01:00:00.25') and np.isnat(e[1]), e
assert s.itemsize % 8 == 0 and x['v0'].tolist() == [1.5, 2]"
}

@test "an export carries expiries, and an older one takes those of the store" {
    create_half_hour
    local kind
    for kind in csv npy; do
        ok umm-store export s "a.$kind"
        ok umm-store create --max-positions=4 --dim=2 "$kind"
        ok umm-store import "$kind" "a.$kind"
        ok umm-store export "$kind" "b.$kind"
        cmp "a.$kind" "b.$kind"
    done
    printf 'id,active,timestamp,v0,v1\nnew,1,%s,1,2\nold,1,2020-01-01,3,4\n' "$(ago 60)" >old.csv
    ok umm-store create --max-positions=4 --dim=2 --ttl=30m t
    ok umm-store import t old.csv
    ok umm-store list --json t
    [[ ${#lines[@]} -eq 1 && $output == '{"id":"new",'*'"expires":'* ]]
    printf 'id,active,timestamp,expires,v0,v1\na,1,2099-01-01,2098-01-01,1,2\n' >bad.csv
    refuses 1 'umm-store: bad.csv:2:16: the expiry is not 1 ms or more after the timestamp: "2098-01-01"' \
        umm-store import t bad.csv
    printf 'id,active,timestamp,expires,v0,v1\na,1,2099-01-01,x,1,2\n' >bad.csv
    refuses 1 'umm-store: bad.csv:2:16: the expiry is not a time: "x"' umm-store import t bad.csv
    "$PY" -c "
import numpy as np
x = np.load('a.npy')
x['expires'][0] = x['timestamp'][0]
np.save('bad.npy', x)"
    refuses 1 'umm-store: bad.npy: row 0: the expiry is not 1 ms or more after the timestamp' umm-store import t bad.npy
}

@test "a full store takes the room of what has expired before that of the inactive" {
    create_half_hour
    ok umm-store mark-inactive s lives
    ok umm-store put s <<<$'fourth,1,1\nfifth,1,1'
    ok umm-store get s lives fifth fourth
    ok umm-store put s <<<sixth,1,1
    refuses 1 'umm-store: no such id: "lives"' umm-store get s lives
    ok umm-store verify s
}

@test "put --header takes columns in any order, and --empty=nan empty fields" {
    ok umm-store create --dim=3 s
    printf 'v3,id,v1,timestamp,v2\n3,"a,b",1,1704067200,2\n' | ok umm-store put --header s
    printf 'rsi,ema,id,macd\r\n1,,b,-inf\r\n' | ok umm-store put --header --empty=nan s
    printf 'id,v2,v0,v1\nc,2,0,1' | ok umm-store put --header s
    ok umm-store get s a,b b c
    [[ $output == $'"a,b",1,2,3\nb,1,NaN,-inf\nc,0,1,2' ]]
    ok bash -c 'umm-store list s | cut -d, -f1-'
    [[ ${lines[1]} == '"a,b",1,2024-01-01T00:00:00Z' ]]
    ok umm-store put --empty=nan s <<<d,1,,
    ok umm-store get s d
    [[ $output == d,1,NaN,NaN ]]
    : | ok umm-store put --header s
    # The first field is empty.
    printf 'v0,v1,v2,id\n,5,,e\n' | ok umm-store put --header --empty=nan s
    ok umm-store get s e
    [[ $output == e,NaN,5,NaN ]]
    refuses 1 'umm-store: standard input:2:1: 3 fields; the header names 4' \
        umm-store put --header --empty=nan s - <<<$'v0,v1,v2,id\n,5,6'
    refuses 1 'umm-store: standard input:2:1: 2 fields; the header names 4' \
        umm-store put --header --empty=nan s - <<<$'v0,v1,v2,id\n,6'
}

@test "a header or a line that fits no vector is refused with its place" {
    umm-store create --dim=2 s
    local input says
    while IFS='|' read -r input says; do
        # shellcheck disable=SC2059 # it has newlines
        printf "$input" >in
        refuses 1 "umm-store: in:$says" umm-store put --header s in
    done <<'EOF'
v1,v2\n|1:1: no column is named id
id,v1\n|1:1: 1 columns of values; the store's vectors have 2
id,v1,v2,v3\n|1:10: either all values are named by their numbers, or none is; this: "v3"
id,a,b,c\n|1:8: there are more columns than values; this: "c"
id,v0,v2\n|1:1: values are named v0 to v1 or v1 to v2, not from both
id,v1,v1\n|1:7: is there twice: "v1"
id,a,id,b\n|1:6: is there twice: "id"
id,timestamp,a,b,timestamp\n|1:18: is there twice: "timestamp"
id,timestamp,a,b,id\n|1:18: is there twice: "id"
id,a,,b\n|1:6: is no name of a column: ""
id,active,a,b\n|1:4: only an export that is imported has this: "active"
id,v1,b\n|1:7: either all values are named by their numbers, or none is; this: "b"
id,a,b\nx,1\n|2:1: 2 fields; the header names 3
id,a,b\nx,1,2,3\n|2:1: 4 fields; the header names 3
id,a,b\nx,1,\n|2:5: not a number: ""
id,a,timestamp,b\nx,1,,2\n|2:5: the timestamp is not a time: ""
id,a,timestamp,b\nx,1,2024-13-01,2\n|2:5: the timestamp is no date or time of day that exists: "2024-13-01"
timestamp,id,a,b\n2024-01-01,x,1,2\n1704067200,x,1,2\n|3:1: the timestamp is not a time: "1704067200"
EOF
    refuses 2 $'umm-store: --binary goes with neither --header nor --empty\nTry \'umm-store --help\'.' \
        umm-store put --binary --header s in
}

@test "--newer never puts an older row over a newer one" {
    ok umm-store create --dim=1 s
    printf 'id,timestamp,v0\na,2024-01-02,1\na,2024-01-01,2\na,2024-01-02,3\nb,2024-01-01,4\n' >in
    capture umm-store put --header --newer -v s in
    [[ $status == 0 && $stderr == 'umm-store: s: 2 put, 2 not newer' ]] || fail "$stderr"
    ok umm-store get s a b
    [[ $output == $'a,1\nb,4' ]]
    printf 'id,active,timestamp,v0\na,1,2024-01-01,9\nb,0,2024-01-02,5\n' >old.csv
    capture umm-store import --newer -v s old.csv
    [[ $status == 0 && $stderr == 'umm-store: s: 1 put, 1 not newer' ]] || fail "$stderr"
    ok umm-store import s old.csv
    ok umm-store get s a b
    [[ $output == $'a,9\nb,5' ]]
}

@test "get --max-age leaves out what is too old" {
    ok umm-store create --dim=1 s
    printf 'id,timestamp,v0\nold,%s,1\nnew,%s,2\nnext,2099-01-01,3\n' "$(ago 600)" "$(ago 0)" | ok umm-store put --header s
    refuses 1 'umm-store: too old: "old"' umm-store get --max-age=5m s old new next
    [[ $output == $'new,2\nnext,3' ]]
    ok umm-store get --max-age=1h s old
}

@test "a time to live is part of the store, and is not lost" {
    ok umm-store create --ttl=30m --dim=1 s
    [[ $(<s/ttl.umm) == 'ttl_ns 1800000000000' ]]
    ok umm-store create --ttl=1800s --dim=1 s
    refuses 1 'umm-store: s: is there already, and is another' umm-store create --dim=1 s
    refuses 1 'umm-store: s: is there already, and is another' umm-store create --ttl=31m --dim=1 s
    rm s/index.umm
    ok umm-store put s <<<a,1
    ok umm-store stat --json s
    [[ $output == *'"ttl_ns":1800000000000}' ]]
    refuses 2 'umm-store: s/ttl.umm: is an input and an output at once'$'\nTry \'umm-store --help\'.' \
        umm-store export s s/ttl.umm
    rm s/ttl.umm
    refuses 1 'umm-store: s/ttl.umm: says another time to live than the index: 0 ns, not 1800000000000' \
        umm-store put s - <<<a,1
    ok umm-store get s a
    refuses 2 $'umm-store: --ttl takes a time of 1 ms or more such as 30m, or none, not "999us"\nTry \'umm-store --help\'.' \
        umm-store create --ttl=999us t
    [[ ! -e t ]]
    ok umm-store create --ttl=none t
    [[ ! -e t/ttl.umm ]]
}

# A store of 2 positions and 1 value, with a, inactive, and b, as the first version made it.
old_store() {
    base64 -d <<'EOF' | tar -xJ
/Td6WFoAAATm1rRGAgAhARwAAAAQz1jM4Cf/AYpdADsMQeAOUCcI/Pc45vmMYeW7VjG2hc9d9xWiUYhpqUO/W3Ol5S4yAkQ50gGj
pIAuA86uQIU6CuGvJKBT0er/aUhKv9G5JyQSqt0B1tcPhgwLW7sli0NBlhK35em1yLLs0Z6OTVMVk1te6GrCPeJDXVJEGJ4EMztW
lKJHRSOQDeLdEvKIf5cM7DxMLEAeLz2aSXLZTluQr4IctsniPeM1FjSJ6KqQDy6/sY/zkEVj19MTa8pW7RfsbCf6Hi7q9BtFzwUf
sYnnX1hhQq9Ettdv8nFJAQl7IP3oMF79PCWWUcJnXjXGCq6/v5Fcg4gumw+qlFrodTUwATd812X2+bTNs9HKIch7CuY5LCQTSo5X
0VIZm7eUFYjj2tFQhN5XgpGl0FXpfS8CHxlT7eT5e02wKvJovzUqB+zL+UORYozJagl9jIptlTaxWjvAQM7Mv0Pwb/NEEojS0xfW
HIK0KeXalnfoz5LSdE7inoR+V/yrr9xrwseJMrpepqs/hxrmXVxXFsR24QvaeaYkhAAAAACrA0gGUuQwkgABpgOAUAAAdcRVyrHE
Z/sCAAAAAARZWg==
EOF
}

@test "a store of the first version is read and written, and says how entries of it can expire" {
    old_store
    ok umm-store verify v1
    ok umm-store export v1 -
    [[ $output == $'id,active,timestamp,v0\na,0,2026-11-30T20:43:04.442209648Z,1.5\nb,1,2026-11-30T20:43:04.442211315Z,-2' ]]
    local advice='is a store of version 1, whose entries cannot expire: export it, and import that into a new store'
    refuses 1 "umm-store: v1: $advice" umm-store put --ttl=1h v1 - <<<c,1
    refuses 1 'umm-store: v1: is there already, of version 1, whose entries cannot expire: export it, and import that into a new store' \
        umm-store create --ttl=1h --dim=1 --max-positions=2 --id-bytes=7 v1
    ok umm-store create --dim=1 --max-positions=2 --id-bytes=7 v1
    ok umm-store put --ttl=none v1 <<<c,3
    ok umm-store get v1 c b
    refuses 1 'umm-store: no such id: "a"' umm-store get v1 a
    ok umm-store evict --expired v1
    ok umm-store resize v1 5
    rm v1/index.umm
    ok umm-store put v1 <<<d,4
    [[ $(od -An -tu4 -j8 -N4 v1/index.umm) -eq 1 ]]
    ok umm-store verify v1
    # As it advises.
    ok umm-store export v1 v1.npy
    ok umm-store create --ttl=876000h --dim=1 --id-bytes=7 v2
    ok umm-store import v2 v1.npy
    ok umm-store list --json v2
    [[ ${#lines[@]} -eq 3 && ${lines[2]} == *'"expires":"2'* ]]
}
