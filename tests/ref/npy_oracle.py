#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Headers as NumPy writes them, one per line, for tests/unit/test_npy.c.

    ASKED ORDER SHAPE OFFSET RECORD TITLES LOADABLE FIELDS HEADER

ASKED    format version asked for, 0 for NumPy's own choice
ORDER    C or F
SHAPE    dimensions joined by commas, "-" for none
OFFSET   where NumPy starts to read the data
RECORD   bytes of one element, by NumPy
TITLES   1 if fields have titles
LOADABLE 1 if np.load takes a header of this length without being told to
FIELDS   "=TYPE" for a plain type, "none" for a record of none, else
         NAME:TYPE:OFFSET:PADDING joined by semicolons, NAME in hexadecimal UTF-8
HEADER   the bytes in hexadecimal

The one argument is the alignment, 64 unless given. The first line is "numpy" and
its version, or "skip" and a reason.
"""
import io
import sys
import warnings

try:
    import numpy as np
    from numpy.lib import format as npf
except ImportError:
    print("skip no python3-numpy")
    sys.exit(0)

GROWING = [0, 1, 9, 10, 99, 100, 999, 10**6, 2**31, 2**32 + 1, 10**12, 10**15]
SHAPES = [(), (0,), (1,), (7,), (0, 6), (6, 0), (5, 6), (2, 3, 4), (1, 1, 1, 1), (3,) * 12, (1,) * 32]
PLAIN = ["f2", "f4", "f8", "f16", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1",
         "c8", "c16", "c32", "S0", "S5", "U0", "U3", "V0", "V7", "M8", "M8[ms]", "M8[25s]", "M8[1s]",
         "m8", "m8[ns]", "m8[D]", "M8[as]", "M8[Y]"]
BARS = [("timestamp", "<M8[ms]")] + [(n, "<f8") for n in ("open", "high", "low", "close", "volume")]
RECORDS = [
    np.dtype(BARS),
    np.dtype([("a", "i1"), ("b", "f8"), ("c", "u2")], align=True),
    np.dtype([("a", ">i4"), ("b", ">M8[us]"), ("c", ">U2"), ("d", "S3"), ("e", "?")]),
    np.dtype([("it's", "f4"), ('say "x"', "f4"), ('both \' "', "f4"), ("back\\slash", "f4")]),
    np.dtype([("caf\u00e9", "f4"), ("a\u00a0b", "f4"), ("soft\u00adhyphen", "f4"), ("\u00ff", "i2")]),
    np.dtype([("\u65e5\u672c", "f8"), ("caf\u00e9", "f4"), ("\U0001f600", "i2")]),
    np.dtype([(("a title", "a"), "f4"), ("b", "f4")]),
    np.dtype([(("t\u00eftle '\"", "a"), "f4")]),
    np.dtype({"names": ["a", "b"], "formats": ["i2", "V3"], "offsets": [4, 9], "itemsize": 32}),
    np.dtype({"names": ["", "a"], "formats": ["f8", "V4"]}),
    np.dtype([]),
    np.dtype([("n" * 127, "f8")]),
    np.dtype([("c%d" % i, "f8") for i in range(400)]),
    np.dtype([("column_%d" % i, "f4") for i in range(600)]),
    np.dtype([("column_%d" % i, "f4") for i in range(4000)]),
    np.dtype([("\u0436" * 20 + str(i), "f4") for i in range(220)]),
]


def describe_fields(dtype):
    """The fields from dtype.descr, checked against the offsets NumPy uses."""
    if dtype.names is None:
        return "=" + dtype.str
    out, at, seen = [], 0, 0
    for name, text in dtype.descr:
        if isinstance(name, tuple):
            name = name[1]
        field = np.dtype(text)
        is_padding = name == "" and field.type is np.void
        if not is_padding:
            assert dtype.fields[name][1] == at and dtype.fields[name][0] == field
            seen += 1
        out.append("%s:%s:%d:%d" % (name.encode().hex(), text, at, is_padding))
        at += field.itemsize
    assert at == dtype.itemsize and seen == len(dtype.names)
    return ";".join(out) or "none"


def header_bytes(dtype, shape, is_fortran, version):
    fp = io.BytesIO()
    d = {"shape": shape, "fortran_order": is_fortran, "descr": npf.dtype_to_descr(dtype)}
    npf._write_array_header(fp, d, version)
    return fp.getvalue()


def same_as_save(dtype, shape, header):
    """np.save of a small array begins with the same header (np.zeros widens S0 to S1)."""
    fp = io.BytesIO()
    np.save(fp, np.zeros(shape, dtype))
    return fp.getvalue().startswith(header)


def read_header(header, limit):
    fp = io.BytesIO(header)
    version = npf.read_magic(fp)
    return npf._read_array_header(fp, version, max_header_size=limit) + (fp.tell(),)


def emit(dtype, shape, is_fortran=False, version=None):
    header = header_bytes(dtype, shape, is_fortran, version)
    n = dtype.itemsize
    for length in shape:
        n *= length
    if dtype.itemsize > 0 and n < 10**5 and not is_fortran and version is None:
        assert same_as_save(dtype, shape, header)
    assert read_header(header, 10**6)[:3] == (shape, is_fortran, dtype)
    offset = read_header(header, 10**6)[3]
    try:
        is_loadable = bool(read_header(header, npf._MAX_HEADER_SIZE))
    except ValueError:
        is_loadable = False
    has_titles = any(len(f) > 2 for f in (dtype.fields or {}).values())
    print(version[0] if version else 0, "F" if is_fortran else "C",
          ",".join(map(str, shape)) or "-", offset, dtype.itemsize, int(has_titles),
          int(is_loadable), describe_fields(dtype), header.hex())


def main():
    if not hasattr(npf, "GROWTH_AXIS_MAX_DIGITS"):
        print("skip NumPy", np.__version__, "leaves no room for growth")
        return
    warnings.simplefilter("ignore")
    npf.ARRAY_ALIGN = int(sys.argv[1]) if len(sys.argv) > 1 else 64
    print("numpy", np.__version__)
    for text in ("<f8", "<f4", "<i8", "<i4"):
        for n in GROWING:
            for shape in ((n,), (n, 6), (n, 10)):
                emit(np.dtype(text), shape)
            emit(np.dtype(text), (6, n), True)
    for text in PLAIN:
        for order in "<>":
            dtype = np.dtype(text).newbyteorder(order)
            emit(dtype, (3, 4))
            emit(dtype, (3, 4), True, (2, 0))
    for shape in SHAPES:
        for version in (None, (1, 0), (2, 0), (3, 0)):
            emit(np.dtype("<f8"), shape, False, version)
            emit(np.dtype("<f8"), shape, True, version)
    for dtype in RECORDS:
        for n in (0, 1, 10**9):
            emit(dtype, (n,))
        emit(dtype, (2, 3), True, (3, 0))


main()
