# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# checks.bash - what the check-* scripts share; each sources it first. It moves to
# the top of the tree. Results are TAP lines without numbers, which check counts:
#
#   ok - what                 not ok - what                ok - what # SKIP why
#   # detail                  follows a "not ok", one line per finding
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit

n_failed=0

# Files that a program writes, such as protobuf's: no rule on symbols or sizes is for them.
# shellcheck disable=SC2034 # for who sources this
generated='[.]pb-c[.][cho]$'

# verdict WHAT FINDINGS: passes when FINDINGS is empty.
verdict() {
    if [[ -z $2 ]]; then
        printf 'ok - %s\n' "$1"
        return
    fi
    printf 'not ok - %s\n' "$1"
    printf '# %s\n' "${2//$'\n'/$'\n# '}"
    n_failed=$((n_failed + 1))
}

skipped() {
    printf 'ok - %s # SKIP %s\n' "$1" "$2"
}

finish() {
    exit $((n_failed > 0))
}

# The project's files that match the given patterns (git pathspecs; * crosses
# slashes), also new ones not yet added. A release tarball has no .git: there,
# every file is the project's except a build's.
files() {
    if [[ -e .git ]]; then
        git -c safe.directory='*' ls-files --cached --others --exclude-standard -- "$@" |
            while IFS= read -r file; do [[ -f $file ]] && printf '%s\n' "$file"; done | sort -u
        return
    fi
    find . -type f ! -path './build*/*' -printf '%P\n' | sort | while IFS= read -r file; do
        for pattern; do
            # shellcheck disable=SC2053 # patterns are meant as patterns
            [[ $file == $pattern ]] && printf '%s\n' "$file" && break
        done
    done
}

# Shell scripts among the project's files: by their first line, or by their name.
shell_scripts() {
    local file
    files 'scripts/*' 'tests/*' '.ci/*' | grep -vE '\.(bats|c|h|py)$|^tests/data/|/seeds/' |
        while IFS= read -r file; do
            if [[ $file == *.bash || $file == *.sh ]] ||
                head -n 1 "$file" | tr -d '\0' | grep -qE '^#!.*\b(ba)?sh\b'; then
                printf '%s\n' "$file"
            fi
        done
}
