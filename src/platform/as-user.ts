/**
 * Runs `work` with another effective user id and takes the own one back, however it ends. The kernel remembers with each
 * socket who made it, so to the packet rules the work's connections are that user's. Files are opened as that user, too:
 * what the work needs of them has to be loaded before. Needs root, and that nothing else runs meanwhile.
 */
export async function asUser<T>(uid: number, work: () => Promise<T>): Promise<T> {
  const own = process.geteuid?.();
  if (own === undefined || own === uid) return work();
  process.seteuid?.(uid);
  try {
    return await work();
  } finally {
    process.seteuid?.(own);
  }
}
