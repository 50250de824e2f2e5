#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# What a text is taken for: which record is its header, integers that must not be rounded, a last
# line that may be cut, files that are no text, and advice that leads on.

load helper

@test "a workbook is no archive of text" {
    /usr/bin/python3 - <<'PY'
import zipfile
for name, first in (("a.xlsx", "[Content_Types].xml"), ("b.xlsx", "xl/workbook.xml"), ("c.zip", "bars.csv")):
    with zipfile.ZipFile(name, "w") as archive:
        archive.writestr(first, "timestamp")
PY
    printf '\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1' >d.xls
    for name in a.xlsx b.xlsx d.xls; do
        refuses 1 "umm-convert: $name: a spreadsheet's workbook; save its sheet as CSV" umm-convert -o x.npy $name
    done
    refuses 1 'umm-convert: c.zip: zip archive; pipe it in: unzip -p FILE | ... -' umm-convert -o x.npy c.zip
}

@test "an unnamed time that is named is not asked for again" {
    printf ',open,high,low,close,volume\n44197,1,2,0.5,1.5,100\n' >in.csv
    refuses 1 'umm-convert: in.csv:2:1: the first field has no name, and "44197" could be a row number; name the time with --columns timestamp=FIELD,...' \
        umm-convert -o x.npy in.csv
    capture umm-convert --columns=timestamp=1,open,high,low,close,volume -o x.npy in.csv
    [[ $status -eq 1 && $stderr != *'--columns timestamp=FIELD'* ]] || fail "$stderr"
    printf 'timestamp,open\n2024-01-01,1\n"Downloaded as of today",\n' | sed 's/,$//' >in.csv
    refuses 1 'umm-convert: in.csv:3:25: 1 field, expected 2; --bad-rows skip passes over what is no row' \
        umm-convert --columns timestamp,open -o x.npy in.csv
}
