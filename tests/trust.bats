#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What another user may put before a job must not give him the job's rights.
load helper

@test "no file has the setuid, setgid or sticky bit of the one that it stands for" {
    umm-synth --rows=50 -o bars.csv
    umm-convert -o bars.npy bars.csv
    ok umm-archive append --keep-journal a.npy.zst bars.npy
    chmod 7755 a.npy.zst
    rm -f a.npy.zst.journal
    umm-synth --rows=60 | ok umm-archive append --keep-journal a.npy.zst -
    [[ $(stat -c %a a.npy.zst.journal) == 755 ]]
    ok umm-archive compact a.npy.zst
    [[ $(stat -c %a a.npy.zst) == 755 ]]
    # An array, and what is made by the slots of a store.
    chmod 6755 bars.npy
    ok umm-convert -o bars.npy bars.csv
    [[ $(stat -c %a bars.npy) == 755 ]]
    ok umm-store create s --dim=2
    chmod 4755 s/slots.npy
    rm s/index.umm
    echo a,1,2 | ok umm-store put s
    [[ $(stat -c %a s/index.umm) == 755 ]]
}
