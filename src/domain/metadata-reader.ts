/** One item of the instance's metadata as a surface passes it on; `absent`: IMDS says that there is none. */
export type MetadataAnswer = { readonly found: string } | 'absent' | 'unavailable';

/** The read side of what may be passed on of the metadata beside credentials: a fixed list, told as it is. */
export interface MetadataReader {
  /**
   * The item under its path below the version, as `meta-data/placement/region`; `unavailable` where that is not known
   * within `maxWaitMs`. Undefined, and nothing is asked, for whatever is not on the list.
   */
  read(item: string, maxWaitMs: number): Promise<MetadataAnswer> | undefined;
}
