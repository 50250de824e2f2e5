#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# No output goes into the directory of a pool, nor takes the place of a file of a feature store,
# but what the pool and the store write themselves.

load helper

IN_POOL='is in the directory of a pool: pool:NAME/KEY and umm-pool put write there'
OF_STORE='is a file of a feature store: umm-store put adds to it; to replace it, remove the store first'

# A pool and a store, and what the commands need.
prepare() {
    export UMM_POOL_DIR=$PWD
    POOL=umm.$(id -u).p
    printf 'timestamp,open,high,low,close,volume\n1600000000000,1,1,1,1,1\n' >in.csv
    { cat in.csv && echo 1600000060000,x,1,1,1,1; } >bad.csv
    { echo symbol,timestamp,open,high,low,close,volume && echo A,1600000000000,1,1,1,1,1; } >by.csv
    ok umm-convert -o in.npy in.csv
    ok umm-db push sqlite:bars.db bars in.npy
    "$PY" "$TOP/tests/ref/predict_models.py" vector.onnx vector
    "$PY" -c "import numpy as np; np.save('many.npy', np.random.default_rng(1).uniform(-9, 9, (2000, 3)))"
    ok umm-pool create p --size=1M
    ok umm-pool put p k in.npy
    ok umm-store create st --dim=2
    ok umm-store put st <<<'a,1,2'
    mkdir -p kept root/A
    cp in.npy root/A/1m.npy
    cp -a st "$POOL" kept/
}

# refuses_place WHY FILE COMMAND...: it names FILE, and says WHY, and nothing has changed.
refuses_place() {
    local why=$1 file=$2
    shift 2
    capture "$@"
    [[ $status == @(1|125) && $stderr == "${1}: $file: $why" && ${stderr//$'\n'/} == "$stderr" ]] || {
        show_captured "$@"
        fail "$file: expected $why"
    }
    diff -r kept/st st && diff -r "kept/$POOL" "$POOL" && no_leftovers .
}

# each_way FILE WHY: all that puts a file in the place of FILE, of any kind.
each_way() {
    local file=$1 why=$2
    refuses_place "$why" "$file" umm-convert -o "$file" in.csv
    refuses_place "$why" "$file" umm-convert --append -o "$file" in.csv
    refuses_place "$why" "$file" umm-convert --bad-rows=quarantine:"$file" -o out.npy bad.csv
    refuses_place "$why" "$file" umm-convert --report="$file" -o out.npy in.csv
    refuses_place "$why" "$file" umm-convert --metrics="$file" -o out.npy in.csv
    refuses_place "$why" "$file" umm-synth --rows=10 -o "$file"
    refuses_place "$why" "$file" umm-mmap-slice in.npy : -o "$file"
    refuses_place "$why" "$file" umm-mmap-slice in.npy --describe -o "$file"
    refuses_place "$why" "$file" umm-features -f ema:3 --format=npy -o "$file" in.npy
    refuses_place "$why" "$file" umm-features -f ema:3 --append --state=new.state -o "$file" --format=npy in.npy
    refuses_place "$why" "$file" umm-features -f ema:3 --by=symbol --format=csv -o "$file" by.csv
    refuses_place "$why" "$file" umm-features -f ema:3 --state="$file" -o out.csv in.npy
    refuses_place "$why" "$file" umm-features -f ema:3 --state="$file" --rebuild -o out.csv in.npy
    refuses_place "$why" "$file" umm-db push "sqlite:$file" bars in.npy
    refuses_place "$why" "$file" umm-db pull -o "$file" sqlite:bars.db bars
    refuses_place "$why" "$file" umm-predict --columns=1,2,3 --format=npy -o "$file" vector.onnx in.npy
    refuses_place "$why" "$file" umm-predict --columns=1,2,3 --append --state=new.state --format=npy -o "$file" \
        vector.onnx in.npy
    refuses_place "$why" "$file" umm-predict --columns=1,2,3 --state="$file" -o out.csv vector.onnx in.npy
    [[ ! -e out.csv ]]
    refuses_place "$why" "$file" umm-watch --clock=input --state="$file" /dev/null
    refuses_place "$why" "$file" umm-watch --clock=input --metrics="$file" /dev/null
    refuses_place "$why" "$file" umm-batch --journal="$file" /dev/null -- true
    refuses_place "$why" "$file" umm-batch --quarantine="$file" /dev/null -- true
    refuses_place "$why" "$file" umm-quantize --data=many.npy --report="$file" -o out.onnx vector.onnx
    refuses_place "$why" "$file" umm-preload --metrics="$file" in.npy
    refuses_place "$why" "$file" umm-memstat --metrics="$file"
    refuses_place "$why" "$file" umm-memstat snapshot "$file" --pid=$$
}

@test "files of a pool" {
    prepare
    each_way "$POOL/.umm-pool" "$IN_POOL"
    each_way "$POOL/k.npy" "$IN_POOL"
    each_way "$POOL/other" "$IN_POOL"
    refuses_place "$IN_POOL" "$POOL/e.csv" umm-store export st "$POOL/e.csv"
    refuses_place "$IN_POOL" "$POOL/a.npy.zst" umm-archive append "$POOL/a.npy.zst" in.npy
    refuses_place "$IN_POOL" "$POOL/q.onnx" umm-quantize --data=many.npy -o "$POOL/q.onnx" vector.onnx
    refuses_place "$IN_POOL" "$POOL/m.prom" umm-store stat st --metrics="$POOL/m.prom"
    refuses_place "$IN_POOL" "$POOL/symbols" \
        umm-features -f ema:3 --by=symbol --state-root="$POOL" -o out.csv by.csv
    refuses_place "$IN_POOL" "$POOL/A_1m.npy" \
        umm-mmap-slice --root=root --symbols=A --timeframes=1m --out-dir="$POOL"
    cp in.csv other.csv
    refuses_place "$IN_POOL" "$POOL/other.npy" umm-convert --out-dir="$POOL" other.csv
    # Rows that would be appended in place.
    ok umm-features -f ema:3 --append --state=s.state -o grown.npy in.npy
    cp grown.npy s.state "$POOL/" && cp grown.npy s.state "kept/$POOL/"
    { cat in.csv && echo 1600000060000,1,1,1,1,1; } >more.csv
    refuses_place "$IN_POOL" "$POOL/grown.npy" \
        umm-features -f ema:3 --append --state=s.state -o "$POOL/grown.npy" more.csv
    refuses_place "$IN_POOL" "$POOL/s.state" \
        umm-features -f ema:3 --append --state="$POOL/s.state" -o grown.npy more.csv
    rm "$POOL/grown.npy" "$POOL/s.state"
    # The pool's own ways.
    ok umm-convert -o pool:p/new in.csv
    ok umm-mmap-slice in.npy : -o pool:p/new
    ok umm-pool put p k in.npy
    ok umm-pool verify p
    ok umm-pool create p --size=1M
}

@test "files of a store" {
    prepare
    local file
    for file in slots.npy vectors.npy index.umm; do
        each_way "st/$file" "$OF_STORE"
    done
    refuses_place "$OF_STORE" st/../st/slots.npy umm-convert -o st/../st/slots.npy in.csv
    cp -a st other
    refuses_place "$OF_STORE" other/slots.npy umm-store export st other/slots.npy
    # The store's own ways, and other names beside its files.
    ok umm-store export st st/e.npy
    ok umm-convert -o st/other.npy in.csv
    ok umm-store create st --dim=2
    ok umm-store resize st 2000
    rm st/index.umm
    ok umm-store put st <<<'b,3,4'
    ok umm-store get st a b
}

@test "a link within the store, and a store without its index or a file" {
    prepare
    ln -s slots.npy st/link.npy
    cp -P st/link.npy kept/st/
    refuses_place "$OF_STORE" st/link.npy umm-convert -o st/link.npy in.csv
    rm st/index.umm kept/st/index.umm
    refuses_place "$OF_STORE" st/vectors.npy umm-convert -o st/vectors.npy in.csv
    refuses_place "$OF_STORE" st/index.umm umm-convert -o st/index.umm in.csv
}

@test "names alone make no store and no pool" {
    prepare
    mkdir d
    for file in slots.npy vectors.npy index.umm .umm-pool; do
        ok umm-synth --rows=3 -o "d/$file"
    done
    for file in slots.npy vectors.npy index.umm .umm-pool; do
        ok umm-convert -o "d/$file" in.csv
    done
    ok umm-convert --append -o d/slots.npy in.csv
}

@test "a stranger makes no directory for all a pool or a store" {
    [[ $(id -u) -eq 0 ]] || skip 'there is no other user'
    prepare
    install -d -m 1777 all
    cp "$POOL/.umm-pool" st/index.umm all/
    chown 12345 all/.umm-pool all/index.umm
    ok umm-convert -o all/k.npy in.csv
    ok umm-convert -o all/slots.npy in.csv
    # Our own do.
    chown 0 all/index.umm
    refuses 1 "umm-convert: all/slots.npy: $OF_STORE" umm-convert -o all/slots.npy in.csv
}
