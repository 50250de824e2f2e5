#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# umm-db with SQLite: rows into tables and back. What a table has, Python's own sqlite3 says.

load helper
load db

@test "the same bits come back, of random bars of six and twelve columns" {
    py "
g = np.random.default_rng(7)
a = g.integers(0, 2**64, (3000, 6), dtype='u8').view('f8')
a[np.isnan(a)] = np.nan
a[:, 0] = 1577836800000 + 1000 * np.arange(3000)
a[:9, 1] = [0.0, -0.0, np.inf, -np.inf, np.nan, 5e-324, -5e-324, 1.7976931348623157e308, 2.0**53]
np.save('six.npy', a)
types = [('timestamp', '<M8[us]'), ('open', '<f8'), ('high', '<f8'), ('low', '<f8'), ('close', '<f8'),
         ('volume', '<f8'), ('end', '<M8[us]'), ('quote', '<f8'), ('trades', '<i8'), ('taker', '<f8'),
         ('ok', '?'), ('last', '<f8')]
r = np.zeros(3000, types)
for name, kind in types:
    r[name] = (a[:, 1] if kind == '<f8' else g.integers(-2**62, 2**62, 3000) if kind == '<i8' else
               np.arange(3000) % 3 == 0 if kind == '?' else 1577836800000001 + 7 * np.arange(3000))
np.save('twelve.npy', r)"
    for name in six twelve; do
        ok umm-db push sqlite:bars.db $name $name.npy
        ok umm-db pull -o back.npy sqlite:bars.db $name
        cmp $name.npy back.npy
        ok umm-db verify sqlite:bars.db $name $name.npy
        [[ $output == "bars.db: $name: PASS: 3000 rows the same" ]]
    done
    # As other programs see them: numbers and integers, and NULL for NaN.
    py "
import struct
kept = rows('bars.db', 'six')
a = np.load('six.npy')
assert len(kept) == 3000 and [r[0] for r in kept] == a[:, 0].astype('i8').tolist()
for mine, theirs in zip(a[:, 1].tolist(), (r[1] for r in kept)):
    assert theirs is None if mine != mine else struct.pack('d', mine) == struct.pack('d', theirs)"
    # Records of the six usual columns, if they are wanted.
    ok umm-db pull --struct -o back.npy sqlite:bars.db six
    py "assert np.load('back.npy').dtype.names == ('timestamp', 'open', 'high', 'low', 'close', 'volume')"
    # Types that are smaller come back in the table's size.
    py "
r = np.zeros(4, [('t', '<M8[s]'), ('a', '<f4'), ('b', '>i2'), ('c', '<u4')])
r['t'], r['a'], r['b'], r['c'] = np.arange(4), [0.1, -0.0, np.nan, 3], [-5, 6, -7, 8], [2**32 - 1, 0, 1, 2]
np.save('small.npy', r)"
    ok umm-db push sqlite:bars.db small small.npy
    ok umm-db pull -o back.npy sqlite:bars.db small
    py "
r, back = np.load('small.npy'), np.load('back.npy')
assert back.dtype == [('t', '<M8[s]'), ('a', '<f8'), ('b', '<i8'), ('c', '<i8')], back.dtype
for name in r.dtype.names:
    assert np.array_equal(r[name].astype(back.dtype[name]), back[name], equal_nan=name == 'a')"
    no_leftovers
}

@test "only newer rows are sent, and the same again changes nothing" {
    bars 3000
    ok umm-db push sqlite:bars.db bars bars.npy
    cp bars.npy old.npy && cp bars.db old.db
    ok umm-db push --json sqlite:bars.db bars bars.npy
    cmp bars.db old.db
    [[ $output == *'"rows_written": 0'* && $output == *'"rows_same": 1000'* && $output == *'"changed": false'* ]]
    bars 3500
    capture umm-db push -v sqlite:bars.db bars bars.npy
    [[ $status == 0 && $stderr == 'bars.db: bars: 1500 rows read, 500 new; 1000 were there, 2000 older ones were not compared; last 2020-01-03T10:19:00Z; '* ]] || fail "$stderr"
    ok umm-db verify sqlite:bars.db bars bars.npy
    # Rows of a pipe, of text and of an archive are compared in the same way.
    ok bash -c 'umm-db push --json sqlite:bars.db bars <bars.npy'
    [[ $output == *'"rows_same": 1000'* && $output == *'"rows_not_compared": 2500'* ]]
    umm-mmap-slice --format=csv -o bars.csv bars.npy
    ok umm-db push sqlite:other.db bars bars.csv
    umm-archive append bars.uar bars.npy
    ok umm-db verify sqlite:other.db bars bars.uar
    # Several inputs follow each other.
    bars 100 3400
    mv bars.npy more.npy
    bars 50 3500
    ok umm-db push --json sqlite:bars.db bars more.npy bars.npy
    [[ $output == *'"rows_written": 50'* && $output == *'"rows_same": 100'* ]]
    ok umm-db stat sqlite:bars.db bars
    [[ $output == '3550 rows, 2020-01-01T00:00:00Z to 2020-01-03T11:09:00Z' ]]
}

@test "a row that differs is refused, kept or replaced" {
    bars 2000
    ok umm-db push sqlite:bars.db bars bars.npy
    cp bars.db old.db
    py "
a = np.load('bars.npy')
a[1990, 4] += 1
np.save('new.npy', np.vstack([a, a[-1:] + [60000, 0, 0, 0, 0, 0]]))"
    refuses 1 'umm-db: new.npy: row 1990: the row of 2020-01-02T09:10:00Z differs from that of the table in close; see --on-revision' \
        umm-db push sqlite:bars.db bars new.npy
    cmp bars.db old.db
    capture umm-db verify sqlite:bars.db bars new.npy
    [[ $status == 1 && $output == 'bars.db: bars: FAIL: 1999 rows the same, 1 differ, 1 missing, 0 extra; first: 2020-01-02T09:10:00Z differs in close' ]] || fail "$output"
    ok umm-db push --on-revision=keep --json sqlite:bars.db bars new.npy
    [[ $output == *'"rows_revised": 1'* && $output == *'"rows_written": 1'* ]]
    ok umm-db push --on-revision=replace --json sqlite:bars.db bars new.npy
    [[ $output == *'"rows_revised": 1'* && $output == *'"rows_written": 0'* ]]
    ok umm-db verify sqlite:bars.db bars new.npy
    # A row that the table lacks among those is one also; and those before them are verify's.
    py "
a = np.load('new.npy')
np.save('gap.npy', np.delete(a, [3, 1995], 0))"
    ok umm-db push sqlite:gap.db bars gap.npy
    refuses 1 'umm-db: new.npy: row 1995: the row of 2020-01-02T09:15:00Z is not newer than the table and not in it; see --on-revision' \
        umm-db push sqlite:gap.db bars new.npy
    ok umm-db push --on-revision=replace sqlite:gap.db bars new.npy
    capture umm-db verify sqlite:gap.db bars new.npy
    [[ $output == *'FAIL: 2000 rows the same, 0 differ, 1 missing, 0 extra; first: 2020-01-01T00:03:00Z is missing' ]] || fail "$output"
    capture umm-db verify sqlite:bars.db bars gap.npy
    [[ $status == 1 && $output == *' 0 missing, 2 extra; first: 2020-01-01T00:03:00Z is extra' ]] || fail "$output"
}

@test "what does not fit is refused, and the table is as it was" {
    py "
t = np.array(['2020-01-01', '2020-01-02'], 'M8[ns]')
for name, kind, value in [('u', '<u8', 2**63), ('c', '<c16', 1), ('s', 'S4', b'a')]:
    r = np.zeros(2, [('t', '<M8[ns]'), (name, kind)])
    r['t'], r[name] = t, value
    np.save(name + '.npy', r)
r = np.zeros(2, [('t', '<M8[ns]'), ('x', '<f8')])
r['t'], r['x'] = t, [1, -0.0]
np.save('x.npy', r)
r['t'][1] = r['t'][0]
np.save('twice.npy', r)
r['t'] = t[::-1]
np.save('order.npy', r)
r['t'] = np.datetime64('NaT')
np.save('nat.npy', r)
np.save('plain.npy', np.zeros((2, 3)))
db = sqlite3.connect('a.db')
db.execute('CREATE TABLE real (t INTEGER PRIMARY KEY, x REAL)')
db.execute('CREATE TABLE coarse (t INTEGER_S PRIMARY KEY, x)')
db.execute('CREATE TABLE words (t INTEGER_NS PRIMARY KEY, x TEXT)')
db.commit()"
    cp a.db old.db
    refuses 1 "umm-db: u.npy: row 0, column u: does not fit into the table's type" umm-db push sqlite:a.db new u.npy
    refuses 1 'umm-db: a.db: new: column c is <c16, which tables do not hold here' umm-db push sqlite:a.db new c.npy
    refuses 1 'umm-db: a.db: new: column s is |S4, which tables do not hold here' umm-db push sqlite:a.db new s.npy
    refuses 1 'umm-db: twice.npy: row 1: 2020-01-01T00:00:00Z again: the time is the table'\''s key' umm-db push sqlite:a.db new twice.npy
    refuses 1 'umm-db: order.npy: row 1: 2020-01-01T00:00:00Z after 2020-01-02T00:00:00Z: out of order' umm-db push sqlite:a.db new order.npy
    refuses 1 'umm-db: a.db: new: the array'\''s columns have no names; see --columns' umm-db push sqlite:a.db new plain.npy
    refuses 1 'umm-db: a.db: real: column t has whole numbers for times, and the table does not say what they count; see --time-unit' \
        umm-db push sqlite:a.db real x.npy
    refuses 1 'umm-db: x.npy: row 1, column x: -0 would become 0: a column of no type keeps it' \
        umm-db push --time-unit=ns sqlite:a.db real x.npy
    refuses 1 'umm-db: a.db: words: column x is <f8 in the array and TEXT in the table' umm-db push sqlite:a.db words x.npy
    refuses 1 'umm-db: a.db: words: column x is TEXT in the table, and times go only to whole numbers or, in PostgreSQL, to timestamptz' \
        umm-db push --columns=t=x sqlite:a.db words x.npy
    cmp a.db old.db
    ok umm-db push sqlite:a.db coarse x.npy
    capture umm-db push sqlite:a.db new nat.npy
    [[ $status == 1 && $stderr == 'umm-db: nat.npy: '* ]] || fail "$stderr"
    # Times of the table that the array cannot hold; values that are none.
    py "
db = sqlite3.connect('a.db')
db.execute('CREATE TABLE odd (t INTEGER_US PRIMARY KEY, x)')
db.execute('INSERT INTO odd VALUES (1577836800000001, ?)', ('a text',))
db.commit()"
    refuses 1 'umm-db: a.db: column x has a text, which is no number of 8 bytes' umm-db pull -o back.npy sqlite:a.db odd
    sqlite3 a.db 'UPDATE odd SET x = 1'
    refuses 1 'umm-db: a.db: odd: row 0, column t: 2020-01-01T00:00:00.000001Z does not fit: times of the array count ms; see --time-unit' \
        umm-db pull --time-unit=ms -o back.npy sqlite:a.db odd
    sqlite3 a.db 'UPDATE odd SET x = 9007199254740993'
    refuses 1 'umm-db: a.db: column x has an integer beyond 2^53, which is no number of 8 bytes' umm-db pull -o back.npy sqlite:a.db odd
    [[ ! -e back.npy ]]
    no_leftovers
}

@test "columns are mapped by name, or refused with the difference said" {
    bars 10
    py "
db = sqlite3.connect('a.db')
db.execute('CREATE TABLE quotes (at INTEGER_MS PRIMARY KEY, last, note TEXT)')
db.commit()"
    refuses 1 'umm-db: a.db: quotes: the table has no column timestamp; it has at, last, note; see --columns' \
        umm-db push sqlite:a.db quotes bars.npy
    refuses 1 'umm-db: a.db: quotes: the table has no column price; it has at, last, note; see --columns' \
        umm-db push --columns=timestamp=at,close=price sqlite:a.db quotes bars.npy
    refuses 2 "umm-db: a.db: quotes: the time is not among the columns, and rows go by it
Try 'umm-db --help'." \
        umm-db push --columns=close=last sqlite:a.db quotes bars.npy
    refuses 2 "umm-db: a.db: quotes: no list of NAME or NAME=COLUMN: \"timestamp=,a\"
Try 'umm-db --help'." \
        umm-db push --columns=timestamp=,a sqlite:a.db quotes bars.npy
    ok umm-db push --columns=timestamp=at,close=last sqlite:a.db quotes bars.npy
    refuses 1 'umm-db: a.db: quotes: column note is TEXT, which arrays do not hold here; see --columns' umm-db pull sqlite:a.db quotes
    ok umm-db pull --columns=t=at,close=last -o back.npy sqlite:a.db quotes
    py "
a, back = np.load('bars.npy'), np.load('back.npy')
assert back.dtype == [('t', '<M8[ms]'), ('close', '<f8')] and (back['close'] == a[:, 4]).all()"
    ok umm-db verify --columns=timestamp=at,close=last sqlite:a.db quotes bars.npy
    # Columns without names, by their numbers.
    py "
a = np.zeros((5, 3))
a[:, 0] = 1577836800000 + np.arange(5)
np.save('plain.npy', a)"
    ok umm-db push --columns=0=time,2=x sqlite:a.db numbered plain.npy
    ok umm-db pull --plain -o back.npy sqlite:a.db numbered
    py "assert (np.load('back.npy') == np.load('plain.npy')[:, [0, 2]]).all()"
}

@test "names of tables and columns are names, whatever they are" {
    bars 10
    ok umm-db push sqlite:a.db bars bars.npy
    py "
r = np.zeros(3, [('timestamp', '<M8[ms]'), ('x\"); DROP TABLE bars; --', '<f8')])
r['timestamp'] = np.arange(3) + 1577836800000
np.save('odd.npy', r)"
    for name in 'x"; DROP TABLE bars; --' "it's" 'two words' '?1' ''\''); DELETE FROM bars; --' 'select'; do
        ok umm-db push sqlite:a.db "$name" odd.npy
        ok umm-db push --symbol "$name" --timeframe 1m sqlite:a.db "many $name" odd.npy
        ok umm-db pull --symbol "$name" --timeframe 1m -o back.npy sqlite:a.db "many $name"
        cmp odd.npy back.npy
        ok umm-db verify sqlite:a.db "$name" odd.npy
    done
    ok umm-db verify sqlite:a.db bars bars.npy
    # A file's name is no URI and no place in memory either.
    ok umm-db push 'sqlite::memory:' bars bars.npy
    ok umm-db push 'sqlite:file:x?mode=memory' bars bars.npy
    [[ -s ./:memory: && -s 'file:x?mode=memory' ]]
}

@test "a table has many series, also those of a root, by eight at once" {
    mkdir -p root
    local symbols=() symbol
    for symbol in A B C D E F G BTC%2FUSD; do
        mkdir "root/$symbol"
        bars $((500 + ${#symbols[@]}))
        cp bars.npy "root/$symbol/1m.npy"
        symbols+=("${symbol//%2F//}")
    done
    push_all() {
        local pids=() pid symbol
        for symbol in "${symbols[@]}"; do
            umm-db push --symbol="$symbol" --timeframe=1m sqlite:all.db bars "root/${symbol//\//%2F}/1m.npy" &
            pids+=($!)
        done
        for pid in "${pids[@]}"; do
            wait "$pid" || return
        done
    }
    ok push_all
    ok push_all
    ok umm-db stat --json sqlite:all.db bars
    ((${#lines[@]} == 8))
    [[ ${lines[2]} == '{"table":"bars","symbol":"BTC/USD","timeframe":"1m","rows":507,"first_time":"2020-01-01T00:00:00Z","last_time":"2020-01-01T08:26:00Z"}' ]] || fail "${lines[2]}"
    local list
    list=$(IFS=,; echo "${symbols[*]}")
    ok umm-db push --root root --symbols "$list" --timeframes 1m --metrics a.prom sqlite:root.db bars
    grep -q '^umm_outputs.* 8$' a.prom && grep -q '^umm_failed_outputs.* 0$' a.prom
    ok diff <(umm-db stat sqlite:all.db bars) <(umm-db stat sqlite:root.db bars)
    refuses 1 'umm-db: all.db: bars: the table has rows of many symbols and timeframes; name one with --symbol and --timeframe' \
        umm-db pull sqlite:all.db bars
    refuses 2 "umm-db: --symbol and --timeframe go together
Try 'umm-db --help'." umm-db pull --symbol A sqlite:all.db bars
    capture umm-db push --root root --symbols A,Z --timeframes 1m --missing=skip sqlite:root.db bars
    [[ $status == 3 ]]
}

@test "units of times survive, and ranges are half open" {
    for unit in s ms us ns; do
        py "
r = np.zeros(5, [('t', '<M8[$unit]'), ('x', '<f8')])
r['t'] = np.arange(5) - 2
r['x'] = np.arange(5)
np.save('$unit.npy', r)"
        ok umm-db push sqlite:a.db $unit $unit.npy
        ok umm-db pull -o back.npy sqlite:a.db $unit
        cmp $unit.npy back.npy
    done
    bars 100
    ok umm-db push --from 2020-01-01T00:10 --to 2020-01-01T00:20 sqlite:a.db bars bars.npy
    ok umm-db stat sqlite:a.db bars
    [[ $output == '10 rows, 2020-01-01T00:10:00Z to 2020-01-01T00:19:00Z' ]]
    ok umm-db pull --from 2020-01-01T00:14:00.5 --to 2020-01-01T00:17 -o back.npy sqlite:a.db bars
    py "assert (np.load('back.npy') == np.load('bars.npy')[15:17]).all()"
    ok umm-db verify --from 2020-01-01T00:14 --to 2020-01-01T00:17 sqlite:a.db bars bars.npy
}

@test "an array grows by what is newer" {
    bars 1500
    ok umm-db push sqlite:a.db bars bars.npy
    ok umm-db pull --append -o copy.npy sqlite:a.db bars
    cmp copy.npy bars.npy
    bars 1600
    ok umm-db push sqlite:a.db bars bars.npy
    ok umm-db pull --append --json -o copy.npy sqlite:a.db bars
    [[ $output == *'"rows_written": 100'* && $output == *'"rows_same": 1000'* ]] || fail "$output"
    cmp copy.npy bars.npy
    # A row of the table that is another one is refused, or let be.
    sqlite3 a.db 'UPDATE bars SET close = 1 WHERE timestamp = 1577836800000 + 60000 * 1550'
    refuses 1 'umm-db: a.db: bars: the row of 2020-01-02T01:50:00Z differs from that of the array in close; see --on-revision' \
        umm-db pull --append -o copy.npy sqlite:a.db bars
    ok umm-db pull --append --on-revision=keep -o copy.npy sqlite:a.db bars
    cmp copy.npy bars.npy
    # Types are the array's.
    py "
r = np.zeros(1, [('timestamp', '<M8[s]'), ('close', '>f4')])
r['timestamp'], r['close'] = 1577836800, np.load('bars.npy')[0, 4]
np.save('small.npy', r)"
    ok umm-db pull --append --columns=timestamp,close -o small.npy sqlite:a.db bars
    py "
r, a = np.load('small.npy'), np.load('bars.npy')
assert len(r) == 1600 and (r['close'][:1500] == a[:1500, 4]).all() and r['close'].dtype == '>f4'"
    sqlite3 a.db "INSERT INTO bars VALUES (1677836800000, 0, 0, 0, 0.1, 0)"
    refuses 1 'umm-db: a.db: bars: row 1000, column close: does not fit into 4 bytes exactly' \
        umm-db pull --append --columns=timestamp,close -o small.npy sqlite:a.db bars
    no_leftovers
}

@test "killed at any moment, a table has its old rows or the new ones" {
    bars 2000
    PLACE=sqlite:old.db TABLE=bars
    ok umm-db push "$PLACE" $TABLE bars.npy
    bars 4000
    export PLACE=sqlite:a.db TABLE
    kills 100 "
import shutil, sqlite3
old, new = 2000, 4000
def before():
    for name in os.listdir('.'):
        if name.startswith('a.db'):
            os.remove(name)
    shutil.copy('old.db', 'a.db')
def after():
    db = sqlite3.connect('a.db')
    assert db.execute('PRAGMA quick_check').fetchone() == ('ok',)
    n = db.execute('SELECT count(*) FROM bars').fetchone()[0]
    db.close()
    return n"
    ok umm-db verify sqlite:a.db bars bars.npy
    [[ $output == *'PASS: 4000 '* ]]
}

@test "rows that have a value are pulled, and no others" {
    sqlite3 a.db 'CREATE TABLE q (t INTEGER_MS PRIMARY KEY, x, y REAL, n INTEGER, note TEXT)' \
        "INSERT INTO q VALUES (1577836800000, 1.5, 0.1, 3, 'a'), (1577836800001, 'a', 0.2, 4, 'it''s'), (1577836800002, 2, 0.3, 4, '5')"
    pulled sqlite:a.db <<'END'
note=a 0.1
note=it's 0.2
note=5 0.3
note=
y=0.1 0.1
n=4 0.2 0.3
n=4.0 0.2 0.3
x=a 0.2
x=2.0 0.3
note=a'OR'1'='1
END
    ok umm-db pull --columns=t,y --where=n=4 --where=x=2 --from 2020-01-01 --to 2020-01-02 -o back.npy sqlite:a.db q
    py "assert np.load('back.npy')['y'].tolist() == [0.3]"
    # An array of such rows grows by such rows.
    sqlite3 a.db "INSERT INTO q VALUES (1577836800003, 2, 0.4, 4, ''), (1577836800004, 2, 0.5, 5, '')"
    ok umm-db pull --append --columns=t,y --where=n=4 --where=x=2 -o back.npy sqlite:a.db q
    py "assert np.load('back.npy')['y'].tolist() == [0.3, 0.4]"
    refuses 1 'umm-db: a.db: column n has numbers, and "four" is none' umm-db pull --columns=t,y --where=n=four sqlite:a.db q
    refuses 1 'umm-db: a.db: q: the table has no column m; it has t, x, y, n, note' umm-db pull --columns=t,y --where=m=1 sqlite:a.db q
}

@test "counts that are none of the unit are refused" {
    bars 3
    sqlite3 a.db 'CREATE TABLE u (timestamp INTEGER PRIMARY KEY, open, high, low, close, volume)'
    ok umm-db push --time-unit=ms sqlite:a.db u bars.npy
    ok umm-db verify --time-unit=ms sqlite:a.db u bars.npy
    local command input
    for command in 'pull -o back.npy' stat verify push; do
        input=()
        [[ $command != push && $command != verify ]] || input=(bars.npy)
        # shellcheck disable=SC2086 # a command and its options
        capture umm-db $command --time-unit=s sqlite:a.db u "${input[@]}"
        [[ $status == 1 && $stderr == "umm-db: a.db: u: column timestamp has 1577836"*", which is no time in s: its year is not 1 to 9999; see --time-unit" ]] ||
            fail "$command: $stderr"
    done
    [[ ! -e back.npy ]]
}

@test "files that cannot be read, written or locked are one clear error" {
    bars 10
    refuses 1 'umm-db: a.db: cannot open: No such file or directory' umm-db pull sqlite:a.db bars
    refuses 1 'umm-db: no.npy: cannot open: No such file or directory' umm-db push sqlite:a.db bars no.npy
    [[ ! -e a.db ]]
    head -c 300 bars.npy >short.npy
    refuses 1 'umm-db: short.npy: array data is short by 308 bytes' umm-db push sqlite:a.db bars short.npy
    [[ ! -e a.db ]]
    refuses 1 'umm-db: no/a.db: cannot open: No such file or directory' umm-db push sqlite:no/a.db bars bars.npy
    ok umm-db push sqlite:a.db bars bars.npy
    refuses 1 'umm-db: a.db: other: there is no such table' umm-db pull sqlite:a.db other
    refuses 1 'umm-db: a.db: other: there is no such table; --create yes makes it' umm-db push --create=no sqlite:a.db other bars.npy
    cp bars.npy wrong.db
    refuses 1 'umm-db: wrong.db: cannot begin: file is not a database' umm-db push sqlite:wrong.db bars bars.npy
    cmp wrong.db bars.npy
    refuses 2 "umm-db: push: PLACE is sqlite:FILE, postgresql://HOST/NAME, or a connection string of libpq
Try 'umm-db --help'." umm-db push a.db bars bars.npy
    refuses 2 "umm-db: pull: --on-revision is error or keep: rows of an array are not replaced
Try 'umm-db --help'." umm-db pull --on-revision=replace sqlite:a.db bars
    # Another writer has it.
    "$PY" -c "import sqlite3, time
db = sqlite3.connect('a.db', isolation_level=None)
db.execute('BEGIN EXCLUSIVE')
open('held', 'w')
time.sleep(600)" 3>&- &
    local holder=$!
    wait_until $holder 'the lock' test -e held
    refuses 1 'umm-db: a.db: another process has it locked' umm-db push --lock=fail sqlite:a.db bars bars.npy
    refuses 1 'umm-db: a.db: another process has it locked' umm-db push --lock-timeout=100ms sqlite:a.db bars bars.npy
    kill $holder
    wait $holder || true
    ok umm-db push sqlite:a.db bars bars.npy
    if ((EUID)); then
        chmod a-w a.db
        refuses 1 'umm-db: a.db: cannot write: Permission denied' umm-db push sqlite:a.db bars bars.npy
    fi
}

@test "memory is bounded on 2,000,000 rows" {
    [[ -z ${UMM_SAN-} ]] || skip 'sanitizers keep what is freed'
    umm-synth --rows 2000000 | umm-convert -o big.npy -
    ok "$PY" - <<'END'
import resource, subprocess
for command in (['push', 'sqlite:a.db', 'bars', 'big.npy'], ['pull', '-o', 'back.npy', 'sqlite:a.db', 'bars']):
    subprocess.run(['umm-db', *command], check=True)
# The array has 96 MB.
used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
assert used < 24, used
END
    cmp big.npy back.npy
}
