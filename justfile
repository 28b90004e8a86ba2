# The steps of .ci/run one by one; `just` lists them.

default:
    @just --list

# Everything a change has to pass
ci:
    .ci/run

fmt:
    cargo fmt

lint:
    cargo fmt --check
    cargo clippy --all-targets --locked -- -D warnings

# All tests, or those whose name holds a word: just test completions
test *NAME:
    cargo test --locked {{NAME}}

doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --document-private-items --locked

deny:
    cargo deny --locked check

release:
    cargo build --release --locked

# The Debian package, with completions and manual pages; needs cargo-deb
deb:
    packaging/deb

# Whether two builds of the same commit are the same bytes
reproducible:
    packaging/reproducible

# The demo, without a key or a network
demo:
    cargo run --release --locked -- ask -m demo:tour "What can you do?"

# Write completions/ anew after a change of the command line
completions:
    cargo run --locked -- completions bash > completions/sayso.bash
    cargo run --locked -- completions zsh > completions/_sayso
    cargo run --locked -- completions fish > completions/sayso.fish

# Draw the pictures of the documentation anew after a change of what is shown
pictures:
    SAYSO_PICTURES=write cargo test --locked --test it pictures

bench:
    cargo bench --locked

# Needs a nightly Rust and cargo-fuzz: just fuzz sse_decoder
fuzz TARGET SECONDS="60":
    cargo +nightly fuzz run {{TARGET}} -- -max_total_time={{SECONDS}}
