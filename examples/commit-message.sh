#!/bin/sh
# Writes a commit message for what is staged: commit-message.sh | git commit -e -F -
set -eu

git rev-parse --is-inside-work-tree >/dev/null   # outside of a repository it ends here
if git diff --staged --quiet; then
    echo "commit-message.sh: nothing is staged" >&2
    exit 1
fi

git diff --staged | sayso ask --no-save \
    -s "You write commit messages: an imperative subject of at most 60 characters, a blank line, then the reason for the change in a few lines. Plain text, no code fence." \
    "Write the commit message for this diff."
