#!/bin/sh
# Makes a virtual environment: create_venv.sh FOLDER. Takes $PYTHON, or the first Python from 3.11 to 3.13 that it finds.
set -eu

folder=$1

fits() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null
}

if [ -n "${PYTHON:-}" ]; then
    fits "$PYTHON" || { echo "error: $PYTHON is not Python 3.11, 3.12 or 3.13" >&2; exit 1; }
else
    for candidate in python3 python3.13 python3.12 python3.11; do
        if fits "$candidate"; then PYTHON=$candidate; break; fi
    done
fi
if [ -z "${PYTHON:-}" ]; then
    echo "error: Ordercast needs Python 3.11, 3.12 or 3.13; python3 here is $(python3 -V 2>/dev/null || echo missing)" >&2
    echo "hint: install one of them, or name it: make setup PYTHON=/path/to/python" >&2
    exit 1
fi

echo "making $folder with $("$PYTHON" -V)"
"$PYTHON" -m venv "$folder" || {
    echo "error: $PYTHON cannot make virtual environments" >&2
    echo "hint: on Debian and Ubuntu: apt install python3-venv" >&2
    exit 1
}
