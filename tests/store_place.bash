# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# store_place.bash - places of stores for tests: directories, and servers that a test starts.
#
#   start_redis           a redis-server for the tests of a file, from setup_file: at the socket
#                         $REDIS_DIR/redis.sock, and at port $REDIS_PORT of 127.0.0.1 for the user
#                         "far" with the password $FAR_PASSWORD. Without redis-server nothing
#                         happens, and REDIS_DIR is not set
#   start_redis NAME OPTION...
#                         another one, with options of redis-server: $REDIS_DIR/NAME.sock. It does
#                         not keep descriptor 9 of a test open
#   redis [-n NAME] COMMAND...
#                         redis-cli to it
#   redis_pid [NAME]      its process
#   stop_redis            end them all, from teardown_file
#
#   while next_place s; do ... done
#                         the same over each kind of place: s is the name of one where there is
#                         no store, in an empty directory; $shown is what errors call it
#   other_place t         another one of that kind; $shown stays

export FAR_PASSWORD='p@ss word/?7'

free_port() {
    "$PY" -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

# The directory is a short one: a socket's path has 107 bytes at most.
start_redis() {
    command -v redis-server >/dev/null || return 0
    local name=${1-redis} port=0
    [[ -n ${REDIS_DIR-} ]] || REDIS_DIR=$(mktemp -d /tmp/umm-store.XXXXXX)
    if (($#)); then
        shift
    else
        REDIS_PORT=$(free_port)
        port=$REDIS_PORT
    fi
    export REDIS_DIR REDIS_PORT
    mkdir -p "$REDIS_DIR/$name.d"
    redis-server --daemonize yes --pidfile "$REDIS_DIR/$name.pid" --logfile "$REDIS_DIR/$name.log" \
        --dir "$REDIS_DIR/$name.d" --save '' --unixsocket "$REDIS_DIR/$name.sock" --bind 127.0.0.1 --port "$port" \
        "$@" >/dev/null 3>&- 9>&-
    wait_until - "the server $name" is_listening "$name" || return
    [[ $name != redis ]] || redis ACL SETUSER far on ">$FAR_PASSWORD" '~*' '&*' +@all >/dev/null
}

# It may want a password, or be loading, by then.
is_listening() {
    [[ -n $(redis_pid "$1") && -n $(redis -n "$1" PING 2>&1) && $(redis -n "$1" PING 2>&1) != *'Could not connect'* ]]
}

redis() {
    local name=redis
    [[ ${1-} != -n ]] || { name=$2 && shift 2; }
    redis-cli -s "$REDIS_DIR/$name.sock" "$@"
}

redis_pid() {
    cat "$REDIS_DIR/${1-redis}.pid"
}

stop_redis() {
    [[ -n ${REDIS_DIR-} ]] || return 0
    local file pid
    for file in "$REDIS_DIR"/*.pid; do
        [[ -s $file ]] || continue
        pid=$(<"$file")
        builtin kill -KILL "$pid"
        wait_until - 'the server to end' is_gone "$pid"
    done
    rm -rf "$REDIS_DIR"
}

n_kinds=0
n_places=0

next_place() {
    local kinds=(directory)
    unset REDISCLI_AUTH
    [[ -z ${REDIS_DIR-} ]] || kinds+=(socket far)
    kind=${kinds[n_kinds++]-}
    [[ -n $kind ]] && mkdir "$BATS_TEST_TMPDIR/$kind" && cd "$BATS_TEST_TMPDIR/$kind" && other_place "$1" || return
    # shellcheck disable=SC2034 # for the test that called
    shown=${!1/far@/}
}

# shellcheck disable=SC2034 # place is the caller's variable
other_place() {
    local -n place=$1
    local prefix=$BATS_TEST_NUMBER-$((++n_places))
    case $kind in
    directory) place=s$n_places ;;
    socket) place="unix:$REDIS_DIR/redis.sock?prefix=$prefix" ;;
    far)
        place="redis://far@127.0.0.1:$REDIS_PORT/1?prefix=$prefix"
        export REDISCLI_AUTH=$FAR_PASSWORD
        ;;
    esac
}
