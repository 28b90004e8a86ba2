//! How things look: the one owner of stdout and stderr, and the views of a turn.
