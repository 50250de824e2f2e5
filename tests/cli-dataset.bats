#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Datasets by name, as every tool that reads arrays takes them (cmd/cli_dataset.h): a
# small tool that prints the arrays it would read, their keys and their rows.

load helper

TRY="Try 'umm-list --help'."

setup_file() {
    cd "$BATS_FILE_TMPDIR" || return
    cat >umm-list.c <<'END'
#include <getopt.h>
#include <stdio.h>
#include "cli.h"
#include "cli_dataset.h"

#define CLI_OPTS struct opts
struct opts {
    struct cli_dataset dataset;
};
static const struct cli_option options[] = {{CLI_DATASETS(dataset, NULL)}, {0}};
static const struct cli_tool tool = {
    .name = "umm-list", .synopsis = "[options] [FILE...]", .about = "List arrays.", .options = options};

static enum umm_status list_rows(const struct umm_dataset *dataset, const struct umm_timerange *range,
                                 struct umm_error *err)
{
    struct umm_arrayfile file;
    uint64_t first, end;
    enum umm_status status = umm_arrayfile_open(&file, dataset->path, err);
    if (!status)
        status = umm_timerange_rows(range, &file, &first, &end, err);
    if (!status)
        printf("%s %s %d:%d\n", dataset->path, dataset->key, (int)first, (int)end);
    umm_arrayfile_close(&file);
    return status;
}

int main(int argc, char **argv)
{
    struct opts opts = {0};
    struct umm_dataset_list list = {0};
    struct umm_error err = {0};
    int code = CLI_OK;
    cli_init(&tool);
    if (!cli_parse(argc, argv, &opts, &code))
        return code;
    code = cli_dataset_list(&opts.dataset, argv + optind, (size_t)(argc - optind), &list);
    for (size_t i = 0; code == CLI_OK && i < list.n; i++)
        if (list_rows(&list.items[i], &opts.dataset.range, &err) != UMM_OK)
            code = cli_fail(&err);
    if (code == CLI_OK && list.n_missing)
        code = CLI_REJECTED;
    umm_dataset_list_free(&list);
    return cli_finish(code);
}
END
    # shellcheck disable=SC2046 # words are what the compiler wants
    gcc -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror ${UMM_SAN:+"-fsanitize=$UMM_SAN"} -iquote "$TOP/cmd" \
        -iquote "$TOP/lib" -o umm-list umm-list.c "$UMM_BUILD"/cmd/cli*.o "$UMM_BUILD/libumm.a" \
        $(pkg-config --libs $(sed -n "s/^Requires.private: //p" "$TOP/umm.pc.in")) -lcsv -lm -pthread \
        ${UMM_COV:+-lgcov} || return
    mkdir root
    umm-synth --rows 1440 >day.csv
    umm-synth --rows 1440 --timeframe 1h >hours.csv
    umm-convert --out-root root --symbols BTCUSDT --timeframes 1m day.csv
    umm-convert --out-root root --symbols ETH/USDT --timeframes 1m --struct day.csv
    umm-convert --out-root root --symbols BTCUSDT --timeframes 1h hours.csv
}

setup() {
    cd "$BATS_FILE_TMPDIR" || return
    PATH=$PWD:$PATH
    unset UMM_ROOT
}

@test "symbols and timeframes expand, and have keys and rows" {
    ok umm-list --root root --symbols BTCUSDT --timeframes 1H,01m --from 2020-01-01T06:00 --to 2020-01-02
    [ "$output" = "root/BTCUSDT/1h.npy BTCUSDT_1h_2020-01-01T060000Z_2020-01-02 6:24
root/BTCUSDT/1m.npy BTCUSDT_1m_2020-01-01T060000Z_2020-01-02 360:1440" ]
    UMM_ROOT=root ok umm-list --symbols BTCUSDT,ETH/USDT --timeframes 1m --to 2020-01-01T00:10:00.001
    [ "$output" = "root/BTCUSDT/1m.npy BTCUSDT_1m_start_2020-01-01T001000.001Z 0:11
root/ETH%2FUSDT/1m.npy ETH%2FUSDT_1m_start_2020-01-01T001000.001Z 0:11" ]
    UMM_ROOT=none ok umm-list --root root --symbols BTCUSDT --timeframes 1m
    [ "$output" = "root/BTCUSDT/1m.npy BTCUSDT_1m 0:1440" ]
}

@test "files have keys and rows, too" {
    ok umm-list --from 2020-01-01T23:59 root/BTCUSDT/1m.npy ./root/BTCUSDT/1h.npy
    [ "$output" = "root/BTCUSDT/1m.npy 1m_2020-01-01T235900Z_end 1439:1440
./root/BTCUSDT/1h.npy 1h_2020-01-01T235900Z_end 24:1440" ]
    ok umm-list
    [ -z "$output" ]
}

@test "what is missing is named, or skipped with exit status 3" {
    refuses 1 'umm-list: root: no symbol "XRP"' umm-list --root root --symbols BTCUSDT,XRP --timeframes 1m
    [ -z "$output" ]
    refuses 1 'umm-list: root: "ETH%2FUSDT" has no timeframe 1h' \
        umm-list --root root --symbols BTCUSDT,ETH/USDT --timeframes 1m,1h
    refuses 3 'umm-list: root: "BTCUSDT" has no timeframe 1w
umm-list: root: no symbol "XRP"
umm-list: root: no symbol "XRP"' \
        umm-list --root root --symbols BTCUSDT,XRP --timeframes 1m,1w --missing skip
    [ "$output" = "root/BTCUSDT/1m.npy BTCUSDT_1m 0:1440" ]
    refuses 1 'umm-list: root: no symbol "XRP"
umm-list: root: none of the datasets is there' \
        umm-list --root root --symbols XRP --timeframes 1m --missing skip
    refuses 1 'umm-list: none: cannot examine: No such file or directory' \
        umm-list --root none --symbols XRP --timeframes 1m --missing skip
}

@test "symbols can come from a file, one a line" {
    printf 'BTCUSDT\nETH/USDT\n' >list
    ok umm-list --root root --symbols-from list --timeframes 1m --to 2020-01-01T01:00
    [ "$output" = "root/BTCUSDT/1m.npy BTCUSDT_1m_start_2020-01-01T010000Z 0:60
root/ETH%2FUSDT/1m.npy ETH%2FUSDT_1m_start_2020-01-01T010000Z 0:60" ]
    ok bash -c 'printf BTCUSDT | umm-list --root root --symbols-from - --timeframes 1m'
    [ "$output" = "root/BTCUSDT/1m.npy BTCUSDT_1m 0:1440" ]
    refuses 1 'umm-list: root: no symbol "#BTCUSDT"' \
        umm-list --root root --symbols-from <(echo '#BTCUSDT') --timeframes 1m
    refuses 1 'umm-list: root: no symbol "BTCUSDT,XRP"' \
        umm-list --root root --symbols-from <(echo BTCUSDT,XRP) --timeframes 1m
    printf 'BTCUSDT\n\nETH/USDT\n' >list
    refuses 1 'umm-list: list:2:1: a symbol has 1 to 80 bytes: ""' \
        umm-list --root root --symbols-from list --timeframes 1m
    printf 'BTCUSDT\r\n' >list
    refuses 1 'umm-list: list:1:1: a symbol has no control characters: "BTCUSDT\r"' \
        umm-list --root root --symbols-from list --timeframes 1m
    printf 'BTCUSDT\nETH/USDT\nBTCUSDT\n' >list
    refuses 1 'umm-list: standard input:3:1: a symbol is given twice: "BTCUSDT"' \
        umm-list --root root --symbols-from - --timeframes 1m <list
    refuses 1 'umm-list: standard input: no symbols in it' \
        umm-list --root root --symbols-from - --timeframes 1m </dev/null
    refuses 1 'umm-list: none: cannot open: No such file or directory' \
        umm-list --root root --symbols-from none --timeframes 1m
}

@test "shards share what there is, each item once" {
    local i n
    for n in 1 2 3 7; do
        for ((i = 0; i < n; i++)); do
            ok umm-list --root root --symbols BTCUSDT,ETH/USDT --timeframes 1m --shard "$i/$n"
            [ -z "$output" ] || echo "$output"
        done | sort >shared
        umm-list --root root --symbols BTCUSDT,ETH/USDT --timeframes 1m | sort | cmp - shared
        for ((i = 0; i < n; i++)); do
            ok umm-list --shard "$i/$n" root/*/*.npy
            [ -z "$output" ] || echo "$output"
        done | sort >shared
        umm-list root/*/*.npy | sort | cmp - shared
    done
    ok umm-list --root root --symbols BTCUSDT --timeframes 1m,1h --shard 1/2
    [ "$output" = "root/BTCUSDT/1h.npy BTCUSDT_1h 0:1440" ]
    refuses 3 'umm-list: root: no symbol "XRP"' \
        umm-list --root root --symbols XRP,BTCUSDT --timeframes 1m --missing skip --shard 0/2
    [ -z "$output" ]
    ok umm-list --root root --symbols XRP,BTCUSDT --timeframes 1m --shard 1/2
    [ "$output" = "root/BTCUSDT/1m.npy BTCUSDT_1m 0:1440" ]
    local bad
    for bad in 2/2 1/0 x/2 1 -1/2 1/2/3 '' /2; do
        refuses 2 "umm-list: --shard takes I/N with I from 0 to N - 1, not \"$bad\"
$TRY" umm-list --shard "$bad" root/BTCUSDT/1m.npy
    done
}

@test "options that make no sense are refused" {
    refuses 2 "umm-list: --symbols-from takes the place of --symbols
$TRY" umm-list --root root --symbols A --symbols-from list --timeframes 1m
    refuses 2 "umm-list: --root, --symbols and --timeframes take the place of FILE operands
$TRY" umm-list --symbols-from list --timeframes 1m x.npy
    refuses 2 "umm-list: --shard needs datasets or files
$TRY" umm-list --shard 0/2
    refuses 2 "umm-list: --to is before --from
$TRY" umm-list --from 2020-01-02 --to 2020-01-01 x.npy
    refuses 2 "umm-list: --from takes a date or time, ISO 8601, not \"yesterday\"
$TRY" umm-list --from yesterday x.npy
    refuses 2 "umm-list: --to takes a date or time, ISO 8601, not \"2020-02-30\"
$TRY" umm-list --to 2020-02-30 x.npy
    refuses 2 "umm-list: --missing takes fail or skip, not \"ignore\"
$TRY" umm-list --missing ignore x.npy
    refuses 2 "umm-list: --missing needs --symbols
$TRY" umm-list --missing skip x.npy
    refuses 2 "umm-list: --root, --symbols and --timeframes take the place of FILE operands
$TRY" umm-list --root root --symbols BTCUSDT --timeframes 1m x.npy
    refuses 2 "umm-list: datasets by name need --symbols and --timeframes
$TRY" umm-list --root root --symbols BTCUSDT
    refuses 2 "umm-list: datasets by name need --symbols and --timeframes
$TRY" umm-list --root root
    refuses 2 "umm-list: datasets by name need --root or UMM_ROOT
$TRY" umm-list --symbols BTCUSDT --timeframes 1m
    refuses 2 "umm-list: datasets by name need --root or UMM_ROOT
$TRY" umm-list --root '' --symbols BTCUSDT --timeframes 1m
    refuses 2 "umm-list: minutes are m and months are mo: \"1M\"
$TRY" umm-list --root root --symbols BTCUSDT --timeframes 1M
    refuses 2 "umm-list: a symbol is given twice: \"A\"
$TRY" umm-list --root root --symbols A,A --timeframes 1m
}

@test "rows out of order are an error where the search meets them" {
    $PY -c 'import numpy as np
a = np.load("root/BTCUSDT/1m.npy")
np.save("turned.npy", a[::-1])'
    refuses 1 'umm-list: turned.npy: not sorted by time: row 1439 is before row 0' \
        umm-list --from 2020-01-01T06:00 turned.npy
    ok umm-list turned.npy
}
