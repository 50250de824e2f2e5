# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# Two threads, of which one may not start; the report is the output.
tool=umm-preload
arguments=(--threads=2 --metrics=out.prom a.npy b.bin)
outputs=(out.prom)
setup() {
    umm-synth --rows=2000 | umm-convert -o a.npy -
    head -c 100000 /dev/zero >b.bin
    echo 'the old output' >out.prom
}
check_complete() {
    grep -q '^umm_preload_files{.*} 2$' out.prom && grep -q '^umm_last_success' out.prom
}
check_old() {
    same_as old >/dev/null ||
        { grep -q '^umm_preload_failed_files{.*} [1-9]' out.prom && ! grep -q '^umm_last_success' out.prom; }
}
