import { Command, InvalidArgumentError, Option } from 'commander';
import { configSchema } from '../../src/config/schema.js';
import { runCampaign, type CampaignOptions } from './campaign.js';

const whole = (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('a whole number of at least 1, please');
  return value;
};

const program = new Command('npm run campaign --')
  .description('migrates lab clusters while things break, and judges each run by independent watchers')
  .option('--runs <n>', 'how many runs, numbered from 1', whole, 10)
  .requiredOption('--seed <n>', 'the same seed draws the same runs', whole)
  .addOption(new Option('--strategy <name>', 'every run by this one').choices(configSchema.shape.strategy.options))
  .option('--only <run>', 'this run alone', whole)
  .option('--resume', 'skip runs that the record holds for the same sources')
  .option('--jobs <n>', 'labs at once', whole, 1)
  .option('--record <file>', 'gets one JSON line per run', 'test/long/campaign-record.jsonl')
  .addOption(new Option('--breach <what>', 'one run with lying workers; it must fail').choices(['barrier']))
  .action(async (options: CampaignOptions) => {
    const interrupt = new AbortController();
    for (const name of ['SIGINT', 'SIGTERM'] as const) {
      process.once(name, () => interrupt.abort(new Error(`interrupted by ${name}; --resume goes on from here`)));
    }
    const records = await runCampaign({ ...options, signal: interrupt.signal });
    process.exitCode = records.every(({ judgement }) => judgement === 'passed') ? 0 : 1;
  });

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
