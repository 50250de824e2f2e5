# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# A file, and rows of an array; the report is the output, and metrics.
tool=umm-preload
arguments=(--budget=1G --threads=1 --metrics=out.prom a.npy b.bin)
outputs=(out.prom)
success=0
setup() {
    umm-synth --rows=2000 | umm-convert -o a.npy -
    head -c 100000 /dev/zero >b.bin
    echo 'the old output' >out.prom
}
# Times and what is cached differ from run to run.
check_complete() {
    grep -q '^umm_preload_files{.*} 2$' out.prom && grep -q '^umm_last_success' out.prom &&
        [[ $(tail -c 1 out.prom | od -An -tx1) == ' 0a' ]]
}
# A file that fails is counted, and the run does not pass for a success.
check_old() {
    same_as old >/dev/null ||
        { grep -q '^umm_preload_failed_files{.*} [1-9]' out.prom && ! grep -q '^umm_last_success' out.prom; }
}
