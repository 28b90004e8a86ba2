//! The scripts of clap know words; these lines let them ask `sayso __complete` for names.

use clap_complete::Shell;

const BASH: &str = r#"
# Models, conversations, roles, servers with what they have, and settings: names that only this machine knows.
_sayso_names() {
    local name
    COMPREPLY=()
    while IFS= read -r name; do
        COMPREPLY+=("$name")
    done < <(command sayso __complete bash "${COMP_LINE:0:COMP_POINT}" 2>/dev/null)
    if [[ ${#COMPREPLY[@]} -eq 0 ]]; then
        _sayso "$@"
    elif [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]]; then
        compopt -o nospace 2>/dev/null
    fi
}
"#;

const ZSH: &str = r#"
# Models, conversations, roles, servers with what they have, and settings: names that only this machine knows.
_sayso() {
    local -a names
    names=("${(@f)$(command sayso __complete zsh "${(@Q)words[1,CURRENT]}" 2>/dev/null)}")
    names=("${(@)names:#}")
    if (( ! $#names )); then
        _sayso_words "$@"
    elif [[ $#names -eq 1 && $names[1] == *= ]]; then
        compadd -S '' -- "${names[@]}"
    else
        compadd -- "${names[@]}"
    fi
}
"#;

const FISH: &str = r#"
# Models, conversations, roles, servers with what they have, and settings: names that only this machine knows.
function __sayso_names
    command sayso __complete fish (commandline -opc) (commandline -ct) 2>/dev/null
end
complete -c sayso -n "set -g __sayso_found (__sayso_names); and set -q __sayso_found[1]" -f -k -a '$__sayso_found'
"#;

/// Options whose values are such names.
const OPTIONS: [&str; 6] = ["model", "session", "role", "tool", "allow", "suggest"];

/// The script with these lines.
#[must_use]
pub fn added(shell: Shell, script: &str) -> String {
    match shell {
        Shell::Bash => {
            let (before, after) = script.rsplit_once("\n}\n").unwrap_or((script, ""));
            format!("{before}\n}}\n{BASH}{}", after.replace("complete -F _sayso ", "complete -F _sayso_names "))
        }
        Shell::Zsh => {
            let renamed = script.replacen("\n_sayso() {", "\n_sayso_words() {", 1);
            // clap_complete leaves the colon in this name as it is, and zsh takes what follows for a command.
            let renamed = renamed.replace("[PROVIDER:]MODEL", "[PROVIDER\\:]MODEL");
            let (before, after) = renamed.rsplit_once("\nif [ ").unwrap_or((&renamed, ""));
            format!("{before}{ZSH}\nif [ {after}")
        }
        Shell::Fish => script.lines().map(|line| format!("{}\n", fish_line(line))).collect::<String>() + FISH,
        _ => script.to_owned(),
    }
}

/// Where an option takes a value, fish asks its own line only.
fn fish_line(line: &str) -> String {
    let takes_names = |name: &&str| line.contains(&format!(" -l {name} "));
    if line.ends_with(" -r") && OPTIONS.iter().any(takes_names) {
        return format!("{line} -f -k -a '(__sayso_names)'");
    }
    line.to_owned()
}
