#!/bin/sh
# Reviews a file: review.sh src/main.rs
set -eu

if [ $# -ne 1 ]; then
    echo "usage: review.sh FILE" >&2
    exit 2
fi

exec sayso ask --file="$1" \
    -s "You review code. List real defects only, the worst first, each with its line and a fix. If there are none, say so in one sentence." \
    "Review $1." </dev/null
