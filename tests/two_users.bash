# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# two_users.bash - for tests of what one user may do to another's jobs: `load two_users`
# after `load helper`.
#
#   two_users [MODE]     begin: make the directory that both users share (MODE is 1777 if not
#                        given: sticky and world-writable, as /tmp) and go there. Where there
#                        can be no two other users the test is skipped, and says why.
#   as_attacker CMD...   run CMD as the one user
#   as_victim CMD...     run CMD as the other one; a test itself is root, the third
#   "${ATTACKER[@]}" CMD...
#   "${VICTIM[@]}" CMD...
#                        likewise where a function cannot stand, as behind stop_at or env, or
#                        where $! is to be CMD's own process
#   hold_lease FILE [again]
#                        a lease for writing on the attacker's FILE, held by the process $leaser,
#                        which does not end it when it is asked to; with again it ends it, and
#                        takes it again at once
#   protects WHAT        whether the kernel itself protects WHAT: symlinks, hardlinks, fifos or
#                        regular (fs.protected_WHAT; see proc_sys_fs(5))
#
# $SHARED is that directory. $ATTACKER_DIR and $VICTIM_DIR are directories of either user, in
# which only that user writes and which all can read. $ATTACKER_UID and $VICTIM_UID are numbers
# without a name, and groups likewise; no other test has them at the time. Background processes
# of both users, their pools and their other files in /dev/shm end with the test.
#
#   as_attacker ln -s "$VICTIM_DIR/precious" out.npy
#   refuses 1 '...' as_victim umm-convert -o out.npy "$VICTIM_DIR/in.csv"

two_users() {
    local mode=${1:-1777}
    [[ $(id -u) -eq 0 ]] || skip 'only root can run commands as two other users'
    command -v setpriv >/dev/null || skip 'there is no setpriv to run commands as other users'
    # Two processes never have one number at a time, so two tests never have one user.
    ATTACKER_UID=$((20000 + BASHPID % 20000 * 2)) VICTIM_UID=$((20001 + BASHPID % 20000 * 2))
    while is_taken "$ATTACKER_UID" || is_taken "$VICTIM_UID"; do
        ((ATTACKER_UID += 2, VICTIM_UID += 2, ATTACKER_UID < 65000)) || skip 'all numbers of users are taken'
    done
    # Their environment is the test's, without root's own places.
    ATTACKER=(setpriv "--reuid=$ATTACKER_UID" "--regid=$ATTACKER_UID" --clear-groups --inh-caps=-all env -u TMPDIR HOME=/)
    VICTIM=(setpriv "--reuid=$VICTIM_UID" "--regid=$VICTIM_UID" --clear-groups --inh-caps=-all env -u TMPDIR HOME=/)
    (cd / && as_attacker true && as_victim true) 2>/dev/null || skip 'this user namespace has no two other users'

    # bats keeps others out of its own directories; what is above them stays as it is.
    local base=$BATS_TEST_TMPDIR parent=$BATS_TEST_TMPDIR
    while [[ $parent == "$BATS_RUN_TMPDIR"* ]]; do
        chmod go+x "$parent" && parent=${parent%/*}
    done
    (cd / && as_attacker test -x "$base") || base=$(mktemp -d /tmp/umm-two-users-XXXXXX) || return
    TWO_USERS_BASE=$base
    chmod 755 "$base"
    SHARED=$base/shared ATTACKER_DIR=$base/attacker VICTIM_DIR=$base/victim
    install -d -m "$mode" "$SHARED" || return
    install -d -m 755 -o "$ATTACKER_UID" -g "$ATTACKER_UID" "$ATTACKER_DIR" || return
    install -d -m 755 -o "$VICTIM_UID" -g "$VICTIM_UID" "$VICTIM_DIR" || return
    cd "$SHARED" || return
    as_attacker umm-synth --version >/dev/null 2>&1 || skip 'another user cannot run the tools where they are built'
    as_attacker test -r "$TOP/tests/helper.bash" || skip "another user cannot read the tree's files"
    export SHARED ATTACKER_DIR VICTIM_DIR ATTACKER_UID VICTIM_UID
}

as_attacker() {
    "${ATTACKER[@]}" "$@"
}

as_victim() {
    "${VICTIM[@]}" "$@"
}

hold_lease() {
    rm -f leased
    "${ATTACKER[@]}" "$PY" -c 'import fcntl, os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGIO])
fd = os.open(sys.argv[1], os.O_RDONLY)
fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)
print("held", flush=True)
while True:
    signal.sigwait([signal.SIGIO])
    if sys.argv[2:]:
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    while sys.argv[2:]:
        try:
            fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)
            break
        except BlockingIOError: # open elsewhere
            pass' "$@" >leased 3>&- &
    # shellcheck disable=SC2034 # for the test that called
    leaser=$!
    wait_until "$leaser" 'the lease' test -s leased
}

protects() {
    local level
    level=$(cat "/proc/sys/fs/protected_$1" 2>/dev/null) && [[ $level -ge 1 ]]
}

is_taken() {
    getent passwd "$1" >/dev/null || getent group "$1" >/dev/null || pgrep -U "$1" >/dev/null
}

# What there is of a user goes, whatever the test came to.
two_users_end() {
    cd "$BATS_TEST_TMPDIR" || return
    local uid
    for uid in ${ATTACKER_UID-} ${VICTIM_UID-}; do
        # Whoever is skipped before its users are known to be free ends nobody.
        [[ -n ${TWO_USERS_BASE-} ]] || continue
        pkill -KILL -U "$uid" || true
        find /dev/shm -mindepth 1 -maxdepth 1 -uid "$uid" -exec rm -rf {} + 2>/dev/null || true
    done
    [[ ${TWO_USERS_BASE-} != /tmp/umm-two-users-* ]] || rm -rf "$TWO_USERS_BASE"
}

teardown() {
    two_users_end
}
