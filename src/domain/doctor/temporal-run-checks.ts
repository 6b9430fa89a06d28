import { check, type TemporalCheck } from './temporal-check.js';
import type { RunObservation, TemporalObservation } from './temporal-observation.js';

const MIGRATION = 'migrateCluster';
const CHILDREN = ['rollFleet', 'cutOver'];
/** A worker that is there takes the first task at once; after so long, ms, nobody will by himself. */
const FIRST_TASK_MS = 10_000;
/** A dropped connection or a dying worker costs one attempt or two. */
const MANY_ATTEMPTS = 4;

/** One check for each open workflow that something is wrong with; one for all others together. */
export function runChecks({ runs, queues }: TemporalObservation, queue: string): TemporalCheck[] {
  const faults = runs.flatMap((run) => faultOf(run, queue) ?? []);
  const fine = runs.filter((run) => faultOf(run, queue) === null).map(({ workflowId }) => workflowId);
  const served = queues.some((one) => one.queue === queue && one.pollers.length > 0);
  const seen =
    fine.length > 0 ? `open and in order: ${fine.join(', ')}` : runs.length === 0 ? 'none is open' : 'none is in order';
  return [
    ...faults,
    check('migrations', 'info', served || fine.length === 0 ? seen : `${seen}, as far as can be told without a worker`),
  ];
}

function faultOf(run: RunObservation, queue: string): TemporalCheck | null {
  const { workflowId, type, failure, attempts, failing, hasRun, ageMs } = run;
  const isChild = CHILDREN.includes(type) && workflowId.includes('/');
  if (type !== MIGRATION && !isChild) {
    const near = `${workflowId} is of type ${type}, which no worker of zkferry knows`;
    return check(
      'wrong-type',
      'block',
      `${near}${failure === null ? '' : `: ${failure}`}`,
      again(run, `--type ${MIGRATION}`),
    );
  }
  if (run.queue !== queue) {
    const seen = `${workflowId} was started on task queue ${run.queue}, and workers poll ${queue}`;
    return check('wrong-queue', 'block', seen, again(run, `--task-queue ${queue}`));
  }
  if (!isChild && !workflowId.startsWith('zkferry-')) {
    const seen = `${workflowId} is a migration, but its id is not zkferry-CLUSTER: the CLI does not find it, and a second one of the cluster would not be refused`;
    return check('wrong-id', 'warn', seen, again(run, '--workflow-id zkferry-CLUSTER'));
  }
  if (failure !== null && attempts > 1) {
    const seen = `${workflowId}: its workflow task fails again and again (attempt ${String(attempts)}): ${failure}`;
    return check(
      'workflow-task-fails',
      'block',
      seen,
      'run workers of the release that started it; it goes on by itself then. Do not terminate it',
    );
  }
  if (failing !== null && failing.attempts >= MANY_ATTEMPTS) {
    const seen = `${workflowId}: ${failing.activity} has failed ${String(failing.attempts - 1)} times: ${failing.failure}`;
    return check(
      'step-fails',
      'warn',
      seen,
      'mend what it names: it is tried again by itself, and then a person is asked',
    );
  }
  if (!hasRun && ageMs > FIRST_TASK_MS) {
    const seen = `${workflowId} was started ${String(Math.round(ageMs / 1000))} s ago, and no worker has begun with it`;
    return check('not-begun', 'block', seen, 'start a worker: zkferry worker; it begins by itself then');
  }
  if (run.answers === false) {
    return check(
      'silent',
      'block',
      `${workflowId} does not answer the query status`,
      'start a worker, or see why the one that polls is stuck (its log)',
    );
  }
  return null;
}

/** A workflow none of whose code has run has written nothing: only then may it be terminated. */
function again({ workflowId, hasRun }: RunObservation, right: string): string {
  return hasRun
    ? `it has run, so do not terminate it: order its rollback, then start it again with ${right}`
    : `nothing of it has run, so nothing was written: temporal workflow terminate --workflow-id ${workflowId}, then start it again with ${right}`;
}
