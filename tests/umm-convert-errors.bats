#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# What umm-convert refuses, in which words, and what it leaves behind: nothing.
#
# Most tests hand a list of cases to one Python process, see refusals.py below.
# shellcheck disable=SC2016  # what inner shells expand

load helper

HEADER=timestamp,open,high,low,close,volume

setup_file() {
    # check(): run umm-convert in a fresh directory that holds `files`, and demand
    # its exit code, its messages, and that no file there is changed or added except
    # the `made`, which it returns. Messages are whole lines without "umm-convert: ".
    cat >"$BATS_FILE_TMPDIR/refusals.py" <<'PY'
import os, shutil, struct, subprocess, sys, tempfile

HEADER = b'timestamp,open,high,low,close,volume\n'
ROW = b'1577836800000,1,2,0.5,1.5,10\n'
GOOD = HEADER + ROW
OLD = b'the old output, whole'
failed = checked = 0

def row(minute, rest=b'1,2,0.5,1.5,10'):
    return b'%d,%s\n' % (1577836800000 + 60000 * minute, rest)

def tree():
    found = {}
    for name in os.listdir(b'.'):
        info = os.lstat(name)
        is_file = os.path.isfile(name) and not os.path.islink(name)
        found[name] = (info.st_ino, open(name, 'rb').read() if is_file else None)
    return found

def check(name, data=GOOD, args=(), code=1, says=(), stdin=b'', files=None, operands=('in.csv',),
          output='out.npy', made=(), out=b'', prepare=None, **popen):
    global failed, checked
    checked += 1
    says = [says] if isinstance(says, str) else list(says)
    says = ['umm-convert: ' + line for line in says]
    if code == 2:
        says.append("Try 'umm-convert --help'.")
    home = os.getcwd()
    place = tempfile.mkdtemp(dir=home)
    os.chdir(place)
    contents = {'out.npy': OLD}
    if data is not None:
        contents['in.csv'] = data
    contents.update(files or {})
    for path, content in contents.items():
        if content is not None:
            with open(path, 'wb') as f:
                f.write(content)
    if prepare:
        prepare()
    before = tree()
    command = ['umm-convert', *([] if output is None else ['-o', output]), *args, *operands]
    popen.setdefault('stdout', subprocess.PIPE)
    run = subprocess.run(command, input=stdin, stderr=subprocess.PIPE, **popen)
    after = tree()
    result = {path: after.pop(os.fsencode(path), (0, None))[1] for path in made}
    for path in made:
        before.pop(os.fsencode(path), None)
    expected = ''.join(line + '\n' for line in says).encode()
    if (run.returncode, run.stderr, run.stdout or b'', after) != (code, expected, out, before):
        failed += 1
        print(f'{name}: {command}'[:2000])
        print(f'  exit code {run.returncode}, expected {code}')
        print('  says ', run.stderr.decode(errors='backslashreplace')[:1000])
        print('  wants', expected.decode(errors='backslashreplace')[:1000])
        if (run.stdout or b'') != out:
            print('  standard output', run.stdout[:100])
        if after != before:
            print('  files before', sorted(before), 'and after', sorted(after))
    os.chdir(home)
    shutil.rmtree(place)
    return result

def rows_of(npy):
    length = struct.unpack('<H', npy[8:10])[0]
    numbers = struct.unpack(f'<{(len(npy) - 10 - length) // 8}d', npy[10 + length:])
    return [numbers[i:i + 6] for i in range(0, len(numbers), 6)]

def minutes(npy):
    return [(int(r[0]) - 1577836800000) // 60000 for r in rows_of(npy)]

def equal(what, got, wanted):
    global failed
    if got != wanted:
        failed += 1
        print(f'{what}: {got!r:.1000}\n  wanted {wanted!r:.1000}')

def finish(least):
    if failed or checked < least:
        sys.exit(f'{failed} of {checked} cases failed, {least} were to be tried')
PY
}

# The Python program on standard input, with refusals.py at hand.
cases() {
    ok env PYTHONPATH="$BATS_FILE_TMPDIR:$PYTHONPATH" "$PY" -
}

# ---- inputs that are not there, or not text -----------------------------------

@test "inputs that cannot be read" {
    cases <<'PY'
from refusals import *
check('missing', None, says='in.csv: cannot open: No such file or directory')
check('missing second', operands=['in.csv', 'more.csv'],
      says='more.csv: cannot open: No such file or directory')
check('directory', None, prepare=lambda: os.mkdir('in.csv'),
      says='in.csv: cannot read: Is a directory')
check('directory below', operands=['in.csv/x'], says='in.csv/x: cannot open: Not a directory')
check('loop', None, prepare=lambda: os.symlink('in.csv', 'in.csv'),
      says='in.csv: cannot open: Too many levels of symbolic links')
check('empty name', operands=[''], code=2, says='an input has an empty name')
check('long name', operands=['x' * 300], says='x' * 300 + ': cannot open: File name too long')
check('empty', b'', says='in.csv: empty input')
check('empty pipe', operands=['-'], says='<stdin>: empty input')
check('empty default', operands=[], says='<stdin>: empty input')
check('empty second', operands=['in.csv', 'e'], files={'e': b''}, says='e: empty input')
check('byte order mark', b'\xef\xbb\xbf', says='in.csv: empty input')
check('blank lines', b'\n \n\r\n\t\n', says='in.csv: no rows')
check('comments', b'# x\n# y\n', ['--comment', '#'], says='in.csv: no rows')
check('all skipped', GOOD, ['--skip-lines', '2'], says='in.csv: no rows')
check('too much skipped', GOOD, ['--skip-lines', '4000000000'], says='in.csv: no rows')
check('header only', HEADER, says='in.csv: no rows after the header')
check('header and no newline', HEADER[:-1], says='in.csv: no rows after the header')
check('header and blanks', HEADER + b'\n\n  \n', says='in.csv: no rows after the header')
check('header only, second', operands=['in.csv', 'h'], files={'h': HEADER},
      says='h: no rows after the header')
check('standard input twice', operands=['-', '-'], code=2,
      says='standard input can be read only once')
finish(20)
PY
}

@test "inputs that are something else than text, in files and in pipes" {
    cases <<'PY'
import io
import numpy as np
from refusals import *
array = io.BytesIO()
np.save(array, np.zeros((3, 6)))
text = GOOD.decode()
kinds = [
    ('7z', b'7z\xbc\xaf\x27\x1c' + GOOD, 'a 7z archive; unpack it first'),
    ('npy', array.getvalue(), 'an .npy array; it needs no conversion'),
    ('utf-16 le', b'\xff\xfe' + text.encode('utf-16-le'),
     'UTF-16 text; pipe it in: iconv -f UTF-16 -t UTF-8 FILE | ... -'),
    ('utf-16 be', b'\xfe\xff' + text.encode('utf-16-be'),
     'UTF-16 text; pipe it in: iconv -f UTF-16 -t UTF-8 FILE | ... -'),
    ('utf-32', text.encode('utf-32'), 'UTF-32 text; pipe it in: iconv -f UTF-32 -t UTF-8 FILE | ... -'),
    ('only a mark', b'\xff\xfe', 'UTF-16 text; pipe it in: iconv -f UTF-16 -t UTF-8 FILE | ... -'),
]
for name, data, says in kinds:
    check(name, data, says=f'in.csv: {says}')
    check(name + ' piped', None, stdin=data, operands=['-'], says=f'<stdin>: {says}')
nul = ': NUL byte: this is not text'
check('utf-16 le without mark', text.encode('utf-16-le'), says='in.csv:1:2' + nul)
check('utf-16 be without mark', text.encode('utf-16-be'), says='in.csv:1:1' + nul)
check('NUL', HEADER + b'1,2\0,3\n', says='in.csv:2:4' + nul)
check('NUL alone on a first line', b'\0\n' + GOOD, says='in.csv:1:1' + nul)
check('NULs only', bytes(100000), says='in.csv:1:1' + nul)
check('NUL in the header', b'timestamp,op\0en\n' + ROW, says='in.csv:1:13' + nul)
check('NUL in quotes', HEADER + b'1,"\n\0",3\n', says='in.csv:3:1' + nul)
check('NUL at the end', GOOD + b'\0', says='in.csv:3:1' + nul)
check('NUL far away', HEADER + ROW * 50000 + b'\0' * 5, ['--order', 'keep'],
      says='in.csv:50002:1' + nul)
# No policy passes over what is not text.
check('NUL skipped', HEADER + b'1,2\0,3\n' + ROW, ['--bad-rows', 'skip'], says='in.csv:2:4' + nul)
check('image', b'\x89PNG\r\n\x1a\n\0\0\0\rIHDR', says='in.csv:1:1: no field for \'timestamp\' '
      'among "\\x89PNG"; use --columns, --names, --layout or --skip-lines')
finish(23)
PY
}

@test "zstd input cut at every byte, and with every byte damaged" {
    cases <<'PY'
import random, subprocess
from refusals import *
body = HEADER + b''.join(row(i) for i in range(40))
plain = check('plain', body, code=0, made=['new.npy'], output='new.npy')['new.npy']
def zstd(data, *options):
    return subprocess.run(['zstd', '-qc', *options], input=data, stdout=subprocess.PIPE,
                          check=True).stdout
checked_frame = zstd(body, '--check')
whole = check('whole', checked_frame, code=0, made=['new.npy'], output='new.npy')['new.npy']
equal('the array', whole, plain)
cut = 'in.csv: zstd data ends in the middle of a frame'
for n in range(2, len(checked_frame)):
    check(f'cut to {n} bytes', checked_frame[:n], says=cut)
check('cut to 1 byte', checked_frame[:1], says="in.csv:1:1: no field for 'timestamp' among "
      '"("; use --columns, --names, --layout or --skip-lines')
check('second frame cut', checked_frame + checked_frame[:9], ['--order', 'keep'], says=cut)
check('garbage behind', checked_frame + b'more text', says='in.csv: damaged zstd data')
check('empty frame', zstd(b''), says='in.csv: empty input')
check('skippable frame cut', b'\x50\x2a\x4d\x18\x09\0\0\0ab', says=cut)

# Bits of a checksummed frame: whatever is accepted is what was written. The one
# damage that can pass is a reserved or descriptive bit.
random.seed(1)
accepted = 0
for at in range(len(checked_frame)):
    damaged = bytearray(checked_frame)
    damaged[at] ^= 1 << random.randrange(8)
    with open('d.zst', 'wb') as f:
        f.write(damaged)
    run = subprocess.run(['umm-convert', '-o', 'd.npy', 'd.zst'], capture_output=True)
    if run.returncode == 0:
        accepted += 1
        equal(f'byte {at}', (open('d.npy', 'rb').read(), run.stderr), (plain, b''))
        os.remove('d.npy')
    else:
        line = run.stderr.decode()
        good = run.returncode == 1 and line.count('\n') == 1 and line.startswith('umm-convert: d.zst:')
        equal(f'byte {at}: {line}', (good, sorted(os.listdir('.'))), (True, ['d.zst']))
equal('accepted only now and then', accepted < 10, True)

# Without a checksum: any answer but a crash.
frame = zstd(body, '--no-check')
for at in range(len(frame)):
    with open('d.zst', 'wb') as f:
        f.write(frame[:at] + bytes([frame[at] ^ 0x55]) + frame[at + 1:])
    run = subprocess.run(['umm-convert', '-o', '/dev/null', 'd.zst'], capture_output=True)
    equal(f'byte {at}', run.returncode in (0, 1), True)

finish(len(checked_frame))
PY
}

@test "zstd input that needs what umm-convert does not give" {
    umm-synth --rows 3000 -o data.csv
    zstd -q --train data.csv -B200 -o dictionary 2>/dev/null
    zstd -q -D dictionary data.csv -o with.zst
    refuses 1 'umm-convert: with.zst: zstd data that needs a dictionary; pipe it in: zstd -dc -D DICTIONARY FILE | ... -' \
        umm-convert -o out.npy with.zst
    # Of unknown size, so that the window is as large as was asked for.
    zstd -q --long=28 -c <data.csv >wide.zst
    refuses 1 'umm-convert: wide.zst: zstd data with a window above 128 MiB; pipe it in: zstd -dc --long=31 FILE | ... -' \
        umm-convert -o out.npy wide.zst
    ok bash -c 'zstd -dc --long=31 wide.zst | umm-convert -o out.npy -'
}

# ---- rows ----------------------------------------------------------------------

@test "damaged zstd data is said in the same words in whatever pieces it comes" {
    "$PY" - <<'EOF'
import subprocess
from waiting import bytes_in, wait_until
data = bytes.fromhex("28b52ffd305801000000000000000452c1ab454541443e0a3130")
for step in (1, 4, 5, len(data)):
    run = subprocess.Popen(["umm-convert", "-o", "out.npy", "-"], stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    for at in range(0, len(data), step):
        try:
            run.stdin.write(data[at:at + step])
            run.stdin.flush()
        except BrokenPipeError:
            break
        # In pieces also for who reads; it may have read enough.
        wait_until(lambda: bytes_in(run.stdin) == 0 or run.poll() is not None, "a piece to be read")
    try:
        run.stdin.close()
    except BrokenPipeError:
        pass
    said = run.stderr.read()
    assert run.wait() == 1 and said == b"umm-convert: <stdin>: damaged zstd data\n", (step, said)
EOF
    [[ ! -e out.npy ]]
}

@test "bad rows: what is wrong, and the line and column of it" {
    cases <<'PY'
from refusals import *
T = b'1577836800000'
def bad(name, text, says, args=(), **more):
    check(name, HEADER + text, args, says=says, **more)
def cell(name, text, says, args=()):
    """text stands in the third field of the second row"""
    bad(name, ROW + T + b',1,' + text + b',1,1,1\n', f'in.csv:3:17: {says}', args)
bad('short', T + b',1,2\n', 'in.csv:2:18: 3 fields, expected 6')
bad('one field', b'x\n', 'in.csv:2:2: 1 field, expected 6')
bad('long', T + b',1,2,3,4,5,6\n', 'in.csv:2:25: 7 fields, expected 6')
bad('longer', T + b',1,2,3,4,5,,\n', 'in.csv:2:25: 8 fields, expected 6')
bad('10,000 fields', ROW + b','.join([b'1'] * 10000) + b'\n', 'in.csv:3:13: 10000 fields, expected 6')
bad('text', T + b',1,2,abc,4,5\n', 'in.csv:2:19: low is not a number: "abc"')
cell('decimal comma', b'"1,5"', 'high is not a number: "1,5" (--decimal , reads decimal commas)')
cell('point', b'.', 'high is not a number: "."; if that means missing, say so with --na')
for text in ('0x10', '1_000', 'infinity', 'inf', '1e', '+', '1.2.3', '--1', '1 2', '1e5.0', '\u0661'):
    cell(text, text.encode(), f'high is not a number: "{text}"')
cell('escapes', b'\x1b[31m\x07\\', r'high is not a number: "\x1b[31m\x07\\"')
cell('not UTF-8', b'\xff\xc3', r'high is not a number: "\xff\xc3"')
cell('C1 control', '\u009b'.encode(), r'high is not a number: "\xc2\x9b"')
cell('long', b'x' * 500, 'high is not a number: "' + 'x' * 60 + '..."')
cell('1e400', b'1e400', 'high does not fit f8: "1e400" (the largest is 1.8e308)')
cell('-1e400', b'-1e400', 'high does not fit f8: "-1e400" (the largest is 1.8e308)')

# Other types. The time is not among the columns, or would not fit.
def typed(name, dtype, text, says):
    check(name, b'a,b\n1,1\n2,' + text + b'\n', ['--columns', 'b', '--dtype', dtype],
          says=f'in.csv:3:3: b {says}')
typed('3000000000 in i4', 'i4', b'3000000000', 'does not fit i4: "3000000000"; use --dtype i8 or f8')
typed('2^31 in i4', 'i4', b'2147483648', 'does not fit i4: "2147483648"; use --dtype i8 or f8')
typed('below i4', 'i4', b'-2147483649', 'does not fit i4: "-2147483649"; use --dtype i8 or f8')
typed('2^63 in i8', 'i8', b'9223372036854775808', 'does not fit i8: "9223372036854775808"; no type can: leave the column out')
typed('1e400 in i8', 'i8', b'1e400', 'does not fit i8: "1e400"; use --dtype f8')
typed('1e39 in f4', 'f4', b'1e39', 'does not fit f4: "1e39"; use --dtype f8')
typed('1e400 in f4', 'f4', b'1e400', 'does not fit f4: "1e400"; use --dtype f8')
typed('fraction in i8', 'i8', b'1.5', 'is not an integer: "1.5"; use --dtype f8')
typed('fraction in i4', 'i4', b'1e-1', 'is not an integer: "1e-1"; use --dtype f8')
typed('missing in i8', 'i8', b'', 'is missing, and integers have no NaN: ""; use --dtype f8')
typed('NA in i4', 'i4', b'NA', 'is missing, and integers have no NaN: "NA"; use --dtype f8')
typed('text in i8', 'i8', b'x', 'is not a number: "x"')

# Times.
def time(name, text, says, args=(), first=T):
    bad(name, first + b',1,2,0.5,1,1\n' + text + b',1,2,0.5,1,1\n', f'in.csv:3:1: timestamp {says}', args)
time('missing time', b'', 'is missing: ""')
time('missing time, NaN', b'nan', 'is missing: "nan"')
time('no time', b'soon', 'is not a time: "soon"; expected an epoch, as before it')
time('no epoch', b'15778368', 'is no epoch of 1980 to 2100: "15778368"; use --time-format, or --time-unit-in for an epoch of other years')
time('no such day', b'2023-02-30', 'is no date or time of day that exists: "2023-02-30"', first=b'2023-01-01')
time('gap', b'2023-03-26 02:30', 'is a local time that the time zone skipped: "2023-03-26 02:30"; use --tz-fold earlier or later',
     ['--tz', 'Europe/Berlin'], first=b'2023-01-01 00:00')
time('fold', b'2023-10-29 02:30', 'is a local time that the time zone had twice: "2023-10-29 02:30"; use --tz-fold infer, by the order of the rows, or earlier or later for all such times',
     ['--tz', 'Europe/Berlin'], first=b'2023-01-01 00:00')
time('inexact', b'2023-01-01 00:00:00.0005', 'is finer than the time unit: "2023-01-01 00:00:00.0005"; use a finer --time-unit', first=b'2022-01-01 00:00:00')
bad('day or month', b'01/02/2023,1,2,0.5,1,1\n',
    'in.csv:2:1: timestamp has day and month in an order that nothing tells: "01/02/2023"; use --time-format, such as %d/%m/%Y or %m/%d/%Y')
bad('neither', b'soon,1,2,0.5,1,1\n', 'in.csv:2:1: timestamp is not a time: "soon"; use --time-format')
bad('2040 in i4', b'2040-01-01,1,2,3,4,5\n', 'in.csv:2:1: timestamp is out of range: "2040-01-01"; use --dtype i8 or f8',
    ['--plain', '--dtype', 'i4', '--time-unit', 's'])
finish(48)
PY
}

@test "quotes: never closed, misplaced, in the header" {
    cases <<'PY'
from refusals import *
T = b'1577836800000'
def bad(name, text, says):
    check(name, HEADER + ROW + text, says=says)
bad('never closed', T + b',1,"2,3\n4\n5\n', 'in.csv:3:17: quote is never closed: "\\"2,3"')
bad('never closed at the end', T + b',1,"', 'in.csv:3:17: quote is never closed: "\\""')
bad('behind one that is', b'1,"a\nb" ,2,"c\nd\n', 'in.csv:4:7: quote is never closed: "\\"c"')
bad('within a field', T + b',1,2"3,4,5,6\n', 'in.csv:3:18: misplaced quote: "\\"3,4,5,6"')
bad('text behind', T + b',1,"2"3,4,5,6\n', 'in.csv:3:20: misplaced quote: "3,4,5,6"')
bad('text behind, second line', b'1,"a\nb"c,2\n', 'in.csv:4:3: misplaced quote: "c,2"')
check('header never closed', b'timestamp,"open\n' + ROW, says='in.csv:1:11: quote is never closed: "\\"open"')
check('header misplaced', b'timestamp,op"en\n' + ROW, says='in.csv:1:13: misplaced quote: "\\"en"')
check('first row', T + b',"1\n', ['--header', 'no', '--names', 'a,b'], says='in.csv:1:15: quote is never closed: "\\"1"')
check('names', args=['--names', 'a"b,c'], code=2,
      says='the names are no list with commas between them')
check('no names', args=['--names', ''], code=2, says='the names are no list with commas between them')
check('too many names', args=['--names', ','.join(['n'] * 5000)], code=2,
      says='there may be at most 4096 names')
finish(12)
PY
}

@test "limits: 64 KiB fields, 1 MiB records, 4096 fields, on the spot and one beyond" {
    cases <<'PY'
from refusals import *
T = b'1577836800000'
K64, MIB = 65536, 1 << 20
six = ['--columns', 'timestamp,a', '--struct']
def with_text(field, args=(), **more):
    """a row whose sixth field is not among the columns"""
    return check(f'{len(field)} bytes {args}', b'timestamp,a,text\n' + T + b',1,' + field + b'\n', six + list(args), **more)
quoted = lambda n: b'"' + b'x' * n + b'"'
with_text(b'x' * K64, code=0, made=['out.npy'])
with_text(quoted(K64), code=0, made=['out.npy'])
with_text(b'"' + b'"' * K64 + b'"', code=0, made=['out.npy'])
with_text(b'x' * (K64 + 1), says='in.csv:2:17: field longer than 64 KiB: "' + 'x' * 28 + '..."')
long_quoted = 'in.csv:2:17: field longer than 64 KiB (or a quote is not closed): "\\"' + 'x' * 26 + '..."'
with_text(quoted(K64 + 1), says=long_quoted)
with_text(b'"' + b'x' * K64 + b'\nx"', says=long_quoted)
# The same where the input ends with it.
for n, code, made, says in ((K64, 0, ['out.npy'], ()), (K64 + 1, 1, (), 'in.csv:2:17: field longer than 64 KiB: "' + 'x' * 28 + '..."')):
    check(f'last {n}', b'timestamp,a,text\n' + T + b',1,' + b'x' * n, six, code, says, made=made)
for n, code, made, says in ((K64, 0, ['out.npy'], ()), (K64 + 1, 1, (), 'in.csv:2:1: field longer than 64 KiB: "' + 'x' * 28 + '..."')):
    check(f'first {n}', b'text,timestamp,a\n' + b'x' * n + b',' + T + b',1\n', six, code, says, made=made)
# Records: fields of 60,000 bytes.
def record(total):
    text = T + b',1,'
    return text + (b'x' * 60000 + b',') * ((total - len(text)) // 60001) + b'x' * ((total - len(text)) % 60001)
for total, end in ((MIB, b'\n'), (MIB, b'\r\n'), (MIB, b'')):
    data = record(total)
    names = b'timestamp,a' + b',x' * (data.count(b',') - 1)
    check(f'record of {total} {end}', names + b'\n' + data + end, six, 0, made=['out.npy'])
over = record(MIB + 1)
names = b'timestamp,a' + b',x' * (over.count(b',') - 1) + b'\n'
for end in (b'\n', b''):
    check('record one longer', names + over + end, six,
          says='in.csv:2:1: record longer than 1 MiB: "1577836800000,1,xxxxxxxxxxxx..."')
    for args in ([], ['--bad-rows', 'skip']):
        check('two longer', names + over + b'xx' + end, six + args, says='in.csv:2:1: record longer than 1 MiB')
        check('two longer, pipe', None, six + args, stdin=names + over + b'xx' + end, operands=['-'], says='<stdin>:2:1: record longer than 1 MiB')
many = b'"' + b'a\n' * 30000 + b'",'
check('record of many lines', b'timestamp,a' + b',x' * 20 + b'\n' + T + b',1,' + many * 20 + b'\n', six,
      says='in.csv:2:1: record longer than 1 MiB: "' + '1577836800000,1,\\"a"')
check('endless line', b'x' * (3 << 20), says='in.csv:1:1: field longer than 64 KiB')
check('endless line of commas', HEADER + b',' * (3 << 20), says='in.csv:2:1: record longer than 1 MiB')
check('endless comment', HEADER + b'#' * (3 << 20), ['--comment', '#'], says='in.csv:2:1: line longer than 1 MiB')
check('endless line skipped', b'x' * (3 << 20), ['--skip-lines', '1'], says='in.csv:1:1: line longer than 1 MiB')
check('endless line and skip', HEADER + ROW + b',' * (3 << 20), ['--bad-rows', 'skip'], says='in.csv:3:1: record longer than 1 MiB')
def wide(n, width=4):
    return b','.join([b'timestamp', b'a'] + [b'x%0*d' % (width, i) for i in range(2, n)]) + b'\n' + b','.join([T] + [b'1'] * (n - 1)) + b'\n'
for width in (4, 100):
    check('4096 fields', wide(4096, width), six, 0, made=['out.npy'])
    check('4096 fields in a pipe', None, six, 0, stdin=wide(4096, width), operands=['-'], made=['out.npy'])
    check('4097 fields', wide(4097, width), six, says='in.csv:1:1: 4097 fields; at most 4096 are supported')
check('10,000 names', wide(10000), six, says='in.csv:1:1: 10000 fields; at most 4096 are supported')
check('10,000 fields without names', wide(10000).split(b'\n')[1] + b'\n', ['--columns', '1'],
      says='in.csv:1:1: 10000 fields; at most 4096 are supported')
finish(35)
PY
}

@test "places: the right file, line and column in every kind of text" {
    cases <<'PY'
from refusals import *
says = 'close is not a number: "x"'
bad = b'1577836920000,1,2,0.5,x,10'
good = [ROW[:-1], row(1)[:-1]]
def text(end=b'\n', header=HEADER[:-1], between=b''):
    return header + end + good[0] + end + between + bad + end
column = 23
check('LF', text(), says=f'in.csv:3:{column}: {says}')
check('no last newline', text()[:-1], says=f'in.csv:3:{column}: {says}')
check('CRLF', text(b'\r\n'), says=f'in.csv:3:{column}: {says}')
check('CR', text(b'\r'), says=f'in.csv:3:{column}: {says}')
check('BOM', b'\xef\xbb\xbf' + text(), says=f'in.csv:3:{column}: {says}')
check('BOM and bad first line', b'\xef\xbb\xbf' + bad + b'\n', ['--names', HEADER[:-1].decode()], says=f'in.csv:1:{column}: {says}')
check('skipped lines', b'a\nb\r\nc\rd\n' + text(), ['--skip-lines', '4'], says=f'in.csv:7:{column}: {says}')
check('skipped quotes', b'"\n"a,\n' + text(), ['--skip-lines', '2'], says=f'in.csv:5:{column}: {says}')
check('comments', b'# c\n' + text(between=b'# x "\n#\n'), ['--comment', '#'], says=f'in.csv:6:{column}: {says}')
check('blank lines', b'\n\r\n' + text(between=b'\n  \n\n'), says=f'in.csv:8:{column}: {says}')
check('second file', operands=['in.csv', '2.csv'], files={'2.csv': HEADER + b'1577836860000,1,2,0.5,1,1\n' + bad + b'\n'},
      says=f'2.csv:3:{column}: {says}')
check('pipe', None, operands=['-'], stdin=text(), says=f'<stdin>:3:{column}: {says}')
check('spaces', HEADER + ROW + b'1577836920000, 1,\t2,0.5,   x  ,10\n', says=f'in.csv:3:28: {says}')
check('quoted', HEADER + ROW + b'"1577836920000",1,2,0.5,"x",10\n', says=f'in.csv:3:25: {says}')
# Columns count bytes: an e with an accent is two.
check('UTF-8', 'note,timestamp,open,high,low,close,volume\n\u00e9,1577836800000,1,2,0.5,x,1\n'.encode(), says=f'in.csv:2:26: {says}')
lines = b'note,' + HEADER + b'"a\nb\r\n\rc"' + b',' + ROW
check('after lines in quotes', lines + b'n,' + bad + b'\n', says=f'in.csv:6:25: {says}')
check('in lines in quotes', lines + b'"two\nlines",' + bad + b'\n', says=f'in.csv:7:30: {says}')
check('behind a bad row', HEADER + ROW + b'bad\n' * 3 + bad + b'\n', ['--bad-rows', 'skip', '--max-bad', '3'],
      says=f'in.csv:6:{column}: {says}; with it, more rows are rejected than the 3 allowed')
check('behind a quarantined row', HEADER + ROW + b'bad\n' + b'"a\nb"\n' + bad + b'\n',
      ['--bad-rows', 'quarantine:q', '--max-bad', '2'],
      says=f'in.csv:6:{column}: {says}; with it, more rows are rejected than the 2 allowed')
check('line 200,000', HEADER + ROW * 200000 + bad + b'\n', ['--order', 'keep'], says=f'in.csv:200002:{column}: {says}')
check('tabs', HEADER.replace(b',', b'\t') + bad.replace(b',', b'\t') + b'\n', says=f'in.csv:2:{column}: {says}')
check('date and time', b'date,time,open,high,low,close,volume\n20240101,0000,1,2,1,1,1\n20240101,9900,1,2,1,1,1\n',
      says='in.csv:3:1: timestamp is no date or time of day that exists: "20240101 9900"')
finish(22)
PY
}

@test "headers: what cannot be decided shows the header and the option" {
    cases <<'PY'
from refusals import *
use = '; use --columns, --names, --layout or --skip-lines'
six = '"timestamp", "open", "high", "low", "close", "volume"'
check('lacks one', b'timestamp,open,high,low,close\n1,2,3,4,5\n',
      says='in.csv:1:1: no field for \'volume\' among "timestamp", "open", "high", "low", "close"; '
           'name it as volume=FIELD in --columns, or volume==nan if there is none')
check('second line', b'\n\n# c\na,b\n1,2\n', ['--comment', '#'],
      says='in.csv:4:1: no field for \'timestamp\' among "a", "b"' + use)
check('no header', ROW[:-1] + b',1\n', says="in.csv:1:1: no field for 'timestamp': no header names the 7 "
      'fields; use --layout, --names or numbers in --columns')
check('asked for', args=['--columns', 'timestamp,bid'], says=f"in.csv:1:1: no field for 'bid' among {six}{use}")
check('number', args=['--columns', '1,7'], says='in.csv:1:1: no field number 7: there are 6')
check('zero', args=['--columns', '0'], says='in.csv:1:1: no field number 0: there are 6')
check('several', b'time,ts,unix,open,high,low,close,volume\n', says="in.csv:1:1: several fields could be 'timestamp' among "
      '"time", "ts", "unix", "open", "high", "low", "close", "volume"; use --columns or --layout')
check('delimiters', b'a;b,c\n1;2,3\n',
      says='in.csv:1:1: more than one of , ; tab | could be the delimiter; use --delimiter')
check('other file', b'timestamp,a\n1600000000,2\n', ['--columns', 'all'], operands=['in.csv', '2.csv'],
      files={'2.csv': b'timestamp,b\n1600000000,2\n'}, says='2.csv: has other columns than the files before it')
check('controls', b'time\x1b[2Jstamp,"a\nb"\n1,2\n',
      says=r'''in.csv:1:1: no field for 'timestamp' among "time\x1b[2Jstamp", "a\nb"''' + use)
check('controls in a name', b'timestamp,"a\x1b[2J\nb"\n1600000000,x\n', ['--columns', 'all', '--plain'],
      says=r'in.csv:3:12: a\x1b[2J\nb is not a number: "x"')
check('many names', b','.join(b'name%d' % i for i in range(1000)) + b'\n', says="in.csv:1:1: no field for 'timestamp' among "
      + ', '.join('"name%d"' % i for i in range(27)) + ', ...' + use)
finish(12)
PY
}

# ---- usage ----------------------------------------------------------------------

@test "wrong usage: every option with values that it does not take" {
    cases <<'PY'
from refusals import *
takes = {
    'layout': ('a layout that umm-convert --list-layouts prints, or auto', ['', 'Binance', 'nyse', 'auto ']),
    'header': ('yes, no or auto', ['', 'true', 'YES', '1']),
    'delimiter': ('one character, or tab', ['', ',,', '"', '\n', '\r', '\u00e9', 'comma']),
    'decimal': ('. or ,', ['', ';', '.,', '..']),
    'comment': ('one character', ['', '//', '"', '\n']),
    'skip-lines': ('a number from 0', ['', '-1', '+1', '1.5', ' 1', '0x1', '1k', '4294967296', '9' * 30]),
    'skip-footer': ('a number from 0', ['', '-1', '1.5', '4294967296']),
    'memory': ('a size from 1M to 1T', ['', '0', '1023K', '2T', '1.5G']),
    'time-unit-in': ('s, ms, us, ns, ticks, excel or excel1904', ['', 'S', 'sec', 'min', 'ps']),
    'time-unit': ('s, ms, us or ns', ['', 'MS', 'm', 'days']),
    'date': ('YYYY-MM-DD', ['', '2021', '2021-02-30', '2021-1-5', '20210105', '2021-01-05T01']),
    'tz-fold': ('earlier, later or infer', ['', 'Earlier', 'first', '0']),
    'bad-rows': ('fail, skip or quarantine:FILE', ['', 'ignore', 'quarantine', 'quarantine:', 'Skip']),
    'max-bad': ('a number from 0', ['', '-1', '5%', '18446744073709551616']),
    'order': ('check, asc, sort or keep', ['', 'desc', 'ascending']),
    'dedup': ('first, last or error', ['', 'none ', 'any']),
    'align': ('a power of two from 16 to 4096', ['', '0', '8', '15', '24', '100', '4097', '8192', '64K', '-64']),
    'rows': ('a number from 1', ['', '0', '-1', '1e3', '281474976710657']),
    'on-revision': ('error, keep or replace-last', ['', 'replace', 'yes']),
}
for name, (wanted, values) in takes.items():
    for value in values:
        shown = value.replace('"', '\\"').replace('\n', '\\n').replace('\r', '\\r')
        check(name, args=[f'--{name}={value}'], code=2, says=f'--{name} takes {wanted}, not "{shown}"')
check('lock', args=['--lock=never'], code=2, says='--lock takes wait or fail, not "never"')
check('escapes', args=['--layout', '\x1b]0;x\x07\xff'], code=2,
      says='--layout takes a layout that umm-convert --list-layouts prints, or auto, not "\\x1b]0;x\\x07\u00ff"')
check('cut', args=['--order', 'x' * 500], code=2, says='--order takes check, asc, sort or keep, not "' + 'x' * 60 + '..."')
check('not UTF-8', args=[b'--order', b'\xff\n'], code=2, says=r'--order takes check, asc, sort or keep, not "\xff\n"')

form = '--time-format: '
check('time format', args=['--time-format', '%Y-%m-%d %Q'], code=2, says=form + 'cannot be used from here on: "%Q"; there is no such conversion')
check('time format', args=['--time-format', '%Y-%m-%d %Y\x1b'], code=2, says=form + r'cannot be used from here on: "%Y\x1b"; what it means was there before')
check('no date', args=['--time-format', '%H:%M'], code=2, says='the format of times does not determine a date; use --date for times of day')
check('two dates', args=['--time-format', '%F %H:%M', '--date=2021-01-05'], code=2, says='the format of times has a date, and another one is given')
check('empty', args=['--time-format', ''], code=2, says=form + 'does not determine a date')

check('zone', args=['--tz', 'Mars/Phobos'], code=2, says='unknown time zone: "Mars/Phobos" (not in /usr/share/zoneinfo)')
check('offset', args=['--tz', '+25:00'], code=2, says='unknown time zone: "+25:00"')
for zone in ('', '../../../etc/passwd', '/etc/localtime', 'x' * 200, 'UTC\x1b[m'):
    shown = 'x' * 60 + '...' if len(zone) > 100 else zone.replace('\x1b', '\\x1b')
    check('zone', args=['--tz', zone], code=2, says=f'unknown time zone: "{shown}"')

check('columns', args=['--columns', ''], code=2, says='not a column: ""')
check('columns', args=['--columns', 'open,,close'], code=2, says='not a column: ""')
check('columns', args=['--columns', 'open:'], code=2, says='not a column: "open:"')
check('columns', args=['--columns', '=open'], code=2, says='not a column: "=open"')
check('columns', args=['--columns', 'a\x1b='], code=2, says='not a column: "a\\x1b="')
check('type', args=['--columns', 'open:f2'], code=2, says='unknown type "f2": use f8, f4, i8, i4, M8 or S1 to S255')
check('dtype', args=['--dtype', 'float64'], code=2, says='unknown type "float64": use f8, f4, i8, i4')
check('M8', args=['--columns', 'timestamp:M8[ns]'], code=2,
      says="type M8[ns] of 'timestamp' is not the time unit; use M8 and --time-unit")
check('M8 and plain', args=['--plain', '--columns', 'timestamp:M8'], code=2, says='type M8 is for structs, not for plain arrays; use --struct')
check('two types', args=['--plain', '--columns', 'open,high:f4'], code=2, says='a plain array has one type; use --struct')
check('no name', ROW, ['--columns', '1,2', '--header', 'no'], code=2, says='column 1 has no name: write NAME=1, or use --names')
check('Fortran struct', args=['--fortran', '--struct'], code=2, says='only a plain array can be in Fortran order; use --plain, or leave --fortran out')
fits = 'or leave the time out with --columns'
check('ms in f4', args=['--dtype', 'f4'], code=2, says=f'epochs in ms do not fit f4; use --struct (time as M8[ms]), {fits}')
check('s in f4', args=['--dtype', 'f4', '--time-unit', 's', '--plain'], code=2, says=f'epochs in s do not fit f4; use --struct (time as M8[s]), {fits}')
check('ms in i4', args=['--dtype', 'i4'], code=2, says='epochs in ms do not fit i4; use --struct (time as M8[ms]) or --dtype i8')
check('ns in f8', args=['--plain', '--time-unit', 'ns'], code=2, says='epochs in ns do not fit f8; use --struct (time as M8[ns]) or --dtype i8')
finish(95)
PY
}

@test "wrong usage: options that exclude each other" {
    cases <<'PY'
from refusals import *
def both(says, *args, **more):
    check(says, args=args, code=2, says=says, **more)
both('--struct and --plain exclude each other', '--struct', '--plain')
both('a format of times and a unit of epochs exclude each other', '--time-format', '%F', '--time-unit-in', 's')
both('--tail and --on-revision need --append', '--tail')
both('--tail and --on-revision need --append', '--on-revision', 'keep')
both('--append needs rows in order: not with --order keep', '--append', '--order', 'keep')
both('--append cannot grow a --fortran array', '--append', '--fortran')
both('--rows is for fresh outputs: not with --append', '--append', '--rows', '5')
both('--append needs a file: not standard output', '--append', output='-')
both('--tail needs oldest-first rows: not with --order asc', '--append', '--tail', '--order', 'asc')
both('--dedup needs rows in order: not with --order keep', '--dedup', 'first', '--order', 'keep')
both('--max-bad needs --bad-rows skip or quarantine:FILE', '--max-bad', '5')
both('there is no time column; --append, --dedup and --order asc or sort need one', '--dedup', 'last', '--columns', 'open')
both('there is no time column; --append, --dedup and --order asc or sort need one', '--order', 'asc', '--columns', 'open')
both('no open, high, low and close to be checked', '--check-ohlc', '--columns', 'timestamp,open,close')
both('no output: give -o FILE, --out-dir DIR or --dry-run', output=None)
both('--dry-run compares with no array: leave --append out', '--dry-run', '--append')
both('--json and -o - would mix on standard output; use --report FILE', '--json', output='-')
both('the name of the output is empty', output='')
both('out.npy: is an input and an output at once', operands=['out.npy'])
same = 'write to the same place'
both(f'--output and --bad-rows quarantine {same}', '--bad-rows', 'quarantine:out.npy')
both(f'--output and --bad-rows quarantine {same}', '--bad-rows', 'quarantine:./new', output='new')
both(f'--output and --bad-rows quarantine {same}', '--bad-rows', 'quarantine:link', output='new', prepare=lambda: os.symlink('new', 'link'))
both(f'--output and --report {same}', '--report', '../' * 0 + './out.npy')
both(f'--output and --metrics {same}', '--metrics', 'out.npy')
both(f'--bad-rows quarantine and --report {same}', '--bad-rows', 'quarantine:q', '--report', 'q')
both(f'--report and --metrics {same}', '--report', 'r', '--metrics', 'r')
both(f'--output and --report {same}', '--report', '-', output='-')
both(f'--output and --bad-rows quarantine {same}', '--bad-rows', 'quarantine:-', output='-')
both(f'--report and --json {same}', '--report', '-', '--json')
finish(29)
PY
}

@test "wrong usage: unknown options, abbreviations, missing arguments" {
    cases <<'PY'
from refusals import *
def usage(says, *args, **more):
    check(says, args=args, code=2, says=says, **more)
usage("unknown option '--frobnicate'", '--frobnicate')
usage("unknown option '--frobnicate'", '--frobnicate=5')
usage("unknown option '-z'", '-z')
usage("unknown option '-z'", '--plain', '-vz')
usage("unknown option '-z'", '-zv', '--plain')
usage("unknown option '-?'", '-?')
usage("unknown option '-:'", '-:')
usage("unknown option '-W'", '-W')
usage(r"unknown option '-\xc3'", '-\u00e9')
usage(r"unknown option '-\x1b'", '-\x1b')
usage(r"unknown option '--\x1b[31m'", '--\x1b[31m')
usage("unknown option '--" + 'x' * 58 + "...'", '--' + 'x' * 300)
usage("ambiguous option '--time'", '--time', 's')
usage("ambiguous option '--de'", '--de=,')
usage("ambiguous option '--r'", '--r', 'x')
usage("option '--plain' takes no argument", '--plain=yes')
usage("option '--append' takes no argument", '--append=yes')
usage("option '--help' takes no argument", '--help=me')
usage("option '--verbose' takes no argument", '--verbose=3')
for name in ('layout header names delimiter decimal na comment skip-lines columns dtype align time-format '
             'time-unit-in date time-unit tz tz-fold bad-rows max-bad order dedup rows on-revision report metrics '
             'output').split():
    check(name, args=[f'--{name}'], code=2, operands=[], says=f"option '--{name}' requires an argument")
check('-o', args=['-o'], code=2, operands=[], output=None, says="option '-o' requires an argument")
# Unambiguous abbreviations, and operands that look like options.
check('abbreviated', args=['--lay', 'auto', '--head=yes', '--time-unit=ms'], code=0, made=['out.npy'])
check('operand', None, code=0, files={'-v': GOOD}, operands=['--', '-v'], made=['out.npy'])
check('option behind', code=0, operands=['in.csv', '--plain'], made=['out.npy'])
finish(46)
PY
}

# ---- names ----------------------------------------------------------------------

@test "odd file names are shown safely" {
    cases <<'PY'
import json
from refusals import *
def named(name, shown, **more):
    check(shown, None, files={name: HEADER + b'x\n'}, operands=[name], says=f'{shown}:2:2: 1 field, expected 6', **more)
    check(shown, None, operands=[name], says=f'{shown}: cannot open: No such file or directory')
named('new\nline', r'new\nline')
named('\x1b[31mred', r'\x1b[31mred')
named('quote"back\\', r'quote\"back\\')
named('caf\u00e9 \u4e2d', 'caf\u00e9 \u4e2d')
named('\u202eevil'.replace('\u202e', '\u0085'), r'\xc2\x85evil')
named('x' * 255, 'x' * 255)
named('%s%n', '%s%n')
deep = '/'.join(['d' * 100] * 8) + '/in.csv'
check('deep', None, operands=[deep], says='...' + deep[-508:] + ': cannot open: No such file or directory')
odd = '\x1b\n"\\\u00e9'
check('output', output=f'no/{odd}', says='no: cannot open the directory: No such file or directory')
check('output', output=f'{odd}/', says=r'\x1b\n\"\\' + '\u00e9: cannot open the directory: No such file or directory')
check('quarantine', args=['--bad-rows', f'quarantine:{odd}/q'],
      says=r'\x1b\n\"\\' + '\u00e9: cannot open the directory: No such file or directory')
# The same names are fine where nothing is wrong, also in reports.
for name in (odd.encode(), b'\xff\xfe', b'x' * 255, b'%s%n'):
    got = check(f'good {name}', None, ['--report', 'r', '--metrics', 'm'], code=0, files={name: GOOD},
                operands=[name], output=b'o' + name[1:], made=[b'o' + name[1:], 'r', 'm'])
    report = json.loads(got['r'])
    equal('path', report['inputs'][0]['path'], name.decode('utf-8', 'replace'))
    equal('metrics', got['m'].count(b'\n'), len([l for l in got['m'].split(b'\n') if l.startswith((b'#', b'umm_'))]))
    equal('array', rows_of(got[b'o' + name[1:]]), [(1577836800000, 1, 2, 0.5, 1.5, 10)])
# And in the comments of a quarantine, which must stay one line.
got = check('comment', None, ['--bad-rows', 'quarantine:q'], code=3, files={'new\nline': GOOD + b'x\n'}, operands=['new\nline'],
            made=['out.npy', 'q'])
equal('comment', got['q'], HEADER + rb'# new\nline:3:2: 1 field, expected 6' + b'\nx\n')
finish(21)
PY
}

# ---- outputs --------------------------------------------------------------------

# A directory that everybody can reach, with the tool in it: $shared.
shared_directory() {
    local top
    for top in "${TMPDIR:-/tmp}" /tmp /var/tmp; do
        shared=$(mktemp -d "$top/umm-test-XXXXXX") || continue
        chmod 755 "$shared"
        ! as_nobody test -x "$shared" || break
        rmdir "$shared"
        shared=
    done
    [[ -n $shared ]] || skip 'there is no directory that another user can reach'
    cp "$(command -v umm-convert)" "$shared/umm-convert"
    printf '%s\n1577836800000,1,2,0.5,1.5,10\nbad\n' "$HEADER" >"$shared/in.csv"
}

teardown() {
    [[ -z ${shared-} ]] || { chmod -R u+rwx "$shared" && rm -rf "$shared"; }
}

# As somebody for whom permissions count.
as_nobody() {
    if [[ $(id -u) -eq 0 ]]; then
        # Nor has he our directory for temporary files.
        setpriv --reuid=65534 --regid=65534 --clear-groups env -u TMPDIR "$@"
    else
        "$@"
    fi
}

@test "files and directories that one may not read or write" {
    shared_directory
    cd "$shared"
    mkdir mine locked
    if [[ $(id -u) -eq 0 ]]; then chown 65534 mine; fi
    cp in.csv secret.csv
    echo old >locked/out.npy
    chmod 000 secret.csv
    chmod 555 locked
    local convert=(as_nobody ./umm-convert --bad-rows skip)
    refuses 1 'umm-convert: secret.csv: cannot open: Permission denied' "${convert[@]}" -o mine/out.npy secret.csv
    refuses 1 'umm-convert: locked/out.npy: cannot create a file in its directory: Permission denied' \
        "${convert[@]}" -o locked/out.npy in.csv
    refuses 1 'umm-convert: locked/new.npy: cannot create a file in its directory: Permission denied' \
        "${convert[@]}" -o locked/new.npy in.csv
    refuses 1 'umm-convert: locked/q: cannot create a file in its directory: Permission denied' \
        as_nobody ./umm-convert --bad-rows quarantine:locked/q -o mine/out.npy in.csv
    refuses 1 'umm-convert: locked/out.npy: cannot open its lock file: Permission denied' \
        "${convert[@]}" --lock -o locked/out.npy in.csv
    refuses 1 'umm-convert: locked/r: cannot create a file in its directory: Permission denied' \
        "${convert[@]}" --report locked/r -o /dev/null in.csv
    [[ $(cat locked/out.npy) = old && $(ls -A locked) = out.npy && -z $(ls -A mine) ]]
    # What cannot be read may be an archive, or a state: it is not replaced.
    local why='cannot read the file that it would replace: Permission denied'
    as_nobody ./umm-convert --bad-rows skip -o mine/a.npy in.csv >/dev/null || [[ $? -eq 3 ]]
    cp mine/a.npy before
    chmod 200 mine/a.npy
    refuses 1 "umm-convert: mine/a.npy: $why" "${convert[@]}" -o mine/a.npy in.csv
    refuses 1 "umm-convert: mine/a.npy: $why" "${convert[@]}" -o /dev/null --report=mine/a.npy in.csv
    refuses 1 "umm-convert: mine/a.npy: $why" as_nobody ./umm-convert --bad-rows quarantine:mine/a.npy -o /dev/null in.csv
    cp "$(command -v umm-features)" .
    refuses 1 "umm-features: mine/a.npy: cannot open: Permission denied" \
        as_nobody ./umm-features -f ema:3 --rebuild --state=mine/a.npy before
    cmp before mine/a.npy
    # Nothing is written, so nothing stands in the way.
    cd locked
    as_nobody ../umm-convert --bad-rows quarantine:q --dry-run ../in.csv >/dev/null || [[ $? -eq 3 ]]
}

@test "outputs that cannot be" {
    cases <<'PY'
from refusals import *
check('directory', output='d', prepare=lambda: os.mkdir('d'), says='d: cannot write: Is a directory')
check('slash', output='out.npy/', says='out.npy: cannot open the directory: Not a directory')
check('no directory', output='no/out.npy', says='no: cannot open the directory: No such file or directory')
check('long', output='x' * 256, says='x' * 256 + ': cannot write: File name too long')
check('loop', output='l', prepare=lambda: os.symlink('l', 'l'), says='l: cannot write: Too many levels of symbolic links')
check('full', output='/dev/full', says='/dev/full: cannot write: No space left on device')
check('full, header first', args=['--rows', '1'], output='/dev/full', says='/dev/full: cannot write: No space left on device')
check('full stdout', output='-', stdout=open('/dev/full', 'wb'), says='standard output: cannot write: No space left on device')
check('full quarantine', GOOD + b'x\n', args=['--bad-rows', 'quarantine:/dev/full'], says='/dev/full: cannot write: No space left on device')
check('full report', args=['--report', '/dev/full'], output='/dev/null', says='/dev/full: cannot write: No space left on device')
check('full metrics', args=['--metrics', '/dev/full'], output='/dev/null', says='/dev/full: cannot write: No space left on device')
check('full json', args=['--json'], output='/dev/null', stdout=open('/dev/full', 'wb'), says='standard output: cannot write: No space left on device')
check('full dry run', args=['--dry-run'], output=None, stdout=open('/dev/full', 'wb'), says='standard output: cannot write: No space left on device')
check('full help', None, ['--help'], stdout=open('/dev/full', 'wb'), says='standard output: cannot write: No space left on device')
check('full version', None, ['-V'], stdout=open('/dev/full', 'wb'), says='standard output: cannot write: No space left on device')
check('quarantine in a directory', args=['--bad-rows', 'quarantine:d'], prepare=lambda: os.mkdir('d'), says='d: cannot write: Is a directory')
check('no scratch', output='-', env={**os.environ, 'TMPDIR': '/no'}, says='/no: cannot create a temporary file: No such file or directory')
check('too few rows', args=['--rows', '2'], says='1 rows, but 2 were promised')
check('too many rows', HEADER + row(0) + row(1), ['--rows', '1'], says='2 rows, but 1 were promised')
finish(19)
PY
}

@test "an output that is an input: by name, by a link, by standard input" {
    cases <<'PY'
from refusals import *
once = 'is an input and an output at once'
def link(path):
    return lambda: os.link('in.csv', path)
def symlink(path):
    return lambda: os.symlink('in.csv', path)
check('same', output='in.csv', code=2, says=f'in.csv: {once}')
check('another way', output='./in.csv', code=2, says=f'./in.csv: {once}')
check('second', operands=['in.csv', 'b.csv'], files={'b.csv': GOOD}, output='b.csv', code=2, says=f'b.csv: {once}')
check('hard link', output='l', prepare=link('l'), code=2, says=f'l: {once}')
check('symbolic link', output='l', prepare=symlink('l'), code=2, says=f'l: {once}')
check('input a link', output='in.csv', operands=['l'], prepare=symlink('l'), code=2, says=f'in.csv: {once}')
for option in ('--report', '--metrics', '--bad-rows=quarantine:'):
    for path, prepare in (('in.csv', None), ('l', link('l')), ('l', symlink('l'))):
        args = [option + path] if option.endswith(':') else [option, path]
        check(option, args=args, prepare=prepare, code=2, says=f'{path}: {once}')
        args = [option + path] if option.endswith(':') else [option, path]
# Through standard input and output, where the name is not known.
def redirected(name, command, says, code=2):
    place = tempfile.mkdtemp()
    with open(place + '/in.csv', 'wb') as f:
        f.write(GOOD)
    run = subprocess.run(['sh', '-c', command], cwd=place, capture_output=True)
    hint = "Try 'umm-convert --help'.\n" if code == 2 else ''
    equal(name, (run.returncode, run.stderr.decode(), run.stdout, os.listdir(place), open(place + '/in.csv', 'rb').read()),
          (code, f'umm-convert: {says}\n{hint}', b'', ['in.csv'], GOOD))
    shutil.rmtree(place)
redirected('stdin', 'umm-convert -o in.csv <in.csv', f'in.csv: {once}')
redirected('stdin report', 'umm-convert -o /dev/null --report in.csv <in.csv', f'in.csv: {once}')
redirected('stdout', 'umm-convert -o - in.csv >>in.csv', f'standard output: {once}')
finish(15)
PY
}

@test "a full disk, and a file that may not grow: the old output stays" {
    cat >full.sh <<'SH'
mkdir disk && mount -t tmpfs -o size=64k none disk && cd disk || exit 77
echo old >out.npy
umm-convert -o out.npy ../in.csv 2>../says
echo $? >>../says
TMPDIR=. umm-convert -o - ../in.csv 2>>../says >../nothing
echo $? >>../says
ls -A >>../says
cat out.npy >>../says
SH
    umm-synth --rows 5000 -o in.csv
    local space=(unshare -m)
    [[ $(id -u) -eq 0 ]] || space=(unshare -rm)
    if "${space[@]}" sh full.sh; then
        printf '%s\n' 'umm-convert: out.npy: cannot write: No space left on device' 1 \
            'umm-convert: .: cannot write: No space left on device' 1 out.npy old | diff - says
        [[ ! -s nothing ]]
        rmdir disk
    else
        echo '# no mount namespace here: only the file size limit was tried' >&3
    fi
    echo old >out.npy
    # With SIGXFSZ as it is, and ignored by the parent.
    for trap in ':' 'trap "" XFSZ'; do
        refuses 1 'umm-convert: out.npy: cannot write: File too large' \
            bash -c "$trap"'; ulimit -f 64; umm-convert -o out.npy in.csv'
        [[ $(cat out.npy) = old ]]
        no_leftovers
    done
    ok umm-convert -o grown.npy in.csv
    cp grown.npy before.npy
    umm-synth --rows 10000 -o longer.csv
    refuses 1 'umm-convert: grown.npy: cannot write: File too large' \
        bash -c 'ulimit -f 300; umm-convert --append -o grown.npy longer.csv'
    cmp grown.npy before.npy
    no_leftovers
}

@test "--append to something else" {
    cases <<'PY'
import io
import numpy as np
from refusals import *
def npy(array):
    out = io.BytesIO()
    np.save(out, array)
    return out.getvalue()
def foreign(name, data, says, args=()):
    check(name, files={'out.npy': data}, args=['--append', *args], says=f'out.npy: {says}')
gives = '; the input gives <f8 (N, 6)'
other = 'the array has other columns: '
foreign('f4', npy(np.zeros((3, 6), 'f4')), f'{other}<f4 (N, 6){gives}')
foreign('big-endian', npy(np.zeros((3, 6), '>f8')), f'{other}>f8 (N, 6){gives}')
foreign('five columns', npy(np.zeros((3, 5))), f'{other}<f8 (N, 5){gives}')
foreign('one dimension', npy(np.zeros(6)), f'{other}<f8 (N,){gives}')
foreign('three dimensions', npy(np.zeros((3, 6, 1))), f'{other}<f8 (N, 6, 1){gives}')
foreign('no dimension', npy(np.float64(1)), f'{other}<f8 (){gives}')
foreign('struct', npy(np.zeros(3, [('timestamp', '<M8[ms]'), ('open', '<f8')])), f'{other}[timestamp <M8[ms], open <f8]{gives}')
foreign('odd names', npy(np.zeros(3, [('a\x1b\n', '<f8')])), other + r'[a\x1b\n <f8]' + gives)
foreign('plain, input struct', npy(np.zeros((3, 6))), f'{other}<f8 (N, 6); the input gives [timestamp <M8[ms], open <f8]', ['--columns', 'timestamp,open'])
foreign('Fortran', npy(np.asfortranarray(np.zeros((3, 6)))), 'a Fortran-order array cannot be appended to')
foreign('not npy', b'timestamp,open\n1,2\n', 'not an NPY file: it does not begin with \\x93NUMPY')
foreign('empty', b'', 'not an NPY file: it is empty')
foreign('cut', npy(np.zeros((3, 6)))[:50], 'the NPY header claims 128 bytes, but there are only 50')
foreign('short', npy(np.zeros((3, 6)))[:-8], 'array data is short by 8 bytes')
foreign('out of order', npy(np.array([[9.] * 6, [1.] * 6])), "the array's last rows are not in order of time")
check('directory', files={'out.npy': None}, prepare=lambda: os.mkdir('out.npy'), args=['--append'], says='out.npy: cannot write: Is a directory')
check('device', args=['--append'], output='/dev/null', code=2, says='/dev/null: is not a regular file and cannot be locked')
finish(17)
PY
}

@test "closed pipes and closed standard descriptors" {
    cases <<'PY'
import signal
from refusals import *
def sh(name, command, code, says, out=b'', **popen):
    place = tempfile.mkdtemp()
    with open(place + '/in.csv', 'wb') as f:
        f.write(GOOD)
    with open(place + '/long.csv', 'wb') as f:
        f.write(HEADER + b''.join(row(i) for i in range(20000)))
    run = subprocess.run(['bash', '-c', command], cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **popen)
    says = f'umm-convert: {says}\n' if says else ''
    left = [n for n in os.listdir(place) if n not in ('in.csv', 'long.csv', 'out.npy')]
    equal(name, (run.returncode, run.stderr.decode(), run.stdout, left), (code, says, out, []))
    shutil.rmtree(place)
# Python ignores SIGPIPE, and restores it in what it starts only if told to.
for args in ('', '--rows 20000', '--fortran'):
    sh('head', f'umm-convert {args} -o - long.csv | head -c 10; exit ${{PIPESTATUS[0]}}', 128 + signal.SIGPIPE, '', b'\x93NUMPY\1\0v\0', restore_signals=True)
    sh('head, ignored', f'umm-convert {args} -o - long.csv | head -c 10; exit ${{PIPESTATUS[0]}}', 1,
       'standard output: cannot write: Broken pipe', b'\x93NUMPY\1\0v\0', restore_signals=False)
sh('help', 'umm-convert --help | true', 0, '')
bad = 'Bad file descriptor'
sh('stdout closed', 'umm-convert -o - in.csv >&-', 1, f'standard output: cannot write: {bad}')
sh('help, closed', 'umm-convert --help >&-', 1, f'standard output: cannot write: {bad}')
sh('version, closed', 'umm-convert -V >&-', 1, f'standard output: cannot write: {bad}')
sh('json, closed', 'umm-convert --json -o out.npy in.csv >&-', 1, f'standard output: cannot write: {bad}')
sh('stdin closed', 'umm-convert -o out.npy <&-', 1, f'<stdin>: cannot read: {bad}')
sh('stdin for writing', 'umm-convert -o out.npy 0>x; rm x; exit 7', 7, f'<stdin>: cannot read: {bad}')
sh('stdin a directory', 'umm-convert -o out.npy </', 1, '<stdin>: is a directory')
# Closed, and not needed. What is opened must not take their place.
sh('not needed', 'umm-convert -o out.npy in.csv <&- >&- && cat out.npy | wc -c', 0, '', b'176\n')
sh('nothing open', 'umm-convert -o out.npy in.csv <&- >&- 2>&- && cat out.npy | wc -c', 0, '', b'176\n')
sh('error in silence', 'umm-convert -o out.npy no.csv <&- >&- 2>&-; ls', 0, '', b'in.csv\nlong.csv\n')
finish(0)
PY
}

# ---- policies -------------------------------------------------------------------

@test "--bad-rows skip and quarantine: what is kept, and what is said about it" {
    cases <<'PY'
import json
from refusals import *
data = (HEADER + row(0) + b'x,1\n' + row(1) + b'1577836980000,1,2,0.5,"1,5",10\n'
        b'"two\nlines",1,2\n' + row(2) + b'1577837040000,1,2"3,4,5,6\n' + row(3) + b'1577837100000,"\n' + row(4))
reasons = [b'# in.csv:3:4: 2 fields, expected 6', b'x,1',
           b'# in.csv:5:23: close is not a number: "1,5"',
           b'1577836980000,1,2,0.5,"1,5",10',
           b'# in.csv:7:11: 3 fields, expected 6', b'"two\nlines",1,2',
           b'# in.csv:9:18: misplaced quote: "\\"3,4,5,6"', b'1577837040000,1,2"3,4,5,6',
           b'# in.csv:11:15: quote is never closed: "\\""', b'1577837100000,"']
held = HEADER + b'\n'.join(reasons) + b'\n'
def run(name, args, code=3, text=data, **more):
    return check(name, text, [*args, '--report', 'report'], code=code, made=['out.npy', 'report', 'q'], **more)
skip = run('skip', ['--bad-rows', 'skip'])
kept = run('quarantine', ['--bad-rows', 'quarantine:q'], files={'q': b'an old quarantine'})
for got in (skip, kept):
    equal('rows', minutes(got['out.npy']), [0, 1, 2, 3, 4])
    report = json.loads(got['report'])
    equal('report', (report['rows'], report['rows_rejected'], report['inputs'][0]['rows'], report['inputs'][0]['rejected']), (5, 5, 5, 5))
equal('no file', skip['q'], None)
equal('quarantine', kept['q'], held)
# Mended, it converts; as it is, it is refused for the same reasons.
again = run('as it is', ['--bad-rows', 'quarantine:q', '--comment', '#'], text=held + row(9))
# Not one usable row: the text is of another kind, and the array stays.
check('all bad', held, ['--bad-rows', 'skip', '--comment', '#'],
      says='in.csv:3:4: 2 fields, expected 6; and no other row can be used (5 rejected)')
equal('places again', again['q'].replace(b'in.csv:', b'').count(b'\n# '), 5)
mended = held.replace(b'"1,5"', b'1.5').replace(b'\nx,1\n', b'\n').replace(b'"two\nlines",1,2', row(3)[:-1]) \
    .replace(b'2"3,4,5,6', b'2,0.5,1.5,10').replace(b'0000,"', b'0000,1,2,0.5,1.5,10')
equal('mended', minutes(run('mended', ['--comment', '#'], 0, mended)['out.npy']), [3, 3, 4, 5])
# Nothing rejected: an empty file takes the place of an old one.
good = run('none', ['--bad-rows', 'quarantine:q'], 0, GOOD, files={'q': b'an old quarantine'})
equal('empty', good['q'], b'')
# No header, other line ends, several files, a pipe.
got = run('no header', ['--bad-rows', 'quarantine:q', '--names', 'timestamp,open,high,low,close,volume'], text=ROW + b'x\r\n\r\n' + row(1) + b'y', code=3)
equal('no header', got['q'], b'# in.csv:2:2: 1 field, expected 6\nx\n# in.csv:5:2: 1 field, expected 6\ny\n')
got = run('CR', ['--bad-rows', 'quarantine:q'], text=(GOOD + b'x\n').replace(b'\n', b'\r'))
equal('CR', got['q'], HEADER + b'# in.csv:3:2: 1 field, expected 6\nx\n')
got = run('files', ['--bad-rows', 'quarantine:q'], text=GOOD + b'x\n', files={'2': HEADER + b'y\n' + row(1)}, operands=['in.csv', '2'])
equal('files', got['q'], HEADER + b'# in.csv:3:2: 1 field, expected 6\nx\n# 2:2:2: 1 field, expected 6\ny\n')
got = run('pipe', ['--bad-rows', 'quarantine:q'], operands=['-'], stdin=GOOD + b'x\n')
equal('pipe', got['q'], HEADER + b'# <stdin>:3:2: 1 field, expected 6\nx\n')
# Under one header rows of another order would be read as something else.
other = b'open,timestamp,high,low,close,volume\n'
check('other header', args=['--bad-rows', 'quarantine:q'], files={'2': other + b'x\n'}, operands=['in.csv', '2'],
      says="2: the header differs from the first file's, so that one quarantine cannot hold the rows of both: convert it by itself")
# When the run fails, the old quarantine stays.
check('fails', HEADER + b'x\n' + b'\0\n', ['--bad-rows', 'quarantine:q'], files={'q': b'old'}, says='in.csv:3:1: NUL byte: this is not text')
# Everything rejected.
check('all', HEADER + b'x\ny\n', ['--bad-rows', 'quarantine:q'],
      says='in.csv:2:2: 1 field, expected 6; and no other row can be used (2 rejected)')
# Dry: counted, not kept.
check('dry', GOOD + b'x\n', ['--bad-rows', 'quarantine:q', '--dry-run', '--json'], code=3, stdout=open(os.devnull, 'w'))
finish(13)
PY
}

@test "--max-bad, --check-ohlc, missing times, and reading on after an unclosed quote" {
    cases <<'PY'
from refusals import *
three = HEADER + b'x\n' + row(0) + b'y\nz\n' + row(1)
more = 'in.csv:5:2: 1 field, expected 6; with it, more rows are rejected than the 2 allowed'
check('2 of 3', three, ['--bad-rows', 'skip', '--max-bad', '2'], says=more)
check('2 of 3, kept', three, ['--bad-rows', 'quarantine:q', '--max-bad', '2'], says=more)
check('3 of 3', three, ['--bad-rows', 'skip', '--max-bad', '3'], code=3, made=['out.npy'])
check('none', GOOD, ['--bad-rows', 'skip', '--max-bad', '0'], code=0, made=['out.npy'])
check('over files', GOOD + b'x\n', ['--bad-rows', 'skip', '--max-bad', '1'], files={'2': GOOD + b'x\n'}, operands=['in.csv', '2'],
      says='2:3:2: 1 field, expected 6; with it, more rows are rejected than the 1 allowed')

def bar(name, values, column, says):
    check(name, HEADER + ROW + b'1577836860000,' + values + b'\n', ['--check-ohlc'], says=f'in.csv:3:{column}: {says}')
bar('low above high', b'1,1,2,1,1', 17, 'low is above high')
bar('open above high', b'3,2,1,2,1', 17, 'open is above high')
bar('close above high', b'2,2,1,3,1', 17, 'close is above high')
bar('open below low', b'1,5,2,3,1', 19, 'open is below low')
bar('close below low', b'3,5,2,1,1', 19, 'close is below low')
bar('negative volume', b'3,5,2,4,-1', 23, 'volume is negative')
fine = HEADER + b''.join(row(i, v) for i, v in enumerate([b'1,1,1,1,0', b'1,2,,1.5,', b',,,,', b'-2,-1,-3,-2,1', b'nan,2,1,2,-0']))
check('possible', fine, ['--check-ohlc'], code=0, made=['out.npy'])
check('not asked for', HEADER + row(0, b'3,1,2,9,-1'), code=0, made=['out.npy'])
got = check('skipped', fine + row(9, b'3,1,2,9,-1') + row(10), ['--check-ohlc', '--bad-rows', 'skip'], code=3, made=['out.npy'])
equal('skipped', minutes(got['out.npy']), [0, 1, 2, 3, 4, 10])
got = check('missing times', HEADER + row(0) + b',1,2,3,4,5\nNaN,1,2,3,4,5\nnull,1,2,3,4,5\n' + row(1), ['--bad-rows', 'skip'], code=3, made=['out.npy'])
equal('missing times', minutes(got['out.npy']), [0, 1])

# The unclosed quote costs its own line; the rows behind it are read.
many = b''.join(row(i) for i in range(2, 5000))
got = check('unclosed', HEADER + row(0) + b'1577836860000,"1,2,0.5,1.5,10\n' + many, ['--bad-rows', 'quarantine:q'], code=3, made=['out.npy', 'q'])
equal('unclosed', (minutes(got['out.npy']), got['q']), ([0, *range(2, 5000)], HEADER +
      b'# in.csv:3:15: field longer than 64 KiB (or a quote is not closed): "\\"1,2,0.5,1.5,10"\n1577836860000,"1,2,0.5,1.5,10\n'))
# A quote that an unrelated one closes takes the lines between them with it.
got = check('closed by another', HEADER + row(0) + b'1577836860000,"1,2,0.5,1.5,10\n' + row(2) + b'1577836980000,"1",2,0.5,1.5,10\n' + row(4),
            ['--bad-rows', 'skip'], code=3, made=['out.npy'])
equal('closed by another', minutes(got['out.npy']), [0, 4])
# What is in the way of the lines behind it does not disturb their numbers.
got = check('lines', HEADER + row(0) + b'"a\nb","c\n' + many + b'x\n', ['--bad-rows', 'quarantine:q'], code=3, made=['out.npy', 'q'])
equal('lines', (minutes(got['out.npy']), got['q']), ([0, *range(2, 5000)], HEADER +
      b'# in.csv:4:4: field longer than 64 KiB (or a quote is not closed): "\\"c"\n"a\nb","c\n# in.csv:5003:2: 1 field, expected 6\nx\n'))
got = check('at the end', HEADER + row(0) + row(1) + b'1577836860000,"', ['--bad-rows', 'skip'], code=3, made=['out.npy'])
equal('at the end', minutes(got['out.npy']), [0, 1])
finish(19)
PY
}

@test "--order and --dedup: messages that name the row, in one file and over several" {
    cases <<'PY'
from refusals import *
def at(*numbers):
    return HEADER + b''.join(row(n, b'%d,99,0,1,1' % i) for i, n in enumerate(numbers))
def time(n):
    return f'2020-01-01T00:{n:02}:00Z'
asks = 'out of order; use --order asc for newest-first rows, --order sort for any'
neither = 'neither oldest first nor newest first; use --order sort'
def refused(name, data, says, *args, **more):
    check(name, data, args, says=says, **more)
def taken(name, data, wanted, *args, **more):
    got = check(name, data, args, code=0, made=['out.npy'], **more)
    equal(name, [(int(r[0] - 1577836800000) // 60000, int(r[1])) for r in rows_of(got['out.npy'])], wanted)
two = lambda *numbers: {'files': {'2.csv': at(*numbers)}, 'operands': ['in.csv', '2.csv']}

refused('back', at(0, 2, 1), f'in.csv:4:1: {time(1)} after {time(2)}: {asks}')
refused('newest first', at(2, 1, 0), f'in.csv:3:1: {time(1)} after {time(2)}: {asks}')
refused('files', at(0, 5), f'2.csv:2:1: {time(3)} after {time(5)}: {asks}', **two(3, 6))
refused('column', b'open,high,low,close,volume,time\n1,2,0,1,1,1577836800000\n1,2,0,1,1,1577836740000\n',
        f'in.csv:3:11: 2019-12-31T23:59:00Z after {time(0)}: {asks}')
refused('not a bad row', at(0, 2, 1), f'in.csv:4:1: {time(1)} after {time(2)}: {asks}', '--bad-rows', 'skip')
refused('behind a bad row', at(0, 2) + b'x\n' + row(1), f'in.csv:5:1: {time(1)} after {time(2)}: {asks}', '--bad-rows', 'skip')
taken('keep', at(0, 2, 1, 1), [(0, 0), (2, 1), (1, 2), (1, 3)], '--order', 'keep')
taken('same times stay', at(0, 1, 1, 2), [(0, 0), (1, 1), (1, 2), (2, 3)])

taken('asc, oldest first', at(0, 1, 2), [(0, 0), (1, 1), (2, 2)], '--order', 'asc')
taken('asc, newest first', at(2, 1, 0), [(0, 2), (1, 1), (2, 0)], '--order', 'asc')
taken('asc, one row', at(7), [(7, 0)], '--order', 'asc')
taken('asc, same times', at(1, 1, 0), [(0, 2), (1, 1), (1, 0)], '--order', 'asc')
taken('asc, files', at(9, 8), [(4, 1), (5, 0), (8, 1), (9, 0)], '--order', 'asc', **two(5, 4))
refused('asc, back', at(0, 2, 1), f'in.csv:4:1: {time(1)} after {time(2)}: {neither}', '--order', 'asc')
refused('asc, forth', at(2, 1, 2), f'in.csv:4:1: {time(2)} after {time(1)}: {neither}', '--order', 'asc')
refused('asc, files', at(9, 8), f'2.csv:2:1: {time(9)} after {time(8)}: {neither}', '--order', 'asc', **two(9))

taken('first', at(0, 1, 1, 1, 2, 2), [(0, 0), (1, 1), (2, 4)], '--dedup', 'first')
taken('last', at(0, 1, 1, 1, 2, 2), [(0, 0), (1, 3), (2, 5)], '--dedup', 'last')
taken('first of the first', at(0, 0, 1), [(0, 0), (1, 2)], '--dedup', 'first')
second = 'a second row of {}; use --dedup first or last'
refused('error', at(0, 1, 1), f'in.csv:4:1: {second.format(time(1))}', '--dedup', 'error')
refused('error, files', at(0, 1), f'2.csv:2:1: {second.format(time(1))}', '--dedup', 'error', **two(1))
taken('first, files', at(0, 1), [(0, 0), (1, 1), (2, 1)], '--dedup', 'first', **two(1, 2))
taken('last, files', at(0, 1), [(0, 0), (1, 0), (2, 1)], '--dedup', 'last', **two(1, 2))
# "First" is the first in the text, also where the text is newest first.
taken('first, asc', at(2, 1, 1, 0), [(0, 3), (1, 1), (2, 0)], '--dedup', 'first', '--order', 'asc')
taken('last, asc', at(2, 1, 1, 0), [(0, 3), (1, 2), (2, 0)], '--dedup', 'last', '--order', 'asc')
taken('last, asc, files', at(2, 1), [(0, 1), (1, 0), (2, 0)], '--dedup', 'last', '--order', 'asc', **two(1, 0))
# Equal instants that are written differently are equal.
taken('spellings', b'time,open,high,low,close,volume\n2020-01-01T00:01:00Z,0,9,0,1,1\n2020-01-01T01:01:00+01:00,1,9,0,1,1\n',
      [(1, 1)], '--dedup', 'last')
refused('before 1970', HEADER + b'-60000,1,2,0,1,1\n-120000,1,2,0,1,1\n', f'in.csv:3:1: 1969-12-31T23:58:00Z after 1969-12-31T23:59:00Z: {asks}', '--time-unit-in', 'ms')
finish(28)
PY
}

# ---- signals, waiting, memory -----------------------------------------------------

@test "signals end a run at once, by that signal, and leave the old output alone" {
    cat >signals.py <<'PY'
import os, signal, subprocess
from waiting import catches, has_open, is_asleep, is_drained, wait_until
os.mkdir('d')
os.chdir('d')
open('out.npy', 'wb').write(b'old')
HEADER = b'timestamp,open,high,low,close,volume\n'

def start(*args, ignore=None, **popen):
    return subprocess.Popen(['umm-convert', '--bad-rows', 'quarantine:q', '-o', 'out.npy', *args], stderr=subprocess.PIPE,
                            preexec_fn=(lambda: signal.signal(ignore, signal.SIG_IGN)) if ignore else None, **popen)

def has_temporary():
    return any(name.startswith('.out.npy.umm-') for name in os.listdir('.'))

def ends(run, number):
    run.send_signal(number)
    try:
        code = run.wait(60)
    except subprocess.TimeoutExpired:
        run.kill()
        raise
    says = run.stderr.read()
    assert (code, says) == (-number, b''), (number, code, says)
    assert sorted(os.listdir('.')) == kept and open('out.npy', 'rb').read() == b'old', os.listdir('.')

kept = ['out.npy']
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    # Waiting on a pipe that says nothing, before and within the rows.
    run = start(stdin=subprocess.PIPE)
    wait_until(lambda: catches(run, number) and is_asleep(run), 'a wait for input', run)
    ends(run, number)
    run = start(stdin=subprocess.PIPE)
    run.stdin.write(HEADER + b'1577836800000,1,2,0.5,1.5,10\n' * 60000)
    run.stdin.flush()
    wait_until(has_temporary, 'an output', run)
    ends(run, number)
    # Rows as they come.
    rows = subprocess.Popen(['umm-synth', '--rows', '1000000000', '--rate', '2000000'], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    run = start(stdin=rows.stdout)
    wait_until(has_temporary, 'an output', run)
    ends(run, number)
    rows.stdout.close()
    rows.kill()
    rows.wait()

# A FIFO without a writer; an output FIFO without a reader, and with one that reads nothing.
kept = ['fifo', 'out.npy']
os.mkfifo('fifo')
run = start('fifo')
wait_until(lambda: catches(run, signal.SIGTERM) and is_asleep(run), 'a wait for a writer', run)
ends(run, signal.SIGTERM)
open('../in.csv', 'wb').write(HEADER + b''.join(b'%d,1,2,0.5,1.5,10\n' % (1577836800000 + i) for i in range(20000)))
for args in (), ('--rows', '20000'), ('--fortran',):
    run = start('-o', 'fifo', *args, '../in.csv')
    wait_until(lambda: catches(run, signal.SIGTERM) and is_asleep(run), 'a wait for a reader', run)
    ends(run, signal.SIGTERM)
    run = start('-o', 'fifo', *args, '../in.csv')
    reader = os.open('fifo', os.O_RDONLY)
    os.read(reader, 1)
    wait_until(lambda: is_asleep(run), 'a wait for room', run)
    ends(run, signal.SIGINT)
    os.close(reader)
# Waiting for a lock.
kept = ['fifo', 'out.npy']
holder = start('--lock', stdin=subprocess.PIPE)
wait_until(lambda: has_open(holder, '.out.npy.lock') and is_asleep(holder), 'a lock that is held', holder)
second = start('--lock', '../in.csv')
wait_until(lambda: has_open(second, '.out.npy.lock') and is_asleep(second), 'the lock to be waited for', second)
second.send_signal(signal.SIGTERM)
assert second.wait(60) == -signal.SIGTERM and second.stderr.read() == b''
ends(holder, signal.SIGTERM)
os.remove('fifo')

# Ignored signals stay ignored, as nohup(1) and background jobs want it.
for number in (signal.SIGHUP, signal.SIGINT):
    run = start(stdin=subprocess.PIPE, ignore=number)
    run.stdin.write(HEADER)
    run.stdin.flush()
    wait_until(lambda: is_drained(run.stdin, run), 'the header to be read', run)
    run.send_signal(number)
    run.stdin.write(b'1577836800000,1,2,0.5,1.5,10\n')
    run.stdin.close()
    assert (run.wait(60), run.stderr.read()) == (0, b'')
    assert sorted(os.listdir('.')) == ['out.npy', 'q'] and os.path.getsize('out.npy') == 176
PY
    ok timeout -k 1 600 "$PY" signals.py
}

@test "a FIFO waits for its writer, as input and as output" {
    umm-synth --rows 3000 -o in.csv
    umm-convert -o wanted.npy in.csv
    mkfifo in out
    umm-convert -o got.npy in 2>errors 3>&- &
    local pid=$!
    wait_until $pid 'a writer to be waited for' waits_with $pid in
    cat in.csv >in
    wait "$pid"
    cmp got.npy wanted.npy
    umm-convert -o out in.csv 2>>errors 3>&- &
    pid=$!
    wait_until $pid 'a reader to be waited for' is_asleep $pid
    cat out >got.npy
    wait "$pid"
    cmp got.npy wanted.npy
    # A writer that pauses and writes piecemeal, across the magic numbers too.
    # pieces FILE N...: its first N bytes, then up to the next, and all that is left
    pieces() {
        "$PY" - "$@" <<'END'
import sys, waiting
data, at = open(sys.argv[1], "rb").read(), 0
for end in [int(n) for n in sys.argv[2:]] + [len(data)]:
    sys.stdout.buffer.write(data[at:end])
    sys.stdout.flush()
    at = end
    waiting.wait_until(lambda: waiting.bytes_in(1) == 0, "a piece to be read")
END
    }
    umm-convert -o got.npy - 2>>errors < <(pieces in.csv 1 100)
    cmp got.npy wanted.npy
    zstd -q in.csv
    umm-convert -o got.npy - 2>>errors < <(pieces in.csv.zst 2)
    cmp got.npy wanted.npy
    [[ ! -s errors ]]
    no_leftovers
}

@test "memory stays under 64 MB for 300 MB of input, and starting takes no time" {
    [[ -z ${UMM_SAN-} ]] || skip 'a sanitizer needs its own memory'
    cat >memory.py <<'PY'
import os, resource, subprocess
def peak(command, **popen):
    run = subprocess.Popen(command, **popen)
    _, code, usage = os.wait4(run.pid, 0)
    assert code == 0, (command, code)
    assert usage.ru_maxrss < 64 * 1024, (command, usage.ru_maxrss)
# About 60 bytes in a row.
for rows, out, zst in ((5200000, '/dev/null', False), (400000, 'x.npy', True)):
    made = subprocess.Popen(['umm-synth', '--rows', str(rows)], stdout=subprocess.PIPE)
    source = made
    if zst:
        source = subprocess.Popen(['zstd', '-qc', '-1'], stdin=made.stdout, stdout=subprocess.PIPE)
    peak(['umm-convert', '--rows', str(rows), '-o', out, '-'], stdin=source.stdout)
    made.stdout.close()
    assert made.wait() == 0
# In time of a processor, which other programs do not take.
def used():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
times = []
for _ in range(10):
    began = used()
    subprocess.run(['umm-convert', '-V'], stdout=subprocess.DEVNULL, check=True)
    times.append(used() - began)
assert min(times) < 0.1, times
PY
    ok "$PY" memory.py
}

@test "a store is no output, and a file of such a name can be one" {
    echo 'timestamp,open,high,low,close,volume
1600000000000,1,1,1,1,1' >a.csv
    refuses 2 "umm-convert: --output takes no store; a file of that name is ./store:s
Try 'umm-convert --help'." umm-convert -o store:s a.csv
    ok umm-convert -o ./store:s a.csv
    [[ -s store:s ]]
}
