
# The words of the line become a command. It is never run: Enter does that.
_sayso_write() {
    emulate -L zsh
    setopt local_traps
    trap : INT
    [[ -n $BUFFER ]] || return 0
    local line
    # zle draws the prompt again, below what is said from here on.
    zle -I
    line=$(command sayso ask --role shell --no-save --stdin never shell=zsh input="$BUFFER") || line=
    [[ -n $line ]] || return 0
    BUFFER=$line
    CURSOR=${#line}
}

# What the last command was and how it ended is told, not what it printed.
_sayso_explain() {
    emulate -L zsh
    setopt local_traps
    trap : INT
    zle -I
    if (( ! _sayso_ended )); then
        print -u2 'sayso: the last command did not fail'
        return 0
    fi
    command sayso ask --role explain --no-save --stdin never shell=zsh \
        input="This command ended with exit code $_sayso_ended in zsh: $(builtin fc -ln -1)" </dev/null
}

_sayso_remember() { _sayso_ended=$? }
typeset -gi _sayso_ended=0
autoload -Uz add-zsh-hook
add-zsh-hook precmd _sayso_remember
zle -N sayso-write _sayso_write
zle -N sayso-explain _sayso_explain
