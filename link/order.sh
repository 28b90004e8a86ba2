#!/usr/bin/env bash
# Writes order.ld anew, after larger changes: link/order.sh BASE_URL MODEL
# Needs valgrind and an OpenAI-compatible server on http, whose answers should be short.
set -euo pipefail
cd "$(dirname "$0")/.."
export OPENAI_BASE_URL="$1" OPENAI_API_KEY=none
model="$2"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

# The build of the release, but that the linker leaves its symbols in. Told of that, cargo would make another one, which
# keeps other instances of what several crates have of a generic function.
cat >"$work/cc" <<'END'
#!/bin/sh
for argument; do
    shift
    [ "$argument" = -Wl,--strip-all ] || set -- "$@" "$argument"
done
export PATH="${PATH#*:}"
exec cc "$@"
END
chmod +x "$work/cc"
PATH="$work:$PATH" cargo build --release --locked --target-dir target/order

run() {
    HOME="$work" valgrind -q --tool=callgrind --demangle=no --callgrind-out-file="$work/calls.$1" \
        target/order/release/sayso "${@:2}" </dev/null >/dev/null
}
# The very first start asks the built-in servers for their tools; those after it remember them.
HOME="$work" target/order/release/sayso ask --no-save -m "$model" hi </dev/null >/dev/null
run 1 --version
run 2 ask --no-save -m "$model" hi
run 3 ask -m "$model" hi
# Most people have a configuration, and longer answers, of which parts are written before the end.
cat >"$work/config.yaml" <<END
llm:
  providers:
    here: {base_url: "$OPENAI_BASE_URL", model: "$model"}
chat: {service: {streaming: {persistence: {persist_deltas: true}}}}
END
run 4 ask --config "$work/config.yaml" -m "here:$model" hi
run 5 ask --config "$work/config.yaml" -m demo:long -o chunks=20000 hi

# What LLVM numbers, it numbers anew with each build. The hash of a crate changes with its version and the compiler, and
# with its length what points back in a name; what is around them does not.
names() {
    sed -nE "s/^c?fn=\([0-9]+\) ([A-Za-z_][^ ']*).*/\1/p" "$work"/calls.{1,2,3,4,5} \
        | grep -Fxf <(nm target/order/release/sayso | awk '{print $3}') \
        | sed -E 's/Cs[0-9A-Za-z]+_/Cs*_/g; s/B[0-9A-Za-z]{0,3}_/B*_/g; s/\.llvm\.[0-9]+$/*/; s/\.[0-9]+$/.*/' | awk '!seen[$0]++'
}
{
    sed '/^ *SECTIONS/,$d' link/order.ld
    printf 'SECTIONS {\n  .text.hot : { *(\n'
    names | sed 's/^/    .text*./'
    printf '  ) }\n}\nINSERT BEFORE .text;\n'
} >"$work/order.ld"
mv "$work/order.ld" link/order.ld
