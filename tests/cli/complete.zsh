# What zsh makes of a command line at the first Tab: prints the line as it is then.
#
#     zsh -f tests/cli/complete.zsh FOLDER-OF-_muster 'muster run --acc'
#
# A zsh of its own behind a pseudo-terminal, as the completion system wants a line editor.
zmodload zsh/zpty
zpty -b inner "zsh -f -i"
zpty -w inner "PS1=; fpath=(${(q)1} \$fpath); autoload -Uz compinit; compinit -u -D"
zpty -w inner 'zstyle ":completion:*" menu no; unsetopt beep'
zpty -w inner 'show() { print -r -- "LINE<$BUFFER>" }; zle -N show; bindkey "^Xs" show; print RE""ADY'
# read_until PATTERN: what has come, once it holds PATTERN; fails after some seconds.
read_until() {
    local got= piece
    for ((i = 0; i < 100; i++)); do
        while zpty -r -t inner piece; do got+=$piece; done
        [[ $got == *$~1* ]] && { print -r -- "$got"; return 0 }
        sleep 0.1
    done
    return 1
}
read_until READY >/dev/null || { print 'zsh did not start'; exit 1 }
zpty -w -n inner "$2"$'\t'
sleep 0.3
zpty -w -n inner $'\x18s'
text=$(read_until 'LINE<*>') || { print 'zsh did not answer'; exit 1 }
zpty -d inner
text=${text##*LINE<}
print -r -- "${text%%>*}"
