# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# A command is run, its allocations counted, and a report written over an old one.
tool=umm-memstat
arguments=(--run -q --count-allocs --report kept.json -- true)
outputs=(kept.json)
failure=125
varies=yes
setup() {
    echo 'the old output' >kept.json
}
check_complete() {
    /usr/bin/python3 -c 'import json, sys
r = json.load(open("kept.json"))
sys.exit(r["exit_code"] != 0 or "samples_taken" not in r)'
}
