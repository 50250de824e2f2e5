#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# metrics.bats: the files that all tools write with --metrics, together in one directory, as
# the node exporter's textfile collector finds them.

load helper

# Files of every tool and command that writes metrics, in prom/; some of datasets that have
# the same name in two directories.
setup_file() {
    cd "$BATS_FILE_TMPDIR" || return
    mkdir prom a b root out states
    export UMM_POOL_DIR=$PWD
    umm-synth --rows=3000 -o bars.csv
    umm-synth --rows=100 -o BTCUSDT-1m.csv
    umm-synth --rows=100 -o ETHUSDT-1m.csv
    local dir
    for dir in a b; do
        (
            cd $dir || exit
            umm-convert -o 1m.npy --metrics=../prom/convert-$dir.prom ../bars.csv
            umm-features -f ema:20 --metrics=../prom/features-$dir.prom -o f.npy 1m.npy
            umm-mmap-slice 1m.npy :100 -o s.npy --metrics=../prom/slice-$dir.prom
            umm-archive append --metrics=../prom/append-$dir.prom 1m.npy.zst 1m.npy
            umm-archive stat --metrics=../prom/stat-$dir.prom 1m.npy.zst
            umm-archive verify --metrics=../prom/verify-$dir.prom 1m.npy.zst
            umm-preload --metrics=../prom/preload-$dir.prom 1m.npy
            umm-store create --dim=3 store
            umm-store stat --metrics=../prom/store-$dir.prom store
        ) >/dev/null
    done
    umm-convert --out-root=root --metrics=prom/root.prom BTCUSDT-1m.csv ETHUSDT-1m.csv
    # Two parts of one run.
    umm-convert --out-dir=out --shard=0/2 --metrics=prom/part-0.prom BTCUSDT-1m.csv ETHUSDT-1m.csv
    umm-convert --out-dir=out --shard=1/2 --metrics=prom/part-1.prom BTCUSDT-1m.csv ETHUSDT-1m.csv
    umm-features --root=root --symbols=BTCUSDT,ETHUSDT --timeframes=1m --out-root=out -f ema:3 \
        --metrics=prom/features-root.prom
    umm-features --root=root --symbols=BTCUSDT,ETHUSDT --timeframes=1m --state-root=states -f ema:3 \
        --metrics=prom/features-states.prom
    umm-mmap-slice --root=root --symbols=BTCUSDT,ETHUSDT --timeframes=1m --out-dir=out \
        --metrics=prom/slice-root.prom
    # What goes through pipes has no path of its own.
    umm-features -f ema:3 --metrics=prom/pipe-1.prom <bars.csv >/dev/null
    umm-features -f ema:3 --metrics=prom/pipe-2.prom <bars.csv >/dev/null
    "$PY" "$TOP/tests/ref/predict_models.py" m.onnx vector
    "$PY" -c "import numpy as np; np.save('rows.npy', np.ones((5, 3), 'f4'))"
    umm-predict --metrics=prom/predict.prom -o answers.npy m.onnx rows.npy
    umm-quantize m.onnx --data=rows.npy -o m8.onnx --metrics=prom/quantize.prom >/dev/null 2>&1
    umm-predict --metrics=prom/predict-pipe.prom m.onnx rows.npy >/dev/null
    umm-predict --serve --metrics=prom/predict-serve.prom m.onnx <<<a,1,2,3 >/dev/null
    printf '%s\n' event,time,id,symbol,side,entry open,1,p,A,1,2 >events.csv
    umm-watch --clock=input --metrics=prom/watch.prom events.csv >/dev/null
    umm-watch --clock=input --state=watched --metrics=prom/watch-state.prom events.csv >/dev/null
    umm-batch --metrics=prom/batch.prom -- true <<<x
    umm-batch --journal=items --metrics=prom/batch-journal.prom -- true <<<x
    umm-db push --metrics=prom/db-push.prom sqlite:bars.db bars a/1m.npy
    umm-db pull --metrics=prom/db-pull.prom -o pulled.npy sqlite:bars.db bars
    umm-db verify --metrics=prom/db-verify.prom sqlite:bars.db bars a/1m.npy >/dev/null
    umm-db push --root=root --symbols=BTCUSDT,ETHUSDT --timeframes=1m --metrics=prom/db-root.prom sqlite:many.db bars
    umm-pool create p --size=1M >/dev/null
    umm-pool put p bars a/1m.npy
    umm-pool stat p --metrics=prom/pool-stat.prom >/dev/null
    umm-pool verify p --metrics=prom/pool-verify.prom >/dev/null
    umm-memstat --metrics=prom/system.prom >/dev/null
    umm-memstat -p $$ --metrics=prom/process.prom >/dev/null
    umm-memstat -f a/1m.npy -f a/1m.npy --metrics=prom/file.prom >/dev/null
    umm-memstat --run -q --metrics=prom/run.prom -- true
    # What it says about memory is not of interest here.
    umm-m5 check -q --signals=100 --no-sync --metrics=prom/m5.prom || [[ -s prom/m5.prom ]]
}

@test "every tool that has --metrics is here" {
    local tool
    for tool in "$UMM_BUILD"/umm-*; do
        [[ -x $tool && ! -d $tool ]] || continue
        "$tool" --help | grep -q -e --metrics || continue
        grep -qF "tool=\"${tool##*/}\"" "$BATS_FILE_TMPDIR"/prom/*.prom || fail "${tool##*/}: wrote none"
    done
}

@test "one name, one HELP, one TYPE over all tools, and no series twice" {
    "$PY" - "$BATS_FILE_TMPDIR"/prom/*.prom <<'END'
import collections, re, sys
heads, series = collections.defaultdict(set), collections.defaultdict(list)
for path in sys.argv[1:]:
    seen, now = set(), None
    for line in open(path, encoding="utf-8"):
        head = re.fullmatch(r"# (HELP|TYPE) (\w+) (.+)\n", line)
        if head:
            heads[head[1], head[2]].add(head[3])
            assert head[1] == "TYPE" or head[2] not in seen, f"{path}: {head[2]} has two heads"
            now = head[2]
            seen.add(now)
            continue
        name, labels, value = re.fullmatch(r"(\w+)\{(.*)\} (\S+)\n", line).groups()
        assert name == now, f"{path}: {name} below the head of {now}"
        assert re.match(r'tool="umm-[a-z0-9-]+",(command="[a-z]+",)?output="/.+"', labels), line
        series[name, labels].append(path)
for key, texts in heads.items():
    assert len(texts) == 1, (key, texts)
for key, paths in series.items():
    assert len(paths) == 1, (key, paths)
assert len(series) > 200, len(series)
END
}

@test "the node exporter serves every series of all files" {
    command -v prometheus-node-exporter >/dev/null || skip 'no prometheus-node-exporter'
    "$PY" - "$BATS_FILE_TMPDIR/prom" <<'END'
import glob, http.client, os, re, socket, subprocess, sys
# The socket listens before there is an exporter, which is given it as systemd gives one.
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen()
os.dup2(listener.fileno(), 3, inheritable=True)
log = open("log", "w+")
exporter = subprocess.Popen(
    ["sh", "-c", 'LISTEN_PID=$$ LISTEN_FDS=1 exec prometheus-node-exporter "$@"', "sh", "--web.systemd-socket",
     "--collector.disable-defaults", "--collector.textfile", "--collector.textfile.directory=" + sys.argv[1]],
    pass_fds=[3], stderr=log)
try:
    client = http.client.HTTPConnection(*listener.getsockname(), timeout=60)
    client.request("GET", "/metrics")
    answer = client.getresponse()
    assert answer.status == 200, answer.status
    text = answer.read().decode()
finally:
    exporter.kill()
    exporter.wait(60)
log.seek(0)
said = log.read()
assert "level=error" not in said and "inconsistent" not in said, said
assert "\nnode_textfile_scrape_error 0\n" in text, said
def series(lines):
    found = {}
    for line in lines:
        if line.startswith("umm_"):
            name, labels, value = re.fullmatch(r"(\w+)\{(.*)\} (\S+)", line).groups()
            labels = [l for l in re.findall(r'(\w+="(?:[^"\\]|\\.)*")', labels) if not l.endswith('=""')]
            found[name, frozenset(labels)] = float(value)
    return found
served, written = series(text.split("\n")), {}
for path in glob.glob(sys.argv[1] + "/*.prom"):
    written.update(series(open(path, encoding="utf-8").read().split("\n")))
assert len(written) > 200
for key in written:
    assert key in served, (key, said)
    assert written[key] == served[key] or written[key] != written[key], (key, written[key], served[key])
END
}

@test "promtool finds nothing wrong" {
    command -v promtool >/dev/null || skip 'no promtool'
    local file
    for file in "$BATS_FILE_TMPDIR"/prom/*.prom; do
        ok promtool check metrics <"$file"
        [[ -z $output ]] || fail "$file: $output"
    done
}

@test "datasets of one name in two directories are two outputs" {
    cd "$BATS_FILE_TMPDIR" || return
    grep -qF "umm_rows{tool=\"umm-convert\",output=\"$PWD/a/1m.npy\"} 3000" prom/convert-a.prom
    grep -qF "umm_rows{tool=\"umm-convert\",output=\"$PWD/b/1m.npy\"} 3000" prom/convert-b.prom
}

@test "runs over datasets: a series for each, and how many failed" {
    cd "$BATS_FILE_TMPDIR" || return
    local symbol
    for symbol in BTCUSDT ETHUSDT; do
        grep -qxF "umm_rows{tool=\"umm-convert\",output=\"$PWD/root/$symbol/1m.npy\"} 100" prom/root.prom
        grep -qxF "umm_rows{tool=\"umm-features\",output=\"$PWD/out/$symbol/1m.npy\"} 100" prom/features-root.prom
        grep -qxF "umm_rows{tool=\"umm-mmap-slice\",output=\"$PWD/out/${symbol}_1m.npy\"} 100" prom/slice-root.prom
    done
    grep -qxF "umm_outputs{tool=\"umm-convert\",output=\"$PWD/prom/root.prom\",directory=\"$PWD/root\"} 2" prom/root.prom
    grep -qxF "umm_failed_outputs{tool=\"umm-convert\",output=\"$PWD/prom/root.prom\",directory=\"$PWD/root\"} 0" prom/root.prom
    [[ $(grep -c '^umm_last_success_timestamp_seconds{' prom/root.prom) == 3 ]]
    # One that fails has no success, nor has the run; the other has.
    cd "$BATS_TEST_TMPDIR" || return
    cp "$BATS_FILE_TMPDIR/BTCUSDT-1m.csv" .
    echo 'x,1,2,3,4,5' >ETHUSDT-1m.csv
    capture umm-convert --out-dir=. --metrics=m.prom BTCUSDT-1m.csv ETHUSDT-1m.csv
    [[ $status == 1 ]]
    [[ $(grep '^umm_last_success' m.prom) == "umm_last_success_timestamp_seconds{tool=\"umm-convert\",output=\"$PWD/BTCUSDT-1m.npy\"} "* ]]
    grep -qxF "umm_failed_outputs{tool=\"umm-convert\",output=\"$PWD/m.prom\",directory=\"$PWD\"} 1" m.prom
    rm m.prom
    mkdir -p r/A r/B o
    mv BTCUSDT-1m.npy r/A/1m.npy
    echo none >r/B/1m.npy
    capture umm-features --root=r --symbols=A,B --timeframes=1m --out-root=o -f ema:3 --metrics=m.prom
    [[ $status == 1 && $(grep -c '^umm_last_success' m.prom) == 1 ]]
    grep -qxF "umm_failed_outputs{tool=\"umm-features\",output=\"$PWD/m.prom\",directory=\"$PWD/o\"} 1" m.prom
    rm m.prom
    capture umm-mmap-slice --root=r --symbols=A,B --timeframes=1m --out-dir=o --metrics=m.prom
    [[ $status == 1 && $(grep -c '^umm_last_success' m.prom) == 1 ]]
    grep -qxF "umm_failed_outputs{tool=\"umm-mmap-slice\",output=\"$PWD/m.prom\",directory=\"$PWD/o\"} 1" m.prom
    # What is to be read is not written over.
    refuses 2 "umm-convert: BTCUSDT-1m.csv: is an input and an output at once
Try 'umm-convert --help'." umm-convert --out-dir=. --metrics=BTCUSDT-1m.csv BTCUSDT-1m.csv
}

@test "only a run whose verdict is a success writes when it was" {
    export UMM_POOL_DIR=$PWD
    cp "$BATS_FILE_TMPDIR/a/1m.npy" .
    ok umm-pool create p --size=1M
    ok umm-pool put p bars 1m.npy
    chmod 644 umm.*.p/bars.npy
    capture umm-pool verify p --metrics=m.prom
    [[ $status == 1 && ${lines[-1]} == FAIL ]]
    grep -q '^umm_pool_faults{.*} 1$' m.prom
    grep -q '^umm_build_info{' m.prom
    capture grep -c umm_last_success m.prom
    [[ $output == 0 ]]
    # stat does not judge.
    ok umm-pool stat p --metrics=m.prom
    grep -q '^umm_last_success' m.prom
    capture umm-memstat -p 4194305 --metrics=m.prom
    [[ $status == 1 ]]
    capture grep -c umm_last_success m.prom
    [[ $output == 0 ]]
    # What it had to say was lost.
    umm-synth --rows=20 -o bars.csv
    capture bash -c 'umm-convert --json --metrics=lost.prom -o o.npy bars.csv >/dev/full'
    [[ $status == 1 && ! -e lost.prom ]]
    [[ $stderr == 'umm-convert: standard output: cannot write: No space left on device' ]]
}
