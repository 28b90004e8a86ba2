//! All tests that look at sayso from outside, in one binary.

#[cfg(test)]
mod ask;
#[cfg(test)]
mod http2_faults;
#[cfg(test)]
mod kill_faults;
#[cfg(test)]
mod kit;
#[cfg(test)]
mod network_faults;
#[cfg(test)]
mod process_faults;
#[cfg(test)]
mod stdio;
#[cfg(test)]
mod storage_faults;
#[cfg(test)]
mod stream_faults;
#[cfg(test)]
mod support;
#[cfg(test)]
mod terminal_faults;
