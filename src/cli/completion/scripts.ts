/** The lines each shell needs: they ask the tool itself, so they never go stale. */

/** Command that answers; hidden, as it is for shells. */
export const QUESTION = '__complete';

const BASH = `# Completion of qrails in bash 3.2 and later.
_qrails() {
  local IFS=$' \\t\\n' word line last glued= words=() paths=
  # bash takes = and : for words of their own; what they join is one.
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD}"; do
    if ((\${#words[@]})) && [[ -n $glued || $word == [=:]* ]]; then words[\${#words[@]}-1]+=$word; else words+=("$word"); fi
    [[ $word == *[=:] ]] && glued=1 || glued=
  done
  last=\${words[\${#words[@]}-1]}
  local head=\${last%"\${last##*[=:]}"}
  COMPREPLY=()
  while IFS= read -r line; do
    case $line in
      :*) paths=\${line#:} ;;
      *) line=\${line%%$'\\t'*}; COMPREPLY+=("\${line#"$head"}") ;;
    esac
  done < <("\${COMP_WORDS[0]}" ${QUESTION} -- "\${words[@]}" 2>/dev/null)
  if [[ -n $paths ]]; then
    local action=-f
    [[ $paths == folders ]] && action=-d
    while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen $action -- "\${last#"$head"}")
    compopt -o filenames 2>/dev/null
  fi
  [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == *[=.] ]] && compopt -o nospace 2>/dev/null
  return 0
}
complete -F _qrails qrails
`;

const ZSH = `#compdef qrails
# Completion of qrails in zsh.
_qrails() {
  local line word paths
  local -a words_ texts open_ openTexts
  for line in "\${(@f)$("\${(Q)words[1]}" ${QUESTION} -- "\${(@Q)words[2,CURRENT]}" 2>/dev/null)}"; do
    word=\${line%%$'\\t'*}
    case $line in
      '') ;;
      :*) paths=\${line#:} ;;
      *) if [[ $word == *[=.] ]]; then open_+=("$word"); openTexts+=("\${line/$'\\t'/  }"); else words_+=("$word"); texts+=("\${line/$'\\t'/  }"); fi ;;
    esac
  done
  (( $#words_ )) && compadd -l -d texts -a words_
  (( $#open_ )) && compadd -S '' -l -d openTexts -a open_
  if [[ -n $paths ]]; then
    [[ $PREFIX == --*=* ]] && compset -P '*='
    if [[ $paths == folders ]]; then _files -/; else _files; fi
  fi
}
if [[ $funcstack[1] == _qrails ]]; then _qrails "$@"; else compdef _qrails qrails; fi
`;

const FISH = `# Completion of qrails in fish.
function __qrails_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    test (count $current) -eq 0; and set current ''
    set -l head (string match -r '^--[^=]*=' -- $current)
    for line in (command $words[1] ${QUESTION} -- $words[2..] $current 2>/dev/null)
        switch $line
            case ':files'
                for path in (__fish_complete_path (string replace -- "$head" '' $current))
                    echo "$head$path"
                end
            case ':folders'
                for path in (__fish_complete_directories (string replace -- "$head" '' $current))
                    echo "$head$path"
                end
            case '*'
                echo $line
        end
    end
end
complete -c qrails -f -a '(__qrails_complete)'
`;

export const COMPLETION_SCRIPTS = {
  bash: { text: BASH, place: 'qrails completion bash > ~/.local/share/bash-completion/completions/qrails' },
  zsh: { text: ZSH, place: 'qrails completion zsh > "${fpath[1]}/_qrails"' },
  fish: { text: FISH, place: 'qrails completion fish > ~/.config/fish/completions/qrails.fish' },
} as const;

export type Shell = keyof typeof COMPLETION_SCRIPTS;
export const SHELLS = Object.keys(COMPLETION_SCRIPTS) as Shell[];
