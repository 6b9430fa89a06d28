// Writes the documents that are made from code. Run it after `npm run build`.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CRASH_RECORD, readCrashRecords } from '../dist/lab/campaign/crash-record.js';
import { RecordFile } from '../dist/lab/campaign/record-file.js';
import { reliabilityPage } from '../dist/lab/campaign/reliability.js';
import { configurationPage } from '../dist/src/cli/configuration-page.js';
import { preflightTable } from '../dist/src/cli/preflight-table.js';

const path = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url));
writeFileSync(path('docs/configuration.md'), configurationPage());
writeFileSync(path('docs/preflight.md'), preflightTable());
writeFileSync(
  path('docs/reliability.md'),
  reliabilityPage(new RecordFile(path('test/long/campaign-record.jsonl')).read(), readCrashRecords(path(CRASH_RECORD))),
);
