#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# What the shells offer after a tool's name, asked of the shells themselves.

load helper

setup_file() {
    # `make tools` makes no completions.
    mkdir "$BATS_FILE_TMPDIR/comp"
    local tool name
    for tool in "$UMM_BUILD"/umm-*; do
        [[ -f $tool && -x $tool ]] || continue
        name=${tool##*/}
        "$TOP/scripts/gen-completion" bash "$tool" >"$BATS_FILE_TMPDIR/comp/$name"
        "$TOP/scripts/gen-completion" zsh "$tool" >"$BATS_FILE_TMPDIR/comp/_$name"
        "$TOP/scripts/gen-completion" fish "$tool" >"$BATS_FILE_TMPDIR/comp/$name.fish"
    done
}

# Every long option of a tool's --help, sorted.
long_options() {
    "$1" --help | sed -nE 's/^ {2}( {4}|-., )(--[a-z0-9-]+).*/\2/p' | sort -u
}

# in_bash WORD...: what bash offers for the last word of that command line.
in_bash() {
    bash --norc -c 'source "$1/$2"; shift
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); "_${1//-/_}"; printf "%s\n" "${COMPREPLY[@]}"' - \
        "$BATS_FILE_TMPDIR/comp" "$@" | sed 's/ $//' | sort -u
}

# in_fish LINE
in_fish() {
    HOME=$PWD fish --no-config -c "set fish_complete_path '$BATS_FILE_TMPDIR/comp'; complete -C '$1'" | sort -u
}

# in_zsh LINE: the screen after Tab, in a terminal of zsh's own.
in_zsh() {
    HOME=$PWD ZDOTDIR=$PWD COMP=$BATS_FILE_TMPDIR/comp LINE_TO_COMPLETE=$1 zsh -f <<'END'
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell 'PS1= PS2= RPS1=; unset zle_bracketed_paste; stty -echo columns 300 rows 300; TERM=dumb
fpath=($COMP $fpath); autoload -U compinit && compinit -u -D; LISTMAX=0
zstyle ":completion:*" list-separator "--"; bindkey "^I" list-choices; bindkey "^X" accept-line
echo be""gin'
zpty -r shell seen '*begin*'
zpty -w -n shell "$LINE_TO_COMPLETE"$'\t'
zpty -w -n shell $'\x15echo e""nd\n'
zpty -r shell seen $'*\nend*'
print -r -- $seen
END
}

@test 'each shell offers every long option of every tool, and none that is not there' {
    local tool
    for tool in "$UMM_BUILD"/umm-*; do
        [[ -f $tool && -x $tool ]] || continue
        name=${tool##*/}
        long_options "$tool" >expected
        diff expected <(in_bash "$name" --) || fail "bash and $name"
        diff expected <(in_fish "$name --" | cut -f 1) || fail "fish and $name"
        zsh -n "$BATS_FILE_TMPDIR/comp/_$name" || fail "zsh and $name"
        diff expected <(grep -oE -- "--[a-z0-9-]+=?-?\[" "$BATS_FILE_TMPDIR/comp/_$name" |
            grep -oE -- '--[a-z0-9]+(-[a-z0-9]+)*' | sort -u) || fail "zsh and $name"
    done
}

@test 'commands come first, with what they do where the shell shows it' {
    [[ $(in_bash umm-store ev) == evict ]]
    [[ $(in_fish 'umm-store ev') == evict$'\t'* ]]
    in_zsh 'umm-store ' >seen
    grep -E 'evict +-- .*oldest' seen || fail "$(cat seen)"
}

@test 'the words that an option takes are offered after it' {
    [[ $(in_bash umm-convert --dtype = | xargs) == 'f4 f8 i4 i8' ]]
    [[ $(in_fish 'umm-convert --dtype=i' | cut -f 1 | xargs) == '--dtype=i4 --dtype=i8' ]]
    in_zsh 'umm-convert --dtype=' >seen
    grep -E 'f4 +f8 +i4 +i8|f8 +f4 +i8 +i4' seen || fail "$(cat seen)"
    # As --help says them in words: "yes, no or auto (default auto)".
    [[ $(in_bash umm-convert --header = | xargs) == 'auto no yes' ]]
}

@test 'files are offered where one may stand, and nowhere else' {
    touch here.csv
    [[ $(in_bash umm-convert -o '') == here.csv ]]
    [[ $(in_bash umm-convert here) == here.csv ]]
    [[ -z $(in_bash umm-convert --align '') ]]
    [[ $(in_fish 'umm-convert --report her' | cut -f 1) == here.csv ]]
    [[ -z $(in_fish 'umm-convert --align her') ]]
}
