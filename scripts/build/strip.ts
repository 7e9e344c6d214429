/** ELF for 64 bits, little endian (elf(5)), which is what rolekeeper's architectures have. */
const MAGIC = '7f454c460201';
const SHF_ALLOC = 2n;
const SECTION_HEADER_SIZE = 64;

interface Section {
  readonly header: Buffer;
  readonly offset: number;
  readonly size: number;
  /** It is in memory when the program runs. */
  readonly isLoaded: boolean;
}

/**
 * The executable without its symbols and debugging information, a fifth of Node's. Done here, because binutils know
 * the architecture of their own machine only, and two versions of them do not write the same file.
 */
export function stripped(executable: Buffer): Buffer {
  if (executable.subarray(0, 6).toString('hex') !== MAGIC) {
    throw new Error('Cannot strip a file that is no 64-bit little-endian ELF file');
  }
  const sections = sectionsOf(executable);
  const kept = sections.slice(0, sections.findLastIndex(({ isLoaded }) => isLoaded) + 1);
  const left = sections.slice(kept.length);
  const names = sections[executable.readUInt16LE(62)];
  if (kept.slice(1).some(({ isLoaded }) => !isLoaded) || names === undefined || !left.includes(names)) {
    throw new Error('Cannot strip a file where what is loaded does not come first');
  }
  const end = Math.min(...left.map(({ offset }) => offset));
  const tableAt = (end + names.size + 7) & ~7;
  const result = Buffer.concat([
    executable.subarray(0, end),
    executable.subarray(names.offset, names.offset + names.size),
    Buffer.alloc(tableAt - end - names.size),
    ...kept.map(({ header }) => header),
    movedTo(end, names.header),
  ]);
  result.writeBigUInt64LE(BigInt(tableAt), 40);
  result.writeUInt16LE(kept.length + 1, 60);
  result.writeUInt16LE(kept.length, 62);
  return result;
}

function sectionsOf(executable: Buffer): readonly Section[] {
  const tableAt = Number(executable.readBigUInt64LE(40));
  return Array.from({ length: executable.readUInt16LE(60) }, (_, index) => {
    const at = tableAt + index * SECTION_HEADER_SIZE;
    const header = executable.subarray(at, at + SECTION_HEADER_SIZE);
    return {
      header,
      offset: Number(header.readBigUInt64LE(24)),
      size: Number(header.readBigUInt64LE(32)),
      isLoaded: (header.readBigUInt64LE(8) & SHF_ALLOC) !== 0n,
    };
  });
}

function movedTo(offset: number, header: Buffer): Buffer {
  const moved = Buffer.from(header);
  moved.writeBigUInt64LE(BigInt(offset), 24);
  return moved;
}
