# shellcheck shell=bash disable=SC2034,SC2016 # the names are job.bash's; the words a command's
# SPDX-License-Identifier: MIT
# Items in batches, with a journal that goes on from a run before. Whatever fails, what it has as
# done was run.
tool=umm-batch
command=(sh -c 'LD_PRELOAD=; if test -e stop && test $1 = 2; then exit 1; fi; printf "%s\n" "$@" >>ran' sh)
arguments=(--sizes=0:0:1 --base=2 --journal=j list -- "${command[@]}")
outputs=(j ran)
failure=125
varies=yes
commit='^pwrite64'
setup() {
    seq 5 >list
    : >stop
    umm-batch --sizes=0:0:1 --base=1 --halt=soon,fail=1 --journal=j list -- "${command[@]}"
    sed -i /^fail/d j
    rm stop
}
# done_items: those that the journal has as done, from 1 on.
done_items() {
    awk '/^done/ && NF == 6 { for (i = 1; i <= $3; i++) print $2 + i }' j | sort -u
}
check_old() { [[ -z $(comm -13 <(sort -u ran) <(done_items)) ]]; }
check_complete() { [[ $(done_items | wc -l) -eq 5 ]] && check_old; }
