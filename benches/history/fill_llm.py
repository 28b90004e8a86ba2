"""fill_llm.py FOLDER MESSAGES: the messages of `history_bench make` for llm, in FOLDER/logs.db.

Run it with the Python of llm 0.32 or later: `/venv/bin/python fill_llm.py /tmp/big-llm 1000000`. It goes through
llm's own tables and hashes, so that `llm logs` finds what it expects.
"""

import os
import sys
import time

import sqlite_utils
from llm.logs import LogStore, message_hash
from llm.parts import Message, TextPart

WORDS = """the river stone green walks under a bridge and nobody knows where it goes model answer question light window
paper number because water is not far from here garden table cloud of""".split()
IN_CONVERSATION = 20
seed = 1


def text(number):
    global seed
    words = []
    for _ in range(40):
        seed = (seed * 6364136223846793005 + 1442695040888963407) % 2**64
        words.append(WORDS[seed >> 59])
    if number % 10007 == 0:
        words.append("zebra")
    return " ".join(words) + f" n{number}"


folder, count = sys.argv[1], int(sys.argv[2])
os.makedirs(folder, exist_ok=True)
database = sqlite_utils.Database(os.path.join(folder, "logs.db"))
LogStore(database)
run = database.conn.execute
run("begin")
thread = tip = asked = prompt = None
for number in range(count):
    when = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(1_600_000_000 + number * 60)) + ".000000+00:00"
    if number % IN_CONVERSATION == 0:
        thread, tip = f"00a{number:023d}", None
        run("insert into threads (id, name, datetime_utc) values (?, ?, ?)", (thread, f"conversation {number}", when))
    said, role = text(number), "user" if number % 2 == 0 else "assistant"
    one = message_hash(Message(role=role, parts=[TextPart(text=said)]), tip)
    run("insert into messages (hash, parent_hash, role) values (?, ?, ?)", (one, tip, role))
    run("insert into parts (message_hash, position, type, text) values (?, 0, 'text', ?)", (one, said))
    tip = one
    if role == "user":
        asked, prompt = one, said
        continue
    turn = f"00b{number:023d}"
    run(
        """insert into turns (id, thread_id, parent_message_hash, tip_message_hash, model, duration_ms, datetime_utc)
        values (?, ?, ?, ?, 'test', 1000, ?)""",
        (turn, thread, asked, tip, when),
    )
    run("insert into turn_search (turn_id, prompt, response) values (?, ?, ?)", (turn, prompt, said))
    run("update threads set tip_message_hash = ? where id = ?", (tip, thread))
run("commit")
