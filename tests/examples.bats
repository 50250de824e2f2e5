#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# The examples of the man pages and of README.md run, and print what they say.

load helper

# What a reader has: the tools, python3 with NumPy, a compiler, and umm installed.
setup() {
    cd "$BATS_TEST_TMPDIR" || return
    mkdir bin here prefix prefix/lib prefix/include prefix/lib/pkgconfig
    ln -s "$PY" bin/python3
    printf '#!/bin/sh\nexec gcc %s "$@" %s\n' "${UMM_SAN:+-fsanitize=$UMM_SAN}" \
        "${UMM_COV:+-lgcov}" >bin/cc
    chmod +x bin/cc
    cp "$UMM_BUILD/libumm.a" prefix/lib
    cp -r "$TOP/lib/umm.h" "$TOP/lib/umm" "$TOP/umm.mk" prefix/include
    sed -e "s|@PREFIX@|$PWD/prefix|" -e "s|@LIBDIR@|$PWD/prefix/lib|" -e 's|@VERSION@|0|' \
        "$TOP/umm.pc.in" >prefix/lib/pkgconfig/umm.pc
    export PKG_CONFIG_PATH=$PWD/prefix/lib/pkgconfig
    unset MAKEFLAGS MFLAGS MAKELEVEL
    PATH=$PWD/bin:$PATH
    cd here || return
}

examples() {
    ok "$PY" "$TOP/tests/examples.py" "$1" || fail "$output"
    no_leftovers .
}

@test "README.md" {
    examples "$TOP/README.md"
}

@test "man pages" {
    local page
    for page in "$TOP"/man/*; do
        # Their checks measure a malloc that sanitizers replace.
        [[ -n ${UMM_SAN-} && $page == */umm-m@(5|emstat).1 ]] && continue
        echo "${page##*/}:" >&2
        mkdir "../${page##*/}"
        cd "../${page##*/}"
        examples "$page"
    done
}

@test "README.md names every tool" {
    local tool
    for tool in "$TOP"/cmd/umm-*.c; do
        tool=$(basename "$tool" .c)
        grep -qF "| [\`$tool\`](man/$tool.1) |" "$TOP/README.md" || fail "$tool is missing"
    done
}

# shellcheck disable=SC2016 # what they print is Markdown
@test "the runner sees a failing command, other output and a block without commands" {
    printf '```console\n$ true\n$ false\n```\n' >a.md
    capture "$PY" "$TOP/tests/examples.py" a.md
    [[ $status -eq 1 && $output == *'exit code 1'*'2 commands, 1 wrong' ]]
    printf '```console\n$ echo yes\nno\n```\n' >a.md
    capture "$PY" "$TOP/tests/examples.py" a.md
    [[ $status -eq 1 && $output == *'prints something else'*yes* ]]
    printf 'nothing\n' >a.md
    refuses 1 'no examples' "$PY" "$TOP/tests/examples.py" a.md
    printf '```console\n$ false\n$ echo $?\n1\n$ printf "a\\nb\\nc\\n"\na\n...\nc\n```\n' >a.md
    ok "$PY" "$TOP/tests/examples.py" a.md
}
