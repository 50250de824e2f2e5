# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# Arrays grow in place; the new index, renamed over the old one, makes them count.
tool=umm-store
arguments=(resize s 500)
outputs=(s)
durable=yes
setup() {
    umm-store create --max-positions=20 --dim=2 s
    umm-store put s <<<'a,1,2'
}
holds() {
    [[ $(umm-store get s a) == a,1,2 ]] && umm-store stat --json s | grep -q "\"max_positions\":$1,"
}
check_complete() { holds 500; }
check_old() { holds 20; }
