// Writes the documents that are made from code. Run it after `npm run build`.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { preflightTable } from '../dist/src/cli/preflight-table.js';

writeFileSync(fileURLToPath(new URL('../docs/preflight.md', import.meta.url)), preflightTable());
