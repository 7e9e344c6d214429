import type { SourceTree } from './source-tree.ts';

export interface Finding {
  /** From the root, with `/`. */
  readonly path: string;
  /** From 1. */
  readonly line: number;
  readonly rule: string;
  /** What is there, and which rule it breaks. */
  readonly found: string;
  /** What to do instead. */
  readonly remedy: string;
}

export type Rule = (tree: SourceTree) => Iterable<Finding>;
