# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# Rows as they come: appender.c commits those of each read before the next.
tool=appender
arguments=(out.npy)
outputs=(out.npy)
durable=yes
piped=in
setup() { head -c 10240 "$TOP/lib/umm.h" >in; }
# The array's rows are those of some of the reads.
check_old() {
    [[ ! -e out.npy ]] || python3 - <<'END'
import sys, numpy as np
got, whole = np.load("out.npy"), open("in", "rb").read()
sys.exit(not (len(got) % 256 == 0 and whole.startswith(got.tobytes())))
END
}
