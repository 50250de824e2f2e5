# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# The harness's own trial, see toy.c.
tool=toy
arguments=(in out)
outputs=(out)
durable=yes
setup() {
    seq 3000 >in
    echo 'the old output' >out
}
