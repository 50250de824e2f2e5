# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# Rows by time; the available memory is learnt, too.
tool=umm-preload
arguments=(--from=2020-01-01T05:00 --to=2020-01-01T06:00 --threads=1 --metrics=out.prom a.npy)
outputs=(out.prom)
setup() {
    umm-synth --rows=2000 | umm-convert -o a.npy -
    echo 'the old output' >out.prom
}
check_complete() {
    grep -q '^umm_preload_data_bytes{.*} 2880$' out.prom && grep -q '^umm_last_success' out.prom
}
# A file that fails is counted, and the run does not pass for a success.
check_old() {
    same_as old >/dev/null ||
        { grep -q '^umm_preload_failed_files{.*} [1-9]' out.prom && ! grep -q '^umm_last_success' out.prom; }
}
