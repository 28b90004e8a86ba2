
# The words of the line become a command. It is never run: Enter does that.
_sayso_write() {
    [[ -n $READLINE_LINE ]] || return 0
    local line kept
    kept=$(trap -p INT)
    # Ctrl-C ends the question alone: without this bash would throw the line away.
    trap : INT
    line=$(command sayso ask --role shell --no-save --stdin never shell=bash input="$READLINE_LINE") || line=
    trap - INT
    eval "$kept"
    [[ -n $line ]] || return 0
    READLINE_LINE=$line
    READLINE_POINT=${#line}
}

# What the last command was and how it ended is told, not what it printed.
_sayso_explain() {
    local ended=$? last kept
    if [[ $ended -eq 0 ]]; then
        printf 'sayso: the last command did not fail\n' >&2
        return 0
    fi
    last=$(HISTTIMEFORMAT='' builtin history 1)
    [[ $last =~ ^[[:space:]]*[0-9]+\*?[[:space:]]+(.*)$ ]] && last=${BASH_REMATCH[1]}
    kept=$(trap -p INT)
    trap : INT
    command sayso ask --role explain --no-save --stdin never shell=bash \
        input="This command ended with exit code $ended in bash: $last"
    trap - INT
    eval "$kept"
    # Pressed again, it is about the same command.
    return "$ended"
}

