#!/bin/sh
# Shows an answer while it streams, then what it took: jsonl-with-jq.sh "Tell a joke"
# Where the turn fails, it ends with the exit code of the turn.
set -eu

command -v jq >/dev/null || { echo "jsonl-with-jq.sh: jq is not installed" >&2; exit 1; }

sayso ask --format jsonl ${MODEL:+-m "$MODEL"} "$@" </dev/null | jq --join-output --unbuffered '
    if .type == "delta" then .text
    elif .type == "retry" then "[\(.code): again in \(.wait_ms) ms]\n"
    elif .type == "result" then
        "\n-- \(.status), exit \(.exit), \(.usage.output // "?") tokens\n",
        (.exit | select(. != 0) as $code | "" | halt_error($code))
    else empty end'
