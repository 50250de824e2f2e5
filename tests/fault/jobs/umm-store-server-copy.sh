# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# Entries of a server into a store in files: a connection that fails, or breaks, is an error or is
# made again, and no entry is wrong. What files do is the job of umm-store-import.
tool=umm-store
arguments=(copy --timeout=2s unix:sock s)
outputs=(s)
calls=(socket connect setsockopt poll ppoll recvfrom sendto)
varies=yes
setup() {
    redis
    umm-store create --max-positions=20 --dim=2 unix:sock
    umm-store put unix:sock <<<$'a,1,2\nb,3,4'
    umm-store create --max-positions=20 --dim=2 s
}
contents() { umm-store export "$1" - | cut -d, -f1,2,5-; }
check_complete() { [[ $(contents s) == $'id,active,v0,v1\na,1,1,2\nb,1,3,4' ]] && umm-store verify s >/dev/null; }
# Those before the failure stay.
check_old() { [[ $'id,active,v0,v1\na,1,1,2\nb,1,3,4' == "$(contents s)"* ]] && umm-store verify s >/dev/null; }
