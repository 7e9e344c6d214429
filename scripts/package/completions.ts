import type { Option } from 'commander';
import type { Verb } from './verbs.ts';

/** The command line as shells complete it, from the same verbs as --help. */
export interface Completions {
  readonly bash: string;
  readonly zsh: string;
  readonly fish: string;
}

export function completions(verbs: readonly Verb[]): Completions {
  return { bash: bash(verbs), zsh: zsh(verbs), fish: fish(verbs) };
}

function bash(verbs: readonly Verb[]): string {
  const valueCases = unique(verbs.flatMap(({ options }) => options.flatMap((each) => bashValue(each))));
  return `# bash completion for rolekeeper
_rolekeeper() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} verb=\${COMP_WORDS[1]}
  case $verb in ${families(verbs).join(' | ')}) [[ COMP_CWORD -gt 2 ]] && verb="$verb \${COMP_WORDS[2]}" ;; esac
  case $previous in
${valueCases.map((line) => `    ${line}`).join('\n')}
  esac
  local words
  if [[ $COMP_CWORD -eq 1 ]]; then
    words="${firstWords(verbs).join(' ')} --help --version"
  else
    case $verb in
${families(verbs)
  .map((first) => `      ${first}) words="${secondWords(verbs, first).join(' ')}" ;;`)
  .join('\n')}
${verbs.map(({ name, options }) => `      '${name}') words="${longFlags(options).join(' ')}" ;;`).join('\n')}
    esac
  fi
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -o default -F _rolekeeper rolekeeper
`;
}

function bashValue(option: Option): readonly string[] {
  const flag = option.long;
  if (flag === undefined || flag === null || !option.required) return [];
  if (option.argChoices !== undefined) {
    return [
      `${flag}) mapfile -t COMPREPLY < <(compgen -W "${option.argChoices.join(' ')}" -- "$current"); return ;;`,
    ];
  }
  return [];
}

function zsh(verbs: readonly Verb[]): string {
  return `#compdef rolekeeper
_rolekeeper() {
  local -a verbs
  if (( CURRENT == 2 )); then
    verbs=(
${firstVerbs(verbs)
  .map(([name, what]) => `      ${single(`${name}:${what}`)}`)
  .join('\n')}
    )
    _describe command verbs
    return
  fi
  local verb=$words[2]
${families(verbs)
  .map(
    (first) => `  if [[ $verb == ${first} ]]; then
    if (( CURRENT == 3 )); then
      compadd -- ${secondWords(verbs, first).join(' ')}
      return
    fi
    verb="${first} $words[3]"
  fi`,
  )
  .join('\n')}
  case $verb in
${verbs.map(({ name, options }) => `    ${single(name)}) _arguments -s ${options.map(zshOption).concat("'*:file:_files'").join(' ')} ;;`).join('\n')}
  esac
}
_rolekeeper "$@"
`;
}

function zshOption(option: Option): string {
  const what = option.description.replaceAll(/[[\]:]/g, (each) => `\\${each}`);
  const value = option.argChoices === undefined ? ': :_files' : `:value:(${option.argChoices.join(' ')})`;
  return single(`${option.long}[${what}]${option.required ? value : ''}`);
}

function fish(verbs: readonly Verb[]): string {
  const lines = [
    ...firstVerbs(verbs).map(
      ([name, what]) => `complete -c rolekeeper -f -n __fish_use_subcommand -a ${name} -d ${single(what)}`,
    ),
    ...verbs
      .filter(({ name }) => name.includes(' '))
      .map(({ name, description }) => {
        const [first = '', second = ''] = name.split(' ');
        const others = secondWords(verbs, first).join(' ');
        const place = `__fish_seen_subcommand_from ${first}; and not __fish_seen_subcommand_from ${others}`;
        return `complete -c rolekeeper -f -n ${single(place)} -a ${second} -d ${single(description)}`;
      }),
    ...verbs.flatMap(({ name, options }) => options.map((each) => fishOption(name, each))),
  ];
  return `# fish completion for rolekeeper\n${lines.join('\n')}\n`;
}

function fishOption(verb: string, option: Option): string {
  const place = verb
    .split(' ')
    .map((word) => `__fish_seen_subcommand_from ${word}`)
    .join('; and ');
  const value = option.argChoices === undefined ? '-r' : `-x -a ${single(option.argChoices.join(' '))}`;
  const flag = (option.long ?? '').slice(2);
  return `complete -c rolekeeper -n ${single(place)} -l ${flag} ${option.required ? `${value} ` : ''}-d ${single(option.description)}`;
}

function firstVerbs(verbs: readonly Verb[]): readonly (readonly [string, string])[] {
  return [...new Map(verbs.map(({ name, family }) => [name.split(' ')[0] ?? name, family] as const))];
}

/** First words that want a second one. */
function families(verbs: readonly Verb[]): readonly string[] {
  return unique(verbs.flatMap(({ name }) => (name.includes(' ') ? (name.split(' ')[0] ?? []) : [])));
}

function firstWords(verbs: readonly Verb[]): readonly string[] {
  return firstVerbs(verbs).map(([name]) => name);
}

function secondWords(verbs: readonly Verb[], first: string): readonly string[] {
  return verbs
    .filter(({ name }) => name.startsWith(`${first} `))
    .map(({ name }) => name.slice(first.length + 1));
}

function longFlags(options: readonly Option[]): readonly string[] {
  return [...options.flatMap(({ long }) => long ?? []), '--help'];
}

function unique(lines: readonly string[]): readonly string[] {
  return [...new Set(lines)];
}

/** As all three shells read it. */
function single(words: string): string {
  return `'${words.replaceAll('\\', '\\\\').replaceAll("'", '’')}'`;
}
