/** `cpus:2;mem:1024;disk:10240;ports:[31000-32000]` as `/state` shows it; missing kinds are 0 or absent. */
export function resourcesJson(text: string): Record<string, number | string> {
  const parsed: Record<string, number | string> = { cpus: 0, gpus: 0, mem: 0, disk: 0 };
  for (const part of text.split(';')) {
    const colon = part.indexOf(':');
    if (colon < 0) continue;
    const name = part
      .slice(0, colon)
      .replace(/\(.*\)$/, '')
      .trim();
    const value = part.slice(colon + 1).trim();
    parsed[name] =
      value.startsWith('[') || value.startsWith('{') || Number.isNaN(Number(value)) ? value : Number(value);
  }
  return parsed;
}

/** `rack:r1;zone:2` as `/state` shows it. */
export function attributesJson(text: string): Record<string, number | string> {
  const pairs = text.split(';').flatMap((part) => {
    const colon = part.indexOf(':');
    return colon < 0 ? [] : [[part.slice(0, colon).trim(), part.slice(colon + 1).trim()] as const];
  });
  return Object.fromEntries(pairs.map(([name, value]) => [name, Number.isNaN(Number(value)) ? value : Number(value)]));
}
