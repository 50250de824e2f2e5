#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Mapped arrays for a C program: umm.h, umm.pc and what umm-convert wrote.

load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    mkdir -p prefix/lib/pkgconfig prefix/include
    cp "$UMM_BUILD/libumm.a" prefix/lib
    cp -r "$TOP/lib/umm.h" "$TOP/lib/umm" prefix/include
    sed -e "s|@PREFIX@|$PWD/prefix|" -e "s|@LIBDIR@|$PWD/prefix/lib|" -e 's|@VERSION@|0|' \
        "$TOP/umm.pc.in" >prefix/lib/pkgconfig/umm.pc
    export PKG_CONFIG_PATH=$PWD/prefix/lib/pkgconfig
    cat >mean.c <<'END'
/* mean FILE FROM TO - the mean close of the bars from FROM on and before TO. */
#include <stdio.h>
#include <umm.h>

static int fail(const struct umm_error *err)
{
    fprintf(stderr, "%s%s%s\n", err->path, err->path[0] ? ": " : "", err->message);
    return 1;
}

int main(int argc, char **argv)
{
    struct umm_error err = {UMM_OK};
    struct umm_array *bars;
    struct umm_array_column close;
    struct umm_time from, to;
    struct umm_view view;
    double sum = 0;
    if (argc != 4)
        return 2;
    if (umm_time_from_iso(argv[2], &from, &err) || umm_time_from_iso(argv[3], &to, &err))
        return fail(&err);
    if (umm_array_open(argv[1], &bars, &err))
        return fail(&err);
    if (umm_array_find_column(bars, "close", "<f8", &close, &err) ||
        umm_array_view_time(bars, &from, &to, &view, &err)) {
        umm_array_close(bars);
        return fail(&err);
    }
    for (uint64_t i = 0; i < view.n_rows; i++)
        sum += umm_view_f64(&view, &close, i);
    printf("%llu bars, mean close %.2f\n", (unsigned long long)view.n_rows,
           view.n_rows ? sum / (double)view.n_rows : 0);
    umm_array_close(bars);
    return 0;
}
END
}

# compile COMPILER STANDARD SOURCE
compile() {
    # shellcheck disable=SC2046 # words are what the compiler wants
    ok "$1" "-std=$2" -O2 -Wall -Wextra -Werror ${UMM_SAN:+"-fsanitize=$UMM_SAN"} -o mean "$3" \
        $(pkg-config --static --cflags --libs umm) ${UMM_COV:+-lgcov}
}

mean_by_numpy() {
    $PY -c '
import sys, numpy as np
a = np.load(sys.argv[1])
named = a.dtype.names is not None
when = (a["timestamp"] if named else a[:, 0]).astype("M8[ms]")
rows = (when >= np.datetime64(sys.argv[2])) & (when < np.datetime64(sys.argv[3]))
close = (a["close"] if named else a[:, 4])[rows]
print("%d bars, mean close %.2f" % (len(close), close.mean() if len(close) else 0))' "$@"
}

@test "a C program takes a view by time and agrees with NumPy" {
    local how range
    umm-synth --rows 5000 -o bars.csv
    compile gcc c11 mean.c
    for how in "" --fortran --struct "--struct --time-unit ns"; do
        # shellcheck disable=SC2086 # options
        ok umm-convert $how -o bars.npy bars.csv
        for range in "2020-01-01T06:00 2020-01-02" "2019-01-01 2021-01-01" "2020-01-02 2020-01-02"; do
            # shellcheck disable=SC2086 # two times
            ok ./mean bars.npy $range
            # shellcheck disable=SC2086
            [ "$output" = "$(mean_by_numpy bars.npy $range)" ]
        done
    done
    refuses 1 'not an ISO 8601 date or time: "soon"' ./mean bars.npy soon later
    ok umm-convert --dtype f4 --struct -o f4.npy bars.csv
    refuses 1 'f4.npy: column "close" is <f4, not <f8' ./mean f4.npy 2020-01-01 2020-01-02
}

@test "the same source is C++" {
    umm-synth --rows 100 | umm-convert -o bars.npy
    cp mean.c mean.cc
    sed -i 's/= {UMM_OK}/{}/' mean.cc
    compile g++ c++17 mean.cc
    ok ./mean bars.npy 2020-01-01 2021-01-01
    [ "$output" = "$(mean_by_numpy bars.npy 2020-01-01 2021-01-01)" ]
}
