//! Ids for what comes from other programs: the same each time, so that a second import adds nothing.

use sha2::{Digest, Sha256};

/// An id in the form of our own, made of the words that name the thing at its origin.
pub fn foreign_id(origin: &[&str]) -> String {
    let mut hash = Sha256::new();
    for word in origin {
        // With the length, so that the words cannot flow into each other.
        hash.update(word.len().to_le_bytes());
        hash.update(word);
    }
    let mut bits = [0; 16];
    bits.copy_from_slice(&hash.finalize()[..16]);
    ulid::Ulid(u128::from_le_bytes(bits)).to_string()
}

#[cfg(test)]
mod tests {
    use super::foreign_id;

    #[test]
    fn an_id_depends_on_all_of_its_words() {
        assert_eq!(foreign_id(&["a", "b"]), foreign_id(&["a", "b"]));
        assert_ne!(foreign_id(&["a", "b"]), foreign_id(&["ab", ""]));
        assert_eq!(foreign_id(&[]).len(), 26);
    }
}
