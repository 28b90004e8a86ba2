# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_sayso_global_optspecs
    string join \n config= color= q/quiet v/verbose accessible offline h/help V/version
end

function __fish_sayso_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_sayso_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_sayso_using_subcommand
    set -l cmd (__fish_sayso_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c sayso -n "__fish_sayso_needs_command" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_needs_command" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_needs_command" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_needs_command" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_needs_command" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_needs_command" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_needs_command" -s h -l help -d 'Print help'
complete -c sayso -n "__fish_sayso_needs_command" -s V -l version -d 'Print version'
complete -c sayso -n "__fish_sayso_needs_command" -f -a "ask" -d 'Ask one question; the answer goes to stdout'
complete -c sayso -n "__fish_sayso_needs_command" -f -a "chat" -d 'Talk to a model, with a prompt to type at'
complete -c sayso -n "__fish_sayso_needs_command" -f -a "batch" -d 'Ask many questions from a file; one line of JSON for each'
complete -c sayso -n "__fish_sayso_needs_command" -f -a "history" -d 'Past conversations: list, show, search, fork, delete'
complete -c sayso -n "__fish_sayso_needs_command" -f -a "stats" -d 'Count turns, tokens and times (median/95th percentile)'
complete -c sayso -n "__fish_sayso_needs_command" -f -a "init" -d 'Set up sayso: find keys and models, write the configuration'
complete -c sayso -n "__fish_sayso_needs_command" -f -a "doctor" -d 'Look for what is wrong: configuration, keys, network, history, servers'
complete -c sayso -n "__fish_sayso_needs_command" -f -a "config" -d 'Look at the configuration'
complete -c sayso -n "__fish_sayso_needs_command" -f -a "roles" -d 'Prompts and settings under a name'
complete -c sayso -n "__fish_sayso_needs_command" -f -a "keys" -d 'Keep the keys of providers'
complete -c sayso -n "__fish_sayso_needs_command" -f -a "models" -d 'Look at the models of the providers'
complete -c sayso -n "__fish_sayso_needs_command" -f -a "mcp" -d 'Use and set up MCP servers: tools, resources, prompts'
complete -c sayso -n "__fish_sayso_needs_command" -f -a "completions" -d 'Print the completions for a shell'
complete -c sayso -n "__fish_sayso_needs_command" -f -a "shell-init" -d 'Print what lets a shell write commands for you, for its rc file'
complete -c sayso -n "__fish_sayso_needs_command" -f -a "man" -d 'Print the manual, or the page of one command'
complete -c sayso -n "__fish_sayso_needs_command" -f -a "help" -d 'Explain a command or a topic'
complete -c sayso -n "__fish_sayso_using_subcommand ask" -l role -d 'Use this role; `off` leaves the one of the conversation' -r -f -k -a '(__sayso_names)'
complete -c sayso -n "__fish_sayso_using_subcommand ask" -l role-file -d 'Use the role in this file, as a script does in its first line' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand ask" -s m -l model -d 'The model, with its provider or without: `openrouter:openai/gpt-4o-mini`' -r -f -k -a '(__sayso_names)'
complete -c sayso -n "__fish_sayso_using_subcommand ask" -s s -l system -d 'The system prompt, as text or from a file' -r
complete -c sayso -n "__fish_sayso_using_subcommand ask" -s o -l option -d 'A parameter for the model, as in temperature=0.2 (repeatable)' -r
complete -c sayso -n "__fish_sayso_using_subcommand ask" -l retries -d 'Requests after one that failed before its first token (0 to 10)' -r
complete -c sayso -n "__fish_sayso_using_subcommand ask" -l session -d 'Go on with this conversation, or from this message of it; a new name begins one' -r -f -k -a '(__sayso_names)'
complete -c sayso -n "__fish_sayso_using_subcommand ask" -s t -l tool -d 'Offer this server\'s tools too, as in files, shell or fetch (repeatable)' -r -f -k -a '(__sayso_names)'
complete -c sayso -n "__fish_sayso_using_subcommand ask" -l allow -d 'Run this tool without asking; `*` stands for all tools of a server (repeatable)' -r -f -k -a '(__sayso_names)'
complete -c sayso -n "__fish_sayso_using_subcommand ask" -l max-hops -d 'Rounds of tool calls in one turn [default: 8]' -r
complete -c sayso -n "__fish_sayso_using_subcommand ask" -l tool-choice -d 'Whether the model has to call a tool: auto, none, required, or the tool as SERVER/TOOL' -r
complete -c sayso -n "__fish_sayso_using_subcommand ask" -l record -d 'Write all requests and answers to FILE, byte for byte and without keys' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand ask" -l replay -d 'Answer from a record: no key, no network' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand ask" -l replay-speed -d 'Play it so many times as fast as it was recorded, as in 1 or 4 [without: at once]' -r
complete -c sayso -n "__fish_sayso_using_subcommand ask" -l thinking -d 'Whether to show the thoughts of a model, on stderr' -r -f -a "hide\t''
show\t''"
complete -c sayso -n "__fish_sayso_using_subcommand ask" -l width -d 'Columns of rendered Markdown (20 to 1000) [default: the terminal\'s]' -r
complete -c sayso -n "__fish_sayso_using_subcommand ask" -s f -l file -d 'Send this along: a text, image or PDF, a folder, a quoted \'src/**/*.rs\', a URL, `-` for stdin (repeatable)' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand ask" -l format -d 'What to write to stdout' -r -f -a "text\t'The answer as the model wrote it; on a terminal its Markdown is rendered (ui.markdown)'
markdown\t'The answer with its Markdown rendered, also into a pipe; styled there only with --color always'
json\t'One object when all is over'
jsonl\t'One event a line, as it happens'"
complete -c sayso -n "__fish_sayso_using_subcommand ask" -l timeout -d 'Give up after this time, as in 120s, 2m or 500ms' -r
complete -c sayso -n "__fish_sayso_using_subcommand ask" -l max-cost -d 'Spend no more than this; ends with exit 6' -r
complete -c sayso -n "__fish_sayso_using_subcommand ask" -l max-tokens-total -d 'Use no more than this many tokens, input and output together; ends with exit 6' -r
complete -c sayso -n "__fish_sayso_using_subcommand ask" -l stdin -d 'Read stdin after a PROMPT: if something comes soon, however long it takes, or never' -r -f -a "auto\t''
wait\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand ask" -l schema -d 'Only JSON that fits: a JSON Schema, its file, or in short \'name, age int, tags [str], nick?\'' -r
complete -c sayso -n "__fish_sayso_using_subcommand ask" -l schema-retries -d 'Tell the model what is wrong with its JSON and ask again, so often (0 to 5)' -r
complete -c sayso -n "__fish_sayso_using_subcommand ask" -l stop-after -d 'Only what comes up to the end of the first match; the request ends there' -r
complete -c sayso -n "__fish_sayso_using_subcommand ask" -l once -d 'Ask once: where KEY has had its answer, that one is given again' -r
complete -c sayso -n "__fish_sayso_using_subcommand ask" -l cache -d 'Give the answer to the very same request again, if it is no older, as in 1h or 7d' -r
complete -c sayso -n "__fish_sayso_using_subcommand ask" -l meta -d 'Write how it went (usage, cost, times, ids) to this file as JSON' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand ask" -l meta-fd -d 'The same to an open file descriptor, as in `--meta-fd 3 3>meta.json`' -r
complete -c sayso -n "__fish_sayso_using_subcommand ask" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand ask" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand ask" -s c -l continue -d 'Go on with the last conversation: of this terminal, else of this folder, else of all'
complete -c sayso -n "__fish_sayso_using_subcommand ask" -l global -d 'With -c: the last one of all, whatever terminal and folder it was in'
complete -c sayso -n "__fish_sayso_using_subcommand ask" -l no-save -d 'Keep nothing of this in the history'
complete -c sayso -n "__fish_sayso_using_subcommand ask" -l no-tools -d 'Offer no tools at all'
complete -c sayso -n "__fish_sayso_using_subcommand ask" -l timing -d 'Show times and counts after the answer, on stderr'
complete -c sayso -n "__fish_sayso_using_subcommand ask" -l no-stream -d 'Ask for the whole answer at once'
complete -c sayso -n "__fish_sayso_using_subcommand ask" -l dry-run -d 'Print the request, with the key hidden, and send nothing'
complete -c sayso -n "__fish_sayso_using_subcommand ask" -l require-history -d 'Fail (exit 12) where the history cannot be used'
complete -c sayso -n "__fish_sayso_using_subcommand ask" -l schema-multi -d 'Any number of such values, one a line'
complete -c sayso -n "__fish_sayso_using_subcommand ask" -l code -d 'Only the last fenced block of code'
complete -c sayso -n "__fish_sayso_using_subcommand ask" -l first-code -d 'Only the first fenced block of code; the request ends with it'
complete -c sayso -n "__fish_sayso_using_subcommand ask" -l first-json -d 'Only the first JSON object or list; the request ends with it'
complete -c sayso -n "__fish_sayso_using_subcommand ask" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_using_subcommand ask" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_using_subcommand ask" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_using_subcommand ask" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_using_subcommand ask" -s h -l help -d 'Print help'
complete -c sayso -n "__fish_sayso_using_subcommand chat" -l role -d 'Use this role; `off` leaves the one of the conversation' -r -f -k -a '(__sayso_names)'
complete -c sayso -n "__fish_sayso_using_subcommand chat" -l role-file -d 'Use the role in this file, as a script does in its first line' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand chat" -s m -l model -d 'The model, with its provider or without: `openrouter:openai/gpt-4o-mini`' -r -f -k -a '(__sayso_names)'
complete -c sayso -n "__fish_sayso_using_subcommand chat" -s s -l system -d 'The system prompt, as text or from a file' -r
complete -c sayso -n "__fish_sayso_using_subcommand chat" -s o -l option -d 'A parameter for the model, as in temperature=0.2 (repeatable)' -r
complete -c sayso -n "__fish_sayso_using_subcommand chat" -l retries -d 'Requests after one that failed before its first token (0 to 10)' -r
complete -c sayso -n "__fish_sayso_using_subcommand chat" -l session -d 'Go on with this conversation, or from this message of it; a new name begins one' -r -f -k -a '(__sayso_names)'
complete -c sayso -n "__fish_sayso_using_subcommand chat" -s t -l tool -d 'Offer this server\'s tools too, as in files, shell or fetch (repeatable)' -r -f -k -a '(__sayso_names)'
complete -c sayso -n "__fish_sayso_using_subcommand chat" -l allow -d 'Run this tool without asking; `*` stands for all tools of a server (repeatable)' -r -f -k -a '(__sayso_names)'
complete -c sayso -n "__fish_sayso_using_subcommand chat" -l max-hops -d 'Rounds of tool calls in one turn [default: 8]' -r
complete -c sayso -n "__fish_sayso_using_subcommand chat" -l tool-choice -d 'Whether the model has to call a tool: auto, none, required, or the tool as SERVER/TOOL' -r
complete -c sayso -n "__fish_sayso_using_subcommand chat" -l record -d 'Write all requests and answers to FILE, byte for byte and without keys' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand chat" -l replay -d 'Answer from a record: no key, no network' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand chat" -l replay-speed -d 'Play it so many times as fast as it was recorded, as in 1 or 4 [without: at once]' -r
complete -c sayso -n "__fish_sayso_using_subcommand chat" -l thinking -d 'Whether to show the thoughts of a model, on stderr' -r -f -a "hide\t''
show\t''"
complete -c sayso -n "__fish_sayso_using_subcommand chat" -l width -d 'Columns of rendered Markdown (20 to 1000) [default: the terminal\'s]' -r
complete -c sayso -n "__fish_sayso_using_subcommand chat" -s f -l file -d 'Send this along with the first prompt: a text, image or PDF, a folder, a pattern, a URL (repeatable)' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand chat" -l format -d 'Talk with a program: messages come in on stdin, events go out on stdout, one JSON object a line' -r -f -a "jsonl\t'In: {"type":"user","text":"…"}. Out: the events of `sayso help events`'"
complete -c sayso -n "__fish_sayso_using_subcommand chat" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand chat" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand chat" -s c -l continue -d 'Go on with the last conversation: of this terminal, else of this folder, else of all'
complete -c sayso -n "__fish_sayso_using_subcommand chat" -l global -d 'With -c: the last one of all, whatever terminal and folder it was in'
complete -c sayso -n "__fish_sayso_using_subcommand chat" -l no-save -d 'Keep nothing of this in the history'
complete -c sayso -n "__fish_sayso_using_subcommand chat" -l no-tools -d 'Offer no tools at all'
complete -c sayso -n "__fish_sayso_using_subcommand chat" -l timing -d 'Show times and counts after the answer, on stderr'
complete -c sayso -n "__fish_sayso_using_subcommand chat" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_using_subcommand chat" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_using_subcommand chat" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_using_subcommand chat" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_using_subcommand chat" -s h -l help -d 'Print help'
complete -c sayso -n "__fish_sayso_using_subcommand batch" -l input -d 'What the rows are [default: by the name of the file, else jsonl]' -r -f -a "jsonl\t'One object a line'
lines\t'One prompt a line'
csv\t'Columns between commas, with a line of names'
tsv\t'Columns between tabs, with a line of names'"
complete -c sayso -n "__fish_sayso_using_subcommand batch" -l template -d 'Makes the prompt of each row; {{name}} stands for what the row has under this name' -r
complete -c sayso -n "__fish_sayso_using_subcommand batch" -s j -l jobs -d 'Requests at the same time (1 to 256)' -r
complete -c sayso -n "__fish_sayso_using_subcommand batch" -l output -d 'Write results to this file, and go on where it ends when run again; `-` is stdout' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand batch" -l shard -d 'Take only part K of N of the rows; the same rows on every machine' -r
complete -c sayso -n "__fish_sayso_using_subcommand batch" -s m -l model -d 'The model, with its provider or without: `openrouter:openai/gpt-4o-mini`' -r -f -k -a '(__sayso_names)'
complete -c sayso -n "__fish_sayso_using_subcommand batch" -s s -l system -d 'The system prompt, as text or from a file' -r
complete -c sayso -n "__fish_sayso_using_subcommand batch" -s o -l option -d 'A parameter for the model, as in temperature=0.2 (repeatable)' -r
complete -c sayso -n "__fish_sayso_using_subcommand batch" -l retries -d 'Requests after one that failed before its first token (0 to 10)' -r
complete -c sayso -n "__fish_sayso_using_subcommand batch" -l timeout -d 'Give up on a row after this time, as in 120s, 2m or 500ms' -r
complete -c sayso -n "__fish_sayso_using_subcommand batch" -l max-cost -d 'Spend no more than this; ends with exit 6' -r
complete -c sayso -n "__fish_sayso_using_subcommand batch" -l max-tokens-total -d 'Use no more than this many tokens, input and output together; ends with exit 6' -r
complete -c sayso -n "__fish_sayso_using_subcommand batch" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand batch" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand batch" -l lines -d 'Each line is a prompt'
complete -c sayso -n "__fish_sayso_using_subcommand batch" -l unordered -d 'Write results as they come, not in the order of the rows'
complete -c sayso -n "__fish_sayso_using_subcommand batch" -l save -d 'Keep each row as a conversation in the history'
complete -c sayso -n "__fish_sayso_using_subcommand batch" -l fail-fast -d 'Take no more rows once one has failed'
complete -c sayso -n "__fish_sayso_using_subcommand batch" -l no-stream -d 'Ask for whole answers at once'
complete -c sayso -n "__fish_sayso_using_subcommand batch" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_using_subcommand batch" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_using_subcommand batch" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_using_subcommand batch" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_using_subcommand batch" -s h -l help -d 'Print help'
complete -c sayso -n "__fish_sayso_using_subcommand history; and not __fish_seen_subcommand_from list show search rename fork pin unpin rm diff follow export import backup prune scrub sql check recover" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand history; and not __fish_seen_subcommand_from list show search rename fork pin unpin rm diff follow export import backup prune scrub sql check recover" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand history; and not __fish_seen_subcommand_from list show search rename fork pin unpin rm diff follow export import backup prune scrub sql check recover" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_using_subcommand history; and not __fish_seen_subcommand_from list show search rename fork pin unpin rm diff follow export import backup prune scrub sql check recover" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_using_subcommand history; and not __fish_seen_subcommand_from list show search rename fork pin unpin rm diff follow export import backup prune scrub sql check recover" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_using_subcommand history; and not __fish_seen_subcommand_from list show search rename fork pin unpin rm diff follow export import backup prune scrub sql check recover" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_using_subcommand history; and not __fish_seen_subcommand_from list show search rename fork pin unpin rm diff follow export import backup prune scrub sql check recover" -s h -l help -d 'Print help'
complete -c sayso -n "__fish_sayso_using_subcommand history; and not __fish_seen_subcommand_from list show search rename fork pin unpin rm diff follow export import backup prune scrub sql check recover" -f -a "list" -d 'List conversations, the one used last first'
complete -c sayso -n "__fish_sayso_using_subcommand history; and not __fish_seen_subcommand_from list show search rename fork pin unpin rm diff follow export import backup prune scrub sql check recover" -f -a "show" -d 'Show the messages of a conversation'
complete -c sayso -n "__fish_sayso_using_subcommand history; and not __fish_seen_subcommand_from list show search rename fork pin unpin rm diff follow export import backup prune scrub sql check recover" -f -a "search" -d 'Find messages by their words'
complete -c sayso -n "__fish_sayso_using_subcommand history; and not __fish_seen_subcommand_from list show search rename fork pin unpin rm diff follow export import backup prune scrub sql check recover" -f -a "rename" -d 'Give a conversation another name'
complete -c sayso -n "__fish_sayso_using_subcommand history; and not __fish_seen_subcommand_from list show search rename fork pin unpin rm diff follow export import backup prune scrub sql check recover" -f -a "fork" -d 'Copy a conversation, as far as you want, to go another way'
complete -c sayso -n "__fish_sayso_using_subcommand history; and not __fish_seen_subcommand_from list show search rename fork pin unpin rm diff follow export import backup prune scrub sql check recover" -f -a "pin" -d 'Keep conversations whatever the limits of the history are'
complete -c sayso -n "__fish_sayso_using_subcommand history; and not __fish_seen_subcommand_from list show search rename fork pin unpin rm diff follow export import backup prune scrub sql check recover" -f -a "unpin" -d 'Let the limits count for them again'
complete -c sayso -n "__fish_sayso_using_subcommand history; and not __fish_seen_subcommand_from list show search rename fork pin unpin rm diff follow export import backup prune scrub sql check recover" -f -a "rm" -d 'Delete conversations for ever'
complete -c sayso -n "__fish_sayso_using_subcommand history; and not __fish_seen_subcommand_from list show search rename fork pin unpin rm diff follow export import backup prune scrub sql check recover" -f -a "diff" -d 'What is different between two messages or conversations'
complete -c sayso -n "__fish_sayso_using_subcommand history; and not __fish_seen_subcommand_from list show search rename fork pin unpin rm diff follow export import backup prune scrub sql check recover" -f -a "follow" -d 'Watch the answer that another sayso is receiving'
complete -c sayso -n "__fish_sayso_using_subcommand history; and not __fish_seen_subcommand_from list show search rename fork pin unpin rm diff follow export import backup prune scrub sql check recover" -f -a "export" -d 'Write conversations as Markdown, HTML or JSON'
complete -c sayso -n "__fish_sayso_using_subcommand history; and not __fish_seen_subcommand_from list show search rename fork pin unpin rm diff follow export import backup prune scrub sql check recover" -f -a "import" -d 'Read conversations: exports of sayso, logs of llm, sessions of aichat'
complete -c sayso -n "__fish_sayso_using_subcommand history; and not __fish_seen_subcommand_from list show search rename fork pin unpin rm diff follow export import backup prune scrub sql check recover" -f -a "backup" -d 'Copy the whole history to a file, while others write'
complete -c sayso -n "__fish_sayso_using_subcommand history; and not __fish_seen_subcommand_from list show search rename fork pin unpin rm diff follow export import backup prune scrub sql check recover" -f -a "prune" -d 'Delete what is beyond the limits of the configuration'
complete -c sayso -n "__fish_sayso_using_subcommand history; and not __fish_seen_subcommand_from list show search rename fork pin unpin rm diff follow export import backup prune scrub sql check recover" -f -a "scrub" -d 'Mask keys and other secrets in what is stored'
complete -c sayso -n "__fish_sayso_using_subcommand history; and not __fish_seen_subcommand_from list show search rename fork pin unpin rm diff follow export import backup prune scrub sql check recover" -f -a "sql" -d 'Ask the history in SQL'
complete -c sayso -n "__fish_sayso_using_subcommand history; and not __fish_seen_subcommand_from list show search rename fork pin unpin rm diff follow export import backup prune scrub sql check recover" -f -a "check" -d 'Look for damage'
complete -c sayso -n "__fish_sayso_using_subcommand history; and not __fish_seen_subcommand_from list show search rename fork pin unpin rm diff follow export import backup prune scrub sql check recover" -f -a "recover" -d 'Bring back what a damaged history holds'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from list" -l since -d 'Only what was used since: 90m, 12h, 7d, 4w, or a date as in 2026-01-31' -r
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from list" -s m -l model -d 'Only of models with this in their name' -r -f -k -a '(__sayso_names)'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from list" -l provider -d 'Only of this provider' -r
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from list" -l tool -d 'Only where this was called' -r -f -k -a '(__sayso_names)'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from list" -l status -d 'Only what ended like this' -r -f -a "complete\t''
interrupted\t'Cut off: by you, a signal, the network or a crash'
error\t'The request failed'
streaming\t'It is being written now'"
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from list" -l format -d 'How to write the list' -r -f -a "table\t'For people'
json\t'One array'
jsonl\t'One object a line'
tsv\t'Columns between tabs, with a line of names'"
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from list" -l limit -d 'Only the newest N [default: 50]' -r
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from list" -l offset -d 'Leave out the newest N that fit' -r
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from list" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from list" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from list" -l no-pager -d 'Never start a pager'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from list" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from list" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from show" -l format -d 'How to write the messages' -r -f -a "table\t'For people'
json\t'One array'
jsonl\t'One object a line'
tsv\t'Columns between tabs, with a line of names'"
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from show" -l limit -d 'Only the newest N messages' -r
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from show" -l attachment -d 'Write out this attachment, as the numbers count them, to a pipe or with -o' -r
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from show" -s o -l output -d 'The file for the attachment; one that is there is not overwritten' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from show" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from show" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from show" -l tree -d 'All branches, with the first words of each message'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from show" -l timeline -d 'How one turn spent its time: waiting, reasoning, text and tools; the last one, or that of a message'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from show" -l no-pager -d 'Never start a pager'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from show" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from show" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from search" -l schema -d 'Only answers that fit this schema (`ask --schema`), by its name, file or fields; WORDS are optional then' -r
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from search" -l since -d 'Only what was used since: 90m, 12h, 7d, 4w, or a date as in 2026-01-31' -r
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from search" -s m -l model -d 'Only of models with this in their name' -r -f -k -a '(__sayso_names)'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from search" -l provider -d 'Only of this provider' -r
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from search" -l tool -d 'Only where this was called' -r -f -k -a '(__sayso_names)'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from search" -l status -d 'Only what ended like this' -r -f -a "complete\t''
interrupted\t'Cut off: by you, a signal, the network or a crash'
error\t'The request failed'
streaming\t'It is being written now'"
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from search" -l format -d 'How to write the hits' -r -f -a "table\t'For people'
json\t'One array'
jsonl\t'One object a line'
tsv\t'Columns between tabs, with a line of names'"
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from search" -l limit -d 'At most N hits [default: 20]' -r
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from search" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from search" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from search" -l reasoning -d 'Also in the thoughts of models'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from search" -l tool-output -d 'Also in what tools gave back'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from search" -l all -d 'Look for a phrase in all messages, not in the newest 10,000 that hold its words'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from search" -l no-pager -d 'Never start a pager'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from search" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from search" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from search" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from search" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from search" -s h -l help -d 'Print help'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from rename" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from rename" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from rename" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from rename" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from rename" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from rename" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from rename" -s h -l help -d 'Print help'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from fork" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from fork" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from fork" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from fork" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from fork" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from fork" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from fork" -s h -l help -d 'Print help'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from pin" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from pin" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from pin" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from pin" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from pin" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from pin" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from pin" -s h -l help -d 'Print help'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from unpin" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from unpin" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from unpin" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from unpin" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from unpin" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from unpin" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from unpin" -s h -l help -d 'Print help'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from rm" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from rm" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from rm" -s y -l yes -d 'Delete without asking'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from rm" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from rm" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from rm" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from rm" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from rm" -s h -l help -d 'Print help'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from diff" -l by -d 'What is compared' -r -f -a "line\t''
word\t''"
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from diff" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from diff" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from diff" -l no-pager -d 'Never start a pager'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from diff" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from diff" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from diff" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from diff" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from diff" -s h -l help -d 'Print help'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from follow" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from follow" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from follow" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from follow" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from follow" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from follow" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from follow" -s h -l help -d 'Print help'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from export" -l format -d 'How to write them; json and jsonl hold everything and can be imported again' -r -f -a "md\t'Markdown, to read'
html\t'One page that needs nothing else, to read in a browser'
json\t'One object with everything in it'
jsonl\t'One conversation a line, with everything in it'"
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from export" -s o -l output -d 'Write to this file instead of stdout (`-`); what is there is not overwritten' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from export" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from export" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from export" -l files -d 'With md: images and PDFs go into the folder NAME-files beside FILE, and not into the text'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from export" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from export" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from export" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from export" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from export" -s h -l help -d 'Print help'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from import" -l from -d 'What kind of files they are' -r -f -a "auto\t'Look into the file'
sayso\t'What `sayso history export` wrote as json or jsonl'
llm\t'The logs.db of simonw/llm'
aichat\t'Session files of aichat (YAML)'"
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from import" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from import" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from import" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from import" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from import" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from import" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from import" -s h -l help -d 'Print help'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from backup" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from backup" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from backup" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from backup" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from backup" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from backup" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from backup" -s h -l help -d 'Print help'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from prune" -l format -d 'How to write the list' -r -f -a "table\t'For people'
json\t'One array'
jsonl\t'One object a line'
tsv\t'Columns between tabs, with a line of names'"
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from prune" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from prune" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from prune" -l dry-run -d 'Only tell what would go'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from prune" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from prune" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from prune" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from prune" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from prune" -s h -l help -d 'Print help'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from scrub" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from scrub" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from scrub" -l dry-run -d 'Only tell what would be masked'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from scrub" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from scrub" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from scrub" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from scrub" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from scrub" -s h -l help -d 'Print help'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from sql" -l format -d 'How to write the rows' -r -f -a "table\t'For people'
json\t'One array'
jsonl\t'One object a line'
tsv\t'Columns between tabs, with a line of names'"
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from sql" -l timeout -d 'Stop after this time' -r
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from sql" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from sql" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from sql" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from sql" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from sql" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from sql" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from sql" -s h -l help -d 'Print help'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from check" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from check" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from check" -l full -d 'Compare every index with its table, too'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from check" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from check" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from check" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from check" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from recover" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from recover" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from recover" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from recover" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from recover" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from recover" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_using_subcommand history; and __fish_seen_subcommand_from recover" -s h -l help -d 'Print help'
complete -c sayso -n "__fish_sayso_using_subcommand stats" -l by -d 'What makes a row' -r -f -a "day\t''
model\t''
provider\t''
tool\t''
conversation\t''"
complete -c sayso -n "__fish_sayso_using_subcommand stats" -l days -d 'Only the last N days, today included (UTC)' -r
complete -c sayso -n "__fish_sayso_using_subcommand stats" -l format -d 'How to write them' -r -f -a "table\t'For people, with bars'
json\t'One array'
jsonl\t'One object a line'
csv\t'Columns between commas, with a line of names'
html\t'One page with bars'
svg\t'A picture of the bars'"
complete -c sayso -n "__fish_sayso_using_subcommand stats" -l limit -d 'Only the first N rows; of days the last' -r
complete -c sayso -n "__fish_sayso_using_subcommand stats" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand stats" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand stats" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_using_subcommand stats" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_using_subcommand stats" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_using_subcommand stats" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_using_subcommand stats" -s h -l help -d 'Print help'
complete -c sayso -n "__fish_sayso_using_subcommand init" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand init" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand init" -s y -l yes -d 'Write the file without asking'
complete -c sayso -n "__fish_sayso_using_subcommand init" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_using_subcommand init" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_using_subcommand init" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_using_subcommand init" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_using_subcommand init" -s h -l help -d 'Print help'
complete -c sayso -n "__fish_sayso_using_subcommand doctor" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand doctor" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand doctor" -l history -d 'Only the history, and all of it: its mode, size, free pages, integrity, who holds it'
complete -c sayso -n "__fish_sayso_using_subcommand doctor" -l json -d 'Print the findings as JSON'
complete -c sayso -n "__fish_sayso_using_subcommand doctor" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_using_subcommand doctor" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_using_subcommand doctor" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_using_subcommand doctor" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_using_subcommand doctor" -s h -l help -d 'Print help'
complete -c sayso -n "__fish_sayso_using_subcommand config; and not __fish_seen_subcommand_from path check show get set edit schema" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand config; and not __fish_seen_subcommand_from path check show get set edit schema" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand config; and not __fish_seen_subcommand_from path check show get set edit schema" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_using_subcommand config; and not __fish_seen_subcommand_from path check show get set edit schema" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_using_subcommand config; and not __fish_seen_subcommand_from path check show get set edit schema" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_using_subcommand config; and not __fish_seen_subcommand_from path check show get set edit schema" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_using_subcommand config; and not __fish_seen_subcommand_from path check show get set edit schema" -s h -l help -d 'Print help'
complete -c sayso -n "__fish_sayso_using_subcommand config; and not __fish_seen_subcommand_from path check show get set edit schema" -f -a "path" -d 'Print the path of the configuration file'
complete -c sayso -n "__fish_sayso_using_subcommand config; and not __fish_seen_subcommand_from path check show get set edit schema" -f -a "check" -d 'Check the file: every mistake with its line, at once'
complete -c sayso -n "__fish_sayso_using_subcommand config; and not __fish_seen_subcommand_from path check show get set edit schema" -f -a "show" -d 'Print all settings as they stand, keys hidden'
complete -c sayso -n "__fish_sayso_using_subcommand config; and not __fish_seen_subcommand_from path check show get set edit schema" -f -a "get" -d 'Print one setting, or a section of them, keys hidden'
complete -c sayso -n "__fish_sayso_using_subcommand config; and not __fish_seen_subcommand_from path check show get set edit schema" -f -a "set" -d 'Change one setting in the file; comments and order stay'
complete -c sayso -n "__fish_sayso_using_subcommand config; and not __fish_seen_subcommand_from path check show get set edit schema" -f -a "edit" -d 'Open the file in your editor, and check it afterwards'
complete -c sayso -n "__fish_sayso_using_subcommand config; and not __fish_seen_subcommand_from path check show get set edit schema" -f -a "schema" -d 'Print the JSON Schema of the file, for editors'
complete -c sayso -n "__fish_sayso_using_subcommand config; and __fish_seen_subcommand_from path" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand config; and __fish_seen_subcommand_from path" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand config; and __fish_seen_subcommand_from path" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_using_subcommand config; and __fish_seen_subcommand_from path" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_using_subcommand config; and __fish_seen_subcommand_from path" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_using_subcommand config; and __fish_seen_subcommand_from path" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_using_subcommand config; and __fish_seen_subcommand_from path" -s h -l help -d 'Print help'
complete -c sayso -n "__fish_sayso_using_subcommand config; and __fish_seen_subcommand_from check" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand config; and __fish_seen_subcommand_from check" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand config; and __fish_seen_subcommand_from check" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_using_subcommand config; and __fish_seen_subcommand_from check" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_using_subcommand config; and __fish_seen_subcommand_from check" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_using_subcommand config; and __fish_seen_subcommand_from check" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_using_subcommand config; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help'
complete -c sayso -n "__fish_sayso_using_subcommand config; and __fish_seen_subcommand_from show" -l format -d 'How they are printed: table is YAML, as in the file; json one object; the others a setting a line' -r -f -a "table\t'For people'
json\t'One array'
jsonl\t'One object a line'
tsv\t'Columns between tabs, with a line of names'"
complete -c sayso -n "__fish_sayso_using_subcommand config; and __fish_seen_subcommand_from show" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand config; and __fish_seen_subcommand_from show" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand config; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_using_subcommand config; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_using_subcommand config; and __fish_seen_subcommand_from show" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_using_subcommand config; and __fish_seen_subcommand_from show" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_using_subcommand config; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c sayso -n "__fish_sayso_using_subcommand config; and __fish_seen_subcommand_from get" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand config; and __fish_seen_subcommand_from get" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand config; and __fish_seen_subcommand_from get" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_using_subcommand config; and __fish_seen_subcommand_from get" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_using_subcommand config; and __fish_seen_subcommand_from get" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_using_subcommand config; and __fish_seen_subcommand_from get" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_using_subcommand config; and __fish_seen_subcommand_from get" -s h -l help -d 'Print help'
complete -c sayso -n "__fish_sayso_using_subcommand config; and __fish_seen_subcommand_from set" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand config; and __fish_seen_subcommand_from set" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand config; and __fish_seen_subcommand_from set" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_using_subcommand config; and __fish_seen_subcommand_from set" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_using_subcommand config; and __fish_seen_subcommand_from set" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_using_subcommand config; and __fish_seen_subcommand_from set" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_using_subcommand config; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help'
complete -c sayso -n "__fish_sayso_using_subcommand config; and __fish_seen_subcommand_from edit" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand config; and __fish_seen_subcommand_from edit" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand config; and __fish_seen_subcommand_from edit" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_using_subcommand config; and __fish_seen_subcommand_from edit" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_using_subcommand config; and __fish_seen_subcommand_from edit" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_using_subcommand config; and __fish_seen_subcommand_from edit" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_using_subcommand config; and __fish_seen_subcommand_from edit" -s h -l help -d 'Print help'
complete -c sayso -n "__fish_sayso_using_subcommand config; and __fish_seen_subcommand_from schema" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand config; and __fish_seen_subcommand_from schema" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand config; and __fish_seen_subcommand_from schema" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_using_subcommand config; and __fish_seen_subcommand_from schema" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_using_subcommand config; and __fish_seen_subcommand_from schema" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_using_subcommand config; and __fish_seen_subcommand_from schema" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_using_subcommand config; and __fish_seen_subcommand_from schema" -s h -l help -d 'Print help'
complete -c sayso -n "__fish_sayso_using_subcommand roles; and not __fish_seen_subcommand_from list show edit path" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand roles; and not __fish_seen_subcommand_from list show edit path" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand roles; and not __fish_seen_subcommand_from list show edit path" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_using_subcommand roles; and not __fish_seen_subcommand_from list show edit path" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_using_subcommand roles; and not __fish_seen_subcommand_from list show edit path" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_using_subcommand roles; and not __fish_seen_subcommand_from list show edit path" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_using_subcommand roles; and not __fish_seen_subcommand_from list show edit path" -s h -l help -d 'Print help'
complete -c sayso -n "__fish_sayso_using_subcommand roles; and not __fish_seen_subcommand_from list show edit path" -f -a "list" -d 'List the roles, your own and those that are built in'
complete -c sayso -n "__fish_sayso_using_subcommand roles; and not __fish_seen_subcommand_from list show edit path" -f -a "show" -d 'Print a role with its arguments'
complete -c sayso -n "__fish_sayso_using_subcommand roles; and not __fish_seen_subcommand_from list show edit path" -f -a "edit" -d 'Open a role in your editor, and check it afterwards; a new name begins one'
complete -c sayso -n "__fish_sayso_using_subcommand roles; and not __fish_seen_subcommand_from list show edit path" -f -a "path" -d 'Print the folder of the roles, or the file of one'
complete -c sayso -n "__fish_sayso_using_subcommand roles; and __fish_seen_subcommand_from list" -l format -d 'How to write the list' -r -f -a "table\t'For people'
json\t'One array'
jsonl\t'One object a line'
tsv\t'Columns between tabs, with a line of names'"
complete -c sayso -n "__fish_sayso_using_subcommand roles; and __fish_seen_subcommand_from list" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand roles; and __fish_seen_subcommand_from list" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand roles; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_using_subcommand roles; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_using_subcommand roles; and __fish_seen_subcommand_from list" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_using_subcommand roles; and __fish_seen_subcommand_from list" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_using_subcommand roles; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c sayso -n "__fish_sayso_using_subcommand roles; and __fish_seen_subcommand_from show" -l format -d 'How to write it; `table` is the file with a line on its use' -r -f -a "table\t'For people'
json\t'One array'
jsonl\t'One object a line'
tsv\t'Columns between tabs, with a line of names'"
complete -c sayso -n "__fish_sayso_using_subcommand roles; and __fish_seen_subcommand_from show" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand roles; and __fish_seen_subcommand_from show" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand roles; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_using_subcommand roles; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_using_subcommand roles; and __fish_seen_subcommand_from show" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_using_subcommand roles; and __fish_seen_subcommand_from show" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_using_subcommand roles; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c sayso -n "__fish_sayso_using_subcommand roles; and __fish_seen_subcommand_from edit" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand roles; and __fish_seen_subcommand_from edit" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand roles; and __fish_seen_subcommand_from edit" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_using_subcommand roles; and __fish_seen_subcommand_from edit" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_using_subcommand roles; and __fish_seen_subcommand_from edit" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_using_subcommand roles; and __fish_seen_subcommand_from edit" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_using_subcommand roles; and __fish_seen_subcommand_from edit" -s h -l help -d 'Print help'
complete -c sayso -n "__fish_sayso_using_subcommand roles; and __fish_seen_subcommand_from path" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand roles; and __fish_seen_subcommand_from path" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand roles; and __fish_seen_subcommand_from path" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_using_subcommand roles; and __fish_seen_subcommand_from path" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_using_subcommand roles; and __fish_seen_subcommand_from path" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_using_subcommand roles; and __fish_seen_subcommand_from path" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_using_subcommand roles; and __fish_seen_subcommand_from path" -s h -l help -d 'Print help'
complete -c sayso -n "__fish_sayso_using_subcommand keys; and not __fish_seen_subcommand_from set list rm" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand keys; and not __fish_seen_subcommand_from set list rm" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand keys; and not __fish_seen_subcommand_from set list rm" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_using_subcommand keys; and not __fish_seen_subcommand_from set list rm" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_using_subcommand keys; and not __fish_seen_subcommand_from set list rm" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_using_subcommand keys; and not __fish_seen_subcommand_from set list rm" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_using_subcommand keys; and not __fish_seen_subcommand_from set list rm" -s h -l help -d 'Print help'
complete -c sayso -n "__fish_sayso_using_subcommand keys; and not __fish_seen_subcommand_from set list rm" -f -a "set" -d 'Keep the key of a provider: asked for without showing it, or read from a pipe'
complete -c sayso -n "__fish_sayso_using_subcommand keys; and not __fish_seen_subcommand_from set list rm" -f -a "list" -d 'List where keys come from, never what they are'
complete -c sayso -n "__fish_sayso_using_subcommand keys; and not __fish_seen_subcommand_from set list rm" -f -a "rm" -d 'Forget a key that was kept'
complete -c sayso -n "__fish_sayso_using_subcommand keys; and __fish_seen_subcommand_from set" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand keys; and __fish_seen_subcommand_from set" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand keys; and __fish_seen_subcommand_from set" -l keyring -d 'Keep it in the keyring of the system, not in a file (only in builds with the cargo feature `keyring`)'
complete -c sayso -n "__fish_sayso_using_subcommand keys; and __fish_seen_subcommand_from set" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_using_subcommand keys; and __fish_seen_subcommand_from set" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_using_subcommand keys; and __fish_seen_subcommand_from set" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_using_subcommand keys; and __fish_seen_subcommand_from set" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_using_subcommand keys; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help'
complete -c sayso -n "__fish_sayso_using_subcommand keys; and __fish_seen_subcommand_from list" -l format -d 'How to write the list' -r -f -a "table\t'For people'
json\t'One array'
jsonl\t'One object a line'
tsv\t'Columns between tabs, with a line of names'"
complete -c sayso -n "__fish_sayso_using_subcommand keys; and __fish_seen_subcommand_from list" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand keys; and __fish_seen_subcommand_from list" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand keys; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_using_subcommand keys; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_using_subcommand keys; and __fish_seen_subcommand_from list" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_using_subcommand keys; and __fish_seen_subcommand_from list" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_using_subcommand keys; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c sayso -n "__fish_sayso_using_subcommand keys; and __fish_seen_subcommand_from rm" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand keys; and __fish_seen_subcommand_from rm" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand keys; and __fish_seen_subcommand_from rm" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_using_subcommand keys; and __fish_seen_subcommand_from rm" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_using_subcommand keys; and __fish_seen_subcommand_from rm" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_using_subcommand keys; and __fish_seen_subcommand_from rm" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_using_subcommand keys; and __fish_seen_subcommand_from rm" -s h -l help -d 'Print help'
complete -c sayso -n "__fish_sayso_using_subcommand models; and not __fish_seen_subcommand_from list info refresh" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand models; and not __fish_seen_subcommand_from list info refresh" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand models; and not __fish_seen_subcommand_from list info refresh" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_using_subcommand models; and not __fish_seen_subcommand_from list info refresh" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_using_subcommand models; and not __fish_seen_subcommand_from list info refresh" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_using_subcommand models; and not __fish_seen_subcommand_from list info refresh" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_using_subcommand models; and not __fish_seen_subcommand_from list info refresh" -s h -l help -d 'Print help'
complete -c sayso -n "__fish_sayso_using_subcommand models; and not __fish_seen_subcommand_from list info refresh" -f -a "list" -d 'List the models of the providers that are set up'
complete -c sayso -n "__fish_sayso_using_subcommand models; and not __fish_seen_subcommand_from list info refresh" -f -a "info" -d 'Tell what is known of one model: context, price, abilities'
complete -c sayso -n "__fish_sayso_using_subcommand models; and not __fish_seen_subcommand_from list info refresh" -f -a "refresh" -d 'Ask the providers for their models again'
complete -c sayso -n "__fish_sayso_using_subcommand models; and __fish_seen_subcommand_from list" -l search -d 'Only those with this in their name' -r
complete -c sayso -n "__fish_sayso_using_subcommand models; and __fish_seen_subcommand_from list" -l format -d 'How to write the list' -r -f -a "table\t'For people'
json\t'One array'
jsonl\t'One object a line'
tsv\t'Columns between tabs, with a line of names'"
complete -c sayso -n "__fish_sayso_using_subcommand models; and __fish_seen_subcommand_from list" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand models; and __fish_seen_subcommand_from list" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand models; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_using_subcommand models; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_using_subcommand models; and __fish_seen_subcommand_from list" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_using_subcommand models; and __fish_seen_subcommand_from list" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_using_subcommand models; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c sayso -n "__fish_sayso_using_subcommand models; and __fish_seen_subcommand_from info" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand models; and __fish_seen_subcommand_from info" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand models; and __fish_seen_subcommand_from info" -l json -d 'Print it as JSON'
complete -c sayso -n "__fish_sayso_using_subcommand models; and __fish_seen_subcommand_from info" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_using_subcommand models; and __fish_seen_subcommand_from info" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_using_subcommand models; and __fish_seen_subcommand_from info" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_using_subcommand models; and __fish_seen_subcommand_from info" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_using_subcommand models; and __fish_seen_subcommand_from info" -s h -l help -d 'Print help'
complete -c sayso -n "__fish_sayso_using_subcommand models; and __fish_seen_subcommand_from refresh" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand models; and __fish_seen_subcommand_from refresh" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand models; and __fish_seen_subcommand_from refresh" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_using_subcommand models; and __fish_seen_subcommand_from refresh" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_using_subcommand models; and __fish_seen_subcommand_from refresh" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_using_subcommand models; and __fish_seen_subcommand_from refresh" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_using_subcommand models; and __fish_seen_subcommand_from refresh" -s h -l help -d 'Print help'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and not __fish_seen_subcommand_from list tools resources prompts call read prompt get add rm import login logout trust serve exercise" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and not __fish_seen_subcommand_from list tools resources prompts call read prompt get add rm import login logout trust serve exercise" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and not __fish_seen_subcommand_from list tools resources prompts call read prompt get add rm import login logout trust serve exercise" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and not __fish_seen_subcommand_from list tools resources prompts call read prompt get add rm import login logout trust serve exercise" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and not __fish_seen_subcommand_from list tools resources prompts call read prompt get add rm import login logout trust serve exercise" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and not __fish_seen_subcommand_from list tools resources prompts call read prompt get add rm import login logout trust serve exercise" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and not __fish_seen_subcommand_from list tools resources prompts call read prompt get add rm import login logout trust serve exercise" -s h -l help -d 'Print help'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and not __fish_seen_subcommand_from list tools resources prompts call read prompt get add rm import login logout trust serve exercise" -f -a "list" -d 'List the servers that are set up'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and not __fish_seen_subcommand_from list tools resources prompts call read prompt get add rm import login logout trust serve exercise" -f -a "tools" -d 'List the tools of a server, or of all'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and not __fish_seen_subcommand_from list tools resources prompts call read prompt get add rm import login logout trust serve exercise" -f -a "resources" -d 'List what can be read from a server, or from all'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and not __fish_seen_subcommand_from list tools resources prompts call read prompt get add rm import login logout trust serve exercise" -f -a "prompts" -d 'List the prompts of a server, or of all'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and not __fish_seen_subcommand_from list tools resources prompts call read prompt get add rm import login logout trust serve exercise" -f -a "call" -d 'Call a tool, without any model'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and not __fish_seen_subcommand_from list tools resources prompts call read prompt get add rm import login logout trust serve exercise" -f -a "read" -d 'Print a resource'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and not __fish_seen_subcommand_from list tools resources prompts call read prompt get add rm import login logout trust serve exercise" -f -a "prompt" -d 'Fill in a prompt of a server and print its messages'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and not __fish_seen_subcommand_from list tools resources prompts call read prompt get add rm import login logout trust serve exercise" -f -a "get" -d 'Fill in a prompt of a server and print its messages'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and not __fish_seen_subcommand_from list tools resources prompts call read prompt get add rm import login logout trust serve exercise" -f -a "add" -d 'Set up a server in the configuration file'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and not __fish_seen_subcommand_from list tools resources prompts call read prompt get add rm import login logout trust serve exercise" -f -a "rm" -d 'Take a server out of the configuration file'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and not __fish_seen_subcommand_from list tools resources prompts call read prompt get add rm import login logout trust serve exercise" -f -a "import" -d 'Take over servers from the files of other programs'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and not __fish_seen_subcommand_from list tools resources prompts call read prompt get add rm import login logout trust serve exercise" -f -a "login" -d 'Sign in to a remote server'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and not __fish_seen_subcommand_from list tools resources prompts call read prompt get add rm import login logout trust serve exercise" -f -a "logout" -d 'Forget how to sign in to a remote server, and have its tokens revoked'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and not __fish_seen_subcommand_from list tools resources prompts call read prompt get add rm import login logout trust serve exercise" -f -a "trust" -d 'Trust the .mcp.json of this project, or the changed tools of a server'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and not __fish_seen_subcommand_from list tools resources prompts call read prompt get add rm import login logout trust serve exercise" -f -a "serve" -d 'Be a server: offer built-in tools to other programs, over stdin and stdout'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and not __fish_seen_subcommand_from list tools resources prompts call read prompt get add rm import login logout trust serve exercise" -f -a "exercise" -d 'Use everything that a server offers, to see whether it answers: for those who write servers'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from list" -l format -d 'How to write the list' -r -f -a "table\t'For people'
json\t'One array'
jsonl\t'One object a line'
tsv\t'Columns between tabs, with a line of names'"
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from list" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from list" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from list" -l connect -d 'Connect to each of them, to see whether it works and what it speaks'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from list" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from list" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from tools" -l format -d 'How to write the list' -r -f -a "table\t'For people'
json\t'One array'
jsonl\t'One object a line'
tsv\t'Columns between tabs, with a line of names'"
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from tools" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from tools" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from tools" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from tools" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from tools" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from tools" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from tools" -s h -l help -d 'Print help'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from resources" -l format -d 'How to write the list' -r -f -a "table\t'For people'
json\t'One array'
jsonl\t'One object a line'
tsv\t'Columns between tabs, with a line of names'"
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from resources" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from resources" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from resources" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from resources" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from resources" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from resources" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from resources" -s h -l help -d 'Print help'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from prompts" -l format -d 'How to write the list' -r -f -a "table\t'For people'
json\t'One array'
jsonl\t'One object a line'
tsv\t'Columns between tabs, with a line of names'"
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from prompts" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from prompts" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from prompts" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from prompts" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from prompts" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from prompts" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from prompts" -s h -l help -d 'Print help'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from call" -l json -d 'The arguments as one JSON object' -r
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from call" -l format -d '`text`, or all of the result as JSON' -r -f -a "text\t'The text of it'
json\t'One object with everything'"
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from call" -s o -l output -d 'Write an image or other data of the result to this file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from call" -l timeout -d 'Give up after this time, as in 120s or 2m' -r
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from call" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from call" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from call" -l accept-defaults -d 'Answer the server\'s questions with their defaults instead of declining them'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from call" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from call" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from call" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from call" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from call" -s h -l help -d 'Print help'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from read" -l format -d '`text`, or all of the resource as JSON' -r -f -a "text\t'The text of it'
json\t'One object with everything'"
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from read" -s o -l output -d 'Write the resource to this file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from read" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from read" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from read" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from read" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from read" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from read" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from read" -s h -l help -d 'Print help'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from prompt" -l suggest -d 'Print the values that the server suggests for this argument, one a line; with a beginning or without, and with the other arguments where it looks at them' -r -f -k -a '(__sayso_names)'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from prompt" -l format -d '`text`, or all messages as JSON' -r -f -a "text\t'The text of it'
json\t'One object with everything'"
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from prompt" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from prompt" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from prompt" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from prompt" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from prompt" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from prompt" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from prompt" -s h -l help -d 'Print help'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from get" -l suggest -d 'Print the values that the server suggests for this argument, one a line; with a beginning or without, and with the other arguments where it looks at them' -r -f -k -a '(__sayso_names)'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from get" -l format -d '`text`, or all messages as JSON' -r -f -a "text\t'The text of it'
json\t'One object with everything'"
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from get" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from get" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from get" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from get" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from get" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from get" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from get" -s h -l help -d 'Print help'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from add" -l env -d 'A variable for the command (repeatable)' -r
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from add" -l header -d 'A header for the remote server (repeatable)' -r
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from add" -l cwd -d 'The folder to start the command in' -r -f -a "(__fish_complete_directories)"
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from add" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from add" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from add" -s y -l yes -d 'Do not ask'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from add" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from add" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from add" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from add" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from add" -s h -l help -d 'Print help'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from rm" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from rm" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from rm" -s y -l yes -d 'Do not ask'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from rm" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from rm" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from rm" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from rm" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from rm" -s h -l help -d 'Print help'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from import" -l server -d 'Only this server (repeatable)' -r
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from import" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from import" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from import" -l list -d 'Only show what there is'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from import" -s y -l yes -d 'Do not ask'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from import" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from import" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from import" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from import" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from import" -s h -l help -d 'Print help'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from login" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from login" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from login" -l no-browser -d 'Start no browser: print the address, and read the one it leads to from stdin'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from login" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from login" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from login" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from login" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from login" -s h -l help -d 'Print help'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from logout" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from logout" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from logout" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from logout" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from logout" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from logout" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from logout" -s h -l help -d 'Print help'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from trust" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from trust" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from trust" -s y -l yes -d 'Do not ask'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from trust" -l revoke -d 'Take the trust back'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from trust" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from trust" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from trust" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from trust" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from trust" -s h -l help -d 'Print help'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from serve" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from serve" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from serve" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from serve" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from serve" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from serve" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from serve" -s h -l help -d 'Print help'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from exercise" -l client-metadata-url -d 'A document that describes the client to authorization servers that take one' -r
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from exercise" -l protocol -d 'Which revisions to speak to a server given by its address' -r -f -a "auto\t'What the server speaks'
legacy\t'Those before 2026, with a handshake'
modern\t'That of 2026, without'"
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from exercise" -l timeout -d 'Give up after this time, as in 90s or 2m' -r
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from exercise" -l format -d 'How to write what came of it' -r -f -a "table\t'For people'
json\t'One array'
jsonl\t'One object a line'
tsv\t'Columns between tabs, with a line of names'"
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from exercise" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from exercise" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from exercise" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from exercise" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from exercise" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from exercise" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_using_subcommand mcp; and __fish_seen_subcommand_from exercise" -s h -l help -d 'Print help'
complete -c sayso -n "__fish_sayso_using_subcommand completions" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand completions" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand completions" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_using_subcommand completions" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_using_subcommand completions" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_using_subcommand completions" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_using_subcommand completions" -s h -l help -d 'Print help'
complete -c sayso -n "__fish_sayso_using_subcommand shell-init" -l key -d 'The key that turns words into a command, as in alt-k, ctrl-g or f9' -r
complete -c sayso -n "__fish_sayso_using_subcommand shell-init" -l explain-key -d 'The key that explains the last command that failed' -r
complete -c sayso -n "__fish_sayso_using_subcommand shell-init" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand shell-init" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand shell-init" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_using_subcommand shell-init" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_using_subcommand shell-init" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_using_subcommand shell-init" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_using_subcommand shell-init" -s h -l help -d 'Print help'
complete -c sayso -n "__fish_sayso_using_subcommand man" -l dir -d 'Write a page for each command into this folder' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand man" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand man" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand man" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_using_subcommand man" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_using_subcommand man" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_using_subcommand man" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_using_subcommand man" -s h -l help -d 'Print help'
complete -c sayso -n "__fish_sayso_using_subcommand help" -l config -d 'Read this configuration file' -r -F
complete -c sayso -n "__fish_sayso_using_subcommand help" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c sayso -n "__fish_sayso_using_subcommand help" -l schema -d 'With `events` or `messages`: print the JSON Schema of a line'
complete -c sayso -n "__fish_sayso_using_subcommand help" -s q -l quiet -d 'Leave out progress, notices and usage'
complete -c sayso -n "__fish_sayso_using_subcommand help" -s v -l verbose -d 'Say more about what happens (twice: everything)'
complete -c sayso -n "__fish_sayso_using_subcommand help" -l accessible -d 'Plain words for screen readers: nothing is redrawn'
complete -c sayso -n "__fish_sayso_using_subcommand help" -l offline -d 'Reach nothing but this machine itself'
complete -c sayso -n "__fish_sayso_using_subcommand help" -s h -l help -d 'Print help'

# Models, conversations, roles, servers with what they have, and settings: names that only this machine knows.
function __sayso_names
    command sayso __complete fish (commandline -opc) (commandline -ct) 2>/dev/null
end
complete -c sayso -n "set -g __sayso_found (__sayso_names); and set -q __sayso_found[1]" -f -k -a '$__sayso_found'
