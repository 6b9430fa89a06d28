/** What the Temporal server shows from outside; what could not be asked about is null, with why. Holds no secret. */
export interface TemporalObservation {
  readonly settings: TemporalSettings;
  /** Why there is no connection; the rest is empty then. */
  readonly problem: string | null;
  readonly serverVersion: string | null;
  readonly namespace: {
    readonly exists: boolean | null;
    readonly retentionMs: number | null;
    readonly problem: string | null;
  };
  /** Types by name, of those that zkferry uses. */
  readonly searchAttributes: {
    readonly types: Readonly<Record<string, string>> | null;
    readonly problem: string | null;
  };
  readonly queues: readonly QueueObservation[];
  /** Open workflows that are, or look as if they were meant to be, migrations and their children. */
  readonly runs: readonly RunObservation[];
  readonly timers: { readonly lateMs: number; readonly measuredBy: string } | null;
}

/** Where the environment and its profile point. */
export interface TemporalSettings {
  readonly address: string;
  readonly namespace: string;
  readonly tls: boolean;
  readonly apiKey: boolean;
  readonly profile: string | null;
  readonly configFile: string | null;
}

export interface QueueObservation {
  readonly queue: string;
  readonly tasks: 'workflows' | 'activities';
  /** Who has polled within the last minutes; `agoMs` since the last poll. */
  readonly pollers: readonly { readonly identity: string; readonly agoMs: number }[];
}

export interface RunObservation {
  readonly workflowId: string;
  readonly type: string;
  readonly queue: string;
  readonly ageMs: number;
  /** Workflow code has run in it, so it may have written something. */
  readonly hasRun: boolean;
  /** Attempts of the workflow task that is due; 0 = none is. */
  readonly attempts: number;
  /** How the last workflow task failed, if one did. */
  readonly failure: string | null;
  /** The activity that is due and has been tried most often, where one has failed. */
  readonly failing: FailingActivity | null;
  /** Answers the query `status`; null = was not asked. */
  readonly answers: boolean | null;
}

export interface FailingActivity {
  readonly activity: string;
  readonly attempts: number;
  /** How the last attempt failed. */
  readonly failure: string;
}
