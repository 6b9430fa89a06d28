import { z } from 'zod';
import { HOOK_EVENTS } from '../domain/config.js';
import { DEFAULTS } from './defaults.js';
import { duration, reference, text } from './schema-fields.js';

const hook = z.strictObject({
  on: z
    .array(z.enum(HOOK_EVENTS))
    .min(1, 'needs at least one event')
    .meta({
      description:
        'Events that run it. Only before-window is waited for, and may say no: a non-zero exit code, or an answer other than 2xx',
      examples: [['waiting', 'incident']],
    }),
  command: z
    .array(text('The program by its absolute path, then its arguments'))
    .min(1, 'needs a program')
    .meta({
      description: "Run on the worker's host, without a shell; ZKFERRY_… in its environment, JSON on standard input",
      examples: [['/usr/local/bin/page-somebody', 'zkferry']],
    })
    .optional(),
  webhook: z
    .string()
    .regex(
      /^(https?:\/\/[^\s@]+|file:.+|env:[A-Za-z_][A-Za-z0-9_]*)$/,
      'must be an http or https URL without user and password, or the reference (file:PATH, env:NAME) of a secret one',
    )
    .meta({
      description: 'URL that the JSON is posted to, or a reference where the URL itself is a secret',
      examples: ['https://chat.example.com/hooks/mesos'],
    })
    .optional(),
  headers: z
    .record(
      z.string().regex(/^[A-Za-z0-9-]+$/, 'must be the name of an HTTP header'),
      reference('Value of the header: file:PATH or env:NAME', 'env:ZKFERRY_HOOK_TOKEN'),
    )
    .meta({
      description: 'Headers of the webhook, such as Authorization; values by reference only',
      examples: [{ Authorization: 'env:ZKFERRY_HOOK_TOKEN' }],
    })
    .optional(),
  timeout: duration(
    `How long it may take, at most ${DEFAULTS.hook.longest}; then it is ended and counts as failed`,
    DEFAULTS.hook.timeout,
  ).optional(),
});

export const hooks = z.array(hook).meta({
  description: 'Commands and webhooks that are told what happens (docs/hooks.md)',
});
