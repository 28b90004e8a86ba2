
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
    if [[ -n ${_sayso_unkept-} ]]; then
        printf 'sayso: the last command is not in the history, or only an earlier one that is the same\n' >&2
        return "$ended"
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

# A command that left the end of the history as it was is not there: another one would be taken for it.
_sayso_remember() {
    local ended=$? ran='\#' newest
    ran=${ran@P}
    # Enter alone runs nothing.
    [[ $ran != "${_sayso_ran-}" ]] || return "$ended"
    newest=$(HISTTIMEFORMAT='' builtin history 1)
    _sayso_unkept=
    [[ -z ${_sayso_ran-} || $newest != "${_sayso_newest-}" ]] || _sayso_unkept=1
    _sayso_ran=$ran
    _sayso_newest=$newest
    return "$ended"
}
# `@P` is younger than the rest.
if [[ $- == *i* && ${BASH_VERSINFO[0]}${BASH_VERSINFO[1]} -ge 44 && ${PROMPT_COMMAND-} != *_sayso_remember* ]]; then
    PROMPT_COMMAND="_sayso_remember${PROMPT_COMMAND:+$'\n'$PROMPT_COMMAND}"
fi

