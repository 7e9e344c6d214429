/** How the rules in force differ from the planned ones; both as `nft list table` prints them. Empty: not at all. */
export function drift(planned: string, live: string): readonly string[] {
  if (planned === live) return [];
  const [wanted, found] = [ruleLines(planned), ruleLines(live)];
  const differences = [
    ...without(wanted, found).map((line) => `missing: ${line}`),
    ...without(found, wanted).map((line) => `not planned: ${line}`),
  ];
  return differences.length > 0 ? differences : ['The same rules are there in another order'];
}

/** Each rule with its chain, because the same rule means something else in another one. */
function ruleLines(listing: string): readonly string[] {
  let chain = '';
  return listing.split('\n').flatMap((raw) => {
    const line = raw.trim();
    const [, name] = /^chain (\S+) \{$/.exec(line) ?? [];
    chain = name ?? chain;
    if (name !== undefined) return [line.slice(0, -2)];
    return line === '' || line === '}' || line.startsWith('table ')
      ? []
      : [`${chain && `chain ${chain}: `}${line}`];
  });
}

/** What of `lines` is not among `others`, each of which stands for one. */
function without(lines: readonly string[], others: readonly string[]): readonly string[] {
  const left = [...others];
  return lines.filter((line) => {
    const at = left.indexOf(line);
    if (at === -1) return true;
    left.splice(at, 1);
    return false;
  });
}
