# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# Entries of files onto a server: a connection that fails, or breaks, is an error or is made again.
# All runs share the server, where what one has put the next puts again.
tool=umm-store
arguments=(import --timeout=2s unix:sock in.csv)
outputs=()
calls=(socket connect setsockopt poll ppoll recvfrom sendto)
varies=yes
setup() {
    redis
    umm-store create --max-positions=20 --dim=2 unix:sock
    printf '%s\n' id,active,timestamp,v0,v1 a,1,2024-01-01,1,2 b,0,2024-01-01,3,4 >in.csv
}
check_complete() {
    [[ $(umm-store export unix:sock - | cut -d, -f1,2,5-) == $'id,active,v0,v1\na,1,1,2\nb,0,3,4' ]] && check_old
}
check_old() { umm-store verify unix:sock >/dev/null; }
