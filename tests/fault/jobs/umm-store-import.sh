# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# What is put is seen at once, and is durable when the command has ended.
tool=umm-store
arguments=(import s in.csv)
outputs=(s)
durable=yes
commit='^read\(.*id,active,timestamp'
setup() {
    umm-store create --max-positions=20 --dim=2 s
    umm-store put s <<<'a,1,2'
    printf 'id,active,timestamp,v0,v1\nb,1,2024-01-01,3,4\n' >in.csv
}
# A writer removes what is not whole, as readers refuse it.
mend() { umm-store put s </dev/null; }
contents() { umm-store export "$1" - | cut -d, -f1,2,5-; }
check_complete() { [[ $(contents s) == $'id,active,v0,v1\na,1,1,2\nb,1,3,4' ]]; }
check_old() { [[ $(contents s) == $'id,active,v0,v1\na,1,1,2' ]]; }
