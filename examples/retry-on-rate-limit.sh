#!/bin/sh
# Asks again as long as the provider says "later" (exit 6), up to five times:
#   retry-on-rate-limit.sh "Why is the sky blue?"
# MODEL=demo:fail-429 retry-on-rate-limit.sh hello   shows it without a provider.
set -eu

wait_seconds="${WAIT_SECONDS:-10}"
attempt=1
while :; do
    code=0
    sayso ask --retries 0 ${MODEL:+-m "$MODEL"} "$@" </dev/null || code=$?
    if [ "$code" -ne 6 ] || [ "$attempt" -ge 5 ]; then
        exit "$code"
    fi
    echo "try $attempt was one too many; the next in $wait_seconds s" >&2
    sleep "$wait_seconds"
    wait_seconds=$((wait_seconds * 2))
    attempt=$((attempt + 1))
done
