#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Advice after an error: in the words of the tool that gives it, with no option but its own.
load helper

HEAD=timestamp,open,high,low,close,volume

# advises TOOL ARGUMENT...: fails with status 1, and every option in its message is in its --help.
advises() {
    local option
    capture "$@"
    [[ $status -eq 1 && $stderr == "$1: "* ]] || fail "$*: status $status, $stderr"
    while read -r option; do
        "$1" --help | grep -qE "^ {2,6}(-., )?$option\b" || fail "$1 has no $option: $stderr"
    done < <(grep -oE ' --[a-z][a-z-]*' <<<"$stderr")
}

# all TEXT [OPTION...]: every tool that reads text refuses it, and advises what it has.
all() {
    local text=$1
    shift
    printf '%b' "$text" >in.csv
    advises umm-convert -o out.npy "$@" in.csv
    advises umm-archive append "$@" out in.csv
    advises umm-features -f ema "$@" in.csv
}

@test "a tool advises no option that it lacks" {
    all "$HEAD\n2020-01-01,\"1,5\",1,1,1,1\n"
    refuses 1 'umm-convert: in.csv:2:12: open is not a number: "1,5" (--decimal , reads decimal commas)' \
        umm-convert -o out.npy in.csv
    refuses 1 'umm-archive: in.csv:2:12: open is not a number: "1,5" (umm-convert can read decimal commas: umm-convert ... -o - | umm-archive ...)' \
        umm-archive append out in.csv
    refuses 1 'umm-features: in.csv:2:12: open is not a number: "1,5" (umm-convert can read decimal commas: umm-convert ... -o - | umm-features ...)' \
        umm-features -f ema in.csv
    printf '%s\n' when,o,h,l,c,v 2020-01-01,1,1,1,1,1 >in.csv
    refuses 1 'umm-archive: in.csv:1:1: no field for '"'timestamp'"' among "when", "o", "h", "l", "c", "v"; use --layout, or name the fields to umm-convert: umm-convert ... -o - | umm-archive ...' \
        umm-archive append out in.csv
    local number
    # shellcheck disable=SC2016 # a dollar is meant
    for number in '$1' 1% 1K '(1)' true '"1,500"' '"12,345.5"' '$1 500' '"1,5 €"' '1.234.567' '"1.234,5 €"'; do
        all "$HEAD\n2020-01-01,$number,1,1,1,1\n"
    done
    all 'timestamp,open,high,low,close\n2020-01-01,1,1,1,1\n'
    all "$HEAD\n2020-01-01,#N/A,1,1,1,1\n"
    all "$HEAD\n01/02/2020,1,1,1,1,1\n"
    all "$HEAD\n2024123122,1,1,1,1,1\n"
    all "$HEAD\n17030609300,1,1,1,1,1\n"
    all "$HEAD\n2023-03-26 02:30,1,1,1,1,1\n" --tz=Europe/Berlin
    all "$HEAD\n2023-10-29 02:30,1,1,1,1,1\n" --tz=Europe/Berlin
    all "$HEAD\n2020-01-01 09:30:00 EST,1,1,1,1,1\n"
    all "$HEAD\n09:30,1,1,1,1,1\n"
    all "$HEAD\n2020-01-01T00:00:00.0001,1,1,1,1,1\n"
    all "$HEAD\n2020-01-01,1,1,1,1,1\nas of today\n"
    all "$HEAD\n2020-01-02,1,1,1,1,1\n2020-01-01,1,1,1,1,1\n"
    all '1;2,3\n'
    all '1,2,3\n'
    all 'a,b,c\n1,2,3\n'
    all ',open,high,low,close,volume\n0,1,1,1,1,1\n'
    all 'timestamp,close,Close\n2020-01-01,1,1\n' --columns=timestamp,close
    all "symbol,$HEAD\nA,2020-01-01,1,1,1,1,1\nB,2020-01-02,1,1,1,1,1\n"
    no_leftovers
}

@test "a column with a type of its own gets another there: no default would change it" {
    printf '%s\n2020-01-01,1.5,1,1,1,3000000000\n' "$HEAD" >in.csv
    refuses 1 'umm-convert: in.csv:2:12: open is not an integer: "1.5"; give it the type f8 in --columns' \
        umm-convert -o out.npy --columns=timestamp,open:i8 in.csv
    refuses 1 'umm-archive: in.csv:2:12: open is not an integer: "1.5"; give it the type f8 in --columns' \
        umm-archive append --columns=timestamp,open:i8 out in.csv
    refuses 1 'umm-convert: in.csv:2:22: volume does not fit i4: "3000000000"; give it the type i8 or f8 in --columns' \
        umm-convert -o out.npy --columns=timestamp,volume:i4 in.csv
    refuses 1 'umm-convert: in.csv:2:12: open is not an integer: "1.5"; use --dtype f8' \
        umm-convert -o out.npy --columns=timestamp,open --dtype=i8 in.csv
    ok umm-convert -o out.npy --columns=timestamp,open:f8,volume:i8 --dtype=i4 in.csv
}
