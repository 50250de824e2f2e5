# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# slurm.bash - a Slurm of one node, with which tests run arrays of jobs: `load slurm`.
#
#   start_slurm      munged, slurmctld and slurmd, as root, in a directory of their own; skips
#                    loudly where one of them is not installed, this is not root, or they do not
#                    come up on this machine
#   stop_slurm       end them, and what they ran; for teardown_file
#   restart_slurmd   end slurmd alone, which leaves tasks running, and begin it again
#   has_tasks STATE N
#                    N tasks or more are in that state: RUNNING, PENDING
#   begin_again TASK the task, JOB_NUMBER, was requeued: let it begin again and wait for that. Slurm
#                    takes minutes otherwise
#
# SLURM_CONF names the configuration. Ports are free ones; nothing of the machine's own Slurm is
# used or changed.

free_ports() {
    "$PY" -c 'import socket
found = [socket.socket() for _ in range(3)]
for one in found:
    one.bind(("127.0.0.1", 0))
print(*(one.getsockname()[1] for one in found))'
}

# Eight tasks at once on any machine. Short intervals: nothing is waited for that can be told.
slurm_conf() {
    local host
    host=$(hostname -s)
    cat <<END
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
AuthType=auth/munge
AuthInfo=socket=$SLURM_DIR/munge/socket
SlurmUser=root
SlurmdUser=root
SlurmctldPort=$1
SlurmdPort=$2
StateSaveLocation=$SLURM_DIR/state
SlurmdSpoolDir=$SLURM_DIR/spool
SlurmctldPidFile=$SLURM_DIR/slurmctld.pid
SlurmdPidFile=$SLURM_DIR/slurmd.pid
SlurmctldLogFile=$SLURM_DIR/slurmctld.log
SlurmdLogFile=$SLURM_DIR/slurmd.log
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
SchedulerType=sched/builtin
SchedulerParameters=sched_interval=1,batch_sched_delay=0,sched_min_interval=0
PropagateResourceLimits=NONE
SlurmdParameters=config_overrides
KillWait=1
JobRequeue=1
MaxArraySize=$3
NodeName=$host NodeAddr=127.0.0.1 CPUs=8 State=UNKNOWN
PartitionName=all Nodes=$host Default=YES MaxTime=INFINITE State=UP
END
}

start_slurm() {
    local program ports
    ((EUID == 0)) || skip 'Slurm needs root'
    for program in munged slurmctld slurmd sbatch; do
        PATH=$PATH:/usr/sbin command -v "$program" >/dev/null || skip "$program is not installed"
    done
    # munged runs as a user who cannot enter a directory of a test.
    SLURM_DIR=$(mktemp -d /tmp/umm-slurm-XXXXXX)
    export SLURM_DIR SLURM_CONF=$SLURM_DIR/slurm.conf
    chmod 711 "$SLURM_DIR"
    mkdir "$SLURM_DIR"/{munge,state,spool}
    head -c 1024 /dev/urandom >"$SLURM_DIR/munge/key"
    chown -R munge: "$SLURM_DIR/munge"
    chmod 600 "$SLURM_DIR/munge/key"
    # Whoever asks for a credential enters there.
    chmod 755 "$SLURM_DIR/munge"
    setpriv --reuid=munge --regid=munge --clear-groups /usr/sbin/munged --foreground \
        --key-file="$SLURM_DIR/munge/key" --socket="$SLURM_DIR/munge/socket" \
        --pid-file="$SLURM_DIR/munge/pid" --seed-file="$SLURM_DIR/munge/seed" \
        --log-file="$SLURM_DIR/munge/log" >"$SLURM_DIR/munged.out" 2>&1 3>&- &
    echo $! >"$SLURM_DIR/munged.own"
    ports=$(free_ports)
    # shellcheck disable=SC2086 # two numbers
    slurm_conf ${ports% *} "${1:-1001}" >"$SLURM_CONF"
    wait_until "$(<"$SLURM_DIR/munged.own")" 'munged to listen' test -S "$SLURM_DIR/munge/socket" ||
        skip "munged does not come up here: $(tail -n 1 "$SLURM_DIR/munged.out")"
    /usr/sbin/slurmctld -D -c >"$SLURM_DIR/slurmctld.out" 2>&1 3>&- &
    echo $! >"$SLURM_DIR/slurmctld.own"
    start_slurmd || skip "Slurm does not come up here: $(tail -qn 1 "$SLURM_DIR"/slurm{ctld,d}.out)"
}

start_slurmd() {
    /usr/sbin/slurmd -D >>"$SLURM_DIR/slurmd.out" 2>&1 3>&- &
    echo $! >"$SLURM_DIR/slurmd.own"
    wait_until $! 'the node to be up' node_is_up
}

node_is_up() {
    [[ $(sinfo -h -o %t) =~ ^(idle|mix|alloc)$ ]]
}

end_process() {
    local pid
    pid=$(cat "$SLURM_DIR/$1.own" 2>/dev/null) || return 0
    kill "$pid" 2>/dev/null || true
    wait_until - "$1 to end" is_gone "$pid"
}

restart_slurmd() {
    end_process slurmd
    start_slurmd
}

stop_slurm() {
    [[ -n ${SLURM_DIR-} ]] || return 0
    scancel --user=root 2>/dev/null || true
    wait_until - 'tasks to end' has_no_tasks || true
    end_process slurmd
    end_process slurmctld
    end_process munged
    rm -rf "$SLURM_DIR"
}

has_no_tasks() {
    [[ -z $(squeue -h) ]]
}

has_tasks() {
    [[ $(squeue -h -r -t "$1" | wc -l) -ge $2 ]]
}

is_in_state() {
    [[ $(scontrol show job "$1") == *JobState=$2* ]]
}

# In the second in which Slurm has ended a task, it refuses to run it.
begin_again() {
    wait_until - "$1 to wait" is_in_state "$1" PENDING || return
    scontrol update JobId="$1" StartTime=now+2
    wait_until - "$1 to run" is_in_state "$1" RUNNING
}
