#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# No tool writes through a symbolic link that leads out of the directory of its output:
# whoever may make a name there must not choose which of our files is lost.

load helper

ESCAPE='is a symbolic link out of its directory; name its target (or - for standard output)'

# What the commands need, and what is away and must stay as it is.
prepare() {
    export UMM_POOL_DIR=$PWD
    mkdir -p away root/A
    printf 'timestamp,open,high,low,close,volume\n1600000000000,1,1,1,1,1\n' >in.csv
    { cat in.csv && echo 1600000060000,x,1,1,1,1; } >bad.csv
    cp in.csv A_1h.csv
    ok umm-convert -o in.npy in.csv
    ok umm-convert -o root/A/1m.npy in.csv
    echo 'left alone' >away/file
    cp in.npy away/array.npy
    cp -a away kept
}

untouched() {
    diff -r kept away && no_leftovers .
}

# refuses_links NAME COMMAND...: NAME, an output of COMMAND, leads to a file that is
# away, to an array, to nothing.
refuses_links() {
    local name=$1 target
    shift
    for target in file array.npy nothing; do
        rm -f "$name"
        ln -s "$PWD/away/$target" "$name"
        capture "$@"
        [[ $status == @(1|2|125) && $stderr == *"$name: $ESCAPE"* ]] || {
            show_captured "$@"
            fail "$name led to $target"
        }
        [[ -L $name ]]
        untouched
    done
    rm "$name"
}

@test "arrays and rows" {
    prepare
    refuses_links out.npy umm-convert -o out.npy in.csv
    refuses_links out.npy umm-convert --append -o out.npy in.csv
    refuses_links bad.out umm-convert --bad-rows=quarantine:bad.out -o out.npy bad.csv
    refuses_links root/A/1h.npy umm-convert --out-root=root A_1h.csv
    refuses_links out.npy umm-mmap-slice in.npy : -o out.npy
    refuses_links out.csv umm-mmap-slice in.npy : -o out.csv
    refuses_links out.json umm-mmap-slice in.npy --describe -o out.json
    refuses_links out.csv umm-synth --rows=10 -o out.csv
    mkdir out
    local key=A_1m
    refuses_links "out/$key.npy" umm-mmap-slice --root=root --symbols=A --timeframes=1m --out-dir=out
}

@test "reports and metrics" {
    prepare
    ok umm-pool create p --size=1M
    ok umm-store create s --dim=2
    refuses_links r.json umm-convert --report=r.json -o out.npy in.csv
    refuses_links m.prom umm-convert --metrics=m.prom -o out.npy in.csv
    refuses_links r.json umm-mmap-slice in.npy : --report=r.json -o out.npy
    refuses_links m.prom umm-mmap-slice in.npy : --metrics=m.prom -o out.npy
    refuses_links m.prom umm-preload --metrics=m.prom in.npy
    refuses_links m.prom umm-pool stat p --metrics=m.prom
    refuses_links m.prom umm-store stat s --metrics=m.prom
    refuses_links m.prom umm-memstat --metrics=m.prom
    refuses_links r.json umm-memstat --report=r.json --run true
    refuses_links p.svg umm-memstat --plot=p.svg --run true
    refuses_links m.prom umm-memstat --metrics=m.prom --run true
    refuses_links s.json umm-memstat snapshot s.json --pid=$$
}

@test "a pool follows no link at all" {
    prepare
    ok umm-pool create p --size=1M
    local entry
    entry="$PWD/umm.$(id -u).p/A.npy"
    for target in file array.npy nothing; do
        ln -s "$PWD/away/$target" "$entry"
        refuses 1 "umm-pool: $entry: is not a regular file" umm-pool put p A in.npy
        refuses 1 'umm-convert: pool:p/A: is not a regular file' umm-convert -o pool:p/A in.csv
        rm "$entry"
        untouched
    done
}

@test "a store whose files lead elsewhere" {
    prepare
    ok umm-store create s --dim=2
    ok umm-store put s <<<'a,1,2'
    refuses_links e.csv umm-store export s e.csv
    refuses_links e.npy umm-store export s e.npy
    for file in vectors.npy slots.npy index.umm; do
        mv "s/$file" away/
        cp "away/$file" kept/
        ln -s "../away/$file" "s/$file"
        refuses 1 "umm-store: s/$file: $ESCAPE" umm-store put s <<<'b,3,4'
        refuses 1 "umm-store: s/$file: $ESCAPE" umm-store resize s 2000
        untouched
        # To read is another matter.
        ok umm-store get s a
        rm "s/$file" "kept/$file"
        mv "away/$file" s/
    done
    ln -s away/new t
    refuses 1 'umm-store: t: is there already' umm-store create t
    untouched
}
