import { readdirSync, readFileSync } from 'node:fs';
import { repository } from './child.ts';

/** A fenced block of a page, with what stands behind its language: how it is tested. */
export interface FencedBlock {
  /** `files.md:20` */
  readonly place: string;
  readonly page: string;
  readonly language: string;
  readonly text: string;
  /** Why it is not run. */
  readonly notRun: string | undefined;
  /** What its output has to hold; `key` is the current access key id. */
  readonly prints: string | undefined;
  /** The program, or Python's module, without which it is skipped. */
  readonly needs: string | undefined;
  /** The path on the agent socket whose answer it shows. */
  readonly path: string | undefined;
}

export const pages = readdirSync(`${repository}docs`).filter((name) => name.endsWith('.md'));

export function readPage(page: string): string {
  return readFileSync(`${repository}docs/${page}`, 'utf8');
}

export const blocks: readonly FencedBlock[] = pages.flatMap((page) => {
  const source = readPage(page);
  return [...source.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)].map((match) => {
    const line = source.slice(0, match.index).split('\n').length;
    return { place: `${page}:${line}`, page, text: match[2] ?? '', ...readInfo(match[1] ?? '') };
  });
});

/** `LANGUAGE [not-run: REASON] [prints TEXT] [needs PROGRAM] [/PATH]` */
function readInfo(info: string) {
  const parts =
    /^(\w+)(?: not-run: (.+)|(?: prints (.+?))?(?: needs (\w+))?(?: (\/\S+))?)$/.exec(info) ?? undefined;
  if (parts === undefined) throw new Error(`What is to be done with a block that says ${info}?`);
  const [, language = '', notRun, prints, needs, path] = parts;
  return { language, notRun, prints, needs, path };
}
