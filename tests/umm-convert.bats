#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016  # what inner shells and Python expand

load helper

PYTHONPATH=$BATS_TEST_DIRNAME/ref:$PYTHONPATH

# Run the Python program on standard input, with all of ref/convert_oracle.py at hand.
py() {
    ok "$PY" -c "from convert_oracle import *
$(cat)"
}

# A small file of bars, in.csv.
bars() {
    printf '%s\n' timestamp,open,high,low,close,volume 1577836800000,1,2,0.5,1.5,10 \
        1577836860000,1.5,2.5,1,2,20 >in.csv
}

# ---- output -----------------------------------------------------------------------

@test "the default array has the bytes that np.save writes" {
    py <<'PY'
import io
for n in (1, 9, 10, 99, 1000):
    with open("in.csv", "wb") as file:
        subprocess.run(["umm-synth", "--rows", str(n), "--seed", str(n)], stdout=file, check=True)
    array = good(None)
    same(array, bars("plain", "in.csv"))
    saved = io.BytesIO()
    np.save(saved, bars("plain", "in.csv"))
    assert get() == saved.getvalue()
    assert len(get()) == 128 + 48 * n
PY
}

@test "--dtype, --plain and --struct: types and bytes as np.save has them" {
    py <<'PY'
import io
text = "timestamp,open,high,low,close,volume\n1577836800000,1,2,-3,2147483647,0\n1577836860000,1e3,2.0,+3,-2147483648,7\n"
rows = [[1577836800000, 1, 2, -3, 2147483647, 0], [1577836860000, 1000, 2, 3, -2147483648, 7]]
def check(wanted, *args):
    got = good(text, *args)
    same(got, wanted)
    saved = io.BytesIO()
    np.save(saved, wanted)
    assert get() == saved.getvalue(), (get()[:200], saved.getvalue()[:200])
check(np.array(rows, "<f8"))
check(np.array(rows, "<f8"), "--dtype", "f8")
check(np.array(rows, "<i8"), "--dtype", "i8")
five = ["--plain", "--columns", "open,high,low,close,volume"]
for dtype in ("f8", "f4", "i8", "i4"):
    check(np.array(rows, "<i8")[:, 1:].astype("<" + dtype), *five, "--dtype", dtype)
    names = [("timestamp", "<M8[ms]")] + [(name, "<" + dtype) for name in BAR[1:]]
    check(np.array([tuple(row) for row in rows], names), "--struct", "--dtype", dtype)
seconds = np.array(rows, "<i8")
seconds[:, 0] //= 1000
check(seconds.astype("<i4"), "--plain", "--time-unit", "s", "--dtype", "i4")
check(np.array(rows, "<f8") * [1000, 1, 1, 1, 1, 1], "--plain", "--time-unit", "us")
seconds[:, 0] *= 10**9
check(seconds, "--plain", "--time-unit", "ns", "--dtype", "i8")
# Anything but the six columns in milliseconds has names.
for unit in ("s", "us", "ns"):
    names = [("timestamp", f"<M8[{unit}]")] + [(name, "<f8") for name in BAR[1:]]
    wanted = np.array([tuple(row) for row in rows], [("timestamp", "<M8[ms]")] + names[1:]).astype(names)
    check(wanted, "--time-unit", unit)
    assert np.datetime_as_string(load()["timestamp"][1], "s") == "2020-01-01T00:01:00"
check(np.array([(1577836800000, 1.0), (1577836860000, 1000.0)], [("timestamp", "<M8[ms]"), ("open", "<f8")]),
      "--columns", "timestamp,open")
wanted = np.array([(-3, 1577836800000, 1.0, 0, 1577836800000), (3, 1577836860000, 1000.0, 7, 1577836860000)],
                  [("low", "<i4"), ("timestamp", "<M8[ms]"), ("first", "<f4"), ("volume", "<i8"), ("ms", "<i8")])
check(wanted, "--columns", "low:i4,timestamp:M8,first=open:f4,volume:i8,ms=timestamp:i8")
check(wanted, "--struct", "--columns", "low:i4,timestamp:M8[ms],first=open:f4,volume:i8,ms=timestamp:i8")
PY
}

@test "--align: data begin at a multiple, of every power of two up to 4096" {
    py <<'PY'
text = "timestamp,open,high,low,close,volume\n1577836800000,1,2,3,4,5\n"
plain = good(text)
record = good(text, "--struct")
for align in (16, 32, 64, 128, 256, 512, 1024, 2048, 4096):
    same(good(text, "--align", align, align=align), plain)
    same(good(text, "--align", align, "--struct", align=align), record)
    same(good(text, "--align", align, "--fortran", align=align).copy("C"), plain)
for bad in ("8", "0", "63", "96", "8192", "64k", "-64", ""):
    refused(text, f'--align takes a power of two from 16 to 4096, not "{bad}"', "--align", bad, code=2)
PY
}

@test "--fortran saves what np.asfortranarray has" {
    py <<'PY'
import io
for n in (2, 3, 1000, 20000):
    with open("in.csv", "wb") as file:
        subprocess.run(["umm-synth", "--rows", str(n)], stdout=file, check=True)
    saved = io.BytesIO()
    np.save(saved, np.asfortranarray(bars("plain", "in.csv")))
    array = good(None, "--fortran")
    assert array.flags.f_contiguous and not array.flags.c_contiguous
    assert get() == saved.getvalue()
    run("--fortran", "-o", "newest.npy", "--order", "asc", "in.csv")
    assert get("newest.npy") == saved.getvalue()
    saved = io.BytesIO()
    np.save(saved, np.asfortranarray(bars("plain", "in.csv")[:, 1:].astype("<f4")))
    good(None, "--fortran", "--plain", "--columns", "open,high,low,close,volume", "--dtype", "f4")
    assert get() == saved.getvalue()
text = "timestamp,open,high,low,close,volume\n1577836800000,1,2,3,4,5\n"
same(good(text, "--fortran").copy("C"), good(text))
refused(text, "only a plain array can be in Fortran order; use --plain, or leave --fortran out", "--fortran", "--struct", code=2)
refused(text, "only a plain array can be in Fortran order; use --plain, or leave --fortran out", "--fortran", "--columns", "close",
        code=2)
PY
}

@test "a missing number is the one NaN, in every float type" {
    py <<'PY'
text = "timestamp,open,high,low,close,volume\n1600000000,,null,NaN,-,1\n"
assert good(text).view("<u8")[0, 1:5].tolist() == [0x7FF8000000000000] * 4
array = good(text, "--plain", "--columns", "open,high,low,close", "--dtype", "f4")
assert array.view("<u4")[0].tolist() == [0x7FC00000] * 4
array = good(text, "--struct", "--dtype", "f4")
assert array["low"].view("<u4")[0] == 0x7FC00000
PY
}

@test "standard output: spooled, or straight away with --rows" {
    umm-synth --rows 3000 >in.csv
    ok umm-convert -o wanted.npy in.csv
    ok bash -c 'umm-convert -o - in.csv >spooled.npy'
    cmp wanted.npy spooled.npy
    ok bash -c 'umm-convert -o - --rows 3000 <in.csv | cat >piped.npy'
    cmp wanted.npy piped.npy
    ok umm-convert -o fixed.npy --rows 3000 in.csv
    cmp wanted.npy fixed.npy
    ok bash -c 'umm-convert --fortran -o - in.csv | cat >fortran.npy'
    ok umm-convert --fortran -o wanted.npy in.csv
    cmp wanted.npy fortran.npy
    refuses 1 'umm-convert: 3000 rows, but 3001 were promised' umm-convert -o - --rows 3001 in.csv
    refuses 1 'umm-convert: 3000 rows, but 3001 were promised' umm-convert -o new.npy --rows 3001 in.csv
    [[ ! -e new.npy ]]
    refuses 1 'umm-convert: more rows than the 2999 that were promised' umm-convert -o - --rows 2999 in.csv
    refuses 2 $'umm-convert: --json and -o - would mix on standard output; use --report FILE\nTry \'umm-convert --help\'.' \
        umm-convert --json -o - in.csv
    TMPDIR=$PWD/none refuses 1 "umm-convert: $PWD/none: cannot create a temporary file: No such file or directory" \
        umm-convert -o - in.csv
    no_leftovers
}

@test "rows come out of --rows while the input is still open" {
    mkfifo in
    timeout 120 umm-convert -o - --rows 20000 in >out.npy 3>&- &
    exec 9<>in # opened both ways it waits for nobody
    timeout 120 umm-synth --rows 20000 >&9
    wait_until $! 'rows that come out' has_bytes out.npy 500000
    exec 9>&-
    wait $!
    [[ $(stat -c %s out.npy) -eq $((128 + 20000 * 48)) ]]
}

@test "outputs that are no regular files are written through" {
    bars
    ok umm-convert -o wanted.npy in.csv
    mkfifo pipe
    timeout 120 cat pipe >got.npy 3>&- &
    ok timeout 120 umm-convert -o pipe in.csv
    wait $!
    [[ -p pipe ]]
    cmp wanted.npy got.npy
    ok umm-convert -o /dev/null in.csv
    [[ -c /dev/null ]]
    ok bash -c 'umm-convert -o /dev/stdout in.csv | cat >got.npy'
    cmp wanted.npy got.npy
    no_leftovers
}

@test "a symbolic link stays one, and what it leads to is replaced" {
    bars
    ok umm-convert -o wanted.npy in.csv
    echo old >2024.npy
    ln -s 2024.npy link.npy
    ok umm-convert -o link.npy in.csv
    [[ -L link.npy && ! -L 2024.npy ]]
    cmp wanted.npy 2024.npy
    ln -s new.npy dangling.npy
    ok umm-convert -o dangling.npy in.csv
    [[ -L dangling.npy && ! -L new.npy ]]
    cmp wanted.npy new.npy
    mkdir far
    echo old >far/array.npy
    ln -s far/array.npy out.npy
    refuses 2 $'umm-convert: out.npy: is a symbolic link out of its directory; name its target (or - for standard output)\nTry \'umm-convert --help\'.' \
        umm-convert -o out.npy in.csv
    [[ $(<far/array.npy) == old ]]
    no_leftovers
    no_leftovers far
}

@test "the mode of a new array is 0666 less the umask, of another that of the one it replaces" {
    bars
    for mask in 022 077 027 000; do
        (umask "$mask" && umm-convert -o "$mask.npy" in.csv)
        [[ $(stat -c %a "$mask.npy") == $(printf '%o' $((0666 & ~0$mask))) ]]
    done
    chmod 640 022.npy # and what replaces it is no more others' to read
    ok umm-convert -o 022.npy in.csv
    [[ $(stat -c %a 022.npy) == 640 ]]
}

@test "--dry-run writes nothing and prints the decisions" {
    cp "$DATA/yahoo.csv" in.csv
    ok umm-convert --dry-run in.csv
    [[ ${lines[0]} == 'in.csv: 4 rows; layout yahoo (by header), '* ]]
    [[ ${lines[1]} == 'nothing written: <f8 (4, 6); '* ]]
    [[ $(ls) == in.csv ]]
    ok umm-convert --dry-run -o out.npy in.csv
    [[ $(ls) == in.csv ]]
    refuses 2 $'umm-convert: no output: give -o FILE, --out-dir DIR or --dry-run\nTry \'umm-convert --help\'.' umm-convert in.csv
    printf 'x\n' >>in.csv
    refuses 1 'umm-convert: in.csv:6:2: 1 field, expected 7' umm-convert --dry-run in.csv
}

@test "--if-changed leaves an array with the same bytes alone" {
    bars
    ok umm-convert -o out.npy in.csv
    touch -d 2020-01-01 out.npy
    before=$(stat -c '%i %Y' out.npy)
    ok umm-convert --if-changed -o out.npy in.csv
    [[ $(stat -c '%i %Y' out.npy) == "$before" ]]
    sed -i s/1.5,10/1.5,11/ in.csv
    ok umm-convert --if-changed -o out.npy in.csv
    [[ $(stat -c '%i %Y' out.npy) != "$before" ]]
}

# ---- columns ------------------------------------------------------------------------

@test "columns: names, aliases, numbers, renames, all" {
    py <<'PY'
def names(text, *args):
    array = good(text, *args)
    return list(array.dtype.names), array
HEAD = "timestamp,open,high,low,close,volume\n"
ROW = "1577836800000,1,2,3,4,5\n"
plain = good(HEAD + ROW)
# Names are found without case, <> and outer spaces; '-' and ' ' are '_'; aliases count.
for head in ("Timestamp,Open,High,Low,Close,Volume", "<TIMESTAMP>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>",
             "open_time,o,h,l,c,v", "Open Time,OPEN,HIGH,LOW,CLOSE,Tick Volume", " unix , Open , high,low,close,Vol",
             "DATETIME,open,high,low,close,TICKVOL", "date-time,open_price,high_price,low_price,close_price,base volume",
             "Gmt time,open,high,low,close,volume", "time,open,high,low,close,volume", "date,open,high,low,close,volume",
             "ts,open,high,low,close,volume", "epoch,open,high,low,close,vol", ",open,high,low,close,volume",
             '"timestamp","open","high","low","close","volume"', "<DTYYYYMMDD>,open,high,low,close,volume"):
    same(good(head + "\n" + ROW), plain)
# Other order and more columns change nothing.
same(good("x,volume,close,low,high,open,y,timestamp\nq,5,4,3,2,1,,1577836800000\n"), plain)
# A name that is there comes before an alias for it.
same(good("date,timestamp,o,h,l,c,v,time\nx,1577836800000,1,2,3,4,5,y\n"), plain)
same(good("timestamp,open,high,low,close,vol,tickvol,volume\n1577836800000,1,2,3,4,9,9,5\n"), plain)
# Adjusted closes and quote volumes are nobody's alias.
same(good("date,open,high,low,adj close,close,quote_volume,volume\n1577836800000,1,2,3,9,4,9,5\n"), plain)
# Without a header: --names, or numbers.
same(good(ROW, "--names", ",".join(BAR)), plain)
same(good(ROW, "--columns", "timestamp=1,open=2,high=3,low=4,close=5,volume=6"), plain)
same(good("9,5,4,3,2,1,1577836800000\n", "--columns", "timestamp=7,open=6,high=5,low=4,close=3,volume=2"), plain)
same(good("9,9,9,9,9,9\n" + ROW, "--names", ",".join(BAR), "--header", "yes"), plain)
same(good(HEAD + ROW, "--names", "volume,a,b,c,d,e", "--columns", "timestamp=1,open=2,high=3,low=4,close=5,volume=e"), plain)
same(good(ROW, "--plain", "--columns", "all"), plain)
same(good(HEAD + ROW, "--columns", "all"), plain)
# Names in the array.
assert names(HEAD + ROW, "--columns", "close,open")[0] == ["close", "open"]
assert names(HEAD + ROW, "--columns", "Close,last=CLOSE,3")[0] == ["Close", "last", "high"]
assert names(HEAD + ROW, "--columns", "TimeStamp,2")[0] == ["TimeStamp", "open"]
assert names("<DATE>,<TIME>,<OPEN>\n2020.01.01,00:00,1\n", "--columns", "all")[0] == ["timestamp", "OPEN"]
assert names("day,hour,Ünits,日\n2020.01.01,00:00,1,2\n", "--columns", "t=day+hour,Ünits,日")[0] == ["t", "Ünits", "日"]
got, array = names("day,hour,x\n2020-01-01,01:00,1\n", "--columns", "a=1+2,b=day+hour,x")
assert got == ["a", "b", "x"] and str(array["a"][0]) == str(array["b"][0]) == "2020-01-01T01:00:00.000"
# The first alternative that is there, and the first name that begins so.
assert names(HEAD + ROW, "--columns", "p=vwap|close|open,q=vol*")[1].tolist() == [(4.0, 5.0)]
assert names("t,volume BTC,volume_usd\n0,1,2\n", "--columns", "q=volume_*")[1].tolist() == [(1.0,)]
# Names with every mark of the grammar, in quotes.
head = '"a,b","c=d","e:f","g|h","i+j","k*","1"\n'
got, array = names(head + "1,2,3,4,5,6,7\n", "--columns", '"a,b","c=d":f4,"e:f","g|h","i+j","k*","1"', "--header", "yes")
assert got == ["a,b", "c=d", "e:f", "g|h", "i+j", "k*", "1"] and array.tolist() == [(1, 2, 3, 4, 5, 6, 7)]
got, array = names(head + "1,2,3,4,5,6,7\n", "--columns", 'x="a,b","y,=:z"="c=d":i4', "--header", "yes")
assert got == ["x", "y,=:z"] and array.tolist() == [(1, 2)]
got, array = names('t,"say ""so"" \'it\'","back\\slash"\n0,1,2\n', "--columns", "all")
assert got == ["t", "say \"so\" 'it'", "back\\slash"] and array.tolist() == [(0, 1, 2)]
# Times of every column that holds them.
with open(os.environ["DATA"] + "/binance.csv", encoding="utf-8") as file:
    array = good(file.read(), "--columns", "all", "--dtype", "f4")
assert array["close_time"].dtype == "<M8[ms]" and str(array["close_time"][0]) == "2024-01-01T00:59:59.999"
assert array["count"].tolist() == [57, 41, 133, 72]
PY
}

@test "columns: what cannot be decided is an error that says what there is" {
    py <<'PY'
HEAD = "timestamp,open,high,low,close,volume\n"
ROW = "1577836800000,1,2,3,4,5\n"
ALL = '"timestamp", "open", "high", "low", "close", "volume"'
USE = "use --columns, --names, --layout or --skip-lines"
refused(ROW, "in.csv:1:1: no field for 'timestamp': no header names the 6 fields; "
        "use --layout, --names or numbers in --columns")
refused(HEAD + ROW, f"in.csv:1:1: no field for 'vwap' among {ALL}; {USE}", "--columns", "timestamp,vwap")
refused("\n#\n" + HEAD + ROW, f"in.csv:3:1: no field for 'a+b' among {ALL}; {USE}", "--columns", "x=a+b", "--comment", "#")
refused(HEAD + ROW, "in.csv:1:1: no field number 7: there are 6", "--columns", "x=7")
refused(HEAD + ROW, "in.csv:1:1: no field number 0: there are 6", "--columns", "0")
refused("date,close\n0,1\n", f"in.csv:1:1: no field for 'open' among \"date\", \"close\"; {USE}")
refused("timestamp,close,Close\n0,1,2\n", "in.csv:1:1: several fields could be 'close' among \"timestamp\", "
        '"close", "Close"; use --columns or --layout', "--columns", "close")
refused("open_time,unix,c\n0,1,2\n", "in.csv:1:1: several fields could be 'timestamp' among \"open_time\", "
        '"unix", "c"; use --columns or --layout', "--columns", "timestamp,c")
refused("timestamp,o,h,l,c,close_price,v\n0,1,1,1,1,1,1\n", "in.csv:1:1: several fields could be 'close' among "
        '"timestamp", "o", "h", "l", "c", "close_price", "v"; use --columns or --layout')
refused(HEAD + ROW, 'in.csv:1:1: two columns are named "x"; give another name: NAME=FIELD in --columns',
        "--columns", "x=open,x=close")
refused("t,a,a\n0,1,2\n", 'in.csv:1:1: two columns are named "a"; give another name: NAME=FIELD in --columns',
        "--columns", "all")
refused("t," + 128 * "n" + "\n0,1\n", "in.csv:1:1: the name of field 2 is longer than 127 bytes; give another name: "
        "NAME=2 in --columns", "--columns", "all")
assert len(good("t," + 127 * "n" + "\n0,1\n", "--columns", "all").dtype.names[1]) == 127
refused(b"t,caf\xe9\n0,1\n", 'in.csv:1:1: the name "caf\\xe9" is not UTF-8; give another name: NAME=FIELD in --columns',
        "--columns", "all")
assert good(b"t,caf\xe9\n0,1\n", "--columns", "t,coffee=2").tolist()[0][1] == 1
refused(ROW, "column 1 has no name: write NAME=1, or use --names", "--columns", "1,2", code=2)
# An index that a data frame wrote is no time.
refused(",open,high,low,close,volume\n0,1,2,3,4,5\n", 'in.csv:2:1: the first field has no name, and "0" could be a '
        "row number; name the timestamp: timestamp=FIELD in --columns")
refused(",close\n0,1\n", 'in.csv:2:1: timestamp is no epoch of 1980 to 2100: "0"; use --time-format, --time-unit-in '
        "for an epoch of other years, or --date for times of one day", "--columns", "timestamp=1,close")
same(good(",open,high,low,close,volume\n0,1,2,3,4,5\n", "--time-unit-in", "s"), np.array([[0, 1, 2, 3, 4, 5]], "<f8"))
for bad in ("", "open,", ",open", "=open", "x=", "open:", "a+b+c", "a++b", "x=y=z", '"open'):
    item = next((part for part in bad.split(",") if part != "open"), "")
    shown = item.replace('"', '\\"')
    refused(HEAD + ROW, f'not a column: "{shown}"', "--columns", bad, code=2)
for bad in ('a"b,c', ""):
    refused(ROW, "the names are no list with commas between them", "--names", bad, code=2)
refused(ROW, "in.csv:1:24: 6 fields, expected 7", "--names", "timestamp,a,b,c,d,e,f", "--columns", "timestamp,a")
refused(HEAD + ROW, 'unknown type "f2": use f8, f4, i8, i4', "--dtype", "f2", code=2)
refused(HEAD + ROW, 'unknown type "f2": use f8, f4, i8, i4, M8 or S1 to S255', "--columns", "open:f2", code=2)
refused(HEAD + ROW, "type M8[us] of 'timestamp' is not the time unit; use M8 and --time-unit", "--columns",
        "timestamp:M8[us]", code=2)
refused(HEAD + ROW, "type M8 is for structs, not for plain arrays; use --struct", "--plain", "--columns", "timestamp:M8", code=2)
# Text as it stands, whatever its name; what it cannot hold is refused.
TEXTS = 'time,note,price\n1577836800,"a,""b""",1\n1577836801, ,2\n1577836802,caf\xe9,3\n'.encode()
got = good(TEXTS, "--columns", "time,note:S5,price")
assert got.dtype == np.dtype([("time", "<M8[ms]"), ("note", "S5"), ("price", "<f8")]), got.dtype
assert got["note"].tolist() == [b'a,"b"', b"", "caf\xe9".encode()], got["note"].tolist()
assert good(TEXTS, "--columns", "time:S10,price")["time"].tolist()[0] == b"1577836800"
refused(TEXTS, 'in.csv:2:12: note is longer than 4 bytes: "a,\\"b\\""', "--columns", "note:S4,price")
refused(HEAD + ROW, "'open' is text: it is not multiplied", "--columns", "open*10:S8,close", code=2)
refused(HEAD + ROW, "type S is for structs, not for plain arrays; use --struct", "--plain", "--columns", "open:S8", code=2)
for bad in ("S", "S0", "S256", "S8x"):
    refused(HEAD + ROW, f'unknown type "{bad}": use f8, f4, i8, i4, M8 or S1 to S255', "--columns", f"open:{bad}", code=2)
refused(HEAD + ROW, "a plain array has one type; use --struct", "--plain", "--columns", "open:f4,close", code=2)
refused(HEAD + ROW, "--struct and --plain exclude each other", "--struct", "--plain", code=2)
refused(HEAD + "0,x,2,3,4,5\n", 'in.csv:2:3: first is not a number: "x"', "--columns", "first=open")
PY
}

# ---- layouts --------------------------------------------------------------------------

@test "layouts: a sample of each, by its header or by the option" {
    py <<'PY'
DATA = os.environ["DATA"]
def sample(name, layout, *args, is_reversed=False):
    path = f"{DATA}/{name}.csv"
    good(None, *args, inputs=[path])
    check_bars(layout, path, "out.npy", is_reversed)
def both(name, layout, preset, **more):
    sample(name, layout, **more)
    sample(name, layout, "--layout", preset, **more)
def told(name, layout, message, *args):
    with open(f"{DATA}/{name}.csv", "rb") as file:
        refused(file.read(), message)
    sample(name, layout, *args)
NO_HEADER = "in.csv:1:1: no field for 'timestamp': no header names the {} fields; use --layout, --names or numbers in --columns"
both("binance", "binance", "binance")
told("binance-us", "binance-us", "in.csv:1:1: no field for 'timestamp': no header names the 12 fields; "
     "use --layout=binance", "--layout", "binance")
both("yahoo", "yahoo", "yahoo")
both("cryptodatadownload", "cryptodatadownload", "cryptodatadownload", is_reversed=True)
both("cryptodatadownload-unix", "cryptodatadownload-unix", "cryptodatadownload", is_reversed=True)
both("stooq", "stooq", "stooq")
both("metatrader", "metatrader", "metatrader")
both("metatrader-daily", "metatrader-daily", "metatrader")
both("dukascopy", "dukascopy", "dukascopy")
both("dukascopy-gmt", "dukascopy", "dukascopy")
told("histdata", "histdata", NO_HEADER.format(6), "--layout", "histdata")
told("backtrader", "backtrader", "in.csv:2:58: 8 fields, expected 7", "--layout", "backtrader")
told("us", "us", 'in.csv:2:1: timestamp has day and month in an order that nothing tells: "12/28/2012 19:00"; '
     "use --time-format, such as %d/%m/%Y or %m/%d/%Y", "--time-format", "%m/%d/%Y %H:%M")
sample("trailing-comma", "plain")
check = {name: subprocess.run(["umm-synth", "--layout", name, "--rows", "50"], capture_output=True, check=True).stdout
         for name in ("binance", "yahoo", "cryptodatadownload", "stooq", "metatrader", "histdata", "dukascopy", "backtrader")}
for name, text in check.items():
    put(text)
    good(None, "--layout", name)
    check_bars(name, "in.csv", "out.npy", name == "cryptodatadownload")
# The banner may follow blank lines and comments; a mark of the byte order is no part of it.
with open(f"{DATA}/cryptodatadownload.csv", "rb") as file:
    text = file.read()
array = good(text)
same(good(b"\n \n" + text), array)
same(good(b"# made up\n" + text, "--comment", "#"), array)
same(good(b"\xef\xbb\xbf" + text), array)
same(good(text.split(b"\n", 1)[1]), array)
same(good(text, "--order", "keep")[::-1].copy(), array)
# Newest first, then not.
refused(text + b"2019-03-31 02-AM,BTCUSD,1,1,1,1,1,1\r\n", "in.csv:7:1: 2019-03-31T02:00:00Z after 2019-03-31T00:00:00Z: "
        "neither oldest first nor newest first; use --order sort")
# A layout that names the fields does without a header; another one says what is wrong.
with open(f"{DATA}/backtrader.csv", "rb") as file:
    text = file.read()
same(good(text.split(b"\n", 1)[1], "--layout", "backtrader"), good(text, "--layout", "backtrader"))
same(good("11.10.2021 00:00:00.000 GMT+0800,1,2,3,4,5\n", "--layout", "dukascopy"),
     np.array([[1633881600000, 1, 2, 3, 4, 5]], "<f8"))
refused("2020-01-01,1,2,3,4,5,6\n", "in.csv:1:1: no field for 'date' among \"2020-01-01\", \"1\", \"2\", \"3\", \"4\", "
        '"5", "6"; use --columns, --names, --layout or --skip-lines', "--layout", "yahoo")
refused("x\n", '--layout takes a layout that umm-convert --list-layouts prints, or auto, not "nosuch"', "--layout", "nosuch", code=2)
# --tz and --columns come before what a layout says.
same(good("20110103 170000;1;2;3;4;0\n", "--layout", "histdata", "--tz", "UTC"),
     np.array([[1294074000000, 1, 2, 3, 4, 0]], "<f8"))
with open(f"{DATA}/yahoo.csv", "rb") as file:
    array = good(file.read(), "--columns", "date,adjusted=adj close")
assert array.dtype.names == ("date", "adjusted") and array["adjusted"][0] == 30.118412
PY
}

@test "layout auto: one only on exactly its header" {
    layout_of() {
        printf '%s\n' "$1" "$2" >in.csv
        ok umm-convert --json -o out.npy "${@:3}" in.csv
        "$PY" -c 'import json, sys; i = json.load(sys.stdin)["inputs"][0]; print(i["layout"], i["layout_by"])' <<<"$output"
    }
    yahoo=Date,Open,High,Low,Close,'Adj Close',Volume
    [[ $(layout_of "$yahoo" 2020-01-01,1,2,3,4,5,6) == 'yahoo header' ]]
    [[ $(layout_of "${yahoo,,}" 2020-01-01,1,2,3,4,5,6) == 'yahoo header' ]]
    [[ $(layout_of "${yahoo//,/;}" '2020-01-01;1;2;3;4;5;6') == 'yahoo header' ]]
    [[ $(layout_of "$yahoo" 2020-01-01,1,2,3,4,5,6 --layout yahoo) == 'yahoo option' ]]
    [[ $(layout_of "$yahoo,Extra" 2020-01-01,1,2,3,4,5,6,7) == 'None None' ]]
    [[ $(layout_of Date,Open,High,Low,Close,Volume 2020-01-01,1,2,3,4,5) == 'None None' ]]
    [[ $(layout_of Open,Date,High,Low,Close,'Adj Close',Volume 1,2020-01-01,2,3,4,5,6) == 'None None' ]]
    [[ $(layout_of 'Gmt time,Open,High,Low,Close,Volume' 2020-01-01,1,2,3,4,5) == 'dukascopy header' ]]
}

# ---- what is said ---------------------------------------------------------------------

@test "-v: what was decided and why, and the figures" {
    ok umm-convert -o out.npy "$DATA/yahoo.csv"
    [[ -z $output ]]
    cp "$DATA/yahoo.csv" a.csv
    capture umm-convert -v -o out.npy a.csv
    [[ $status -eq 0 && -z $output ]]
    mapfile -t lines <<<"$stderr"
    [[ ${#lines[@]} -eq 3 ]]
    [[ ${lines[0]} == "a.csv: 4 rows; layout yahoo (by header), delimiter ',' (by text), header (by layout); timestamp=1 \"Date\", open=2 \"Open\", high=3 \"High\", low=4 \"Low\", close=5 \"Close\", volume=7 \"Volume\"; time: ISO 8601 (by text), zone UTC (by default)" ]]
    [[ ${lines[1]} =~ ^'out.npy: <f8 (4, 6); '[0-9.]+' s, '[0-9]+' MB/s'$ ]]
    [[ ${lines[2]} == 'times: 2021-03-26T00:00:00Z to 2021-03-31T00:00:00Z, step 86400 s, 1 gap, 0 duplicates' ]]
    said() {
        capture umm-convert -v -o out.npy "$@"
        [[ $status -eq 0 ]] && echo "${stderr%%$'\n'*}"
    }
    [[ $(said --layout histdata "$DATA/histdata.csv") == *"; layout histdata (by option), delimiter ';' (by layout), no header (by layout); timestamp=1 \"timestamp\", "*'; time: YYYYMMDD (by text), zone -05:00 (by layout)' ]]
    [[ $(said "$DATA/cryptodatadownload.csv") == *'; layout cryptodatadownload (by banner), '*'; time: %Y-%m-%d %I-%p (by layout), zone UTC (by default)' ]]
    [[ $(said --delimiter tab "$DATA/metatrader.csv") == *"layout metatrader (by header), delimiter '\t' (by option), header (by layout); timestamp=1 \"<DATE>\"+2 \"<TIME>\", "*'; time: year, month, day (by text), zone UTC (by default)' ]]
    [[ $(said --time-format '%m/%d/%Y %H:%M' --tz America/New_York "$DATA/us.csv") == *'; layout none, '*'; time: %m/%d/%Y %H:%M (by option), zone America/New_York (by option)' ]]
    [[ $(said "$DATA/dukascopy-gmt.csv") == *'; time: %d.%m.%Y %H:%M:%S.%f GMT%z or %d.%m.%Y %H:%M:%S.%f (by layout), zone UTC (by default)' ]]
    [[ $(said --header yes "$DATA/binance.csv") == *', header (by option); '*'; time: epoch in ms (by magnitude), zone UTC (by default)' ]]
    [[ $(said --time-unit-in ms "$DATA/binance.csv") == *'; time: epoch in ms (by option), zone UTC (by default)' ]]
    [[ $(said --plain --columns all - <<<1,2,3) == "-: 1 row; layout none, delimiter ',' (by text), no header (by text); =1, =2, =3" ]]
}

@test "--json and --report: one object of valid JSON" {
    cp "$DATA/binance.csv" $'odd "name"\n\xff.csv'
    cp "$DATA/binance-us.csv" b.csv
    ok umm-convert --json --report report.json -o $'out\t\xfe.npy' --time-unit us --layout binance $'odd "name"\n\xff.csv' b.csv
    printf '%s\n' "$output" >printed.json
    py <<'PY'
import json
with open("report.json", "rb") as file:
    raw = file.read()
assert raw.endswith(b"}\n") and raw.decode() == open("printed.json", encoding="utf-8").read()
r = json.loads(raw)
assert r["tool"] == "umm-convert" and r["changed"] is True and r["appended"] is False and r["reversed"] is False
assert r["rows"] == r["rows_written"] == 7 and r["rows_rejected"] == 0
assert r["array"] == "[timestamp <M8[us], open <f8, high <f8, low <f8, close <f8, volume <f8] (7,)"
assert (r["time_unit"], r["first_time"], r["last_time"]) == ("us", "2024-01-01T00:00:00Z", "2025-01-01T02:00:00Z")
assert r["step_seconds"] == 3600 and r["gaps"] == 2 and r["duplicates"] == 0
assert r["longest_step_seconds"] == (366 * 24 - 4) * 3600 and r["longest_step_from"] == "2024-01-01T04:00:00Z"
assert r["bytes_out"] == os.path.getsize(b"out\t\xfe.npy") and r["seconds"] > 0 and r["mb_per_second"] > 0
a, b = r["inputs"]
assert r["bytes_in"] == a["bytes"] + b["bytes"] and b["bytes"] == os.path.getsize("b.csv")
assert (a["layout"], a["layout_by"], a["delimiter"], a["delimiter_by"]) == ("binance", "option", ",", "layout")
assert (a["header"], a["header_by"], b["header"]) == (True, "text", False)
assert (a["time"], a["time_by"], b["time"], a["zone"], a["zone_by"]) == ("epoch in ms", "magnitude", "epoch in us", "UTC", "default")
assert a["columns"].startswith('timestamp=1 "open_time", open=2 "open"') and a["rows"] == 4 and b["rows"] == 3
assert a["path"].startswith('odd "name"\n')
PY
    printf '\n# x\n\n' >>b.csv
    ok umm-convert --json --comment '#' --layout binance -o out.npy b.csv
    printf '%s\n' "$output" >printed.json
    py <<'PY'
import json
r = json.load(open("printed.json", encoding="utf-8"))
assert r["inputs"][0]["blank_lines"] == 2 and r["inputs"][0]["comments"] == 1
PY
}

@test "--metrics: Prometheus text, line by line" {
    bars
    ok umm-convert -o $'o"u\\t\n.npy' --metrics m.prom in.csv
    no_leftovers
    py <<'PY'
import time
text = open("m.prom", encoding="utf-8").read()
assert text.endswith("\n")
label = '{tool="umm-convert",output="%s/o\\"u\\\\t\\n.npy"' % os.getcwd()
values, help_of, type_of = {}, None, None
for line in text[:-1].split("\n"):
    found = re.fullmatch(r"# (HELP|TYPE) (umm_[a-z_]+) (.+)", line)
    if found and found[1] == "HELP":
        help_of = found[2]
        assert help_of not in values
    elif found:
        type_of = found[2]
        assert type_of == help_of and found[3] == "gauge"
    else:
        found = re.fullmatch(r"(umm_[a-z_]+)(\{.*\}) ([0-9.eE+-]+)", line)
        assert found and found[1] == type_of == help_of, line
        assert found[2].startswith(label), line
        assert found[2] == label + "}" or (found[1] == "umm_build_info" and re.fullmatch(r',version="[0-9.]+"\}', found[2][len(label):]))
        values[found[1]] = float(found[3])
assert values["umm_rows"] == values["umm_rows_written"] == 2 and values["umm_rows_rejected"] == 0
assert values["umm_input_bytes"] == os.path.getsize("in.csv") and 0 < values["umm_duration_seconds"] < 60
assert values["umm_last_row_timestamp_seconds"] == 1577836860 and values["umm_build_info"] == 1
assert abs(values["umm_last_success_timestamp_seconds"] - time.time()) < 600
PY
}

# ---- time --------------------------------------------------------------------------------

@test "time: every unit in and out, with the unit told by magnitude" {
    py <<'PY'
def times(*texts):
    return "timestamp,close\n" + "".join(f"{text},1\n" for text in texts)
def check(texts, unit, nsec, *args):
    got = good(times(*texts), "--columns", "timestamp,close", "--time-unit", unit, *args)["timestamp"]
    assert got.dtype == f"<M8[{unit}]"
    assert got.view("<i8").tolist() == [in_unit(n, unit) for n in nsec], (texts, unit, got)
SEC = 1_600_000_000
for into in UNITS:
    for unit, per in UNITS.items():
        texts = [str((SEC + i) * per) for i in range(3)]
        check(texts, into, [(SEC + i) * 10**9 for i in range(3)])
        check(texts, into, [(SEC + i) * 10**9 for i in range(3)], "--time-unit-in", unit)
        check([text + ".000" for text in texts], into, [(SEC + i) * 10**9 for i in range(3)])
# The edges: 1980 and 2100, in every unit; further ones and negative ones need a unit.
NONE = 'in.csv:2:1: timestamp is no epoch of 1980 to 2100: "{}"; use --time-format, or --time-unit-in for an epoch of other years'
for unit, per in UNITS.items():
    for first in (315532800 * per, 4102444800 * per - 1):
        check([str(first)], unit, [first * 10**9 // per])
    for none in (315532800 * per - 1, 4102444800 * per, -1577836800 * per, -1):
        refused(times(none), NONE.format(none), "--columns", "timestamp,close")
        check([none], unit, [none * 10**9 // per], "--time-unit-in", unit)
check(["+1577836800"], "s", [1577836800 * 10**9])
check(["1577836800.125"], "ms", [1577836800125 * 10**6])
check(["1577836800125.000250"], "ns", [1577836800125000250])
check(["-0.5"], "ms", [-500 * 10**6], "--time-unit-in", "s")
check(["1577836800", "1577836801000", "1577836802000000", "1577836803000000000", "1577836804"], "s",
      [(1577836800 + i) * 10**9 for i in range(5)])
check(["99999999999", "100000000000"], "s", [99999999999 * 10**9, 10**20], "--time-unit-in", "s")
check(["1577836800", "1577836800000"], "ms", [1577836800 * 10**6, 1577836800000 * 10**6], "--time-unit-in", "ms")
check(["1e9", "1.0000000005e9", "1000000001"], "ms", [10**18, 10**18 + 5 * 10**8, 10**18 + 10**9], "--time-unit-in", "s")
# Units of two files are told apart.
put(times("1577836860000"), "b.csv")
got = good(times("1577836800"), "--columns", "timestamp,close", inputs=["in.csv", "b.csv"])
assert np.diff(got["timestamp"]).tolist() == [datetime.timedelta(seconds=60)]
# What the array cannot hold exactly.
FINER = 'in.csv:2:1: timestamp is finer than the time unit: "{}"; use a finer --time-unit'
for text, unit in (("1577836800001", "s"), ("2020-01-01T00:00:00.0001", "ms"), ("1577836800000000001", "us"), ("1600000000.5", "s")):
    refused(times(text), FINER.format(text), "--columns", "timestamp,close", "--time-unit", unit)
refused(times("1577836800000.0000001"), 'in.csv:2:1: timestamp is finer than the time unit: "1577836800000.0000001"; nothing below a nanosecond is read',
        "--columns", "timestamp,close", "--time-unit", "ns")
COARSER = 'in.csv:2:1: timestamp is out of range: "{}"; use a coarser --time-unit'
refused(times("2262-04-11T23:47:16.854775808"), COARSER.format("2262-04-11T23:47:16.854775808"), "--columns",
        "timestamp,close", "--time-unit", "ns")
check(["2262-04-11T23:47:16.854775807"], "ns", [2**63 - 1])
check(["1677-09-21T00:12:43.145224192"], "ns", [-(2**63)])
refused(times("2300-01-01"), COARSER.format("2300-01-01"), "--plain", "--columns", "timestamp,close", "--time-unit", "us")
assert good(times("9007199254740992"), "--plain", "--columns", "timestamp,close", "--time-unit", "us", "--time-unit-in",
            "us")[0, 0] == 2**53
refused(times("2147483648"), 'in.csv:2:1: timestamp is out of range: "2147483648"; use --dtype i8 or f8', "--plain",
        "--columns", "timestamp,close", "--time-unit", "s", "--dtype", "i4")
assert good(times("2147483647"), "--plain", "--columns", "timestamp,close", "--time-unit", "s", "--dtype", "i4")[0, 0] == 2**31 - 1
for dtype, unit, fix in (("f4", "ms", "--struct (time as M8[ms]), or leave the time out with --columns"),
                         ("f4", "s", "--struct (time as M8[s]), or leave the time out with --columns"),
                         ("i4", "ms", "--struct (time as M8[ms]) or --dtype i8"), ("f8", "ns", "--struct (time as M8[ns]) or --dtype i8")):
    refused(times("0"), f"epochs in {unit} do not fit {dtype}; use {fix}", "--plain", "--columns", "timestamp,close",
            "--dtype", dtype, "--time-unit", unit, code=2)
PY
}

@test "time: forms of text" {
    py <<'PY'
def times(*texts):
    return "timestamp;close\n" + "".join(f"{text};1\n" for text in texts)
ARGS = ["--columns", "timestamp,close", "--time-unit", "ns", "--delimiter", ";"]
def check(texts, wanted, *args):
    got = good(times(*texts), *ARGS, *args)["timestamp"].view("<i8").tolist()
    assert got == wanted, (texts, got, wanted)
ISO = ["2020-02-29", "2020-03-01T09", "2020-03-01 09:30", "2020-03-01T09:30:15", "2020-03-01 09:30:15.5",
       "2020-03-01T09:30:15.500000001", "2020-03-01T09:30:16,25"]
WANTED = [iso("2020-02-29"), iso("2020-03-01T09:00"), iso("2020-03-01T09:30"), iso("2020-03-01T09:30:15"),
          iso("2020-03-01T09:30:15.5"), iso("2020-03-01T09:30:15.500000001"), iso("2020-03-01T09:30:16.25")]
check(ISO, WANTED)
check([text.replace("-", "/") for text in ISO], WANTED)
check([text.replace("-", ".") for text in ISO], WANTED)
check(["20200229", "20200301 0930", "20200301 093015", "20200301T093016", "20200301 09:31", "20200301093200"],
      [iso(t) for t in ("2020-02-29", "2020-03-01T09:30", "2020-03-01T09:30:15", "2020-03-01T09:30:16", "2020-03-01T09:31",
                        "2020-03-01T09:32")])
check(["2020-01-01T00:00:00Z", "2020-01-01T05:30:01+05:30", "2020-01-01 00:00:02 Z", "2019-12-31T18:00:03-0600",
       "2020-01-01 09:00:04+09", "2020-01-01T00:00:05"], [iso("2020-01-01") + i * 10**9 for i in range(6)])
# Two columns are one text.
for date, time in (("2020-03-01", "09:30"), ("2020.03.01", "09:30:00"), ("20200301", "093000"), ("20200301", "0930"),
                   ("2020-03-01", "09:30:00.000Z"), ('" 2020-03-01 "', '"09:30 "')):
    got = good(f"date;time;close\n{date};{time};1\n", *ARGS)["timestamp"].view("<i8").tolist()
    assert got == [iso("2020-03-01T09:30")], (date, time)
# By pattern.
for pattern, text in (("%d/%m/%Y", "01/02/2020"), ("%m/%d/%Y", "01/02/2020"), ("%m/%d/%Y %H:%M", "12/28/2012 19:00"),
                      ("%d.%m.%Y %H:%M:%S", "28.12.2012 09:08:07"), ("%d-%b-%y", "01-Apr-10"), ("%d-%b-%y", "01-APR-69"),
                      ("%b %d %Y %I:%M %p", "dec 31 2021 12:05 am"), ("%d %B %Y", "3 September 2021"), ("%Y%j", "2020366"),
                      ("%Y-%m-%d %I-%p", "2019-10-17 12-PM"), ("%m/%d/%Y %H:%M", "1/2/2013 9:05"),
                      ("%Y-%m-%dT%H:%M:%S%z", "2020-01-01T00:00:00+0545"), ("%y%m%d", "680101"), ("%F %T", "2020-01-01 01:02:03"),
                      ("week of %F%%", "week of 2020-01-01%"), ("%H:%M:%S.%f %d.%m.%Y", "01:02:03.000250 28.02.2021")):
    plain = pattern.replace("%F", "%Y-%m-%d").replace("%T", "%H:%M:%S")
    check([text], [strptime(text, plain)], "--time-format", pattern)
check(["-1", "2"], [-10**9, 2 * 10**9], "--time-format", "%s")
got = good("date;time;close\n02/01/2020;9.30;1\n", *ARGS, "--time-format", "%d/%m/%Y %H.%M")["timestamp"].view("<i8").tolist()
assert got == [iso("2020-01-02T09:30")]
# Refusals.
def bad(texts, message, *args):
    refused(times(*texts), f"in.csv:{len(texts) + 1}:1: timestamp {message.format(texts[-1])}", *ARGS, *args)
DAY = 'has day and month in an order that nothing tells: "{}"; use --time-format, such as %d/%m/%Y or %m/%d/%Y'
for text in ("01/02/2020", "28/12/2012", "12/28/2012 19:00", "1.2.2020", "01-02-20", "01.02.2020 00:00:00.000"):
    bad([text], DAY)
for text in ("soon", "2020-1", "01-Apr-10", "0x10", "2020-01-01T", "2020-01-01Z0", "T", "2020-01-01 9:3",
             "2020-01-01 09:30 AM", "2020-01-01 09:30:00 PM"):
    bad([text], 'is not a time: "{}"; use --time-format')
bad(["2020-01-01T00:00:00 UTC"], 'is not a time: "{}"; use --time-format with %Z, such as \'%Y-%m-%d %H:%M:%S %Z\', '
                                 'and --tz for the zone')
check(["2020-01-01 09:30:00 EST"], [iso("2020-01-01T14:30:00")], "--time-format", "%F %T EST", "--tz=-05:00")
bad(["12:00"], 'is not a time: "{}"; a time of day needs its date: --columns timestamp=DATE+TIME,... or --date')
for text in ("2021-02-29", "2020-13-01", "2020-00-10", "2020-01-01 23:60", "2020-01-01T23:59:60", "2021-02-29 24:00"):
    bad([text], 'is no date or time of day that exists: "{}"')
bad(["2020-01-01 24:00"], "is the end of a day, which is not read as the next day's 00:00: \"{}\"; --hour-24 reads it so")
bad(["0000-12-31"], 'is out of range: "{}"')
for text in ("", "null", "NaN", " "):
    refused(times(text), f'in.csv:2:{2 if text == " " else 1}: timestamp is missing: "{text.strip()}"', *ARGS)
bad(["2020-01-01", "1577923200"], 'is not a time: "{}"; expected ISO 8601, as before it')
bad(["2020/01/01", "2020-01-02"], 'is not a time: "{}"; expected year, month, day, as before it')
bad(["20200101", "2020-01-02"], 'is not a time: "{}"; expected YYYYMMDD, as before it')
bad(["1577836800", "2020-01-02"], 'is not a time: "{}"; expected an epoch, as before it')
bad(["2020-01-02"], 'is not a time: "{}"; expected an epoch in the unit that was given', "--time-unit-in", "ms")
bad(["2020-01-02"], 'is not a time: "{}"; expected what the time format or the layout says', "--time-format", "%d/%m/%Y")
for pattern, message in (("%Q", 'cannot be used from here on: "%Q"; there is no such conversion'),
                         ("%a %Y-%m", 'cannot be used from here on: "%a %Y-%m"; it needs a day'),
                         ("%F %H%-M", 'cannot be used from here on: "%-M"; only the first of numbers without anything between '
                                      'lacks leading zeros'),
                         ("", "does not determine a date"),
                         ("%Y-%m-%d %Y", 'cannot be used from here on: "%Y"; what it means was there before')):
    refused(times("0"), f"--time-format: {message}", *ARGS, "--time-format", pattern, code=2)
refused(times("0"), "the format of times does not determine a date; use --date for times of day", *ARGS, "--time-format", "%H:%M", code=2)
refused(times("0"), "a format of times and a unit of epochs exclude each other", "--time-format", "%F", "--time-unit-in", "s", code=2)
for option, units in (("--time-unit", "s, ms, us or ns"), ("--time-unit-in", "s, ms, us, ns, ticks, excel or excel1904")):
    refused(times("0"), f'{option} takes {units}, not "min"', option, "min", code=2)
PY
}

@test "time: fixed zones and IANA zones, with folds and gaps as zoneinfo has them" {
    py <<'PY'
HEAD = "timestamp,close\n"
ARGS = ["--columns", "timestamp,close"]
def convert(texts, *args):
    return good(HEAD + "".join(f"{text},1\n" for text in texts), *ARGS, *args, "--order", "keep")["timestamp"].view("<i8").tolist()
clock = datetime.datetime(2020, 6, 1, 12)
for tz, hours in (("+05:30", 5.5), ("-05:00", -5), ("+0545", 5.75), ("-05", -5), ("+9", 9), ("UTC", 0), ("Z", 0)):
    assert convert([clock], "--tz", tz) == [nanoseconds(clock) // 10**6 - int(hours * 3600000)], tz
for tz in ("America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kolkata", "America/Sao_Paulo",
           "Europe/Dublin", "Pacific/Apia"):
    zone = zoneinfo.ZoneInfo(tz)
    once, twice, never = [], [], []
    for year in (1965, 1999, 2011, 2021, 2024, 2050):
        at = datetime.datetime(year, 1, 1, 0, 10)
        while at.year == year:
            before, after = (at.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1))
            (once if before == after else twice if before > after else never).append(at)
            at += datetime.timedelta(minutes=20 if once and at.hour < 4 and at.day > 20 and at.month in (3, 4, 10, 11, 12) else 260)
    texts = once[::7] + twice + never
    count = len(once[::7])
    ms = [nanoseconds(at, 0, zone) // 10**6 for at in once[::7]]
    assert convert(once[::7], "--tz", tz) == ms, tz
    # Earlier: the first of two instants; in a gap, the offset that holds after it.
    for which, fold in (("earlier", 0), ("later", 1)):
        wanted = [nanoseconds(at, 0, zone, fold) // 10**6 for at in twice]
        wanted += [nanoseconds(at, 0, zone, 1 - fold) // 10**6 for at in never]
        assert convert(texts, "--tz", tz, "--tz-fold", which)[count:] == wanted, (tz, which)
    for at, what in [(at, "had twice") for at in twice[:2]] + [(at, "skipped") for at in never[:2]]:
        refused(f"{HEAD}{at},1\n", f'in.csv:2:1: timestamp is a local time that the time zone {what}: "{at}"; '
                + ("use --tz-fold infer, by the order of the rows, or earlier or later for all such times"
                   if what == "had twice" else "use --tz-fold earlier or later"), *ARGS, "--tz", tz)
    if tz in ("America/New_York", "Europe/Berlin", "Australia/Lord_Howe"):
        assert twice and never
# A text's own zone comes first.
assert convert(["2021-11-07T01:30:00-04:00"], "--tz", "America/New_York") == [iso("2021-11-07T05:30:00") // 10**6]
assert convert(["1636263000"], "--tz", "America/New_York") == [1636263000000]
for tz, why in (("Mars/Olympus", " (not in /usr/share/zoneinfo)"), ("../passwd", ""), ("", ""), ("+25:00", ""), ("/etc/localtime", "")):
    got = run(*ARGS, "--tz", tz, "-o", "new.npy", "in.csv")
    assert got[0] == 2 and got[2].startswith(f'umm-convert: unknown time zone: "{tz}"{why}'.encode()), got
    assert not os.path.exists("new.npy")
refused(HEAD, '--tz-fold takes earlier, later or infer, not "first"', "--tz-fold", "first", code=2)
PY
}

# ---- numbers ----------------------------------------------------------------------------

@test "numbers: spellings, and correctly rounded to f8 and f4" {
    py <<'PY'
rng = random.Random("numbers")
texts = ["0", "-0", "+0", "1", "007", "1.", ".5", "-.5e1", "+1E+2", "1e-5", "1e05", "0.1", "3.0000001", "9007199254740993",
         "9007199254740992.9999999999999999999", "2.2250738585072011e-308", "4.9e-324", "2.4703282292062327e-324",
         "2.4703282292062328e-324", "1.7976931348623158e308", "1e-400", "0e999999999", "123456789012345678901234567890",
         "0." + "0" * 300 + "1" * 30, "1" + "0" * 300, "8.5" + "0" * 400 + "1"]
for _ in range(3000):
    digits = "".join(rng.choice("0123456789") for _ in range(rng.choice([3, 8, 17, 20, 40])))
    at = rng.randint(0, len(digits))
    texts.append(digits[:at] + "." + digits[at:] + f"e{rng.randint(-250, 250)}")
half = [struct.unpack("<d", struct.pack("<Q", rng.getrandbits(62)))[0] for _ in range(300)]
for value in half:
    near = fractions.Fraction(value) + fractions.Fraction(np.spacing(value)) / 2
    power = len(str(near.denominator)) * 4
    digits = str(near.numerator * 10**power // near.denominator)
    if near.numerator * 10**power % near.denominator == 0 and len(digits) < 800:
        texts += [f"{digits}e-{power}", f"{digits}1e-{power + 1}", f"{int(digits) - 1}9e-{power + 1}"]
got = good("price\n" + "\n".join(texts) + "\n", "--columns", "price", "--header", "yes")["price"].view("<u8").tolist()
for text, bits in zip(texts, got, strict=True):
    assert bits == round_bits(text, "<f8"), (text, bits)
single = [text for text in texts if abs(exact(text)[1]) < 2**127]
single += ["1.00000005960464477539062500000000001", "1.0000000596046447753906250", "1.401298464324817e-45",
           "7.006492321624085e-46", "7.006492321624086e-46", "16777217", "16777217.0000000000000000001", "3.4028235677973366e38"[:-4] + "e38"]
got = good("price\n" + "\n".join(single) + "\n", "--columns", "price", "--dtype", "f4", "--header", "yes")["price"].view("<u4").tolist()
for text, bits in zip(single, got, strict=True):
    assert bits == round_bits(text, "<f4"), (text, bits)
PY
}

@test "numbers: what is none, does not fit or is missing" {
    py <<'PY'
def text(cell):
    return f"timestamp;close;x\n0;{cell};0\n"
def value(cell, *args):
    return good(text(cell), "--columns", "x=close", "--delimiter", ";", *args)["x"][0]
def bad(cell, message, *args, at=3):
    refused(text(cell), f"in.csv:2:{at}: x {message}", "--columns", "x=close", "--delimiter", ";", *args)
for cell in ("0x10", "1_000", "infinity", "-inf", "--1", "+-1", "1e", "1e+", "e5", "1.2.3", "1e5.0", "1d5", "١", "1f", "1 2"):
    bad(cell, f'is not a number: "{cell}"')
# What is not read is said, or which option reads it.
advice = {"; use --thousands=,": ['"12,34,567"', '"2,300,120,000"', '"1,234.5"'],
          "; use --thousands=space": ["1 000", "1\u00a0000.5"],
          "; use --thousands=apostrophe": ["1'500", "1\u2019500"],
          "; use --thousands=. and --decimal=,": ["1.234.567"],
          "; use --numbers=currency": ["$1", "-$1.5", "€2", "3 USD", "¥4"],
          "; use --numbers=percent to drop the sign, or --numbers=ratio to divide by 100": ["1%", "-0.5 %"],
          "; use --numbers=suffix": ["100K", "1.5m", "2 B", "3bn", "4T"],
          "; use --numbers=parentheses": ["(12.5)"],
          "; use --numbers=boolean": ["true", "FALSE"],
          "; if that means missing, say so with --na": [".", "None", "#N/A", "--", "n.a."]}
for says, cells in advice.items():
    for cell in cells:
        bad(cell, 'is not a number: "{}"{}'.format(cell.strip('"'), says))
for cell in ("None", "#N/A", "."):
    assert np.isnan(value(cell, "--na", f",{cell}"))
refused("timestamp,n,close\n1577836800,abc,1\n", 'in.csv:2:12: n is not a number: "abc"; text cannot be stored: leave the column out of --columns',
        "--columns", "timestamp,n")
refused("timestamp,n,close\n1577836800,1,abc\n", 'in.csv:2:14: close is not a number: "abc"', "--columns", "timestamp,close")
bad("1,5", 'is not a number: "1,5" (--decimal , reads decimal commas)')
bad('"1,000"', 'is not a number: "1,000"; use --thousands=, if it is grouped, or --decimal=, for a decimal comma', at=3)
bad('"1,0"', 'is not a number: "1,0" (--decimal , reads decimal commas)', at=3)
assert value("1,5", "--decimal", ",") == 1.5 and value("-1,5e3", "--decimal", ",") == -1500
bad("1.5", 'is not a number: "1.5"', "--decimal", ",")
assert value("  1.5\t ") == value('" 1.5 "') == value('  "1.5"  ') == 1.5
bad("1e400", 'does not fit f8: "1e400" (the largest is 1.8e308)')
bad("-1e39", 'does not fit f4: "-1e39"; use --dtype f8', "--dtype", "f4")
bad("3000000000", 'does not fit i4: "3000000000"; use --dtype i8 or f8', "--dtype", "i4")
bad("2147483648", 'does not fit i4: "2147483648"; use --dtype i8 or f8', "--dtype", "i4")
bad("9223372036854775808", 'does not fit i8: "9223372036854775808"; use --dtype f8', "--dtype", "i8")
assert value("-9223372036854775808", "--dtype", "i8") == -(2**63) and value("2147483647.0", "--dtype", "i4") == 2**31 - 1
bad("1.5", 'is not an integer: "1.5"; use --dtype f8', "--dtype", "i8")
bad("", 'is missing, and integers have no NaN: ""; use --dtype f8', "--dtype", "i4")
for cell in ("", "null", "NULL", "nan", "NaN", "NA", "n/a", "N/A", "-", " - ", '""'):
    assert np.isnan(value(cell)), cell
assert np.isnan(value("-999", "--na", "none,-999")) and np.isnan(value("None", "--na", "none,-999"))
assert value("-998", "--na", "none,-999") == -998 and value("-999.0", "--na", "none,-999") == -999
bad("", 'is not a number: ""', "--na", "none,-999")
bad("null", 'is not a number: "null"; if that means missing, say so with --na', "--na", "")
assert np.isnan(value("", "--na", ""))
for bad_value in ("", ";", "..", "comma"):
    refused(text("1"), f'--decimal takes . or ,, not "{bad_value}"', "--decimal", bad_value, code=2)
PY
}

# ---- dialect ----------------------------------------------------------------------------

@test "dialect: delimiters, quotes, line ends, blanks, comments" {
    py <<'PY'
HEAD, ROWS = BAR, [["1577836800000", "1", "2", "3", "4", "5"], ["1577836860000", "6", "7", "8", "9", "10"]]
WANTED = np.array(ROWS, "<f8")
def text(delimiter=",", end="\n", quote="", tail=""):
    return "".join(delimiter.join(quote + cell + quote for cell in row) + tail + end for row in [HEAD] + ROWS)
for delimiter in ",;\t|":
    name = "tab" if delimiter == "\t" else delimiter
    for end in ("\n", "\r\n", "\r"):
        for quote in ("", '"'):
            for tail in ("", delimiter):
                for last in (True, False):
                    body = text(delimiter, end, quote, tail)
                    body = body if last else body[:-len(end)]
                    same(good(body), WANTED)
                    same(good("\ufeff" + body, "--delimiter", name), WANTED)
for delimiter in (" ", ":", "~", "x", "\\t"):
    same(good(text("\t" if delimiter == "\\t" else delimiter), "--delimiter", delimiter), WANTED)
    assert delimiter == "\\t" or run("--dry-run", "in.csv")[0] == 1
lines = text().splitlines(True)
same(good(lines[0] + "\n  \n\t\n" + lines[1] + "\r\n" + lines[2] + "\n\n"), WANTED)
same(good("\n\n" + text()), WANTED)
same(good("# a, \"b\n" + lines[0] + "#\n" + lines[1] + "#x" * 9 + "\n" + lines[2] + "# the end", "--comment", "#"), WANTED)
same(good("%" + text().replace("\n", "\n%x\n"), "--comment", "%", "--names", ",".join(BAR)), WANTED)
same(good("one\ntwo \"\r\nthree\r" + text(), "--skip-lines", 3), WANTED)
same(good(lines[0] + "".join(lines[1:]).replace("\n", "\r\n", 1), "--header", "yes"), WANTED)
# Quotes: doubled, with delimiters and line ends inside, with blanks around.
note = 'timestamp,open,high,low,close,volume,note\n'
for cell in ('"a ""b"" c"', '"a,b"', '"a\nb"', '"a\r\nb\rc"', '""', '""""', '  "x"  ', '"' + "y" * 65536 + '"', "z" * 65536, "'"):
    same(good(note + f'1577836800000,1,2,3,4,5,{cell}\n1577836860000,6,7,8,9,10,{cell}'), WANTED)
same(good('timestamp,open,high,"l""o,\nw",close,volume\n' + "".join(lines[1:]), "--columns", 'timestamp,open,high,low=4,close,volume'), WANTED)
# A line in quotes counts: places are those of the physical line.
refused(note + '0,1,2,3,4,5,"a\nb"\n60,x,2,3,4,5,c\n', 'in.csv:4:4: open is not a number: "x"', "--time-unit-in", "s")
refused(note + '0,1,2,3,4,5,"a\r\n\r\nb"\r\n60,1,2,3,4,"\r\n5 x",c\n', 'in.csv:5:12: volume is not a number: "\\r\\n5 x"', "--time-unit-in", "s")
# Several delimiters that could be: the one that is as often in every row, if that is one.
same(good('1577836800000;1,5;"x,"\n1577836860000;2;y\n', "--columns", "timestamp=1,close=2", "--decimal", ",", "--one-series")["close"], np.array([1.5, 2]))
for body in ("timestamp;close,x\n0;1,2\n", "a|b\tc\n", "a,b;c|d\n1,2;3|4\n"):
    refused(body, "in.csv:1:1: more than one of , ; tab | could be the delimiter; use --delimiter")
assert good('"time;stamp",close\n0,1\n', "--columns", "close")["close"][0] == 1
assert good("close\n1\n2\n", "--columns", "close").tolist() == [(1.0,), (2.0,)]
# Whether there is a header.
assert len(good("1,2\n3,4\n", "--columns", "all", "--plain")) == 2
assert len(good("1,2\n3,4\n", "--columns", "all", "--header", "yes")) == 1
assert len(good("a,b\n3,4\n", "--columns", "all")) == 1
refused("a,b\n3,4\n", 'in.csv:1:1: is not a number: "a"', "--columns", "all", "--plain", "--header", "no")
for option, value, wanted in (("--delimiter", "ab", "one character, or tab"), ("--delimiter", "", "one character, or tab"),
                              ("--delimiter", '"', "one character, or tab"), ("--comment", "//", "one character"),
                              ("--header", "maybe", "yes, no or auto"), ("--skip-lines", "-1", "a number from 0"),
                              ("--skip-lines", "1k", "a number from 0")):
    shown = value.replace('"', '\\"')
    refused(text(), f'{option} takes {wanted}, not "{shown}"', option, value, code=2)
PY
}

@test "zstd: several frames, skippable frames, long ones, a byte order mark inside" {
    py <<'PY'
def zstd(data, *args):
    return subprocess.run(["zstd", "-qc", *args], input=data, capture_output=True, check=True).stdout
with open("in.csv", "wb") as file:
    subprocess.run(["umm-synth", "--rows", "20000"], stdout=file, check=True)
text, skip = get("in.csv"), b"\x5a\x2a\x4d\x18\x05\x00\x00\x00hello"
wanted = good(None)
def check(data):
    same(good(data), wanted)
check(zstd(text))
check(zstd(text, "-19", "--long=24"))
check(zstd(text, "--no-check"))
pieces = [text[i:i + 99_999] for i in range(0, len(text), 99_999)]
check(b"".join(map(zstd, pieces)))
check(skip + b"".join(zstd(piece) + skip for piece in pieces))
check(zstd(b"") + zstd(text[:1]) + zstd(b"") + zstd(text[1:]) + zstd(b""))
check(zstd(b"\xef\xbb\xbf" + text))
check(zstd(b"\xef") + zstd(b"\xbb") + zstd(b"\xbf") + zstd(text))
check(b"\xef\xbb\xbf" + text)
put(zstd(text))
with open("in.csv", "rb") as file:
    done = subprocess.run(["umm-convert", "-o", "out.npy", "-"], stdin=file, capture_output=True, check=True)
assert done.stderr == b""
same(load(), wanted)
# The same columns, and times, in a mix of plain and compressed files.
head = text.split(b"\n", 1)[0] + b"\n"
lines = text.splitlines(True)
put(b"".join(lines[:9000]), "a.csv")
put(zstd(head + b"".join(lines[9000:])), "b")
same(good(None, inputs=["a.csv", "b"]), wanted)
PY
}

@test "inputs: several files, a pipe in pieces, none at all" {
    py <<'PY'
from waiting import bytes_in, wait_until
HEAD = "timestamp,open,high,low,close,volume\n"
put(HEAD + "1577836800,1,2,3,4,5\n", "a.csv")
put("volume;x;close;low;high;open;Time\r\n10;;9;8;7;6;2020-01-01T00:01\r\n", "b.csv")
put("\ufeff" + HEAD + "1577840400000,1,1,1,1,1", "c.csv")
wanted = np.array([[1577836800000, 1, 2, 3, 4, 5], [1577836860000, 6, 7, 8, 9, 10], [1577840400000, 1, 1, 1, 1, 1]], "<f8")
same(good(None, inputs=["a.csv", "b.csv", "c.csv"]), wanted)
for args in (["a.csv", "-", "c.csv"], ["--", "a.csv", "-", "c.csv"]):
    assert run("-o", "out.npy", *args, text=get("b.csv")) == (0, b"", b"")
    same(load(), wanted)
assert run("-o", "out.npy", text=get("a.csv")) == (0, b"", b"")
same(load(), wanted[:1])
assert run("a.csv", "-o", "out.npy", "b.csv") == (0, b"", b"")
same(load(), wanted[:2])
put(get("a.csv"), "-o.csv")
assert run("-o", "out.npy", "--", "-o.csv") == (0, b"", b"")
refused(HEAD + "1577836800,1,2,3,4,5\n", "standard input can be read only once", code=2, inputs=["-", "-"])
refused(HEAD + "1577836800,1,2,3,4,5\n", "b.csv:2:13: 2020-01-01T00:01:00Z after 2020-01-01T01:00:00Z: out of order; use --order "
        "asc for newest-first rows, --order sort for any", inputs=["c.csv", "b.csv"])
put("timestamp,open,high,low,close\n1577840460000,1,1,1,1\n", "d.csv")
refused(HEAD + "1577836800,1,2,3,4,5\n", 'd.csv:1:1: no field for \'volume\' among "timestamp", "open", "high", "low", "close"; name it as '
        "volume=FIELD in --columns, or volume==nan if there is none", inputs=["in.csv", "d.csv"])
refused(HEAD + "1577836800,1,2,3,4,5\n", "d.csv: has other columns than the files before it", "--columns", "all", inputs=["in.csv", "d.csv"])
# Byte by byte, with a pause now and then.
text = ("\ufeff" + HEAD.replace("\n", "\r\n") + '1577836800,1,"2",3,4,5\r\n"1577836860",6,7,8,9,"10"\r\n').encode()
process = subprocess.Popen(["umm-convert", "-o", "out.npy"], stdin=subprocess.PIPE, stderr=subprocess.PIPE)
for i, byte in enumerate(text):
    process.stdin.write(bytes([byte]))
    process.stdin.flush()
    if i % 20 == 0:
        wait_until(lambda: bytes_in(process.stdin) == 0, "some bytes to be read", process)
assert process.communicate() == (None, b"") and process.returncode == 0
same(load(), wanted[:2])
PY
}

@test "neither locale nor time zone of the process change anything" {
    printf 'timestamp;open;high;low;close;volume\n2021-03-28 02:30:00;1,5;2;-,5;1e1;10\n' >in.csv
    ok umm-convert --decimal , -o wanted.npy in.csv
    ok umm-convert --decimal , --json -o /dev/null in.csv
    wanted=${output%%\"seconds\"*}
    for locale in C POSIX de_DE.UTF-8 tr_TR.UTF-8 xx_YY; do
        for zone in Europe/Berlin America/New_York :/nowhere ''; do
            LC_ALL=$locale LANG=$locale TZ=$zone ok umm-convert --decimal , -o out.npy in.csv
            cmp wanted.npy out.npy
            LC_ALL=$locale LANG=$locale TZ=$zone ok umm-convert --decimal , --json -o /dev/null in.csv
            [[ ${output%%\"seconds\"*} == "$wanted" ]]
        done
    done
}

# ---- many, and real ones ------------------------------------------------------------------

@test "random texts of every dialect give the bits that exact arithmetic gives" {
    ok "$PY" "$TOP/tests/ref/convert_oracle.py" random "${UMM_RANDOM_TEXTS:-300}" "${UMM_RANDOM_SEED:-1}"
}

@test "real files: values and times as csv, float and datetime read them" {
    samples=$TOP/${UMM_SAMPLES:-../shared/data}
    [[ ${UMM_SAMPLES:-} == /* ]] && samples=$UMM_SAMPLES
    [[ -d $samples ]] || skip "no real files in $samples"
    real() {
        local name=$1 layout=$2
        shift 2
        ok umm-convert "$@" -o "$name.npy" "$samples/$name.csv"
        ok "$PY" "$TOP/tests/ref/convert_oracle.py" bars "$layout" "$samples/$name.csv" "$name.npy"
    }
    real yahoo-nvda-1d yahoo
    real backtrader-2006-1m backtrader --layout backtrader
    real cryptodatadownload-btcusd-1h cryptodatadownload --order keep
    real binance-btcusdt-1h-2023-01 binance
    real goog-1d first
    real btcusd-1mo first
    real stockcharts-atr stockcharts --time-format %d-%b-%y --columns all
}
