//! What a call of a built-in tool costs: from our host to a server in this process, and back, without JSON.

use divan::{Bencher, black_box};
use sayso::testing::BuiltinCall;

fn main() {
    divan::main();
}

#[divan::bench(sample_count = 1000)]
fn in_process_call(bencher: Bencher<'_, '_>) {
    let server = BuiltinCall::connect().expect("the server is part of the binary");
    bencher.bench_local(|| black_box(server.call().expect("the tool is there")));
}
