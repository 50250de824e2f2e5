#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Numbers as people write them, by regular expressions and exact fractions, for
tests/umm-convert-numbers.bats.

    notation_oracle.py N SEED    N random cells in each of many notations, converted and compared
"""
import fractions
import random
import re
import sys

from convert_oracle import *  # noqa: F403

MARKS = {",": ",", ".": r"\.", "apostrophe": "['\u2019]", "space": "[ \u00a0\u2009\u202f]"}
BLANK = "[ \u00a0\u202f]*"
CODES = ("USDT USDC USD EUR GBP JPY CNY CNH INR CHF AUD CAD NZD HKD SGD KRW TWD THB IDR MYR PHP VND BRL MXN ZAR "
         "SEK NOK DKK PLN CZK HUF RON TRY RUB UAH ILS AED SAR CLP COP ARS")
DOLLARS = "US$ AU$ CA$ HK$ NZ$ NT$ MX$ A$ C$ S$ R$ $"
SIGNS = "£¥＄￡￥￦" + "".join(map(chr, range(0x20A0, 0x20D0))).replace("\u20a5", "")
CURRENCY = "(?:" + "|".join(map(re.escape, [*DOLLARS.split(), *SIGNS, *CODES.split()])) + ")"
SUFFIXES = {"k": 3, "m": 6, "mn": 6, "b": 9, "bn": 9, "t": 12, "tn": 12, "万": 4, "亿": 8}
SUFFIX = "(?:[kK]|[mMbBtT][nN]?|万|亿)"


def digits_in(mark, point):
    """Digits, in groups or without, with decimals or without."""
    plain = "[0-9]+"
    if mark:
        m = MARKS[mark]
        plain = (f"(?:[1-9][0-9]{{0,2}}(?P<west>{m})[0-9]{{3}}(?:(?P=west)[0-9]{{3}})*|"
                 f"[1-9][0-9]?(?P<india>{m})(?:[0-9]{{2}}(?P=india))*[0-9]{{3}}|[0-9]+)")
    point = re.escape(point)
    return f"(?P<digits>{plain}(?:{point}[0-9]*)?|{point}[0-9]+)"


def forms(mark, ways, point):
    """All ways to write a number, each as a pattern and whether that is negative by itself."""
    digits, exponent = digits_in(mark, point), "(?P<exponent>[eE][+-]?[0-9]+)?"
    suffix = f"(?:{BLANK}(?P<suffix>{SUFFIX}))" if "suffix" in ways else "(?!)"
    core = f"{digits}(?:{exponent}|{suffix})"
    bare = [core]
    if "currency" in ways:
        bare += [f"{CURRENCY}{BLANK}{core}", f"{core}{BLANK}{CURRENCY}"]
    if "percent" in ways or "ratio" in ways:
        bare.append(f"{digits}{BLANK}(?P<percent>%)")
    found = [("(?P<sign>[+-]?)" + b, False) for b in bare]
    if "currency" in ways:
        found.append((f"{CURRENCY}{BLANK}(?P<sign>[+-]?){core}", False))
    if "parentheses" in ways:
        found += [(rf"\({BLANK}{b}{BLANK}\)", True) for b in bare]
        if "currency" in ways:
            found.append((rf"{CURRENCY}{BLANK}\({BLANK}{core}{BLANK}\)", True))
    return [(re.compile(pattern), is_negative) for pattern, is_negative in found]


def written(cell, mark, ways, point=".", power=0):
    """Whether the cell is negative and its absolute value, exactly; None if it is no number."""
    if "boolean" in ways and cell.lower() in ("true", "false"):
        return False, fractions.Fraction(cell.lower() == "true") * fractions.Fraction(10) ** power
    for pattern, is_negative in forms(mark, ways, point):
        found = pattern.fullmatch(cell)
        if not found:
            continue
        parts = found.groupdict()
        text = "".join(c for c in parts["digits"] if c.isdigit() or c == point).replace(point, ".")
        if mark == "." and point == ",":
            text = "".join(c for c in parts["digits"] if c.isdigit() or c == ",").replace(",", ".")
        value = exact(text)[1]
        power += int((parts.get("exponent") or "e0")[1:])
        power += SUFFIXES[(parts.get("suffix") or "k").lower()] - (0 if parts.get("suffix") else 3)
        power -= 2 if parts.get("percent") and "ratio" in ways else 0
        return is_negative or parts.get("sign") == "-", value * fractions.Fraction(10) ** power
    return None


def bytes_of(found, dtype):
    """What is stored; None for what the type cannot hold."""
    negative, value = found
    if dtype[1] == "i":
        limit = 2 ** (8 * int(dtype[2]) - 1)
        value = -value if negative else value
        fits = value.denominator == 1 and -limit <= value < limit
        return int(value).to_bytes(int(dtype[2]), "little", signed=True) if fits else None
    precision, emax = {"<f8": (53, 1023), "<f4": (24, 127)}[dtype]
    if value >= (2 - fractions.Fraction(1, 2**precision)) * 2**emax:
        return None
    text = f"{value.numerator}" if value.denominator == 1 else None
    if text is None:    # a decimal: its denominator is a product of twos and fives
        n = 0
        while (value * 10 ** n).denominator != 1:
            n += 1
        text = f"{int(value * 10 ** n)}e-{n}"
    return round_bits(("-" if negative else "") + text, dtype).to_bytes(int(dtype[2]), "little")


# ---- random cells ------------------------------------------------------------------

TOKENS = ["-", "+", "$", "€", "US$", "USD", "EUR ", "(", ")", "%", " %", "K", "m", "bn", " B", "T", "万", "亿", "e3",
          "e-2", " ", "\u00a0", "x", "true", "n", "£", "₹ ", "5"]


def random_digits(dice, mark, point):
    n = dice.choice([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 16, 17, 20])
    text = str(dice.randrange(10 ** (n - 1), 10 ** n))
    character = {"apostrophe": "'\u2019", "space": " \u00a0\u2009\u202f"}.get(mark, mark or ",")
    character = dice.choice(character)
    if dice.random() < 0.6:
        sizes = [3] + [dice.choice([3, 3, 3, 2]) if dice.random() < 0.1 else 3] * 9
        if dice.random() < 0.3:
            sizes = [3] + [2] * 14
        pieces = []
        while text:
            size = sizes[len(pieces)] if len(pieces) < len(sizes) else 3
            pieces.insert(0, text[-size:])
            text = text[:-size]
        text = character.join(pieces)
    if dice.random() < 0.5:
        text += point + "".join(dice.choice("0123456789") for _ in range(dice.randrange(9)))
    return text


def random_cell(dice, mark, point):
    cell = random_digits(dice, mark, point)
    for _ in range(dice.choice([0, 0, 1, 1, 2])):
        cell = dice.choice(TOKENS) + cell
    for _ in range(dice.choice([0, 0, 1, 1, 2])):
        cell += dice.choice(TOKENS)
    if dice.random() < 0.1:
        at = dice.randrange(len(cell))
        cell = cell[:at] + dice.choice("0123456789,.' ") + cell[at + dice.randrange(2):]
    if dice.random() < 0.02:
        cell = dice.choice(["true", "False", "TRUE", "(1)", "-", "0", "-0"])
    # What is far out of range has too many digits to be compared exactly.
    return re.sub("[eE][+-]?[0-9]{3,}", "e9", cell).strip(" \t")


def check(dice, n, env=None):
    """n random cells in a random notation, in one file."""
    mark = dice.choice([None, ",", ",", ".", "apostrophe", "space"])
    point = "," if mark == "." or (mark not in (",", None) and dice.random() < 0.3) else "."
    all_ways = ["currency", dice.choice(["percent", "ratio"]), "suffix", "parentheses", "boolean"]
    ways = [w for w in all_ways if dice.random() < 0.6]
    power = dice.choice([0, 0, 0, -9, -2, 2, 8])
    dtype = dice.choice(["f8", "f8", "f4", "i8", "i4"])
    cells = [random_cell(dice, mark, point) for _ in range(n)]
    missing = ("", "null", "nan", "na", "n/a", "-")
    put("i;price\n" + "".join(f"{i};{cell}\n" for i, cell in enumerate(cells)))
    options = ["--delimiter=;", "--header=yes", f"--columns=i:i4,price{f'*1e{power}' if power else ''}:{dtype}"]
    options += [f"--thousands={mark}"] if mark else []
    options += ["--numbers=" + ",".join(ways)] if ways else []
    options += ["--decimal=,"] if point == "," else []
    code, out, err = run("--bad-rows=skip", "-o", "out.npy", *options, "in.csv", env=env)
    assert code in (0, 3) and not out and not err, (code, err, options)
    got = {int(row["i"]): row["price"].tobytes() for row in np.load("out.npy")}
    n_read = 0
    for i, cell in enumerate(cells):
        found = written(cell, mark, ways, point, power)
        wanted = bytes_of(found, "<" + dtype) if found else None
        if cell.lower() in missing:
            wanted = NAN["<" + dtype].to_bytes(int(dtype[1]), "little") if dtype[0] == "f" else None
        assert got.get(i) == wanted, (cell, options, got.get(i), wanted, found)
        n_read += wanted is not None
    return n_read


if __name__ == "__main__":
    DICE = random.Random(int(sys.argv[2]))
    TOTAL = sum(check(DICE, int(sys.argv[1])) for _ in range(40))
    assert TOTAL > 40 * int(sys.argv[1]) // 10, TOTAL
