#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# What another user may put before a job gives none of the job's rights. What umm(7) promises in
# "Security", and the tests of it, by files:
#
#   a group's directory is trusted   trust-planted: a team shares a directory by its group
#   a world-writable directory:
#     who is trusted                 trust-planted: its owner, and root, are trusted
#     foreign files and stores       trust-planted: rows go into no file of another user
#     foreign links, directories     trust-planted: no planted link; trust-outputs: a symbol's directory
#     foreign states                 trust-planted: a planted state is not believed
#     weights of models              trust-planted: a model's weights are in no file that is planted
#     --if-changed                   trust-planted, trust-outputs: same bytes; keeps no file
#     journals                       trust-planted: the rows of a planted journal; closes an archive
#     locks                          trust-planted: a lock file whose owner may remove it
#   files that change while mapped   unit/test_store_changed; hostile: stores, shrinking
#   pools                            trust-held: a pool that another user has made; umm-pool-errors:
#                                    another user's pool
#   rights of what is made           trust, trust-outputs: modes, ACLs, states
#   private until complete           trust-held: a reader that tries all the time; hostile
#   directories that are made        trust-outputs: a store is made, states are written, umm-m5
#   devices, FIFOs                   trust-outputs: no output goes to the device, into a FIFO
#   links to files elsewhere         trust-held: links out of the directory, a hard link; links
#   names with "../"                 trust-held: names of pools, keys, symbols and zones
#   texts are not obeyed             trust-held: a command's name in SVG; umm-memstat: a process's
#                                    name; hostile: names; umm-convert-errors
#   damaged input, small limits      hostile: small damage, few descriptors, a full tmpfs; fuzz/
#   a killed umm-memstat --run       umm-memstat-run: a killed umm-memstat takes its command along
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
