// Decodes what the builder inlined: gzip + base64, columns with dictionaries, numbers as scaled integers.

const KINDS = {
  t: ([, words, codes]) => codes.map((code) => (code < 0 ? null : words[code])),
  n: ([, scale, units]) => units.map((unit) => (unit === null ? null : unit / 10 ** scale)),
  b: ([, bits]) => bits.map((bit) => (bit === null ? null : bit === 1)),
};

function rowsOf(table) {
  const columns = Object.entries(table.columns).map(([name, column]) => [name, KINDS[column[0]](column)]);
  return Array.from({ length: table.rows }, (_, i) => Object.fromEntries(columns.map(([name, values]) => [name, values[i]])));
}

async function inflate(base64) {
  const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

/** The inlined data: `tables` by name (a table that is not published is absent), `periods`, `missing`, `licences`. */
export async function readPayload(element) {
  const packed = await inflate(element.textContent.trim());
  const tables = Object.fromEntries(Object.entries(packed.tables).map(([name, table]) => [name, rowsOf(table)]));
  return { ...packed, tables };
}
