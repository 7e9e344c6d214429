/** A piece of text on a terminal, as the escape sequences before it have it (ECMA-48, SGR). */
interface Span {
  readonly text: string;
  readonly column: number;
  readonly style: Style;
}

interface Style {
  readonly colour?: string | undefined;
  readonly bold?: boolean;
  readonly dim?: boolean;
}

export const COLUMNS = 96;
const ESCAPE = '\u001b';
const COLOURS = ['#4b5263', '#e06c75', '#98c379', '#e5c07b', '#61afef', '#c678dd', '#56b6c2', '#abb2bf'];
const BACKGROUND = '#1e222a';
const FOREGROUND = '#d7dae0';
const FONT_SIZE = 13;
const CHARACTER = 7.83;
const LINE = 18;
const MARGIN = 14;

/**
 * What a command has written to a terminal, as a picture: its colours and weights, nothing that moves the cursor.
 *
 * @param prompt the command line, shown above it
 */
export function terminalSvg(prompt: string, output: string): string {
  const lines = [`\u001b[2m$\u001b[0m \u001b[1m${prompt}\u001b[0m`, ...output.trimEnd().split(/\r?\n/)];
  const rows = lines.flatMap(rowsOf);
  const width = Math.ceil(COLUMNS * CHARACTER + 2 * MARGIN);
  const height = rows.length * LINE + 2 * MARGIN;
  const texts = rows.flatMap((spans, row) => spans.map((span) => textOf(span, row)));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" role="img">
<title>${escaped(prompt)}</title>
<rect width="100%" height="100%" rx="8" fill="${BACKGROUND}"/>
<g font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace" font-size="${FONT_SIZE}" fill="${FOREGROUND}" xml:space="preserve">
${texts.join('\n')}
</g>
</svg>
`;
}

/** Rows of the terminal: a line that is longer goes on in the next one. */
function rowsOf(line: string): readonly (readonly Span[])[] {
  const rows: Span[][] = [[]];
  let style: Style = {};
  let column = 0;
  const [before = '', ...others] = line.split(ESCAPE);
  add(before);
  for (const other of others) {
    const [, codes = '', final, text = ''] = /^\[([\d;]*)([A-Za-z])(.*)$/.exec(other) ?? ['', '', '', other];
    if (final === 'm') for (const code of codes.split(';')) style = styled(style, Number(code));
    add(text);
  }
  return rows;

  function add(text: string): void {
    let rest = Array.from(text);
    while (rest.length > 0) {
      if (column === COLUMNS) {
        rows.push([]);
        column = 0;
      }
      const part = rest.slice(0, COLUMNS - column);
      rest = rest.slice(part.length);
      rows.at(-1)?.push({ text: part.join(''), column, style });
      column += part.length;
    }
  }
}

function styled(style: Style, code: number): Style {
  if (code === 0) return {};
  if (code === 1) return { ...style, bold: true };
  if (code === 2) return { ...style, dim: true };
  if (code === 22) return { ...style, bold: false, dim: false };
  if (code === 39) return { ...style, colour: undefined };
  const colour = COLOURS[code >= 90 ? code - 90 : code - 30];
  return colour === undefined ? style : { ...style, colour };
}

function textOf({ text, column, style }: Span, row: number): string {
  const x = (MARGIN + column * CHARACTER).toFixed(1);
  const y = MARGIN + (row + 0.75) * LINE;
  const attributes = [
    style.colour === undefined ? '' : ` fill="${style.colour}"`,
    style.bold ? ' font-weight="bold"' : '',
    style.dim ? ' opacity="0.6"' : '',
  ].join('');
  // The length keeps the columns, whatever font a reader has.
  const length = (Array.from(text).length * CHARACTER).toFixed(1);
  return `<text x="${x}" y="${y}" textLength="${length}"${attributes}>${escaped(text)}</text>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
