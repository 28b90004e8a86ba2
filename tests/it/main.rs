//! Tests of what users see, through the binary.

#[cfg(test)]
mod kit;
#[cfg(test)]
mod support;
