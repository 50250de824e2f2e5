#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154  # bats sets status, output, stderr and lines
# shellcheck disable=SC2016  # what inner shells and Python expand

load helper

# refuses MESSAGE ARGUMENT...: usage error, this line and the hint, no output.
refuses() {
    local message=$1
    shift
    run --separate-stderr umm-synth "$@"
    [ "$status" -eq 2 ] || { echo "status $status"; return 1; }
    [ -z "$output" ] || { echo "stdout: $output"; return 1; }
    [ "$stderr" = "umm-synth: $message
Try 'umm-synth --help'." ] || { echo "stderr: $stderr"; return 1; }
}

# first_lines N ARGUMENT...: like run, on the first N lines with CR shown as ^M.
first_lines() {
    local n=$1
    shift
    umm-synth "$@" > all.csv 2> errors
    [ ! -s errors ] || return 1
    run --separate-stderr sh -c 'head -n "$1" all.csv | sed "s/\r$/^M/"' - "$n"
}

@test "the default is a header and 1000 plain rows, one minute apart from 2020 on" {
    ok umm-synth -o out.csv
    [ "$(wc -l < out.csv)" -eq 1001 ]
    [ "$(head -n 1 out.csv)" = timestamp,open,high,low,close,volume ]
    [ "$(sed -n 2p out.csv | cut -d, -f1)" = 1577836800000 ]
    [ "$(tail -n 1 out.csv | cut -d, -f1)" = 1577896740000 ]
}

@test "the bytes are the same on every machine" {
    umm-synth > out.csv
    run sha256sum out.csv
    [ "${output%% *}" = b0b0febb1ba8b856006e464c7b2346dcd391dd3ddb6502bd6f5be140a8726796 ]
    for layout in binance yahoo cryptodatadownload stooq metatrader histdata dukascopy backtrader iso; do
        umm-synth --layout "$layout" --messy --rows 3000
    done > all.csv
    run sha256sum all.csv
    [ "${output%% *}" = 258e581609ac4a294bb1f62c6c7396840e6c55686e63127de72e9f7bb546ab68 ]
}

@test "the same options give the same bytes, in a file and in a pipe, whatever the locale" {
    umm-synth --rows 5000 -o a.csv
    LC_ALL=de_DE.UTF-8 TZ=Asia/Tokyo umm-synth --rows 5000 | cat > b.csv
    cmp a.csv b.csv
}

@test "another seed and another symbol give other bars" {
    umm-synth -o a.csv
    umm-synth --seed 2 -o b.csv
    umm-synth --symbol BTCUSD -o c.csv
    [ "$(sort a.csv b.csv c.csv | uniq -d | wc -l)" -eq 1 ] # the header
}

@test "more rows only add to the end" {
    umm-synth --rows 700 --messy -o a.csv
    umm-synth --rows 2100 --messy -o b.csv
    head -c "$(wc -c < a.csv)" b.csv | cmp - a.csv
}

@test "--rows is the number of rows" {
    for n in 1 2 999 54321; do
        [ "$(umm-synth --no-header --rows $n | wc -l)" -eq $n ]
    done
    [ "$(umm-synth --rows 010 | wc -l)" -eq 11 ]
}

@test "bars are possible and positive, in every layout and over decades" {
    cat > check.py <<'PY'
import csv, sys
first = {'binance': 1, 'cryptodatadownload': 2, 'stooq': 4, 'metatrader': 2, 'backtrader': 2}
volume = {'yahoo': 6}
separator = {'metatrader': '\t', 'histdata': ';'}
layout = sys.argv[1]
f = first.get(layout, 1)
n = 0
for row in csv.reader(sys.stdin, delimiter=separator.get(layout, ',')):
    o, h, l, c = map(float, row[f:f + 4])
    assert 0 < l <= min(o, c) <= max(o, c) <= h, row
    v = row[volume.get(layout, f + 4)]
    assert float(v) > 0 and len(v.partition('.')[2]) <= 8, row
    n += 1
assert n == 3000, n
PY
    for layout in plain binance yahoo cryptodatadownload stooq metatrader histdata dukascopy \
        backtrader iso; do
        for timeframe in 1d 1w; do
            umm-synth --layout $layout --timeframe $timeframe --rows 3002 --start 1950-01-01 |
                tail -n 3000 > rows
            ok "$PY" check.py $layout < rows
        done
    done
}

@test "plain volumes have 3 to 8 significant digits and at most 8 decimals" {
    umm-synth --no-header --rows 2000 -o rows
    cut -d, -f6 rows | tr -d . | sed 's/^0*//' | awk '{ n[length($0)]++ }
        END { for (i in n) if (i < 3 || i > 8) exit 1; for (i = 3; i <= 8; i++) if (!n[i]) exit 1 }'
}

# ---- layouts ----------------------------------------------------------------

@test "layout binance: 12 columns, closing time, 8 decimals" {
    first_lines 2 --layout binance --timeframe 1h --rows 5
    [ "${lines[0]}" = open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore ]
    [[ ${lines[1]} =~ ^1577836800000(,[0-9]+\.[0-9]{8}){5},1577840399999,[0-9]+\.[0-9]{8},[0-9]+(,[0-9]+\.[0-9]{8}){2},0$ ]]
    [ "$(wc -l < all.csv)" -eq 6 ]
}

@test "layout yahoo: dates a day apart, adjusted close before the volume" {
    first_lines 3 --layout yahoo --rows 5
    [ "${lines[0]}" = "Date,Open,High,Low,Close,Adj Close,Volume" ]
    [[ ${lines[1]} =~ ^2020-01-01(,[0-9]+\.[0-9]{6}){5},[0-9]+$ ]]
    [[ ${lines[2]} =~ ^2020-01-02, ]]
}

@test "layout cryptodatadownload: banner, CRLF, newest first, hours of a 12-hour clock" {
    first_lines 99 --layout cryptodatadownload --symbol BTCUSD --rows 14
    [ "${#lines[@]}" -eq 16 ]
    [ "${lines[0]}" = "Timestamps are UTC timezone,https://www.CryptoDataDownload.com^M" ]
    [ "${lines[1]}" = "date,symbol,open,high,low,close,volume_btc,volume^M" ]
    [[ ${lines[2]} =~ ^2020-01-01\ 01-PM,BTCUSD(,[0-9]+(\.[0-9]{1,2})?){6}\^M$ ]]
    [[ ${lines[3]} =~ ^2020-01-01\ 12-PM, ]]
    [[ ${lines[4]} =~ ^2020-01-01\ 11-AM, ]]
    [[ ${lines[15]} =~ ^2020-01-01\ 12-AM, ]]
    [ "$(grep -c $'\r$' all.csv)" -eq 16 ]
}

@test "layout stooq: ticker, period, date and time as digits" {
    first_lines 2 --layout stooq --symbol AAPL.US --timeframe 5m --start 1984-09-07T13:05:00 --rows 2
    [ "${lines[0]}" = "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>" ]
    [[ ${lines[1]} =~ ^AAPL.US,5,19840907,130500(,[0-9]+\.[0-9]{4}){4},[0-9]+,0$ ]]
    for pair in 1d=D 1w=W 1mo=M 1h=60 2d=2D 30s=30s; do
        [ "$(umm-synth --layout stooq --timeframe ${pair%=*} --no-header --rows 1 | cut -d, -f2)" = ${pair#*=} ]
    done
}

@test "layout metatrader: tabs, date and time in two columns" {
    first_lines 3 --layout metatrader --timeframe 5m --start 2025-06-23 --rows 2
    [ "${lines[0]}" = $'<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>' ]
    [[ ${lines[2]//$'\t'/|} =~ ^2025\.06\.23\|00:05:00(\|[0-9]+\.[0-9]{5}){4}\|[0-9]+\|0\|[0-9]+$ ]]
}

@test "layout histdata: semicolons, no header, five hours behind UTC" {
    first_lines 9 --layout histdata --start 2011-01-03T14:01:00Z --rows 2
    [ "${#lines[@]}" -eq 2 ]
    [[ ${lines[0]} =~ ^20110103\ 090100(\;[0-9]+\.[0-9]{6}){4}\;[0-9]+$ ]]
    first_lines 1 --layout histdata --start 2011-07-01T02:00:00Z --rows 1
    [[ ${lines[0]} =~ ^20110630\ 210000\; ]]
}

@test "layout dukascopy: day first, GMT in the time" {
    first_lines 2 --layout dukascopy --start 2021-10-11T17:30:00 --rows 1
    [ "${lines[0]}" = "Gmt time,Open,High,Low,Close,Volume" ]
    [[ ${lines[1]} =~ ^11\.10\.2021\ 17:30:00\.000\ GMT\+0000(,[0-9]+\.[0-9]{5}){4},[0-9.]+$ ]]
}

@test "layout backtrader: CRLF, 7 names over 8 fields" {
    first_lines 2 --layout backtrader --start 2006-01-02T09:01:00 --rows 3
    [ "${lines[0]}" = "Date,Open,High,Low,Close,Volume,OpenInterest^M" ]
    [[ ${lines[1]} =~ ^2006-01-02,09:01:00(,[0-9]+\.[0-9]{2}){4},[0-9]+,0\^M$ ]]
}

@test "layout iso shows the bars of plain" {
    umm-synth --rows 500 --timeframe 15m > plain.csv
    first_lines 3 --layout iso --rows 500 --timeframe 15m
    [[ ${lines[2]} =~ ^2020-01-01T00:15:00Z, ]]
    cmp <(cut -d, -f2- plain.csv) <(cut -d, -f2- all.csv)
}

# ---- times ------------------------------------------------------------------

@test "timeframes: every unit, and months that end where they must" {
    for pair in 1s=1000 90s=90000 5m=300000 4h=14400000 1d=86400000 2w=1209600000; do
        run umm-synth --no-header --timeframe "${pair%=*}" --rows 3 --start 1969-12-31T23:59:59
        [ $((${lines[2]%%,*} - ${lines[1]%%,*})) -eq "${pair#*=}" ]
        [ "${lines[0]%%,*}" = -1000 ]
    done
    run sh -c 'umm-synth --layout iso --no-header --timeframe 1mo --rows 14 --start 2023-12-31T06:00:00 | cut -c1-19'
    [ "${lines[0]}" = 2023-12-31T06:00:00 ]
    [ "${lines[2]}" = 2024-02-29T06:00:00 ]
    [ "${lines[4]}" = 2024-04-30T06:00:00 ]
    [ "${lines[13]}" = 2025-01-31T06:00:00 ]
}

@test "dates agree with Python over centuries" {
    umm-synth --layout iso --no-header --timeframe 37h --start 1850-02-27T22:59:58 --rows 70000 -o rows
    ok "$PY" -c '
import datetime as d
t = d.datetime(1850, 2, 27, 22, 59, 58)
for line in open("rows"):
    assert line.startswith(t.strftime("%Y-%m-%dT%H:%M:%SZ,")), (line, t)
    t += d.timedelta(hours=37)'
}

@test "--start takes dates, times and offsets" {
    for start in 2021-03-04 "2021-03-04 00:00" 2021-03-04T00:00:00Z 2021-03-04T05:30:00+05:30; do
        [ "$(umm-synth --start "$start" --no-header --rows 1 | cut -d, -f1)" = 1614816000000 ]
    done
}

# ---- text -------------------------------------------------------------------

@test "--no-header, --quote-all and --crlf change the text, not the bars" {
    for layout in plain cryptodatadownload metatrader backtrader; do
        umm-synth --layout $layout > plain.csv
        umm-synth --layout $layout --quote-all --crlf > quoted.csv
        [ "$(grep -c $'^".*"\r$' quoted.csv)" -eq "$(wc -l < plain.csv)" ]
        cmp <(tr -d '"\r' < quoted.csv) <(tr -d '\r' < plain.csv)
        ok "$PY" -c '
import csv
a, b = (open(n, newline="").read().replace("\r", "") for n in ("plain.csv", "quoted.csv"))
s = "\t" if "\t" in a else ","
assert a.replace(s, "\"" + s + "\"").replace("\n", "\"\n\"") == b[1:] + "\""'
    done
    umm-synth --no-header | cmp - <(umm-synth | tail -n +2)
    umm-synth --layout cryptodatadownload --no-header | cmp - <(umm-synth --layout cryptodatadownload | tail -n +3)
}

@test "--messy: of each 1000 rows, as many of each kind as the manual says" {
    cat > count.py <<'PY'
import collections, re, sys
crlf, quoted = (x in sys.argv for x in ('--crlf', '--quote-all'))
blank = False
rows = []
for line in open('rows', newline=''):
    ending = '\r\n' if line.endswith('\r\n') else '\n'
    text = line[:-len(ending)]
    if not text:
        assert not blank
        blank = True
        continue
    cells = text.split(',')
    is_quoted = text.startswith('"')
    assert all((c[:1] == '"' and c[-1:] == '"') == is_quoted for c in cells)
    bare = [c.strip('"') for c in cells]
    kinds = [k for k, is_so in {
        'quoted': is_quoted != quoted, 'ending': (ending == '\r\n') != crlf, 'blank': blank,
        'missing': '' in bare[1:5], 'text': any(c.endswith('x') for c in bare[1:5]),
        'short': len(cells) == 5, 'long': len(cells) == 7 and bare[6] == 'extra'}.items() if is_so]
    assert len(kinds) <= 1, (kinds, text)
    if not kinds:
        assert re.fullmatch(r'\d+(,\d+\.\d\d){4},\d+(\.\d+)?', ','.join(bare)), text
    rows += kinds or ['clean']
    blank = False
want = dict(quoted=40, ending=40, blank=10, missing=10, text=3, short=2, long=2)
want['clean'] = 1000 - sum(want.values())
assert len(rows) == 7300
places = set()
for i in range(0, 7000, 1000):
    got = collections.Counter(rows[i:i + 1000])
    assert got == want, (i, got)
    places.add(tuple(k == 'text' for k in rows[i:i + 1000]))
assert len(places) == 7
rest = collections.Counter(rows[7000:])
assert all(rest[k] <= want[k] for k in want)
PY
    for options in "" --crlf --quote-all; do
        # shellcheck disable=SC2086
        umm-synth --messy --no-header --rows 7300 $options -o rows
        ok "$PY" count.py $options
    done
}

@test "--messy leaves the clean rows as they are" {
    umm-synth --rows 3000 | sort > clean
    umm-synth --rows 3000 --messy | tr -d '"\r' | sort > messy
    [ "$(comm -12 clean messy | wc -l)" -eq $((3001 - 3 * 17)) ]
}

# ---- many symbols, positions ------------------------------------------------

@test "--symbols mixes the bars that each symbol has alone" {
    local i layout
    for layout in plain iso binance; do
        umm-synth --symbols 3 --symbol X --rows 3001 --layout $layout -o mixed.csv
        [[ $(head -n 1 mixed.csv) == symbol,* && $(wc -l < mixed.csv) -eq 3002 ]]
        [ "$(sed -n '2,5s/,.*//p' mixed.csv | tr '\n' ' ')" = "X1 X2 X3 X1 " ]
        for i in 1 2 3; do
            cmp <(umm-synth --symbol X$i --rows $((1000 + (i == 1))) --layout $layout) \
                <(grep -E "^(symbol|X$i)," mixed.csv | cut -d, -f2-)
        done
    done
    [ "$(umm-synth --symbols 2 --rows 2 --quote-all --no-header --crlf | cut -d, -f1 | tr '\n' ' ')" = '"SYNTH1" "SYNTH2" ' ]
    cmp <(umm-synth --symbols 7 --rows 700 --messy) <(umm-synth --symbols 7 --rows 2100 --messy | head -n 707)
    ok umm-features -f sma:2 --by symbol --follow <(umm-synth --symbols 5 --rows 50)
    [ "${#lines[@]}" -eq 51 ]
}

@test "--positions is a day whose prices are the closes of the same bars" {
    umm-synth --symbols 3 --seed 7 --rows 3000 -o bars.csv
    umm-synth --symbols 3 --seed 7 --rows 3000 --positions 11 -o events.csv
    cat > check.py <<'PY'
import csv
bars = [(b['symbol'], b['timestamp'], b['close']) for b in csv.DictReader(open('bars.csv'))]
events = list(csv.DictReader(open('events.csv')))
assert list(events[0]) == 'event,time,id,symbol,side,entry,take_profit,stop_loss,price'.split(',')
assert [(e['symbol'], e['time'], e['price']) for e in events if e['event'] == 'price'] == bars
price, now, is_open, seen, n_open, held = {}, 0, {}, set(), 11, []
for e in events:
    assert int(e['time']) >= now
    now = int(e['time'])
    if e['event'] == 'price':
        price[e['symbol']] = (e['price'], e['time'])
        assert e['id'] == e['side'] == e['entry'] == e['take_profit'] == e['stop_loss'] == ''
        continue
    assert e['price'] == ''
    if e['event'] == 'close':
        position = is_open.pop(e['id'])
        assert not e['symbol'] and not e['side'] and price[position['symbol']][1] == e['time']
        held.append((now - int(position['time'])) // 60000)
        continue
    assert price[e['symbol']][1] == e['time']
    assert e['event'] == 'open' and e['id'] not in seen and e['entry'] == price[e['symbol']][0]
    seen.add(e['id'])
    is_open[e['id']] = e
    entry, take, stop = (float(e[k]) for k in ('entry', 'take_profit', 'stop_loss'))
    assert 0 < stop < entry < take if e['side'] == 'long' else 0 < take < entry < stop, e
    assert len(is_open) <= n_open
assert len(is_open) == n_open and {e['side'] for e in events} == {'', 'long', 'short'}
assert len(held) > 100 and max(held) <= 135 and min(held) >= 1
PY
    ok "$PY" check.py
    cmp <(umm-synth --symbols 3 --seed 7 --rows 600 --positions 11) <(head -n "$(umm-synth --symbols 3 --seed 7 --rows 600 --positions 11 | wc -l)" events.csv)
    cmp events.csv <(umm-synth --symbols 3 --seed 7 --rows 3000 --positions 11 --rate 1000000)
    ! cmp -s events.csv <(umm-synth --symbols 3 --seed 8 --rows 3000 --positions 11) || false
    run sha256sum events.csv
    [ "${output%% *}" = cab110f58c7f0b86282b20ea4731d9fc560de12e6bb436d4da6045ac033a5d85 ]
    [ "$(umm-synth --positions 2 --rows 1 --no-header | cut -d, -f1,4 | tr '\n' ' ')" = "price,SYNTH open,SYNTH open,SYNTH " ]
}

@test "memory does not grow with rows or positions" {
    [[ -z ${UMM_EMULATED-} ]] || skip "memory is the emulator's"
    ok "$PY" -c '
import os, subprocess
def peak(*options):
    p = subprocess.Popen(["umm-synth", "-o", "/dev/null", *options])
    _, code, usage = os.wait4(p.pid, 0)
    assert code == 0
    return usage.ru_maxrss
few = peak("--rows=10", "--symbols=10", "--positions=10")
many = peak("--rows=20000", "--symbols=10", "--positions=100000")
assert many < few + 1024, (few, many)'
}

# ---- output -----------------------------------------------------------------

@test "--rate writes rows when they are due, whole lines each" {
    # Who is kept from reading finds several rows at once: the slower they come, the fewer.
    ok "$PY" -c '
import os, subprocess, time
for rate in 50, 10, 2:
    begin = time.monotonic()
    p = subprocess.Popen(["umm-synth", f"--rate={rate}", "--rows=13", "--no-header"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    n_reads, data = 0, b""
    while piece := os.read(p.stdout.fileno(), 65536):
        assert piece.endswith(b"\n")
        data += piece
        n_reads += 1
    took = time.monotonic() - begin
    assert p.wait() == 0 and p.stderr.read() == b""
    assert data.count(b"\n") == 13
    # The first goes out at once.
    assert 12 / rate <= took < 12 / rate + 30, took
    if n_reads > 5:
        break
else:
    raise SystemExit("not when they were due")'
}

@test "--rate gives the same bytes" {
    cmp <(umm-synth --rows 3000 --rate 1000000) <(umm-synth --rows 3000)
}

@test "an interrupt ends a paced run at once, after whole lines, by the signal" {
    ok "$PY" -c '
import signal, subprocess, time
# At once is before the next row is due, a second later; a busy machine gets some tries.
for _ in range(10):
    p = subprocess.Popen(["umm-synth", "--rate", "1", "--rows", "1000"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    p.stdout.readline()
    p.stdout.readline()
    t0 = time.monotonic()
    p.send_signal(signal.SIGINT)
    out, err = p.communicate(timeout=60)
    took = time.monotonic() - t0
    assert p.returncode == -signal.SIGINT, p.returncode
    assert err == b"" and (out == b"" or out.endswith(b"\n")), (out, err)
    if took < 0.5:
        break
else:
    raise SystemExit(f"{took} s")'
}

@test "an interrupt ends a run whose reader does not read" {
    ok "$PY" -c '
import signal, subprocess, waiting
p = subprocess.Popen(["umm-synth", "--rows", "1000000"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
waiting.wait_until(lambda: waiting.bytes_in(p.stdout) > 0 and waiting.is_asleep(p), "a full pipe", p)
p.send_signal(signal.SIGTERM)
assert p.wait(timeout=60) == -signal.SIGTERM
assert p.stderr.read() == b""'
}

@test "an interrupted run leaves the old file and no temporary one" {
    echo old > out.csv
    "$PY" -c '
import os, signal, subprocess, waiting
p = subprocess.Popen(["umm-synth", "--rate", "10", "-o", "out.csv"])
waiting.wait_until(lambda: os.path.exists(".out.csv.umm-0"), "an output", p)
p.send_signal(signal.SIGHUP)
assert p.wait(timeout=60) == -signal.SIGHUP'
    [ "$(cat out.csv)" = old ]
    [ "$(find . -name '.out*' | wc -l)" -eq 0 ]
}

@test "an output costs the same system calls in an empty and in a full directory" {
    [[ -z ${UMM_EMULATED-} ]] || skip "system calls are the emulator's"
    mkdir empty full
    touch full/{0..999} full/.{0..999}.umm-0
    for dir in empty full; do
        # A sanitizer build's leak check does not work under strace.
        ok strace -qq -f -E "ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0" -e trace=%file,%desc -o log \
            umm-synth --rows 1 -o "$dir/out.csv"
        ! grep getdents log || false
        # From the open directory of the output on.
        sed -n '/O_PATH/,$s/^[0-9]* *\([a-z0-9_]*\)(.*/\1/p' log > "$dir.calls"
    done
    cmp empty.calls full.calls
    calls=$(wc -l < full.calls)
    echo "$calls calls"
    ((calls >= 15 && calls <= 36))
    [ "$(find full | wc -l)" -eq 2002 ]
}

@test "a reader that leaves ends the run quietly" {
    ok bash -c 'umm-synth --rows 10000000 | head -n 1; echo "${PIPESTATUS[0]}"'
    [ "${lines[0]}" = timestamp,open,high,low,close,volume ]
    [ "${lines[1]}" -eq 141 ] # 128 and SIGPIPE
    ok bash -c 'umm-synth --rows 100 --rate 200 | head -n 1'
}

@test "a full disk is one line and exit 1" {
    run --separate-stderr sh -c 'umm-synth > /dev/full'
    [ "$status" -eq 1 ]
    [ "$stderr" = "umm-synth: standard output: cannot write: No space left on device" ]
    run --separate-stderr umm-synth -o /dev/full
    [ "$status" -eq 1 ]
    [ "$stderr" = "umm-synth: /dev/full: cannot write: No space left on device" ]
    [ -c /dev/full ]
}

@test "-o replaces a file, and - is standard output" {
    echo old > out.csv
    ok umm-synth --rows 3 --output=out.csv
    [ -z "$output" ]
    cmp out.csv <(umm-synth --rows 3)
    cmp out.csv <(umm-synth --rows 3 -o -)
}

@test "an output that cannot be written is one line and exit 1" {
    run --separate-stderr umm-synth -o missing/out.csv
    [ "$status" -eq 1 ]
    [[ $stderr == "umm-synth: "*": No such file or directory" ]]
    [ "${#stderr_lines[@]}" -eq 1 ]
    mkdir dir
    run --separate-stderr umm-synth -o dir
    [ "$status" -eq 1 ]
    [ "$stderr" = "umm-synth: dir: cannot write: Is a directory" ]
}

# ---- usage ------------------------------------------------------------------

@test "bad numbers of rows are refused" {
    for rows in 0 -5 +5 1.5 1e3 "" " 7" 1000000000001 99999999999999999999999; do
        refuses "--rows takes a number from 1 to 1000000000000, not \"$rows\"" --rows="$rows"
    done
}

@test "bad seeds and rates are refused" {
    refuses '--seed takes a number from 0 to 18446744073709551615, not "-1"' --seed -1
    refuses '--seed takes a number from 0 to 18446744073709551615, not "18446744073709551616"' \
        --seed 18446744073709551616
    refuses '--rate takes a number from 1 to 1000000000, not "0"' --rate 0
    refuses '--rate takes a number from 1 to 1000000000, not "1000000001"' --rate 1000000001
}

@test "bad timeframes are refused" {
    for span in 0m m 1 1M 1y -1h 1.5h "1 h" 1mom 1201mo 5219w 99999999999999999999s; do
        refuses "--timeframe takes a number and s, m, h, d, w or mo, up to 100 years, not \"$span\"" \
            --timeframe="$span"
    done
}

@test "bad starts are refused" {
    for start in yesterday 2020-02-30 2020-13-01 2020-01-01T25:00 1577836800 2020-01-01T00:00:00.5 ""; do
        refuses "--start takes a date or a time in whole seconds, ISO 8601, not \"$start\"" \
            --start="$start"
    done
}

@test "what cannot have many symbols or positions is refused" {
    local layout text
    for layout in yahoo cryptodatadownload stooq metatrader histdata dukascopy backtrader; do
        refuses "layout $layout cannot show many symbols: plain, iso and binance can" --symbols 2 --layout $layout
    done
    for layout in iso binance yahoo; do
        refuses "layout $layout cannot show positions: only plain can" --positions 2 --layout $layout
    done
    refuses 'events have no dirt, and need no quotes' --positions 2 --messy
    refuses 'events have no dirt, and need no quotes' --positions 2 --quote-all
    text='a symbol has 1 to 32 of A-Z a-z 0-9 . _ - / ^ =, with its number'
    refuses "$text" --symbols 100 --symbol AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
    ok umm-synth --rows 100 --symbols 99 --symbol AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA -o /dev/null
    refuses '--symbols takes a number from 1 to 100000, not "0"' --symbols 0
    refuses '--positions takes a number from 1 to 10000000, not "10000001"' --positions 10000001
    ok umm-synth --timeframe 1mo --symbols 10 --rows 957590 -o /dev/null
    refuses 'the bars do not fit in the years 1 to 9999' --timeframe 1mo --symbols 10 --rows 957591
}

@test "unknown layouts and bad symbols are refused" {
    refuses '--layout takes the name of a layout, not "Plain"' --layout Plain
    refuses '--layout takes the name of a layout, not "\x1b[31m"' --layout $'\e[31m'
    for symbol in "" "A B" A,B 'A"B' AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA; do
        refuses "a symbol has 1 to 32 of A-Z a-z 0-9 . _ - / ^ =" --symbol="$symbol"
    done
}

@test "what a layout cannot show is refused, before the output is touched" {
    refuses "layout yahoo cannot show this timeframe: its rows show whole days" \
        --layout yahoo --timeframe 1m -o out.csv
    refuses "layout yahoo cannot show this start: its rows show whole days" \
        --layout yahoo --start 2020-01-01T12:00 -o out.csv
    refuses "layout cryptodatadownload cannot show this timeframe: its rows show whole hours" \
        --layout cryptodatadownload --timeframe 90m -o out.csv
    refuses "the bars do not fit in the years 1 to 9999" --start 9999-12-31 --rows 1441 -o out.csv
    refuses "the bars do not fit in the years 1 to 9999" --timeframe 100w --rows 1000000000000
    refuses "the bars do not fit in the years 1 to 9999" --timeframe 1mo --rows 95761
    refuses "the bars do not fit in the years 1 to 9999" --layout histdata --start 0001-01-01
    [ ! -e out.csv ]
    umm-synth --timeframe 1mo --rows 95759 > /dev/null
}

@test "unknown options, missing arguments and operands are refused" {
    run --separate-stderr umm-synth --frobnicate
    [ "$status" -eq 2 ]
    [ "${stderr_lines[0]}" = "umm-synth: unknown option '--frobnicate'" ]
    refuses "option '--rows' requires an argument" --rows
    refuses 'unexpected operand "file.csv"' file.csv
    refuses 'unexpected operand "file.csv"' --rows 1 -- file.csv
}

@test "--help and --version" {
    ok umm-synth --help
    [ "${lines[0]}" = "Usage: umm-synth [options]" ]
    ok umm-synth -h
    ok umm-synth --version
    [[ $output =~ ^umm-synth\ \(umm\)\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
}

@test "the manual's examples run" {
    page=$BATS_TEST_DIRNAME/../man/umm-synth.1
    sed -n '/^\.Sh EXAMPLES/,/^\.Sh SEE/s/^\$ //p' "$page" > examples
    [ "$(wc -l < examples)" -ge 5 ]
    while read -r command; do
        ok bash -o pipefail -c "$command"
    done < examples
    [ "$(wc -l < day.csv)" -eq 1441 ]
}
