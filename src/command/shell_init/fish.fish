
# The words of the line become a command. It is never run: Enter does that.
function _sayso_write
    set -l words (commandline | string collect)
    test -n "$words"; or return 0
    # First, so that Ctrl-C while the model is asked leaves the prompt in order, too.
    commandline -f repaint
    echo >&2
    set -l line (command sayso ask --role shell --no-save --stdin never shell=fish input="$words" </dev/null)
    if test $status -eq 0; and test -n "$line"
        commandline -r -- $line
    end
end

# What the last command was and how it ended is told, not what it printed.
function _sayso_explain
    commandline -f repaint
    echo >&2
    if not set -q _sayso_ended; or test $_sayso_ended -eq 0
        echo 'sayso: the last command did not fail' >&2
    else
        command sayso ask --role explain --no-save --stdin never shell=fish \
            input="This command ended with exit code $_sayso_ended in fish: $_sayso_last" </dev/null
    end
end

function _sayso_remember --on-event fish_postexec
    set -g _sayso_ended $status
    set -g _sayso_last $argv
end

