/** What the shell learns from a verb. */
export const EXIT = {
  /** Done as asked. */
  done: 0,
  failed: 1,
  /** Wrong usage or invalid config; nothing was done. */
  usage: 2,
  rolledBack: 3,
  /** Waiting for a person (`watch --exit-on-wait`). */
  waiting: 4,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
