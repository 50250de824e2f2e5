# shellcheck shell=bash disable=SC2154 # output is of helper.bash
# SPDX-License-Identifier: MIT
#
# db.bash - for the tests of umm-db: `load db`.
#
#   py CODE           run CODE in Python, with NumPy as np and sqlite3, and rows(FILE, TABLE) for the
#                     rows of a table of SQLite
#   bars N [FIRST]    bars.npy, N bars from minute FIRST on; values go by the minute alone
#   pulled PLACE      what the table q has in column y where a condition holds: lines of COLUMN=VALUE
#                     and the values on standard input
#   kills N CODE      kill `umm-db push PLACE TABLE bars.npy` (PLACE and TABLE of the environment)
#                     N times, at moments from its beginning to after its end; CODE defines before(),
#                     and after() for how many rows there are then, which may be "old" or "new"

py() {
    ok "$PY" -c "import numpy as np, sqlite3
def rows(file, table, order='timestamp'):
    db = sqlite3.connect(file)
    found = db.execute(f'SELECT * FROM \"{table}\" ORDER BY \"{order}\"').fetchall()
    db.close()
    return found
$1" || fail "$output"
}

# Without NumPy, whose start takes longer than all the rest.
bars() {
    "$PY" -ISc "import array, sys
n, first = map(int, sys.argv[1:])
rows = array.array('d')
for i in range(first, first + n):
    rows.extend((1577836800000 + 60000 * i, *(7000 + (i * 7 + c) % 97 / 8 for c in range(1, 6))))
head = f\"{{'descr': '<f8', 'fortran_order': False, 'shape': ({n}, 6), }}\".ljust(117) + '\n'
with open('bars.npy', 'wb') as out:
    out.write(b'\x93NUMPY\x01\x00' + len(head).to_bytes(2, 'little') + head.encode() + rows.tobytes())" "$1" "${2:-0}"
}

pulled() {
    ok "$PY" -c "import numpy as np, subprocess, sys
for line in sys.stdin:
    condition, *wanted = line.split()
    subprocess.run(['umm-db', 'pull', '--columns=t,y', '--where=' + condition, '-o', 'back.npy', sys.argv[1], 'q'], check=True)
    found = np.load('back.npy')['y'].tolist()
    assert found == [float(x) for x in wanted], (condition, found)" "$1"
}

kills() {
    ok "$PY" - "$1" <<END
import os, random, subprocess, sys, time
n_kills = int(sys.argv[1])
random.seed(1)
push = ['umm-db', 'push', os.environ['PLACE'], os.environ['TABLE'], 'bars.npy']
$2
begun = time.monotonic()
before()
begun = time.monotonic()
subprocess.run(push, check=True)
whole, seen = time.monotonic() - begun, {after()}
for i in range(n_kills):
    before()
    process = subprocess.Popen(push)
    time.sleep(random.uniform(0, 1.3 * whole))
    process.kill()
    process.wait()
    n = after()
    assert n in (old, new), n
    seen.add(n)
assert seen == {old, new}, seen
before()
subprocess.run(push, check=True)
END
}
