#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What digits mean in a column of times, and what is said where nothing tells.
# shellcheck disable=SC2016

load helper

export PYTHONPATH=$BATS_TEST_DIRNAME/ref

NAMES=timestamp,open,high,low,close,volume

# A file of bars whose times are the arguments after the first, its name.
bars() {
    local file=$1
    shift
    printf '%s\n' $NAMES >"$file"
    printf '%s,1,2,0.5,1.5,100\n' "$@" >>"$file"
}

# The times in the array $1 must be those after it, in ISO 8601.
times_are() {
    local array=$1
    shift
    diff <(umm-mmap-slice "$array" --columns=timestamp --format=csv --time-format=iso | tail -n +2) <(printf '%s\n' "$@")
}

@test "digits that could be epochs or dates are refused with both readings" {
    bars h.csv 2024123122 2024123123 2025010100
    refuses 1 'umm-convert: h.csv:2:1: timestamp is ambiguous: "2024123122" could be an epoch in seconds (2034-02-21T08:25:22Z) or YYYYMMDDHH (2024-12-31T22:00:00); use --time-unit-in=s or --time-format=%Y%m%d%H' \
        umm-convert -o x.npy h.csv
    [ ! -e x.npy ]
    ok umm-convert --time-format=%Y%m%d%H -o x.npy h.csv
    times_are x.npy 2024-12-31T22:00:00Z 2024-12-31T23:00:00Z 2025-01-01T00:00:00Z
    ok umm-convert --time-unit-in=s -o x.npy h.csv
    times_are x.npy 2034-02-21T08:25:22Z 2034-02-21T08:25:23Z 2034-03-03T14:48:20Z
    bars m.csv 2401020930 2401020931
    refuses 1 'umm-convert: m.csv:2:1: timestamp is ambiguous: "2401020930" could be an epoch in seconds (2046-01-31T14:15:30Z) or YYMMDDhhmm (2024-01-02T09:30:00); use --time-unit-in=s or --time-format=%y%m%d%H%M' \
        umm-convert -o x.npy m.csv
    bars lost.csv 501020930
    refuses 1 'umm-convert: lost.csv:2:1: timestamp is ambiguous: "501020930" could be an epoch in seconds (1985-11-16T20:28:50Z) or YYMMDDhhmm (2005-01-02T09:30:00); use --time-unit-in=s or --time-format=%-y%m%d%H%M' \
        umm-convert -o x.npy lost.csv
    ok umm-convert --time-format=%-y%m%d%H%M -o x.npy lost.csv
    times_are x.npy 2005-01-02T09:30:00Z
    bars t.csv 637450650000000000
    refuses 1 'umm-convert: t.csv:2:1: timestamp is ambiguous: "637450650000000000" could be an epoch in nanoseconds (1990-03-14T21:37:30Z) or .NET ticks (2021-01-01T02:30:00Z); use --time-unit-in=ns or --time-unit-in=ticks' \
        umm-convert -o x.npy t.csv
    ok umm-convert --time-unit-in=ticks -o x.npy t.csv
    times_are x.npy 2021-01-01T02:30:00Z
    bars c.csv 2024010209300050
    refuses 1 'umm-convert: c.csv:2:1: timestamp is ambiguous: "2024010209300050" could be an epoch in microseconds (2034-02-20T01:03:29.300050Z) or YYYYMMDDhhmmss and a fraction (2024-01-02T09:30:00.500); use --time-unit-in=us or --time-format=%Y%m%d%H%M%S%f' \
        umm-convert -o x.npy c.csv
    bars last.csv 2024123123 2024123124
    refuses 1 'umm-convert: last.csv:2:1: timestamp is ambiguous: "2024123123" could be an epoch in seconds (2034-02-21T08:25:23Z) or YYYYMMDDHH (2024-12-31T23:00:00); use --time-unit-in=s or --time-format=%Y%m%d%H' \
        umm-convert --bad-rows=skip -o x.npy last.csv
}

@test "an exponent or a fraction makes no epoch of a date" {
    # As numpy.savetxt and C's %e write numbers.
    bars e.csv 2.024123122000000000e+09 2.024123123000000000e+09
    refuses 1 'umm-convert: e.csv:2:1: timestamp is ambiguous: "2.024123122000000000e+09" could be an epoch in seconds (2034-02-21T08:25:22Z) or YYYYMMDDHH (2024-12-31T22:00:00); use --time-unit-in=s' \
        umm-convert -o x.npy e.csv
    bars e.csv 2.024123122e+09 1.704153600e+09
    ok umm-convert --order=keep -o x.npy e.csv
    times_are x.npy 2034-02-21T08:25:22Z 2024-01-02T00:00:00Z
    bars d.csv 2.0240102e7
    refuses 1 'umm-convert: d.csv:2:1: timestamp is no epoch of 1980 to 2100: "2.0240102e7" could be YYYYMMDD (2024-01-02), which is not read; write dates as YYYY-MM-DD' \
        umm-convert -o x.npy d.csv
    bars f.csv 2024002093000.250 2024002093000.500
    refuses 1 'umm-convert: f.csv:2:1: timestamp is ambiguous: "2024002093000.250" could be an epoch in milliseconds (2034-02-19T22:48:13.000250Z) or YYYYDDDhhmmss (2024-01-02T09:30:00.250); use --time-unit-in=ms or --time-format=%Y%j%H%M%S%.f' \
        umm-convert --time-unit=us -o x.npy f.csv
    ok umm-convert --time-format=%Y%j%H%M%S%.f -o x.npy f.csv
    times_are x.npy 2024-01-02T09:30:00.250Z 2024-01-02T09:30:00.500Z
}

@test "a row that is not used does not settle what digits are" {
    printf '%s\n' $NAMES 2024010200,1,2,0.5,1.5,100 2024010201,1,2,0.5,1.5,100 >rows.csv
    local what='timestamp is ambiguous: "2024010200" could be an epoch in seconds (2034-02-20T01:03:20Z) or YYYYMMDDHH (2024-01-02T00:00:00); use --time-unit-in=s or --time-format=%Y%m%d%H'
    local bad
    for bad in 1704153600 1704153600,made,by,hand,0,0 1704153600,1,2,0.5,1.5,100,7 2147483647,1,2,0.5,1.5,100; do
        { echo "$NAMES" && echo "$bad" && tail -n +2 rows.csv; } >first.csv
        refuses 1 "umm-convert: first.csv:3:1: $what" \
            umm-convert --na=,2147483647 --bad-rows=skip -o x.npy first.csv
        { cat rows.csv && echo "$bad"; } >last.csv
        refuses 1 "umm-convert: last.csv:2:1: $what" \
            umm-convert --na=,2147483647 --bad-rows=skip -o x.npy last.csv
    done
}

@test "one value that is nothing but an epoch settles a column" {
    # 1501010000 could be 2015-01-01 00:00; so could those a minute or an hour of it later.
    bars one.csv 1501010000 1501010060
    ok umm-convert -o x.npy one.csv
    times_are x.npy 2017-07-25T19:13:20Z 2017-07-25T19:14:20Z
    seq 1501010000 100 1501012300 | sed 's/$/,1,2,0.5,1.5,100/' | cat <(echo $NAMES) - >day.csv
    refuses 1 'umm-convert: day.csv:2:1: timestamp is ambiguous: "1501010000" could be an epoch in seconds (2017-07-25T19:13:20Z) or YYMMDDhhmm (2015-01-01T00:00:00); use --time-unit-in=s or --time-format=%y%m%d%H%M' \
        umm-convert -o x.npy day.csv
    echo 1501012660,1,2,0.5,1.5,100 >>day.csv
    ok umm-convert -o x.npy day.csv
    [ "$(umm-mmap-slice x.npy --format=csv | wc -l)" -eq 26 ]
    ok bash -c 'umm-convert -o y.npy - <day.csv'
    cmp x.npy y.npy
    ok bash -c 'zstd -qc day.csv | umm-convert -o y.npy -'
    cmp x.npy y.npy
}

@test "a time that the array cannot hold settles nothing" {
    bars h.csv 2024123122 1704067200.0005
    refuses 1 'umm-convert: h.csv:2:1: timestamp is ambiguous: "2024123122" could be an epoch in seconds (2034-02-21T08:25:22Z) or YYYYMMDDHH (2024-12-31T22:00:00); use --time-unit-in=s or --time-format=%Y%m%d%H' \
        umm-convert --bad-rows=skip -o x.npy h.csv
}

@test "of a stream the first 65536 rows are looked at, of a file all" {
    $PY - <<'PY'
import datetime
at = datetime.datetime(2001, 1, 1)
with open("long.csv", "w") as file:
    print("ts,c", file=file)
    for i in range(65536):
        print((at + datetime.timedelta(hours=i)).strftime("%Y%m%d%H,1"), file=file)
    print("2099999999,1", file=file)
PY
    ok umm-convert --columns ts,c -o x.npy long.csv
    run --separate-stderr bash -c 'umm-convert --columns ts,c -o y.npy - <long.csv'
    [ "$status" -eq 1 ]
    [[ $stderr == *'<stdin>:2:1: ts is ambiguous: "2001010100"'* ]]
    sed -i 5d long.csv
    ok bash -c 'umm-convert --columns ts,c -o y.npy - <long.csv'
    ok umm-convert --columns ts,c -o x.npy long.csv
    cmp x.npy y.npy
}

@test "a layout, and the rows that others follow, settle what digits are" {
    echo '1501010000,1,2,0.5,1.5,10,1501013599,1,1,1,1,0' >b.csv
    ok umm-convert --layout=binance -o x.npy b.csv
    times_are x.npy 2017-07-25T19:13:20Z
    bars a.csv 1501009940
    bars b.csv 1501010000
    ok umm-convert -o x.npy a.csv
    ok umm-convert --append -o x.npy b.csv
    times_are x.npy 2017-07-25T19:12:20Z 2017-07-25T19:13:20Z
    ok umm-convert -o y.npy a.csv b.csv
    cmp x.npy y.npy
    bars h.csv 2024123122
    bars i.csv 2024123123
    ok umm-convert --time-format=%Y%m%d%H -o x.npy h.csv
    cp x.npy before.npy
    refuses 1 'umm-convert: i.csv:2:1: timestamp is ambiguous: "2024123123" could be an epoch in seconds (2034-02-21T08:25:23Z) or YYYYMMDDHH (2024-12-31T23:00:00); use --time-unit-in=s or --time-format=%Y%m%d%H' \
        umm-convert --append --tail -o x.npy i.csv
    cmp x.npy before.npy
}

@test "numbers that are no epoch of 1980 to 2100 are refused with what they could be" {
    local no='timestamp is no epoch of 1980 to 2100:' or=', or --time-unit-in for an epoch'
    bars y.csv 170306093000
    refuses 1 "umm-convert: y.csv:2:1: $no \"170306093000\" could be YYMMDDhhmmss (2017-03-06T09:30:00); use --time-format=%y%m%d%H%M%S$or" \
        umm-convert -o x.npy y.csv
    ok umm-convert --time-format=%y%m%d%H%M%S -o x.npy y.csv
    times_are x.npy 2017-03-06T09:30:00Z
    bars y.csv 202401020930
    refuses 1 "umm-convert: y.csv:2:1: $no \"202401020930\" could be YYYYMMDDhhmm (2024-01-02T09:30:00); use --time-format=%Y%m%d%H%M$or" \
        umm-convert -o x.npy y.csv
    printf '0,1,2,3,4,5\n60000,1,2,3,4,5\n' >lean.csv
    refuses 1 "umm-convert: lean.csv:1:1: $no \"0\"; use --time-format, --time-unit-in for an epoch of other years, or --date for times of one day" \
        umm-convert --header=no --names=$NAMES -o x.npy lean.csv
    printf ',open,high,low,close,volume\n44197,1,2,0.5,1.5,100\n' >loop.csv
    refuses 1 "umm-convert: loop.csv:2:1: $no \"44197\" could be a spreadsheet's day (2021-01-01); use --time-unit-in=excel" \
        umm-convert --columns=timestamp=1,open,high,low,close,volume -o x.npy loop.csv
    ok umm-convert --time-unit-in=excel -o x.npy loop.csv
    times_are x.npy 2021-01-01T00:00:00Z
    # The first row says nothing about the others.
    bars late.csv 1577836800 20200102
    refuses 1 "umm-convert: late.csv:3:1: $no \"20200102\" could be YYYYMMDD (2020-01-02); use --time-format=%Y%m%d$or" \
        umm-convert -o x.npy late.csv
    bars cut.csv 1.70415E+12
    refuses 1 'umm-convert: cut.csv:2:1: timestamp may have lost its last digits: "1.70415E+12"; use --time-unit-in if it is exact' \
        umm-convert -o x.npy cut.csv
}

@test "epochs of several units are read by magnitude and counted" {
    printf '%s,1,2,0.5,1.5,100,1,1,1,1,1,0\n' 1735603200000 1735606800000 1735689600000000 >b.csv
    ok umm-convert --layout=binance --report=r.json -o x.npy b.csv
    times_are x.npy 2024-12-31T00:00:00Z 2024-12-31T01:00:00Z 2025-01-01T00:00:00Z
    [ "$($PY -c 'import json; print(json.load(open("r.json"))["inputs"][0]["epochs"])')" = "{'ms': 2, 'us': 1}" ]
    run umm-convert -v --layout=binance -o x.npy b.csv
    [[ $output == *'; time: epoch in ms (2) or us (1) (by magnitude), zone UTC'* ]]
    # Rejected and repeated rows too are counted the same however they are read.
    printf '1735689600000000,1,2,0.5,1.5,x,1,1,1,1,1,0\n1735606800000,1,2,0.5,1.5,x,1,1,1,1,1,0\n' >>b.csv
    run --separate-stderr umm-convert --layout=binance --bad-rows=skip --report=r.json -o x.npy b.csv
    [ "$status" -eq 3 ]
    [ "$($PY -c 'import json; print(json.load(open("r.json"))["inputs"][0]["epochs"])')" = "{'ms': 2, 'us': 1}" ]
    bars s.csv 1.704153600000000000e+09 1704153660.5
    ok umm-convert -o x.npy s.csv
    times_are x.npy 2024-01-02T00:00:00Z 2024-01-02T00:01:00.500Z
}

@test "dates and times of day without their zeros are read where that is asked for" {
    printf '%s\n' date,time,open,high,low,close,volume 20171214,10000,1,2,0.5,1.5,100 20171214,20000,1,2,0.5,1.5,100 >hms.csv
    refuses 1 'umm-convert: hms.csv:2:1: timestamp has fewer digits than its form needs: "20171214 10000"; a dash, as in %-H%M%S, reads digits without their leading zeros' \
        umm-convert --time-format='%Y%m%d %H%M%S' -o x.npy hms.csv
    refuses 1 "umm-convert: hms.csv:2:1: timestamp has fewer digits than its form needs: \"20171214 10000\"; use --time-format '%Y%m%d %-H%M' or '%Y%m%d %-H%M%S' if it lacks leading zeros" \
        umm-convert -o x.npy hms.csv
    ok umm-convert --time-format='%Y%m%d %-H%M%S' -o x.npy hms.csv
    times_are x.npy 2017-12-14T01:00:00Z 2017-12-14T02:00:00Z
    printf '%s\n' date,time,open,high,low,close,volume 20230102,930,1,2,0.5,1.5,100 20230102,1000,1,2,0.5,1.5,100 >hm.csv
    ok umm-convert --time-format='%Y%m%d %-H%M' -o x.npy hm.csv
    times_are x.npy 2023-01-02T09:30:00Z 2023-01-02T10:00:00Z
    bars long.csv 20200102093500000 20200102094000500
    ok umm-convert -o x.npy long.csv
    times_are x.npy 2020-01-02T09:35:00Z 2020-01-02T09:40:00.500Z
    ok umm-convert --tz=Asia/Shanghai -o x.npy long.csv
    times_are x.npy 2020-01-02T01:35:00Z 2020-01-02T01:40:00.500Z
    bars f.csv '20190101 15:03:01' '20190101 15:03:01.500'
    ok umm-convert -o x.npy f.csv
    times_are x.npy 2019-01-01T15:03:01Z 2019-01-01T15:03:01.500Z
    ok umm-convert --time-format='%Y%m%d %T%.f' -o x.npy f.csv
    times_are x.npy 2019-01-01T15:03:01Z 2019-01-01T15:03:01.500Z
}

@test "tools that read text as umm-convert does have its rules and its options" {
    bars h.csv 2024123122 2024123123
    local what='h.csv:2:1: timestamp is ambiguous: "2024123122" could be an epoch in seconds (2034-02-21T08:25:22Z) or YYYYMMDDHH (2024-12-31T22:00:00); use --time-unit-in=s or --time-format=%Y%m%d%H'
    refuses 1 "umm-archive: $what" umm-archive append x.npy.zst h.csv
    refuses 1 "umm-features: $what" umm-features -f sma:2 -o f.npy h.csv
    ok umm-archive append --time-format=%Y%m%d%H x.npy.zst h.csv
    ok umm-features --time-format=%Y%m%d%H -f sma:2 -o f.npy h.csv
    times_are f.npy 2024-12-31T22:00:00Z 2024-12-31T23:00:00Z
    # What they append to settles what digits are.
    bars a.csv 1501009940
    bars b.csv 1501010000
    ok umm-archive append e.npy.zst a.csv
    ok umm-archive append e.npy.zst b.csv
    times_are e.npy.zst 2017-07-25T19:12:20Z 2017-07-25T19:13:20Z
    ok umm-features -f sma:1 --append --state=s -o g.npy a.csv
    ok umm-features -f sma:1 --append --state=s -o g.npy b.csv
    times_are g.npy 2017-07-25T19:12:20Z 2017-07-25T19:13:20Z
    sed 's/^t/symbol,t/; s/^2/A,2/' h.csv >by.csv
    refuses 1 "umm-features: by.csv:2:3: ${what#h.csv:2:1: }" umm-features -f sma:2 --by=symbol -o o.csv by.csv
}

@test "random columns are read as the rules say, written down a second time" {
    ok "$PY" "$BATS_TEST_DIRNAME/ref/times_oracle.py" random 400 suite
}

@test "dates without zeros, months and ends of days are read" {
    bars z.csv '2021/1/5 9:30' '2021/1/5 10:00' '2021/10/15 9:05:30'
    ok umm-convert -o x.npy z.csv
    times_are x.npy 2021-01-05T09:30:00Z 2021-01-05T10:00:00Z 2021-10-15T09:05:30Z
    bars z.csv 2021-1-5 2021-1-15 '2021-11-05 9:30'
    ok umm-convert -o x.npy z.csv
    times_are x.npy 2021-01-05T00:00:00Z 2021-01-15T00:00:00Z 2021-11-05T09:30:00Z
    bars m.csv 2021-05 2021-06
    ok umm-convert -o x.npy m.csv
    times_are x.npy 2021-05-01T00:00:00Z 2021-06-01T00:00:00Z
    bars m.csv 2021-05 2021-06-01
    refuses 1 'umm-convert: m.csv:3:1: timestamp is not a time: "2021-06-01"; expected YYYY-MM, as before it' umm-convert -o y.npy m.csv
    bars m.csv 'May 2021' 'june 2021'
    ok umm-convert --time-format='%b %Y' -o x.npy m.csv
    times_are x.npy 2021-05-01T00:00:00Z 2021-06-01T00:00:00Z
    printf '%s\n' date,time,open,high,low,close,volume 2024-01-02,23:59:00,1,2,0.5,1.5,100 2024-01-02,24:00:00,1,2,0.5,1.5,100 >end.csv
    refuses 1 "umm-convert: end.csv:3:1: timestamp is the end of a day, which is not read as the next day's 00:00: \"2024-01-02 24:00:00\"; --hour-24 reads it so" \
        umm-convert -o y.npy end.csv
    ok umm-convert --hour-24 -o x.npy end.csv
    times_are x.npy 2024-01-02T23:59:00Z 2024-01-03T00:00:00Z
    [ ! -e y.npy ]
}

@test "weekdays are checked and words are passed over" {
    printf '%s\n' '<Date>, <Time>, <Open>, <High>, <Low>, <Close>, <Volume>' '2019/7/31 星期三,21:05:00,2112,2117,2107,2109,61348' '2019/8/1 星期四, 9:05:00,2115,2115,2096,2102,159140' >cn.csv
    ok umm-convert --time-format='%Y/%m/%d %* %H:%M:%S' -o x.npy cn.csv
    times_are x.npy 2019-07-31T21:05:00Z 2019-08-01T09:05:00Z
    bars w.csv '"Wed, Jul 31st, 2019"' '"Thu, Aug 1st, 2019"'
    ok umm-convert --time-format='%a, %b %d%*, %Y' -o x.npy w.csv
    times_are x.npy 2019-07-31T00:00:00Z 2019-08-01T00:00:00Z
    refuses 1 'umm-convert: w.csv:2:1: timestamp is not a time: "Wed, Jul 31st, 2019"; use --time-format, where %a is a weekday and %* passes over a word' \
        umm-convert -o y.npy w.csv
    refuses 1 'umm-convert: cn.csv:2:1: timestamp is not a time: "2019/7/31 星期三 21:05:00"; use --time-format, where %a is a weekday and %* passes over a word' \
        umm-convert -o y.npy cn.csv
    bars w.csv 'Wed 2019-07-31' 'Wed 2019-08-01'
    refuses 1 'umm-convert: w.csv:3:1: timestamp has another day of the week than its date: "Wed 2019-08-01"; %* in --time-format passes over a word' \
        umm-convert --time-format='%a %F' -o y.npy w.csv
    ok umm-convert --time-format='%* %F' -o x.npy w.csv
    times_are x.npy 2019-07-31T00:00:00Z 2019-08-01T00:00:00Z
}

@test "names of zones are those that the zone has at that time" {
    bars e.csv '2021-07-05 09:30:00 EDT' '2021-12-06 09:30:00 EST'
    refuses 1 "umm-convert: e.csv:2:1: timestamp is not a time: \"2021-07-05 09:30:00 EDT\"; use --time-format with %Z, such as '%Y-%m-%d %H:%M:%S %Z', and --tz for the zone" \
        umm-convert -o x.npy e.csv
    local read=(umm-convert --time-format='%F %T %Z')
    refuses 1 'umm-convert: e.csv:2:1: timestamp has a name that the time zone does not have: "2021-07-05 09:30:00 EDT"; use --tz, such as America/New_York for EST and EDT' \
        "${read[@]}" -o x.npy e.csv
    refuses 1 'umm-convert: e.csv:2:1: timestamp has a name that the time zone does not have: "2021-07-05 09:30:00 EDT"; use --tz, such as America/New_York for EST and EDT' \
        "${read[@]}" --tz=America/Chicago -o x.npy e.csv
    ok "${read[@]}" --tz=America/New_York -o x.npy e.csv
    times_are x.npy 2021-07-05T13:30:00Z 2021-12-06T14:30:00Z
    bars t.csv '2023-11-05 01:30:00 EDT' '2023-11-05 01:00:00 EST' '2023-11-05 01:30:00 EST'
    ok "${read[@]}" --tz=America/New_York -o x.npy t.csv
    times_are x.npy 2023-11-05T05:30:00Z 2023-11-05T06:00:00Z 2023-11-05T06:30:00Z
    bars n.csv '2021-07-05 09:30:00 EDT' '2021-07-06 09:30:00 EST'
    refuses 1 'umm-convert: n.csv:3:1: timestamp has a name that the time zone does not have at that time: "2021-07-06 09:30:00 EST"' \
        "${read[@]}" --tz=America/New_York -o y.npy n.csv
}

@test "days of spreadsheets are read where that is asked for" {
    bars e.csv 44197 44198.395833333336 44198.999999999
    refuses 1 "umm-convert: e.csv:2:1: timestamp is no epoch of 1980 to 2100: \"44197\" could be a spreadsheet's day (2021-01-01); use --time-unit-in=excel" \
        umm-convert -o x.npy e.csv
    ok umm-convert --time-unit-in=excel -o x.npy e.csv
    times_are x.npy 2021-01-01T00:00:00Z 2021-01-02T09:30:00Z 2021-01-03T00:00:00Z
    ok umm-convert --time-unit-in=excel --tz=America/New_York -o x.npy e.csv
    times_are x.npy 2021-01-01T05:00:00Z 2021-01-02T14:30:00Z 2021-01-03T05:00:00Z
    run umm-convert -v --time-unit-in=excel -o x.npy e.csv
    [[ $output == *'; time: days of a spreadsheet (by option), zone UTC'* ]]
    bars m.csv 42735 42736.5
    ok umm-convert --time-unit-in=excel1904 -o x.npy m.csv
    times_are x.npy 2021-01-01T00:00:00Z 2021-01-02T12:00:00Z
    bars o.csv 60
    refuses 1 "umm-convert: o.csv:2:1: timestamp is a spreadsheet's day before 1900-03-01: \"60\"" umm-convert --time-unit-in=excel -o y.npy o.csv
}

@test "times of one day have the date that is given" {
    printf '0,1,2,0.5,1.5,5\n60000,1,2,0.5,1.5,5\n86399999,1,2,0.5,1.5,5\n' >lean.csv
    local lean=(umm-convert --header=no --names="$NAMES" --date=2021-01-05)
    refuses 1 'umm-convert: lean.csv:1:1: timestamp does not say what it counts since midnight: "0"; use --time-unit-in, such as s or ms, or --time-format, such as %-H%M%S' \
        "${lean[@]}" -o x.npy lean.csv
    ok "${lean[@]}" --time-unit-in=ms -o x.npy lean.csv
    times_are x.npy 2021-01-05T00:00:00Z 2021-01-05T00:01:00Z 2021-01-05T23:59:59.999Z
    ok "${lean[@]}" --time-unit-in=ms --tz=America/New_York -o x.npy lean.csv
    times_are x.npy 2021-01-05T05:00:00Z 2021-01-05T05:01:00Z 2021-01-06T04:59:59.999Z
    bars p.csv 93000123 100000000
    ok umm-convert --date=2021-01-05 --time-format=%-H%M%S%3f -o x.npy p.csv
    times_are x.npy 2021-01-05T09:30:00.123Z 2021-01-05T10:00:00Z
    bars h.csv 930 1000
    ok umm-convert --date=2021-01-05 --time-format=%-H%M -o x.npy h.csv
    times_are x.npy 2021-01-05T09:30:00Z 2021-01-05T10:00:00Z
    bars c.csv 9:30 10:00:00.5
    ok umm-convert --date=2021-01-05 -o x.npy c.csv
    times_are x.npy 2021-01-05T09:30:00Z 2021-01-05T10:00:00.500Z
    run umm-convert -v --date=2021-01-05 -o x.npy c.csv
    [[ $output == *'; time: time of day (by text), zone UTC'* ]]
    bars d.csv '2021-01-05 09:30'
    refuses 1 'umm-convert: d.csv:2:1: timestamp is not a time: "2021-01-05 09:30"; expected a time of day such as 09:30' umm-convert --date=2021-01-05 -o y.npy d.csv
}

@test "midnight does not pass unseen where one date is given" {
    bars m.csv 23:58 23:59 0:00
    refuses 1 'umm-convert: m.csv:4:1: 2021-01-05T00:00:00Z after 2021-01-05T23:59:00Z: midnight has passed, and all times are of one date' \
        umm-convert --date=2021-01-05 -o x.npy m.csv
    bars n.csv 86399 86400
    refuses 1 "umm-convert: n.csv:3:1: timestamp is the end of a day, which is not read as the next day's 00:00: \"86400\"; --hour-24 reads it so" \
        umm-convert --date=2021-01-05 --time-unit-in=s -o x.npy n.csv
    ok umm-convert --date=2021-01-05 --time-unit-in=s --hour-24 -o x.npy n.csv
    times_are x.npy 2021-01-05T23:59:59Z 2021-01-06T00:00:00Z
    bars n.csv 86399 86401
    refuses 1 'umm-convert: n.csv:3:1: timestamp is no time of one day: "86401"' umm-convert --date=2021-01-05 --time-unit-in=s --hour-24 -o y.npy n.csv
    run umm-convert --date=2021-01-05 --order=keep -o y.npy m.csv
    [ "$status" -eq 2 ]
    [[ $output == *'--date needs rows in order, as midnight must be seen: not with --order keep or sort'* ]]
    [ ! -e y.npy ]
}

@test "an hour that occurs twice is told by the order of rows" {
    local d=2023-11-05 zone=(--tz=America/New_York --tz-fold=infer)
    local open='is a local time that the time zone had twice:' why=', and the order of the rows does not tell which; use --tz-fold earlier or later'
    bars f.csv "$d 00:30:00" "$d 01:00:00" "$d 01:30:00" "$d 01:00:00" "$d 01:30:00" "$d 02:00:00"
    ok umm-convert "${zone[@]}" -o x.npy f.csv
    times_are x.npy ${d}T04:30:00Z ${d}T05:00:00Z ${d}T05:30:00Z ${d}T06:00:00Z ${d}T06:30:00Z ${d}T07:00:00Z
    head -n 4 f.csv >one.csv
    refuses 1 "umm-convert: one.csv:3:1: timestamp $open \"$d 01:00:00\"$why" umm-convert "${zone[@]}" -o y.npy one.csv
    bars s.csv "$d 00:30:00" "$d 01:30:00" "$d 02:00:00"
    refuses 1 "umm-convert: s.csv:3:1: timestamp $open \"$d 01:30:00\"$why" umm-convert "${zone[@]}" -o y.npy s.csv
    # In what an array has after the clock was set back, the order goes on.
    head -n 5 f.csv >one.csv && { head -n 1 f.csv && tail -n 2 f.csv; } >two.csv
    ok umm-convert "${zone[@]}" -o p.npy one.csv
    ok umm-convert "${zone[@]}" --append -o p.npy two.csv
    cmp x.npy p.npy
    ok umm-convert "${zone[@]}" -o p.npy one.csv two.csv
    cmp x.npy p.npy
    # An array that ends after such an hour tells nothing of one that comes again.
    bars again.csv "$d 01:30:00" "$d 02:00:00"
    refuses 1 "umm-convert: again.csv:2:1: timestamp $open \"$d 01:30:00\"$why" umm-convert "${zone[@]}" --append -o p.npy again.csv
    cmp x.npy p.npy
    # Newest first.
    { head -n 1 f.csv && tail -n +2 f.csv | tac; } >new.csv
    ok umm-convert "${zone[@]}" --order=asc -o p.npy new.csv
    cmp x.npy p.npy
    # One bar an hour: the same local time again is a second row of it, or the other hour.
    bars h.csv "$d 00:00:00" "$d 01:00:00" "$d 01:00:00" "$d 02:00:00"
    refuses 1 "umm-convert: h.csv:3:1: timestamp $open \"$d 01:00:00\"${why/use /use --dedup error if no two rows have the same time, or } for all such times" \
        umm-convert "${zone[@]}" -o y.npy h.csv
    ok umm-convert "${zone[@]}" --dedup=error -o x.npy h.csv
    times_are x.npy ${d}T04:00:00Z ${d}T05:00:00Z ${d}T06:00:00Z ${d}T07:00:00Z
    run umm-convert "${zone[@]}" --order=keep -o y.npy f.csv
    [ "$status" -eq 2 ]
    [[ $output == *'--tz-fold infer goes by the order of rows: not with --order keep or sort'* ]]
    [ ! -e y.npy ]
}

@test "an hour that occurs twice is the same for any number of threads, and of rows in it" {
    $PY - <<'PY'
import datetime, zoneinfo
zone = zoneinfo.ZoneInfo("America/New_York")
start = int(datetime.datetime(2023, 11, 5, 0, tzinfo=datetime.timezone.utc).timestamp())
with open("s.csv", "w") as file, open("u.csv", "w") as utc:
    print("timestamp,open,high,low,close,volume", file=file)
    print("timestamp,open,high,low,close,volume", file=utc)
    for i in range(0, 3600 * 9):
        local = datetime.datetime.fromtimestamp(start + i, zone)
        print(f"{local:%Y-%m-%d %H:%M:%S},1,2,0.5,1.5,{i}", file=file)
        print(f"{start + i},1,2,0.5,1.5,{i}", file=utc)
PY
    ok umm-convert -o u.npy u.csv
    local n
    for n in 1 2 5; do
        ok umm-convert --tz=America/New_York --tz-fold=infer --threads=$n -o x.npy s.csv
        cmp u.npy x.npy
    done
    ok bash -c 'umm-convert --tz=America/New_York --tz-fold=infer -o x.npy - <s.csv'
    cmp u.npy x.npy
    head -n 23000 s.csv >part.csv
    ok umm-convert --tz=America/New_York --tz-fold=infer -o x.npy part.csv
    ok umm-convert --tz=America/New_York --tz-fold=infer --append --tail -o x.npy s.csv
    cmp u.npy x.npy
}

@test "times in many formats and zones are those that datetime and zoneinfo wrote" {
    ok "$PY" "$BATS_TEST_DIRNAME/ref/written_oracle.py" formats 300 suite
}

@test "random rows around hours that occur twice are inferred, or refused" {
    ok "$PY" "$BATS_TEST_DIRNAME/ref/written_oracle.py" folds 150 suite
}
