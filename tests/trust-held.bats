#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Attacks that never succeeded, so that they never will: what umm(7) promises in "Security".

load helper
load two_users

# precious: a file of the victim's that nobody is to change, by any way, and inputs.
precious() {
    echo precious | as_victim tee "$VICTIM_DIR/precious" >/dev/null
    as_victim umm-synth --rows=50 -o "$VICTIM_DIR/in.csv"
    as_victim umm-convert -o "$VICTIM_DIR/in.npy" "$VICTIM_DIR/in.csv"
    as_victim umm-db push "sqlite:$VICTIM_DIR/in.db" bars "$VICTIM_DIR/in.npy"
}

# Promise: a link in a world-writable directory leads no tool to a file elsewhere.
@test "links out of the directory, in the place of outputs, locks, journals and states" {
    two_users
    precious
    local name command tried=0 in=$VICTIM_DIR/in
    "$PY" "$TOP/tests/ref/predict_models.py" "$VICTIM_DIR/m.onnx" vector
    while read -r name command; do
        as_attacker ln -s "$VICTIM_DIR/precious" "$name"
        capture as_victim sh -c "$command"
        [[ $(<"$VICTIM_DIR/precious") == precious ]] || fail "$command wrote through $name"
        ((status == 1 || status == 2 || status == 125)) && [[ $stderr == umm-* ]] ||
            fail "$command: $status: $stderr"
        [[ $(readlink "$name") == "$VICTIM_DIR/precious" ]] || fail "$command replaced $name"
        as_attacker rm "$name"
        as_victim find . -mindepth 1 -user "$VICTIM_UID" -delete
        tried=$((tried + 1))
    done <<END
out.npy umm-convert -o out.npy $in.csv
out.npy umm-convert --append -o out.npy $in.csv
.out.npy.lock umm-convert --append -o out.npy $in.csv
bad.csv umm-convert --bad-rows=quarantine:bad.csv -o out.npy $in.csv
r.json umm-convert --report=r.json -o out.npy $in.csv
m.prom umm-convert --metrics=m.prom -o out.npy $in.csv
out.csv umm-synth --rows=9 -o out.csv
part.npy umm-mmap-slice $in.npy 1:9 -o part.npy
f.npy umm-features -f ema:3 -o f.npy $in.npy
state umm-features -f ema:3 --append --state=state -o f.npy $in.npy
y.npy umm-predict --columns=1,2,3 -o y.npy $VICTIM_DIR/m.onnx $in.npy
state umm-predict --columns=1,2,3 --append --state=state -o y.npy $VICTIM_DIR/m.onnx $in.npy
q.onnx umm-quantize --columns=1,2,3 --data=$in.npy -o q.onnx $VICTIM_DIR/m.onnx
q.json umm-quantize --columns=1,2,3 --data=$in.npy -o q.onnx --report=q.json $VICTIM_DIR/m.onnx
q.prom umm-quantize --columns=1,2,3 --data=$in.npy -o q.onnx --metrics=q.prom $VICTIM_DIR/m.onnx
y.csv umm-predict --columns=1,2,3 -o y.csv $VICTIM_DIR/m.onnx $in.npy
.y.npy.lock umm-predict --columns=1,2,3 --lock -o y.npy $VICTIM_DIR/m.onnx $in.npy
.state.lock umm-predict --columns=1,2,3 --state=state $VICTIM_DIR/m.onnx $in.npy
d.npy umm-db pull -o d.npy sqlite:$in.db bars
d.npy umm-db pull --append -o d.npy sqlite:$in.db bars
d.db umm-db push sqlite:d.db bars $in.npy
d.db-journal umm-db push sqlite:d.db bars $in.npy
d.db-wal umm-db push sqlite:d.db bars $in.npy
watched umm-watch --clock=input --state=watched /dev/null
.watched.lock umm-watch --clock=input --state=watched /dev/null
done umm-batch --journal=done /dev/null -- true
.done.lock umm-batch --journal=done /dev/null -- true
a.npy.zst umm-archive append a.npy.zst $in.npy
a.npy.zst.journal umm-archive append --keep-journal a.npy.zst $in.npy
snapshot umm-memstat snapshot snapshot --pid=\$\$
p.svg umm-memstat --run -q --plot=p.svg true
END
    [[ $tried -eq 31 ]]
}

# Promise: likewise a hard link, where the kernel lets it be made.
@test "a hard link in the place of an output" {
    two_users
    precious
    ln "$VICTIM_DIR/precious" out.npy
    ok as_victim umm-convert -o out.npy "$VICTIM_DIR/in.csv"
    [[ $(<"$VICTIM_DIR/precious") == precious && $(stat -c '%h %u' out.npy) == "1 $VICTIM_UID" ]]
}

# Promise: a name stands for a file in its directory, and no other.
@test "names of pools, keys, symbols and zones that lead elsewhere" {
    umm-synth --rows=10 -o A_1m.csv
    umm-convert -o in.npy A_1m.csv
    mkdir pools root x
    export UMM_POOL_DIR=$PWD/pools
    ok umm-pool create p --size=1M
    local name more=$'\nTry \'umm-pool --help\'.' convert=$'\nTry \'umm-convert --help\'.'
    find . | sort >"$BATS_FILE_TMPDIR/before"
    for name in ../x .. ../../x; do
        refuses 2 "umm-pool: the name of a pool \"$name\" begins with a dot (1 to 64 bytes)$more" \
            umm-pool create "$name" --size=1M
        refuses 2 "umm-pool: the key \"$name\" begins with a dot (1 to 200 bytes)$more" umm-pool put p "$name" in.npy
        refuses 2 "umm-pool: the key \"$name\" begins with a dot (1 to 200 bytes)$more" umm-pool get p "$name"
        refuses 2 "umm-convert: the key \"$name\" begins with a dot (1 to 200 bytes)$convert" \
            umm-convert -o "pool:p/$name" A_1m.csv
    done
    for name in a/../../x /x x/..; do
        capture umm-pool create "$name" --size=1M
        [[ $status -eq 2 ]]
        capture umm-pool put p "$name" in.npy
        [[ $status -eq 2 ]]
    done
    for name in ../../../etc/passwd Europe/../../../../etc/passwd posix/../Europe/Paris /etc/passwd; do
        refuses 2 "umm-convert: unknown time zone: \"$name\"$convert" umm-convert --tz="$name" -o o.npy A_1m.csv
    done
    find . | sort | diff - "$BATS_FILE_TMPDIR/before" || fail 'something was made'
    # A symbol may be anything, and is a name like others there.
    ok umm-convert --out-root=root --symbols=../../x --timeframes=1m A_1m.csv
    [[ $(cd root && find . -type f) == ./%2E.%2F..%2Fx/1m.npy && -z $(ls -A x) ]]
    ok umm-mmap-slice --root=root --symbols=../../x --timeframes=1m 0:1 --format=csv
}

# Promise: a pool is its user's, or it is none.
@test "a pool that another user has made under our name" {
    two_users
    precious
    local pools=$SHARED pool=$SHARED/umm.$VICTIM_UID.p in=$VICTIM_DIR/in why
    why="$pool: belongs to another user (uid $ATTACKER_UID)"
    ok as_attacker umm-pool create q --size=1M --dir="$pools"
    ok as_attacker umm-pool put q K "$in.npy" --dir="$pools"
    as_attacker chmod -R a+rX "umm.$ATTACKER_UID.q"
    as_attacker mv "umm.$ATTACKER_UID.q" "$pool"
    refuses 1 "umm-pool: $why" as_victim umm-pool create p --size=1M --dir="$pools"
    refuses 1 "umm-pool: $why" as_victim umm-pool put p K "$in.npy" --dir="$pools"
    refuses 1 "umm-pool: $why" as_victim umm-pool get p K --dir="$pools"
    refuses 1 "umm-pool: $why" as_victim umm-pool rm p K --dir="$pools"
    refuses 1 "umm-pool: $why" as_victim umm-pool unlink p --dir="$pools"
    capture as_victim env UMM_POOL_DIR="$pools" umm-convert -o pool:p/K "$in.csv"
    [[ $status -eq 1 && $stderr == *"belongs to another user (uid $ATTACKER_UID)" ]] || fail "$stderr"
    [[ $(stat -c %u "$pool" "$pool/K.npy" | sort -u) == "$ATTACKER_UID" && -z $(find . -user "$VICTIM_UID") ]]
    # A link to a pool of the victim's own is none either.
    as_attacker rm -r "$pool"
    as_victim mkdir -m 700 "$VICTIM_DIR/pools"
    ok as_victim umm-pool create p --size=1M --dir="$VICTIM_DIR/pools"
    as_attacker ln -s "$VICTIM_DIR/pools/umm.$VICTIM_UID.p" "$pool"
    capture as_victim umm-pool put p K "$in.npy" --dir="$pools"
    [[ $status -eq 1 && -z $(ls "$VICTIM_DIR/pools/umm.$VICTIM_UID.p") ]] || fail "$stderr"
    # And where pools usually are.
    as_attacker rm "$pool"
    pool=/dev/shm/umm.$VICTIM_UID.p
    as_attacker mkdir "$pool" || skip 'there is no /dev/shm to write to'
    refuses 1 "umm-pool: $pool: belongs to another user (uid $ATTACKER_UID)" as_victim umm-pool create p --size=1M
}

# Promise: nobody else reads an output until it is complete.
@test "a reader that tries all the time has nothing of an output that is not complete" {
    two_users
    cat >"$ATTACKER_DIR/spin.py" <<'END'
import os

opened, tried = [], 0
with open("spinning", "w", encoding="ascii"):
    pass
while not os.path.exists("enough") and len(opened) < 800:
    for _ in range(10000):
        tried += 1
        try:
            opened.append(os.open(".out.csv.umm-0", os.O_RDONLY))
        except OSError:
            pass
# Whatever was written until now, also after it was opened.
print(tried, len(opened), *sorted({len(os.read(fd, 1 << 20)) for fd in opened}))
END
    local spinner tried opened sizes size i
    "${ATTACKER[@]}" "$PY" "$ATTACKER_DIR/spin.py" >"$VICTIM_DIR/spun" 3>&- &
    spinner=$!
    wait_until "$spinner" 'the reader' test -e spinning
    for ((i = 0; i < 200; i++)); do
        as_victim umm-synth --rows=1000 -o out.csv
    done
    as_victim touch enough
    wait "$spinner"
    read -r tried opened sizes <"$VICTIM_DIR/spun"
    echo "# opened $opened in $tried tries, bytes: $sizes" >&3
    [[ $(wc -l <out.csv) -eq 1001 ]]
    # A complete one has its mode just before its name.
    for size in $sizes; do
        [[ $size -eq 0 || $size -eq $(stat -c %s out.csv) ]]
    done
    ((opened > 0)) || skip 'the reader never came in time'
}

# Promise: names and texts of others are shown, never obeyed.
@test "a command's name in SVG, JSON, HTML and metrics" {
    local odd=$'x"><script>alert(1)<script>&amp;\x1b[2J\n\xff]]>{}=\\'
    cp "$(type -P true)" "$odd"
    ok umm-memstat --run -q --plot=p.svg --report=r.json --metrics=m.prom -- "./$odd" "$odd"
    ok "$PY" - <<'END'
import json
import re
import xml.etree.ElementTree as tree


def read(name):
    with open(name, "rb") as file:
        return file.read()


svg, report, metrics = read("p.svg"), read("r.json"), read("m.prom")
tags = {element.tag.split("}")[1] for element in tree.fromstring(svg).iter()}
assert tags <= {"svg", "style", "rect", "line", "text", "path", "polyline", "polygon", "g", "title", "circle"}, tags
assert "<script>alert(1)" in "".join(tree.fromstring(svg).itertext())
assert "<script>alert(1)" in json.loads(report)["command"]
for text in (svg, report, metrics):
    assert not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]", text), text
for line in metrics.decode().splitlines():
    assert line.startswith("#") or re.fullmatch(r'[a-z_]+\{([a-z_]+="([^"\\\n]|\\[\\"n])*",?)*\} [-+0-9.eInfNa]+', line), line
END
    # A sanitizer's memory is not for umm-m5 to judge.
    [[ -z ${UMM_SAN-} ]] || return 0
    capture umm-m5 check --signals=100 --page=page.html -- "./$odd"
    ok "$PY" - <<'END'
import html.parser

seen, text = set(), []


class Reader(html.parser.HTMLParser):
    def handle_starttag(self, tag, attrs):
        seen.add(tag)
        assert not any(name.startswith("on") for name, _ in attrs), attrs

    def handle_data(self, data):
        text.append(data)


with open("page.html", encoding="utf-8") as file:
    Reader().feed(file.read())
assert "script" not in seen, seen
assert "<script>alert(1)" in "".join(text)
END
}
