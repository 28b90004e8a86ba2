
# The words of the line become a command. It is never run: Enter does that.
_sayso_write() {
    [[ -n $READLINE_LINE ]] || return 0
    local line
    line=$(command sayso ask --role shell --no-save --stdin never shell=bash input="$READLINE_LINE") || return 0
    [[ -n $line ]] || return 0
    READLINE_LINE=$line
    READLINE_POINT=${#line}
}

# What the last command was and how it ended is told, not what it printed.
_sayso_explain() {
    local ended=$? last
    if [[ $ended -eq 0 ]]; then
        printf 'sayso: the last command did not fail\n' >&2
        return 0
    fi
    last=$(HISTTIMEFORMAT='' builtin fc -ln -1 2>/dev/null)
    last=${last#"${last%%[![:space:]]*}"}
    command sayso ask --role explain --no-save --stdin never shell=bash \
        input="This command ended with exit code $ended in bash: $last"
}

