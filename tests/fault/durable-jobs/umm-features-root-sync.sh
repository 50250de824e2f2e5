# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# A fresh array in a new directory, without a state.
# shellcheck source=tests/fault/durable-jobs/umm-features-root.sh
. "${BASH_SOURCE[0]%/*}/umm-features-root.sh"
arguments=(-f "ema:5,sma:3" --threads=1 --sync --root=in --symbols=A --timeframes=1m --out-root=out)
outputs=(out/A/1m.npy)
check_complete() { same_as new; }
