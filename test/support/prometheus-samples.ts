/** Metrics as Prometheus reads them: the value of each series, by `name{label="value",…}`. Throws for anything else. */
export function readSamples(text: string): ReadonlyMap<string, number> {
  const samples = new Map<string, number>();
  for (const line of text.split('\n')) {
    if (line === '' || /^# (HELP|TYPE) [a-z_]+ ./.test(line)) continue;
    const [, series = '', value = ''] =
      /^([a-z_]+(?:\{(?:[a-z_]+="[^"\\]*",?)+\})?) (-?[\d.]+(?:e[+-]?\d+)?)$/.exec(line) ?? [];
    if (series === '' || samples.has(series)) throw new Error(`No sample, or one more of it: ${line}`);
    samples.set(series, Number(value));
  }
  return samples;
}
