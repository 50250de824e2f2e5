#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# umm-predict --listen before ten thousand clients, few of which behave: see predict_clients.py.
load helper

# serve OPTION...: in the background, as $served, at ./socket, until the end of the test.
serve() {
    umm-predict --listen=unix:socket "$@" model.onnx >out 2>err 3>&- &
    served=$!
    wait_until "$served" 'the socket' test -S socket
}

teardown() {
    [[ -z ${served-} ]] || kill -KILL "$served" 2>/dev/null || :
}

@test "10,000 clients that send anything, or go away: each good row has its answer" {
    "$PY" "$TOP/tests/predict_clients.py" make .
    ok umm-predict --plain -o answers.csv model.onnx rows.csv
    ok umm-predict --plain --format=raw -o answers.raw model.onnx rows.npy
    # A short queue: there is often no room, and clients wait for it.
    serve --max-clients=300 --queue=50
    n=10000
    [[ -z ${UMM_SAN-} ]] || n=2000
    ok "$PY" "$TOP/tests/predict_clients.py" run . socket "$served" 300 "$n"
    code=0
    kill -TERM "$served"
    wait "$served" || code=$?
    [[ $code -eq 0 && ! -s out && ! -s err && ! -e socket ]]
}
